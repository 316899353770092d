"""One step with what lies around it: the row of time-steps above, and the layer's weights below."""

from dataclasses import replace
from functools import lru_cache

from course_utils.drawing.layout import MARGIN, arrow, elided, moved
from course_utils.drawing.picture import NOTE_RISE, Legend
from course_utils.drawing.scene import Box, Cells, Frame, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, text_width
from course_utils.drawing.wording import scale_end
from course_utils.pictures.cell.made_of import WEIGHTS, linked
from course_utils.pictures.cell.moment import Moment, column_frame, light
from course_utils.pictures.cell.step import moment, picture_of
from course_utils.pictures.weights import weights
from course_utils.pictures.weights.blocks import TOP, Grid, Room, grids_of
from course_utils.recurrence import RecurrentSpec, RecurrentTrace

HEIGHT, GAP = 22, 26  # px: of the box of a time-step, and from one to the next
SIDE, AROUND = 1, 2  # of more steps than fit, how many are drawn at each end, and before and after the present one
MOST = 2 * (SIDE + AROUND) + 3
TIME_TOP, DROP = 78, 14  # of the row of time-steps; how far it moves the cell down
MAP_GAP = 44  # px from the numbers of the scale to the title of the weights
KEPT_MAPS = 8
ROOM = Room(wide=760, tall=280, square=18, numbers=False)  # its numbers stand in the sums of the unit


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
    picture = picture_of(now)
    cell = moved(picture.body, 0, DROP)
    if now.spec.cell.gates:  # what a gate adds up has no numbers here: those of the unit stand in its sums
        cell = [
            replace(item, numbers=False) if isinstance(item, Cells) and item.role == "summand" else item
            for item in cell
        ]
    legend, below, frames, words = _weights_below(now, picture.legend, unit)
    return replace(
        picture,
        body=[*time_line(trace.steps, step, TIME_TOP), *linked(now, cell, below)],
        sentences=[*picture.sentences, *words],
        legend=legend,
        over=[*below, *light(cell, unit), *frames],
    ).scene


def _weights_below(now: Moment, legend: Legend, unit: int) -> tuple[Legend, list[Item], list[Frame], list[str]]:
    """Return the legend with the scale of the weights too, their map, the frames around the columns of a unit, and the
    map in words; nothing of these where W and R are in the cell already, or a mask skips the step."""
    legend = replace(legend, top=legend.top + DROP)
    if now.skipped or now.spec.kind == "SimpleRNN":
        return legend, [], [], []
    limits, items, words = _map(now.spec, legend.top)
    share = (unit - 0.5) / now.spec.units  # where not all columns are drawn, the one that stands in its place
    frames = [column_frame(item, int(share * item.shape[1])) for item in items if isinstance(item, Cells)]
    return replace(legend, limits=limits), items, frames, words


@lru_cache(maxsize=KEPT_MAPS)
def _map(spec: RecurrentSpec, scale: float) -> tuple[dict[str, float], list[Item], list[str]]:
    """Return the ends of the scale for the weights, their map with its title, and its words.

    Kept: a move to another step leaves it. scale: the height of the scale of colours; below its numbers go those for
    the weights, and then the map.
    """
    (grid,) = grids_of([spec], ROOM)
    limits = _limits(grid)
    body, _below = weights.map_items(grid, counts=False)
    top = Legend(scale, limits=limits).bottom + MAP_GAP
    drop = top + 30 - TOP
    below = max(item.place.bottom for item in body) + drop + 24
    title = Label(f"{WEIGHTS}title", MARGIN, top, weights.weights_title(spec), 16, anchor="start", face=BOLD)
    notes = [
        Label(f"{WEIGHTS}note[{place}]", MARGIN, below + NOTE_RISE * place, note, 12, "muted", "start")
        for place, note in enumerate(_notes(grid, limits))
    ]
    words = ["Below it:", *weights.weights_in_words(grid)]
    return limits, [title, *moved(body, 0, drop, WEIGHTS), *notes], words


def _limits(grid: Grid) -> dict[str, float]:
    """Return the ends of the scale for the weights, which are smaller than the sums: one, or one for b too."""
    matrices, bias = grid.limits
    if not grid.spec.use_bias:
        return {"W R": matrices}
    return {"W R b": matrices} if bias == matrices else {"W R": matrices, "b": bias}


def _notes(grid: Grid, limits: dict[str, float]) -> list[str]:
    """Return what to know about the map below the cell: whose columns are framed, and how strong its colours are."""
    nearest = "" if grid.every[1] == 1 else "; where it is left out, the one in its place"
    strong = ", ".join(f"±{scale_end(limit)} in {name.replace(' ', ', ')}" for name, limit in limits.items())
    return [
        f"framed: the column of the unit in each of the {len(grid.spec.blocks)} blocks{nearest}",
        f"here the strongest colour is {strong}",
        " · ".join(weights.grid_notes([grid])),
    ]


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
