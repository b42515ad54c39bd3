# What the servers of the tests have in common: started in the foreground, waited for without fixed
# sleeps, asked for what they received, ended by their process id. Knows no particular server.
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import sandbox


# Mailboxes for mail to many.
MANY = [f"reader{number}" for number in range(150)]


class Broken(Exception):
    """Something the tests need does not work; the text goes to the reader as it is."""


def wait_until(claim, seconds, what):
    """Asks until the claim holds; its last value is given back, Broken after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Daemon:
    def __init__(self, name, command, log, **environment):
        self.name = name
        self.command = [str(word) for word in command]
        self.log_file = pathlib.Path(log)
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment}
        self.process = None

    def start(self):
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{self.log_file}.output", "ab") as output:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, start_new_session=True,
                                            env=self.environment)

    def wait_ready(self, claim):
        def alive_and_ready():
            if self.process.poll() is not None:
                raise Broken(f"{self.name} ended with {self.process.returncode}:\n{self.log()}")
            return claim()
        try:
            wait_until(alive_and_ready, 20, f"{self.name} ready to serve")
        except Broken as trouble:
            raise Broken(f"{trouble}\n{self.log()}") from None

    @contextlib.contextmanager
    def frozen(self):
        """Its processes are stopped for as long as the block lasts; the kernel goes on."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def check_alive(self):
        if self.process.poll() is not None:
            raise Broken(f"{self.name} died with {self.process.returncode}:\n{self.log()}")

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def files(self):
        return [pathlib.Path(f"{self.log_file}.output"), self.log_file]

    def sizes(self):
        """Where its logs end now, to read on from there."""
        return [path.stat().st_size if path.exists() else 0 for path in self.files()]

    def log(self, since=(0, 0)):
        """What it printed and then what it logged, from those sizes on."""
        text = b""
        for path, start in zip(self.files(), since):
            if path.exists():
                with open(path, "rb") as file:
                    file.seek(start)
                    text += file.read()
        return text.decode("utf-8", "backslashreplace")


def greets(address, port):
    """Whether an SMTP server answers at that address, be it with a no."""
    try:
        with socket.create_connection((address, port), 5) as wire:
            if port == 465:
                return True
            greeting = wire.recv(512)
            wire.sendall(b"QUIT\r\n")
            return greeting[:1] in (b"2", b"4", b"5")
    except OSError:
        return False


def files_below(spool, *parts):
    """
    Files in directories that a running server changes: pathlib's rglob stumbles over one that
    vanishes. In the order of the parts, so that a message on its way to a later one is seen.
    """
    return [os.path.join(directory, name) for part in parts
            for directory, _, names in os.walk(spool / part) for name in names]


class Receiver:
    """
    A real mail server, with one face per way of greeting the world. Each has its own addresses:
    main offers STARTTLS and port 465 with a certificate of the tests' authority, over both
    families; clear knows no TLS; selfsigned, expired, asking (for a client certificate), ancient
    (TLS 1.0 at most) and closed (it turns everyone away) are what they are called. A receiver may
    have more: login takes mail only of who logged in (its ports offer various mechanisms, see
    `mechanisms`); strict wants a certificate; narrow takes few recipients at a time.
    """
    name = None        # also the first label of its domain
    base = None        # last number of the main face's addresses
    tls_works = True
    ancient = True     # whether it can be limited to old versions of TLS
    path_unsaid = None  # the return path that it does not write down
    takes_nul = True
    longest_line = 20_000
    quoted_local = "john smith"
    size_limit = 24_000_000
    most_recipients = None  # of the face narrow, or of every face
    mechanisms = {}     # what AUTH offers at the ports of the face login, after TLS
    clear_port = 2525   # of the face login: AUTH offered, no TLS; also at the loopback address
    also = ()           # further faces
    saw_certificate = None  # pattern of the trace where a client showed a good certificate

    offsets = {"main": 0, "clear": 1, "selfsigned": 2, "expired": 3, "asking": 4, "ancient": 5,
               "closed": 6, "login": 7, "strict": 8, "narrow": 9}
    everyone = ("main", "clear", "selfsigned", "expired", "asking", "ancient", "closed")

    def __init__(self, certificates):
        self.certificates = certificates
        self.domain = f"{self.name}.example"
        self.boxes = sandbox.MAIL / self.name
        self.boxes.mkdir()
        shutil.chown(self.boxes, "vmail", "vmail")
        self.daemon = None

    def faces(self):
        faces = (*self.everyone, *self.also)
        return [face for face in faces if face != "ancient" or self.ancient]

    def ip(self, face="main"):
        return f"198.51.100.{self.base + self.offsets[face]}"

    def ip6(self, face="main"):
        return f"2001:db8::{self.base + self.offsets[face]}"

    def loopback(self):
        """Where the face login listens without TLS for the host itself."""
        return f"127.0.0.{self.base}"

    def host(self, face="main"):
        return f"{face}.{self.domain}"

    def mx(self, face="main"):
        return f"mx-{face}.{self.domain}"

    def at(self, local, face="main"):
        return f"{local}@{self.host(face)}"

    def listens(self):
        for face in self.faces():
            yield face, self.ip(face), 25
        yield "main", self.ip(), 465
        yield "main", self.ip6(), 25
        yield "main", self.ip6(), 465
        for port in self.mechanisms:
            yield "login", self.ip("login"), port
        if self.mechanisms:
            yield "login", self.ip("login"), self.clear_port
            yield "login", self.loopback(), self.clear_port

    def ready(self):
        return all(greets(address, port) for _, address, port in self.listens())

    def stop(self):
        if self.daemon:
            self.daemon.stop()

    def queue_files(self):
        """Files of messages that are neither delivered nor given up."""
        raise NotImplementedError

    def others(self):
        """Daemons it needs."""
        return []

    def settle(self):
        wait_until(lambda: not self.queue_files(), 20, f"{self.name} with an empty queue")

    def stored(self, token):
        """Every file of any mailbox that contains the token."""
        found = []
        for path in sorted(self.boxes.glob("*/new/*")):
            content = path.read_bytes()
            if token in content:
                found.append((path.parent.parent.name, content))
        return found

    def received(self, token):
        """
        What arrived with the token, (mailbox, bytes) for each copy. A message that was accepted
        lies in the queue until it has been delivered, so an empty queue has said everything.
        """
        self.settle()
        return self.stored(token)
