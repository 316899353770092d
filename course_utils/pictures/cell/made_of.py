"""What each number of a cell is made of: what lights up where one of them is pointed at.

Each row of units says all that made it, back to the x, the states before and the weights.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from course_utils.drawing.scene import Cells, Item
from course_utils.pictures.cell.moment import Moment
from course_utils.recurrence.specs import BLOCKS, GATES

WEIGHTS = "weights/"  # what the ids of the weights map below a cell begin with
Sources = dict[str, str]
"""By the id of a block: "all" of it, the "column" of the unit, or its "cell"."""


def linked(now: Moment, items: Iterable[Item], below: Iterable[Item] = ()) -> list[Item]:
    """Return the items of a cell picture, each row of units with what made it, as far as it is drawn.

    below: the weights map under it, if there is one; its ids begin with ``weights/``
    """
    items = list(items)
    drawn = {item.id for item in (*items, *below) if isinstance(item, Cells)}
    spec = now.spec
    known = _all_sources(spec.kind, spec.reset_after, now.step, now.skipped)
    return [
        replace(item, made_of=tuple(f"{name} {how}" for name, how in known[item.id].items() if name in drawn))
        if isinstance(item, Cells) and item.id in known
        else item
        for item in items
    ]


@lru_cache(maxsize=1024)
def _all_sources(kind: str, reset_after: bool, step: int, skipped: bool) -> dict[str, Sources]:
    """Return for each row of units all that made it."""
    direct = _skipped(kind, step) if skipped else DIRECT[kind](step, reset_after)
    return {name: _followed(direct, name) for name in direct}


def _followed(direct: dict[str, Sources], name: str) -> Sources:
    """Return what made one block, and what made that, and so on.

    All units of a source are made of all units of its own sources; "all" holds whatever else is said.
    """
    found: Sources = {}
    waiting = list(direct[name].items())
    while waiting:
        source, how = waiting.pop(0)
        if found.get(source) in ("all", how):
            continue
        found[source] = how
        waiting += [(deeper, "all" if how == "all" else its) for deeper, its in direct.get(source, {}).items()]
    return found


def _simple(step: int, _reset_after: bool) -> dict[str, Sources]:
    return {
        f"x·W[t={step}]": {f"x[t={step}]": "all", "W": "column"},
        f"h·R[t={step}]": {f"h[t={step - 1}]": "all", "R": "column"},
        f"sum[t={step}]": dict.fromkeys((f"x·W[t={step}]", f"h·R[t={step}]", "b"), "cell"),
        f"h[t={step}]": {f"sum[t={step}]": "cell"},
    }


def _columns(kind: str, step: int) -> dict[str, Sources]:
    """Return the sources within the small layers of an LSTM or GRU, the same for each gate and the candidate."""
    direct: dict[str, Sources] = {}
    for letter in BLOCKS[kind]:
        here = f"[t={step},{letter}]"
        gate = f"{letter if letter in GATES[kind] else 'candidate'}[t={step}]"
        direct[gate] = {f"sum{here}": "cell"}
        direct[f"sum{here}"] = dict.fromkeys((f"x·W{here}", f"h·R{here}", f"b[{letter}]"), "cell")
        direct[f"x·W{here}"] = {f"x[t={step}]": "all", f"{WEIGHTS}kernel[{letter}]": "column"}
        direct[f"h·R{here}"] = {f"h[t={step - 1}]": "all", f"{WEIGHTS}recurrent_kernel[{letter}]": "column"}
        direct[f"b[{letter}]"] = {f"{WEIGHTS}bias[{letter}]": "column"}
    return direct


def _cells(*stems: str, step: int) -> Sources:
    return {f"{stem}[t={step}]": "cell" for stem in stems}


def _lstm(step: int, _reset_after: bool) -> dict[str, Sources]:
    before = {f"c[t={step - 1}]": "cell"}
    return _columns("LSTM", step) | {
        f"f⊙c[t={step}]": _cells("f", step=step) | before,
        f"i⊙c̃[t={step}]": _cells("i", "candidate", step=step),
        f"c[t={step}]": _cells("f⊙c", "i⊙c̃", step=step),
        f"tanh(c)[t={step}]": _cells("c", step=step),
        f"h[t={step}]": _cells("o", "tanh(c)", step=step),
    }


def _gru(step: int, reset_after: bool) -> dict[str, Sources]:
    here, before = f"[t={step}]", f"h[t={step - 1}]"
    recurrent, seen = {f"{WEIGHTS}recurrent_kernel[h]": "column"}, f"h·R[t={step},h]"
    direct = _columns("GRU", step) | {
        f"z⊙h{here}": {f"z{here}": "cell", before: "cell"},
        f"1−z{here}": _cells("z", step=step),
        f"(1−z)⊙h̃{here}": _cells("1−z", "candidate", step=step),
        f"h{here}": _cells("z⊙h", "(1−z)⊙h̃", step=step),
    }
    if not reset_after:  # every unit of r has a say in every unit of the candidate
        return direct | {
            f"r⊙h{here}": {f"r{here}": "cell", before: "cell"},
            seen: {f"r⊙h{here}": "all"} | recurrent,
        }
    return direct | {
        f"h·R{here}": {before: "all"} | recurrent,
        "b[second]": {f"{WEIGHTS}bias[h]": "column"},
        f"h·R+b{here}": {f"h·R{here}": "cell", "b[second]": "cell"},
        seen: _cells("r", "h·R+b", "h·R", step=step) | {"b[second]": "cell"},
    }


DIRECT = {"SimpleRNN": _simple, "LSTM": _lstm, "GRU": _gru}


def _skipped(kind: str, step: int) -> dict[str, Sources]:
    letters = ("c", "h") if kind == "LSTM" else ("h",)
    return {f"{letter}[t={step}]": {f"{letter}[t={step - 1}]": "cell"} for letter in letters}
