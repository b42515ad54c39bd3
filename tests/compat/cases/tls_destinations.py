# contract.md#shared-control-files: control/tlsdestinations of s/qmail. Its rules are
# not built yet: a line that asks anything of TLS defers the mail it decides, and is named.
from cases.common import in_clear_although_offered, over_tls, taken_by
from harness.delivery import MX1, MX2, UNPRIVILEGED, like
from harness.registry import case, table

NAME = "mx1.dest.example"


@table([("-*:",), ("-:",), ("+*:",), ("~*:",), ("=*:",), ("!*:",),
        ("+dest.example:/etc/ssl/certs/",), ("dest.example:",), (f"{NAME}:",), (f"-{NAME}:",),
        (f"={NAME}:ca.pem",), (f"%{NAME}:=" + "a" * 64,), (f"!{NAME}:",), ("~.dest.example:",),
        ("-MX1.Dest.Example.:",)])
def a_rule_defers(t, line):
    t.control("tlsdestinations", f"# rules\n:*\n{line}")
    t.never(MX1)
    t.deliver()
    t.says(like("Z"))
    t.mentions("control/tlsdestinations, line 3", line.split(":")[0], NAME)


@table([("*:",), (":*",), ("*:/etc/ssl/certs/",), ("-mx2.dest.example:",), ("+other.example:",),
        ("-.mx1.dest.example:",), ("no colon",), ("#-*:",), ("",)])
def no_rule_changes_nothing(t, line):
    t.control("tlsdestinations", line)
    taken_by(t, MX1, over_tls)


@case
def it_is_not_the_second_exchanger_in_clear(t):
    """A rule for one exchanger is no reason to hand the mail to another."""
    t.zone(f"dest.example MX 10 {NAME}\ndest.example MX 20 mx2.dest.example\n"
           f"{NAME} A {MX1}\nmx2.dest.example A {MX2}")
    t.control("tlsdestinations", f"-{NAME}:")
    t.never(MX1)
    t.never(MX2)
    t.deliver()
    t.says(like("Z"))


@case
def a_relay_is_its_own_domain(t):
    t.more_zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:relay.example")
    t.control("tlsdestinations", "-dest.example:")
    taken_by(t, MX1, over_tls)
    t.control("tlsdestinations", "-relay.example:")
    t.never(MX1)
    t.deliver()
    t.says(like("Z"))


@case
def a_literal_has_general_lines_only(t):
    t.control("tlsdestinations", "-dest.example:\n-.example:\n-198.51.100.1:")
    taken_by(t, MX1, over_tls, host=f"[{MX1}]")
    t.control("tlsdestinations", "-*:")
    t.never(MX1)
    t.deliver(f"[{MX1}]")
    t.says(like("Z"))
    t.mentions("line 1", MX1)


@table([(f"tlshosts/{NAME}.pem", "-*:", True), (f"notlshosts/{NAME}", f"-{NAME}:", False),
        ("tlshosts/exhaustivelist", "-*:", False)])
def files_of_a_server_come_first(t, file, line, secured):
    t.control(file, t.certificates.text("ca"))
    t.control("tlsdestinations", line)
    taken_by(t, MX1, over_tls if secured else in_clear_although_offered)


@case
def a_named_line_comes_before_exhaustivelist(t):
    t.control("tlshosts/exhaustivelist")
    t.control("tlsdestinations", f"-{NAME}:")
    t.never(MX1)
    t.deliver()
    t.says(like("Z"))


@case
def it_cannot_be_read(t):
    t.control("tlsdestinations", "*:").chmod(0o600)
    t.never(MX1)
    t.deliver(uid=UNPRIVILEGED)
    t.says(like("Z"))
    t.mentions("control/tlsdestinations", "permission denied")
