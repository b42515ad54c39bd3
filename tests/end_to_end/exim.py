# Exim as a receiver: its configuration, start and queue. Which case needs what of it is said in the
# cases.
import pathlib

import sandbox
from daemons import MANY, Daemon, Receiver, files_below
from dovecot import GUEST, PASSWORD, USER

PROGRAM = sandbox.PEERS / "exim/usr/sbin/exim4"
SPOOL = pathlib.Path("/var/spool/exim4")

CONFIGURATION = r"""
primary_hostname = mx-main.exim.example
exim_path = {program}
spool_directory = {spool}
log_file_path = /var/log/exim4/%slog
log_selector = +tls_peerdn +tls_certificate_verified \
    +smtp_protocol_error +smtp_syntax_error +pipelining
timezone = UTC
local_interfaces = <; {addresses}
tls_on_connect_ports = 465
tls_advertise_hosts = ${{if or{{{{eq{{$received_ip_address}}{{{clear}}}}}\
    {{eq{{$received_port}}{{{clear_port}}}}}}}{{}}{{*}}}}
auth_advertise_hosts = ${{if or{{{{eq{{$received_ip_address}}{{{loopback}}}}}\
    {{and{{{{eq{{$received_ip_address}}{{{login}}}}}\
    {{or{{{{def:tls_in_cipher}}{{eq{{$received_port}}{{{clear_port}}}}}}}}}}}}}}}{{*}}{{}}}}
recipients_max = {most_recipients}
tls_certificate = ${{lookup{{$received_ip_address}}lsearch{{/etc/exim4/chains}}{{$value}}fail}}
tls_privatekey = ${{lookup{{$received_ip_address}}lsearch{{/etc/exim4/keys}}{{$value}}fail}}
tls_try_verify_hosts = ${{if eq{{$received_ip_address}}{{{asking}}}{{*}}{{}}}}
tls_verify_certificates = {authority}
tls_require_ciphers = ${{if eq{{$received_ip_address}}{{{ancient}}}\
    {{NORMAL:-VERS-ALL:+VERS-TLS1.0}}{{NORMAL}}}}
received_header_text = Received: from $sender_helo_name ([$sender_host_address])\n\t\
    by $primary_hostname with $received_protocol\n\t\
    ${{if def:tls_in_cipher{{($tls_in_ver $tls_in_cipher) }}}}\
    ${{if def:tls_in_peerdn{{(peer $tls_in_peerdn, verified $tls_in_certificate_verified) }}}}\
    id $message_exim_id
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_enforce_sync = true
message_size_limit = {size_limit}
bounce_return_message = false
ignore_bounce_errors_after = 0s
acl_smtp_connect = client
acl_smtp_mail = sender
acl_smtp_rcpt = recipient
acl_smtp_data = text
never_users = root

begin acl
client:
  deny condition = ${{if eq{{$received_ip_address}}{{{closed}}}}}
       message = We take no mail
  accept
sender:
  deny senders = ^refused@
       message = We do not take mail from you
  defer senders = ^later@
       message = Ask again later
  accept
recipient:
  deny condition = ${{if or{{{{eq{{$received_ip_address}}{{{loopback}}}}}\
           {{eq{{$received_ip_address}}{{{login}}}}}}}}}
       !authenticated = *
       message = Log in first
  defer local_parts = ^grey
       message = Greylisted, come back
  require message = No such user here
          verify = recipient
  accept
text:
  deny condition = ${{if eq{{$h_verdict:}}{{refuse}}}}
       message = We do not like the text
  defer condition = ${{if eq{{$h_verdict:}}{{later}}}}
        message = Come back with it later
  accept

begin routers
mailboxes:
  driver = accept
  domains = exim.example : *.exim.example : shared.example
  local_parts = lsearch;/etc/exim4/mailboxes
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {boxes}/$local_part_data
  create_directory
  user = vmail
  group = vmail
  delivery_date_add
  envelope_to_add
  return_path_add

begin retry
* * F,1h,1m

begin authenticators
challenge:
  driver = cram_md5
  public_name = CRAM-MD5
  server_advertise_condition = ${{if !match{{$received_port}}{{^250[45]}}}}
  server_secret = ${{if inlist{{$auth1}}{{{users}}}{{{password}}}fail}}
  server_set_id = $auth1
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${{if !match{{$received_port}}{{^250[35]}}}}
  server_prompts = :
  server_condition = ${{if and{{{{inlist{{$auth2}}{{{users}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_advertise_condition = ${{if !match{{$received_port}}{{^250[34]}}}}
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{inlist{{$auth1}}{{{users}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


class Exim(Receiver):
    name = "exim"
    base = 20
    saw_certificate = "CN=qmail client, verified 1"
    also = ("login",)
    mechanisms = {587: "all", 2503: "CRAM-MD5", 2504: "PLAIN", 2505: "LOGIN"}
    most_recipients = 120

    def start(self):
        directory = pathlib.Path("/etc/exim4")
        directory.mkdir(exist_ok=True)
        uid, gid = sandbox.identity("Debian-exim")
        for path in (SPOOL, pathlib.Path("/var/log/exim4")):
            path.mkdir(mode=0o750)
            sandbox.shutil.chown(path, uid, gid)
        chains, keys = self.certificate_files()
        (directory / "chains").write_text(chains)
        (directory / "keys").write_text(keys)
        (directory / "mailboxes").write_text('alice: alice\nbob: bob\ncarol: carol\n'
                                             '"john smith": john\n'
                                             + "".join(f"{box}: {box}\n" for box in MANY))
        addresses = dict.fromkeys(f"[{address}]:{port}" for _, address, port in self.listens())
        (directory / "exim4.conf").write_text(CONFIGURATION.format(
            program=PROGRAM, spool=SPOOL, boxes=self.boxes, size_limit=self.size_limit,
            addresses=" ; ".join(addresses), clear=self.ip("clear"), asking=self.ip("asking"),
            ancient=self.ip("ancient"), closed=self.ip("closed"), login=self.ip("login"),
            loopback=self.loopback(), clear_port=self.clear_port, users=f"{USER} : {GUEST}",
            password=PASSWORD, most_recipients=self.most_recipients,
            authority=self.certificates.directory / "authority.pem"))
        self.daemon = Daemon("Exim", [PROGRAM, "-bdf", "-q1m"], "/var/log/exim4/mainlog")
        self.daemon.start()
        self.daemon.wait_ready(self.ready)

    def certificate_files(self):
        """Tables from the address a client came to, to chain and key."""
        chains, keys = "", ""
        uid, gid = sandbox.identity("Debian-exim")
        for face in self.faces():
            chain, key, _ = self.certificates.for_face(self, face)
            for path in (chain, key):
                sandbox.shutil.chown(path, uid, gid)
            for address in (self.ip(face), self.ip6(face)):
                chains += f'"{address}": {chain}\n'
                keys += f'"{address}": {key}\n'
        return chains, keys

    def queue_files(self):
        return files_below(SPOOL, "input")
