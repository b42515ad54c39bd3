# queue/lock belongs to qmailq: whatever that user does there, nothing of root's is touched.
import os
import pathlib
import subprocess

from bench import GID, GROUP, QUEUE_UID, QUEUE_USER, TREE, UID, expect, identity

# Turns whatever is made beside the table into a link to the victim, as often as it can.
ATTACK = r"""
import os, sys
directory, victim = sys.argv[1:]
os.chdir(directory)
print("attacking", flush=True)
while True:
    for name in os.listdir("."):
        if not name.startswith((".tcpto6", "tcpto6")) or os.path.islink(name):
            continue
        try:
            os.rename(name, "away")
            os.symlink(victim, name)
        except OSError:
            pass
"""


def expect_table6(home):
    """2,048 zeros, complete, for qmailr to read and write, and nothing else beside it."""
    tables = home.path / "queue/lock"
    status = (tables / "tcpto6").lstat()
    expect((tables / "tcpto6").read_bytes() == bytes(2048), "tcpto6 is not an empty table")
    expect((status.st_uid, status.st_gid, status.st_mode & 0o7777) == (QUEUE_UID, GID, 0o660),
           f"tcpto6 is not {QUEUE_USER}'s with group {GROUP} and mode 0660: {status}")
    subprocess.run(["setpriv", "--reuid", str(UID), "--regid", str(GID), "--clear-groups", "sh",
                    "-c", 'exec 3<>"$1"', "sh", tables / "tcpto6"], check=True)
    expect(sorted(path.name for path in tables.iterdir()) == ["tcpto", "tcpto6"], "something left")


def install_by_package(root):
    """The package's own script, as dpkg runs it below another root."""
    script = root / "usr/sbin/tern-drop-in"
    if not script.exists():
        script.parent.mkdir(parents=True)
        script.symlink_to(TREE / "scripts/drop-in")
    subprocess.run(["sh", TREE / "packaging/debian/postinst", "configure"], check=True,
                   env={**os.environ, "DPKG_ROOT": str(root)}, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def no_user_steers_root(bench):
    root = bench.scratch / "attacked"
    (root / "var").mkdir(parents=True)
    home = bench.home(root / "var/qmail")
    tables = home.path / "queue/lock"
    victim = bench.scratch / "victim"
    victim.write_bytes(b"root's own\n")
    victim.chmod(0o600)
    before, status = identity(victim), victim.stat()
    attack = subprocess.Popen(["setpriv", "--reuid", str(QUEUE_UID), "--regid", str(GID),
                               "--clear-groups", "/usr/bin/python3", "-c", ATTACK, tables, victim],
                              stdout=subprocess.PIPE, text=True)
    attack.stdout.readline()
    try:
        for turn in range(12):
            if turn % 2:
                install_by_package(root)
            else:
                bench.drop_in(home, "--table")
            expect(identity(victim) == before, f"turn {turn}: a file of root's was changed")
            expect(victim.stat().st_nlink == status.st_nlink, f"turn {turn}: it has another name")
            for path in tables.iterdir():
                expect(path.lstat().st_uid != 0, f"turn {turn}: {path} belongs to root")
                if path.name != "tcpto":
                    path.unlink()
    finally:
        attack.kill()
        attack.wait()


def links_on_the_way(bench):
    """A directory that its owner turned into a link is followed with that owner's rights."""
    for name in ("queue/lock", "queue"):
        home = bench.home()
        private = bench.scratch / f"private-{name.replace('/', '-')}"
        (private / "lock").mkdir(parents=True)
        for directory in (private, private / "lock"):
            (directory / "tcpto").write_bytes(bytes(1024))
        (home.path / name).rename(home.path / "queue-away")
        (home.path / name).symlink_to(private)
        os.lchown(home.path / name, QUEUE_UID, GID)
        said = bench.drop_in(home, "--table")
        expect("was not made" in said, f"{name}: nothing is said: {said}")
        expect(not list(private.rglob("*tcpto6*")), f"{name}: root made a file through the link")


def the_table_of_ipv6(bench):
    home = bench.home()
    bench.drop_in(home, "--table")
    expect_table6(home)
    made = (home.path / "queue/lock/tcpto6").stat()
    bench.drop_in(home, "--table")
    expect((home.path / "queue/lock/tcpto6").stat() == made, "an existing table was touched")
    home = bench.home()
    home.table.unlink()  # the feature is off, and stays so
    bench.drop_in(home, "--table")
    expect(not list(home.table.parent.iterdir()), "made a table where there is none")
    home = bench.home()
    for directory in (home.path / "queue", home.table.parent):
        os.chown(directory, 0, GID)  # as another installation may have it: root alone decides
    bench.drop_in(home, "--from", bench.first)
    made = pathlib.Path(f"{home.table}6").stat()
    expect((made.st_size, made.st_gid, made.st_mode & 0o777) == (2048, GID, 0o660),
           f"in root's directory: {made}")
    home = bench.home()
    home.table.parent.chmod(0o777)
    expect("chmod go-w" in bench.drop_in(home, "--table") or
           identity(pathlib.Path(f"{home.table}6"))[1] == QUEUE_UID, "an open directory")


CASES = (no_user_steers_root, links_on_the_way, the_table_of_ipv6)
