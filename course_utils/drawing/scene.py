"""A picture as data: boxes, cells, lines and labels with their places. No colours, no renderer.

Lengths are in px of a 96-dpi screen; x grows to the right, y grows downwards.
Each item has an id that says what it means, such as ``h[t=2]``; that of cells is
a ``Ref``, to which a single cell adds its own index: ``h[t=2,u=3]``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np

from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.text import SANS, ascent, text_width


@dataclass(frozen=True)
class Rectangle:
    """A place on the canvas."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The point in the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, other: "Rectangle", slack: float = 0.01) -> bool:
        """Whether the other lies wholly inside."""
        return (
            self.x - slack <= other.x
            and self.y - slack <= other.y
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def overlaps(self, other: "Rectangle", slack: float = 0.01) -> bool:
        """Whether the two share an area."""
        return (
            self.x + slack < other.right
            and other.x + slack < self.right
            and self.y + slack < other.bottom
            and other.y + slack < self.bottom
        )


@dataclass(frozen=True)
class Box:
    """A rounded rectangle.

    role: "cell" (a step of the layer), "tag" (a weight's letter), "sign" (an operation),
          "gate" (filled with a hue, carries white letters), "closed" (a layer that is not looked into)
          or "zone" (a soft ground behind a part of a chart)
    hue:  for gates: the letter of the gate or candidate
    """

    id: str
    place: Rectangle
    role: str = "cell"
    radius: float = 10
    hue: str = ""


@dataclass(frozen=True, eq=False)
class Cells:
    """A block of equal cells, one a number, rows downwards and columns to the right.

    values:  (rows, columns), or None where the numbers are not known
    axes:    the letters of the axes that index a cell; one letter for a vector
    ghost:   computed, but it stays inside the layer
    numbers: whether each cell is large enough to carry its number
    whole:   all values are whole numbers, written without decimals
    made_of: what lights up where one of its cells is pointed at
    limit:   the value that gets the strongest colour here, where the picture has more than one scale
    role:    "input", "summand" or "sum" where it is one: such numbers may be far larger than all others
    """

    id: Ref
    place: Rectangle
    shape: tuple[int, int]
    values: np.ndarray | None
    axes: tuple[str, ...]
    ghost: bool = False
    numbers: bool = True
    made_of: tuple[Link, ...] = ()
    whole: bool = False
    limit: float | None = None
    role: str = ""

    @property
    def cell_size(self) -> tuple[float, float]:
        """Width and height of one cell."""
        return self.place.width / self.shape[1], self.place.height / self.shape[0]

    def cell_place(self, row: int, column: int) -> Rectangle:
        """Where one cell is; rows and columns count from 0."""
        width, height = self.cell_size
        return Rectangle(self.place.x + column * width, self.place.y + row * height, width, height)

    def cell_ids(self) -> Iterator[Ref]:
        """The id of every cell, row by row; indices count from 1."""
        for row, column in product(range(self.shape[0]), range(self.shape[1])):
            index = (row, column) if len(self.axes) == 2 else (max(row, column),)
            yield self.id.at(**{axis: i + 1 for axis, i in zip(self.axes, index, strict=True)})


@dataclass(frozen=True)
class Line:
    """A line through points.

    role: "flow", "ghost" (dashed: it stays inside), "memory" (double: the cell state c), "rule",
          "axis", "grid" (thin), "curve" or "slope" (dashed)
    head: an arrow head at its end
    hue:  for curves: the number of the curve
    """

    id: str
    points: tuple[tuple[float, float], ...]
    role: str = "flow"
    head: bool = True
    hue: str = ""

    @property
    def place(self) -> Rectangle:
        """The room that its points take."""
        xs, ys = zip(*self.points, strict=True)
        return Rectangle(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


MARKS = {"disc": (16, 0, 0.5), "square": (4, 45, 0.62), "diamond": (4, 0, 0.65), "triangle": (3, -90, 0.65)}
"""For each shape: how many corners, the angle of the first in degrees, and how far out they are, in its size."""


@dataclass(frozen=True)
class Mark:
    """A small sign on a curve. shape: "disc", "square", "diamond" or "triangle"; x, y: its centre."""

    id: str
    x: float
    y: float
    shape: str
    hue: str
    size: float = 9

    @property
    def place(self) -> Rectangle:
        """The room that it takes."""
        reach = 0.65 * self.size
        return Rectangle(self.x - reach, self.y - reach, 2 * reach, 2 * reach)

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The points of its outline; a disc has many."""
        sides, turn, reach = MARKS[self.shape]
        angles = np.radians(turn + 360 / sides * np.arange(sides))
        radius = reach * self.size
        return tuple(zip(self.x + radius * np.cos(angles), self.y + radius * np.sin(angles), strict=True))


@dataclass(frozen=True)
class Frame:
    """An outline around cells that are pointed at."""

    id: str
    place: Rectangle


@dataclass(frozen=True)
class Label:
    """A line of text; y is its baseline.

    role: "ink", "muted" or "on_hue" (on the fill of a gate); anchor: "start", "middle" or "end"
    """

    id: str
    x: float
    y: float
    text: str
    size: float = 13
    role: str = "ink"
    anchor: str = "middle"
    face: str = SANS

    @property
    def place(self) -> Rectangle:
        """The room that the text takes, measured with the real font."""
        width = text_width(self.text, self.size, self.face)
        left = {"start": self.x, "middle": self.x - width / 2, "end": self.x - width}[self.anchor]
        height = ascent(self.size)
        return Rectangle(left, self.y - height, width, height)


Item = Box | Cells | Line | Mark | Frame | Label
Kind = TypeVar("Kind", bound=Item)


@dataclass(frozen=True)
class Scene:
    """A whole picture: its size, its items in painting order, and what it shows in words.

    limit: the value that gets the strongest colour, the same for both signs
    """

    width: float
    height: float
    title: str
    description: str
    items: tuple[Item, ...]
    limit: float = 1.0

    def of(self, kind: type[Kind]) -> list[Kind]:
        """All items of one class."""
        return [item for item in self.items if isinstance(item, kind)]

    def ids(self) -> Iterator[str]:
        """Every id in the picture: of the items, and of each single cell."""
        for item in self.items:
            yield item.id
            if isinstance(item, Cells):
                yield from item.cell_ids()
