# Putting in, upgrading and going back, while the watchers look; interrupted and killed runs.
import fcntl
import os
import random
import shutil
import signal
import subprocess
import time

from bench import LOCK, PROGRAMS, Watch, expect, identity, snapshot


def the_watcher_sees(bench):
    """A watcher that finds nothing must have been able to find something."""
    def copied_over(path):
        path.write_bytes(path.read_bytes())

    def missing(path):
        path.rename(path.with_name("away"))
        time.sleep(0.0001)
        path.with_name("away").rename(path)

    def not_executable(path):
        path.chmod(0o600)
        time.sleep(0.0001)
        path.chmod(0o711)

    def foreign(path):
        shutil.copy("/bin/false", path.with_name("being-made"))
        path.with_name("being-made").chmod(0o711)
        path.with_name("being-made").rename(path)

    for harm in (copied_over, missing, not_executable, foreign):
        home = bench.home()
        watch = Watch(bench, home)
        for _ in range(300):
            try:
                harm(home.bin / "qmail-remote")
            except OSError:
                time.sleep(0.001)  # being executed, which is what cp would meet as well
        expect("qmail-remote" in watch.end(), f"the watcher did not see {harm.__name__}")


def dry_runs_change_nothing(bench):
    home = bench.home()
    before = snapshot(home.path)
    said = bench.drop_in(home, "--dry-run", "--from", bench.first)
    for program in PROGRAMS:
        expect(f"to {home.bin}/{program}\n" in said, f"the dry run does not name {program}")
    expect(snapshot(home.path) == before, "a dry run changed something")
    bench.drop_in(home, "--from", bench.first)
    before = snapshot(home.path)
    expect("would rename" in bench.drop_in(home, "--dry-run", "--back"), "back: names no step")
    expect(snapshot(home.path) == before, "a dry run of going back changed something")


def install_upgrade_and_back(bench):
    home = bench.home()
    with Watch(bench, home):
        bench.drop_in(home, "--from", bench.first)
        home.expect_new(bench.first)
        before = snapshot(home.bin)  # the watcher's qmail-tcpok writes to queue/lock
        bench.drop_in(home, "--from", bench.first)
        expect(snapshot(home.bin) == before, "a second run changed something")
        bench.drop_in(home, "--from", bench.second)
        home.expect_new(bench.second)
        bench.drop_in(home, "--back")
        home.expect_old()
        before = snapshot(home.bin)
        bench.drop_in(home, "--back")
        expect(snapshot(home.bin) == before, "going back twice changed something")


def interrupted_runs(bench):
    home, dice = bench.home(), random.Random(20261123)
    began = time.monotonic()
    bench.drop_in(home, "--from", bench.first)
    duration = time.monotonic() - began
    with Watch(bench, home):
        for turn in range(24):
            words = dice.choice((("--from", bench.first), ("--from", bench.second), ("--back",)))
            process = subprocess.Popen(bench.command(home, *words), start_new_session=True,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0, duration * 1.5))
            how = signal.SIGKILL if turn % 2 else signal.SIGTERM
            try:
                os.killpg(process.pid, how)
            except ProcessLookupError:
                pass
            process.wait()
            with open(LOCK, "ab") as lock:  # a killed sync(1) may take its time
                fcntl.flock(lock, fcntl.LOCK_EX)
            if how == signal.SIGTERM:
                states = {(home.bin / program).read_bytes() == home.old[program][3]
                          for program in PROGRAMS}
                expect(turn == 0 or len(states) == 1, f"turn {turn}: some old and some new")
            if turn % 2:  # mends what a kill left, before the next one is judged
                bench.drop_in(home, "--from", bench.first)
                home.expect_new(bench.first)
        bench.drop_in(home, "--back")
        home.expect_old()


def keeps_what_others_put_there(bench):
    home = bench.home()
    bench.drop_in(home, "--from", bench.first)
    with Watch(bench, home):
        home.put("qmail-remote", bench.tools / "old-foreign")
        foreign = identity(home.bin / "qmail-remote")
        bench.drop_in(home, "--back")
        expect(identity(home.bin / "qmail-remote") == foreign, "going back took a foreign program")
        bench.drop_in(home, "--from", bench.second)
        expect(identity(home.bin / "qmail-remote.before-tern") == home.old["qmail-remote"],
               "the first one kept aside was overwritten")
        expect(identity(home.bin / "qmail-remote.before-tern.2") == foreign, "not kept aside")
        bench.drop_in(home, "--back")
        expect(identity(home.bin / "qmail-remote") == foreign, "went back to the wrong program")


def killed_mv(bench):
    """mv killed before its rename, or after: all is as it was, and nothing is left."""
    for number, kill in enumerate(("kill -9 $$", '/bin/mv "$@"; kill -9 $$')):
        for nth in (1, 2, 3):
            home = bench.home()
            tools = bench.scratch / f"killer{number}{nth}"
            tools.mkdir()
            count = tools / "count"
            (tools / "mv").write_text(f"""#!/bin/sh
echo >>{count}
if [ "$(wc -l <{count})" = {nth} ]; then {kill}; fi
exec /bin/mv "$@"
""")
            (tools / "mv").chmod(0o755)
            process = subprocess.run(bench.command(home, "--from", bench.first),
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                     env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
            expect(process.returncode not in (0, 2), f"{kill} {nth}: {process.stdout}")
            expect("could not be put back" not in process.stdout, process.stdout)
            home.expect_old()


def a_link_within_bin(bench):
    """The name in bin is a link: it is kept aside as the link that it is."""
    home = bench.home()
    (home.bin / "qmail-remote").rename(home.bin / "plain-remote")
    (home.bin / "qmail-remote").symlink_to("plain-remote")
    bench.drop_in(home, "--from", bench.first)
    expect(not (home.bin / "qmail-remote").is_symlink(), "the link stayed")
    bench.drop_in(home, "--back")
    expect(os.readlink(home.bin / "qmail-remote") == "plain-remote", "the link is not back")


def back_takes_what_went_in(bench):
    """Whatever it does without arguments (tern-drop-in(8), --back)."""
    for status in (1, 2, 100, 111, 126, 127):
        home = bench.home()
        home.put("qmail-remote", bench.old_program(f"exits-{status}", status))
        before = identity(home.bin / "qmail-remote")
        bench.drop_in(home, "--from", bench.first)
        bench.drop_in(home, "--back")
        expect(identity(home.bin / "qmail-remote") == before, f"exit status {status}: not back")
    home = bench.home()
    home.put("qmail-remote", bench.old_program("dies", 0))
    with open(home.bin / "qmail-remote", "r+b") as program:  # no entry point: SIGSEGV or ENOEXEC
        program.seek(0x18)
        program.write(bytes(8))
    before = identity(home.bin / "qmail-remote")
    bench.drop_in(home, "--from", bench.first)
    bench.drop_in(home, "--back")
    expect(identity(home.bin / "qmail-remote") == before, "a program that crashes: not back")


def back_refuses_what_cannot_start(bench):
    """Its library went away since: it would bounce the queue."""
    source = bench.tools / "library.cpp"
    source.write_text("int nothing() { return 0; }\n")
    library = bench.tools / "libgone.so"
    subprocess.run(["g++", "-shared", "-fPIC", "-o", library, source], check=True)
    home = bench.home()
    home.put("qmail-remote", bench.old_program("needs-library", 0, "x", "-Wl,--no-as-needed",
                                               str(library)))
    bench.drop_in(home, "--from", bench.first)
    library.unlink()
    before = snapshot(home.bin)
    said = bench.drop_in(home, "--back", status=1)
    expect("libgone.so" in said and "--anyway" in said, f"says not why: {said}")
    expect(snapshot(home.bin) == before, "went back to a program that cannot start")
    bench.drop_in(home, "--back", "--anyway")
    expect(not (home.bin / "qmail-remote.before-tern").exists(), "--anyway did not go back")


def tables_of_others(bench):
    """Records of 32 bytes: the tools that read them stay (contract.md#tcpto)."""
    home = bench.home()
    home.table.write_bytes(bytes(8192))
    said = bench.drop_in(home, "--from", bench.first)
    expect("stay as they are" in said, f"nothing is said: {said}")
    for program in ("qmail-tcpto", "qmail-tcpok"):
        expect(identity(home.bin / program) == home.old[program], f"{program} was replaced")
    expect(identity(home.bin / "qmail-remote")[3] == (bench.first / "qmail-remote").read_bytes(),
           "qmail-remote did not go in")
    bench.drop_in(home, "--back")
    home.expect_old()


CASES = (the_watcher_sees, dry_runs_change_nothing, install_upgrade_and_back, interrupted_runs,
         killed_mv, a_link_within_bin, keeps_what_others_put_there, back_takes_what_went_in,
         back_refuses_what_cannot_start, tables_of_others)
