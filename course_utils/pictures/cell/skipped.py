"""A step that a mask skips: nothing is computed, the states go straight through."""

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_HEIGHT, MARGIN
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Item, Label, Line
from course_utils.drawing.text import BOLD, text_width
from course_utils.pictures.cell.moment import (
    Moment,
    named,
    named_width,
    picture_of_step,
    row,
    scale_note,
    start_caption,
)

TOP, PITCH = 132, 74
WORDS = "skipped by the mask: the state stays as it was"


def skipped_picture(now: Moment) -> Picture:
    """Return the picture of a skipped step: each state before and after, and the x that is not read."""
    states = dict(reversed(list(now.spec.cell.states.items())))
    items: list[Item] = []
    for place, (letter, what) in enumerate(states.items()):
        items += _unchanged(now, letter, what, TOP + place * PITCH)
    below = TOP + len(states) * PITCH
    x = row(now, Ref("x", t=now.step), MARGIN, below, now.x, "f", ghost=True, role="input")
    items += named(x, now.name("x"), "not read")
    said = [f"This step is {WORDS}.", f"{now.said('x')} = {wording.vector(now.x)} is not read."]
    said += [f"{now.said(letter)} = {now.said(letter, 1)} = {wording.vector(now.state(letter))}." for letter in states]
    return picture_of_step(now, [WORDS], items, said, Legend(below + CELL_HEIGHT + 34, scale_note(items)))


def _unchanged(now: Moment, letter: str, what: str, top: float) -> list[Item]:
    """Draw one state before and after, and the line between the two."""
    values = now.state(letter, 1), now.state(letter)
    caption = start_caption(values[0], now.step, what)
    left = MARGIN + max(named_width(now, now.spec.units, now.name(letter, 1), caption), 170)
    text = "unchanged"
    right = left + text_width(text, 12.5, BOLD) + 90
    before = row(now, Ref(letter, t=now.step - 1), MARGIN, top, values[0])
    after = row(now, Ref(letter, t=now.step), right, top, values[1])
    y, role = top + CELL_HEIGHT / 2, "memory" if letter == "c" else "flow"
    return [
        *named(before, now.name(letter, 1), caption),
        *named(after, now.name(letter), f"{what} after"),
        Line(f"unchanged[{letter}]", ((before.place.right + 4, y), (right - 4, y)), role),
        Label(f"unchanged_text[{letter}]", (left + right) / 2, top - 2, text, 12.5, face=BOLD),
    ]
