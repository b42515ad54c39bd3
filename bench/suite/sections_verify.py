# What verification of a certificate costs: the same deliveries, through MX and DNS, with nothing
# demanded and with a chain demanded by control/tlshosts.
from machine import EXCHANGER, Home, call
from measure import median, quartiles

SIZE = 2048
DOMAIN = "bench.example"
ADDRESS = "198.51.100.31"
TO = [f"recipient@{DOMAIN}"]


def resolver(suite):
    """The sink answers as name server as well; ours is the only resolv.conf in sight."""
    path = suite.work / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\n")
    call("mount", "--bind", path, "/etc/resolv.conf")


def run(suite):
    resolver(suite)
    names = ["--dns", f"{DOMAIN}=MX 10 {EXCHANGER}", "--dns", f"{EXCHANGER}={ADDRESS}"]
    authority = suite.work / "verify-ca.pem"
    sink = suite.sink("verify", ADDRESS, *names, "--self-signed", EXCHANGER,
                      "--ca-file", str(authority),
                      "--expect-sha256", suite.messages.digests(SIZE))
    demanding = Home(suite.work / "demanding")
    demanding.write(f"tlshosts/{EXCHANGER}.pem", authority.read_text())
    message = suite.messages.of(SIZE)
    literal = suite.contenders.tern(sink.address, TO, name="by address")
    plain = suite.contenders.tern(sink.address, TO, host=DOMAIN, name="by MX")
    verified = suite.contenders.tern(sink.address, TO, host=DOMAIN, name="by MX, verified",
                                     home=demanding)
    everybody = [literal, plain, verified]
    results = suite.bench.run(everybody, message, suite.rounds(200, 3))
    extra = {}
    for mine, base in (("by MX", "by address"), ("by MX, verified", "by MX")):
        extra[mine] = quartiles([a - b for a, b in zip(results[mine]["cpu"],
                                                       results[base]["cpu"])])
    counts = {each.name: None if suite.short else suite.bench.instructions(each, message)
              for each in everybody}
    suite.table("Names and verification: 2 KB over TLS 1.3, ECDSA",
                ["", "CPU", "more than the one above", "instructions"],
                [[name, f"{median(values['cpu']) / 1000:.2f} ms",
                  "-" if name not in extra else
                  "{1:.2f} ms ({0:.2f} to {2:.2f})".format(*(e / 1000 for e in extra[name])),
                  suite.thousands(counts[name])] for name, values in results.items()])
    suite.data["verify"] = {"cpu": {name: median(values["cpu"])
                                    for name, values in results.items()},
                            "extra": extra, "instructions": counts}
