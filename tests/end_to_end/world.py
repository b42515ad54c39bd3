# The world of a case: the receivers, the names, qmail's home; how a case says "deliver this" and
# "this is what must have arrived". Holds no case.
import contextlib
import itertools
import os
import pathlib
import re
import socket

import sandbox
from caller import Delivery, Report, expect
from daemons import Broken, wait_until

SENDER = "sender@me.example"
# What a receiver writes above a message it takes.
TRACE = re.compile(rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Envelope-to|Delivery-date"
                   rb"|Received|Return-path):[^\n]*\n(?:[ \t][^\n]*\n)*)*")

CASES = []


def case(title, each=None):
    """Registers a test case; with `each`, one for every receiver of which that is true."""
    def register(function):
        CASES.append((title, function, each))
        return function
    return register


def every(_):
    return True


class Mail:
    """A message as it lies in a receiver's mailbox."""

    def __init__(self, receiver, box, content):
        self.receiver = receiver
        self.box = box
        self.content = content
        self.trace = TRACE.match(content).group().decode("utf-8", "backslashreplace")
        self.text = content[len(self.trace.encode()):]

    def came_in(self, pattern):
        expect(re.search(pattern, self.trace), f"{pattern!r} wanted in the trace\n{self.trace}")

    def came_in_clear(self):
        expect(not re.search(r"TLS|ESMTPS", self.trace), f"not in clear:\n{self.trace}")

    def came_encrypted(self):
        self.came_in(r"TLS ?v?1\.?[23]")

    def came_as_offered(self):
        """Encrypted, but from a server whose handshakes fail."""
        self.came_encrypted() if self.receiver.tls_works else self.came_in_clear()

    def returns_to(self, sender):
        found = re.search(r"(?i)^return-path: <(.*)>$", self.trace, re.M)
        path = found.group(1) if found else self.receiver.path_unsaid
        expect(path == sender,
               f"return path {sender!r} wanted in\n{self.trace}")


class Message:
    """A message file of the queue, and the bytes a receiver must end up with."""
    numbers = itertools.count(1)

    def __init__(self, body=b"Hello, world.\n", arrives=None, header=True, more=""):
        number = next(self.numbers)
        self.token = f"case-{number}-{os.getpid()}@me.example".encode()
        head = (b"From: sender@me.example\nTo: recipient@there.example\n"
                b"Date: Mon, 23 Nov 2026 02:00:00 +0000\nSubject: case\nMessage-ID: <"
                + self.token + b">\n" + more.encode() + b"\n") if header else b""
        self.wanted = head + (body if arrives is None else arrives)
        self.path = sandbox.HOME / f"queue/mess/{number}"
        self.path.write_bytes(head + body)
        self.path.chmod(0o644)

    def size(self):
        return self.path.stat().st_size


class World:
    home = sandbox.HOME

    def __init__(self, receivers, certificates, names):
        self.receivers = receivers
        self.certificates = certificates
        self.names = names

    def reset(self):
        """Qmail's home and the resolver as every case finds them."""
        control = sandbox.HOME / "control"
        for path in sorted(control.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        self.control("me", "me.example")
        self.control("timeoutconnect", "5")
        self.control("timeoutremote", "20")
        (sandbox.HOME / "queue/lock/tcpto").write_bytes(bytes(1024))
        (sandbox.HOME / "queue/lock/tcpto6").write_bytes(bytes(2048))
        for path in sandbox.MAIL.glob("*/*/new/*"):  # so that later cases need not read them
            path.unlink()
        for path in (sandbox.HOME / "queue/mess").iterdir():
            path.unlink()
        self.names.use_resolver()

    def control(self, name, content):
        path = sandbox.HOME / "control" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode() + b"\n")
        path.chmod(0o644)

    def trusts(self, host, authority=None):
        """tlshosts/<host>.pem with the tests' authority, or another one."""
        self.control(f"tlshosts/{host}.pem", (authority or self.certificates.authority).pem())

    def trusts_directory(self, host, *authorities, rehashed=True):
        """tlshosts/<host>.pem as a link to a directory of these, as `openssl rehash` leaves it."""
        directory = sandbox.HOME / "control/authorities"
        directory.mkdir()
        for number, authority in enumerate(authorities):
            self.control(f"authorities/authority{number}.pem", authority.pem())
        if rehashed:
            sandbox.call("openssl", "rehash", str(directory))
        link = sandbox.HOME / f"control/tlshosts/{host}.pem"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to("../authorities")
        return directory

    def begin(self, host, *recipients, message, sender=SENDER):
        return Delivery(host, sender, recipients, message.path)

    def deliver(self, host, *recipients, message, sender=SENDER) -> Report:
        return self.begin(host, *recipients, message=message, sender=sender).report()

    def passes(self, receiver, *server, message=None):
        """Delivers a message to alice at this server of the receiver; gives what arrived."""
        message = message or Message()
        self.deliver(receiver.host(*server), receiver.at("alice", *server), message=message) \
            .delivered(receiver.ip(*server))
        return self.arrived(receiver, message)

    def arrived(self, receiver, message, boxes=("alice",)):
        """The mail of each of the boxes, one and no more, and byte for byte what was sent."""
        found = sorted(receiver.received(message.token))
        expect([box for box, _ in found] == sorted(boxes),
               f"at {receiver.name} wanted in {sorted(boxes)}, found in {[b for b, _ in found]}")
        mails = [Mail(receiver, box, content) for box, content in found]
        for mail in mails:
            expect(mail.text == message.wanted, difference(mail.text, message.wanted))
        return mails[0]

    def nothing_arrived(self, message):
        """At no receiver, whatever its name."""
        for receiver in self.receivers:
            found = receiver.received(message.token)
            expect(not found, f"{receiver.name} has it in {[box for box, _ in found]}")

    def logged(self, daemon, since, pattern):
        """The server's log, from those sizes on, comes to match; what it said by then."""
        def found():
            return re.search(pattern, daemon.log(since))
        try:
            wait_until(found, 5, "a line of the log")
        except Broken:
            expect(False, f"{pattern!r} wanted in {daemon.name}'s log")
        return daemon.log(since)

    def check_servers(self):
        for daemon in self.daemons():
            daemon.check_alive()

    def sizes_of_logs(self):
        return {each: each.sizes() for each in self.daemons()}

    def daemons(self):
        return [daemon for each in self.receivers for daemon in (each.daemon, *each.others())] \
            + self.names.daemons


def difference(got, wanted):
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
              min(len(got), len(wanted)))
    around = slice(max(0, at - 40), at + 60)
    return (f"arrived {len(got)} bytes, {len(wanted)} wanted; they part at {at}: "
            f"{got[around]!r} for {wanted[around]!r}")


def silent_port(address, port=25):
    """
    A listening socket whose queue is full, so that the kernel drops further SYNs: a host that
    does not answer, without a packet filter. Close all sockets when done.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(0)
    held = [listener]
    for _ in range(4):
        wire = socket.socket(family, socket.SOCK_STREAM)
        wire.setblocking(False)
        wire.connect_ex((address, port))
        held.append(wire)
    return held


@contextlib.contextmanager
def silent(*addresses):
    """These hosts do not answer while the block lasts."""
    with contextlib.ExitStack() as held:
        for address in addresses:
            for each in silent_port(address):
                held.enter_context(each)
        yield


def tcpto6():
    """The same of the other family's table."""
    table = pathlib.Path(sandbox.HOME / "queue/lock/tcpto6").read_bytes()
    expect(len(table) == 2048, f"tcpto6 has {len(table)} bytes")
    records = [table[at:at + 32] for at in range(0, len(table), 32)]
    return [(socket.inet_ntop(socket.AF_INET6, record[16:32]), record[4]) for record in records
            if any(record)]


def tcpto():
    """The records of the table: (address, count)."""
    table = pathlib.Path(sandbox.HOME / "queue/lock/tcpto").read_bytes()
    records = [table[at:at + 16] for at in range(0, len(table), 16)]
    return [(socket.inet_ntoa(record[:4]), record[4]) for record in records if any(record)]
