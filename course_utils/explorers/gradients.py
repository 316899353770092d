"""explore_gradients: what is left of the gradient on its way back through time, and which knob changes that."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import Any

import ipywidgets
import numpy as np

from course_utils.drawing.axes import power_of_ten
from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, State, View
from course_utils.explorers.keras_check import gradient_check
from course_utils.explorers.made_up import MADE_UP_NOTE
from course_utils.frontend import choice, decimal_slider, slider, toggle
from course_utils.pictures import Diagram
from course_utils.pictures.gradient_flow import gradient_flow_scene, measured_from
from course_utils.recurrence import GradientFlow, RecurrentSpec, random_input, random_spec
from course_utils.recurrence.activation_functions import sigmoid
from course_utils.recurrence.backpropagation import flow_back
from course_utils.recurrence.kinds import KINDS, OF_KERAS

FEATURES = 2
MOST_UNITS, MOST_STEPS, LONGEST = 64, 200, 784
LOWEST_BIAS, HIGHEST_BIAS = -3.0, 6.0
LOWEST_SCALE, HIGHEST_SCALE = 0.5, 2.0
# of the gate that keeps, as Keras starts it
FIRST_BIAS = {name: float(KINDS[name].keeps != "" and KINDS[name].ones == KINDS[name].keeps) for name in OF_KERAS}
MUCH = 10  # a gradient that shrinks or grows by less stays
SMALL, LARGE = 0.01, 2.0  # shares between are said in per cent
MOST_DIGITS = 6  # before a share is said as a power of ten


def explore_gradients(
    *,
    cell: str = "LSTM",
    steps: int = 30,
    forget_bias: float | None = None,
    scale: float = 1.0,
    units: int = 8,
    compare: bool = True,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for what a gradient meets on its way back, with its size at each step.

    cell:        "SimpleRNN", "LSTM" or "GRU"
    steps:       T, 1 … 200; a start beyond, up to 784, makes the slider as long
    forget_bias: the bias of the gate that keeps the old state, -3 … 6: the forget gate of an LSTM, the update gate of
                 a GRU; without it the one that Keras starts this kind with, 1 for LSTM and 0 for GRU. Where it was
                 not moved away from that, it goes with the kind
    scale:       what the recurrent matrix R is multiplied by, 0.5 … 2
    units:       U, 1 … 64
    compare:     whether the same kind is drawn as Keras starts it, too
    hide:        names of controls to leave out, e.g. ``("scale",)``

    Raises ValueError for a value that is not allowed.

    >>> explorer = explore_gradients(cell="GRU")
    >>> explorer.set(forget_bias=3.0)
    >>> explorer.diagram.description[:40], explorer.state["cell"]
    ('Gradient flow back through 30 steps: how', 'GRU')
    """
    kind = choice("cell", list(OF_KERAS), cell)
    if not isinstance(compare, bool):
        raise ValueError(f"compare must be True or False, but it is {compare!r}.")
    forget_bias = FIRST_BIAS[cell] if forget_bias is None else forget_bias
    most_steps = LONGEST if isinstance(steps, int) and steps > MOST_STEPS else MOST_STEPS
    controls = {
        "cell": kind,
        "steps": slider("time-steps", 1, most_steps, steps),
        "forget_bias": decimal_slider("forget_bias", LOWEST_BIAS, HIGHEST_BIAS, forget_bias, step=0.5),
        "scale": decimal_slider("scale of R", LOWEST_SCALE, HIGHEST_SCALE, scale),
        "units": slider("units", 1, MOST_UNITS, units),
        "compare": toggle("compare with Keras's start", compare),
    }
    _follow_kind(kind, controls["forget_bias"])
    return _KindFirst(controls, view, hide=hide, check=lambda state: gradient_check(*layer_and_input(state)))


class _KindFirst(Explorer):
    """An explorer whose bias follows the kind, unless both are set."""

    def set(self, **state: Any) -> None:
        """Move several controls at once, the kind first: a bias that is given with it stays."""
        super().set(**dict(sorted(state.items(), key=lambda item: item[0] != "cell")))


def _follow_kind(kind: ipywidgets.Dropdown, bias: ipywidgets.FloatSlider) -> None:
    """Let the bias start anew with each kind where it still is at the start of the one before; SimpleRNN has none."""

    def follow(change: dict[str, str]) -> None:
        if bias.value == FIRST_BIAS[change["old"]]:
            bias.value = FIRST_BIAS[change["new"]]
        bias.disabled = not KINDS[change["new"]].keeps

    kind.observe(follow, names="value")
    bias.disabled = not KINDS[kind.value].keeps


def view(state: State, before: State | None) -> View:
    """Return the picture, what is left of the gradient, and the code for one setting."""
    now, start = flow_of(state), flow_of(keras_start(state))
    flows = {f"{state['cell']} as Keras starts it": start} if state["compare"] or starts_so(state) else {}
    if not starts_so(state):
        flows[f"{state['cell']} as set here"] = now
    left = Fading.of(now)
    lines = [f"<b>{left.sentence}</b> {left.rate}", _gate_in_words(state), *_beside(state, before)]
    lines.append(f"<small>{MADE_UP_NOTE}</small>")
    notes = f"<pre>{escape(keras_code(state))}</pre><small>{_rule(state)}</small>"
    return View("<br>".join(lines), Diagram(gradient_flow_scene(flows)), notes, _announcement(state, left))


@dataclass(frozen=True)
class Fading:
    """What becomes of a gradient on its way from step T to step 1.

    since: the step from which it is measured: T, but T - 1 for LSTM, where the first step back is another one
    share: its size at step 1, measured by that at this step
    """

    since: int
    share: float

    @classmethod
    def of(cls, flow: GradientFlow) -> "Fading":
        """Read it from the sizes; of an LSTM, from those for h and c together."""
        since = measured_from(len(flow.state), not np.array_equal(flow.hidden, flow.state, equal_nan=True))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return cls(since, float(flow.state[0] / flow.state[since - 1]))

    @property
    def factor(self) -> float:
        """By how much one step back multiplies the size: the geometric mean."""
        return self.share ** (1 / (self.since - 1)) if self.since > 1 else 1.0

    @property
    def verdict(self) -> str:
        """Whether it vanishes, stays or explodes."""
        if np.isnan(self.share):
            return "it cannot be told"
        if self.share < 1 / MUCH:
            return "it vanishes"
        return "it explodes" if self.share > MUCH else "it stays, within a factor of 10"

    @property
    def amount(self) -> str:
        """How much of it there is at step 1, in words.

        >>> Fading(9, 0.124).amount, Fading(9, 0.00123).amount, Fading(9, 1e-20).amount, Fading(9, 250.0).amount
        ('12 %', '1 part in 810', '1 part in 10²⁰', '250 times as large')
        """
        if np.isnan(self.share) or np.isinf(self.share):
            return "not a number" if np.isnan(self.share) else "larger than any number"
        if self.share == 0:
            return "nothing that a number could hold"
        if self.share >= LARGE:
            return f"{_rough(self.share)} times as large"
        return f"{_digits(100 * self.share)} %" if self.share >= SMALL else f"1 part in {_rough(self.share)}"

    @property
    def sentence(self) -> str:
        """What is left, as a sentence."""
        if self.since == 1:
            return "With one step there is no way back: the gradient stays as it is."
        if self.share > 1 and self.share < LARGE and self.amount != "100 %":
            return f"At step 1 the gradient has grown to {self.amount} of that at step {self.since}: {self.verdict}."
        if self.share < LARGE:
            return f"Of the gradient at step {self.since}, {self.amount} is left at step 1: {self.verdict}."
        beside = f" as at step {self.since}" if np.isfinite(self.share) else ""
        return f"At step 1 the gradient is {self.amount}{beside}: {self.verdict}."

    @property
    def rate(self) -> str:
        """The factor of one step, as a sentence."""
        return f"On average each step back multiplies it by {self.factor:.3g}." if self._has_factor else ""

    @property
    def summary(self) -> str:
        """The same in few words."""
        if self.since == 1:
            return "one step alone"
        return self.amount + (f", × {self.factor:.3g} for each step back" if self._has_factor else "")

    @property
    def _has_factor(self) -> bool:
        """A share that no number can hold has none that can be told."""
        return self.since > 1 and 0 < self.share < np.inf


def _rough(share: float) -> str:
    """Write how many times one is in the other, with two digits, or as a power of ten.

    >>> _rough(0.00123), _rough(5e-324), _rough(2.345), _rough(1e9)
    ('810', '10³²³', '2.3', '10⁹')
    """
    if abs(np.log10(share)) >= MOST_DIGITS:
        return power_of_ten(share).replace("⁻", "")
    return _digits(share if share > 1 else 1 / share)


def _digits(number: float) -> str:
    """Write a number with two digits, the rest zeros."""
    return f"{round(number, 1 - int(np.log10(number))):,.0f}" if number >= 10 else f"{number:.2g}"


def keras_start(state: State) -> State:
    """Return the same kind and sizes with the bias and the scale that Keras starts with."""
    return state | {"forget_bias": FIRST_BIAS[state["cell"]], "scale": 1.0}


def starts_so(state: State) -> bool:
    """Whether Keras would start the layer with this bias and this scale."""
    start = keras_start(state)
    return state["scale"] == 1 and (state["cell"] == "SimpleRNN" or state["forget_bias"] == start["forget_bias"])


def layer_and_input(state: State) -> tuple[RecurrentSpec, np.ndarray]:
    """Return the layer of a setting and what it reads, (1, T, 2)."""
    return _layer(*_setting(state)), random_input(state["steps"], FEATURES)


def flow_of(state: State) -> GradientFlow:
    """Return the sizes of the gradient for one setting."""
    return _flow(state["steps"], *_setting(state))


def _setting(state: State) -> tuple[str, int, float, float]:
    """Return what makes the layer; a SimpleRNN has no gate, so no bias of one."""
    bias = FIRST_BIAS["SimpleRNN"] if state["cell"] == "SimpleRNN" else state["forget_bias"]
    return state["cell"], state["units"], float(bias), float(state["scale"])


@lru_cache(maxsize=128)
def _flow(steps: int, kind: str, units: int, bias: float, scale: float) -> GradientFlow:
    return flow_back(_layer(kind, units, bias, scale), random_input(steps, FEATURES))


@lru_cache(maxsize=16)
def _layer(kind: str, units: int, bias: float, scale: float) -> RecurrentSpec:
    spec = random_spec(kind, units=units, features=FEATURES)
    biases = spec.weights["bias"].copy()
    if spec.cell.keeps:
        place = spec.blocks.index(spec.cell.keeps)
        biases.reshape(-1)[place * units : (place + 1) * units] = bias
    return replace(spec, recurrent_kernel=np.float32(scale) * spec.recurrent_kernel, bias=biases)


def keras_code(state: State) -> str:
    """Return the Keras lines that build this layer and measure it; x is yours, (batch, T, 2)."""
    kind, units = state["cell"], state["units"]
    lines = [f"layer = keras.layers.{kind}({units})"]
    if not starts_so(state):
        lines += [f"layer.build((None, {state['steps']}, {FEATURES}))"]
        lines += ["kernel, recurrent_kernel, bias = layer.get_weights()"]
        if state["scale"] != 1:
            lines.append(f"recurrent_kernel = {state['scale']:g} * recurrent_kernel")
        if KINDS[kind].keeps and state["forget_bias"] != FIRST_BIAS[kind]:
            columns = f"{units}:{2 * units}" if kind == "LSTM" else f"0, :{units}"
            lines.append(f"bias[{columns}] = {state['forget_bias']:g}  # {_keeping_gate(kind)}")
        lines.append("layer.set_weights([kernel, recurrent_kernel, bias])")
    return "\n".join([*lines, f"course_utils.gradient_flow(layer, x).state  # x: (1, {state['steps']}, {FEATURES})"])


def _keeping_gate(kind: str) -> str:
    """Return how the gate is called that keeps the old state."""
    return f"the {KINDS[kind].role(KINDS[kind].keeps)} {KINDS[kind].keeps}"


def _gate_in_words(state: State) -> str:
    """Say what the bias does to the gate that keeps the old state."""
    kind = KINDS[state["cell"]]
    if not kind.keeps:
        return "SimpleRNN has no gate, so forget_bias moves nothing here; the scale of R does."
    gate, bias = _keeping_gate(kind.name), state["forget_bias"]
    share = float(sigmoid(np.array(bias)))
    return (
        f"A bias of {_plain(bias)} sets {gate} around sigmoid({_plain(bias)}) = {share:.3g}: "
        f"about that share of the old {kind.memory} is kept at each step."
    )


def _beside(state: State, before: State | None) -> list[str]:
    """Say what it is as Keras starts it, and what it was before the last move, where these are something else."""
    others = {"As Keras starts it": keras_start(state)} if state["compare"] and not starts_so(state) else {}
    if before is not None:
        others["Before the move"] = before
    said = {Fading.of(flow_of(state)).summary}
    lines = []
    for when, other in others.items():
        summary = Fading.of(flow_of(other)).summary
        lines += [] if summary in said else [f"{when}: {summary}."]
        said.add(summary)
    return [" ".join(lines)] if lines else []


def _rule(state: State) -> str:
    size = "the size for h and c together" if state["cell"] == "LSTM" else "the size"
    since = measured_from(state["steps"], state["cell"] == "LSTM")
    first = (
        f"Measured from step {since}: the first step back is another one, since from the last h all goes through the "
        "output gate o, while further back c is a way of its own. "
    )
    return first * (since < state["steps"]) + (
        f"Vanishes: less than a tenth of {size} is left at step 1. Explodes: more than ten times of it. "
        "The weights are new, as an untrained layer has them."
    )


def _announcement(state: State, left: Fading) -> str:
    gate = f", forget bias {_plain(state['forget_bias'])}" if KINDS[state["cell"]].keeps else ""
    sizes = f"{counted(state['units'], 'unit')}, {counted(state['steps'], 'time-step')}"
    return f"{state['cell']}, {sizes}{gate}, scale {state['scale']:g}: {left.sentence} ({MADE_UP_NOTE})"


def _plain(number: float) -> str:
    return f"{number:g}".replace("-", "−")
