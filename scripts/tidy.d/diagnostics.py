# DIAGNOSTICS of the manual pages against the code: each sentence that a report can contain, as a
# whole or as its reason, has an entry there, and each entry is made of what the code says.
import re

from voice import line_at, literals, without_comments

# What of qmail-remote, qmail-tcpto and qmail-tcpok is not a report: what only tern prints, and the
# list of our own phrases that a report is searched for.
NO_REPORTS = ("src/apps/tern.cpp", "src/explain/", "src/control/catalogue.", "src/tls/facts.",
              "src/delivery/own_phrases.")
# What the code looks for in a reply, and what qmail-tcpto prints where nothing is wrong.
NO_TROUBLE = {"secure connection", "seconds ago; # recent timeouts:"}
THROWN = re.compile(r"\bthrow\b[^;]*")
SENTENCE = re.compile(r"\S .*[A-Za-z]{2}|[A-Za-z]{2}.* \S")
PLAIN_WORD = re.compile(r"(?<![A-Za-z])[a-z]{2}")
STATUS_CODE = re.compile(r"\(#[\d.]*\)?")
SECTION = re.compile(r"^\.Sh DIAGNOSTICS\n(.*?)(?=^\.Sh )", re.M | re.S)
PLACES = re.compile(r"\b(?:CODE|COMMAND|FILE|HOST|IP|MECHANISM|N|NAME|REASON|REPLY|SERVER|TEXT)\b")


def pieces(words):
    """The fixed words of a literal: without escapes, letter of the report and status code."""
    words = re.sub(r'\\"|"', "", words)
    for line in re.split(r"\\[nr0]", re.sub(r"^[ZD](?=[A-Z])", "", words)):
        for piece in STATUS_CODE.split(line):
            piece = " ".join(piece.split())
            if piece.strip(".:,;()") and not piece.startswith("usage:"):
                yield piece


def said(tree):
    """(file, line, piece) of all string literals that may be a part of a report."""
    for name, text in tree.cpp().items():
        if name.startswith(NO_REPORTS):
            continue
        code = without_comments(text)
        code = THROWN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), code)
        for position, words in literals(code):
            for piece in pieces(words) if r"\r\n" not in words else ():  # that is for the wire
                yield name, line_at(code, position), piece


def is_sentence(piece):
    return SENTENCE.search(piece) and PLAIN_WORD.search(piece) and piece not in NO_TROUBLE


def entries(tree):
    """(manual page, entry) of all sections DIAGNOSTICS."""
    for name, text in tree.texts.items():
        section = SECTION.search(text) if re.fullmatch(r"man/.*\.8", name) else None
        lines = section[1].replace("\\\n", "") if section else ""
        for item in re.findall(r"^\.It (.*)$", lines, re.M):
            yield name, " ".join(item.replace('"', "").replace("\\&", "").split())


def as_words(piece):
    """A pattern for a piece as whole words: "it" is not a part of "with"."""
    before = r"(?<![A-Za-z])" if piece[0].isalpha() else ""
    after = r"(?![A-Za-z])" if piece[-1].isalpha() else ""
    return before + re.escape(piece) + after


def diagnostics(tree):
    """Each sentence of a report is in DIAGNOSTICS, and each entry there is in the code."""
    items = list(entries(tree))
    patterns = {}
    for name, line, piece in said(tree):
        pattern = patterns.setdefault(piece, re.compile(as_words(piece)))
        if is_sentence(piece) and not any(pattern.search(item) for _, item in items):
            yield f"{name}:{line}: no manual page has an entry of DIAGNOSTICS with \"{piece}\""
    known = [patterns[piece] for piece in sorted(patterns, key=len, reverse=True)]
    for manual, item in items:
        rest = item
        for pattern in known:
            rest = pattern.sub("|", rest)
        rest = PLACES.sub("|", rest)
        if re.search(r"[A-Za-z]", rest):
            yield f"{manual}: DIAGNOSTICS: no report says \"{item}\" (left over: \"{rest}\")"


CHECKS = (diagnostics,)

REPORT = {"src/delivery/report.cpp":
          'f("Connected to ", ip, " but it "\n  "died. ", r, " (#4.2)\\n");'}
REASON = {"src/tls/verify.cpp": 'return text("the certificate of ", name, " has expired");\n'}


def manual_of(*items, page="qmail-remote"):
    body = "".join(f".It {item}\nWhat to do.\n" for item in items)
    return {f"man/{page}.8": f".Sh DIAGNOSTICS\n{body}.Sh FILES\n.It other\n"}


DIED = '"Connected to IP but it \\\ndied. REASON"'
EXPIRED = '"the certificate of NAME has expired"'

SELF_TESTS = (
    (diagnostics, {**REPORT, **manual_of(DIED)}, 0),
    (diagnostics, {**REPORT, **manual_of('"Connected to IP"')}, 1),
    (diagnostics, {**REPORT, **manual_of(DIED, '"It lives."')}, 1),
    # a new reason without a line in the manual page, and a line without its reason
    (diagnostics, {**REPORT, **REASON, **manual_of(DIED, EXPIRED)}, 0),
    (diagnostics, {**REPORT, **REASON, **manual_of(DIED)}, 2),
    (diagnostics, {**REPORT, **manual_of(DIED, EXPIRED)}, 1),
    (diagnostics, {**REASON, **manual_of(EXPIRED, page="qmail-tcpto")}, 0),
    (diagnostics, {"src/sasl/a.cpp": 'return over("it is \\"too long\\"");\n',
                   **manual_of("it is too long")}, 0),
    (diagnostics, {"src/os/a.cpp": "text('\"', \"open it\", '\"'); g(\"open at two\");\n"}, 2),
    (diagnostics, {"src/os/a.cpp": 'throw E("this is a bug"); say("MAIL FROM:<"); f("a", "b");\n'
                                   'say("User-Agent: the program\\r\\n");\n',
                   "src/explain/b.cpp": 'f("would be sent to it");\n'}, 0),
)
