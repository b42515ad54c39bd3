# 2,000 deliveries of 2 KB, 20 at a time: how long they take, and what each costs; beside Postfix
# that empties a queue over connections it keeps.
import time

from machine import EXCHANGER
from measure import median
from postfix import Postfix

SIZE = 2048
AT_ONCE = 20
TO = ["recipient@bench.example"]


def crowd(suite, everybody, message, deliveries):
    """By turns, a quarter of the deliveries at a time."""
    walls, cpus = ({each.name: [] for each in everybody} for _ in range(2))
    for _ in range(4):
        for each in everybody:
            began = time.monotonic()
            results = suite.bench.run([each], message, deliveries // 4, parallel=AT_ONCE,
                                      pinned=False)
            walls[each.name].append(time.monotonic() - began)
            cpus[each.name] += results[each.name]["cpu"]
    return {name: {"seconds": sum(walls[name]), "cpu": median(cpus[name])} for name in walls}


def postfix(suite, tls, deliveries):
    options = ["--self-signed", EXCHANGER] if tls else []
    # It adds a header of its own, so that the sink can only count what arrives, and find faults.
    name = "postfix_tls" if tls else "postfix"
    sink = suite.sink(name, "198.51.100.21" if tls else "198.51.100.20", *options)
    server = Postfix(suite.peers, sink.address, tls)
    try:
        server.start()
        server.queue(deliveries, SIZE)
        seconds, cpu, manager = server.empty(sink, deliveries)
    finally:
        server.stop()
    return {"seconds": seconds, "cpu": cpu / deliveries * 1e6,
            "queue_manager": manager / deliveries * 1e6}


def run(suite):
    deliveries = 100 if suite.short else 2000
    message = suite.messages.of(SIZE)
    suite.data["crowd"] = {}
    for tls in (False, True):
        sink = suite.sinks["ecdsa" if tls else "plain"]
        everybody = suite.contenders.all(sink.address, TO, tls, peers=not suite.short)
        found = crowd(suite, everybody, message, deliveries)
        if not suite.short:
            found["Postfix's smtp(8)"] = postfix(suite, tls, deliveries)
        suite.data["crowd"]["tls" if tls else "plain"] = found
        suite.table(f"{deliveries:,} deliveries of 2 KB, {AT_ONCE} at a time, "
                    f"{'over TLS 1.3' if tls else 'in clear'}",
                    ["", "seconds", "deliveries a second", "CPU of each"],
                    [[name, f"{mine['seconds']:.2f}", f"{deliveries / mine['seconds']:.0f}",
                      f"{mine['cpu'] / 1000:.2f} ms"] for name, mine in found.items()],
                    "Clients and sink share all processors." if suite.short else
                    "Clients and sink share all processors. Postfix keeps connections and its "
                    "processes; what its queue manager needs is not counted as smtp(8)'s CPU.")
