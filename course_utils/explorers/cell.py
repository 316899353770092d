"""explore_cell: one step at a time, one unit at a time, with every number."""

from collections.abc import Collection
from html import escape
from typing import Any

import ipywidgets

from course_utils.drawing.theme import HUES, LIGHT_INK
from course_utils.explorers.base import Explorer, State, View
from course_utils.explorers.cell_sums import sum_in_words, sums_in_short
from course_utils.explorers.keras_check import check_own
from course_utils.explorers.made_up import MADE_UP
from course_utils.frontend import slider
from course_utils.pictures import Diagram
from course_utils.pictures.cell import explored_scene
from course_utils.recurrence import CellTrace, RecurrentSpec, random_input, random_spec, run
from course_utils.recurrence.kinds import KINDS, OF_KERAS
from course_utils.recurrence.reading import read_recurrent

PLAY_MS, FASTEST_MS = 1500, 60  # from step to step while it plays
WHOLE_MS = 60_000  # at most, for all steps


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
    if cell not in OF_KERAS:
        raise ValueError(f"cell must be one of {', '.join(OF_KERAS)}, but it is {cell!r}.")
    if layer is None:
        spec, x = random_spec(cell, units=units, features=features), random_input(steps, features)
    else:
        spec = _read(layer, x, cell)
    trace = run(spec, x)
    if len(trace.x) != 1:
        raise ValueError(f"x must hold one sample, shape (1, T, F), but it holds {len(trace.x)}: pass x[:1].")
    moving = slider("step t", 1, trace.steps, step)
    controls = {"step": moving, "unit": slider("unit u", 1, spec.units, unit)}
    player = [] if "step" in hide or trace.steps == 1 else [step_player(moving)]
    return Explorer(
        controls,
        lambda state, before: view(trace, state, before, MADE_UP if layer is None else ""),
        hide=hide,
        check=lambda _state: check_own(spec, x, layer),
        row=[*player, *controls.values()],
    )


def view(trace: CellTrace, state: State, before: State | None, remark: str = "") -> View:
    """Return the picture of one step and the sums that make one unit of it; remark: what to say below them."""
    step, unit = state["step"], state["unit"]
    lines = sum_in_words(trace, step, unit)
    written = escape("\n".join(lines), quote=False)
    notes = f"<pre>{written}</pre><small>Each number is rounded by itself, to two decimals. {remark}</small>"
    said = f"step {step}: {lines[-1]}"
    return View(_headline(trace, step, unit), Diagram(explored_scene(trace, step=step, unit=unit)), notes, said)


def _headline(trace: CellTrace, step: int, unit: int) -> str:
    """Return the sums of a unit, a line each: near the controls, so that they are seen to change; its state last."""
    *parts, (_none, result) = sums_in_short(trace, step, unit)
    lines = [_chip(trace.spec.kind, letter, escape(text, quote=False)) for letter, text in parts]
    sums = f'<div style="line-height:1.55">{"<br>".join(lines)}</div>' if lines else ""
    return sums + escape(result.replace("unit", "Unit", 1), quote=False)


def _chip(kind: str, letter: str, text: str) -> str:
    """Return a sum with the letter of its gate on the hue that it has in the picture."""
    if not letter:
        return text.replace("unit", "Unit", 1)
    name = KINDS[kind].letter(letter)
    look = f"background:{HUES[letter]};color:{LIGHT_INK};border-radius:4px;padding:0 7px;font-weight:700"
    return f'<span style="{look}">{name}</span>{text.removeprefix(name)}'


def _read(layer: Any, x: Any, cell: str) -> RecurrentSpec:
    """Read the user's own layer. Raises ValueError where ``cell`` says another kind."""
    spec = read_recurrent(layer, x)
    if cell not in ("SimpleRNN", spec.kind):
        raise ValueError(f"cell is for the explorer's own numbers, but layer is given, and it is of kind {spec.kind}.")
    return spec


def step_player(moving: ipywidgets.IntSlider) -> ipywidgets.Play:
    """Return play, pause and back buttons that move the slider in the browser."""
    interval = max(FASTEST_MS, min(PLAY_MS, WHOLE_MS // moving.max))
    jump = max(1, moving.max * interval // WHOLE_MS)
    player = ipywidgets.Play(
        value=moving.value, min=moving.min, max=moving.max, step=jump, interval=interval, show_repeat=False
    )
    ipywidgets.jslink((player, "value"), (moving, "value"))
    return player
