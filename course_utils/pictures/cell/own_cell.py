"""One step of a cell that its user wrote: what goes in, the operations that its ``call`` does, and what comes out."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.picture import Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Item, Label, Scene
from course_utils.drawing.text import MONO, shortened, subscript, text_width
from course_utils.pictures.cell.columns import (
    BAR,
    PITCH,
    TOP,
    Column,
    Row,
    column_before,
    column_of_rows,
    legend_below,
    side_by_side,
)
from course_utils.pictures.cell.moment import limit_of, unit_width_for
from course_utils.recurrence import OpaqueTrace
from course_utils.recurrence.specs import CellOperation, OwnCellSpec

A_COLUMN, MOST = 7, 21  # operations one below the other; operations drawn
LONGEST_TEXT = 300  # px
CLOSED = "what happens inside is known to your code alone"


@dataclass(frozen=True)
class OwnMoment:
    """The numbers of one step of one sample."""

    trace: OpaqueTrace
    step: int
    sample: int

    @property
    def spec(self) -> OwnCellSpec:
        """The cell."""
        return self.trace.spec

    def state(self, letter: str, ago: int = 0) -> np.ndarray:
        """Return a state after this step, or ago=1 before it, as one row."""
        return self.trace.state(self.step - ago, letter)[self.sample].ravel()

    @property
    def x(self) -> np.ndarray:
        """The x that is read, (F,)."""
        return self.trace.x[self.sample, self.step - 1]

    def name(self, letter: str, ago: int = 0) -> str:
        """Return how x or a state is written."""
        if letter == "x":
            return subscript("x", self.trace.position(self.step))
        index = str(self.step - ago)
        return subscript(letter, index) if letter == "h" else f"{letter}, step {index}"

    @cached_property
    def inside(self) -> tuple[CellOperation, ...]:
        """The operations with their numbers of this sample; none where the cell does not tell them."""
        return self.spec.inside(self.trace.x[:, self.step - 1], self.trace.before(self.step)) or ()

    @cached_property
    def drawn(self) -> tuple[tuple[CellOperation, np.ndarray], ...]:
        """The first operations, each with its numbers of this sample as one row."""
        batch = len(self.trace.x)
        shown = []
        for operation in self.inside[:MOST]:
            values = operation.values
            of_sample = values[self.sample] if values.ndim and len(values) == batch else values
            shown.append((operation, np.asarray(of_sample, float).ravel()))
        return tuple(shown)

    @cached_property
    def unit_width(self) -> float:
        """The width of one cell, the same for all rows."""
        states = [self.state(letter, ago) for letter in self.trace.states for ago in (0, 1)]
        return unit_width_for([self.x, *states, *(row for _one, row in self.drawn)])

    @property
    def title(self) -> str:
        """What the picture is."""
        return f"Inside step {self.step} of {self.trace.steps}: {self.spec.kind}, a cell of your own"

    @property
    def read(self) -> str:
        """What is known of the inside."""
        if not self.inside:
            return CLOSED
        left_out = len(self.inside) - len(self.drawn)
        more = f", {left_out} more are not drawn" if left_out else ""
        return f"the {wording.counted(len(self.inside), 'operation')} of its call, in order{more}"


def own_cell_scene(trace: OpaqueTrace, *, step: int, sample: int = 0) -> Scene:
    """Lay out one step of a cell that its user wrote.

    trace: its values on an input; step: 1 … T, in order of processing; sample: which of the batch, from 0
    """
    now = OwnMoment(trace, step, sample)
    before, weights = column_before(now, dict.fromkeys(trace.states, "state")), _weights(now)
    if now.inside:
        drawn = side_by_side([before, *_inside(now), _after(now), weights], beside=1)
    else:
        drawn = side_by_side([before, weights, _after(now)])
    return Picture(now.title, now.read, drawn, _sentences(now), legend_below(drawn), limit_of(drawn)).scene


def _after(now: OwnMoment) -> Column:
    output = now.trace.outputs[now.sample, now.step - 1].ravel()
    rows = [Row(Ref("output"), "output", "", output)]
    for letter in now.trace.states:
        rows.append(Row(Ref(letter, t=now.step), now.name(letter), "state", now.state(letter)))
    return column_of_rows(now, "after", rows)


def _inside(now: OwnMoment) -> list[Column]:
    """Draw the operations, some below each other."""
    columns = []
    for place in range(math.ceil(len(now.drawn) / A_COLUMN)):
        part = now.drawn[place * A_COLUMN : (place + 1) * A_COLUMN]
        rows = [
            Row(Ref("operation", one.name), one.name, shortened(one.text, 12, LONGEST_TEXT), values)
            for one, values in part
        ]
        first, last = part[0][0].name, part[-1][0].name
        columns.append(column_of_rows(now, f"{now.spec.kind} {first} to {last}" if first != last else first, rows))
    return columns


def _weights(now: OwnMoment) -> Column:
    """Draw the names of the weights, with their shapes."""
    lines = [f"{name} {array.shape}" for name, array in now.spec.weights.items()] or ["no weights"]
    title = "its weights" if now.inside else f"{now.spec.kind} with its weights"
    items, width = column_of_rows(now, title, [])
    labels: list[Item] = [
        Label(f"weight[{place}]", 0, TOP + BAR + 30 + place * PITCH / 2, line, 12, anchor="start", face=MONO)
        for place, line in enumerate(lines)
    ]
    return [*items, *labels], max(width, *(text_width(line, 12, MONO) for line in lines))


def _sentences(now: OwnMoment) -> list[str]:
    """Say the step in words."""
    say = wording.vector
    sentences = [f"{now.title}: {now.read}."]
    known = [f"{now.name('x')} = {say(now.x)}"]
    known += [f"{now.name(letter, 1)} = {say(now.state(letter, 1))}" for letter in now.trace.states]
    sentences.append(", ".join(known) + ".")
    sentences += [f"{operation.name} = {operation.text} = {say(values)}." for operation, values in now.drawn]
    if now.spec.weights:
        weights = ", ".join(f"{name} {array.shape}" for name, array in now.spec.weights.items())
        sentences.append(f"Its weights: {weights}.")
    sentences.append(f"The output is {say(now.trace.outputs[now.sample, now.step - 1].ravel())}.")
    sentences += [f"{now.name(letter)} = {say(now.state(letter))}." for letter in now.trace.states]
    return sentences
