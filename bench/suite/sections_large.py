# 100 MB, in clear and encrypted, from a file and from a pipe, beside a raw copy of the same bytes.
import json

from machine import Broken, EXCHANGER
from measure import summary

TO = ["recipient@bench.example"]


def check_sizes(sink, size, count):
    """A sink that does not compute digests has at least counted bytes, lines and violations."""
    sizes = [json.loads(line)["size"] for line in sink.log.read_text().splitlines()
             if line.startswith('{"event":"message"')]
    if sizes != [size] * count:
        raise Broken(f"{sink.name}: {count} messages of {size} bytes were sent, "
                     f"{len(sizes)} arrived, of {sorted(set(sizes))}")


def measured(suite, title, base, everybody, messages, sink, size, rounds, through_pipe=False):
    before = sink.messages()
    results = suite.bench.run(everybody, messages, rounds, through_pipe=through_pipe)
    check_sizes(sink, size, before + rounds * len(everybody))
    found = summary(results, base)
    for name, mine in found.items():
        mine["gigabytes_per_second"] = size / mine["wall"] / 1000
    suite.table(title, ["", "CPU", f"to the {base}", "wall", "GB/s", "peak memory"],
                [[name, f"{mine['cpu'] / 1000:.0f} ms", suite.ratio(mine["cpu_ratio"]),
                  f"{mine['wall'] / 1000:.0f} ms", f"{mine['gigabytes_per_second']:.2f}",
                  f"{mine['memory']:.0f} KB"] for name, mine in found.items()])
    return found


def run(suite):
    size = 1_000_000 if suite.short else 100_000_000
    rounds = suite.rounds(15, 1)
    message, wire = suite.messages.of(size), suite.messages.with_cr(size)
    on_the_wire = wire.stat().st_size
    certificate = ["--self-signed", EXCHANGER]
    # One round of everybody with digests first; then the sink is to be no slower than it must.
    digest = ["--expect-sha256", suite.messages.digests(size)]
    exact = {False: suite.sink("large_exact", "198.51.100.11", *digest),
             True: suite.sink("large_exact_tls", "198.51.100.12", *certificate, *digest)}
    # Waking a sink's processor for each packet costs its sender up to a third more.
    awake = ["--no-digest", "--awake"]
    quick = {False: suite.sink("large", "198.51.100.13", *awake),
             True: suite.sink("large_tls", "198.51.100.14", *awake, *certificate)}
    found = {}
    for tls in (False, True):
        for sinks, times in ((exact, 0), (quick, rounds)):
            address = sinks[tls].address
            everybody = suite.contenders.all(address, TO, tls, peers=not suite.short)
            if not tls:
                everybody.append(suite.contenders.copy(address, TO))
            few = everybody[:2] + ([] if tls else everybody[-1:])
            messages = {each.name: wire if each.name == "copy" else message for each in everybody}
            if times == 0:
                suite.bench.run(everybody, messages, 1, pinned=False)
                suite.bench.run(everybody[:2], messages, 1, pinned=False, through_pipe=True)
                continue
            kind = f"{size // 1_000_000} MB {'over TLS 1.3' if tls else 'in clear'}"
            base = "floor" if tls else "copy"
            key = "tls" if tls else "plain"
            found[f"{key}_file"] = measured(
                suite, f"{kind}, from a file", base, few, messages, sinks[tls],
                on_the_wire, times)
            if len(everybody) > len(few):
                found[f"{key}_peers"] = measured(
                    suite, f"{kind}, from a file, beside others", "floor",
                    [each for each in everybody if each.name != "copy"], messages, sinks[tls],
                    on_the_wire, 3)
            found[f"{key}_pipe"] = measured(
                suite, f"{kind}, from a pipe", "floor", everybody[:2], messages,
                sinks[tls], on_the_wire, times, through_pipe=True)
    suite.data["large"] = found
