# tern check: certificates, trust, ciphers, and what is required of TLS.
import os
import shutil
import subprocess

from checking import QMAILR
from checking import check as _check
from checking import finds as _finds
from checking import furnish as _furnish


def ciphers(t):
    _furnish(t)
    t.control("tlsclientciphers", "NONSENSE")
    _finds(t, "error", "control/tlsclientciphers", "OpenSSL", "openssl-ciphers")
    t.control("tlsclientciphers", "ECDHE-RSA-AES256-GCM-SHA384:NONSENSE")
    _finds(t, "warning", "control/tlsclientciphers", "does not know 1 of its 2 ciphers: NONSENSE")


def ciphers_of_an_old_host(t):
    """Output of openssl-ciphers(1) of 2006: what is known works, the rest is one finding."""
    _furnish(t)
    t.control("tlsclientciphers",
              "DHE-RSA-AES256-SHA:AES256-SHA:EDH-RSA-DES-CBC3-SHA:DES-CBC3-SHA:DES-CBC3-MD5:"
              "RC2-CBC-MD5:RC4-SHA:RC4-MD5:EXP-EDH-RSA-DES-CBC-SHA:EXP-DES-CBC-SHA:"
              "EXP-RC2-CBC-MD5:EXP-RC4-MD5:!ADH")
    findings = _check(t, status=1)
    t.equal([each["file"] for each in findings], ["control/tlsclientciphers"], "findings")
    t.check("of its 12 ciphers" in findings[0]["what"] and " more" in findings[0]["what"],
            findings[0]["what"])
    t.control("tlsclientciphers", "pci")
    t.equal([each["severity"] for each in _check(t, status=1)], ["error"], "findings")
    t.control("tlsclientciphers", "ALL:!ADH:!LOW")
    t.equal(_check(t), [], "findings")


def client_certificate(t):
    _furnish(t)
    path = t.control("clientcert.pem", t.certificates.text("client-rsa"))
    _finds(t, "warning", "control/clientcert.pem", "readable by every user", f"chgrp {QMAILR}")
    path.chmod(0o600)
    _finds(t, "warning", "control/clientcert.pem", "cannot read it")
    os.chown(path, QMAILR, QMAILR)
    t.equal(_check(t), [], "findings")
    path.write_text(t.certificates.text("expired"))
    _finds(t, "warning", "control/clientcert.pem", "expired at")
    path.write_text(t.certificates.text("not-yet-valid"))
    _finds(t, "warning", "control/clientcert.pem", "not valid before")
    path.write_text(t.certificates.text("client-rsa.cert") + t.certificates.text("ed25519.key"))
    _finds(t, "warning", "control/clientcert.pem", "its first certificate and private key")
    path.write_text(t.certificates.text("client-rsa.cert"))
    _finds(t, "warning", "control/clientcert.pem", "it contains no private key")


def demands_of_tls(t):
    _furnish(t)
    t.control("tlshosts/mx.example.org.pem", "nothing")
    _finds(t, "error", "control/tlshosts/mx.example.org.pem", "no certificate")
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
    _finds(t, "warning", "control/tlshosts/mx.example.org.crt", "never read")
    (t.home / "control/tlshosts/mx.example.org.crt").unlink()
    t.control("notlshosts/mx.example.org")
    _finds(t, "warning", "control/notlshosts/mx.example.org", "overrides it")


def files_of_trust(t):
    """A bundle with expired authorities is one note; an empty file is called so."""
    _furnish(t)
    where = "control/tlshosts/mx.example.org.pem"
    t.control("tlshosts/mx.example.org.pem", "")
    _finds(t, "error", where, "is empty", "is deferred")
    text, good = t.certificates.text, t.certificates.text("ca")
    t.control("tlshosts/mx.example.org.pem", good + 5 * text("expired.cert"))
    findings = _check(t)
    t.equal([each["severity"] for each in findings], ["note"], "findings")
    t.check("5 of its 6 certificates are expired" in findings[0]["what"], findings[0]["what"])
    t.control("tlshosts/mx.example.org.pem", 2 * text("expired.cert"))
    findings = _check(t, status=1)
    t.equal([each["severity"] for each in findings], ["warning"], "findings")
    t.check("all 2 certificates are expired" in findings[0]["what"], findings[0]["what"])
    t.control("tlshosts/mx.example.org.pem", good)
    t.control("tlshosts/mx.example.org.tls.pem", good)
    _finds(t, "warning", "control/tlshosts/mx.example.org.tls.pem", "never read",
           "rename it to mx.example.org.pem")


def partial_tls(t):
    """Servers of the same mail of which only some require TLS, as far as files show them."""
    _furnish(t)
    t.control("tlshosts/mx1.example.org.pem", t.certificates.text("ca"))
    t.control("tlshosts/a.example.pem", t.certificates.text("ca"))
    answer = t.asks_json("check", "--user", f"{QMAILR}:{QMAILR}")
    t.check(any(each["file"] == "control/tlshosts" and "tern route" in each["cure"]
                for each in answer["findings"]), "says what only tern route can see")
    t.control("notlshosts/mx2.example.org")
    _finds(t, "note", "control/notlshosts/mx2.example.org", "required at mx1.example.org")
    (t.home / "control/notlshosts/mx2.example.org").unlink()
    t.control("notlshosts/b.example")  # another domain, for all that is known
    t.equal(_check(t), [], "findings")
    t.control("smtproutes", "c.example:a.example,d.example,[192.0.2.9]\nd.example:a.example")
    _finds(t, "warning", "control/smtproutes", "TLS is required at a.example but not at d.example, "
           "192.0.2.9", line=1)
    t.control("smtproutes", "c.example:a.example,d.example")
    _finds(t, "warning", "control/smtproutes", "add control/tlshosts/d.example.pem", line=1)
    t.control("tlshosts/d.example.pem", t.certificates.text("ca"))
    t.equal(_check(t), [], "findings")


def directories_of_trust(t):
    """Of files by hash; that a host has one is worth a note, and each mistake in it a warning."""
    _furnish(t)
    where = "control/tlshosts/mx.example.org.pem"
    directory = t.home / where
    directory.mkdir(parents=True)
    _finds(t, "error", where, "no certificate named by its hash", "openssl rehash")
    ca = t.control("tlshosts/mx.example.org.pem/ca.pem", t.certificates.text("ca"))
    _finds(t, "error", where, "no certificate named by its hash", "openssl rehash")
    _finds(t, "warning", f"{where}/ca.pem", "no name by hash", "openssl rehash")
    t.control("tlshosts/mx.example.org.pem/stranger.crt", t.certificates.text("stranger"))
    subprocess.run(["openssl", "rehash", directory], check=True)
    _finds(t, "note", where, "a directory of 2 certificates by hash")
    bundle = t.control("tlshosts/mx.example.org.pem/bundle.crt",
                       t.certificates.text("ca-rsa") + t.certificates.text("intermediate"))
    t.equal([each["severity"] for each in _check(t)], ["note"], "findings")
    bundle.unlink()
    # A second server by the same directory is not reported again; one with a dangling link is.
    link = t.home / "control/tlshosts/mx2.example.org.pem"
    link.symlink_to("mx.example.org.pem")
    t.equal([each["severity"] for each in _check(t)], ["note"], "findings")
    link.unlink()
    link.symlink_to("/no/such/directory")
    _finds(t, "error", "control/tlshosts/mx2.example.org.pem", "link")
    link.unlink()
    hashed = next(each for each in directory.glob("*.0") if each.resolve() == ca.resolve())
    ca.write_text(t.certificates.text("expired.cert"))
    _finds(t, "warning", f"{where}/{hashed.name}", "never read under this name", "rehash")
    t.check(any("1 of its 2 certificates by hash has expired" in each["what"]
                for each in _check(t, status=1)), "the expired one is reported")
    ca.write_text("nothing")
    _finds(t, "warning", f"{where}/{hashed.name}", "contains no certificate", "is deferred")
    ca.unlink()
    _finds(t, "warning", f"{where}/{hashed.name}", "a dangling symbolic link", "is deferred")
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
    _finds(t, "note", "control/tlshosts/mx1.example.org.pem", "a directory of 1", "are trusted")
    t.equal({each["file"] for each in _check(t)}, {"control/tlshosts/mx1.example.org.pem"}, "files")


def no_tls_at_all(t):
    _furnish(t)
    t.control("tlshosts/exhaustivelist")
    _finds(t, "warning", "control/tlshosts/exhaustivelist", "no mail is encrypted")


def rules_of_tlsdestinations(t):
    """A line that asks anything of TLS defers mail; s/qmail's own default asks nothing."""
    _furnish(t)
    for line in ("*:", ":*", "", "# -*:"):
        t.control("tlsdestinations", line)
        t.equal(_check(t), [], line)
    required = ("-*:", "+example.org:/etc/ssl/certs/", "=mx.example.org:ca.pem",
                "~.example.org:", "%mx.example.org:=" + "a" * 64, "mx.example.org:")
    for line in (*required, "!example.net:"):
        t.control("tlsdestinations", f"*:\n{line}")
        _finds(t, "error", "control/tlsdestinations", "is deferred",
               "requires TLS" if line in required else "disables TLS", line=2)
    t.control("tlsdestinations", "no colon")
    _finds(t, "warning", "control/tlsdestinations", "no colon", line=1)


def demands_that_cannot_be_reached(t):
    _furnish(t)
    place = t.home / "control/tlshosts"
    place.symlink_to(t.home / "nowhere")
    _finds(t, "error", "control/tlshosts", "link", "all mail is deferred")
    place.unlink()
    place.write_text("")
    _finds(t, "error", "control/tlshosts", "not a directory", "all mail is deferred")
