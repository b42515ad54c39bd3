# Round trips: how long a delivery takes over a link with delay, in units of that delay, for one
# and many recipients, small and larger messages.
from delayed_link import DelayedLink, ROUND_TRIP
from machine import EXCHANGER
from measure import median

RECIPIENTS = (1, 10, 100)
SIZES = (2048, 50 * 1024)
WAYS = {"plain": ("in clear, CHUNKING", False), "plain_data": ("in clear, DATA", False),
        "tls": ("TLS 1.3, CHUNKING", True), "tls_data": ("TLS 1.3, DATA", True)}


def recipients(count):
    return [f"recipient{number}@bench.example" for number in range(count)]


def run(suite):
    link = DelayedLink(suite)
    expected = ["--expect-sha256", suite.messages.digests(*SIZES)]
    certificate = ["--self-signed", EXCHANGER]
    sinks = {
        "plain": link.sink("far_plain", "192.0.2.1", *expected),
        "plain_data": link.sink("far_data", "192.0.2.2", "--without", "CHUNKING", *expected),
        "tls": link.sink("far_tls", "192.0.2.3", *certificate, *expected),
        "tls_data": link.sink("far_tls_data", "192.0.2.4", *certificate, "--without", "CHUNKING",
                              *expected),
    }
    counts = RECIPIENTS[:2] if suite.short else RECIPIENTS
    everything, messages = [], {}
    for way, sink in sinks.items():
        for size in SIZES:
            for count in counts:
                # The others know no CHUNKING.
                peers = not suite.short and way.endswith("_data")
                for each in suite.contenders.all(sink.address, recipients(count),
                                                 WAYS[way][1], peers):
                    each.name = f"{each.name}/{way}/{size}/{count}"
                    messages[each.name] = suite.messages.of(size)
                    everything.append(each)
    # Waiting costs no processor, so that many can wait at the same time.
    found = suite.bench.run(everything, messages, suite.rounds(3, 1), parallel=8, pinned=False)
    trips = {name: median(values["wall"]) / 1e6 / ROUND_TRIP for name, values in found.items()}
    link.close()
    names = [name for name in ("tern", "floor", "msmtp", "curl", "old")
             if any(key.startswith(name + "/") for key in trips)]
    for way in sinks:
        suite.table(
            f"Round trips, {WAYS[way][0]}",
            ["", *(f"{size // 1024} KB to {count}" for size in SIZES for count in counts)],
            [[name, *(f"{trips[f'{name}/{way}/{size}/{count}']:.2f}"
                      for size in SIZES for count in counts)]
             for name in names if f"{name}/{way}/{SIZES[0]}/1" in trips],
            f"Wall time by {ROUND_TRIP * 1000:.0f} ms, from start to exit.")
    suite.data["trips"] = trips
