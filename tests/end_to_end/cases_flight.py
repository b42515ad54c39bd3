# PIPELINING and CHUNKING as real servers take them, and more recipients than they take at once.
import hashlib
import re

from caller import expect
from daemons import MANY
from sink import ADDRESS, Sink
from world import Message, case

KILO = 1024


def flies(mx):
    """Offers both; OpenSMTPD offers neither."""
    return mx.name in ("postfix", "exim")


def body(size):
    """So many bytes: 8-bit, dots, every newline, and lines of every length."""
    line, lines, length = b".\xe4\xf6\xfc.\xff\x80 0123456789abcdefghijklmnopqrstuvwxyz" * 8, [], 0
    while length < size:
        lines.append(line[:len(lines) % 300] + b"\n")
        length += len(lines[-1])
    return b"".join(lines)[:size - 1].rstrip(b"\r\n") + b"\n"


# Its end belongs to its beginning: that of the session before may be logged late.
SESSION = r"smtpd\[(\d+)\]: connect from (?:.*\n)+?.*smtpd\[\1\]: disconnect from \S+ (.*)\n"


def commands(world, mx, since):
    """How often Postfix got each command in its one session since: {"mail": 1, ...}."""
    log = world.logged(mx.daemon, since, SESSION)
    sessions = re.findall(SESSION, log)
    expect(len(sessions) == 1, f"one session wanted: {sessions}")
    words = sessions[0][1].split()
    return {name: int(count.split("/")[0]) for name, count in
            (word.split("=") for word in words)}


def crossed_by_chunks(world, mx, since, message, chunk):
    """The server saw BDAT, in as many chunks as it takes or a few more, and never DATA."""
    if mx.name == "exim":  # L: pipelined, K: by chunks
        world.logged(mx.daemon, since, r"<= sender@.* L[.*]?( .*)? K ")
        return
    seen = commands(world, mx, since)
    expect("data" not in seen, f"no DATA wanted: {seen}")
    least = -(-message.size() // chunk)
    expect(least <= seen.get("bdat", 0) <= least + least // 10 + 2,
           f"{least} chunks or so wanted: {seen}")


def sizes_and_chunks(size):
    def delivered(world, mx):
        for chunk in (None, KILO, KILO * KILO):
            if chunk:
                world.control("chunksizeremote", str(chunk))
            for face in ("clear", "main"):
                since = mx.daemon.sizes()
                message = Message(body(size))
                world.deliver(mx.host(face), mx.at("alice", face), message=message) \
                    .delivered(mx.ip(face))
                world.arrived(mx, message)
                crossed_by_chunks(world, mx, since, message, chunk or 256 * KILO)
    case(f"{size} bytes by BDAT, in chunks of three sizes", each=flies)(delivered)


for each_size in (2 * KILO, 33 * KILO, 66 * KILO, KILO * KILO):
    sizes_and_chunks(each_size)


def hundred(size, chunk):
    def delivered(world, mx):
        world.control("chunksizeremote", str(chunk))
        host = mx.host("clear")
        boxes = MANY[:100]
        recipients = [f"{box}@{host}" for box in boxes]
        refused = [3, 50, 51, 104]
        for at in refused:
            recipients.insert(at, f"nobody{at}@{host}")
        recipients.insert(70, f"grey@{host}")
        letters = "".join({"nobo": "h", "grey": "s"}.get(each[:4], "r") for each in recipients)
        since = mx.daemon.sizes()
        message = Message(body(size))
        report = world.deliver(host, *recipients, message=message)
        report.delivered(mx.ip("clear"), letters)
        report.recipient(50, "h", mx.ip("clear"), "5")
        report.recipient(70, "s", mx.ip("clear"), "45")
        world.arrived(mx, message, boxes)
        crossed_by_chunks(world, mx, since, message, chunk)
    case(f"{size} bytes to 100 recipients and 5 refused, in chunks of {chunk}",
         each=flies)(delivered)


hundred(2 * KILO, KILO)
hundred(33 * KILO, KILO)
hundred(KILO * KILO, KILO * KILO)


@case("large, every recipient refused: nothing is sent", each=flies)
def large_refused(world, mx):
    message = Message(body(KILO * KILO))
    since = mx.daemon.sizes()
    report = world.deliver(mx.host(), mx.at("nobody"), mx.at("grey"), message=message)
    report.is_("hs", f"DGiving up on {mx.ip()}.")
    if mx.name == "postfix":
        seen = commands(world, mx, since)
        expect("bdat" not in seen and "data" not in seen, f"only the envelope wanted: {seen}")
    world.nothing_arrived(message)


@case("small, every recipient refused", each=flies)
def small_refused(world, mx):
    for face in ("clear", "main"):
        message = Message(body(KILO))
        report = world.deliver(mx.host(face), mx.at("nobody", face), mx.at("grey", face),
                               message=message)
        report.is_("hs", f"DGiving up on {mx.ip(face)}.")
        world.nothing_arrived(message)


@case("small, the sender refused in the same flight", each=flies)
def small_sender_refused(world, mx):
    message = Message(body(KILO))
    world.deliver(mx.host(), mx.at("alice"), message=message, sender="refused@me.example") \
        .is_("", f"DConnected to {mx.ip()} but sender was rejected.\nRemote host said: 550")
    world.nothing_arrived(message)


def has_limit(mx):
    return mx.most_recipients


def limited_face(mx):
    return "narrow" if "narrow" in mx.faces() else "clear"


def text_refused(verdict, letter, code, reads_it):
    def refused(world, mx):
        for size, chunk in ((2 * KILO, KILO), (2 * KILO, 32 * KILO), (300 * KILO, KILO),
                            (300 * KILO, 32 * KILO)):
            world.control("chunksizeremote", str(chunk))
            message = Message(body(size), more=f"Verdict: {verdict}\n")
            report = world.deliver(mx.host(), mx.at("alice"), mx.at("nobody"), mx.at("bob"),
                                   message=message)
            report.is_("rhr", f"{letter}{mx.ip()} failed after I sent the message.\n"
                              f"Remote host said: {code}")
            report.has_not("Possible duplicate")
            world.nothing_arrived(message)
    case(f"the text refused: {verdict}", each=reads_it)(refused)


text_refused("refuse", "D", "550", flies)
text_refused("later", "Z", "451", lambda mx: mx.name == "exim")


@case("the text refused in every transaction", each=has_limit)
def refused_everywhere(world, mx):
    face, most = limited_face(mx), mx.most_recipients
    boxes = MANY[:5] if most < 8 else MANY[:most + 5]
    message = Message(body(2 * KILO), more="Verdict: refuse\n")
    report = world.deliver(mx.host(face), *(mx.at(box, face) for box in boxes), message=message)
    report.is_("h" * len(boxes), f"D{mx.ip(face)} failed after I sent the message.")
    world.nothing_arrived(message)


@case("a server that offers neither", each=lambda mx: not flies(mx))
def step_by_step(world, mx):
    for size in (2 * KILO, 33 * KILO):
        message = Message(body(size))
        host = mx.host("clear")
        report = world.deliver(host, f"nobody@{host}", f"alice@{host}", f"bob@{host}",
                               message=message)
        report.delivered(mx.ip("clear"), "hrr")
        world.arrived(mx, message, ("alice", "bob"))


@case("more recipients than the server takes: several transactions", each=has_limit)
def several_transactions(world, mx):
    face, most = limited_face(mx), mx.most_recipients
    for size in (2 * KILO, 100 * KILO):
        boxes = MANY[:8] if most < 8 else MANY
        since = mx.daemon.sizes()
        message = Message(body(size))
        report = world.deliver(mx.host(face), *(mx.at(box, face) for box in boxes),
                               message=message)
        report.delivered(mx.ip(face), "r" * len(boxes))
        world.arrived(mx, message, boxes)
        rounds = -(-len(boxes) // most)
        if mx.name == "postfix":
            found = commands(world, mx, since)["mail"]
        else:
            found = mx.daemon.log(since).count(" <= sender@")
        expect(found == rounds, f"{rounds} transactions wanted, {found} seen")


@case("more recipients than the server takes, some refused", each=has_limit)
def several_mixed(world, mx):
    face, most = limited_face(mx), mx.most_recipients
    boxes = MANY[:7] if most < 8 else MANY[:most + 5]
    recipients = [mx.at(box, face) for box in boxes]
    recipients.insert(0, mx.at("grey", face))
    recipients.insert(4, mx.at("nobody", face))
    recipients.append(mx.at("none", face))
    letters = "".join({"grey": "s", "nobo": "h", "none": "h"}.get(each[:4], "r")
                      for each in recipients)
    message = Message(body(3 * KILO))
    report = world.deliver(mx.host(face), *recipients, message=message)
    report.delivered(mx.ip(face), letters)
    report.recipient(0, "s", mx.ip(face), "450" if mx.name == "postfix" else "451")
    report.recipient(4, "h", mx.ip(face), "5")
    world.arrived(mx, message, boxes)


def limits(title, options, recipients, rounds, sessions=1):
    """LIMITS (RFC 9422): the groups of recipients, in their order, that the server must see."""
    def split(world):
        world.control("smtproutes", f":[{ADDRESS}]")
        for size in (2 * KILO, 100 * KILO):
            message = Message(body(size))
            wire = message.path.read_bytes().replace(b"\n", b"\r\n")
            with Sink("--limits", options) as sink:
                report = world.deliver("there.example", *recipients, message=message)
                found = sink.messages()
            report.delivered(ADDRESS, "r" * len(recipients))
            groups = [[each["address"] for each in one["recipients"]] for one in found]
            expect(groups == rounds, f"{rounds} wanted, {groups} seen")
            connections = {each["connection"] for each in found}
            expect(len(connections) == sessions, f"{sessions} sessions wanted: {connections}")
            expect({each["sha256"] for each in found} == {hashlib.sha256(wire).hexdigest()},
                   f"other bytes arrived: {found}")
    case(f"LIMITS: {title}")(split)


LOCALS = [f"{name}@there.example" for name in "abcdefg"]
limits("recipients of a transaction", "RCPTMAX=3", LOCALS,
       [LOCALS[:3], LOCALS[3:6], LOCALS[6:]])
limits("one recipient at a time", "RCPTMAX=1", LOCALS[:4], [[each] for each in LOCALS[:4]])
limits("transactions of a session", "RCPTMAX=2,MAILMAX=2", LOCALS,
       [LOCALS[:2], LOCALS[2:4], LOCALS[4:6], LOCALS[6:]], sessions=2)
MIXED = ["a@one.example", "b@two.example", "c@one.example", "d@two.example"]
limits("domains of a session", "RCPTDOMAINMAX=1", MIXED, [MIXED[0::2], MIXED[1::2]], sessions=2)
