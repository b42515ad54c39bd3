# contract.md#control-files: names, numbers, blanks, and what cannot be read.
# What TLS reads is in tls_names, tls_settings and tls_required.
import os
import time

from cases.common import taken_by
from harness.delivery import MX1, UNPRIVILEGED, like
from harness.registry import case, table
from harness.scripts import fails_at

UNABLE = r"ZUnable to read control files\. \(#4\.3\.0\)\n"


@table([("plain", "me.example", "me.example"), ("no newline", b"me.example", "me.example"),
        ("blanks", "me.example  \t ", "me.example"), ("two lines", "me.example\nother.example",
                                                      "me.example"),
        ("empty lines after it", "me.example\n\n\n", "me.example"),
        ("capitals", "Me.Example", "Me.Example"), ("literal", "[192.0.2.1]", "[192.0.2.1]"),
        ("one label", "localhost", "localhost")])
def hello_name_from_me(t, title, content, name):
    t.control("me", content)
    taken_by(t, MX1, lambda mx: (mx.greets(hello=name), mx.takes_message()))


@case
def helohost_beats_me(t):
    t.control("helohost", "hello.example")
    taken_by(t, MX1, lambda mx: (mx.greets(hello="hello.example"), mx.takes_message()))


@case
def helohost_without_me(t):
    t.without_control("me")
    t.control("helohost", "hello.example \t")
    taken_by(t, MX1, lambda mx: (mx.greets(hello="hello.example"), mx.takes_message()))


@case
def helohost_goes_into_helo_too(t):
    def script(mx):
        mx.says("220 old.example")
        mx.hears("EHLO hello.example")
        mx.says("502 what")
        mx.hears("HELO hello.example")
        mx.says("250 old.example")
        mx.takes_message()
    t.control("helohost", "hello.example")
    taken_by(t, MX1, script)


@case
def neither_me_nor_helohost(t):
    t.without_control("me")
    t.never(MX1)
    t.deliver()
    t.says(like(UNABLE + ".*me"))


@table([("empty me", "me", b""), ("blank me", "me", b"  \t\n"), ("empty first line", "me",
                                                                b"\nme.example\n"),
        ("empty helohost", "helohost", b""), ("blank helohost", "helohost", b" \n"),
        ("8-bit", "me", b"m\xe9.example\n"), ("UTF-8", "me", "m\u00e9.example\n".encode()),
        ("control character", "me", b"me\x01.example\n"), ("TAB within", "me", b"me\t.example\n"),
        ("CR", "me", b"me.example\rQUIT\n"), ("NUL", "me", b"me\0.example\n"),
        ("escape", "helohost", b"\x1b[2J\n"), ("8-bit helohost", "helohost", b"h\xff\n")])
def bad_hello_name(t, title, name, content):
    t.control(name, content)
    t.never(MX1)
    t.deliver()
    t.says(like(UNABLE + f".*{name}"))


@table([("plain", "1"), ("no newline", b"1"), ("blanks", "1 \t "), ("text after it", "1 second"),
        ("text right after it", "1s"), ("second line", "1\n20"), ("zeros before", "0001")],
       slow=True)
def number_of_seconds(t, title, content):
    t.control("timeoutremote", content)
    t.server(MX1, fails_at("mail", "(keeps silent)"))
    t.deliver()
    t.says(like(rf"ZConnected to {MX1} but connection died\."))
    t.within(0.8, 4)


@table([("letters", "soon"), ("empty", b""), ("blank", b" \n"), ("comment", "# 1"),
        ("missing", None)], slow=True)
def without_digits_the_default_stays(t, title, content):
    for name in ("timeoutremote", "timeoutconnect"):
        if content is None:
            t.without_control(name)
        else:
            t.control(name, content)

    def late(mx):
        mx.says("220 mx.example")
        mx.hears("EHLO me.example")
        time.sleep(3)
        mx.says("250 mx.example")
        mx.takes_message()
    taken_by(t, MX1, late)


@case(slow=True)
def timeoutconnect_is_its_own(t):
    t.timeouts(20, 2)
    t.zone("dest.example A 192.0.2.9")
    t.deliver()
    t.says(like(r"Z.*\(#4\.4\.1\)"))
    t.within(1.8, 6)


@case(slow=True)
def timeoutremote_is_its_own(t):
    t.timeouts(1, 20)
    t.server(MX1, fails_at("greeting", "(keeps silent)"))
    t.deliver()
    t.says(like("Z"))
    t.within(0.8, 5)


@table([("very large", "99999999999999999999999999"), ("largest", "4294967296")])
def great_numbers_are_no_harm(t, title, content):
    t.control("timeoutremote", content)
    t.control("timeoutconnect", content)
    taken_by(t, MX1)


READ_ALWAYS = ["me", "smtproutes", "timeoutconnect", "timeoutremote"]
CONTENTS = {"me": "me.example", "helohost": "me.example", "smtproutes": "x.example:",
            "timeoutconnect": "5", "timeoutremote": "5", "tlsclientciphers": "HIGH"}


@table([(name,) for name in [*READ_ALWAYS, "helohost"]])
def unreadable_file(t, name):
    t.control(name, CONTENTS[name]).chmod(0)
    t.never(MX1)
    t.deliver(uid=UNPRIVILEGED)
    t.says(like(UNABLE + f".*{name}"))


@table([(name,) for name in [*READ_ALWAYS, "helohost"]])
def directory_in_place_of_a_file(t, name):
    path = t.home / "control" / name
    path.unlink(missing_ok=True)
    path.mkdir()
    t.never(MX1)
    t.deliver()
    t.says(like(UNABLE + f".*{name}"))


@case
def readable_by_another_user(t):
    taken_by(t, MX1, uid=UNPRIVILEGED)


@case
def control_directory_that_cannot_be_searched(t):
    (t.home / "control").chmod(0)
    t.never(MX1)
    t.deliver(uid=UNPRIVILEGED)
    t.says(like(UNABLE))


@case
def symbolic_links_are_followed(t):
    (t.home / "elsewhere").write_text("linked.example\n")
    t.without_control("me")
    os.symlink(t.home / "elsewhere", t.home / "control/me")
    taken_by(t, MX1, lambda mx: (mx.greets(hello="linked.example"), mx.takes_message()))


@case
def dangling_link_does_not_exist(t):
    os.symlink(t.home / "nowhere", t.home / "control/helohost")
    taken_by(t, MX1)


@case
def smtproutes_missing_or_empty(t):
    t.control("smtproutes", b"")
    taken_by(t, MX1)


@table([("unreadable",), ("directory",)])
def cipher_file_that_cannot_be_read(t, title):
    path = t.control("tlsclientciphers", "HIGH")
    if title == "directory":
        path.unlink()
        path.mkdir()
    else:
        path.chmod(0)

    def script(mx):
        mx.greets("STARTTLS")
        mx.ends()
    t.maybe(MX1, script)
    t.deliver(uid=UNPRIVILEGED)
    t.says_lastly(like(UNABLE + ".*tlsclientciphers"))


@case
def source_address_that_is_not_ours(t):
    t.control("outgoingip", "198.18.0.1")
    t.never(MX1)
    t.deliver()
    t.says(like(UNABLE + r"control/outgoingip, line 1: 198\.18\.0\.1 is not an address of this "
                         r"host\n"))


@case
def several_faults_still_one_report(t):
    for name in ("me", "smtproutes", "timeoutremote"):
        (t.home / "control" / name).unlink(missing_ok=True)
        (t.home / "control" / name).mkdir()
    t.never(MX1)
    t.deliver()
    t.says(like(UNABLE))
