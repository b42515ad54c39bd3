# Which functions a delivery of 2 KB runs, by callgrind, for the linker to set side by side
# (cmake/tern_static_layout.cmake). Measures nothing; writes cmake/tern_busy_functions.txt.
import pathlib
import re

from sections_verify import ADDRESS, DOMAIN, SIZE, TO, resolver
from machine import EXCHANGER, call

LIST = pathlib.Path(__file__).resolve().parents[2] / "cmake/tern_busy_functions.txt"
HEAD = """\
# Functions that a delivery of 2 KB runs: of one in clear to an address, and what DATA, names and TLS
# add. Written by scripts/bench --only layout; a name that no longer exists matches
# nothing, and a new function is found where the rest of ours is, so the list is written again when
# the page faults of the bench suite have grown.
"""


def aliases(program):
    """Each name of a function with all names of the same code: complete-object constructors are
    aliases, and the optimiser folds functions that are alike. A section is called after one of
    them."""
    at = {}
    for line in call("nm", "--defined-only", program).splitlines():
        address, kind, name = line.split(" ", 2)
        if kind in "tTwW":
            at.setdefault(address, []).append(name)
    return {name: names for names in at.values() for name in names}


def functions(suite, contender, others):
    """The names (mangled, without what the optimiser appends) of C++ that a delivery runs."""
    suite.bench.once(contender, suite.messages.of(SIZE), "valgrind", "--tool=callgrind",
                     "--demangle=no", f"--callgrind-out-file={suite.work}/callgrind.out")
    ran = re.findall(r"^c?fn=\(\d+\) ([^\s']+)", (suite.work / "callgrind.out").read_text(), re.M)
    return {re.sub(r"\.(lto_priv|isra|constprop|part|cold)\b.*", "", name)
            for each in ran for name in others.get(each, [each]) if name.startswith("_Z")}


def run(suite):
    resolver(suite)
    suite.sink("layout", ADDRESS, "--dns", f"{DOMAIN}=MX 10 {EXCHANGER}",
               "--dns", f"{EXCHANGER}={ADDRESS}", "--self-signed", EXCHANGER)
    tern, sinks = suite.contenders.tern, suite.sinks
    names, others = {}, aliases(suite.programs / "qmail-remote")
    for kind, contender in (("plain", tern(sinks["plain"].address, TO)),
                            ("more", tern(sinks["plain_data"].address, TO)),
                            ("more", tern(ADDRESS, TO, host=DOMAIN))):
        for name in sorted(functions(suite, contender, others)):
            names.setdefault(name, kind)
    LIST.write_text(HEAD + "".join(f"{kind} {name}\n" for name, kind in names.items()))
    print(f"written: {LIST}, {len(names)} functions")
