# Citations resolve: of the contract to a heading of docs/contract.md, of an RFC to a row of
# docs/rfc.tsv. Each row of that table names files and tests that exist, and a file that cites it.
import pathlib
import re

CONTRACT, TABLE = "docs/contract.md", "docs/rfc.tsv"
COLUMNS = ("RFC", "section", "rule", "obeyed in", "tests")
# Old words stay as they were written; the checks' own examples are not citations.
EXEMPT = ("CHANGELOG.md", "packaging/debian/copyright", "scripts/tidy", "scripts/tidy.d/")
# From one word of a citation to the next, also over the end of a line of a comment.
GAP = r'(?: |\n[ \t]*(?:///?<?|#|\*)?[ \t]*)'
SECTION = r"(?:\d{1,2}|[A-Z](?=\.\d))(?:\.\d{1,2})*"
RFC = re.compile(rf"\bRFC{GAP}(\d{{3,5}})\b(?:{GAP}({SECTION})(?![\w,]*\w))?")
OTHER_RFC = (
    re.compile(r"\bRFC-?\d{3,5}\b"),
    re.compile(r"\bRFC \d{3,5},? (?:[Ss]ections?|[Ss]ec\.|§)"),
    re.compile(rf"\bRFC \d{{3,5}} {SECTION}(?:,| and| to|-) ?\d{{1,2}}(?:\.\d{{1,2}})*\b"),
)
ANCHOR = re.compile(r"contract\.md#([\w-]*)")
OTHER_CONTRACT = re.compile(r"""(?<![\w/.|"'])[Cc]ontract(?:'s)?(?=[\s,:;)"'])""")
HEADING = re.compile(r"^#{1,6} (.*)$", re.M)


def place(name, text, position):
    return f"{name}:{text.count(chr(10), 0, position) + 1}"


def cited_in(tree):
    return {name: text for name, text in tree.texts.items() if not name.startswith(EXEMPT)}


def slug(heading):
    """The anchor that a heading has on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(tree):
    return [slug(found[1]) for found in HEADING.finditer(tree.texts.get(CONTRACT, ""))]


def contract_citations(tree):
    """Citations of the contract are contract.md#anchor, and the anchor is a heading there."""
    known = anchors(tree)
    for twice in sorted({anchor for anchor in known if known.count(anchor) > 1}):
        yield f"{CONTRACT}: two headings have the anchor {twice}"
    for name, text in cited_in(tree).items():
        links = re.finditer(r"\]\(#([\w-]*)\)", text) if name == CONTRACT else ()
        for found in (*ANCHOR.finditer(text), *links):
            if found[1] not in known:
                yield f"{place(name, text, found.start())}: {CONTRACT} has no heading #{found[1]}"
        if not name.startswith(("src/", "sink/", "tests/", "scripts/", "man/")) or \
                name.startswith("tests/contract/"):
            continue
        for found in OTHER_CONTRACT.finditer(text):
            yield f"{place(name, text, found.start())}: cite the contract as contract.md#anchor"


def contract_tests(tree):
    """Each section of the contract is cited by a test."""
    tests = "\n".join(text for name, text in cited_in(tree).items() if name.startswith("tests/"))
    cited = set(ANCHOR.findall(tests))
    parts = re.split(r"^(?=#)", tree.texts.get(CONTRACT, ""), flags=re.M)
    for part in parts:
        heading, _, body = part.partition("\n")
        anchor = slug(heading.lstrip("#"))
        if heading.startswith("##") and body.strip() and anchor not in cited:
            yield f"{CONTRACT}: no test cites #{anchor}"


def rows(tree):
    """Number of the line and columns of each row below the head."""
    lines = tree.texts.get(TABLE, "").splitlines()
    return [(number, line.split("\t")) for number, line in enumerate(lines, 1) if number > 1]


def rfc_citations(tree):
    """Citations of RFCs are "RFC 5321 4.5.2", or the RFC alone, and docs/rfc.tsv has them."""
    known = {(row[0], row[1]) for _, row in rows(tree) if len(row) > 1}
    numbers = {number for number, _ in known}
    for name, text in cited_in(tree).items():
        for found in RFC.finditer(text):
            number, section = found[1], found[2]
            if number not in numbers or section and (number, section) not in known:
                yield (f"{place(name, text, found.start())}: {TABLE} has no row for RFC {number}"
                       f"{' ' + section if section else ''}")
        for other in OTHER_RFC:
            for found in other.finditer(text):
                yield (f"{place(name, text, found.start())}: write \"{found[0]}\" as RFC number "
                       "section, each section with its RFC")


def order(row):
    sections = () if row[1] == "-" else row[1].split(".")
    return int(row[0]), [(not part.isdigit(), int(part) if part.isdigit() else part)
                         for part in sections]


def test_file(tree, test):
    """The file of a test: a path, or the name of a conversation in whatever folder."""
    if "/" in test:
        return test if test in tree.texts else None
    return next((name for name in tree.texts if name.startswith("tests/conversation/")
                 and pathlib.PurePosixPath(name).name == test + ".smtp"), None)


def cites(tree, name, row):
    return any(found[1] == row[0] and row[1] in ("-", found[2])
               for found in RFC.finditer(tree.texts.get(name, "")))


def row_problems(tree, row):
    if len(row) != len(COLUMNS) or not all(row):
        yield f"a row has the columns {', '.join(COLUMNS)}"
        return
    if not re.fullmatch(r"\d{3,5}", row[0]) or not re.fullmatch(rf"-|{SECTION}", row[1]):
        yield f"RFC {row[0]} {row[1]} is not the number of an RFC and a section"
        return
    files = [] if row[3] == "-" else row[3].split()
    tests = row[4].split()
    for name in files:
        if name not in tree.texts:
            yield f"there is no file {name}"
        elif not cites(tree, name, row):
            yield f"{name} does not cite RFC {row[0]} {row[1]}"
    for test in tests:
        if test_file(tree, test) is None:
            yield f"there is no test {test}"
    # A rule that no source obeys is a test's: it has the citation.
    found = [test_file(tree, test) for test in tests]
    if not files and not any(name and cites(tree, name, row) for name in found):
        yield f"neither a file nor a test cites RFC {row[0]} {row[1]}"


def rfc_table(tree):
    """docs/rfc.tsv: in order, no row twice, files and tests that exist and cite what it says."""
    lines = tree.texts.get(TABLE, "").splitlines()
    if not lines or tuple(lines[0].split("\t")) != COLUMNS:
        yield f"{TABLE}:1: the head is {', '.join(COLUMNS)}, separated by tabs"
        return
    well_formed = []
    for number, row in rows(tree):
        problems = list(row_problems(tree, row))
        yield from (f"{TABLE}:{number}: {problem}" for problem in problems)
        if not problems:
            well_formed.append((number, row))
    for (_, before), (number, row) in zip(well_formed, well_formed[1:]):
        if order(before) > order(row):
            yield f"{TABLE}:{number}: rows are in the order of RFC and section"
        if before == row:
            yield f"{TABLE}:{number}: the row is there twice"


CHECKS = (contract_citations, contract_tests, rfc_citations, rfc_table)

TEXT = {CONTRACT: "# The contract\n[reports](#reports)\n## Reports\nx\n## The {x} \"body\", 5.6\n"
                  "[b](#the-x-body-56)\n### Body\n"}
HEAD = "\t".join(COLUMNS) + "\n"
ROW = "5321\t4.5.2\tDots are doubled.\tsrc/a.cpp\ttests/t.cpp dots\n"
ROWS = {TABLE: HEAD + ROW, "src/a.cpp": "// RFC 5321 4.5.2: doubled.\n", "tests/t.cpp": "",
        "tests/conversation/body/dots.smtp": "# RFC 5321 4.5.2.\n"}
TWO = "2920\t3.1\tGroups.\tsrc/b.cpp\tdots\n"


def table(text):
    return {**ROWS, TABLE: HEAD + text, "src/b.cpp": "// RFC 2920\n/// 3.1\n"}


# check, files of a tree, how many problems it must find there
SELF_TESTS = (
    (contract_citations, {**TEXT, "src/a.cpp": "// contract.md#reports, contract.md#body\n"}, 0),
    (contract_citations, {**TEXT, "src/a.cpp": "// (contract.md#report)\n"}, 1),
    (contract_citations, {**TEXT, "docs/b.md": "[x](contract.md#gone) and contract.md#\n"}, 2),
    (contract_citations, {"src/a.cpp": "// contract.md#reports\n"}, 1),
    (contract_citations, {CONTRACT: "# A b\n## A B\n[c](#c)\n"}, 2),
    (contract_citations, {**TEXT, "src/a.cpp": "// Contract, Reports\n// (contract: x)\n"}, 2),
    (contract_citations, {**TEXT, "tests/a.py": "# the contract's phrases\n"}, 1),
    (contract_citations, {**TEXT, "tests/contract/a.hpp": "// The Stream contract.\n",
                          "src/a.cpp": '#include "contract/a.hpp"\nResolverContract contracts\n',
                          "README.md": "the contract, as it is\n"}, 0),
    (contract_tests, {**TEXT, "tests/a.py": "# contract.md#reports contract.md#the-x-body-56"}, 0),
    (contract_tests, {**TEXT, "src/a.cpp": "// contract.md#reports\n"}, 2),
    (rfc_citations, {**ROWS, "a.md": "RFC 5321 (SMTP), RFC 5321's; XN_FLAG_RFC2253\n"}, 0),
    (rfc_citations, {**ROWS, "man/a.8": "see RFC\n5321, RFC 5321 4.5.2, and\n"}, 0),
    (rfc_citations, {**ROWS, "src/b.cpp": "// RFC 5321 4.5.3\n// RFC 5321 4\n// RFC 821\n"}, 3),
    (rfc_citations, {**ROWS, "src/b.cpp": "// (RFC\n///  5321 4.5)\n// RFC 5321\n// 4.5.2"}, 1),
    (rfc_citations, {**ROWS, "src/b.cpp": "// RFC 5321, section 4.5.2; RFC5321\n"}, 2),
    (rfc_citations, {**ROWS, "src/b.cpp": "// RFC 5321 4.5.2 and 4.5.3, RFC 5321 4, 5"}, 3),
    (rfc_citations, {**ROWS, "src/b.cpp": "// RFC 5321 4.5.2: 512 bytes; RFC 5321 4.5.2 is"}, 0),
    (rfc_table, table(TWO + ROW), 0),
    (rfc_table, {TABLE: "RFC\tsection\n" + ROW}, 1),
    (rfc_table, {}, 1),
    (rfc_table, table(ROW + TWO), 1),
    (rfc_table, table(ROW + ROW), 1),
    (rfc_table, table("5321\t4.5.2\tDots.\tsrc/a.cpp\n\n"), 2),
    (rfc_table, table("5321\tfour\tDots.\tsrc/a.cpp\tdots\n"), 1),
    (rfc_table, table("5321\t4.5.2\tDots.\tsrc/gone.cpp\tdots\n"), 1),
    (rfc_table, table("5321\t4.5.2\tDots.\tsrc/a.cpp\tgone tests/gone.cpp\n"), 2),
    (rfc_table, table("5321\t4.5\tDots.\tsrc/a.cpp\tdots\n"), 1),
    (rfc_table, table("5321\t-\tSMTP.\tsrc/a.cpp\tdots\n"), 0),
    (rfc_table, table("5321\t4.5.2\tDots.\t-\tdots\n"), 0),
    (rfc_table, table("5321\t4.5.2\tDots.\t-\ttests/t.cpp\n"), 1),
)
