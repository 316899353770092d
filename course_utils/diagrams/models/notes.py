"""Text above and below a picture, on as many lines as keep it about as wide as what is drawn."""

from collections.abc import Iterable

from course_utils.diagrams.lettering import text_width
from course_utils.diagrams.parts import MARGIN
from course_utils.diagrams.scene import Item, Label

LINE = 18  # px from a line to the next


def wrapped(parts: Iterable[str], size: float, width: float) -> list[str]:
    """Return parts joined by dots, on a new line where the next one has no room; a part is never cut.

    >>> wrapped(["a loop", "a line", "a box"], 12, 110)
    ['a loop · a line', 'a box']
    """
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def note_lines(id: str, lines: list[str], top: float, size: float = 12) -> list[Item]:
    """Draw lines of a note, the first baseline at ``top``; the second line's id is ``id[2]``."""
    return [
        Label(id if place == 0 else f"{id}[{place + 1}]", MARGIN, top + LINE * place, line, size, "muted", "start")
        for place, line in enumerate(lines)
    ]
