"""Batches of a stateful layer as lanes: where the state of each sample goes on, and where it starts afresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_WIDTH, MARGIN, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.scene import Box, Cells, Item, Label, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, text_width

BATCH_TOP, LANES_TOP = 96, 152
H_TALL, X_TALL = 28, 9
LANE = 74  # px from lane to lane
WIDEST = 1150  # px; a wider picture is drawn close
_NUMBERS_BESIDE = "square: h after this step, its number: the last of a batch"
SAME = 1e-6  # states nearer than this are the same but for rounding


@dataclass(frozen=True)
class _Sizes:
    """Lengths in px.

    cell:    the width of one step; numbers: whether its number stands in it, else the last one of a batch beside it
    gap:     between two batches
    pad:     inside the ground of a batch
    start:   the side of the cell of a start at zero
    lost:    how far the mark of a forgotten state reaches beyond its batch
    reset:   from a batch to the line of its reset
    all_gap: from the last batch to the end in one go
    """

    cell: float
    numbers: bool
    gap: float
    pad: float
    start: float
    lost: float
    reset: float
    all_gap: float


ROOMY = _Sizes(CELL_WIDTH, True, 84, 16, 24, 14, 22, 40)
CLOSE = _Sizes(22, False, 58, 10, 20, 8, 14, 88)


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
    def sizes(self) -> _Sizes:
        """The lengths: roomy while the picture is not too wide for the numbers to be read."""
        return ROOMY if self._width(ROOMY) <= WIDEST else CLOSE

    def _width(self, sizes: _Sizes) -> float:
        batches = self.batches * (self.steps * sizes.cell + 2 * sizes.pad + sizes.gap) - sizes.gap
        return self._left(sizes) + batches + sizes.all_gap + CELL_WIDTH + MARGIN

    def _left(self, sizes: _Sizes) -> float:
        return float(np.ceil(MARGIN + text_width(f"sample {self.samples}", 13, BOLD) + sizes.gap))

    @property
    def left(self) -> float:
        """The left edge of the first batch."""
        return self._left(self.sizes)

    def place(self, batch: int) -> Rectangle:
        """The ground of a batch, from 1."""
        sizes = self.sizes
        width = self.steps * sizes.cell + 2 * sizes.pad
        height = LANES_TOP - BATCH_TOP + self.samples * LANE - 18
        return Rectangle(self.left + (batch - 1) * (width + sizes.gap), BATCH_TOP, width, height)

    def middle(self, sample: int) -> float:
        """The height of the states of a lane, from 1."""
        return LANES_TOP + (sample - 1) * LANE + H_TALL / 2


def lanes_scene(lanes: Lanes) -> Scene:
    """Lay out batches from left to right, their samples as lanes from top to bottom."""
    items: list[Item] = []
    for batch in range(1, lanes.batches + 1):
        items += _batch(lanes, batch)
        for sample in range(1, lanes.samples + 1):
            items += _lane(lanes, batch, sample)
        items += _into(lanes, batch)
    items += _names(lanes) + _whole(lanes)
    legend, limit = Legend(lanes.place(1).bottom + 54, _notes(lanes)), strongest(lanes.hidden, lanes.x)
    return Picture(lanes.title, _subtitle(lanes), items, _sentences(lanes), legend, limit).scene


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
        x = place.x + lanes.sizes.pad + (step - 0.5) * lanes.sizes.cell
        count = str((batch - 1) * lanes.steps + step)
        items.append(Label(f"step[{batch},t={step}]", x, place.bottom + 20, count, 11.5, "muted"))
    return items


def _lane(lanes: Lanes, batch: int, sample: int) -> list[Item]:
    """Draw one sample of a batch: its states, and below them what each step reads."""
    sizes = lanes.sizes
    left, middle = lanes.place(batch).x + sizes.pad, lanes.middle(sample)
    width, top = lanes.steps * sizes.cell, middle - H_TALL / 2
    now = (batch - 1, sample - 1)
    h = Rectangle(left, top, width, H_TALL)
    x = Rectangle(left, top + H_TALL + 4, width, X_TALL)
    shape, axes, made_of = (1, lanes.steps), ("t",), _made_of(lanes, batch, sample)
    return [
        Cells(
            _ref("h", batch, sample), h, shape, lanes.hidden[now][None], axes, numbers=sizes.numbers, made_of=made_of
        ),
        Cells(_ref("x", batch, sample), x, shape, lanes.x[now][None], axes, numbers=False),
        *_last_number(lanes, batch, sample),
    ]


def _last_number(lanes: Lanes, batch: int, sample: int) -> list[Label]:
    """Write the last state of a batch beside it where the cells have no numbers, unless it is forgotten."""
    last = batch == lanes.batches
    if lanes.sizes.numbers or not (last or lanes.goes_on[batch - 1]):
        return []
    right, middle = lanes.place(batch).right, lanes.middle(sample)
    x, y = (right + 26, middle + 4.5) if last else (right + lanes.sizes.gap / 2, middle - 7)
    text = wording.number(lanes.hidden[batch - 1, sample - 1, -1])
    return [Label(f"last[batch={batch},sample={sample}]", x, y, text, 12)]


def _ref(name: str, batch: int, sample: int) -> Ref:
    return Ref(name, batch=batch, sample=sample)


def _made_of(lanes: Lanes, batch: int, sample: int) -> tuple[Link, ...]:
    """Return what the states of a lane are made of: what is read at that very step, and the one state before."""
    h, before = (_ref("h", number, sample) for number in (batch, batch - 1))
    start = Link(before, cell=lanes.steps, among=(1, 1))
    if lanes.starts_afresh(batch):
        start = Link(_ref("start", batch, sample), among=(1, 1))
    states = [Link(h, cell=step - 1, among=(step, step)) for step in range(2, lanes.steps + 1)]
    return (Link(_ref("x", batch, sample), "cell"), start, *states)


def _into(lanes: Lanes, batch: int) -> list[Item]:
    """Draw what each lane of a batch starts with: the last state of the batch before, or zero."""
    sizes = lanes.sizes
    right = lanes.place(batch).x + sizes.pad
    items: list[Item] = []
    for sample in range(1, lanes.samples + 1):
        middle, index = lanes.middle(sample), f"[batch={batch},sample={sample}]"
        if not lanes.starts_afresh(batch):
            items.append(Line(f"goes_on{index}", ((lanes.place(batch - 1).right - sizes.pad, middle), (right, middle))))
            continue
        cell = Rectangle(lanes.place(batch).x - 16 - sizes.start, middle - sizes.start / 2, sizes.start, sizes.start)
        zero = np.zeros((1, 1))
        items.append(Cells(_ref("start", batch, sample), cell, (1, 1), zero, ("v",), whole=True))
        items.append(Line(f"start_line{index}", ((cell.right, middle), (right, middle))))
        if batch > 1:
            end = lanes.place(batch - 1).right
            items.append(
                Line(f"lost{index}", ((end - sizes.pad, middle), (end + sizes.lost, middle)), "ghost", head=False)
            )
    if batch > 1 and lanes.reset == batch - 1:
        items += _reset(lanes, batch)
    return items


def _reset(lanes: Lanes, batch: int) -> list[Item]:
    """Draw where the states are set to zero."""
    before = lanes.place(batch - 1)
    x = before.right + lanes.sizes.reset
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
    left = right + lanes.sizes.all_gap
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
        read = tuple(Link(_ref("x", batch, sample)) for batch in range(1, lanes.batches + 1))
        items.append(Cells(Ref("whole", sample=sample), place, (1, 1), value, ("v",), made_of=read))
        items.append(Label(f"sign[sample={sample}]", left - 20, middle + 7, sign(lanes, sample), 20, face=BOLD))
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
    numbers = "square with a number: h after this step" if lanes.sizes.numbers else _NUMBERS_BESIDE
    notes = [
        f"{numbers} · thin strip: x, what the step reads · 0: a start at zero",
        "in one go: the end of one long sequence; = the same, ≠ another, ≈ almost the same: the start has faded",
    ]
    lost = any(not goes for goes in lanes.goes_on)
    if lost and lanes.batches > 1:
        notes.append("dashed: a last state that is forgotten")
    if any(lanes.goes_on):
        notes.append("arrow from batch to batch: the state goes on")
    return notes


def _sentences(lanes: Lanes) -> list[str]:
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
    return sentences
