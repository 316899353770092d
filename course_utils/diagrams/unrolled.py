"""The unrolled layer: one copy of the cell for each time-step, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, MONO, SANS, printable, shortened, subscript
from course_utils.diagrams.parts import (
    CELL_HEIGHT,
    CELL_WIDTH,
    FIRST,
    LAST,
    MARGIN,
    TALLEST,
    arrow,
    cell_box_width,
    cell_length,
    column,
    compose,
    heading,
    legend,
    shown_steps,
    strongest,
    tags,
)
from course_utils.diagrams.scene import Box, Item, Label, Rectangle, Scene
from course_utils.recurrence import RecurrentSpec, RecurrentTrace, count

TOP = 112  # of the outputs, below the heading
RISE = 40  # of the arrows into and out of a box
GAP = 42  # from a box to a state, and on to the next box
START_GAP = 76


@dataclass(frozen=True)
class _Grid:
    """Where the rows and the boxes of the picture are."""

    spec: RecurrentSpec
    trace: RecurrentTrace | None
    steps: int
    words: Sequence[str] | None
    sample: int

    def formula(self, step: int) -> str:
        bias = " + b" if self.spec.use_bias else ""
        inside = f"{subscript('x', step)}·W + {subscript('h', step - 1)}·R{bias}"
        return inside if self.spec.activation.name == "linear" else f"{self.spec.activation}({inside})"

    @property
    def state_height(self) -> float:
        return self.spec.units * cell_length(self.spec.units, CELL_HEIGHT, TALLEST)

    @property
    def input_height(self) -> float:
        return self.spec.features * cell_length(self.spec.features, CELL_HEIGHT, TALLEST)

    @property
    def box_width(self) -> float:
        return cell_box_width(self.formula(self.steps))

    @property
    def box_top(self) -> float:
        return TOP + self.state_height + RISE

    @property
    def box_height(self) -> float:
        return max(104.0, self.state_height + 28)

    @property
    def middle(self) -> float:
        return self.box_top + self.box_height / 2

    @property
    def input_top(self) -> float:
        return self.box_top + self.box_height + RISE

    @property
    def stride(self) -> float:
        return self.box_width + 2 * GAP + CELL_WIDTH

    def box(self, slot: int) -> Rectangle:
        left = MARGIN + 20 + CELL_WIDTH + START_GAP + slot * self.stride
        return Rectangle(left, self.box_top, self.box_width, self.box_height)

    def state_values(self, step: int) -> np.ndarray | None:
        if step == 0 and self.trace is None:
            return np.zeros(self.spec.units)
        return None if self.trace is None else self.trace.state(step)[self.sample]

    def input_values(self, step: int) -> np.ndarray | None:
        return None if self.trace is None else self.trace.x[self.sample, step - 1]

    def leaves(self, step: int) -> bool:
        return self.spec.return_sequences or step == self.steps

    @property
    def limit(self) -> float:
        if self.trace is None:
            return 1.0
        return strongest(*(values[self.sample] for values in (self.trace.x, self.trace.hidden, self.trace.initial)))


def unrolled_scene(
    spec: RecurrentSpec,
    trace: RecurrentTrace | None = None,
    *,
    steps: int,
    sample: int = 0,
    words: Sequence[str] | None = None,
) -> Scene:
    """Lay out a layer unrolled over its time-steps.

    spec:   the layer
    trace:  its values on an input, or None to draw the cells empty
    steps:  T
    sample: which of the batch is shown, from 0
    words:  what each step reads, to be written below it
    """
    grid = _Grid(spec, trace, steps, words, sample)
    items = _heading(grid) + _start(grid)
    for slot, step in enumerate(shown_steps(steps)):
        items += _left_out(grid, slot) if step is None else _step(grid, slot, step)
        items += _state_after(grid, slot, steps - LAST if step is None else step)
    items += _legend(grid)
    return compose(_title(grid), _description(grid), items, grid.limit)


def _title(grid: _Grid) -> str:
    spec = grid.spec
    return (
        f"{spec.kind}({spec.units}) on {wording.counted(grid.steps, 'step')}"
        f" of {wording.counted(spec.features, 'feature')}"
    )


def _heading(grid: _Grid) -> list[Item]:
    times = {1: "once", 2: "twice"}.get(grid.steps, f"{grid.steps} times")
    letters = "W, R and b" if grid.spec.use_bias else "W and R"
    total = count(grid.spec).total
    return heading(
        _title(grid),
        f"one cell, used {times} with the same {letters}: {total} parameters, whatever the number of steps",
    )


def _start(grid: _Grid) -> list[Item]:
    """Draw the state before the first step, and its arrow into the first box."""
    centre = MARGIN + 20 + CELL_WIDTH / 2
    top = grid.middle - grid.state_height / 2
    values = grid.state_values(0)
    caption = "starts at zero" if not np.any(values) else "initial state"
    right = centre + CELL_WIDTH / 2
    return [
        column("h[t=0]", centre, top, values, grid.spec.units, "u"),
        Label("name[h,t=0]", centre, top - 10, subscript("h", 0), 15),
        Label("caption[h,t=0]", centre, top + grid.state_height + 20, caption, 12, "muted"),
        Label("shape[h]", centre, top + grid.state_height + 37, f"(batch, {grid.spec.units})", 12, "muted"),
        arrow("arrow[h,t=0]", (right + 4, grid.middle), (grid.box(0).x - 4, grid.middle)),
    ]


def _step(grid: _Grid, slot: int, step: int) -> list[Item]:
    """Draw one copy of the cell with its input below and its state above."""
    box = grid.box(slot)
    centre = box.centre[0]
    letters = "WRb" if grid.spec.use_bias else "WR"
    return [
        Box(f"cell[t={step}]", box),
        Label(f"formula[t={step}]", centre, grid.middle - 8, grid.formula(step), 12.5, face=MONO),
        *tags(step, centre, grid.middle + 8, letters),
        *_input(grid, centre, step),
        *_output(grid, centre, step),
    ]


def _input(grid: _Grid, centre: float, step: int) -> list[Item]:
    top = grid.input_top
    bottom = top + grid.input_height
    name = f"step {step}"
    if grid.words is not None:
        word = shortened(printable(grid.words[step - 1]), 12, grid.stride - 100)
        name = f"“{word}” · step {step}"
    items: list[Item] = [
        column(f"x[t={step}]", centre, top, grid.input_values(step), grid.spec.features, "f"),
        arrow(f"arrow[x,t={step}]", (centre, top - 4), (centre, top - RISE + 4)),
        Label(f"name[x,t={step}]", centre, bottom + 20, subscript("x", step), 15),
        Label(f"caption[x,t={step}]", centre, bottom + 40, name, 12, "muted"),
    ]
    if step == 1:
        items.append(
            Label("shape[x]", centre + 12, top - RISE / 2 + 4, f"(batch, {grid.spec.features})", 12, "muted", "start")
        )
    return items


def _output(grid: _Grid, centre: float, step: int) -> list[Item]:
    ghost = not grid.leaves(step)
    top = TOP
    name = subscript("h", step) if ghost else f"output = {subscript('h', step)}"
    return [
        column(f"output[t={step}]", centre, top, grid.state_values(step), grid.spec.units, "u", ghost=ghost),
        arrow(
            f"arrow[output,t={step}]",
            (centre, grid.box_top - 4),
            (centre, grid.box_top - RISE + 4),
            role="ghost" if ghost else "flow",
        ),
        Label(
            f"name[output,t={step}]",
            centre,
            top - 10,
            name,
            13,
            "muted" if ghost else "ink",
            face=SANS if ghost else BOLD,
        ),
    ]


def _state_after(grid: _Grid, slot: int, step: int) -> list[Item]:
    """Draw the state that goes on to the next step, or out at the right for ``return_state=True``."""
    last = step == grid.steps
    if last and not grid.spec.return_state:
        return []
    left = grid.box(slot).right
    centre = left + GAP + CELL_WIDTH / 2
    top = grid.middle - grid.state_height / 2
    below = top + grid.state_height
    items: list[Item] = [
        arrow(f"arrow[h,t={step},out]", (left + 4, grid.middle), (left + GAP - 4, grid.middle)),
        column(f"h[t={step}]", centre, top, grid.state_values(step), grid.spec.units, "u"),
        Label(f"name[h,t={step}]", centre, top - 10, subscript("h", step), 15),
    ]
    if last:
        return [
            *items,
            Label("caption[state]", centre, below + 20, "returned state", 12, face=BOLD),
            Label("shape[state]", centre, below + 37, f"(batch, {grid.spec.units})", 12, "muted"),
        ]
    start = (left + GAP + CELL_WIDTH + 4, grid.middle)
    return [*items, arrow(f"arrow[h,t={step}]", start, (grid.box(slot + 1).x - 4, grid.middle))]


def _left_out(grid: _Grid, slot: int) -> list[Item]:
    """Say how many steps are not drawn, in the place of one box."""
    box = grid.box(slot)
    hidden = grid.steps - FIRST - LAST
    letters = "W, R and b" if grid.spec.use_bias else "W and R"
    centre, middle = box.centre
    return [
        Label("left_out", centre, middle - 6, f"… {wording.counted(hidden, 'more step')} …", 13),
        Label("left_out_same", centre, middle + 14, f"the same {letters}", 12, "muted"),
        Label("left_out_input", centre, grid.input_top + grid.input_height / 2 + 5, "…", 15, "muted"),
    ]


def _legend(grid: _Grid) -> list[Item]:
    spec = grid.spec
    leaving = (
        f"output: (batch, {grid.steps}, {spec.units})" if spec.return_sequences else f"output: (batch, {spec.units})"
    )
    marks = "" if spec.return_sequences or grid.steps == 1 else " · dashed: the same state, not given out by the layer"
    note = f"input: (batch, {grid.steps}, {spec.features}) · {leaving}{marks}"
    return legend(MARGIN, grid.input_top + grid.input_height + 70, grid.limit, note)


def _description(grid: _Grid) -> str:
    """Say in words what the picture shows."""
    spec = grid.spec
    outside = "every state" if spec.return_sequences else f"only the last state, h_{grid.steps}"
    shape = f"(batch, {grid.steps}, {spec.units})" if spec.return_sequences else f"(batch, {spec.units})"
    sentences = [
        f"{_title(grid)}, unrolled: one cell used {wording.counted(grid.steps, 'time')}, drawn side by side.",
        f"Each copy uses the same weights, {count(spec).total} parameters in all.",
        f"Input (batch, {grid.steps}, {spec.features}); output {shape}: {outside}.",
    ]
    if spec.return_state:
        sentences.append(f"The last state leaves once more as the returned state, (batch, {spec.units}).")
    if grid.trace is not None:
        sentences += [_step_in_words(grid, step) for step in shown_steps(grid.steps)]
    return " ".join(sentences)


def _step_in_words(grid: _Grid, step: int | None) -> str:
    if step is None:
        return f"… {wording.counted(grid.steps - FIRST - LAST, 'more step')} …"
    word = "" if grid.words is None else f" ({printable(grid.words[step - 1])})"
    read = wording.vector(grid.input_values(step))
    return f"Step {step}{word}: x_{step} = {read}, h_{step} = {wording.vector(grid.state_values(step))}."
