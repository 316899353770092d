"""Values become colours, roles become ink: the palette, its themes, and what both renderers draw alike."""

from dataclasses import dataclass

import numpy as np

from course_utils.drawing.scene import Cells, Line
from course_utils.drawing.text import LARGEST_TYPE

NEGATIVE, ZERO, POSITIVE = "#D55E00", "#F7F7F7", "#0072B2"
BINS = 33
NOT_A_NUMBER, MINUS_INFINITY, PLUS_INFINITY = BINS, BINS + 1, BINS + 2
UNKNOWN = BINS + 3  # a value that is not there yet: the paper, with lines between the cells
DARK_INK, LIGHT_INK = "#000000", "#FFFFFF"

HUES = {
    **{"i": "#0F8268", "f": "#0A78B5", "c": "#AE5094", "o": "#956C0D", "z": "#7766C0", "r": "#B6582C", "h": "#AE5094"},
    **{"1": "#0A78B5", "2": "#B6582C", "3": "#0F8268", "4": "#AE5094", "5": "#956C0D", "6": "#7766C0"},
}
"""The colour of each gate and candidate by its letter, and of each curve by its number.

One shade serves every theme: white letters on it reach 4.5:1, and it reaches 3:1 on light and on dark paper.
For colour-blind eyes some fall together, so a letter or a name always stands beside them.
"""

NUMBER_SIZE = 11.5
HEAD = 9  # px: the length of an arrow head
GHOST_OPACITY = 0.35
SMALLEST_PARTED = 8  # px: smaller cells have no gap between them
BOX_STROKES = {"cell": 1.6}  # px; 1.4 for the others
LINE_STROKES = {"memory": 5.4, "axis": 1.2, "grid": 0.6, "curve": 2.4, "slope": 1.8}  # px; 1.8 for the others
MEMORY_GAP = 2.2  # px: between the two strokes of a double line
DASHES = {"ghost": (4, 4), "slope": (6, 4)}


@dataclass(frozen=True)
class Theme:
    """One colour a role. Every text reaches 4.5:1 on its ground, every line 3:1.

    zoom, type, stroke: how much larger the whole picture, its type beside that, and its lines are drawn
    smallest: the share of its size below which a picture in a narrow place does not shrink, but scrolls; 0: any
    """

    name: str
    paper: str
    ink: str
    muted: str
    box: str
    edge: str
    line: str
    ghost: str
    zoom: float = 1.0
    type: float = 1.0
    stroke: float = 1.0
    smallest: float = 0.0

    def fill(self, role: str, hue: str = "") -> str:
        """Return the ground of a box."""
        return {"cell": self.box, "zone": self.box, "gate": HUES.get(hue, self.box)}.get(role, self.paper)

    def edge_of(self, role: str, hue: str = "") -> str:
        """Return the border of a box."""
        known = {
            "cell": self.edge,
            "zone": self.box,
            "tag": self.muted,
            "closed": self.muted,
            "gate": HUES.get(hue, self.edge),
        }
        return known.get(role, self.line)

    def line_of(self, role: str, hue: str = "") -> str:
        """Return the colour of a line."""
        known = {"ghost": self.ghost, "rule": self.muted, "axis": self.muted, "grid": self.ghost}
        return HUES[hue] if hue else known.get(role, self.line)

    def text(self, role: str) -> str:
        """Return the colour of a text."""
        return {"ink": self.ink, "muted": self.muted, "on_hue": LIGHT_INK}[role]


LIGHT = Theme("light", "#FFFFFF", "#1F2933", "#52606D", "#EEF4FA", "#0072B2", "#1F2933", "#7B8794")
DARK = Theme("dark", "#12171D", "#E6EBF0", "#A9B4C0", "#1C2836", "#56B4E9", "#E6EBF0", "#7F8B97")
PROJECTOR = Theme(
    "projector", "#FFFFFF", "#000000", "#333D47", "#EEF4FA", "#005A8C", "#000000", "#66717D", 1.5, LARGEST_TYPE, 1.5
)
JUPYTER = Theme(
    "jupyter",
    paper="var(--jp-layout-color1, #FFFFFF)",
    ink="var(--jp-content-font-color0, #1F2933)",
    muted="var(--jp-content-font-color1, #52606D)",
    box="var(--jp-layout-color2, #EEF4FA)",
    edge="var(--jp-brand-color1, #0072B2)",
    line="var(--jp-content-font-color1, #1F2933)",
    ghost="var(--jp-content-font-color2, #7B8794)",
    smallest=0.75,  # letters of 12 px stay larger than 9
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK, PROJECTOR)}


def theme_named(name: str | None) -> Theme:
    """Return a theme by name; None means light."""
    if name is None:
        return LIGHT
    if not isinstance(name, str) or name not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, but it is {name!r}.")
    return THEMES[name]


def value_bins(values: np.ndarray, limit: float) -> np.ndarray:
    """Return for each value the number of its colour, 0 (-limit) … 32 (+limit), 16 at zero.

    Values beyond the limit get the strongest colour of their sign; infinities and what is not a number
    have numbers of their own.

    >>> value_bins(np.array([-1.0, 0.0, 0.5, np.inf, np.nan]), 1.0)
    array([ 0, 16, 24, 35, 33])
    """
    half = BINS // 2
    finite = np.isfinite(values)
    if finite.all():
        return np.rint(half + half * np.clip(values / limit, -1, 1)).astype(int)
    bins = np.rint(half + half * np.clip(np.where(finite, values, 0) / limit, -1, 1)).astype(int)
    strange = np.where(values > 0, PLUS_INFINITY, np.where(values < 0, MINUS_INFINITY, NOT_A_NUMBER))
    return np.where(finite, bins, strange)


def _bin_colour(number: int) -> str:
    """Return the colour of a bin: so much of the way from that of zero to that of the end of its sign."""
    half = BINS // 2
    end = POSITIVE if number > half else NEGATIVE
    first, last = (np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) for code in (ZERO, end))
    return "#" + "".join(f"{round(part):02X}" for part in first + (last - first) * abs(number - half) / half)


BIN_COLOURS = (*(_bin_colour(number) for number in range(BINS)), "#B9B2C4", "#4A2100", "#00283F")
"""The colour of each bin; the last three are for not a number, minus infinity and plus infinity."""


def luminance(colour: str) -> float:
    """Return the relative luminance of a #RRGGBB colour (WCAG 2.2)."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Return the contrast of two #RRGGBB colours, 1 … 21 (WCAG 2.2).

    >>> round(contrast("#000000", "#FFFFFF"))
    21
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


BIN_INKS = tuple(max(DARK_INK, LIGHT_INK, key=lambda ink: contrast(ink, colour)) for colour in BIN_COLOURS)
"""Black or white for the number in a cell, whichever is easier to read."""


def bins_of(cells: Cells, limit: float) -> np.ndarray:
    """Return the number of the colour of each cell, (rows, columns); limit is that of the picture."""
    return np.full(cells.shape, UNKNOWN) if cells.values is None else value_bins(cells.values, cells.limit or limit)


def arrow_head(line: Line) -> tuple[tuple[float, float], list[tuple[float, float]], tuple[float, float]]:
    """Return the tip of an arrow, the two corners behind it, and where its line ends."""
    (x0, y0), (x1, y1) = line.points[-2:]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    along = (x1 - x0) / length, (y1 - y0) / length
    head = HEAD * (1.3 if line.role == "memory" else 1)
    foot = x1 - head * along[0], y1 - head * along[1]
    aside = -along[1] * head / 2, along[0] * head / 2
    return (x1, y1), [(foot[0] + aside[0], foot[1] + aside[1]), (foot[0] - aside[0], foot[1] - aside[1])], foot
