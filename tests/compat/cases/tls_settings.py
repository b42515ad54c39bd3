# contract.md#client-certificate, contract.md#ciphers.
# Broken files must cost no mail that goes without them.
import ssl

from cases.common import relay_at_465, taken_by
from harness.delivery import MX1, UNPRIVILEGED, like
from harness.registry import case, table
from harness.scripts import hears_no_mail

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = {"1.2": TLS12, "1.3": TLS13}


def shown(t):
    return t.connections[0].peer_certificate


@table([(f"{kind}, TLS {version}", kind, version) for kind in ("rsa", "ec", "ed25519")
        for version in VERSIONS])
def client_certificate_is_shown_when_asked_for(t, title, kind, version):
    exactly = VERSIONS[version]
    t.control("clientcert.pem", t.certificates.text(f"client-{kind}"))
    taken_by(t, MX1, lambda mx: mx.over_tls(asks=f"client-{kind}.cert", lowest=exactly,
                                            highest=exactly))
    t.equal(shown(t), t.certificates.der(f"client-{kind}"), "client certificate")


@table([(f"{kind}, TLS {version}", kind, version) for kind in ("rsa", "ec", "ed25519")
        for version in VERSIONS])
def client_certificate_satisfies_a_server_that_requires_one(t, title, kind, version):
    exactly = VERSIONS[version]
    t.control("clientcert.pem", t.certificates.text(f"client-{kind}"))
    taken_by(t, MX1, lambda mx: mx.over_tls(asks=f"client-{kind}.cert", requires=True,
                                            lowest=exactly, highest=exactly))


@table([("key first", True), ("certificate first", False)])
def order_in_the_file(t, title, key_first):
    directory = t.certificates.directory
    parts = [(directory / f"client-ec.{part}.pem").read_text() for part in ("cert", "key")]
    t.control("clientcert.pem", "".join(reversed(parts) if key_first else parts))
    taken_by(t, MX1, lambda mx: mx.over_tls(asks="client-ec.cert", requires=True))


@case
def client_certificate_with_its_chain(t):
    t.control("clientcert.pem", t.certificates.text("client-chained"))
    taken_by(t, MX1, lambda mx: mx.over_tls(asks="ca", requires=True))
    t.equal(shown(t), t.certificates.der("client-chained"), "client certificate")


@case
def client_certificate_is_not_shown_unasked(t):
    t.control("clientcert.pem", t.certificates.text("client-ec"))
    taken_by(t, MX1, lambda mx: mx.over_tls())
    t.equal(shown(t), None, "client certificate")


@case
def none_to_show(t):
    taken_by(t, MX1, lambda mx: mx.over_tls(asks="client-ec.cert"))
    t.equal(shown(t), None, "client certificate")


BROKEN = [("empty", b""), ("nonsense", b"this is no certificate\n"), ("no key", "cert"),
          ("no certificate", "key"), ("key of another", "mixed"), ("unreadable", "unreadable"),
          ("directory", "directory")]


def breaks(t, how):
    """Writes a clientcert.pem that is broken in this way."""
    directory = t.certificates.directory

    def part(kind, name):
        return (directory / f"client-{kind}.{name}.pem").read_bytes()
    content = {"cert": part("ec", "cert"), "key": part("ec", "key"),
               "mixed": part("ec", "cert") + part("rsa", "key"),
               "unreadable": part("ec", "cert") + part("ec", "key")}.get(how, how)
    if how == "directory":
        (t.home / "control/clientcert.pem").mkdir()
    else:
        t.control("clientcert.pem", content)
    if how == "unreadable":
        (t.home / "control/clientcert.pem").chmod(0)


@table(BROKEN)
def broken_client_certificate_is_gone_on_without(t, title, how):
    breaks(t, how)
    taken_by(t, MX1, lambda mx: mx.over_tls(asks="client-ec.cert"), uid=UNPRIVILEGED)
    t.equal(shown(t), None, "client certificate")


@table(BROKEN)
def broken_client_certificate_and_no_tls(t, title, how):
    breaks(t, how)
    taken_by(t, MX1, uid=UNPRIVILEGED)


@table([(f"{title}, TLS {version}", how, version) for title, how in BROKEN
        for version in VERSIONS])
def broken_client_certificate_is_named_when_the_session_fails(t, title, how, version):
    exactly = VERSIONS[version]

    def script(mx):
        mx.promises_tls()
        if mx.handshake_fails(asks="client-ec.cert", requires=True, lowest=exactly,
                              highest=exactly):
            return
        hears_no_mail(mx)
        mx.test.problem("the server required no certificate")
    breaks(t, how)
    t.control("tlshosts/mx1.dest.example.pem", t.certificates.text("ca"))
    t.server(MX1, script)
    t.deliver(uid=UNPRIVILEGED)
    t.says(like("Z"))
    t.mentions("clientcert.pem")


def negotiated(t):
    return t.connections[0].cipher


@table([
    ("one cipher of 1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("another of 1.2", "ECDHE-ECDSA-AES128-SHA256", TLS12, "ECDHE-ECDSA-AES128-SHA256"),
    ("CHACHA20", "ECDHE-ECDSA-CHACHA20-POLY1305", TLS12, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("one suite of 1.3", "TLS_AES_128_GCM_SHA256", TLS13, "TLS_AES_128_GCM_SHA256"),
    ("another of 1.3", "TLS_CHACHA20_POLY1305_SHA256", TLS13, "TLS_CHACHA20_POLY1305_SHA256"),
    ("both, 1.3", "TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-SHA256", TLS13,
     "TLS_CHACHA20_POLY1305_SHA256"),
    ("both, 1.2", "TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-SHA256", TLS12,
     "ECDHE-ECDSA-AES128-SHA256"),
    ("both in the other order", "ECDHE-ECDSA-AES128-SHA256:TLS_AES_128_GCM_SHA256", TLS13,
     "TLS_AES_128_GCM_SHA256"),
    ("lines, 1.2", "TLS_AES_128_GCM_SHA256\nECDHE-ECDSA-AES128-SHA256", TLS12,
     "ECDHE-ECDSA-AES128-SHA256"),
    ("lines, 1.3", "ECDHE-ECDSA-AES128-SHA256\nTLS_AES_128_GCM_SHA256", TLS13,
     "TLS_AES_128_GCM_SHA256"),
    ("comments and blanks", "# ours\n\nECDHE-ECDSA-AES128-SHA256 \t\n", TLS12,
     "ECDHE-ECDSA-AES128-SHA256"),
])
def cipher_of_the_file_is_taken(t, title, content, version, cipher):
    t.control("tlsclientciphers", content)
    taken_by(t, MX1, lambda mx: mx.over_tls(lowest=version, highest=version))
    t.equal(negotiated(t), cipher, "cipher")


@table([("only 1.3 named, server speaks 1.2", "TLS_AES_128_GCM_SHA256", TLS12),
        ("only 1.2 named, server speaks 1.3", "ECDHE-ECDSA-AES128-SHA256", TLS13),
        ("string of OpenSSL", "HIGH:!aNULL:!MD5", TLS12),
        ("string of OpenSSL, 1.3", "HIGH:!aNULL:!MD5", TLS13), ("DEFAULT", "DEFAULT", TLS13),
        ("empty file", b"", TLS12), ("empty file, 1.3", b"", TLS13)])
def a_list_without_names_keeps_its_default(t, title, content, version):
    t.control("tlsclientciphers", content)
    taken_by(t, MX1, lambda mx: mx.over_tls(lowest=version, highest=version))


@table([("no such cipher", "NOSUCHCIPHER"), ("no such suite", "TLS_NO_SUCH_SUITE"),
        ("two of them", "NOSUCH:NEITHER"), ("nonsense", "one cipher, please!")])
def refused_cipher_string(t, title, content):
    def script(mx):
        mx.greets("STARTTLS")
        line = mx.line()
        if line == "STARTTLS":
            mx.says("220 ready")
            mx.ends()
        elif line not in (None, "QUIT"):
            mx.test.problem(f"went on with {line!r}")
    t.control("tlsclientciphers", content)
    t.maybe(MX1, script)
    t.deliver()
    t.says(like("Z"))
    t.mentions("tlsclientciphers")


@case
def ciphers_for_port_465(t):
    def script(mx):
        mx.shakes_hands(cert="relay.example", highest=TLS12)
        mx.greets()
        mx.takes_message()
    relay_at_465(t)
    t.control("tlsclientciphers", "ECDHE-ECDSA-AES128-SHA256")
    t.server(MX1, script, port=465)
    t.deliver()
    t.says("r", like("K"))
    t.equal(negotiated(t), "ECDHE-ECDSA-AES128-SHA256", "cipher")
