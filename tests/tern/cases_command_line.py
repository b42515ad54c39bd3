# Options, help, version, exit statuses: what a shell and a script see of tern.
import subprocess


def help_for_each(t):
    t.asks("--help")
    t.tells("probe", "check", "route")
    for subcommand in ("probe", "check", "route"):
        t.asks(subcommand, "--help")
        t.tells("Usage: tern " + subcommand, "--json", "--color")


def version(t):
    t.asks("--version")
    t.check(t.text.startswith("tern 0."), f"version: {t.text!r}")


def wrong_usage(t):
    for words in ((), ("unheard-of",), ("probe",), ("probe", "a.example", "b.example"),
                  ("probe", "--timeout", "0", "a.example"), ("route", "a@b.example"),
                  ("probe", "--color", "perhaps", "a.example"), ("check", "too-much")):
        t.asks(*words, status=2)
        t.check(t.complaint or t.text, f"{words}: not a word")


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
    t.never_tells("\x1b")
    t.asks("probe", "198.51.100.77", "--color", "always", status=1)
    t.tells("\x1b[")


def colour_on_a_terminal(t):
    """script(1) makes a terminal; NO_COLOR takes the colour away."""
    for wanted, environment in ((True, {}), (False, {"NO_COLOR": "1"}), (True, {"NO_COLOR": ""})):
        shown = subprocess.run(
            ["script", "-qec", f"{t.binaries}/tern probe 198.51.100.77", "/dev/null"],
            env={"PATH": "/usr/bin:/bin", "QMAILHOME": str(t.home), **environment},
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=30).stdout
        t.equal(b"\x1b[" in shown, wanted, f"colour with {environment}: {shown!r}")
