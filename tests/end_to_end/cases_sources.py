# Where mail leaves from and the name we say: what the servers saw of it.
import contextlib
import pathlib
import re

from caller import expect
from sandbox import OURSELVES4, OURSELVES6, SECOND4, SECOND6
from world import Message, case, every

NOT_OURS4 = "192.0.2.77"
NOT_OURS6 = "2001:db8:7::77"


def came_from(world, mx, hello, address, host, sender="sender@me.example"):
    """A delivery; the server wrote down who said hello, and from where."""
    message = Message()
    report = world.deliver(host, mx.at("alice"), message=message, sender=sender)
    expect(report.letters == "r" and report.message[0] == "K", f"a delivery wanted: {report}")
    mail = world.arrived(mx, message)
    mail.came_in(rf"from {re.escape(hello)} \(.*\[(IPv6:)?{re.escape(address)}\]")


def hosts(mx):
    """Hosts of each family alone."""
    return mx.host("clear"), f"only6.{mx.domain}"


@case("outgoingip and outgoingip6", each=every)
def outgoing(world, mx):
    host4, host6 = hosts(mx)
    for own4, own6 in ((OURSELVES4, OURSELVES6), (SECOND4, SECOND6)):
        world.control("outgoingip", own4)
        world.control("outgoingip6", own6)
        came_from(world, mx, "me.example", own4, host4)
        came_from(world, mx, "me.example", own6, host6)


@case("outgoingip alone: IPv6 is not used unless :: asks for it", each=every)
def one_family(world, mx):
    host4, host6 = hosts(mx)
    world.control("outgoingip", SECOND4)
    came_from(world, mx, "me.example", SECOND4, host4)
    message = Message()
    world.deliver(host6, mx.at("alice"), message=message).is_("", "Z").has("outgoingip6")
    world.nothing_arrived(message)
    world.control("outgoingip6", "::")
    world.deliver(host6, mx.at("alice"), message=message).delivered(mx.ip6())
    world.arrived(mx, message)


@case("outgoingip6 alone: IPv4 is used", each=every)
def other_family(world, mx):
    host4, host6 = hosts(mx)
    world.control("outgoingip6", SECOND6)
    came_from(world, mx, "me.example", SECOND6, host6)
    message = Message()
    world.deliver(host4, mx.at("alice"), message=message).delivered(mx.ip("clear"))
    world.arrived(mx, message)


@case("0.0.0.0 and :: mean the system's choice", each=every)
def unspecified(world, mx):
    host4, host6 = hosts(mx)
    for file, value, host, address in (("outgoingip", "0.0.0.0", host4, mx.ip("clear")),
                                       ("outgoingip6", "::", host6, mx.ip6())):
        world.control(file, value)
        message = Message()
        world.deliver(host, mx.at("alice"), message=message).delivered(address)
        world.arrived(mx, message)


@contextlib.contextmanager
def strict_bind():
    """The kernel binds to its own addresses alone, as it does on hosts that are no sandbox."""
    loose = pathlib.Path("/proc/sys/net/ipv6/ip_nonlocal_bind")
    loose.write_text("0")
    try:
        yield
    finally:
        loose.write_text("1")


def unusable(file, content, host, address, sender="sender@me.example"):
    def deferred(world, mx):
        world.control(file, content)
        message = Message()
        with strict_bind():
            report = world.deliver(host(mx), mx.at("alice"), message=message, sender=sender)
        report.is_("", "Z").has(re.escape(file)).has(re.escape(address))
        expect(report.seconds < 3, f"immediately, not after {report.seconds:.1f} s")
        world.nothing_arrived(message)
    case(f"{file}: {content.strip()} is not on this host",
         each=lambda mx: mx.name == "postfix")(deferred)


unusable("outgoingip", NOT_OURS4, lambda mx: mx.host("clear"), NOT_OURS4)
unusable("outgoingip6", NOT_OURS6, lambda mx: f"only6.{mx.domain}", NOT_OURS6)
unusable("domainips", f"me.example:{NOT_OURS4}", lambda mx: mx.host("clear"), NOT_OURS4)
unusable("domainips", f"*:{NOT_OURS6}|six.me.example", lambda mx: f"only6.{mx.domain}", NOT_OURS6)
unusable("smtproutes.d/default", f"outgoingip={NOT_OURS4}", lambda mx: mx.host("clear"),
         NOT_OURS4)


@case("an address of the wrong family in outgoingip", each=lambda mx: mx.name == "postfix")
def wrong_family(world, mx):
    for file, address, host in (("outgoingip", SECOND6, mx.host("clear")),
                                ("outgoingip6", SECOND4, f"only6.{mx.domain}")):
        world.control(file, address)
        message = Message()
        world.deliver(host, mx.at("alice"), message=message) \
            .is_("", "ZUnable to read control files. (#4.3.0)").has(file)
        world.nothing_arrived(message)


@case("domainips, by the sender's domain", each=every)
def by_domain(world, mx):
    host4, host6 = hosts(mx)
    world.control("outgoingip", OURSELVES4)
    world.control("outgoingip6", OURSELVES6)
    world.control("domainips", f"shop.example:{SECOND4}|mail.shop.example\n"
                               f"shop.example:{SECOND6}|six.shop.example\n"
                               f"plain.example:{SECOND4}\n")
    came_from(world, mx, "mail.shop.example", SECOND4, host4, "cart@Shop.Example")
    came_from(world, mx, "six.shop.example", SECOND6, host6, "cart@shop.example")
    came_from(world, mx, "me.example", SECOND4, host4, "a@plain.example")
    came_from(world, mx, "me.example", OURSELVES6, host6, "a@plain.example")
    came_from(world, mx, "me.example", OURSELVES4, host4, "cart@www.shop.example")
    came_from(world, mx, "me.example", OURSELVES4, host4, "")
    world.control("domainips", f"*:{SECOND4}|all.me.example\nshop.example:{OURSELVES4}\n")
    came_from(world, mx, "all.me.example", SECOND4, host4, "a@plain.example")
    came_from(world, mx, "all.me.example", SECOND4, host4, "")
    came_from(world, mx, "me.example", OURSELVES4, host4, "cart@shop.example")


@case("helohostbyip, by the connection's address", each=every)
def hello_by_address(world, mx):
    host4, host6 = hosts(mx)
    world.control("helohost", "hello.me.example")
    world.control("helohostbyip", f"{OURSELVES4}:first.me.example\n{SECOND6}:six.me.example")
    world.control("outgoingip", OURSELVES4)
    world.control("outgoingip6", SECOND6)
    came_from(world, mx, "first.me.example", OURSELVES4, host4)
    came_from(world, mx, "six.me.example", SECOND6, host6)
    world.control("outgoingip", SECOND4)
    came_from(world, mx, "hello.me.example", SECOND4, host4)
    # A name of domainips counts before.
    world.control("domainips", f"*:{OURSELVES4}|own.me.example")
    came_from(world, mx, "own.me.example", OURSELVES4, host4)


@case("smtproutes.d's outgoingip counts before domainips and outgoingip", each=every)
def of_route(world, mx):
    host4, host6 = hosts(mx)
    world.control("outgoingip", OURSELVES4)
    world.control("outgoingip6", OURSELVES6)
    world.control("domainips", f"*:{OURSELVES4}|wrong.me.example")
    world.control(f"smtproutes.d/{host4}", f"outgoingip={SECOND4}")
    world.control(f"smtproutes.d/*.{mx.domain}", f"relay={host6}/mx\noutgoingip6={SECOND6}")
    came_from(world, mx, "me.example", SECOND4, host4)
    came_from(world, mx, "me.example", SECOND6, host6)
