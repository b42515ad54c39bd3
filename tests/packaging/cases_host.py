# Hosts that are not plain: homes elsewhere, several of them, wrappers, indimail.
import os
import shutil
import subprocess

from bench import GID, UID, Rspawn, expect, identity
from cases_refusals import fixed, refused


def homes_side_by_side(bench):
    """Each program takes the home that it is in (contract.md#home)."""
    for home in (bench.home(), bench.home()):
        with Rspawn(bench, home, PATH="/bin:/usr/bin"):
            bench.drop_in(home, "--from", bench.first, env={"QMAILHOME": "/elsewhere"})
        home.expect_new(bench.first)
        said = subprocess.run([home.bin / "qmail-remote"], env={}, stdout=subprocess.PIPE).stdout
        expect(said.endswith(f"; home {home.path}\n\0".encode()), f"it takes {said!r}")


def a_home_that_qmail_would_not_take(bench):
    home = bench.home()
    for setting in ("/elsewhere", "relative"):
        with Rspawn(bench, home, QMAILHOME=setting):
            refused(bench, home, because=(setting, "home", "--anyway"))
    # Its bin is elsewhere, so only QMAILHOME names this home.
    away = bench.scratch / "away"
    away.mkdir()
    home.bin.rename(away / "bin")
    home.bin.symlink_to(away / "bin")
    said = refused(bench, home, because=("/var/qmail for qmail's home", f"QMAILHOME={home.path}"),
                   env={"QMAILHOME": str(home.path)})
    expect("qmail-rspawn is not running" in said, said)
    with Rspawn(bench, home, QMAILHOME=str(home.path)):
        bench.drop_in(home, "--dry-run", "--from", bench.first)
        bench.drop_in(home, "--from", bench.first)
    home.expect_new(bench.first)


def a_start_that_fails(bench):
    """What only the user meets: a delivery is started as it, and sends nothing."""
    home = bench.home()
    with Rspawn(bench, home, QMAILHOME=str(home.path)):
        (home.control / "me").write_bytes(b"n\xc3\xa4me.example.org\n")
        said = bench.drop_in(home, "--from", bench.first, "--anyway")
        expect("cannot start a delivery" in said, f"not tried: {said}")


SCRIPT = '#!/bin/sh\nexec "$(dirname "$0")/{name}" "$@"\n'


def wrapper(home, kind, name="qmail-remote.orig"):
    """Puts a wrapper before the program, as the authors of those describe it."""
    path, wrapped = home.bin / "qmail-remote", home.bin / name
    path.rename(wrapped)
    if kind == "script":
        path.write_text(SCRIPT.format(name=name))
    elif kind == "link":
        elsewhere = home.path / "amavis"
        elsewhere.write_text(SCRIPT.format(name=name))
        elsewhere.chmod(0o755)
        path.symlink_to(elsewhere)
        return path, wrapped
    else:
        shutil.copy(kind, path)
    path.chmod(0o755)
    return path, wrapped


def wrappers(bench):
    plain = bench.old_program("plain-wrapper")
    knowing = bench.old_program("knowing-wrapper", 0, "qmail-remote.helper ")
    for kind, name in (("script", "qmail-remote.orig"), ("link", "qmail-remote.orig"),
                       (plain, "qmail-remote.orig"), (plain, "qmail-remote.moved"),
                       (knowing, "qmail-remote.helper"), ("script", "other")):
        home = bench.home()
        path, wrapped = wrapper(home, kind, name)
        old = identity(path)
        real = "FILE" if name == "other" else wrapped
        refused(bench, home, because=("wrapper", f"--replace {real}\n", f"--replace {path}\n"))
        refused(bench, home, "--anyway", because="wrapper")

        bench.drop_in(home, "--dry-run", "--from", bench.first, "--replace", wrapped)
        bench.drop_in(home, "--from", bench.first, "--replace", wrapped)
        expect(identity(path) == old, f"{kind}: the wrapper did not stay")
        expect(identity(wrapped)[3] == (bench.first / "qmail-remote").read_bytes(),
               f"{kind}: the wrapper does not run tern")
        bench.drop_in(home, "--from", bench.second, "--replace", wrapped)
        bench.drop_in(home, "--back")  # it is in bin: no --replace, whatever its name
        expect(identity(wrapped) == home.old["qmail-remote"], f"{kind}: the old one is not back")

        bench.drop_in(home, "--from", bench.first, "--replace", path)
        expect(identity(path)[3] == (bench.first / "qmail-remote").read_bytes(),
               f"{kind}: tern is not in the place of the wrapper")
        bench.drop_in(home, "--from", bench.second)  # an upgrade asks no more
        bench.drop_in(home, "--back")
        expect(identity(path) == old and path.is_symlink() == (kind == "link"),
               f"{kind}: the wrapper is not back")
        kept = [name for name in home.names() if "tern" in name]
        expect(not kept, f"left over: {kept}")


def a_backup_is_no_wrapper(bench):
    home = bench.home()
    shutil.copy(home.bin / "qmail-remote", home.bin / "qmail-remote.old")
    shutil.copy(home.bin / "qmail-remote", home.bin / "qmail-remote-2019")
    bench.drop_in(home, "--from", bench.first)


def a_program_behind_a_wrapper_elsewhere(bench):
    """The program is in another directory, whose owner counts as well."""
    home = bench.home()
    path, wrapped = wrapper(home, "script", "other")
    elsewhere = bench.scratch / "wrapped"
    elsewhere.mkdir()
    shutil.copy2(wrapped, elsewhere / "other")
    old = identity(elsewhere / "other")
    with Rspawn(bench, home, QMAILHOME=str(home.path)):
        os.chown(elsewhere, UID, GID)
        words = ("--replace", elsewhere / "other")
        fixed(bench, home, refused(bench, home, *words, because="belongs to the user"), *words)
        bench.drop_in(home, "--from", bench.first, *words)
        expect(identity(elsewhere / "other")[3] == (bench.first / "qmail-remote").read_bytes(),
               "tern is not there")
        bench.drop_in(home, "--back", *words)
    expect(identity(elsewhere / "other") == old, "the old one is not back")
    expect(sorted(path.name for path in elsewhere.iterdir()) == ["other"], "something is left")


def a_program_of_the_environment(bench):
    home = bench.home()
    with Rspawn(bench, home, QMAILREMOTE="/usr/local/bin/signer"):
        refused(bench, home, because=("/usr/local/bin/signer", "--replace"))
        bench.drop_in(home, "--from", bench.first, "--replace", home.bin / "qmail-remote")


def indimail(bench):
    """It calls qmail-remote with two arguments more, so every mail would bounce."""
    for place, mark in (("bin/qmail-rspawn", "sbin/qmail-remote"),
                        ("sbin/qmail-rspawn", "/usr/sbin/qmail-remote"),
                        ("bin/qmail-rspawn", "VIRTUAL_PKG_LIB"),
                        ("bin/qmail-rspawn", "$Id: qmail-rspawn.c,v 1.21 2004-10-22"),
                        ("bin/qmail-remote", "$Id: qmail-remote.c,v 1.130")):
        home = bench.home()
        (home.path / "sbin").mkdir()
        shutil.copy(bench.old_program("indimail", 0, mark + " "), home.path / place)
        refused(bench, home, because="indimail")
        refused(bench, home, "--anyway", because="indimail")
    home = bench.home()
    shutil.copy(bench.old_program("plain-rspawn", 0, "qmail-remote crashed. QMAILREMOTE "),
                home.bin / "qmail-rspawn")
    bench.drop_in(home, "--from", bench.first)


CASES = (homes_side_by_side, a_home_that_qmail_would_not_take, a_start_that_fails, wrappers,
         a_backup_is_no_wrapper, a_program_behind_a_wrapper_elsewhere,
         a_program_of_the_environment, indimail)
