# contract.md#hosts, contract.md#ourselves: hosts that are addresses, and those never connected to.
# Names are in names, relays in routes.
from cases.common import V6, accepted_by, accepts
from harness.delivery import MX1, MX2, like
from harness.network import OUR_ADDRESS, OUR_ADDRESS_6
from harness.registry import case, table
from harness.scripts import fails_at

LOOP = like(r"D.*\(#5\.4\.6\)")


@table([("198.51.100.1", MX1), ("[198.51.100.1]", MX1), ("[IPv6:2001:db8::1]", V6),
        ("[2001:db8::1]", V6), ("[2001:db8:0:0:0:0:0:1]", V6), ("[IPv6:2001:DB8::1]", V6),
        ("[::ffff:198.51.100.1]", MX1), ("[IPv6:::ffff:198.51.100.1]", MX1)])
def address_literal(t, host, address):
    t.server(address, accepts)
    t.deliver(host)
    t.says("r", accepted_by(address))
    t.equal(t.asked, [], "DNS queries")


@case
def address_literal_as_the_recipients_domain(t):
    t.server(MX1, lambda mx: mx.accepts(recipients=["joe@[198.51.100.1]"]))
    t.deliver("[198.51.100.1]", recipients=["joe@[198.51.100.1]"])
    t.says("r", like("K"))


@table([("[300.1.1.1]",), ("[1.2.3]",), ("[nonsense]",), ("[",), ("[]",), ("[198.51.100.1",),
        ("[IPv6:]",), ("[IPv6:2001:db8::1::2]",), ("[IPv6:198.51.100.1]",), ("",),
        ("[198.51.100.1]x",), ("a..b",), ("..",), ("a b",), ("a\nb",), ("x" * 64 + ".example",),
        ("[fe80::1%lo]",), ("[IPv6:fe80::1%1]",), ("[2001:db8::1%lo]",),
        ("../../etc/passwd",), (".".join(["a" * 60] * 6),)])
def not_a_host(t, host):
    # what the report says is open; there is no connection, and the report has its form
    before = t.network.connections_tried()
    t.deliver(host)
    t.check(t.last[:1] in ("D", "Z"), f"got {t.reports!r}")
    t.equal(t.network.connections_tried() - before - t.name_server_connections, 0, "connections")


OURSELVES = ["127.0.0.1", "127.9.8.7", OUR_ADDRESS, "0.0.0.0", "::", "::1", OUR_ADDRESS_6,
             "::ffff:127.0.0.1", f"::ffff:{OUR_ADDRESS}", "::ffff:0.0.0.0"]


@table([(f"[{address}]",) for address in OURSELVES] + [
    (f"[IPv6:{address}]",) for address in OURSELVES if ":" in address] + [
    ("127.0.0.1",), (OUR_ADDRESS,)])
def literal_of_ourselves(t, host):
    t.deliver(host)
    t.says(LOOP)


def zone_with(t, *exchangers):
    """Each exchanger is (preference, address...)."""
    text = ""
    for number, (preference, *addresses) in enumerate(exchangers, 1):
        text += f"dest.example MX {preference} mx{number}.dest.example\n"
        for address in addresses:
            kind = "AAAA" if ":" in address else "A"
            text += f"mx{number}.dest.example {kind} {address}\n"
    t.zone(text)


@table([(address,) for address in OURSELVES])
def the_only_exchanger_is_ourselves(t, address):
    zone_with(t, (10, address))
    t.deliver()
    t.says(LOOP)


@table([(address,) for address in OURSELVES])
def the_domain_itself_is_ourselves(t, address):
    t.zone(f"dest.example {'AAAA' if ':' in address else 'A'} {address}")
    t.deliver()
    t.says(LOOP)


@table([(address,) for address in OURSELVES])
def the_best_exchanger_is_ourselves(t, address):
    zone_with(t, (10, address), (20, MX1))
    t.never(MX1)
    t.deliver()
    t.says(LOOP)


@case
def equal_preference_to_ourselves(t):
    for _ in range(4):
        zone_with(t, (10, MX1), (10, OUR_ADDRESS), (10, MX2))
        t.never(MX1)
        t.never(MX2)
        t.deliver()
        t.says(LOOP)


@case
def better_than_ourselves(t):
    zone_with(t, (30, MX2), (20, OUR_ADDRESS), (10, MX1))
    t.server(MX1, accepts)
    t.never(MX2)
    t.deliver()
    t.says("r", like(f"K{MX1}"))


@case
def better_than_ourselves_but_out_of_order(t):
    zone_with(t, (10, MX1), (20, OUR_ADDRESS), (30, MX2))
    t.server(MX1, fails_at("greeting", "554 no"))
    t.never(MX2)
    t.deliver()
    t.says(f"ZConnected to {MX1} but greeting failed.\nRemote host said: 554 no")


@case
def one_of_two_addresses_is_ourselves(t):
    zone_with(t, (10, MX1, OUR_ADDRESS), (20, MX2))
    t.never(MX1)
    t.never(MX2)
    t.deliver()
    t.says(LOOP)


@case
def ourselves_by_one_family(t):
    zone_with(t, (10, "2001:db8::1", OUR_ADDRESS), (20, MX2))
    t.never("2001:db8::1")
    t.never(MX2)
    t.deliver()
    t.says(LOOP)


@table([("SERVFAIL",), ("REFUSED",), ("MUTE",)])
def a_better_exchanger_could_not_be_looked_up(t, trouble):
    t.zone(f"""
        dest.example      MX 10 mx1.dest.example
        dest.example      MX 20 mx2.dest.example
        mx1.dest.example  {trouble}
        mx2.dest.example  A {OUR_ADDRESS}
    """)
    t.resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    t.deliver()
    t.says(like("Z"))


@table([("127.0.0.1", "127.0.0.1"), ("[127.0.0.1]", "127.0.0.1"), (OUR_ADDRESS, OUR_ADDRESS),
        ("here.example", OUR_ADDRESS), ("[::1]", "::1")])
def a_relay_may_be_ourselves(t, relay, address):
    t.more_zone(f"\nhere.example A {OUR_ADDRESS}")
    t.control("smtproutes", f"dest.example:{relay}:2525")
    t.server(address, accepts, port=2525)
    t.deliver()
    t.says("r", like(f"K{address} accepted message"))


NEVER = ["224.0.0.1", "239.1.2.3", "255.255.255.255", "169.254.7.7", "ff02::1", "ff0e::1",
         "fe80::1", "::ffff:224.0.0.1", "::ffff:169.254.7.7"]


@table([(f"[{address}]",) for address in NEVER])
def literal_that_is_never_connected_to(t, host):
    before = t.network.connections_tried()
    t.deliver(host)
    t.check(t.last[:1] in ("D", "Z"), f"got {t.reports!r}")
    t.equal(t.network.connections_tried() - before, 0, "connections")
    t.within(0, 3)


@table([(address,) for address in NEVER])
def exchanger_that_is_never_connected_to(t, address):
    zone_with(t, (10, address), (20, MX1))
    t.server(MX1, accepts)
    before = t.network.connections_tried()
    t.deliver()
    t.says("r", like(f"K{MX1}"))
    t.equal(t.network.connections_tried() - before, 1, "connections")
