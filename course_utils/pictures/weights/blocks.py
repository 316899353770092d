"""Where each weight of one or several layers is drawn: one square for all of them, and the scale of their colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import fine_limit, groups
from course_utils.drawing.layout import MARGIN
from course_utils.drawing.text import BOLD, MONO, text_width
from course_utils.drawing.theme import NUMBER_SIZE
from course_utils.pictures.gate_marks import HEADER
from course_utils.recurrence import ParameterRow, RecurrentSpec, count
from course_utils.recurrence.kinds.flow import Sum
from course_utils.recurrence.kinds.formulas import formula

TOP = 92  # of the words above the headers
HEADERS, BELOW_HEADERS = TOP + 13, 4
THINNEST = 3.5  # px: a weight of few rows is drawn this high even where the scale gives less
LEAST_BLOCK, LEAST_HEADER = 6, 24  # px: a block is never narrower, nor is the box with its letter
BLOCK_GAP, WEIGHT_GAP, WORDS_ROOM = 8, 12, 25  # WORDS_ROOM: for the line above a weight
NUMBER_PAD, WIDEST_NUMBERED, TALLEST_NUMBERED, MOST_NUMBERS = 3, 1060, 580, 288  # PAD: px, in the largest type
SMALLEST_SQUARE = 3  # px: where they would be smaller, only some of the rows and columns are drawn
FEW_ROWS = 3  # of a weight: all of them are drawn
MOST_CELLS = 4000
STACKED = 1.25  # so many times higher may the weights of several layers be together than those of one


@dataclass(frozen=True)
class Room:
    """How large a map may be, in px: the columns of all blocks, the rows of all weights, and one square."""

    wide: float = 960
    tall: float = 480
    square: float = 36
    numbers: bool = True


PAGE = Room()


@dataclass(frozen=True)
class Grid:
    """The one grid that all weights are drawn on.

    cell:    width and height of the place of one weight: a square, unless the blocks would be slivers
    every:   of so many rows one is drawn, and of so many columns, as it is: units have no order, and the mean of
             neighbours would be near zero everywhere
    numbers: whether each weight carries its number
    limits:  the ends of the scale of W and R, and of that of b
    """

    spec: RecurrentSpec
    cell: tuple[float, float]
    every: tuple[int, int]
    numbers: bool
    limits: tuple[float, float] = (1.0, 1.0)

    @property
    def block_width(self) -> float:
        return self.spec.units * self.cell[0]

    @property
    def pitch(self) -> float:
        """From the left edge of a block to that of the next."""
        return max(self.block_width, LEAST_HEADER) + BLOCK_GAP

    @cached_property
    def right(self) -> float:
        """Where the counts end, all below each other as in an addition: at the end of the blocks or of the words."""
        rows = count(self.spec).rows
        words = max(_words_width(self.spec, row.weight) for row in rows)
        counts = max(text_width(product(row), 12, MONO) for row in rows)
        return max(self.block_left(len(self.spec.blocks)) - BLOCK_GAP, MARGIN + words + 28 + counts)

    def block_left(self, place: int) -> float:
        return MARGIN + place * self.pitch

    def height(self, weight: str) -> float:
        return max(THINNEST, rows_of(self.spec, weight) * self.cell[1])

    def top(self, weight: str) -> float:
        """Return where a weight begins; each has a line of words above it."""
        names = list(self.spec.weights)
        before = names[: names.index(weight)]
        above = sum(self.height(name) + WEIGHT_GAP for name in before) + WORDS_ROOM * (len(before) + 1)
        return HEADERS + HEADER + BELOW_HEADERS + above

    def limit(self, weight: str) -> float:
        """Return the end of the scale of a weight."""
        return self.limits[weight == "bias"]

    def values(self, weight: str, block: str) -> np.ndarray:
        """Return the values of one block as its squares show them, (rows, columns)."""
        rows, columns = self.strides(weight)
        return np.atleast_2d(self.spec.block(weight, block))[::rows, ::columns]

    def strides(self, weight: str) -> tuple[int, int]:
        """Return of how many rows and of how many columns of each block of a weight one is drawn."""
        return (1 if rows_of(self.spec, weight) <= FEW_ROWS else self.every[0]), self.every[1]

    @property
    def bottom(self) -> float:
        last = list(self.spec.weights)[-1]
        return self.top(last) + self.height(last)


def grids_of(specs: Sequence[RecurrentSpec], room: Room = PAGE) -> list[Grid]:
    """Choose one square for all maps of a picture: with a number in it if all fit, else as large as there is room."""
    rows = sum(rows_of(spec, weight) for spec in specs for weight in spec.weights)
    columns = max(spec.units * len(spec.blocks) for spec in specs)
    limits = _limits(specs)
    squares = sum(array.size for spec in specs for array in spec.weights.values())
    if room.numbers and squares <= MOST_NUMBERS:
        numbers = {wording.number(value) for spec in specs for array in spec.weights.values() for value in array.flat}
        side = NUMBER_PAD + max(text_width(number, NUMBER_SIZE) for number in numbers)
        if columns * side <= WIDEST_NUMBERED and rows * side <= TALLEST_NUMBERED * (STACKED if len(specs) > 1 else 1):
            return [Grid(spec, (side, side), (1, 1), True, limits) for spec in specs]
    tall = room.tall * (STACKED if len(specs) > 1 else 1)
    side = min(room.square, room.wide / columns, tall / rows)
    cell = max(side, LEAST_BLOCK / max(spec.units for spec in specs)), side
    return _thinned([Grid(spec, cell, (1, 1), False, limits) for spec in specs])


def _limits(specs: Sequence[RecurrentSpec]) -> tuple[float, float]:
    """Return the ends of two scales, the largest size on each rounded up: that of W and R, and that of b.

    Both are the same while b stays within the first: beside an LSTM's bias of 1 its many small weights would be white.
    """
    limit = fine_limit(*(array for spec in specs for array in (spec.kernel, spec.recurrent_kernel)))
    biases = [spec.bias for spec in specs if spec.bias is not None]
    return limit, max(limit, fine_limit(*biases)) if any(np.any(bias) for bias in biases) else limit


def _thinned(grids: list[Grid]) -> list[Grid]:
    """Leave rows and columns out until no square is too small to be seen and there are few enough."""
    width, height = grids[0].cell
    rows, columns = math.ceil(SMALLEST_SQUARE / height), math.ceil(SMALLEST_SQUARE / width)
    grids = [replace(grid, every=(rows, columns)) for grid in grids]
    while sum(map(_squares, grids)) > MOST_CELLS:
        grids = [replace(grid, every=(grid.every[0] + 1, grid.every[1] + 1)) for grid in grids]
    return grids


def _squares(grid: Grid) -> int:
    spec = grid.spec
    rows = sum(groups(rows_of(spec, weight), grid.strides(weight)[0]) for weight in spec.weights)
    return rows * groups(spec.units, grid.every[1]) * len(spec.blocks)


def rows_of(spec: RecurrentSpec, weight: str) -> int:
    """Return how many rows a weight has; a bias that is a vector has one."""
    array = spec.weights[weight]
    return array.shape[0] if array.ndim == 2 else 1


def rows_said(spec: RecurrentSpec, weight: str) -> str:
    """Say what the rows of a weight are."""
    rows = rows_of(spec, weight)
    if weight == "bias":
        return "1st row: to x·W, 2nd row: to h·R" if rows == 2 else f"added to {_summed(spec)}"
    if weight in spec.vectors:
        return "a number for each unit: not a matrix"
    noun = "row" if rows == 1 else "rows"
    return f"F = {rows:,} {noun}: features of x" if weight == "kernel" else f"U = {rows:,} {noun}: units of h before"


def _summed(spec: RecurrentSpec) -> str:
    """Say what a bias is added to: one formula for all blocks, or none."""
    letters = {"x": "x"} | {f"{letter}-": letter for letter in spec.cell.states} | {c: c for c in spec.cell.states}
    without = replace(spec, bias=None)
    sums = {formula(without, one.name, letters) for one in spec.flow if isinstance(one, Sum)}
    return sums.pop() if len(sums) == 1 else "the sum"


def _words_width(spec: RecurrentSpec, weight: str) -> float:
    """Return the room for the words above a weight, without its count."""
    name, shape = (
        text_width(f"{spec.letter_of(weight)} {weight}", 13, BOLD),
        text_width(str(spec.weights[weight].shape), 12, MONO),
    )
    return name + 12 + shape + 14 + text_width(rows_said(spec, weight), 12)


def product(row: ParameterRow) -> str:
    """Write the sides of a weight and their product, e.g. ``2·16 = 32``."""
    sides = "·".join(f"{size:,}" for size in row.shape)
    return f"{sides} = {row.count:,}" if len(row.shape) > 1 else sides
