"""explore_stacking: recurrent layers on top of each other, and what each one costs."""

from collections.abc import Collection, Sequence

import ipywidgets
import numpy as np

from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, State, View
from course_utils.explorers.keras_check import check_with_keras
from course_utils.explorers.layer_settings import (
    MOST_UNITS,
    change,
    code_block,
    formula,
    layer_code,
    layer_spec,
    leaving,
    model_code,
    most,
    size_slider,
    switch,
    written,
)
from course_utils.explorers.made_up import MADE_UP
from course_utils.frontend import choice, slider
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import plan_layer, unrolled_scene
from course_utils.recurrence import RecurrentSpec, count, random_input
from course_utils.recurrence.graphs import chain
from course_utils.recurrence.kinds import OF_KERAS
from course_utils.recurrence.tables import html_table

MOST_DEPTH = 4


def explore_stacking(
    *,
    cell: str = "SimpleRNN",
    depth: int = 2,
    units: int | Sequence[int] = 4,
    features: int = 2,
    steps: int = 3,
    return_sequences: bool = False,
    most_units: int = 12,
    most_features: int = 8,
    most_steps: int = 30,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for a stack of recurrent layers, with its picture and what each layer costs.

    cell:             "SimpleRNN", "LSTM" or "GRU"
    depth:            how many layers, 1 … 4
    units:            of each layer from the lowest; one number for all of them; the last of fewer than four goes on
    features, steps:  of the input
    return_sequences: of the highest layer; the layers below it must give every state
    most_…:           how far each slider goes (at most 64 units, 64 features, 784 steps)
    hide:             names of controls to leave out, e.g. ``("units_3", "units_4")``

    >>> explorer = explore_stacking(units=(4, 3))
    >>> explorer.state["units_2"], explorer.diagram.description[:29]
    (3, 'SimpleRNN(4) → SimpleRNN(3) o')
    """
    spread, high = _spread(units), most("most_units", most_units, MOST_UNITS)
    high = max([high, *(min(size, MOST_UNITS) for size in spread if isinstance(size, int))])
    sizes = {
        f"units_{place}": slider(f"units, layer {place}", 1, high, size, f"units of layer {place}")
        for place, size in enumerate(spread, start=1)
    }
    controls = {
        "depth": slider("layers", 1, MOST_DEPTH, depth, "depth"),
        **sizes,
        "features": size_slider("features", features, most_features),
        "steps": size_slider("steps", steps, most_steps),
        "cell": choice("cell", OF_KERAS, cell),
        "return_sequences": switch("return_sequences", return_sequences),
    }
    _follow_depth(controls["depth"], list(sizes.values()))
    return Explorer(controls, view, hide=hide, check=_check)


def view(state: State, before: State | None) -> View:
    """Return the mesh, the shapes and the cost of each layer for one setting."""
    layers, steps = layers_of(state), state["steps"]
    plan = plan_layer(chain(layers), [random_input(steps, state["features"])])
    total, earlier = count(*layers).total, layers_of(before) if before is not None else []
    changed = change(total, count(*earlier).total if earlier else None)
    costs = _costs(layers, earlier)
    headline = f"<b>{total:,} parameters</b>{changed}<br>{'<br>'.join(costs)}"
    code = model_code(steps, state["features"], [layer_code(layer) for layer in layers])
    depth = counted(len(layers), "layer")
    out = written(leaving(steps, layers[-1]))
    said = f"{depth} of {state['cell']}: {total:,} parameters{changed}. {' '.join(costs)} Out comes {out}."
    notes = _table(layers, steps, total) + code_block(code) + MADE_UP
    return View(headline, Diagram(unrolled_scene(plan)), notes, said)


def layers_of(state: State) -> list[RecurrentSpec]:
    """Return the layers of a setting from the lowest, with their weights."""
    layers, width, depth = [], state["features"], state["depth"]
    for place in range(1, depth + 1):
        units, all_states = state[f"units_{place}"], place < depth or state["return_sequences"]
        name = f"layer_{place}"
        layers.append(layer_spec(state["cell"], units, width, name=name, seed=place, return_sequences=all_states))
        width = units
    return layers


def _costs(layers: list[RecurrentSpec], earlier: list[RecurrentSpec]) -> list[str]:
    """Say what each layer costs that the last move has changed; where there is none, what the highest costs."""
    was = [count(layer).total for layer in earlier] + [None] * len(layers)
    changed = [place for place, layer in enumerate(layers) if count(layer).total != was[place]]
    if not earlier or not changed:
        return [f"{_cost(layers, len(layers) - 1)}."]
    return [
        f"{_cost(layers, place)}" + (f"; before the move {was[place]:,}." if was[place] is not None else ".")
        for place in changed
    ]


def _cost(layers: list[RecurrentSpec], place: int) -> str:
    reads = f"the {counted(layers[place].features, 'unit')} of layer {place}" if place else "the input's"
    return f"Layer {place + 1} costs {formula(layers[place])}: its F = {layers[place].features} are {reads}"


def _table(layers: list[RecurrentSpec], steps: int, total: int) -> str:
    """Return shapes and parameters layer by layer; the highest first, as it stands in the picture."""
    rows = [
        (
            f"{place}: {layer.kind}({layer.units})",
            (None, steps, layer.features),
            written(leaving(steps, layer)),
            formula(layer),
        )
        for place, layer in enumerate(layers, start=1)
    ]
    return html_table(("layer", "in", "out", "parameters"), [*reversed(rows), ("together", "", "", f"{total:,}")])


def _spread(units: int | Sequence[int]) -> list[int]:
    """Return the units of every layer that could be shown."""
    given = [units] if isinstance(units, int) else units
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence) or not 1 <= len(given) <= MOST_DEPTH:
        raise ValueError(f"units must be a whole number, or 1 to {MOST_DEPTH} of them in a tuple, but it is {units!r}.")
    return [*given, *[given[-1]] * (MOST_DEPTH - len(given))]


def _follow_depth(depth: ipywidgets.Widget, sizes: list[ipywidgets.Widget]) -> None:
    """Switch off the sliders of the layers that are not there."""

    def follow(_change: object = None) -> None:
        for place, control in enumerate(sizes, start=1):
            control.disabled = place > depth.value

    depth.observe(follow, names="value")
    follow()


def _check(state: State) -> str:
    x: np.ndarray = random_input(state["steps"], state["features"])
    return check_with_keras(chain(layers_of(state)), x)
