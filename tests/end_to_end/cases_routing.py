# Where mail goes: real name servers, signed zones, both families, hosts that are down.
import names
from caller import expect
from world import Message, case, every, silent_port, tcpto


@case("the resolver validates")
def resolver_validates(world):
    good = names.query(names.RESOLVER, "postfix.example", 15)
    expect(good and good.authentic and good.code == 0, "AD bit and an answer wanted")
    bogus = names.query(names.RESOLVER, "bogus.example", 15)
    expect(bogus and bogus.code == 2, "SERVFAIL wanted of bogus.example")
    naked = names.query(names.AUTHORITATIVE, "bogus.example", 15)
    expect(naked and naked.code == 0 and naked.count == 1, "the bogus zone itself answers")


def goes_to(title, host, address):
    """A case whose whole story is: mail for this host of a receiver ends at that address."""
    def delivered(world, mx):
        domain = host.format(mx.domain)
        message = Message()
        world.deliver(domain, f"alice@{domain}", message=message).delivered(address(mx))
        world.arrived(mx, message)
    case(title, each=every)(delivered)


goes_to("an exchanger with an IPv6 address only", "only6.{}", lambda mx: mx.ip6())
goes_to("an exchanger whose IPv6 address is dead", "half-dead.{}", lambda mx: mx.ip("clear"))
goes_to("a domain without MX", "nomx.{}", lambda mx: mx.ip("clear"))
goes_to("the first exchanger down", "second.{}", lambda mx: mx.ip("clear"))
goes_to("the first exchanger turns us away", "unfriendly.{}", lambda mx: mx.ip("clear"))
goes_to("a CNAME at the domain", "alias.{}", lambda mx: mx.ip("clear"))
goes_to("a CNAME at the exchanger", "alias-mx.{}", lambda mx: mx.ip("clear"))
goes_to("an MX answer too long for UDP", "many.{}", lambda mx: mx.ip("clear"))
goes_to("a better exchanger than ourselves", "backup-up.{}", lambda mx: mx.ip("clear"))


@case("an exchanger with both families", each=every)
def dual_stack(world, mx):
    message = Message()
    report = world.deliver(mx.domain, f"alice@{mx.domain}", message=message)
    expect(report.message.startswith((f"K{mx.ip()} accepted", f"K{mx.ip6()} accepted")),
           f"one of both addresses wanted in {report}")
    world.arrived(mx, message).came_as_offered()


@case("the only exchanger turns us away", each=every)
def closed(world, mx):
    message = Message()
    report = world.deliver(mx.host("closed"), mx.at("alice", "closed"), message=message)
    report.is_("", f"ZConnected to {mx.ip('closed')} but greeting failed.\nRemote host said: ")
    world.nothing_arrived(message)


@case("literals", each=every)
def literals(world, mx):
    for literal in (f"[{mx.ip()}]", mx.ip(), f"[IPv6:{mx.ip6()}]", f"[{mx.ip6()}]"):
        address = mx.ip6() if ":" in literal else mx.ip()
        message = Message()
        world.deliver(literal, f"alice@{mx.domain}", message=message).delivered(address)
        world.arrived(mx, message)


@case("routes", each=every)
def routes(world, mx):
    world.control("smtproutes", f".elsewhere.example:{mx.mx('clear')}\n"
                                f"literal.example:[{mx.ip6()}]:25\n"
                                f"twice.example:down.example\n"
                                f"twice.example:{mx.ip('clear')}\n"
                                f"{mx.host()}:\n"
                                ":down.example")
    for host, address in (("a.b.Elsewhere.EXAMPLE", mx.ip("clear")), ("literal.example", mx.ip6()),
                          ("twice.example", mx.ip("clear")), (mx.host(), mx.ip())):
        message = Message()
        world.deliver(host, mx.at("alice"), message=message).delivered(address)
        world.arrived(mx, message)
    message = Message()
    world.deliver("elsewhere.example", mx.at("alice"), message=message).is_("", "Z") \
        .has(r"\(#4\.4\.1\)")
    world.nothing_arrived(message)


@case("an exchanger that does not answer is remembered", each=every)
def silent(world, mx):
    world.control("timeoutconnect", "1")
    held = silent_port("198.51.100.98")
    try:
        for count in (1, 1):  # the second time lies within 120 seconds and does not count
            message = Message()
            host = f"waits.{mx.domain}"
            world.deliver(host, f"alice@{host}", message=message).delivered(mx.ip("clear"))
            world.arrived(mx, message)
            expect(tcpto() == [("198.51.100.98", count)], f"table: {tcpto()}")
    finally:
        for each in held:
            each.close()


@case("the first exchanger hangs", each=every)
def hangs(world, mx):
    world.control("timeoutremote", "1")
    other = world.receivers[(world.receivers.index(mx) + 1) % len(world.receivers)]
    message = Message()
    with mx.daemon.frozen():
        report = world.deliver(f"frozen.{mx.domain}", "alice@shared.example", message=message)
    report.delivered(other.ip("clear"))
    world.arrived(other, message)
    expect(not mx.received(message.token), f"{mx.name} has it as well")


@case("equal preference is shared out")
def shared(world):
    used = set()
    for _ in range(12):
        message = Message()
        report = world.deliver("shared.example", "alice@shared.example", message=message)
        address = report.message[1:].split(" ")[0]
        receiver = next(mx for mx in world.receivers if mx.ip("clear") == address)
        report.delivered(address)
        world.arrived(receiver, message)
        used.add(receiver.name)
    # All twelve at the same one of four: once in four million runs.
    expect(len(used) > 1, f"always {used}")


def refused(title, host, letter, code, resolver=()):
    """A case in which no server is ever reached."""
    def undelivered(world):
        world.names.use_resolver(*resolver)
        message = Message()
        report = world.deliver(host, f"alice@{host}", message=message)
        report.is_("", letter).has(code)
        world.nothing_arrived(message)
    case(title)(undelivered)


NOT_FOUND = "DSorry, I couldn't find any host named {}. (#5.1.2)"
TROUBLE = r"\(#4\.(1\.2|4\.3)\)"
refused("NXDOMAIN", "nowhere.example", NOT_FOUND.format("nowhere.example"), "")
refused("NXDOMAIN of a top level domain", "host.nowhere", NOT_FOUND.format("host.nowhere"), "")
refused("neither MX nor address", "plain.example", NOT_FOUND.format("plain.example"), "")
refused("null MX", "nullmx.example", "D", r"\(#5\.1\.10\)")
refused("bogus DNSSEC", "bogus.example", "Z", TROUBLE)
refused("bogus DNSSEC, no such name", "sub.bogus.example", "Z", TROUBLE)
refused("a resolver that refuses", "refusing.example", "Z", TROUBLE)
refused("no resolver there", "main.postfix.example", "Z", TROUBLE,
        (f"nameserver {names.NO_SERVER}", "options timeout:1 attempts:1"))
refused("no server listens", "down.example", "Z", r"\(#4\.4\.1\)")
refused("the exchanger is ourselves", "loop.example", "D", r"\(#5\.4\.6\)")
refused("the exchanger is ourselves, IPv6", "loop6.example", "D", r"\(#5\.4\.6\)")
refused("the exchanger is 127.0.0.1", "loop-local.example", "D", r"\(#5\.4\.6\)")
refused("the exchanger is 127.0.0.1, mapped", "loop-mapped.example", "D", r"\(#5\.4\.6\)")
refused("the domain's own address is ourselves", "loop-direct.example", "D", r"\(#5\.4\.6\)")
refused("a literal that is ourselves", "[203.0.113.7]", "D", r"\(#5\.4\.6\)")
refused("a better exchanger down, then ourselves", "backup.postfix.example", "Z",
        r"\(#4\.4\.1\)")


@case("the first name server dead", each=every)
def second_resolver(world, mx):
    world.names.use_resolver(f"nameserver {names.NO_SERVER}", f"nameserver {names.RESOLVER}",
                             "options timeout:1 attempts:2")
    world.passes(mx, "clear")


@case("a name server with an IPv6 address", each=every)
def resolver_6(world, mx):
    world.names.use_resolver(f"nameserver {names.RESOLVER6}")
    world.passes(mx, "clear")
