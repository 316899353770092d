"""What all pictures share: which of many steps are drawn, places that keep apart, columns of cells, badges, arrows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import numpy as np

from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.scene import Box, Cells, Frame, Item, Label, Line, Mark, Rectangle
from course_utils.drawing.text import BOLD

MARGIN = 28
CELL_WIDTH, CELL_HEIGHT = 50, 22
TALLEST, WIDEST = 176, 368  # px for a vector or matrix, however many cells it has
MOST_STEPS, FIRST, LAST = 6, 3, 2  # of the time-steps, how many are drawn; if more, the first and the last ones


def elided(chosen: Iterable[int]) -> list[int | None]:
    """Return numbers in order, None for those left out between two; one alone would take as much room, so it stays.

    >>> elided([1, 2, 4, 9])
    [1, 2, 3, 4, None, 9]
    """
    first, *others = sorted({*chosen})
    found: list[int | None] = [first]
    for before, number in pairwise([first, *others]):
        found += [None, number] if number - before > 2 else range(before + 1, number + 1)
    return found


def shown_steps(steps: int, first: int = FIRST, last: int = LAST) -> list[int | None]:
    """Return the steps that are drawn, 1 … T; None stands for all those left out.

    first, last: how many are drawn at each end

    >>> shown_steps(3), shown_steps(28)
    ([1, 2, 3], [1, 2, 3, None, 27, 28])
    """
    ends = [*range(1, min(first, steps) + 1), *range(max(1, steps - last + 1), steps + 1)]
    return elided(ends) if ends else []


def shown_with(count: int, kept: Iterable[int], most: int) -> list[int | None]:
    """Return the same of any things in a row, and between the ends those to be kept, while that makes at most ``most``.

    >>> shown_with(9, [6], 7), shown_with(9, [4, 5, 6], 7)
    ([1, 2, 3, None, 6, 7, 8, 9], [1, 2, 3, None, 8, 9])
    """
    ends = {place for place in shown_steps(count) if place}
    chosen = ends | {*kept}
    return elided(chosen if len(chosen) <= most else ends)


def left_out(shown: Sequence[int | None]) -> dict[int, tuple[int, int]]:
    """Return for each slot that stands for some left out what is drawn before and after it; slots count from 0.

    >>> left_out([1, 2, None, 6, None, 28])
    {2: (2, 6), 4: (6, 28)}
    """
    drawn = [one for one in shown if one is not None]
    slots = [slot for slot, one in enumerate(shown) if one is None]
    return {slot: (drawn[slot - place - 1], drawn[slot - place]) for place, slot in enumerate(slots)}


def isotonic(wishes: Sequence[float]) -> list[float]:
    """Return what rises and is nearest to wishes, by least squares: neighbours in the wrong order meet in the middle.

    >>> isotonic([1.0, 3.0, 2.0])
    [1.0, 2.5, 2.5]
    """
    pools: list[list[float]] = []  # pool adjacent violators
    for wish in wishes:
        pools.append([wish])
        while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return [fmean(pool) for pool in pools for _wish in pool]


def cell_length(count: int, usual: float, longest: float) -> float:
    """Return how long one of ``count`` cells is: the usual length while they all fit."""
    return min(usual, longest / count)


def column(
    id: Ref,
    centre: float,
    top: float,
    values: np.ndarray | None,
    count: int,
    axis: str,
    *,
    ghost: bool = False,
    longest: float = TALLEST,
    made_of: tuple[Link, ...] = (),
) -> Cells:
    """Draw a vector as a column of cells: a number in each while there is room, else a strip of colours."""
    height = cell_length(count, CELL_HEIGHT, longest)
    place = Rectangle(centre - CELL_WIDTH / 2, top, CELL_WIDTH, height * count)
    shown = None if values is None else values[:, None]
    return Cells(id, place, (count, 1), shown, (axis,), ghost, not ghost and height >= 16, made_of)


def block(
    id: Ref, left: float, top: float, values: np.ndarray, axes: tuple[str, ...], *, width: float = CELL_WIDTH
) -> Cells:
    """Draw a matrix, or a vector as one row."""
    values = np.atleast_2d(values)
    rows, columns = values.shape
    width, height = cell_length(columns, width, WIDEST), cell_length(rows, CELL_HEIGHT, TALLEST)
    place = Rectangle(left, top, width * columns, height * rows)
    return Cells(id, place, (rows, columns), values, axes, numbers=width >= 38 and height >= 16)


def outline(id: str, cells: Cells, *, row: int | None = None, column: int | None = None) -> Frame:
    """Draw a frame around one row, one column or one cell, counted from 0; None means all of them."""
    first = cells.cell_place(row or 0, column or 0)
    last = cells.cell_place(
        cells.shape[0] - 1 if row is None else row, cells.shape[1] - 1 if column is None else column
    )
    return Frame(id, Rectangle(first.x, first.y, last.right - first.x, last.bottom - first.y))


def badge(
    ids: tuple[str, str],
    place: Rectangle,
    text: str,
    hue: str = "",
    *,
    size: float = 13,
    radius: float = 6,
    drop: float = 5,
    face: str = BOLD,
) -> list[Item]:
    """Draw a letter or a word in a small box: white on its hue, or dark on paper where it has none.

    ids: of the box and of the text; drop: px from the middle of the box to the baseline
    """
    x, y = place.centre
    role, ink = ("gate", "on_hue") if hue else ("tag", "ink")
    return [Box(ids[0], place, role, radius, hue), Label(ids[1], x, y + drop, text, size, ink, face=face)]


def arrow(id: str, *points: tuple[float, float], role: str = "flow") -> Line:
    """Draw an arrow through points."""
    return Line(id, points, role)


def strongest(*arrays: np.ndarray | None) -> float:
    """Return the limit of the colour scale: the largest finite size among the values, at least 1, rounded up."""
    sizes = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in arrays if array is not None]
    return float(max(1.0, np.ceil(max(sizes, default=1.0))))


def moved(items: Iterable[Item], across: float, down: float, prefix: str = "") -> list[Item]:
    """Return the items at another place.

    across, down: px to the right and downwards
    prefix:       put before every id, and before the ids that ``made_of`` names, e.g. ``"weights/"``

    >>> moved([Mark("dot", 1, 2, "disc", "")], 10, 20, "weights/")[0]
    Mark(id='weights/dot', x=11, y=22, shape='disc', hue='', size=9)
    """
    return [_moved(item, across, down, prefix) for item in items]


def _moved(item: Item, across: float, down: float, prefix: str) -> Item:
    name = prefix + item.id
    if isinstance(item, Line):
        return replace(item, id=name, points=tuple((x + across, y + down) for x, y in item.points))
    if isinstance(item, (Label, Mark)):
        return replace(item, id=name, x=item.x + across, y=item.y + down)
    old = item.place
    place = Rectangle(old.x + across, old.y + down, old.width, old.height)
    if isinstance(item, Cells):
        links = tuple(link.inside(prefix) for link in item.made_of)
        return replace(item, id=item.id.inside(prefix), place=place, made_of=links)
    return replace(item, id=name, place=place)
