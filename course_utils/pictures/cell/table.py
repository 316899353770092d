"""The small layers inside an LSTM or a GRU, side by side: one column for each gate and for the candidate.

A column is read upwards, from the bus that brings x and h: products, bias, sum, activation, gate.
The same line of every column is at the same height, named once at the left.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_HEIGHT, MARGIN, arrow, badge
from course_utils.drawing.picture import Legend
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Item, Label, Line, Mark, Rectangle
from course_utils.drawing.text import BOLD, MONO, shortened, text_width
from course_utils.pictures.cell.moment import (
    SIGN_SIZE,
    TIMES,
    Moment,
    named,
    named_width,
    rounding_note,
    row,
    row_around,
    row_width,
    scale_note,
    sign,
    start_caption,
)
from course_utils.recurrence import RecurrentSpec

GAP = 28  # between two columns, with room for a line
BEFORE_FIRST, AFTER_LAST = 38, 56  # from what stands left to the middle of the first column; from the last to the right
BUS_ROOM = 34  # left of the names of the rows, for a line that runs down there
LINE_TOP = 124  # of the state that runs through, below the heading
BAR_HEIGHT, BAR_PAD = 42, 12
LETTER_ROOM = 36  # in a bar, for the letter
JOIN = 5  # between a bar and the rows above and below it
PITCH = CELL_HEIGHT + 6  # from a row to the next
SHARES = ("sigmoid", "hard_sigmoid", "sparse_sigmoid")  # activations from 0 to 1
BRINGS = {"h": ("h", 1), "x": ("x", 0)}  # the letter and how many steps ago
ORDER_SIZE = (30, 22)  # of a box in the row that shows Keras's own order


@dataclass(frozen=True)
class Table:
    """Where the columns and the rows are.

    rise: from the line on which the state runs to the row of the gates
    """

    now: Moment
    rise: float

    @property
    def units(self) -> int:
        """U."""
        return self.now.spec.units

    @cached_property
    def column_width(self) -> float:
        """The width of a column: its cells, or what is written on its bar."""
        spec = self.now.spec
        names = [text_width(spec.cell.role(letter), 12, BOLD) for letter in spec.blocks]
        return max(row_width(self.now, self.units), LETTER_ROOM + max(names) + BAR_PAD)

    @cached_property
    def first(self) -> float:
        """The left edge of the first column: right of the names of the rows; its middle, of the states before."""
        names = max(text_width(text, 13) for text in row_texts(self.now).values())
        return max(MARGIN + BUS_ROOM + names + 14, self.joint + BEFORE_FIRST / 2 - self.column_width / 2)

    @cached_property
    def joint(self) -> float:
        """Where the line from x turns up to the bus: right of x and of the states before."""
        now = self.now
        sizes = (now.spec.units, "h", 1, "memory before"), (now.spec.features, "x", 0, "input")
        widest = max(named_width(now, count, now.name(letter, ago), caption) for count, letter, ago, caption in sizes)
        return MARGIN + widest + BEFORE_FIRST / 2

    def left(self, slot: int) -> float:
        """The left edge of a column, counted from 0."""
        return self.first + slot * (self.column_width + GAP)

    def centre(self, slot: float) -> float:
        """The middle of a column; 1.5 is between the columns 1 and 2."""
        return self.left(0) + slot * (self.column_width + GAP) + self.column_width / 2

    @property
    def right(self) -> float:
        """The left edge of what leaves the cell."""
        return self.centre(3) + AFTER_LAST

    @property
    def line(self) -> float:
        """The height of the state that runs through."""
        return LINE_TOP + CELL_HEIGHT / 2

    @property
    def gate_top(self) -> float:
        """The top of the row of gates."""
        return self.line + self.rise

    @property
    def bar_top(self) -> float:
        """The top of the bars that name gate and activation."""
        return self.gate_top + CELL_HEIGHT + JOIN

    def top(self, row: str) -> float:
        """The top of a row: "sum", "b", "h" or "x"."""
        rows = ["b", "h", "x"] if self.now.spec.use_bias else ["h", "x"]
        top = self.bar_top + BAR_HEIGHT + JOIN
        return top if row == "sum" else top + 12 + PITCH * (1 + rows.index(row)) - 6

    @property
    def bus(self) -> float:
        """The height of the line that brings x and h."""
        return self.top("x") + CELL_HEIGHT + 38

    @property
    def input_top(self) -> float:
        """The top of x."""
        return self.bus + 44


def column_of(table: Table, slot: int, letter: str) -> list[Item]:
    """Draw one small layer: what is added up, the sum, the activation, and the gate on top."""
    now, centre, step = table.now, table.centre(slot), table.now.step
    parts = now.sum_of(letter)
    rows = [
        row_around(now, Ref("x·W", t=step).at(letter), centre, table.top("x"), parts.from_input, "summand"),
        row_around(now, Ref("h·R", t=step).at(letter), centre, table.top("h"), parts.from_state, "summand"),
        row_around(now, Ref("sum", t=step).at(letter), centre, table.top("sum"), parts.total, "sum"),
        row_around(now, gate_id(now, letter), centre, table.gate_top, now.gate(letter)),
    ]
    if now.spec.use_bias:
        rows.append(row_around(now, Ref("b", letter), centre, table.top("b"), parts.bias, "summand"))
    return [
        *rows,
        sum_rule(table, slot, letter),
        *_bar(table, slot, letter),
    ]


def gate_id(now: Moment, letter: str) -> Ref:
    """Return the id of the row of a gate or of the candidate."""
    return Ref(letter if letter in now.spec.cell.gates else "candidate", t=now.step)


def sum_rule(table: Table, slot: int, letter: str, name: str = "rule") -> Line:
    """Draw the line between what is added up and the sum, in the colour of the gate."""
    half = max(row_width(table.now, table.units), 60) / 2
    y, centre = table.top("sum") + CELL_HEIGHT + 6, table.centre(slot)
    return Line(f"{name}[{letter}]", ((centre - half, y), (centre + half, y)), "rule", head=False, hue=letter)


def _bar(table: Table, slot: int, letter: str) -> list[Item]:
    """Draw the bar of a gate: its letter, what it is, and its activation."""
    spec, left, top, width = table.now.spec, table.left(slot), table.bar_top, table.column_width
    gate = letter in spec.cell.gates
    activation = str(spec.recurrent_activation if gate else spec.activation)
    called = shortened(activation, 12, width - LETTER_ROOM - BAR_PAD / 2, MONO)
    start = left + LETTER_ROOM
    return [
        Box(f"gate[{letter}]", Rectangle(left, top, width, BAR_HEIGHT), "gate", radius=8, hue=letter),
        Label(f"gate_letter[{letter}]", left + 19, top + 28, spec.cell.letter(letter), 19, "on_hue", face=BOLD),
        Label(f"gate_name[{letter}]", start, top + 18, spec.cell.role(letter), 12, "on_hue", "start", BOLD),
        Label(f"gate_activation[{letter}]", start, top + 34, called, 12, "on_hue", "start", MONO),
    ]


def row_texts(now: Moment) -> dict[str, str]:
    """Return the names of the rows."""
    product = f"{now.name('h', 1)}·R"
    bias = "+ biases" if now.spec.reset_after else "+ b"
    names = {"x": f"{now.name('x')}·W", "h": f"+ {product}", "b": bias, "sum": "= sum"}
    if not now.spec.use_bias:
        del names["b"]
    return names


def row_names(table: Table) -> list[Item]:
    """Draw the names of the rows, left of the first column."""
    return [
        Label(f"row[{key}]", table.first - 14, table.top(key) + 16, text, 13, anchor="end")
        for key, text in row_texts(table.now).items()
    ]


def state_line(
    table: Table, letter: str, what: str, gate: str, kept: np.ndarray, slots: tuple[float, float]
) -> list[Item]:
    """Draw the line of a state: before, times a gate, what is kept, plus what is written, after.

    kept:  (U,); slots: the columns above which the gate acts, and something is written into the state
    """
    now, step, y, half = table.now, table.now.step, table.line, SIGN_SIZE / 2
    values = now.state(letter, 1), now.state(letter)
    before = row(now, Ref(letter, t=step - 1), MARGIN, LINE_TOP, values[0])
    after = row(now, Ref(letter, t=step), table.right, LINE_TOP, values[1])
    keep, add = map(table.centre, slots)
    middle = row_around(now, Ref(f"{gate}⊙{letter}", t=step), (keep + add) / 2, LINE_TOP, kept)
    memory = what == "memory"  # a double line, which goes on without a head and up to the very signs
    away = half if memory else half + 2
    stops = [before.place.right + 4, keep - away, keep + away, middle.place.x - 4]
    stops += [middle.place.right + 4, add - away, add + away, after.place.x - 4]
    role, heads = ("memory", (False, False, False, True)) if memory else ("flow", (True,) * 4)
    lines = [
        Line(f"{what}[{n + 1}]", ((stops[2 * n], y), (stops[2 * n + 1], y)), role, head) for n, head in enumerate(heads)
    ]
    name = f"{gate} {TIMES} {now.name(letter, 1)}"
    return [
        *lines,
        *named(before, now.name(letter, 1), start_caption(values[0], step, what)),
        *named(after, now.name(letter), "state and output" if letter == "h" else f"{what} after"),
        middle,
        Label("name[kept]", middle.place.centre[0], middle.place.y - 9, name, 13),
        *sign(f"times[{gate}]", keep, y, TIMES),
        *sign("plus", add, y, "+"),
        Line("arrow[keep]", ((keep, table.gate_top - 4), (keep, y + half + 2)), hue=gate),
        Label("keep", keep + 12, y + (56 if memory else 46), "keep", 13, anchor="start", face=BOLD),
    ]


def input_row(table: Table) -> list[Item]:
    """Draw x below the bus, with its name."""
    now = table.now
    cells = row(now, Ref("x", t=now.step), MARGIN, table.input_top, now.x, "f", role="input")
    return named(cells, now.name("x"), "input")


def input_line(table: Table, height: float, end: float | None = None) -> Line:
    """Draw the line from x up to the height of a bus, and along it to the x of its end if it is its own bus."""
    now, joint = table.now, table.joint
    x, y = MARGIN + row_width(now, now.spec.features) + 4, table.input_top + CELL_HEIGHT / 2
    along = [] if end is None else [(end, height)]
    return Line("line[x]" if end is None else "bus[x]", ((x, y), (joint, y), (joint, height), *along), head=False)


def feeds(table: Table, height: float, ends: dict[int, float], *, letter: str = "", shift: float = 0) -> list[Item]:
    """Draw the arrows from a bus up into the columns, with a dot where each leaves it; the last one ends the bus.

    height: of the bus
    ends:   for each column, where its arrow ends
    letter: of what this bus brings, written beside each arrow; nothing where it brings both x and h
    shift:  px from the middle of a column to the arrow, below 0 to its left; the last column takes from this bus
            alone, in its middle
    """
    items: list[Item] = []
    for slot, end in ends.items():
        last, key = slot == max(ends), f"{letter},{slot + 1}" if letter else f"{slot + 1}"
        x = table.centre(slot) + (0 if last else shift)
        items.append(arrow(f"arrow[bus,{key}]", (x, height), (x, end + 4)))
        if not last:
            items.append(dot(f"branch[{key}]", x, height))
        if letter:
            side, anchor = (-8, "end") if shift < 0 else (8, "start")
            name = table.now.name(*BRINGS[letter])
            items.append(Label(f"brings[{key}]", x + side, table.bus - 9, name, 12, anchor=anchor))
    return items


def dot(id: str, x: float, y: float, hue: str = "") -> Mark:
    """Draw a dot where one line leaves another; lines that cross without one have nothing to do with each other."""
    return Mark(id, x, y, "disc", hue, 8)


def keras_order(table: Table) -> list[Item]:
    """Draw the blocks in the order in which Keras keeps their columns."""
    spec, top, start = table.now.spec, table.input_top, table.joint + 24
    width, height = ORDER_SIZE
    items: list[Item] = []
    for place, letter in enumerate(spec.blocks):
        box = Rectangle(start + place * (width + 2), top, width, height)
        items += badge((f"order[{letter}]", f"order_letter[{letter}]"), box, spec.cell.letter(letter), letter, radius=4)
    left = start + len(spec.blocks) * (width + 2) + 10
    rows = ": row b for x, b′ for h" if spec.reset_after and spec.use_bias else ""
    text = f"Keras's order of the columns in {weights_listed(spec)}{rows}"
    return [*items, Label("order", left, top + 16, text, 12, "muted", "start")]


def weights_listed(spec: RecurrentSpec) -> str:
    """Return the weights with their shapes, for running text."""
    letters = {"kernel": "W", "recurrent_kernel": "R", "bias": "b"}
    parts = [f"{letters[name]} {array.shape}" for name, array in spec.weights.items()]
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def column_in_words(now: Moment, letter: str, biases: str = "b") -> str:
    """Say one small layer: what is added up, the sum, the activation. biases: how the bias is called."""
    say, parts, spec, name = wording.vector, now.sum_of(letter), now.spec, now.spec.cell.letter(letter)
    activation = spec.recurrent_activation if letter in spec.cell.gates else spec.activation
    bias = f" + {biases} {say(parts.bias)}" if spec.use_bias else ""
    return (
        f"{name}: {now.said('x')}·W {say(parts.from_input)} + {now.said('h', 1)}·R {say(parts.from_state)}{bias} = "
        f"{say(parts.total)}; {activation} of it is {name} = {say(now.gate(letter))}."
    )


def order_in_words(spec: RecurrentSpec) -> str:
    """Say the order in which Keras keeps the blocks."""
    letters = ", ".join(spec.cell.letter(letter) for letter in spec.blocks)
    return f"Keras keeps their columns in the order {letters}, in {weights_listed(spec)}."


def legend_of(table: Table, items: list[Item]) -> Legend:
    """Return the scale of colours for all values among the items, and how the signs and gates are to be read."""
    gates = " · a gate goes from 0 (closed) to 1 (open)" if table.now.spec.recurrent_activation.name in SHARES else ""
    note = f"read the columns upwards · {TIMES} multiplies and + adds unit by unit{gates}"
    more = " · ".join(part for part in (rounding_note(items), scale_note(items)) if part)
    return Legend(table.input_top + CELL_HEIGHT + 34, f"{note}\n{more}")
