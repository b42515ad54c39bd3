# The words of the public headers: each type is in docs/glossary.md, either with what it means here
# or in the list of those that mean what the field means; and what is there is a type.
import re

GLOSSARY = "docs/glossary.md"
OURS, FIELD = "## Types of our own", "## Types that mean what the field means"
TYPE = re.compile(r"^(?:class|struct|enum(?: class)?) (?:\[\[nodiscard\]\] )?(\w+)(?: final)?"
                  r"(?: : [^{;]*)?\s*\{|^using (\w+) =", re.M)
INNER = re.compile(r"^namespace detail \{.*?^\}  // namespace detail", re.M | re.S)


def types(tree):
    """Each type of a namespace, with the first header that has it."""
    found = {}
    for name, text in tree.cpp().items():
        if name.endswith(".hpp") and not name.startswith("src/sink/"):  # has words of its own
            for match in TYPE.finditer(INNER.sub("", text)):
                found.setdefault(match[1] or match[2], name)
    return found


def part(text, heading):
    """What is below a heading, up to the next one."""
    return (text + "\n## ").partition(heading + "\n")[2].partition("\n## ")[0]


def glossary(tree):
    """Each type of a public header has its entry, and no entry is left over."""
    known, text = types(tree), tree.texts.get(GLOSSARY, "")
    ours = re.findall(r"\*\*(\w+)\*\*", part(text, OURS))
    field = re.findall(r"`(\w+)`", part(text, FIELD))
    for name in sorted(known.keys() - {*ours, *field}):
        yield f"{known[name]}: {name} is not in {GLOSSARY}"
    for name in sorted({*ours, *field} - known.keys()):
        yield f"{GLOSSARY}: no header of src/ has a type {name}"
    for name in sorted({*ours} & {*field} | {name for name in ours if ours.count(name) > 1}):
        yield f"{GLOSSARY}: {name} is there twice"


CHECKS = (glossary,)

WORDS = {GLOSSARY: f"# Words\n\n{OURS}\n- **Chat**: x.\n- **Old**: y.\n\n{FIELD}\n`Reply`\n"}
HEADER = ("struct Chat {\n    enum class Inner {\n        a,\n    };\n};\nclass Later;\n"
          "namespace detail {\nclass Hidden {\n};\nclass B {\n};\n}  // namespace detail\n")

# check, files of a tree, how many problems it must find there
SELF_TESTS = (
    (glossary, {**WORDS, "src/base/a.hpp": HEADER + "class Old final : public A {\n"
                         "using Reply = int;\n"}, 0),
    (glossary, {**WORDS, "src/base/a.hpp": HEADER + "template <class T>\nclass Fresh {\n"}, 3),
    (glossary, {"src/base/a.hpp": HEADER}, 1),
    (glossary, {GLOSSARY: f"{OURS}\n- **Chat**: x.\n- **Chat**: y.\n", "src/a/a.hpp": HEADER}, 1),
    (glossary, {GLOSSARY: f"{FIELD}\n`Chat`\n\n## More\n`Word`\n", "src/base/a.hpp": HEADER}, 0),
)
