# OpenSMTPD as a receiver, twice: with working TLS, and as Debian 12 ships it. Its configuration,
# start and queue. Which case needs what of it is said in the cases.
import pathlib

import namespace
import sandbox
from daemons import Daemon, Receiver, files_below

PROGRAM = sandbox.PEERS / "opensmtpd/usr/sbin/smtpd"

# Its socket and spool have one place each, so that two at once need a view of their own.
PRIVATELY = """
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/spool && mkdir -m 711 /var/spool/smtpd &&
    exec "$0" "$@"
"""

DELIVERY_PROGRAM = """\
#!/bin/sh
# Standard input becomes a file in the Maildir of $1 below {boxes}.
set -e
umask 077
mkdir -p "{boxes}/$1/tmp" "{boxes}/$1/new"
name="$$.$(date +%s%N)"
cat > "{boxes}/$1/tmp/$name"
mv "{boxes}/$1/tmp/$name" "{boxes}/$1/new/$name"
"""

OPENSSL = """\
openssl_conf = start
[start]
engines = engines
[engines]
legacy_keys = legacy_keys
[legacy_keys]
dynamic_path = {peers}/libraries/legacy_keys.so
default_algorithms = PKEY
init = 1
"""

CONFIGURATION = """\
smtp max-message-size {size_limit}
ca authority cert "{authority}"
table domains {{ "{domain}", "*.{domain}", "shared.example" }}
table users {{ alice = vmail, bob = vmail, carol = vmail }}
filter refuse phase mail-from match mail-from regex {{ "^refused@" }} \
    reject "550 5.7.1 We do not take mail from you"
filter later phase mail-from match mail-from regex {{ "^later@" }} \
    reject "451 4.7.1 Ask again later"
filter grey phase rcpt-to match rcpt-to regex {{ "^grey" }} \
    reject "450 4.7.1 Greylisted, come back"
filter closed phase connect match src {{ "0.0.0.0/0", "::/0" }} disconnect "421 4.3.2 We are closed"
filter judge chain {{ refuse, later, grey }}
{listeners}
action deliver mda "{deliver} %{{rcpt.user}}" virtual <users>
match from any for domain <domains> action deliver
"""


class OpenSmtpd(Receiver):
    name = "opensmtpd"
    base = 30
    saw_certificate = r"TLS.*:YES\)"
    ancient = False      # 6.8 has no word for a lower limit of TLS versions
    path_unsaid = ""     # the null sender
    takes_nul = False    # 6.8 handles lines as C strings
    quoted_local = None  # it refuses a blank in a local part

    def start(self):
        pathlib.Path("/var/lib/opensmtpd/empty").mkdir(parents=True, exist_ok=True)
        directory = pathlib.Path("/etc") / self.name
        directory.mkdir()
        deliver = directory / "deliver"
        deliver.write_text(DELIVERY_PROGRAM.format(boxes=self.boxes))
        deliver.chmod(0o755)
        (directory / "openssl.cnf").write_text(OPENSSL.format(peers=sandbox.PEERS))
        configuration = directory / "smtpd.conf"
        configuration.write_text(CONFIGURATION.format(
            size_limit=self.size_limit, deliver=deliver, listeners="\n".join(self.listeners()),
            domain=self.domain, authority=self.certificates.directory / "authority.pem"))
        configuration.chmod(0o600)
        self.daemon = Daemon(self.name, [*namespace.entering("mount"), "sh", "-c", PRIVATELY,
                                         PROGRAM, "-d", "-f", configuration],
                             f"/var/log/{self.name}", **self.environment(directory))
        self.daemon.start()
        self.daemon.wait_ready(self.ready)

    def environment(self, directory):
        return {"OPENSSL_CONF": directory / "openssl.cnf"}

    def listeners(self):
        for face in self.faces():
            if face == "clear":
                continue
            chain, key, _ = self.certificates.for_face(self, face)
            yield f'pki {face} cert "{chain}"'
            yield f'pki {face} key "{key}"'
        for face, address, port in self.listens():
            tls = "" if face == "clear" else f"tls pki {face}"
            if port == 465:
                tls = f"smtps pki {face}"
            if face == "asking":
                tls = f"tls-require verify pki {face} ca authority"
            judge = "closed" if face == "closed" else "judge"
            yield f"listen on {address} port {port} {tls} hostname {self.mx(face)} filter {judge}"

    def queue_files(self):
        spool = pathlib.Path(f"/proc/{self.daemon.process.pid}/root/var/spool/smtpd")
        return files_below(spool, "incoming", "queue", "corrupt", "temporary", "purge")


class OpenSmtpdAsShipped(OpenSmtpd):
    """
    Offers STARTTLS and fails each handshake: its detour to the process with the keys does not
    work with OpenSSL 3 (OpenSMTPD's issue 1171). A server of that kind is in use in the wild.
    """
    name = "opensmtpd-as-shipped"
    base = 40
    tls_works = False

    def environment(self, directory):
        return {}
