# OpenSMTPD as a receiver: its configuration, start and queue. Which case needs what of it is said
# in the cases.
import os
import pathlib

import sandbox
from daemons import Daemon, Receiver, files_below

PROGRAM = sandbox.PEERS / "opensmtpd/usr/sbin/smtpd"
SPOOL = pathlib.Path("/var/spool/smtpd")
DELIVER = pathlib.Path("/etc/opensmtpd-deliver")

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

CONFIGURATION = """\
smtp max-message-size {size_limit}
table domains {{ "opensmtpd.example", "*.opensmtpd.example", "shared.example" }}
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
    # Debian 12's 6.8 offers STARTTLS and fails each handshake, as its way of keeping keys in
    # another process does not work with OpenSSL 3 (OpenSMTPD's issue 1171).
    tls_works = False
    ancient = False      # 6.8 has no word for a lower limit of TLS versions
    path_unsaid = ""     # the null sender
    takes_nul = False    # 6.8 handles lines as C strings
    quoted_local = None  # it refuses a blank in a local part

    def start(self):
        uid, gid = sandbox.identity("vmail")
        (pathlib.Path("/var/lib/opensmtpd/empty")).mkdir(parents=True)
        self.make_spool()
        DELIVER.write_text(DELIVERY_PROGRAM.format(boxes=self.boxes))
        DELIVER.chmod(0o755)
        configuration = pathlib.Path("/etc/smtpd-test.conf")
        configuration.write_text(CONFIGURATION.format(
            size_limit=self.size_limit, deliver=DELIVER, listeners="\n".join(self.listeners())))
        configuration.chmod(0o600)
        self.daemon = Daemon("OpenSMTPD", [PROGRAM, "-d", "-f", configuration],
                             "/var/log/opensmtpd")
        self.daemon.start()
        self.daemon.wait_ready(self.ready)

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
            judge = "closed" if face == "closed" else "judge"
            yield f"listen on {address} port {port} {tls} hostname {self.mx(face)} filter {judge}"

    def make_spool(self):
        """What smtpd asks to find; it makes the rest itself."""
        SPOOL.mkdir(mode=0o711)
        os.chown(SPOOL, 0, 0)

    def queue_files(self):
        return files_below(SPOOL, "incoming", "queue", "corrupt", "temporary", "purge")
