"""One recurrent layer on one sample as strips: each quantity over time, and how large its cells are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import grouped, groups
from course_utils.drawing.layout import CELL_HEIGHT, CELL_WIDTH
from course_utils.drawing.refs import Ref
from course_utils.drawing.text import printable
from course_utils.recurrence import CellTrace, RecurrentTrace

WIDEST = 720  # px for all steps
TALLEST = {1: 88, 2: 62, 3: 46}  # px for one strip, by the number of layers that share the picture
MOST_CELLS = 5000  # in the whole picture
SMALLEST = 2  # px: cells are at least so wide and so high
FLATNESS = 2  # a strip of many steps and units gets so many times more columns than rows


@dataclass(frozen=True, eq=False)
class Strip:
    """One quantity over time.

    values: (rows, T), one row a unit or feature
    part:   0 for the states, 1 for gates and candidate, 2 for the input: parts stand a little apart
    """

    id: str
    letter: str
    word: str
    values: np.ndarray
    part: int
    hue: str = ""

    @property
    def noun(self) -> str:
        """What one row is."""
        return "feature" if self.id == "x" else "unit"

    @property
    def words(self) -> str:
        """What stands beside the strip."""
        return f"{self.word} ({wording.counted(len(self.values), self.noun)})"


@dataclass(frozen=True)
class Share:
    """How many neighbours share one cell, along each axis."""

    steps: int
    units: int
    features: int

    def shape(self, strip: Strip) -> tuple[int, int]:
        """Return how many rows and columns of cells a strip has."""
        rows, steps = strip.values.shape
        return groups(rows, self.rows(strip)), groups(steps, self.steps)

    def rows(self, strip: Strip) -> int:
        """Return of how many rows of a strip one row of cells stands."""
        return self.features if strip.id == "x" else self.units


@dataclass(frozen=True, eq=False)
class Layer:
    """One recurrent cell on one sample, and its place among those of the picture, counted from 1 to ``count``."""

    trace: RecurrentTrace
    sample: int
    number: int
    count: int

    @property
    def kind(self) -> str:
        """The layer as it is written in code, e.g. ``LSTM(4)``."""
        return f"{printable(self.trace.spec.kind)}({self.trace.hidden.shape[2]})"

    @property
    def steps(self) -> int:
        """T of this layer."""
        return self.trace.steps

    @property
    def backwards(self) -> bool:
        """Whether it reads its input from the end to the start."""
        return self.trace.spec.manner.go_backwards

    @property
    def gated(self) -> bool:
        """Whether the cell has gates that are known."""
        return isinstance(self.trace, CellTrace) and bool(self.trace.gates)

    @property
    def read(self) -> np.ndarray:
        """Which steps were read, (T,): all that no mask left out."""
        return np.ones(self.steps, bool) if self.trace.mask is None else self.trace.mask[self.sample]

    @property
    def skipped(self) -> np.ndarray:
        """The steps that a mask left out, from 1."""
        return np.flatnonzero(~self.read) + 1

    @cached_property
    def strips(self) -> list[Strip]:
        """All strips from top to bottom: the states, the gates in Keras's order, the input."""
        trace, now = self.trace, self.sample
        strips = [Strip("h", "h", "hidden state", trace.hidden[now].T, 0)]
        if trace.cell_state is not None:
            strips.append(Strip("c", "c", "cell state", trace.cell_state[now].T, 0))
        if isinstance(trace, CellTrace) and trace.gates:
            kind = trace.spec.cell
            for block in kind.blocks:
                name = block if block in kind.gates else "candidate"
                strips.append(Strip(name, kind.letter(block), kind.role(block), trace.block(block)[now].T, 1, block))
        return [*strips, Strip("x", "x", "input", trace.x[now].T, 2)]

    @cached_property
    def share(self) -> Share:
        """How many neighbours share a cell: as few as leave few enough cells of a size that can be seen."""
        most_rows = TALLEST[self.count] // SMALLEST
        units, features = self.trace.hidden.shape[2], self.trace.x.shape[2]
        steps = groups(self.steps, WIDEST // SMALLEST)
        share = Share(steps, groups(units, most_rows), groups(features, most_rows))
        while sum(np.prod(share.shape(strip)) for strip in self.strips) > MOST_CELLS / self.count:
            many_units = FLATNESS * units / share.units > self.steps / share.steps
            share = Share(share.steps + (not many_units), share.units + many_units, share.features)
        return share

    def shown(self, strip: Strip) -> np.ndarray:
        """Return the values of a strip as its cells show them.

        Neighbouring steps share their mean. Units have no order, and the mean of many is always nearly the
        same, so of them some are shown as they are.
        """
        rows, columns = self.share.shape(strip)
        values = strip.values if strip.id == "x" else strip.values[np.arange(rows) * len(strip.values) // rows]
        return grouped(values, rows, columns)

    def height(self, strip: Strip) -> float:
        """Return how high a strip is drawn, in px."""
        rows = self.share.shape(strip)[0]
        tall = min(CELL_HEIGHT * len(strip.values), TALLEST[self.count])
        return rows * _rounded_down(tall / rows)

    @property
    def width(self) -> float:
        """The length of all steps; round cells make a short document."""
        columns = groups(self.steps, self.share.steps)
        return columns * _rounded_down(min(CELL_WIDTH * self.steps, WIDEST) / columns)

    @property
    def step_width(self) -> float:
        """The length of one step, also where several share a cell."""
        return self.width / self.steps

    def id(self, name: str) -> Ref:
        """Return an id, which names the layer where there are several."""
        return Ref(name, layer=self.number) if self.count > 1 else Ref(name)


def _rounded_down(length: float) -> float:
    return np.floor(10 * length + 1e-9) / 10
