"""What each number of a cell is made of: what lights up where one of them is pointed at.

Each row of units says all that made it, back to the x, the states before and the weights.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from course_utils.drawing.scene import Cells, Item
from course_utils.pictures.cell.moment import Moment
from course_utils.recurrence.kinds import KINDS, Kind
from course_utils.recurrence.kinds.flow import Product, SecondBias, Sum, Weigh
from course_utils.recurrence.specs import LETTERS

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
    cell = KINDS[kind]
    direct = _skipped(cell, step) if skipped else _direct(cell, reset_after, step)
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


def _direct(cell: Kind, reset_after: bool, step: int) -> dict[str, Sources]:
    """Return for each row what one operation made it of, by the flow of its kind."""
    name = named_here(cell, step)
    direct: dict[str, Sources] = {}
    for operation in cell.flow(reset_after):
        made = {name(source): how for source, how in operation.sources.items()}
        if isinstance(operation, Product):
            made[weight_id(cell, "recurrent_kernel", operation.block)] = "column"
        elif isinstance(operation, Weigh):
            made[weight_id(cell, operation.weight, operation.block)] = "column"
        elif isinstance(operation, SecondBias):
            direct[name("b[second]")] = {weight_id(cell, "bias", operation.block): "column"}
        elif isinstance(operation, Sum):
            block = operation.block
            direct[name(f"x·W[{block}]")] = {name("x"): "all", weight_id(cell, "kernel", block): "column"}
            if cell.gates:
                direct[name(f"b[{block}]")] = {weight_id(cell, "bias", block): "column"}
        direct[name(operation.name)] = made
    return direct


def weight_id(cell: Kind, weight: str, block: str) -> str:
    """Return the id of a block of a weight: in the map below a cell, or in the picture of a kind with one block."""
    return f"{WEIGHTS}{weight}[{block}]" if cell.gates else LETTERS[weight]


def named_here(cell: Kind, step: int) -> Callable[[str], str]:
    """Return how the quantities of a flow are called in the picture of a step."""
    of_blocks = {f"{stem}[{block}]": (stem, block) for stem in ("x·W", "h·R", "sum", "b") for block in cell.blocks}

    def name(quantity: str) -> str:
        if quantity in of_blocks:
            stem, block = of_blocks[quantity]
            if stem == "b":
                return f"b[{block}]" if cell.gates else "b"
            return f"{stem}[t={step},{block}]" if cell.gates else f"{stem}[t={step}]"
        if quantity == "b[second]":
            return quantity
        if quantity.endswith("-"):
            return f"{quantity[:-1]}[t={step - 1}]"
        new = cell.candidate and quantity == cell.letter(cell.candidate)
        return f"{'candidate' if new else quantity}[t={step}]"

    return name


def _skipped(cell: Kind, step: int) -> dict[str, Sources]:
    return {f"{letter}[t={step}]": {f"{letter}[t={step - 1}]": "cell"} for letter in cell.states}
