# Size and number: big messages, too big ones, many at the same time.
import os

from caller import expect
from world import Message, case, every

TWENTY_MEGABYTES = 20_000_000


def big_body(size):
    """Lines of every length up to 200, some with a dot first; its own bytes, not a pattern."""
    noise = os.urandom(size // 2).hex().encode()
    lines, at, length = [], 0, 1
    while at < len(noise):
        lines.append((b"." if length % 5 == 0 else b"") + noise[at:at + length])
        at += length
        length = length % 200 + 1
    return b"\n".join(lines) + b"\n"


@case("20 MB, encrypted", each=every)
def big(world, mx):
    world.passes(mx, message=Message(big_body(TWENTY_MEGABYTES))).came_as_offered()


@case("20 MB, in clear, to two recipients", each=every)
def big_clear(world, mx):
    message = Message(big_body(TWENTY_MEGABYTES))
    world.deliver(mx.host("clear"), mx.at("alice", "clear"), mx.at("bob", "clear"),
                  message=message).delivered(mx.ip("clear"), "rr")
    world.arrived(mx, message, ("alice", "bob"))


@case("over the server's size limit", each=every)
def too_big(world, mx):
    message = Message(b"x" * 70 + b"\n" + big_body(mx.size_limit + 2_000_000))
    report = world.deliver(mx.host(), mx.at("alice"), message=message)
    # Every one of these receivers announces its limit in the reply to EHLO.
    report.has(r"^D\S+ does not accept this message: .* \(#5\.3\.4\)")
    expect(report.letters == "", f"no report of a recipient wanted: {report}")
    world.nothing_arrived(message)


@case("ten at the same time", each=every)
def ten_at_once(world, mx):
    messages = [Message(big_body(200_000)) for _ in range(10)]
    deliveries = [world.begin(mx.host(), mx.at("alice"), message=message) for message in messages]
    for delivery in deliveries:
        delivery.report().delivered(mx.ip())
    for message in messages:
        world.arrived(mx, message).came_as_offered()
