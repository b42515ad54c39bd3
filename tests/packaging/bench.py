# What all cases share: a qmail home made for the test, the watchers, and two versions of tern.
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
DROP_IN = TREE / "scripts" / "drop-in"
LOCK = pathlib.Path("/run/tern-drop-in.lock")
PROGRAMS = ("qmail-remote", "qmail-tcpto", "qmail-tcpok")
# Users of qmail, known in the name space of the run alone.
USER, UID, QUEUE_USER, QUEUE_UID, GROUP, GID = "qmailr", 7791, "qmailq", 7792, "qmail", 7790
OLD_PROGRAM = r"""
#include <cstdio>
int main() {
    std::fputs("DI (qmail-remote) was invoked improperly. (#5.3.5)\n", stdout);
    return %d;
}
extern const char padding[];
[[gnu::used]] const char padding[] = "%s";
"""


class Trouble(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Trouble(what)


def compile_program(source, target, *options):
    subprocess.run(["g++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", *options, "-o",
                    str(target), str(source)], check=True)


def snapshot(directory):
    """Everything that can be seen of a tree, times included: equal means nothing was touched."""
    seen = {}
    for path in [directory, *sorted(directory.rglob("*"))]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        seen[str(path)] = (status.st_ino, status.st_mode, status.st_uid, status.st_gid,
                           status.st_size, status.st_mtime_ns, status.st_nlink, content)
    return seen


def identity(path):
    status = path.stat()
    return (status.st_mode, status.st_uid, status.st_gid, path.read_bytes())


class Home:
    """A qmail home with three old programs, as qmail's own installation leaves it."""

    def __init__(self, place, tools):
        self.path, self.bin, self.control = place, place / "bin", place / "control"
        for directory in ("bin", "control", "queue/lock", "queue/mess"):
            (place / directory).mkdir(parents=True)
        for directory in ("queue", "queue/lock", "queue/mess"):
            os.chown(place / directory, QUEUE_UID, GID)
            (place / directory).chmod(0o750)
        (self.control / "me").write_text("me.example.org\n")
        self.table = place / "queue/lock/tcpto"
        self.table.write_bytes(bytes(1024))
        os.chown(self.table, UID, GID)
        for program in PROGRAMS:
            self.put(program, tools / f"old-{program}")
        self.old = {program: identity(self.bin / program) for program in PROGRAMS}
        self.inodes = {program: (self.bin / program).stat().st_ino for program in PROGRAMS}

    def put(self, program, source):
        """As an administrator who knows what he does: complete first, then renamed."""
        new = self.bin / "being-made"
        shutil.copy(source, new)
        os.chown(new, 0, GID)
        new.chmod(0o711)
        new.rename(self.bin / program)

    def names(self):
        return sorted(path.name for path in self.bin.iterdir())

    def expect_old(self):
        for program in PROGRAMS:
            expect(identity(self.bin / program) == self.old[program],
                   f"{program} is not the old one, byte for byte with owner and mode")
            expect((self.bin / program).stat().st_ino == self.inodes[program],
                   f"{program} is not the very file it was")
        expect(self.names() == sorted(PROGRAMS), f"left over in bin: {self.names()}")

    def expect_new(self, binaries):
        for program in PROGRAMS:
            mode, uid, gid, content = identity(self.bin / program)
            expect(content == (binaries / program).read_bytes(), f"{program} is not the new one")
            expect((mode & 0o7777, uid, gid) == (0o711, 0, GID), f"{program}: owner or mode")
            aside = self.bin / f"{program}.before-tern"
            expect(identity(aside) == self.old[program], f"{aside.name} is not the old program")
            expect(aside.stat().st_ino == self.inodes[program], f"{aside.name}: not the same file")
        wanted = sorted([*PROGRAMS, *(f"{program}.before-tern" for program in PROGRAMS)])
        expect(self.names() == wanted, f"left over in bin: {self.names()}")


class Watch:
    """The watchers of all three programs; leaving the block judges."""

    def __init__(self, bench, home):
        self.processes = []
        for program in PROGRAMS:
            whole = [tree / program for tree in bench.trees]
            whole += [bench.tools / f"old-{program}", bench.tools / "old-foreign"]
            sizes = {path.stat().st_size for path in whole}
            self.processes.append((program, subprocess.Popen(
                [bench.tools / "watch", home.bin / program, str(UID), str(GID), home.path,
                 *map(str, sorted(sizes))], stdout=subprocess.PIPE, text=True)))
        for _, process in self.processes:
            process.stdout.readline()

    def end(self):
        """What went wrong, as text; empty when nothing did."""
        said = []
        for program, process in self.processes:
            process.send_signal(signal.SIGTERM)
            output = process.communicate()[0]
            if process.returncode != 0:
                said.append(f"{program}: {output}")
        return "\n".join(said)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        said = self.end()
        if kind is None:
            expect(not said, f"the path was not good at every moment:\n{said}")


class Rspawn:
    """A process that looks like this home's qmail-rspawn, with an environment of its own."""

    def __init__(self, bench, home, **environment):
        program = bench.tools / "qmail-rspawn"
        shutil.copy("/bin/sleep", program)

        def become_qmailr():
            os.setgroups([])
            os.setgid(GID)
            os.setuid(UID)
        self.process = subprocess.Popen([program, "60"], cwd=home.path / "queue/mess",
                                        env=environment, preexec_fn=become_qmailr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Bench:
    """What all cases share: compiled helpers, two versions of tern, a counter for homes."""

    def __init__(self, scratch, binaries):
        self.scratch, self.tools, self.count = scratch, scratch / "tools", 0
        self.tools.mkdir()
        compile_program(HERE / "watch.cpp", self.tools / "watch")
        for number, program in enumerate((*PROGRAMS, "foreign")):
            source = self.tools / "old.cpp"
            source.write_text(OLD_PROGRAM % (0, "x" * 5000 * (number + 1)))
            compile_program(source, self.tools / f"old-{program}")
        self.binaries = binaries
        self.build = binaries.parent
        self.first, self.second = scratch / "first", scratch / "second"
        for tree in (self.first, self.second):
            tree.mkdir()
            for program in (*PROGRAMS, "tern"):  # small ones, as each run writes them to disk
                subprocess.run(["strip", "-o", tree / program, binaries / program], check=True)
        for program in PROGRAMS:  # bytes after an executable's end do not hinder it
            with open(self.second / program, "ab") as file:
                file.write(b"the next version")
        self.trees = [self.first, self.second]

    def home(self, place=None):
        self.count += 1
        return Home(place or self.scratch / f"home{self.count}", self.tools)

    def command(self, home, *words, script=DROP_IN):
        return [script, "--qmail", home.path, "--user", USER, *words]

    def old_program(self, name, status=0, text="x", *options):
        """A program that is not tern's, says what qmail-remote says, and exits so."""
        source = self.tools / "old.cpp"
        source.write_text(OLD_PROGRAM % (status, text * 100))
        compile_program(source, self.tools / name, *options)
        return self.tools / name

    def tree(self, name):
        """A directory with new programs, to be changed at will."""
        tree = self.scratch / name
        shutil.copytree(self.first, tree)
        return tree

    def drop_in(self, home, *words, script=DROP_IN, status=0, env=None):
        done = subprocess.run(self.command(home, *words, script=script), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, **(env or {})})
        expect(done.returncode == status, f"drop-in {words}: status {done.returncode}, "
                                          f"not {status}:\n{done.stdout}")
        return done.stdout


