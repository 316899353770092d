"""Draw a scene as a matplotlib Figure, for print and for PNG and PDF files.

Everything of one kind goes into one collection: a figure with an artist for every
cell takes a hundred times as long.
"""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, MONO
from course_utils.diagrams.paint import BIN_COLOURS, BIN_INKS, UNKNOWN, Theme, value_bins
from course_utils.diagrams.scene import Box, Cells, Frame, Label, Line, Scene
from course_utils.diagrams.svg import GHOST_OPACITY, SMALLEST_PARTED, arrow_head

PX_PER_INCH = 96
POINTS = 72 / PX_PER_INCH
PNG_DPI = 144
PNG_COLOURS = 255


def render_figure(scene: Scene, theme: Theme) -> Figure:
    """Return the scene as a Figure of its own size, not registered with pyplot."""
    figure = Figure(
        figsize=(scene.width / PX_PER_INCH, scene.height / PX_PER_INCH), dpi=PX_PER_INCH, facecolor=theme.paper
    )
    draw_on(figure.add_axes((0, 0, 1, 1)), scene, theme)
    return figure


def small_png(figure: Figure) -> bytes:
    """Return a figure as PNG bytes with a palette: a third of the size, and the same bytes each time.

    The commonest colours are kept as they are, so that the colour scale stays exact; the
    many shades at the edges of letters go to the nearest of them.
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=PNG_DPI)
    pixels = np.asarray(Image.open(stream).convert("RGB"))
    colours, places, counts = np.unique(pixels @ [65536, 256, 1], return_inverse=True, return_counts=True)
    parts = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1)
    common = np.lexsort((colours, -counts))[:PNG_COLOURS]
    nearest = ((parts[:, None] - parts[common]) ** 2).sum(axis=-1).argmin(axis=1)
    image = Image.fromarray(nearest[places].reshape(pixels.shape[:2]).astype(np.uint8), mode="P")
    image.putpalette(parts[common].astype(np.uint8).tobytes())
    stream = io.BytesIO()
    image.save(stream, format="png", optimize=True)
    return stream.getvalue()


def draw_on(axes: Axes, scene: Scene, theme: Theme) -> None:
    """Draw the scene on matplotlib axes; they take over its coordinates and its shape."""
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0), aspect="equal")
    axes.set_axis_off()
    room = axes.get_window_extent()
    scale = min(room.width / scene.width, room.height / scene.height) / axes.figure.dpi * PX_PER_INCH
    _boxes(axes, scene.of(Box), theme, scale)
    _cells(axes, scene, theme, scale)
    _lines(axes, scene.of(Line), theme, scale)
    _frames(axes, scene.of(Frame), scale)
    _labels(axes, scene.of(Label), theme, scale)


def _boxes(axes: Axes, boxes: list[Box], theme: Theme, scale: float) -> None:
    look = {"cell": (theme.box, theme.edge), "tag": (theme.paper, theme.muted), "sign": (theme.paper, theme.line)}
    patches = [
        FancyBboxPatch(
            (box.place.x, box.place.y),
            box.place.width,
            box.place.height,
            boxstyle=f"round,pad=0,rounding_size={box.radius}",
        )
        for box in boxes
    ]
    fills, edges = [look[box.role][0] for box in boxes], [look[box.role][1] for box in boxes]
    axes.add_collection(
        PatchCollection(patches, facecolors=fills, edgecolors=edges, linewidths=1.6 * POINTS * scale, zorder=2)
    )


def _cells(axes: Axes, scene: Scene, theme: Theme, scale: float) -> None:
    corners, colours, widths, borders = [], [], [], []
    for cells in scene.of(Cells):
        bins = np.full(cells.shape, UNKNOWN) if cells.values is None else value_bins(cells.values, scene.limit)
        opacity = GHOST_OPACITY if cells.ghost else 1.0
        for row, column in np.ndindex(*cells.shape):
            place = cells.cell_place(row, column)
            corners.append(
                [(place.x, place.y), (place.right, place.y), (place.right, place.bottom), (place.x, place.bottom)]
            )
            colours.append((BIN_COLOURS[bins[row, column]], opacity))
            widths.append(1.2 if min(cells.cell_size) >= SMALLEST_PARTED else 0)
        place = cells.place
        borders.append(
            Rectangle((place.x, place.y), place.width, place.height, linestyle=(0, (3, 3)) if cells.ghost else "-")
        )
        _numbers(axes, cells, bins, scale)
    edge, widths = BIN_COLOURS[UNKNOWN], [width * POINTS * scale for width in widths]
    axes.add_collection(PolyCollection(corners, facecolors=colours, edgecolors=edge, linewidths=widths, zorder=3))
    styles = [patch.get_linestyle() for patch in borders]
    axes.add_collection(
        PatchCollection(
            borders,
            facecolors="none",
            edgecolors=theme.ghost,
            linewidths=1.2 * POINTS * scale,
            linestyles=styles,
            zorder=4,
        )
    )


def _numbers(axes: Axes, cells: Cells, bins: np.ndarray, scale: float) -> None:
    if not cells.numbers or cells.values is None:
        return
    for (row, column), value in np.ndenumerate(cells.values):
        x, y = cells.cell_place(row, column).centre
        ink = BIN_INKS[bins[row, column]]
        axes.text(
            x,
            y + 4,
            wording.number(value),
            fontsize=11.5 * POINTS * scale,
            color=ink,
            ha="center",
            zorder=5,
            family="DejaVu Sans",
        )


def _lines(axes: Axes, lines: list[Line], theme: Theme, scale: float) -> None:
    colours = {"flow": theme.line, "ghost": theme.ghost, "rule": theme.muted}
    paths, heads, head_colours = [], [], []
    for line in lines:
        points = list(line.points)
        if line.head:
            tip, corners, points[-1] = arrow_head(line)
            heads.append([tip, *corners])
            head_colours.append(colours[line.role])
        paths.append(points)
    used = [colours[line.role] for line in lines]
    styles = [(0, (3, 3)) if line.role == "ghost" else "-" for line in lines]
    axes.add_collection(
        LineCollection(paths, colors=used, linewidths=1.8 * POINTS * scale, linestyles=styles, zorder=3)
    )
    axes.add_collection(PolyCollection(heads, facecolors=head_colours, edgecolors="none", zorder=3))


def _frames(axes: Axes, frames: list[Frame], scale: float) -> None:
    patches = [Rectangle((f.place.x, f.place.y), f.place.width, f.place.height) for f in frames]
    for colour, width in (("#FFFFFF", 5), ("#000000", 2.4)):
        axes.add_collection(
            PatchCollection(patches, facecolors="none", edgecolors=colour, linewidths=width * POINTS * scale, zorder=6)
        )


def _labels(axes: Axes, labels: list[Label], theme: Theme, scale: float) -> None:
    colours = {"ink": theme.ink, "muted": theme.muted}
    sides = {"start": "left", "middle": "center", "end": "right"}
    for label in labels:
        axes.text(
            label.x,
            label.y,
            label.text,
            fontsize=label.size * POINTS * scale,
            color=colours[label.role],
            ha=sides[label.anchor],
            family="DejaVu Sans Mono" if label.face == MONO else "DejaVu Sans",
            weight="bold" if label.face == BOLD else "normal",
            parse_math=False,
            zorder=5,
        )
