# What becomes of the message's own bytes on their way into a real mailbox.
from caller import expect
from world import Message, case, every

FULL = bytes(range(1, 10)) + bytes(range(11, 13)) + bytes(range(14, 256))  # all but NUL, LF, CR


@case("a message in clear", each=every)
def clear(world, mx):
    message = Message()
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message).came_in_clear()


@case("lines that begin with dots", each=every)
def dots(world, mx):
    message = Message(b".\n..\n...\n.x\n\n.\n\n. \nx.\n")
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("long lines", each=every)
def long_lines(world, mx):
    lengths = [998, 999, 1000, 1024, 2047, 2048, 4096, mx.longest_line]
    message = Message(b"".join(b"." + b"x" * (length - 1) + b"\n" for length in lengths))
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("8-bit bytes and control characters", each=every)
def eight_bit(world, mx):
    message = Message(FULL + b"\n" + "Grüße, 日本\n".encode() + FULL + b"\n")
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("NUL bytes", each=lambda mx: mx.takes_nul)
def nul(world, mx):
    message = Message(b"a\0b\n\0\n.\0.\n")
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("a header and nothing below it", each=every)
def empty_body(world, mx):
    message = Message(b"")
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("no newline at the end", each=every)
def no_newline(world, mx):
    message = Message(b"the last line\nis no line")
    report = world.deliver(mx.host(), mx.at("alice"), message=message)
    # The recipient may have been accepted before the end of the message came to light.
    expect(report.letters in ("", "r") and report.verdict() == "D", f"a bounce wanted: {report}")
    report.has(r"^D.*\(#5\.6\.2\)")
    world.nothing_arrived(message)


@case("every kind of newline, and the dots behind them", each=every)
def newlines(world, mx):
    # A receiver that took a bare CR or LF for a line end would end the message at such a dot.
    sent = b"one\r\n.\r\ntwo\r.\rthree\n.\r\n\r.\n\r\r.four\r\n.\r\nMAIL FROM:<x@y>\r\n"
    message = Message(sent, sent.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message) \
        .delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("dots across every block boundary, encrypted", each=every)
def dots_everywhere(world, mx):
    message = Message(b"".join(b"." * (n % 7) + b"\n" for n in range(60_000)))
    world.deliver(mx.host(), mx.at("alice"), message=message).delivered(mx.ip())
    world.arrived(mx, message).came_as_offered()
