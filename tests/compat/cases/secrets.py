# How often a secret is in memory, as SECURITY.md ("Copies in memory") says: counted when the
# message has been written and its reply is due, and when the program ends.
import base64
import hashlib
import hmac
import pathlib

from harness.delivery import MX1, like
from harness.memory import Memory
from harness.registry import case, table

USER = "joe@me.example"
LONG, SHORT = "Sesame-opens-at-once-4711", "Sesam-4711."  # the short one fits into a string itself
# Sanitizers look for leaks by tracing the program, which we do already; a program that binds
# functions late saves registers on its stack, with bytes of what was last copied.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0", "LD_BIND_NOW": "1"}


def in_base64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def plain_words(secret):
    return in_base64(f"\0{USER}\0{secret}")


def plain(mx, secret):
    mx.hears("AUTH PLAIN " + plain_words(secret))


def login(mx, secret):
    mx.hears("AUTH LOGIN")
    for prompt, answer in (("Username:", USER), ("Password:", secret)):
        mx.says("334 " + in_base64(prompt))
        mx.hears(in_base64(answer))


def cram_md5(mx, secret):
    mx.hears("AUTH CRAM-MD5")
    mx.says("334 " + in_base64("<1@mx.example>"))
    proof = hmac.new(secret.encode(), b"<1@mx.example>", "md5").hexdigest()
    mx.hears(in_base64(f"{USER} {proof}"))


def scram(mx, secret):
    words = base64.b64decode(mx.hears("AUTH SCRAM-SHA-256 ...").split()[2]).decode()
    first = words.split(",", 2)[2]
    challenge = f"{first[first.index('r='):]}ours,s={in_base64('a salt')},i=4096"
    mx.says("334 " + in_base64(challenge))
    answer = base64.b64decode(mx.line()).decode()
    everything = f"{first},{challenge},{answer[:answer.rindex(',p=')]}"
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), b"a salt", 4096)
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    proof = hmac.digest(server_key, everything.encode(), "sha256")
    mx.says("334 " + in_base64("v=" + in_base64(proof)))
    mx.hears("")


def xoauth2(mx, secret):
    mx.hears("AUTH XOAUTH2 " + in_base64(f"user={USER}\1auth=Bearer {secret}\1\1"))


SAYS = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5, "SCRAM-SHA-256": scram,
        "XOAUTH2": xoauth2}


def write_route(t, file, secret):
    relay = f"mx1.dest.example:587|{USER}|"
    if file == "token":
        t.control("token", f" {secret}\n")
        t.control("smtproutes", f"{relay}token:{t.home}/control/token")
        secret = f"token:{t.home}/control/token"
    lines = {"smtproutes": f"other.example:relay.example\ndest.example:{relay}{secret}",
             "authsenders": f"@other.example:relay.example\n:{relay}{secret}",
             "smtproutes.d/dest.example": f"# one\nrelay = {relay}{secret}"}
    name = "smtproutes" if file == "token" else file
    t.control(name, lines[name])


def count(memory, text):
    return memory.count(text if isinstance(text, bytes) else text.encode())


@table([("smtproutes", "PLAIN", LONG), ("smtproutes", "PLAIN", SHORT),
        ("smtproutes", "LOGIN", LONG), ("smtproutes", "CRAM-MD5", LONG),
        ("smtproutes", "SCRAM-SHA-256", LONG), ("authsenders", "PLAIN", LONG),
        ("smtproutes.d/dest.example", "PLAIN", LONG), ("token", "XOAUTH2", LONG)])
def copies_of_a_secret(t, file, mechanism, secret):
    write_route(t, file, secret)
    memory, under_way = Memory(), []

    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers(f"AUTH {mechanism}")
        SAYS[mechanism](mx, secret)
        mx.says("235 welcome")
        mx.takes_envelope()
        mx.takes_data(None)
        under_way.append(memory.now())
        mx.says("250 accepted")
        mx.hears_quit()
    t.server(MX1, script, port=587)
    t.deliver(memory=memory, env=ENVIRONMENT)
    t.says("r", like("K"))
    t.equal(count(under_way[0], secret), 1, "copies under way")
    # One to be compared with replies; with LOGIN our line is another.
    t.equal(count(under_way[0], in_base64(secret)), 2 if mechanism == "LOGIN" else 1,
            "copies under way in base64")
    t.equal(count(under_way[0], plain_words(secret)), int(mechanism == "PLAIN"),
            "copies under way of our line")
    for form in (secret, in_base64(secret), plain_words(secret)):
        t.equal(count(memory.at_end, form), 0, f"copies at the end of {form}")


@case
def copies_of_a_secret_that_was_refused(t):
    write_route(t, "smtproutes", LONG)
    memory = Memory()

    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers("AUTH PLAIN")
        plain(mx, LONG)
        mx.says("535 5.7.8 who is that")
        mx.hears_quit()
    t.server(MX1, script, port=587)
    t.deliver(memory=memory, env=ENVIRONMENT)
    t.says_lastly(like("Z.*535 5.7.8 who is that"))
    for form in (LONG, in_base64(LONG), plain_words(LONG)):
        t.equal(count(memory.at_end, form), 0, f"copies at the end of {form}")


@case
def copies_of_a_client_key(t):
    pem = pathlib.Path(t.certificates.path("mx2.dest.example")).read_bytes()
    t.control("clientcert.pem", pem)
    lines = pem[pem.index(b"BEGIN PRIVATE KEY"):].splitlines()[1:-1]
    # A PKCS #8 file holds a P-256 key at these bytes; OpenSSL holds it as words, the lowest first.
    key = base64.b64decode(b"".join(lines))[36:68][::-1]
    memory, under_way = Memory(), []

    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls(asks="ca")
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_envelope()
        mx.takes_data(None)
        under_way.append(memory.now())
        mx.says("250 accepted")
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver(memory=memory, env=ENVIRONMENT)
    t.says("r", like("K"))
    t.check(count(under_way[0], key) > 0, "the key was not in use, or is not found so")
    t.equal(count(memory.at_end, key), 0, "copies at the end of the key in use")
    for found in (under_way[0], memory.at_end):
        t.equal(count(found, lines[1]), 0, "copies of the text of the key's file")
