"""explore_cell: one step at a time, one unit at a time, with every number."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from typing import Annotated, Any

import ipywidgets

from course_utils.drawing.theme import HUES, LIGHT_INK
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.cell_sums import sum_in_words, sums_in_short
from course_utils.explorers.keras_check import check_own
from course_utils.explorers.layer_settings import CellKind, refuse_half, run_one
from course_utils.explorers.made_up import MADE_UP
from course_utils.explorers.settings import Settings, Whole, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.cell import explored_scene
from course_utils.recurrence import CellTrace, RecurrentSpec, random_input, random_spec
from course_utils.recurrence.kinds import KINDS
from course_utils.recurrence.reading import read_recurrent

PLAY_MS, FASTEST_MS = 1500, 60  # from step to step while it plays
WHOLE_MS = 60_000  # at most, for all steps


@dataclass(frozen=True, kw_only=True)
class CellSettings(Settings):
    """The layer to try, and the step and the unit of it that are shown."""

    cell: Annotated[CellKind, "of the layer to try"] = "SimpleRNN"
    units: Annotated[int, "of the layer to try, U"] = 4
    features: Annotated[int, "of the layer to try, F"] = 2
    steps: Annotated[int, "of the layer to try, T"] = 3
    step: Annotated[int, Whole(1, label="step t", called="step t"), "the step it starts with, 1 … T"] = 1
    unit: Annotated[int, Whole(1, label="unit u", called="unit u"), "the unit it starts with, 1 … U"] = 1


@keywords_of(CellSettings)
def explore_cell(
    layer: Any = None, x: Any = None, *, hide: Collection[str] = (), **start: object
) -> Explorer[CellSettings]:
    """Return controls for the step and the unit, with the calculation of that step.

    A layer is read once, here; moving a control runs no Keras.

    Parameters
    ----------
    layer : Any
        your own recurrent layer; without it a layer of ``units`` on ``features``
    x : Any
        its input (1, T, F); without it numbers to try, ``steps`` of them
    {settings}

    Examples
    --------
    >>> explorer = explore_cell(cell="LSTM")
    >>> explorer.set(step=3)
    >>> explorer.diagram.description[:29]
    'Inside step 3 of 3: LSTM(4) o'
    """
    first = CellSettings.of(start)
    refuse_half(layer, x)
    if layer is not None and (first.units, first.features, first.steps) != (4, 2, 3):
        raise ValueError("units, features and steps are for the explorer's own numbers; a layer brings its own sizes.")
    first.check("cell")
    if layer is None:
        spec = random_spec(first.cell, units=first.units, features=first.features)
        x = random_input(first.steps, first.features)
    else:
        spec = _read(layer, x, first.cell)
    trace = run_one(spec, x)

    def row(controls: Mapping[str, ipywidgets.Widget]) -> list[ipywidgets.Widget]:
        player = [] if "step" in hide or trace.steps == 1 else [step_player(controls["step"])]
        return [*player, *controls.values()]

    return Explorer(
        first,
        lambda now, _before: view(trace, now, MADE_UP if layer is None else ""),
        shown=("step", "unit"),
        reach=first.reaching(step=trace.steps, unit=spec.units),
        hide=hide,
        check=lambda _now: check_own(spec, x, layer),
        row=row,
    )


def view(trace: CellTrace, now: CellSettings, remark: str = "") -> View:
    """Return the picture of one step and the sums that make one unit of it; remark: what to say below them."""
    step, unit = now.step, now.unit
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
    """Return a sum with the letter of its gate on the hue that it has in the picture; a state has none."""
    if letter not in HUES:
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
