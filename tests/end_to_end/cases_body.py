# What becomes of the message's own bytes on their way into a real mailbox.
from caller import expect
from world import Message, case, every

FULL = bytes(range(1, 10)) + bytes(range(11, 13)) + bytes(range(14, 256))  # all but NUL, LF, CR


@case("a message in clear", each=every)
def clear(world, mx):
    world.passes(mx, "clear").came_in_clear()


@case("lines that begin with dots", each=every)
def dots(world, mx):
    world.passes(mx, "clear", message=Message(b".\n..\n...\n.x\n\n.\n\n. \nx.\n"))


@case("long lines", each=every)
def long_lines(world, mx):
    lengths = [998, 999, 1000, 1024, 2047, 2048, 4096, mx.longest_line]
    body = b"".join(b"." + b"x" * (length - 1) + b"\n" for length in lengths)
    world.passes(mx, "clear", message=Message(body))


@case("8-bit bytes and control characters", each=every)
def eight_bit(world, mx):
    world.passes(mx, "clear", message=Message(FULL + b"\n" + "Grüße, 日本\n".encode() + FULL + b"\n"))


@case("NUL bytes", each=lambda mx: mx.takes_nul)
def nul(world, mx):
    world.passes(mx, "clear", message=Message(b"a\0b\n\0\n.\0.\n"))


@case("a header and nothing below it", each=every)
def empty_body(world, mx):
    world.passes(mx, "clear", message=Message(b""))


@case("no newline at the end", each=every)
def no_newline(world, mx):
    message = Message(b"the last line\nis no line")
    report = world.deliver(mx.host(), mx.at("alice"), message=message)
    # The recipient may have been accepted before the end of the message came to light.
    expect(report.letters in ("", "r") and report.verdict() == "D", f"a bounce wanted: {report}")
    report.has(r"^D.*\(#5\.6\.2\)")
    world.nothing_arrived(message)


@case("every kind of newline, and the dots after them", each=every)
def newlines(world, mx):
    # A receiver that took a bare CR or LF for a line end would end the message at such a dot.
    sent = b"one\r\n.\r\ntwo\r.\rthree\n.\r\n\r.\n\r\r.four\r\n.\r\nMAIL FROM:<x@y>\r\n"
    arrives = sent.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    world.passes(mx, "clear", message=Message(sent, arrives))


@case("dots across every block boundary, encrypted", each=every)
def dots_everywhere(world, mx):
    body = b"".join(b"." * (n % 7) + b"\n" for n in range(60_000))
    world.passes(mx, message=Message(body)).came_as_offered()
