# contract.md#tcpto: the file that old and new programs share, and its two programs.
# Times are compared within a few seconds; the random part of the rule by what is certain.
import fcntl
import os
import struct
import threading
import time

from cases.common import ACCEPTED, accepts, taken_by
from harness.delivery import MX1, MX2, UNPRIVILEGED, like, packed, tcpto_record
from harness.network import SILENT, SILENT_6, UNROUTED
from harness.registry import case, table
from harness.scripts import fails_at

NO_SERVER = like(r"Z.*\(#4\.4\.1\)")
# skipped for (60 + r) * 64 seconds, r in 0..31
SURELY_SKIPPED, SURELY_TRIED = 60 * 64 - 60, 92 * 64 + 60


def silent_host(t, address=SILENT):
    t.zone(f"dest.example A {address}")
    t.timeouts(5, 1)


def fields(record):
    return record[:4], record[4], record[5:8], struct.unpack("<I", record[8:12])[0], record[12:]


def expect_record(t, number, address, count, ago=0):
    """The record at this place, to the byte; its time may be a few seconds off."""
    got = fields(t.tcpto_bytes()[16 * number:16 * number + 16])
    when = time.time() - ago
    t.check(got[:3] == (packed(address), count, b"\0\0\0") and got[4] == b"\0\0\0\0"
            and abs(got[3] - when) < 8,
            f"record {number}: expected {address} count {count} at {when:.0f}, got {got!r}")


@table([(f"count {count}, {ago} s ago", count, ago)
        for count in (2, 3, 10) for ago in (1, 600, SURELY_SKIPPED)])
def skipped(t, title, count, ago):
    t.tcpto((MX1, count, ago))
    t.never(MX1)
    t.deliver()
    t.says(NO_SERVER)


@table([("count 1, just now", 1, 1), ("count 1, long ago", 1, 10_000), ("count 0", 0, 1),
        ("count 2, long ago", 2, SURELY_TRIED), ("count 10, long ago", 10, SURELY_TRIED)])
def tried(t, title, count, ago):
    t.tcpto((MX1, count, ago))
    taken_by(t, MX1)


@case
def skip_time_is_random(t):
    # in the middle of 64 to 97 minutes both must happen; one of 40 only: 2 * 2^-40
    outcomes = set()
    for _ in range(40):
        t.tcpto((MX1, 2, 76 * 64))
        t.maybe(MX1, accepts)
        t.deliver()
        outcomes.add(t.last[:1])
    t.equal(outcomes, {"K", "Z"}, "outcomes")


@table([("first", 0), ("last of 64", 63), ("in the middle", 20)])
def found_at_any_place(t, title, place):
    records = [(f"203.0.113.{n}", 1, 500) for n in range(64)]
    records[place] = (MX1, 5, 100)
    t.tcpto(*records)
    t.never(MX1)
    t.deliver()
    t.says(NO_SERVER)


@case
def the_next_exchanger_instead(t):
    t.tcpto((MX1, 2, 10))
    t.never(MX1)
    taken_by(t, MX2, host="two.example")


@case
def all_exchangers_skipped(t):
    t.tcpto((MX1, 2, 10), (MX2, 3, 10))
    t.never(MX1)
    t.never(MX2)
    t.deliver("two.example")
    t.says(NO_SERVER)


@case
def literal_is_skipped_too(t):
    t.tcpto((MX1, 2, 10))
    t.never(MX1)
    t.deliver(f"[{MX1}]")
    t.says(NO_SERVER)


@case
def mapped_address_is_counted_as_ipv4(t):
    t.tcpto((MX1, 2, 10))
    t.never(MX1)
    t.deliver(f"[::ffff:{MX1}]")
    t.says(NO_SERVER)


@case
def timeout_enters_a_new_record(t):
    silent_host(t)
    t.tcpto()
    t.deliver()
    t.says(NO_SERVER)
    expect_record(t, 0, SILENT, 1)
    t.equal(t.tcpto_bytes()[16:], bytes(1008), "the rest of the table")


@table([("121 s ago", 1, 125, 2, 0), ("60 s ago", 1, 60, 1, 60), ("just now", 1, 1, 1, 1),
        ("third", 2, SURELY_TRIED, 3, 0), ("tenth", 9, SURELY_TRIED, 10, 0),
        ("no more than ten", 10, SURELY_TRIED, 10, 0)])
def timeout_counts(t, title, count, ago, after, ago_after):
    silent_host(t)
    t.tcpto(("203.0.113.9", 3, 50), (SILENT, count, ago))
    t.deliver()
    t.says(NO_SERVER)
    expect_record(t, 0, "203.0.113.9", 3, 50)
    expect_record(t, 1, SILENT, after, ago_after)


@case
def timeout_takes_the_first_record_with_count_0(t):
    silent_host(t)
    t.tcpto(("203.0.113.1", 1, 50), ("203.0.113.2", 0, 50), ("203.0.113.3", 0, 9000),
            ("203.0.113.4", 1, 9000))
    t.deliver()
    expect_record(t, 0, "203.0.113.1", 1, 50)
    expect_record(t, 1, SILENT, 1)
    expect_record(t, 3, "203.0.113.4", 1, 9000)


@table([("oldest", {37: (1, 90_000)}, 37),
        ("oldest by 1024 seconds a count", {37: (1, 90_000), 5: (3, 91_000)}, 37),
        ("older in spite of its count", {37: (1, 90_000), 5: (3, 93_000)}, 5),
        ("last", {63: (10, 90_000)}, 63), ("first", {0: (1, 90_000)}, 0)])
def timeout_takes_the_least_record_of_a_full_table(t, title, special, place):
    silent_host(t)
    records = [(f"203.0.113.{n}", 1, 500) for n in range(64)]
    for number, (count, ago) in special.items():
        records[number] = (f"203.0.113.{number}", count, ago)
    t.tcpto(*records)
    before = t.tcpto_bytes()
    t.deliver()
    t.says(NO_SERVER)
    expect_record(t, place, SILENT, 1)
    after = t.tcpto_bytes()
    t.equal(after[:16 * place] + after[16 * place + 16:],
            before[:16 * place] + before[16 * place + 16:], "the other records")


@case
def success_clears_the_count(t):
    t.tcpto(("203.0.113.1", 1, 50), (MX1, 1, 500))
    taken_by(t, MX1)
    t.equal(t.tcpto_count(MX1), None, "count")
    t.equal(t.tcpto_count("203.0.113.1"), 1, "count of the other record")


@table([("greeting refused", fails_at("greeting", "554 no")),
        ("connection lost", fails_at("mail", "(closes)")),
        ("sender refused", fails_at("mail", "550 no"))])
def any_connection_clears_the_count(t, title, script):
    t.tcpto((MX1, 1, 500))
    t.server(MX1, script)
    t.deliver()
    t.equal(t.tcpto_count(MX1), None, "count")


@case
def refused_connection_is_no_timeout(t):
    t.tcpto((MX1, 1, 500))
    t.deliver()
    t.says(NO_SERVER)
    t.equal(t.tcpto_count(MX1), None, "count")


@case
def refused_connection_of_a_new_host_enters_nothing(t):
    t.tcpto()
    t.deliver()
    t.says(NO_SERVER)
    t.equal(t.tcpto_bytes(), bytes(1024), "table")


@case
def unreachable_network_is_no_timeout(t):
    t.zone(f"dest.example A {UNROUTED}")
    t.tcpto()
    t.deliver()
    t.says(like("Z"))
    t.equal(t.tcpto_bytes(), bytes(1024), "table")


@case
def long_forgotten_host_that_answers_is_cleared(t):
    t.tcpto((MX1, 7, SURELY_TRIED))
    taken_by(t, MX1)
    t.equal(t.tcpto_count(MX1), None, "count")


@case(slow=True)
def silence_after_the_connection_is_no_timeout(t):
    t.tcpto()
    t.timeouts(1)
    t.server(MX1, fails_at("greeting", "(keeps silent)"))
    t.deliver()
    t.equal(t.tcpto_bytes(), bytes(1024), "table")


@case
def success_of_an_unknown_host_changes_nothing(t):
    t.tcpto(("203.0.113.1", 5, 50), ("203.0.113.2", 1, 50))
    before = t.tcpto_bytes()
    taken_by(t, MX1)
    t.equal(t.tcpto_bytes(), before, "table")


@case
def skipped_host_keeps_its_record(t):
    t.tcpto((MX1, 4, 100))
    before = t.tcpto_bytes()
    t.never(MX1)
    t.deliver()
    t.equal(t.tcpto_bytes(), before, "table")


@case
def ipv6_does_not_enter(t):
    silent = f"dest.example AAAA {SILENT_6}"
    t.zone(silent)
    t.timeouts(5, 1)
    t.tcpto()
    t.deliver()
    t.says(like("Z"))
    t.equal(t.tcpto_bytes(), bytes(1024), "table")


@case
def each_silent_address_enters(t):
    t.zone(f"dest.example A {SILENT}\ndest.example A 192.0.2.10")
    t.timeouts(5, 1)
    t.tcpto()
    t.deliver()
    t.says(NO_SERVER)
    t.equal((t.tcpto_count(SILENT), t.tcpto_count("192.0.2.10")), (1, 1), "counts")


@table([("empty", 0), ("2,048 bytes", 2048), ("1,025 bytes", 1025), ("1,040 bytes", 1040)])
def feature_off(t, title, size):
    silent_host(t)
    path = t.tcpto(size=size)
    t.deliver()
    t.says(NO_SERVER)
    t.equal(path.read_bytes(), bytes(size), "table")


@table([("2,048 bytes", 2048), ("1,040 bytes", 1040)])
def larger_table_is_not_believed(t, title, size):
    t.tcpto((MX1, 10, 5), size=size)
    before = t.tcpto_bytes()
    taken_by(t, MX1)
    t.equal(t.tcpto_bytes(), before, "table")


@case
def absent_table_is_not_created(t):
    silent_host(t)
    t.deliver()
    t.says(NO_SERVER)
    t.equal(sorted(os.listdir(t.home / "queue/lock")), [], "queue/lock")


@table([("160 bytes", 160, 10), ("170 bytes", 170, 10), ("16 bytes", 16, 1), ("31 bytes", 31, 1)])
def smaller_table_is_not_extended(t, title, size, records):
    silent_host(t)
    t.tcpto(*[(f"203.0.113.{n}", 1, 500 if n else 700) for n in range(records)], size=size)
    t.deliver()
    t.says(NO_SERVER)
    t.equal(len(t.tcpto_bytes()), size, "size")
    expect_record(t, 0, SILENT, 1)


@case
def fifteen_bytes_hold_no_record(t):
    silent_host(t)
    t.tcpto(size=15)
    t.deliver()
    t.says(NO_SERVER)
    t.equal(t.tcpto_bytes(), bytes(15), "table")


@case
def smaller_table_is_believed(t):
    t.tcpto(("203.0.113.1", 1, 5), (MX1, 2, 5), size=32)
    t.never(MX1)
    t.deliver()
    t.says(NO_SERVER)


@case
def table_that_cannot_be_written(t):
    t.tcpto((MX1, 1, 5)).chmod(0o444)
    taken_by(t, MX1, uid=UNPRIVILEGED)


@case
def lock_is_waited_for(t):
    path = t.tcpto((MX1, 2, 5))
    holder = open(path, "r+b")
    fcntl.flock(holder, fcntl.LOCK_EX)

    def release():
        time.sleep(1)
        holder.seek(0)
        holder.write(tcpto_record(MX1, 0, 5))
        holder.close()
    thread = threading.Thread(target=release)
    thread.start()
    t.server(MX1, accepts)
    t.deliver()
    thread.join()
    t.says("r", ACCEPTED)
    t.check(t.seconds > 0.8, f"took {t.seconds:.1f} s: the lock was not waited for")


@case
def cancelled_attempt_changes_nothing(t):
    t.zone(f"""
        dest.example AAAA 2001:db8::1
        dest.example A {SILENT}
    """)
    t.timeouts(8)
    t.tcpto((SILENT, 1, 500))
    before = t.tcpto_bytes()
    t.server("2001:db8::1", accepts)
    t.deliver()
    t.says("r", like("K2001:db8::1"))
    t.equal(t.tcpto_bytes(), before, "table")


@case
def skipped_ipv4_leaves_ipv6(t):
    t.zone(f"dest.example AAAA 2001:db8::1\ndest.example A {MX1}")
    t.tcpto((MX1, 2, 10))
    t.never(MX1)
    t.server("2001:db8::1", accepts)
    t.deliver()
    t.says("r", like("K2001:db8::1"))


@case
def port_does_not_matter(t):
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:relay.example:2525")
    t.tcpto((MX1, 2, 5))
    t.never(MX1, port=2525)
    t.deliver()
    t.says(NO_SERVER)


# ---- qmail-tcpto and qmail-tcpok

def shows(t, *wanted):
    """qmail-tcpto's output: (address, seconds, count), each second a few off."""
    lines = t.out.decode().splitlines()
    t.equal(len(lines), len(wanted), f"lines of {lines!r}")
    for line, (address, ago, count) in zip(lines, wanted):
        good = [f"{address} timed out {ago + late} seconds ago; # recent timeouts: {count}"
                for late in range(4)]
        t.check(line in good, f"expected {good[0]!r}, got {line!r}")


@table([("none", []), ("one", [("203.0.113.1", 2, 100)]),
        ("three", [("203.0.113.1", 1, 5), ("10.1.2.3", 10, 100_000), ("255.254.253.252", 3, 60)])])
def qmail_tcpto_shows_the_table(t, title, records):
    t.tcpto(*records)
    before = t.tcpto_bytes()
    t.run([], program="qmail-tcpto", checked=False)
    t.equal((t.status, t.err), (0, b""), "exit status and stderr")
    shows(t, *[(address, ago, count) for address, count, ago in records])
    t.equal(t.tcpto_bytes(), before, "table")


@case
def qmail_tcpto_leaves_out_count_0(t):
    t.tcpto(("203.0.113.1", 0, 5), ("203.0.113.2", 1, 5))
    t.run([], program="qmail-tcpto", checked=False)
    shows(t, ("203.0.113.2", 5, 1))


@case
def qmail_tcpto_shows_all_64(t):
    records = [(f"203.0.113.{n}", n % 10 + 1, n) for n in range(64)]
    t.tcpto(*records)
    t.run([], program="qmail-tcpto", checked=False)
    t.equal(t.status, 0, "exit status")
    shows(t, *[(address, ago, count) for address, count, ago in records])


@table([("no table",), ("no home",), ("not readable",)])
def qmail_tcpto_has_its_trouble_on_standard_output(t, title):
    if title == "not readable":
        t.tcpto().chmod(0)
    t.run([], program="qmail-tcpto", checked=False, uid=UNPRIVILEGED,
          home=t.home / "nowhere" if title == "no home" else None)
    t.equal((t.status, t.err), (111, b""), "exit status and stderr")
    t.check(t.out != b"", "nothing on standard output")


@case
def qmail_tcpok_zeroes_the_table(t):
    t.tcpto(("203.0.113.1", 2, 100), (MX1, 10, 5))
    t.run([], program="qmail-tcpok", checked=False)
    t.equal((t.status, t.out, t.err), (0, b"", b""), "exit status and output")
    t.equal(t.tcpto_bytes(), bytes(1024), "table")
    taken_by(t, MX1)


@case
def qmail_tcpok_waits_for_the_lock(t):
    path = t.tcpto(("203.0.113.1", 2, 100))
    holder = open(path, "r+b")
    fcntl.flock(holder, fcntl.LOCK_EX)
    seen = []

    def release():
        time.sleep(1)
        seen.append(path.read_bytes()[4])
        holder.close()
    thread = threading.Thread(target=release)
    thread.start()
    t.run([], program="qmail-tcpok", checked=False)
    thread.join()
    t.equal(seen, [2], "count while the lock was held")
    t.equal((t.status, t.tcpto_bytes()), (0, bytes(1024)), "exit status and table")


@table([("no table",), ("no home",), ("not writable",)])
def qmail_tcpok_has_its_trouble_on_standard_error(t, title):
    if title == "not writable":
        t.tcpto().chmod(0o444)
    t.run([], program="qmail-tcpok", checked=False, uid=UNPRIVILEGED,
          home=t.home / "nowhere" if title == "no home" else None)
    t.equal((t.status, t.out), (111, b""), "exit status and output")
    t.check(t.err != b"", "nothing on standard error")


@table([("a link",), ("a link in the place of tcpto6",), ("a second name",), ("a link to lock",)])
def root_clears_no_file_of_its_own(t, title):
    # queue/lock is another user's, who could make any name there a link
    victim, tables = t.home / "elsewhere/tcpto", t.home / "queue/lock"
    victim.parent.mkdir()
    victim.write_bytes(b"root's own")
    if title == "a link to lock":
        tables.rename(t.home / "queue/away")
        tables.symlink_to(victim.parent)
    elif title == "a second name":
        os.link(victim, tables / "tcpto")
    elif title == "a link":
        (tables / "tcpto").symlink_to(victim)
    else:
        t.tcpto()
        (tables / "tcpto6").symlink_to(victim)
    t.run([], program="qmail-tcpok", checked=False)
    t.equal((t.status, t.out), (111, b""), "exit status and output")
    t.check(b"qmail-tcpok: fatal: unable to write " in t.err, f"stderr: {t.err!r}")
    t.equal(victim.read_bytes(), b"root's own", "the file")
