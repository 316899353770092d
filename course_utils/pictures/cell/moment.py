"""What the pictures of one step share: the numbers of that step, rows of units, signs, names, frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_HEIGHT, outline, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Cells, Frame, Item, Label, Rectangle
from course_utils.drawing.text import BOLD, MONO, subscript, text_width
from course_utils.drawing.theme import NUMBER_SIZE
from course_utils.recurrence import CellTrace, RecurrentSpec

UNIT_WIDTH, WIDE_UNIT = 44, 54  # of one cell; where numbers like −12.34 occur
NUMBER_PAD = 2  # px between a number and each side of its cell, also in the largest type
MOST_NUMBERS, STRIP = 4, 176  # a longer vector is a strip of colours, so wide
SIGN_SIZE = 28
SMALL_CELL, FRAME_ROOM = 16, 2.6  # px: around smaller cells, the frame stands so far out that it does not cover them
CLOSE = 14  # px between two rows that share a frame
LOUD = 4.0  # the size up to which inputs, sums and what is added up stretch the scale
TIMES = "⊙"  # the product unit by unit


class Measured(Protocol):
    """Something whose vectors are drawn with cells of one width."""

    @property
    def unit_width(self) -> float:
        """The width of one cell, the same for all rows, so that they stand below each other."""


@dataclass(frozen=True)
class Sum:
    """What is added up for one block, each (U,), and the sum."""

    from_input: np.ndarray
    from_state: np.ndarray
    bias: np.ndarray
    total: np.ndarray


@dataclass(frozen=True)
class Moment:
    """The numbers of one step of one sample; all vectors as (U,) or (F,), and how they are written."""

    trace: CellTrace
    step: int
    sample: int

    @property
    def spec(self) -> RecurrentSpec:
        """The layer."""
        return self.trace.spec

    @property
    def skipped(self) -> bool:
        """Whether a mask holds the state back at this step."""
        mask = self.trace.mask
        return mask is not None and not mask[self.sample, self.step - 1]

    @property
    def position(self) -> int:
        """Which x is read, 1 … T: with ``go_backwards`` the first step reads the last one."""
        return self.trace.position(self.step)

    @property
    def x(self) -> np.ndarray:
        """The x that is read, (F,)."""
        return self.trace.x[self.sample, self.step - 1]

    def state(self, letter: str, ago: int = 0) -> np.ndarray:
        """Return a state after this step, or ago=1 before it."""
        return self.trace.state(self.step - ago, letter)[self.sample]

    @property
    def before(self) -> np.ndarray:
        """h before."""
        return self.state("h", 1)

    @property
    def after(self) -> np.ndarray:
        """h after."""
        return self.state("h")

    @property
    def memory_before(self) -> np.ndarray:
        """The cell state c before."""
        return self.state("c", 1)

    @property
    def memory_after(self) -> np.ndarray:
        """The cell state c after."""
        return self.state("c")

    @cached_property
    def unit_width(self) -> float:
        """The width of one cell, the same for all rows, so that they stand below each other."""
        spec = self.spec
        vectors = [self.x, *(self.state(letter, ago) for letter in spec.cell.states for ago in (1, 0))]
        vectors += [part for letter in spec.blocks for part in vars(self.sum_of(letter)).values()]
        vectors += [self.gate(letter) for letter in spec.blocks if self.trace.gates]
        return unit_width_for(vectors)

    def gate(self, letter: str) -> np.ndarray:
        """Return a gate, or the candidate by the letter of its block."""
        return self.trace.block(letter)[self.sample, self.step - 1]

    def sum_of(self, letter: str) -> Sum:
        """Return what is added up for one block."""
        terms = self.trace.terms[letter]
        arriving, held = (part[self.sample, self.step - 1] for part in (terms.from_input, terms.from_state))
        with np.errstate(all="ignore"):
            return Sum(arriving, held, terms.bias, arriving + held + terms.bias)

    def name(self, letter: str, ago: int = 0) -> str:
        """Return how x, h or c of this step is written in the picture; ago=1 for the step before."""
        return subscript(letter, self.position if letter == "x" else self.step - ago)

    def said(self, letter: str, ago: int = 0) -> str:
        """Return how it is written in running text."""
        return f"{letter}_{self.position if letter == 'x' else self.step - ago}"

    @property
    def title(self) -> str:
        """What the picture is."""
        return f"Inside step {self.step} of {self.trace.steps}: {self.spec.kind}({self.spec.units})"

    @property
    def direction(self) -> str:
        """What to say of a layer that reads backwards; else nothing."""
        if not self.spec.manner.go_backwards:
            return ""
        first = subscript("x", self.trace.steps)
        here = "" if self.step == 1 else f", step {self.step} reads {self.name('x')}"
        return f"reads backwards: step 1 reads {first}{here}"

    def opening(self) -> list[str]:
        """Return the first sentences of the description."""
        sentences = [f"{self.title} on {wording.counted(self.spec.features, 'feature')}."]
        if self.spec.manner.go_backwards:
            sentences.append(
                f"The layer reads backwards: step 1 reads x_{self.trace.steps}, this step reads {self.said('x')}."
            )
        return sentences


def unit_width_for(vectors: Iterable[np.ndarray]) -> float:
    """Return the width of a cell in which all numbers of vectors have room; a long vector shows none."""
    short = [vector for vector in vectors if len(vector) <= MOST_NUMBERS]
    return UNIT_WIDTH if all(fits(vector, UNIT_WIDTH) for vector in short) else WIDE_UNIT


def activated(name: str, inside: str) -> str:
    """Return a formula of an activation and what it acts on; the linear one does nothing.

    >>> activated("tanh", "c₂"), activated("linear", "c₂")
    ('tanh(c₂)', 'c₂')
    """
    return inside if name == "linear" else f"{name}({inside})"


def picture_of_step(
    now: Moment, subtitle: Sequence[str], body: Sequence[Item], sentences: Sequence[str], legend: Legend
) -> Picture:
    """Put the picture of a step together: what is alike for all kinds. subtitle: its parts; empty ones are left out."""
    named = " · ".join(part for part in (*subtitle, now.direction) if part)
    return Picture(now.title, named, body, [*now.opening(), *sentences], legend, limit_of(body))


def limit_of(items: Iterable[Item]) -> float:
    """Return the limit of the colour scale: the largest size among the values of a picture.

    Inputs, summands and sums count up to LOUD only: beyond it the usual activations are flat, and the states
    and gates, mostly within 1, would all look like zero.
    """
    blocks = [item for item in items if isinstance(item, Cells) and item.limit is None]
    quiet = strongest(*(block.values for block in blocks if not block.role))
    return min(strongest(*(block.values for block in blocks)), max(quiet, LOUD))


def scale_note(items: Iterable[Item]) -> str:
    """Return what to say of values beyond the scale, if there are any."""
    items = list(items)
    shared = [item.values for item in items if isinstance(item, Cells) and item.limit is None]
    beyond = strongest(*shared) > limit_of(items)
    return "beyond the scale: its strongest colour" if beyond else ""


def rounding_note(items: Iterable[Item]) -> str:
    """Return what to say of numbers that are shown with two decimals: their sum is that of all decimals."""
    shown = any(isinstance(item, Cells) and item.numbers for item in items)
    return "rounded: the last digit may differ by 1" if shown else ""


def row_width(now: Measured, count: int) -> float:
    """Return the width of a row of cells: a number in each while there are few, else a strip of colours."""
    return count * now.unit_width if count <= MOST_NUMBERS else STRIP


def row(
    now: Measured,
    id: Ref,
    left: float,
    top: float,
    values: np.ndarray,
    axis: str = "u",
    *,
    ghost: bool = False,
    role: str = "",
) -> Cells:
    """Draw a vector as one row of cells. role: as that of ``Cells``."""
    count = len(values)
    place = Rectangle(left, top, row_width(now, count), CELL_HEIGHT)
    numbers = count <= MOST_NUMBERS and not ghost and fits(values, now.unit_width)
    return Cells(id, place, (1, count), values[None], (axis,), ghost, numbers, role=role)


def fits(values: np.ndarray, width: float) -> bool:
    """Return whether every number has room in a cell so wide."""
    return all(text_width(wording.number(value), NUMBER_SIZE) + 2 * NUMBER_PAD <= width for value in values.flat)


def row_around(now: Measured, id: Ref, centre: float, top: float, values: np.ndarray, role: str = "") -> Cells:
    """Draw a vector as one row of cells around a middle."""
    return row(now, id, centre - row_width(now, len(values)) / 2, top, values, role=role)


def sign(id: str, x: float, y: float, text: str) -> list[Item]:
    """Draw an operation in a circle; the product unit by unit is a circle with a dot, as in the formulas."""
    half = SIGN_SIZE / 2
    box = Box(id, Rectangle(x - half, y - half, SIGN_SIZE, SIGN_SIZE), "sign", radius=half)
    dot = text == TIMES
    return [box, Label(f"{id}_letter", x, y + (5 if dot else 6), "•" if dot else text, 14 if dot else 17, face=BOLD)]


def named_sign(id: str, text: str, centre: float, top: float) -> list[Item]:
    """Draw an operation that has a name, such as an activation: its box first."""
    width = text_width(text, 12.5, MONO) + 24
    box = Box(id, Rectangle(centre - width / 2, top, width, 26), "sign", radius=8)
    return [box, Label(f"{id}_name", centre, top + 17, text, 12.5, face=MONO)]


def named(cells: Cells, name: str, caption: str) -> list[Item]:
    """Draw a row of cells with its name above, and what it is beside the name."""
    start, baseline = cells.place.x, cells.place.y - 9
    after = start + text_width(name, 15) + 8
    return [
        cells,
        Label(f"name[{cells.id}]", start, baseline, name, 15, anchor="start"),
        Label(f"caption[{cells.id}]", after, baseline, caption, 12, "muted", "start"),
    ]


def named_width(now: Measured, count: int, name: str, caption: str) -> float:
    """Return the room that a row takes with its name and caption."""
    return max(row_width(now, count), text_width(name, 15) + 8 + text_width(caption, 12))


def start_caption(values: np.ndarray, step: int, what: str) -> str:
    """Return what to say of a state before a step."""
    if step > 1:
        return f"{what} before"
    return f"initial {what}" if np.any(values) else "starts at zero"


def light(items: Iterable[Item], unit: int) -> list[Frame]:
    """Frame what makes one unit: its column of each matrix and its cell of each row of units.

    Rows that stand close below each other share one frame, named after the lowest.
    """
    blocks = [item for item in items if isinstance(item, Cells) and item.axes[-1] == "u"]
    frames: list[Frame] = []
    for cells in sorted(blocks, key=lambda cells: (cells.place.x, cells.place.y)):
        frame = column_frame(cells, unit - 1)
        above, below = frames[-1].place if frames else None, frame.place
        if above and (above.x, above.width) == (below.x, below.width) and 0 <= below.y - above.bottom <= CLOSE:
            frames.pop()
            frame = Frame(frame.id, Rectangle(above.x, above.y, above.width, below.bottom - above.y))
        frames.append(frame)
    return frames


def column_frame(cells: Cells, column: int) -> Frame:
    """Frame one column, counted from 0; around what is small, so far out that the cells in it can still be seen."""
    frame = outline(f"light[{cells.id}]", cells, column=column)
    across, down = (FRAME_ROOM * (side < SMALL_CELL) for side in (frame.place.width, frame.place.height))
    place = frame.place
    return Frame(
        frame.id, Rectangle(place.x - across, place.y - down, place.width + 2 * across, place.height + 2 * down)
    )
