"""explore_unrolling: units, features and time-steps, kind and switches, and what each of them changes."""

from collections.abc import Collection

from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, State, View
from course_utils.explorers.keras_check import check_with_keras
from course_utils.explorers.layer_settings import (
    SWITCHES,
    change,
    code_block,
    formula,
    layer_code,
    layer_spec,
    leaving,
    meaning,
    model_code,
    size_slider,
    switch,
    written,
)
from course_utils.explorers.made_up import MADE_UP
from course_utils.explorers.refusals import ask_for_the_error, both_backwards
from course_utils.frontend import choice
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import plan_layer, plan_trace, unrolled_scene
from course_utils.recurrence import RecurrentSpec, count, random_input, run
from course_utils.recurrence.kinds import OF_KERAS
from course_utils.recurrence.specs import BidirectionalSpec


def explore_unrolling(
    *,
    cell: str = "SimpleRNN",
    units: int = 4,
    features: int = 2,
    steps: int = 3,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    bidirectional: bool = False,
    most_units: int = 12,
    most_features: int = 8,
    most_steps: int = 30,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for a recurrent layer, with its unrolled picture, its shapes, its count and its code.

    cell:             "SimpleRNN", "LSTM" or "GRU"
    units, features, steps, return_sequences, return_state, go_backwards: the setting it starts with
    bidirectional:    whether a second layer reads backwards
    most_…:           how far each slider goes (at most 64 units, 64 features, 784 steps)
    hide:             names of controls to leave out, e.g. ``("features",)``

    The weights are drawn by the same rules as Keras's own, in NumPy, so that no move
    waits for Keras; the button compares with a real Keras layer.

    >>> explorer = explore_unrolling(units=4)
    >>> explorer.set(steps=10)
    >>> explorer.state["steps"], explorer.diagram.description[:38]
    (10, 'SimpleRNN(4) on 10 steps of 2 features')
    """
    controls = {
        "units": size_slider("units", units, most_units),
        "features": size_slider("features", features, most_features),
        "steps": size_slider("steps", steps, most_steps),
        "cell": choice("cell", OF_KERAS, cell),
        "return_sequences": switch("return_sequences", return_sequences),
        "return_state": switch("return_state", return_state),
        "go_backwards": switch("go_backwards", go_backwards),
        "bidirectional": switch("bidirectional", bidirectional),
    }
    return Explorer(controls, view, hide=hide, check=_check)


def view(state: State, before: State | None) -> View:
    """Return the picture, the shapes, the count and the code for one setting."""
    sides, steps = sides_of(state), state["steps"]
    code = model_code(steps, state["features"], [layer_code(*sides)])
    if _refused(state):
        return both_backwards().view(code)
    x = random_input(steps, state["features"])
    plan = plan_layer(layer_of(state), [x]) if state["bidirectional"] else plan_trace(run(sides[0], x))
    total, out = _total_and_shapes(state)
    total_then, then = (None, out) if before is None or _refused(before) else _total_and_shapes(before)
    changed, means = change(total, total_then), meaning(steps, *sides)
    was = f" (before: {then})" if then != out else ""
    headline = f"<b>{total:,} parameters</b>{changed}: {formula(*sides)}<br><b>Out comes {out}</b>{was}. {means}"
    notes = f"In goes {(None, *x.shape[1:])}, out comes {out}; None stands for the batch.{code_block(code)}{MADE_UP}"
    nouns = (("units", "unit"), ("features", "feature"), ("steps", "time-step"))
    sizes = ", ".join(counted(state[name], noun) for name, noun in nouns)
    said = f"{_named(state)}, {sizes}: {total:,} parameters{changed}. Out comes {out}{was}. {means}"
    return View(headline, Diagram(unrolled_scene(plan)), notes, said)


def layer_of(state: State) -> RecurrentSpec | BidirectionalSpec:
    """Return the layer of a setting, with its weights."""
    sides = sides_of(state)
    if len(sides) == 1:
        return sides[0]
    forward, backward = sides
    return BidirectionalSpec("layer", forward, backward, "concat", forward.dtype)


def sides_of(state: State) -> tuple[RecurrentSpec] | tuple[RecurrentSpec, RecurrentSpec]:
    """Return the layer of a setting, with its weights; of a Bidirectional, forward and backward."""
    kind, units, features = state["cell"], state["units"], state["features"]
    switches = {name: state[name] for name in SWITCHES}
    if not state["bidirectional"]:
        return (layer_spec(kind, units, features, **switches),)
    forward = layer_spec(kind, units, features, name="layer/forward", **switches)
    turned = switches | {"go_backwards": True}
    return forward, layer_spec(kind, units, features, name="layer/backward", seed=1, **turned)


def _total_and_shapes(state: State) -> tuple[int, str]:
    """Return how many parameters the layer of a setting has, and the shapes that leave it, as Keras writes them."""
    sides = sides_of(state)
    return count(*sides).total, written(leaving(state["steps"], *sides))


def _refused(state: State) -> bool:
    return state["bidirectional"] and state["go_backwards"]


def _check(state: State) -> str:
    x = random_input(state["steps"], state["features"])
    layer = layer_of(state)
    return ask_for_the_error(layer, x.shape) if _refused(state) else check_with_keras(layer, x)


def _named(state: State) -> str:
    return f"Bidirectional {state['cell']}" if state["bidirectional"] else state["cell"]
