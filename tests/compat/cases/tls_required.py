# contract.md#tls-files, contract.md#required-tls: tlshosts/<FQDN>.pem, and what it requires.
# Where nothing requires TLS, see starttls.
import ssl

from cases.common import over_tls, relay_at_465, taken_by
from harness.delivery import MX1, MX2, UNPRIVILEGED, like
from harness.registry import case, table
from harness.scripts import (hears_no_mail, implicit_tls, offers_old_tls_alone,
                             refused_by_the_client, sends_garbage_for_tls,
                             sends_plaintext_after_starttls)

NAME = "mx1.dest.example"
PEM = f"tlshosts/{NAME}.pem"


def tls_is_required(t, *authorities, name=NAME):
    t.control(f"tlshosts/{name}.pem", "".join(map(t.certificates.text, authorities or ("ca",))))


GOOD = [("dNSName", NAME, ("ca",)), ("RSA", "rsa", ("ca-rsa",)), ("Ed25519", "ed25519", ("ca",)),
        ("second dNSName", "second-name", ("ca",)), ("capitals", "upper-case", ("ca",)),
        ("CommonName only", "cn-only", ("ca",)), ("wildcard", "wildcard", ("ca",)),
        ("CommonName and an address", "cn-good-san-address", ("ca",)),
        ("chain", "chained", ("ca",)), ("one of two authorities", NAME, ("stranger", "ca")),
        ("other one of two", NAME, ("ca", "stranger")),
        ("three authorities", "rsa", ("stranger", "ca", "ca-rsa"))]

BAD = [("other dNSName", "wrong-name", ("ca",)), ("other CommonName", "cn-only-wrong", ("ca",)),
       ("CommonName beside a wrong dNSName", "cn-good-san-wrong", ("ca",)),
       ("only an address", "address-only", ("ca",)), ("parent domain", "parent-name", ("ca",)),
       ("name below", "longer-name", ("ca",)), ("name that ends so", "suffix-name", ("ca",)),
       ("wildcard of two labels", "wildcard-top", ("ca",)),
       ("wildcard of no label", "wildcard-same", ("ca",)),
       ("wildcard CommonName", "cn-wildcard", ("ca",)),
       ("wildcard within", "wildcard-inside", ("ca",)),
       ("wildcard of a part", "wildcard-part", ("ca",)),
       ("wildcard of all", "wildcard-all", ("ca",)), ("NUL in a name", "nul-name", ("ca",)),
       ("expired", "expired", ("ca",)), ("not yet valid", "not-yet-valid", ("ca",)),
       ("self-signed", "self-signed", ("ca",)), ("unknown authority", "unknown-authority", ("ca",)),
       ("authority of another", NAME, ("stranger",)),
       ("chain with a gap", "chain-missing", ("ca",)),
       ("signed by a leaf", "signed-by-a-leaf", ("ca",))]


@table([(f"{title}, TLS {version}", cert, authorities, version)
        for title, cert, authorities in GOOD for version in ("1.2", "1.3")])
def good_certificate(t, title, cert, authorities, version):
    tls_is_required(t, *authorities)
    exactly = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
    taken_by(t, MX1, lambda mx: mx.over_tls(cert=cert, lowest=exactly, highest=exactly))
    t.body()
    t.equal(t.connections[0].sni, NAME, "SNI")


@table([(f"{title}, TLS {version}", cert, authorities, version)
        for title, cert, authorities in BAD for version in ("1.2", "1.3")])
def bad_certificate(t, title, cert, authorities, version):
    tls_is_required(t, *authorities)
    exactly = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
    t.server(MX1, refused_by_the_client(cert, lowest=exactly, highest=exactly))
    t.deliver()
    t.says(like("Z"))
    t.mentions(PEM, NAME, MX1)
    t.never_mentions("Possible duplicate")


@table([("wrong name", "wrong-name", "other.example"), ("wildcard", "wildcard-top", "*.example"),
        ("CommonName", "cn-only-wrong", "other.example")])
def report_shows_the_names_of_the_certificate(t, title, cert, name):
    tls_is_required(t)
    t.server(MX1, refused_by_the_client(cert))
    t.deliver()
    t.says(like("Z"))
    t.mentions(name, NAME, PEM)


@case
def text_around_the_authorities(t):
    t.control(PEM, "Our authority:\n\n" + t.certificates.text("ca") + "\n# and another\n"
              + t.certificates.text("stranger") + "the end\n")
    taken_by(t, MX1, over_tls)


def unanswered(*extensions, reply=None, action=None):
    def script(mx):
        mx.greets(*extensions)
        if "STARTTLS" in extensions:
            mx.hears("STARTTLS")
            if reply:
                mx.says(reply)
            if action == "garbage":
                sends_garbage_for_tls(mx)
            elif action == "closes":
                mx.closes()
                return
            elif action == "old versions":
                offers_old_tls_alone(mx)
                return
        if action in ("garbage", "stalls"):
            mx.ends()
        else:
            hears_no_mail(mx)
    return script


@table([("not offered", unanswered()), ("454", unanswered("STARTTLS", reply="454 not now")),
        ("502", unanswered("STARTTLS", reply="502 no")),
        ("554", unanswered("STARTTLS", reply="554 no")),
        ("421", unanswered("STARTTLS", reply="421 busy")),
        ("nonsense", unanswered("STARTTLS", reply="nonsense")),
        ("garbage", unanswered("STARTTLS", reply="220 ready", action="garbage")),
        ("closes", unanswered("STARTTLS", reply="220 ready", action="closes")),
        ("old versions", unanswered("STARTTLS", reply="220 ready", action="old versions"))])
def never_in_clear(t, title, script):
    tls_is_required(t)
    t.server(MX1, script)  # exactly one connection
    t.deliver()
    t.says(like("Z"))
    t.never_mentions("Possible duplicate")


@table([("not offered", unanswered()), ("454", unanswered("STARTTLS", reply="454 not now")),
        ("garbage", unanswered("STARTTLS", reply="220 ready", action="garbage"))])
def report_names_the_file_that_requires_tls(t, title, script):
    tls_is_required(t)
    t.server(MX1, script)
    t.deliver()
    t.says(like("Z"))
    t.mentions(PEM, MX1)


@case(slow=True)
def stalled_handshake(t):
    tls_is_required(t)
    t.timeouts(1)
    t.server(MX1, unanswered("STARTTLS", reply="220 ready", action="stalls"))
    t.deliver()
    t.says(like("Z"))
    t.within(0.8, 6)


@case
def server_without_ehlo(t):
    def script(mx):
        mx.says("220 old.example")
        mx.hears("EHLO me.example")
        mx.says("502 what")
        mx.hears("HELO me.example")
        mx.says("250 old.example")
        hears_no_mail(mx)
    tls_is_required(t)
    t.server(MX1, script)
    t.deliver()
    t.says(like("Z"))


@table([("empty", b""), ("nonsense", b"this is no certificate\n"),
        ("broken", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("a key only", None)])
def broken_trust(t, title, content):
    if content is None:
        with open(f"{t.certificates.directory}/{NAME}.key.pem", "rb") as key:
            content = key.read()
    t.control(PEM, content)
    t.maybe(MX1, refused_by_the_client(NAME))
    t.deliver()
    t.says(like("Z"))
    t.mentions(PEM)


@table([("unreadable",), ("directory",)])
def trust_that_cannot_be_read(t, title):
    if title == "directory":
        (t.home / "control" / PEM).mkdir(parents=True)
    else:
        tls_is_required(t)
        (t.home / "control" / PEM).chmod(0)
    t.maybe(MX1, refused_by_the_client(NAME))
    t.deliver(uid=UNPRIVILEGED)
    t.says(like("Z"))
    t.mentions(PEM)


@case
def tlshosts_that_cannot_be_searched(t):
    # whether TLS is required is not known: nothing may be sent in clear
    tls_is_required(t)
    (t.home / "control/tlshosts").chmod(0)
    t.maybe(MX1, refused_by_the_client(NAME))
    t.deliver(uid=UNPRIVILEGED)
    t.says(like("Z"))


@table([("a_dangling_link",), ("a_file",)])
def tlshosts_that_is_not_a_directory(t, title):
    # as above: a link shows that there was a directory, whose requirements are unknown
    place = t.home / "control/tlshosts"
    if title == "a_file":
        place.write_text("")
    else:
        place.symlink_to(t.home / "nowhere")
    t.maybe(MX1, refused_by_the_client(NAME))
    t.deliver()
    t.says(like("Z"))
    t.mentions("control/tlshosts")


@table([("notlshosts", f"notlshosts/{NAME}"), ("exhaustivelist", "tlshosts/exhaustivelist")])
def overrides_the_other_two(t, title, file):
    tls_is_required(t)
    t.control(file)
    taken_by(t, MX1, over_tls)


@table([("notlshosts", f"notlshosts/{NAME}"), ("exhaustivelist", "tlshosts/exhaustivelist")])
def overrides_the_other_two_also_when_tls_fails(t, title, file):
    tls_is_required(t)
    t.control(file)
    t.server(MX1, refused_by_the_client("wrong-name"))
    t.deliver()
    t.says(like("Z"))


@table([("the domain", "dest.example"), ("the other exchanger", "mx2.dest.example"),
        ("a longer name", "x.mx1.dest.example")])
def of_another_name_requires_nothing(t, title, name):
    tls_is_required(t, "stranger", name=name)
    taken_by(t, MX1, over_tls)


SERVERS = [("exchanger in capitals",
            f"dest.example MX 10 MX1.Dest.EXAMPLE\nmx1.dest.example A {MX1}", None, NAME),
           ("host without MX", f"dest.example A {MX1}", None, "dest.example"),
           ("relay", f"relay.example A {MX1}", "dest.example:Relay.Example", "relay.example")]


def server_of(t, zone, route, name):
    """A server that the domain has by its zone or by a route, of which TLS is required."""
    t.zone(zone)
    if route:
        t.control("smtproutes", route)
    tls_is_required(t, name=name)


@table(SERVERS)
def by_the_servers_own_name(t, title, zone, route, name):
    server_of(t, zone, route, name)
    taken_by(t, MX1, lambda mx: mx.over_tls(cert=name))


@table(SERVERS)
def by_the_servers_own_name_and_refused(t, title, zone, route, name):
    server_of(t, zone, route, name)
    t.server(MX1, refused_by_the_client("wrong-name"))
    t.deliver()
    t.says(like("Z"))


# ---- a further exchanger: only where TLS is required there too

FAILURES = [("bad certificate", refused_by_the_client("wrong-name")), ("not offered", unanswered()),
            ("refused", unanswered("STARTTLS", reply="454 no")),
            ("garbage", unanswered("STARTTLS", reply="220 ready", action="garbage"))]


@table(FAILURES)
def no_exchanger_without_the_requirement(t, title, script):
    tls_is_required(t)
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says(like("Z"))


@table(FAILURES)
def an_exchanger_with_the_requirement(t, title, script):
    tls_is_required(t)
    tls_is_required(t, name="mx2.dest.example")
    t.server(MX1, script)
    taken_by(t, MX2, lambda mx: mx.over_tls(cert="mx2.dest.example"), host="two.example")


@table(FAILURES)
def a_third_exchanger_with_the_requirement(t, title, script):
    tls_is_required(t)
    tls_is_required(t, name="mx3.dest.example")
    t.zone(f"""
        dest.example MX 10 mx1.dest.example
        dest.example MX 20 mx2.dest.example
        mx1.dest.example A {MX1}
        mx2.dest.example A {MX2}
    """)
    t.server(MX1, script)
    t.never(MX2)
    t.deliver()
    t.says(like("Z"))


@case
def tls_fails_at_the_second_exchanger(t):
    # the first one's handshake fails, and at the second TLS is required and fails: nothing in clear
    tls_is_required(t, name="mx2.dest.example")
    garbage = unanswered("STARTTLS", reply="220 ready", action="garbage")
    t.maybe(MX1, garbage, lambda mx: mx.ends())
    t.server(MX2, refused_by_the_client("wrong-name"))
    t.deliver("two.example")
    t.says_lastly(like("Z"))


# ---- port 465

def relay_465(t):
    relay_at_465(t)
    tls_is_required(t, name="relay.example")


@case
def port_465_with_a_good_certificate(t):
    relay_465(t)
    t.server(MX1, implicit_tls, port=465)
    t.deliver()
    t.says("r", like("K"))


@table([("expired",), ("wrong-name",), ("self-signed",), ("unknown-authority",)])
def port_465_with_a_bad_certificate(t, cert):
    def script(mx):
        if mx.handshake_fails(cert=cert):
            return
        mx.says("220 mx.example")
        hears_no_mail(mx)
    relay_465(t)
    t.server(MX1, script, port=465)
    t.never(MX1)
    t.deliver()
    t.says(like("Z"))
    t.mentions("tlshosts/relay.example.pem")


# ---- injected plaintext where TLS is required

@case
def injected_plaintext(t):
    tls_is_required(t)
    t.server(MX1, sends_plaintext_after_starttls)
    t.deliver()
    t.says(like("Z"))
