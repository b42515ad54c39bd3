# tern probe: what is seen of a server, and how hostile bytes come out of it.
import hashlib
import os
import pathlib
import re
import resource
import subprocess

from harness.smtp_server import HandshakeFailed

MX = "mx1.dest.example"
ADDRESS = "198.51.100.1"


def _leaves(mx):
    mx.hears_quit()


def _in_clear(*extensions):
    def script(mx):
        mx.greets(*extensions)
        _leaves(mx)
    return script


def _over_tls(*extensions, first=(), **options):
    def script(mx):
        mx.greets("STARTTLS", *first)
        mx.starts_tls(**options)
        mx.hears("EHLO me.example")
        mx.offers(*extensions)
        _leaves(mx)
    return script


def clear_text_only(t):
    t.server(ADDRESS, _in_clear("SIZE 1000000", "8BITMIME"))
    t.asks("probe", MX)
    t.prints(f"{MX} [{ADDRESS}], from ", ", EHLO name me.example", "S: 220 mx.example ESMTP",
            "C: EHLO me.example", "S: 250-SIZE 1000000", "C: QUIT", "extensions   SIZE 1000000",
            "not offered: the mail would be sent in cleartext", "at most 1,000,000 bytes",
            "by DATA, one command at a time")
    t.never_prints("\x1b", "TLSv1")


def starttls_and_what_it_brings(t):
    t.server(ADDRESS, _over_tls("PIPELINING", "CHUNKING", "AUTH PLAIN LOGIN SCRAM-SHA-256"))
    t.asks("probe", MX)
    digest = hashlib.sha256(t.certificates.der(MX)).hexdigest()
    t.prints("C: STARTTLS", "TLSv1.3, TLS_AES_", "certificate 0", f"names      {MX}",
            f"SHA-256    {digest}", "key        EC prime256v1, signed with ecdsa-with-SHA256",
            "issuer     CN=Test authority ca", "days left)", "is pipelined with MAIL and RCPT",
            "with a password would use SCRAM-SHA-256;", "with an access token: no mechanism",
            f"control/tlshosts/{MX}.pem would require both")


def what_counts_as_not_offered(t):
    t.control("ignoreextensions", f"{MX}:CHUNKING\n{ADDRESS}:PIPELINING\nother.example:AUTH")
    t.control("authmechanisms", "PLAIN\nSCRAM-SHA-256")
    t.server(ADDRESS, _over_tls("PIPELINING", "CHUNKING", "AUTH PLAIN LOGIN SCRAM-SHA-256"))
    t.asks("probe", MX)
    t.prints("by DATA, ", "control/ignoreextensions: PIPELINING, CHUNKING",
            "with a password would use PLAIN")


def as_json(t):
    t.server(ADDRESS, _over_tls("PIPELINING", "SIZE", first=("AUTH PLAIN",), cert="chained"))
    answer = t.asks_json("probe", MX)
    session = answer["sessions"][0]
    t.equal(answer["good"], True, "good")
    t.equal(session["server"], {"name": MX, "address": ADDRESS, "port": 25}, "server")
    t.equal([len(session["tls"]["chain"]), session["tls"]["version"]], [2, "TLSv1.3"], "chain")
    t.equal(session["tls"]["chain"][0]["dns_names"], [MX], "names")
    t.equal(session["extensions"]["auth"], "", "what was offered in clear counts no more")
    t.equal(session["extensions"]["pipelining"], True, "PIPELINING")
    said = [line for each in session["dialogue"] if each["who"] == "client"
            for line in each["lines"]]
    t.equal(said, ["EHLO me.example", "STARTTLS", "EHLO me.example", "QUIT"], "what we said")
    t.equal([each["secured"] for each in session["dialogue"]],
            [False] * 5 + [True] * 3, "what was said within TLS")


def demanded_and_verified(t):
    t.control(f"tlshosts/{MX}.pem", t.certificates.text("ca"))
    t.server(ADDRESS, _over_tls())
    t.asks("probe", MX)
    t.prints("verified     yes",
            f"required and verified (control/tlshosts/{MX}.pem): the certificate is valid")


def demanded_and_not_verified(t):
    t.control(f"tlshosts/{MX}.pem", t.certificates.text("stranger"))
    t.server(ADDRESS, _refused)
    t.asks("probe", MX, status=1)
    t.prints("failed", "certificate verification failed", "verified     no", "SHA-256",
            f"names      {MX}")


def _refused(mx, cert=MX):
    mx.greets("STARTTLS")
    try:
        mx.starts_tls(cert=cert)
    except HandshakeFailed:  # the client's alert comes here under TLS 1.2, and after it under 1.3
        return
    mx.ends()


def verified_against_a_file_of_our_choice(t):
    (t.home / "mine.pem").write_text(t.certificates.text("ca"))
    t.server(ADDRESS, _over_tls(cert="expired"))
    t.asks("probe", MX)
    t.prints("(expired)")
    t.server(ADDRESS, lambda mx: _refused(mx, cert="expired"))
    t.asks("probe", "--ca", "../../mine.pem", MX, status=1)
    t.prints("certificate has expired", "mine.pem", "(expired)")
    t.server(ADDRESS, _over_tls())
    t.asks("probe", "--ca", "../../mine.pem", MX)
    t.prints("verified     yes")


def verified_against_a_directory(t):
    """By hash; of our choice, and as control/tlshosts has it."""
    directory = t.home / "with a : colon"
    directory.mkdir()
    (directory / "ca.pem").write_text(t.certificates.text("ca"))
    t.server(ADDRESS, _refused)
    t.asks("probe", "--ca", str(directory), MX, status=1)
    t.prints("contains no certificate named by its hash", "openssl rehash", "verified     no")
    subprocess.run(["openssl", "rehash", directory], check=True)
    t.server(ADDRESS, _over_tls())
    t.asks("probe", "--ca", str(directory), MX)
    t.prints("verified     yes")
    (t.home / "control/tlshosts").mkdir()
    (t.home / f"control/tlshosts/{MX}.pem").symlink_to(directory)
    t.server(ADDRESS, _over_tls())
    t.asks("probe", MX)
    t.prints("verified     yes", f"required and verified (control/tlshosts/{MX}.pem)")


def broken_tls(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.says("220 go")
        mx.more()
        mx.sends(b"this is no TLS\r\n")
        mx.ends()
    t.server(ADDRESS, script)
    t.asks("probe", MX, status=1)
    t.prints("failed", "handshake", "then fall back to cleartext")


def port_465(t):
    def script(mx):
        mx.shakes_hands()
        mx.greets("SIZE")
        _leaves(mx)
    t.server(ADDRESS, script, port=465)
    t.asks("probe", f"{MX}:465")
    t.prints("from the first byte (port 465)", "TLSv1.3")


def literals_and_ports(t):
    t.server(ADDRESS, _in_clear(), port=2525)
    t.asks("probe", f"{ADDRESS}:2525")
    t.prints(f"[{ADDRESS}]:2525, from")
    t.server("2001:db8::25", _in_clear(), port=2525)
    t.asks("probe", "[2001:db8::25]:2525")
    t.server("2001:db8::25", _in_clear())
    t.asks("probe", "2001:db8::25")
    for wrong in ("[nonsense]", "mx.example:port", "mx.example:0", "mx.example:70000", "a b",
                  "[198.51.100.1]25", "\x1b[31m"):
        t.asks("probe", wrong, status=2)
    t.asks("probe", "--mx", ADDRESS, status=2)


def by_mx_and_all(t):
    t.server(ADDRESS, _in_clear())
    t.server("198.51.100.2", _in_clear())
    t.asks("probe", "--mx", "--all", "two.example")
    t.prints("mx1.dest.example", "mx2.dest.example")
    t.server(ADDRESS, _in_clear())
    t.never("198.51.100.2")
    t.asks("probe", "--mx", "two.example")
    t.never_prints("mx2.dest.example")


def no_server_there(t):
    t.asks("probe", "198.51.100.77", status=1)
    t.prints("198.51.100.77", "connection refused", "no address answered")
    t.asks("probe", "missing.example", status=1)
    t.prints("missing.example")
    t.never_prints("\\x0a")
    answer = t.asks_json("probe", "198.51.100.77", status=1)
    t.equal([answer["good"], len(answer["unreached"]), answer["sessions"]], [False, 1, []],
            "unreached")


def silence_ends(t):
    t.server(ADDRESS, lambda mx: mx.ends())
    t.asks("probe", "--timeout", "1", MX, status=1)
    t.prints("timed out after 1 second waiting for the greeting")
    t.check(t.seconds < 4, f"it took {t.seconds} s")


def refusals(t):
    def says_no(mx):
        mx.says("554 go away")
        mx.ends()
    t.server(ADDRESS, says_no)
    t.asks("probe", MX, status=1)
    t.prints("S: 554 go away", "failed", "but greeting failed")


def never_a_mail(t):
    def script(mx):
        mx.greets("PIPELINING", "CHUNKING")
        while (line := mx.line()) is not None:
            t.check(line == "QUIT", f"the probe said {line!r}")
    t.server(ADDRESS, script)
    t.asks("probe", MX)


def hostile_bytes(t):
    """Escapes that recolour, retitle or rearrange a terminal come out as text."""
    evil = (b"\x1b]0;owned\x07\x1b[2J\x9b31m \xc2\x9b1m \xe2\x80\xae \xff\xfe \xed\xa0\x80 "
            b"\xc0\xaf \x00 \x7f \xf4\x90\x80\x80 caf\xc3\xa9")

    def script(mx):
        mx.sends(b"220 mx " + evil + b"\r\n")
        mx.hears("EHLO me.example")
        mx.sends(b"250-mx\r\n250-AUTH PLAIN " + evil + b"\r\n250 SIZE\r\n")
        _leaves(mx)
    for words in (("--color", "never"), ("--color", "always"), ("--json",)):
        t.server(ADDRESS, script)
        t.asks("probe", *words, MX)
        t.prints("x1b]0;owned", "x9b31m", "u{9b}1m", "u{202e}", "xff", "caf\u00e9")


def hostile_lengths(t):
    def script(mx):
        mx.sends(b"220-" + b"x" * 100000 + b"\r\n" + b"220-more\r\n" * 3000 + b"220 end\r\n")
        mx.hears("EHLO me.example")
        mx.sends(b"250-mx\r\n" + b"250-X" + b"Y" * 400000 + b"\r\n" + b"250-Z\r\n" * 20000
                 + b"250 SIZE 99999999999999999999999999\r\n")
        _leaves(mx)
    t.server(ADDRESS, script)
    t.asks("probe", MX)
    t.check(len(t.text) < 40000, f"{len(t.text)} bytes were printed")
    t.prints("more lines)")


def hostile_certificate(t):
    t.server(ADDRESS, _over_tls(cert="nul-name"))
    t.asks("probe", MX)
    t.prints("names      mx1.dest.example")


def no_core_dumps(t):
    limits = []

    def script(mx):
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                words = status.read_text()
                if "Name:\ttern\n" in words and f"PPid:\t{os.getpid()}\n" in words:
                    words = (status.parent / "limits").read_text()
                    limits.append(re.search(r"Max core file size +(\S+)", words)[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
        mx.greets()
        _leaves(mx)

    t.control("authsenders", f":{MX}|alice|geheim\n")
    t.server(ADDRESS, script)
    t.asks("probe", MX, env={"ASAN_OPTIONS": "disable_coredump=0"},
           prepare=lambda: resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096)))
    t.equal(limits, ["0"], "what may be dumped of a process that has read passwords")


def silent_recently(t):
    t.tcpto((ADDRESS, 3, 60))
    before = t.tcpto_bytes()
    t.server(ADDRESS, _in_clear())
    t.asks("probe", MX)
    t.prints("skipped by deliveries: timed out recently")
    t.equal(t.tcpto_bytes(), before, "the table")


def control_files_of_a_delivery(t):
    """Hello name and time-outs are those of the control files."""
    t.control("helohost", "other.example")

    def script(mx):
        mx.greets(hello="other.example")
        _leaves(mx)
    t.server(ADDRESS, script)
    t.asks("probe", MX)
    t.without_control("helohost")
    t.without_control("me")
    t.asks("probe", MX, status=111)
    t.complains("control/me")


def both_families(t):
    t.more_zone("""
        dual.example A 192.0.2.9
        dual.example AAAA 2001:db8::7
    """)
    t.server("2001:db8::7", _in_clear())
    t.asks("probe", "dual.example", "--timeout", "3")
    t.prints("dual.example [2001:db8::7]")
    t.asks("probe", "-4", "dual.example", "--timeout", "1", status=1)
    t.prints("192.0.2.9", "no address answered")
