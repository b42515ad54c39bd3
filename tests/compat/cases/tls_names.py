# contract.md#tls-files, contract.md#starttls: SNI, notlshosts, exhaustivelist, and port 465.
# What a requirement means is in tls_required.
from cases.common import in_clear_although_offered, over_tls, relay_at_465, taken_by
from harness.delivery import MX1, like
from harness.registry import case, table
from harness.scripts import implicit_tls, offers_old_tls_alone, sends_garbage_for_tls



@case
def sni_of_a_relay(t):
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:Relay.example")
    taken_by(t, MX1, over_tls)
    t.equal(t.connections[0].sni.lower(), "relay.example", "SNI")


@case
def sni_of_a_host_without_mx(t):
    t.zone(f"dest.example A {MX1}")
    taken_by(t, MX1, over_tls)
    t.equal(t.connections[0].sni, "dest.example", "SNI")


@table([(f"[{MX1}]",), (MX1,)])
def no_sni_for_a_literal(t, host):
    taken_by(t, MX1, over_tls, host=host)
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
    taken_by(t, MX1, in_clear_although_offered)


@case
def notlshosts_of_a_relay(t):
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:RELAY.example")
    t.control("notlshosts/relay.example")
    taken_by(t, MX1, in_clear_although_offered)


@case
def notlshosts_of_a_host_in_capitals(t):
    t.zone(f"dest.example A {MX1}")
    t.control("notlshosts/dest.example")
    taken_by(t, MX1, in_clear_although_offered, host="DEST.Example")


@table([("the domain", "dest.example"), ("another", "mx2.dest.example"),
        ("the address", MX1), ("the address in brackets", f"[{MX1}]")])
def notlshosts_of_something_else(t, title, name):
    t.control(f"notlshosts/{name}")
    taken_by(t, MX1, over_tls)


@table([("notlshosts", f"notlshosts/{MX1}"), ("notlshosts in brackets", f"notlshosts/[{MX1}]"),
        ("tlshosts", f"tlshosts/{MX1}.pem"), ("tlshosts in brackets", f"tlshosts/[{MX1}].pem"),
        ("exhaustivelist", "tlshosts/exhaustivelist")])
def a_literal_consults_none_of_them(t, title, name):
    t.control(name)
    taken_by(t, MX1, over_tls, host=f"[{MX1}]")


@case
def exhaustivelist(t):
    t.control("tlshosts/exhaustivelist")
    taken_by(t, MX1, in_clear_although_offered)


@case
def exhaustivelist_and_pem(t):
    t.control("tlshosts/exhaustivelist")
    t.control("tlshosts/mx1.dest.example.pem", t.certificates.text("ca"))
    taken_by(t, MX1, over_tls)


@case
def a_name_that_is_no_dns_name_never_becomes_a_path(t):
    # control/notlshosts/../me exists; the exchanger's "name" must not find it
    t.zone(f"dest.example MX 10 ../me\n../me A {MX1}\n/me A {MX1}")
    t.control("notlshosts/x")
    t.maybe(MX1, over_tls)
    t.deliver()
    t.check(t.last.startswith(("K", "Z", "D")), f"got {t.reports!r}")


# ---- port 465

@table([("nothing", None), ("notlshosts", "notlshosts/relay.example"),
        ("exhaustivelist", "tlshosts/exhaustivelist")])
def port_465_is_tls_from_the_first_byte(t, title, file):
    relay_at_465(t)
    if file:
        t.control(file)
    t.server(MX1, implicit_tls, port=465)
    t.deliver()
    t.says("r", like(rf"K{MX1} accepted message\.\nRemote host said: 250 accepted"))
    t.body()
    t.equal(t.connections[0].sni, "relay.example", "SNI")


@case
def port_465_of_an_address(t):
    t.control("smtproutes", f"dest.example:{MX1}:465")
    t.server(MX1, implicit_tls, port=465)
    t.deliver()
    t.says("r", like("K"))
    t.equal(t.connections[0].sni, None, "SNI")


@case
def port_465_with_starttls_offered_in_it(t):
    relay_at_465(t)
    t.server(MX1, lambda mx: implicit_tls(mx, "STARTTLS"), port=465)
    t.deliver()
    t.says("r", like("K"))


@table([("garbage",), ("closes",), ("old versions",), ("speaks in clear",)])
def port_465_never_in_clear(t, how):
    def script(mx):
        if how == "garbage":
            sends_garbage_for_tls(mx)
            hears_nothing_readable(mx)
        elif how == "closes":
            mx.closes()
        elif how == "old versions":
            offers_old_tls_alone(mx, cert="relay.example")
        else:
            mx.says("220 mx.example")
            hears_nothing_readable(mx)
    relay_at_465(t)
    t.server(MX1, script, port=465)
    t.never(MX1)
    t.deliver()
    t.says(like("Z"))
    t.mentions("465")


def hears_nothing_readable(mx):
    data = mx.rest()
    if b"EHLO" in data or b"MAIL" in data or b"QUIT" in data:
        mx.test.problem(f"clear text on port 465: {data!r}")
