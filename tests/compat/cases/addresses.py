# contract.md#addresses: what goes out quoted, what goes out as it is, and what never goes out.
# Whether 8-bit addresses go out is left open.
from cases.common import ACCEPTED, taken_by
from harness.delivery import MX1, like
from harness.registry import case, table

BAD_RECIPIENT = like(r"h.*\(#5\.1\.3\)")

# local part as given, and as it must be on the wire
LOCAL_PARTS = [
    ("joe", "joe"), ("Joe", "Joe"), ("joe.bloggs", "joe.bloggs"), ("j", "j"),
    ("joe+tag", "joe+tag"),
    ("joe-list-owner", "joe-list-owner"), ("joe_b", "joe_b"), ("12345", "12345"),
    ("!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~"), ("a.b.c.d", "a.b.c.d"),
    ("SRS0=HHH=TT=orig.example=user", "SRS0=HHH=TT=orig.example=user"),
    ("prvs=1234abcdef=joe", "prvs=1234abcdef=joe"), ("list-return-1-joe=x.example",
                                                     "list-return-1-joe=x.example"),
    ("joe bloggs", '"joe bloggs"'), (" joe", '" joe"'), ("joe ", '"joe "'), (" ", '" "'),
    (".joe", '".joe"'), ("joe.", '"joe."'), ("joe..bloggs", '"joe..bloggs"'), (".", '"."'),
    ("joe,ann", '"joe,ann"'), ("joe;ann", '"joe;ann"'), ("joe:ann", '"joe:ann"'),
    ("(joe)", '"(joe)"'), ("<joe>", '"<joe>"'), ("joe>ann", '"joe>ann"'), ("[joe]", '"[joe]"'),
    ("joe@home", '"joe@home"'), ("@", '"@"'), ("a@b@c", '"a@b@c"'),
    ('joe"ann', '"joe\\"ann"'), ("joe\\ann", '"joe\\\\ann"'), ('"', '"\\""'), ("\\", '"\\\\"'),
    ("joe> SIZE=1", '"joe> SIZE=1"'), ("", '""'),
]


@table(LOCAL_PARTS)
def recipient_on_the_wire(t, local, wire):
    taken_by(t, MX1, lambda mx: mx.accepts(recipients=[wire + "@dest.example"]),
             recipients=[local + "@dest.example"])


@table(LOCAL_PARTS)
def sender_on_the_wire(t, local, wire):
    taken_by(t, MX1, lambda mx: mx.accepts(sender=wire + "@me.example"),
             sender=local + "@me.example")


@table([("null sender", "", ""), ("double bounce", "#@[]", "#@[]"), ("no @", "root", "root"),
        ("no @, dots", "a.b", "a.b"), ("dash", "-", "-")])
def sender_as_it_is(t, title, sender, wire):
    taken_by(t, MX1, lambda mx: mx.accepts(sender=wire), sender=sender)


@table([("postmaster",), ("Postmaster",), ("joe.bloggs",), ("joe+tag",)])
def recipient_without_at(t, recipient):
    taken_by(t, MX1, lambda mx: mx.accepts(recipients=[recipient]), recipients=[recipient])


GOOD_DOMAINS = ["dest.example", "Dest.EXAMPLE", "a_b.example", "_x.example", "a-b.example",
                "1.2.example", "x", "[198.51.100.1]", "[IPv6:2001:db8::1]", "xn--bcher-kva.example",
                "a" * 63 + ".example"]


@table([(domain,) for domain in GOOD_DOMAINS])
def domain_on_the_wire(t, domain):
    address = "joe@" + domain
    taken_by(t, MX1, lambda mx: mx.accepts(sender=address, recipients=[address]),
             sender=address, recipients=[address])


def sized(size):
    return "a" * (size - len("@dest.example")) + "@dest.example"


@table([("64", 64), ("100", 100), ("254", 254), ("256", 256), ("512", 512), ("899", 899),
        ("900", 900)])
def long_address(t, title, size):
    address = sized(size)
    taken_by(t, MX1, lambda mx: mx.accepts(sender=address, recipients=[address]),
             sender=address, recipients=[address])


BAD = [
    ("CR LF in the local part", "joe\r\nRCPT TO:<ann@dest.example>\r\n@dest.example"),
    ("CR LF in the domain", "joe@dest.example>\r\nRCPT TO:<ann@dest.example"),
    ("CR LF at the end", "joe@dest.example\r\n"), ("LF", "joe\n@dest.example"),
    ("LF at the end", "joe@dest.example\n"), ("CR", "joe\r@dest.example"),
    ("TAB", "joe\t@dest.example"), ("TAB in the domain", "joe@dest\t.example"),
    ("escape", "joe\x1b@dest.example"), ("DEL", "joe\x7f@dest.example"),
    ("byte 1", "joe\x01@dest.example"), ("byte 31", "joe\x1f@dest.example"),
    ("control character, no @", "joe\x07"), ("CR LF, no @", "joe>\r\nDATA"),
    ("empty domain", "joe@"), ("only @", "@"), ("empty domain after two", "joe@dest.example@"),
    ("blank in the domain", "joe@dest example"), ("blank at the end", "joe@dest.example "),
    ("> in the domain", "joe@dest.example>"), ("parameters", "joe@dest.example> SIZE=1"),
    ("comma in the domain", "joe@dest,example"), ("slash in the domain", "joe@dest/example"),
    ("quote in the domain", 'joe@"dest.example"'), ("! in the domain", "joe@dest!example"),
    ("empty label", "joe@dest..example"), ("leading dot", "joe@.dest.example"),
    ("open bracket", "joe@[198.51.100.1"), ("nonsense in brackets", "joe@[no address]"),
    ("closing bracket only", "joe@198.51.100.1]"), ("colon in the domain", "joe@dest:25"),
    ("> without @", "joe>"), ("blank without @", "joe ann"), ("> and blank without @", "a> b"),
    ("901 bytes", sized(901)), ("5000 bytes", sized(5000)), ("100,000 bytes", sized(100_000)),
    ("901 bytes without @", "a" * 901), ("long domain", "joe@" + ".".join(["a" * 60] * 16)),
]


@table(BAD)
def bad_recipient_alone(t, title, address):
    t.never(MX1)
    t.deliver(recipients=[address])
    t.says(BAD_RECIPIENT, like("D"))


@table(BAD)
def bad_recipient_among_good_ones(t, title, address):
    good = ["joe@dest.example", "ann@dest.example"]
    t.server(MX1, lambda mx: mx.accepts(recipients=good))
    t.deliver(recipients=[good[0], address, good[1]])
    t.says("r", BAD_RECIPIENT, "r", ACCEPTED)


@table(BAD)
def bad_sender(t, title, address):
    t.never(MX1)
    t.deliver(sender=address)
    t.says_lastly(like(r"D.*\(#5\.1\.7\)"))


@case
def bad_recipients_only(t):
    t.never(MX1)
    t.deliver(recipients=["joe@", "a b", "x\r\ny@dest.example"])
    t.says(BAD_RECIPIENT, BAD_RECIPIENT, BAD_RECIPIENT, like("D"))


@case
def bad_recipients_and_refused_ones(t):
    def script(mx):
        mx.greets()
        mx.hears("MAIL FROM:<sender@me.example>")
        mx.says("250 ok")
        mx.hears("RCPT TO:<ann@dest.example>")
        mx.says("450 later")
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver(recipients=["joe@", "ann@dest.example"])
    t.says(BAD_RECIPIENT, f"s{MX1} does not like recipient.\nRemote host said: 450 later",
           f"DGiving up on {MX1}.")


@table([("first", 0), ("middle", 1), ("last", 2)])
def bad_recipient_keeps_its_place(t, title, place):
    recipients = ["joe@dest.example", "ann@dest.example"]
    t.server(MX1, lambda mx: mx.accepts(recipients=list(recipients)))
    wanted = ["r", "r"]
    wanted.insert(place, BAD_RECIPIENT)
    given = list(recipients)
    given.insert(place, "bad\n@dest.example")
    t.deliver(recipients=given)
    t.says(*wanted, ACCEPTED)


@case
def bad_recipient_while_no_server_answers(t):
    t.deliver(recipients=["joe@", "ann@dest.example"])
    t.says_lastly(like(r"Z.*\(#4\.4\.1\)"))


@table([("invalid UTF-8", b"jo\xff\xfee@dest.example"),
        ("UTF-8", "jos\u00e9@dest.example".encode()),
        ("UTF-8 domain", "joe@b\u00fccher.example".encode()),
        ("high control", b"a\x85b@dest.example")])
def eight_bit_address(t, title, address):
    # whether it goes out is open; it must not break the conversation or the report
    def script(mx):
        mx.greets()
        mx.hears("MAIL FROM:<sender@me.example>...")
        mx.says("250 ok")
        line = mx.line()
        if line and line.startswith("RCPT TO:<"):
            mx.says("550 no")
            mx.ends()
        else:
            mx.ends()
    t.maybe(MX1, script)
    t.own_refusals = True
    t.deliver(recipients=[address])
    t.says(like("[hs]"), like("D"))
