# Routes with everything the files allow, and name servers that keep silent.
import re
import socket
import time

from caller import expect
from world import SENDER, Message, case, every

DOMAIN = "somewhere.example"


def through(world, mx, address, host=DOMAIN, sender=SENDER):
    message = Message()
    report = world.deliver(host, mx.at("alice"), message=message, sender=sender) \
        .delivered(address)
    world.arrived(mx, message)
    return report


def deferred(world, host=DOMAIN, sender=SENDER):
    message = Message()
    report = world.deliver(host, f"alice@{host}", message=message, sender=sender).is_("", "Z")
    world.nothing_arrived(message)
    return report


@case("a port after a semicolon, and after a colon with more", each=every)
def ports(world, mx):
    for relay in (f"{mx.mx('clear')};25", f"{mx.ip('clear')}:25 user", f"[{mx.ip('clear')}];25"):
        world.control("smtproutes", f":{relay}")
        through(world, mx, mx.ip("clear"))
    world.control("smtproutes", f":[{mx.ip6()}];25")
    through(world, mx, mx.ip6())


def in_order(title, first):
    def delivered(world, mx):
        world.control("smtproutes", f":{first(mx)},{mx.mx('clear')}")
        since = mx.daemon.sizes()
        report = through(world, mx, mx.ip("clear"))
        expect(report.seconds < 4, f"after {report.seconds:.1f} s")
        if mx.name == "postfix" and "closed" in first(mx):
            world.logged(mx.daemon, since, r"reject: CONNECT|reject: .*554")
    case(f"several relays: the first {title}", each=every)(delivered)


in_order("refuses connections", lambda mx: "down.example")
in_order("refuses connections, and the port is another", lambda mx: f"{mx.mx('clear')}:2599")
in_order("turns us away", lambda mx: mx.mx("closed"))
in_order("does not exist", lambda mx: "no-such-host.example")
in_order("cannot be looked up", lambda mx: "refusing.example")
in_order("has no address", lambda mx: "plain.example")


@case("several relays: the first works and alone is used", each=every)
def first_works(world, mx):
    world.control("smtproutes", f":{mx.mx('clear')},{mx.mx()},down.example")
    for _ in range(4):
        through(world, mx, mx.ip("clear"))


@case("several relays: all dead", each=lambda mx: mx.name == "postfix")
def none_works(world, mx):
    world.control("smtproutes", f":down.example,{mx.mx('closed')},no-such-host.example")
    deferred(world).has("greeting failed")


@case("a relay by its exchangers", each=every)
def by_exchangers(world, mx):
    world.control("smtproutes", f":second.{mx.domain}/mx")
    through(world, mx, mx.ip("clear"))
    world.control("smtproutes", f":second.{mx.domain}")  # it has no address itself
    deferred(world)


@case("!@ routes the null sender alone", each=every)
def null_sender(world, mx):
    world.control("smtproutes", f"!@:{mx.mx('clear')}\n{DOMAIN}:{mx.ip6()}\n:[{mx.ip6()}]\n"
                                f"{DOMAIN}:[{mx.ip6()}]")
    through(world, mx, mx.ip("clear"), sender="")
    through(world, mx, mx.ip6())


MALFORMED = ("2001:db8::7", "relay.example:0", "relay.example:70000", "two words", "a..b",
             "relay.example|user", "relay.example||password", ",relay.example", "[198.51.100.10")


@case("a malformed line defers its own mail alone", each=lambda mx: mx.name == "postfix")
def malformed(world, mx):
    for value in MALFORMED:
        world.control("smtproutes", f"# routes\nbad.example:{value}\n:{mx.mx('clear')}")
        deferred(world, "bad.example").has(r"\(#4\.3\.0\)").has("control/smtproutes, line 2")
        through(world, mx, mx.ip("clear"))
        world.control("smtproutes", f":{mx.mx('clear')}")
        world.control("authsenders", f"bad@me.example:{value}")
        deferred(world, sender="bad@me.example").has("control/authsenders, line 1")
        through(world, mx, mx.ip("clear"))
        (world.home / "control/authsenders").unlink()


@case("a malformed file of smtproutes.d defers its own mail alone",
      each=lambda mx: mx.name == "postfix")
def malformed_file(world, mx):
    for content in ("relai=x.example", "relay", "port=26", "clientkey=control/key.pem",
                    f"relay={mx.mx()}\nrelay={mx.mx()}", f"relay={mx.mx()}\noutgoingip=::1"):
        world.control("smtproutes.d/bad.example", content)
        world.control("smtproutes", f":{mx.mx('clear')}")
        deferred(world, "bad.example").has(r"\(#4\.3\.0\)").has("smtproutes.d/bad.example")
        through(world, mx, mx.ip("clear"))


@case("the files' precedence", each=every)
def precedence(world, mx):
    main, clear, six = mx.mx(), mx.mx("clear"), f"[{mx.ip6()}]"
    world.control("smtproutes", f":{clear}")
    through(world, mx, mx.ip("clear"), "a.b.test.example")
    world.control("smtproutes.d/default", f"relay={six}")
    through(world, mx, mx.ip6(), "a.b.test.example")
    world.control("smtproutes.d/*.test.example", f"relay={clear}")
    through(world, mx, mx.ip("clear"), "a.b.test.example")
    through(world, mx, mx.ip6(), "test.example")
    world.control("smtproutes.d/*.b.test.example", f"relay={six}\nport=25")
    through(world, mx, mx.ip6(), "a.b.test.example")
    world.control("smtproutes.d/a.b.test.example", f"relay={clear}")
    through(world, mx, mx.ip("clear"), "A.B.Test.Example")
    world.control("authsenders", f"@me.example:{main}")
    through(world, mx, mx.ip(), "a.b.test.example")
    through(world, mx, mx.ip("clear"), "a.b.test.example", "other@there.example")
    # The route's absence is a decision as well: MX as usual.
    world.control("authsenders", "@me.example:")
    through(world, mx, mx.ip6(), f"only6.{mx.domain}")


def asks(mx):
    return "strict" in mx.faces()


def certificate(world):
    """Certificate and key in two files, readable for qmailr."""
    chain, key = world.certificates.client_pair()
    world.control("ours.pem", chain)
    world.control("ours.key", key)


@case("a client certificate of smtproutes.d that the server requires", each=asks)
def client_certificate(world, mx):
    certificate(world)
    world.control(f"smtproutes.d/{DOMAIN}", f"relay={mx.mx('strict')}\n"
                  "clientcert=control/ours.pem\nclientkey=control/ours.key")
    message = Message()
    since = mx.daemon.sizes()
    world.deliver(DOMAIN, mx.at("alice"), message=message).delivered(mx.ip("strict"))
    world.arrived(mx, message).came_in(mx.saw_certificate)
    world.logged(mx.daemon, since, "Trusted TLS connection established from")


@case("a client certificate in one file with its key", each=asks)
def client_certificate_whole(world, mx):
    world.control("ours.pem", world.certificates.client("ecdsa"))
    world.control("smtproutes.d/default", f"relay={mx.mx('strict')}\nclientcert=control/ours.pem")
    message = Message()
    world.deliver(DOMAIN, mx.at("alice"), message=message).delivered(mx.ip("strict"))
    world.arrived(mx, message).came_in(mx.saw_certificate)


@case("a client certificate required and not shown", each=asks)
def no_client_certificate(world, mx):
    certificate(world)
    # The key alone does not make a certificate, another domain's file is not ours.
    world.control("smtproutes.d/other.example", "clientcert=control/ours.pem\n"
                                                "clientkey=control/ours.key")
    world.control("smtproutes", f":{mx.mx('strict')}")
    message = Message()
    report = world.deliver(DOMAIN, mx.at("alice"), message=message)
    expect(report.letters == "" and report.message[0] in "ZD", f"no delivery wanted: {report}")
    world.nothing_arrived(message)


@case("a client certificate whose file is not there", each=asks)
def missing_client_certificate(world, mx):
    world.control(f"smtproutes.d/{DOMAIN}", f"relay={mx.mx('strict')}\n"
                                            "clientcert=control/nowhere.pem")
    message = Message()
    report = world.deliver(DOMAIN, mx.at("alice"), message=message)
    expect(report.letters == "" and report.message[0] in "ZD", f"no delivery wanted: {report}")
    report.has("control/nowhere.pem")
    world.nothing_arrived(message)


@case("timeoutdns: a name server that never answers")
def never_answers(world):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("198.51.100.97", 53))
        world.names.use_resolver("nameserver 198.51.100.97")
        for seconds in (1, 2):
            world.control("timeoutdns", str(seconds))
            message = Message()
            began = time.monotonic()
            report = world.deliver("main.postfix.example", "alice@main.postfix.example",
                                   message=message)
            took = time.monotonic() - began
            report.is_("", "Z").has(r"\(#4\.(1\.2|4\.3)\)")
            expect(seconds - 0.2 < took < seconds + 1.5, f"{seconds} s wanted, took {took:.1f} s")
            world.nothing_arrived(message)
        expect(re.search(rb"postfix", deaf.recv(512)), "the name server was asked")
        # A route by address needs no names.
        exim = next(each for each in world.receivers if each.name == "exim")
        world.control("smtproutes", f":{exim.ip('clear')}")
        through(world, exim, exim.ip("clear"))
