# The same verdicts where the server offers PIPELINING, CHUNKING and other extensions.
# Whether the client uses them is its own choice; what it reports and what arrives is not.
from cases.common import ACCEPTED, ACCEPTED_2, LARGE, SAID, accepts, taken_by
from harness.delivery import MX1, MX2, like
from harness.registry import case, table
from harness.scripts import up_to

OFFERS = {"PIPELINING": ("PIPELINING",), "CHUNKING": ("CHUNKING",),
          "both": ("PIPELINING", "CHUNKING", "8BITMIME", "SIZE 100000000", "SMTPUTF8", "DSN")}


def answers(mx, mail="250 ok", rcpt=("250 ok",), data="354 go ahead", end="250 accepted"):
    """Gives these replies, however the commands are grouped; takes dots and chunks."""
    recipients, ended = list(rcpt), False
    while (line := mx.line()) is not None:
        word = line.split(" ")[0]
        if word == "MAIL":
            mx.says(mail)
        elif word == "RCPT":
            mx.says(recipients.pop(0))
        elif word == "DATA":
            mx.says(data)
            if data.startswith("354"):
                if not mx.buffer and not mx.more():
                    return
                mx.takes_body()
                mx.says(end)
        elif word == "BDAT":
            size = int(line.split()[1])
            while len(mx.buffer) < size:
                if not mx.more():
                    return
            chunk, mx.buffer = mx.buffer[:size], mx.buffer[size:]
            mx.chunks = getattr(mx, "chunks", b"") + chunk
            if line.endswith(" LAST"):
                mx.test.bodies.append(mx.chunks)
                ended = True
                mx.says(end if data.startswith("354") else data)
            else:
                mx.says("250 chunk ok" if data.startswith("354") else data)
        elif word == "QUIT":
            mx.hears_end()
            return
        else:
            mx.test.problem(f"{mx.label}: unknown command {line!r}, after the end: {ended}")
            return


RCPT_1 = f"{MX1} does not like recipient.{SAID}"
SETTLED = [
    ("accepted", {}, ["r", ACCEPTED]),
    ("other positive codes", {"mail": "251 a", "rcpt": ("252 b",)}, ["r", ACCEPTED]),
    ("mail 550", {"mail": "550 no", "rcpt": ("503 x",), "data": "503 y"},
     [f"DConnected to {MX1} but sender was rejected.{SAID}550 no"]),
    ("rcpt 550", {"rcpt": ("550 no",), "data": "554 no valid recipients"},
     [f"h{RCPT_1}550 no", f"DGiving up on {MX1}."]),
    ("rcpt 450", {"rcpt": ("450 no",), "data": "503 no valid recipients"},
     [f"s{RCPT_1}450 no", f"DGiving up on {MX1}."]),
    ("rcpt 450, data 421", {"rcpt": ("450 no",), "data": "503 x"},
     [f"s{RCPT_1}450 no", f"DGiving up on {MX1}."]),
    ("data 554", {"data": "554 no"}, ["r", like(f"D{MX1} failed .*{SAID}554 no")]),
    ("data 451", {"data": "451 no"}, ["r", like(f"Z{MX1} failed .*{SAID}451 no")]),
    ("end 554", {"end": "554 no"}, ["r", f"D{MX1} failed after I sent the message.{SAID}554 no"]),
    ("end 421", {"end": "421 no"}, ["r", f"Z{MX1} failed after I sent the message.{SAID}421 no"]),
    ("end 451", {"end": "451 no"}, ["r", f"Z{MX1} failed after I sent the message.{SAID}451 no"]),
    ("end 354", {"end": "354 x"}, ["r", like("Z.*Possible duplicate!")]),
    ("end nonsense", {"end": "nonsense"}, ["r", like("Z.*Possible duplicate!")]),
    ("end 150", {"end": "150 x"}, ["r", like("Z.*Possible duplicate!")]),
    ("end 600", {"end": "600 x"}, ["r", like("Z.*Possible duplicate!")]),
]


@table([(f"{title}, {offer}", replies, reports, offer)
        for title, replies, reports in SETTLED for offer in OFFERS] +
       [(f"mail 550, the rest accepted, {offer}", {"mail": "550 no"},
         [f"DConnected to {MX1} but sender was rejected.{SAID}550 no"], offer)
        for offer in ("PIPELINING", "CHUNKING")])
def settled(t, title, replies, reports, offer):
    def script(mx):
        mx.greets(*OFFERS[offer])
        answers(mx, **replies)
    t.server(MX1, script)
    t.never(MX2)
    t.timeouts(3)
    t.deliver("two.example")
    t.says(*reports)
    if reports[-1] == ACCEPTED:
        t.check(len(t.bodies) == 1, f"bodies {t.bodies!r}")


@table([(f"{replies} {offer}", replies, offer)
        for replies in ("250 550 250", "550 250 450", "550 450 550", "250 250 250",
                        "450 450 450", "250 550 450") for offer in OFFERS])
def several_recipients(t, title, replies, offer):
    recipients = [f"joe{number}@dest.example" for number in range(3)]
    codes = replies.split()

    def script(mx):
        mx.greets(*OFFERS[offer])
        answers(mx, rcpt=[f"{code} about {n}" for n, code in enumerate(codes)],
                data="354 go" if "250" in codes else "503 no valid recipients")
    t.server(MX1, script)
    t.deliver(recipients=recipients)
    letters = {"250": "r", "550": "h", "450": "s"}
    wanted = ["r" if code == "250" else f"{letters[code]}{RCPT_1}{code} about {n}"
              for n, code in enumerate(codes)]
    t.says(*wanted, ACCEPTED if "250" in codes else f"DGiving up on {MX1}.")


@table([(f"{title}, {offer}", replies, offer)
        for title, replies in (
            ("mail 451", {"mail": "451 no", "rcpt": ("503 x",), "data": "503 y"}),
            ("mail 421", {"mail": "421 no", "rcpt": ("421 x",), "data": "421 y"}))
        for offer in OFFERS])
def moves_on(t, title, replies, offer):
    # also where the message went along with MAIL (BDAT): its end was refused as well (amended
    # contract.md#one-flight)
    def script(mx):
        mx.greets(*OFFERS[offer])
        answers(mx, **replies)
    t.server(MX1, script)
    t.server(MX2, accepts)
    t.timeouts(3)
    t.deliver("two.example")
    t.says("r", ACCEPTED_2)


@case
def taken_after_a_refused_mail(t):
    # contract.md#one-flight: reported as what it is, and no other server is tried
    def script(mx):
        mx.greets(*OFFERS["both"])
        answers(mx, mail="450 no")
    t.server(MX1, script)
    t.never(MX2)
    t.timeouts(3)
    t.deliver("two.example")
    t.says(like("Z.*Possible duplicate!.*450 no.*250 accepted"))


@case
def many_recipients_pipelined(t):
    many = [f"a-rather-long-local-part-number-{n}@dest.example" for n in range(2000)]

    def script(mx):
        mx.greets("PIPELINING")
        answers(mx, rcpt=["250 " + "ok " * 50] * 2000)
    t.server(MX1, script)
    t.deliver(recipients=many)
    t.says(*["r"] * 2000, ACCEPTED)


@table([(offer,) for offer in OFFERS])
def large_message(t, offer):
    def script(mx):
        mx.greets(*OFFERS[offer])
        answers(mx)
    taken_by(t, MX1, script, message=LARGE)
    t.body(LARGE.replace(b"\n", b"\r\n"))


@table([(offer,) for offer in OFFERS])
def lost_within_a_large_message(t, offer):
    def script(mx):
        up_to(mx, "rcpt", *OFFERS[offer])
        mx.says("250 ok")
        line = mx.line()
        if line == "DATA":
            mx.says("354 go")
        mx.more()
        mx.resets()
    t.server(MX1, script)
    taken_by(t, MX2, host="two.example", message=LARGE)
    t.body(LARGE.replace(b"\n", b"\r\n"))


@table([(offer,) for offer in OFFERS])
def no_final_newline_in_a_large_message(t, offer):
    # no end of data may come, neither the dot nor the last chunk
    def script(mx):
        up_to(mx, "rcpt", *OFFERS[offer])
        mx.says("250 ok")
        line = mx.line()
        if line == "DATA":
            mx.says("354 go ahead")
            if b"\r\n.\r\n" in mx.rest():
                mx.test.problem("a complete message came")
        while line and line.startswith("BDAT "):
            if line.endswith(" LAST"):
                mx.test.problem("the last chunk came")
            while len(mx.buffer) < int(line.split(" ")[1]) and mx.more():
                pass
            mx.buffer = mx.buffer[int(line.split(" ")[1]):]
            mx.says("250 chunk taken")
            line = mx.line()
    t.maybe(MX1, script)
    t.timeouts(2)
    t.deliver(message=LARGE + b"x")
    t.says_lastly(like(r"D.*\(#5\.6\.2\)"))


@table([("sizes", ["SIZE", "SIZE 0", "SIZE abc", "SIZE 99999999999999999999999999"]),
        ("blanks", ["PIPELINING ", " CHUNKING", "8BITMIME  "]), ("lower case", ["pipelining"]),
        ("unknown", ["XCLIENT NAME ADDR", "AUTH", "AUTH=LOGIN", "X" * 500, "", "-", "é"]),
        ("twice", ["PIPELINING", "PIPELINING", "SIZE 1000000", "SIZE 2000000"]),
        ("many", [f"X-{n}" for n in range(3000)])])
def strange_extensions(t, title, lines):
    def script(mx):
        mx.greets(*lines)
        answers(mx)
    taken_by(t, MX1, script)


@case
def go_ahead_after_the_sender_was_deferred(t):
    # the body must not follow a refused MAIL, whatever DATA is answered
    def script(mx):
        mx.greets("PIPELINING")
        mx.hears("MAIL FROM:<sender@me.example>...")
        mx.says("550 no")
        line = mx.line()
        while line not in (None, "DATA", "QUIT"):
            mx.says("250 ok")
            line = mx.line()
        if line == "DATA":
            mx.says("354 go ahead")
            if b"Hello" in mx.rest():
                mx.test.problem("the body was sent")
    t.server(MX1, script)
    t.timeouts(2)
    t.deliver()
    t.says(f"DConnected to {MX1} but sender was rejected.{SAID}550 no")
