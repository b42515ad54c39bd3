# Who is measured, and how each is run to deliver one message to an address: tern, the floor, and
# what people use instead.
import os
import pathlib
import shutil

from machine import HOST, SENDER
from measure import Contender

ACCEPTED = b"r\0"


class Contenders:
    def __init__(self, programs, tools, home, old=None):
        self.programs, self.tools, self.home, self.old = programs, tools, home, old

    def tern(self, address, recipients, host=None, name="tern", home=None):
        return Contender(name, [self.programs / "qmail-remote", host or f"[{address}]", SENDER,
                                *recipients],
                         {"QMAILHOME": (home or self.home).directory}, ACCEPTED)

    def floor(self, address, recipients, tls=False):
        program = self.tools / ("floor-tls" if tls else "floor")
        return Contender("floor", [program, f"[{address}]", SENDER, *recipients],
                         accepted=ACCEPTED)

    def copy(self, address, recipients):
        return Contender("copy", [self.tools / "floor", "--copy", f"[{address}]", SENDER,
                                  *recipients], accepted=ACCEPTED)

    def msmtp(self, address, recipients, tls=False):
        ways = (["--tls=on", "--tls-starttls=on", "--tls-certcheck=off"] if tls
                else ["--tls=off"])
        return Contender("msmtp", [found("msmtp"), f"--host={address}", "--port=25",
                                   f"--from={SENDER}", "--auth=off", f"--domain={HOST}", *ways,
                                   "--", *recipients], {"HOME": "/nonexistent"})

    def curl(self, address, recipients, tls=False):
        ways = ["--ssl-reqd", "--insecure"] if tls else []
        rcpt = [word for each in recipients for word in ("--mail-rcpt", each)]
        return Contender("curl", [found("curl"), "-q", "-sS", "--crlf", *ways, "--mail-from",
                                  SENDER, *rcpt, "-T", "-", f"smtp://{address}/{HOST}"],
                         {"HOME": "/nonexistent"})

    def old_remote(self, address, recipients):
        """The historical qmail-remote, at a path that was given; its home is fixed."""
        return Contender("old", [self.old, f"[{address}]", SENDER, *recipients], accepted=ACCEPTED)

    def all(self, address, recipients, tls=False, peers=True):
        chosen = [self.tern(address, recipients), self.floor(address, recipients, tls)]
        if peers:
            chosen += [self.msmtp(address, recipients, tls), self.curl(address, recipients, tls)]
            if self.old:
                chosen.append(self.old_remote(address, recipients))
        return chosen


def found(program):
    path = shutil.which(program, path="/usr/local/bin:/usr/bin:/bin")
    if path is None:
        raise SystemExit(f"bench: {program} is not installed; scripts/install-packages bench")
    return path


def old_program(work):
    """A copy of the program that $TERN_BENCH_OLD names, if it names one."""
    path = os.environ.get("TERN_BENCH_OLD")
    if not path:
        return None
    if not os.access(path, os.X_OK):
        raise SystemExit(f"bench: TERN_BENCH_OLD={path} is no program")
    return pathlib.Path(shutil.copy(path, work / "old-qmail-remote"))
