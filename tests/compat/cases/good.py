# Deliveries that succeed, in each usual way; first of all, that the suite itself works.
# Failures have files of their own.
from cases.common import ACCEPTED, accepts, taken_by
from harness.delivery import MX1, RECIPIENT
from harness.registry import case


@case
def one_message_to_one_recipient(t):
    taken_by(t, MX1)
    t.body()


@case
def three_recipients(t):
    three = (RECIPIENT, "ann@dest.example", "bob@other.example")
    t.server(MX1, lambda mx: mx.accepts(recipients=three))
    t.deliver(recipients=three)
    t.says("r", "r", "r", ACCEPTED)
    t.body()


@case
def two_reports_are_ended_by_nul_bytes(t):
    t.server(MX1, accepts)
    t.deliver()
    t.check(t.out.startswith(b"r\0K") and t.out.endswith(b"\0") and t.out.count(b"\0") == 2,
            f"got {t.out!r}")
