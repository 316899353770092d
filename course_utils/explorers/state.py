"""explore_state: what a stateful layer carries from batch to batch, and for which sample."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Annotated, Any

import numpy as np

from course_utils.drawing.wording import counted, number
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.keras_check import ROUNDING, built
from course_utils.explorers.layer_settings import CellKind, Flag
from course_utils.explorers.made_up import MADE_UP_NOTE
from course_utils.explorers.settings import OneOf, Settings, Whole, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.stateful_batches import Lanes, lanes_scene, sign
from course_utils.recurrence import RecurrentSpec, random_input, random_spec
from course_utils.recurrence.running import run_layer

MOST_BATCHES, MOST_SAMPLES, MOST_STEPS = 5, 4, 4
NEVER = "never"
RESETS = (NEVER, *(f"after batch {batch}" for batch in range(1, MOST_BATCHES)))
SEEDS = {"SimpleRNN": 1, "LSTM": 1, "GRU": 3}  # of weights with which a state is still felt some steps later


@dataclass(frozen=True)
class Reset(OneOf):
    """After which batch the states are reset: a whole number, None for never. The control says it in words."""

    choices: Collection[str] = RESETS

    @property
    def words(self) -> dict[object, str]:
        return dict(zip((None, *range(1, MOST_BATCHES)), self.choices, strict=True))

    def checked(self, called: str, value: object) -> object:
        if isinstance(value, (bool, float)) or value not in [*self.words, *RESETS]:
            allowed = f"a whole number from 1 to {MOST_BATCHES - 1}, or None for never"
            raise ValueError(f"{called} must be {allowed}, but it is {value!r}.")
        return self.read(value)


@dataclass(frozen=True, kw_only=True)
class StateSettings(Settings):
    """A layer of one unit, and the batches that are given to it one after the other."""

    cell: CellKind = "SimpleRNN"
    batches: Annotated[int, Whole(1, MOST_BATCHES), "how many are given to the layer one after the other"] = 3
    samples: Annotated[int, Whole(1, MOST_SAMPLES), "of each batch"] = 2
    steps: Annotated[int, Whole(1, MOST_STEPS, label="time-steps"), "of each batch"] = 2
    stateful: Annotated[Flag, "whether sample i of a batch starts where sample i of the batch before ended"] = True
    reset_after_batch: Annotated[
        int | None,
        Reset(label="reset"),
        f"after which batch, 1 … {MOST_BATCHES - 1}, ``reset_state()`` is called, None for never; the words of the "
        "control are taken, too, here and by ``.set``",
    ] = None

    @property
    def reset(self) -> int:
        """After which batch the states are reset; 0: never."""
        return self.reset_after_batch or 0

    def offers(self) -> Mapping[str, Sequence[str]]:
        """Return the resets between the batches that there are, and the one that is set."""
        return {"reset_after_batch": RESETS[: max(self.batches, self.reset + 1)]}


@keywords_of(StateSettings)
def explore_state(*, hide: Collection[str] = (), **start: object) -> Explorer[StateSettings]:
    """Return controls for what goes on from batch to batch, with the state of every sample.

    {settings}

    Examples
    --------
    >>> explorer = explore_state()
    >>> explorer.diagram.scene.title
    'SimpleRNN(1, stateful=True) on 3 batches in a row'
    """
    first = StateSettings.of(start)
    first.check("cell")
    shown = ("batches", "samples", "steps", "stateful", "reset_after_batch")
    return Explorer(first, lambda now, _before: view(now), shown=shown, hide=hide, check=check)


def layer_and_input(now: StateSettings) -> tuple[RecurrentSpec, np.ndarray]:
    """Return the layer of one unit, and for each sample one long sequence, (samples, batches·steps, 1).

    More batches or samples change nothing of what was there.
    """
    spec = random_spec(now.cell, units=1, features=1, return_sequences=True, seed=SEEDS[now.cell])
    x = random_input(now.batches * now.steps, now.samples)
    return spec, np.ascontiguousarray(x.transpose(2, 1, 0))


@lru_cache(maxsize=256)
def _lanes(now: StateSettings) -> Lanes:
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


def view(now: StateSettings) -> View:
    """Return the lanes, which sample continues which, and the Keras code."""
    lanes = _lanes(now)
    going, ending = continuing(now), ending_in_words(lanes)
    headline = f"<b>{going}</b><br>{ending}<br><small>{MADE_UP_NOTE}</small>"
    notes = f"<pre>{escape(keras_code(now))}</pre>"
    return View(headline, Diagram(lanes_scene(lanes)), notes, f"{going} {ending} ({MADE_UP_NOTE})")


def continuing(now: StateSettings) -> str:
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


def keras_code(now: StateSettings) -> str:
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


def check(now: StateSettings) -> str:
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


def _keras_layer(now: StateSettings) -> Any:
    """Return a Keras layer with these weights, stateful or not."""
    shape = (now.samples, now.steps, 1)
    plain = built(layer_and_input(now)[0], shape)
    layer = type(plain).from_config(plain.get_config() | {"stateful": now.stateful})
    layer.build(shape)
    layer.set_weights(plain.get_weights())
    return layer
