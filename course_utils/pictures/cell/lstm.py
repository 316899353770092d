"""Inside one step of an LSTM: the memory runs straight through, and three gates act on it."""

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_HEIGHT, MARGIN, arrow
from course_utils.drawing.picture import Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Item, Label, Line
from course_utils.drawing.text import BOLD, MONO, shortened
from course_utils.pictures.cell.moment import (
    SIGN_SIZE,
    TIMES,
    Moment,
    activated,
    named,
    named_sign,
    picture_of_step,
    row,
    row_around,
    sign,
    start_caption,
)
from course_utils.pictures.cell.table import (
    Table,
    column_in_words,
    column_of,
    dot,
    feeds,
    input_line,
    input_row,
    keras_order,
    legend_of,
    order_in_words,
    row_names,
    state_line,
)

COLUMNS = ("f", "i", "c", "o")  # in the order in which they act on the memory
LINE_RISE = 188  # from the memory to the gates
PRODUCT_DROP, SHOW_DROP = 86, 146  # from the memory to i⊙c̃ and tanh(c), and to the signs below them
HALF = SIGN_SIZE / 2


def lstm_picture(now: Moment) -> Picture:
    """Return the picture of one step of an LSTM."""
    table = Table(now, LINE_RISE)
    shown = activated(now.spec.activation.name, now.name("c"))
    formula = f"{now.name('c')} = f {TIMES} {now.name('c', 1)} + i {TIMES} c̃,  {now.name('h')} = o {TIMES} {shown}"
    line = state_line(table, "c", "memory", "f", _products(now)[0], (0, 1.5))
    items = [*line, *_write(table), *_show(table)]
    for slot, letter in enumerate(COLUMNS):
        items += column_of(table, slot, letter)
    items += [*row_names(table), *_bus(table), *input_row(table), *keras_order(table)]
    subtitle = formula, "the memory c runs straight through"
    return picture_of_step(now, subtitle, items, _sentences(now), legend_of(table, items))


def _products(now: Moment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what is kept, what is written, and the memory after its activation."""
    with np.errstate(all="ignore"):
        kept = now.gate("f") * now.memory_before
        written_ = now.gate("i") * now.gate("c")
        shown = now.spec.activation(now.trace.states["c"][:, now.step - 1])[now.sample]
    return kept, written_, shown


def _write(table: Table) -> list[Item]:
    """Draw i times c̃, and its way into the memory."""
    now, centre = table.now, table.centre(1.5)
    top, y = table.line + PRODUCT_DROP - CELL_HEIGHT / 2, table.line + SHOW_DROP
    cells = row_around(now, Ref("i⊙c̃", t=now.step), centre, top, _products(now)[1])
    left, right = table.centre(1), table.centre(2)
    return [
        cells,
        Label("name[written]", cells.place.right + 8, top + 16, f"i {TIMES} c̃", 13, anchor="start"),
        *sign("times[i]", centre, y, TIMES),
        Line("arrow[write,i]", ((left, table.gate_top - 4), (left, y), (centre - HALF - 2, y)), hue="i"),
        Line("arrow[write,c]", ((right, table.gate_top - 4), (right, y), (centre + HALF + 2, y)), hue="c"),
        arrow("arrow[written]", (centre, y - HALF - 2), (centre, cells.place.bottom + 4)),
        arrow("arrow[write]", (centre, top - 4), (centre, table.line + HALF + 2)),
        Label("write", centre + 12, table.line + 56, "write", 13, anchor="start", face=BOLD),
    ]


def _show(table: Table) -> list[Item]:
    """Draw the memory through its activation, times o, out as the new state."""
    now, centre = table.now, table.centre(3)
    top, y = table.line + PRODUCT_DROP - CELL_HEIGHT / 2, table.line + SHOW_DROP
    shown = row_around(now, Ref("tanh(c)", t=now.step), centre, top, _products(now)[2])
    state = row(now, Ref("h", t=now.step), table.right, y - CELL_HEIGHT / 2, now.after)
    text = shortened(now.spec.activation.name, 12.5, table.column_width - 20, MONO)
    activation = named_sign("activation", text, centre, table.line + 26)
    box = activation[0].place
    name = activated(text, now.name("c"))
    return [
        Line("arrow[show,c]", ((centre, table.line + 4), (centre, box.y - 2)), head=True),
        *activation,
        arrow("arrow[activation]", (centre, box.bottom + 2), (centre, top - 4)),
        shown,
        Label("name[shown]", shown.place.right + 8, top + 16, name, 13, anchor="start"),
        *sign("times[o]", centre, y, TIMES),
        arrow("arrow[shown]", (centre, shown.place.bottom + 4), (centre, y - HALF - 2)),
        Line("arrow[show,o]", ((centre, table.gate_top - 4), (centre, y + HALF + 2)), hue="o"),
        arrow("arrow[show]", (centre + HALF + 2, y), (state.place.x - 4, y)),
        Label("show", centre + HALF + 8, y + 27, "show", 13, anchor="start", face=BOLD),
        *named(state, now.name("h"), "state and output"),
    ]


def _bus(table: Table) -> list[Item]:
    """Draw h before, and the bus that brings it and x to all four columns."""
    now, y = table.now, table.bus
    cells = row(now, Ref("h", t=now.step - 1), MARGIN, y - CELL_HEIGHT / 2, now.before, "v")
    bottom = table.top("x") + CELL_HEIGHT
    last = table.centre(3)
    return [
        *named(cells, now.name("h", 1), start_caption(now.before, now.step, "state")),
        Line("bus", ((cells.place.right + 4, y), (last, y)), head=False),
        input_line(table, y),
        dot("join[x]", table.joint, y),
        *feeds(table, y, dict.fromkeys(range(4), bottom)),
    ]


def _sentences(now: Moment) -> list[str]:
    """Say one step of an LSTM in words."""
    say, spec = wording.vector, now.spec
    x, h0, c0, h1, c1 = now.said("x"), now.said("h", 1), now.said("c", 1), now.said("h"), now.said("c")
    kept, written_, shown = _products(now)
    idea = (
        "The idea: a memory c runs straight through the steps; the forget gate f says how much of it stays, the input "
        "gate i how much of the candidate is written into it, and the output gate o how much of it is shown as the "
        f"state: {c1} = f {TIMES} {c0} + i {TIMES} {spec.cell.letter('c')}, "
        f"{h1} = o {TIMES} {activated(spec.activation.name, c1)}."
    )
    return [
        idea,
        f"{x} = {say(now.x)}, {h0} = {say(now.before)}, {c0} = {say(now.memory_before)}.",
        *(column_in_words(now, letter) for letter in COLUMNS),
        f"Keep: f {TIMES} {c0} = {say(kept)}.",
        f"Write: i {TIMES} {spec.cell.letter('c')} = {say(written_)}.",
        f"The two add up to {c1} = {say(now.memory_after)}.",
        f"Show: {activated(spec.activation.name, c1)} = {say(shown)}; times o it is {h1} = {say(now.after)}.",
        order_in_words(spec),
    ]
