"""Inside one step of a GRU: the state runs straight through; z mixes old and new, r says what the new may see."""

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_HEIGHT, MARGIN, arrow, badge
from course_utils.drawing.picture import Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Item, Label, Line, Rectangle
from course_utils.drawing.text import BOLD, MONO, SANS, text_width
from course_utils.pictures.cell.moment import (
    SIGN_SIZE,
    TIMES,
    Moment,
    activated,
    picture_of_step,
    row_around,
    sign,
)
from course_utils.pictures.cell.table import (
    BAR_HEIGHT,
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
    sum_rule,
)
from course_utils.recurrence.kinds.gru import GRU

UPDATE, RESET, HELD, CANDIDATE = range(4)  # the columns; HELD is what r acts on
CANDIDATE_LETTER = GRU.letter("h")
LINE_RISE = 190  # from the state to the gates
WRITE_DROP, MIX_DROP = 76, 138  # from the state to (1 − z)⊙h̃, and to the sign below it
HALF, RISE = SIGN_SIZE / 2, 24  # RISE: an arrow between a row and a sign
IN, OUT = 16, 8  # px into a gap: where the line of r goes down, and where what r lets through does
HEADER_HEIGHT, HEADER_PAD = 24, 6
APART = 15  # px from the middle of a column to the arrow of h and to that of x
X_DROP = 20  # from the bus of h to the bus of x


def gru_picture(now: Moment) -> Picture:
    """Return the picture of one step of a GRU."""
    table = Table(now, LINE_RISE)
    formula = f"{now.name('h')} = z {TIMES} {now.name('h', 1)} + (1 − z) {TIMES} h̃"
    items = [*state_line(table, "h", "state", "z", _mix(now)[0], (UPDATE, CANDIDATE)), *_write(table)]
    for slot, letter in ((UPDATE, "z"), (RESET, "r"), (CANDIDATE, "h")):
        items += column_of(table, slot, letter)
    items += _reset_after(table) if now.spec.reset_after else _reset_before(table)
    items += [*row_names(table), *_bus(table), *input_row(table), *keras_order(table)]
    subtitle = formula, "z = 1 keeps the old state, z = 0 takes the new"
    return picture_of_step(now, subtitle, items, _sentences(now), legend_of(table, items))


def _mix(now: Moment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what is kept of the old state, 1 − z, and what is written of the candidate."""
    with np.errstate(all="ignore"):
        z = now.gate("z")
        return z * now.before, 1 - z, (1 - z) * now.gate("h")


def _held(now: Moment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what r acts on: the old state times R, the bias that comes with it, and their sum; or the state itself."""
    spec = now.spec
    if not spec.reset_after:
        return now.before, np.zeros_like(now.before), now.before
    bias = spec.block("bias", "h")[1] if spec.use_bias else np.zeros_like(now.before)
    with np.errstate(all="ignore"):
        product = now.before @ spec.block("recurrent_kernel", "h")
        return product, bias, product + bias


def _write(table: Table) -> list[Item]:
    """Draw 1 − z times h̃, and its way into the state."""
    now, centre = table.now, table.centre(CANDIDATE)
    top, y = table.line + WRITE_DROP - CELL_HEIGHT / 2, table.line + MIX_DROP
    rest = row_around(now, Ref("1−z", t=now.step), table.centre(HELD), y - CELL_HEIGHT / 2, _mix(now)[1])
    cells = row_around(now, Ref("(1−z)⊙h̃", t=now.step), centre, top, _mix(now)[2])
    box = Rectangle(table.centre(RESET) - 22, y - 13, 44, 26)
    return [
        dot("branch[1−z]", table.centre(UPDATE), y, "z"),
        Line("line[1−z]", ((table.centre(UPDATE), y), (box.x - 3, y)), hue="z"),
        Box("minus", box, "sign", radius=8),
        Label("minus_letter", box.centre[0], y + 5, "1 −", 13, face=MONO),
        Line("arrow[1−z]", ((box.right + 3, y), (rest.place.x - 4, y)), hue="z"),
        rest,
        Label("name[rest]", rest.place.centre[0], rest.place.y - 9, "1 − z", 13),
        Line("arrow[write,z]", ((rest.place.right + 4, y), (centre - HALF - 2, y)), hue="z"),
        *sign("times[h]", centre, y, TIMES),
        Line("arrow[write,h]", ((centre, table.gate_top - 4), (centre, y + HALF + 2)), hue="h"),
        arrow("arrow[written]", (centre, y - HALF - 2), (centre, cells.place.bottom + 4)),
        cells,
        Label("name[written]", cells.place.right + 8, top + 16, f"(1 − z) {TIMES} h̃", 13, anchor="start"),
        arrow("arrow[write]", (centre, top - 4), (centre, table.line + HALF + 2)),
        Label("write", centre + 12, table.line + 46, "write", 13, anchor="start", face=BOLD),
    ]


def _reset_after(table: Table) -> list[Item]:
    """Draw h·R for the candidate, and r times it: r acts after the product with R."""
    now, centre = table.now, table.centre(HELD)
    product, bias, total = _held(now)
    rows = [row_around(now, Ref("h·R", t=now.step), centre, table.top("h"), product, "sum")]
    if now.spec.use_bias:
        rows.append(row_around(now, Ref("b", "second"), centre, table.top("b"), bias, "summand"))
        rows.append(row_around(now, Ref("h·R+b", t=now.step), centre, table.top("sum"), total, "sum"))
    y = min(table.bar_top + BAR_HEIGHT / 2, rows[-1].place.y - RISE - HALF)
    second = " + b′" if now.spec.use_bias else ""
    return [
        *rows,
        *([sum_rule(table, HELD, "h", "rule[held]")] if now.spec.use_bias else []),
        arrow("arrow[held]", (centre, rows[-1].place.y - 3), (centre, y + HALF + 2)),
        *sign("times[r]", centre, y, TIMES),
        Label("reset", centre, y - HALF - 8, "reset", 13, face=BOLD),
        *_through(table, y, (centre + HALF, y)),
        _note(table, f"r {TIMES} ({now.name('h', 1)}·R{second})"),
        *_held_header(table, y - HALF - 28 - HEADER_HEIGHT),
    ]


def _reset_before(table: Table) -> list[Item]:
    """Draw r times the old state, before the product with R."""
    now, centre = table.now, table.centre(HELD)
    with np.errstate(all="ignore"):
        values = now.gate("r") * now.before
    cells = row_around(now, Ref("r⊙h", t=now.step), centre, table.top("sum"), values)
    y = cells.place.bottom + RISE + HALF
    before = now.name("h", 1)
    return [
        cells,
        Label("name[r⊙h]", centre, cells.place.y - 9, f"r {TIMES} {before}", 13),
        arrow("arrow[held]", (centre, y - HALF - 2), (centre, cells.place.bottom + 4)),
        *sign("times[r]", centre, y, TIMES),
        Label("reset", centre + HALF + 8, y + 5, "reset", 13, anchor="start", face=BOLD),
        *_through(table, y, (cells.place.right + 4, cells.place.centre[1])),
        _note(table, f"(r {TIMES} {before})·R"),
        *_held_header(table, table.bar_top - 6),
    ]


def _held_header(table: Table, top: float) -> list[Item]:
    """Say above the column without a gate what it is for, in the hue of the candidate that it belongs to."""
    centre, candidate = table.centre(HELD), CANDIDATE_LETTER
    most = table.column_width + 2 * IN - 6
    texts = [f"what {candidate} may see of {table.now.name('h', 1)}", f"what {candidate} may see"]
    wanted = [(text, face) for text in texts for face in (BOLD, SANS)]
    room = [text_width(text, 12, face) + 2 * HEADER_PAD for text, face in wanted]
    choice = next(place for place, width in enumerate(room) if width <= most)
    text, face = wanted[choice]
    width = max(table.column_width, room[choice])
    box = Rectangle(centre - width / 2, top, width, HEADER_HEIGHT)
    return badge(("header[held]", "header_text[held]"), box, text, "h", size=12, drop=4.5, face=face)


def _through(table: Table, y: float, start: tuple[float, float]) -> list[Item]:
    """Draw the line from r to its sign, and from there into the sum of the candidate."""
    now, width = table.now, table.column_width
    r = row_around(now, Ref(""), table.centre(RESET), table.gate_top, now.gate("r")).place
    target = row_around(now, Ref(""), table.centre(CANDIDATE), table.top("h"), now.before).place
    down, over = table.left(RESET) + width + IN, table.left(HELD) + width + OUT
    gate = (r.right + 4, r.centre[1]), (down, r.centre[1]), (down, y), (table.centre(HELD) - HALF - 2, y)
    let = start, (over, start[1]), (over, target.centre[1]), (target.x - 4, target.centre[1])
    return [Line("arrow[reset]", gate, hue="r"), arrow("arrow[let through]", *let)]


def _note(table: Table, text: str) -> Label:
    """Say what the row of the candidate holds where the other columns hold h·R."""
    right = row_around(table.now, Ref(""), table.centre(CANDIDATE), 0, table.now.before).place.right
    return Label("name[let through]", right + 10, table.top("h") + 16, text, 13, anchor="start")


def _bus(table: Table) -> list[Item]:
    """Draw the two buses: h goes to both gates and to what r acts on, x to both gates and to the candidate."""
    left, height = MARGIN + 20, table.bus
    bottom = table.top("x") + CELL_HEIGHT
    sign_bottom = table.top("sum") + CELL_HEIGHT + RISE + SIGN_SIZE - 2
    held = table.top("h") + CELL_HEIGHT if table.now.spec.reset_after else sign_bottom
    gates = {UPDATE: bottom, RESET: bottom}
    down = (left, table.line + CELL_HEIGHT / 2 + 4), (left, height), (table.centre(HELD), height)
    return [
        Line("bus[h]", down, head=False),
        *feeds(table, height, {**gates, HELD: held}, letter="h", shift=-APART),
        input_line(table, height + X_DROP, table.centre(CANDIDATE)),
        *feeds(table, height + X_DROP, {**gates, CANDIDATE: bottom}, letter="x", shift=APART),
    ]


def _sentences(now: Moment) -> list[str]:
    """Say one step of a GRU in words."""
    say, spec = wording.vector, now.spec
    x, before = now.said("x"), now.said("h", 1)
    inside = f"{x}·W + {_seen(now)}" + (" + b" if spec.use_bias else "")
    idea = (
        f"The idea: the update gate z mixes the old state with a candidate, {now.said('h')} = z {TIMES} {before} + "
        f"(1 − z) {TIMES} {CANDIDATE_LETTER}, and the reset gate r says how much of the old state the candidate sees, "
        f"{CANDIDATE_LETTER} = {activated(spec.activation.name, inside)}."
    )
    biases = "both biases" if spec.reset_after else "b"
    kept, rest, written = _mix(now)
    return [
        idea,
        f"{x} = {say(now.x)}, {before} = {say(now.before)}.",
        *(column_in_words(now, letter, biases) for letter in ("z", "r")),
        *_candidate_in_words(now),
        f"Keep: z {TIMES} {before} = {say(kept)}.",
        f"Write: 1 − z = {say(rest)}; (1 − z) {TIMES} h̃ = {say(written)}.",
        f"The two add up to {now.said('h')} = {say(now.after)}.",
        order_in_words(spec),
    ]


def _seen(now: Moment) -> str:
    """Return what the candidate sees of the old state, as a formula for running text."""
    before = now.said("h", 1)
    if not now.spec.reset_after:
        return f"(r {TIMES} {before})·R"
    return f"r {TIMES} ({before}·R + b′)" if now.spec.use_bias else f"r {TIMES} ({before}·R)"


def _candidate_in_words(now: Moment) -> list[str]:
    say, spec, before = wording.vector, now.spec, now.said("h", 1)
    parts, (product, bias, total) = now.sum_of("h"), _held(now)
    if spec.reset_after:
        second = f" + second bias b′ {say(bias)} = {say(total)}" if spec.use_bias else ""
        held = f"Reset: {before}·R {say(product)}{second}; r {TIMES} this is {say(parts.from_state)}."
    else:
        with np.errstate(all="ignore"):
            let = now.gate("r") * now.before
        held = f"Reset: r {TIMES} {before} = {say(let)}; this times R is {say(parts.from_state)}."
    added = f" + b {say(parts.bias)}" if spec.use_bias else ""
    return [
        held,
        f"{CANDIDATE_LETTER}: {now.said('x')}·W {say(parts.from_input)} + {_seen(now)} {say(parts.from_state)}{added} "
        f"= {say(parts.total)}; {spec.activation} of it is {CANDIDATE_LETTER} = {say(now.gate('h'))}.",
    ]
