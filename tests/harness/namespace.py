#!/usr/bin/python3
# Namespaces of tests, bench suite and demo: made here, and furnished here. Each function that
# changes a network or mounts first makes sure that it does not do so to this machine. Needs root.
"""Usage: namespace.py [--answers network]... [--file path=text]... command [word...]
    Runs the command in a mount namespace of its own.
    --answers   and in a network of its own, in which each address of this network answers
    --file      there the file (which must exist) has this text"""
import os
import pathlib
import subprocess
import sys
import tempfile

# What each kind is called below /proc/self/ns, and what unshare(1) takes for it. With a process
# namespace whatever ends its first process takes all others with it.
KINDS = {
    "mount": ("mnt", ("--mount", "--propagation", "private")),
    "net": ("net", ("--net",)),
    "pid": ("pid", ("--pid", "--fork", "--kill-child", "--mount-proc")),
}
OUTSIDE = "TERN_OUTSIDE_NAMESPACES"  # those of the process that made ours


def identity(kind, process="self"):
    return os.readlink(f"/proc/{process}/ns/{KINDS[kind][0]}")


def entering(*kinds):
    """The words that, before a command, run it in new namespaces of these kinds."""
    outside = ",".join(f"{kind}={identity(kind)}" for kind in kinds)
    return ["env", f"{OUTSIDE}={outside}", "unshare",
            *(option for kind in kinds for option in KINDS[kind][1])]


def inside(*kinds):
    """Whether entering() brought us here: namespaces that are not those it was called in."""
    given = dict(each.split("=", 1) for each in os.environ.get(OUTSIDE, "").split(",") if each)
    return all(kind in given and identity(kind) != given[kind] for kind in kinds)


def enter(*kinds):
    """Starts this very program again in new namespaces; returns immediately where it is in them."""
    if inside(*kinds):
        return
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]} needs root: it makes namespaces")
    words = [*entering(*kinds), sys.executable, *sys.argv]
    os.execvp(words[0], words)


def require(kind):
    """The guard: what follows would elsewhere be done to this machine."""
    if not inside(kind):
        sys.exit(f"namespace: not in a {kind} namespace that was made for this: nothing is changed")


def call(*command):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"namespace: {' '.join(map(str, command))}: {done.stdout.strip()}")
    return done.stdout


def ip(*words):
    require("net")
    call("ip", *words)


def answers(*networks):
    """All addresses of these networks answer and are not our own: routed to lo, not added to it."""
    ip("link", "set", "lo", "up")
    for network in networks:
        if ":" in network:
            ipv6 = pathlib.Path("/proc/sys/net/ipv6")
            if not ipv6.exists():
                sys.exit("namespace: this kernel has no IPv6")
            # Linux binds to an IPv6 address that is only routed to lo where this is set.
            (ipv6 / "ip_nonlocal_bind").write_text("1")
        ip("-6" if ":" in network else "-4", "route", "add", "local", network, "dev", "lo")


def own(*addresses, device="lo"):
    """These addresses, with the length of their network, are our own."""
    for address in addresses:
        ip("addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))


def bind(ours, real):
    """A file or directory of ours, seen at the place of the real one."""
    require("mount")
    call("mount", "--bind", ours, real)


def bind_all(ours, real):
    """The same with what is mounted below ours."""
    require("mount")
    call("mount", "--rbind", ours, real)


def empty(place, options="mode=755"):
    """An empty directory in memory."""
    require("mount")
    call("mount", "-t", "tmpfs", "-o", options, "tmpfs", place)


def write(real, text):
    """A file has this text here. The file that holds it is removed from the disk immediately."""
    with tempfile.NamedTemporaryFile("w") as ours:
        ours.write(text)
        ours.flush()
        os.chmod(ours.name, 0o644)
        bind(ours.name, pathlib.Path(real).resolve())


class Beyond:
    """Another network beside ours, there for as long as its process lives."""

    def __init__(self):
        self.process = subprocess.Popen([*entering("net"), "sleep", "3600"],
                                        stdin=subprocess.DEVNULL)
        self.words = ["nsenter", "--net", "--target", str(self.process.pid)]
        for _ in range(1000):  # until its process has left our network
            try:
                if identity("net", self.process.pid) != identity("net"):
                    return
            except OSError:
                break
            subprocess.run(["sleep", "0.005"], check=False)
        sys.exit("namespace: there is no other network")

    def call(self, *command):
        return call(*self.words, *command)

    def take(self, device):
        """The device leaves our network for this one."""
        ip("link", "set", device, "netns", str(self.process.pid))

    def close(self):
        self.process.terminate()
        self.process.wait()


def main(words):
    networks, files = [], []
    options = {"--answers": networks, "--file": files}
    while len(words) > 2 and words[0] in options:
        options[words[0]].append(words[1])
        del words[:2]
    if not words or words[0].startswith("-") or not all("=" in each for each in files):
        sys.exit(__doc__)
    enter("mount", *(["net"] if networks else []))
    if networks:
        answers(*networks)
    for each in files:
        write(*each.split("=", 1))
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(sys.argv[1:])
