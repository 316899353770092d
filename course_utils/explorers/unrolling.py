"""explore_unrolling: units, features and time-steps, kind and switches, and what each of them changes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import check_with_keras
from course_utils.explorers.layer_settings import (
    SWITCHES,
    CellKind,
    Features,
    Flag,
    MostFeatures,
    MostSteps,
    MostUnits,
    Steps,
    Units,
    change,
    code_block,
    formula,
    layer_code,
    layer_spec,
    leaving,
    meaning,
    model_code,
    reaching_most,
    written,
)
from course_utils.explorers.made_up import MADE_UP
from course_utils.explorers.refusals import ask_for_the_error, both_backwards
from course_utils.explorers.settings import Settings, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import plan_layer, plan_trace, unrolled_scene
from course_utils.recurrence import RecurrentSpec, count, random_input, run
from course_utils.recurrence.specs import BidirectionalSpec


@dataclass(frozen=True, kw_only=True)
class UnrollingSettings(Settings):
    """A recurrent layer, or a Bidirectional one, and how far the sliders go."""

    cell: CellKind = "SimpleRNN"
    units: Units = 4
    features: Features = 2
    steps: Steps = 3
    return_sequences: Annotated[Flag, "whether every state leaves, or the last one alone"] = False
    return_state: Annotated[Flag, "whether the last states leave once more"] = False
    go_backwards: Annotated[Flag, "whether the layer reads the last step first"] = False
    bidirectional: Annotated[Flag, "whether a second layer reads backwards"] = False
    most_units: MostUnits = 12
    most_features: MostFeatures = 8
    most_steps: MostSteps = 30

    @property
    def sides(self) -> tuple[RecurrentSpec] | tuple[RecurrentSpec, RecurrentSpec]:
        """The layer with its weights; of a Bidirectional, forward and backward."""
        kind, units, features = self.cell, self.units, self.features
        switches = {name: getattr(self, name) for name in SWITCHES}
        if not self.bidirectional:
            return (layer_spec(kind, units, features, **switches),)
        forward = layer_spec(kind, units, features, name="layer/forward", **switches)
        turned = switches | {"go_backwards": True}
        return forward, layer_spec(kind, units, features, name="layer/backward", seed=1, **turned)

    @property
    def refused(self) -> bool:
        """Whether Keras refuses it."""
        return self.bidirectional and self.go_backwards


@keywords_of(UnrollingSettings)
def explore_unrolling(*, hide: Collection[str] = (), **start: object) -> Explorer[UnrollingSettings]:
    """Return controls for a recurrent layer, with its unrolled picture, its shapes, its count and its code.

    The weights are drawn by the same rules as Keras's own, in NumPy, so that no move
    waits for Keras; the button compares with a real Keras layer.

    {settings}

    Examples
    --------
    >>> explorer = explore_unrolling(units=4)
    >>> explorer.set(steps=10)
    >>> explorer.state["steps"], explorer.diagram.description[:38]
    (10, 'SimpleRNN(4) on 10 steps of 2 features')
    """
    first = UnrollingSettings.of(start)
    shown = ("units", "features", "steps", "cell", *SWITCHES, "bidirectional")
    return Explorer(first, view, shown=shown, reach=reaching_most(first), hide=hide, check=_check)


def view(now: UnrollingSettings, before: UnrollingSettings | None) -> View:
    """Return the picture, the shapes, the count and the code for one setting."""
    sides, steps = now.sides, now.steps
    code = model_code(steps, now.features, [layer_code(*sides)])
    if now.refused:
        return both_backwards().view(code)
    x = random_input(steps, now.features)
    plan = plan_layer(layer_of(now), [x]) if now.bidirectional else plan_trace(run(sides[0], x))
    total, out = _total_and_shapes(now)
    total_then, then = (None, out) if before is None or before.refused else _total_and_shapes(before)
    changed, means = change(total, total_then), meaning(steps, *sides)
    was = f" (before: {then})" if then != out else ""
    headline = f"<b>{total:,} parameters</b>{changed}: {formula(*sides)}<br><b>Out comes {out}</b>{was}. {means}"
    notes = f"In goes {(None, *x.shape[1:])}, out comes {out}; None stands for the batch.{code_block(code)}{MADE_UP}"
    name = f"Bidirectional {now.cell}" if now.bidirectional else now.cell
    sizes = f"{counted(now.units, 'unit')}, {counted(now.features, 'feature')}, {counted(steps, 'time-step')}"
    said = f"{name}, {sizes}: {total:,} parameters{changed}. Out comes {out}{was}. {means}"
    return View(headline, Diagram(unrolled_scene(plan)), notes, said)


def layer_of(now: UnrollingSettings) -> RecurrentSpec | BidirectionalSpec:
    """Return the layer of a setting, with its weights."""
    sides = now.sides
    if len(sides) == 1:
        return sides[0]
    forward, backward = sides
    return BidirectionalSpec("layer", forward, backward, "concat", forward.dtype)


def _total_and_shapes(now: UnrollingSettings) -> tuple[int, str]:
    """Return how many parameters the layer of a setting has, and the shapes that leave it, as Keras writes them."""
    return count(*now.sides).total, written(leaving(now.steps, *now.sides))


def _check(now: UnrollingSettings) -> str:
    x, layer = random_input(now.steps, now.features), layer_of(now)
    return ask_for_the_error(layer, x.shape) if now.refused else check_with_keras(layer, x)
