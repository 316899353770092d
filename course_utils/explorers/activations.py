"""explore_activations: what comes out of an activation function for one input, and how much of a gradient passes."""

from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from typing import Annotated

from course_utils.drawing.wording import number
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import activation_check
from course_utils.explorers.settings import Number, OneOf, Settings, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.activations import activations_scene
from course_utils.recurrence.activation_facts import (
    BEND,
    FLAT,
    FORMULAS,
    HIGHEST_X,
    LOWEST_X,
    ActivationFacts,
    facts_of,
    short,
)

WHOLE = 0.05  # a slope that near to 1 passes a gradient as it is
NEAR = 1e-6
DIGITS = 4  # of x; then it stands either at a kink or well beside it


@dataclass(frozen=True, kw_only=True)
class ActivationsSettings(Settings):
    """A function that takes one number, its input, and a second function beside it."""

    name: Annotated[str, OneOf(FORMULAS), 'Keras\'s name of a function that takes one number, "relu" for example'] = (
        "tanh"
    )
    x: Annotated[float, Number(float(LOWEST_X), float(HIGHEST_X)), "the input"] = 0.5
    beside: Annotated[
        str | None, OneOf(FORMULAS, none="none"), 'a second function to compare with; None or "none" for none'
    ] = "sigmoid"

    @property
    def names(self) -> list[str]:
        """The functions that are shown, each once."""
        return [self.name] if self.beside in (None, self.name) else [self.name, self.beside]

    @property
    def input(self) -> float:
        """x; a slider gives 0.30000000000000004 for 0.3, which would stand beside a kink rather than at it."""
        return round(self.x, DIGITS) + 0.0  # no -0


@keywords_of(ActivationsSettings)
def explore_activations(*, hide: Collection[str] = (), **start: object) -> Explorer[ActivationsSettings]:
    """Return controls for an activation function and its input, with its value and its slope there.

    {settings}

    Examples
    --------
    >>> explorer = explore_activations(name="relu", beside=None)
    >>> explorer.set(x=-1.0)
    >>> print(explorer.diagram.description[-35:])
    x = -1.00: relu = 0.00; slope 0.00.
    """
    return Explorer(
        ActivationsSettings.of(start), view, hide=hide, check=lambda now: activation_check(now.names, now.input)
    )


def view(now: ActivationsSettings, before: ActivationsSettings | None) -> View:
    """Return the curves, what comes out for x, and the Keras lines for one setting."""
    x, names = now.input, now.names
    sentences = [sentence(facts_of(name), x) for name in names]
    headline = "<br>".join([f"<b>{sentences[0]}</b>", *sentences[1:]])
    code = "\n".join(f"keras.activations.{name}({x!r})" for name in names)
    facts = "".join(f"<li><b>{name}</b>: {escape(_facts_in_words(facts_of(name)))}</li>" for name in names)
    notes = f"<pre>{escape(code)}</pre><ul>{facts}</ul>"
    return View(headline, Diagram(activations_scene(names, at=x)), notes, ". ".join(sentences))


def sentence(facts: ActivationFacts, x: float) -> str:
    """Say what comes out for x, the slope there, and what a gradient meets.

    >>> sentence(facts_of("tanh"), 0.5)
    'tanh(0.5) = 0.46, slope 0.79: 79 % of a gradient passes'
    """
    slopes = facts.slopes(x)
    start = f"{facts.name}({_plain(x)}) = {number(facts.value(x))}"
    if len(slopes) > 1:
        left, right = map(number, slopes)
        jump = abs(facts.value(x + NEAR) - facts.value(x - NEAR)) > BEND
        return f"{start}, {'a jump' if jump else 'a kink'}: slope {left} to its left, {right} to its right"
    return f"{start}, slope {number(slopes[0])}: {_passing(facts, x, slopes[0])}"


def _passing(facts: ActivationFacts, x: float, slope: float) -> str:
    """Say what a slope does to a gradient."""
    if abs(slope) < FLAT:
        flat = any(start <= x <= stop for start, stop in facts.flat)
        much = "no" if abs(slope) < 1e-9 else "hardly any"
        return f"{'flat' if flat else 'level'} here, {much} gradient passes"
    turned = ", with the other sign" if slope < 0 else ""
    if abs(abs(slope) - 1) <= WHOLE:
        return f"a gradient passes as it is{turned}"
    if abs(slope) > 1:
        return f"a gradient grows, {short(abs(slope))} times{turned}"
    return f"{100 * abs(slope):.0f} % of a gradient passes{turned}"


def _facts_in_words(facts: ActivationFacts) -> str:
    parts = [facts.formula, facts.range_in_words, facts.steepest_in_words, facts.flat_in_words]
    if facts.kinks:
        parts.append("its slope jumps at x = " + " and ".join(short(kink) for kink in facts.kinks))
    return "; ".join(parts)


def _plain(x: float) -> str:
    return f"{x:g}".replace("-", "−")
