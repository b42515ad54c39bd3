# Plain English where an operator reads it: words that do not come back into string literals, man
# pages and README, and DIAGNOSTICS of qmail-remote(8) against the code that prints reports.
import re

# what is looked for: what to write, and why
PHRASES = (
    (r"is demanded by|was not achieved|demands? TLS|TLS is demanded",
     "X requires TLS, but TLS with Y failed: subject, verb, object"),
    (r"spoke before", "the server sent data before ...: a program does not speak"),
    (r"no progress with", "timed out after N seconds waiting for ...: the field's term"),
    (r"which is no answer", "which is not a valid reply to that command"),
    (r"timed out lately|answer lately|\blately\b", "recently: one word, one meaning"),
    (r"can(?:not)? be dialled|are never dialled", "has no usable address: nothing is dialled"),
    (r"plaintext came|came behind", "the server sent unencrypted data after ..."),
    (r"as an attacker would", "(possible command injection attack)"),
    (r"[Nn]obody (?:listens|reads|is let)", "say what is or is not done, and by which program"),
    (r"\bfor now\b", "temporarily unavailable, or temporary failure"),
    (r"\b[Ww]hoever\b", "anyone able to ..."),
    (r"leads? nowhere", "a dangling symbolic link: the field's term"),
    (r"fits? no host", "matches nothing: the field's term"),
    (r"\boverrul", "overrides"),
    (r"says hello", "EHLO name"),
    (r"ways? out\b", "routing, relays"),
    (r"\bbehind (?:the|a|an|any|each|it|them|STARTTLS)\b", "after, or that ... runs"),
    (r"(?<!', )\b(?:told|tells?)\b", "report, say, announce, describe"),
    (r"\baffair\b", "say who decides"),
    (r"\bvouch", "verifies, or has signed"),
    (r"\bstands? (?:for|in|there|twice|alone|at)\b", "is, is written, matches: nothing stands"),
    (r"\bis no (?!more\b|longer\b|other\b|default\b|TLS\b)\w+", "is not a ..."),
    (r"\bsaid no\b|\bsays? no\b", "rejected, refused"),
    (r"mail (?:would )?waits?\b", "is deferred: the queue's term"),
    (r"trouble of our own", "say which program failed"),
)
BANNED = tuple((re.compile(pattern), instead) for pattern, instead in PHRASES)
INCLUDE_OR_COMMENT = re.compile(r'^[ \t]*#[^\n]*|(?<!:)//[^\n]*', re.M)
LITERAL = r'"(?:\\.|[^"\\\n])*"'
LITERALS = re.compile(rf'{LITERAL}(?:\s*{LITERAL})*')
SECTION = re.compile(r"^\.Sh DIAGNOSTICS\n(.*?)(?=^\.Sh )", re.M | re.S)
# All that prints sentences of a report; what others find out is the REASON of one.
PRINTERS = ("src/apps/qmail_remote.cpp", "src/delivery/deliver.cpp",
            *(f"src/delivery/{name}.cpp"
              for name in ("report", "outcome", "rounds", "split", "redact")))
PLACES = re.compile(r"\b(?:IP|SERVER|FILE|HOST|REASON|REPLY)\b")


def without_comments(text):
    """C++ without comments and directives, with its lines where they were."""
    return INCLUDE_OR_COMMENT.sub("", text)


def literals(text):
    """Each literal with its position; neighbours are one, as they are to the compiler."""
    for found in LITERALS.finditer(text):
        yield found.start(), "".join(part[1:-1] for part in re.findall(LITERAL, found[0]))


def voice(tree):
    """No phrase of the list is in a string literal of src/, a manual page or README.md."""
    def read(name, text, start):
        flat = text.replace("\\n", " ").replace("\n", " ") if name.endswith(".cpp") else text
        for pattern, instead in BANNED:
            for found in pattern.finditer(flat):
                yield f"{name}:{start + text.count(chr(10), 0, found.start())}: " \
                      f"\"{found[0]}\": write {instead}"
    for name, text in tree.cpp().items():
        code = without_comments(text)
        for position, words in literals(code):
            if " " in words:
                yield from read(name, words, code.count("\n", 0, position) + 1)
    for name, text in tree.texts.items():
        if name == "README.md" or (name.startswith("man/") and name.endswith(".8")):
            yield from read(name, text, 1)


def sentences(words):
    """The fixed words of a literal: without escapes, letter of the report and status code."""
    words = re.sub(r'\\"', '"', words)
    for line in re.split(r"\\n|\\0", re.sub(r"^[ZD](?=[A-Z])", "", words)):
        for piece in re.split(r"\(#[\d.]*\)?", line):
            if piece.strip(" .:,;)") and not piece.startswith("usage:"):
                yield piece.strip()


def entries(section):
    lines = section.replace("\\\n", "")
    return [" ".join(item.replace('"', "").split())
            for item in re.findall(r"^\.It (.*)$", lines, re.M)]


def diagnostics(tree):
    """Each sentence of a report has its entry in DIAGNOSTICS, and each entry is one of these."""
    manual = "man/qmail-remote.8"
    section = SECTION.search(tree.texts.get(manual, ""))
    items = entries(section[1]) if section else []
    known = set()
    for name in PRINTERS:
        text = without_comments(tree.texts.get(name, ""))
        for position, words in literals(text):
            for piece in sentences(words):
                known.add(piece)
                if not re.search(r"[A-Za-z'] .*[A-Za-z]{2}", piece):  # not a sentence's part
                    continue
                if not any(piece in item for item in items):
                    yield f"{name}:{line_at(text, position)}: {manual} has no entry " \
                          f"of DIAGNOSTICS with \"{piece}\""
    for item in items:
        rest = item
        for piece in sorted(known, key=len, reverse=True):
            rest = rest.replace(piece, "|")
        rest = PLACES.sub("|", rest)
        if re.search(r"[A-Za-z]", rest):
            yield f"{manual}: DIAGNOSTICS: no report says \"{item}\" (left over: \"{rest}\")"


def line_at(text, position):
    return text.count("\n", 0, position) + 1


CHECKS = (voice, diagnostics)

REPORT = {"src/delivery/report.cpp":
          'f("Connected to ", ip, " but it "\n  "died. ", r, " (#4.2)\\n");'}


def manual_of(*items):
    body = "".join(f".It {item}\nWhat to do.\n" for item in items)
    return {"man/qmail-remote.8": f".Sh DIAGNOSTICS\n{body}.Sh FILES\n.It other\n"}


SELF_TESTS = (
    (voice, {"src/a/b.cpp": '// nobody reads it lately\nf("timed out recently");\n'}, 0),
    (voice, {"src/a/b.cpp": 'f("timed out "\n  "lately");\ng("TLS is demanded by ");\n'}, 2),
    (voice, {"man/a.8": "data after STARTTLS\n", "docs/b.md": "a link that leads nowhere\n"}, 0),
    (voice, {"man/a.8": "a link that leads nowhere\n", "README.md": "*.x fits no host\n"}, 2),
    (diagnostics, {**REPORT, **manual_of('"Connected to IP but it \\\ndied. REASON"')}, 0),
    (diagnostics, {**REPORT, **manual_of('"Connected to IP"')}, 1),
    (diagnostics, {**REPORT, **manual_of('"Connected to IP but it died."', '"It lives."')}, 1),
)
