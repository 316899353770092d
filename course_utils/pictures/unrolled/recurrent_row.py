"""The row of a recurrent layer: one copy of its cell for each step, the states that go on, what leaves.

That of a Bidirectional layer is two lanes of them, one in each direction, and where they are merged.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_HEIGHT, CELL_WIDTH, MARGIN, arrow, cell_length, column, left_out
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Cells, Item, Label, Line, Rectangle
from course_utils.drawing.text import BOLD, MONO, SANS, printable, shortened, subscript, text_width
from course_utils.pictures.gate_marks import CHIP, chips, gate_letters, tags, weight_letters
from course_utils.pictures.unrolled.grid import (
    ASIDE,
    GAP,
    LINE,
    LONGEST_NAME,
    RISE,
    START_HEIGHT,
    Grid,
    formulas,
    is_zero,
)
from course_utils.pictures.unrolled.plan import Row
from course_utils.recurrence import RecurrentTrace
from course_utils.recurrence.specs import CellSpec, RecurrentSpec

PASS = 10  # px: how far from a box a line passes it
SAID = {
    "concat": "concat: one after the other",
    "sum": "sum",
    "mul": "mul: product",
    "ave": "ave: mean",
    None: "both leave",
}
EXIT_GAP = 48  # px: from the last box to a returned state, with room for its caption


@dataclass(frozen=True, eq=False)
class Lane:
    """One copy of a cell after the other, in one direction.

    key:      what the ids begin with
    backward: the last step is read first, so time runs to the left
    aside:    how far its boxes are moved to the right
    """

    grid: Grid
    row: Row
    trace: RecurrentTrace
    key: str
    top: float
    backward: bool = False
    aside: float = 0

    @property
    def sample(self) -> int:
        return self.grid.plan.sample

    @property
    def steps(self) -> int:
        return self.trace.steps

    @property
    def shown(self) -> list[int | None]:
        return self.grid.shown(self.row.entry)

    def order(self, position: int) -> int:
        """Return when a position is read: first, second, …"""
        return self.steps - position + 1 if self.backward else position

    def order_at(self, slot: int) -> int:
        """Return how many steps have been read when the state leaves a slot; that of those left out is the last."""
        position = self.shown[slot]
        if position is not None:
            return self.order(position)
        before, after = left_out(self.shown)[slot]
        return self.order(before + 1) if self.backward else after - 1

    def box(self, slot: int) -> Rectangle:
        return self.grid.box(slot, self.top, self.grid.box_height(self.row), self.aside)

    @property
    def heights(self) -> dict[str, float]:
        """The letters of the states with the heights at which they go on."""
        c, h = self.grid.lanes(self.row, self.top)
        return {"c": c, "h": h} if self.trace.cell_state is not None else {"h": h}

    def values(self, letter: str, order: int) -> np.ndarray | None:
        """Return a state after so many steps; the first one is known without an input, unless a layer gives it."""
        known = self.grid.plan.known
        if order == 0:
            return self.trace.first[letter][self.sample] if known or not self.row.begins else None
        return self.trace.states[letter][self.sample, order - 1] if known else None

    @property
    def size(self) -> int:
        """How many numbers a state holds."""
        return self.trace.hidden.shape[-1]

    def name(self, letter: str, order: int) -> str:
        """Return how a state is written. Of two directions each has its arrow, and both count by time."""
        if not self.aside:
            return subscript(letter, order) + self.grid.layer_mark(self.row)
        index = self.steps + 1 - order if self.backward else order
        return ("←" if self.backward else "→") + subscript(letter, index) + self.grid.layer_mark(self.row)

    def skipped(self, order: int) -> bool:
        mask = self.trace.mask if self.grid.plan.known else None
        return mask is not None and not mask[self.sample, order - 1]


def lane_items(lane: Lane) -> list[Item]:
    """Draw the boxes of all shown steps and the states between them."""
    items = _start(lane)
    slots = list(enumerate(lane.shown))
    for slot, position in slots:
        items += _left_out(lane, slot) if position is None else _box(lane, slot, position)
    for slot, _position in reversed(slots) if lane.backward else slots:
        items += _after(lane, slot)
    return items


def _box(lane: Lane, slot: int, position: int) -> list[Item]:
    """Draw one copy of the cell: what it computes and the weights that it uses."""
    place, spec, order = lane.box(slot), lane.trace.spec, lane.order(position)
    stem = f"{lane.key}cell[t={position}]"
    items: list[Item] = [Box(stem, place)]
    if lane.skipped(order):
        x, y = place.centre
        kept = " and ".join(lane.heights) + (" stay" if len(lane.heights) > 1 else " stays")
        items.append(Label(f"{lane.key}skipped[t={position}]", x, y - 2, "skipped (mask)", 12.5))
        return [*items, Label(f"{lane.key}kept[t={position}]", x, y + 16, kept, 12, "muted")]
    if lane.grid.roomy:
        return items + _roomy_inside(lane, place, position, order)
    return items + _compact_inside(lane.key, spec, place, position, lane.grid.dense)


def _roomy_inside(lane: Lane, place: Rectangle, position: int, order: int) -> list[Item]:
    spec, centre = lane.trace.spec, place.centre[0]
    lines, heights = formulas(lane.row, order), list(lane.heights.values())
    gates = gate_letters(spec)
    middle = place.centre[1]
    if len(lines) == 2:
        rows, top = [height + 4 for height in heights], (heights[0] + heights[1]) / 2 - CHIP - 5
    elif gates:
        rows, top = [middle - 26], middle - 13
    else:
        rows, top = [middle - 8], middle + 8
    items: list[Item] = [
        Label(f"{lane.key}formula[t={position}{f',{place_}' if place_ else ''}]", centre, y, line, 12.5, face=MONO)
        for place_, (line, y) in enumerate(zip(lines, rows, strict=True))
    ]
    if gates:
        items += chips(spec.kind, gates, centre, top, f"t={position}", lane.key)
        top += CHIP + 10
    return items + tags(weight_letters(spec), centre, top, f"t={position}", lane.key)


def _compact_inside(key: str, spec: CellSpec, place: Rectangle, position: int, dense: bool) -> list[Item]:
    """Draw the gates, or the name of the activation, above the letters of the weights."""
    centre, middle = place.centre
    if not isinstance(spec, RecurrentSpec):
        return [Label(f"{key}kind[t={position}]", centre, middle + 5, spec.kind, 12.5, face=MONO)]
    gates, letters = gate_letters(spec), weight_letters(spec)
    if dense:
        weights = Label(f"{key}letters[t={position}]", centre, middle + 16, " ".join(letters), 13, face=BOLD)
        return [Label(f"{key}kind[t={position}]", centre, middle - 6, spec.kind, 12.5, face=MONO), weights]
    if gates:
        above: list[Item] = chips(spec.kind, gates, centre, middle - CHIP - 4, f"t={position}", key)
    else:
        above = [Label(f"{key}kind[t={position}]", centre, middle - 10, str(spec.activation), 12.5, face=MONO)]
    return above + tags(letters, centre, middle + 4, f"t={position}", key)


def _state(lane: Lane, letter: str, order: int, centre: float, middle: float, longest: float) -> Cells:
    """Draw a state as a column whose middle is given."""
    size = lane.size
    length = size * cell_length(size, CELL_HEIGHT, longest)
    id = Ref(letter, t=order, place=lane.key)
    made_of = lane.grid.made_of_state(lane.row, lane.key, lane.order(order), order) if order else ()
    top, values = middle - length / 2, lane.values(letter, order)
    return column(id, centre, top, values, size, "u", longest=longest, made_of=made_of)


def _start(lane: Lane) -> list[Item]:
    """Draw the states before the first step, and their arrows into the first box."""
    items: list[Item] = []
    for letter, height in lane.heights.items():
        items += _roomy_start(lane, letter, height) if lane.grid.roomy else _compact_start(lane, letter, height)
    return items


def _roomy_start(lane: Lane, letter: str, height: float) -> list[Item]:
    grid, values = lane.grid, lane.values(letter, 0)
    state = _state(lane, letter, 0, grid.start_centre, height, grid.tallest)
    centre, bottom = grid.start_centre, state.place.bottom
    kept = "kept from before" if lane.trace.spec.held is not None else "initial state"
    if lane.row.begins:
        kept = shortened(f"from {printable(lane.row.begins)}", 12, grid.left - 2 * MARGIN)
    caption = "starts at zero" if is_zero(values) else kept
    items: list[Item] = [
        state,
        Label(f"name[{letter},t=0]", centre, state.place.y - 8, subscript(letter, 0), 15),
        _going(letter, f"arrow[{letter},t=0]", (state.place.right + 4, height), (grid.left - 4, height)),
    ]
    if letter == "h":
        items += [
            Label("caption[h,t=0]", centre, bottom + 18, caption, 12, "muted"),
            Label("shape[h]", centre, bottom + 35, f"(batch, {lane.size})", 12, "muted"),
        ]
    return items


def _compact_start(lane: Lane, letter: str, height: float) -> list[Item]:
    """Draw the first state at the side where the first step is."""
    values = lane.values(letter, 0)
    name = lane.name(letter, 0) + (" = 0" if is_zero(values) else "")
    centre = end_centre(lane) if lane.backward else lane.grid.start_centre
    side = 1 if lane.backward else -1
    state = _state(lane, letter, 0, centre, height, START_HEIGHT)
    box = lane.box(len(lane.shown) - 1 if lane.backward else 0)
    start = state.place.x - 4 if lane.backward else state.place.right + 4
    end = box.right + 4 if lane.backward else box.x - 4
    giver = []
    if lane.row.begins and letter == "h":
        text = f"from {printable(lane.row.begins)[:LONGEST_NAME]}"
        giver = [Label(f"{lane.key}begins", state.place.x - 8, state.place.bottom + 14, text, 12, "muted", "end")]
    return [
        *giver,
        state,
        _beside(f"{lane.key}name[{letter},t=0]", state.place, side, name),
        _going(letter, f"{lane.key}arrow[{letter},t=0]", (start, height), (end, height)),
    ]


def _beside(id: str, place: Rectangle, side: int, text: str, face: str = SANS) -> Label:
    """Write a text to the left (-1) or right (1) of a place."""
    x = place.x - 8 if side < 0 else place.right + 8
    return Label(id, x, place.centre[1] + 5, text, 13, anchor="end" if side < 0 else "start", face=face)


def end_centre(lane: Lane) -> float:
    """Return the middle of the states beyond the last step of a compact picture."""
    return lane.grid.span(lane.row.entry)[1] + lane.grid.gap + CELL_WIDTH / 2


def _after(lane: Lane, slot: int) -> list[Item]:
    """Draw the states that go on to the next box, or out of the layer for ``return_state=True``."""
    order = lane.order_at(slot)
    last = order == lane.steps
    if last and not lane.trace.spec.manner.return_state:
        return []
    items: list[Item] = []
    for letter, height in lane.heights.items():
        if lane.grid.roomy:
            items += _roomy_after(lane, slot, order, letter, height, last)
        elif last:
            items += _compact_exit(lane, slot, letter, height)
        else:
            items += _compact_after(lane, slot, order, letter, height)
    return items


def _roomy_after(lane: Lane, slot: int, order: int, letter: str, height: float, last: bool) -> list[Item]:
    left = lane.box(slot).right
    centre = left + (EXIT_GAP if last else GAP) + CELL_WIDTH / 2
    state = _state(lane, letter, order, centre, height, lane.grid.tallest)
    items: list[Item] = [
        _going(letter, f"arrow[{letter},t={order},out]", (left + 3, height), (state.place.x - 3, height)),
        state,
        Label(f"name[{letter},t={order}]", centre, state.place.y - 8, subscript(letter, order), 15),
    ]
    if not last:
        start, end = (state.place.right + 3, height), (lane.box(slot + 1).x - 3, height)
        return [*items, _going(letter, f"arrow[{letter},t={order}]", start, end)]
    if letter == "h":
        caption = "returned state" + ("s" if len(lane.heights) > 1 else "")
        items.append(Label("caption[state]", centre, state.place.bottom + 18, caption, 12, face=BOLD))
        shape = f"(batch, {state.shape[0]})"
        items.append(Label("shape[state]", centre, state.place.bottom + 35, shape, 12, "muted"))
    return items


def _compact_after(lane: Lane, slot: int, order: int, letter: str, height: float) -> list[Item]:
    """Draw the arrow to the next box with the name of the state above it."""
    if lane.backward:
        start, end = lane.box(slot).x - 4, lane.box(slot - 1).right + 4
    else:
        start, end = lane.box(slot).right + 4, lane.box(slot + 1).x - 4
    middle = (start + end) / 2
    if lane.aside:  # keep clear of the line that passes the boxes of the other direction
        middle += -ASIDE / 2 if lane.backward else ASIDE / 2
    return [
        _going(letter, f"{lane.key}arrow[{letter},t={order}]", (start, height), (end, height)),
        Label(f"{lane.key}name[{letter},t={order}]", middle, height - 8, lane.name(letter, order), 13),
    ]


def _compact_exit(lane: Lane, slot: int, letter: str, height: float) -> list[Item]:
    """Draw the last state once more, beyond the last box."""
    box, side = lane.box(slot), -1 if lane.backward else 1
    centre = lane.grid.start_centre if lane.backward else end_centre(lane)
    state = _state(lane, letter, lane.steps, centre, height, START_HEIGHT)
    start = box.x - 4 if lane.backward else box.right + 4
    end = state.place.right + 4 if lane.backward else state.place.x - 4
    name = f"{lane.name(letter, lane.steps)} returned"
    return [
        state,
        _going(letter, f"{lane.key}arrow[{letter},t={lane.steps},out]", (start, height), (end, height)),
        _beside(f"{lane.key}caption[{letter},state]", state.place, side, name, BOLD),
    ]


def _going(letter: str, id: str, start: tuple[float, float], end: tuple[float, float]) -> Line:
    """Draw a state on its way: h as an arrow, c as a double one."""
    return Line(id, (start, end), "memory" if letter == "c" else "flow")


def _left_out(lane: Lane, slot: int) -> list[Item]:
    """Say how many steps are not drawn, in the place of one box."""
    centre, middle = lane.box(slot).centre
    hidden = lane.steps - sum(position is not None for position in lane.shown)
    return [
        Label(f"{lane.key}left_out", centre, middle - 2, f"… {wording.counted(hidden, 'more step')} …", 12),
        Label(f"{lane.key}left_out_same", centre, middle + 16, "the same weights", 12, "muted"),
    ]


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
    x, y = place.centre
    return [Box(f"{key}merge{mark}", place, "sign", 8), Label(f"{key}merge_name{mark}", x, y + 4, text, 12)]


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
