# A name server whose zone is written in the test; it can also be mute, wrong or broken.
# Zone lines: "name TYPE data", "name TROUBLE", "name TYPE TROUBLE", "name EXISTS" (no records),
# "name AD" (marked as authentic). Troubles with EDNS (RFC 6891) concern only queries that have it.
import ipaddress
import socket
import struct
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52}
RCODES = {"FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
TROUBLES = set(RCODES) | {"MUTE", "GARBAGE", "WRONGID", "TRUNCATED", "TRUNCATED_MUTE", "EMPTY",
                          "SHORT", "CUTOFF", "REFERRAL", "UPWARD", "LAME_EMPTY", "LAME_NXDOMAIN",
                          "FOREIGN_SOA", "OTHER_QUESTION", "POINTERS",
                          "EDNS_FORMERR", "EDNS_NOTIMP", "EDNS_BADVERS", "EDNS_MUTE"}
# Neither authoritative nor recursive, without answers: (zone of the NS or SOA record, its type).
LAME = {"REFERRAL": ("example", "NS"), "UPWARD": ("", "NS"), "LAME_EMPTY": None,
        "LAME_NXDOMAIN": None, "FOREIGN_SOA": ("elsewhere", "SOA")}


def _wire_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            raw = label.encode("latin-1")
            out += bytes([len(raw)]) + raw
    return out + b"\0"


def _wire_data(kind, words):
    if kind == "A":
        return ipaddress.IPv4Address(words[0]).packed
    if kind == "AAAA":
        return ipaddress.IPv6Address(words[0]).packed
    if kind == "MX":
        return struct.pack("!H", int(words[0])) + _wire_name(words[1])
    if kind in ("CNAME", "NS"):
        return _wire_name(words[0])
    raise ValueError(kind)


class Zone:
    """Names, records and troubles, parsed from a test's text."""

    def __init__(self, text):
        self.records, self.troubles, self.authentic = {}, {}, set()
        for line in text.splitlines():
            words = line.split()
            if not words:
                continue
            name, kind, data = words[0].rstrip(".").lower(), words[1], words[2:]
            self.records.setdefault(name, [])
            if kind == "AD":
                self.authentic.add(name)
            elif kind in TROUBLES:
                self.troubles[name, None] = kind
            elif data and data[0] in TROUBLES:
                self.troubles[name, kind] = data[0]
            elif kind != "EXISTS":
                self.records[name].append((kind, data))

    def trouble(self, name, kind):
        return self.troubles.get((name, kind)) or self.troubles.get((name, None))

    def answer(self, name, kind):
        """(rcode, [(owner, type, data)]), with CNAMEs followed as a caching server does."""
        found, seen = [], set()
        while True:
            if name not in self.records:
                return (RCODES["NXDOMAIN"], found)
            here = self.records[name]
            alias = [data for this, data in here if this == "CNAME"]
            if alias and kind != "CNAME":
                found.append((name, "CNAME", alias[0]))
                if name in seen or len(seen) > 20:
                    return (0, found)
                seen.add(name)
                name = alias[0][0].rstrip(".").lower()
                trouble = self.trouble(name, kind)
                if trouble in RCODES:
                    return (RCODES[trouble], found)
                continue
            return (0, found + [(name, this, data) for this, data in here if this == kind])


class NameServer:
    """Serves one zone on one address, UDP and TCP port 53, until closed."""

    def __init__(self, address, zone, always=None):
        self.zone, self.always, self.queries, self.tcp_queries = zone, always, [], []
        self.connections = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._udp = socket.socket(family, socket.SOCK_DGRAM)
        self._tcp = socket.socket(family, socket.SOCK_STREAM)
        for sock in (self._udp, self._tcp):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, 53))
            sock.settimeout(0.02)
        self._tcp.listen(32)
        self._closing = False
        self._threads = [threading.Thread(target=work, daemon=True)
                         for work in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def close(self):
        self._closing = True
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self):
        while not self._closing:
            try:
                query, peer = self._udp.recvfrom(4096)
            except TimeoutError:
                continue
            for answer in self._answers(query, self.queries, udp=True):
                self._udp.sendto(answer, peer)

    def _serve_tcp(self):
        while not self._closing:
            try:
                sock, _ = self._tcp.accept()
            except TimeoutError:
                continue
            self.connections += 1
            threading.Thread(target=self._converse, args=(sock,), daemon=True).start()

    def _converse(self, sock):
        sock.settimeout(20)
        with sock, sock.makefile("rb") as reader:
            while True:
                try:
                    size = reader.read(2)
                    if len(size) < 2:
                        return
                    query = reader.read(struct.unpack("!H", size)[0])
                    for answer in self._answers(query, self.tcp_queries, udp=False):
                        sock.sendall(struct.pack("!H", len(answer)) + answer)
                except OSError:
                    return

    def _answers(self, query, log, udp):
        number, flags = struct.unpack("!HH", query[:4])
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        question = query[12:at + 5]
        has_edns = query[at + 5:at + 8] == b"\0\0\x29"  # an OPT record of the root
        qtype = struct.unpack("!H", query[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        kind = next((word for word, value in TYPES.items() if value == qtype), str(qtype))
        log.append((name, kind))
        trouble = self.always or self.zone.trouble(name, kind)
        rcode, found = self.zone.answer(name, kind)
        head = 0x8180 | (flags & 0x0100)
        if name in self.zone.authentic:
            head |= 0x0020
        if trouble and trouble.startswith("EDNS_"):
            trouble = trouble[5:] if has_edns else None
        if trouble in ("MUTE",) or (trouble == "TRUNCATED_MUTE" and not udp):
            return []
        if trouble == "BADVERS":
            return [struct.pack("!HHHHHH", number, head, 1, 0, 0, 1) + question +
                    b"\0\0\x29\x04\xd0\x01\0\0\0\0\0"]
        if trouble in LAME:
            return [self._lame(trouble, number, flags, question)]
        if trouble == "OTHER_QUESTION":
            question = b"\5other" + _wire_name("example") + question[-4:]
        if trouble == "POINTERS":
            return [self._pointers(number, question)]
        if trouble == "GARBAGE":
            return [struct.pack("!H", number) + b"\x81\x80\xff\xff\xff\xff\xc0\x0c" + b"\xc0" * 40]
        if trouble == "SHORT":
            return [struct.pack("!H", number) + b"\x81"]
        if trouble in RCODES:
            rcode, found = RCODES[trouble], []
        if trouble == "EMPTY":
            rcode, found = 0, []
        if trouble in ("TRUNCATED", "TRUNCATED_MUTE") and udp:
            head, found = head | 0x0200, []
        if trouble == "WRONGID":
            number ^= 0x5555
        body = b""
        for owner, this, data in found:
            wire = _wire_data(this, data)
            body += _wire_name(owner) + struct.pack("!HHIH", TYPES[this], 1, 60, len(wire)) + wire
        answer = struct.pack("!HHHHHH", number, head | rcode, 1, len(found), 0, 0) + question + body
        if trouble == "CUTOFF":
            answer = answer[:-3]
        elif udp and len(answer) > (1232 if has_edns else 512):
            answer = struct.pack("!HHHHHH", number, head | 0x0200 | rcode, 1, 0, 0, 0) + question
        return [answer]

    @staticmethod
    def _lame(trouble, number, flags, question):
        head = 0x8000 | (flags & 0x0100) | (3 if trouble == "LAME_NXDOMAIN" else 0)
        records = b""
        if LAME[trouble]:
            owner, kind = LAME[trouble]
            data = _wire_name("ns.elsewhere") + (b"\0" * 21 if kind == "SOA" else b"")
            records = _wire_name(owner) + struct.pack("!HHIH", TYPES[kind], 1, 60, len(data)) + data
        counts = struct.pack("!HHHHHH", number, head, 1, 0, 1 if records else 0, 0)
        return counts + question + records

    @staticmethod
    def _pointers(number, question):
        """A record whose data is a long chain of pointers, and many whose owner is its end."""
        at = 12 + len(question)
        chain = b"\0" + b"".join(struct.pack("!H", 0xC000 | (at + 12 + max(0, 2 * i - 1)))
                                 for i in range(500))
        body = b"\0" + struct.pack("!HHIH", 16, 1, 60, len(chain) + 1) + b"\0" + chain
        last = struct.pack("!H", 0xC000 | (at + len(body) - 2))
        count = 1
        while len(body) < 3000:
            body += last + struct.pack("!HHIH", 1, 1, 60, 4) + b"\1\1\1\1"
            count += 1
        return struct.pack("!HHHHHH", number, 0x8180, 1, count, 0, 0) + question + body
