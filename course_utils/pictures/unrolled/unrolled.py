"""The unrolled picture: time to the right, depth upwards, one copy of each cell for every step."""

from dataclasses import replace

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.scene import Box, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened
from course_utils.pictures.unrolled.grid import LINE, RISE, TOP, Grid
from course_utils.pictures.unrolled.plan import CLOSED, Plan
from course_utils.pictures.unrolled.recurrent_row import Lane, both_items, lane_items
from course_utils.pictures.unrolled.unrolled_words import (
    TITLE_SIZE,
    WIDEST_TEXT,
    legend_notes,
    sentences,
    subtitle,
    title,
)
from course_utils.pictures.unrolled.values import Floor, above, entry, in_box, into

NAMES = 43  # px: below the input, for the names of the steps
MOST_ROWS, LOWEST, HIGHEST = 7, 3, 2  # of the rows, how many are drawn; if more, the lowest and the highest ones


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
        items += into(grid, floor) + above(grid, floor)
    items += entry(grid, floors[-1].below)
    if hidden:
        items.append(_hidden_rows(grid, floors, hidden))
    below = floors[-1].below + grid.level_height(plan.entry) + NAMES
    limit, beyond = _limit(grid)
    notes = [shortened(printable(note), 12, WIDEST_TEXT) for note in legend_notes(plan, beyond)]
    named = shortened(printable(title(plan)), TITLE_SIZE, WIDEST_TEXT, BOLD)
    return Picture(named, subtitle(plan), items, sentences(plan), Legend(below + 28, notes), limit).scene


def _shown_rows(plan: Plan) -> tuple[Plan, int]:
    """Return the rows that are drawn, and how many are left out between them."""
    if len(plan.rows) <= MOST_ROWS:
        return plan, 0
    rows = (*plan.rows[:LOWEST], *plan.rows[-HIGHEST:])
    return replace(plan, rows=rows), len(plan.rows) - len(rows)


def _floors(grid: Grid, hidden: int) -> list[Floor]:
    """Place the rows below each other, the highest first."""
    floors: list[Floor] = []
    above: float = TOP
    rows = grid.plan.rows
    for place, row in reversed(list(enumerate(rows))):
        top = above + grid.level_height(row.leaving) + RISE
        below = top + grid.row_height(row) + RISE
        floors.append(Floor(row, top, grid.row_height(row), above, below, place == len(rows) - 1))
        above = below + (2 * LINE + RISE if hidden and place == LOWEST else 0)
    return floors


def _hidden_rows(grid: Grid, floors: list[Floor], hidden: int) -> Label:
    """Say how many layers are left out, in their place."""
    floor = floors[HIGHEST - 1]
    text = f"… {wording.counted(hidden, 'more layer')} …"
    return Label("left_out_layers", sum(grid.span()) / 2, floor.below + LINE + 10, text, 13)


def _limit(grid: Grid) -> tuple[float, bool]:
    """Return the end of the colour scale, and whether values lie beyond it.

    The hidden states set it: a loud input must not make them pale.
    """
    plan, sample = grid.plan, grid.plan.sample
    hidden = [trace.hidden[sample] for row in plan.rows for trace in row.traces if plan.known]
    begun = [start for row in plan.rows for one in row.traces for start in (one.initial, one.initial_cell_state)]
    starts = [start[sample] for start in begun if start is not None]
    others = [row.leaving.values for row in plan.rows] + [plan.entry.values] * (plan.entry.style != "numbers")
    others += [trace.cell_state[sample] for row in plan.rows for trace in row.traces if trace.cell_state is not None]
    limit = strongest(*hidden, *starts) if hidden or starts else strongest(*others)
    return limit, plan.known and strongest(*others) > limit


def _row(grid: Grid, floor: Floor) -> list[Item]:
    """Draw the boxes of one row."""
    row, key = floor.row, grid.keys[floor.row]
    items = _row_title(grid, floor)
    if row.style == "cells":
        return items + lane_items(Lane(grid, row, row.traces[0], key, floor.top))
    if row.style == "both":
        return items + both_items(grid, row, key, floor.top)
    role = "closed" if row.note == CLOSED else "cell"
    if row.style == "wide":
        left, right = grid.span(row.entry, row.leaving)
        box = Rectangle(left, floor.top, right - left, LINE)
        shapes = "" if row.entry.shape == row.leaving.shape else f": {row.entry.shape} → {row.leaving.shape}"
        text = f"{row.title}{shapes}{' · ' if row.note else ''}{row.note}"
        return [Box(f"{key}layer", box, role, 8), in_box(f"{key}layer_name", box, text)]
    slots = enumerate(grid.shown(row.leaving)) if row.style == "each" else [(grid.ends[row.leaving], 1)]
    for slot, position in slots:
        if position is not None:
            box = grid.box(slot, floor.top, LINE)
            mark = f"[t={position}]" if row.style == "each" else ""
            items += [Box(f"{key}layer{mark}", box, role, 8), in_box(f"{key}layer_name{mark}", box, row.title)]
    return items


def _row_title(grid: Grid, floor: Floor) -> list[Item]:
    """Write the name of a layer at its left, with its parameters."""
    row = floor.row
    if grid.roomy:
        return []
    key, y = grid.keys[row], floor.top - 18
    text = "" if row.total is None else wording.counted(row.total, "parameter", thousands=True)
    if not row.traces:
        inside = Label(f"{key}layer_total", MARGIN, floor.top + LINE / 2 + 4, text, 12, "muted", "start")
        return [inside] if row.total else []
    return [
        Label(f"{key}layer_title", MARGIN, y, row.title + grid.layer_mark(row), 13, anchor="start", face=BOLD),
        Label(f"{key}layer_total", MARGIN, y + 18, text, 12, "muted", "start"),
    ]
