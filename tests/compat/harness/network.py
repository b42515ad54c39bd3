# A worker's own network: addresses that answer without being our own, and addresses that swallow.
# To be called inside fresh network and mount namespaces only.
import fcntl
import os
import pathlib
import struct

import namespace

# 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/64 answer but belong to no interface;
# 192.0.2.1 and 2001:db8:dead::1 are ours; the rest of their networks never answers.
OUR_ADDRESS = "192.0.2.1"
OUR_ADDRESS_6 = "2001:db8:dead::1"
SILENT = "192.0.2.9"
SILENT_6 = "2001:db8:dead::9"
UNROUTED = "100.64.9.9"
UNROUTED_6 = "2001:db8:ffff::9"

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


class Network:
    """Sets up the namespace; keeps the swallowing device open for as long as it lives."""

    def __init__(self, scratch):
        namespace.answers("198.51.100.0/24", "203.0.113.0/24", "2001:db8::/64")
        self._device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self._device, _TUNSETIFF,
                    struct.pack("16sH22x", b"silent0", _IFF_TUN | _IFF_NO_PI))
        namespace.own(OUR_ADDRESS + "/24", OUR_ADDRESS_6 + "/64", device="silent0")
        namespace.ip("link", "set", "silent0", "up")
        self._resolv_conf = pathlib.Path(scratch) / "resolv.conf"
        self._hosts = pathlib.Path(scratch) / "hosts"
        self.resolv_conf("nameserver 127.0.0.1\n")
        self.hosts("127.0.0.1 localhost\n")
        for ours, real in ((self._resolv_conf, "/etc/resolv.conf"), (self._hosts, "/etc/hosts")):
            namespace.bind(ours, real)

    def resolv_conf(self, text):
        """Writes /etc/resolv.conf as this namespace sees it."""
        self._resolv_conf.write_text(text)

    def hosts(self, text):
        """Writes /etc/hosts as this namespace sees it."""
        self._hosts.write_text(text)

    @staticmethod
    def connections_tried():
        """How many TCP connections were begun in this namespace so far."""
        rows = [line.split() for line in
                pathlib.Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
        return int(rows[1][rows[0].index("ActiveOpens")])
