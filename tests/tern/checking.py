# What the cases of tern check share: a home without any problem, and what is found in it.
import os

QMAILR = 65534


def furnish(t):
    """A home without any mistake, notes included."""
    t.control("smtproutes", "dest.example:relay.example\n:[198.51.100.9]:2525")
    t.tcpto()
    (t.home / "queue/lock/tcpto6").write_bytes(bytes(2048))
    for table in ("tcpto", "tcpto6"):
        os.chown(t.home / "queue/lock" / table, QMAILR, QMAILR)


def check(t, *words, status=0):
    """The findings, but for the note that each host with tlshosts has (see partial_tls)."""
    answer = t.asks_json("check", "--user", f"{QMAILR}:{QMAILR}", *words, status=status)
    t.equal(answer["good"], status == 0, "good")
    return [each for each in answer["findings"]
            if each["file"] != "control/tlshosts" or each["severity"] != "note"]


def finds(t, severity, file, *phrases, line=None):
    """There is such a finding; all phrases are in its what or cure."""
    findings = check(t, status=0 if severity == "note" else 1)
    fitting = [each for each in findings
               if each["severity"] == severity and each["file"] == file
               and each.get("line") == line
               and all(phrase in each["what"] + "; " + each.get("cure", "") for phrase in phrases)]
    t.check(fitting, f"no {severity} about {file}, line {line}, with {phrases} in {findings}")
