# contract.md#lost-or-doubled, the rule above all others.
# Each case asserts as well that no other server was connected to.
import time

from cases.common import LARGE, SAID
from harness.delivery import MX1, MX2, like
from harness.registry import case, table
from harness.scripts import STAGES, dies_within_the_body, does, fails_at, up_to

DOUBT = like("Z.*Possible duplicate!")

AFTER_THE_DOT = ["(closes)", "(resets)", "nonsense", "", "150 wait", "354 go on", "300 x", "600 x",
                 "25 ok", "2500 ok", "250-one\r\n251 two", "250-one\r\ntwo", " 250 ok",
                 "\0\0\0\0", "hello\r\n250 ok", "199 x\r\n250 ok"]


@table([(repr(how), how) for how in AFTER_THE_DOT])
def doubt_after_the_final_dot(t, title, how):
    t.server(MX1, fails_at("end", how))
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", DOUBT)


@case(slow=True)
def silence_after_the_final_dot(t):
    t.timeouts(1)
    t.server(MX1, fails_at("end", "(keeps silent)"))
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", like(rf"ZConnected to {MX1} but connection died\. Possible duplicate! "
                     r"[^\n]*\(#4\.4\.2\)"))
    t.within(0.9, 4)


@table([("2",), ("250",), ("250 acc",), ("250-accepted\r\n",), ("250-accepted\r\n250",),
        ("250 accepted\r",)])
def reply_cut_off_after_the_final_dot(t, part):
    def script(mx):
        up_to(mx, "end")
        mx.sends(part.encode())
        mx.closes()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", DOUBT)


@table([("accepted", "250 ok", "K"), ("refused", "550 no", "D"), ("deferred", "451 no", "Z")])
def no_other_exchanger_after_a_verdict(t, title, reply, letter):
    t.server(MX1, fails_at("end", reply))
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", like(letter))
    t.never_mentions("Possible duplicate")


@table([("both addresses",)])
def no_other_address_after_the_final_dot(t, title):
    t.zone("dest.example A 198.51.100.1\ndest.example A 198.51.100.2")
    t.maybe(MX1, fails_at("end", "(closes)"))
    t.maybe(MX2, fails_at("end", "(closes)"))
    t.deliver()
    t.equal(len(t.contacts), 1, "connections")
    t.says("r", DOUBT)


@table([(f"{stage}: {how!r}", stage, how) for stage in STAGES[:-1]
        for how in ("(closes)", "(resets)", "421 busy", "nonsense", "150 x", "999 x")])
def no_doubt_before(t, title, stage, how):
    t.server(MX1, fails_at(stage, how))
    t.deliver()
    t.says_lastly(like(f"Z.*{MX1}"))
    t.never_mentions("Possible duplicate", "uplicate")


@table([(f"{how}, {extension}", how, extension)
        for how in ("(closes)", "(resets)", "nonsense", "150 x", "354 x")
        for extension in ("PIPELINING", "CHUNKING", "SIZE")])
def no_report_of_a_recipient_without_a_reply(t, title, how, extension):
    # an h or s in the first report overrides the Z: it would bounce what must be tried again
    def script(mx):
        up_to(mx, "rcpt", extension)
        does(mx, how)
    t.server(MX1, script)
    t.timeouts(2)
    t.deliver()
    t.says_lastly(like(f"Z.*{MX1}"))
    t.check(not t.out.startswith((b"h", b"s", b"r")), f"got {t.reports!r}")


@case
def recipients_answered_before_the_loss(t):
    three = ["joe@dest.example", "ann@dest.example", "bob@dest.example"]

    def script(mx):
        up_to(mx, "rcpt")
        mx.says("250 ok")
        mx.hears("RCPT TO:<ann@dest.example>")
        mx.says("550 no")
        mx.hears("RCPT TO:<bob@dest.example>")
        mx.closes()
    t.server(MX1, script)
    t.deliver(recipients=three)
    t.says("r", f"h{MX1} does not like recipient.{SAID}550 no",
           like(rf"ZConnected to {MX1} but connection died\. .*\(#4\.4\.2\)"))


@case
def no_doubt_when_lost_within_the_body(t):
    t.server(MX1, dies_within_the_body)
    t.deliver(message=LARGE)
    t.says("r", like(rf"ZConnected to {MX1} but connection died\. (?!Possible)"
                     r"[^\n]*\(#4\.4\.2\)"))


@case(slow=True)
def no_doubt_when_stalled_within_the_body(t):
    def script(mx):
        up_to(mx, "data")
        mx.says("354 go ahead")
        time.sleep(4)
    t.timeouts(1)
    t.server(MX1, script)
    t.deliver(message=LARGE * 3)
    t.says("r", like(rf"ZConnected to {MX1} but connection died\. (?!Possible)"
                     r"[^\n]*\(#4\.4\.2\)"))
    t.within(0.9, 5)


@table([(reply, reply) for reply in ("552 too big", "451 full", "250 fine")])
def reply_within_the_body(t, title, reply):
    # the dot cannot have been written: the server has not read so much
    def script(mx):
        up_to(mx, "data")
        mx.says("354 go ahead")
        mx.more()
        mx.says(reply)
        time.sleep(0.2)
        mx.resets()
    t.maybe(MX1, script)
    t.deliver(message=LARGE * 3)
    t.check(not t.last.startswith("K"), f"got {t.reports!r}")
    t.never_mentions("Possible duplicate")


@case
def slow_reader_is_no_failure(t):
    # each window of progress has timeoutremote, not the whole body
    def script(mx):
        up_to(mx, "data")
        mx.says("354 go ahead")
        mx.slow_until = time.monotonic() + 4
        whole = b""
        while time.monotonic() < mx.slow_until:
            data = mx.sock.recv(400_000)
            whole += data
            time.sleep(0.2)
        mx.buffer = whole
        mx.takes_body()
        mx.says("250 accepted")
        mx.hears_quit()
    t.timeouts(2)
    t.server(MX1, script)
    t.deliver(message=LARGE * 3)
    t.says("r", f"K{MX1} accepted message.{SAID}250 accepted")
    t.within(3.5, 20)


@case
def pipelined_refusals_settle_the_matter(t):
    # every recipient refused, and the connection lost after the last of these replies
    def script(mx):
        up_to(mx, "rcpt", "PIPELINING")
        mx.says("550 no")
        mx.closes()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says(f"h{MX1} does not like recipient.{SAID}550 no", f"DGiving up on {MX1}.")


@table([("PIPELINING",), ("PIPELINING CHUNKING",), ("CHUNKING",), ("none",)])
def sender_refused_and_connection_lost(t, extensions):
    def script(mx):
        up_to(mx, "mail", *[word for word in extensions.split() if word != "none"])
        mx.says("550 no")
        mx.closes()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    # contract.md#one-flight: the message went along with MAIL, and its end was not refused
    t.says(DOUBT if extensions == "PIPELINING CHUNKING" else
           f"DConnected to {MX1} but sender was rejected.{SAID}550 no")


@case
def go_ahead_although_all_recipients_were_refused(t):
    # RFC 2920 3.1: a pipelined DATA may be answered 354; nothing may be delivered then
    def script(mx):
        up_to(mx, "rcpt", "PIPELINING")
        mx.says("550 no")
        if mx.line() == "DATA":
            mx.says("354 go ahead")
            rest = mx.rest()
            if b"Hello" in rest:
                mx.test.problem(f"the body was sent: {rest!r}")
    t.server(MX1, script)
    t.timeouts(2)
    t.deliver()
    t.says(f"h{MX1} does not like recipient.{SAID}550 no", f"DGiving up on {MX1}.")


@table([("(closes)",), ("(resets)",), ("nonsense",), ("421 busy",), ("250-a\r\n251 b",)])
def chunked_message_is_not_sent_twice(t, how):
    # the last chunk is an end of data like the final dot
    def script(mx):
        up_to(mx, "rcpt", "CHUNKING", "PIPELINING")
        mx.says("250 ok")
        mx.takes_any_message(reply=None)
        does(mx, how)
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says_lastly(like(rf"Z{MX1} failed after I sent the message" if how == "421 busy"
                       else "Z.*Possible duplicate!"))
