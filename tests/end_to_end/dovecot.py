# Dovecot as the judge of logins for Postfix: accounts, mechanisms, access tokens. Holds no case.
import base64
import hashlib
import hmac
import json
import pathlib
import socket
import time

import sandbox
from daemons import Daemon

PROGRAMS = sandbox.PEERS / "dovecot/usr"
SOCKET = "/run/dovecot-auth"

USER = "clerk"
GUEST = "guest"  # whom Exim knows, and Dovecot does not
# The route's line ends with it: a bar, a comma, blanks and an equals sign belong to it.
PASSWORD = "open, sesame|42= yes"
OTHER_USERS = {"müller": "Grüße, straße"}
OTHER_PASSWORD = "not the password"

CONFIGURATION = """\
base_dir = /run/dovecot
libexec_dir = {programs}/lib/dovecot
log_path = /var/log/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_failure_delay = 0
auth_verbose = yes
auth_username_chars =
default_internal_user = dovecot
default_login_user = dovenull
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = /etc/dovecot/tokens.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = scheme=PLAIN username_format=%u /etc/dovecot/users
}}
# Without it, each wrong password makes the next login wait longer.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
"""

TOKENS = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=/etc/dovecot/keys/
username_attribute = sub
"""

TOKEN_KEY = b"a key that the tests and Dovecot share"


def token(user=USER, key=TOKEN_KEY, lives=3600):
    """A signed access token (RFC 7519) that Dovecot can judge by itself."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    now = int(time.time())
    head = {"alg": "HS256", "typ": "JWT", "kid": "tests"}
    claims = {"sub": user, "iat": now - 60, "nbf": now - 60, "exp": now + lives}
    signed = part(json.dumps(head).encode()) + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.new(key, signed, hashlib.sha256).digest())).decode()


def answers():
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(2)
            wire.connect(SOCKET)
            return b"VERSION" in wire.recv(512)
    except OSError:
        return False


def daemon():
    """Started, and ready to judge."""
    directory = pathlib.Path("/etc/dovecot")
    keys = directory / "keys/default/HS256"
    keys.mkdir(parents=True)
    (keys / "tests").write_bytes(base64.b64encode(TOKEN_KEY))
    (directory / "users").write_text("".join(
        f"{user}:{{PLAIN}}{password}\n"
        for user, password in {USER: PASSWORD, **OTHER_USERS}.items()))
    (directory / "tokens.conf").write_text(TOKENS)
    (directory / "dovecot.conf").write_text(CONFIGURATION.format(programs=PROGRAMS, socket=SOCKET))
    pathlib.Path("/run/dovecot").mkdir()
    # What `dovecot -F` does by itself, but for the path at which it seeks doveconf.
    read = [PROGRAMS / "bin/doveconf", "-f", "service=master", "-c", directory / "dovecot.conf",
            "-m", "master", "-e"]
    judge = Daemon("Dovecot", [*read, PROGRAMS / "sbin/dovecot", "-F"], "/var/log/dovecot.log")
    judge.start()
    judge.wait_ready(answers)
    return judge
