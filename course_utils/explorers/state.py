"""explore_state: what a stateful layer carries from batch to batch, and for which sample."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import ipywidgets
import numpy as np

from course_utils.drawing.wording import counted, number
from course_utils.explorers.base import Explorer, State, View, Viewer
from course_utils.explorers.keras_check import ROUNDING, built
from course_utils.explorers.made_up import MADE_UP_NOTE
from course_utils.frontend import choice, slider, toggle
from course_utils.pictures import Diagram
from course_utils.pictures.stateful_batches import Lanes, lanes_scene, sign
from course_utils.recurrence import RecurrentSpec, random_input, random_spec
from course_utils.recurrence.kinds import OF_KERAS
from course_utils.recurrence.running import run_layer

MOST_BATCHES, MOST_SAMPLES, MOST_STEPS = 5, 4, 4
NEVER = "never"
RESETS = (NEVER, *(f"after batch {batch}" for batch in range(1, MOST_BATCHES)))
SEEDS = {"SimpleRNN": 1, "LSTM": 1, "GRU": 3}  # of weights with which a state is still felt some steps later


def explore_state(
    *,
    cell: str = "SimpleRNN",
    batches: int = 3,
    samples: int = 2,
    steps: int = 2,
    stateful: bool = True,
    reset_after_batch: int | None = None,
    hide: Collection[str] = (),
) -> Explorer:
    """Return controls for what goes on from batch to batch, with the state of every sample.

    cell:              "SimpleRNN", "LSTM" or "GRU", of one unit
    batches:           how many are given to the layer one after the other, at most 5
    samples, steps:    of each batch, at most 4
    stateful:          whether sample i of a batch starts where sample i of the batch before ended
    reset_after_batch: after which batch, 1 … 4, ``reset_state()`` is called; None for never. The control says it in
                       words, "never" or "after batch 1"; these are taken, too, here and by ``.set``
    hide:              names of controls to leave out, e.g. ``("samples",)``

    Raises ValueError for a value that is not allowed.

    >>> explorer = explore_state()
    >>> explorer.diagram.scene.title
    'SimpleRNN(1, stateful=True) on 3 batches in a row'
    """
    _refuse_wrong(
        cell, stateful, batches=(batches, MOST_BATCHES), samples=(samples, MOST_SAMPLES), steps=(steps, MOST_STEPS)
    )
    controls = {
        "batches": slider("batches", 1, MOST_BATCHES, batches),
        "samples": slider("samples", 1, MOST_SAMPLES, samples),
        "steps": slider("time-steps", 1, MOST_STEPS, steps),
        "stateful": toggle("stateful", stateful),
        "reset_after_batch": choice("reset", RESETS, _checked_reset(reset_after_batch)),
    }
    return _ResetsBetweenBatches(
        controls,
        lambda state, _before: view(Setting.of(cell, state)),
        hide=hide,
        check=lambda state: check(Setting.of(cell, state)),
    )


def _refuse_wrong(cell: str, stateful: bool, **sizes: tuple[int, int]) -> None:
    """Raise ValueError for what is not allowed. sizes: each with the largest one."""
    if cell not in OF_KERAS:
        raise ValueError(f"cell must be one of {', '.join(OF_KERAS)}, but it is {cell!r}.")
    if not isinstance(stateful, bool):
        raise ValueError(f"stateful must be True or False, but it is {stateful!r}.")
    for name, (value, most) in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(f"{name} must be a whole number from 1 to {most}, but it is {value!r}.")


class _ResetsBetweenBatches(Explorer):
    """An explorer whose list of resets is as long as there are batches."""

    def __init__(
        self,
        controls: Mapping[str, ipywidgets.Widget],
        viewer: Viewer,
        *,
        hide: Collection[str],
        check: Callable[[State], str],
    ):
        super().__init__(controls, viewer, hide=hide, check=check)
        self._batches, self._resets = controls["batches"], controls["reset_after_batch"]
        for control in (self._batches, self._resets):
            control.observe(self._offer, names="value")
        self._offer()

    def set(self, **state: Any) -> None:
        """Move several controls at once; any reset may be set, since the batches for it may come with it."""
        if "reset_after_batch" in state:
            state["reset_after_batch"] = _checked_reset(state["reset_after_batch"])
        self._list(RESETS)
        try:
            super().set(**state)
        finally:
            self._offer()

    def _offer(self, _change: object = None) -> None:
        """List the resets between the batches that there are, and the one that is set."""
        if not self._quiet:
            self._list(RESETS[: max(self._batches.value, self._resets.index + 1)])

    def _list(self, resets: Sequence[str]) -> None:
        """Put these resets into the list; what is set stays, and nothing else is drawn in between."""
        kept = self._resets.value
        with self.one_move(), self._resets.hold_sync():
            self._resets.options = resets  # which also chooses the first of them
            self._resets.value = kept


def _checked_reset(value: Any) -> str:
    """Return a reset in the words of the control."""
    if value is None or value in RESETS:
        return NEVER if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < MOST_BATCHES:
        allowed = f"a whole number from 1 to {MOST_BATCHES - 1}, or None for never"
        raise ValueError(f"reset_after_batch must be {allowed}, but it is {value!r}.")
    return RESETS[value]


def reset_in(state: State) -> int:
    """Return after which batch the states are reset; 0: never.

    >>> reset_in({"reset_after_batch": "after batch 2"}), reset_in({"reset_after_batch": "never"})
    (2, 0)
    """
    last = str(state["reset_after_batch"]).split()[-1]
    return int(last) if last.isdigit() else 0


@dataclass(frozen=True)
class Setting:
    """The controls of a moment, and the kind; hashable, so that the same setting is run once.

    reset: after which batch the states are reset; 0: never
    """

    cell: str
    batches: int
    samples: int
    steps: int
    stateful: bool
    reset: int

    @classmethod
    def of(cls, cell: str, state: State) -> "Setting":
        """Read it from the values of the controls."""
        return cls(cell, state["batches"], state["samples"], state["steps"], state["stateful"], reset_in(state))


def layer_and_input(now: Setting) -> tuple[RecurrentSpec, np.ndarray]:
    """Return the layer of one unit, and for each sample one long sequence, (samples, batches·steps, 1).

    More batches or samples change nothing of what was there.
    """
    spec = random_spec(now.cell, units=1, features=1, return_sequences=True, seed=SEEDS[now.cell])
    x = random_input(now.batches * now.steps, now.samples)
    return spec, np.ascontiguousarray(x.transpose(2, 1, 0))


@lru_cache(maxsize=256)
def _lanes(now: Setting) -> Lanes:
    """Run the layer batch by batch, and once over all steps."""
    spec, x = layer_and_input(now)
    pieces = np.split(x, now.batches, axis=1)
    goes_on = [now.stateful and now.reset != batch for batch in range(1, now.batches)]
    states: tuple[np.ndarray, ...] = ()
    hidden = []
    for piece, keep in zip(pieces, [False, *goes_on], strict=True):
        run = run_layer(spec, piece, initial_state=list(states) if keep else None)
        states = run.states
        hidden.append(run.output[..., 0])
    name = f"{now.cell}(1, stateful={now.stateful})"
    whole = run_layer(spec, x).output[:, -1, 0]
    reset = now.reset if now.stateful else 0
    return Lanes(name, np.stack(pieces)[..., 0], np.stack(hidden), goes_on, reset, whole)


def view(now: Setting) -> View:
    """Return the lanes, which sample continues which, and the Keras code."""
    lanes = _lanes(now)
    going, ending = continuing(now), ending_in_words(lanes)
    headline = f"<b>{going}</b><br>{ending}<br><small>{MADE_UP_NOTE}</small>"
    notes = f"<pre>{escape(keras_code(now))}</pre>"
    return View(headline, Diagram(lanes_scene(lanes)), notes, f"{going} {ending} ({MADE_UP_NOTE})")


def continuing(now: Setting) -> str:
    """Say in one sentence or two which sample continues which."""
    batches, reset = now.batches, now.reset
    late = f" The reset after batch {reset} comes too late to be seen here." if reset >= batches else ""
    if batches == 1:
        return "One batch alone: every sample starts at zero." + late * bool(reset)
    if not now.stateful:
        idle = " The reset changes nothing: there is no state to forget." if reset else ""
        return "stateful=False: every batch starts at zero; no sample continues another." + idle
    which = "sample i of each batch continues sample i of the batch before"
    if 0 < reset < batches:
        return f"stateful=True: {which}, but after batch {reset} all states are reset to zero."
    return f"stateful=True: {which}." + late * bool(reset)


def ending_in_words(lanes: Lanes) -> str:
    """Compare the last states with those of one long sequence."""
    steps = counted(lanes.batches * lanes.steps, "step")
    pairs = [
        f"sample {sample}: {number(last)} {sign(lanes, sample)} {number(whole)}"
        for sample, (last, whole) in enumerate(zip(lanes.hidden[-1, :, -1], lanes.whole, strict=True), start=1)
    ]
    same = all(lanes.same_as_whole(sample) for sample in range(1, lanes.samples + 1))
    how = "the same as in" if same else "compared with"
    return f"Last state, {how} one sequence of {steps}: {', '.join(pairs)}."


def keras_code(now: Setting) -> str:
    """Return the Keras lines that build this layer and give it the batches one after the other."""
    steps, whole, shape = now.steps, now.batches * now.steps, (now.samples, now.steps, 1)
    lines = [
        f"inputs = keras.Input(batch_shape={shape})  # a stateful layer must know the number of samples",
        f"layer = keras.layers.{now.cell}(1, return_sequences=True, stateful={now.stateful})",
        "model = keras.Model(inputs, layer(inputs))",
        f"for batch in range({now.batches}):  # x: ({now.samples}, {whole}, 1), each sample one long sequence",
        f"    h = model(x[:, {steps} * batch : {steps} * (batch + 1)])",
    ]
    if now.reset and now.stateful:
        lines += [f"    if batch + 1 == {now.reset}:", "        layer.reset_state()"]
    return "\n".join(lines)


def check(now: Setting) -> str:
    """Give Keras the same batches, and say how far its states are from ours, after every step of every batch."""
    lanes = _lanes(now)
    layer, theirs = _keras_layer(now), []
    for batch, x in enumerate(lanes.x, start=1):
        theirs.append(np.asarray(layer(x[..., None]))[..., 0])
        if batch == lanes.reset:
            layer.reset_state()
    difference = float(np.abs(np.stack(theirs) - lanes.hidden).max())
    same = difference <= ROUNDING
    return (
        f"Keras says {'the same' if same else 'something else: please report this'}, batch after batch. "
        f"The largest difference is {difference:.8f}; below {ROUNDING:.5f} it is rounding."
    )


def _keras_layer(now: Setting) -> Any:
    """Return a Keras layer with these weights, stateful or not."""
    shape = (now.samples, now.steps, 1)
    plain = built(layer_and_input(now)[0], shape)
    layer = type(plain).from_config(plain.get_config() | {"stateful": now.stateful})
    layer.build(shape)
    layer.set_weights(plain.get_weights())
    return layer
