"""Columns of named rows, side by side: a bar with a title, and below it vectors with their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from course_utils.drawing.layout import CELL_HEIGHT, MARGIN, arrow, badge, moved
from course_utils.drawing.picture import Legend
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Item, Rectangle
from course_utils.drawing.text import BOLD, text_width
from course_utils.pictures.cell.moment import (
    Measured,
    named,
    named_width,
    rounding_note,
    row,
    scale_note,
    start_caption,
)

TOP = 104  # of the columns, below the heading
BAR = 40  # the height of the bar that names a column
PITCH = CELL_HEIGHT + 34  # from a row to the next, with room for its name
GAP = 46  # between two columns, with room for an arrow


@dataclass(frozen=True, eq=False)
class Row:
    """A vector with its name and what it is. role: as that of ``Cells``."""

    id: Ref
    name: str
    caption: str
    values: np.ndarray
    role: str = ""


Column = tuple[list[Item], float]
"""What is drawn, with its left edge at 0, and how wide it is."""


class Begun(Measured, Protocol):
    """A step whose input and states are known."""

    @property
    def step(self) -> int:
        """Which step, 1 … T, in order of processing."""

    @property
    def x(self) -> np.ndarray:
        """The x that is read, (F,)."""

    def state(self, letter: str, ago: int = 0) -> np.ndarray:
        """Return a state after this step, or ago=1 before it, (U,)."""

    def name(self, letter: str, ago: int = 0) -> str:
        """Return how x or a state is written."""


def column_before(now: Begun, states: Mapping[str, str]) -> Column:
    """Draw what is there before a step. states: by letter, what each is called."""
    rows = [Row(Ref("x", t=now.step), now.name("x"), "input", now.x, "input")]
    for letter, what in states.items():
        values = now.state(letter, 1)
        caption = start_caption(values, now.step, what)
        rows.append(Row(Ref(letter, t=now.step - 1), now.name(letter, 1), caption, values))
    return column_of_rows(now, "before", rows)


def column_of_rows(now: Measured, title: str, rows: Sequence[Row], hue: str = "") -> Column:
    """Draw one column. hue: of the gate that it is about."""
    items: list[Item] = []
    width = text_width(title, 14, BOLD) + 20
    for place, one in enumerate(rows):
        top, axis = TOP + BAR + 30 + place * PITCH, "f" if one.role == "input" else "u"
        items += named(row(now, one.id, 0, top, one.values, axis, role=one.role), one.name, one.caption)
        width = max(width, named_width(now, len(one.values), one.name, one.caption))
    key, bar = hue or title, Rectangle(0, TOP, width, BAR)
    return [*badge((f"bar[{key}]", f"title[{key}]"), bar, title, hue, size=14, radius=8), *items], width


def side_by_side(columns: Sequence[Column], beside: int = 0) -> list[Item]:
    """Place columns beside each other; an arrow leads out of the first, and into the last.

    beside: how many columns at the right stand beside the way, without an arrow
    """
    items: list[Item] = []
    left, y = float(MARGIN), TOP + BAR / 2
    for place, (rows, width) in enumerate(columns):
        items += moved(rows, left, 0)
        if place in (1, len(columns) - 1 - beside):
            items.append(arrow(f"arrow[{place}]", (left - GAP + 6, y), (left - 8, y)))
        left += width + GAP
    return items


def legend_below(items: Sequence[Item], *notes: str) -> Legend:
    """Return the scale of colours below all items, with notes and what must be known of its numbers."""
    lowest = max(item.place.bottom for item in items)
    said = " · ".join(note for note in (*notes, rounding_note(items), scale_note(items)) if note)
    return Legend(lowest + 30, said)
