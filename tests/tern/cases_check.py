# tern check: each kind of problem is reported with its file, line and fix; a good host has none.
# TLS and certificates are in cases_check_tls.
import os
import pathlib
import subprocess

from checking import QMAILR
from checking import check as _check
from checking import finds as _finds
from checking import furnish as _furnish


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
    _finds(t, "warning", "control/helohost", "not a fully qualified domain name")
    t.without_control("helohost")
    t.without_control("me")
    _finds(t, "error", "control/me", "neither control/me nor control/helohost exists")


def numbers(t):
    _furnish(t)
    for name in ("timeoutconnect", "timeoutremote", "timeoutdns", "chunksizeremote"):
        t.control(name, "soon")
        _finds(t, "warning", f"control/{name}", "does not begin with a number", "remove the file")
        t.control(name, "30x")
        _finds(t, "warning", f"control/{name}", "only the leading digits are used: 30 ")
        t.control(name, "2000")
        t.equal(_check(t), [], name)
    t.control("timeoutremote", "0")
    _finds(t, "error", "control/timeoutremote", "a timeout of 0 seconds")


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
        _finds(t, "warning", f"control/{name}", "readable by every user", "chmod 640")
        _finds(t, "error", f"control/{name}", line=2)
        path.chmod(0o600)
        _finds(t, "error", f"control/{name}", f"{QMAILR}:{QMAILR} cannot read it",
               f"chgrp {QMAILR} control/{name}")
        t.asks("check", "--user", f"{QMAILR}:{QMAILR}", status=1)
        path.unlink()


def _without_reader(t, name, content):
    """A file with secrets that no other user can read."""
    path = t.control(name, content)
    os.chown(path, 0, QMAILR)
    path.chmod(0o640)


def logins_without_verification(t):
    """A password that is sent without verification is reported with the fix."""
    _furnish(t)
    login = "|user|geheim"
    _without_reader(t, "smtproutes", f"a.example:b.example:587{login}\nc.example:d.example")
    _finds(t, "warning", "control/smtproutes", "sent to b.example over TLS without",
           "ln -s /etc/ssl/certs control/tlshosts/b.example.pem", line=1)
    t.equal(len(_check(t, status=1)), 1, "findings")
    # A second way to the same relay is cured by the same file.
    _without_reader(t, "smtproutes", f"a.example:b.example{login}\nc.example:b.example{login}")
    t.equal(len(_check(t, status=1)), 1, "findings")
    t.control("tlshosts/b.example.pem", t.certificates.text("ca"))
    t.equal(_check(t), [], "verified")
    _without_reader(t, "smtproutes", f"a.example:B.example,b2.example{login}")
    _finds(t, "warning", "control/smtproutes", "sent to b2.example over TLS", line=1)
    _without_reader(t, "smtproutes", f"a.example:b2.example{login}\na.example:b.example{login}")
    t.equal([each["line"] for each in _check(t, status=1)], [1], "the overridden line's problem")
    _without_reader(t, "smtproutes", f":[198.51.100.9]:587{login}")
    _finds(t, "warning", "control/smtproutes", "sent to 198.51.100.9 over TLS", "by name", line=1)
    for inside in ("127.0.0.1", "localhost", "mail.localhost:1025"):
        _without_reader(t, "smtproutes", f":{inside}{login}")
        t.equal(_check(t), [], inside)
    _without_reader(t, "smtproutes", f":b.example/mx{login}")
    _finds(t, "warning", "control/smtproutes", "that DNS returns for b.example", line=1)
    t.control("smtproutes", "a.example:b2.example")
    t.equal(_check(t), [], "no route logs in")
    _without_reader(t, "authsenders", f"@a.example:b3.example{login}")
    _finds(t, "warning", "control/authsenders", "sent to b3.example over TLS", line=1)
    t.control("notlshosts/b3.example")
    _finds(t, "error", "control/authsenders", "mail is deferred", "excludes TLS", line=1)
    t.without_control("authsenders")
    _without_reader(t, "smtproutes.d/a.example", f"relay=b4.example{login}")
    _finds(t, "warning", "control/smtproutes.d/a.example", "sent to b4.example over TLS", line=1)


def logins_after_blanks(t):
    """Two words after a port log in; anything else there is reported."""
    _furnish(t)
    t.control("tlshosts/b.example.pem", t.certificates.text("ca"))
    two_words = "a.example:b.example:587 user geheim\n:b.example;587\tuser\tgeheim"
    _without_reader(t, "smtproutes", two_words)
    t.equal(_check(t), [], "findings")
    t.control("smtproutes", two_words)
    os.chown(t.home / "control/smtproutes", 0, 0)
    (t.home / "control/smtproutes").chmod(0o644)
    _finds(t, "warning", "control/smtproutes", "passwords", "every user")
    for words, severity, phrase in (
            ("geheim", "warning", "the word after port 587 is ignored"),
            ("# of the office", "warning", "4 words and not two"),
            ("user geheim env", "error", "is ignored, as it is 3 words and not two"),
            ("user geheim penalty 2", "error", "4 words and not two")):
        _without_reader(t, "smtproutes", f"a.example:b.example:587 {words}")
        _finds(t, severity, "control/smtproutes", phrase, "write relay:port|user|password", line=1)
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
    _finds(t, "warning", str(token), "readable by every user")
    token.chmod(0o600)
    _finds(t, "error", "control/smtproutes", "cannot read its access token file", line=1)
    os.chown(token, QMAILR, QMAILR)
    t.equal(_check(t), [], "findings")


def sources(t):
    _furnish(t)
    t.control("outgoingip", "2001:db8::1")
    _finds(t, "error", "control/outgoingip", line=1)
    t.control("outgoingip", "198.18.0.1")
    _finds(t, "error", "control/outgoingip", "not an address of this host")
    t.without_control("outgoingip")
    t.control("domainips", "a.example:192.0.2.1\nb.example:nonsense")
    _finds(t, "error", "control/domainips", line=2)
    t.control("domainips", "a.example:192.0.2.1\n*:198.18.0.1\nb.example:198.18.0.2\n"
                           "B.example.:192.0.2.1\nc.example:2001:db8:1::9|mx.c.example\n"
                           "d.example:0.0.0.0")
    for line, address in ((2, "198.18.0.1"), (5, "2001:db8:1::9")):
        _finds(t, "error", "control/domainips", f"{address} is not an address of this host",
               "remove the line", line=line)
    # An overruled line sends nothing from anywhere.
    t.equal({each["line"] for each in _check(t, status=1) if each["severity"] == "error"}, {2, 5},
            "lines")
    t.without_control("domainips")
    t.control("smtproutes.d/a.example", "relay=b.example\noutgoingip=198.18.0.3")
    _finds(t, "error", "control/smtproutes.d/a.example", "198.18.0.3 is not an address of this")
    (t.home / "control/smtproutes.d/a.example").unlink()
    t.control("helohostbyip", "192.0.2.1:caf\u00e9")
    _finds(t, "error", "control/helohostbyip", line=1)
    t.control("helohostbyip", "mx.example:mx.example\nno colon")
    _finds(t, "warning", "control/helohostbyip", "matches nothing", line=1)
    _finds(t, "warning", "control/helohostbyip", "no colon", line=2)


def only_root_reads(t):
    """A file in control/ that qmail-remote cannot read is named, whatever it is for."""
    _furnish(t)
    for name, content in (("me", "me.example"), ("smtproutes", "a.example:b.example"),
                          ("timeoutremote", "60"), ("tlsclientciphers", "HIGH"),
                          ("outgoingip", "192.0.2.1"), ("helohostbyip", "192.0.2.1:mx.me.example"),
                          ("tlsdestinations", "*:"), ("addresspreference", "ipv4"),
                          ("qmtproutes", "q.example:[198.51.100.8]"),
                          ("tlshosts/mx.example.org.pem", t.certificates.text("ca"))):
        path = t.control(name, content)
        path.chmod(0o600)
        _finds(t, "error", f"control/{name}", f"{QMAILR}:{QMAILR} cannot read it",
               f"chgrp {QMAILR} control/{name}")
        path.chmod(0o644)
        t.equal(_check(t), [], name)


def misspelt_names(t):
    _furnish(t)
    for wrong, right in (("outgoingipp", "outgoingip"), ("smtproute", "smtproutes"),
                         ("helohots", "helohost"), ("SMTPROUTES", "smtproutes"),
                         ("addresspreferences", "addresspreference")):
        path = t.control(wrong, "x")
        _finds(t, "warning", f"control/{wrong}", f"unknown control file (did you mean {right}?)")
        path.unlink()
    for fine in ("rcpthosts", "locals", "smtproutes~", "#me#", ".me.swp", "tlsclients",
                 "servercert.pem", "concurrencyremote"):
        path = t.control(fine, "x")
        t.equal(_check(t), [], fine)
        path.unlink()
    t.control("tlsdestination", "x")
    _finds(t, "warning", "control/tlsdestination", "did you mean tlsdestinations?")


def files_of_other_packages(t):
    """Each is named with what its operator lacks and what to do."""
    _furnish(t)
    for name, *phrases in (
            ("outgoingips", "source addresses by sender domain", "rename it to domainips"),
            ("domainbindings", "indimail", "domainips"), ("bindroutes", "outgoingip=ADDRESS"),
            ("defaultoutgoingip", "control/outgoingip"), ("routes", "smtproutes"),
            ("routemap", "authsenders"), ("moresmtproutes.cdb", "by recipient"),
            ("clientcipherlist", "tlsclientciphers"), ("clientciphersuite", "tlsclientciphers"),
            ("domaincerts", "s/qmail", "clientcert.pem"),
            ("batvkey", "BATV"), ("remotecert", "qmail-ldap", "clientcert.pem"),
            ("outgoingip.example.org", "indimail", "control/smtproutes.d/example.org")):
        path = t.control(name, "x")
        _finds(t, "warning", f"control/{name}", "not read (a file of ", *phrases)
        t.equal(len(_check(t, status=1)), 1, name)
        path.unlink()
    t.control("tlsadomains", "mx.example.org")
    _finds(t, "error", "control/tlsadomains", "DANE", "control/tlshosts/NAME.pem")
    t.without_control("tlsadomains")
    for name, content in (("tlsclientmethod", "TLSv1_2"), ("notlshosts_auto", "1"),
                          ("smtputf8", "1")):
        path = t.control(name, content)
        _finds(t, "note", f"control/{name}", "not read (a file of ")
        path.unlink()
    for name, content in (("notlshosts_auto", "0"), ("outgoingip.bak", "192.0.2.1")):
        path = t.control(name, content)
        t.equal(_check(t), [], name)
        path.unlink()


def keys_that_never_match(t):
    _furnish(t)
    t.control("smtproutes",
              "*:relay.example\n@example.org:relay.example\ndest.example: relay.example")
    for line in (1, 2):
        _finds(t, "warning", "control/smtproutes", line=line)
    t.check(any(each.get("line") == 3 for each in _check(t, status=1)), "a blank before the relay")
    t.control("smtproutes", "a.example:b.example")
    path = t.control("authsenders", "@client.example|user|pass")
    os.chown(path, 0, QMAILR)
    path.chmod(0o640)
    _finds(t, "warning", "control/authsenders", "no colon", "ignored", line=1)


def line_ends(t):
    _furnish(t)
    t.control("smtproutes", b"a.example:b.example\r\n")
    _finds(t, "warning", "control/smtproutes", "CR LF", "sed -i")


def what_is_no_file(t):
    _furnish(t)
    for name in ("timeoutremote", "smtproutes", "authsenders"):
        (t.home / "control" / name).unlink(missing_ok=True)
        (t.home / "control" / name).mkdir()
        _finds(t, "error", f"control/{name}", "cannot be read: is a directory")
        (t.home / "control" / name).rmdir()


def directories_qmailr_cannot_enter(t):
    _furnish(t)
    for name in ("tlshosts", "notlshosts", "smtproutes.d"):
        (t.home / "control" / name).mkdir(mode=0o700)
        _finds(t, "error", f"control/{name}", "cannot enter it")
        (t.home / "control" / name).rmdir()


def tables(t):
    _furnish(t)
    table = t.home / "queue/lock/tcpto"
    table.unlink()
    _finds(t, "note", "queue/lock/tcpto", "tried again at each delivery", "head -c 1024")
    table.write_bytes(bytes(512))
    os.chown(table, QMAILR, QMAILR)
    _finds(t, "note", "queue/lock/tcpto", "smaller than 1024")
    os.chown(table, 0, 0)
    _finds(t, "warning", "queue/lock/tcpto", "cannot read and write it")
    table.write_bytes(bytes(4096))
    _finds(t, "warning", "queue/lock/tcpto", "the format of another program")
    (t.home / "queue/lock/tcpto6").unlink()
    _finds(t, "warning", "queue/lock/tcpto", "larger than 1024")


def cures_of_tables(t):
    """Root would write through the links of the user who owns queue/lock, so the cure has only the
    rights of that user; and it cures."""
    _furnish(t)
    folder = t.home / "queue/lock"
    os.chown(folder, 1, 1)
    precious = t.home / "precious"
    for name, size in (("tcpto", 1024), ("tcpto6", 2048)):
        for trouble in ("missing", "short", "closed", "link"):
            table = folder / name
            table.unlink(missing_ok=True)
            precious.write_bytes(b"of root")
            precious.chmod(0o600)
            if trouble == "link":
                table.symlink_to(precious)
            elif trouble != "missing":
                table.write_bytes(bytes(512 if trouble == "short" else size))
                table.chmod(0o600)
            found = _check(t, status=0 if trouble == "missing" else 1)
            cures = {each["cure"] for each in found if each["file"] == f"queue/lock/{name}"}
            t.equal(len(cures), 1, f"cures of {name}, {trouble}")
            command = cures.pop().partition(": ")[2]
            subprocess.run(["sh", "-c", command], cwd=t.home, check=True)
            t.equal(_check(t), [], f"{name}, {trouble}: findings after {command}")
            t.equal(precious.read_bytes(), b"of root", "what a link led to")
            t.equal(precious.stat().st_mode & 0o777, 0o600, "its mode")


def users(t):
    _furnish(t)
    t.asks("check", "--user", "no-such-user", status=2)
    t.asks("check", "--user", "nobody")
    t.asks("check", "--user", "root")
    with_name = pathlib.Path("/etc/passwd").read_text().count("\nqmailr:")
    t.asks("check")
    t.check(with_name or "/etc/passwd has no such user" in t.text, "says that it was not checked")
    t.asks("check", "--user", f"{QMAILR}:{QMAILR}", uid=1, cwd="/")
    t.prints("only root can")


def hostile_names(t):
    """A file's name may hold anything; a terminal must not get it."""
    _furnish(t)
    t.control("tlshosts/\x1b[31mred.example.pem", "x")
    t.control("smtproutes.d/\x9b31m", "relay=\x1b[31m")
    t.asks("check", "--user", f"{QMAILR}:{QMAILR}", status=1)
    t.prints("\\x1b[31mred.example")
    _check(t, status=1)


def changes_nothing(t):
    _furnish(t)
    t.control("smtproutes", "broken")
    before = {path: path.stat().st_mtime_ns for path in t.home.rglob("*")}
    t.asks("check", status=1)
    t.equal({path: path.stat().st_mtime_ns for path in t.home.rglob("*")}, before, "the home")
