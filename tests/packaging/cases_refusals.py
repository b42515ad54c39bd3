# What stops a run before anything is changed: the host, the place, and what the files say.
import fcntl
import os
import re
import shutil
import subprocess

from bench import (GID, LOCK, PROGRAMS, QUEUE_UID, UID, Rspawn, compile_program, expect,
                   snapshot)


def refused(bench, home, *words, because, **how):
    """Neither a dry run nor a real one goes on, and nothing is touched."""
    def all_but_times():  # a copy that was tried in bin and removed leaves its time there
        return {path: seen for path, seen in snapshot(home.path).items()
                if path != str(home.bin.resolve())}
    before = all_but_times()
    for dry in (("--dry-run",), ()):
        said = bench.drop_in(home, "--from", bench.first, *dry, *words, status=1, **how)
        for word in (because,) if isinstance(because, str) else because:
            expect(word in said, f"{words}: {word!r} is not in: {said}")
        expect(all_but_times() == before, f"{words}: something was changed: {said}")
    return said


def fixed(bench, home, said, *words):
    """The command that was printed after "fix:" works."""
    commands = re.findall("fix: (.*)$", said, re.M)
    expect(commands, f"no command in: {said}")
    for command in commands:
        subprocess.run(command, shell=True, check=True)
    bench.drop_in(home, "--dry-run", "--from", bench.first, *words)


def refuses_what_does_not_work(bench):
    home = bench.home()
    before = snapshot(home.path)

    def broken(name, make):
        tree = bench.tree(f"broken-{name}")
        make(tree / "qmail-remote")
        said = bench.drop_in(home, "--from", tree, status=1)
        expect(snapshot(home.path)[str(home.bin / "qmail-remote")] ==
               before[str(home.bin / "qmail-remote")] and home.names() == sorted(PROGRAMS),
               f"{name}: something was changed")
        expect(said.count("\n") >= 1 and "drop-in: " in said, f"{name}: says nothing clear")

    mark = b"@(#) tern 0"
    broken("truncated", lambda path: path.write_bytes(path.read_bytes()[:5000] + mark))
    broken("empty", lambda path: path.write_bytes(b""))
    broken("missing", lambda path: path.unlink())
    broken("not executable", lambda path: path.chmod(0o644))
    broken("a script", lambda path: path.write_bytes(b"#!/bin/sh\n# " + mark + b"\n"))
    broken("says something else", lambda path: shutil.copy(bench.first / "qmail-tcpok", path))
    broken("not ours", lambda path: shutil.copy(bench.tools / "old-foreign", path))
    expect("no user" in bench.drop_in(home, "--user", "no-such-user", status=1), "unknown user")


def wrong_options(bench):
    home = bench.home()
    before = snapshot(home.path)
    for words in (("--qmail",), ("--qmail", "--dry-run"), ("--from=",), ("--user", "--back"),
                  ("--replace",), ("--nonsense",), ("--back=yes",), ("--back", "--table"),
                  ("extra",)):
        said = bench.drop_in(home, *words, status=2)
        expect("usage: " in said, f"{words}: no usage: {said}")
    expect(snapshot(home.path) == before, "wrong usage changed something")
    expect("--replace FILE" in bench.drop_in(home, "--help"), "--help does not name --replace")
    bench.drop_in(home, f"--from={bench.first}", "--dry-run")


def locked_by(path, how=fcntl.LOCK_EX):
    """What any user could hold: the lock of whatever he can open."""
    return subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                             "flock", "-x" if how == fcntl.LOCK_EX else "-s", path, "sleep", "60"])


def locks(bench):
    home = bench.home()
    with open(LOCK, "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        expect("another run" in bench.drop_in(home, "--from", bench.first, status=1), "two at once")
    LOCK.chmod(0o644)  # as if another program had made it
    bench.drop_in(home, "--from", bench.first)
    expect(LOCK.stat().st_mode & 0o777 == 0o600, "others can open the lock")
    bench.drop_in(home, "--back")
    paths = [path for path in (home.path, home.bin, home.bin.parent.parent, "/run", LOCK)]
    holders = [locked_by(path) for path in paths]
    subprocess.run(["sleep", "0.3"], check=True)
    try:
        bench.drop_in(home, "--from", bench.first)  # with the lock of each that a user can open
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
        subprocess.run(["sleep", "0.1"], check=True)


def directories_of_others(bench):
    """Root does not write where another user could change a name in between."""
    for harm, word in ((lambda home: os.chown(home.bin, UID, GID), "belongs to the user qmailr"),
                       (lambda home: home.bin.chmod(0o777), "can change"),
                       (lambda home: os.chown(home.path, QUEUE_UID, GID), "user qmailq"),
                       (lambda home: (os.chown(home.path, 0, GID), home.path.chmod(0o775)),
                        "can change")):
        home = bench.home()
        harm(home)
        fixed(bench, home, refused(bench, home, because=word))
    home = bench.home()
    home.bin.rename(home.path / "programs")
    home.bin.symlink_to("programs")
    os.lchown(home.bin, UID, GID)
    with Rspawn(bench, home, QMAILHOME=str(home.path)):
        fixed(bench, home, refused(bench, home, because="belongs to the user qmailr"))


def closed_directories(bench):
    """The first closed one is named, also above the home, and its fix works."""
    outer = bench.scratch / "closed"
    for closed in ("", "deeper", "deeper/home", "deeper/home/control", "deeper/home/bin"):
        shutil.rmtree(outer, ignore_errors=True)
        (outer / "deeper").mkdir(parents=True)
        home = bench.home(outer / "deeper/home")
        (outer / closed).chmod(0o700)
        said = refused(bench, home, because=f"cannot enter {outer / closed}, ".replace("/,", ","))
        fixed(bench, home, said)


def places_that_cannot_take_it(bench):
    """A dry run reports what the real one would meet."""
    def on_tmpfs(options, then=None):
        home = bench.home()
        programs = {path.name: path for path in home.bin.iterdir()}
        kept = bench.scratch / "kept"
        shutil.copytree(home.bin, kept)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=64m", "tmpfs", home.bin],
                       check=True)
        try:
            for name in programs:
                home.put(name, kept / name)
            if then:
                then(home)
            if options:
                subprocess.run(["mount", "-o", f"remount,{options}", home.bin], check=True)
            yield home
        finally:
            subprocess.run(["umount", home.bin], check=True)
            shutil.rmtree(kept)

    def fill(home):
        with open(home.bin / "filler", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 1)
            try:
                while file.write(bytes(1 << 20)):
                    file.flush()
            except OSError:
                pass

    for options, then, word in (("ro", None, "read-only"), ("noexec", None, "noexec"),
                                ("", fill, "full"), ("nr_inodes=10", None, "no room")):
        for home in on_tmpfs(options, then):
            refused(bench, home, because=word)
    for letter, where in (("i", "bin"), ("a", "bin"), ("i", "bin/qmail-remote")):
        home = bench.home()
        subprocess.run(["chattr", f"+{letter}", home.path / where], check=True)
        try:
            said = refused(bench, home, because=("immutable", str(home.path / where)))
            fixed(bench, home, said)
        finally:
            subprocess.run(["chattr", "-ia", home.path / where], check=True)


def unreadable_files(bench):
    """tern check finds them, as the user that needs them."""
    home = bench.home()
    control = home.control
    expect("control/" not in bench.drop_in(home, "--dry-run", "--from", bench.first), "no cause")
    (control / "tlshosts").mkdir()
    for name in ("smtproutes", "timeoutconnect", "timeoutremote", "tlsclientciphers",
                 "authsenders", "outgoingip"):
        (control / name).touch(mode=0o600)
        refused(bench, home, because=f"control/{name}: error: ")
        (control / name).unlink()
    (control / "me").chmod(0o600)
    refused(bench, home, because="control/me")
    (control / "me").unlink()
    refused(bench, home, because="control/me")


def broken_policies(bench):
    """What the old program's files ask for and would not get (tern-check(8), error)."""
    home = bench.home()
    for line in ("example.net:relay.example:587 user four words of password",
                 "example.net:2001:db8::7"):
        (home.control / "smtproutes").write_text(f"{line}\n")
        refused(bench, home, because=("smtproutes:1: error: ", "--anyway"))
    said = bench.drop_in(home, "--from", bench.first, "--anyway")
    expect("--anyway" in said, "goes on without a word")
    home.expect_new(bench.first)


def a_check_that_fails(bench):
    """Whatever tern check does, a run without its word is stopped."""
    home = bench.home()
    source = bench.tools / "check.cpp"
    for number, (body, because) in enumerate((
            ("__builtin_trap();", "did not finish"),
            ("return 111;", "did not finish (status 111)"),
            ("return 0;", "did not finish (status 0)"),
            ('std::puts("{\\"errors\\":1, \\"findings\\":[]}"); return 1;', "finds errors"))):
        tree = bench.tree(f"check{number}")
        source.write_text("#include <cstdio>\nextern const char mark[];\n"
                          '[[gnu::used]] const char mark[] = "@(#) tern 0";\n'
                          "int main() { %s }\n" % body)
        compile_program(source, tree / "tern")
        before = snapshot(home.path)
        said = bench.drop_in(home, "--from", tree, status=1)
        expect(because in said and snapshot(home.path) == before, f"{body}: {said}")
        bench.drop_in(home, "--from", tree, "--anyway")
        bench.drop_in(home, "--back")
    tree = bench.tree("no-check")
    (tree / "tern").unlink()
    expect("no tern" in bench.drop_in(home, "--from", tree, status=1), "no tern: goes on")


CASES = (refuses_what_does_not_work, wrong_options, locks, directories_of_others,
         closed_directories, places_that_cannot_take_it, unreadable_files, broken_policies,
         a_check_that_fails)
