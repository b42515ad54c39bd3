# A second network, over a link with delay, and sinks in it. The delay is that of tools/link.cpp.
import pathlib
import subprocess

import namespace
from machine import Broken, Sink

ROUND_TRIP = 0.1  # seconds; what a delivery computes in this time is lost in it


class DelayedLink:
    """Sinks at 192.0.2.x, each packet to or from them underway for half of ROUND_TRIP."""

    def __init__(self, suite):
        self.suite = suite
        self.sinks = []
        self.far = namespace.Beyond()
        self.link = subprocess.Popen(
            [str(suite.tools / "link"), "bench0", "bench1", str(int(ROUND_TRIP / 2 * 1e6))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.link.stdout.readline() != "ready\n":
            raise Broken("the link with delay cannot be made; is there /dev/net/tun?")
        self.far.take("bench1")
        namespace.ip("addr", "add", "10.25.0.1", "peer", "10.25.0.2", "dev", "bench0")
        namespace.ip("link", "set", "bench0", "up")
        namespace.ip("route", "add", "192.0.2.0/24", "via", "10.25.0.2", "dev", "bench0")
        # What one run learned about the path must not help the next.
        pathlib.Path("/proc/sys/net/ipv4/tcp_no_metrics_save").write_text("1")
        self.far.call("ip", "link", "set", "lo", "up")
        self.far.call("ip", "addr", "add", "10.25.0.2", "peer", "10.25.0.1", "dev", "bench1")
        self.far.call("ip", "link", "set", "bench1", "up")
        self.far.call("ip", "route", "add", "local", "192.0.2.0/24", "dev", "lo")
        self.far.call("sysctl", "-q", "-w", "net.ipv4.tcp_no_metrics_save=1")

    def sink(self, name, address, *options):
        self.sinks.append(Sink(self.suite.programs / "tern-sink", self.suite.work, name, address,
                               self.suite.processors.others, *options, before=self.far.words))
        return self.sinks[-1]

    def close(self):
        for sink in self.sinks:
            sink.stop()
        self.link.terminate()
        self.link.wait()
        self.far.close()
