"""The public drawing functions: from a Keras layer to a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.diagrams.cell import cell_scene
from course_utils.diagrams.diagram import Diagram
from course_utils.diagrams.paint import theme_named
from course_utils.diagrams.scene import Scene
from course_utils.diagrams.unrolled import unrolled_scene
from course_utils.diagrams.words import words_scene
from course_utils.recurrence import run
from course_utils.recurrence.checking import as_numbers
from course_utils.recurrence.reading import read_simple_rnn

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_unrolled(
    model: Any,
    x: Any = None,
    *,
    steps: int | None = None,
    sample: int = 0,
    words: Sequence[str] | None = None,
    theme: str | None = None,
    ax: "Axes | None" = None,
) -> Diagram:
    """Draw a Keras SimpleRNN layer unrolled: one copy of the cell for each time-step.

    model:  a ``keras.layers.SimpleRNN`` (or a Sequential of just one)
    x:      an input (batch, T, F) whose values are shown; without it the cells stay empty
    steps:  T, where there is no x and the layer was built for any T
    sample: which of the batch is shown, from 0
    words:  T words, to be written below the steps
    theme:  "light" or "dark"
    ax:     matplotlib axes to draw on as well

    Raises ValueError for a sample, step or word that is not there, TypeError for
    what is not a recurrent layer.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> print(draw_unrolled(keras.layers.SimpleRNN(4), np.zeros((1, 3, 2))).description[:42])
    SimpleRNN(4) on 3 steps of 2 features, unr
    """
    if steps is not None:
        _check_choice("steps", steps, 1, None, "a layer needs at least one step")
    spec = read_simple_rnn(model, x)
    trace = None if x is None else run(spec, x)
    last = None if trace is None else len(trace.x) - 1
    _check_choice("sample", sample, 0, last, "the batch is counted from 0")
    known = spec.steps if trace is None else trace.steps
    if steps is None and known is None:
        raise ValueError(
            "steps is missing: this layer takes any number of time-steps, so say how many to draw, steps=3."
        )
    if None not in (steps, known) and steps != known:
        source = "the layer, which was built for" if trace is None else "x, which has"
        raise ValueError(f"steps={steps!r} does not fit {source} {known} time-steps: leave steps out.")
    steps = steps or known
    if words is not None and len(words) != steps:
        raise ValueError(f"words must name {steps} steps, one word each, but there are {len(words)} of them.")
    return _finish(unrolled_scene(spec, trace, steps=steps, sample=sample, words=words), theme, ax)


def draw_cell(
    layer: Any, x: Any, *, step: int = 1, sample: int = 0, theme: str | None = None, ax: "Axes | None" = None
) -> Diagram:
    """Draw the inside of one step with its numbers: x·W, h·R, b, their sum, the activation.

    layer:  a ``keras.layers.SimpleRNN``
    x:      an input (batch, T, F)
    step:   which step, 1 … T
    sample: which of the batch, from 0

    Raises ValueError for a step or sample that is not there.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> print(draw_cell(keras.layers.SimpleRNN(4), np.zeros((1, 3, 2)), step=2).description[:21])
    Inside step 2 of 3: S
    """
    trace = run(read_simple_rnn(layer, x), x)
    _check_choice("step", step, 1, trace.steps, "steps are counted from 1")
    _check_choice("sample", sample, 0, len(trace.x) - 1, "the batch is counted from 0")
    return _finish(cell_scene(trace, step=step, sample=sample), theme, ax)


def draw_words(words: Sequence[str], vectors: Any, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw words as time-steps: each word, its vector, and the array they make.

    words:   T of them
    vectors: (T, F), one row a word

    Raises ValueError where the two do not fit each other.

    >>> print(draw_words(["I"], [[0.1, 0.2]]).description)
    1 word as 1 step of 2 features, an array of shape (1, 2). Step 1: “I” becomes x_1 = (0.10, 0.20).
    """
    if isinstance(words, str):
        raise ValueError(f"words must be a list of words, but it is one text: pass {words.split()}.")
    vectors = as_numbers(vectors, "vectors must be an array of numbers, one row for each word").astype(float)
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.size:
        raise ValueError(
            f"vectors must hold one row of numbers for each of the {len(words)} words, "
            f"but its shape is {vectors.shape}."
        )
    return _finish(words_scene(words, vectors), theme, ax)


def _finish(scene: Scene, theme: str | None, ax: "Axes | None") -> Diagram:
    look = theme_named(theme)
    if ax is not None:
        from course_utils.diagrams.figure import draw_on

        draw_on(ax, scene, look)
    return Diagram(scene, theme)


def _check_choice(name: str, value: Any, low: int, high: int | None, hint: str) -> None:
    """Raise where a counted choice is not there."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        reach = f"at least {low}" if high is None else f"{low} to {high}"
        raise ValueError(f"{name} must be a whole number, {reach}, but it is {value!r}: {hint}.")
