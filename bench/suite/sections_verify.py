# What verification of a certificate costs: the same deliveries, through MX and DNS, with nothing
# required, with a chain to one authority required by control/tlshosts, and to any of the system's,
# as a directory by hash and as one file.
import pathlib
import shutil

from machine import Broken, EXCHANGER, Home, call
from measure import median, quartiles

# As Debian's ca-certificates has them: each in a file, and all in one.
AUTHORITIES = pathlib.Path("/usr/share/ca-certificates/mozilla")
BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
VERIFIED = "by MX, verified"
BY_SYSTEM = "by MX, verified by the system's authorities"
BY_BUNDLE = "by MX, verified by the same in one file"
SIZE = 2048
DOMAIN = "bench.example"
ADDRESS = "198.51.100.31"
TO = [f"recipient@{DOMAIN}"]


def resolver(suite):
    """The sink answers as name server as well; ours is the only resolv.conf in sight."""
    path = suite.work / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\n")
    call("mount", "--bind", path, "/etc/resolv.conf")


def directory_by_hash(path, authority):
    """The system's authorities and this one, laid out as in /etc/ssl/certs."""
    shutil.copytree(AUTHORITIES, path)
    shutil.copy(authority, path / "bench-ca.crt")
    call("openssl", "rehash", path)
    if len(list(path.glob("*.[0-9]"))) < 100:
        raise Broken(f"{AUTHORITIES} holds too few certificates to represent a system's")


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
    directory_by_hash(trusting.directory / f"control/tlshosts/{EXCHANGER}.pem", authority)
    bundled = Home(suite.work / "bundled")
    bundled.write(f"tlshosts/{EXCHANGER}.pem", BUNDLE.read_text() + authority.read_text())
    message = suite.messages.of(SIZE)
    literal = suite.contenders.tern(sink.address, TO, name="by address")
    plain = suite.contenders.tern(sink.address, TO, host=DOMAIN, name="by MX")
    verified, system, bundle = (
        suite.contenders.tern(sink.address, TO, host=DOMAIN, name=name, home=home)
        for name, home in ((VERIFIED, demanding), (BY_SYSTEM, trusting), (BY_BUNDLE, bundled)))
    everybody = [literal, plain, verified, system, bundle]
    results = suite.bench.run(everybody, message, suite.rounds(200, 3))
    extra = {}
    for mine, base in ((plain.name, literal.name), (VERIFIED, plain.name),
                       (BY_SYSTEM, plain.name), (BY_BUNDLE, plain.name)):
        extra[mine] = quartiles([a - b for a, b in zip(results[mine]["cpu"],
                                                       results[base]["cpu"])])
    counts = {each.name: None if suite.short else suite.bench.instructions(each, message)
              for each in everybody}
    suite.table("Names and verification: 2 KB over TLS 1.3, ECDSA",
                ["", "CPU", "in addition", "instructions", "peak memory"],
                [[name, f"{median(values['cpu']) / 1000:.2f} ms",
                  "-" if name not in extra else
                  "{1:.2f} ms ({0:.2f} to {2:.2f})".format(*(e / 1000 for e in extra[name])),
                  suite.thousands(counts[name]),
                  f"{max(values['memory'])} KB"] for name, values in results.items()],
                "By MX: more than by address. Verified: more than by MX; by one authority, by "
                "those of Debian's ca-certificates in a directory by hash, and by the same in one "
                "file, of which each is read whatever the server shows.")
    suite.data["verify"] = {"cpu": {name: median(values["cpu"])
                                    for name, values in results.items()},
                            "memory": {name: max(values["memory"])
                                       for name, values in results.items()},
                            "extra": extra, "instructions": counts}
