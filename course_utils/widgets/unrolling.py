"""explore_unrolling: units, features and time-steps, and what each of them changes."""

from collections.abc import Collection
from html import escape

import numpy as np

from course_utils.diagrams import Diagram
from course_utils.diagrams.unrolled import plan_trace, unrolled_scene
from course_utils.diagrams.wording import counted as counted_noun
from course_utils.frontend import slider, toggle
from course_utils.recurrence import RecurrentSpec, count, random_input, random_spec, run
from course_utils.widgets.explorer import Explorer, State, View
from course_utils.widgets.keras_check import check_with_keras

MOST_UNITS, MOST_FEATURES, MOST_STEPS = 64, 64, 784


def explore_unrolling(
    *,
    cell: str = "SimpleRNN",
    units: int = 4,
    features: int = 2,
    steps: int = 3,
    return_sequences: bool = False,
    most_units: int = 12,
    most_features: int = 8,
    most_steps: int = 30,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for the sizes of a layer, with its unrolled picture and its parameter count.

    cell:             "SimpleRNN"
    units, features, steps, return_sequences: the setting it starts with
    most_…:           how far each slider goes (at most 64 units, 64 features, 784 steps)
    hide:             names of controls to leave out, e.g. ``("features",)``

    The weights are drawn by the same rules as Keras's own, in NumPy, so that no move
    waits for Keras; the button compares with a real Keras layer.

    >>> explorer = explore_unrolling(units=4)
    >>> explorer.set(steps=10)
    >>> explorer.state["steps"], explorer.diagram.description[:38]
    (10, 'SimpleRNN(4) on 10 steps of 2 features')
    """
    if cell != "SimpleRNN":
        raise ValueError(f"cell must be SimpleRNN, since the explorer shows no other yet, but it is {cell!r}.")
    controls = {
        "units": slider("units", 1, _most("most_units", most_units, MOST_UNITS), units),
        "features": slider("features", 1, _most("most_features", most_features, MOST_FEATURES), features),
        "steps": slider("time-steps", 1, _most("most_steps", most_steps, MOST_STEPS), steps),
        "return_sequences": toggle("return_sequences", return_sequences),
    }
    return Explorer(
        controls,
        lambda state, before: view(cell, state, before),
        hide=hide,
        check=lambda state: check_with_keras(*_layer_and_input(cell, state)),
    )


def view(cell: str, state: State, before: State | None) -> View:
    """Return the picture, the shapes, the count and the code for one setting."""
    spec, x = _layer_and_input(cell, state)
    diagram = Diagram(unrolled_scene(plan_trace(run(spec, x))))
    counted = count(spec)
    change = _change(cell, counted.total, before)
    headline = (
        f"<b>{counted.total} parameters</b> {change}<br>"
        f"{counted.formula} = {counted.substituted} = {counted.total}, with F = {spec.features} and U = {spec.units}."
    )
    notes = f"<pre>{escape(keras_code(spec, state['steps']))}</pre>"
    sizes = ", ".join(
        counted_noun(state[name], noun)
        for name, noun in (("units", "unit"), ("features", "feature"), ("steps", "time-step"))
    )
    said = f"{sizes}: {counted.total} parameters {change}"
    return View(headline, diagram, notes, said)


def keras_code(spec: RecurrentSpec, steps: int) -> str:
    """Return the Keras lines that build this layer."""
    more = ", return_sequences=True" if spec.return_sequences else ""
    return (
        "keras.Sequential([\n"
        f"    keras.Input(shape=({steps}, {spec.features})),\n"
        f"    keras.layers.{spec.kind}({spec.units}{more}),\n"
        "])"
    )


def _layer_and_input(cell: str, state: State) -> tuple[RecurrentSpec, np.ndarray]:
    spec = random_spec(
        cell, units=state["units"], features=state["features"], return_sequences=state["return_sequences"]
    )
    return spec, random_input(state["steps"], state["features"])


def _change(cell: str, total: int, before: State | None) -> str:
    """Say how the count differs from the one before the last move."""
    if before is None:
        return ""
    difference = total - count(_layer_and_input(cell, before)[0]).total
    return f"({abs(difference)} {'more' if difference > 0 else 'fewer'})" if difference else "(unchanged)"


def _most(name: str, value: int, limit: int) -> int:
    if not isinstance(value, int) or not 2 <= value <= limit:
        raise ValueError(f"{name} must be a whole number from 2 to {limit}, but it is {value!r}.")
    return value
