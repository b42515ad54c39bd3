# A second network behind a link with delay, and sinks in it. The delay is that of tools/link.cpp.
import os
import pathlib
import subprocess

from machine import Broken, Sink, call

ROUND_TRIP = 0.1  # seconds; what a delivery computes in this time is lost in it


class DelayedLink:
    """Sinks at 192.0.2.x, each packet to or from them underway for half of ROUND_TRIP."""

    def __init__(self, suite):
        self.suite = suite
        self.sinks = []
        self.far = subprocess.Popen(["unshare", "--net", "sleep", "3600"],
                                    stdin=subprocess.DEVNULL)
        self.link = subprocess.Popen(
            [str(suite.tools / "link"), "bench0", "bench1", str(int(ROUND_TRIP / 2 * 1e6))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.link.stdout.readline() != "ready\n":
            raise Broken("the link with delay cannot be made; is there /dev/net/tun?")
        self.wait_for_far()
        call("ip", "link", "set", "bench1", "netns", str(self.far.pid))
        call("ip", "addr", "add", "10.25.0.1", "peer", "10.25.0.2", "dev", "bench0")
        call("ip", "link", "set", "bench0", "up")
        call("ip", "route", "add", "192.0.2.0/24", "via", "10.25.0.2", "dev", "bench0")
        # What one run learned about the path must not help the next.
        pathlib.Path("/proc/sys/net/ipv4/tcp_no_metrics_save").write_text("1")
        self.beyond("ip", "link", "set", "lo", "up")
        self.beyond("ip", "addr", "add", "10.25.0.2", "peer", "10.25.0.1", "dev", "bench1")
        self.beyond("ip", "link", "set", "bench1", "up")
        self.beyond("ip", "route", "add", "local", "192.0.2.0/24", "dev", "lo")
        self.beyond("sysctl", "-q", "-w", "net.ipv4.tcp_no_metrics_save=1")

    def wait_for_far(self):
        """Until its process has left our network."""
        own = os.readlink("/proc/self/ns/net")
        for _ in range(1000):
            try:
                if os.readlink(f"/proc/{self.far.pid}/ns/net") != own:
                    return
            except OSError:
                break
            subprocess.run(["sleep", "0.005"], check=False)
        raise Broken("no network behind the link")

    def beyond(self, *command):
        return call("nsenter", "--net", "--target", str(self.far.pid), *command)

    def sink(self, name, address, *options):
        enter = ["nsenter", "--net", "--target", str(self.far.pid)]
        self.sinks.append(Sink(self.suite.programs / "tern-sink", self.suite.work, name, address,
                               self.suite.processors.others, *options, before=enter))
        return self.sinks[-1]

    def close(self):
        for sink in self.sinks:
            sink.stop()
        for process in (self.link, self.far):
            process.terminate()
            process.wait()
