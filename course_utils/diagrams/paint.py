"""Values become colours, roles become ink: the palette and its themes."""

from dataclasses import dataclass

import numpy as np

NEGATIVE, ZERO, POSITIVE = "#D55E00", "#F7F7F7", "#0072B2"
BINS = 33
UNKNOWN = BINS  # a value that is not there yet
NOT_A_NUMBER = BINS + 1
DARK_INK, LIGHT_INK = "#000000", "#FFFFFF"


@dataclass(frozen=True)
class Theme:
    """One colour a role. Every text reaches 4.5:1 on its ground, every line 3:1."""

    name: str
    paper: str
    ink: str
    muted: str
    box: str
    edge: str
    line: str
    ghost: str


LIGHT = Theme("light", "#FFFFFF", "#1F2933", "#52606D", "#EEF4FA", "#0072B2", "#1F2933", "#7B8794")
DARK = Theme("dark", "#12171D", "#E6EBF0", "#A9B4C0", "#1C2836", "#56B4E9", "#E6EBF0", "#7F8B97")
JUPYTER = Theme(
    "jupyter",
    paper="var(--jp-layout-color1, #FFFFFF)",
    ink="var(--jp-content-font-color0, #1F2933)",
    muted="var(--jp-content-font-color1, #52606D)",
    box="var(--jp-layout-color2, #EEF4FA)",
    edge="var(--jp-brand-color1, #0072B2)",
    line="var(--jp-content-font-color1, #1F2933)",
    ghost="var(--jp-content-font-color2, #7B8794)",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def theme_named(name: str | None) -> Theme:
    """Return a theme by name; None means light."""
    if name is None:
        return LIGHT
    if name not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, but it is {name!r}.")
    return THEMES[name]


def value_bins(values: np.ndarray, limit: float) -> np.ndarray:
    """Return for each value the number of its colour, 0 (-limit) … 32 (+limit), 16 at zero.

    Values beyond the limit, infinities too, get the strongest colour of their sign.

    >>> value_bins(np.array([-1.0, 0.0, 0.5, np.inf, np.nan]), 1.0)
    array([ 0, 16, 24, 32, 34])
    """
    half = BINS // 2
    missing = np.isnan(values)
    share = np.clip(np.where(missing, 0, values) / limit, -1, 1)
    return np.where(missing, NOT_A_NUMBER, np.rint(half + half * share).astype(int))


def _mix(start: str, end: str, share: float) -> str:
    first, last = (np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) for code in (start, end))
    return "#" + "".join(f"{round(part):02X}" for part in first + (last - first) * share)


def _bin_colour(number: int) -> str:
    half = BINS // 2
    return _mix(ZERO, POSITIVE if number > half else NEGATIVE, abs(number - half) / half)


BIN_COLOURS = (*(_bin_colour(number) for number in range(BINS)), "#FFFFFF", "#C9C9C9")
"""The colour of each bin; the last two are for unknown and for not a number."""


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


def _ink_on(ground: str) -> str:
    return max((DARK_INK, LIGHT_INK), key=lambda ink: contrast(ink, ground))


BIN_INKS = tuple(_ink_on(colour) for colour in BIN_COLOURS)
"""Black or white for the number in a cell, whichever is easier to read."""
