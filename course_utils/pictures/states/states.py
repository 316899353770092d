"""What a layer does over time: x, gates, candidate, c and h as strips of colours on one time axis.

As in all pictures the input is below and the state above; of several layers the first is the lowest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import beyond, grouped, groups
from course_utils.drawing.layout import MARGIN, badge, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.scene import Cells, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened, text_width
from course_utils.pictures.states.strips import Layer, Strip
from course_utils.recurrence import RecurrentTrace

TOP = 94
MOST_LAYERS = 3
STRIP_GAP, PART_GAP, LAYER_GAP = 9, 20, 34  # between strips, between x, gates and states, between layers
LETTER_BOX, LETTER_ROOM = 22, 34
MASK_HEIGHT, MASK_WORDS = 12, "mask: white = skipped"
MOST_NUMBERS, NUMBERED_STEPS, NUMBERED_ROWS = 200, 6, 4
ALL_TICKED, MOST_TICKS, TICK_ROOM = 12, 10, 30  # steps; numbers of many steps; px between two numbers
TICKS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
CHANGES_SAID = 30  # steps: of longer traces the description does not say when a strip changes most


@dataclass(frozen=True, eq=False)
class _Grid:
    """The measures that all layers of the picture share. left: of the first step."""

    layers: Sequence[Layer]
    left: float

    @property
    def several(self) -> bool:
        return len(self.layers) > 1

    @property
    def right(self) -> float:
        return self.left + max(layer.width for layer in self.layers)

    @cached_property
    def numbers(self) -> bool:
        """Whether small strips carry numbers: not when that would make too many."""
        numbered = [strip.values.size for layer in self.layers for strip in layer.strips if _small(strip)]
        return sum(numbered) <= MOST_NUMBERS and not self.several

    @cached_property
    def limit(self) -> float:
        """The end of the scale. That of gates and states: x and c may be large, and would make all else pale."""
        return strongest(*(values for name, values in self.shown() if name not in ("x", "c")))

    def shown(self) -> list[tuple[str, np.ndarray]]:
        """Return all strips by name, with the values that their cells show."""
        return [(strip.id, layer.shown(strip)) for layer in self.layers for strip in layer.strips]


def states_scene(traces: Sequence[RecurrentTrace], *, sample: int = 0) -> Scene:
    """Lay out what recurrent cells do over time, one panel each; of more than three only the first three.

    traces: in order of execution
    sample: which of the batch, from 0
    """
    drawn = traces[:MOST_LAYERS]
    layers = [Layer(trace, sample, number, len(drawn)) for number, trace in enumerate(drawn, start=1)]
    grid = _Grid(layers, _left(layers))
    title, subtitle = _title(layers), _subtitle(grid)
    items: list[Item] = []
    top: float = TOP
    if len(traces) > MOST_LAYERS:
        items.append(Label("left_out", MARGIN, top, _left_out(len(traces)), 13, anchor="start"))
        top += 26
    items.append(Label("ranges", grid.right + 16, top, "lowest … highest", 11.5, "muted", "start"))
    top += 10
    for layer in reversed(layers):
        panel, top = _panel(grid, layer, top)
        items += panel
    notes = _notes(grid)
    said = [f"{title}: {subtitle}."]
    for layer in layers:
        said += _layer_in_words(layer, grid.several)
    said += [f"{note[0].upper()}{note[1:]}." for note in notes]
    if len(traces) > MOST_LAYERS:
        said.append(f"Left out: {wording.counted(len(traces) - MOST_LAYERS, 'more recurrent layer')}.")
    return Picture(title, subtitle, items, said, Legend(top + 22, notes), grid.limit).scene


def _title(layers: Sequence[Layer]) -> str:
    first = layers[0]
    what = first.kind if len(layers) == 1 else f"{len(layers)} recurrent layers"
    steps = {layer.steps for layer in layers}
    over = f" over {wording.counted(first.steps, 'step')}" if len(steps) == 1 else " over time"
    which = f", sample {first.sample} of the batch" if len(first.trace.x) > 1 else ""
    return what + over + which


def _subtitle(grid: _Grid) -> str:
    gated = any(layer.gated for layer in grid.layers)
    rise = "x comes in below, the gates decide, h leaves above" if gated else "x comes in below, h leaves above"
    order = "; the first layer is the lowest" if grid.several else ""
    return f"one column a step, one row a unit: {rise}{order}"


def _left_out(count: int) -> str:
    more = count - MOST_LAYERS
    return f"… {wording.counted(more, 'more recurrent layer')} above: draw_states(trace.recurrent[{MOST_LAYERS}]) " + (
        "draws it" if more == 1 else "draws the next one"
    )


def _left(layers: Sequence[Layer]) -> float:
    words = [text_width(strip.words, 12.5) for layer in layers for strip in layer.strips]
    masked = [text_width(MASK_WORDS, 12.5)] if any(layer.skipped.size for layer in layers) else []
    return float(np.ceil(MARGIN + LETTER_ROOM + max(words + masked) + 18))


def _small(strip: Strip) -> bool:
    rows, steps = strip.values.shape
    return rows <= NUMBERED_ROWS and steps <= NUMBERED_STEPS


def _panel(grid: _Grid, layer: Layer, top: float) -> tuple[list[Item], float]:
    """Draw one layer from its heading down to its time axis; return also where the next one begins."""
    items: list[Item] = []
    if grid.several:
        name = shortened(f"{printable(layer.trace.name)} · {layer.kind}", 14, grid.right - MARGIN, BOLD)
        items.append(Label(layer.id("heading"), MARGIN, top + 10, name, 14, anchor="start", face=BOLD))
        top += 26
    before = layer.strips[0]
    for strip in layer.strips:
        top += PART_GAP - STRIP_GAP if strip.part != before.part else 0
        items += _strip(grid, layer, strip, top)
        top += layer.height(strip) + STRIP_GAP
        before = strip
    if layer.skipped.size:
        items += _mask(grid, layer, top)
        top += MASK_HEIGHT + STRIP_GAP
    lowest = grid.layers[0]  # it has a time axis, and so have others whose own differs
    if layer is lowest or (layer.steps, layer.backwards) != (lowest.steps, lowest.backwards):
        items += _axis(grid, layer, top)
        top += 40
    return items, top + (LAYER_GAP - STRIP_GAP if layer.number > 1 else 0)


def _strip(grid: _Grid, layer: Layer, strip: Strip, top: float) -> list[Item]:
    """Draw one quantity over time: its letter and words, its cells, its range."""
    height, values = layer.height(strip), layer.shown(strip)
    place = Rectangle(grid.left, top, layer.width, height)
    name = layer.id(strip.id)
    rows = _axis_letter("f" if strip.id == "x" else "u", layer.share.rows(strip))
    letters = rows, _axis_letter("t", layer.share.steps)
    numbers = grid.numbers and _small(strip)
    y = top + height / 2
    low, high = wording.number(np.min(strip.values)), wording.number(np.max(strip.values))
    reach = low if low == high else f"{low} … {high}"
    return [
        *_letter(name, strip, y),
        Label(f"words[{name}]", MARGIN + LETTER_ROOM, y + 4.5, strip.words, 12.5, anchor="start"),
        Cells(name, place, values.shape, values, letters, numbers=numbers),
        Label(f"range[{name}]", place.right + 16, y + 4.5, reach, 11.5, "muted", "start"),
    ]


def _axis_letter(letter: str, shared: int) -> str:
    """Return the letter that indexes a cell; a group must not pass for one step or unit."""
    return letter if shared == 1 else f"{letter}_group"


def _letter(name: str, strip: Strip, y: float) -> list[Item]:
    """Draw the letter of a strip: that of a gate or candidate on its hue."""
    if not strip.hue:
        return [Label(f"letter[{name}]", MARGIN + LETTER_BOX / 2, y + 5.5, strip.letter, 15, face=BOLD)]
    place = Rectangle(MARGIN, y - LETTER_BOX / 2, LETTER_BOX, LETTER_BOX)
    return badge((f"gate[{name}]", f"letter[{name}]"), place, strip.letter, strip.hue, radius=5, drop=4.5)


def _mask(grid: _Grid, layer: Layer, top: float) -> list[Item]:
    """Draw which steps were read, in the strongest colour whatever the scale, and which were skipped, in white."""
    read = grid.limit * layer.read[None].astype(float)
    values = grouped(read, 1, groups(layer.steps, layer.share.steps))
    place = Rectangle(grid.left, top, layer.width, MASK_HEIGHT)
    name, axes = layer.id("mask"), (_axis_letter("t", layer.share.steps),)
    return [
        Label(f"words[{name}]", MARGIN + LETTER_ROOM, top + 10.5, MASK_WORDS, 12.5, anchor="start"),
        Cells(name, place, values.shape, values, axes, numbers=False),
    ]


def _axis(grid: _Grid, layer: Layer, top: float) -> list[Item]:
    """Write the numbers of some steps below their columns, and what they count."""
    name = layer.id("axis")
    ticks = [
        Label(f"{name}[t={step}]", grid.left + (step - 0.5) * layer.step_width, top + 9, str(step), 11.5, "muted")
        for step in _ticks(layer.steps, layer.step_width)
    ]
    text = "time-step →"
    if layer.backwards:
        text = "time-step, in order of processing: step 1 is the last of the input →"
    return [*ticks, Label(name, grid.left, top + 28, text, 12, "muted", "start")]


def _ticks(steps: int, width: float) -> list[int]:
    """Return the steps whose numbers are written: all of a few, else 1, round ones at one distance, and the last."""
    if steps <= ALL_TICKED:
        return list(range(1, steps + 1))
    every = next(tick for tick in TICKS if tick * width >= TICK_ROOM and steps / tick <= MOST_TICKS)
    return [1, *(step for step in range(every, steps, every) if (steps - step) * width >= TICK_ROOM), steps]


def _notes(grid: _Grid) -> list[str]:
    """Return what a reader must know about the cells."""
    notes = [_cell_note(grid)]
    if any(layer.gated for layer in grid.layers):
        notes.append("a gate is open at 1 (blue), half open at 0.5, closed at 0 (white)")
    if any(layer.skipped.size for layer in grid.layers):
        notes.append("at a skipped step the states stay as they were")
    over = [
        name for name in ("x", "c") if beyond(grid.limit, *(shown for known, shown in grid.shown() if known == name))
    ]
    if over:
        end = wording.scale_end(grid.limit)
        notes.append(f"values of {' and '.join(over)} beyond ±{end} have the strongest colour")
    return notes


def _cell_note(grid: _Grid) -> str:
    """Say what one square stands for: of several layers, the largest groups."""
    shares = [layer.share for layer in grid.layers]
    sizes = {name: max(getattr(share, name) for share in shares) for name in ("steps", "units", "features")}
    parts = [f"{sizes[name]} {name}" for name in ("steps", "features") if sizes[name] > 1]
    cell = f"one square = the mean of up to {' × '.join(parts)}" if parts else "one square = one unit at one step"
    return cell + (f" · of the units, one in {sizes['units']} is drawn" if sizes["units"] > 1 else "")


def _layer_in_words(layer: Layer, named: bool) -> Iterator[str]:
    """Say what the strips of one layer show."""
    trace, plain = layer.trace, wording.plain_number
    if named:
        yield f"Layer {printable(trace.name)}, {layer.kind}, {wording.counted(layer.steps, 'step')}:"
    strips = [
        f"{strip.letter}, {strip.words}, from {plain(np.min(strip.values))} to {plain(np.max(strip.values))}"
        f"{_change_in_words(strip.values)}"
        for strip in reversed(layer.strips)
    ]
    yield f"Strips from below: {'; '.join(strips)}."
    if layer.backwards:
        yield "The steps are in order of processing, from the end of the input to its start."
    if layer.skipped.size:
        steps = ", ".join(map(str, layer.skipped)) if layer.skipped.size <= wording.LONGEST_LIST else ""
        which = f": {steps}" if steps else ""
        yield f"A mask skips {wording.counted(layer.skipped.size, 'step')} of {layer.steps}{which}."
    yield f"The last h is h_{layer.steps} = {wording.vector(trace.hidden[layer.sample, -1])}."


def _change_in_words(values: np.ndarray) -> str:
    """Say at which step a short strip, (rows, T), differs most from the step before; nothing where it never does."""
    if not 1 < values.shape[1] <= CHANGES_SAID:
        return ""
    with np.errstate(all="ignore"):
        sizes = np.abs(np.diff(values.astype(float), axis=1)).sum(axis=0)
    sizes[~np.isfinite(sizes)] = 0
    return f", changes most at step {int(np.argmax(sizes)) + 2}" if sizes.any() else ""
