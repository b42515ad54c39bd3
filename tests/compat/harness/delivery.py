# One test's world: a home directory, a zone, servers, the run of qmail-remote, and its report.
# What must hold of every run (exit status, silence on stderr, shape of the report) is checked here.
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time

from harness.name_server import NameServer, Zone
from harness.smtp_server import Server

HOST = "dest.example"
SENDER = "sender@me.example"
RECIPIENT = "joe@dest.example"
MESSAGE = b"Subject: a test\n\nHello.\n"
WIRE = b"Subject: a test\r\n\r\nHello.\r\n"

# One exchanger, and a second host with two of them in a fixed order.
ZONE = """
    dest.example      MX 10 mx1.dest.example
    mx1.dest.example  A  198.51.100.1
    two.example       MX 10 mx1.dest.example
    two.example       MX 20 mx2.dest.example
    mx2.dest.example  A  198.51.100.2
"""
MX1, MX2 = "198.51.100.1", "198.51.100.2"

UNPRIVILEGED = 65534


class Match:
    """A report that must match a regular expression as a whole."""

    def __init__(self, pattern):
        self.pattern = pattern

    def __repr__(self):
        return f"like {self.pattern!r}"


def like(pattern):
    """A report that the pattern matches from its first byte on; '.' matches a newline too."""
    return Match(pattern)


def report_fits(wanted, got):
    """A phrase fits if the report is it, or is it and further lines (contract.md#reports)."""
    if isinstance(wanted, Match):
        return re.match(wanted.pattern, got, re.S) is not None
    if wanted == "r":
        return got == "r"
    return got == wanted or got.startswith(wanted + "\n")


class Delivery:
    """What a test function receives: the world it may furnish, and the run."""

    def __init__(self, name, binaries, network, certificates):
        self.name, self.binaries, self.network = name, pathlib.Path(binaries), network
        self.certificates = certificates
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="home."))
        self.home.chmod(0o755)
        self.problems, self.transcript, self.contacts = [], [], []
        self.connections, self.bodies = [], []
        self._servers, self._name_servers = [], []
        self._lock = threading.Lock()
        self._zone_text = ZONE
        self._default_name_server = True
        self.own_refusals = False  # whether we may refuse a recipient that a server cannot take
        self.out, self.err, self.status, self.seconds, self.peak = b"", b"", None, 0.0, 0
        for folder in ("control", "queue/mess", "queue/lock"):
            (self.home / folder).mkdir(parents=True)
        self.control("me", "me.example")
        self.timeouts(5)
        network.resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        network.hosts("127.0.0.1 localhost\n")

    # furnishing
    def control(self, name, content=""):
        """Writes a control file; a str gets its final newline, bytes stay as they are."""
        path = self.home / "control" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())
        return path

    def without_control(self, name):
        (self.home / "control" / name).unlink()

    def timeouts(self, remote, connect=None):
        """control/timeoutremote and timeoutconnect."""
        self.control("timeoutremote", str(remote))
        self.control("timeoutconnect", str(connect or remote))

    def zone(self, text):
        self._zone_text = text

    def more_zone(self, text):
        self._zone_text += text

    def name_server(self, address, always=None, zone=None):
        """A further name server, with the test's zone unless another is given."""
        server = NameServer(address, Zone(zone or self._zone_text), always)
        self._name_servers.append(server)
        return server

    def no_default_name_server(self):
        self._default_name_server = False

    def resolv_conf(self, text):
        self.network.resolv_conf(text)

    def hosts(self, text):
        self.network.hosts(text)

    def server(self, address, *scripts, port=25):
        """Connections to the address are played by the scripts, in order, each exactly once."""
        label = address if port == 25 else f"{address}:{port}"
        server = Server(self, address, port, scripts, label)
        self._servers.append((server, True))
        return server

    def never(self, address, port=25):
        """No connection may be made there."""
        return self.server(address, port=port)

    def maybe(self, address, *scripts, port=25):
        """As server(), but fewer connections are fine."""
        server = self.server(address, *scripts, port=port)
        self._servers[-1] = (server, False)
        return server

    def tcpto(self, *records, size=1024):
        """Writes queue/lock/tcpto; a record is (address, count, seconds ago)."""
        data = b"".join(tcpto_record(*record) for record in records)
        path = self.home / "queue/lock/tcpto"
        path.write_bytes(data.ljust(size, b"\0"))
        return path

    def tcpto_bytes(self):
        return (self.home / "queue/lock/tcpto").read_bytes()

    def tcpto_count(self, address):
        """The count of an address in the table, None where it is not listed with a count."""
        data = self.tcpto_bytes()
        for at in range(0, len(data) - 15, 16):
            record = data[at:at + 16]
            if record[:4] == packed(address) and record[4]:
                return record[4]
        return None

    # running
    def deliver(self, host=HOST, sender=SENDER, recipients=(RECIPIENT,), message=MESSAGE, **how):
        """Runs qmail-remote host sender recipient..., with the message as a file on fd 0."""
        return self.run([host, sender, *recipients], message, **how)

    def run(self, arguments, message=MESSAGE, *, program="qmail-remote", stdin=None, env=None,
            cwd=None, close=(), uid=None, prepare=None, stdout=None, limit=30, checked=True,
            home=None, watch_memory=False, memory=None):
        """Runs a program of ours; keeps out, err, status, seconds; checks the laws. A
        memory.Memory follows it, and reads it when it ends."""
        if self._default_name_server and not self._name_servers:
            self.name_server("127.0.0.1")
        elif self._default_name_server:
            self._default_name_server = False
        environment = {"PATH": "/usr/bin:/bin", "QMAILHOME": str(home or self.home)}
        if uid is not None:
            # A build that counts lines complains of counts that only root can write.
            counts = pathlib.Path(tempfile.gettempdir(), f"counts-{uid}")
            counts.mkdir(exist_ok=True)
            os.chown(counts, uid, uid)
            environment["GCOV_PREFIX"] = str(counts)
        environment.update(env or {})
        environment = {key: value for key, value in environment.items() if value is not None}
        opened = None
        if stdin is None:
            opened = tempfile.TemporaryFile()
            opened.write(message)
            opened.seek(0)
            stdin = opened

        def before_exec():
            if prepare:
                prepare()
            if memory:
                memory.prepare()
            for descriptor in close:
                os.close(descriptor)
            if uid is not None:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)

        began = time.monotonic()
        process = subprocess.Popen(
            [self.binaries / program, *[_bytes(each) for each in arguments]], stdin=stdin,
            stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            cwd=cwd or self.home / "queue/mess", preexec_fn=before_exec, close_fds=True)
        taken = {}
        readers = [threading.Thread(target=_drain, args=(stream, taken, key))
                   for key, stream in (("out", process.stdout), ("err", process.stderr)) if stream]
        for reader in readers:
            reader.start()
        timer = threading.Timer(limit, process.send_signal, (signal.SIGKILL,))
        timer.start()
        if watch_memory:
            self.peak = _peak_memory(process.pid)
        status = memory.follow(process.pid) if memory else os.waitpid(process.pid, 0)[1]
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        for reader in readers:
            reader.join()
        if opened:
            opened.close()
        self.seconds = time.monotonic() - began
        self.out, self.err = taken.get("out", b""), taken.get("err", b"")
        self.status = process.returncode
        self._settle()
        if checked:
            self._laws()
        return self

    def _settle(self):
        for server, at_least in self._servers:
            server.close(at_least)
        for server in self._name_servers:
            server.close()
        self._servers.clear()
        self.asked = [query for server in self._name_servers for query in server.queries]
        self.asked_over_tcp = [query for server in self._name_servers
                               for query in server.tcp_queries]
        self.name_server_connections = sum(each.connections for each in self._name_servers)
        self._name_servers.clear()

    def _laws(self):
        if self.status != 0:
            self.problem(f"exit status {self.status} (contract.md#callers: 0, always)")
        if self.err:
            self.problem(f"on stderr: {self.err[:2000]!r}")
        if self.out[-1:] != b"\0":
            self.problem(f"the report does not end with NUL: {self.out[-200:]!r}")
        letters = "".join(report[:1] or "?" for report in self.reports)
        if not re.fullmatch("[rhs]*[KZD]", letters):
            self.problem(f"the reports are {letters!r}, not recipients and one message report")
        self._recipient_laws()
        # each failure that is not a server's own reply has a status code, of the letter's class
        codes = re.findall(r"\(#(\d)\.\d{1,3}\.\d{1,3}\)", self.last)
        wanted = {"Z": "4", "D": "5"}.get(self.last[:1])
        if wanted and wanted not in codes and not self.last.startswith("DGiving up on ") and (
                "Remote host said: " not in self.last):
            self.problem(f"no status code of class {wanted}: {self.last!r}")

    def _recipient_laws(self):
        """A recipient is refused by the server's own words, or by us because it is bad (5.1.3)."""
        for report in self.reports[:-1]:
            said = re.match(r"([hs])\S+ does not like recipient\.\nRemote host said: ([45])",
                            report)
            if report[:1] in "hs" and not (
                    said and {"h": "5", "s": "4"}[said[1]] == said[2]
                    or report[:1] == "h" and "(#5.1.3)" in report
                    or self.own_refusals and "does not like recipient" in report):
                self.problem(f"no server said that: {report!r}")

    # judging
    def problem(self, text):
        with self._lock:
            self.problems.append(text)

    @property
    def reports(self):
        """The reports, without their NULs."""
        return [each.decode("utf-8", "surrogateescape") for each in self.out.split(b"\0")[:-1]]

    @property
    def last(self):
        return self.reports[-1] if self.reports else ""

    def says(self, *wanted):
        """The whole output must be these reports, in this order."""
        got = self.reports
        if len(got) != len(wanted) or not all(map(report_fits, wanted, got)):
            self.problem(f"expected {list(wanted)!r}\n    got      {got!r}")

    def says_lastly(self, wanted):
        """The message report must be this one."""
        if not report_fits(wanted, self.last):
            self.problem(f"expected last {wanted!r}\n    got           {self.reports!r}")

    def mentions(self, *words):
        for word in words:
            if word.lower() not in self.last.lower():
                self.problem(f"expected the report to mention {word!r}\n    got {self.reports!r}")

    def never_mentions(self, *words):
        for word in words:
            if word in self.last:
                self.problem(f"the report must not say {word!r}\n    got {self.reports!r}")

    def check(self, claim, text):
        """A claim about anything else."""
        if not claim:
            self.problem(text)

    def equal(self, got, wanted, what):
        if got != wanted:
            self.problem(f"{what}: expected {wanted!r}\n    got {got!r}")

    def body(self, wanted=WIRE, count=1):
        """Exactly so many bodies arrived, each this one (as on the wire, dots doubled)."""
        self.equal(self.bodies, [wanted] * count, "bodies")

    def within(self, low, high):
        self.check(low <= self.seconds <= high,
                   f"took {self.seconds:.1f} s, expected {low} to {high}; got {self.reports!r}")

    def clean_up(self):
        for server, _ in self._servers:
            server.close(False)
        for server in self._name_servers:
            server.close()
        shutil.rmtree(self.home, ignore_errors=True)


def packed(address):
    return bytes(int(part) for part in address.split("."))


def tcpto_record(address, count, ago):
    return packed(address) + struct.pack("<B3xI4x", count, int(time.time()) - ago)


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _peak_memory(process):
    """The greatest VmHWM seen, in KiB; ru_maxrss would count this suite's own memory (fork)."""
    peak = 0
    while True:
        lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
        now = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
        if not now:
            return peak
        peak = max(peak, *now)
        time.sleep(0.005)


def _drain(stream, taken, key):
    with stream:
        taken[key] = stream.read()
