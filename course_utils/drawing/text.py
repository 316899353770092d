"""How wide a text is, measured with the font that the pictures are set in.

DejaVu Sans comes with matplotlib. It is wider than the fonts that a browser puts in
its place, so a text that fits here fits there.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font, LoadFlags

SANS, BOLD, MONO = "sans", "bold", "mono"
LARGEST_TYPE = 1.12  # the projector theme sets type larger by this; every layout leaves room for it
_FILES = {SANS: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf", MONO: "DejaVuSansMono.ttf"}
_SUBSCRIPTS = str.maketrans("0123456789t-", "₀₁₂₃₄₅₆₇₈₉ₜ₋")


@lru_cache
def _font(face: str) -> FT2Font:
    font = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", _FILES[face])))
    font.set_size(100, 72)  # 100 px to the em
    return font


@lru_cache(maxsize=4096)
def _advance(character: str, face: str) -> float:
    """Return how far one character moves the pen, in em; one em where the font does not have it."""
    if not _font(face).get_char_index(ord(character)):
        return 1.0
    glyph = _font(face).load_char(ord(character), flags=LoadFlags.NO_HINTING)
    return glyph.linearHoriAdvance / 65536 / 100


@lru_cache(maxsize=16384)
def text_width(text: str, size: float, face: str = SANS) -> float:
    """Return the width of a text in px, in the largest type that a theme sets it in.

    >>> round(text_width("units", 10), 1)
    27.5
    """
    return LARGEST_TYPE * size * sum(_advance(character, face) for character in text)


def ascent(size: float) -> float:
    """Return how far letters and digits reach above the baseline, in px, in the largest type of any theme."""
    return LARGEST_TYPE * 0.76 * size


@lru_cache(maxsize=4096)
def subscript(letter: str, index: int | str) -> str:
    """Return a letter with its index, as in the formulas.

    >>> subscript("h", 12)
    'h₁₂'
    """
    return letter + str(index).translate(_SUBSCRIPTS)


def printable(text: object) -> str:
    """Return a text on one line, without what cannot be printed."""
    return "".join(character if character.isprintable() else " " for character in str(text))


def shortened(text: str, size: float, width: float, face: str = SANS) -> str:
    """Return the text, cut with an ellipsis where it is wider than width px.

    >>> shortened("a very long word", 12, 60)
    'a very…'
    """
    if text_width(text, size, face) <= width:
        return text
    while text and text_width(text + "…", size, face) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(parts: Iterable[str], size: float, width: float, joint: str = " · ", face: str = SANS) -> list[str]:
    """Return parts joined, on a new line where the next one has no room; a part is never cut.

    >>> wrapped(["a loop", "a line", "a box"], 12, 110)
    ['a loop · a line', 'a box']
    >>> wrapped("one two three".split(), 10, 60, " ")
    ['one two', 'three']
    """
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}{joint}{part}" if lines else part
        if lines and text_width(longer, size, face) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines
