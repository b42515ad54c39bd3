# tern check: libraries inside the program that carries mail, beside what this host has installed.
# An update of a library does not reach a static program by itself (SECURITY.md).
import os
import subprocess

from cases_check import _finds, _furnish, _check

STATUS = "/var/lib/dpkg/status"
INSTALLED = """Package: libssl3
Status: install ok installed
Architecture: amd64
Version: 3.0.22-1~deb12u1
"""


def _with_libraries(t, inside, question):
    """qmail's bin holds a program with this mark, and dpkg reports INSTALLED."""
    _furnish(t)
    (t.home / "bin").mkdir()
    (t.home / "bin/qmail-remote").write_bytes(
        b"\x7fELF\0" + f"@(#) tern 0.1.0; commit abc; {inside}".encode() + b"\0more\0")
    if not os.path.exists(STATUS):  # no Debian
        return
    status = t.home / "status"
    status.write_text(INSTALLED)
    subprocess.run(["mount", "--bind", status, STATUS], check=True)
    try:
        question()
    finally:
        subprocess.run(["umount", STATUS], check=True)


def older_openssl_inside(t):
    _with_libraries(t, "OpenSSL 3.0.17-1~deb12u2 (libssl-dev)", lambda: _finds(
        t, "warning", "bin/qmail-remote", "OpenSSL 3.0.17-1~deb12u2", "libssl3",
        "3.0.22-1~deb12u1", "scripts/build && scripts/drop-in"))


def newest_openssl_inside(t):
    _with_libraries(t, "OpenSSL 3.0.22-1~deb12u1 (libssl-dev)",
                    lambda: t.equal(_check(t), [], "findings"))


def another_program_there(t):
    _furnish(t)
    (t.home / "bin").mkdir()
    (t.home / "bin/qmail-remote").write_bytes(b"\x7fELF\0 DI (qmail-remote) was invoked\0")
    t.equal(_check(t), [], "findings")
