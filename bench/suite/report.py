# What was measured as a page: machine, targets, tables. Gives Markdown; measures nothing.
import json

TARGETS = ["", "must", "aim for", "measured", "met?"]


def markdown(suite):
    lines = ["# Measured by scripts/bench", ""]
    lines += ["Made by each full run; ratios are within a round, as median (first to third "
              "quartile). CPU is user and system time by wait4(2).", "", "## Machine"]
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in suite.facts.items()]
    if suite.targets:
        lines += ["", "## Targets", "", *grid(TARGETS, suite.targets)]
    for title, header, rows, note in suite.tables:
        lines += ["", f"## {title}", ""]
        if note:
            lines += [note, ""]
        lines += grid(header, rows)
    return "\n".join(lines) + "\n"


def grid(header, rows):
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"


def as_json(suite):
    return json.dumps({"facts": suite.facts, "data": suite.data,
                       "targets": [dict(zip(("what", "must", "aim", "measured", "met"), row))
                                   for row in suite.targets]}, indent=1) + "\n"
