# Plain English where an operator reads it: words that do not come back into string literals, man
# pages and README, nor odd ones into tests, tools and documents.
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
# and in all texts of these places, comments and names included (silent_lately is a JSON key)
ODD_WORDS = re.compile(r"(?<![A-Za-z])(?:whoever|somebody|anew|strewn|affair|(?<!silent_)lately)"
                       r"(?![a-z])", re.I)
TESTS = ("compat", "conversation", "end_to_end", "fuzz", "harness", "hosts", "packaging", "tern")
PLACES = ("sink/", "scripts/", "packaging/", "cmake/", "docs/", "man/",
          *(f"tests/{folder}/" for folder in TESTS))
BANNED = tuple((re.compile(pattern), instead) for pattern, instead in PHRASES)
INCLUDE_OR_COMMENT = re.compile(r'^[ \t]*#[^\n]*|(?<!:)//[^\n]*', re.M)
QUOTATION_MARK = re.compile(r"""'\\?"'""")
LITERAL = r'"(?:\\.|[^"\\\n])*"'
LITERALS = re.compile(rf'{LITERAL}(?:\s*{LITERAL})*')


def without_comments(text):
    """C++ without comments, directives and '"'; lines keep their place."""
    return INCLUDE_OR_COMMENT.sub("", QUOTATION_MARK.sub("' '", text))


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


def plain_words(tree):
    """No odd word is in tests, tools and documents."""
    for name, text in tree.texts.items():
        if not name.startswith(PLACES) or name == "scripts/tidy.d/voice.py":
            continue
        for found in ODD_WORDS.finditer(text):
            yield f"{name}:{line_at(text, found.start())}: \"{found[0]}\": write plain English"


def line_at(text, position):
    return text.count("\n", 0, position) + 1


CHECKS = (voice, plain_words)

SELF_TESTS = (
    (voice, {"src/a/b.cpp": '// nobody reads it lately\nf("timed out recently");\n'}, 0),
    (voice, {"src/a/b.cpp": 'f("timed out "\n  "lately");\ng("TLS is demanded by ");\n'}, 2),
    (voice, {"man/a.8": "data after STARTTLS\n", "docs/b.md": "a link that leads nowhere\n"}, 0),
    (voice, {"man/a.8": "a link that leads nowhere\n", "README.md": "*.x fits no host\n"}, 2),
    (plain_words, {"sink/a.cpp": "// Some body\n", "src/b.cpp": "// read anew\n"}, 0),
    (plain_words, {"tests/tern/a.py": "def somebody_came():\n", "docs/b.md": "made anew\n"}, 2),
)
