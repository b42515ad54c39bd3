# contract.md#body: every input becomes lines that end in CR LF with leading dots doubled.
# The reference is three lines of Python; blocks and buffers of the program are guessed at.
import itertools
import random

from cases.common import taken_by
from harness.delivery import MX1
from harness.registry import case, table

ALPHABET = (b".", b"\r", b"\n", b"a", b"\0", b"\xff")
BOUNDARIES = [1 << power for power in range(10, 18)]


def lines_of(message):
    """The reference: newlines of each kind become CR LF; nothing doubled yet."""
    return message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def wire(message):
    """The reference: what must be on the wire before the final dot."""
    return (b"\r\n" + lines_of(message)).replace(b"\r\n.", b"\r\n..")[2:]


def obeys_the_law(body):
    """No bare CR, no bare LF, no undoubled dot line."""
    bare = body.replace(b"\r\n", b"")
    lines = body.split(b"\r\n")
    return b"\r" not in bare and b"\n" not in bare and all(
        line.startswith(b"..") for line in lines if line.startswith(b"."))


def compare(t, got, wanted, what):
    at = next((n for n, (a, b) in enumerate(zip(got, wanted)) if a != b),
              min(len(got), len(wanted)))
    t.check(got == wanted, f"{what}: differs at byte {at}: expected {wanted[at - 20:at + 40]!r}, "
            f"got {got[at - 20:at + 40]!r}; lengths {len(wanted)} and {len(got)}")


def sends(t, message, what):
    t.bodies.clear()
    taken_by(t, MX1, message=message)
    for body in t.bodies:
        compare(t, body, wire(message), what)
        t.check(obeys_the_law(body), f"{what}: a bare CR or LF, or an undoubled dot")
    t.equal(len(t.bodies), 1, f"{what}: bodies")


def de_bruijn(length):
    """Each string of this length over the alphabet, as a window of one string."""
    size, sequence, word = len(ALPHABET), [], [0] * (len(ALPHABET) * length)

    def step(at, period):
        if at > length:
            if length % period == 0:
                sequence.extend(word[1:period + 1])
            return
        word[at] = word[at - period]
        step(at + 1, period)
        for letter in range(word[at - period] + 1, size):
            word[at] = letter
            step(at + 1, at)
    step(1, 1)
    return b"".join(ALPHABET[letter] for letter in sequence + sequence[:length - 1])


@table([(str(length),) for length in range(1, 6)])
def each_short_string_as_a_line(t, length):
    strings = itertools.product(ALPHABET, repeat=int(length))
    sends(t, b"".join(b"".join(each) + b"\n" for each in strings), "all strings")


@table([(f"{length}",) for length in range(2, 7)])
def each_short_string_among_others(t, length):
    sends(t, de_bruijn(int(length)) + b"\n", "de Bruijn")


@table([(repr(b"".join(each)), b"".join(each)) for length in (1, 2)
        for each in itertools.product(ALPHABET, repeat=length)])
def short_string_as_the_whole_message(t, title, text):
    sends(t, text + b"\n", title)
    if text.endswith(b"\r"):  # a lone CR is a newline as well
        sends(t, text, title)


@table([(repr(b"".join(each)), b"".join(each)) for each in itertools.product(
    (b".", b"\r", b"\n", b"a"), repeat=3)])
def three_bytes_as_the_whole_message(t, title, text):
    sends(t, text + b"\n", title)


PATTERNS = (b"\r\n", b"\r.", b"\n.", b"\r\n.\r\n", b"\r\r\n.", b"\n.\r.\n", b"\n..", b"\r\n..\r")


@table([(f"{pattern!r} at {offset:+d}", pattern, offset)
        for pattern in PATTERNS for offset in (-4, -3, -2, -1, 0, 1)])
def pattern_across_block_boundaries(t, title, pattern, offset):
    message = bytearray()
    for boundary in BOUNDARIES:
        message += b"a" * (boundary + offset - len(message)) + pattern
    sends(t, bytes(message) + b"\n", title)


@table([(f"{pattern!r} in steps of {step}", pattern, step)
        for pattern in (b"\r\n.\r\n", b"\r.", b"\n.") for step in (1022, 1023, 1024, 1025, 4095)])
def pattern_again_and_again(t, title, pattern, step):
    sends(t, (b"a" * (step - len(pattern)) + pattern) * (300_000 // step) + b"\n", title)


@table([(f"{boundary}{offset:+d}", boundary + offset)
        for boundary in BOUNDARIES for offset in (-2, -1, 0, 1, 2)])
def length_near_a_block_boundary(t, title, length):
    sends(t, b"a" * (length - 1) + b"\n", title)


@table([(f"{name} {boundary}{offset:+d}", unit, boundary + offset)
        for name, unit in (("newlines", b"\n"), ("dots", b".\n"), ("CRs", b"\r"))
        for boundary in (1024, 4096, 16384, 65536) for offset in (-1, 0, 1)])
def growing_text_near_a_block_boundary(t, title, unit, length):
    sends(t, (unit * length)[:length] + b"\n", title)


@table([(f"seed {seed}", seed) for seed in range(12)])
def random_text(t, title, seed):
    dice = random.Random(seed)
    message = b"".join(dice.choices(ALPHABET, (2, 3, 3, seed + 1, 1, 1), k=200_000))
    sends(t, message + b"\n", title)


@case
def all_bytes(t):
    sends(t, bytes(range(256)) * 300 + b"\n", "all bytes")


@case
def a_very_long_line(t):
    sends(t, b"x" * 3_000_000 + b"\n", "long line")


@table([("dots", b"..\n.\n...\n\n.a\n"), ("mixed", b"a\r.\r\n.\r\rb\n"),
        ("final dot inside", b"a\r\n.\r\nMAIL FROM:<x@example>\r\n"),
        ("after a lone CR", b"a\r.\rMAIL FROM:<x@example>\rb\n"),
        ("after a lone LF", b"a\n.\nMAIL FROM:<x@example>\nb\n"),
        ("CR before the dot", b"a\n\r.\n\r.\r\n"), ("large", b".\r\n.\n.\r" * 50_000 + b"\n")])
def by_length_or_by_dot(t, title, message):
    # a server that offers CHUNKING gets the same lines, undoubled where it takes them by length
    def chunks(mx):
        mx.greets("PIPELINING", "CHUNKING", "8BITMIME", "SIZE 0")
        mx.hears("MAIL FROM:<sender@me.example>...")
        mx.says("250 ok")
        mx.hears("RCPT TO:<joe@dest.example>")
        mx.says("250 ok")
        mx.takes_any_message()
        mx.hears_quit()
    taken_by(t, MX1, chunks, message=message)
    t.equal(t.bodies, [lines_of(message)], "message")
