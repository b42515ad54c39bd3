# contract.md#next-exchanger: when the next address or exchanger is tried, and when not.
# What must never be tried again is in lost_or_doubled.
import time

from cases.common import ACCEPTED_2, LARGE, SAID, numbered_exchangers, taken_by
from harness.delivery import MX1, MX2, like
from harness.registry import case, table
from harness.scripts import STAGES, dies_within_the_body, does, fails_at, helo_gets, up_to


# (stage, reply or action) after which the next exchanger is asked
ANY_STAGE = ["421 busy", "421-busy\r\n421 still", "(closes)", "(resets)", "150 wait", "600 x",
             "nonsense", "250-a\r\n550 b", "25 ok", ""]
MOVES_ON = [(stage, how) for stage in STAGES[:-1] for how in ANY_STAGE] + [
    ("greeting", how) for how in ("450 later", "500 no", "521 no", "554 no", "250 x", "354 x")] + [
    ("hello", how) for how in ("450 later", "451 later", "354 x")] + [
    ("mail", how) for how in ("450 later", "451 later", "452 full", "354 x", "499 x")] + [
    ("rcpt", how) for how in ("354 x", "300 x")] + [
    ("data", how) for how in ("250 ok", "200 x", "334 x")]

# (stage, reply, reports) that settle the matter
SETTLES = [
    ("mail", "500 no", [f"DConnected to {MX1} but sender was rejected.{SAID}500 no"]),
    ("mail", "550 no", [f"DConnected to {MX1} but sender was rejected.{SAID}550 no"]),
    ("mail", "552 no", [f"DConnected to {MX1} but sender was rejected.{SAID}552 no"]),
    ("rcpt", "550 no", [f"h{MX1} does not like recipient.{SAID}550 no", f"DGiving up on {MX1}."]),
    ("rcpt", "450 no", [f"s{MX1} does not like recipient.{SAID}450 no", f"DGiving up on {MX1}."]),
    ("rcpt", "451 no", [f"s{MX1} does not like recipient.{SAID}451 no", f"DGiving up on {MX1}."]),
    ("rcpt", "452 no", [f"s{MX1} does not like recipient.{SAID}452 no", f"DGiving up on {MX1}."]),
    ("data", "450 no", ["r", f"Z{MX1} failed on DATA command.{SAID}450 no"]),
    ("data", "451 no", ["r", f"Z{MX1} failed on DATA command.{SAID}451 no"]),
    ("data", "554 no", ["r", f"D{MX1} failed on DATA command.{SAID}554 no"]),
    ("end", "421 no", ["r", f"Z{MX1} failed after I sent the message.{SAID}421 no"]),
    ("end", "450 no", ["r", f"Z{MX1} failed after I sent the message.{SAID}450 no"]),
    ("end", "451 no", ["r", f"Z{MX1} failed after I sent the message.{SAID}451 no"]),
    ("end", "550 no", ["r", f"D{MX1} failed after I sent the message.{SAID}550 no"]),
]


@table([(f"{stage}: {how!r}", stage, how) for stage, how in MOVES_ON])
def moves_on(t, title, stage, how):
    t.server(MX1, fails_at(stage, how))
    taken_by(t, MX2, host="two.example")
    t.body(count=1)


@table([(stage,) for stage in STAGES[:-1]], slow=True)
def moves_on_after_silence(t, stage):
    t.timeouts(1)
    t.server(MX1, fails_at(stage, "(keeps silent)"))
    taken_by(t, MX2, host="two.example")


@table([(f"{stage}: {how}", stage, how) for stage, how in (
    ("greeting", "554 no"), ("hello", "(closes)"), ("mail", "451 later"), ("rcpt", "(closes)"),
    ("data", "421 busy"))])
def moves_on_to_the_next_address(t, title, stage, how):
    # two addresses of one exchanger; the order among them is the program's
    t.zone("""
        dest.example      MX 10 mx1.dest.example
        mx1.dest.example  A  198.51.100.1
        mx1.dest.example  A  198.51.100.2
    """)
    tried = []

    def script(mx):
        tried.append(mx.label)
        if len(tried) == 1:
            fails_at(stage, how)(mx)
        else:
            mx.accepts()
    t.server(MX1, script)
    t.server(MX2, script)
    t.deliver()
    t.says("r", f"K{tried[-1]} accepted message.\nRemote host said: 250 accepted")


@table([(f"{stage}: {reply}", stage, reply, reports) for stage, reply, reports in SETTLES])
def settles(t, title, stage, reply, reports):
    t.server(MX1, fails_at(stage, reply))
    t.never(MX2)
    t.deliver("two.example")
    t.says(*reports)


@case
def helo_deferred(t):
    t.server(MX1, helo_gets("450 later"))
    taken_by(t, MX2, host="two.example")


@table([("421 busy",), ("(closes)",), ("(resets)",), ("nonsense",), ("354 x",)])
def helo_fails_otherwise(t, how):
    t.server(MX1, helo_gets(how))
    taken_by(t, MX2, host="two.example")


@case
def refused_connection(t):
    taken_by(t, MX2, host="two.example")


@table([("192.0.2.9",), ("100.64.9.9",)])
def unreachable_address(t, address):
    t.timeouts(5, 1)
    t.zone(f"""
        two.example      MX 10 mx1.two.example
        two.example      MX 20 mx2.two.example
        mx1.two.example  A {address}
        mx2.two.example  A {MX2}
    """)
    taken_by(t, MX2, host="two.example")


@case
def lost_within_the_body(t):
    t.server(MX1, dies_within_the_body)
    taken_by(t, MX2, host="two.example", message=LARGE)
    t.body(LARGE.replace(b"\n", b"\r\n"))


@case(slow=True)
def stalled_within_the_body(t):
    def script(mx):
        up_to(mx, "data")
        mx.says("354 go ahead")
        time.sleep(5)
    t.timeouts(2)
    t.server(MX1, script)
    taken_by(t, MX2, host="two.example", message=LARGE * 3)


@case
def recipients_are_those_of_the_attempt_that_is_reported(t):
    two = ["joe@dest.example", "ann@dest.example"]

    def script(mx):
        up_to(mx, "rcpt")
        mx.says("550 not here")
        mx.hears("RCPT TO:<ann@dest.example>")
        mx.closes()
    t.server(MX1, script)
    t.server(MX2, lambda mx: mx.accepts(recipients=two))
    t.deliver("two.example", recipients=two)
    t.says("r", "r", ACCEPTED_2)


@table([
    ("mail, then greeting", ("mail", "451 a"), ("greeting", "554 b"),
     f"ZConnected to {MX1} but sender was rejected.{SAID}451 a"),
    ("greeting, then mail", ("greeting", "554 b"), ("mail", "451 a"),
     f"ZConnected to {MX2} but sender was rejected.{SAID}451 a"),
    ("greeting, then greeting", ("greeting", "554 a"), ("greeting", "421 b"),
     f"ZConnected to {MX2} but greeting failed.{SAID}421 b"),
    ("mail, then mail", ("mail", "451 a"), ("mail", "452 b"),
     f"ZConnected to {MX2} but sender was rejected.{SAID}452 b"),
    ("hello, then greeting", ("hello", "450 a"), ("greeting", "554 b"),
     f"ZConnected to {MX1} but my name was rejected.{SAID}450 a"),
    ("mail, then refused connection", ("mail", "451 a"), None,
     f"ZConnected to {MX1} but sender was rejected.{SAID}451 a"),
    ("greeting, then refused connection", ("greeting", "554 a"), None,
     f"ZConnected to {MX1} but greeting failed.{SAID}554 a")])
def the_furthest_attempt_is_reported(t, title, first, second, report):
    t.server(MX1, fails_at(*first))
    if second:
        t.server(MX2, fails_at(*second))
    t.deliver("two.example")
    t.says_lastly(report)


@case
def the_furthest_attempt_brings_its_recipients(t):
    two = ["joe@dest.example", "ann@dest.example"]

    def script(mx):
        up_to(mx, "rcpt")
        mx.says("550 not here")
        mx.hears("RCPT TO:<ann@dest.example>")
        mx.says("250 ok")
        mx.hears("DATA")
        mx.says("421 busy")
        mx.ends()
    t.server(MX1, script)
    t.server(MX2, fails_at("greeting", "554 no"))
    t.deliver("two.example", recipients=two)
    t.says(f"h{MX1} does not like recipient.{SAID}550 not here", "r", like(f"Z.*{MX1}.*421 busy"))


@table([("greeting", "421 busy"), ("greeting", "554 no"), ("hello", "450 no"),
        ("mail", "451 later"), ("rcpt", "(closes)")])
def five_sessions_at_most(t, stage, how):
    for address in numbered_exchangers(t, 9):
        t.maybe(address, fails_at(stage, how))
    t.deliver()
    t.equal(len(t.contacts), 5, "sessions")
    t.says_lastly(like("Z"))


@case
def the_fifth_session_may_succeed(t):
    *four, fifth = numbered_exchangers(t, 9)[:5]
    for address in four:
        t.server(address, fails_at("mail", "451 later"))
    taken_by(t, fifth)


def tries_twenty_at_most(t):
    """No server is there: 20 connections at most are tried."""
    before = t.network.connections_tried()
    t.deliver()
    tried = t.network.connections_tried() - before - t.name_server_connections
    t.check(6 <= tried <= 20, f"{tried} connections were tried")
    t.says(like(r"Z.*\(#4\.4\.1\)"))


@case
def twenty_connections_at_most(t):
    numbered_exchangers(t, 30)
    tries_twenty_at_most(t)


@case
def twenty_connections_to_one_exchanger_of_many_addresses(t):
    t.zone("dest.example MX 10 mx1.dest.example\n" + "".join(
        f"mx1.dest.example A 198.51.100.{n}\n" for n in range(1, 250)))
    tries_twenty_at_most(t)


@case
def refused_connections_are_no_sessions(t):
    taken_by(t, numbered_exchangers(t, 15)[-1])


@table([("421 busy",), ("354 x",), ("nonsense",), ("(closes)",)])
def second_recipient_fails(t, how):
    two = ["joe@dest.example", "ann@dest.example"]

    def script(mx):
        up_to(mx, "rcpt")
        mx.says("250 ok")
        mx.hears("RCPT TO:<ann@dest.example>")
        does(mx, how)
    t.server(MX1, script)
    t.server(MX2, lambda mx: mx.accepts(recipients=two))
    t.deliver("two.example", recipients=two)
    t.says("r", "r", ACCEPTED_2)


@case
def one_deferred_recipient_among_accepted_ones_moves_nothing(t):
    two = ["joe@dest.example", "ann@dest.example"]

    def script(mx):
        up_to(mx, "rcpt")
        mx.says("451 later")
        mx.hears("RCPT TO:<ann@dest.example>")
        mx.says("250 ok")
        mx.takes_data()
        mx.hears_quit()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example", recipients=two)
    t.says(f"s{MX1} does not like recipient.{SAID}451 later", "r",
           f"K{MX1} accepted message.{SAID}250 accepted")
