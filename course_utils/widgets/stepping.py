"""explore_cell: one step at a time, one unit at a time, with every number."""

from collections.abc import Collection
from typing import Any

import ipywidgets
import numpy as np

from course_utils.diagrams import Diagram
from course_utils.diagrams.cell import cell_scene
from course_utils.diagrams.lettering import subscript
from course_utils.diagrams.wording import number
from course_utils.frontend import slider
from course_utils.recurrence import RecurrentTrace, random_input, random_spec, run
from course_utils.recurrence.reading import read_simple_rnn
from course_utils.widgets.explorer import Explorer, State, View
from course_utils.widgets.keras_check import check_with_keras

LONGEST_SUM = 6
PLAY_MS = 1500


def explore_cell(
    layer: Any = None,
    x: Any = None,
    *,
    cell: str = "SimpleRNN",
    units: int = 4,
    features: int = 2,
    steps: int = 3,
    step: int = 1,
    unit: int = 1,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for the step and the unit, with the calculation of that step.

    layer: your own ``keras.layers.SimpleRNN``; without it a layer of ``units`` on ``features``
    x:     its input (1, T, F); without it numbers to try, ``steps`` of them
    step:  the step it starts with, 1 … T
    unit:  the unit it starts with, 1 … U
    hide:  names of controls to leave out

    A layer is read once, here; moving a control runs no Keras.

    >>> explorer = explore_cell()
    >>> explorer.set(step=3)
    >>> explorer.diagram.description[:34]
    'Inside step 3 of 3: SimpleRNN(4) o'
    """
    if (layer is None) != (x is None):
        raise ValueError("layer and x go together: give both, or none to try the explorer's own numbers.")
    if layer is not None and (units, features, steps) != (4, 2, 3):
        raise ValueError("units, features and steps are for the explorer's own numbers; a layer brings its own sizes.")
    if layer is None:
        spec, x = random_spec(cell, units=units, features=features), random_input(steps, features)
    else:
        spec = read_simple_rnn(layer, x)
    trace = run(spec, x)
    if len(trace.x) != 1:
        raise ValueError(f"x must hold one sample, shape (1, T, F), but it holds {len(trace.x)}: pass x[:1].")
    moving = slider("step t", 1, trace.steps, step)
    controls = {"step": moving, "unit": slider("unit u", 1, spec.units, unit)}
    return Explorer(
        controls,
        lambda state, before: view(trace, state, before),
        hide=hide,
        check=lambda _state: check_with_keras(spec, x, layer),
        extras=() if "step" in hide or trace.steps == 1 else (_player(moving),),
    )


def view(trace: RecurrentTrace, state: State, before: State | None) -> View:
    """Return the picture of one step and the sum that makes one unit of it."""
    lines = sum_in_words(trace, state["step"], state["unit"])
    headline = lines[-1].replace("unit", "Unit", 1)
    notes = "<pre>" + "\n".join(lines) + "</pre><small>Each number is rounded by itself, to two decimals.</small>"
    scene = cell_scene(trace, step=state["step"], unit=state["unit"])
    return View(headline, Diagram(scene), notes, f"step {state['step']}: {lines[-1]}")


def sum_in_words(trace: RecurrentTrace, step: int, unit: int) -> list[str]:
    """Write out how one unit of h_t comes about, line by line (first sample); the last line is the result."""
    spec, u, t = trace.spec, unit - 1, step - 1
    terms = trace.terms["h"]
    x, before, after = subscript("x", step), subscript("h", step - 1), subscript("h", step)
    input_sum, state_sum = number(terms.from_input[0, t, u]), number(terms.from_state[0, t, u])
    lines = [
        f"{x}·W: {_products(trace.x[0, t], spec.kernel[:, u])} = {input_sum}",
        f"{before}·R: {_products(trace.state(t)[0], spec.recurrent_kernel[:, u])} = {state_sum}",
    ]
    if spec.use_bias:
        lines.append(f"b: {number(spec.bias[u])}")
    total, value = number(terms.total[0, t, u]), number(trace.hidden[0, t, u])
    return [*lines, f"sum: {total}", f"unit {unit} of {after} = {spec.activation}({total}) = {value}"]


def _products(left: np.ndarray, right: np.ndarray) -> str:
    parts = [f"{_bracketed(a)}·{_bracketed(b)}" for a, b in zip(left[:LONGEST_SUM], right, strict=False)]
    return " + ".join(parts) + (f" + … {len(left) - LONGEST_SUM} more" if len(left) > LONGEST_SUM else "")


def _bracketed(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def _player(moving: ipywidgets.IntSlider) -> ipywidgets.Play:
    """Return play, pause and back buttons that move the slider in the browser."""
    player = ipywidgets.Play(value=moving.value, min=moving.min, max=moving.max, interval=PLAY_MS, show_repeat=False)
    ipywidgets.jslink((player, "value"), (moving, "value"))
    return player
