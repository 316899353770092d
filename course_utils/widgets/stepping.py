"""explore_cell: one step at a time, one unit at a time, with every number."""

from collections.abc import Collection
from html import escape
from typing import Any

import ipywidgets
import numpy as np

from course_utils.diagrams import Diagram
from course_utils.diagrams.cell import explored_scene
from course_utils.frontend import slider
from course_utils.recurrence import RecurrentSpec, RecurrentTrace, random_input, random_spec, run
from course_utils.recurrence.reading import read_recurrent
from course_utils.widgets.explorer import Explorer, State, View
from course_utils.widgets.keras_check import check_with_keras
from course_utils.widgets.layer_settings import KINDS
from course_utils.widgets.sum_words import sum_in_words

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

    layer: your own SimpleRNN, LSTM or GRU; without it a layer of ``units`` on ``features``
    x:     its input (1, T, F); without it numbers to try, ``steps`` of them
    cell:  "SimpleRNN", "LSTM" or "GRU": of the layer to try
    step:  the step it starts with, 1 … T
    unit:  the unit it starts with, 1 … U
    hide:  names of controls to leave out

    A layer is read once, here; moving a control runs no Keras.

    >>> explorer = explore_cell(cell="LSTM")
    >>> explorer.set(step=3)
    >>> explorer.diagram.description[:29]
    'Inside step 3 of 3: LSTM(4) o'
    """
    if (layer is None) != (x is None):
        raise ValueError("layer and x go together: give both, or none to try the explorer's own numbers.")
    if layer is not None and (units, features, steps) != (4, 2, 3):
        raise ValueError("units, features and steps are for the explorer's own numbers; a layer brings its own sizes.")
    if cell not in KINDS:
        raise ValueError(f"cell must be one of {', '.join(KINDS)}, but it is {cell!r}.")
    if layer is None:
        spec, x = random_spec(cell, units=units, features=features), random_input(steps, features)
    else:
        spec = _read(layer, x, cell)
    trace = run(spec, x)
    if len(trace.x) != 1:
        raise ValueError(f"x must hold one sample, shape (1, T, F), but it holds {len(trace.x)}: pass x[:1].")
    moving = slider("step t", 1, trace.steps, step)
    controls = {"step": moving, "unit": slider("unit u", 1, spec.units, unit)}
    return Explorer(
        controls,
        lambda state, before: view(trace, state, before),
        hide=hide,
        check=lambda _state: _check(spec, x, layer),
        extras=() if "step" in hide or trace.steps == 1 else (_player(moving),),
    )


def view(trace: RecurrentTrace, state: State, before: State | None) -> View:
    """Return the picture of one step and the sums that make one unit of it."""
    lines = sum_in_words(trace, state["step"], state["unit"])
    headline = escape(lines[-1].replace("unit", "Unit", 1), quote=False)
    written = escape("\n".join(lines), quote=False)
    notes = f"<pre>{written}</pre><small>Each number is rounded by itself, to two decimals.</small>"
    scene = explored_scene(trace, step=state["step"], unit=state["unit"])
    return View(headline, Diagram(scene), notes, f"step {state['step']}: {lines[-1]}")


def _read(layer: Any, x: Any, cell: str) -> RecurrentSpec:
    """Read the user's own layer. Raises ValueError where ``cell`` says another kind."""
    spec = read_recurrent(layer, x)
    if cell not in ("SimpleRNN", spec.kind):
        raise ValueError(f"cell is for the explorer's own numbers, but layer is given, and it is of kind {spec.kind}.")
    return spec


def _check(spec: RecurrentSpec, x: Any, layer: Any) -> str:
    """Ask Keras; a stateful layer starts where it stood when it was read, and is left as it is."""
    if spec.held is None or layer is None:
        return check_with_keras(spec, x, layer)
    states = getattr(layer, "layers", [layer])[-1].states
    now = [np.array(state) for state in states]
    _put(states, spec.held)
    try:
        return check_with_keras(spec, x, layer)
    finally:
        _put(states, now)


def _put(states: list[Any], values: Collection[np.ndarray]) -> None:
    for state, value in zip(states, values, strict=True):
        state.assign(value)


def _player(moving: ipywidgets.IntSlider) -> ipywidgets.Play:
    """Return play, pause and back buttons that move the slider in the browser."""
    player = ipywidgets.Play(value=moving.value, min=moving.min, max=moving.max, interval=PLAY_MS, show_repeat=False)
    ipywidgets.jslink((player, "value"), (moving, "value"))
    return player
