# One question to tern: the world of a delivery (tests/compat), the run, and its answer. What must
# hold of every answer (no control character, no secret, JSON that parses) is checked here.
import json
import re

from harness.delivery import Delivery

# Whatever else a case does: these never come out.
SECRETS = ("geheim", "c2VjcmV0", "tok-123")


class Question(Delivery):
    """What a case receives: the world it may furnish, and the run."""

    def asks(self, *words, status=0, **how):
        """Runs tern; its exit status must be this one. Gives what it printed."""
        self.run(list(words), program="tern", checked=False, **how)
        self.transcript.append(f"tern {' '.join(map(str, words))}: {self.status}")
        self.transcript += self.text.splitlines() + self.complaint.splitlines()
        self.equal(self.status, status, "exit status")
        coloured = "always" in words
        visible = re.sub(r"\x1b\[[0-9;]*m", "", self.text) if coloured else self.text
        for text in (visible, self.complaint):
            if bad := re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", text):
                self.problem(f"{bad[0]!r} reached the terminal in {text!r}")
            for secret in SECRETS:
                self.check(secret not in text, f"the secret {secret} came out")
        return self.text

    def asks_json(self, *words, status=0, **how):
        """The same with --json; gives the object."""
        self.asks(*words, "--json", status=status, **how)
        try:
            return json.loads(self.text)
        except ValueError as error:
            self.problem(f"no JSON: {error}: {self.text!r} {self.complaint!r}")
            raise

    @property
    def text(self):
        return self.out.decode("utf-8", "surrogateescape")

    @property
    def complaint(self):
        return self.err.decode("utf-8", "surrogateescape")

    def prints(self, *phrases):
        """Each phrase is in what was printed."""
        for phrase in phrases:
            self.check(phrase in self.text, f"expected {phrase!r} in\n{self.text}{self.complaint}")

    def never_prints(self, *phrases):
        for phrase in phrases:
            self.check(phrase not in self.text, f"did not expect {phrase!r} in\n{self.text}")

    def complains(self, *phrases):
        """Each phrase is on standard error."""
        for phrase in phrases:
            self.check(phrase in self.complaint,
                       f"expected {phrase!r} on stderr, got {self.complaint!r}")
