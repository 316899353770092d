"""Draw a scene as an SVG string.

Cells have no element of their own: one path holds all cells of a colour, so that a
large picture stays a small document and a browser paints it at once.
"""

from functools import lru_cache
from html import escape
from itertools import pairwise

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.refs import as_json
from course_utils.drawing.scene import Box, Cells, Frame, Item, Label, Line, Mark, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, SANS, printable
from course_utils.drawing.theme import (
    BIN_COLOURS,
    BIN_INKS,
    BOX_STROKES,
    DASHES,
    GHOST_OPACITY,
    LINE_STROKES,
    MEMORY_GAP,
    NUMBER_SIZE,
    SMALLEST_PARTED,
    UNKNOWN,
    Theme,
    arrow_head,
    bins_of,
)

FONTS = {
    SANS: 'font-family="DejaVu Sans,Verdana,Segoe UI,Helvetica,Arial,sans-serif"',
    BOLD: 'font-family="DejaVu Sans,Verdana,Segoe UI,Helvetica,Arial,sans-serif" font-weight="700"',
    MONO: 'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace"',
}


def render_svg(scene: Scene, theme: Theme) -> str:
    """Return the scene as an SVG document; the same scene gives the same bytes.

    The document names itself to a screen reader by the scene's description. It
    uses no ids, so that several pictures can stand on one page.
    """
    width, height = scene.width * theme.zoom, scene.height * theme.zoom
    size = f'viewBox="0 0 {scene.width:g} {scene.height:g}" width="{width:g}" height="{height:g}"'
    narrowest = f"min-width:{theme.smallest * width:g}px;" if theme.smallest else ""
    title, words = escape(printable(scene.title)), escape(printable(scene.description))
    grounds = [item for item in scene.items if is_ground(item)]  # they lie below the colours of the cells
    others = [item for item in scene.items if not is_ground(item)]
    low, high = ("".join(_draw(item, scene.limit, theme) for item in items) for items in (grounds, others))
    body = low + _colours(scene, theme) + high
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}. {words}" '
        f'style="max-width:100%;{narrowest}height:auto">'
        f"<title>{title}</title>"
        f'<rect width="100%" height="100%" rx="6" style="fill:{theme.paper}"/>{body}</svg>'
    )


def is_ground(item: Item) -> bool:
    """Whether it is a soft ground, on which cells may lie."""
    return isinstance(item, Box) and item.role == "zone"


def _id(item: Item) -> str:
    return f'data-id="{escape(item.id)}"'


def _draw(item: Item, limit: float, theme: Theme) -> str:
    match item:
        case Box():
            return _box(item, theme)
        case Cells():
            return _cells(item, limit, theme)
        case Line():
            return _line(item, theme)
        case Mark():
            return _mark(item, theme)
        case Frame():
            return _frame(item)
        case Label():
            return _label(item, theme)


@lru_cache(maxsize=65536)  # the same heights come again at every step
def _px(value: float) -> str:
    """Write a length: two decimals at most, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rectangle(place: Rectangle, extra: str) -> str:
    x, y, width, height = map(_px, (place.x, place.y, place.width, place.height))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {extra}/>'


def _box(box: Box, theme: Theme) -> str:
    stroke = _px(BOX_STROKES.get(box.role, 1.4) * theme.stroke)
    colours = f"fill:{theme.fill(box.role, box.hue)};stroke:{theme.edge_of(box.role, box.hue)}"
    return _rectangle(box.place, f'{_id(box)} rx="{_px(box.radius)}" stroke-width="{stroke}" style="{colours}"')


@lru_cache(maxsize=4096)
def _squares(place: Rectangle, shape: tuple[int, int]) -> list[str]:
    """Return the outline of every cell of a block, row by row. Kept, since a slider mostly changes values alone."""
    rows, columns = shape
    width, height = place.width / columns, place.height / rows
    end = f"h{_px(width)}v{_px(height)}h-{_px(width)}z"
    lefts = [f"M{_px(place.x + column * width)} " for column in range(columns)]
    tops = [_px(place.y + row * height) + end for row in range(rows)]
    return [left + top for top in tops for left in lefts]


def _colours(scene: Scene, theme: Theme) -> str:
    """Draw the grounds of all cells of the picture, one path for each colour."""
    squares, keys = [], []
    for cells in scene.of(Cells):
        squares += _squares(cells.place, cells.shape)
        parted = min(cells.cell_size) >= SMALLEST_PARTED
        keys.append(bins_of(cells, scene.limit).ravel() + 256 * parted + 512 * cells.ghost)
    if not squares:
        return ""
    key = np.concatenate(keys)
    order = np.argsort(key, kind="stable")
    ordered, key = [squares[place] for place in order.tolist()], key[order]
    cuts = [0, *(np.flatnonzero(np.diff(key)) + 1).tolist(), len(ordered)]
    return "".join(
        f'<path d="{"".join(ordered[start:stop])}"{_ground(int(key[start]), theme)}/>' for start, stop in pairwise(cuts)
    )


def _ground(key: int, theme: Theme) -> str:
    """Return the look of all cells of one colour: whether they are pale, whether there is a gap between them."""
    ghost, parted, number = key >= 512, key % 512 >= 256, key % 256
    faded = f' opacity="{GHOST_OPACITY}"' if ghost else ""
    if number == UNKNOWN:
        gap = f";stroke:{theme.ghost}" if parted and not ghost else ""
        return f' stroke-width="0.8" style="fill:{theme.paper}{gap}"{faded}'
    between = ' stroke="#FFFFFF" stroke-width="1.2"' if parted else ""
    return f' fill="{BIN_COLOURS[number]}"{between}{faded}'


def _cells(cells: Cells, limit: float, theme: Theme) -> str:
    """Draw the border of a block and the numbers in it."""
    dashes = ' stroke-dasharray="3 3"' if cells.ghost else ""
    style = f'rx="2" stroke-width="{_px(1.2 * theme.stroke)}"{dashes} style="fill:none;stroke:{theme.ghost}"'
    shape = f'data-shape="{cells.shape[0]} {cells.shape[1]}"'  # the page helper finds the cell under the pointer by it
    made = ""
    if cells.made_of:  # JSON holds many ": between ' they stand as they are
        made = f" data-made-of='{escape(as_json(cells.made_of), quote=False).replace(chr(39), '&#x27;')}'"
    return _rectangle(cells.place, f"{_id(cells)} {shape}{made} {style}") + _numbers(cells, limit, theme)


def _numbers(cells: Cells, limit: float, theme: Theme) -> str:
    if not cells.numbers or cells.values is None:
        return ""
    bins, texts, size = bins_of(cells, limit), [], NUMBER_SIZE * theme.type
    for (row, column), value in np.ndenumerate(cells.values):
        x, y = cells.cell_place(row, column).centre
        ink = BIN_INKS[bins[row, column]]
        text = wording.number(value, whole=cells.whole)
        texts.append(f'<text x="{_px(x)}" y="{_px(y + 4)}" fill="{ink}">{text}</text>')
    return f'<g font-size="{_px(size)}" text-anchor="middle" {FONTS[SANS]}>{"".join(texts)}</g>'


def _line(line: Line, theme: Theme) -> str:
    colour = theme.line_of(line.role, line.hue)
    dashes = f' stroke-dasharray="{DASHES[line.role][0]} {DASHES[line.role][1]}"' if line.role in DASHES else ""
    points = list(line.points)
    if line.head:
        tip, corners, points[-1] = arrow_head(line)
    stroke = LINE_STROKES.get(line.role, 1.8) * theme.stroke
    if line.head and len(points) == 2 and not dashes:
        return _straight_arrow(line, points, colour, stroke)
    path = "M" + "L".join(f"{_px(x)} {_px(y)}" for x, y in points)
    head = _polygon((tip, *corners), colour) if line.head else ""
    inside = _stroke(path, theme.paper, MEMORY_GAP * theme.stroke) if line.role == "memory" else ""
    return f"<g {_id(line)}>{_stroke(path, colour, stroke, dashes)}{inside}{head}</g>"


def _straight_arrow(line: Line, points: list, colour: str, stroke: float) -> str:
    """Draw a line and its head as one element, for there are many: a straight line has nothing to fill."""
    tip, corners, _foot = arrow_head(line)
    path = "L".join(f"{_px(x)} {_px(y)}" for x, y in (tip, *corners))
    lines, width = [points], stroke
    if line.role == "memory":  # two thin lines, as wide together as one double line
        share = MEMORY_GAP / LINE_STROKES["memory"]
        width = stroke * (1 - share) / 2
        (x0, y0), (x1, y1) = line.points
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        aside = (stroke + stroke * share) / 4 / length
        shifts = [(side * aside * (y0 - y1), side * aside * (x1 - x0)) for side in (-1, 1)]
        lines = [[(x + dx, y + dy) for x, y in points] for dx, dy in shifts]
    body = "".join("M" + "L".join(f"{_px(x)} {_px(y)}" for x, y in one) for one in lines)
    look = f'stroke-width="{_px(width)}" style="fill:{colour};stroke:{colour}"'
    return f'<path {_id(line)} d="{body}M{path}z" {look}/>'


def _stroke(path: str, colour: str, width: float, dashes: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke-width="{_px(width)}"{dashes} style="stroke:{colour}"/>'


def _polygon(points: tuple[tuple[float, float], ...], colour: str, extra: str = "") -> str:
    return f'<path d="M{"L".join(f"{_px(x)} {_px(y)}" for x, y in points)}z"{extra} style="fill:{colour}"/>'


def _mark(mark: Mark, theme: Theme) -> str:
    return _polygon(mark.corners, theme.line_of("curve", mark.hue), f" {_id(mark)}")


def _frame(frame: Frame) -> str:
    """Draw black on a white halo: it shows on every colour that a cell can have, in every theme."""
    halo, ink = (f'rx="2" fill="none" stroke="{c}" stroke-width="{w}"' for c, w in (("#FFFFFF", 5), ("#000000", 2.4)))
    return f"<g {_id(frame)}>{_rectangle(frame.place, halo)}{_rectangle(frame.place, ink)}</g>"


def _label(label: Label, theme: Theme) -> str:
    return (
        f'<text {_id(label)} x="{_px(label.x)}" y="{_px(label.y)}" font-size="{label.size * theme.type:g}" '
        f'text-anchor="{label.anchor}" {FONTS[label.face]} style="fill:{theme.text(label.role)}">'
        f"{escape(label.text)}</text>"
    )
