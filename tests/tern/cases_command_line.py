# Options, help, version, exit statuses: what a shell and a script see of tern.
import pathlib
import re
import subprocess

COMPLETIONS = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "completions"


def help_for_each(t):
    t.asks("--help")
    t.prints("probe", "check", "route")
    for subcommand in ("probe", "check", "route"):
        t.asks(subcommand, "--help")
        t.prints("Usage: tern " + subcommand, "--json", "--color")


def version(t):
    t.asks("--version")
    t.check(t.text.startswith("tern 0."), f"version: {t.text!r}")


def wrong_usage(t):
    for words in ((), ("unheard-of",), ("probe",), ("probe", "a.example", "b.example"),
                  ("probe", "--timeout", "0", "a.example"), ("route", "a@b.example"),
                  ("probe", "--color", "perhaps", "a.example"), ("check", "too-much")):
        t.asks(*words, status=2)
        t.check(t.complaint or t.text, f"{words}: not a word")


def unknown_commands(t):
    """They are named, and so are those that there are."""
    for words in (("foo",), ("probee", "a.example"), ("--", "x")):
        t.asks(*words, status=2)
    t.asks("foo", status=2)
    t.complains('unknown command "foo"', "route, check and probe")
    t.asks(status=2)
    t.complains("no command given", "route, check and probe")


def no_home(t):
    for words in (("probe", "a.example"), ("check",), ("route", "a@b.example", "c@d.example")):
        t.asks(*words, home="/nowhere", status=111, cwd="/")
        t.complains("/nowhere")
        t.asks(*words, home="relative", status=111, cwd="/")
        t.complains("QMAILHOME")


def what_cannot_be_written(t):
    with open("/dev/full", "wb") as full:
        t.asks("probe", "198.51.100.77", status=111, stdout=full)
    t.complains("cannot write")


def colour(t):
    t.asks("probe", "198.51.100.77", status=1)
    t.never_prints("\x1b")
    t.asks("probe", "198.51.100.77", "--color", "always", status=1)
    t.prints("\x1b[")


def _on_a_terminal(t, words, setup="", environment=None):
    """What appears on a terminal, which script(1) makes."""
    return subprocess.run(
        ["script", "-qec", f"{setup} {t.binaries}/tern {words}", "/dev/null"],
        env={"PATH": "/usr/bin:/bin", "QMAILHOME": str(t.home), **(environment or {})},
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=30).stdout.decode()


def colour_on_a_terminal(t):
    """NO_COLOR takes the colour away."""
    for wanted, environment in ((True, {}), (False, {"NO_COLOR": "1"}), (True, {"NO_COLOR": ""})):
        shown = _on_a_terminal(t, "probe 198.51.100.77", environment=environment)
        t.equal("\x1b[" in shown, wanted, f"colour with {environment}: {shown!r}")


def width_of_a_terminal(t):
    """Lines break at the width of a terminal, and nowhere else."""
    t.control("helohost", "localhost")
    for name in ("outgoingips", "domainbindings", "bindroutes"):
        t.control(name, "x")
    for setup, environment, width in (("stty cols 50;", {}, 50), ("", {"COLUMNS": "44"}, 44),
                                      ("stty cols 50;", {"COLUMNS": "64"}, 64)):
        shown = _on_a_terminal(t, "check --color never", setup, environment)
        lines = shown.splitlines()
        t.check("    " in shown and len(lines) > 8, f"{environment}: {lines}")
        for line in lines:
            t.check(len(line) <= width or " " not in line.strip(), f"{width}: {line!r}")
    t.asks("check", status=1, env={"COLUMNS": "44"})
    t.check(any(len(line) > 100 for line in t.text.splitlines()), "piped output is not wrapped")


def width_of_a_terminal_on_standard_error(t):
    """The same for an error message, wherever standard output goes."""
    shown = _on_a_terminal(t, "rote >/dev/null", "stty cols 50;")
    lines = shown.splitlines()
    t.check(len(lines) > 1 and all(len(line) <= 50 for line in lines), f"{lines}")
    t.equal(" ".join(shown.split()), 'tern: unknown command "rote"; the commands are route, check '
            "and probe (see tern --help)", "words")
    t.asks("rote", status=2, env={"COLUMNS": "44"})
    t.equal(len(t.complaint.splitlines()), 1, "lines of a message that goes to a pipe")


_ASK_BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tern
printf '%s\\n' "${COMPREPLY[@]}"
"""


def _completions(*words):
    """What bash offers for the last of the words."""
    shown = subprocess.run(["bash", "-c", _ASK_BASH, "bash", COMPLETIONS / "tern.bash", *words],
                           stdout=subprocess.PIPE, text=True, check=True, timeout=30).stdout
    return set(shown.split())


def completion(t):
    """bash offers each option that --help lists, zsh's and fish's files name it."""
    t.equal(_completions("tern", ""), {"route", "check", "probe", "--help", "--version"}, "first")
    t.equal(_completions("tern", "pr"), {"probe"}, "first letters")
    t.equal(_completions("tern", "probe", "--color", "a"), {"auto", "always"}, "values")
    for subcommand in ("probe", "check", "route"):
        t.asks(subcommand, "--help")
        listed = set(re.findall(r"(?:^|[ ,])(--[a-z]+|-[46])(?= |$|,)", t.text, re.M))
        t.check("--json" in listed, f"no options found in {t.text!r}")
        t.equal(_completions("tern", subcommand, "-"), listed, f"options of {subcommand}")
        for option in listed:
            zsh = (COMPLETIONS / "_tern").read_text()
            fish = (COMPLETIONS / "tern.fish").read_text()
            t.check(option + "[" in zsh, f"zsh does not know {option}")
            t.check(re.search(rf"-[ls] {option.lstrip('-')}\b", fish), f"fish: no {option}")
