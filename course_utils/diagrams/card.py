"""A card of words in the place of a picture: what cannot be shown, why, and what to do."""

from collections.abc import Sequence

from course_utils.diagrams.lettering import BOLD, printable, shortened, text_width
from course_utils.diagrams.parts import MARGIN, compose
from course_utils.diagrams.scene import Box, Item, Label, Rectangle, Scene

WIDEST, LINE = 900, 24  # px


def card_scene(title: str, lines: Sequence[str]) -> Scene:
    """Lay out a card: a title, and below it a few sentences, wrapped where they are long.

    >>> card_scene("A Dense layer does not fit here", ["It needs one vector.", "Set return_sequences=False."]).title
    'A Dense layer does not fit here'
    """
    wrapped = [part for line in lines for part in wrap(printable(line), 13, WIDEST - 2 * MARGIN)]
    named = shortened(printable(title), 16, WIDEST - 2 * MARGIN, BOLD)
    width = max([text_width(named, 16, BOLD), *(text_width(part, 13) for part in wrapped)]) + 2 * MARGIN
    box = Rectangle(MARGIN, MARGIN, width, 52 + LINE * len(wrapped) + 12)
    items: list[Item] = [
        Box("card", box, "closed", 10),
        Label("title", box.x + MARGIN, box.y + 36, named, 16, anchor="start", face=BOLD),
    ]
    for place, part in enumerate(wrapped):
        y = box.y + 36 + LINE * (place + 1)
        items.append(Label(f"line[{place + 1}]", box.x + MARGIN, y, part, 13, anchor="start"))
    words = " ".join(printable(line) for line in lines)
    return compose(named, f"{printable(title)}. {words}", items, 1.0)


def wrap(text: str, size: float, width: float) -> list[str]:
    """Return the lines of a text that are at most so wide, cut between words.

    >>> wrap("one two three", 10, 60)
    ['one two', 'three']
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(shortened(word, size, width))
    return lines
