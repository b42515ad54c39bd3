# The machine the suite measures on: a network of its own, sinks, messages, qmail's home, and the
# facts that go with the figures. Knows no contender and no figure.
import hashlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import namespace

NETWORK = "198.51.100.0/24"
EXCHANGER = "mx.bench.example"
SENDER = "sender@host.example"
HOST = "host.example"


class Broken(Exception):
    """The suite cannot go on; the text is for the reader. Wrong bytes end up here as well."""


def call(*command, **more):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise Broken(f"{' '.join(map(str, command))}: {done.stdout.strip()}")
    return done.stdout


def network():
    """Addresses that answer and are not our own, and name servers of their own."""
    namespace.answers(NETWORK)


def fixed_home(home, tree):
    """qmail's home where a historical program was compiled to look for it; our namespace only."""
    place = pathlib.Path("/var/qmail")
    if not place.is_dir():
        if pathlib.Path("/var") in pathlib.Path(tree).resolve().parents:
            raise Broken("without a directory /var/qmail, a tree below /var cannot measure the "
                         "program of TERN_BENCH_OLD")
        namespace.empty("/var", "mode=1777")
        place.mkdir()
    namespace.bind(home, place)


class Processors:
    """What is measured runs on one processor alone, what it talks to on the others."""

    def __init__(self):
        usable = sorted(os.sched_getaffinity(0))
        self.measured = {usable[-1]}
        self.others = set(usable[:-1]) or {usable[-1]}
        self.all = set(usable)


class Sink:
    """A tern-sink. Whatever was wrong with what it received raises Broken when it is stopped."""

    def __init__(self, program, work, name, address, processors, *options, before=()):
        self.name, self.address = name, address
        self.ready = work / f"{name}.ready"
        self.words = work / f"{name}.words"
        self.log = work / f"{name}.log"
        self.ready.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        with open(self.words, "w") as words:
            self.process = subprocess.Popen(
                [*before, str(program), "--listen", f"{address}:25", "--name", EXCHANGER,
                 "--discard", "--quiet", "--threads", "2", "--ready-file", str(self.ready),
                 "--log", str(self.log), *options],
                stdin=subprocess.DEVNULL, stdout=words, stderr=words,
                preexec_fn=lambda: os.sched_setaffinity(0, processors))
        for _ in range(500):
            if self.ready.exists():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise Broken(f"tern-sink {name} does not listen: {self.words.read_text()}")

    def messages(self):
        """Lines of its log so far."""
        return self.log.read_bytes().count(b'{"event":"message"') if self.log.exists() else 0

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process.wait(20) != 0:
            raise Broken(f"tern-sink {self.name} is not content: {self.words.read_text().strip()}")


def settle(path):
    """Reads a file again from the disk. How a file was written decides in which pieces it lies in the
    page cache: of two copies of one program the one took 100 microseconds more to start."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 20):
            pass


class Messages:
    """Messages by size. Each is of lines with 72 bytes, as mail is, some of them with dots."""

    LINE = "The tern flies from pole to pole, and back again to the place it left."

    def __init__(self, directory):
        self.directory = directory
        self.made = {}

    def of(self, size):
        if size not in self.made:
            path = self.directory / f"message-{size}"
            head = (f"Date: Mon, 23 Nov 2026 12:00:00 +0000\nFrom: {SENDER}\n"
                    f"To: recipient@bench.example\nMessage-ID: <{size}@{HOST}>\n"
                    f"Subject: {size} bytes\n\n").encode()
            line = (self.LINE[:71].ljust(71, ".") + "\n").encode()
            dots = b"." + line[1:]
            text = (line * 15 + dots) * (size // (16 * 72) + 1)
            body = text[:size - len(head) - 1].rstrip(b"\n")
            body = body.ljust(size - len(head) - 1, b"x") + b"\n"
            path.write_bytes(head + body)
            settle(path)
            self.made[size] = path
        return self.made[size]

    def with_cr(self, size):
        """The same bytes as they are on the wire, for the raw copy."""
        path = self.directory / f"message-{size}.wire"
        path.write_bytes(self.of(size).read_bytes().replace(b"\n", b"\r\n"))
        settle(path)
        return path

    def digests(self, *sizes):
        return ",".join(hashlib.sha256(self.of(size).read_bytes().replace(b"\n", b"\r\n"))
                        .hexdigest() for size in sizes)


class Home:
    """A home of qmail with as few control files as it takes; more by write()."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "queue/lock").mkdir(parents=True)
        (directory / "control/tlshosts").mkdir(parents=True)
        self.write("me", HOST)

    def write(self, name, text):
        (self.directory / "control" / name).write_text(text + "\n")

    def remove(self, name):
        (self.directory / "control" / name).unlink()


def version(*command):
    """The first line that names a version, or the word for a program that is not there."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
    except OSError:
        return "not there"
    for line in done.stdout.splitlines():
        if re.search(r"\d+\.\d+", line):
            return line.strip()[:70]
    return "unknown"


def facts():
    """What is needed to judge the figures; no name of this machine."""
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = pathlib.Path("/etc/os-release").read_text()
    system = re.search(r'PRETTY_NAME="([^"]*)"', release)
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "processor": model.group(1) if model else os.uname().machine,
        "processors": len(os.sched_getaffinity(0)),
        "memory_mb": int(memory.group(1)) // 1024 if memory else 0,
        "kernel": re.match(r"[\d.]+", os.uname().release).group(0),
        "system": system.group(1) if system else "unknown",
        "compiler": version("g++", "--version"),
        "libssl": version("dpkg-query", "-W", "-f", "${Version}\n", "libssl-dev"),
        "python": sys.version.split()[0],
        "load_at_start": round(os.getloadavg()[0], 2),
    }
