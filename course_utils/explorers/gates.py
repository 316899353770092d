"""explore_gates: what the memory of an LSTM keeps, with gates set by hand or by weights."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Annotated, Any

import numpy as np

from course_utils.drawing.text import subscript
from course_utils.drawing.wording import counted, number
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import check_own, check_with_keras
from course_utils.explorers.layer_settings import Features, Steps, Units, refuse_half, run_one
from course_utils.explorers.made_up import MADE_UP_NOTE
from course_utils.explorers.settings import Number, Settings, Whole, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.gates_over_time import drawn_steps, kept_shares, memory_scene
from course_utils.recurrence import CellTrace, RecurrentSpec, random_input, random_spec, run
from course_utils.recurrence.reading import read_recurrent
from course_utils.recurrence.specs import Manner

PULSES = {2: 1.0, 6: -0.8}  # the candidates by hand, by step; 0 at all others
OPEN = 40.0  # the logistic function of it is 1 in single precision, that of minus it 0
LARGE = 20.0  # and tanh of this is 1
LONGEST_PRODUCT = 4
NOTHING = 1e-6  # a share that is only rounding
IN_WORDS = {  # what a gate does: closed, in between, open
    "f": ("forgets at once", "keeps {0:g}·c at each step", "keeps all"),
    "i": ("writes nothing", "writes {0:g}·c̃", "writes all of c̃"),
    "o": ("hides the memory, h is 0 and c goes on", "shows {0:g}·tanh(c)", "shows all of tanh(c)"),
}


@dataclass(frozen=True, kw_only=True)
class GatesSettings(Settings):
    """An LSTM whose gates are set by hand, or by weights."""

    by: Annotated[
        str | None,
        '"hand": the gates are sliders; "weights": an LSTM sets them itself, yours or one of ``units`` on ``features`` '
        'with made-up weights; without it "weights" for a layer of yours, else "hand"',
    ] = None
    steps: Annotated[Steps, "T"] = 8
    f: Annotated[float, Number(0.0, 1.0, label="f keeps"), "by hand: the gate f at the start, in tenths"] = 0.9
    i: Annotated[float, Number(0.0, 1.0, label="i writes"), "by hand: the gate i at the start, in tenths"] = 1.0
    o: Annotated[float, Number(0.0, 1.0, label="o shows"), "by hand: the gate o at the start, in tenths"] = 1.0
    at: Annotated[
        int, Whole(1, label="from step"), "by hand: the step from which they hold; before it all gates are open"
    ] = 1
    units: Annotated[Units, "by weights: of the layer that is made up"] = 4
    features: Annotated[Features, "by weights: of the layer that is made up"] = 2
    unit: Annotated[int, Whole(1), "by weights: the unit it starts with, 1 … U"] = 1

    @property
    def gates(self) -> dict[str, float]:
        """The gates by hand; a slider gives 0.30000000000000004 for 0.3."""
        return {name: round(value, 6) for name, value in (("f", self.f), ("i", self.i), ("o", self.o))}

    @property
    def since(self) -> str:
        """From where on the gates hold, in words."""
        return "" if self.at == 1 else f" from step {self.at} on"


@keywords_of(GatesSettings)
def explore_gates(
    layer: Any = None, x: Any = None, *, hide: Collection[str] = (), **start: object
) -> Explorer[GatesSettings]:
    """Return controls for the gates of an LSTM, with what its memory keeps over time.

    By hand the news (the candidates) are fixed: 1 at step 2, -0.8 at step 6, else 0.

    Parameters
    ----------
    layer : Any
        your own LSTM, whose weights set the gates
    x : Any
        its input (1, T, F)
    {settings}

    Examples
    --------
    >>> explorer = explore_gates(f=0.5)
    >>> explorer.diagram.scene.title
    'One memory over 8 steps: f = 0.5, i = 1, o = 1'
    """
    first = GatesSettings.of(start)
    _check_manner(first.by, layer, x)
    if first.by == "hand" or (first.by is None and layer is None):
        _refuse_other("weights", first, "units", "features", "unit")
        first.check("steps")
        _check_tenths(first)
        return Explorer(
            first,
            view_by_hand,
            shown=("f", "i", "o", "at"),
            reach=first.reaching(at=first.steps),
            hide=hide,
            check=lambda now: check_with_keras(*layer_with_gates(now.steps, **now.gates, at=now.at)),
        )
    _refuse_other("hand", first, "f", "i", "o", "at")
    if layer is not None and (first.steps, first.units, first.features) != (8, 4, 2):
        raise ValueError("steps, units and features are for made-up weights; a layer brings its own sizes.")
    if layer is None:
        first.check("steps", "units", "features")
        spec = random_spec("LSTM", units=first.units, features=first.features, return_sequences=True)
        x = random_input(first.steps, first.features)
    else:
        spec = _read(layer, x)
    trace = run_one(spec, x)
    return Explorer(
        first,
        lambda now, _before: view_by_weights(trace, layer is not None, now.unit),
        shown=("unit",),
        reach=first.reaching(unit=spec.units),
        hide=hide,
        check=lambda _now: check_own(spec, x, layer),
    )


def _check_manner(by: str | None, layer: Any, x: Any) -> None:
    refuse_half(layer, x)
    if by not in ("hand", "weights", None):
        raise ValueError(f"by must be 'hand' or 'weights', but it is {by!r}.")
    if by == "hand" and layer is not None:
        raise ValueError("by must be 'weights' where a layer is given, since its weights set the gates.")


def _refuse_other(by: str, first: GatesSettings, *names: str) -> None:
    """Raise ValueError for a setting that only the other manner has."""
    for name in names:
        if getattr(first, name) != getattr(GatesSettings, name):  # the default
            raise ValueError(f"{name} is for by={by!r} alone, but it is {getattr(first, name)!r}.")


def _check_tenths(first: GatesSettings) -> None:
    """Raise ValueError for a gate that the slider could not show."""
    for name in ("f", "i", "o"):
        value = getattr(first, name)
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not 0 <= value <= 1 or abs(10 * value - round(10 * value)) > 1e-9:
            raise ValueError(f"{name} must be a number from 0 to 1 in tenths, such as 0.3, but it is {value!r}.")


def _read(layer: Any, x: Any) -> RecurrentSpec:
    """Read the user's own LSTM. Raises ValueError for another kind."""
    spec = read_recurrent(layer, x)
    if spec.kind != "LSTM":
        raise ValueError(f"layer must be an LSTM, since f, i, o and c are its own, but it is of kind {spec.kind}.")
    return spec


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
def _hand_trace(now: GatesSettings) -> CellTrace:
    return run(*layer_with_gates(now.steps, **now.gates, at=now.at))


def view_by_hand(now: GatesSettings, before: GatesSettings | None) -> View:
    """Return the picture, what is kept of each pulse, and the Keras code of a layer with these gates."""
    gates, trace = now.gates, _hand_trace(now)
    settings = ", ".join(f"{name} = {value:g}" for name, value in gates.items())
    title = f"One memory over {counted(now.steps, 'step')}: {settings}{now.since}"
    scene = memory_scene(trace, first=now.at, title=title, by_hand=True)
    turned = [name for name in (*gates, "at") if before and getattr(now, name) != getattr(before, name)]
    said = _change(now, before, turned) + kept_in_words(trace, 1, list(pulses(now.steps)))
    rest = {name: value for name, value in gates.items() if name not in turned}
    headline = "<br>".join([f"<b>{said[0]}</b>", *said[1:], *_reading(rest, now.since)])
    notes = f"<pre>{escape(hand_code(now))}</pre>"
    return View(headline, Diagram(scene), notes, f"{settings}{now.since}: {' '.join(said)}")


def _gate_in_words(name: str, value: float) -> str:
    """Say what a gate by hand does.

    >>> _gate_in_words("o", 0.3), _gate_in_words("f", 0.0)
    ('o = 0.3 shows 0.3·tanh(c)', 'f = 0 forgets at once')
    """
    closed, between, opened = IN_WORDS[name]
    means = between.format(value) if 0 < value < 1 else opened if value else closed
    return f"{name} = {value:g} {means}"


def _change(now: GatesSettings, before: GatesSettings | None, turned: list[str]) -> list[str]:
    """Say what the last move changed, with a number of now and before: c, or h where o alone was turned."""
    if before is None or not turned:
        return []
    words = [_gate_in_words(name, value) for name, value in now.gates.items() if name in turned]
    words += [f"your gates hold from step {now.at} on"] if "at" in turned else []
    said = "; ".join(words)
    drawn = [step for step in drawn_steps(now.steps, now.at) if step]
    for letter in ("c", "h"):
        new, old = (_hand_trace(each).states[letter][0, :, 0] for each in (now, before))
        moved = [step for step in drawn if number(new[step - 1]) != number(old[step - 1])]
        if moved:
            step = now.steps if now.steps in moved else max(moved, key=lambda step: abs(new[step - 1] - old[step - 1]))
            return [f"{said}: {subscript(letter, step)} = {number(new[step - 1])}, it was {number(old[step - 1])}."]
    return [f"{said}: no c and no h that is drawn has changed."]


def kept_in_words(trace: CellTrace, unit: int, steps: list[int]) -> list[str]:
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


def _reading(gates: dict[str, float], since: str) -> list[str]:
    """Say what the gates do that are not wide open, and f."""
    said = [_gate_in_words(name, value) for name, value in gates.items() if value < 1 or name == "f"]
    return [f"Your gates{since}: {'; '.join(said)}."] if said else []


def hand_code(now: GatesSettings) -> str:
    """Return the Keras lines that build an LSTM with these gates, and run it."""
    steps, at = now.steps, now.at
    spec, x = layer_with_gates(steps, **now.gates, at=at)
    made = [f"x[0, {step - 1}, 0] = {x[0, step - 1, 0]:.6g}  # c̃ = {c:g}" for step, c in pulses(steps).items()]
    opening = [f"x[0, :{at - 1}, 1] = 1  # before step {at}: all gates open"] if at > 1 else []
    logits = ", ".join(f"{value:.6g}" for value in spec.weights["bias"])
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


def view_by_weights(trace: CellTrace, own: bool, unit: int) -> View:
    """Return the picture of one unit, what is kept of its first and of its strongest news, and code.

    own: whether the layer is the user's own; else its weights are made up
    """
    candidate, i, f = (trace.block(letter)[0, :, unit - 1] for letter in ("c", "i", "f"))
    strongest = int(np.argmax(np.abs(np.nan_to_num(candidate * kept_shares(i, f))))) + 1
    memory = f"{subscript('c', trace.steps)} = {number(trace.states['c'][0, -1, unit - 1])}"
    most = f"Unit {unit} of {trace.spec.units}: the news of step {strongest} weighs most in {memory}."
    kept = kept_in_words(trace, unit, sorted({1, strongest}))
    whose = f"the weights of your layer {trace.spec.name!r}" if own else MADE_UP_NOTE
    headline = "<br>".join([f"<b>{most}</b>", *kept, f"<small>{escape(whose, quote=False)}</small>"])
    notes = f"<pre>{escape(own_code(unit) if own else made_up_code(trace))}</pre>"
    scene = memory_scene(trace, unit=unit)
    return View(headline, Diagram(scene), notes, f"{most} {' '.join(kept)} ({whose})")


def made_up_code(trace: CellTrace) -> str:
    """Return the Keras lines that build a layer of these sizes."""
    return (
        "keras.Sequential([\n"
        f"    keras.Input(shape=({trace.steps}, {trace.spec.features})),\n"
        f"    keras.layers.LSTM({trace.spec.units}, return_sequences=True),\n"
        "])"
    )


def own_code(unit: int) -> str:
    """Return the lines that read these numbers from the user's own layer."""
    lines = [f"gates = course_utils.trace(layer, x).recurrent[0].gates  # unit {unit}, step by step:"]
    return "\n".join([*lines, *(f'gates["{letter}"][0, :, {unit - 1}]' for letter in "fio")])
