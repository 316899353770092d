"""explore_return_sequences: what leaves a recurrent layer, and which layers can take it."""

from collections.abc import Collection
from dataclasses import replace

from course_utils.explorers.base import Explorer, State, View
from course_utils.explorers.keras_check import check_with_keras, weights_of
from course_utils.explorers.layer_settings import (
    Shape,
    change,
    code_block,
    layer_code,
    layer_spec,
    leaving,
    meaning,
    model_code,
    size_slider,
    switch,
    written,
)
from course_utils.explorers.layers_above import FOLLOWERS, OUTPUTS, Follower, follower
from course_utils.explorers.made_up import MADE_UP
from course_utils.explorers.refusals import Refusal, ask_for_the_error, no_sequence, states_in_a_chain
from course_utils.frontend import choice
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import Plan, plan_layer, plan_trace, unrolled_scene
from course_utils.recurrence import RecurrentSpec, random_input, run
from course_utils.recurrence.graphs import ClosedSpec, Graph, chain
from course_utils.recurrence.kinds import OF_KERAS
from course_utils.recurrence.tables import html_table


def explore_return_sequences(
    *,
    cell: str = "SimpleRNN",
    units: int = 4,
    features: int = 2,
    steps: int = 3,
    return_sequences: bool = False,
    return_state: bool = False,
    follow: str = "nothing",
    most_units: int = 12,
    most_features: int = 8,
    most_steps: int = 30,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for what leaves a layer and what follows it, with all shapes, or with Keras's own error.

    cell:    "SimpleRNN", "LSTM" or "GRU"
    follow:  "nothing", "Dense", "TimeDistributed(Dense)", "Flatten", "GlobalAveragePooling1D",
             "GlobalMaxPooling1D" or "a second RNN"
    units, features, steps, return_sequences, return_state: the setting it starts with
    most_…:  how far each slider goes (at most 64 units, 64 features, 784 steps)
    hide:    names of controls to leave out, e.g. ``("features",)``

    >>> explorer = explore_return_sequences(follow="a second RNN")
    >>> explorer.diagram.scene.title
    'A second RNN needs a sequence'
    >>> explorer.set(return_sequences=True)
    >>> explorer.diagram.description[:29]
    'SimpleRNN(4) → SimpleRNN(5) o'
    """
    controls = {
        "follow": choice("what follows", tuple(FOLLOWERS), follow, "follow"),
        "return_sequences": switch("return_sequences", return_sequences),
        "return_state": switch("return_state", return_state),
        "units": size_slider("units", units, most_units),
        "features": size_slider("features", features, most_features),
        "steps": size_slider("steps", steps, most_steps),
        "cell": choice("cell", OF_KERAS, cell),
    }
    return Explorer(controls, view, hide=hide, check=_check)


def view(state: State, before: State | None) -> View:
    """Return the picture and the shapes of one setting; where it does not fit, a card with Keras's words."""
    code = code_of(state)
    problem = refusal(state)
    if problem:
        return problem.view(code)
    plan, (total, out) = plan_of(state), _total_and_shapes(state)
    total_then, then = (None, out) if before is None or refusal(before) else _total_and_shapes(before)
    was = f" (before: {then})" if then != out else ""
    count = f"{total:,} parameters{change(total, total_then)}"
    headline = f"<b>Out comes {out}</b>{was}<br>{count}. {_meaning(state)}"
    notes = html_table(("layer", "in", "out"), _rows(state, plan)) + code_block(code) + MADE_UP
    said = f"{state['cell']}, what follows: {state['follow']}. Out comes {out}{was}, {count}. {_meaning(state)}"
    return View(headline, Diagram(unrolled_scene(plan)), notes, said)


def model_of(state: State) -> RecurrentSpec | Graph:
    """Return the layer of a setting, with what follows it; also one that Keras refuses."""
    layer, next_one = layer_of(state), _follower(state)
    return layer if next_one is None else chain([layer, next_one.make(layer)])


def layer_of(state: State) -> RecurrentSpec:
    """Return the recurrent layer of a setting, with its weights."""
    switches = {name: state[name] for name in ("return_sequences", "return_state")}
    return layer_spec(state["cell"], state["units"], state["features"], **switches)


def plan_of(state: State) -> Plan:
    """Return the plan of the picture; each layer without recurrence says what it does."""
    x, next_one = random_input(state["steps"], state["features"]), _follower(state)
    if next_one is None:
        return plan_trace(run(layer_of(state), x))
    plan = plan_layer(model_of(state), [x])
    if isinstance(plan.rows[-1].spec, ClosedSpec):  # our own NumPy looks into it
        return replace(plan, rows=(*plan.rows[:-1], replace(plan.rows[-1], note=next_one.note)))
    return plan


def code_of(state: State) -> str:
    """Return the Keras lines of a setting."""
    next_one = _follower(state)
    layers = [layer_code(layer_of(state))] + ([next_one.code] if next_one else [])
    return model_code(state["steps"], state["features"], layers)


def refusal(state: State) -> Refusal | None:
    """Return why Keras does not take a setting; None where it does."""
    next_one = _follower(state)
    if next_one is None:
        return None
    if state["return_state"]:
        return states_in_a_chain(layer_of(state), state["steps"], state["follow"], next_one.name, OUTPUTS)
    if next_one.sequence and not state["return_sequences"]:
        return no_sequence(state["follow"], next_one.name, state["units"])
    return None


def stations(state: State) -> list[list[Shape]]:
    """Return the shapes between the layers of a setting that Keras takes: first the input, last what leaves."""
    next_one = _follower(state)
    passing: list[list[Shape]] = [[(None, state["steps"], state["features"])]]
    passing.append(leaving(state["steps"], layer_of(state)))
    return passing + ([[next_one.leaves(passing[-1][0])]] if next_one else [])


def _total_and_shapes(state: State) -> tuple[int, str]:
    """Return how many parameters the layers of a setting have, and the shapes that leave the highest."""
    return sum(array.size for array in weights_of(model_of(state))), written(stations(state)[-1])


def _rows(state: State, plan: Plan) -> list[tuple[str, str, str]]:
    """Return the table of the shapes, the highest layer first, as it stands in the picture."""
    shapes = [written(station) for station in stations(state)]
    return [
        (row.title, entering, out)
        for row, entering, out in reversed(list(zip(plan.rows, shapes[:-1], shapes[1:], strict=True)))
    ]


def _meaning(state: State) -> str:
    """Say what leaves the recurrent layer, and what the next one does with it."""
    next_one, left = _follower(state), meaning(state["steps"], layer_of(state))
    if next_one is None:
        return left
    return f"{left} {next_one.on_all if state['return_sequences'] else next_one.on_last}"


def _check(state: State) -> str:
    x, model = random_input(state["steps"], state["features"]), model_of(state)
    return ask_for_the_error(model, x.shape) if refusal(state) else check_with_keras(model, x)


def _follower(state: State) -> Follower | None:
    return follower(state["follow"], state["cell"])
