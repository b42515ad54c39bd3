# The program `tern` says beforehand what a delivery then does.
import json
import re
import subprocess

from caller import expect
from sandbox import HOME, SECOND4
from world import SENDER, Message, case, every

QMAILR = "qmailr"


def tern(*arguments):
    """Exit status and what --json gave."""
    done = subprocess.run([HOME / "bin/tern", *arguments, "--json"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60)
    expect(done.stdout, f"tern {arguments} printed nothing; {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def printed(*arguments):
    """What it prints for people."""
    done = subprocess.run([HOME / "bin/tern", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, text=True)
    return done.returncode, done.stdout + done.stderr


def addresses(way):
    return [(each["address"], each["port"]) for hop in way["hops"] for server in hop["servers"]
            for each in server["addresses"]]


@case("tern route: where it says, there the mail goes", each=every)
def route(world, mx):
    world.control("smtproutes", f"one.example:{mx.mx('clear')}\n"
                                f"!@:[{mx.ip6()}]\n"
                                f"two.example:{mx.ip('clear')};25,{mx.mx()}:25\n"
                                f"many.example:second.{mx.domain}/mx\n")
    world.control("authsenders", f"clerk@me.example:{mx.mx('clear')}:25")
    world.control("smtproutes.d/three.example", f"relay={mx.mx('clear')}\noutgoingip={SECOND4}")
    for sender, host, file, line in ((SENDER, "one.example", "control/smtproutes", 1),
                                     ("", "one.example", "control/smtproutes", 2),
                                     (SENDER, "two.example", "control/smtproutes", 3),
                                     (SENDER, "many.example", "control/smtproutes", 4),
                                     ("clerk@me.example", "one.example", "control/authsenders", 1),
                                     (SENDER, "three.example", "control/smtproutes.d/three.example",
                                      1),
                                     (SENDER, mx.host("clear"), None, None)):
        status, answer = tern("route", sender, f"alice@{host}")
        way = answer["routes"][0]
        expect(status == 0 and way["expectation"] == "try", f"{host}: {status}, {way}")
        decided = way.get("decided_by") or {}
        expect((decided.get("file"), decided.get("line")) == (file, line),
               f"{host} from {sender!r}: {file}, {line} wanted: {decided}")
        message = Message()
        report = world.deliver(host, mx.at("alice"), message=message, sender=sender)
        reached = report.message[1:].split(" ")[0]
        expect(report.message[0] == "K" and (reached, 25) in addresses(way),
               f"{report} is none of {addresses(way)}")
        mail = world.arrived(mx, message)
        if host == "three.example":
            sources = {each["family"]: each.get("address") for each in way["sources"]}
            expect(SECOND4 in sources.values(), f"{SECOND4} wanted: {sources}")
            mail.came_in(re.escape(SECOND4))


@case("tern route: what would wait, and what would bounce")
def route_fails(world):
    world.control("smtproutes", "bad.example:2001:db8::7")
    for host, expectation, wanted, letter in (("bad.example", "defer", 111, "Z"),
                                              ("refusing.example", "defer", 111, "Z"),
                                              ("nullmx.example", "bounce", 1, "D"),
                                              ("nowhere.example", "bounce", 1, "D"),
                                              ("loop.example", "bounce", 1, "D")):
        status, answer = tern("route", SENDER, f"alice@{host}")
        way = answer["routes"][0]
        expect((status, way["expectation"]) == (wanted, expectation), f"{host}: {status}, {way}")
        message = Message()
        world.deliver(host, f"alice@{host}", message=message).is_("", letter)
        world.nothing_arrived(message)


@case("tern route shows no password")
def route_secret(world):
    world.control("smtproutes", ":mx-login.postfix.example:587|clerk|very secret")
    for arguments in (("route", SENDER, "alice@one.example"), ("check",)):
        for text in (json.dumps(tern(*arguments)[1]), printed(*arguments)[1]):
            expect("very secret" not in text, f"the password is in {text}")
    _, answer = tern("route", SENDER, "alice@one.example")
    expect(answer["routes"][0]["credentials"] is True, f"credentials wanted: {answer}")


@case("tern probe", each=lambda mx: mx.tls_works)
def probe(world, mx):
    world.trusts(mx.mx())
    since = mx.daemon.sizes()
    status, answer = tern("probe", mx.mx())
    expect(status == 0 and answer["good"], f"{status}: {answer}")
    session = answer["sessions"][0]
    expect(session["tls"]["verified"] is True and session["tls"]["version"] == "TLSv1.3",
           f"verified wanted: {session['tls']}")
    offered = session["extensions"]
    expect(offered["size_limit"] == mx.size_limit, f"{mx.size_limit} wanted: {offered}")
    for word in ("pipelining", "chunking"):
        expect(offered[word] is (mx.name in ("postfix", "exim")), f"{word}: {offered}")
    log = mx.daemon.log(since)
    expect(not re.search(r": client=|<= |smtp message", log), f"a probe sends no mail: {log}")
    # And what a delivery does is the same.
    world.passes(mx).came_encrypted()


@case("tern check and tern probe know a directory of authorities", each=lambda mx: mx.tls_works)
def directory_of_trust(world, mx):
    world.trusts_directory(mx.mx(), world.certificates.authority)
    status, answer = tern("probe", mx.mx())
    expect(status == 0 and answer["sessions"][0]["tls"]["verified"] is True, f"{answer}")
    status, text = printed("check", "--user", QMAILR)
    expect(status == 0 and f"tlshosts/{mx.mx()}.pem: note: a directory of 1 certificate" in text,
           f"{status}: {text}")
    (HOME / "control/authorities/authority0.pem").write_bytes(
        world.certificates.stranger.pem())
    status, answer = tern("probe", mx.mx())
    expect(status == 1 and answer["sessions"][0]["tls"]["verified"] is False, f"{answer}")
    status, text = printed("check", "--user", QMAILR)
    expect(status == 1 and "openssl rehash" in text, f"{status}: {text}")


@case("tern probe: where a delivery would wait", each=lambda mx: mx.tls_works)
def probe_fails(world, mx):
    world.trusts(mx.mx("selfsigned"))
    for host in (mx.mx("selfsigned"), mx.mx("closed"), "down.example"):
        status, answer = tern("probe", host)
        expect(status == 1 and not answer["good"], f"{host}: {status}, {answer}")
    world.control("smtproutes", f":{mx.mx('selfsigned')}")
    message = Message()
    world.deliver(mx.host(), mx.at("alice"), message=message).is_("", "Z") \
        .has(f"tlshosts/{mx.mx('selfsigned')}.pem")
    world.nothing_arrived(message)


@case("tern probe: the mechanisms of a relay", each=lambda mx: mx.name == "postfix")
def probe_mechanisms(world, mx):
    status, text = printed("probe", f"{mx.mx('login')}:587")
    expect(status == 0 and "SCRAM-SHA-256" in text, f"{status}: {text}")
    status, text = printed("probe", f"{mx.mx('clear')}")
    expect(status == 0 and "AUTH" not in re.sub(r"auth +not offered.*", "", text), text)


@case("tern check names what defers mail")
def check(world):
    world.control("smtproutes", "good.example:mx-main.postfix.example\n"
                                "bad.example:2001:db8::7\n")
    world.control("outgoingip", "192.0.2.77")
    status, answer = tern("check", "--user", QMAILR)
    found = {(each["file"], each.get("line")) for each in answer["findings"]
             if each["severity"] == "error"}
    expect(status == 1 and ("control/smtproutes", 2) in found, f"line 2 wanted: {answer}")
    expect(any(file == "control/outgoingip" for file, _ in found), f"outgoingip wanted: {answer}")
    world.control("smtproutes", "good.example:mx-main.postfix.example\n")
    world.control("outgoingip", SECOND4)
    status, answer = tern("check", "--user", QMAILR)
    expect(answer["errors"] == 0, f"no error wanted: {answer}")
