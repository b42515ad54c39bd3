# contract.md#names: name servers that are lame, broken or
# silent, or that refuse EDNS. None of it is ever an absence.
from cases.names import TROUBLE, quick
from cases.common import V6, accepts, taken_by
from harness.delivery import MX1, MX2, like
from harness.registry import table

TROUBLES = ["SERVFAIL", "REFUSED", "FORMERR", "MUTE", "GARBAGE", "SHORT", "WRONGID", "CUTOFF",
            "REFERRAL", "UPWARD", "LAME_EMPTY", "LAME_NXDOMAIN", "FOREIGN_SOA", "OTHER_QUESTION",
            "POINTERS"]


@table([(trouble,) for trouble in TROUBLES], slow=True)
def trouble_with_all_of_a_name(t, trouble):
    quick(t)
    t.more_zone(f"\ndest.example {trouble}")
    t.never(MX1)
    t.deliver()
    t.says(TROUBLE)
    t.within(0, 12)


@table([(trouble,) for trouble in TROUBLES], slow=True)
def trouble_with_mx_is_no_absence(t, trouble):
    # the domain's own address is no substitute
    quick(t)
    t.zone(f"dest.example MX {trouble}\ndest.example A {MX2}")
    t.never(MX2)
    t.deliver()
    t.says(TROUBLE)


@table([(trouble,) for trouble in TROUBLES], slow=True)
def trouble_with_the_addresses_of_the_only_exchanger(t, trouble):
    quick(t)
    t.zone(f"dest.example MX 10 mx1.dest.example\nmx1.dest.example {trouble}")
    t.deliver()
    t.says(TROUBLE)


@table([(f"{trouble} {failing}", trouble, failing) for trouble in TROUBLES
        for failing in ("A", "AAAA")], slow=True)
def trouble_with_one_family(t, title, trouble, failing):
    quick(t)
    good = ("A", MX1) if failing == "AAAA" else ("AAAA", V6)
    t.zone(f"""
        dest.example MX 10 mx1.dest.example
        mx1.dest.example {failing} {trouble}
        mx1.dest.example {good[0]} {good[1]}
    """)
    t.server(good[1], accepts)
    t.deliver()
    t.says("r", like(f"K{good[1]}"))
    t.within(0, 12)


@table([(f"{trouble} {failing} {form}", trouble, failing, form)
        for trouble in ("SERVFAIL", "REFUSED", "MUTE") for failing in ("A", "AAAA")
        for form in ("exchanger", "domain")], slow=True)
def no_address_while_one_family_failed(t, title, trouble, failing, form):
    quick(t)
    if form == "exchanger":
        t.zone(f"dest.example MX 10 mx1.dest.example\nmx1.dest.example {failing} {trouble}")
    else:
        t.zone(f"dest.example {failing} {trouble}")
    t.deliver()
    t.says(like("Z"))


@table([("FORMERR",), ("NOTIMP",), ("BADVERS",), ("MUTE",)])
def a_server_that_refuses_edns_is_asked_without(t, how):
    t.resolv_conf("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    t.more_zone(f"\ndest.example EDNS_{how}\nmx1.dest.example EDNS_{how}")
    taken_by(t, MX1)


@table([(trouble,) for trouble in ("REFERRAL", "UPWARD", "LAME_EMPTY", "LAME_NXDOMAIN",
                                   "FOREIGN_SOA")])
def one_wrong_name_server_line_bounces_nothing(t, trouble):
    t.resolv_conf("nameserver 198.51.100.53\nnameserver 198.51.100.54\n")
    t.name_server("198.51.100.53", always=trouble)
    t.name_server("198.51.100.54")
    taken_by(t, MX1)
    t.within(0, 5)
