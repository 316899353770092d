"""What flows between the rows of an unrolled picture: columns of values, their names, the arrows to them."""

from dataclasses import dataclass

import numpy as np

from course_utils.drawing.layout import CELL_WIDTH, MARGIN, arrow, column
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Item, Label, Rectangle
from course_utils.drawing.text import BOLD, SANS, printable, shortened, subscript, text_width
from course_utils.pictures.unrolled.grid import RISE, Grid
from course_utils.pictures.unrolled.plan import Level, Row


@dataclass(frozen=True, eq=False)
class Floor:
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


def in_box(id: str, box: Rectangle, text: str) -> Label:
    """Write a text in the middle of a box, cut where it is too long."""
    return Label(id, box.centre[0], box.centre[1] + 5, shortened(printable(text), 12.5, box.width - 12), 12.5)


def _columns(grid: Grid, row: Row) -> list[tuple[int, int, np.ndarray | None, bool]]:
    """Return what stands above a row: slot, position, values, and whether it stays inside the layer."""
    level, plan, unused = row.leaving, grid.plan, row.goes == "nowhere"
    if row.style == "cells" and level.style == "vector":
        outputs, steps = row.traces[0].outputs[plan.sample], row.traces[0].steps
        return [
            (slot, position, outputs[position - 1] if plan.known else None, unused or position != steps)
            for slot, position in enumerate(grid.shown(row.entry))
            if position is not None
        ]
    if level.style == "steps":
        shown = enumerate(grid.shown(level))
        return [(slot, position, level.vector(position), unused) for slot, position in shown if position is not None]
    return [(grid.ends[level], row.entry.steps or 1, level.values if level.known else None, unused)]


def above(grid: Grid, floor: Floor) -> list[Item]:
    """Draw the values that a row gives, and the arrows to them."""
    row, key = floor.row, grid.keys[floor.row]
    if row.leaving.style == "other":
        return _shape_alone(grid, floor, key)
    items: list[Item] = []
    bottom = floor.above + grid.level_height(row.leaving)
    for slot, position, values, ghost in _columns(grid, row):
        centre = grid.centre(slot)
        id, size, made = Ref("output", t=position, place=key), row.leaving.size, grid.made_of(row, position)
        cells = column(id, centre, floor.above, values, size, "u", ghost=ghost, longest=grid.tallest, made_of=made)
        way = (centre, floor.top - 4), (centre, bottom + 4)
        items += [cells, arrow(f"{key}arrow[output,t={position}]", *way, role="ghost" if ghost else "flow")]
        items.append(_name(grid, floor, key, position, cells.place, ghost))
    return items + _level_shape(grid, f"{key}shape", row.leaving, floor.above)


def _name(grid: Grid, floor: Floor, key: str, position: int, place: Rectangle, ghost: bool) -> Label:
    """Name a vector: above it at the top of the picture, else at its right."""
    level = floor.row.leaving
    index = level.index(position) if level.style == "steps" else position
    letter = level.letter if level.style == "vector" and floor.row.style != "cells" else subscript(level.letter, index)
    letter += grid.layer_mark(floor.row)
    look = {"role": "muted" if ghost else "ink", "face": SANS if ghost else BOLD}
    id = f"{key}name[output,t={position}]"
    if floor.highest and floor.row.goes == "out":
        text = letter if ghost else f"output = {letter}"
        return Label(id, place.centre[0], place.y - 10, text, 13, **look)
    return Label(id, place.right + 6, place.centre[1] + 5, letter, 13, anchor="start", **look)


def _shape_alone(grid: Grid, floor: Floor, key: str) -> list[Item]:
    """Show by its shape what is no vector and no sequence of vectors."""
    drawn = _shape_box(grid, f"{key}values", floor.above, floor.row.leaving)
    centre, bottom = drawn[0].place.centre[0], drawn[0].place.bottom
    return [*drawn, arrow(f"{key}arrow[output]", (centre, floor.top - 4), (centre, bottom + 4))]


def _shape_box(grid: Grid, id: str, top: float, level: Level) -> list[Item]:
    width = text_width(level.shape, 12.5) + 20
    place = Rectangle(sum(grid.span()) / 2 - width / 2, top, width, 26)
    return [Box(id, place, "tag", 6), in_box(f"{id}_shape", place, level.shape)]


def _level_shape(grid: Grid, id: str, level: Level, top: float) -> list[Item]:
    if grid.roomy:
        return []
    middle = top + grid.level_height(level) / 2
    return [Label(id, MARGIN, middle + 4, level.shape, 12, "muted", "start")]


def into(grid: Grid, floor: Floor) -> list[Item]:
    """Draw the arrows into a row from what is below it."""
    key, level = grid.keys[floor.row], floor.row.entry
    start, end = floor.below - 4, floor.bottom + 4
    if level.style == "other":
        centre = sum(grid.span()) / 2
        return [arrow(f"{key}arrow[x]", (centre, start), (centre, end))]
    slots = [
        (slot, position)
        for slot, position in enumerate(grid.shown(level))
        if position is not None and not grid.passed_over(floor.row, position)
    ]
    return [
        arrow(f"{key}arrow[x,t={position}]", (grid.centre(slot), start), (grid.centre(slot), end))
        for slot, position in (slots if level.steps else [(grid.ends[level], 1)])
    ]


def entry(grid: Grid, top: float) -> list[Item]:
    """Draw the input of the whole, with the names of its steps below."""
    level = grid.plan.entry
    if level.style == "other":
        return _shape_box(grid, "x", top, level)
    bottom = top + grid.level_height(level)
    items: list[Item] = []
    for slot, position in enumerate(grid.shown(level)):
        centre = grid.centre(slot)
        if position is None:
            items.append(Label("left_out_input", centre, (top + bottom) / 2 + 5, "…", 15, "muted"))
            continue
        index = level.index(position)
        items += _input(grid, position, centre, top)
        items.append(Label(f"name[x,t={index}]", centre, bottom + 20, subscript(level.letter, index), 15))
        items.append(Label(f"caption[x,t={index}]", centre, bottom + 40, _caption(grid, index, position), 12, "muted"))
    if not level.steps:
        items += _input(grid, 1, grid.centre(0), top)
        items.append(Label("name[x]", grid.centre(0), bottom + 20, level.letter, 15))
    if grid.plan.marks is not None:
        said = shortened(printable(grid.plan.source or grid.plan.called), 12, grid.left - MARGIN - CELL_WIDTH)
        items.append(Label("source", MARGIN, (top + bottom) / 2 + 22, said, 12, "muted", "start"))
    if not grid.roomy:
        return items + _level_shape(grid, "shape[x]", level, top)
    x, y = grid.centre(0) + 12, top - RISE / 2 + 4
    return [*items, Label("shape[x]", x, y, f"(batch, {level.size})", 12, "muted", "start")]


def _input(grid: Grid, position: int, centre: float, top: float) -> list[Item]:
    """Draw one step of the input: a column, or the number that an Embedding looks up."""
    level = grid.plan.entry
    index = level.index(position) if level.steps else position
    if level.style != "numbers":
        values = level.vector(position) if level.steps else level.values if level.known else None
        return [column(Ref("x", t=index), centre, top, values, level.size, "f", longest=grid.tallest)]
    place = Rectangle(centre - CELL_WIDTH / 2, top, CELL_WIDTH, 26)
    number = f"{level.values[index - 1]:.0f}" if level.known else "?"
    return [Box(f"x[t={index}]", place, "tag", 6), in_box(f"number[t={index}]", place, number)]


def _caption(grid: Grid, index: int, position: int) -> str:
    words = grid.plan.words
    if words is None:
        return f"step {position}"
    word = shortened(printable(words[index - 1]), 12, grid.stride - 100)
    return f"“{word}” · step {position}"
