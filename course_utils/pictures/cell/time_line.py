"""The time-steps as a row of small boxes: which of them are done, which one is looked into, which are to come."""

from course_utils.drawing.layout import MARGIN, arrow, elided
from course_utils.drawing.scene import Box, Frame, Item, Label, Rectangle
from course_utils.drawing.text import BOLD, text_width

HEIGHT, GAP = 22, 26  # px: of a box, and from one to the next
SIDE, AROUND = 1, 2  # of more steps than fit, how many are drawn at each end, and before and after the present one
MOST = 2 * (SIDE + AROUND) + 3


def steps_around(steps: int, step: int) -> list[int | None]:
    """Return the steps that are drawn, 1 … T, always the same number of places; None stands for those left out.

    >>> steps_around(28, 14), steps_around(28, 2)
    ([1, None, 12, 13, 14, 15, 16, None, 28], [1, 2, 3, 4, 5, 6, 7, None, 28])
    """
    if steps <= MOST:
        return list(range(1, steps + 1))
    first, last, inner = step - AROUND, step + AROUND, MOST - 2 * SIDE
    if first <= SIDE + 2:
        first, last = 1, inner
    elif last >= steps - SIDE - 1:
        first, last = steps - inner + 1, steps
    return elided([1, *range(first, last + 1), steps])


def time_line(steps: int, step: int, top: float) -> list[Item]:
    """Draw the steps up to the present one solid, with a frame around it, and those to come as pale boxes."""
    width = max(30.0, text_width(str(steps), 12, BOLD) + 14)
    y, left = top + HEIGHT / 2, MARGIN + text_width("time-step", 13) + 16
    items: list[Item] = [Label("time", MARGIN, y + 5, "time-step", 13, anchor="start")]
    shown = steps_around(steps, step)
    for place, number in enumerate(shown):
        x = left + place * (width + GAP)
        if number is None:
            name = f"time[after={shown[place - 1]}]"
            items.append(Label(name, x + width / 2, y + 4, "…", 13, "muted"))
            continue
        items += _box(number, step, Rectangle(x, top, width, HEIGHT))
        if place and shown[place - 1]:
            role = "flow" if number <= step else "ghost"
            items.append(arrow(f"time_arrow[t={number}]", (x - GAP + 3, y), (x - 3, y), role=role))
    return items


def _box(number: int, step: int, place: Rectangle) -> list[Item]:
    """Draw one step: done, present or to come."""
    (x, y), done = place.centre, number <= step
    face, ink = {"face": BOLD} if number == step else {}, "ink" if done else "muted"
    return [
        Box(f"time[t={number}]", place, "cell" if done else "zone", radius=5),
        Label(f"time_number[t={number}]", x, y + 4.5, str(number), 12, ink, **face),
        *([Frame(f"light[time,t={number}]", place)] if number == step else []),
    ]
