# The machine the tests run on: a mount and network namespace of our own, with /etc, /var, /run and
# /tmp as copies or empty, routes for the documentation networks, and the users the servers need.
# Holds no server and no case.
import os
import pathlib
import pwd
import shutil
import subprocess
import sys

import namespace

# Addresses that answer but are not ourselves: routed to lo, never added to it.
NETWORK4 = "198.51.100.0/24"
NETWORK6 = "2001:db8::/64"
# Addresses that are ourselves.
OURSELVES4 = "203.0.113.7"
OURSELVES6 = "2001:db8:1::7"
SECOND4 = "203.0.113.8"
SECOND6 = "2001:db8:1::8"

PEERS = pathlib.Path("/var/peers")
MAIL = pathlib.Path("/var/mail")
HOME = pathlib.Path("/var/qmail")

# name: (uid, gid, home); qmail's own numbers differ from site to site and do not matter.
USERS = {
    "postfix": (64001, 64001, "/var/spool/postfix"),
    "Debian-exim": (64003, 64003, "/var/spool/exim4"),
    "opensmtpd": (64004, 64004, "/var/lib/opensmtpd/empty"),
    "opensmtpq": (64005, 64005, "/var/lib/opensmtpd/empty"),
    "vmail": (64006, 64006, "/var/mail"),
    "qmailr": (64007, 64008, "/var/qmail"),
    "dovecot": (64009, 64009, "/nonexistent"),
    "dovenull": (64010, 64010, "/nonexistent"),
}
GROUPS = {"postfix": 64001, "postdrop": 64002, "Debian-exim": 64003, "opensmtpd": 64004,
          "opensmtpq": 64005, "vmail": 64006, "qmail": 64008, "dovecot": 64009, "dovenull": 64010}


def call(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"end-to-end: {' '.join(map(str, command))}: {done.stdout.strip()}")
    return done.stdout


def re_executed():
    """Returns inside the namespaces; outside, starts this program again within them."""
    kinds = ("mount", "net", "pid")  # whatever ends this program takes every server with it
    if namespace.inside(*kinds):
        return
    if os.geteuid() != 0:
        sys.exit("end-to-end: needs root, for its namespaces and the ports 25, 465 and 53")
    here = pathlib.Path(__file__).resolve().parent
    if subprocess.run([here / "get-peers"]).returncode != 0:
        sys.exit("end-to-end: without receiving servers nothing can be tested")
    namespace.enter(*kinds)


def build(bin_directory, peers):
    """Makes the machine; afterwards nothing of the host's /etc, /var, /run or /tmp is in reach."""
    host = pathlib.Path(scaffold(bin_directory, peers))
    namespace.empty(host, "mode=755,size=2g")
    for name in ("var", "run"):
        (host / name).mkdir()
    (host / "tmp").mkdir()
    (host / "tmp").chmod(0o1777)
    shutil.copytree("/etc", host / "etc", symlinks=True, ignore=not_plain)
    for part in ("tmp", "log", "cache/ldconfig", "lib", "spool", "mail", "empty"):
        (host / "var" / part).mkdir(parents=True)
    (host / "var/run").symlink_to("/run")
    (host / "var/tmp").chmod(0o1777)
    copy_peers(peers, host / "var/peers")
    qmail_home(bin_directory, host / "var/qmail")
    users(host / "etc")
    # OpenSMTPD knows its helpers by this path only.
    mirror("/usr", host / "usr", "libexec")
    mirror("/usr/libexec", host / "usr/libexec", "opensmtpd")
    helpers = host / "var/peers/opensmtpd/usr/libexec/opensmtpd"
    namespace.bind(helpers, host / "usr/libexec/opensmtpd")
    for name in ("etc", "var", "run", "tmp", "usr"):
        namespace.bind_all(host / name, f"/{name}")
    # Setuid programs ignore LD_LIBRARY_PATH; the loader's cache serves them all.
    libraries = {str(path.parent) for path in PEERS.rglob("*.so*")}
    pathlib.Path("/etc/ld.so.conf.d/peers.conf").write_text("".join(f"{path}\n"
                                                            for path in sorted(libraries)))
    call("ldconfig", "-X")
    network()


def scaffold(*needed):
    """An existing directory to build on that hides nothing we still read."""
    for place in ("/media", "/mnt", "/srv", "/opt"):
        if os.path.isdir(place) and not any(str(path).startswith(place) for path in needed):
            return place
    sys.exit("end-to-end: none of /media, /mnt, /srv and /opt is free to mount on")


def not_plain(directory, names):
    """Sockets and pipes that live in /etc on some systems."""
    kinds = {name: os.lstat(os.path.join(directory, name)).st_mode for name in names}
    return [name for name, mode in kinds.items()
            if mode & 0o170000 not in (0o100000, 0o040000, 0o120000)]


def mirror(source, target, own):
    """A directory that shows what another does, but for one directory in it that stays empty."""
    target.mkdir(exist_ok=True)
    (target / own).mkdir()
    for path in pathlib.Path(source).iterdir() if os.path.isdir(source) else ():
        if path.is_symlink():
            (target / path.name).symlink_to(os.readlink(path))
        elif path.name != own:
            here = target / path.name
            here.mkdir() if path.is_dir() else here.touch()
            namespace.bind_all(path, here)


def copy_peers(source, target):
    shutil.copytree(source, target, symlinks=True)
    target.chmod(0o755)
    for path in [target, *target.rglob("*")]:
        os.chown(path, 0, 0, follow_symlinks=False)
    # Delivers with the rights of the recipient: Debian installs it so.
    (target / "exim/usr/sbin/exim4").chmod(0o4755)


def qmail_home(bin_directory, home):
    for part in ("bin", "control", "queue/mess", "queue/lock"):
        (home / part).mkdir(parents=True)
    for program in ("qmail-remote", "tern", "tern-sink"):
        shutil.copy(pathlib.Path(bin_directory) / program, home / "bin" / program)
    (home / "bin/qmail-remote").chmod(0o711)  # as qmail installs it: qmailr runs it, unread
    uid, gid, _ = USERS["qmailr"]
    for table, size in (("tcpto", 1024), ("tcpto6", 2048)):
        path = home / "queue/lock" / table
        path.write_bytes(bytes(size))
        os.chown(path, uid, gid)


def users(etc):
    def rewrite(name, lines, taken):
        kept = [line for line in (etc / name).read_text().splitlines()
                if line.split(":")[0] not in taken]
        (etc / name).write_text("\n".join(kept + lines) + "\n")
    rewrite("passwd", [f"{name}:x:{uid}:{gid}::{home}:/bin/sh"
                       for name, (uid, gid, home) in USERS.items()], USERS)
    rewrite("group", [f"{name}:x:{gid}:" for name, gid in GROUPS.items()], GROUPS)
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\n"
                                       "hosts: files dns\nservices: files\nprotocols: files\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (etc / "resolv.conf").unlink(missing_ok=True)  # a link into /run on many systems
    (etc / "mailname").write_text("me.example\n")


def network():
    namespace.answers(NETWORK4, NETWORK6)
    namespace.own(f"{OURSELVES4}/32", f"{SECOND4}/32", f"{OURSELVES6}/128", f"{SECOND6}/128")


def identity(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid
