# Deliveries of 2 KB: CPU, wall, memory, page faults, system calls and instructions, in clear and
# encrypted, of everybody.
from measure import summary

SIZE = 2048
TO = ["recipient@bench.example"]


def small(suite, title, sink, tls):
    """By turns with the floor alone, as deliveries follow each other; then with everybody, whose
    code and data leave each a cold cache."""
    everybody = suite.contenders.all(sink.address, TO, tls, peers=not suite.short)
    found = {"alone": measured(suite, title, everybody[:2], suite.rounds(400, 5))}
    if not suite.short:
        found["others"] = measured(suite, f"{title}, beside others", everybody, 150)
    return found


def measured(suite, title, everybody, rounds):
    message = suite.messages.of(SIZE)
    found = summary(suite.bench.run(everybody, message, rounds), "floor")
    for each in everybody:
        mine = found[each.name]
        if not suite.short:
            mine["instructions"] = suite.bench.instructions(each, message)
            mine["system_calls"] = suite.bench.system_calls(each, message)
    suite.table(title, ["", "CPU", "to the floor", "wall", "to the floor", "peak memory",
                        "page faults", "system calls", "instructions"],
                [[name, f"{mine['cpu'] / 1000:.2f} ms", suite.ratio(mine["cpu_ratio"]),
                  f"{mine['wall'] / 1000:.2f} ms", suite.ratio(mine["wall_ratio"]),
                  f"{mine['memory']:.0f} KB", f"{mine['faults']:.0f}",
                  mine.get("system_calls", "-"), suite.thousands(mine.get("instructions"))]
                 for name, mine in found.items()])
    return found


def run(suite):
    sinks = suite.sinks
    found = {
        "plain": small(suite, "2 KB in clear, CHUNKING offered", sinks["plain"], False),
        "plain_data": small(suite, "2 KB in clear, by DATA", sinks["plain_data"], False),
        "tls_ecdsa": small(suite, "2 KB over TLS 1.3, ECDSA certificate", sinks["ecdsa"], True),
    }
    if not suite.short:
        found["tls_rsa"] = small(suite, "2 KB over TLS 1.3, RSA certificate", sinks["rsa"], True)
    suite.data["small"] = found
