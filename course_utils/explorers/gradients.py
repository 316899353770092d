"""explore_gradients: what is left of the gradient on its way back through time, and which knob changes that."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import Annotated

import numpy as np

from course_utils.drawing.axes import power_of_ten
from course_utils.drawing.wording import counted
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import gradient_check
from course_utils.explorers.layer_settings import CellKind
from course_utils.explorers.made_up import MADE_UP_NOTE
from course_utils.explorers.settings import Number, Settings, Switch, Whole, keywords_of
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


@dataclass(frozen=True, kw_only=True)
class GradientsSettings(Settings):
    """A recurrent layer, and what changes the gradient on its way back through it."""

    cell: CellKind = "LSTM"
    steps: Annotated[
        int,
        Whole(1, label="time-steps", called="time-steps"),
        "T, 1 … 200; a start beyond, up to 784, makes the slider as long",
    ] = 30
    forget_bias: Annotated[
        float,
        Number(LOWEST_BIAS, HIGHEST_BIAS, step=0.5),
        "the bias of the gate that keeps the old state: the forget gate of an LSTM, the update gate of a GRU; without "
        "it the one that Keras starts this kind with, 1 for LSTM and 0 for GRU. Where it was not moved away from "
        "that, it goes with the kind",
    ]
    scale: Annotated[
        float,
        Number(LOWEST_SCALE, HIGHEST_SCALE, label="scale of R", called="scale of R"),
        "what the recurrent matrix R is multiplied by",
    ] = 1.0
    units: Annotated[int, Whole(1, MOST_UNITS), "U"] = 8
    compare: Annotated[
        bool, Switch(label="compare with Keras's start"), "whether the same kind is drawn as Keras starts it, too"
    ] = True

    @property
    def start(self) -> "GradientsSettings":
        """The same kind and sizes with the bias and the scale that Keras starts with."""
        return replace(self, forget_bias=FIRST_BIAS[self.cell], scale=1.0)

    @property
    def starts_so(self) -> bool:
        """Whether Keras would start the layer with this bias and this scale."""
        return self.scale == 1 and (self.cell == "SimpleRNN" or self.forget_bias == FIRST_BIAS[self.cell])

    def following(self, before: "GradientsSettings") -> "GradientsSettings":
        """Let the bias start anew with each kind where it still is at the start of the one before."""
        moved = self.forget_bias != FIRST_BIAS[before.cell]
        return self if moved else replace(self, forget_bias=FIRST_BIAS[self.cell])

    def idle(self) -> Collection[str]:
        return () if KINDS[self.cell].keeps else ("forget_bias",)


@keywords_of(GradientsSettings)
def explore_gradients(
    *, forget_bias: float | None = None, hide: Collection[str] = (), **start: object
) -> Explorer[GradientsSettings]:
    """Return controls for what a gradient meets on its way back, with its size at each step.

    {settings}

    Examples
    --------
    >>> explorer = explore_gradients(cell="GRU")
    >>> explorer.set(forget_bias=3.0)
    >>> explorer.diagram.description[:40], explorer.state["cell"]
    ('Gradient flow back through 30 steps: how', 'GRU')
    """
    first = GradientsSettings.of(start, forget_bias=forget_bias)
    first.check("cell")
    if forget_bias is None:
        first = replace(first, forget_bias=FIRST_BIAS[first.cell])
    long = isinstance(first.steps, int) and first.steps > MOST_STEPS
    reach = first.reaching(steps=LONGEST if long else MOST_STEPS)
    return Explorer(first, view, reach=reach, hide=hide, check=lambda now: gradient_check(*layer_and_input(now)))


def view(now: GradientsSettings, before: GradientsSettings | None) -> View:
    """Return the picture, what is left of the gradient, and the code for one setting."""
    flow = flow_of(now)
    flows = {f"{now.cell} as Keras starts it": flow_of(now.start)} if now.compare or now.starts_so else {}
    if not now.starts_so:
        flows[f"{now.cell} as set here"] = flow
    left = Fading.of(flow)
    lines = [f"<b>{left.sentence}</b> {left.rate}", _gate_in_words(now), *_beside(now, before)]
    lines.append(f"<small>{MADE_UP_NOTE}</small>")
    notes = f"<pre>{escape(keras_code(now))}</pre><small>{_rule(now)}</small>"
    return View("<br>".join(lines), Diagram(gradient_flow_scene(flows)), notes, _announcement(now, left))


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


def layer_and_input(now: GradientsSettings) -> tuple[RecurrentSpec, np.ndarray]:
    """Return the layer of a setting and what it reads, (1, T, 2)."""
    bias = now.forget_bias if KINDS[now.cell].keeps else 0.0
    return _layer(now.cell, now.units, bias, now.scale), random_input(now.steps, FEATURES)


def flow_of(now: GradientsSettings) -> GradientFlow:
    """Return the sizes of the gradient for one setting."""
    return _flow(replace(now, compare=False))


@lru_cache(maxsize=128)
def _flow(now: GradientsSettings) -> GradientFlow:
    return flow_back(*layer_and_input(now))


@lru_cache(maxsize=16)
def _layer(kind: str, units: int, bias: float, scale: float) -> RecurrentSpec:
    spec = random_spec(kind, units=units, features=FEATURES)
    biases = spec.weights["bias"].copy()
    if spec.cell.keeps:
        place = spec.blocks.index(spec.cell.keeps)
        biases.reshape(-1)[place * units : (place + 1) * units] = bias
    return replace(spec, recurrent_kernel=np.float32(scale) * spec.recurrent_kernel, bias=biases)


def keras_code(now: GradientsSettings) -> str:
    """Return the Keras lines that build this layer and measure it; x is yours, (batch, T, 2)."""
    kind, units = now.cell, now.units
    lines = [f"layer = keras.layers.{kind}({units})"]
    if not now.starts_so:
        lines += [f"layer.build((None, {now.steps}, {FEATURES}))"]
        lines += ["kernel, recurrent_kernel, bias = layer.get_weights()"]
        if now.scale != 1:
            lines.append(f"recurrent_kernel = {now.scale:g} * recurrent_kernel")
        if KINDS[kind].keeps and now.forget_bias != FIRST_BIAS[kind]:
            columns = f"{units}:{2 * units}" if kind == "LSTM" else f"0, :{units}"
            lines.append(f"bias[{columns}] = {now.forget_bias:g}  # {_keeping_gate(kind)}")
        lines.append("layer.set_weights([kernel, recurrent_kernel, bias])")
    return "\n".join([*lines, f"course_utils.gradient_flow(layer, x).state  # x: (1, {now.steps}, {FEATURES})"])


def _keeping_gate(kind: str) -> str:
    """Return how the gate is called that keeps the old state."""
    return f"the {KINDS[kind].role(KINDS[kind].keeps)} {KINDS[kind].keeps}"


def _gate_in_words(now: GradientsSettings) -> str:
    """Say what the bias does to the gate that keeps the old state."""
    kind = KINDS[now.cell]
    if not kind.keeps:
        return "SimpleRNN has no gate, so forget_bias moves nothing here; the scale of R does."
    gate, bias = _keeping_gate(kind.name), now.forget_bias
    share = float(sigmoid(np.array(bias)))
    return (
        f"A bias of {_plain(bias)} sets {gate} around sigmoid({_plain(bias)}) = {share:.3g}: "
        f"about that share of the old {kind.memory} is kept at each step."
    )


def _beside(now: GradientsSettings, before: GradientsSettings | None) -> list[str]:
    """Say what it is as Keras starts it, and what it was before the last move, where these are something else."""
    others = {"As Keras starts it": now.start} if now.compare and not now.starts_so else {}
    if before is not None:
        others["Before the move"] = before
    said = {Fading.of(flow_of(now)).summary}
    lines = []
    for when, other in others.items():
        summary = Fading.of(flow_of(other)).summary
        lines += [] if summary in said else [f"{when}: {summary}."]
        said.add(summary)
    return [" ".join(lines)] if lines else []


def _rule(now: GradientsSettings) -> str:
    size = "the size for h and c together" if now.cell == "LSTM" else "the size"
    since = measured_from(now.steps, now.cell == "LSTM")
    first = (
        f"Measured from step {since}: the first step back is another one, since from the last h all goes through the "
        "output gate o, while further back c is a way of its own. "
    )
    return first * (since < now.steps) + (
        f"Vanishes: less than a tenth of {size} is left at step 1. Explodes: more than ten times of it. "
        "The weights are new, as an untrained layer has them."
    )


def _announcement(now: GradientsSettings, left: Fading) -> str:
    gate = f", forget bias {_plain(now.forget_bias)}" if KINDS[now.cell].keeps else ""
    sizes = f"{counted(now.units, 'unit')}, {counted(now.steps, 'time-step')}"
    return f"{now.cell}, {sizes}{gate}, scale {now.scale:g}: {left.sentence} ({MADE_UP_NOTE})"


def _plain(number: float) -> str:
    return f"{number:g}".replace("-", "−")
