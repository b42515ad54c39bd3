# The names of the tests: a signed root, a signed zone `example` below it and a broken one below
# that, served by knot; unbound as the validating resolver that /etc/resolv.conf names.
import pathlib
import socket
import struct

import sandbox
from daemons import Broken, Daemon

AUTHORITATIVE = "198.51.100.54"
RESOLVER = "198.51.100.53"
RESOLVER6 = "2001:db8::53"
NO_SERVER = "198.51.100.99"  # answers, on no port at all
SILENT4 = "198.51.100.98"  # hosts that do not answer, where a case has made them so
SILENT6 = "2001:db8::98"
DIRECTORY = pathlib.Path("/var/lib/names")

KNOT = """\
server:
    listen: {address}@53
    rundir: "{directory}/run"
log:
  - target: "{directory}/knot.log"
    any: info
database:
    storage: "{directory}/db"
policy:
  - id: fixed
    manual: on
template:
  - id: default
    storage: "{directory}"
    dnssec-signing: on
    dnssec-policy: fixed
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
zone:
  - domain: .
    file: root.zone
  - domain: example.
    file: example.zone
  - domain: bogus.example.
    file: bogus.zone
"""

UNBOUND = """\
server:
    directory: "{directory}"
    chroot: ""
    username: ""
    pidfile: "{directory}/unbound.pid"
    use-syslog: no
    logfile: "{directory}/unbound.log"
    log-queries: yes
    val-log-level: 2
    do-daemonize: no
    num-threads: 1
    interface: {resolver}
    interface: {resolver6}
    ip-freebind: yes
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    # Small enough that a long MX answer must be asked again over TCP.
    max-udp-size: 512
    module-config: "validator iterator"
    trust-anchor-file: "{directory}/root.anchor"
    local-zone: "refusing.example." refuse
    do-not-query-localhost: no
remote-control:
    control-enable: no
stub-zone:
    name: "."
    stub-addr: {address}
"""

HEAD = """\
$TTL 3600
@ SOA ns.example. hostmaster.example. 1 3600 900 604800 60
@ NS ns.example.
"""


def own_keys(zone):
    """Makes a zone's key and gives its DS record's data."""
    manager = ["keymgr", "-c", DIRECTORY / "knot.conf", zone]
    sandbox.call(*manager, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")
    for line in sandbox.call(*manager, "ds").splitlines():
        fields = line.split()
        if fields[1] == "DS" and fields[4] == "2":  # SHA-256
            return " ".join(fields[2:])
    raise Broken(f"keymgr gives no DS record of {zone}")


class Names:
    def __init__(self, records):
        """Takes lines of the zone `example`, with names relative to it."""
        self.records = records
        self.daemons = []

    def start(self):
        (DIRECTORY / "run").mkdir(parents=True)
        (DIRECTORY / "db").mkdir()
        settings = {"directory": DIRECTORY, "address": AUTHORITATIVE, "resolver": RESOLVER,
                    "resolver6": RESOLVER6}
        (DIRECTORY / "knot.conf").write_text(KNOT.format(**settings))
        (DIRECTORY / "unbound.conf").write_text(UNBOUND.format(**settings))
        anchor, example, bogus = own_keys("."), own_keys("example."), own_keys("bogus.example.")
        glue = f"ns.example. A {AUTHORITATIVE}\n"
        (DIRECTORY / "root.anchor").write_text(f". DS {anchor}\n")
        (DIRECTORY / "root.zone").write_text(
            f"{HEAD}example. NS ns.example.\nexample. DS {example}\n{glue}")
        # The parent has signed another key than the one the zone is signed with.
        tag, numbers, digest = bogus.split(" ", 1)[0], bogus.split()[1:3], bogus.split()[3]
        forged = " ".join([tag, *numbers, digest[::-1]])
        (DIRECTORY / "example.zone").write_text(
            f"$ORIGIN example.\n{HEAD}{glue}bogus NS ns\nbogus DS {forged}\n"
            + "\n".join(self.records) + "\n")
        (DIRECTORY / "bogus.zone").write_text(
            f"$ORIGIN bogus.example.\n{HEAD}@ MX 10 mx-main.postfix.example.\n")
        knot = Daemon("knot", ["knotd", "-c", DIRECTORY / "knot.conf"], DIRECTORY / "knot.log")
        unbound = Daemon("unbound", ["unbound", "-d", "-c", DIRECTORY / "unbound.conf"],
                         DIRECTORY / "unbound.log")
        for daemon, server in ((knot, AUTHORITATIVE), (unbound, RESOLVER)):
            self.daemons.append(daemon)
            daemon.start()
            daemon.wait_ready(lambda where=server: query(where, "ns.example", 1) is not None)
        self.use_resolver()

    def use_resolver(self, *lines):
        """Writes /etc/resolv.conf; without lines, the validating resolver."""
        text = lines or (f"nameserver {RESOLVER}",)
        pathlib.Path("/etc/resolv.conf").write_text("\n".join(text) + "\n")

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()


class Answer:
    def __init__(self, packet):
        flags, _, self.count = struct.unpack("!HHH", packet[2:8])
        self.code = flags & 15
        self.authentic = bool(flags & 0x20)
        self.truncated = bool(flags & 0x200)


def query(server, name, kind):
    """Asks over UDP with the AD bit set; None if no answer comes within a second."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    packet = struct.pack("!HHHHHH", 1, 0x0120, 1, 0, 0, 0) + labels + b"\0" \
        + struct.pack("!HH", kind, 1)
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET,
                       socket.SOCK_DGRAM) as wire:
        wire.settimeout(1)
        try:
            wire.connect((server, 53))
            wire.send(packet)
            return Answer(wire.recv(4096))
        except OSError:
            return None
