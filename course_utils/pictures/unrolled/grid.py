"""Where the rows, the steps and the values of an unrolled picture stand."""

from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from course_utils.drawing.layout import CELL_HEIGHT, CELL_WIDTH, MARGIN, cell_length, shown_steps
from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.scene import Rectangle
from course_utils.drawing.text import BOLD, MONO, subscript, text_width
from course_utils.pictures.unrolled.plan import Level, Plan, Row
from course_utils.recurrence.graphs import ClosedSpec, FlattenSpec
from course_utils.recurrence.kinds.formulas import formula
from course_utils.recurrence.specs import RecurrentSpec

TOP = 112  # of the highest values, below the heading
RISE = 36  # of the arrows into and out of a box
ROOMY_STEPS = 4  # up to so many steps of one layer there is room for its formula and for its states between the boxes
GAP, START_GAP = 28, 56  # px from a box to a state and on; the first has room for a shape
COMPACT_GAP = 46  # px between two boxes where no state stands
ASIDE = 20  # px: how far the boxes of two directions are moved apart
LONGEST_NAME = 24  # letters of a layer's name beside its first state
LINE = 30  # px: the height of a box that holds one line of text
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
FEW, MANY_LANES = (2, 1), 3  # with two directions or many layers, so many first and last steps are drawn
MOST_RICH_BOXES = 12  # with more, boxes show neither gates nor the letters of the weights one by one
UNIT_BY_UNIT = ("GlobalAveragePooling1D", "GlobalMaxPooling1D")  # they mix the steps, but not the units
START_HEIGHT = 30  # px: of the first state, beside a compact row


@dataclass(frozen=True, eq=False)
class Grid:
    """The measures of one picture; every: no step is left out; whole: all rows, where some are left out."""

    plan: Plan
    every: bool = False
    whole: tuple[Row, ...] = ()

    @cached_property
    def roomy(self) -> bool:
        """Whether formulas and states between the boxes are drawn: one layer, a few steps."""
        return self.plan.single and self.plan.entry.steps <= ROOMY_STEPS

    @cached_property
    def keys(self) -> dict[Row, str]:
        """For each row, what the ids of its items begin with."""
        if self.plan.single:
            return {self.plan.rows[0]: ""}
        names: list[str] = []
        for row in self.plan.rows:
            tries = (f"{row.name}#{time}" if time > 1 else row.name for time in count(1))
            names.append(next(name for name in tries if name not in names))
        return {row: f"{name}/" for row, name in zip(self.plan.rows, names, strict=True)}

    def layer_mark(self, row: Row) -> str:
        """Return the number of a recurrent layer, raised and in brackets, where there are several."""
        recurrent = [other for other in self.whole or self.plan.rows if other.traces]
        before, all_of_them = self.plan.marks or (0, len(recurrent))
        if row not in recurrent or all_of_them == 1:
            return ""
        return "⁽" + str(before + recurrent.index(row) + 1).translate(RAISED) + "⁾"

    def source(self, row: Row, position: int) -> Ref:
        """Return the id of what a row reads at a position."""
        place = self.plan.rows.index(row)
        if place == 0:
            return Ref("x", t=row.entry.index(position) if row.entry.steps else position)
        below = self.plan.rows[place - 1]
        if row.entry.style == "vector":  # stands above the last step of the row below
            position = below.entry.steps or 1
        return Ref("output", t=position, place=self.keys[below])

    def made_of(self, row: Row, position: int) -> tuple[Link, ...]:
        """Return what the vector at a position above a row is made of: what is read there, and the state before."""
        match row.style:
            case "cells":
                return self.made_of_state(row, self.keys[row], position, position)
            case "both":
                return self._made_of_two(row, position)
            case "wide":
                return tuple(_link(row, place, self.source(row, place)) for place in self.shown(row.entry) if place)
        return (Link(self.source(row, position), "cell" if isinstance(row.spec, FlattenSpec) else "all"),)

    def made_of_state(
        self, row: Row, lane: str, position: int, order: int, among: tuple[int, int] | None = None
    ) -> tuple[Link, ...]:
        """Return what a state of a recurrent row is made of: of c before it, the same unit alone.

        lane:     what the ids of its direction begin with
        position: of the step that is read
        order:    how many steps have been read then, this one too
        among:    the units that it is said for, the first and the last; None: all of them
        """
        h, c, output = (Ref(letter, t=order - 1, place=lane) for letter in ("h", "c", "output"))
        memory = (Link(c, "cell", among=among),) if self.has_memory(row) else ()
        seen = (Link(output),) if row.style == "cells" and order > 1 else ()
        return (Link(self.source(row, position), among=among), *seen, Link(h, among=among), *memory)

    def _made_of_two(self, row: Row, position: int) -> tuple[Link, ...]:
        """Return what the two directions are made of; side by side, each has its own units of the vector."""
        forward, backward = (trace.outputs.shape[-1] for trace in row.traces)
        apart = row.merge in ("concat", None)
        parts = ((1, forward), (forward + 1, forward + backward)) if apart else (None, None)
        steps, key = row.entry.steps, self.keys[row]
        first = position if row.leaving.style == "steps" else 1  # what the backward direction has read last
        return (
            *self.made_of_state(row, f"{key}forward/", position, position, parts[0]),
            *self.made_of_state(row, f"{key}backward/", first, steps - first + 1, parts[1]),
        )

    def passed_over(self, row: Row, position: int) -> bool:
        """Whether a mask keeps a recurrent row from reading at a position."""
        mask = row.traces[0].mask if row.style == "cells" and self.plan.known else None
        return mask is not None and not mask[self.plan.sample, position - 1]

    def shown(self, level: Level) -> list[int | None]:
        """Return the positions that are drawn; a vector stands at the last one."""
        if self.every or not level.steps:
            return list(range(1, level.steps + 1))
        return shown_steps(level.steps, *(FEW if self.lane_count >= MANY_LANES or self.both else ()))

    @cached_property
    def lane_count(self) -> int:
        """How many rows of recurrent boxes there are; two directions are two."""
        return sum(len(row.traces) for row in self.plan.rows)

    @cached_property
    def ends(self) -> dict[Level, int]:
        """For each level, the slot of its last step; a vector stands where its sequence ended."""
        slots, end = {}, 0
        for level in (self.plan.entry, *(row.leaving for row in self.plan.rows)):
            end = len(self.shown(level)) - 1 if level.steps else self.slots - 1 if level.style == "other" else end
            slots[level] = end
        return slots | {row.entry: slots.get(row.entry, self._turned_end(row)) for row in self.plan.rows}

    def _turned_end(self, row: Row) -> int:
        return max(0, len(self.shown(row.entry)) - 1)

    @cached_property
    def dense(self) -> bool:
        """Whether there are so many boxes that they hold no more than their names."""
        return not self.every and self.lane_count * self.slots > MOST_RICH_BOXES

    @cached_property
    def gap(self) -> float:
        """From one box to the next where no state stands between them: room for the name of a state."""
        marks = [self.layer_mark(row) for row in self.plan.rows]
        longest = subscript("←h", self.plan.entry.steps or 1) + (
            "" if self.plan.single else max(["⁽¹⁾", *marks], key=len)
        )
        return max(COMPACT_GAP, text_width(longest, 13) + 12)

    @cached_property
    def slots(self) -> int:
        """How many steps stand side by side, with the place of those left out."""
        levels = [self.plan.entry, *(row.leaving for row in self.plan.rows)]
        return max(1, *(len(self.shown(level)) for level in levels))

    @cached_property
    def tallest(self) -> float:
        """The longest column of cells."""
        if not self.roomy:
            return 60 if self.dense else 88
        return 88 if self.has_memory(self.plan.rows[0]) else 132

    def length(self, size: int) -> float:
        """Return the height of a column of so many cells."""
        return size * cell_length(size, CELL_HEIGHT, self.tallest)

    def level_height(self, level: Level) -> float:
        """Return the height of what flows between two rows."""
        return 26 if level.style in ("numbers", "other") else self.length(level.size)

    @staticmethod
    def has_memory(row: Row) -> bool:
        """Whether it is an LSTM."""
        return any(trace.cell_state is not None for trace in row.traces)

    def row_height(self, row: Row) -> float:
        """Return the height of the boxes of a row."""
        if row.style == "both":
            return 2 * self.box_height(row) + 3 * LINE
        return self.box_height(row) if row.style == "cells" else LINE

    def box_height(self, row: Row) -> float:
        """Return the height of one step of a recurrent row."""
        if not self.roomy:
            return 92
        states = self.length(row.traces[0].hidden.shape[-1])
        return max(176, 2 * states + 72) if self.has_memory(row) else max(104, states + 28)

    @cached_property
    def box_width(self) -> float:
        """The width of every step's box: of the longest text in any."""
        widths = [128.0]
        for row in self.plan.rows:
            if self.roomy:
                widths += [text_width(line, 12.5, MONO) + 24 for line in formulas(row, row.entry.steps)]
            elif row.style in ("each", "once"):
                widths.append(text_width(row.title, 12.5) + 24)
        return min(max(widths), 340)

    @cached_property
    def stride(self) -> float:
        """From one step to the next."""
        if self.roomy:
            return self.box_width + 2 * GAP + CELL_WIDTH
        return self.box_width + self.gap + (2 * ASIDE if self.both else 0)

    @cached_property
    def both(self) -> bool:
        """Whether there is a row with two directions."""
        return any(row.style == "both" for row in self.plan.rows)

    @cached_property
    def left(self) -> float:
        """Where the first box begins."""
        if self.roomy:
            return MARGIN + 20 + CELL_WIDTH + START_GAP
        return self.start_centre + CELL_WIDTH / 2 + self.gap + (ASIDE if self.both else 0)

    @cached_property
    def start_centre(self) -> float:
        """The middle of the states before the first step."""
        if self.roomy:
            return MARGIN + 20 + CELL_WIDTH / 2
        titles = [text_width(row.title, 13, BOLD) for row in self.plan.rows if row.traces]
        titles += [text_width(f"{row.total:,} parameters", 12) for row in self.plan.rows if row.total]
        if any(row.begins for row in self.plan.rows):
            titles.append(text_width("from " + max((row.begins for row in self.plan.rows), key=len)[:LONGEST_NAME], 12))
        shapes = [text_width(row.leaving.shape, 12) for row in self.plan.rows]
        shapes += [text_width(self.plan.entry.shape, 12)]
        named = max([*titles, *shapes])
        if self.both:  # beside the direction there is room for the name of the first state
            state = text_width(f"{subscript('h', self.plan.entry.steps)} returned", 13, BOLD)
            named = max(named, text_width("← reads backwards", 12) + 8 + state)
        return MARGIN + named + 14 + CELL_WIDTH / 2

    def centre(self, slot: int) -> float:
        """Return the middle of a step."""
        return self.left + self.box_width / 2 + slot * self.stride

    def box(self, slot: int, top: float, height: float, aside: float = 0) -> Rectangle:
        """Return the place of one box, moved aside where there are two directions."""
        return Rectangle(self.left + slot * self.stride + aside, top, self.box_width, height)

    def span(self, *levels: Level) -> tuple[float, float]:
        """Return where the first box begins and the last one ends: of these levels, or of the whole picture."""
        aside = ASIDE if self.both else 0
        last = max((self.ends[level] for level in levels), default=self.slots - 1)
        return self.left - aside, self.centre(last) + self.box_width / 2 + aside

    def lanes(self, row: Row, top: float) -> tuple[float, float]:
        """Return at which height c and h go on to the next step."""
        height = self.box_height(row)
        if not self.has_memory(row):
            return top + height / 2, top + height / 2
        return (top + 0.27 * height, top + 0.76 * height) if self.roomy else (top + 24, top + height - 24)


def _link(row: Row, place: int, step: Ref) -> Link:
    """Return what of one step lights up for a number of a layer that reads the whole sequence."""
    if isinstance(row.spec, FlattenSpec):  # end to end
        return Link(step, "cell", among=((place - 1) * row.entry.size + 1, place * row.entry.size))
    return Link(step, "cell" if isinstance(row.spec, ClosedSpec) and row.spec.kind in UNIT_BY_UNIT else "all")


def formulas(row: Row, step: int) -> list[str]:
    """Return what a step computes, in letters: a line for each state, for an LSTM those of c and of h."""
    spec = row.traces[0].spec
    if not isinstance(spec, RecurrentSpec):
        return [spec.kind]
    after = {letter: subscript(letter, step) for letter in spec.cell.states}
    letters = {"x": subscript("x", row.entry.index(step))}
    letters |= {f"{letter}-": subscript(letter, step - 1) for letter in after} | after
    if not spec.cell.gates:
        return [formula(spec, "h", letters)]
    return [f"{after[letter]} = {formula(spec, letter, letters)}" for letter in reversed(after)]  # h needs c


def is_zero(values: np.ndarray | None) -> bool:
    """Whether a state holds nothing but zeros."""
    return values is not None and not np.any(values)
