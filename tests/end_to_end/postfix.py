# Postfix as a receiver: its configuration, start and queue. Which case needs what of it is said in
# the cases.
import os
import pathlib

import dovecot
import sandbox
from daemons import MANY, Daemon, Receiver, files_below
from postfix_services import COMMON

PROGRAMS = sandbox.PEERS / "postfix/usr/lib/postfix/sbin"
SPOOL = pathlib.Path("/var/spool/postfix")

MAIN = """\
compatibility_level = 3.6
mail_owner = postfix
setgid_group = postdrop
queue_directory = {spool}
data_directory = /var/lib/postfix
daemon_directory = {programs}
command_directory = {peers}/postfix/usr/sbin
shlib_directory = {peers}/postfix/usr/lib/postfix
meta_directory = /etc/postfix
maillog_file = /var/log/postfix.log
myhostname = mx-main.postfix.example
mydomain = postfix.example
mydestination =
mynetworks = 127.0.0.0/8
inet_protocols = all
alias_maps =
local_recipient_maps =
relay_domains =
message_size_limit = {size_limit}
virtual_mailbox_limit = 0
virtual_mailbox_domains = regexp:/etc/postfix/domains
virtual_mailbox_maps = regexp:/etc/postfix/mailboxes
virtual_mailbox_base = {boxes}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_delay_reject = no
smtpd_sender_restrictions = check_sender_access regexp:/etc/postfix/senders
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access regexp:/etc/postfix/recipients
header_checks = regexp:/etc/postfix/headers
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_tls_CAfile = {authority}
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_sasl_security_options = noanonymous
"""

SERVICES = COMMON + """\
discard   unix  - - n - - discard
smtp      unix  - - n - - smtp
local     unix  - n n - - local
virtual   unix  - n n - - virtual
"""


class Postfix(Receiver):
    name = "postfix"
    base = 10
    saw_certificate = 'Client CN "qmail client".*verified OK'
    also = ("login", "strict", "narrow")
    mechanisms = {465: "!external,static:rest", 587: "!external,static:rest",
                  2501: "SCRAM-SHA-256", 2502: "SCRAM-SHA-1", 2503: "CRAM-MD5", 2504: "PLAIN",
                  2505: "LOGIN", 2506: "OAUTHBEARER", 2507: "XOAUTH2"}
    judge = None
    most_recipients = 3  # of the face narrow

    def others(self):
        return [self.judge] if self.judge else []

    def start(self):
        directory = pathlib.Path("/etc/postfix")
        directory.mkdir(exist_ok=True)
        uid, gid = sandbox.identity("vmail")
        (directory / "main.cf").write_text(MAIN.format(
            spool=SPOOL, programs=PROGRAMS, peers=sandbox.PEERS, boxes=self.boxes, uid=uid,
            gid=gid, size_limit=self.size_limit,
            authority=self.certificates.directory / "authority.pem", sasl=dovecot.SOCKET))
        (directory / "master.cf").write_text(SERVICES + "".join(self.services()))
        (directory / "domains").write_text(
            "/^(.*\\.)?postfix\\.example$/ ok\n/^shared\\.example$/ ok\n")
        (directory / "mailboxes").write_text(
            '/^alice@/ alice/\n/^bob@/ bob/\n/^carol@/ carol/\n/^"john smith"@/ john/\n'
            + "".join(f"/^{box}@/ {box}/\n" for box in MANY))
        (directory / "senders").write_text(
            "/^refused@/ 550 5.7.1 We do not take mail from you\n"
            "/^later@/ 450 4.7.1 Ask again later\n")
        (directory / "recipients").write_text("/^grey/ 450 4.7.1 Greylisted, come back\n")
        (directory / "headers").write_text("/^Verdict: refuse/ REJECT We do not like the text\n")
        (directory / "dynamicmaps.cf").touch()
        self.make_spool()
        self.judge = dovecot.daemon()
        self.daemon = Daemon("Postfix", [PROGRAMS / "master", "-d", "-c", directory],
                             "/var/log/postfix.log")
        self.daemon.start()
        self.daemon.wait_ready(self.ready)

    def services(self):
        """One smtpd for each face and port; an address is written with brackets if IPv6."""
        pairs = {face: self.certificates.for_face(self, face)[2] for face in self.faces()}
        for face, address, port in self.listens():
            bracketed = f"[{address}]"
            yield f"{bracketed}:{port} inet n - n - - smtpd\n"
            if face == "clear":
                yield "  -o smtpd_tls_security_level=none\n"
                continue
            if face == "narrow":
                yield f"  -o smtpd_recipient_limit={self.most_recipients}\n"
            if face == "login":
                yield ("  -o smtpd_sasl_auth_enable=yes"
                       " -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\n")
                if port == self.clear_port:
                    yield "  -o smtpd_tls_security_level=none\n"
                    continue
                yield "  -o smtpd_tls_auth_only=yes\n"
                if port != 25:
                    yield f"  -o smtpd_sasl_mechanism_filter={self.mechanisms[port]}\n"
            pair = pairs[face]
            yield f"  -o smtpd_tls_chain_files={pair} -o smtpd_tls_security_level=may\n"
            if port == 465:
                yield "  -o smtpd_tls_wrappermode=yes\n"
            if face == "strict":
                yield "  -o smtpd_tls_security_level=encrypt -o smtpd_tls_req_ccert=yes\n"
            if face == "closed":
                yield "  -o smtpd_client_restrictions=reject\n"
            if face == "asking":
                yield "  -o smtpd_tls_ask_ccert=yes\n"
            if face == "ancient":
                yield "  -o smtpd_tls_protocols=TLSv1 -o smtpd_tls_mandatory_protocols=TLSv1\n"

    def make_spool(self):
        """What `postfix check` makes, without asking it to look at the host's files."""
        owner = sandbox.identity("postfix")
        postdrop = sandbox.GROUPS["postdrop"]
        (SPOOL / "pid").mkdir(parents=True)
        pathlib.Path("/var/lib/postfix").mkdir()
        os.chown("/var/lib/postfix", *owner)
        for part in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            (SPOOL / part).mkdir(mode=0o700)
            os.chown(SPOOL / part, *owner)
        for part, mode in (("maildrop", 0o730), ("public", 0o710)):
            (SPOOL / part).mkdir()
            os.chown(SPOOL / part, owner[0], postdrop)
            (SPOOL / part).chmod(mode)

    def queue_files(self):
        return files_below(SPOOL, "incoming", "active", "deferred", "hold", "corrupt")
