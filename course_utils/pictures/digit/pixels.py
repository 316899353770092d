"""The image of a digit: what was read stands in full, what was not is pale."""

import numpy as np

from course_utils.drawing.grouping import block_means, grouped, groups
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Cells, Frame, Rectangle
from course_utils.pictures.digit.read import ReadDigit

LONGEST, THINNEST = 280, 26  # px: the longer side of the image, its shorter one at least
MOST_LINES, MOST_ACROSS, MOST_SQUARES = 140, 64, 4096  # more pixels than these share a square, which shows their mean
AROUND = 1.5  # px from the pixels to their frame


def pixel_grid(read: ReadDigit) -> tuple[int, int]:
    """Return how many lines of the image share one row of squares, and how many columns one column of them."""
    lines, columns = (read.side, read.side) if read.side else read.pixels.shape
    down, across = groups(lines, MOST_LINES), groups(columns, MOST_ACROSS)
    while groups(lines, down) * groups(columns, across) > MOST_SQUARES:
        down, across = (down + 1, across) if down <= across else (down, across + 1)
    return down, across


def image_size(read: ReadDigit) -> tuple[float, float]:
    """Return the width and the height of the image, px."""
    rows, columns = _squares(read)
    square = LONGEST / max(rows, columns)
    return max(THINNEST, square * columns), max(THINNEST, square * rows)


def _squares(read: ReadDigit) -> tuple[int, int]:
    lines, columns = (read.side, read.side) if read.side else read.pixels.shape
    down, across = pixel_grid(read)
    return groups(lines, down), groups(columns, across)


def image_items(read: ReadDigit, step: int, place: Rectangle) -> list[Cells | Frame]:
    """Draw an image of which some steps were read: the last of them is framed, the later ones are pale."""
    if read.side:
        return _by_pixel(read, read.side, step, place)
    rows, columns = _squares(read)
    down, _across = pixel_grid(read)
    height, now = place.height / rows, (step - 1) // down  # the row of squares that holds the step
    axes = ("t" if down == 1 else "T", "f" if columns == read.pixels.shape[1] else "F")
    values = _grouped(read.pixels[:step], down, columns)
    items: list[Cells | Frame] = [_cells(Ref("image", "read"), place, 0, values, height, axes, read, ghost=False)]
    if now + 1 < rows:
        later = _grouped(read.pixels[(now + 1) * down :], down, columns)
        items.append(_cells(Ref("image", "later"), place, now + 1, later, height, axes, read, ghost=True))
    return [*items, _frame(Rectangle(place.x, place.y + now * height, place.width, height))]


def _grouped(values: np.ndarray, down: int, columns: int) -> np.ndarray:
    """Return the means of so many neighbouring rows each, the last group may be smaller; and of columns."""
    values = block_means(values, down, 1)
    return grouped(values, len(values), columns)


def _by_pixel(read: ReadDigit, side: int, step: int, place: Rectangle) -> list[Cells | Frame]:
    """Draw a square image that is read pixel by pixel, line by line."""
    image, (line, column) = read.pixels.reshape(side, side), divmod(step - 1, side)
    size, axes = place.width / side, ("line", "column")
    middle = Rectangle(place.x, place.y + line * size, place.width, size)
    items: list[Cells | Frame] = []
    if line:
        items.append(_cells(Ref("image", "read"), place, 0, image[:line], size, axes, read, ghost=False))
    now = Rectangle(place.x, middle.y, (column + 1) * size, size)
    items.append(_row(Ref("image", "line", "read"), now, image[line, : column + 1], read, ghost=False))
    if column + 1 < side:
        rest = Rectangle(now.right, middle.y, (side - column - 1) * size, size)
        items.append(_row(Ref("image", "line", "later"), rest, image[line, column + 1 :], read, ghost=True))
    if line + 1 < side:
        items.append(_cells(Ref("image", "later"), place, line + 1, image[line + 1 :], size, axes, read, ghost=True))
    return [*items, _frame(Rectangle(place.x + column * size, middle.y, size, size))]


def _cells(
    id: Ref,
    place: Rectangle,
    first: int,
    values: np.ndarray,
    height: float,
    axes: tuple[str, ...],
    read: ReadDigit,
    *,
    ghost: bool,
) -> Cells:
    where = Rectangle(place.x, place.y + first * height, place.width, len(values) * height)
    return Cells(id, where, values.shape, values, axes, ghost, numbers=False, limit=read.limits[0])


def _row(id: Ref, place: Rectangle, values: np.ndarray, read: ReadDigit, *, ghost: bool) -> Cells:
    return Cells(id, place, (1, len(values)), values[None], ("column",), ghost, numbers=False, limit=read.limits[0])


def _frame(place: Rectangle) -> Frame:
    width, height = place.width + 2 * AROUND, place.height + 2 * AROUND
    return Frame("light[now]", Rectangle(place.x - AROUND, place.y - AROUND, width, height))
