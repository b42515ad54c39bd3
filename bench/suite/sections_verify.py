# What verification of a certificate costs: the same deliveries, through MX and DNS, with nothing
# demanded, with a chain to one authority demanded by control/tlshosts, and to any of the system's.
import pathlib

from machine import EXCHANGER, Home, call
from measure import median, quartiles

BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
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
    trusting = Home(suite.work / "trusting")
    trusting.write(f"tlshosts/{EXCHANGER}.pem", BUNDLE.read_text() + authority.read_text())
    message = suite.messages.of(SIZE)
    literal = suite.contenders.tern(sink.address, TO, name="by address")
    plain = suite.contenders.tern(sink.address, TO, host=DOMAIN, name="by MX")
    verified = suite.contenders.tern(sink.address, TO, host=DOMAIN, name="by MX, verified",
                                     home=demanding)
    system = suite.contenders.tern(sink.address, TO, host=DOMAIN, home=trusting,
                                   name="by MX, verified by the system's authorities")
    everybody = [literal, plain, verified, system]
    results = suite.bench.run(everybody, message, suite.rounds(200, 3))
    extra = {}
    for mine, base in ((plain.name, literal.name), (verified.name, plain.name),
                       (system.name, plain.name)):
        extra[mine] = quartiles([a - b for a, b in zip(results[mine]["cpu"],
                                                       results[base]["cpu"])])
    counts = {each.name: None if suite.short else suite.bench.instructions(each, message)
              for each in everybody}
    suite.table("Names and verification: 2 KB over TLS 1.3, ECDSA",
                ["", "CPU", "in addition", "instructions"],
                [[name, f"{median(values['cpu']) / 1000:.2f} ms",
                  "-" if name not in extra else
                  "{1:.2f} ms ({0:.2f} to {2:.2f})".format(*(e / 1000 for e in extra[name])),
                  suite.thousands(counts[name])] for name, values in results.items()],
                "By MX: more than by address. Verified: more than by MX; the system's authorities "
                "are the bundle of Debian's ca-certificates in the place of one authority.")
    suite.data["verify"] = {"cpu": {name: median(values["cpu"])
                                    for name, values in results.items()},
                            "extra": extra, "instructions": counts}
