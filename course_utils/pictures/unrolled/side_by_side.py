"""The unrolled picture of a whole model: its branches side by side, and the lines that lead from one to another."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from course_utils.drawing.layout import CELL_HEIGHT, CELL_WIDTH, MARGIN, arrow, moved
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.scene import Box, Cells, Item, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened
from course_utils.pictures.unrolled.branches import Branches, Join
from course_utils.pictures.unrolled.grid import RISE
from course_utils.pictures.unrolled.plan import Plan
from course_utils.pictures.unrolled.unrolled import Stack, scale_of, unrolled_scene
from course_utils.pictures.unrolled.unrolled_words import (
    TITLE_SIZE,
    WIDEST_TEXT,
    legend_notes,
    sentences_of_branches,
    subtitle,
    title_of_branches,
)

GUTTER, LANE = 48, 14  # px between two branches, and from one line beside a branch to the next
LAST, CHANNEL = 22, 14  # px: from a row down to the first line that comes to it from the side, and on to the next
INSET = 16  # px from the corner of a box to the first line that comes from elsewhere


def branches_scene(model: Branches) -> Scene:
    """Lay out a whole model unrolled: the branches from the left to the right, all inputs at the bottom."""
    alone = model.plans[0]
    simple = model.alone or (len(model.inputs) == len(model.outputs) == 1 and alone.rows[-1].goes == "out")
    if len(model.plans) == 1 and not model.joins and simple:
        return unrolled_scene(alone)
    blocks = _blocks(model)
    whole = replace(model.plans[model.main], rows=tuple(row for plan in model.plans for row in plan.rows))
    limit, beyond = scale_of(model.plans)
    lines = [line for number, join in enumerate(model.joins, start=1) for line in _line(model, blocks, join, number)]
    notes = legend_notes(whole, beyond, " and ".join(model.inputs), " and ".join(model.outputs))
    named = shortened(printable(title_of_branches(model)), TITLE_SIZE, WIDEST_TEXT, BOLD)
    below = max(block.bottom for block in blocks) + 28
    return Picture(
        named,
        subtitle(whole),
        [*(item for block in blocks for item in block.items), *lines],
        sentences_of_branches(model),
        Legend(below, [shortened(printable(note), 12, WIDEST_TEXT) for note in notes]),
        limit,
    ).scene


@dataclass(frozen=True, eq=False)
class _Block:
    """One branch in its place. across, down: px that its stack is moved; lanes: how many lines pass at its right."""

    stack: Stack
    prefix: str
    across: float
    down: float
    lanes: int

    @cached_property
    def items(self) -> list[Item]:
        return moved(self.stack.items, self.across, self.down, self.prefix)

    @property
    def bottom(self) -> float:
        return self.stack.below + self.down

    @cached_property
    def right(self) -> float:
        """Where its own items end."""
        return max(item.place.right for item in self.items)

    def under(self, row: int) -> float | None:
        """Return where the boxes of a row end; None where it is left out."""
        floor = self.stack.floor(row)
        return None if floor is None else floor.bottom + self.down

    def level(self, level: int) -> tuple[float, float] | None:
        """Return the same as ``Stack.level``, in its place."""
        found = self.stack.level(level)
        return None if found is None else (found[0] + self.down, found[1] + self.across)

    def boxes(self, row: int) -> list[Rectangle]:
        """Return the boxes of a row from the left to the right: of two directions, those that stand lowest."""
        bottom = self.under(row)
        boxes = [item.place for item in self.items if isinstance(item, Box)]
        if bottom is None:
            return []
        return sorted((place for place in boxes if abs(place.bottom - bottom) < 1), key=lambda place: place.x)

    def state(self, row: int, step: int) -> Cells | None:
        """Return the drawn h of a row after a step; of two directions, of the forward one."""
        floor = self.stack.floor(row)
        if floor is None:
            return None
        key = self.prefix + self.stack.grid.keys[floor.row]
        wanted = (f"{key}h[t={step}]", f"{key}forward/h[t={step}]")
        return next((item for item in self.items if isinstance(item, Cells) and item.id in wanted), None)


def _passes_beside(model: Branches, join: Join) -> bool:
    """Whether a line must pass at the right of the branch where it begins: the way up is not free."""
    rows = model.plans[join.source.branch].rows
    return join.states or join.source.level < len(rows) or rows[-1].goes == "out"


def _blocks(model: Branches) -> list[_Block]:
    """Place the branches: a row that joins others stands higher than all that it reads."""
    lanes = Counter(join.source.branch for join in model.joins if _passes_beside(model, join))
    stacks: list[Stack] = []
    for number, plan in enumerate(model.plans):
        stacks.append(_stack(model, number, plan, stacks))
    deepest = max(stack.below for stack in stacks)
    blocks: list[_Block] = []
    left = float(MARGIN)
    for number, stack in enumerate(stacks):
        prefix = f"branch {number + 1}/" if len(stacks) > 1 else ""
        blocks.append(_Block(stack, prefix, left - MARGIN, deepest - stack.below, lanes[number]))
        left = blocks[-1].right + LANE * lanes[number] + GUTTER
    return blocks


def _stack(model: Branches, number: int, plan: Plan, before: list[Stack]) -> Stack:
    """Lay out one branch, with room below each row that reads from elsewhere."""
    room: dict[int, float] = {}
    stack = Stack.of(plan)
    mine = [join for join in model.joins if join.branch == number and not join.states]
    for row in sorted({join.row for join in mine}):
        floor = stack.floor(row)
        if floor is None:
            continue
        joins = [join for join in mine if join.row == row]
        # Each line goes over the branch where it begins and over those between.
        passed = {place for join in joins for place in range(join.source.branch, number)}
        heights = [before[place].below - before[place].top for place in passed]
        levels = [stack.level(join.source.level) for join in joins if join.source.branch == number]
        highest = max([*heights, *(stack.below - level[0] for level in levels if level is not None)], default=0.0)
        room[row - 1] = max(0.0, highest - (stack.below - floor.below)) + LAST + CHANNEL * len(joins)
        stack = Stack.of(plan, room=room)
    return stack


def _line(model: Branches, blocks: list[_Block], join: Join, number: int) -> list[Line]:
    """Draw one line from where a value stands to the row that reads it; none where one of the two is left out."""
    source, target = blocks[join.source.branch], blocks[join.branch]
    if join.states:
        return _handed_over(source, target, join, number)
    level, boxes, under = source.level(join.source.level), target.boxes(join.row), target.under(join.row)
    if level is None or under is None:
        return []
    fellows = [one for one in model.joins if (one.branch, one.row, one.states) == (join.branch, join.row, False)]
    turn = fellows.index(join)
    channel = under + LAST + CHANNEL * turn
    end = boxes[-1].right - INSET - LANE * turn if source is target else boxes[0].x + INSET + LANE * turn
    start, points = _start(source, join, level), [(end, channel), (end, under + 4)]
    leaving = [other for other in model.joins if other.source.branch == join.source.branch]
    lanes = [other for other in leaving if _passes_beside(model, other)]
    if join in lanes:
        lane = source.right + LANE * (lanes.index(join) + 1)
        return [arrow(f"join[{number}]", start, (lane, start[1]), (lane, channel), *points)]
    return [arrow(f"join[{number}]", start, (start[0], channel), *points)]


def _start(source: _Block, join: Join, level: tuple[float, float]) -> tuple[float, float]:
    """Return where a line begins."""
    top, x = level
    highest = source.stack.floors[0].row
    if source.stack.floor(join.source.level) is not source.stack.floors[0]:  # another row reads it too
        return x, top - RISE / 2
    if highest.goes == "out":  # its name stands above it
        return x + CELL_WIDTH / 2 + 4, top + CELL_HEIGHT / 2
    return x, top - 4


def _handed_over(source: _Block, target: _Block, join: Join, number: int) -> list[Line]:
    """Draw the way of the states from the last step of one layer to the first of another, next at its right."""
    floor, first = source.stack.floor(join.source.level), target.state(join.row, 0)
    level = source.level(join.source.level)
    next_to_it = join.branch == join.source.branch + 1  # else a branch between them would be crossed
    if floor is None or first is None or level is None or not next_to_it:
        return []
    returned = source.state(join.source.level, floor.row.traces[0].steps) if floor.row.traces else None
    if returned is not None:
        x, y, aside = returned.place.centre[0], returned.place.bottom + 4, returned.place.bottom + 16
    else:
        x, y = _start(source, join, level)
        aside = y - 12 if y == level[0] - 4 else y  # up first, where it begins on top of its column
    gutter, low = source.right + LANE * source.lanes + GUTTER / 2, first.place.bottom + 24
    points = (*dict.fromkeys([(x, y), (x, aside)]), (gutter, aside), (gutter, low), (first.place.centre[0], low))
    return [arrow(f"join[{number}]", *points, (first.place.centre[0], first.place.bottom + 4))]
