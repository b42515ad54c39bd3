# Scripted SMTP servers: a script is a function of a Connection and reads as the conversation.
# What differs from the script is noted as a problem of the test; nothing is decided here.
import socket
import ssl
import struct
import threading
import time

PATIENCE = 25  # seconds a server waits for the client before it calls that a problem


class Unexpected(Exception):
    """The client did something the script does not say."""


class Connection:
    """One accepted connection, with the words a script uses."""

    def __init__(self, sock, test, label):
        self.sock, self.test, self.label = sock, test, label
        self.buffer = b""
        self.body = None
        self.sni = None
        self.peer_certificate = self.tls_version = self.cipher = None
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def note(self, mark, data):
        shown = data if len(data) <= 300 else data[:300] + b"..."
        self.test.transcript.append(f"{self.label} {mark} {shown!r}")

    # what we say
    def sends(self, data):
        """Sends bytes as they are."""
        self.note("S:", data)
        try:
            self.sock.sendall(data)
        except OSError as error:
            self.note("S:", f"(could not: {error})".encode())

    def says(self, *lines):
        """Sends each line with CR LF."""
        self.sends("".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape"))

    # what we hear
    def more(self):
        """Reads what there is into the buffer; False at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionError, ssl.SSLError) as error:
            self.note("C:", f"({error})".encode())
            return False
        except TimeoutError:
            raise Unexpected(f"the client kept silent for {PATIENCE} s") from None
        self.buffer += data
        return bool(data)

    def line(self):
        """The next line without CR LF; None at the end of the stream."""
        while b"\n" not in self.buffer:
            if not self.more():
                if self.buffer:
                    raise Unexpected(f"the stream ends within a line: {self.buffer[:200]!r}")
                return None
        line, self.buffer = self.buffer.split(b"\n", 1)
        self.note("C:", line)
        if not line.endswith(b"\r"):
            raise Unexpected(f"a bare LF in a command: {line!r}")
        if b"\r" in line[:-1]:
            raise Unexpected(f"a bare CR in a command: {line!r}")
        return line[:-1].decode("utf-8", "surrogateescape")

    def line_or_rest(self):
        """The next line as bytes without CR LF, or what is left of the stream; None at its end."""
        while b"\r\n" not in self.buffer:
            if not self.more():
                rest, self.buffer = self.buffer, b""
                return rest or None
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        self.note("C:", line)
        return line

    def rest(self):
        """All bytes until the client closes."""
        while self.more():
            pass
        data, self.buffer = self.buffer, b""
        self.note("C:", data)
        return data

    def hears(self, wanted):
        """The next line must be this one; 'word ...' means a line that begins with the word."""
        line = self.line()
        good = line is not None and (
            line.startswith(wanted[:-3]) if wanted.endswith("...") else line == wanted)
        if not good:
            raise Unexpected(f"wanted {wanted!r}, got {line!r}")
        return line

    def hears_end(self):
        """The client must close without another word."""
        line = self.line()
        if line is not None:
            raise Unexpected(f"wanted the end of the connection, got {line!r}")

    def hears_quit(self):
        """QUIT must come, and then the end; QUIT is not answered."""
        self.hears("QUIT")
        self.hears_end()

    def ends(self):
        """Whatever the client says now is not our business; waits until it closes."""
        while self.more():
            self.buffer = b""

    # usual stretches of a conversation
    def greets(self, *extensions, hello="me.example"):
        """Greeting, EHLO, and its answer."""
        self.says("220 mx.example ESMTP")
        self.hears(f"EHLO {hello}")
        self.offers(*extensions)

    def offers(self, *extensions):
        """The answer to EHLO."""
        lines = ("mx.example",) + extensions
        self.says(*[f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines])

    def takes_envelope(self, sender="sender@me.example", recipients=("joe@dest.example",)):
        """MAIL and each RCPT, accepted."""
        self.hears(f"MAIL FROM:<{sender}>")
        self.says("250 sender ok")
        for recipient in recipients:
            self.hears(f"RCPT TO:<{recipient}>")
            self.says("250 recipient ok")

    def takes_data(self, reply="250 accepted"):
        """DATA, 354, the body to its final dot, and the reply (None: says nothing)."""
        self.hears("DATA")
        self.says("354 go ahead")
        self.takes_body()
        if reply is not None:
            self.says(reply)

    def takes_any_message(self, reply="250 accepted"):
        """DATA or BDAT chunks, as the client likes; keeps the message without doubled dots."""
        chunks = b""
        while True:
            line = self.line()
            if line == "DATA":
                self.says("354 go ahead")
                self.takes_body()
                whole = (b"\r\n" + self.body).replace(b"\r\n.", b"\r\n")[2:]
                self.test.bodies[-1] = whole
                break
            words = (line or "").split()
            if len(words) < 2 or words[0] != "BDAT":
                raise Unexpected(f"wanted DATA or BDAT, got {line!r}")
            size = int(words[1])
            while len(self.buffer) < size:
                if not self.more():
                    raise Unexpected("the stream ends within a chunk")
            chunks, self.buffer = chunks + self.buffer[:size], self.buffer[size:]
            if words[2:] == ["LAST"]:
                self.test.bodies.append(chunks)
                break
            self.says("250 chunk ok")
        if reply is not None:
            self.says(reply)

    def takes_body(self):
        """Reads to CR LF . CR LF; keeps the body as it stood on the wire, without the dot line."""
        data, searched = bytearray(b"\r\n" + self.buffer), 0
        while (at := data.find(b"\r\n.\r\n", searched)) < 0:
            searched = max(0, len(data) - 4)
            self.buffer = b""
            if not self.more():
                raise Unexpected(f"the body ends without a final dot: ...{bytes(data[-100:])!r}")
            data += self.buffer
        self.body, self.buffer = bytes(data[2:at + 2]), bytes(data[at + 5:])
        self.note("C:", self.body + b".")
        if self.buffer not in (b"", b"QUIT\r\n"):
            raise Unexpected(f"text after the final dot: {self.buffer[:200]!r}")
        self.test.bodies.append(self.body)

    def takes_message(self, reply="250 accepted", **envelope):
        """The envelope, DATA, the body, a reply, and QUIT."""
        self.takes_envelope(**envelope)
        self.takes_data(reply)
        self.hears_quit()

    def accepts(self, *extensions, **envelope):
        """A whole good conversation in clear."""
        self.greets(*extensions)
        self.takes_message(**envelope)

    def starts_tls(self, **options):
        """STARTTLS, 220, handshake."""
        self.hears("STARTTLS")
        self.says("220 ready")
        self.shakes_hands(**options)

    def promises_tls(self, *extensions):
        """Greeting, EHLO, STARTTLS and 220: the client's next bytes begin a handshake."""
        self.greets("STARTTLS", *extensions)
        self.hears("STARTTLS")
        self.says("220 ready")

    def handshake_fails(self, **options):
        """Tries a handshake; True when it came to nothing."""
        try:
            self.shakes_hands(**options)
        except HandshakeFailed:
            return True
        return False

    def shakes_hands(self, cert="mx1.dest.example", lowest=None, highest=None, asks=None,
                     requires=False, ciphers=None):
        """A TLS handshake as server, with a certificate of the suite's authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # old protocol versions are offered here on purpose
        context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
        context.minimum_version = lowest or ssl.TLSVersion.TLSv1
        if highest:
            context.maximum_version = highest
        context.load_cert_chain(self.test.certificates.path(cert))
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED if requires else ssl.CERT_OPTIONAL
            context.load_verify_locations(self.test.certificates.path(asks))

        def sni(_sock, name, _context):
            self.sni = name
        context.sni_callback = sni
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True,
                                            suppress_ragged_eofs=True)
        except (OSError, ssl.SSLError) as error:
            self.note("TLS", f"handshake failed: {error}".encode())
            raise HandshakeFailed(str(error)) from None
        self.peer_certificate = self.sock.getpeercert(binary_form=True)
        self.tls_version, self.cipher = self.sock.version(), self.sock.cipher()[0]
        self.note("TLS", f"{self.tls_version} {self.cipher} sni={self.sni}".encode())

    def in_tls(self, *extensions, **options):
        """STARTTLS, handshake, EHLO again, and its answer."""
        self.promises_tls(*extensions)
        self.shakes_hands(**options)
        self.hears("EHLO me.example")
        self.offers(*extensions)

    def over_tls(self, *extensions, **options):
        """STARTTLS, handshake, EHLO again, and a whole message."""
        self.in_tls(*extensions, **options)
        self.takes_message()

    # how we leave
    def closes(self):
        self.note("S:", b"(closes)")
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.ends()
        except (OSError, Unexpected):
            pass

    def resets(self):
        self.note("S:", b"(resets)")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def drips(self, data, pause):
        """Sends byte by byte until all is sent or the client has gone."""
        self.note("S:", b"(drips) " + data)
        for byte in data:
            try:
                self.sock.sendall(bytes([byte]))
            except OSError:
                return
            time.sleep(pause)


class HandshakeFailed(Unexpected):
    """The TLS handshake did not come about."""


class Server:
    """One listening address; the n-th connection is played by the n-th script."""

    def __init__(self, test, address, port, scripts, label):
        self.test, self.scripts, self.label = test, scripts, label
        self.count = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(64)
        self._listener.settimeout(0.02)
        self._closing = False
        self._playing = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                if self._closing:
                    return
                continue
            number, self.count = self.count, self.count + 1
            self.test.contacts.append(self.label)
            if number >= len(self.scripts):
                self.test.problem(f"{self.label}: connection {number + 1} was not expected")
                sock.close()
                continue
            thread = threading.Thread(target=self._play, args=(sock, self.scripts[number]),
                                      daemon=True)
            self._playing.append(thread)
            thread.start()

    def _play(self, sock, script):
        connection = Connection(sock, self.test, self.label)
        self.test.connections.append(connection)
        try:
            script(connection)
        except Unexpected as error:
            self.test.problem(f"{self.label}: {error}")
        except Exception as error:  # a script's own fault must show as a failure, not vanish
            self.test.problem(f"{self.label}: script broke: {error!r}")
        finally:
            try:
                connection.sock.close()
            except OSError:
                pass

    def close(self, at_least):
        """Waits for the scripts to end; too few connections are a problem."""
        self._closing = True
        self._thread.join(5)
        for thread in self._playing:
            thread.join(PATIENCE)
        self._listener.close()
        if at_least and self.count < len(self.scripts):
            self.test.problem(f"{self.label}: {self.count} of {len(self.scripts)} "
                              "connections came")
