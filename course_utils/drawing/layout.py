"""The marks that all pictures share: columns of cells, arrows, frames; and what of many steps is drawn."""

from collections.abc import Sequence

import numpy as np

from course_utils.drawing.scene import Cells, Frame, Line, Rectangle

MARGIN = 28
CELL_WIDTH, CELL_HEIGHT = 50, 22
TALLEST, WIDEST = 176, 368  # px for a vector or matrix, however many cells it has
MOST_STEPS, FIRST, LAST = 6, 3, 2  # of the time-steps, how many are drawn; if more, the first and the last ones


def shown_steps(steps: int, first: int = FIRST, last: int = LAST) -> list[int | None]:
    """Return the steps that are drawn, 1 … T; None stands for all those left out.

    first, last: how many are drawn at each end

    >>> shown_steps(3), shown_steps(28)
    ([1, 2, 3], [1, 2, 3, None, 27, 28])
    """
    if steps <= first + last + 1:
        return list(range(1, steps + 1))
    return [*range(1, first + 1), None, *range(steps - last + 1, steps + 1)]


def left_out(shown: Sequence[int | None]) -> dict[int, tuple[int, int]]:
    """Return for each slot that stands for some left out what is drawn before and after it; slots count from 0.

    >>> left_out([1, 2, None, 6, None, 28])
    {2: (2, 6), 4: (6, 28)}
    """
    drawn = [one for one in shown if one is not None]
    slots = [slot for slot, one in enumerate(shown) if one is None]
    return {slot: (drawn[slot - place - 1], drawn[slot - place]) for place, slot in enumerate(slots)}


def cell_length(count: int, usual: float, longest: float) -> float:
    """Return how long one of ``count`` cells is: the usual length while they all fit."""
    return min(usual, longest / count)


def column(
    id: str,
    centre: float,
    top: float,
    values: np.ndarray | None,
    count: int,
    axis: str,
    *,
    ghost: bool = False,
    longest: float = TALLEST,
    made_of: tuple[str, ...] = (),
) -> Cells:
    """Draw a vector as a column of cells: a number in each while there is room, else a strip of colours."""
    height = cell_length(count, CELL_HEIGHT, longest)
    place = Rectangle(centre - CELL_WIDTH / 2, top, CELL_WIDTH, height * count)
    shown = None if values is None else values[:, None]
    return Cells(id, place, (count, 1), shown, (axis,), ghost, not ghost and height >= 16, made_of)


def block(
    id: str, left: float, top: float, values: np.ndarray, axes: tuple[str, ...], *, width: float = CELL_WIDTH
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


def arrow(id: str, *points: tuple[float, float], role: str = "flow") -> Line:
    """Draw an arrow through points."""
    return Line(id, points, role)


def strongest(*arrays: np.ndarray | None) -> float:
    """Return the limit of the colour scale: the largest finite size among the values, at least 1, rounded up."""
    sizes = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in arrays if array is not None]
    return float(max(1.0, np.ceil(max(sizes, default=1.0))))
