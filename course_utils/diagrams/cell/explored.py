"""One step with what lies around it: the row of time-steps above, and the layer's weights below."""

from functools import lru_cache

from course_utils.diagrams.cell.made_of import WEIGHTS, linked
from course_utils.diagrams.cell.parts import Moment, light, limit_of
from course_utils.diagrams.cell.step import drawn, moment
from course_utils.diagrams.cell.time_line import time_line
from course_utils.diagrams.heatmaps import weights
from course_utils.diagrams.heatmaps.weights import Grid
from course_utils.diagrams.lettering import BOLD
from course_utils.diagrams.parts import MARGIN, NOTE_RISE, compose, extent, outline
from course_utils.diagrams.scene import Cells, Frame, Item, Label, Scene
from course_utils.diagrams.stacking import moved
from course_utils.recurrence import RecurrentSpec, RecurrentTrace

TIME_TOP, DROP = 80, 40  # of the row of time-steps; how far it moves the cell down
MAP_GAP = 52  # px from the cell's legend to the title of the weights
KEPT_MAPS = 8


def explored_scene(trace: RecurrentTrace, *, step: int, unit: int, sample: int = 0) -> Scene:
    """Lay out one step of a layer among all steps, with the weights that one unit uses.

    trace:  the layer's values on an input
    step:   which step, 1 … T, in order of processing
    unit:   the unit to point at, 1 … U: its cell in each row of units, its column of W, R and b in each block
    sample: which of the batch, from 0

    The weights of a SimpleRNN are part of the calculation; those of the others are drawn below it. Raises TypeError
    for the trace of a user's own cell.
    """
    now = moment(trace, step, sample)
    items, description = drawn(now)
    limit = limit_of(items)
    names = [item for item in items if item.id in ("title", "subtitle")]
    cell = moved((item for item in items if item not in names), 0, DROP)
    below, frames, words = _weights_below(now, cell, limit, unit)
    lights = [*light(cell, unit), *frames]
    around = time_line(trace.steps, step, TIME_TOP)
    everything = [*names, *around, *linked(now, cell, below), *below, *lights]
    return compose(now.title, description + words, everything, limit)


def _weights_below(now: Moment, cell: list[Item], limit: float, unit: int) -> tuple[list[Item], list[Frame], str]:
    """Return the weights map, the frames around the columns of a unit, and the map in words; nothing where W and R
    are in the cell already, or a mask skips the step."""
    if now.skipped or now.spec.kind == "SimpleRNN":
        return [], [], ""
    items, words = _weights(now.spec, max(extent(item).bottom for item in cell) + MAP_GAP, limit)
    frames = [_column(item, (unit - 0.5) / now.spec.units) for item in items if isinstance(item, Cells)]
    return items, frames, f" Below it: {words}"


def _column(cells: Cells, share: float) -> Frame:
    """Frame the column of a unit; where not all are drawn, the one that stands in its place."""
    return outline(f"light[{cells.id}]", cells, column=int(share * cells.shape[1]))


@lru_cache(maxsize=KEPT_MAPS)
def _weights(spec: RecurrentSpec, top: float, limit: float) -> tuple[list[Item], str]:
    """Return the weights map with its title at a height, and its words. Kept: a move to another step leaves it."""
    (grid,) = weights.grids_of([spec])
    body, below = weights.map_items(grid)
    drop = top + 34 - weights.TOP
    title = Label(f"{WEIGHTS}title", MARGIN, top, weights.weights_title(spec), 16, anchor="start", face=BOLD)
    notes = [
        Label(f"{WEIGHTS}note[{place}]", MARGIN, below + drop + 24 + NOTE_RISE * place, note, 12, "muted", "start")
        for place, note in enumerate(_notes(grid, limit))
    ]
    return [title, *moved(body, 0, drop, WEIGHTS), *notes], weights.weights_description(grid)


def _notes(grid: Grid, limit: float) -> list[str]:
    """Return what to know about the map below the cell: whose columns are framed."""
    nearest = "" if grid.every[1] == 1 else "; where it is left out, the one in its place"
    each = f"framed: the column of the unit in each of the {len(grid.spec.blocks)} blocks{nearest}"
    return [f"{each} · the colours are those of the scale above", " · ".join(weights.grid_notes([grid], limit))]
