"""How weights, gates and candidate of a recurrent layer are lettered, called and drawn small."""

from collections.abc import Sequence

from course_utils.drawing.layout import badge
from course_utils.drawing.scene import Item, Rectangle
from course_utils.drawing.text import BOLD, text_width
from course_utils.recurrence.graphs import LayerSpec
from course_utils.recurrence.kinds import KINDS
from course_utils.recurrence.specs import RecurrentSpec

HEADER = 26  # px: the height of a header
CHIP, CHIP_GAP, TAG_GAP = 24, 4, 12  # px: the side of a small box with a letter, and the gaps between two


def gate_letters(spec: LayerSpec) -> tuple[str, ...]:
    """Return the blocks of an LSTM or GRU in Keras's order; none for what has no gates."""
    return spec.blocks if isinstance(spec, RecurrentSpec) and spec.cell.gates else ()


def weight_letters(spec: LayerSpec) -> str:
    """Return the letters of a layer's weights; none for a cell of the user's own."""
    if not isinstance(spec, RecurrentSpec):
        return ""
    return "".join(spec.letter_of(weight) for weight in spec.weights)


def chips(kind: str, letters: Sequence[str], centre: float, top: float, of: str, key: str = "") -> list[Item]:
    """Draw the letters of gates and candidate side by side, each on its hue.

    of: what the ids say they belong to, such as ``t=1``; key: what the ids begin with
    """
    left = centre - (len(letters) * (CHIP + CHIP_GAP) - CHIP_GAP) / 2
    items: list[Item] = []
    for place, letter in enumerate(letters):
        box = Rectangle(left + place * (CHIP + CHIP_GAP), top, CHIP, CHIP)
        ids = f"{key}gate[{of},{letter}]", f"{key}gate_letter[{of},{letter}]"
        items += badge(ids, box, KINDS[kind].letter(letter), letter)
    return items


def tags(letters: str, centre: float, top: float, of: str, key: str = "") -> list[Item]:
    """Draw the letters of the weights side by side: the same ones on every copy. of, key: as for ``chips``."""
    left = centre - (len(letters) * (CHIP + TAG_GAP) - TAG_GAP) / 2
    items: list[Item] = []
    for place, letter in enumerate(letters):
        box = Rectangle(left + place * (CHIP + TAG_GAP), top, CHIP, CHIP)
        items += badge((f"{key}tag[{of},{letter}]", f"{key}tag_letter[{of},{letter}]"), box, letter)
    return items


def block_header(id: str, kind: str, block: str, place: Rectangle) -> list[Item]:
    """Draw the name of a block on its hue: letter and word, or the letter alone where the place is narrow.

    That of a kind without gates has no hue: it is neither a gate nor a candidate.
    """
    cell = KINDS[kind]
    letter, word = cell.letter(block), cell.blocks[block]
    text = f"{letter} {word}"
    fits = text_width(text, 13, BOLD) + 12 <= place.width
    ids = f"header[{id}]", f"header_text[{id}]"
    return badge(ids, place, text if fits else letter, block if cell.gates else "", radius=5)
