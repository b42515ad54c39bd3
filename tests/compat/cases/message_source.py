# contract.md#message-source: read from the offset at which the program was started; a retry
# rereads it.
# What becomes of the bytes is in body.
import os
import pty
import socket
import threading
import time

from cases.common import ACCEPTED, accepts, taken_by
from harness.delivery import MESSAGE, MX1, MX2, WIRE, like
from harness.registry import case, table
from harness.scripts import dies_within_the_body, fails_at, hears_no_end_of_data

LARGE = b"".join(b"line %d of a large message\n" % number for number in range(400_000))
LARGE_WIRE = LARGE.replace(b"\n", b"\r\n")


def file_at(t, content, offset):
    path = t.home / "message"
    path.write_bytes(content)
    file = open(path, "rb", buffering=0)
    file.seek(offset)
    return file


def pipe_with(*portions, pause=0.0):
    """The reading end of a pipe into which a thread writes the portions."""
    reading, writing = os.pipe()

    def write():
        try:
            for portion in portions:
                view = memoryview(portion)
                while view:
                    view = view[os.write(writing, view):]
                time.sleep(pause)
        except BrokenPipeError:
            pass
        os.close(writing)
    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb", buffering=0)


@table([("start", 0), ("middle", 16), ("last line", 17)])
def file_at_an_offset(t, title, offset):
    with file_at(t, MESSAGE, offset) as message:
        taken_by(t, MX1, stdin=message)
    t.body(MESSAGE[offset:].replace(b"\n", b"\r\n"))


@table([("start", 0), ("middle", 1_000_000)])
def retry_rereads_from_the_offset(t, title, offset):
    t.server(MX1, dies_within_the_body)
    with file_at(t, LARGE, offset) as message:
        taken_by(t, MX2, host="two.example", stdin=message)
    t.body(LARGE[offset:].replace(b"\n", b"\r\n"))


@case
def pipe(t):
    with pipe_with(MESSAGE) as message:
        taken_by(t, MX1, stdin=message)
    t.body()


@case
def pipe_in_small_portions(t):
    with pipe_with(*[bytes([byte]) for byte in MESSAGE], pause=0.02) as message:
        taken_by(t, MX1, stdin=message)
    t.body()


@case
def large_pipe(t):
    with pipe_with(LARGE) as message:
        taken_by(t, MX1, stdin=message)
    t.body(LARGE_WIRE)


@case
def pipe_is_not_retried_after_bytes_were_consumed(t):
    t.server(MX1, dies_within_the_body)
    t.maybe(MX2, hears_no_end_of_data)
    with pipe_with(LARGE) as message:
        t.deliver("two.example", stdin=message)
    t.says_lastly(like("Z"))
    t.never_mentions("Possible duplicate")


@table([("greeting", "554 no"), ("hello", "421 busy"), ("mail", "451 later"),
        ("rcpt", "(closes)"), ("data", "421 busy")])
def pipe_is_retried_while_no_byte_was_consumed(t, stage, reply):
    t.server(MX1, fails_at(stage, reply))
    with pipe_with(MESSAGE) as message:
        taken_by(t, MX2, host="two.example", stdin=message)
    t.body()


@case
def stream_socket(t):
    t.server(MX1, accepts)
    ours, theirs = socket.socketpair()
    ours.sendall(MESSAGE)
    ours.shutdown(socket.SHUT_WR)
    t.deliver(stdin=theirs)
    ours.close()
    theirs.close()
    t.says("r", ACCEPTED)
    t.body()


@case
def terminal(t):
    t.server(MX1, accepts)
    master, slave = pty.openpty()
    os.write(master, b"typed by hand\n\x04")
    t.deliver(stdin=slave)
    os.close(slave)
    os.close(master)
    t.says("r", ACCEPTED)
    t.body(b"typed by hand\r\n")


@table([("file",), ("pipe",)])
def empty_message(t, title):
    # contract.md#reports does not say whether no line at all ends with a newline
    def empty(mx):
        mx.greets()
        mx.takes_envelope()
        if mx.line() == "DATA":
            mx.says("354 go ahead")
            if b"\r\n" in mx.buffer or mx.more():
                mx.takes_body()
                mx.says("250 accepted")
                mx.ends()
    t.maybe(MX1, empty)
    if title == "pipe":
        with pipe_with() as message:
            t.deliver(stdin=message)
    else:
        t.deliver(message=b"")
    t.says_lastly(like(r"K|D.*\(#5\.6\.2\)"))
    if t.last.startswith("K"):
        t.body(b"")


@table([("one byte", b"a"), ("second line", b"a\nb"), ("dot", b"a\n."), ("NUL", b"a\n\0"),
        ("only a dot", b"."), ("after CR", b"a\rb"), ("after CR LF", b"a\r\nb"),
        ("8-bit", b"a\n\xff"), ("large", LARGE + b"x"), ("blank", b"a\n ")])
def no_final_newline(t, title, content):
    t.maybe(MX1, hears_no_end_of_data)
    t.deliver(message=content)
    t.says_lastly(like(r"D.*\(#5\.6\.2\)"))


@case
def no_final_newline_in_a_pipe(t):
    t.maybe(MX1, hears_no_end_of_data)
    with pipe_with(b"a\nb") as message:
        t.deliver(stdin=message)
    t.says_lastly(like(r"D.*\(#5\.6\.2\)"))


@case
def no_final_newline_is_told_to_no_second_exchanger(t):
    t.maybe(MX1, hears_no_end_of_data)
    t.maybe(MX2, hears_no_end_of_data)
    t.deliver("two.example", message=b"a\nb")
    t.says_lastly(like(r"D.*\(#5\.6\.2\)"))


@table([("CR", b"a\r", b"a\r\n"), ("CR LF", b"a\r\n", b"a\r\n"), ("LF CR", b"a\n\r", b"a\r\n\r\n"),
        ("CR CR", b"\r\r", b"\r\n\r\n"), ("only CR", b"\r", b"\r\n"), ("only LF", b"\n", b"\r\n")])
def final_newline_of_any_kind(t, title, content, wire):
    taken_by(t, MX1, message=content)
    t.body(wire)


@case
def memory_does_not_grow_with_the_message(t):
    t.server(MX1, accepts)
    t.deliver(message=MESSAGE, watch_memory=True)
    small = t.peak
    content = (b"x" * 78 + b"\n") * (50_000_000 // 79)
    taken_by(t, MX1, message=content, watch_memory=True)
    t.equal([len(body) for body in t.bodies], [len(WIRE), len(content) // 79 * 80], "body sizes")
    t.check(t.peak - small < 12_000, f"peak memory rose from {small} to {t.peak} KiB")


@case
def read_error(t):
    t.maybe(MX1, hears_no_end_of_data)
    with open("/proc/self/mem", "rb", buffering=0) as message:  # address 0: EIO
        t.deliver(stdin=message)
    t.says_lastly(like(r"Z.*\(#4\.3\.0\)"))
