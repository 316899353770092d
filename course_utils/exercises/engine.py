"""An exercise: a question with its numbers, the check, the hints, the solution."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np

from course_utils.exercises.judging import Judge, safely
from course_utils.exercises.outcomes import CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome, Text

MOST_DRAWS = 100
SWITCH = "UNROLLED_SOLUTIONS"  # an instructor sets it to "off"


@dataclass(frozen=True)
class Slip:
    """A wrong answer that people really give. answer: what they get; why: one sentence that helps."""

    answer: Any
    why: str


@dataclass(frozen=True)
class Variant:
    """A question with numbers put in.

    ask:      the question
    answer:   the right answer, computed
    praise:   one sentence that says why it is right
    slips:    the classic wrong answers
    hints:    from a nudge to almost everything
    code:     Python that leaves the right answer in the name ``answer``; it may use ``given``
    given:    arrays that the question hands out
    options:  for a choice: the texts to choose from
    reveal:   for a prediction: what is shown after the first answer, right or wrong
    """

    ask: str
    answer: Any
    praise: str
    slips: tuple[Slip, ...]
    hints: tuple[str, ...]
    code: str
    given: SimpleNamespace = field(default_factory=SimpleNamespace)
    options: tuple[str, ...] = ()
    reveal: str = ""


class Exercise:
    """A question to answer. Shows itself; nothing that a student passes to it raises.

    ``check(answer)`` says whether the answer is right, and if not, why;
    ``hint()`` gives the next hint; ``solution()`` shows code that solves it;
    ``another()`` returns the same question with other numbers.
    """

    def __init__(self, make: Callable[[np.random.Generator], Variant], judge: Judge, *, number: int = 0):
        """make: draws the numbers of a variant; judge: compares answers; number: which variant."""
        self._make, self._judge, self._number = make, judge, number
        own = crc32(make.__name__.encode())  # so that the exercises of a lesson do not all draw the same numbers
        self.variant = _draw(make, judge, np.random.default_rng((own, number)))
        self._hints_given = 0

    @property
    def given(self) -> SimpleNamespace:
        """The arrays that the question hands out."""
        return self.variant.given

    def check(self, answer: Any = ...) -> Outcome:
        """Judge an answer; three dots mean that there is none yet."""
        if answer is ...:
            return Outcome(NOT_ATTEMPTED, "Put your answer in the place of the three dots and run the cell again.")
        outcome = self._judged(answer)
        reveal = f" {self.variant.reveal}" if self.variant.reveal else ""
        return Outcome(outcome.kind, outcome.message + reveal)

    def _judged(self, answer: Any) -> Outcome:
        verdict = safely(self._judge, answer, self.variant.answer)
        if verdict is True:
            return Outcome(CORRECT, self.variant.praise)
        reasons = (slip.why for slip in self.variant.slips if safely(self._judge, answer, slip.answer) is True)
        said = verdict if isinstance(verdict, str) else "Look at the picture again, or ask for a hint()."
        return Outcome(INCORRECT, next(reasons, said))

    def choose(self) -> Any:
        """Return buttons, one for each option; the outcome stands below them. For a choice only."""
        from course_utils.exercises.choosing import buttons

        if not self.variant.options:
            raise TypeError("This question is no choice: put your answer into check(answer).")
        return buttons(self.variant.ask, self.variant.options, self.check)

    def hint(self) -> Text:
        """Return the next hint; after the last one, the last again."""
        last = len(self.variant.hints) - 1
        place = min(self._hints_given, last)
        self._hints_given += 1
        return Text(f"Hint {place + 1} of {last + 1}:", self.variant.hints[place])

    def solution(self) -> Text:
        """Return code that solves the question, and the reason.

        Where an instructor has set the environment variable UNROLLED_SOLUTIONS to "off", it says so instead.
        """
        if os.environ.get(SWITCH, "").strip().casefold() in ("off", "0", "no", "false"):
            return Text("Solution:", "Your instructor has switched the solutions off: ask for a hint().")
        return Text("Solution:", self.variant.praise, self.variant.code)

    def another(self) -> "Exercise":
        """Return the same question with other numbers."""
        return Exercise(self._make, self._judge, number=self._number + 1)

    def __repr__(self) -> str:
        choices = "\n".join(f"- {option}" for option in self.variant.options)
        return repr(Text("Question:", self.variant.ask, choices))

    def _repr_html_(self) -> str:
        return Text("Question:", self.variant.ask)._repr_html_()


def _draw(make: Callable[[np.random.Generator], Variant], judge: Judge, random: np.random.Generator) -> Variant:
    """Draw numbers until no slip gives the right answer, or another slip's, by luck."""
    for _ in range(MOST_DRAWS):
        variant = make(random)
        answers = [variant.answer, *(slip.answer for slip in variant.slips)]
        if not any(judge(one, other) is True for one, other in combinations(answers, 2)):
            return variant
    raise ValueError(f"{make.__name__} drew {MOST_DRAWS} variants in which two answers fall together.")
