"""How weights, gates and candidate of a recurrent layer are lettered, called and drawn small."""

from collections.abc import Sequence

from course_utils.drawing.scene import Box, Item, Label, Rectangle
from course_utils.drawing.text import BOLD, text_width
from course_utils.recurrence.graphs import LayerSpec
from course_utils.recurrence.specs import BLOCKS, GATES, RecurrentSpec

WORDS = {
    "SimpleRNN": {"h": "new state"},
    "LSTM": {"i": "input", "f": "forget", "c": "candidate", "o": "output"},
    "GRU": {"z": "update", "r": "reset", "h": "candidate"},
}
"""For each kind, what each block is called, in Keras's order."""

HEADER = 26  # px: the height of a header
CHIP, CHIP_GAP, TAG_GAP = 24, 4, 12  # px: the side of a small box with a letter, and the gaps between two


def block_letter(kind: str, block: str) -> str:
    """Return the letter of a block as it is drawn: a candidate carries a tilde.

    >>> block_letter("LSTM", "f"), block_letter("GRU", "h") == "h\\u0303"
    ('f', True)
    """
    return block + "\u0303" if WORDS[kind][block] == "candidate" else block


def block_role(kind: str, block: str) -> str:
    """Return what a block is.

    >>> block_role("LSTM", "f"), block_role("LSTM", "c")
    ('forget gate', 'candidate')
    """
    return WORDS[kind][block] + (" gate" if block in GATES[kind] else "")


def gate_letters(spec: LayerSpec) -> tuple[str, ...]:
    """Return the blocks of an LSTM or GRU in Keras's order; none for what has no gates."""
    return BLOCKS[spec.kind] if isinstance(spec, RecurrentSpec) and GATES[spec.kind] else ()


def weight_letters(spec: LayerSpec) -> str:
    """Return the letters of a layer's weights; none for a cell of the user's own."""
    if not isinstance(spec, RecurrentSpec):
        return ""
    return "WRb" if spec.use_bias else "WR"


def chips(kind: str, letters: Sequence[str], centre: float, top: float, of: str, key: str = "") -> list[Item]:
    """Draw the letters of gates and candidate side by side, each on its hue.

    of: what the ids say they belong to, such as ``t=1``; key: what the ids begin with
    """
    left = centre - (len(letters) * (CHIP + CHIP_GAP) - CHIP_GAP) / 2
    items: list[Item] = []
    for place, letter in enumerate(letters):
        x, text = left + place * (CHIP + CHIP_GAP), block_letter(kind, letter)
        box = Rectangle(x, top, CHIP, CHIP)
        items.append(Box(f"{key}gate[{of},{letter}]", box, "gate", radius=6, hue=letter))
        items.append(Label(f"{key}gate_letter[{of},{letter}]", x + CHIP / 2, top + 17, text, 13, "on_hue", face=BOLD))
    return items


def tags(letters: str, centre: float, top: float, of: str, key: str = "") -> list[Item]:
    """Draw the letters of the weights side by side: the same ones on every copy. of, key: as for ``chips``."""
    left = centre - (len(letters) * (CHIP + TAG_GAP) - TAG_GAP) / 2
    items: list[Item] = []
    for place, letter in enumerate(letters):
        x = left + place * (CHIP + TAG_GAP)
        items.append(Box(f"{key}tag[{of},{letter}]", Rectangle(x, top, CHIP, CHIP), "tag", radius=6))
        items.append(Label(f"{key}tag_letter[{of},{letter}]", x + CHIP / 2, top + 17, letter, 13, face=BOLD))
    return items


def block_header(id: str, kind: str, block: str, place: Rectangle) -> list[Item]:
    """Draw the name of a block on its hue: letter and word, or the letter alone where the place is narrow.

    That of a SimpleRNN has no hue: it is neither a gate nor a candidate.
    """
    letter, word = block_letter(kind, block), WORDS[kind][block]
    text = f"{letter} {word}"
    fits = text_width(text, 13, BOLD) + 12 <= place.width
    x, y = place.centre
    box, ink = ("tag", "ink") if kind == "SimpleRNN" else ("gate", "on_hue")
    return [
        Box(f"header[{id}]", place, box, radius=5, hue=block if box == "gate" else ""),
        Label(f"header_text[{id}]", x, y + 5, text if fits else letter, 13, ink, face=BOLD),
    ]
