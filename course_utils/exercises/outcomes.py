"""What a check says, and how text looks in a notebook and in a terminal."""

from dataclasses import dataclass
from html import escape

CORRECT, INCORRECT, NOT_ATTEMPTED = "correct", "incorrect", "not attempted"
_SIGNS = {CORRECT: "✔", INCORRECT: "✘", NOT_ATTEMPTED: "…"}
_HEADINGS = {CORRECT: "Correct.", INCORRECT: "Not yet.", NOT_ATTEMPTED: "Not attempted."}
_COLOURS = {CORRECT: "#0072B2", INCORRECT: "#D55E00", NOT_ATTEMPTED: "#7B8794"}


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    kind:    "correct", "incorrect" or "not attempted"
    message: why, in one sentence
    shown:   for a prediction: the code that was run after the answer, and what it printed

    >>> print(Outcome("incorrect", "The bias is missing."))
    ✘ Not yet. The bias is missing.
    """

    kind: str
    message: str
    shown: str = ""

    @property
    def heading(self) -> str:
        """A sign and a word or two."""
        return f"{_SIGNS[self.kind]} {_HEADINGS[self.kind]}"

    def __str__(self) -> str:
        return "\n".join(part for part in (f"{self.heading} {self.message}", self.shown) if part)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return card(self.heading, self.message, _COLOURS[self.kind], self.shown)


@dataclass(frozen=True)
class Text:
    """A hint or a solution. heading: a word or two; body: the text; code: Python that can be run."""

    heading: str
    body: str
    code: str = ""

    def __str__(self) -> str:
        return "\n".join(part for part in (f"{self.heading} {self.body}", self.code) if part)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return card(self.heading, self.body, _COLOURS[CORRECT], self.code)


def card(heading: str, body: str, colour: str, code: str = "") -> str:
    """Return a short text with a coloured edge; the words carry the meaning, not the colour."""
    block = f"<pre>{escape(code)}</pre>" if code else ""
    text = escape(body).replace("\n", "<br>")
    return f'<div style="border-left:5px solid {colour};padding:2px 12px"><b>{escape(heading)}</b> {text}{block}</div>'
