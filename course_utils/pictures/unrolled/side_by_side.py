"""The unrolled picture of a whole model: its branches side by side, and the lines that lead from one to another."""

from collections import Counter
from dataclasses import dataclass, replace

from course_utils.drawing.layout import CELL_HEIGHT, CELL_WIDTH, MARGIN, arrow
from course_utils.drawing.moving import moved
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.scene import Box, Cells, Item, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened
from course_utils.pictures.unrolled.branches import Branches, Link
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
from course_utils.pictures.unrolled.values import Floor

GUTTER, LANE = 48, 14  # px between two branches, and from one line beside a branch to the next
LAST, CHANNEL = 22, 14  # px: from a row down to the first line that comes to it from the side, and on to the next
INSET = 16  # px from the corner of a box to the first line that comes from elsewhere


def branches_scene(model: Branches) -> Scene:
    """Lay out a whole model unrolled: the branches from the left to the right, all inputs at the bottom."""
    alone = model.plans[0]
    simple = model.alone or (len(model.inputs) == len(model.outputs) == 1 and alone.rows[-1].goes == "out")
    if len(model.plans) == 1 and not model.links and simple:
        return unrolled_scene(alone)
    blocks = _blocks(model)
    whole = replace(model.plans[model.main], rows=tuple(row for plan in model.plans for row in plan.rows))
    limit, beyond = scale_of(model.plans)
    lines = [
        line for number, link in enumerate(model.links, start=1) for line in _line(blocks, model.links, link, number)
    ]
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

    @property
    def items(self) -> list[Item]:
        return moved(self.stack.items, self.across, self.down, self.prefix)

    @property
    def bottom(self) -> float:
        return self.stack.below + self.down

    @property
    def right(self) -> float:
        """Where its own items end."""
        return max(item.place.right for item in self.stack.items) + self.across

    def floor(self, row: int) -> Floor | None:
        """Return where a row stands, from 1; None where it is left out."""
        floors = dict(zip(self.stack.numbers, self.stack.floors, strict=True))
        return floors.get(row - 1)

    def level(self, level: int) -> tuple[float, float] | None:
        """Return the top of a level, and the middle of its last column; None where it is left out."""
        grid = self.stack.grid
        floor = self.floor(level)
        if level and floor is None:
            return None
        values = grid.plan.entry if floor is None else floor.row.leaving
        top = self.stack.floors[-1].below if floor is None else floor.above
        x = sum(grid.span()) / 2 if values.style == "other" else grid.centre(grid.ends[id(values)])
        return top + self.down, x + self.across

    def boxes(self, row: int) -> list[Rectangle]:
        """Return the boxes of a row from the left to the right: of two directions, those that stand lowest."""
        floor = self.floor(row)
        if floor is None:
            return []
        bottom = floor.bottom + self.down
        found = [item.place for item in self.items if isinstance(item, Box) and abs(item.place.bottom - bottom) < 1]
        return sorted(found, key=lambda place: place.x)

    def state(self, row: int, step: int) -> Cells | None:
        """Return the drawn h of a row after a step; of two directions, of the forward one."""
        floor = self.floor(row)
        if floor is None:
            return None
        key = self.prefix + self.stack.grid.keys[id(floor.row)]
        wanted = (f"{key}h[t={step}]", f"{key}forward/h[t={step}]")
        return next((item for item in self.items if isinstance(item, Cells) and item.id in wanted), None)


def _needs_lane(model: Branches, link: Link) -> bool:
    """Whether a line must pass beside its own branch: something stands above where it begins."""
    rows = model.plans[link.source.branch].rows
    return link.states or link.source.level < len(rows) or rows[-1].goes == "out"


def _blocks(model: Branches) -> list[_Block]:
    """Place the branches: a row that joins others stands higher than all that it reads."""
    lanes = Counter(link.source.branch for link in model.links if _needs_lane(model, link))
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
    joins = Counter(link.row for link in model.links if link.branch == number and not link.states)
    for row in sorted(joins):
        block = _Block(stack, "", 0, 0, 0)
        floor = block.floor(row)
        if floor is None:
            continue
        highest = 0.0
        for link in model.links:
            if link.branch == number and link.row == row and not link.states:
                highest = max(
                    highest,
                    *(_height(one) for one in _passed(before, link, number)),
                    _level_height(stack, link, number),
                )
        room[row - 1] = max(0.0, highest - (stack.below - floor.below)) + LAST + CHANNEL * joins[row]
        stack = Stack.of(plan, room=room)
    return stack


def _passed(before: list[Stack], link: Link, number: int) -> list[Stack]:
    """Return the branches that a line goes over: the one where it begins, and those between."""
    return before[link.source.branch : number]


def _height(stack: Stack) -> float:
    return stack.below - stack.floors[0].above


def _level_height(stack: Stack, link: Link, number: int) -> float:
    """Return how high a level of the same branch ends above its foot."""
    found = _Block(stack, "", 0, 0, 0).level(link.source.level) if link.source.branch == number else None
    return stack.below - found[0] if found else 0.0


def _line(blocks: list[_Block], links: tuple[Link, ...], link: Link, number: int) -> list[Line]:
    """Draw one line from where a value stands to the row that reads it; none where one of the two is left out."""
    source, target = blocks[link.source.branch], blocks[link.branch]
    if link.states:
        return _handed_over(source, target, link, number)
    level, boxes = source.level(link.source.level), target.boxes(link.row)
    floor = target.floor(link.row)
    if level is None or not boxes or floor is None:
        return []
    fellows = [other for other in links if (other.branch, other.row, other.states) == (link.branch, link.row, False)]
    turn = fellows.index(link)
    own = source is target
    channel = floor.bottom + target.down + LAST + CHANNEL * turn
    end = boxes[-1].right - INSET - LANE * turn if own else boxes[0].x + INSET + LANE * turn
    start, beside = _start(source, link, level)
    lanes = [other for other in links if other.source.branch == link.source.branch]
    lane = source.right + LANE * (lanes.index(link) + 1)
    points = [start, (lane, start[1]), (lane, channel)] if beside else [start, (start[0], channel)]
    return [arrow(f"link[{number}]", *points, (end, channel), (end, floor.bottom + target.down + 4))]


def _start(source: _Block, link: Link, level: tuple[float, float]) -> tuple[tuple[float, float], bool]:
    """Return where a line begins, and whether it must leave to the right: the way up is not free."""
    top, x = level
    if link.source.level < source.stack.numbers[0] + 1:  # another row reads it too
        return (x, top - RISE / 2), True
    if source.stack.floors[0].row.goes == "out":  # its name stands above it
        return (x + CELL_WIDTH / 2 + 4, top + CELL_HEIGHT / 2), True
    return (x, top - 4), link.states


def _handed_over(source: _Block, target: _Block, link: Link, number: int) -> list[Line]:
    """Draw the way of the states from the last step of one layer to the first of another, at its right."""
    first = target.state(link.row, 0)
    if first is None or target.across <= source.across:
        return []
    floor = source.floor(link.source.level)
    if floor is None:
        return []
    returned = source.state(link.source.level, floor.row.traces[0].steps) if floor.row.traces else None
    level = source.level(link.source.level)
    gutter = source.right + LANE * source.lanes + GUTTER / 2
    low = first.place.bottom + 24
    if returned is not None:
        x, y, aside = returned.place.centre[0], returned.place.bottom + 4, returned.place.bottom + 16
    elif level is None:
        return []
    else:
        (x, y), _beside = _start(source, link, level)
        aside = y
    points = (*dict.fromkeys([(x, y), (x, aside)]), (gutter, aside), (gutter, low), (first.place.centre[0], low))
    return [arrow(f"link[{number}]", *points, (first.place.centre[0], first.place.bottom + 4))]
