# Runs contenders by turns and turns what they cost into figures: medians, spreads, ratios within a
# round, instructions, system calls. Knows no section and no target.
import os
import re
import statistics
import subprocess

from machine import Broken

FIELDS = ("cpu", "wall", "memory", "faults")


class Contender:
    """A command that delivers the message it gets on standard input."""

    def __init__(self, name, command, environment=None, accepted=b""):
        self.name = name
        self.command = [str(word) for word in command]
        self.environment = {"PATH": "/usr/bin:/bin", **(environment or {})}
        self.accepted = accepted  # how its output begins when all is well; it exits 0 as well

    def plan(self, message, through_pipe):
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return "\n".join([self.name, ("|" if through_pipe else "") + str(message),
                          self.accepted.hex(), str(len(self.command)), *self.command,
                          str(len(variables)), *variables]) + "\n"


class Bench:
    """The tools, where they work, and on which processors."""

    def __init__(self, tools, work, processors):
        self.tools, self.work, self.processors = tools, work, processors

    def run(self, contenders, message, rounds, parallel=1, through_pipe=False, pinned=True):
        """
        Runs of each contender, in the order of rounds: {name: {field: [value of each run]}}.
        `message` is a path, or a path for each contender. Raises Broken when one failed.
        """
        plan = self.work / "plan"
        plan.write_text("".join(
            each.plan(message[each.name] if isinstance(message, dict) else message, through_pipe)
            for each in contenders))
        processors = self.processors.measured if pinned else self.processors.all
        done = subprocess.run(
            [str(self.tools / "runner"), str(rounds), str(parallel), str(plan)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, processors))
        if done.returncode != 0:
            raise Broken(f"runner: {done.stderr.strip()}")
        results = {each.name: {field: [] for field in FIELDS} for each in contenders}
        for line in done.stdout.splitlines():
            name, cpu, wall, memory, minor, major, verdict = line.rsplit(" ", 6)
            if verdict != "ok":
                raise Broken(f"{name} did not deliver: {done.stderr.strip()[:2000]}")
            for field, value in zip(FIELDS, (cpu, wall, memory, int(minor) + int(major))):
                results[name][field].append(int(value))
        return results

    def once(self, contender, message, *before):
        """One run, after other words on the command line; gives what that program said."""
        with open(message, "rb") as source:
            done = subprocess.run(
                [*map(str, before), *contender.command], stdin=source, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=contender.environment, cwd=self.work,
                preexec_fn=lambda: os.sched_setaffinity(0, self.processors.measured))
        if done.returncode != 0 or not done.stdout.startswith(contender.accepted):
            raise Broken(f"{contender.name} did not deliver: {done.stdout!r} {done.stderr!r}")
        return done.stderr.decode("utf-8", "replace")

    def instructions(self, contender, message):
        """User instructions of a delivery, under callgrind, children included."""
        said = self.once(contender, message, "valgrind", "--tool=callgrind",
                         "--trace-children=yes", f"--callgrind-out-file={self.work}/callgrind.out")
        counts = re.findall(r"Collected : (\d+)", said)
        if not counts:
            raise Broken(f"callgrind did not count: {said[-500:]}")
        return sum(map(int, counts))

    def system_calls(self, contender, message, runs=5):
        """How many system calls a delivery makes, execve and exit included; a median, because a
        reply that is slow costs a poll more."""
        return median([sum(self.trace(contender, message).values()) for _ in range(runs)])

    def trace(self, contender, message):
        """System calls of one delivery by name."""
        trace = self.work / "trace"
        self.once(contender, message, "strace", "-f", "-qq", "-o", trace)
        calls = {}
        for line in trace.read_text(errors="replace").splitlines():
            found = re.match(r"\d+\s+(\w+)\(", line)
            if found:
                calls[found.group(1)] = calls.get(found.group(1), 0) + 1
        return calls


def median(values):
    return statistics.median(values)


def quartiles(values):
    """The first, the second and the third."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratios(results, name, base, field):
    """Quartiles of the ratios to the base, each within one round."""
    return quartiles([mine / max(theirs, 1) for mine, theirs
                      in zip(results[name][field], results[base][field])])


def summary(results, base):
    """For each contender the medians of all fields, and the ratios of CPU and wall to the base."""
    return {name: {**{field: median(values[field]) for field in FIELDS},
                   "cpu_ratio": ratios(results, name, base, "cpu"),
                   "wall_ratio": ratios(results, name, base, "wall")}
            for name, values in results.items()}
