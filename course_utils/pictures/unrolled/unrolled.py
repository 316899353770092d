"""The unrolled picture: time to the right, depth upwards, one copy of each cell for every step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN, left_out, shown_with, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.scene import Box, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened, text_width
from course_utils.pictures.unrolled.grid import LINE, RISE, TOP, Grid
from course_utils.pictures.unrolled.plan import CLOSED, Plan, Row
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
MOST_ROWS = 7  # of the rows, how many are drawn; if more, the lowest and the highest ones


def unrolled_scene(plan: Plan, *, every: bool = False) -> Scene:
    """Lay out a layer or model unrolled over its time-steps.

    every: leave no step out, however many there are
    """
    stack = Stack.of(plan, every)
    limit, beyond = scale_of([plan])
    notes = [shortened(printable(note), 12, WIDEST_TEXT) for note in legend_notes(plan, beyond)]
    named = shortened(printable(title(plan)), TITLE_SIZE, WIDEST_TEXT, BOLD)
    return Picture(named, subtitle(plan), stack.items, sentences(plan), Legend(stack.below + 28, notes), limit).scene


def _shown_rows(plan: Plan) -> tuple[list[int], dict[int, int]]:
    """Return which rows are drawn, and how many are left out below a drawn one. Recurrent ones are the last to go."""
    if len(plan.rows) <= MOST_ROWS:
        return list(range(len(plan.rows))), {}
    recurrent = [place for place, row in enumerate(plan.rows, start=1) if row.traces]
    shown = shown_with(len(plan.rows), recurrent, MOST_ROWS)
    gaps = {after - 1: after - before - 1 for before, after in left_out(shown).values()}
    return [place - 1 for place in shown if place], gaps


@dataclass(frozen=True, eq=False)
class Stack:
    """The rows of one branch above each other, in a place of its own.

    floors: the rows that are drawn, from the highest; numbers: which of the plan's rows, from 0, each of them is
    items:  all that is drawn; below: where it ends, with the names of the steps
    """

    grid: Grid
    floors: list[Floor]
    numbers: list[int]
    items: list[Item]
    below: float

    @classmethod
    def of(cls, plan: Plan, every: bool = False, room: Mapping[int, float] = MappingProxyType({})) -> "Stack":
        """Lay out the rows. room: by the number of a row, more px below it, for what comes from elsewhere."""
        kept, gaps = _shown_rows(plan)
        grid = Grid(replace(plan, rows=tuple(plan.rows[place] for place in kept)), every, plan.rows)
        floors: list[Floor] = []
        items: list[Item] = []
        gone: list[Item] = []
        top: float = TOP
        for place in reversed(kept):
            row = plan.rows[place]
            box = top + grid.level_height(row.leaving) + RISE
            below = box + grid.row_height(row) + RISE + room.get(place, 0)
            floor = Floor(row, box, grid.row_height(row), top, below, place == kept[-1])
            floors.append(floor)
            items += _row(grid, floor) + into(grid, floor) + above(grid, floor)
            if place in gaps:
                mark = "" if len(gaps) == 1 else f"[{place}]"
                text = f"… {wording.counted(gaps[place], 'more layer')} …"
                gone.append(Label(f"left_out_layers{mark}", sum(grid.span()) / 2, below + LINE + 10, text, 13))
            top = below + (2 * LINE + RISE if place in gaps else 0)
        items += entry(grid, floors[-1].below) + gone
        return cls(grid, floors, kept[::-1], items, floors[-1].below + grid.level_height(plan.entry) + NAMES)

    @property
    def top(self) -> float:
        """Where the highest values begin."""
        return self.floors[0].above

    def floor(self, row: int) -> Floor | None:
        """Return where a row of the plan stands, from 1; None where it is left out."""
        return next((one for number, one in zip(self.numbers, self.floors, strict=True) if number == row - 1), None)

    def level(self, level: int) -> tuple[float, float] | None:
        """Return the top of what a row gives, 0 for the input, and the middle of its last column; None as ``floor``."""
        floor = self.floor(level)
        if level and floor is None:
            return None
        values = self.grid.plan.entry if floor is None else floor.row.leaving
        top = self.floors[-1].below if floor is None else floor.above
        x = sum(self.grid.span()) / 2 if values.style == "other" else self.grid.centre(self.grid.ends[values])
        return top, x


def scale_of(plans: Sequence[Plan]) -> tuple[float, bool]:
    """Return the end of the colour scale, and whether values lie beyond it.

    The hidden states set it: a loud input must not make them pale.
    """
    sample, known = plans[0].sample, plans[0].known
    rows = [row for plan in plans for row in plan.rows]
    traces = [trace for row in rows for trace in row.traces]
    hidden = [trace.hidden[sample] for trace in traces if known]
    begun = [start for trace in traces for start in (trace.initial, trace.initial_cell_state)]
    starts = [start[sample] for start in begun if start is not None]
    others = [row.leaving.values for row in rows]
    others += [plan.entry.values for plan in plans if plan.entry.style != "numbers"]
    others += [trace.cell_state[sample] for trace in traces if trace.cell_state is not None]
    limit = strongest(*hidden, *starts) if hidden or starts else strongest(*others)
    return limit, known and strongest(*others) > limit


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
        said = next((text for text in _wide_texts(row) if text_width(text, 12.5) <= box.width - 12), row.title)
        return [Box(f"{key}layer", box, role, 8), in_box(f"{key}layer_name", box, said)]
    slots = enumerate(grid.shown(row.leaving)) if row.style == "each" else [(grid.ends[row.leaving], 1)]
    for slot, position in slots:
        if position is not None:
            box = grid.box(slot, floor.top, LINE)
            mark = f"[t={position}]" if row.style == "each" else ""
            items += [Box(f"{key}layer{mark}", box, role, 8), in_box(f"{key}layer_name{mark}", box, row.title)]
    return items


def _wide_texts(row: Row) -> list[str]:
    """Return what is written in the box of a layer that reads the whole sequence, the fullest first."""
    shapes = "" if row.entry.shape == row.leaving.shape else f": {row.entry.shape} → {row.leaving.shape}"
    unseen = f"reads {' and '.join(row.unseen)} too" if row.unseen else ""
    note = "".join(f" · {said}" for said in (row.note, unseen) if said)
    return [f"{row.title}{shapes}{note}", f"{row.title}{shapes}", f"{row.title}{note}"]


def _row_title(grid: Grid, floor: Floor) -> list[Item]:
    """Write the name of a layer at its left, with its parameters."""
    row = floor.row
    if grid.roomy:
        return []
    key, y = grid.keys[row], floor.top - 18
    text = "" if row.total is None else wording.counted(row.total, "parameter", thousands=True)
    text = "the same weights" if row.again and row.total else text
    if not row.traces:
        inside = Label(f"{key}layer_total", MARGIN, floor.top + LINE / 2 + 4, text, 12, "muted", "start")
        return [inside] if row.total else []
    return [
        Label(f"{key}layer_title", MARGIN, y, row.title + grid.layer_mark(row), 13, anchor="start", face=BOLD),
        Label(f"{key}layer_total", MARGIN, y + 18, text, 12, "muted", "start"),
    ]
