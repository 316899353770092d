"""The unrolled picture in words: its title, its note, its description."""

from collections.abc import Sequence

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import FIRST, LAST, MOST_STEPS, shown_steps
from course_utils.drawing.text import BOLD, printable, text_width
from course_utils.pictures.unrolled.branches import Branches
from course_utils.pictures.unrolled.grid import formulas
from course_utils.pictures.unrolled.plan import Level, Plan, Row
from course_utils.recurrence.graphs import ClosedSpec, FlattenSpec
from course_utils.recurrence.kinds import KINDS
from course_utils.recurrence.specs import AnyRecurrent, BidirectionalSpec, RecurrentSpec

LONGEST_TITLE = 4  # layers
SWITCHES = ("return_sequences", "return_state", "go_backwards", "stateful")
TITLE_SIZE, WIDEST_TEXT = 19, 1000  # px


def title(plan: Plan) -> str:
    """Say which layers on which input, with as many switches as there is room for."""
    said = [_title(plan, most, features) for most in range(len(SWITCHES), -1, -1) for features in (True, False)]
    return next((one for one in said if text_width(one, TITLE_SIZE, BOLD) <= WIDEST_TEXT), said[-2])


def _title(plan: Plan, most: int, features: bool) -> str:
    """Write the title with so many switches at most, with or without the features."""
    layers = [_called(plan, row, most) for row in plan.rows if row.spec is not None]
    named = " → ".join(layers) if len(layers) <= LONGEST_TITLE else wording.counted(len(layers), "layer")
    entry = plan.entry
    if not entry.steps:
        return f"{named} on {entry.shape}"
    of = "" if entry.style == "numbers" or not features else f" of {wording.counted(entry.size, 'feature')}"
    return f"{named} on {wording.counted(entry.steps, 'step')}{of}"


def _total(total: int, whole: int | None) -> str:
    """Say how many parameters are drawn, and of how many where that is known."""
    if whole in (total, None):
        return wording.counted(total, "parameter", thousands=True)
    return f"{total:,} of the model's {whole:,} parameters are in the layers drawn"


def _called(plan: Plan, row: Row, most: int) -> str:
    """Return a layer as it is written; one alone with the arguments that are switched on, ``most`` of them."""
    if not plan.single or not isinstance(row.spec, AnyRecurrent):
        return row.title
    switched = [f"{name}=True" for name in SWITCHES if getattr(row.spec.manner, name)]
    switched[most:] = ["…"] if len(switched) > most else []
    return ", ".join([row.title[:-1], *switched]) + ")"


def subtitle(plan: Plan) -> str:
    """Say the one thing to see."""
    row = plan.rows[0]
    total = "" if plan.total is None else _total(plan.total, plan.whole) + _depends(plan)
    if len(plan.rows) == 1 and row.style == "both":
        return "two cells read the same steps, one in each direction" + (f" · {total}" if total else "")
    if not plan.single:
        said = "each recurrent layer is one cell, used again at every step; time runs to the right, depth upwards"
        return said + (f" · {total}" if total else "")
    steps = plan.entry.steps
    times = {1: "once", 2: "twice"}.get(steps, f"{steps} times")
    turned = ", from the last step to the first" if plan.entry.turned else ""
    return f"one cell, used {times} with the same {_letters(row)}{turned}: {total}"


def _depends(plan: Plan) -> str:
    """Say whether the count depends on the number of steps: it may where a layer takes all steps as one vector."""
    if any(isinstance(row.spec, FlattenSpec) for row in plan.rows):
        return ", for this number of steps"
    unknown = any(isinstance(row.spec, ClosedSpec) and row.spec.parameters != 0 for row in plan.rows)
    return "" if unknown else ", whatever the number of steps"


def _letters(row: Row) -> str:
    if not isinstance(row.spec, RecurrentSpec):
        return "weights"
    return "W, R and b" if row.spec.use_bias else "W and R"


def legend_notes(plan: Plan, beyond: bool, entering: str = "", leaving: str = "") -> list[str]:
    """Say what goes in and out, what the kinds of lines and the letters mean.

    beyond: values leave the scale; entering, leaving: shapes, where they are not those below and above all rows
    """
    marks = [f"input: {entering or plan.entry.shape}", f"output: {leaving or plan.rows[-1].leaving.shape}"]
    if beyond:
        marks.append("beyond the scale: its strongest colour")
    notes = [" · ".join(marks), " · ".join(_lines(plan)), " · ".join(_letters_explained(plan))]
    if plan.left_out:
        notes.append(f"not drawn: {', '.join(plan.left_out[:3])}{' …' if len(plan.left_out) > 3 else ''}")
    return [note for note in notes if note]


def _lines(plan: Plan) -> list[str]:
    marks = []
    ghosts = (row.style == "cells" and row.leaving.style == "vector" and row.entry.steps > 1 for row in plan.rows)
    if any(ghosts) or any(row.goes == "nowhere" for row in plan.rows):
        marks.append("dashed: computed, not given out by the layer")
    if any(trace.cell_state is not None for row in plan.rows for trace in row.traces):
        marks.append("double line: c, the cell state (memory)")
    if any(row.merge == "concat" for row in plan.rows):
        marks.append("concat: upper half →h, lower half ←h")
    return marks


def _letters_explained(plan: Plan) -> list[str]:
    """Say what the letters in the boxes stand for."""
    cells = (trace.spec for row in plan.rows for trace in row.traces if isinstance(trace.spec, RecurrentSpec))
    seen = {spec.kind for spec in cells}
    kinds = [kind for name, kind in KINDS.items() if name in seen]
    letters = ["W kernel, for x", "R recurrent_kernel, for h", "b bias"] if seen else []
    letters += [f"{letter} {weight}" for kind in kinds for weight, (letter, _blocks) in kind.vectors.items()]
    for kind in (kind for kind in kinds if kind.gates):
        gates = ", ".join(f"{gate} {kind.blocks[gate]}" for gate in kind.gates)
        letters.append(f"{gates} gate, {kind.letter(kind.candidate)} {kind.blocks[kind.candidate]}")
    return letters


def sentences(plan: Plan) -> list[str]:
    """Say in words what the picture shows: its alternative text."""
    if plan.single:
        return [*_single(plan), *_left_out(plan)]
    opening = [f"{title(plan)}, unrolled: time runs to the right, depth upwards.", f"Input {plan.entry.shape}."]
    return [*opening, *_branch_by_branch([plan], plan)]


def _left_out(plan: Plan) -> list[str]:
    return [f"Not drawn: {', '.join(plan.left_out)}."] if plan.left_out else []


def _single(plan: Plan) -> list[str]:
    row = plan.rows[0]
    leaving, steps = row.leaving, plan.entry.steps
    outside = "every state" if leaving.style == "steps" else f"only the last state, h_{steps}"
    sentences = [
        f"{title(plan)}, unrolled: one cell used {wording.counted(steps, 'time')}, drawn side by side.",
        f"Each copy uses the same weights, {plan.total:,} parameters in all.",
        f"Input {plan.entry.shape}; output {leaving.shape}: {outside}.",
    ]
    sentences.append(_start(plan, row))
    if plan.entry.turned:
        sentences.append(f"It reads backwards: step 1 reads x_{steps}.")
    sentences += _returned(row)
    if plan.known:
        sentences += [_step(plan, row, order) for order in shown_steps(steps)]
    return sentences


def _start(plan: Plan, row: Row) -> str:
    """Say what the state before the first step is, and how each state is made."""
    start = row.traces[0].initial[plan.sample]
    given = f" = {wording.vector(start)} is given"
    first = f" comes from {row.begins}" if row.begins else given if np.any(start) else " is zero"
    made = "; ".join(formulas(row, 1)) if isinstance(row.traces[0].spec, RecurrentSpec) else ""
    for letter in "xhc":
        made = made.replace(f"{letter}₁", f"{letter}_t").replace(f"{letter}₀", f"{letter}_(t-1)")
    made = f" In each step {made}." if made and not plan.entry.turned else ""
    return f"h_0{first}; each h goes into the next step.{made}"


def _returned(row: Row) -> list[str]:
    if not row.traces[0].spec.manner.return_state:
        return []
    size, lstm = row.traces[0].hidden.shape[-1], row.traces[0].cell_state is not None
    if len(row.traces) == 2:
        number = 4 if lstm else 2
        return [f"The last states leave once more: {number} of them, (batch, {size}) each, forward before backward."]
    if lstm:
        return [f"The last h and the last c leave once more as the returned states, (batch, {size}) each."]
    return [f"The last state leaves once more as the returned state, (batch, {size})."]


def _step(plan: Plan, row: Row, order: int | None) -> str:
    """Say one step of a single layer with its numbers."""
    if order is None:
        return f"… {wording.counted(plan.entry.steps - FIRST - LAST, 'more step')} …"
    trace, entry, sample = row.traces[0], plan.entry, plan.sample
    index = entry.index(order)
    word = "" if plan.words is None else f" ({printable(plan.words[index - 1])})"
    skipped = trace.mask is not None and not trace.mask[sample, order - 1]
    parts = [f"x_{index} = {wording.vector(entry.at(order))}"]
    if trace.cell_state is not None:
        parts.append(f"c_{order} = {wording.vector(trace.cell_state[sample, order - 1])}")
    parts.append(f"h_{order} = {wording.vector(trace.hidden[sample, order - 1])}")
    return f"Step {order}{word}{', skipped by the mask' if skipped else ''}: {', '.join(parts)}."


def title_of_branches(model: Branches) -> str:
    """Say how many layers in how many branches, and on how many steps each."""
    if len(model.plans) == 1:
        return title(model.plans[0])
    layers = sum(row.spec is not None for plan in model.plans for row in plan.rows)
    entries = [plan.entry for plan in model.plans if not plan.source]
    steps = list(dict.fromkeys(entry.steps for entry in entries if entry.steps))
    said = f"A model of {wording.counted(layers, 'layer')} in {len(model.plans)} branches"
    return f"{said} on {' and '.join(map(str, steps))} step{'' if steps == [1] else 's'}" if steps else said


def sentences_of_branches(model: Branches) -> list[str]:
    """Say a whole model in words, branch by branch."""
    side = ", branches side by side" if len(model.plans) > 1 else ""
    return [
        f"{title_of_branches(model)}, unrolled: time runs to the right, depth upwards{side}.",
        f"Input {' and '.join(model.inputs)}; output {' and '.join(model.outputs)}.",
        *_branch_by_branch(model.plans, model.plans[model.main]),
    ]


def _branch_by_branch(plans: Sequence[Plan], main: Plan) -> list[str]:
    """Say the rows of each branch, how many parameters there are, what goes in, what comes out, what is not drawn."""
    said: list[str] = []
    several = len(plans) > 1
    for number, plan in enumerate(plans, start=1):
        if several:
            said.append(f"Branch {number} reads {plan.source or f'{plan.called}, {plan.entry.shape}'}.")
        said += [_layer(plan, row) for row in plan.rows]
    if main.total is not None:
        said.append(f"{_total(main.total, main.whole)}{' in all' if main.whole == main.total else ''}.")
    for number, plan in enumerate(plans, start=1):
        if plan.known and plan.entry.style == "steps" and not plan.source:
            said.append(f"The input{f' of branch {number}' if several else ''} is {_values(plan.entry)}.")
    outputs = [row for plan in plans for row in plan.rows if row.goes == "out" and plan.known]
    said += [f"The output is {_values(row.leaving)}." for row in outputs[:1]]
    said += [f"Another output, of {row.name}, is {_values(row.leaving)}." for row in outputs[1:]]
    return [*said, *_left_out(main)]


def _layer(plan: Plan, row: Row) -> str:
    """Say one row: what it is, what it gives, and the last state of a recurrent layer."""
    if row.spec is None:
        return f"{row.title}."
    total = "" if row.total is None else f", {wording.counted(row.total, 'parameter', thousands=True)}"
    again = ", the same weights once more" if row.again and row.total else ""
    also = f", reads {' and '.join(row.also)} too" if row.also else ""
    gives = f"{row.name}: {row.title}{again or total}{also}, gives {row.leaving.shape}"
    if row.style == "each":
        return f"{gives}: at every step by itself."
    if not row.traces:
        return f"{gives}."
    outside = "every state" if row.leaving.style == "steps" else "only the last state"
    merged = ""
    if isinstance(row.spec, BidirectionalSpec):
        how = f"merged by {row.merge}" if row.merge else "given out apart"
        merged = f", read forwards and backwards, each with its own weights, {how}"
    if row.begins:
        merged += f", starts with a state from {row.begins}"
    skipped = _skipped(plan, row)
    if skipped:
        merged += f", a mask skips {skipped}"
    last = ""
    if plan.known:
        states = [wording.vector(trace.hidden[plan.sample, -1]) for trace in row.traces]
        last = f"; its last state is {' and '.join(states)}"
    return " ".join([f"{gives}: {outside}{merged}{last}.", *_returned(row)])


def _skipped(plan: Plan, row: Row) -> str:
    """Say which steps a mask skips, from 1 in order of processing."""
    mask = row.traces[0].mask
    if mask is None:
        return ""
    steps = np.flatnonzero(~mask[plan.sample]) + 1
    if not len(steps):
        return ""
    named = "step " if len(steps) == 1 else "steps "
    return named + ", ".join(map(str, steps)) if len(steps) <= wording.LONGEST_LIST else f"{len(steps)} steps"


def _values(level: Level) -> str:
    if level.style == "vector":
        return wording.vector(level.values)
    if level.style != "steps":
        return f"of shape {level.shape}"
    shown = range(1 if level.steps <= MOST_STEPS else level.steps, level.steps + 1)
    said = [f"{level.letter}_{step} = {wording.vector(level.at(step))}" for step in shown]
    return ("… " if level.steps > MOST_STEPS else "") + ", ".join(said)
