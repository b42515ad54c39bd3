# A caller that treats qmail-remote as qmail-rspawn does: message file as descriptor 0, one pipe as
# 1 and 2, user qmailr, working directory queue/mess; and reads the report as qmail-rspawn reads it.
# Knows nothing of servers.
import os
import re
import signal
import subprocess
import time

import sandbox

PROGRAM = "bin/qmail-remote"
LONGEST_DELIVERY = 60  # seconds; with the time-outs the cases set nothing takes so long


class Disagreement(Exception):
    """The program did not do what docs/contract.md says; the text says what it did."""


def expect(claim, what):
    if not claim:
        raise Disagreement(what)


class Report:
    """What a delivery printed. Its letters are checked against the form of every report."""

    def __init__(self, raw, status, seconds):
        self.raw = raw
        self.seconds = seconds
        expect(status == 0, f"wait status {status}, output {raw!r}")
        expect(raw.endswith(b"\0"), f"no NUL byte ends the output: {raw!r}")
        reports = raw[:-1].split(b"\0")
        self.recipients = reports[:-1]
        self.message = reports[-1].decode("utf-8", "backslashreplace")
        for each in self.recipients:
            expect(each[:1] in (b"r", b"h", b"s"), f"not a recipient report: {each!r}")
        expect(self.message[:1] in ("K", "Z", "D"), f"not a message report: {self.message!r}")
        expect(not re.search(rb"[\x01-\x08\x0b-\x1f\x7f]", raw), f"control characters: {raw!r}")
        self.letters = b"".join(each[:1] for each in self.recipients).decode()

    def verdict(self):
        """K, Z or D: what becomes of the message for its one recipient, after qmail-rspawn."""
        first = self.raw[:1]
        if first == b"s":
            return "Z"
        if first == b"h":
            return "D"
        return self.message[0]

    def is_(self, letters, message):
        """Recipient letters, and how the message report begins."""
        expect(self.letters == letters, f"recipient reports {letters!r} wanted, got {self}")
        expect(self.message.startswith(message),
               f"message report {message!r} wanted, got {self}")
        return self

    def delivered(self, address, letters="r"):
        return self.is_(letters, f"K{address} accepted message.\nRemote host said: 250")

    def has(self, pattern):
        expect(re.search(pattern, self.message), f"{pattern!r} wanted in {self}")
        return self

    def has_not(self, pattern):
        expect(not re.search(pattern, self.message), f"{pattern!r} not wanted in {self}")
        return self

    def recipient(self, index, letter, address, code):
        wanted = f"{letter}{address} does not like recipient.\nRemote host said: {code}"
        expect(self.recipients[index].startswith(wanted.encode()),
               f"recipient report {wanted!r} wanted, got {self}")

    def __str__(self):
        return repr(self.raw)


class Delivery:
    """One run of qmail-remote, begun immediately and waited for when asked."""

    def __init__(self, host, sender, recipients, message, home=sandbox.HOME):
        uid, gid = sandbox.identity("qmailr")
        self.began = time.monotonic()
        reading, writing = os.pipe()
        with open(message, "rb") as source:
            self.process = subprocess.Popen(
                ["qmail-remote", host, sender, *recipients],
                executable=home / PROGRAM, stdin=source, stdout=writing, stderr=writing,
                cwd=home / "queue/mess", user=uid, group=gid, extra_groups=[], umask=0o077,
                env={"PATH": "/var/qmail/bin:/usr/local/bin:/usr/bin:/bin"},
                restore_signals=True)
        os.close(writing)
        self.pipe = reading

    def report(self):
        signal.signal(signal.SIGALRM, self.took_too_long)
        signal.alarm(LONGEST_DELIVERY)
        try:
            with os.fdopen(self.pipe, "rb") as pipe:
                raw = pipe.read()
            status = self.process.wait()
        finally:
            signal.alarm(0)
        return Report(raw, status, time.monotonic() - self.began)

    def took_too_long(self, *_):
        self.process.kill()
        self.process.wait()
        raise Disagreement(f"no end after {LONGEST_DELIVERY} s")
