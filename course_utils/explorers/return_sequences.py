"""explore_return_sequences: what leaves a recurrent layer, and which layers can take it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Annotated

from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import check_with_keras, weights_of
from course_utils.explorers.layer_settings import (
    CellKind,
    Features,
    Flag,
    MostFeatures,
    MostSteps,
    MostUnits,
    Shape,
    Steps,
    Units,
    change,
    code_block,
    layer_code,
    layer_spec,
    leaving,
    meaning,
    model_code,
    reaching_most,
    written,
)
from course_utils.explorers.layers_above import FOLLOWERS, OUTPUTS, Follower, follower
from course_utils.explorers.made_up import MADE_UP
from course_utils.explorers.refusals import Refusal, ask_for_the_error, no_sequence, states_in_a_chain
from course_utils.explorers.settings import OneOf, Settings, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import Plan, plan_layer, plan_trace, unrolled_scene
from course_utils.recurrence import RecurrentSpec, random_input, run
from course_utils.recurrence.graphs import ClosedSpec, Graph, chain
from course_utils.recurrence.tables import html_table


@dataclass(frozen=True, kw_only=True)
class ReturnSequencesSettings(Settings):
    """A recurrent layer and what follows it, and how far the sliders go."""

    cell: CellKind = "SimpleRNN"
    units: Units = 4
    features: Features = 2
    steps: Steps = 3
    return_sequences: Annotated[Flag, "whether every state leaves, or the last one alone"] = False
    return_state: Annotated[Flag, "whether the last states leave once more"] = False
    follow: Annotated[str, OneOf(FOLLOWERS, label="what follows"), "what comes above the layer"] = "nothing"
    most_units: MostUnits = 12
    most_features: MostFeatures = 8
    most_steps: MostSteps = 30

    @property
    def follower(self) -> Follower | None:
        """The layer above; None for "nothing"."""
        return follower(self.follow, self.cell)


@keywords_of(ReturnSequencesSettings)
def explore_return_sequences(*, hide: Collection[str] = (), **start: object) -> Explorer[ReturnSequencesSettings]:
    """Return controls for what leaves a layer and what follows it, with all shapes, or with Keras's own error.

    {settings}

    Examples
    --------
    >>> explorer = explore_return_sequences(follow="a second RNN")
    >>> explorer.diagram.scene.title
    'A second RNN needs a sequence'
    >>> explorer.set(return_sequences=True)
    >>> explorer.diagram.description[:29]
    'SimpleRNN(4) → SimpleRNN(5) o'
    """
    first = ReturnSequencesSettings.of(start)
    shown = ("follow", "return_sequences", "return_state", "units", "features", "steps", "cell")
    return Explorer(first, view, shown=shown, reach=reaching_most(first), hide=hide, check=_check)


def view(now: ReturnSequencesSettings, before: ReturnSequencesSettings | None) -> View:
    """Return the picture and the shapes of one setting; where it does not fit, a card with Keras's words."""
    code = code_of(now)
    problem = refusal(now)
    if problem:
        return problem.view(code)
    plan, (total, out) = plan_of(now), _total_and_shapes(now)
    total_then, then = (None, out) if before is None or refusal(before) else _total_and_shapes(before)
    was = f" (before: {then})" if then != out else ""
    count = f"{total:,} parameters{change(total, total_then)}"
    headline = f"<b>Out comes {out}</b>{was}<br>{count}. {_meaning(now)}"
    notes = html_table(("layer", "in", "out"), _rows(now, plan)) + code_block(code) + MADE_UP
    said = f"{now.cell}, what follows: {now.follow}. Out comes {out}{was}, {count}. {_meaning(now)}"
    return View(headline, Diagram(unrolled_scene(plan)), notes, said)


def model_of(now: ReturnSequencesSettings) -> RecurrentSpec | Graph:
    """Return the layer of a setting, with what follows it; also one that Keras refuses."""
    layer, next_one = layer_of(now), now.follower
    return layer if next_one is None else chain([layer, next_one.make(layer)])


def layer_of(now: ReturnSequencesSettings) -> RecurrentSpec:
    """Return the recurrent layer of a setting, with its weights."""
    return layer_spec(
        now.cell,
        now.units,
        now.features,
        return_sequences=now.return_sequences,
        return_state=now.return_state,
    )


def plan_of(now: ReturnSequencesSettings) -> Plan:
    """Return the plan of the picture; each layer without recurrence says what it does."""
    x, next_one = random_input(now.steps, now.features), now.follower
    if next_one is None:
        return plan_trace(run(layer_of(now), x))
    plan = plan_layer(model_of(now), [x])
    if isinstance(plan.rows[-1].spec, ClosedSpec):  # our own NumPy looks into it
        return replace(plan, rows=(*plan.rows[:-1], replace(plan.rows[-1], note=next_one.note)))
    return plan


def code_of(now: ReturnSequencesSettings) -> str:
    """Return the Keras lines of a setting."""
    next_one = now.follower
    layers = [layer_code(layer_of(now))] + ([next_one.code] if next_one else [])
    return model_code(now.steps, now.features, layers)


def refusal(now: ReturnSequencesSettings) -> Refusal | None:
    """Return why Keras does not take a setting; None where it does."""
    next_one = now.follower
    if next_one is None:
        return None
    if now.return_state:
        return states_in_a_chain(layer_of(now), now.steps, now.follow, next_one.name, OUTPUTS)
    if next_one.sequence and not now.return_sequences:
        return no_sequence(now.follow, next_one.name, now.units)
    return None


def stations(now: ReturnSequencesSettings) -> list[list[Shape]]:
    """Return the shapes between the layers of a setting that Keras takes: first the input, last what leaves."""
    next_one = now.follower
    passing: list[list[Shape]] = [[(None, now.steps, now.features)]]
    passing.append(leaving(now.steps, layer_of(now)))
    return passing + ([[next_one.leaves(passing[-1][0])]] if next_one else [])


def _total_and_shapes(now: ReturnSequencesSettings) -> tuple[int, str]:
    """Return how many parameters the layers of a setting have, and the shapes that leave the highest."""
    return sum(array.size for array in weights_of(model_of(now))), written(stations(now)[-1])


def _rows(now: ReturnSequencesSettings, plan: Plan) -> list[tuple[str, str, str]]:
    """Return the table of the shapes, the highest layer first, as it stands in the picture."""
    shapes = [written(station) for station in stations(now)]
    return [
        (row.title, entering, out)
        for row, entering, out in reversed(list(zip(plan.rows, shapes[:-1], shapes[1:], strict=True)))
    ]


def _meaning(now: ReturnSequencesSettings) -> str:
    """Say what leaves the recurrent layer, and what the next one does with it."""
    next_one, left = now.follower, meaning(now.steps, layer_of(now))
    if next_one is None:
        return left
    return f"{left} {next_one.on_all if now.return_sequences else next_one.on_last}"


def _check(now: ReturnSequencesSettings) -> str:
    x, model = random_input(now.steps, now.features), model_of(now)
    return ask_for_the_error(model, x.shape) if refusal(now) else check_with_keras(model, x)
