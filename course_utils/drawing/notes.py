"""Text above and below a picture, on as many lines as keep it about as wide as what is drawn."""

from course_utils.drawing.layout import MARGIN
from course_utils.drawing.scene import Item, Label

LINE = 18  # px from a line to the next


def note_lines(id: str, lines: list[str], top: float, size: float = 12) -> list[Item]:
    """Draw lines of a note, the first baseline at ``top``; the second line's id is ``id[2]``."""
    return [
        Label(id if place == 0 else f"{id}[{place + 1}]", MARGIN, top + LINE * place, line, size, "muted", "start")
        for place, line in enumerate(lines)
    ]
