"""Batches of a stateful layer as lanes: where the state of each sample goes on, and where it starts afresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, MONO, text_width
from course_utils.diagrams.parts import CELL_WIDTH, MARGIN, compose, heading, noted_legend, strongest
from course_utils.diagrams.scene import Box, Cells, Item, Label, Line, Rectangle, Scene

GAP = 84  # px between two batches
PAD = 16  # px inside the ground of a batch
START = 24  # px: the side of the cell of a start at zero
BATCH_TOP, LANES_TOP = 96, 152
H_TALL, X_TALL = 28, 9
LANE = 74  # px from lane to lane
ALL_GAP = 40  # px: from the last batch to the sign
SAME = 1e-6  # states nearer than this are the same but for rounding


@dataclass(frozen=True, eq=False)
class Lanes:
    """One unit of a layer on several batches, each sample position a lane.

    kind:     the layer as it is written in code, e.g. "LSTM(1, stateful=True)"
    x:        what each step reads, (batches, samples, steps)
    hidden:   the state of one unit after each step, (batches, samples, steps)
    goes_on:  for each batch but the first, whether it starts where the one before ended
    reset:    after which batch ``reset_state()`` is called; 0: never
    whole:    the last state where each lane is one long sequence, (samples,)
    """

    kind: str
    x: np.ndarray
    hidden: np.ndarray
    goes_on: Sequence[bool]
    reset: int
    whole: np.ndarray

    @property
    def batches(self) -> int:
        return self.hidden.shape[0]

    @property
    def samples(self) -> int:
        return self.hidden.shape[1]

    @property
    def steps(self) -> int:
        """T of one batch."""
        return self.hidden.shape[2]

    def same_as_whole(self, sample: int) -> bool:
        """Whether a lane, from 1, ends as the long sequence does: its state goes on throughout, and is the same."""
        return all(self.goes_on) and bool(abs(self.hidden[-1, sample - 1, -1] - self.whole[sample - 1]) < SAME)

    def starts_afresh(self, batch: int) -> bool:
        """Whether a batch, from 1, starts at zero."""
        return batch == 1 or not self.goes_on[batch - 2]

    @property
    def title(self) -> str:
        """What it is."""
        return f"{self.kind} on {f'{self.batches} batches in a row' if self.batches > 1 else 'one batch'}"

    @cached_property
    def left(self) -> float:
        """The left edge of the first batch."""
        return float(np.ceil(MARGIN + text_width(f"sample {self.samples}", 13, BOLD) + GAP))

    def place(self, batch: int) -> Rectangle:
        """The ground of a batch, from 1."""
        width = self.steps * CELL_WIDTH + 2 * PAD
        height = LANES_TOP - BATCH_TOP + self.samples * LANE - 18
        return Rectangle(self.left + (batch - 1) * (width + GAP), BATCH_TOP, width, height)

    def middle(self, sample: int) -> float:
        """The height of the states of a lane, from 1."""
        return LANES_TOP + (sample - 1) * LANE + H_TALL / 2


def lanes_scene(lanes: Lanes) -> Scene:
    """Lay out batches from left to right, their samples as lanes from top to bottom."""
    items = heading(lanes.title, _subtitle(lanes))
    for batch in range(1, lanes.batches + 1):
        items += _batch(lanes, batch)
        for sample in range(1, lanes.samples + 1):
            items += _lane(lanes, batch, sample)
        items += _into(lanes, batch)
    items += _names(lanes) + _whole(lanes)
    limit = strongest(lanes.hidden, lanes.x)
    bottom = lanes.place(1).bottom
    items += noted_legend(MARGIN, bottom + 54, limit, _notes(lanes))
    return compose(lanes.title, _description(lanes), items, limit)


def _subtitle(lanes: Lanes) -> str:
    if lanes.batches == 1:
        return "one batch: its states start at zero"
    on = [batch + 2 for batch, goes in enumerate(lanes.goes_on) if goes]
    if not on:
        return "every batch starts at zero: no sample continues another"
    if len(on) == lanes.batches - 1:
        return "sample i of each batch continues sample i of the batch before"
    return f"sample i goes on from batch to batch, but batch {lanes.reset + 1} starts afresh, at zero"


def _batch(lanes: Lanes, batch: int) -> list[Item]:
    """Draw the ground of a batch, its name, and which steps of the long sequence it holds."""
    place = lanes.place(batch)
    centre = place.centre[0]
    items: list[Item] = [
        Box(f"batch[{batch}]", place, "zone"),
        Label(f"batch_name[{batch}]", centre, place.y + 24, f"batch {batch}", 14, face=BOLD),
    ]
    for step in range(1, lanes.steps + 1):
        x = place.x + PAD + (step - 0.5) * CELL_WIDTH
        count = str((batch - 1) * lanes.steps + step)
        items.append(Label(f"step[{batch},t={step}]", x, place.bottom + 20, count, 11.5, "muted"))
    return items


def _lane(lanes: Lanes, batch: int, sample: int) -> list[Item]:
    """Draw one sample of a batch: its states, and below them what each step reads."""
    left, middle = lanes.place(batch).x + PAD, lanes.middle(sample)
    width, top = lanes.steps * CELL_WIDTH, middle - H_TALL / 2
    now = (batch - 1, sample - 1)
    index = f"[batch={batch},sample={sample}]"
    start = f"start{index}" if lanes.starts_afresh(batch) else f"h[batch={batch - 1},sample={sample}]"
    h = Rectangle(left, top, width, H_TALL)
    x = Rectangle(left, top + H_TALL + 4, width, X_TALL)
    return [
        Cells(
            f"h{index}", h, (1, lanes.steps), lanes.hidden[now][None], ("t",), made_of=(f"x{index} all", f"{start} all")
        ),
        Cells(f"x{index}", x, (1, lanes.steps), lanes.x[now][None], ("t",), numbers=False),
    ]


def _into(lanes: Lanes, batch: int) -> list[Item]:
    """Draw what each lane of a batch starts with: the last state of the batch before, or zero."""
    right = lanes.place(batch).x + PAD
    items: list[Item] = []
    for sample in range(1, lanes.samples + 1):
        middle, index = lanes.middle(sample), f"[batch={batch},sample={sample}]"
        if not lanes.starts_afresh(batch):
            items.append(Line(f"goes_on{index}", ((lanes.place(batch - 1).right - PAD, middle), (right, middle))))
            continue
        cell = Rectangle(right - PAD - 16 - START, middle - START / 2, START, START)
        zero = np.zeros((1, 1))
        items.append(Cells(f"start{index}", cell, (1, 1), zero, ("v",), whole=True))
        items.append(Line(f"start_line{index}", ((cell.right, middle), (right, middle))))
        if batch > 1:
            end = lanes.place(batch - 1).right
            items.append(Line(f"lost{index}", ((end - PAD, middle), (end + 14, middle)), "ghost", head=False))
    if batch > 1 and lanes.reset == batch - 1:
        items += _reset(lanes, batch)
    return items


def _reset(lanes: Lanes, batch: int) -> list[Item]:
    """Draw where the states are set to zero."""
    before = lanes.place(batch - 1)
    x = before.right + 22
    return [
        Label("reset", x, BATCH_TOP - 8, "reset_state()", 11.5, face=MONO),
        Line("reset_line", ((x, BATCH_TOP - 1), (x, before.bottom)), "rule", head=False),
    ]


def _names(lanes: Lanes) -> list[Item]:
    """Name the lanes and the time axis."""
    names: list[Item] = [
        Label(f"lane[{sample}]", MARGIN, lanes.middle(sample) + 4.5, f"sample {sample}", 13, anchor="start", face=BOLD)
        for sample in range(1, lanes.samples + 1)
    ]
    return [*names, Label("axis", MARGIN, lanes.place(1).bottom + 20, "step of all", 11.5, "muted", "start")]


def _whole(lanes: Lanes) -> list[Item]:
    """Draw beside each lane how it would end as one long sequence."""
    right = lanes.place(lanes.batches).right
    left = right + ALL_GAP
    centre = left + CELL_WIDTH / 2
    steps = lanes.batches * lanes.steps
    items: list[Item] = [
        Label("whole_name", centre, BATCH_TOP + 24, "in one go", 14, face=BOLD),
        Label("whole_steps", centre, lanes.place(1).bottom + 20, wording.counted(steps, "step"), 11.5, "muted"),
    ]
    for sample in range(1, lanes.samples + 1):
        middle = lanes.middle(sample)
        place = Rectangle(left, middle - H_TALL / 2, CELL_WIDTH, H_TALL)
        value = lanes.whole[sample - 1].reshape(1, 1)
        items.append(Cells(f"whole[sample={sample}]", place, (1, 1), value, ("v",)))
        items.append(
            Label(f"sign[sample={sample}]", right + ALL_GAP / 2, middle + 7, sign(lanes, sample), 20, face=BOLD)
        )
    return items


def sign(lanes: Lanes, sample: int) -> str:
    """Return how the last state of a lane, from 1, compares with that of one long sequence: =, ≈ or ≠.

    ≈ means: the lane was cut, but the numbers are the same as far as they are written: the start has faded.
    """
    if lanes.same_as_whole(sample):
        return "="
    texts = {wording.number(value) for value in (lanes.hidden[-1, sample - 1, -1], lanes.whole[sample - 1])}
    return "≈" if len(texts) == 1 else "≠"


def _notes(lanes: Lanes) -> list[str]:
    """Return what a reader must know about the marks."""
    notes = [
        "square with a number: h after this step · thin strip: x, what the step reads · 0: a start at zero",
        "in one go: the end of one long sequence; = the same, ≠ another, ≈ almost the same: the start has faded",
    ]
    lost = any(not goes for goes in lanes.goes_on)
    if lost and lanes.batches > 1:
        notes.append("dashed: a last state that is forgotten")
    if any(lanes.goes_on):
        notes.append("arrow from batch to batch: the state goes on")
    return notes


def _description(lanes: Lanes) -> str:
    """Say in words what the picture shows, lane by lane."""
    sentences = [f"{lanes.title}, {wording.counted(lanes.samples, 'sample')} each: {_subtitle(lanes)}."]
    if 0 < lanes.reset < lanes.batches:
        sentences.append(f"reset_state() is called after batch {lanes.reset}.")
    for sample in range(1, lanes.samples + 1):
        parts = [
            f"batch {batch} starts {'at zero' if lanes.starts_afresh(batch) else 'there'}, "
            f"h = {wording.vector(lanes.hidden[batch - 1, sample - 1])}"
            for batch in range(1, lanes.batches + 1)
        ]
        whole = wording.plain_number(lanes.whole[sample - 1])
        how = {"=": "the same", "≈": "almost the same", "≠": "another value"}[sign(lanes, sample)]
        sentences.append(f"Sample {sample}: {'; '.join(parts)}. In one go it ends at {whole}, {how}.")
    return " ".join(sentences)
