"""explore_parameters: how many numbers a recurrent layer learns, where they are, and what each argument adds."""

from collections.abc import Collection
from html import escape

import ipywidgets

from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, State, View
from course_utils.explorers.keras_check import check_with_keras
from course_utils.explorers.layer_settings import (
    MOST_FEATURES,
    MOST_UNITS,
    change,
    code_block,
    formula,
    model_code,
    size_slider,
    switch,
)
from course_utils.explorers.made_up import MADE_UP_WEIGHTS
from course_utils.frontend import choice, slider
from course_utils.pictures import Diagram
from course_utils.pictures.weights.stack import stacked_weights_scene
from course_utils.recurrence import RecurrentSpec, count, random_input, random_spec
from course_utils.recurrence.graphs import chain
from course_utils.recurrence.kinds import OF_KERAS

MOST_LAYERS = 3
CHECKED_STEPS = 3


def explore_parameters(
    *,
    cell: str = "LSTM",
    units: int = 4,
    features: int = 2,
    bias: bool = True,
    reset_after: bool = True,
    layers: int = 1,
    most_units: int = MOST_UNITS,
    most_features: int = MOST_FEATURES,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for all that the number of parameters depends on, with the weights to scale.

    cell:            "SimpleRNN", "LSTM" or "GRU"
    units, features: of the layer; of stacked layers, each has so many units
    bias:            Keras's ``use_bias``
    reset_after:     for a GRU: whether r acts after the product with R, which needs a second bias
    layers:          how many such layers stand on each other, 1 … 3
    most_…:          how far each slider goes (at most 64)
    hide:            names of controls to leave out

    >>> explorer = explore_parameters()
    >>> explorer.set(cell="GRU")
    >>> explorer.diagram.description.split("In all ")[1]
    '3·(F·U + U·U + 2·U) = 3·(2·4 + 4·4 + 2·4) = 96 parameters.'
    """
    controls = {
        "cell": choice("cell", OF_KERAS, cell),
        "units": size_slider("units", units, most_units),
        "features": size_slider("features", features, most_features),
        "layers": slider("layers", 1, MOST_LAYERS, layers),
        "bias": switch("bias", bias),
        "reset_after": switch("reset_after", reset_after),
    }
    _only_for_a_gru(controls["cell"], controls["reset_after"])
    return Explorer(controls, view, hide=hide, check=_check)


def _only_for_a_gru(cell: ipywidgets.Dropdown, reset_after: ipywidgets.Checkbox) -> None:
    """Switch off the box that does nothing for the other kinds."""

    def follow(_change: object = None) -> None:
        reset_after.disabled = cell.value != "GRU"

    cell.observe(follow, names="value")
    follow()


def view(state: State, before: State | None) -> View:
    """Return the weights, the count with its formula, and the code for one setting."""
    specs = layers_of(state)
    total = count(*specs).total
    changed = change(total, None if before is None else count(*layers_of(before)).total)
    headline = f"<b>{total:,} parameters</b>{changed}<br>{'<br>'.join(_lines(specs))}"
    code = model_code(None, state["features"], [_code(spec) for spec in specs])
    notes = _notes(state, before) + code_block(code) + MADE_UP_WEIGHTS
    return View(headline, Diagram(stacked_weights_scene(specs)), notes, _said(state, total, changed))


def layers_of(state: State) -> list[RecurrentSpec]:
    """Return the layers of a setting from the lowest, with their weights."""
    widths = [state["features"], *[state["units"]] * (state["layers"] - 1)]
    return [
        random_spec(
            state["cell"],
            units=state["units"],
            features=width,
            use_bias=state["bias"],
            reset_after=state["reset_after"],
            return_sequences=place < state["layers"],
            name=f"layer_{place}",
            seed=place,
        )
        for place, width in enumerate(widths, start=1)
    ]


def _lines(specs: list[RecurrentSpec]) -> list[str]:
    """Write the count of each layer, in letters and in numbers."""
    if len(specs) == 1:
        return [f"{formula(specs[0])}, with F = {specs[0].features} and U = {specs[0].units}."]
    return [
        f"layer {place}: {formula(spec)}, with F = {spec.features}"
        + (" (the units of the layer below)." if place > 1 else ".")
        for place, spec in enumerate(specs, start=1)
    ]


def _code(spec: RecurrentSpec) -> str:
    """Return the Keras call that makes a layer; what Keras takes for granted is left out."""
    more = ", return_sequences=True" * spec.return_sequences + ", use_bias=False" * (not spec.use_bias)
    if spec.kind == "GRU" and not spec.reset_after:
        more += ", reset_after=False"
    return f"keras.layers.{spec.kind}({spec.units}{more})"


def _notes(state: State, before: State | None) -> str:
    """Say what reset_after does here: for a GRU a second bias, for the others nothing."""
    after, kind = state["reset_after"], state["cell"]
    switched = before is not None and before["reset_after"] != after
    if kind != "GRU":
        if after and not switched:
            return ""
        return (
            f"<p>reset_after is an argument of the GRU alone: a {escape(kind)} has no reset gate, nothing changes.</p>"
        )
    if after and state["bias"]:
        return "<p>With reset_after, Keras keeps two biases, one for x and one for h: 2·U in each block, not U.</p>"
    if switched:
        words = "without it there is one bias" if state["bias"] else "without a bias it changes no count"
        return f"<p>reset_after asks for a second bias; {words}.</p>"
    return ""


def _said(state: State, total: int, changed: str) -> str:
    sizes = f"{counted(state['layers'], 'layer')} of {state['cell']}, {counted(state['units'], 'unit')}"
    return f"{sizes}, {counted(state['features'], 'feature')}: {total:,} parameters{changed}"


def _check(state: State) -> str:
    specs, x = layers_of(state), random_input(CHECKED_STEPS, state["features"])
    return check_with_keras(specs[0] if len(specs) == 1 else chain(specs, features=state["features"]), x)
