# contract.md#replies: what a reply is; all else puts the session out of step.
# What a refusal means is in reports.
from cases.common import ACCEPTED, taken_by
from harness.delivery import MX1, like
from harness.registry import case, table
from harness.scripts import STAGES, fails_at, up_to


# Never a reply, at any stage.
NO_REPLY = [
    ("1xx", "150 wait"), ("100", "100 x"), ("199", "199 x"), ("0xx", "050 x"), ("6xx", "600 x"),
    ("9xx", "999 x"), ("words", "hello there"), ("empty line", ""), ("two digits", "25 ok"),
    ("two digits alone", "25"), ("four digits", "2500 ok"), ("blank before", " 250 ok"),
    ("letter O", "25O ok"), ("dash first", "-250 ok"), ("HTTP", "HTTP/1.1 200 OK"),
    ("mixed codes", "250-one\r\n251 two"), ("mixed classes", "250-one\r\n550 two"),
    ("text within", "250-one\r\nand two"), ("plus", "+250 ok"), ("binary", "\x16\x03\x01\x02"),
    ("sign", "-50 ok"), ("hash", "2#0 ok"),
]

# A reply, but not one that this stage knows.
WRONG_CLASS = [
    ("hello", "354 go"), ("hello", "334 go"), ("mail", "354 go"), ("mail", "300 x"),
    ("rcpt", "354 go"), ("rcpt", "399 x"), ("data", "250 ok"), ("data", "200 ok"),
    ("data", "221 bye"), ("data", "334 x"), ("data", "355 x"), ("end", "354 go"),
    ("end", "300 x"),
]


@table([(f"{stage}: {title}", stage, reply) for stage in STAGES for title, reply in NO_REPLY] +
       [(f"{stage}: {reply}", stage, reply) for stage, reply in WRONG_CLASS])
def not_a_reply_here(t, title, stage, reply):
    # out of step: nothing more is sent, not even QUIT (contract.md#quit)
    t.server(MX1, fails_at(stage, reply, then=lambda mx: mx.hears_end()))
    t.timeouts(2)
    t.deliver()
    if stage == "end":
        t.says("r", like("Z.*Possible duplicate!"))
    else:
        t.says_lastly(like(f"Z.*{MX1}"))
        t.never_mentions("Possible duplicate")


def answers(mx, *replies):
    """A good conversation with these six replies, as they are."""
    greeting, hello, mail, rcpt, data, end = replies
    mx.sends(greeting)
    mx.hears("EHLO me.example")
    mx.sends(hello)
    mx.hears("MAIL FROM:<sender@me.example>")
    mx.sends(mail)
    mx.hears("RCPT TO:<joe@dest.example>")
    mx.sends(rcpt)
    mx.hears("DATA")
    mx.sends(data)
    mx.takes_body()
    mx.sends(end)
    mx.hears_quit()


@table([
    ("bare codes", "220", "250", "250", "250", "354", "250"),
    ("code and blank", "220 ", "250 ", "250 ", "250 ", "354 ", "250 "),
    ("many lines", "220-a\r\n220-b\r\n220 c", "250-a\r\n250 b", "250-a\r\n250 b",
     "250-a\r\n250 b", "354-a\r\n354 b", "250-a\r\n250 b"),
    ("empty lines of a reply", "220-\r\n220", "250-\r\n250", "250-\r\n250 ", "250-\r\n250",
     "354-\r\n354", "250-\r\n250"),
    ("other codes", "220 x", "299 x", "201 x", "252 x", "354 x", "255 x"),
    ("text like codes", "220-554 x\r\n220 421", "250-550 x\r\n250 x", "250 550 x", "250 450 x",
     "354 250 x", "250 550 x")])
def good_replies(t, title, *replies):
    t.server(MX1, lambda mx: answers(mx, *[reply.encode() + b"\r\n" for reply in replies]))
    t.deliver()
    t.says("r", f"K{MX1} accepted message.\nRemote host said: " + replies[5].replace("\r", ""))
    t.body()


@case
def replies_without_cr(t):
    taken_by(t, MX1, lambda mx: answers(mx, b"220 a\n", b"250-b\n250 c\n", b"250 d\n", b"250 e\n",
                                        b"354 f\n", b"250 accepted\n"))


LONG = 900_000
TOO_LONG = 1_300_000


def long_line(code, size):
    return code.encode() + b" " + b"x" * size + b"\r\n"


def long_reply(code, size):
    line = code.encode() + b"-" + b"y" * 95 + b"\r\n"
    return line * (size // len(line)) + code.encode() + b" end\r\n"


CODES = ("220", "250", "250", "250", "354", "250")


@table([(f"{stage} {shape.__name__}", number, shape)
        for number, stage in enumerate(STAGES) for shape in (long_line, long_reply)])
def long_replies_are_valid(t, title, number, shape):
    replies = [f"{code} ok\r\n".encode() for code in CODES]
    replies[number] = shape(CODES[number], LONG)
    t.server(MX1, lambda mx: answers(mx, *replies))
    t.deliver()
    t.says("r", like(rf"K{MX1} accepted message\.\nRemote host said: 250"))
    t.check(len(t.last) < 6000, f"the report has {len(t.last)} bytes")


@table([("greeting", "554", "Z"), ("mail", "550", "D"), ("mail", "450", "Z"), ("data", "550", "D"),
        ("end", "550", "D"), ("end", "450", "Z")])
def the_code_of_a_long_refusal_counts(t, stage, code, letter):
    t.server(MX1, fails_at(stage, long_reply(code, LONG)[:-2].decode()))
    t.deliver()
    t.says_lastly(like(letter + rf".*Remote host said: {code}-"))
    t.never_mentions("Possible duplicate")


@table([(f"{stage} {shape.__name__}", stage, code, shape)
        for stage, code in zip(STAGES, CODES) for shape in (long_line, long_reply)])
def too_long_is_out_of_step(t, title, stage, code, shape):
    def script(mx):
        up_to(mx, stage)
        mx.sends(shape(code, TOO_LONG))
        mx.hears_end()
    t.server(MX1, script)
    t.deliver()
    t.says_lastly(like("Z.*Possible duplicate!" if stage == "end" else "Z"))
    if stage != "end":
        t.never_mentions("Possible duplicate")


@table([(stage,) for stage in STAGES])
def endless_reply(t, stage):
    def script(mx):
        up_to(mx, stage)
        line = b"250-and so on\r\n" * 1000
        while True:
            try:
                mx.sock.sendall(line)
            except OSError:
                return
    t.server(MX1, script)
    t.timeouts(10)
    t.deliver()
    t.says_lastly(like("Z.*Possible duplicate!" if stage == "end" else "Z"))
    t.within(0, 9)


@table([(f"{stage} {kind}", stage, kind) for stage in STAGES for kind in ("bytes", "lines")],
       slow=True)
def dripping_reply(t, title, stage, kind):
    # timeoutremote bounds the whole reply, not each read
    code = dict(zip(STAGES, CODES))[stage].encode()

    def script(mx):
        up_to(mx, stage)
        if kind == "bytes":
            mx.drips(code + b" a server that takes its time\r\n", 0.4)
        else:
            for _ in range(20):
                mx.drips(code + b"-x\r\n", 0.1)
        mx.ends()
    t.server(MX1, script)
    t.timeouts(2)
    t.deliver()
    t.says_lastly(like(r"Z.*Possible duplicate!.*\(#4\.4\.2\)" if stage == "end"
                       else r"Z.*\(#4\.4\.2\)"))
    t.within(1.8, 5)


@case
def replies_byte_by_byte(t):
    def script(mx):
        def slowly(text):
            mx.drips(text, 0.005)
        slowly(b"220 mx.example\r\n")
        mx.hears("EHLO me.example")
        slowly(b"250-mx.example\r\n250 SIZE\r\n")
        mx.hears("MAIL FROM:<sender@me.example>...")
        slowly(b"250 ok\r\n")
        mx.hears("RCPT TO:<joe@dest.example>")
        slowly(b"250 ok\r\n")
        mx.hears("DATA")
        slowly(b"354 ok\r\n")
        mx.takes_body()
        slowly(b"250 accepted\r\n")
        mx.hears_quit()
    taken_by(t, MX1, script)


@table([("data", b"354 go ahead\r\n250 accepted\r\n"),
        ("greeting", b"220 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n250 accepted\r\n")])
def acceptance_that_came_before_the_message(t, stage, replies):
    # "K is said only for a 2xx reply to the end of data": this one was there before
    def script(mx):
        up_to(mx, stage)
        mx.sends(replies)
        mx.ends()
    t.server(MX1, script)
    t.timeouts(2)
    t.deliver()
    t.says_lastly(like("Z"))


@table([("close", False), ("silence", True)])
def quit_is_not_awaited(t, title, silent):
    def script(mx):
        up_to(mx, "end")
        mx.says("250 accepted")
        mx.hears("QUIT")
        if silent:
            mx.hears_end()
    t.server(MX1, script)
    t.timeouts(20)
    t.deliver()
    t.says("r", ACCEPTED)
    t.within(0, 5)


@case
def reset_after_acceptance(t):
    def script(mx):
        up_to(mx, "end")
        mx.says("250 accepted")
        mx.resets()
    t.maybe(MX1, script)
    t.deliver()
    t.check(t.last.startswith(("K", "Z")), f"got {t.reports!r}")  # a reset may overtake the reply


@case
def close_after_acceptance(t):
    def script(mx):
        up_to(mx, "end")
        mx.says("250 accepted")
        mx.closes()
    taken_by(t, MX1, script)
