"""A card of words in the place of a picture: what cannot be shown, why, and what to do."""

from collections.abc import Sequence

from course_utils.diagrams.lettering import BOLD, printable, shortened, text_width, wrapped
from course_utils.diagrams.parts import MARGIN, compose
from course_utils.diagrams.scene import Box, Item, Label, Rectangle, Scene

WIDEST, LINE = 900, 24  # px


def card_scene(title: str, lines: Sequence[str]) -> Scene:
    """Lay out a card: a title, and below it a few sentences, wrapped where they are long.

    >>> card_scene("A Dense layer does not fit here", ["It needs one vector.", "Set return_sequences=False."]).title
    'A Dense layer does not fit here'
    """
    room = WIDEST - 2 * MARGIN
    words = [[shortened(word, 13, room) for word in printable(line).split()] for line in lines]
    texts = [text for line in words for text in wrapped(line, 13, room, " ")]
    named = shortened(printable(title), 16, room, BOLD)
    width = max([text_width(named, 16, BOLD), *(text_width(part, 13) for part in texts)]) + 2 * MARGIN
    box = Rectangle(MARGIN, MARGIN, width, 52 + LINE * len(texts) + 12)
    items: list[Item] = [
        Box("card", box, "closed", 10),
        Label("title", box.x + MARGIN, box.y + 36, named, 16, anchor="start", face=BOLD),
    ]
    for place, part in enumerate(texts):
        y = box.y + 36 + LINE * (place + 1)
        items.append(Label(f"line[{place + 1}]", box.x + MARGIN, y, part, 13, anchor="start"))
    said = " ".join(printable(line) for line in lines)
    return compose(named, f"{printable(title)}. {said}", items, 1.0)
