# What a second reading of the sources against docs/contract.md found (contract.md#the-old-program,
# contract.md#lost-or-doubled): replies out of turn around a
# message that leaves in chunks, what may follow once its end was written, and waits without end.
import os
import socket
import time

from cases.common import SAID
from harness.delivery import MX1, MX2, like
from harness.registry import case, table
from harness.scripts import does, up_to

LARGE = b"a line of a message that is cut into several chunks on its way\n" * 3_000


def takes_chunk(mx):
    """BDAT and its bytes; True when it was the last one. A command that does not come is noted."""
    line = mx.line()
    words = (line or "").split()
    if len(words) < 2 or words[0] != "BDAT":
        mx.test.chunk_trouble = line
        return True
    while len(mx.buffer) < int(words[1]):
        if not mx.more():
            return True
    mx.buffer = mx.buffer[int(words[1]):]
    return words[2:] == ["LAST"]


def takes_flight(mx, *recipients):
    """Envelope and message in one flight, of which nothing is answered yet."""
    mx.greets("PIPELINING", "CHUNKING")
    mx.hears("MAIL FROM:<sender@me.example>...")
    for recipient in recipients or ("joe",):
        mx.hears(f"RCPT TO:<{recipient}@dest.example>")
    takes_chunk(mx)


@table([("in the same segment", 0), ("a moment later", 0.3)])
def surplus_reply_before_a_chunk_is_no_acceptance(t, title, pause):
    # K is said only for a 2xx reply to the end of data: here that reply is 554
    def script(mx):
        up_to(mx, "rcpt", "CHUNKING")
        mx.says("250 ok", "250 surplus")
        if not takes_chunk(mx):
            return
        time.sleep(pause)
        mx.says("554 no")
        mx.ends()
    t.server(MX1, script)
    t.deliver()
    t.says_lastly(like("Z"))


@table([("CHUNKING",), ("PIPELINING CHUNKING",)])
def surplus_reply_before_several_chunks_is_no_acceptance(t, offers):
    def script(mx):
        up_to(mx, "rcpt", *offers.split())
        mx.says("250 ok", "250 surplus")
        while not takes_chunk(mx):
            mx.says("250 chunk ok")
        time.sleep(0.3)
        mx.says("554 no")
        mx.ends()
    t.server(MX1, script)
    t.deliver(message=LARGE)
    t.says_lastly(like("Z"))


@case
def reply_that_came_before_the_group_has_no_effect(t):
    # EHLO answered twice, in TLS records of their own: the second waits below TLS, unseen
    def script(mx):
        mx.greets("STARTTLS", "PIPELINING", "CHUNKING")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # both in one segment
        mx.says("250-mx.example", "250-PIPELINING", "250 CHUNKING")
        mx.says("250 surplus")
        mx.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        if mx.line() is None:
            return
        mx.hears("RCPT TO:<joe@dest.example>")
        takes_chunk(mx)
        mx.says("250 mail", "250 rcpt")
        time.sleep(0.3)
        mx.says("554 no")
        mx.ends()
    t.maybe(MX1, script)
    t.deliver()
    t.says_lastly(like("Z"))


@case
def surplus_reply_within_the_group_is_no_acceptance(t):
    # four replies together where three were due: it is unknown which is about the message
    def script(mx):
        takes_flight(mx)
        mx.says("250 mail", "250 rcpt", "250 surplus", "554 no")
        mx.ends()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", like("Z.*Possible duplicate!"))


@case
def closing_at_a_recipient_after_the_whole_message(t):
    # 421 is a loss like any other: the message was written, and the first recipient accepted
    def script(mx):
        takes_flight(mx, "joe", "ann")
        mx.says("250 mail", "250 rcpt", "421 closing")
        mx.closes()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example", recipients=["joe@dest.example", "ann@dest.example"])
    t.says("r", f"s{MX1} does not like recipient.{SAID}421 closing",
           like("Z.*Possible duplicate!"))


@case
def closing_at_the_only_recipient_after_the_whole_message(t):
    # a refusal of every recipient settles the matter: the message was not delivered
    def script(mx):
        takes_flight(mx)
        mx.says("250 mail", "421 closing")
        mx.closes()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says(f"s{MX1} does not like recipient.{SAID}421 closing", like("Z.*closed the session"))
    t.never_mentions("Possible duplicate")


@table([(f"{how}, {offers}", how, offers)
        for how in ("(closes)", "421 busy", "450 busy", "nonsense")
        for offers in ("CHUNKING", "PIPELINING CHUNKING")])
def no_other_server_after_a_chunk_that_was_not_known(t, title, how, offers):
    # the last chunk was handed over: by DATA to the same server, but to no other one
    def first(mx):
        up_to(mx, "rcpt", *offers.split())
        mx.says("250 ok")
        takes_chunk(mx)
        mx.says("502 BDAT is not implemented")
        mx.ends()

    def second(mx):
        up_to(mx, "mail", *offers.split())
        does(mx, how)
    t.server(MX1, first, second)
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", f"Z{MX1} failed after I sent the message.{SAID}502 BDAT is not implemented")
    t.never_mentions("Possible duplicate")


@table([("the other family", "me.dest.example A 127.0.0.1\nme.dest.example AAAA SERVFAIL"),
        ("an equal exchanger",
         "me.dest.example A 127.0.0.1\ndest.example MX 10 mx9.dest.example\n"
         "mx9.dest.example A SERVFAIL")])
def we_are_the_best_exchanger_whatever_else_fails(t, title, zone):
    # only a better exchanger that cannot be looked up makes it Z
    t.zone("dest.example MX 10 me.dest.example\n" + zone)
    t.deliver()
    t.says_lastly(like(r"D.*\(#5\.4\.6\)"))


@table([("clientcert.pem", "r"), ("tlshosts/mx1.dest.example.pem", "Z")])
def pipe_in_place_of_a_control_file(t, name, first):
    # opening a pipe without a writer never returns
    path = t.control(name)
    path.unlink()
    os.mkfifo(path)

    def script(mx):
        mx.promises_tls()
        if name.startswith("tlshosts"):
            mx.ends()
            return
        mx.shakes_hands()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_message()
    t.server(MX1, script)
    t.deliver(limit=6)
    t.check(t.out[:1] == first.encode(), f"got {t.reports!r}")
    t.within(0, 5)


@case
def surplus_reply_after_refusals_changes_nothing(t):
    # every recipient was refused: that settles the matter
    def script(mx):
        takes_flight(mx)
        mx.says("250 mail", "550 rcpt", "503 no recipients", "250 surplus")
        mx.ends()
    t.server(MX1, script)
    t.deliver()
    t.says(f"h{MX1} does not like recipient.{SAID}550 rcpt", f"DGiving up on {MX1}.")
