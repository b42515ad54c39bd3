# How the cost of a delivery grows: with recipients, with the size of the message, and with the
# lines of control/smtproutes.
from machine import Home
from measure import median, quartiles

RECIPIENTS = (1, 10, 100, 1000)
SIZES = (1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
LINES = (0, 10, 100, 1000, 10_000, 100_000)
SMALL = 2048


def with_recipients(suite, sink):
    rows, found = [], {}
    message = suite.messages.of(SMALL)
    for count in RECIPIENTS[:2] if suite.short else RECIPIENTS:
        to = [f"recipient{number}@bench.example" for number in range(count)]
        pair = suite.contenders.all(sink.address, to, peers=False)
        results = suite.bench.run(pair, message, suite.rounds(41, 1))
        found[count] = {name: {"cpu": median(values["cpu"]), "memory": median(values["memory"])}
                        for name, values in results.items()}
        for each in pair:
            if not suite.short:
                found[count][each.name]["instructions"] = suite.bench.instructions(each, message)
        tern, floor = found[count]["tern"], found[count]["floor"]
        rows.append([f"{count:,}", f"{tern['cpu'] / 1000:.2f} ms", f"{floor['cpu'] / 1000:.2f} ms",
                     suite.thousands(tern.get("instructions")), f"{tern['memory']:.0f} KB"])
    suite.table("Recipients: 2 KB in clear", ["recipients", "CPU", "CPU of the floor",
                                              "instructions", "peak memory"], rows)
    return found


def with_size(suite, sinks):
    rows, found = [], {}
    for size in SIZES[:4] if suite.short else SIZES:
        message = suite.messages.of(size)
        found[size] = {}
        for kind, sink in sinks.items():
            pair = suite.contenders.all(sink.address, ["recipient@bench.example"],
                                        tls=kind == "tls", peers=False)
            rounds = suite.rounds(21 if size < 10_000_000 else 5, 1)
            results = suite.bench.run(pair, message, rounds)
            found[size][kind] = {name: {"cpu": median(values["cpu"]),
                                        "memory": max(values["memory"])}
                                 for name, values in results.items()}
        rows.append([f"{size:,}"] + [
            cell for kind in sinks for cell in
            (f"{found[size][kind]['tern']['cpu'] / 1000:.2f} ms",
             f"{found[size][kind]['floor']['cpu'] / 1000:.2f} ms",
             f"{found[size][kind]['tern']['memory']} KB")])
    suite.table("Size of the message", ["bytes", "CPU in clear", "floor", "peak memory",
                                        "CPU over TLS", "floor", "peak memory"], rows)
    return found


def with_lines(suite, sink):
    """Every line has to be looked at, and the last one fits."""
    message = suite.messages.of(SMALL)
    everybody = []
    for count in LINES[:4] if suite.short else LINES:
        home = Home(suite.work / f"home-{count}")
        others = [f"host{number}.customer.example:relay{number % 10}.example"
                  for number in range(count)]
        home.write("smtproutes", "\n".join([*others, f"bench.example:{sink.address}"]))
        everybody.append(suite.contenders.tern(sink.address, ["recipient@bench.example"],
                                               host="bench.example", name=str(count), home=home))
    results = suite.bench.run(everybody, message, suite.rounds(51, 2))
    found = {}
    for each in everybody:
        values = results[each.name]
        found[each.name] = {"cpu": median(values["cpu"]), "memory": median(values["memory"]),
                            "extra": quartiles([a - b for a, b in
                                                zip(values["cpu"], results["0"]["cpu"])])}
        if not suite.short:
            found[each.name]["instructions"] = suite.bench.instructions(each, message)
    suite.table("Lines of smtproutes before the one that fits",
                ["lines", "CPU", "more than without", "instructions", "peak memory"],
                [[f"{int(name):,}", f"{mine['cpu'] / 1000:.2f} ms",
                  "{1:.2f} ms ({0:.2f} to {2:.2f})".format(*(e / 1000 for e in mine["extra"])),
                  suite.thousands(mine.get("instructions")), f"{mine['memory']:.0f} KB"]
                 for name, mine in found.items()])
    return found


def run(suite):
    digests = ["--expect-sha256", suite.messages.digests(*(SIZES[:4] if suite.short else SIZES))]
    sizes = {"plain": suite.sink("growth", "198.51.100.41", *digests),
             "tls": suite.sink("growth_tls", "198.51.100.42", *digests, "--self-signed",
                               "mx.bench.example")}
    suite.data["growth"] = {"recipients": with_recipients(suite, suite.sinks["plain"]),
                            "size": with_size(suite, sizes),
                            "lines": with_lines(suite, suite.sinks["plain"])}
