"""An image read row by row: row t of its pixels is x_t, what goes into step t."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import block_means, groups
from course_utils.drawing.layout import MARGIN, arrow, block, elided, left_out, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Cells, Frame, Item, Label, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, ascent, printable, shortened, subscript, text_width
from course_utils.recurrence.checking import as_numbers

TOP = 92
PICTURE, LARGEST_PIXEL, THINNEST = 300, 34, 5  # px: the longer side of the picture, one pixel, the shorter side
MOST_PIXELS = 4096  # of the picture; if more, equal squares of them are drawn as one
MOST_IN_A_STRIP = 128
ENOUGH = 0.7  # of the inkiest rows' ink: among rows with so much of it, the ones nearest to the middle are cut out
MOST_ROWS, INKED = 8, 3  # how many rows are cut out; of a taller image, how many of those from its middle
PITCH = 62  # px from strip to strip
FAN, LEAD, BOX, BOX_HEIGHT = 92, 62, 132, 36  # px: from picture to strips, on to the steps, and a step's box
CLEAR = 4
AROUND = 1.5  # px from framed rows to their frame
SMALL, ASIDE = 11, 8  # px: the numbers at the left of the picture, and how far from it they are
BYTE = 255
NOTE = "a pixel's shade is its value · every step uses the same cell; h carries on what was read"


@dataclass(frozen=True)
class _Page:
    """Where things are.

    image: (rows, columns); shown: the rows cut out, from 1, None for those left out
    """

    image: np.ndarray
    shown: tuple[int | None, ...]

    @cached_property
    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        return _whole(self.image)

    @property
    def rows(self) -> int:
        return self.image.shape[0]

    @property
    def columns(self) -> int:
        return self.image.shape[1]

    @property
    def side(self) -> int:
        """How many pixels, down and across, are drawn as one."""
        side = 1
        while groups(self.rows, side) * groups(self.columns, side) > MOST_PIXELS:
            side += 1
        return side

    @property
    def middle(self) -> float:
        return self.strip_y(0) + PITCH * (len(self.shown) - 1) / 2

    @property
    def picture(self) -> Rectangle:
        pixel = min(LARGEST_PIXEL, PICTURE / max(self.image.shape))
        width, height = (max(THINNEST, pixel * count) for count in (self.columns, self.rows))
        numbers = max(text_width(text, SMALL) for text, _low, _high in self.runs) + ASIDE
        left = MARGIN + max(numbers, self.widest_text - width)  # so that no text stands right of it
        return Rectangle(left, max(TOP, self.middle - height / 2), width, height)

    @property
    def runs(self) -> list[tuple[str, int, int]]:
        """What is written at the left of the picture, with the rows it is for: a number each, else "13–15"."""
        pixel = min(LARGEST_PIXEL, PICTURE / max(self.image.shape))
        if pixel > ascent(SMALL):
            return [(str(row), row, row) for row in self.shown if row is not None]
        return [(f"{low}–{high}" if low < high else str(low), low, high) for low, high in neighbours(self.shown)]

    @property
    def widest_text(self) -> float:
        return max(text_width(text, 12) for text in self.sizes)

    @property
    def left(self) -> float:
        """Where the strips begin."""
        return self.picture.right + FAN

    @property
    def sizes(self) -> tuple[str, str]:
        """What is written below the picture."""
        count = wording.counted
        return (
            f"{count(self.rows, 'row')} down = {count(self.rows, 'step')}",
            f"{count(self.columns, 'pixel')} across = {count(self.columns, 'feature')}",
        )

    @property
    def steps_left(self) -> float:
        widest = max([cells.place.right for cells in (_strip(self, 0, 1),)] + [self.left + self.gap_width])
        return widest + LEAD

    @property
    def gap_width(self) -> float:
        texts = [_gap_text(gap, "row") for gap in self.gaps.values()]
        return max((text_width(text, 12) for text in texts), default=0)

    @property
    def gaps(self) -> dict[int, int]:
        """How many rows are left out, by the slot in which that is said."""
        return {slot: after - before - 1 for slot, (before, after) in left_out(self.shown).items()}

    def strip_y(self, slot: int) -> float:
        """The middle of a slot."""
        return TOP + 62 + PITCH * slot


def image_rows_scene(image: np.ndarray, label: str | None = None) -> Scene:
    """Lay out an image, some of its rows cut out, and the steps that these go into.

    image: (rows, columns) of numbers; label: what it shows, to be written below it
    """
    page = _Page(image, shown_rows(image))
    items = _picture(page, label) + _start(page)
    for slot, row in enumerate(page.shown):
        items += _left_out(page, slot) if row is None else _row(page, slot, row)
        items += _state(page, slot, row)
    below = max([page.strip_y(len(page.shown) - 1) + 96, page.picture.bottom + 72 + 20 * (label is not None)])
    count = wording.counted
    title = f"An image of {page.rows} × {page.columns} pixels as {count(page.rows, 'step')}"
    title += f" of {count(page.columns, 'feature')}"
    subtitle = f"row t goes into step t, from the top down: an array of shape {image.shape}, (time-steps, features)"
    legend = Legend(below, NOTE, from_zero=np.nanmin(image, initial=0) >= 0)
    return Picture(title, subtitle, items, _sentences(page, title, label), legend, _limit(image)).scene


def checked_image(image: Any) -> np.ndarray:
    """Return an image as an array (rows, columns) of numbers; an axis of one channel at the end is taken away.

    Raises TypeError for what is not made of numbers, ValueError for another number of axes, with the likely slip.
    """
    expected = "image must be an array of shape (rows, columns)"
    array = as_numbers(image, expected)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2:
        raise ValueError(f"{expected}, but it has shape {array.shape}: {_slip(array)}.")
    if not array.size:
        raise ValueError(
            f"{expected} with at least one pixel, but it has shape {array.shape}: look where it came from."
        )
    return array.astype(float)


def _slip(array: np.ndarray) -> str:
    """Name the likely slip behind a wrong number of axes."""
    if array.ndim == 3 and array.shape[2] in (3, 4) and array.shape[0] > 1:
        return "it has colours, so make it grey first, image.mean(axis=-1)"
    if array.ndim >= 3:
        return "the first axis is the batch, so pass one image of it, x[0]"
    return "one axis is missing, so reshape it, image.reshape(28, 28) for MNIST" if array.ndim else "it is one number"


def shown_rows(image: np.ndarray) -> tuple[int | None, ...]:
    """Return the rows that are cut out, counted from 1: the first, those with the most to see, the last.

    None stands for those left out. To see are pixels that differ from the image's commonest shade.

    >>> shown_rows(np.eye(3))
    (1, 2, 3)
    """
    rows = len(image)
    if rows <= MOST_ROWS:
        return tuple(range(1, rows + 1))
    known = np.where(np.isfinite(image), image, 0.0)
    ink = np.abs(known - np.median(known)).sum(axis=1)
    windows = np.convolve(ink, np.ones(INKED), "valid")[1:-1]  # without the first row and the last
    centred = -np.abs(np.arange(len(windows)) - (len(windows) - 1) / 2)
    start = 2 + int(np.argmax(np.where(windows >= ENOUGH * windows.max(), centred, -np.inf)))
    return tuple(elided([1, *range(start, start + INKED), rows]))


def neighbours(shown: tuple[int | None, ...]) -> list[tuple[int, int]]:
    """Return the first and the last row of each run of shown rows.

    >>> neighbours((1, None, 7, 8, 9, None, 28))
    [(1, 1), (7, 9), (28, 28)]
    """
    runs: list[tuple[int, int]] = []
    for before, row in pairwise((None, *shown)):
        if row is not None:
            runs.append((row, row) if before is None else (runs.pop()[0], row))
    return runs


def _limit(image: np.ndarray) -> float:
    """Return the value with the strongest colour: 255 for an image of bytes."""
    limit = strongest(image)
    return float(BYTE) if 200 < limit <= BYTE and np.nanmin(image) >= 0 and _whole(image) else limit


def _whole(image: np.ndarray) -> bool:
    finite = image[np.isfinite(image)]
    return bool((finite == np.round(finite)).all())


def _picture(page: _Page, label: str | None) -> list[Item]:
    """Draw the image itself with its caption and its sizes below."""
    place, values = page.picture, block_means(page.image, page.side, page.side)
    y, narrow = place.bottom, page.widest_text > place.width
    x, anchor = (place.right, "end") if narrow else (place.x, "start")
    items: list[Item] = [Cells(Ref("image"), place, values.shape, values, _axes(page.side, ("t", "f")), numbers=False)]
    items += _marked_rows(page)
    if label is not None:
        text = shortened(printable(label), 15, place.right - MARGIN if narrow else place.width, BOLD)
        items.append(Label("caption", x, y + 26, text, 15, anchor=anchor, face=BOLD))
        y += 24
    for name, text in zip(("down", "across"), page.sizes, strict=True):
        items.append(Label(f"size[{name}]", x, y + 22, text, 12, "muted", anchor))
        y += 18
    return items


def _marked_rows(page: _Page) -> list[Item]:
    """Number the rows that are cut out, at the left of the picture; frame them, neighbours together, if not all are."""
    place, height = page.picture, page.picture.height / page.rows
    items: list[Item] = []
    for low, high in neighbours(page.shown) if page.gaps else ():
        top = place.y + height * (low - 1) - AROUND
        around = Rectangle(place.x - AROUND, top, place.width + 2 * AROUND, height * (high + 1 - low) + 2 * AROUND)
        items.append(Frame(f"frame[row,t={low}]", around))
    above = -np.inf  # the lowest baseline so far
    for text, low, high in page.runs:
        y = place.y + height * (low - 1 + high) / 2 + ascent(SMALL) / 2
        if y - above > ascent(SMALL):
            items.append(Label(f"number[row,t={low}]", place.x - ASIDE, y, text, SMALL, "muted", "end"))
            above = y
    return items


def _axes(side: int, letters: tuple[str, ...]) -> tuple[str, ...]:
    """Return the letters that index a cell; capitals where a cell stands for several pixels."""
    return letters if side == 1 else tuple(letter.upper() for letter in letters)


def _strip(page: _Page, slot: int, row: int) -> Cells:
    """Return one row of the image, cut out."""
    across = groups(page.columns, MOST_IN_A_STRIP)
    values = block_means(page.image[row - 1 : row], 1, across)[0]
    strip = block(Ref("x", t=row), page.left, page.strip_y(slot) - 11, values, _axes(across, ("f",)))
    return replace(strip, whole=page.whole)


def _row(page: _Page, slot: int, row: int) -> list[Item]:
    """Draw one row cut out of the picture, and the step that it goes into."""
    strip, place, y = _strip(page, slot, row), page.picture, page.strip_y(slot)
    height = place.height / page.rows
    start = place.right + AROUND, place.y + height * (row - 0.5)
    box = _box(page, slot)
    x, _middle = box.centre
    return [
        Line(f"cut[t={row}]", (start, (strip.place.x - CLEAR, y)), "axis", head=False),
        strip,
        Label(f"name[row,t={row}]", strip.place.x, y - 17, f"row {row}", 12, "muted", "start"),
        arrow(f"arrow[x,t={row}]", (strip.place.right + CLEAR, y), (box.x - CLEAR, y)),
        Label(f"name[x,t={row}]", box.x - LEAD / 2, y - 8, subscript("x", row), 14),
        Box(f"cell[t={row}]", box, radius=9),
        Label(f"name[step,t={row}]", x, y + 5, f"step {row}", 13, face=BOLD),
    ]


def _box(page: _Page, slot: int) -> Rectangle:
    return Rectangle(page.steps_left, page.strip_y(slot) - BOX_HEIGHT / 2, BOX, BOX_HEIGHT)


def _left_out(page: _Page, slot: int) -> list[Item]:
    """Say how many rows are not drawn."""
    y, gap = page.strip_y(slot), page.gaps[slot]
    return [
        Label(f"left_out[row,{slot + 1}]", page.left, y + 4, _gap_text(gap, "row"), 12, "muted", "start"),
        Label(f"left_out[step,{slot + 1}]", _box(page, slot).centre[0], y + 4, _gap_text(gap, "step"), 12, "muted"),
    ]


def _gap_text(gap: int, noun: str) -> str:
    return f"… {wording.counted(gap, f'more {noun}')} …"


def _start(page: _Page) -> list[Item]:
    """Draw the state before the first step."""
    box = _box(page, 0)
    x = box.centre[0]
    return [
        arrow("arrow[h,t=0]", (x, box.y - 26), (x, box.y - CLEAR)),
        Label("name[h,t=0]", x + 10, box.y - 11, f"{subscript('h', 0)} = 0", 13, anchor="start"),
    ]


def _state(page: _Page, slot: int, row: int | None) -> list[Item]:
    """Draw the state that goes down to the next step, or out below the last."""
    box = _box(page, slot)
    x, bottom = box.centre[0], box.bottom - (8 if row is None else 0)
    last = slot + 1 == len(page.shown)
    step = row if row is not None else (page.shown[slot + 1] or 1) - 1
    over = 8 if not last and page.shown[slot + 1] is None else 0
    end = bottom + 30 if last else _box(page, slot + 1).y + over - CLEAR
    note = ": all rows have been read" if last else ""
    return [
        arrow(f"arrow[h,t={step}]", (x, bottom + CLEAR), (x, end)),
        Label(f"name[h,t={step}]", x + 10, (bottom + end) / 2 + 5, subscript("h", step) + note, 13, anchor="start"),
    ]


def _sentences(page: _Page, title: str, label: str | None) -> list[str]:
    """Say in words what the picture shows."""
    caption = "" if label is None else f", {printable(label)}"
    sentences = [
        f"{title}{caption}: row t goes into step t, an array of shape {page.image.shape}.",
        "The state h goes from step to step, from zero before the first row.",
    ]
    for slot, row in enumerate(page.shown):
        if row is None:
            sentences.append(f"… {wording.counted(page.gaps[slot], 'more row')} …")
        else:
            sentences.append(f"Row {row} is x_{row} = {wording.vector(page.image[row - 1], whole=page.whole)}.")
    if page.side > 1:
        sentences.append(f"In the picture a square stands for {page.side} × {page.side} pixels, their mean.")
    return sentences
