# The suite within its namespace: makes the machine, runs the sections, writes the results. Started
# by scripts/bench, which builds what is measured.
"""Usage: main.py [--short] [--only section,...] programs tools work results"""
import argparse
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[2] / "tests/harness"))

import namespace  # noqa: E402
import report  # noqa: E402
import targets  # noqa: E402
from contenders import Contenders, found, old_program  # noqa: E402
from machine import (Broken, EXCHANGER, Home, Messages, Processors, Sink, facts,  # noqa: E402
                     fixed_home, network, settle, version)
from measure import Bench  # noqa: E402

SECTIONS = ("small", "trips", "large", "crowd", "verify", "growth", "inner")
BY_NAME = ("layout",)  # only when asked for
SHORT = ("small", "trips", "large", "crowd", "verify", "growth")
SIZES = (2048,)


def commit(tree):
    """Which state of the tree this is, as far as git knows."""
    def git(*words):
        done = subprocess.run(["git", "-c", f"safe.directory={tree}", "-C", str(tree), *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""
    state = git("rev-parse", "--short", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "cmake")
    return f", commit {state}{' and changes' if changed else ''}" if state else ""


class Suite:
    """What the sections share, and where they leave what they found."""

    def __init__(self, options):
        self.short = options.short
        self.work = pathlib.Path(options.work).resolve()
        self.programs = self.copied(options.programs, "programs")
        self.tools = self.copied(options.tools, "tools")
        self.peers = pathlib.Path(__file__).resolve().parents[2] / "build/peers"
        self.processors = Processors()
        self.bench = Bench(self.tools, self.work, self.processors)
        self.messages = Messages(self.work)
        self.home = Home(self.work / "home")
        old = old_program(self.work)
        if old:
            fixed_home(self.home.directory, self.work)
        self.contenders = Contenders(self.programs, self.tools, self.home, old)
        self.sinks = {}
        self.facts = {**facts(), **self.versions()}
        self.tables, self.targets, self.data = [], [], {}

    def copied(self, directory, name):
        """Copies of the programs, each read again (machine.settle)."""
        copy = self.work / name
        shutil.copytree(pathlib.Path(directory).resolve(), copy,
                        ignore=lambda where, names: [
                            each for each in names if not os.path.isfile(os.path.join(where, each))])
        for each in copy.iterdir():
            settle(each)
        return copy

    def versions(self):
        """Of tern and of everybody it is measured beside."""
        tree = pathlib.Path(__file__).resolve().parents[2]
        mark = re.search(rb"@\(#\) (tern [\w.]+)", (self.programs / "qmail-remote").read_bytes())
        said = {"tern": (mark.group(1).decode() if mark else "tern") + commit(tree)}
        if not self.short:
            said["msmtp"] = version(found("msmtp"), "--version")
            said["curl"] = version(found("curl"), "--version")
            log = self.peers / "postfix/usr/share/doc/postfix/changelog.Debian.gz"
            said["postfix"] = version("zcat", str(log))
            said["valgrind"] = version("valgrind", "--version")
        return said

    def rounds(self, full, short):
        return short if self.short else full

    def sink(self, name, address, *options):
        self.sinks[name] = Sink(self.programs / "tern-sink", self.work, name, address,
                                self.processors.others, *options)
        return self.sinks[name]

    def start_sinks(self):
        expected = ["--expect-sha256", self.messages.digests(*SIZES)]
        ecdsa = ["--self-signed", EXCHANGER, "--ca-file", str(self.work / "ca.pem")]
        rsa = ["--self-signed", EXCHANGER, "--key-type", "rsa",
               "--ca-file", str(self.work / "rsa-ca.pem")]
        self.sink("plain", "198.51.100.1", *expected)
        self.sink("plain_data", "198.51.100.2", "--without", "CHUNKING", *expected)
        self.sink("ecdsa", "198.51.100.3", *ecdsa, *expected)
        if not self.short:
            self.sink("rsa", "198.51.100.4", *rsa, *expected)

    def table(self, title, header, rows, note=""):
        self.tables.append((title, header, rows, note))
        print(f"\n{title}\n" + "\n".join(report.grid(header, rows)), flush=True)

    @staticmethod
    def ratio(three):
        low, middle, high = three
        return f"{middle:.2f} ({low:.2f} to {high:.2f})"

    @staticmethod
    def thousands(number):
        if number is None:
            return "-"
        return f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only")
    for name in ("programs", "tools", "work", "results"):
        parser.add_argument(name)
    options = parser.parse_args()
    namespace.enter("mount", "net", "pid")
    began = time.monotonic()
    network()
    suite = Suite(options)
    wanted = options.only.split(",") if options.only else SHORT if suite.short else SECTIONS
    for name in wanted:
        if name not in SECTIONS + BY_NAME:
            sys.exit(f"bench: no section is called {name}; there are "
                     f"{', '.join(SECTIONS + BY_NAME)}")
    failed = []
    try:
        suite.start_sinks()
        for name in wanted:
            importlib.import_module(f"sections_{name}").run(suite)
    except Broken as trouble:
        failed.append(str(trouble))
    for sink in suite.sinks.values():
        try:
            sink.stop()
        except Broken as trouble:
            failed.append(str(trouble))
    for trouble in failed:
        print(f"bench: {trouble}", file=sys.stderr)
    if failed:
        return 1
    suite.facts["minutes"] = round((time.monotonic() - began) / 60, 1)
    if not suite.short:
        suite.targets = targets.judge(suite.data)
        print("\nTargets\n" + "\n".join(report.grid(report.TARGETS, suite.targets)))
    if not suite.short and not options.only:
        results = pathlib.Path(options.results)
        results.mkdir(exist_ok=True)
        (results / "latest.md").write_text(report.markdown(suite))
        (results / "latest.json").write_text(report.as_json(suite))
        print(f"\nwritten: {results}/latest.md and latest.json")
    print(f"bench: all bytes arrived as they should, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
