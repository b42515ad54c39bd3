# contract.md#smtproutes.
# Later formats of the family (users, lists of relays) are not tried.
import time

from cases.common import accepted_by, accepts
from harness.delivery import like
from harness.registry import case, table

# Where mail goes without a route, and the relays.
DIRECT, RELAY, OTHER = "198.51.100.1", "203.0.113.1", "203.0.113.2"
ZONE = f"""
    dest.example          MX 10 mx1.dest.example
    sub.dest.example      MX 10 mx1.dest.example
    a.b.dest.example      MX 10 mx1.dest.example
    xdest.example         MX 10 mx1.dest.example
    other.example         MX 10 mx1.dest.example
    mx1.dest.example      A  {DIRECT}
    relay.example         A  {RELAY}
    relay.example         MX 5 trap.example
    trap.example          A  203.0.113.99
    other-relay.example   A  {OTHER}
    six.example           AAAA 2001:db8::7
"""

ROUTES = [
    # title, file, host, address, port
    ("full match", "dest.example:relay.example", "dest.example", RELAY, 25),
    ("other domain", "other.example:relay.example", "dest.example", DIRECT, 25),
    ("key in capitals", "DEST.Example:relay.example", "dest.example", RELAY, 25),
    ("host in capitals", "dest.example:relay.example", "Dest.EXAMPLE", RELAY, 25),
    ("relay in capitals", "dest.example:RELAY.example", "dest.example", RELAY, 25),
    ("suffix", ".example:relay.example", "dest.example", RELAY, 25),
    ("suffix in capitals", ".EXAMPLE:relay.example", "dest.example", RELAY, 25),
    ("suffix is not the domain itself", ".dest.example:relay.example", "dest.example", DIRECT, 25),
    ("suffix of a subdomain", ".dest.example:relay.example", "sub.dest.example", RELAY, 25),
    ("suffix two labels up", ".dest.example:relay.example", "a.b.dest.example", RELAY, 25),
    ("suffix only at a dot", "dest.example:relay.example", "xdest.example", DIRECT, 25),
    ("domain is no suffix", "dest.example:relay.example", "sub.dest.example", DIRECT, 25),
    ("longest suffix wins", ".example:other-relay.example\n.dest.example:relay.example",
     "sub.dest.example", RELAY, 25),
    ("longest suffix wins in any order", ".dest.example:relay.example\n.example:"
     "other-relay.example", "sub.dest.example", RELAY, 25),
    ("full match beats suffix", ".example:other-relay.example\ndest.example:relay.example\n"
     ":other-relay.example", "dest.example", RELAY, 25),
    ("suffix beats the empty domain", ":other-relay.example\n.example:relay.example",
     "dest.example", RELAY, 25),
    ("empty domain", ":relay.example", "dest.example", RELAY, 25),
    ("empty domain and a literal", ":relay.example", "[198.51.100.1]", RELAY, 25),
    ("empty domain and an unknown host", ":relay.example", "nowhere.invalid", RELAY, 25),
    ("empty relay", "dest.example:", "dest.example", DIRECT, 25),
    ("empty relay ends the search", "dest.example:\n:relay.example", "dest.example", DIRECT, 25),
    ("empty relay of a suffix", ".example:\n:relay.example", "dest.example", DIRECT, 25),
    ("of the manual page", ".af.mil:\n:relay.example", "af.mil", RELAY, 25),
    ("last of two wins", "dest.example:other-relay.example\ndest.example:relay.example",
     "dest.example", RELAY, 25),
    ("last of two wins whatever the case", "dest.example:other-relay.example\n"
     "DEST.EXAMPLE:relay.example", "dest.example", RELAY, 25),
    ("last of three, empty", "dest.example:other-relay.example\ndest.example:relay.example\n"
     "dest.example:", "dest.example", DIRECT, 25),
    ("last empty domain", ":other-relay.example\n:relay.example", "dest.example", RELAY, 25),
    ("last suffix", ".example:other-relay.example\n.example:relay.example", "dest.example",
     RELAY, 25),
    ("comment", "#dest.example:other-relay.example\n# more\ndest.example:relay.example",
     "dest.example", RELAY, 25),
    ("only a comment", "#:relay.example", "dest.example", DIRECT, 25),
    ("empty lines", "\n\n\ndest.example:relay.example\n\n", "dest.example", RELAY, 25),
    ("trailing blanks", "dest.example:relay.example \t ", "dest.example", RELAY, 25),
    ("no colon", "dest.example\nother.example relay.example", "dest.example", DIRECT, 25),
    ("no colon after a good line", "dest.example:relay.example\ndest.example", "dest.example",
     RELAY, 25),
    ("port", "dest.example:relay.example:2626", "dest.example", RELAY, 2626),
    ("port and blank", "dest.example:relay.example:2626 ", "dest.example", RELAY, 2626),
    ("port and more", "dest.example:relay.example:2626 user", "dest.example", RELAY, 2626),
    ("port 25", "dest.example:relay.example:25", "dest.example", RELAY, 25),
    ("bare IPv4", f"dest.example:{RELAY}", "dest.example", RELAY, 25),
    ("bare IPv4 with port", f"dest.example:{RELAY}:2626", "dest.example", RELAY, 2626),
    ("bracketed IPv4", f"dest.example:[{RELAY}]", "dest.example", RELAY, 25),
    ("bracketed IPv4 with port", f"dest.example:[{RELAY}]:2626", "dest.example", RELAY, 2626),
    ("bracketed IPv6", "dest.example:[2001:db8::7]", "dest.example", "2001:db8::7", 25),
    ("bracketed IPv6 with port", "dest.example:[2001:db8::7]:2626", "dest.example",
     "2001:db8::7", 2626),
    ("relay with AAAA only", "dest.example:six.example", "dest.example", "2001:db8::7", 25),
    ("bracket key", "[198.51.100.9]:relay.example", "[198.51.100.9]", RELAY, 25),
    ("bracket key of IPv6", "[2001:db8::9]:relay.example", "[2001:db8::9]", RELAY, 25),
    ("bracket key of IPv6 with tag", "[IPv6:2001:db8::9]:relay.example", "[IPv6:2001:db8::9]",
     RELAY, 25),
    ("bracket key and bracket relay", f"[2001:db8::9]:[{RELAY}]:2626", "[2001:db8::9]", RELAY,
     2626),
    ("bracket key with empty relay", f"[{DIRECT}]:\n:relay.example", f"[{DIRECT}]", DIRECT, 25),
    ("bracket key of another", "[2001:db8::8]:other-relay.example\n:relay.example",
     "[2001:db8::9]", RELAY, 25),
    ("malformed line of another domain", "other.example:2001:db8::7\n"
     "dest.example:relay.example", "dest.example", RELAY, 25),
    ("malformed line of another domain, none of ours", "other.example:[2001:db8::7",
     "dest.example", DIRECT, 25),
    ("malformed line before a better key", ":[nonsense]\ndest.example:relay.example",
     "dest.example", RELAY, 25),
    ("malformed line overruled by a later one", "dest.example:[nonsense]\n"
     "dest.example:relay.example", "dest.example", RELAY, 25),
    ("no final newline", b"dest.example:relay.example", "dest.example", RELAY, 25),
    ("empty file", b"", "dest.example", DIRECT, 25),
    ("many lines", "".join(f"d{n}.example:other-relay.example\n" for n in range(20000))
     + "dest.example:relay.example", "dest.example", RELAY, 25),
]


@table(ROUTES)
def route(t, title, content, host, address, port):
    t.zone(ZONE)
    t.control("smtproutes", content)
    t.server(address, accepts, port=port)
    t.deliver(host)
    t.says("r", accepted_by(address))


@case
def relay_is_found_by_its_addresses_alone(t):
    t.zone(ZONE)
    t.control("smtproutes", "dest.example:relay.example")
    t.server(RELAY, accepts)
    t.deliver()
    t.says("r", like("K"))
    asked = {kind for name, kind in t.asked if name == "relay.example"}
    t.check("MX" not in asked, f"asked {t.asked!r}")
    t.check(not [name for name, _ in t.asked if name == "dest.example"], f"asked {t.asked!r}")


@table([("unbracketed IPv6", "dest.example:2001:db8::7"),
        ("open bracket", f"dest.example:[{RELAY}"), ("no address", "dest.example:[nonsense]"),
        ("empty brackets", "dest.example:[]"), ("of a suffix", ".example:2001:db8::7"),
        ("of the empty domain", ":2001:db8::7"),
        ("last of two", "dest.example:relay.example\ndest.example:[nonsense]")])
def malformed_line_defers_its_mail(t, title, content):
    t.zone(ZONE)
    t.control("smtproutes", content)
    t.never(DIRECT)
    t.never(RELAY)
    t.never("2001:db8::7")
    t.deliver()
    t.says(like("Z"))
    t.mentions("smtproutes")


# contract.md#smtproutes: two words after the port are a user and password, for which
# TLS is required; what else is there is ignored.
@table([("blank", "user password", True), ("tab", "user\tpassword", True),
        ("one word", "word", False), ("three words", "user password env", False)])
def words_after_the_port(t, title, words, logs_in):
    t.zone(ZONE)
    t.control("smtproutes", f"dest.example:relay.example:2525 {words}")

    def has_no_tls(mx):
        mx.greets()
        mx.ends()
    t.server(RELAY, has_no_tls if logs_in else accepts, port=2525)
    t.deliver()
    if logs_in:
        t.says(like("Z"))
        t.mentions("control/smtproutes, line 1")
    else:
        t.says("r", like("K"))


@case
def empty_value_of_authsenders_goes_on_to_smtproutes(t):
    t.zone(ZONE)
    t.control("authsenders", ":")
    t.control("smtproutes", "dest.example:relay.example")
    t.server(RELAY, accepts)
    t.deliver()
    t.says("r", like("K"))


@case
def several_addresses_of_a_relay(t):
    t.zone(f"relay.example A {RELAY}\nrelay.example A {OTHER}")
    t.control("smtproutes", "dest.example:relay.example")
    first = []

    def script(mx):
        first.append(mx.label)
        if len(first) == 1:
            mx.says("554 no")
            mx.ends()
        else:
            mx.accepts()
    t.server(RELAY, script)
    t.server(OTHER, script)
    t.deliver()
    t.says("r", like("K"))


@case
def relay_out_of_order_is_the_only_one(t):
    t.zone(ZONE)
    t.control("smtproutes", "dest.example:relay.example")
    t.never(DIRECT)
    t.deliver()
    t.says(like(r"Z.*\(#4\.4\.1\)"))


@case
def relay_cannot_be_looked_up(t):
    t.zone("relay.example SERVFAIL")
    t.control("smtproutes", "dest.example:relay.example")
    t.deliver()
    t.says(like(r"Z.*\(#4\.(1\.2|4\.3)\)"))


@case
def recipients_are_left_alone_by_a_route(t):
    t.zone(ZONE)
    t.control("smtproutes", ":relay.example")
    many = ["Joe@Dest.Example", "ann@other.example"]
    t.server(RELAY, lambda mx: mx.accepts(recipients=many))
    t.deliver(recipients=many)
    t.says("r", "r", like("K"))


@case
def greater_file_is_read_in_time(t):
    t.zone(ZONE)
    t.control("smtproutes", "".join(f"d{n}.example:\n" for n in range(200_000))
              + ":relay.example")
    t.server(RELAY, accepts)
    began = time.monotonic()
    t.deliver()
    t.says("r", like("K"))
    t.check(time.monotonic() - began < 10, "200,000 routes took more than 10 s")
