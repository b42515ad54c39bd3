# IPv4 and IPv6 beside each other, and one of them dead: the one that answers gets the mail,
# immediately, and only an address that did not answer is remembered.
import socket
import time

import names
import sandbox
from caller import expect
from world import Message, case, every, silent, tcpto, tcpto6

AT_ONCE = 2  # seconds; the time-out for connections is 5


def delivered(world, mx, host, address):
    message = Message()
    report = world.deliver(host, mx.at("alice"), message=message).delivered(address)
    world.arrived(mx, message)
    return report


def none_remembered():
    expect(tcpto() == [] and tcpto6() == [], f"tables: {tcpto()} {tcpto6()}")


def one_family_dead(title, host, preference, dead, address):
    def at_once(world, mx):
        world.control("addresspreference", preference)
        with silent(dead):
            report = delivered(world, mx, f"{host}.{mx.domain}", address(mx))
        expect(report.seconds < AT_ONCE, f"after {report.seconds:.1f} s")
        none_remembered()
    # A failed handshake would send us back to the dead one before the clear way is taken.
    case(title, each=lambda mx: mx.tls_works)(at_once)


one_family_dead("IPv4 black-holed, and first", "no-ipv4", "ipv4", names.SILENT4,
                lambda mx: mx.ip6())
one_family_dead("IPv4 black-holed, and second", "no-ipv4", "ipv6", names.SILENT4,
                lambda mx: mx.ip6())
one_family_dead("IPv6 black-holed, and first", "no-ipv6", "ipv6", names.SILENT6,
                lambda mx: mx.ip("clear"))
one_family_dead("IPv6 black-holed, and second", "no-ipv6", "ipv4", names.SILENT6,
                lambda mx: mx.ip("clear"))


def no_server_answers(title, host, preference, dead4, dead6):
    def remembered(world):
        world.control("timeoutconnect", "1")
        world.control("addresspreference", preference)
        message = Message()
        with silent(names.SILENT4, names.SILENT6):
            report = world.deliver(f"{host}.example", f"alice@{host}.example", message=message)
        report.is_("", "Z").has(r"\(#4\.4\.1\)")
        expect(tcpto() == [(each, 1) for each in dead4], f"tcpto: {tcpto()}")
        expect(tcpto6() == [(each, 1) for each in dead6], f"tcpto6: {tcpto6()}")
        expect(report.seconds < 4, f"after {report.seconds:.1f} s")
    case(title)(remembered)


no_server_answers("IPv4 alone, dead, is remembered", "silent", "ipv4", [names.SILENT4], [])
no_server_answers("IPv6 alone, dead, is remembered", "silent6", "ipv4", [], [names.SILENT6])
no_server_answers("both dead are remembered, each in its table", "silent-both", "ipv4",
                  [names.SILENT4], [names.SILENT6])
no_server_answers("ipv6only: IPv4 is not even tried", "silent-both", "ipv6only", [],
                  [names.SILENT6])
no_server_answers("ipv4only: IPv6 is not even tried", "silent-both", "ipv4only",
                  [names.SILENT4], [])


@case("an IPv6 host that answers again is forgotten", each=every)
def forgotten(world, mx):
    host = f"only6.{mx.domain}"
    table = bytearray(2048)
    table[0], table[4] = socket.AF_INET6, 1
    table[8:12] = int(time.time()).to_bytes(4, "little")  # what is old counts as absent
    table[16:32] = socket.inet_pton(socket.AF_INET6, mx.ip6())
    (sandbox.HOME / "queue/lock/tcpto6").write_bytes(table)
    expect(tcpto6() == [(mx.ip6(), 1)], f"tcpto6 as written: {tcpto6()}")
    delivered(world, mx, host, mx.ip6())
    expect(all(count == 0 for _, count in tcpto6()), f"tcpto6: {tcpto6()}")


@case("addresspreference", each=every)
def preference(world, mx):
    for word, address in (("ipv4", mx.ip()), ("ipv6", mx.ip6()), ("ipv4only", mx.ip()),
                          ("ipv6only", mx.ip6())):
        world.control("addresspreference", word)
        delivered(world, mx, mx.domain, address)


@case("addresspreference excludes the only family", each=every)
def excluded(world, mx):
    for word, host in (("ipv4only", f"only6.{mx.domain}"), ("ipv6only", mx.host("clear"))):
        world.control("addresspreference", word)
        message = Message()
        report = world.deliver(host, mx.at("alice"), message=message)
        expect(report.message[0] in "ZD" and report.letters == "", f"no delivery wanted: {report}")
        report.has("addresspreference")
        world.nothing_arrived(message)


@case("an addresspreference that is none", each=every)
def no_preference(world, mx):
    world.control("addresspreference", "ipv5")
    message = Message()
    world.deliver(mx.domain, mx.at("alice"), message=message) \
        .is_("", "ZUnable to read control files. (#4.3.0)").has("addresspreference")
    world.nothing_arrived(message)
