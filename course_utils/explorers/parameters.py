"""explore_parameters: how many numbers a recurrent layer learns, where they are, and what each argument adds."""

from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from typing import Annotated

from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import check_with_keras
from course_utils.explorers.layer_settings import (
    MOST_FEATURES,
    MOST_UNITS,
    CellKind,
    Features,
    Flag,
    MostFeatures,
    MostUnits,
    Units,
    change,
    code_block,
    formula,
    model_code,
    reaching_most,
)
from course_utils.explorers.made_up import MADE_UP_WEIGHTS
from course_utils.explorers.settings import Settings, Whole, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.weights.weights import stacked_weights_scene
from course_utils.recurrence import RecurrentSpec, count, random_input, random_spec
from course_utils.recurrence.graphs import chain

MOST_LAYERS = 3
CHECKED_STEPS = 3


@dataclass(frozen=True, kw_only=True)
class ParametersSettings(Settings):
    """All that the number of parameters depends on, and how far the sliders go."""

    cell: CellKind = "LSTM"
    units: Units = 4
    features: Features = 2
    bias: Annotated[Flag, "Keras's ``use_bias``"] = True
    reset_after: Annotated[Flag, "for a GRU: whether r acts after the product with R, which needs a second bias"] = True
    layers: Annotated[int, Whole(1, MOST_LAYERS), "how many such layers stand on each other"] = 1
    most_units: MostUnits = MOST_UNITS
    most_features: MostFeatures = MOST_FEATURES

    def idle(self) -> Collection[str]:
        return () if self.cell == "GRU" else ("reset_after",)


@keywords_of(ParametersSettings)
def explore_parameters(*, hide: Collection[str] = (), **start: object) -> Explorer[ParametersSettings]:
    """Return controls for all that the number of parameters depends on, with the weights to scale.

    {settings}

    Examples
    --------
    >>> explorer = explore_parameters()
    >>> explorer.set(cell="GRU")
    >>> explorer.diagram.description.split("In all ")[1]
    '3·(F·U + U·U + 2·U) = 3·(2·4 + 4·4 + 2·4) = 96 parameters.'
    """
    first = ParametersSettings.of(start)
    shown = ("cell", "units", "features", "layers", "bias", "reset_after")
    return Explorer(first, view, shown=shown, reach=reaching_most(first), hide=hide, check=_check)


def view(now: ParametersSettings, before: ParametersSettings | None) -> View:
    """Return the weights, the count with its formula, and the code for one setting."""
    specs = layers_of(now)
    total = count(*specs).total
    changed = change(total, None if before is None else count(*layers_of(before)).total)
    headline = f"<b>{total:,} parameters</b>{changed}<br>{'<br>'.join(_lines(specs))}"
    code = model_code(None, now.features, [_code(spec) for spec in specs])
    notes = _notes(now, before) + code_block(code) + MADE_UP_WEIGHTS
    return View(headline, Diagram(stacked_weights_scene(specs)), notes, _said(now, total, changed))


def layers_of(now: ParametersSettings) -> list[RecurrentSpec]:
    """Return the layers of a setting from the lowest, with their weights."""
    widths = [now.features, *[now.units] * (now.layers - 1)]
    return [
        random_spec(
            now.cell,
            units=now.units,
            features=width,
            use_bias=now.bias,
            reset_after=now.reset_after,
            return_sequences=place < now.layers,
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


def _notes(now: ParametersSettings, before: ParametersSettings | None) -> str:
    """Say what reset_after does here: for a GRU a second bias, for the others nothing."""
    after, kind = now.reset_after, now.cell
    switched = before is not None and before.reset_after != after
    if kind != "GRU":
        if after and not switched:
            return ""
        return (
            f"<p>reset_after is an argument of the GRU alone: a {escape(kind)} has no reset gate, nothing changes.</p>"
        )
    if after and now.bias:
        return "<p>With reset_after, Keras keeps two biases, one for x and one for h: 2·U in each block, not U.</p>"
    if switched:
        words = "without it there is one bias" if now.bias else "without a bias it changes no count"
        return f"<p>reset_after asks for a second bias; {words}.</p>"
    return ""


def _said(now: ParametersSettings, total: int, changed: str) -> str:
    sizes = f"{counted(now.layers, 'layer')} of {now.cell}, {counted(now.units, 'unit')}"
    return f"{sizes}, {counted(now.features, 'feature')}: {total:,} parameters{changed}"


def _check(now: ParametersSettings) -> str:
    specs, x = layers_of(now), random_input(CHECKED_STEPS, now.features)
    return check_with_keras(specs[0] if len(specs) == 1 else chain(specs, features=now.features), x)
