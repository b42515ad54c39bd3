# contract.md#exchangers, contract.md#names: MX, addresses, and name servers in every state.
# The zone is written in the case; literals need none and are in literals.
from cases.common import ACCEPTED, V6, accepts, taken_by
from harness.delivery import HOST, MX1, MX2, like
from harness.network import SILENT, SILENT_6, UNROUTED_6
from harness.registry import case, table
from harness.scripts import fails_at

TROUBLE = like(r"Z.*\(#4\.(1\.2|4\.3)\)")


def quick(t):
    t.resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")


@table([("written first", "10", "20"), ("written last", "20", "10"), ("0 before 1", "0", "1"),
        ("9 before 10", "9", "10"), ("numbers, not text", "100", "20"),
        ("largest", "65535", "65534")])
def preference(t, title, first, second):
    t.zone(f"""
        dest.example  MX {first} mx1.dest.example
        dest.example  MX {second} mx2.dest.example
        mx1.dest.example A {MX1}
        mx2.dest.example A {MX2}
    """)
    best, other = (MX1, MX2) if int(first) < int(second) else (MX2, MX1)
    t.server(best, accepts)
    t.never(other)
    t.deliver()
    t.says("r", like(f"K{best}"))


@case
def equal_preference_in_random_order(t):
    t.zone(f"""
        dest.example  MX 10 mx1.dest.example
        dest.example  MX 10 mx2.dest.example
        dest.example  MX 10 mx3.dest.example
        mx1.dest.example A {MX1}
        mx2.dest.example A {MX2}
        mx3.dest.example A 198.51.100.3
    """)
    taken = set()
    for _ in range(40):  # that one of three is never first: 3 * (2/3)^40, 3e-7
        for address in (MX1, MX2, "198.51.100.3"):
            t.maybe(address, accepts)
        t.deliver()
        taken.add(t.last.split(" ")[0])
    t.equal(sorted(taken), [f"K{MX1}", f"K{MX2}", "K198.51.100.3"], "exchangers chosen")


@case
def equal_preference_all_are_tried(t):
    t.zone(f"""
        dest.example  MX 10 mx1.dest.example
        dest.example  MX 10 mx2.dest.example
        mx1.dest.example A {MX1}
        mx2.dest.example A {MX2}
    """)
    tried = []

    def script(mx):
        tried.append(mx.label)
        mx.says("554 no")
        mx.ends()
    t.server(MX1, script)
    t.server(MX2, script)
    t.deliver()
    t.says(f"ZConnected to {tried[-1]} but greeting failed.\nRemote host said: 554 no")
    t.equal(len(tried), 2, "exchangers tried")


@case
def null_mx(t):
    t.zone(f"dest.example MX 0 .\ndest.example A {MX1}")
    t.never(MX1)
    t.deliver()
    t.says(like(r"D.*\(#5\.1\.10\)"))


@case
def no_mx(t):
    t.zone(f"dest.example A {MX1}")
    taken_by(t, MX1)


@case
def no_mx_and_only_aaaa(t):
    t.zone(f"dest.example AAAA {V6}")
    taken_by(t, V6)


@case
def mx_beats_the_own_address(t):
    t.more_zone(f"\ndest.example A {MX2}")
    t.server(MX1, fails_at("greeting", "554 no"))
    t.never(MX2)
    t.deliver()
    t.says(like(f"ZConnected to {MX1} but greeting failed"))


@case
def no_mx_and_no_address(t):
    # contract.md#exchangers: as the old program said
    t.zone("dest.example EXISTS")
    t.deliver()
    t.says("DSorry, I couldn't find any host named dest.example. (#5.1.2)")


@case
def exchangers_that_are_not_usable_are_named(t):
    t.zone("""
        dest.example MX 10 198.51.100.7
        dest.example MX 20 gone.dest.example
        dest.example MX 30 empty.dest.example
        empty.dest.example EXISTS
        dest.example MX 40 group.dest.example
        group.dest.example A 224.0.0.5
    """)
    t.never("198.51.100.7")
    t.deliver()
    t.says("DSorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n"
           "The host is dest.example; its mail exchangers are not usable: 198.51.100.7 is an IP "
           "address, not a host name; gone.dest.example does not exist; empty.dest.example has no "
           "address; group.dest.example has no usable address (224.0.0.5).")


@case
def twenty_exchangers_without_address_and_a_live_one(t):
    t.zone("".join(f"dest.example MX {n} gone{n}.dest.example\n" for n in range(20)) +
           f"dest.example MX 20 mx2.dest.example\nmx2.dest.example A {MX2}")
    taken_by(t, MX2)


@case
def exchangers_beyond_every_limit_are_not_absent(t):
    t.zone("".join(f"dest.example MX {n} gone{n}.dest.example\n" for n in range(300)))
    t.deliver()
    t.says(TROUBLE)


@table([("A", 0.3), ("AAAA", 0.3)])
def an_unanswered_family_costs_little(t, family, most):
    # RFC 8305 3; hosts.md: connected within 0.1 s
    good = ("A", MX1) if family == "AAAA" else ("AAAA", V6)
    t.zone(f"""
        dest.example MX 10 mx1.dest.example
        mx1.dest.example {family} MUTE
        mx1.dest.example {good[0]} {good[1]}
    """)
    t.server(good[1], accepts)
    t.deliver()
    t.says("r", like(f"K{good[1]}"))
    t.within(0, most + 1.5)


@table([("nowhere.example",), ("NoWhere.Example",), ("deep.down.nowhere.example",)])
def host_does_not_exist(t, host):
    t.deliver(host)
    t.says(f"DSorry, I couldn't find any host named {host}. (#5.1.2)")


@case
def exchanger_without_address_is_passed_over(t):
    t.zone(f"""
        dest.example MX 10 gone.dest.example
        dest.example MX 20 empty.dest.example
        dest.example MX 30 mx2.dest.example
        empty.dest.example EXISTS
        mx2.dest.example A {MX2}
    """)
    taken_by(t, MX2)


@case
def cname_is_followed_for_mx(t):
    t.more_zone("\nalias.example CNAME dest.example")
    taken_by(t, MX1, lambda mx: mx.accepts(recipients=["joe@alias.example"]),
             host="alias.example", recipients=["joe@alias.example"])


@case
def cname_is_followed_for_the_address(t):
    t.zone(f"alias.example CNAME real.example\nreal.example A {MX1}")
    taken_by(t, MX1, lambda mx: mx.accepts(recipients=["joe@alias.example"]),
             host="alias.example", recipients=["joe@alias.example"])


@case
def cname_chain(t):
    t.more_zone("\none.example CNAME two2.example\ntwo2.example CNAME three.example\n"
                "three.example CNAME dest.example")
    taken_by(t, MX1, host="one.example")


@case
def cname_to_nothing(t):
    t.zone("alias.example CNAME gone.example")
    t.deliver("alias.example")
    t.says(like("D"))


@table([("itself", "loop.example CNAME loop.example"),
        ("two", "loop.example CNAME pool.example\npool.example CNAME loop.example")])
def cname_loop(t, title, zone):
    quick(t)
    t.zone(zone)
    t.deliver("loop.example")
    t.says(like("[DZ]"))
    t.within(0, 10)


@table([("SERVFAIL",), ("REFUSED",)])
def cname_to_trouble(t, trouble):
    t.zone(f"alias.example CNAME broken.example\nbroken.example {trouble}")
    t.deliver("alias.example")
    t.says(TROUBLE)


@table([("MX",), ("A",)])
def truncated_answer_is_asked_again_over_tcp(t, kind):
    name = HOST if kind == "MX" else "mx1.dest.example"
    t.more_zone(f"\n{name} {kind} TRUNCATED")
    taken_by(t, MX1)
    t.check((name, kind) in t.asked_over_tcp, f"over TCP: {t.asked_over_tcp!r}")


@case
def large_answer(t):
    t.zone("".join(f"dest.example MX {n} exchanger-number-{n}.mail.dest.example\n"
                   for n in range(1, 200)) + f"exchanger-number-1.mail.dest.example A {MX1}")
    taken_by(t, MX1)


@case
def truncated_and_no_tcp(t):
    quick(t)
    t.more_zone("\ndest.example TRUNCATED_MUTE")
    t.never(MX1)
    t.deliver()
    t.says(TROUBLE)
    t.within(0, 15)


@case(slow=True)
def second_name_server_after_a_mute_one(t):
    t.resolv_conf("nameserver 198.51.100.53\nnameserver 198.51.100.54\n"
                  "options timeout:1 attempts:2\n")
    t.name_server("198.51.100.53", always="MUTE")
    t.name_server("198.51.100.54")
    taken_by(t, MX1)
    t.within(0, 10)


@case
def second_name_server_after_a_dead_one(t):
    t.resolv_conf("nameserver 198.51.100.53\nnameserver 198.51.100.54\n"
                  "options timeout:1 attempts:2\n")
    t.name_server("198.51.100.54")
    taken_by(t, MX1)
    t.within(0, 10)


@case
def name_server_over_ipv6(t):
    t.resolv_conf("nameserver 2001:db8::53\noptions timeout:1 attempts:2\n")
    t.name_server("2001:db8::53")
    taken_by(t, MX1)


@table([("empty", ""), ("comment", "# nothing here\n"), ("options only", "options timeout:1\n")])
def no_name_server_means_ourselves(t, title, content):
    t.resolv_conf(content)
    t.name_server("127.0.0.1")
    taken_by(t, MX1)


@table([("search", "search example dest.example"), ("domain", "domain example"),
        ("ndots", "search example\noptions ndots:5")])
def no_search_list(t, title, line):
    t.resolv_conf(f"nameserver 127.0.0.1\n{line}\n")
    t.never(MX1)
    t.deliver("dest")
    t.says("DSorry, I couldn't find any host named dest. (#5.1.2)")
    t.equal({name for name, _ in t.asked}, {"dest"}, "names asked")


@case
def no_hosts_file(t):
    t.hosts(f"127.0.0.1 localhost\n{MX2} hosted.example dest.example mx1.dest.example\n")
    t.server(MX1, accepts)
    t.never(MX2)
    t.deliver()
    t.says("r", ACCEPTED)


@case
def a_name_only_in_the_hosts_file(t):
    t.hosts(f"127.0.0.1 localhost\n{MX2} hosted.example\n")
    t.never(MX2)
    t.deliver("hosted.example")
    t.says("DSorry, I couldn't find any host named hosted.example. (#5.1.2)")


@table([("1 s once", "timeout:1 attempts:1", 0.8, 4), ("3 s once", "timeout:3 attempts:1", 2.5, 7),
        ("1 s twice", "timeout:1 attempts:2", 1.8, 6)], slow=True)
def timeout_and_attempts_of_resolv_conf(t, title, options, low, high):
    t.resolv_conf(f"nameserver 127.0.0.1\noptions {options}\n")
    t.zone("dest.example MUTE")
    t.deliver()
    t.says(TROUBLE)
    t.within(low, high)


@case(slow=True)
def one_look_up_takes_thirty_seconds_at_most(t):
    t.resolv_conf("nameserver 127.0.0.1\noptions timeout:20 attempts:5\n")
    t.zone("dest.example MUTE")
    t.deliver(limit=60)
    t.says(TROUBLE)
    t.within(19, 33)


@case
def rotate_asks_each_name_server(t):
    t.resolv_conf("nameserver 198.51.100.53\nnameserver 198.51.100.54\noptions rotate timeout:1\n")
    asked = [0, 0]
    for _ in range(15):
        servers = [t.name_server("198.51.100.53"), t.name_server("198.51.100.54")]
        t.server(MX1, accepts)
        t.deliver()
        t.says("r", ACCEPTED)
        asked = [count + len(server.queries) for count, server in zip(asked, servers)]
    t.check(all(asked), f"queries to each name server: {asked}")


@case
def exchanger_with_both_families(t):
    t.zone(f"""
        dest.example MX 10 mx1.dest.example
        mx1.dest.example A {MX1}
        mx1.dest.example AAAA {V6}
    """)
    t.maybe(MX1, accepts)
    t.maybe(V6, accepts)
    t.deliver()
    t.says("r", like(f"K({MX1}|{V6}) accepted message"))
    t.equal(len(t.bodies), 1, "messages")


@table([("silent IPv6", SILENT_6, MX1), ("unrouted IPv6", UNROUTED_6, MX1),
        ("refusing IPv6", "2001:db8::5", MX1), ("silent IPv4", V6, SILENT),
        ("refusing IPv4", V6, "198.51.100.5")])
def a_dead_family_does_not_delay_the_other(t, title, ipv6, ipv4):
    t.timeouts(8)
    t.zone(f"""
        dest.example MX 10 mx1.dest.example
        mx1.dest.example AAAA {ipv6}
        mx1.dest.example A {ipv4}
    """)
    taken_by(t, MX1 if ipv4 == MX1 else V6)
    t.within(0, 5)


@case
def mapped_address_is_its_ipv4_address(t):
    t.zone(f"dest.example AAAA ::ffff:{MX1}")
    taken_by(t, MX1)


@case
def name_of_an_exchanger_in_capitals(t):
    t.zone(f"Dest.Example MX 10 MX1.Dest.Example\nmx1.dest.example A {MX1}")
    taken_by(t, MX1, host="DEST.example")


@case
def more_addresses_than_one(t):
    t.zone("dest.example MX 10 mx1.dest.example\n" + "".join(
        f"mx1.dest.example A 198.51.100.{n}\n" for n in (11, 12, 13, 14)))
    tried = []

    def script(mx):
        tried.append(mx.label)
        if len(tried) < 4:
            mx.says("421 busy")
            mx.ends()
        else:
            mx.accepts()
    for n in (11, 12, 13, 14):
        t.server(f"198.51.100.{n}", script)
    t.deliver()
    t.says("r", like(f"K{tried[-1]}"))
    t.equal(len(set(tried)), 4, "addresses tried")
