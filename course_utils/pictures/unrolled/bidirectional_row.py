"""The row of a Bidirectional layer: two lanes of boxes, one in each direction, and where they are merged."""

from course_utils.drawing.layout import MARGIN, arrow
from course_utils.drawing.scene import Box, Item, Label, Line, Rectangle
from course_utils.drawing.text import text_width
from course_utils.pictures.unrolled.grid import ASIDE, LINE, RISE, Grid
from course_utils.pictures.unrolled.plan import Row
from course_utils.pictures.unrolled.recurrent_row import Lane, lane_items

PASS = 10  # px: how far from a box a line passes it
SAID = {
    "concat": "concat: one after the other",
    "sum": "sum",
    "mul": "mul: product",
    "ave": "ave: mean",
    None: "both leave",
}


def both_items(grid: Grid, row: Row, key: str, top: float) -> list[Item]:
    """Draw the merge on top, below it the boxes that read backwards, at the bottom those that read forwards."""
    height = grid.box_height(row)
    high, low = top + 2 * LINE, top + 3 * LINE + height
    backward = Lane(grid, row, row.traces[1], f"{key}backward/", high, backward=True, aside=ASIDE)
    forward = Lane(grid, row, row.traces[0], f"{key}forward/", low, aside=-ASIDE)
    items = lane_items(backward) + lane_items(forward)
    for lane, said in ((backward, "← reads backwards"), (forward, "→ reads forwards")):
        items.append(Label(f"{lane.key}direction", MARGIN, lane.top + 4, said, 12, anchor="start"))
        items.append(Label(f"{lane.key}own", MARGIN, lane.top + 20, "its own weights", 12, "muted", "start"))
    shown = [(slot, position) for slot, position in enumerate(forward.shown) if position is not None]
    for slot, position in shown:
        items.append(_passing_input(forward, backward, slot, position, key))
    if row.leaving.style == "steps":
        for slot, position in shown:
            items += _merge(forward, backward, slot, f"[t={position}]", key, top)
        return items
    return items + _merge_of_the_ends(forward, backward, shown, key, top)


def _passing_input(forward: Lane, backward: Lane, slot: int, position: int, key: str) -> Line:
    """Draw the way of x past the forward box into the backward one."""
    near, far = forward.box(slot), backward.box(slot)
    x, fork = near.right + PASS, near.bottom + RISE / 2
    points = ((forward.grid.centre(slot), fork), (x, fork), (x, far.bottom + 4))
    return Line(f"{key}arrow[x,backward,t={position}]", points)


def _sign(grid: Grid, slot: int, mark: str, key: str, top: float, text: str) -> list[Item]:
    """Draw the box in which the two directions meet."""
    width = max(text_width(text, 12) + 20, grid.box_width + 2 * ASIDE)
    place = Rectangle(grid.centre(slot) - width / 2, top, width, LINE)
    return [Box(f"{key}merge{mark}", place, "sign", 8), Label(f"{key}merge_name{mark}", *_text_at(place), text, 12)]


def _text_at(place: Rectangle) -> tuple[float, float]:
    return place.centre[0], place.centre[1] + 4


def _merge(forward: Lane, backward: Lane, slot: int, mark: str, key: str, top: float) -> list[Item]:
    """Draw the outputs of both directions at one step, and where they meet."""
    far, near = backward.box(slot), forward.box(slot)
    x, floor = far.x - PASS, top + LINE + 4
    return [
        *_sign(forward.grid, slot, mark, key, top, SAID[forward.row.merge]),
        arrow(f"{key}arrow[forward{mark}]", (x, near.y - 4), (x, floor)),
        arrow(f"{key}arrow[backward{mark}]", (far.centre[0], far.y - 4), (far.centre[0], floor)),
    ]


def _merge_of_the_ends(forward: Lane, backward: Lane, shown: list[tuple[int, int]], key: str, top: float) -> list[Item]:
    """Draw what leaves with ``return_sequences=False``: each direction's own last state."""
    (first, _), (last, _) = shown[0], shown[-1]
    *box_and_ahead, back = _merge(forward, backward, last, "", key, top)
    if first != last:  # the backward direction ends at the first step
        start, sign = backward.box(first), box_and_ahead[0].place
        x, y = start.centre[0], sign.centre[1]
        back = Line(back.id, ((x, start.y - 4), (x, y), (sign.x - 4, y)))
    return [*box_and_ahead, back]
