"""Draw a scene as an SVG string.

Cells have no element of their own: one path holds all cells of a colour, so that a
large picture stays a small document and a browser paints it at once.
"""

from collections import defaultdict
from html import escape

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, MONO, SANS
from course_utils.diagrams.paint import BIN_COLOURS, BIN_INKS, UNKNOWN, Theme, value_bins
from course_utils.diagrams.scene import Box, Cells, Frame, Item, Label, Line, Rectangle, Scene

FONTS = {
    SANS: 'font-family="DejaVu Sans,Verdana,Segoe UI,Helvetica,Arial,sans-serif"',
    BOLD: 'font-family="DejaVu Sans,Verdana,Segoe UI,Helvetica,Arial,sans-serif" font-weight="700"',
    MONO: 'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace"',
}
HEAD = 9  # px: the length of an arrow head
GHOST_OPACITY = 0.35
FADED = f' opacity="{GHOST_OPACITY}"'
SMALLEST_PARTED = 8  # px: smaller cells have no gap between them


def render_svg(scene: Scene, theme: Theme) -> str:
    """Return the scene as an SVG document; the same scene gives the same bytes.

    The document names itself to a screen reader by the scene's description. It
    uses no ids, so that several pictures can stand on one page.
    """
    size = f'viewBox="0 0 {scene.width:g} {scene.height:g}" width="{scene.width:g}" height="{scene.height:g}"'
    title, words = escape(scene.title), escape(scene.description)
    body = _colours(scene) + "".join(_draw(item, scene.limit, theme) for item in scene.items)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}. {words}" '
        'style="max-width:100%;height:auto">'
        f"<title>{title}</title>"
        f'<rect width="100%" height="100%" rx="6" style="fill:{theme.paper}"/>{body}</svg>'
    )


def _draw(item: Item, limit: float, theme: Theme) -> str:
    match item:
        case Box():
            return _box(item, theme)
        case Cells():
            return _cells(item, limit, theme)
        case Line():
            return _line(item, theme)
        case Frame():
            return _frame(item)
        case Label():
            return _label(item, theme)


def _px(value: float) -> str:
    """Write a length: two decimals at most, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rectangle(place: Rectangle, extra: str) -> str:
    x, y, width, height = map(_px, (place.x, place.y, place.width, place.height))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {extra}/>'


def _box(box: Box, theme: Theme) -> str:
    fill, stroke, width = {
        "cell": (theme.box, theme.edge, 1.6),
        "tag": (theme.paper, theme.muted, 1.4),
        "sign": (theme.paper, theme.line, 1.4),
    }[box.role]
    style = f'rx="{_px(box.radius)}" stroke-width="{width}" style="fill:{fill};stroke:{stroke}"'
    return _rectangle(box.place, f'data-id="{box.id}" {style}')


def _bins(cells: Cells, limit: float) -> np.ndarray:
    return np.full(cells.shape, UNKNOWN) if cells.values is None else value_bins(cells.values, limit)


def _colours(scene: Scene) -> str:
    """Draw the grounds of all cells of the picture, one path for each colour."""
    grouped: dict[tuple[bool, bool, int], list[str]] = defaultdict(list)
    for cells in scene.of(Cells):
        width, height = map(_px, cells.cell_size)
        parted = min(cells.cell_size) >= SMALLEST_PARTED
        for (row, column), number in np.ndenumerate(_bins(cells, scene.limit)):
            place = cells.cell_place(row, column)
            grouped[cells.ghost, parted, int(number)].append(
                f"M{_px(place.x)} {_px(place.y)}h{width}v{height}h-{width}z"
            )
    gap = f' stroke="{BIN_COLOURS[UNKNOWN]}" stroke-width="1.2"'
    return "".join(
        f'<path d="{"".join(squares)}" fill="{BIN_COLOURS[number]}"{gap * parted}{FADED * ghost}/>'
        for (ghost, parted, number), squares in sorted(grouped.items())
    )


def _cells(cells: Cells, limit: float, theme: Theme) -> str:
    """Draw the border of a block and the numbers in it."""
    dashes = ' stroke-dasharray="3 3"' if cells.ghost else ""
    style = f'rx="2" stroke-width="1.2"{dashes} style="fill:none;stroke:{theme.ghost}"'
    return _rectangle(cells.place, f'data-id="{cells.id}" {style}') + _numbers(cells, _bins(cells, limit))


def _numbers(cells: Cells, bins: np.ndarray) -> str:
    if not cells.numbers or cells.values is None:
        return ""
    texts = []
    for (row, column), value in np.ndenumerate(cells.values):
        x, y = cells.cell_place(row, column).centre
        ink = BIN_INKS[bins[row, column]]
        texts.append(f'<text x="{_px(x)}" y="{_px(y + 4)}" fill="{ink}">{wording.number(value)}</text>')
    return f'<g font-size="11.5" text-anchor="middle" {FONTS[SANS]}>{"".join(texts)}</g>'


def _line(line: Line, theme: Theme) -> str:
    colour = {"flow": theme.line, "ghost": theme.ghost, "rule": theme.muted}[line.role]
    dashes = ' stroke-dasharray="4 4"' if line.role == "ghost" else ""
    points = list(line.points)
    head = ""
    if line.head:
        tip, corners, end = arrow_head(line)
        points[-1] = end
        head = f'<path d="M{"L".join(f"{_px(x)} {_px(y)}" for x, y in (tip, *corners))}z" style="fill:{colour}"/>'
    path = "L".join(f"{_px(x)} {_px(y)}" for x, y in points)
    return (
        f'<g data-id="{line.id}"><path d="M{path}" fill="none" stroke-width="1.8"{dashes} style="stroke:{colour}"/>'
        f"{head}</g>"
    )


def arrow_head(line: Line) -> tuple[tuple[float, float], list[tuple[float, float]], tuple[float, float]]:
    """Return the tip of an arrow, the two corners behind it, and where its line ends."""
    start, tip = np.array(line.points[-2]), np.array(line.points[-1])
    along = (tip - start) / np.hypot(*(tip - start))
    across = np.array([-along[1], along[0]])
    foot = tip - HEAD * along
    return tuple(tip), [tuple(foot + HEAD / 2 * across), tuple(foot - HEAD / 2 * across)], tuple(foot)


def _frame(frame: Frame) -> str:
    """Draw black on a white halo: it shows on every colour that a cell can have, in every theme."""
    halo, ink = (f'rx="2" fill="none" stroke="{c}" stroke-width="{w}"' for c, w in (("#FFFFFF", 5), ("#000000", 2.4)))
    return f'<g data-id="{frame.id}">{_rectangle(frame.place, halo)}{_rectangle(frame.place, ink)}</g>'


def _label(label: Label, theme: Theme) -> str:
    colour = {"ink": theme.ink, "muted": theme.muted}[label.role]
    return (
        f'<text data-id="{label.id}" x="{_px(label.x)}" y="{_px(label.y)}" font-size="{label.size:g}" '
        f'text-anchor="{label.anchor}" {FONTS[label.face]} style="fill:{colour}">{escape(label.text)}</text>'
    )
