"""What each number of a cell is made of: what lights up where one of them is pointed at.

Each row of units says all that made it, back to the x, the states before and the weights.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.scene import Cells, Item
from course_utils.pictures.cell.moment import Moment
from course_utils.recurrence.kinds import KINDS, Kind
from course_utils.recurrence.kinds.flow import Product, SecondBias, Sum, Weigh
from course_utils.recurrence.specs import LETTERS

WEIGHTS = "weights/"  # what the ids of the weights map below a cell begin with
Sources = dict[Ref, str]
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
        replace(item, made_of=tuple(link for link in known[item.id] if link.to in drawn))
        if isinstance(item, Cells) and item.id in known
        else item
        for item in items
    ]


@lru_cache(maxsize=1024)
def _all_sources(kind: str, reset_after: bool, step: int, skipped: bool) -> dict[Ref, tuple[Link, ...]]:
    """Return for each row of units all that made it."""
    cell = KINDS[kind]
    direct = _skipped(cell, step) if skipped else _direct(cell, reset_after, step)
    return {name: tuple(Link(to, how) for to, how in _followed(direct, name).items()) for name in direct}


def _followed(direct: dict[Ref, Sources], name: Ref) -> Sources:
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


def _direct(cell: Kind, reset_after: bool, step: int) -> dict[Ref, Sources]:
    """Return for each row what one operation made it of, by the flow of its kind."""
    name = named_here(cell, step)
    direct: dict[Ref, Sources] = {}
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


def weight_id(cell: Kind, weight: str, block: str) -> Ref:
    """Return the id of a block of a weight: in the map below a cell, or in the picture of a kind with one block."""
    return Ref(weight, block, place=WEIGHTS) if cell.gates else Ref(LETTERS[weight])


def named_here(cell: Kind, step: int) -> Callable[[str], Ref]:
    """Return how the quantities of a flow are called in the picture of a step."""
    of_blocks = {f"{stem}[{block}]": (stem, block) for stem in ("x·W", "h·R", "sum", "b") for block in cell.blocks}

    before = {f"{letter}-": letter for letter in cell.states}

    def name(quantity: str) -> Ref:
        if quantity in of_blocks:
            stem, block = of_blocks[quantity]
            ref = Ref(stem) if stem == "b" else Ref(stem, t=step)
            return ref.at(block) if cell.gates else ref
        if quantity == "b[second]":
            return Ref("b", "second")
        if quantity in before:
            return Ref(before[quantity], t=step - 1)
        new = cell.candidate and quantity == cell.letter(cell.candidate)
        return Ref("candidate" if new else quantity, t=step)

    return name


def _skipped(cell: Kind, step: int) -> dict[Ref, Sources]:
    return {Ref(letter, t=step): {Ref(letter, t=step - 1): "cell"} for letter in cell.states}
