"""Draw a scene as a matplotlib Figure, for print and for PNG and PDF files.

Everything of one kind goes into one collection: a figure with an artist for every
cell takes a hundred times as long.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

from course_utils.drawing import wording
from course_utils.drawing.scene import Box, Cells, Frame, Label, Line, Mark, Scene
from course_utils.drawing.text import BOLD, MONO
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

PX_PER_INCH = 96
POINTS = 72 / PX_PER_INCH
PNG_DPI = 144
PNG_COLOURS = 255
PACKED = np.array([65536, 256, 1])  # makes one number of red, green and blue


def render_figure(scene: Scene, theme: Theme) -> Figure:
    """Return the scene as a Figure of its own size, not registered with pyplot."""
    size = (theme.zoom * scene.width / PX_PER_INCH, theme.zoom * scene.height / PX_PER_INCH)
    figure = Figure(figsize=size, dpi=PX_PER_INCH, facecolor=theme.paper)
    draw_on(figure.add_axes((0, 0, 1, 1)), scene, theme)
    return figure


def small_png(figure: Figure) -> bytes:
    """Return a figure as PNG bytes with a palette: a third of the size, and the same bytes each time.

    The commonest colours are kept as they are, so that the colour scale stays exact; the
    many shades at the edges of letters go to the nearest of them.
    """
    pixels = _pixels(figure) @ PACKED
    there, table = np.zeros(1 << 24, bool), np.empty(1 << 24, np.int32)  # a place for every colour there can be
    there[pixels] = True
    packed = np.flatnonzero(there)
    table[packed] = np.arange(len(packed))
    places = table[pixels]
    counts = np.bincount(places.ravel())
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1)
    common = colours[np.lexsort((packed, -counts))[:PNG_COLOURS]]
    nearest = ((colours[:, None] - common) ** 2).sum(axis=-1).argmin(axis=1).astype(np.uint8)
    palette = Image.fromarray(nearest[places], mode="P")
    palette.putpalette(common.astype(np.uint8).tobytes())
    stream = io.BytesIO()
    palette.save(stream, format="png", optimize=True)
    return stream.getvalue()


def _pixels(figure: Figure) -> np.ndarray:
    """Draw a figure at the resolution of PNG files; return (rows, columns, 3)."""
    canvas, usual = FigureCanvasAgg(figure), figure.dpi
    try:
        figure.dpi = PNG_DPI
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
    finally:
        figure.dpi = usual


def draw_on(axes: Axes, scene: Scene, theme: Theme) -> list[str]:
    """Draw the scene on matplotlib axes; they take over its coordinates and its shape. Return the ids drawn."""
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0), aspect="equal")
    axes.set_axis_off()
    room = axes.get_window_extent()
    scale = min(room.width / scene.width, room.height / scene.height) / axes.figure.dpi * PX_PER_INCH
    page = _Page(axes, theme, scale * POINTS)
    return [
        *_boxes(page, scene.of(Box)),
        *_cells(page, scene),
        *_lines(page, scene.of(Line)),
        *_marks(page, scene.of(Mark)),
        *_frames(page, scene.of(Frame)),
        *_labels(page, scene.of(Label)),
    ]


@dataclass(frozen=True, eq=False)
class _Page:
    """Where to draw, in which colours, and how many points one px of the scene is."""

    axes: Axes
    theme: Theme
    points: float

    def stroke(self, px: float) -> float:
        return px * self.points * self.theme.stroke

    def font(self, px: float) -> float:
        return px * self.points * self.theme.type


def _boxes(page: _Page, boxes: list[Box]) -> Iterator[str]:
    patches, fills, edges, widths = [], [], [], []
    for box in boxes:
        place, style = box.place, f"round,pad=0,rounding_size={box.radius}"
        patches.append(FancyBboxPatch((place.x, place.y), place.width, place.height, boxstyle=style))
        fills.append(page.theme.fill(box.role, box.hue))
        edges.append(page.theme.edge_of(box.role, box.hue))
        widths.append(page.stroke(BOX_STROKES.get(box.role, 1.4)))
        yield box.id
    page.axes.add_collection(PatchCollection(patches, facecolors=fills, edgecolors=edges, linewidths=widths, zorder=2))


def _cells(page: _Page, scene: Scene) -> Iterator[str]:
    """Draw the grounds of all cells as one collection, their borders as another, and the numbers."""
    corners, colours, edges, widths, borders = [], [], [], [], []
    for cells in scene.of(Cells):
        bins = bins_of(cells, scene.limit).ravel()
        corners.append(_corners(cells))
        opacity = GHOST_OPACITY if cells.ghost else 1.0
        parted = min(cells.cell_size) >= SMALLEST_PARTED
        colours += [(page.theme.paper if number == UNKNOWN else BIN_COLOURS[number], opacity) for number in bins]
        edges += [(page.theme.ghost if number == UNKNOWN else "#FFFFFF", opacity) for number in bins]
        unknown_inside = cells.values is None and cells.ghost  # nothing to see: only its dashed border
        widths += [1.2 * page.points * (parted and not unknown_inside)] * len(bins)
        place, dashes = cells.place, (0, (3, 3)) if cells.ghost else "-"
        borders.append(Rectangle((place.x, place.y), place.width, place.height, linestyle=dashes))
        _numbers(page, cells, bins.reshape(cells.shape))
        yield cells.id
    if not corners:
        return
    outlines: Any = np.concatenate(corners)  # matplotlib takes an array, and quickly, though its types say a sequence
    grounds = PolyCollection(outlines, facecolors=colours, edgecolors=edges, linewidths=widths, zorder=3)
    styles, ghost, thick = [patch.get_linestyle() for patch in borders], page.theme.ghost, page.stroke(1.2)
    around = PatchCollection(
        borders, facecolors="none", edgecolors=ghost, linewidths=thick, linestyles=styles, zorder=4
    )
    page.axes.add_collection(grounds)
    page.axes.add_collection(around)


def _corners(cells: Cells) -> np.ndarray:
    """Return the four corners of every cell, (cells, 4, 2), row by row."""
    rows, columns = np.indices(cells.shape).reshape(2, -1)
    (width, height), place = cells.cell_size, cells.place
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))  # neighbours must agree to the last bit, or a seam shows between them
    return np.stack(
        [np.stack([place.x + (columns + a) * width, place.y + (rows + b) * height], -1) for a, b in corners], 1
    )


def _numbers(page: _Page, cells: Cells, bins: np.ndarray) -> None:
    if not cells.numbers or cells.values is None:
        return
    size, family = page.font(NUMBER_SIZE), "DejaVu Sans"
    for (row, column), value in np.ndenumerate(cells.values):
        x, y = cells.cell_place(row, column).centre
        text, ink = wording.number(value, whole=cells.whole), BIN_INKS[bins[row, column]]
        page.axes.text(x, y + 4, text, color=ink, fontsize=size, ha="center", family=family, zorder=5)


def _lines(page: _Page, lines: list[Line]) -> Iterator[str]:
    paths, heads, head_colours = [], [], []
    for line in lines:
        points = list(line.points)
        if line.head:
            tip, corners, points[-1] = arrow_head(line)
            heads.append([tip, *corners])
            head_colours.append(page.theme.line_of(line.role, line.hue))
        paths.append(points)
        yield line.id
    colours = [page.theme.line_of(line.role, line.hue) for line in lines]
    widths = [page.stroke(LINE_STROKES.get(line.role, 1.8)) for line in lines]
    # matplotlib counts dashes in line widths, SVG in px
    dashes = [(0, tuple(n / 1.8 for n in DASHES[line.role])) if line.role in DASHES else "-" for line in lines]
    page.axes.add_collection(LineCollection(paths, colors=colours, linewidths=widths, linestyles=dashes, zorder=3))
    inside = [path for path, line in zip(paths, lines, strict=True) if line.role == "memory"]
    if inside:
        gap = page.stroke(MEMORY_GAP)
        page.axes.add_collection(LineCollection(inside, colors=page.theme.paper, linewidths=gap, zorder=3.1))
    page.axes.add_collection(PolyCollection(heads, facecolors=head_colours, edgecolors="none", zorder=3.2))


def _marks(page: _Page, marks: list[Mark]) -> Iterator[str]:
    if not marks:
        return
    colours = [page.theme.line_of("curve", mark.hue) for mark in marks]
    outlines = [mark.corners for mark in marks]
    page.axes.add_collection(PolyCollection(outlines, facecolors=colours, edgecolors="none", zorder=4))
    yield from (mark.id for mark in marks)


def _frames(page: _Page, frames: list[Frame]) -> Iterator[str]:
    patches = [Rectangle((f.place.x, f.place.y), f.place.width, f.place.height) for f in frames]
    for colour, width in (("#FFFFFF", 5), ("#000000", 2.4)):
        thick = width * page.points
        outline = PatchCollection(patches, facecolors="none", edgecolors=colour, linewidths=thick, zorder=6)
        page.axes.add_collection(outline)
    yield from (frame.id for frame in frames)


def _labels(page: _Page, labels: list[Label]) -> Iterator[str]:
    sides = {"start": "left", "middle": "center", "end": "right"}
    for label in labels:
        page.axes.text(
            label.x,
            label.y,
            label.text,
            fontsize=page.font(label.size),
            color=page.theme.text(label.role),
            ha=sides[label.anchor],
            family="DejaVu Sans Mono" if label.face == MONO else "DejaVu Sans",
            weight="bold" if label.face == BOLD else "normal",
            parse_math=False,
            zorder=5,
        )
        yield label.id
