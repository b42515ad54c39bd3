# Relays that want a login: Dovecot's mechanisms (for Postfix) and Exim's. Nothing goes to them
# without, no password crosses the wire in clear or is in a report.
import base64
import re

import dovecot
import sandbox
from caller import expect
from dovecot import GUEST, OTHER_PASSWORD, PASSWORD, USER
from sink import ADDRESS, Sink
from wire import Wire
from world import SENDER, Message, case

DOMAIN = "somewhere.example"


def logs_in(mx):
    return mx.mechanisms


def dovecot_judges(mx):
    return mx.name == "postfix"


def route(mx, port, password=PASSWORD, host=None):
    return f"{host or mx.mx('login')}:{port}|{USER}|{password}"


EXIMS_NAMES = {"CRAM-MD5": "challenge", "PLAIN": "plain", "LOGIN": "login"}


def took_login(world, mx, since, mechanism):
    """The server's log says who logged in, and how."""
    world.logged(mx.daemon, since, f"A={EXIMS_NAMES[mechanism]}:{USER}" if mx.name == "exim" else
                 f"sasl_method={mechanism}, sasl_username={USER}")


def secrets(password):
    """The forms in which a password goes out with PLAIN and LOGIN, and itself."""
    yield password.encode()
    yield base64.b64encode(password.encode())
    yield base64.b64encode(f"\0{USER}\0{password}".encode())


def kept(secret, report, wire):
    for form in secrets(secret):
        expect(form not in report.raw, f"the secret is in the report {report}")
        expect(form not in wire.heard, "the secret crossed the wire in clear")


def nothing_said(report, wire, message, world):
    """Neither the login nor the mail was ever begun in clear."""
    # The server's own line begins with 250.
    found = re.search(rb"(?<!250[- ])AUTH [A-Z]|MAIL FROM:", wire.heard)
    expect(not found, f"in clear crossed the wire: {found}")
    kept(PASSWORD, report, wire)
    world.nothing_arrived(message)


def deliver(world, mx, letter="K", secret=PASSWORD):
    """One mail by the routes that were written; its message, report and what crossed the wire."""
    message = Message()
    with Wire() as wire:
        report = world.deliver(DOMAIN, mx.at("alice"), message=message)
    report.is_("r" if letter == "K" else "", letter)
    kept(secret, report, wire)
    return message, report, wire


def mechanism_case(mechanism, port, name):
    def accepted(world, mx):
        world.control("smtproutes", f":{route(mx, port)}")
        since = mx.daemon.sizes()
        message, report, _ = deliver(world, mx)
        report.delivered(mx.ip("login"))
        world.arrived(mx, message).came_encrypted()
        took_login(world, mx, since, mechanism)
    case(f"a login by {mechanism}", each=lambda mx: mx.name == name)(accepted)

    def refused(world, mx):
        world.control("smtproutes", f":{route(mx, port, OTHER_PASSWORD)}")
        message, report, _ = deliver(world, mx, "Z", OTHER_PASSWORD)
        report.has("authentication was rejected").has(r"535").has(mx.mx("login"))
        expect(report.verdict() == "Z", f"deferred by qmail-rspawn: {report}")
        world.nothing_arrived(message)
    case(f"a wrong password by {mechanism}", each=lambda mx: mx.name == name)(refused)


for each in (("SCRAM-SHA-256", 2501, "postfix"), ("SCRAM-SHA-1", 2502, "postfix"),
             ("CRAM-MD5", 2503, "postfix"), ("PLAIN", 2504, "postfix"),
             ("LOGIN", 2505, "postfix"), ("CRAM-MD5", 2503, "exim"), ("PLAIN", 2504, "exim"),
             ("LOGIN", 2505, "exim")):
    mechanism_case(*each)


@case("the strongest mechanism of many", each=logs_in)
def strongest(world, mx):
    for where in (f":{route(mx, 587)}", f":{mx.mx('login')};587|{USER}|{PASSWORD}"):
        world.control("smtproutes", where)
        since = mx.daemon.sizes()
        message, _, _ = deliver(world, mx)
        world.arrived(mx, message).came_encrypted()
        took_login(world, mx, since, "SCRAM-SHA-256" if dovecot_judges(mx) else "CRAM-MD5")


@case("a user and a secret as words after the port, as providers' pages have them",
      each=dovecot_judges)
def after_blanks(world, mx):
    world.control("token", dovecot.token())
    world.control("smtproutes",
                  f":{mx.mx('login')}:2507 {USER}\ttoken:{sandbox.HOME}/control/token")
    since = mx.daemon.sizes()
    message, report, wire = deliver(world, mx)
    kept(dovecot.token(), report, wire)
    world.arrived(mx, message).came_encrypted()
    took_login(world, mx, since, "XOAUTH2")


@case("the mechanisms that the operator allows", each=logs_in)
def mechanisms_of_the_operator(world, mx):
    world.control("smtproutes", f":{route(mx, 587)}")
    world.control("authmechanisms", "LOGIN\nPLAIN")
    since = mx.daemon.sizes()
    message, _, _ = deliver(world, mx)
    world.arrived(mx, message).came_encrypted()
    took_login(world, mx, since, "LOGIN")


@case("a login on port 465, the certificate verified", each=dovecot_judges)
def login_465(world, mx):
    world.control("smtproutes", f":{route(mx, 465)}")
    world.trusts(mx.mx("login"))
    since = mx.daemon.sizes()
    message, _, _ = deliver(world, mx)
    world.arrived(mx, message).came_encrypted()
    took_login(world, mx, since, "SCRAM-SHA-256")


@case("a login and a certificate that does not verify", each=dovecot_judges)
def login_unverified(world, mx):
    world.control("smtproutes", f":{route(mx, 587)}")
    world.trusts(mx.mx("login"), world.certificates.stranger)
    since = mx.daemon.sizes()
    message, report, wire = deliver(world, mx, "Z")
    report.has(f"tlshosts/{mx.mx('login')}.pem")
    nothing_said(report, wire, message, world)
    expect("sasl_method" not in mx.daemon.log(since), "a login with an unverified relay")


def token_case(mechanism, port):
    def accepted(world, mx):
        world.control("token", dovecot.token())
        world.control("smtproutes", f":{route(mx, port, f'token:{sandbox.HOME}/control/token')}")
        since = mx.daemon.sizes()
        message, report, wire = deliver(world, mx)
        kept(dovecot.token(), report, wire)
        world.arrived(mx, message).came_encrypted()
        took_login(world, mx, since, mechanism)
        # Another program refreshes the file: it is read again.
        for bad in (dovecot.token(lives=-30), dovecot.token(key=b"another's")):
            world.control("token", bad)
            message, report, _ = deliver(world, mx, "Z", bad)
            report.has("authentication was rejected")
            world.nothing_arrived(message)
    case(f"an access token by {mechanism}", each=dovecot_judges)(accepted)


token_case("OAUTHBEARER", 2506)
token_case("XOAUTH2", 2507)


@case("an access token whose file is not there", each=dovecot_judges)
def no_token(world, mx):
    world.control("smtproutes", f":{route(mx, 587, 'token:/nonexistent/token')}")
    message, report, wire = deliver(world, mx, "Z")
    report.has("/nonexistent/token")
    nothing_said(report, wire, message, world)


@case("no mechanism in common", each=dovecot_judges)
def no_common(world, mx):
    world.control("smtproutes", f":{route(mx, 2507)}")  # a password where only tokens count
    message, report, wire = deliver(world, mx, "Z")
    report.has("could not authenticate").has(r"XOAUTH2").has(r"\(#4\.7\.4\)")
    nothing_said(report, wire, message, world)


@case("credentials, and AUTH is not offered", each=logs_in)
def not_offered(world, mx):
    world.control("smtproutes", f":{route(mx, 25, host=mx.mx())}")
    message, report, wire = deliver(world, mx, "Z")
    report.has("could not authenticate").has(r"\(#4\.7\.4\)")
    nothing_said(report, wire, message, world)


@case("credentials, and TLS is not offered", each=logs_in)
def without_tls(world, mx):
    world.control("smtproutes", f":{route(mx, mx.clear_port)}")
    message, report, wire = deliver(world, mx, "Z")
    expect(b"250-AUTH" in wire.heard or b"250 AUTH" in wire.heard, "the relay offers AUTH")
    report.has("TLS").has(mx.mx("login"))
    nothing_said(report, wire, message, world)


@case("credentials, and exhaustivelist leaves the relay out", each=logs_in)
def not_listed(world, mx):
    world.control("smtproutes", f":{route(mx, 587)}")
    world.control("tlshosts/exhaustivelist", "")
    message, report, wire = deliver(world, mx, "Z")
    report.has("exhaustivelist")
    nothing_said(report, wire, message, world)


@case("credentials, and notlshosts excludes TLS", each=logs_in)
def tls_excluded(world, mx):
    world.control("smtproutes", f":{route(mx, 587)}")
    world.control(f"notlshosts/{mx.mx('login')}", "")
    message, report, wire = deliver(world, mx, "Z")
    report.has(f"notlshosts/{mx.mx('login')}").has(r"\(#4\.3\.0\)").has("smtproutes, line 1")
    nothing_said(report, wire, message, world)


@case("no login: the relay refuses, and the other cases prove something", each=logs_in)
def no_login(world, mx):
    world.control("smtproutes", f":{mx.mx('login')}:587")
    message = Message()
    report = world.deliver(DOMAIN, mx.at("alice"), message=message)
    expect(report.letters == "h" and report.verdict() == "D", f"refused: {report}")
    world.nothing_arrived(message)


@case("a login in clear with a relay on this host", each=logs_in)
def loopback(world, mx):
    world.control("smtproutes", f":{route(mx, mx.clear_port, host=mx.loopback())}")
    since = mx.daemon.sizes()
    message = Message()
    with Wire() as wire:
        report = world.deliver(DOMAIN, mx.at("alice"), message=message)
    report.delivered(mx.loopback())
    world.arrived(mx, message).came_in_clear()
    expect(re.search(rb"(?<!250[- ])AUTH [A-Z]", wire.heard),
           "so does a login in clear look on the wire")
    took_login(world, mx, since, "SCRAM-SHA-256" if dovecot_judges(mx) else "CRAM-MD5")


@case("a relay's name that leads to this host: no login in clear", each=logs_in)
def led_to_loopback(world, mx):
    world.control("smtproutes", f":{route(mx, mx.clear_port, host=f'to-us.{mx.domain}')}")
    message, report, wire = deliver(world, mx, "Z")
    expect(b"250-AUTH" in wire.heard or b"250 AUTH" in wire.heard, "the relay offers AUTH")
    report.has("TLS").has(mx.loopback())
    nothing_said(report, wire, message, world)


@case("a password beyond ASCII", each=dovecot_judges)
def beyond_ascii(world, mx):
    for port, mechanism in ((2501, "SCRAM-SHA-256"), (2503, "CRAM-MD5"), (2504, "PLAIN")):
        password = dovecot.OTHER_USERS["müller"]
        world.control("smtproutes", f":{mx.mx('login')}:{port}|müller|{password}")
        since = mx.daemon.sizes()
        message, _, _ = deliver(world, mx, secret=password)
        world.arrived(mx, message).came_encrypted()
        world.logged(mx.daemon, since, f"sasl_method={mechanism}, sasl_username=")


@case("SCRAM bound to the TLS session")
def bound(world):
    world.control("smtproutes", f":[{ADDRESS}]:587|{USER}|{PASSWORD}")
    options = ("--self-signed", "relay.example", "--user", f"{USER}:{PASSWORD}",
               "--auth", "SCRAM-SHA-256-PLUS,SCRAM-SHA-256,PLAIN", "--require-auth")
    for version in ("1.2", "1.3"):
        with Sink(*options, "--tls-max", version, port=587) as sink, Wire() as wire:
            message = Message()
            report = world.deliver(DOMAIN, "alice@somewhere.example", message=message)
            found = sink.messages()
        report.delivered(ADDRESS)
        kept(PASSWORD, report, wire)
        wanted = {"mechanism": "SCRAM-SHA-256-PLUS", "user": USER}
        expect([each["auth"] for each in found] == [wanted], f"{wanted} wanted: {found}")


@case("two relays, of which the first refuses the login, or has none", each=dovecot_judges)
def second_relay(world, mx):
    exim = next(each for each in world.receivers if each.name == "exim")
    for first in (f"{mx.mx('login')}:587", f"{mx.mx()}:25", f"{mx.mx('login')}:{mx.clear_port}"):
        world.control("smtproutes", f":{first},{exim.mx('login')}:587|{GUEST}|{PASSWORD}")
        since = mx.daemon.sizes()
        message = Message()
        with Wire() as wire:
            report = world.deliver(DOMAIN, exim.at("alice"), message=message)
        report.delivered(exim.ip("login"))
        kept(PASSWORD, report, wire)
        world.arrived(exim, message).came_in("esmtpsa")
        if first.endswith(":587"):
            world.logged(mx.daemon, since, "SASL SCRAM-SHA-256 authentication failed")


@case("two relays, both refuse the password", each=dovecot_judges)
def both_refuse(world, mx):
    exim = next(each for each in world.receivers if each.name == "exim")
    relays = f"{mx.mx('login')}:587,{exim.mx('login')}:587"
    world.control("smtproutes", f":{relays}|{USER}|{OTHER_PASSWORD}")
    since = mx.judge.sizes()
    message, report, _ = deliver(world, mx, "Z", OTHER_PASSWORD)
    report.has(exim.mx("login")).has("535")
    world.logged(mx.judge, since, USER)
    world.nothing_arrived(message)


@case("a login by sender: authsenders", each=logs_in)
def by_sender(world, mx):
    world.control("authsenders", f"@me.example:{route(mx, 587, OTHER_PASSWORD)}\n"
                                 f"{SENDER.upper()}:{route(mx, 587)}\n"
                                 ":down.example")
    world.control("smtproutes.d/default", "relay=down.example")
    world.control("smtproutes", ":down.example")
    since = mx.daemon.sizes()
    message, _, _ = deliver(world, mx)
    world.arrived(mx, message).came_encrypted()
    took_login(world, mx, since, "SCRAM-SHA-256" if dovecot_judges(mx) else "CRAM-MD5")
    message = Message()
    world.deliver(DOMAIN, mx.at("alice"), message=message, sender="other@me.example") \
        .is_("", "Z").has("authentication was rejected")
    world.nothing_arrived(message)


@case("a login from a file of smtproutes.d", each=logs_in)
def by_file(world, mx):
    world.control("smtproutes.d/*.example", f"relay={mx.mx('login')}|{USER}|{PASSWORD}\nport=587")
    world.control("smtproutes", ":down.example")
    since = mx.daemon.sizes()
    message, _, _ = deliver(world, mx)
    world.arrived(mx, message).came_encrypted()
    took_login(world, mx, since, "SCRAM-SHA-256" if dovecot_judges(mx) else "CRAM-MD5")
