"""The unrolled picture: time to the right, depth upwards, one copy of each cell for every step."""

from dataclasses import dataclass, replace

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, SANS, printable, shortened, subscript
from course_utils.diagrams.parts import CELL_WIDTH, MARGIN, arrow, column, compose, heading, legend, strongest
from course_utils.diagrams.scene import Box, Item, Label, Rectangle, Scene
from course_utils.diagrams.unrolled.both import both_items
from course_utils.diagrams.unrolled.cells import Lane, lane_items
from course_utils.diagrams.unrolled.grid import LINE, RISE, TOP, Grid
from course_utils.diagrams.unrolled.plan import CLOSED, Level, Plan, Row
from course_utils.diagrams.unrolled.words import describe, legend_note, subtitle, title

NAMES = 43  # px: below the input, for the names of the steps
MOST_ROWS, LOWEST, HIGHEST = 7, 3, 2  # of the rows, how many are drawn; if more, the lowest and the highest ones


@dataclass(frozen=True, eq=False)
class _Floor:
    """Where one row stands: its boxes, the values above it and those below."""

    row: Row
    top: float
    height: float
    above: float
    below: float
    highest: bool

    @property
    def bottom(self) -> float:
        return self.top + self.height


def unrolled_scene(plan: Plan, *, every: bool = False) -> Scene:
    """Lay out a layer or model unrolled over its time-steps.

    every: leave no step out, however many there are
    """
    drawn, hidden = _shown_rows(plan)
    grid = Grid(drawn, every)
    items: list[Item] = []
    floors = _floors(grid, hidden)
    for floor in floors:
        items += _row(grid, floor)
        items += _into(grid, floor) + _above(grid, floor)
    items += _entry(grid, floors[-1].below)
    if hidden:
        items.append(_hidden_rows(grid, floors, hidden))
    below = floors[-1].below + grid.level_height(plan.entry) + NAMES
    items += legend(MARGIN, below + 28, limit := _limit(grid), legend_note(plan))
    return compose(title(plan), describe(plan), heading(title(plan), subtitle(plan)) + items, limit)


def _shown_rows(plan: Plan) -> tuple[Plan, int]:
    """Return the rows that are drawn, and how many are left out between them."""
    if len(plan.rows) <= MOST_ROWS:
        return plan, 0
    rows = (*plan.rows[:LOWEST], *plan.rows[-HIGHEST:])
    return replace(plan, rows=rows), len(plan.rows) - len(rows)


def _floors(grid: Grid, hidden: int) -> list[_Floor]:
    """Place the rows below each other, the highest first."""
    floors, above, rows = [], TOP, grid.plan.rows
    for place, row in reversed(list(enumerate(rows))):
        top = above + grid.level_height(row.leaving) + RISE
        below = top + grid.row_height(row) + RISE
        floors.append(_Floor(row, top, grid.row_height(row), above, below, place == len(rows) - 1))
        above = below + (2 * LINE + RISE if hidden and place == LOWEST else 0)
    return floors


def _hidden_rows(grid: Grid, floors: list[_Floor], hidden: int) -> Label:
    """Say how many layers are left out, in their place."""
    floor = floors[HIGHEST - 1]
    text = f"… {wording.counted(hidden, 'more layer')} …"
    return Label("left_out_layers", sum(grid.span) / 2, floor.below + LINE + 10, text, 13)


def _limit(grid: Grid) -> float:
    """Return the end of the colour scale: of all values that are drawn."""
    plan = grid.plan
    if not plan.known:
        starts = [state[plan.sample] for row in plan.rows for trace in row.traces for state in _starts(trace)]
        return strongest(*starts)
    arrays = [] if plan.entry.style == "numbers" else [plan.entry.values]
    for row in plan.rows:
        arrays.append(row.leaving.values)
        for trace in row.traces:
            states = (trace.hidden, trace.cell_state, *_starts(trace))
            arrays += [state[plan.sample] for state in states if state is not None]
    return strongest(*arrays)


def _starts(trace) -> list[np.ndarray]:
    return [start for start in (trace.initial, trace.initial_cell_state) if start is not None]


def _row(grid: Grid, floor: _Floor) -> list[Item]:
    """Draw the boxes of one row."""
    row, key = floor.row, grid.keys[id(floor.row)]
    items = _row_title(grid, floor)
    if row.style == "cells":
        return items + lane_items(Lane(grid, row, row.traces[0], key, floor.top))
    if row.style == "both":
        return items + both_items(grid, row, key, floor.top)
    role = "closed" if row.note == CLOSED else "cell"
    if row.style == "wide":
        left, right = grid.span
        box = Rectangle(left, floor.top, right - left, LINE)
        return [Box(f"{key}layer", box, role, 8), _in_box(f"{key}layer_name", box, _wide_text(row))]
    slots = enumerate(grid.shown(row.leaving)) if row.style == "each" else [(grid.slots - 1, 1)]
    for slot, position in slots:
        if position is not None:
            box = grid.box(slot, floor.top, LINE)
            mark = f"[t={position}]" if row.style == "each" else ""
            items += [Box(f"{key}layer{mark}", box, role, 8), _in_box(f"{key}layer_name{mark}", box, row.title)]
    return items


def _wide_text(row: Row) -> str:
    shapes = "" if row.entry.shape == row.leaving.shape else f": {row.entry.shape} → {row.leaving.shape}"
    return f"{row.title}{shapes}{' · ' if row.note else ''}{row.note}"


def _in_box(id: str, box: Rectangle, text: str) -> Label:
    return Label(id, box.centre[0], box.centre[1] + 5, shortened(printable(text), 12.5, box.width - 12), 12.5)


def _row_title(grid: Grid, floor: _Floor) -> list[Item]:
    """Write the name of a layer at its left, with its parameters."""
    row = floor.row
    if grid.roomy or row.style not in ("cells", "both"):
        return []
    key, y = grid.keys[id(row)], floor.top - 18
    text = f"{row.total:,} {'parameter' if row.total == 1 else 'parameters'}"
    return [
        Label(f"{key}layer_title", MARGIN, y, row.title, 13, anchor="start", face=BOLD),
        Label(f"{key}layer_total", MARGIN, y + 18, text, 12, "muted", "start"),
    ]


def _columns(grid: Grid, row: Row) -> list[tuple[int, int, np.ndarray | None, bool]]:
    """Return what stands above a row: slot, position, values, and whether it stays inside the layer."""
    level, plan = row.leaving, grid.plan
    if row.style == "cells" and level.style == "vector":
        outputs, steps = row.traces[0].outputs[plan.sample], row.traces[0].steps
        return [
            (slot, position, outputs[position - 1] if plan.known else None, position != steps)
            for slot, position in enumerate(grid.shown(row.entry))
            if position is not None
        ]
    if level.style == "steps":
        shown = enumerate(grid.shown(level))
        return [(slot, position, level.vector(position), False) for slot, position in shown if position is not None]
    return [(grid.slots - 1, row.entry.steps or 1, level.values if level.known else None, False)]


def _above(grid: Grid, floor: _Floor) -> list[Item]:
    """Draw the values that a row gives, and the arrows to them."""
    row, key = floor.row, grid.keys[id(floor.row)]
    if row.leaving.style == "other":
        return _shape_alone(grid, floor, key)
    items: list[Item] = []
    bottom = floor.above + grid.level_height(row.leaving)
    for slot, position, values, ghost in _columns(grid, row):
        centre = grid.centre(slot)
        mark = f"[t={position}]"
        role = "ghost" if ghost else "flow"
        cells = column(
            f"{key}output{mark}", centre, floor.above, values, row.leaving.size, "u", ghost=ghost, longest=grid.tallest
        )
        items += [
            cells,
            arrow(f"{key}arrow[output,t={position}]", (centre, floor.top - 4), (centre, bottom + 4), role=role),
        ]
        items.append(_name(grid, floor, key, position, cells.place, ghost))
    return items + _level_shape(grid, f"{key}shape", row.leaving, floor.above)


def _name(grid: Grid, floor: _Floor, key: str, position: int, place: Rectangle, ghost: bool) -> Label:
    """Name a vector: above it at the top of the picture, else at its right."""
    level = floor.row.leaving
    index = level.index(position) if level.style == "steps" else position
    letter = level.letter if level.style == "vector" and floor.row.style != "cells" else subscript(level.letter, index)
    look = {"role": "muted" if ghost else "ink", "face": SANS if ghost else BOLD}
    id = f"{key}name[output,t={position}]"
    if floor.highest:
        text = letter if ghost else f"output = {letter}"
        return Label(id, place.centre[0], place.y - 10, text, 13, **look)
    return Label(id, place.right + 6, place.centre[1] + 5, letter, 13, anchor="start", **look)


def _shape_alone(grid: Grid, floor: _Floor, key: str) -> list[Item]:
    """Show by its shape what is no vector and no sequence of vectors."""
    text, centre = floor.row.leaving.shape, sum(grid.span) / 2
    place = Rectangle(centre - 90, floor.above, 180, 26)
    return [
        Box(f"{key}values", place, "tag", 6),
        _in_box(f"{key}values_shape", place, text),
        arrow(f"{key}arrow[output]", (centre, floor.top - 4), (centre, place.bottom + 4)),
    ]


def _level_shape(grid: Grid, id: str, level: Level, top: float) -> list[Item]:
    if grid.roomy:
        return []
    middle = top + grid.level_height(level) / 2
    return [Label(id, MARGIN, middle + 4, level.shape, 12, "muted", "start")]


def _into(grid: Grid, floor: _Floor) -> list[Item]:
    """Draw the arrows into a row from what is below it."""
    _row, key, level = floor.row, grid.keys[id(floor.row)], floor.row.entry
    start, end = floor.below - 4, floor.bottom + 4
    if level.style == "other":
        centre = sum(grid.span) / 2
        return [arrow(f"{key}arrow[x]", (centre, start), (centre, end))]
    slots = [(slot, position) for slot, position in enumerate(grid.shown(level)) if position is not None]
    return [
        arrow(f"{key}arrow[x,t={position}]", (grid.centre(slot), start), (grid.centre(slot), end))
        for slot, position in slots or [(grid.slots - 1, 1)]
    ]


def _entry(grid: Grid, top: float) -> list[Item]:
    """Draw the input of the whole, with the names of its steps below."""
    level, items = grid.plan.entry, []
    if level.style == "other":
        centre = sum(grid.span) / 2
        place = Rectangle(centre - 90, top, 180, 26)
        return [Box("x", place, "tag", 6), _in_box("x_shape", place, level.shape)]
    bottom = top + grid.level_height(level)
    for slot, position in enumerate(grid.shown(level)):
        centre = grid.centre(slot)
        if position is None:
            items.append(Label("left_out_input", centre, (top + bottom) / 2 + 5, "…", 15, "muted"))
            continue
        index = level.index(position)
        items.append(_input(grid, index, position, centre, top))
        items.append(Label(f"name[x,t={index}]", centre, bottom + 20, subscript("x", index), 15))
        items.append(Label(f"caption[x,t={index}]", centre, bottom + 40, _caption(grid, index, position), 12, "muted"))
    if level.style == "numbers":
        items += [
            _in_box(f"number[t={level.index(p)}]", _tag_place(grid, s, top), _number(level, p))
            for s, p in enumerate(grid.shown(level))
            if p
        ]
    if grid.roomy:
        shape = f"(batch, {level.size})"
        x, y = grid.centre(0) + 12, top - RISE / 2 + 4
        return [*items, Label("shape[x]", x, y, shape, 12, "muted", "start")]
    return items + _level_shape(grid, "shape[x]", level, top)


def _input(grid: Grid, index: int, position: int, centre: float, top: float) -> Item:
    level = grid.plan.entry
    if level.style == "numbers":
        return Box(f"x[t={index}]", Rectangle(centre - CELL_WIDTH / 2, top, CELL_WIDTH, 26), "tag", 6)
    return column(f"x[t={index}]", centre, top, level.vector(position), level.size, "f", longest=grid.tallest)


def _tag_place(grid: Grid, slot: int, top: float) -> Rectangle:
    return Rectangle(grid.centre(slot) - CELL_WIDTH / 2, top, CELL_WIDTH, 26)


def _number(level: Level, position: int) -> str:
    return f"{level.values[level.index(position) - 1]:.0f}" if level.known else "?"


def _caption(grid: Grid, index: int, position: int) -> str:
    words = grid.plan.words
    if words is None:
        return f"step {position}"
    word = shortened(printable(words[index - 1]), 12, grid.stride - 100)
    return f"“{word}” · step {position}"
