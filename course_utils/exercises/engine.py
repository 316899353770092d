"""An exercise: a question with its numbers, the check, the hints, the solution."""

import io
import os
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import combinations
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np

from course_utils.exercises.answers import Refused
from course_utils.exercises.judging import Judge, safely
from course_utils.exercises.outcomes import CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome, Text
from course_utils.quiet import quiet_start

MOST_DRAWS = 100
MARGIN = 3  # two answers of one question are at least this many tolerances apart
SWITCH = "UNROLLED_SOLUTIONS"  # an instructor sets it to "off"


@dataclass(frozen=True)
class Slip:
    """A wrong answer that people really give. answer: what they get; why: one sentence that helps."""

    answer: Any
    why: str


@dataclass(frozen=True, repr=False)
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
    reveal:   for a prediction: Python that prints what happens; it may use ``given``. It is run, and shown
              with what it prints, after an answer that is of the right kind, be it right or wrong
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

    def __repr__(self) -> str:
        return f"Variant({self.ask!r})"  # not the solution


class Exercise:
    """A question to answer. Shows itself; nothing that a student passes to it raises.

    ``check(answer)`` says whether the answer is right, and if not, why;
    ``hint()`` gives the next hint; ``solution()`` shows code that solves it;
    ``another()`` returns the same question with other numbers.
    """

    def __init__(self, make: Callable[[np.random.Generator], Variant], judge: Judge, *, number: int = 0):
        """make: draws the numbers of a variant; judge: compares answers; number: which variant."""
        self._make, self.judge, self._number = make, judge, number
        own = crc32(make.__name__.encode())  # so that the exercises of a lesson do not all draw the same numbers
        self.variant, (self._right, *self._wrong) = _draw(make, judge, np.random.default_rng((own, number)))
        self._hints_given = 0

    @property
    def given(self) -> SimpleNamespace:
        """The arrays that the question hands out: new copies each time, so that they may be changed."""
        return deepcopy(self.variant.given)

    def check(self, answer: Any = ..., *more: Any) -> Outcome:
        """Judge an answer; three dots mean that there is none yet."""
        if more:
            return Outcome(INCORRECT, "check takes one answer. For a shape, write check((2, 3)), with two brackets.")
        if answer is ...:
            return Outcome(NOT_ATTEMPTED, "Put your answer in the place of the three dots and run the cell again.")
        try:
            outcome = self._verdict(safely(self.judge, answer, self.variant.answer))
        except Refused as refusal:
            return Outcome(INCORRECT, str(refusal))
        shown = _run_and_show(self.variant.reveal, self.given) if self.variant.reveal else ""
        return replace(outcome, shown=shown)

    def _verdict(self, given: Any) -> Outcome:
        """Judge an answer that is already read."""
        if self.judge.same(given, self._right, 1):
            return Outcome(CORRECT, self.variant.praise)
        for slip, wrong in zip(self.variant.slips, self._wrong, strict=True):
            if self.judge.same(given, wrong, 1):
                return Outcome(INCORRECT, slip.why)
        if self.variant.options:
            raise Refused(f"Your text is none of these: {'; '.join(self.variant.options)}.")
        said = self.judge.differ(given, self._right) or "Look at the picture again, or ask for a hint()."
        return Outcome(INCORRECT, said)

    def choose(self) -> Any:
        """Return buttons, one for each option; the outcome stands below them. For a choice only."""
        from course_utils.exercises.choosing import buttons

        if not self.variant.options:
            raise TypeError("This question is no choice: put your answer into check(answer).")
        return buttons(self.variant.ask, self.variant.options, self.check)

    def hint(self) -> Text:
        """Return the next hint; after the last one, the last again, and what else there is."""
        hints, place = self.variant.hints, self._hints_given
        self._hints_given += 1
        if place < len(hints):
            return Text(f"Hint {place + 1} of {len(hints)}:", hints[place])
        rest = "" if solutions_are_off() else " Or read the solution() and then try another()."
        return Text("No more hints.", f"The last one was: {hints[-1]} Take your time and try once more.{rest}")

    def solution(self) -> Text:
        """Return code that solves the question, and the reason.

        Where an instructor has set the environment variable UNROLLED_SOLUTIONS to "off", it says so instead.
        That is a sign, not a lock: who reads the source of the course finds them.
        """
        if solutions_are_off():
            return Text("Solution:", "Your instructor has switched the solutions off: ask for a hint().")
        return Text("Solution:", self.variant.praise, self.variant.code)

    def another(self) -> "Exercise":
        """Return the same question with other numbers."""
        for number in range(self._number + 1, self._number + MOST_DRAWS):
            new = Exercise(self._make, self.judge, number=number)
            if new._numbers() != self._numbers():
                return new
        raise ValueError(f"{self._make.__name__} draws the same numbers again and again.")

    def _numbers(self) -> str:
        """Return all numbers of a variant as text: of the question, of what it hands out, of the trials."""
        return repr((self.variant.ask, vars(self.variant.given), getattr(self.variant.answer, "trials", ())))

    def __repr__(self) -> str:
        choices = "\n".join(f"- {option}" for option in self.variant.options)
        return repr(Text("Question:", self.variant.ask, choices))

    def _repr_html_(self) -> str:
        return Text("Question:", self.variant.ask)._repr_html_()


def solutions_are_off() -> bool:
    """Return whether an instructor has switched the solutions off."""
    return os.environ.get(SWITCH, "").strip().casefold() in ("off", "0", "no", "false")


def _run_and_show(code: str, given: SimpleNamespace) -> str:
    """Run the course's own code and return it with what it prints."""
    printed = io.StringIO()
    try:
        with quiet_start(), redirect_stdout(printed):  # Keras may be loaded here for the first time
            exec(code, {"given": given})
    except Exception as problem:  # an answer is never met with a traceback
        printed.write(f"{type(problem).__name__}: {problem}")
    return f"{code.strip()}\n\n{printed.getvalue().strip()}"


def _draw(
    make: Callable[[np.random.Generator], Variant], judge: Judge, random: np.random.Generator
) -> tuple[Variant, list[Any]]:
    """Draw numbers until no slip gives the right answer, or another slip's, by luck.

    Returns the variant and, as the judge reads them, its answer and those of the slips.
    """
    for _ in range(MOST_DRAWS):
        variant = make(random)
        answers = [variant.answer, *(slip.answer for slip in variant.slips)]
        read = [judge.read(answer, variant.answer) for answer in answers]
        if not any(judge.same(one, other, MARGIN) for one, other in combinations(read, 2)):
            return variant, read
    raise ValueError(f"{make.__name__} drew {MOST_DRAWS} variants in which two answers fall together.")
