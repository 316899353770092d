"""A card of words in the place of a picture: what cannot be shown, why, and what to do."""

from collections.abc import Mapping

from course_utils.drawing.layout import MARGIN
from course_utils.drawing.picture import fitted
from course_utils.drawing.scene import Box, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, SANS, printable, shortened, text_width, wrapped

WIDEST, LINE, GAP, SIZE = 900, 22, 10, 13  # px; GAP: more room above a heading
QUOTED = "Keras says"


def card_scene(title: str, parts: Mapping[str, str]) -> Scene:
    """Lay out a card: a title, and below it what is said under a few headings, wrapped where it is long.

    parts: heading → sentences; below the heading QUOTED stand the words of a program, in its type

    >>> card_scene("A Dense layer does not fit", {"Why": "It needs one vector.", "What to do": "Flatten."}).description
    'A Dense layer does not fit. Why: It needs one vector. What to do: Flatten.'
    """
    room = WIDEST - 2 * MARGIN
    lines = [line for heading, text in parts.items() for line in _lines(heading, printable(text), room)]
    named = shortened(printable(title), 16, room, BOLD)
    width = max([text_width(named, 16, BOLD), *(text_width(text, SIZE, face) for text, face in lines)]) + 2 * MARGIN
    height = 36 + sum(_rise(face) for _text, face in lines) + 20
    box = Rectangle(MARGIN, MARGIN, width, height)
    items: list[Item] = [
        Box("card", box, "closed", 10),
        Label("title", box.x + MARGIN, box.y + 36, named, 16, anchor="start", face=BOLD),
    ]
    y = box.y + 36
    for place, (text, face) in enumerate(lines, start=1):
        y += _rise(face)
        items.append(Label(f"line[{place}]", box.x + MARGIN, y, text, SIZE, anchor="start", face=face))
    said = " ".join(f"{heading}: {printable(text)}" for heading, text in parts.items())
    return fitted(named, f"{printable(title)}. {said}", items)


def _lines(heading: str, text: str, room: float) -> list[tuple[str, str]]:
    """Return the lines of one part, each with its face."""
    face = MONO if heading == QUOTED else SANS
    words = [shortened(word, SIZE, room, face) for word in text.split()]
    return [(heading, BOLD), *((line, face) for line in wrapped(words, SIZE, room, " ", face))]


def _rise(face: str) -> int:
    """Return how far below the line before it a line stands: more before a heading."""
    return LINE + GAP * (face == BOLD)
