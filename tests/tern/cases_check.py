# tern check: each kind of mistake is told with its file, line and cure; a good host has none.
import os
import pathlib
import shutil
import subprocess

QMAILR = 65534


def _furnish(t):
    """A home without any mistake, notes included."""
    t.control("smtproutes", "dest.example:relay.example\n:[198.51.100.9]:2525")
    t.tcpto()
    (t.home / "queue/lock/tcpto6").write_bytes(bytes(2048))
    for table in ("tcpto", "tcpto6"):
        os.chown(t.home / "queue/lock" / table, QMAILR, QMAILR)


def _check(t, *words, status=0):
    answer = t.asks_json("check", "--user", f"{QMAILR}:{QMAILR}", *words, status=status)
    t.equal(answer["good"], status == 0, "good")
    return answer["findings"]


def _finds(t, severity, file, *phrases, line=None):
    """There is such a finding; all phrases stand in its what or cure."""
    findings = _check(t, status=0 if severity == "note" else 1)
    fitting = [each for each in findings
               if each["severity"] == severity and each["file"] == file
               and each.get("line") == line
               and all(phrase in each["what"] + "; " + each.get("cure", "") for phrase in phrases)]
    t.check(fitting, f"no {severity} about {file}, line {line}, with {phrases} in {findings}")


def nothing_wrong(t):
    _furnish(t)
    t.equal(_check(t), [], "findings")
    t.asks("check", "--user", f"{QMAILR}:{QMAILR}")
    t.equal(t.text, "0 errors, 0 warnings, 0 notes\n", "text")


def everything_of_a_good_host(t):
    """Each file there is, filled well."""
    _furnish(t)
    t.control("helohost", "mail.me.example")
    for name, value in (("timeoutdns", 10), ("chunksizeremote", 65536),
                        ("addresspreference", "ipv6"), ("outgoingip", "192.0.2.1"),
                        ("outgoingip6", "2001:db8:dead::1"),
                        ("domainips", "a.example:192.0.2.1|mx.a.example\n*:192.0.2.1"),
                        ("helohostbyip", "192.0.2.1:mx.me.example"),
                        ("tlsclientciphers", "TLS_AES_256_GCM_SHA384:ECDHE+AESGCM:!aNULL"),
                        ("tlshosts/mx1.dest.example.pem", t.certificates.text("ca")),
                        ("tlshosts/relay.example.pem", t.certificates.text("ca")),
                        ("notlshosts/old.example", ""),
                        ("smtproutes.d/dest.example", "relay=relay.example\nport=2525"),
                        ("smtproutes.d/*.dest.example", "relay=relay.example"),
                        ("smtproutes.d/default", "relay=relay.example"),
                        ("ignoreextensions", "mx.example:CHUNKING\n*:LIMITS"),
                        ("authmechanisms", "SCRAM-SHA-256\nPLAIN, LOGIN"),
                        ("qmtproutes", "q.example:[198.51.100.8]")):
        t.control(name, str(value))
    key = t.control("clientcert.pem", t.certificates.text("client-ec"))
    secret = t.control("authsenders", "@a.example:relay.example:587|user|geheim")
    for path in (key, secret):
        os.chown(path, 0, QMAILR)
        path.chmod(0o640)
    t.equal(_check(t), [], "findings")


def hello_names(t):
    _furnish(t)
    t.control("helohost", "")
    _finds(t, "error", "control/helohost", "first line is empty", "full name")
    t.control("helohost", "caf\u00e9.example")
    _finds(t, "error", "control/helohost", "not printable ASCII")
    t.control("helohost", "localhost")
    _finds(t, "warning", "control/helohost", "no full domain name")
    t.without_control("helohost")
    t.without_control("me")
    _finds(t, "error", "control/me", "neither it nor control/helohost exists")


def numbers(t):
    _furnish(t)
    for name in ("timeoutconnect", "timeoutremote", "timeoutdns", "chunksizeremote"):
        t.control(name, "soon")
        _finds(t, "warning", f"control/{name}", "does not begin with a number", "remove the file")
        t.control(name, "30x")
        _finds(t, "warning", f"control/{name}", "it means 30 ")
        t.control(name, "2000")
        t.equal(_check(t), [], name)
    t.control("timeoutremote", "0")
    _finds(t, "error", "control/timeoutremote", "0 seconds")


def address_preference(t):
    _furnish(t)
    t.control("addresspreference", "both")
    _finds(t, "error", "control/addresspreference", "ipv4only")


def routes(t):
    _furnish(t)
    t.control("smtproutes", "# fine\na.example:b.example\nc.example:2001:db8::1\n:d.example:x")
    _finds(t, "error", "control/smtproutes", "brackets", line=3)
    _finds(t, "error", "control/smtproutes", line=4)
    t.control("smtproutes", "a.example:b.example\nno colon here")
    _finds(t, "warning", "control/smtproutes", line=2)
    t.control("smtproutes", "a.example:b.example\na.example:c.example")
    _finds(t, "warning", "control/smtproutes", "2", line=1)
    t.control("smtproutes", "a.example:b.example")
    t.control("qmtproutes", "a.example:b.example:port")
    _finds(t, "error", "control/qmtproutes", line=1)
    t.without_control("qmtproutes")
    t.control("smtproutes.d/a.example", "relay=b.example\nrealy=c.example")
    _finds(t, "error", "control/smtproutes.d/a.example", line=2)


def passwords(t):
    """They are never shown, and files that hold them should not be open to all."""
    _furnish(t)
    for name in ("smtproutes", "authsenders"):
        path = t.control(name, "a.example:b.example|user|geheim\n:[b.example|user|geheim\n"
                               "c.example:|user|geheim\nd.example:b.example:x|user|geheim")
        _finds(t, "warning", f"control/{name}", "every user can read it", "chmod 640")
        _finds(t, "error", f"control/{name}", line=2)
        path.chmod(0o600)
        _finds(t, "error", f"control/{name}", f"{QMAILR}:{QMAILR} cannot read it",
               f"chgrp {QMAILR} control/{name}")
        t.asks("check", "--user", f"{QMAILR}:{QMAILR}", status=1)
        path.unlink()


def _without_reader(t, name, content):
    """A file with secrets that nobody else reads."""
    path = t.control(name, content)
    os.chown(path, 0, QMAILR)
    path.chmod(0o640)


def logins_without_verification(t):
    """Who gives a password to a stranger is told how to know him."""
    _furnish(t)
    login = "|user|geheim"
    _without_reader(t, "smtproutes", f"a.example:b.example:587{login}\nc.example:d.example")
    _finds(t, "warning", "control/smtproutes", "go to b.example over TLS", "is not verified",
           "ln -s /etc/ssl/certs control/tlshosts/b.example.pem", line=1)
    t.equal(len(_check(t, status=1)), 1, "findings")
    # A second way to the same relay is cured by the same file.
    _without_reader(t, "smtproutes", f"a.example:b.example{login}\nc.example:b.example{login}")
    t.equal(len(_check(t, status=1)), 1, "findings")
    t.control("tlshosts/b.example.pem", t.certificates.text("ca"))
    t.equal(_check(t), [], "verified")
    _without_reader(t, "smtproutes", f"a.example:B.example,b2.example{login}")
    _finds(t, "warning", "control/smtproutes", "go to b2.example over TLS", line=1)
    _without_reader(t, "smtproutes", f"a.example:b2.example{login}\na.example:b.example{login}")
    t.equal([each["line"] for each in _check(t, status=1)], [1], "the overruled line's own mistake")
    _without_reader(t, "smtproutes", f":[198.51.100.9]:587{login}")
    _finds(t, "warning", "control/smtproutes", "go to 198.51.100.9 over TLS", "by its name", line=1)
    for inside in ("127.0.0.1", "localhost", "mail.localhost:1025"):
        _without_reader(t, "smtproutes", f":{inside}{login}")
        t.equal(_check(t), [], inside)
    _without_reader(t, "smtproutes", f":b.example/mx{login}")
    _finds(t, "warning", "control/smtproutes", "the DNS names for b.example", line=1)
    t.control("smtproutes", "a.example:b2.example")
    t.equal(_check(t), [], "nobody logs in")
    _without_reader(t, "authsenders", f"@a.example:b3.example{login}")
    _finds(t, "warning", "control/authsenders", "go to b3.example over TLS", line=1)
    t.control("notlshosts/b3.example")
    _finds(t, "error", "control/authsenders", "its mail is deferred", "excludes TLS", line=1)
    t.without_control("authsenders")
    _without_reader(t, "smtproutes.d/a.example", f"relay=b4.example{login}")
    _finds(t, "warning", "control/smtproutes.d/a.example", "go to b4.example over TLS", line=1)


def logins_after_blanks(t):
    """Two words after a port log in; whoever wrote anything else there is told."""
    _furnish(t)
    t.control("tlshosts/b.example.pem", t.certificates.text("ca"))
    two_words = "a.example:b.example:587 user geheim\n:b.example;587\tuser\tgeheim"
    _without_reader(t, "smtproutes", two_words)
    t.equal(_check(t), [], "findings")
    t.control("smtproutes", two_words)
    os.chown(t.home / "control/smtproutes", 0, 0)
    (t.home / "control/smtproutes").chmod(0o644)
    _finds(t, "warning", "control/smtproutes", "passwords", "every user")
    for words, phrase in (("geheim", "the word after port 587 is ignored"),
                          ("user geheim env", "is ignored, as it is 3 words and not two"),
                          ("user geheim penalty 2", "4 words and not two")):
        _without_reader(t, "smtproutes", f"a.example:b.example:587 {words}")
        _finds(t, "warning", "control/smtproutes", phrase, "write relay:port|user|password", line=1)
    _without_reader(t, "smtproutes", "b.example user geheim\na.example:b.example user geheim")
    _finds(t, "warning", "control/smtproutes", "no colon and is ignored", line=1)
    _finds(t, "error", "control/smtproutes", "write relay:port|user|password", line=2)
    _without_reader(t, "smtproutes", f":b.example:587 user token:{t.home}/token")
    _finds(t, "error", "control/smtproutes", "access token", "does not exist", line=1)


def extensions_and_mechanisms(t):
    _furnish(t)
    t.control("ignoreextensions", "mx.example:CHUNKING\n*:STARTTLS\nmx.example:DSN\n*.example:SIZE")
    _finds(t, "error", "control/ignoreextensions", "STARTTLS", "control/notlshosts/NAME", line=2)
    _finds(t, "warning", "control/ignoreextensions", "DSN", "CHUNKING", line=3)
    _finds(t, "warning", "control/ignoreextensions", "matches nothing", ".example", line=4)
    t.control("ignoreextensions", "mx.example:CHUNKING,PIPELINING\n192.0.2.9:8BITMIME\n*:AUTH")
    t.control("authmechanisms", "SCRAM-SHA-256\nGSSAPI PLAIN")
    _finds(t, "warning", "control/authmechanisms", "GSSAPI", "is ignored", line=2)
    t.equal(len(_check(t, status=1)), 1, "findings")
    t.control("authmechanisms", b"")
    _finds(t, "error", "control/authmechanisms", "names no mechanism", "SCRAM-SHA-256")


def tokens(t):
    _furnish(t)
    t.control("tlshosts/b.example.pem", t.certificates.text("ca"))
    path = t.control("smtproutes", f"a.example:b.example:587|user|token:{t.home}/token")
    os.chown(path, 0, QMAILR)
    path.chmod(0o640)
    _finds(t, "error", "control/smtproutes", "does not exist", line=1)
    token = t.home / "token"
    token.write_text("tok-123\n")
    _finds(t, "warning", str(token), "every user can read it")
    token.chmod(0o600)
    _finds(t, "error", "control/smtproutes", "cannot read the file of its access token", line=1)
    os.chown(token, QMAILR, QMAILR)
    t.equal(_check(t), [], "findings")


def sources(t):
    _furnish(t)
    t.control("outgoingip", "2001:db8::1")
    _finds(t, "error", "control/outgoingip", line=1)
    t.control("outgoingip", "198.18.0.1")
    _finds(t, "error", "control/outgoingip", "no address of this host")
    t.without_control("outgoingip")
    t.control("domainips", "a.example:192.0.2.1\nb.example:nonsense")
    _finds(t, "error", "control/domainips", line=2)
    t.control("domainips", "a.example:192.0.2.1\n*:198.18.0.1\nb.example:198.18.0.2\n"
                           "B.example.:192.0.2.1\nc.example:2001:db8:1::9|mx.c.example\n"
                           "d.example:0.0.0.0")
    for line, address in ((2, "198.18.0.1"), (5, "2001:db8:1::9")):
        _finds(t, "error", "control/domainips", f"{address} is no address of this host",
               "remove the line", line=line)
    # An overruled line sends nothing from anywhere.
    t.equal({each["line"] for each in _check(t, status=1) if each["severity"] == "error"}, {2, 5},
            "lines")
    t.without_control("domainips")
    t.control("smtproutes.d/a.example", "relay=b.example\noutgoingip=198.18.0.3")
    _finds(t, "error", "control/smtproutes.d/a.example", "198.18.0.3 is no address of this host")
    (t.home / "control/smtproutes.d/a.example").unlink()
    t.control("helohostbyip", "192.0.2.1:caf\u00e9")
    _finds(t, "error", "control/helohostbyip", line=1)
    t.control("helohostbyip", "mx.example:mx.example\nno colon")
    _finds(t, "warning", "control/helohostbyip", "never decides", line=1)
    _finds(t, "warning", "control/helohostbyip", "no colon", line=2)


def ciphers(t):
    _furnish(t)
    t.control("tlsclientciphers", "NONSENSE")
    _finds(t, "error", "control/tlsclientciphers", "OpenSSL", "openssl-ciphers")
    t.control("tlsclientciphers", "ECDHE-RSA-AES256-GCM-SHA384:NONSENSE")
    _finds(t, "warning", "control/tlsclientciphers", "no cipher called NONSENSE")


def client_certificate(t):
    _furnish(t)
    path = t.control("clientcert.pem", t.certificates.text("client-rsa"))
    _finds(t, "warning", "control/clientcert.pem", "every user can read it", f"chgrp {QMAILR}")
    path.chmod(0o600)
    _finds(t, "warning", "control/clientcert.pem", "cannot read it")
    os.chown(path, QMAILR, QMAILR)
    t.equal(_check(t), [], "findings")
    path.write_text(t.certificates.text("expired"))
    _finds(t, "warning", "control/clientcert.pem", "expired at")
    path.write_text(t.certificates.text("not-yet-valid"))
    _finds(t, "warning", "control/clientcert.pem", "not valid before")
    path.write_text(t.certificates.text("client-rsa.cert") + t.certificates.text("ed25519.key"))
    _finds(t, "warning", "control/clientcert.pem", "its first certificate and its private key")
    path.write_text(t.certificates.text("client-rsa.cert"))
    _finds(t, "warning", "control/clientcert.pem", "it holds no private key")


def demands_of_tls(t):
    _furnish(t)
    t.control("tlshosts/mx.example.org.pem", "nothing")
    _finds(t, "error", "control/tlshosts/mx.example.org.pem", "holds no certificate")
    t.control("tlshosts/mx.example.org.pem", t.certificates.text("expired.cert"))
    _finds(t, "warning", "control/tlshosts/mx.example.org.pem", "expired at")
    t.control("tlshosts/mx.example.org.pem", t.certificates.text("ca"))
    t.equal(_check(t), [], "findings")
    for name, phrase in (("MX.example.org", "rename it to mx.example.org"),
                         ("b\u00fccher.example", "rename it to xn--bcher-kva.example"),
                         ("192.0.2.1", "is an address"), ("mx", "has no dot")):
        path = t.control(f"tlshosts/{name}.pem", t.certificates.text("ca"))
        _finds(t, "warning", f"control/tlshosts/{name}.pem", phrase)
        path.unlink()
        path = t.control(f"notlshosts/{name}")
        _finds(t, "warning", f"control/notlshosts/{name}", phrase)
        path.unlink()
    t.control("tlshosts/mx.example.org", t.certificates.text("ca")).rename(
        t.home / "control/tlshosts/mx.example.org.crt")
    _finds(t, "warning", "control/tlshosts/mx.example.org.crt", "nobody reads it")
    (t.home / "control/tlshosts/mx.example.org.crt").unlink()
    t.control("notlshosts/mx.example.org")
    _finds(t, "warning", "control/notlshosts/mx.example.org", "has its way")


def directories_of_trust(t):
    """Of files by hash; that a host has one is worth a note, and each mistake in it a warning."""
    _furnish(t)
    where = "control/tlshosts/mx.example.org.pem"
    directory = t.home / where
    directory.mkdir(parents=True)
    _finds(t, "error", where, "holds no certificate by hash", "openssl rehash")
    ca = t.control("tlshosts/mx.example.org.pem/ca.pem", t.certificates.text("ca"))
    _finds(t, "error", where, "holds no certificate by hash", "openssl rehash")
    _finds(t, "warning", f"{where}/ca.pem", "no name by hash", "openssl rehash")
    t.control("tlshosts/mx.example.org.pem/stranger.crt", t.certificates.text("stranger"))
    subprocess.run(["openssl", "rehash", directory], check=True)
    _finds(t, "note", where, "a directory of 2 certificates by hash")
    bundle = t.control("tlshosts/mx.example.org.pem/bundle.crt",
                       t.certificates.text("ca-rsa") + t.certificates.text("intermediate"))
    t.equal([each["severity"] for each in _check(t)], ["note"], "findings")
    bundle.unlink()
    # A second server by the same directory is not told again; one whose link leads nowhere is.
    link = t.home / "control/tlshosts/mx2.example.org.pem"
    link.symlink_to("mx.example.org.pem")
    t.equal([each["severity"] for each in _check(t)], ["note"], "findings")
    link.unlink()
    link.symlink_to("/no/such/directory")
    _finds(t, "error", "control/tlshosts/mx2.example.org.pem", "a link that leads nowhere")
    link.unlink()
    hashed = next(each for each in directory.glob("*.0") if each.resolve() == ca.resolve())
    ca.write_text(t.certificates.text("expired.cert"))
    _finds(t, "warning", f"{where}/{hashed.name}", "nobody asks for it under this name", "rehash")
    t.check(any("1 of its 2 certificates by hash has expired" in each["what"]
                for each in _check(t, status=1)), "the expired one is told")
    ca.write_text("nothing")
    _finds(t, "warning", f"{where}/{hashed.name}", "holds no certificate", "is deferred")
    ca.unlink()
    _finds(t, "warning", f"{where}/{hashed.name}", "a link that leads nowhere", "is deferred")
    ca.write_text(t.certificates.text("ca"))
    ca.chmod(0o600)
    _finds(t, "warning", f"{where}/{hashed.name}", f"{QMAILR}:{QMAILR} cannot read it", "chmod a+r")
    directory.chmod(0o700)
    _finds(t, "error", where, f"{QMAILR}:{QMAILR} cannot enter and list it", "chmod a+rx")


def authorities_of_debian(t):
    """Laid out as the package ca-certificates does in /etc/ssl/certs, which may hold others."""
    _furnish(t)
    (t.home / "control/tlshosts").mkdir()
    shutil.copytree("/usr/share/ca-certificates/mozilla", t.home / "authorities")
    subprocess.run(["openssl", "rehash", t.home / "authorities"], check=True)
    for name in ("mx1", "mx2"):
        link = t.home / f"control/tlshosts/{name}.example.org.pem"
        link.symlink_to("../../authorities")
    _finds(t, "note", "control/tlshosts/mx1.example.org.pem", "a directory of 1", "is trusted")
    t.equal({each["file"] for each in _check(t)}, {"control/tlshosts/mx1.example.org.pem"}, "files")


def no_tls_at_all(t):
    _furnish(t)
    t.control("tlshosts/exhaustivelist")
    _finds(t, "warning", "control/tlshosts/exhaustivelist", "no mail is encrypted")


def misspelt_names(t):
    _furnish(t)
    for wrong, right in (("outgoingips", "outgoingip"), ("smtproute", "smtproutes"),
                         ("helohots", "helohost"), ("SMTPROUTES", "smtproutes"),
                         ("addresspreferences", "addresspreference")):
        path = t.control(wrong, "x")
        _finds(t, "warning", f"control/{wrong}", f"is {right} meant?")
        path.unlink()
    for fine in ("rcpthosts", "locals", "smtproutes~", "#me#", ".me.swp", "tlsclients",
                 "servercert.pem", "concurrencyremote"):
        path = t.control(fine, "x")
        t.equal(_check(t), [], fine)
        path.unlink()
    t.control("tlsdestinations", "x")
    _finds(t, "warning", "control/tlsdestinations", "does not read")


def line_ends(t):
    _furnish(t)
    t.control("smtproutes", b"a.example:b.example\r\n")
    _finds(t, "warning", "control/smtproutes", "CR LF", "sed -i")


def what_is_no_file(t):
    _furnish(t)
    for name in ("timeoutremote", "smtproutes", "authsenders"):
        (t.home / "control" / name).unlink(missing_ok=True)
        (t.home / "control" / name).mkdir()
        _finds(t, "error", f"control/{name}", "cannot be read: Is a directory")
        (t.home / "control" / name).rmdir()


def directories_nobody_enters(t):
    _furnish(t)
    for name in ("tlshosts", "notlshosts", "smtproutes.d"):
        (t.home / "control" / name).mkdir(mode=0o700)
        _finds(t, "error", f"control/{name}", "cannot enter it")
        (t.home / "control" / name).rmdir()


def demands_that_cannot_be_reached(t):
    _furnish(t)
    place = t.home / "control/tlshosts"
    place.symlink_to(t.home / "nowhere")
    _finds(t, "error", "control/tlshosts", "a dangling symbolic link", "all mail is deferred")
    place.unlink()
    place.write_text("")
    _finds(t, "error", "control/tlshosts", "Not a directory", "all mail is deferred")


def tables(t):
    _furnish(t)
    table = t.home / "queue/lock/tcpto"
    table.unlink()
    _finds(t, "note", "queue/lock/tcpto", "tried each time", "head -c 1024")
    table.write_bytes(bytes(512))
    os.chown(table, QMAILR, QMAILR)
    _finds(t, "note", "queue/lock/tcpto", "smaller than 1024")
    os.chown(table, 0, 0)
    _finds(t, "warning", "queue/lock/tcpto", "cannot read and write it")
    table.write_bytes(bytes(4096))
    _finds(t, "warning", "queue/lock/tcpto", "another program's format")
    (t.home / "queue/lock/tcpto6").unlink()
    _finds(t, "warning", "queue/lock/tcpto", "larger than 1024")


def users(t):
    _furnish(t)
    t.asks("check", "--user", "no-such-user", status=2)
    t.asks("check", "--user", "nobody")
    t.asks("check", "--user", "root")
    with_name = pathlib.Path("/etc/passwd").read_text().count("\nqmailr:")
    t.asks("check")
    t.check(with_name or "/etc/passwd has no such user" in t.text, "says that nobody looked")
    t.asks("check", "--user", f"{QMAILR}:{QMAILR}", uid=1, cwd="/")
    t.tells("only root can")


def hostile_names(t):
    """A file's name may hold anything; a terminal must not get it."""
    _furnish(t)
    t.control("tlshosts/\x1b[31mred.example.pem", "x")
    t.control("smtproutes.d/\x9b31m", "relay=\x1b[31m")
    t.asks("check", "--user", f"{QMAILR}:{QMAILR}", status=1)
    t.tells("\\x1b[31mred.example")
    _check(t, status=1)


def changes_nothing(t):
    _furnish(t)
    t.control("smtproutes", "broken")
    before = {path: path.stat().st_mtime_ns for path in t.home.rglob("*")}
    t.asks("check", status=1)
    t.equal({path: path.stat().st_mtime_ns for path in t.home.rglob("*")}, before, "the home")
