"""explore_gates: what the memory of an LSTM keeps, with gates set by hand or by weights."""

from collections.abc import Collection
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np

from course_utils.diagrams import Diagram
from course_utils.diagrams.lettering import subscript
from course_utils.diagrams.memory import kept_shares, memory_scene
from course_utils.diagrams.wording import counted, number
from course_utils.frontend import slider
from course_utils.frontend.controls import decimal_slider
from course_utils.recurrence import RecurrentSpec, RecurrentTrace, random_input, random_spec, run
from course_utils.recurrence.specs import Manner
from course_utils.widgets.explorer import Explorer, State, View
from course_utils.widgets.keras_check import check_with_keras

MOST_STEPS, MOST_UNITS, MOST_FEATURES = 784, 64, 64
PULSES = {2: 1.0, 6: -0.8}  # the candidates by hand, by step; 0 at all others
OPEN = 40.0  # the logistic function of it is 1 in single precision, that of minus it 0
LARGE = 20.0  # and tanh of this is 1
LONGEST_PRODUCT = 4
NOTHING = 1e-6  # a share that is only rounding


def explore_gates(
    *,
    by: str = "hand",
    steps: int = 8,
    f: float = 0.9,
    i: float = 1.0,
    o: float = 1.0,
    at: int = 1,
    units: int = 4,
    features: int = 2,
    unit: int = 1,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for the gates of an LSTM, with what its memory keeps over time.

    by:              "hand": the gates are sliders; "weights": an LSTM of ``units`` on ``features`` sets them itself
    steps:           T, at most 784
    f, i, o:         by hand: the gates it starts with, 0 (closed) to 1 (open), in tenths
    at:              by hand: the step from which they hold; before it all gates are open
    units, features: by weights: the sizes of the layer
    unit:            by weights: the unit it starts with, 1 … U
    hide:            names of controls to leave out, e.g. ``("o", "at")``

    Raises ValueError for a value that is not allowed. By hand the news (the candidates) are fixed:
    1 at step 2, -0.8 at step 6, else 0.

    >>> explorer = explore_gates(f=0.5)
    >>> explorer.diagram.scene.title
    'One memory over 8 steps: f = 0.5, i = 1, o = 1'
    """
    _check_whole("steps", steps, MOST_STEPS)
    if by == "hand":
        controls = _hand_controls(steps, f, i, o, at)
        _refuse_other("weights", units=(units, 4), features=(features, 2), unit=(unit, 1))
        return Explorer(
            controls,
            lambda state, before: view_by_hand(steps, state, before),
            hide=hide,
            check=lambda state: check_with_keras(*layer_with_gates(steps, **state)),
        )
    if by != "weights":
        raise ValueError(f"by must be 'hand' or 'weights', but it is {by!r}.")
    _refuse_other("hand", f=(f, 0.9), i=(i, 1.0), o=(o, 1.0), at=(at, 1))
    _check_whole("units", units, MOST_UNITS)
    _check_whole("features", features, MOST_FEATURES)
    return Explorer(
        {"unit": slider("unit", 1, units, unit)},
        lambda state, before: view_by_weights(steps, units, features, state),
        hide=hide,
        check=lambda _state: check_with_keras(*_layer_and_input(steps, units, features)),
    )


def _hand_controls(steps: int, f: float, i: float, o: float, at: int) -> dict[str, Any]:
    labels = {"f": (f, "f keeps"), "i": (i, "i writes"), "o": (o, "o shows")}
    for name, (value, _label) in labels.items():
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not 0 <= value <= 1 or abs(10 * value - round(10 * value)) > 1e-9:
            raise ValueError(f"{name} must be a number from 0 to 1 in tenths, such as 0.3, but it is {value!r}.")
    _check_whole("at", at, steps)
    gates = {name: decimal_slider(label, 0.0, 1.0, value) for name, (value, label) in labels.items()}
    return gates | {"at": slider("from step", 1, steps, at)}


def _check_whole(name: str, value: Any, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most}, but it is {value!r}.")


def _refuse_other(by: str, **given: tuple[Any, Any]) -> None:
    """Raise ValueError for an argument that only the other manner has."""
    for name, (value, usual) in given.items():
        if value != usual:
            raise ValueError(f"{name} is for by={by!r} alone, but it is {value!r}.")


def layer_with_gates(steps: int, *, f: float, i: float, o: float, at: int = 1) -> tuple[RecurrentSpec, np.ndarray]:
    """Return an LSTM of one unit whose gates have exactly these values, and the input that makes the candidates.

    R is zero and the gates read nothing but their biases, log(g / (1 - g)). Before step ``at``
    a second feature is 1 and opens all gates.

    >>> spec, x = layer_with_gates(8, f=0.5, i=1.0, o=1.0)
    >>> x.shape, spec.bias.tolist()
    ((1, 8, 1), [40.0, 0.0, 0.0, 40.0])
    """
    kernel = [[0, 0, 1, 0], [2 * OPEN, 2 * OPEN, 0, 2 * OPEN]][: 1 + (at > 1)]
    bias = np.array([_logit(i), _logit(f), 0, _logit(o)], "float32")
    x = np.zeros((1, steps, len(kernel)), "float32")
    for step, candidate in pulses(steps).items():
        x[0, step - 1, 0] = LARGE if candidate == 1 else np.arctanh(candidate)
    x[0, : at - 1, 1:] = 1
    manner = Manner(return_sequences=True)
    spec = RecurrentSpec("LSTM", "lstm", np.array(kernel, "float32"), np.zeros((1, 4), "float32"), bias, manner=manner)
    return spec, x


def pulses(steps: int) -> dict[int, float]:
    """Return the candidates that are not zero, by step."""
    return {min(step, steps): value for step, value in PULSES.items() if step <= max(2, steps)}


def _logit(gate: float) -> float:
    """Return where the logistic function has this value; far out for 0 and 1."""
    if not 0 < gate < 1:
        return OPEN if gate else -OPEN
    return round(float(np.log(gate / (1 - gate))), 6)


@lru_cache(maxsize=256)
def _hand_trace(steps: int, f: float, i: float, o: float, at: int) -> RecurrentTrace:
    return run(*layer_with_gates(steps, f=f, i=i, o=o, at=at))


def _layer_and_input(steps: int, units: int, features: int) -> tuple[RecurrentSpec, np.ndarray]:
    spec = random_spec("LSTM", units=units, features=features, return_sequences=True)
    return spec, random_input(steps, features)


@lru_cache(maxsize=16)
def _weights_trace(steps: int, units: int, features: int) -> RecurrentTrace:
    return run(*_layer_and_input(steps, units, features))


def view_by_hand(steps: int, state: State, before: State | None) -> View:
    """Return the picture, what is kept of each pulse, and the Keras code of a layer with these gates."""
    gates = {name: round(state[name], 6) for name in ("f", "i", "o")}
    at = state["at"]
    trace = _hand_trace(steps, **gates, at=at)
    settings = ", ".join(f"{name} = {value:g}" for name, value in gates.items())
    since = "" if at == 1 else f" from step {at} on"
    title = f"One memory over {counted(steps, 'step')}: {settings}{since}"
    scene = memory_scene(trace, first=at, title=title, by_hand=True)
    kept = kept_in_words(trace, 1, list(pulses(steps)))
    headline = f"<b>{kept[0]}</b><br>" + "<br>".join([*kept[1:], _reading(gates, since)])
    notes = f"<pre>{escape(hand_code(steps, gates, at))}</pre>"
    return View(headline, Diagram(scene), notes, f"{settings}{since}: {' '.join(kept)}")


def kept_in_words(trace: RecurrentTrace, unit: int, steps: list[int]) -> list[str]:
    """Say for some steps which share of their candidate c holds at the end, and how that comes about."""
    i, f = (trace.gates[letter][0, :, unit - 1] for letter in ("i", "f"))
    shares = kept_shares(i, f)
    after = f"After {counted(trace.steps, 'step')} c holds"
    return [
        f"{after} {_share(shares[step - 1])} of the candidate of step {step} ({_product(step, trace.steps)})."
        for step in steps
    ]


def _share(share: float) -> str:
    """Write a share; a small one must not pass for none."""
    if share < NOTHING:
        return "nothing"
    return "less than 0.01" if share < 0.005 else number(share)


def _product(step: int, last: int) -> str:
    """Write which gates stand between a candidate and the last memory."""
    factors = [subscript("i", step), *(subscript("f", t) for t in range(step + 1, last + 1))]
    if len(factors) > LONGEST_PRODUCT:
        factors[2:-1] = ["…"]
    return "·".join(factors)


def _reading(gates: dict[str, float], since: str) -> str:
    """Say what the extreme gates do."""
    means = {
        ("f", 0): "f = 0 forgets at once",
        ("f", 1): "f = 1 keeps all",
        ("i", 0): "i = 0 writes nothing",
        ("o", 0): "o = 0 hides the memory: h is 0, c goes on",
    }
    said = [words for (name, value), words in means.items() if gates[name] == value]
    if 0 < gates["f"] < 1:
        said.insert(0, f"each step keeps {gates['f']:g} of c")
    return f"Your gates{since}: {'; '.join(said)}." if said else ""


def hand_code(steps: int, gates: dict[str, float], at: int) -> str:
    """Return the Keras lines that build an LSTM with these gates, and run it."""
    spec, x = layer_with_gates(steps, **gates, at=at)
    made = [f"x[0, {step - 1}, 0] = {x[0, step - 1, 0]:.6g}  # c̃ = {c:g}" for step, c in pulses(steps).items()]
    opening = [f"x[0, :{at - 1}, 1] = 1  # before step {at}: all gates open"] if at > 1 else []
    logits = ", ".join(f"{value:.6g}" for value in spec.bias)
    return "\n".join(
        [
            f"x = np.zeros({x.shape}, 'float32')",
            *made,
            *opening,
            "layer = keras.layers.LSTM(1, return_sequences=True)",
            "layer.build(x.shape)",
            "layer.set_weights([  # columns: i, f, c̃, o",
            f"    np.array({spec.kernel.astype(int).tolist()}),",
            "    np.zeros((1, 4)),",
            f"    np.array([{logits}]),  # log(g / (1 - g)); ±40 for 1 and 0",
            "])",
            "h = layer(x)",
        ]
    )


def view_by_weights(steps: int, units: int, features: int, state: State) -> View:
    """Return the picture of one unit, what is kept of its first and of its strongest news, and the Keras code."""
    trace, unit = _weights_trace(steps, units, features), state["unit"]
    scene = memory_scene(trace, unit=unit)
    candidate, i, f = (array[0, :, unit - 1] for array in (trace.candidate, trace.gates["i"], trace.gates["f"]))
    strongest = int(np.argmax(np.abs(candidate * kept_shares(i, f)))) + 1
    chosen = sorted({1, strongest})
    kept = kept_in_words(trace, unit, chosen)
    last = number(trace.cell_state[0, -1, unit - 1])
    most = f"the news of step {strongest} weighs most in {subscript('c', steps)} = {last}."
    headline = f"<b>Unit {unit}: {most}</b><br>" + "<br>".join(kept)
    code = (
        "keras.Sequential([\n"
        f"    keras.Input(shape=({steps}, {features})),\n"
        f"    keras.layers.LSTM({units}, return_sequences=True),\n"
        "])"
    )
    return View(headline, Diagram(scene), f"<pre>{escape(code)}</pre>", f"unit {unit}: {most} {' '.join(kept)}")
