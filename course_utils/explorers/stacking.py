"""explore_stacking: recurrent layers on top of each other, and what each one costs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import check_with_keras
from course_utils.explorers.layer_settings import (
    MOST_UNITS,
    CellKind,
    Features,
    Flag,
    MostFeatures,
    MostSteps,
    MostUnits,
    Steps,
    change,
    code_block,
    formula,
    furthest,
    layer_code,
    layer_spec,
    leaving,
    model_code,
    reaching_most,
    written,
)
from course_utils.explorers.made_up import MADE_UP
from course_utils.explorers.settings import Settings, Whole, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import plan_layer, unrolled_scene
from course_utils.recurrence import RecurrentSpec, count, random_input
from course_utils.recurrence.graphs import chain
from course_utils.recurrence.tables import html_table

MOST_DEPTH = 4
UNITS = tuple(f"units_{place}" for place in range(1, MOST_DEPTH + 1))


def _units(place: int) -> Whole:
    return Whole(1, MOST_UNITS, label=f"units, layer {place}", called=f"units of layer {place}")


@dataclass(frozen=True, kw_only=True)
class StackingSettings(Settings):
    """A stack of recurrent layers, and how far the sliders go."""

    cell: CellKind = "SimpleRNN"
    depth: Annotated[int, Whole(1, MOST_DEPTH, label="layers"), "how many layers"] = 2
    units_1: Annotated[
        int, _units(1), "of each layer from the lowest; one number for all; the last of fewer than four goes on"
    ]
    units_2: Annotated[int, _units(2)]
    units_3: Annotated[int, _units(3)]
    units_4: Annotated[int, _units(4)]
    features: Features = 2
    steps: Steps = 3
    return_sequences: Annotated[Flag, "of the highest layer; the layers below it must give every state"] = False
    most_units: MostUnits = 12
    most_features: MostFeatures = 8
    most_steps: MostSteps = 30

    @property
    def units(self) -> tuple[int, ...]:
        """Of the layers that are there, from the lowest."""
        return (self.units_1, self.units_2, self.units_3, self.units_4)[: self.depth]

    def idle(self) -> Collection[str]:
        return UNITS[self.depth :]


@keywords_of(StackingSettings)
def explore_stacking(
    *, units: int | Sequence[int] = 4, hide: Collection[str] = (), **start: object
) -> Explorer[StackingSettings]:
    """Return controls for a stack of recurrent layers, with its picture and what each layer costs.

    {settings}

    Examples
    --------
    >>> explorer = explore_stacking(units=(4, 3))
    >>> explorer.state["units_2"], explorer.diagram.description[:29]
    (3, 'SimpleRNN(4) → SimpleRNN(3) o')
    """
    spread = _spread(units)
    first = StackingSettings.of(start, **dict(zip(UNITS, spread, strict=True)))
    first.check("most_units")
    reach = first.reaching(**dict.fromkeys(UNITS, furthest(first.most_units, MOST_UNITS, *spread)))
    return Explorer(
        first,
        view,
        shown=(*UNITS, "depth", "features", "steps", "cell", "return_sequences"),  # made so; saved lessons number them
        reach=reach | reaching_most(first),
        hide=hide,
        check=_check,
        row=lambda made: [made["depth"], *(control for name, control in made.items() if name != "depth")],
    )


def view(now: StackingSettings, before: StackingSettings | None) -> View:
    """Return the mesh, the shapes and the cost of each layer for one setting."""
    layers, steps = layers_of(now), now.steps
    plan = plan_layer(chain(layers), [random_input(steps, now.features)])
    total, earlier = count(*layers).total, layers_of(before) if before is not None else []
    changed = change(total, count(*earlier).total if earlier else None)
    costs = _costs(layers, earlier)
    headline = f"<b>{total:,} parameters</b>{changed}<br>{'<br>'.join(costs)}"
    code = model_code(steps, now.features, [layer_code(layer) for layer in layers])
    depth = counted(len(layers), "layer")
    out = written(leaving(steps, layers[-1]))
    said = f"{depth} of {now.cell}: {total:,} parameters{changed}. {' '.join(costs)} Out comes {out}."
    notes = _table(layers, steps, total) + code_block(code) + MADE_UP
    return View(headline, Diagram(unrolled_scene(plan)), notes, said)


def layers_of(now: StackingSettings) -> list[RecurrentSpec]:
    """Return the layers of a setting from the lowest, with their weights."""
    layers, width = [], now.features
    for place, units in enumerate(now.units, start=1):
        every = place < now.depth or now.return_sequences
        layers.append(layer_spec(now.cell, units, width, name=f"layer_{place}", seed=place, return_sequences=every))
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


def _check(now: StackingSettings) -> str:
    return check_with_keras(chain(layers_of(now)), random_input(now.steps, now.features))
