"""How the blocks of a recurrent layer are lettered and called: its gates and its candidate."""

from course_utils.diagrams.lettering import BOLD, text_width
from course_utils.diagrams.scene import Box, Item, Label, Rectangle

WORDS = {
    "SimpleRNN": {"h": "new state"},
    "LSTM": {"i": "input", "f": "forget", "c": "candidate", "o": "output"},
    "GRU": {"z": "update", "r": "reset", "h": "candidate"},
}
"""For each kind, what each block is called, in Keras's order."""

HEADER = 26  # px: the height of a header


def block_letter(kind: str, block: str) -> str:
    """Return the letter of a block as it is drawn: a candidate carries a tilde.

    >>> block_letter("LSTM", "f"), block_letter("GRU", "h") == "h\\u0303"
    ('f', True)
    """
    return block + "\u0303" if WORDS[kind][block] == "candidate" else block


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
