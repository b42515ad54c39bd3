# TLS with the servers' own stacks: OpenSSL in Postfix, GnuTLS in Exim, OpenSMTPD's own
# detour to its keys, and, as Debian ships it, a server that offers what it cannot do.
from caller import expect
from world import Message, case, every


def works(mx):
    return mx.tls_works


def undelivered(world, host, address):
    """The report where TLS is required and fails; it has the form of all of them."""
    message = Message()
    report = world.deliver(host, address, message=message)
    report.is_("", "Z")
    expect(report.verdict() == "Z", f"deferred by qmail-rspawn: {report}")
    report.has_not("Possible duplicate")
    world.nothing_arrived(message)
    return report


@case("STARTTLS with a certificate that proves nothing", each=works)
def self_signed(world, mx):
    world.passes(mx, "selfsigned").came_in("TLSv?1[.]3")


@case("a certificate required and good", each=works)
def verified(world, mx):
    world.trusts(mx.mx())
    world.passes(mx).came_encrypted()


@case("a certificate required, of another name", each=works)
def wrong_name(world, mx):
    host = f"misnamed.{mx.domain}"
    world.trusts(host)
    undelivered(world, host, f"alice@{host}").has(mx.mx()).has(host).has(f"tlshosts/{host}.pem")


@case("a certificate required, of another authority", each=works)
def wrong_authority(world, mx):
    world.trusts(mx.mx(), world.certificates.stranger)
    undelivered(world, mx.host(), mx.at("alice")).has(f"tlshosts/{mx.mx()}.pem")


@case("a certificate required by a directory, and good", each=works)
def verified_by_directory(world, mx):
    world.trusts_directory(mx.mx(), world.certificates.stranger, world.certificates.authority)
    world.passes(mx).came_encrypted()


@case("a certificate required by a directory, of another authority", each=works)
def wrong_authority_in_directory(world, mx):
    world.trusts_directory(mx.mx(), world.certificates.stranger)
    undelivered(world, mx.host(), mx.at("alice")).has("certificate verification failed") \
        .has(f"tlshosts/{mx.mx()}.pem")


@case("a certificate required by a directory, of another name", each=works)
def wrong_name_by_directory(world, mx):
    host = f"misnamed.{mx.domain}"
    world.trusts_directory(host, world.certificates.authority)
    undelivered(world, host, f"alice@{host}").has(mx.mx()).has(f"tlshosts/{host}.pem")


@case("a certificate required by a directory that is not rehashed, empty or absent", each=works)
def useless_directory(world, mx):
    directory = world.trusts_directory(mx.mx(), world.certificates.authority, rehashed=False)
    for state in ("never rehashed", "empty"):
        undelivered(world, mx.host(), mx.at("alice")).has("Unable to read control files") \
            .has(f"tlshosts/{mx.mx()}.pem contains no certificate named by its hash; .*rehash")
        for path in directory.iterdir():
            path.unlink()
    directory.rmdir()
    undelivered(world, mx.host(), mx.at("alice")) \
        .has(f"tlshosts/{mx.mx()}.pem is a dangling symbolic link")


@case("a certificate required by a directory that qmailr cannot read", each=works)
def unreadable_directory(world, mx):
    directory = world.trusts_directory(mx.mx(), world.certificates.authority)
    hidden = next(directory.glob("*.0"))
    for path, mode, name in ((directory, 0o700, f"{mx.mx()}.pem"), (hidden, 0o600, hidden.name)):
        before = path.stat().st_mode
        path.chmod(mode)
        undelivered(world, mx.host(), mx.at("alice")) \
            .has(f"{name} cannot be read: permission denied")
        path.chmod(before)
    world.passes(mx).came_encrypted()


@case("a certificate required, expired", each=works)
def expired(world, mx):
    world.trusts(mx.mx("expired"))
    undelivered(world, mx.host("expired"), mx.at("alice", "expired")).has("expired")


@case("a certificate required, no TLS offered", each=every)
def not_offered(world, mx):
    world.trusts(mx.mx("clear"))
    undelivered(world, mx.host("clear"), mx.at("alice", "clear")) \
        .has(f"tlshosts/{mx.mx('clear')}.pem")


@case("a certificate required beats notlshosts and exhaustivelist", each=works)
def precedence(world, mx):
    world.trusts(mx.mx())
    world.control(f"notlshosts/{mx.mx()}", "")
    world.control("tlshosts/exhaustivelist", "")
    world.passes(mx).came_encrypted()


@case("notlshosts", each=every)
def excluded(world, mx):
    world.control(f"notlshosts/{mx.mx()}", "")
    world.passes(mx).came_in_clear()


@case("exhaustivelist without this host", each=every)
def exhaustive(world, mx):
    world.control("tlshosts/exhaustivelist", "")
    world.passes(mx).came_in_clear()


@case("port 465", each=works)
def port_465(world, mx):
    world.control("smtproutes", f"{mx.host()}:{mx.mx()}:465")
    world.control(f"notlshosts/{mx.mx()}", "")
    world.control("tlshosts/exhaustivelist", "")
    world.passes(mx).came_encrypted()


@case("port 465, certificate required and good, over IPv6", each=works)
def port_465_verified(world, mx):
    exchanger = f"mx-only6.{mx.domain}"
    world.control("smtproutes", f":{exchanger}:465")
    world.trusts(exchanger)
    message = Message()
    world.deliver(mx.host(), mx.at("alice"), message=message).delivered(mx.ip6())
    world.arrived(mx, message).came_encrypted()


@case("port 465, certificate of another name", each=works)
def port_465_misnamed(world, mx):
    host = f"misnamed.{mx.domain}"
    world.control("smtproutes", f":{host}:465")
    world.trusts(host)
    undelivered(world, mx.host(), mx.at("alice")).has("465")


@case("a TLS 1.3 suite of the operator's choice", each=works)
def suites(world, mx):
    world.control("tlsclientciphers", "TLS_CHACHA20_POLY1305_SHA256:HIGH")
    world.passes(mx).came_in("CHACHA20")


def client_certificate(kind):
    def shown(world, mx):
        world.control("clientcert.pem", world.certificates.client(kind))
        world.passes(mx, "asking").came_in(mx.saw_certificate)
    case(f"a client certificate ({kind}) that the server asks for", each=works)(shown)


for key in ("rsa", "ecdsa", "ed25519"):
    client_certificate(key)


@case("a broken client certificate does not hinder", each=every)
def broken_client_certificate(world, mx):
    world.control("clientcert.pem", "this is no certificate")
    world.passes(mx).came_as_offered()


@case("a server with TLS 1.0 only: in clear in the end", each=lambda mx: mx.ancient)
def too_old(world, mx):
    world.passes(mx, "ancient").came_in_clear()


@case("a server with TLS 1.0 only, certificate required", each=lambda mx: mx.ancient)
def too_old_demanded(world, mx):
    world.trusts(mx.mx("ancient"))
    undelivered(world, mx.host("ancient"), mx.at("alice", "ancient"))


def passes_by_the_second_exchanger(world, mx, name):
    message = Message()
    report = world.deliver(f"{name}.{mx.domain}", mx.at("alice"), message=message)
    expect(report.message.startswith((f"K{mx.ip()} accepted", f"K{mx.ip6()} accepted")),
           f"the second exchanger wanted in {report}")
    world.arrived(mx, message).came_encrypted()


@case("a handshake that fails, a second exchanger where it works", each=lambda mx: mx.ancient)
def upgrading(world, mx):
    passes_by_the_second_exchanger(world, mx, "upgrading")


@case("certificates required of two exchangers, the second one's good", each=works)
def renewing(world, mx):
    world.trusts(mx.mx("expired"))
    world.trusts(mx.mx())
    passes_by_the_second_exchanger(world, mx, "renewing")


@case("a certificate required of the first exchanger only", each=works)
def one_demanded(world, mx):
    world.trusts(mx.mx("expired"))
    undelivered(world, f"renewing.{mx.domain}", mx.at("alice")) \
        .has(f"tlshosts/{mx.mx('expired')}.pem")


@case("a handshake that fails: in clear in the end", each=lambda mx: not mx.tls_works)
def failing(world, mx):
    world.passes(mx, "selfsigned").came_in_clear()


@case("a handshake that fails, certificate required", each=lambda mx: not mx.tls_works)
def failing_demanded(world, mx):
    world.trusts(mx.mx())
    undelivered(world, mx.host(), mx.at("alice")).has(f"tlshosts/{mx.mx()}.pem")


@case("a handshake that fails, port 465: never in clear", each=lambda mx: not mx.tls_works)
def failing_465(world, mx):
    world.control("smtproutes", f":{mx.mx()}:465")
    undelivered(world, mx.host(), mx.at("alice")).has("465")
