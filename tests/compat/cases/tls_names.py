# contract.md#tls-files, contract.md#starttls: SNI, notlshosts, exhaustivelist, and port 465.
# What a demand means stands in tls_demanded.
import ssl

from harness.delivery import MX1, like
from harness.registry import case, table
from harness.smtp_server import HandshakeFailed

ACCEPTED = f"K{MX1} accepted message.\nRemote host said: 250 accepted"
TLS11 = ssl.TLSVersion.TLSv1_1


def over_tls(mx):
    mx.over_tls()


def in_clear_although_offered(mx):
    mx.accepts("STARTTLS")


@case
def sni_of_a_relay(t):
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:Relay.example")
    t.server(MX1, over_tls)
    t.deliver()
    t.says("r", ACCEPTED)
    t.equal(t.connections[0].sni.lower(), "relay.example", "SNI")


@case
def sni_of_a_host_without_mx(t):
    t.zone(f"dest.example A {MX1}")
    t.server(MX1, over_tls)
    t.deliver()
    t.says("r", ACCEPTED)
    t.equal(t.connections[0].sni, "dest.example", "SNI")


@table([(f"[{MX1}]",), (MX1,)])
def no_sni_for_a_literal(t, host):
    t.server(MX1, over_tls)
    t.deliver(host)
    t.says("r", ACCEPTED)
    t.equal(t.connections[0].sni, None, "SNI")


def zone_of(title):
    return {"exchanger": f"dest.example MX 10 mx1.dest.example\nmx1.dest.example A {MX1}",
            "capitals": f"dest.example MX 10 MX1.Dest.EXAMPLE\nmx1.dest.example A {MX1}",
            "no MX": f"dest.example A {MX1}"}[title]


@table([("exchanger", "mx1.dest.example"), ("capitals", "mx1.dest.example"),
        ("no MX", "dest.example")])
def notlshosts(t, title, name):
    t.zone(zone_of(title))
    t.control(f"notlshosts/{name}")
    t.server(MX1, in_clear_although_offered)
    t.deliver()
    t.says("r", ACCEPTED)


@case
def notlshosts_of_a_relay(t):
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:RELAY.example")
    t.control("notlshosts/relay.example")
    t.server(MX1, in_clear_although_offered)
    t.deliver()
    t.says("r", ACCEPTED)


@case
def notlshosts_of_a_host_in_capitals(t):
    t.zone(f"dest.example A {MX1}")
    t.control("notlshosts/dest.example")
    t.server(MX1, in_clear_although_offered)
    t.deliver("DEST.Example")
    t.says("r", ACCEPTED)


@table([("the domain", "dest.example"), ("another", "mx2.dest.example"),
        ("the address", MX1), ("the address in brackets", f"[{MX1}]")])
def notlshosts_of_something_else(t, title, name):
    t.control(f"notlshosts/{name}")
    t.server(MX1, over_tls)
    t.deliver()
    t.says("r", ACCEPTED)


@table([("notlshosts", f"notlshosts/{MX1}"), ("notlshosts in brackets", f"notlshosts/[{MX1}]"),
        ("tlshosts", f"tlshosts/{MX1}.pem"), ("tlshosts in brackets", f"tlshosts/[{MX1}].pem"),
        ("exhaustivelist", "tlshosts/exhaustivelist")])
def a_literal_consults_none_of_them(t, title, name):
    t.control(name)
    t.server(MX1, over_tls)
    t.deliver(f"[{MX1}]")
    t.says("r", ACCEPTED)


@case
def exhaustivelist(t):
    t.control("tlshosts/exhaustivelist")
    t.server(MX1, in_clear_although_offered)
    t.deliver()
    t.says("r", ACCEPTED)


@case
def exhaustivelist_and_pem(t):
    t.control("tlshosts/exhaustivelist")
    t.control("tlshosts/mx1.dest.example.pem", t.certificates.text("ca"))
    t.server(MX1, over_tls)
    t.deliver()
    t.says("r", ACCEPTED)


@case
def a_name_that_is_no_dns_name_never_becomes_a_path(t):
    # control/notlshosts/../me exists; the exchanger's "name" must not find it
    t.zone(f"dest.example MX 10 ../me\n../me A {MX1}\n/me A {MX1}")
    t.control("notlshosts/x")
    t.maybe(MX1, over_tls)
    t.deliver()
    t.check(t.last.startswith(("K", "Z", "D")), f"got {t.reports!r}")


# ---- port 465

def relay_465(t):
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:relay.example:465")


def implicit(mx, cert="relay.example", **options):
    mx.shakes_hands(cert=cert, **options)
    mx.greets()
    mx.takes_message()


@table([("nothing", None), ("notlshosts", "notlshosts/relay.example"),
        ("exhaustivelist", "tlshosts/exhaustivelist")])
def port_465_is_tls_from_the_first_byte(t, title, file):
    relay_465(t)
    if file:
        t.control(file)
    t.server(MX1, implicit, port=465)
    t.deliver()
    t.says("r", like(rf"K{MX1} accepted message\.\nRemote host said: 250 accepted"))
    t.body()
    t.equal(t.connections[0].sni, "relay.example", "SNI")


@case
def port_465_of_an_address(t):
    t.control("smtproutes", f"dest.example:{MX1}:465")
    t.server(MX1, implicit, port=465)
    t.deliver()
    t.says("r", like("K"))
    t.equal(t.connections[0].sni, None, "SNI")


@case
def port_465_offers_starttls_in_vain(t):
    def script(mx):
        mx.shakes_hands(cert="relay.example")
        mx.greets("STARTTLS")
        mx.takes_message()
    relay_465(t)
    t.server(MX1, script, port=465)
    t.deliver()
    t.says("r", like("K"))


@table([("garbage",), ("closes",), ("old versions",), ("speaks in clear",)])
def port_465_never_in_clear(t, how):
    def script(mx):
        if how == "garbage":
            mx.sock.recv(1)
            mx.sends(b"nonsense and nothing but nonsense\r\n")
            hears_nothing_readable(mx)
        elif how == "closes":
            mx.closes()
        elif how == "old versions":
            try:
                mx.shakes_hands(cert="relay.example", highest=TLS11)
            except HandshakeFailed:
                return
            mx.test.problem("TLS below 1.2 was accepted")
        else:
            mx.says("220 mx.example")
            hears_nothing_readable(mx)
    relay_465(t)
    t.server(MX1, script, port=465)
    t.never(MX1)
    t.deliver()
    t.says(like("Z"))
    t.mentions("465")


def hears_nothing_readable(mx):
    data = mx.rest()
    if b"EHLO" in data or b"MAIL" in data or b"QUIT" in data:
        mx.test.problem(f"clear text on port 465: {data!r}")
