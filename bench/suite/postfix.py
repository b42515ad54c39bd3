# Postfix as people run it: a queue, and smtp(8) that empties it. It is unpacked and not installed;
# nothing of the host's own mail system is touched. Knows no figure but its own CPU time.
import os
import pathlib
import subprocess
import time

from machine import Broken, HOST, SENDER, call
from postfix_services import COMMON

PLACE = pathlib.Path("/mnt")  # covered in our own mount namespace; its users must reach it
USERS = {"postfix": 64001}
GROUPS = {"postfix": 64001, "postdrop": 64002}

MAIN = """\
compatibility_level = 3.6
queue_directory = {place}/spool
data_directory = {place}/data
daemon_directory = {programs}
command_directory = {place}/peers/postfix/usr/sbin
shlib_directory = {place}/peers/postfix/usr/lib/postfix
meta_directory = {place}/etc
maillog_file = {place}/log/postfix.log
maillog_file_prefixes = {place}
myhostname = {host}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
alias_maps =
relayhost = [{address}]:25
smtp_tls_security_level = {tls}
smtp_tls_loglevel = 0
defer_transports = smtp
minimal_backoff_time = 3600s
initial_destination_concurrency = 20
default_destination_concurrency_limit = 20
default_process_limit = 100
max_use = 100000
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
"""

SERVICES = COMMON + """\
127.0.0.1:2525 inet n - n - - smtpd
smtp      unix  - - n - 20 smtp
scache    unix  - - n - 1 scache
"""


class Postfix:
    def __init__(self, peers, address, tls):
        self.programs = PLACE / "peers/postfix/usr/lib/postfix/sbin"
        self.prepare(peers)
        self.config = PLACE / "etc"
        (self.config / "main.cf").write_text(MAIN.format(
            place=PLACE, programs=self.programs, host=HOST, address=address,
            tls="encrypt" if tls else "none"))
        (self.config / "master.cf").write_text(SERVICES)
        (self.config / "dynamicmaps.cf").touch()
        self.process = None

    def prepare(self, peers):
        """Everything under one directory that every user may pass, in a file system of its own."""
        call("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", PLACE)
        for part in ("peers", "etc", "log", "spool/pid", "data"):
            (PLACE / part).mkdir(parents=True)
        call("mount", "--bind", peers, PLACE / "peers")
        self.cover("/etc/passwd", "".join(
            f"{name}:x:{number}:{GROUPS[name]}::/nonexistent:/bin/sh\n"
            for name, number in USERS.items()))
        self.cover("/etc/group", "".join(f"{name}:x:{number}:\n"
                                         for name, number in GROUPS.items()))
        for part in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            (PLACE / "spool" / part).mkdir(mode=0o700)
            os.chown(PLACE / "spool" / part, USERS["postfix"], GROUPS["postfix"])
        for part, mode in (("maildrop", 0o730), ("public", 0o710)):
            (PLACE / "spool" / part).mkdir()
            os.chown(PLACE / "spool" / part, USERS["postfix"], GROUPS["postdrop"])
            (PLACE / "spool" / part).chmod(mode)
        os.chown(PLACE / "data", USERS["postfix"], GROUPS["postfix"])
        # Its programs shed their environment, LD_LIBRARY_PATH with it.
        directories = {path.parent for path in (PLACE / "peers").rglob("*.so*")}
        lines = "".join(f"{path}\n" for path in sorted(directories))
        (PLACE / "ld.so.conf").write_text(f"include /etc/ld.so.conf\n{lines}")
        call("ldconfig", "-X", "-f", PLACE / "ld.so.conf", "-C", PLACE / "ld.so.cache")
        call("mount", "--bind", PLACE / "ld.so.cache", "/etc/ld.so.cache")

    def cover(self, path, lines):
        """The host's users and ours, in our own mount namespace."""
        kept = [line for line in pathlib.Path(path).read_text().splitlines(True)
                if line.split(":")[0] not in GROUPS]
        copy = PLACE / "etc" / pathlib.Path(path).name
        copy.write_text("".join(kept) + lines)
        call("mount", "--bind", copy, path)

    def start(self):
        with open(PLACE / "log/output", "wb") as output:
            self.process = subprocess.Popen(
                [str(self.programs / "master"), "-d", "-c", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        self.wait_until(lambda: (PLACE / "spool/public/qmgr").exists(), 20)
        time.sleep(1)

    def wait_until(self, claim, seconds):
        end = time.monotonic() + seconds
        while not claim():
            if self.process.poll() is not None or time.monotonic() > end:
                log = PLACE / "log/postfix.log"
                said = log.read_text()[-3000:] if log.exists() else ""
                raise Broken(f"Postfix: {(PLACE / 'log/output').read_text()}{said}")
            time.sleep(0.005)

    def command(self, name, *words):
        return call(PLACE / "peers/postfix/usr/sbin" / name, "-c", self.config, *words)

    def queue(self, count, size):
        """Messages for as many recipients, deferred until they are released."""
        call(PLACE / "peers/postfix/usr/sbin/smtp-source", "-s", "10", "-m", count, "-l", size,
             "-f", SENDER, "-t", "recipient@bench.example", "127.0.0.1:2525")
        deferred = PLACE / "spool/deferred"
        self.wait_until(lambda: sum(len(files) for _, _, files in os.walk(deferred)) == count, 120)

    def empty(self, sink, count):
        """Releases the queue; gives the seconds until the sink has all, and smtp(8)'s CPU time."""
        self.command("postconf", "-e", "defer_transports=")
        self.command("postfix", "reload")
        time.sleep(1)
        before = sink.messages()
        began = time.monotonic()
        self.command("postqueue", "-f")
        self.wait_until(lambda: sink.messages() >= before + count, 300)
        return time.monotonic() - began, self.cpu("smtp"), self.cpu("qmgr")

    def cpu(self, name):
        """Seconds of all running processes of that name."""
        total = 0
        for path in pathlib.Path("/proc").glob("[0-9]*/comm"):
            try:
                if path.read_text().strip() == name:
                    total += int((path.parent / "schedstat").read_text().split()[0])
            except OSError:
                continue
        return total / 1e9

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        for path in ("/etc/passwd", "/etc/group", "/etc/ld.so.cache", PLACE / "peers", PLACE):
            call("umount", "--lazy", path)
