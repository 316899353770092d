"""What a kind of cell is: its blocks and states with their words, and its flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from course_utils.recurrence.kinds.flow import Activate, Operation, Sum

CANDIDATE = "candidate"
TILDE = "\u0303"


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of recurrent cell. A new kind is one file with one of these, and one call of ``register``.

    name:    as in ``keras.layers``
    blocks:  letter → what it is called, in the order in which the columns of W, R and b stand side by side
    gates:   the blocks that are gates: numbers that say how much passes
    states:  letter → what it is called, in the order in which they leave; h, which leaves as output too, is the first
    flow:    what a step computes; by whether a GRU's r acts after the product with R
    keeps:   the gate that says how much of the memory stays, "" where there is none
    memory:  the state that this gate acts on
    ones:    the block whose bias Keras starts at 1, "" where it starts at 0 everywhere
    vectors: other weights, each a vector: name → (letter, the blocks that stand side by side in it)
    """

    name: str
    blocks: Mapping[str, str]
    gates: str
    states: Mapping[str, str]
    flow: Callable[[bool], tuple[Operation, ...]]
    keeps: str = ""
    memory: str = "h"
    ones: str = ""
    vectors: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of the blocks, in the order of the columns."""
        return tuple(self.blocks)

    @property
    def candidate(self) -> str:
        """The block of the new values that gates let in, "" where there are no gates."""
        return next((letter for letter, word in self.blocks.items() if word == CANDIDATE), "")

    def letter(self, block: str) -> str:
        """Return the letter of a block as it is written: a candidate carries a tilde."""
        return block + TILDE if self.blocks[block] == CANDIDATE else block

    def role(self, block: str) -> str:
        """Return what a block is, such as "forget gate"."""
        return self.blocks[block] + (" gate" if block in self.gates else "")


@dataclass(frozen=True)
class FlowNames:
    """What the quantities are called that a step begins and ends with; block by block, or state by state.

    arriving: x·W plus the bias; before: the states; held: what the states say; blocks: gates and candidate; after: the
    new states
    """

    arriving: tuple[str, ...]
    before: tuple[str, ...]
    held: tuple[tuple[str, ...], ...]
    blocks: tuple[str, ...]
    after: tuple[str, ...]


@lru_cache(maxsize=64)
def flow_names(kind: Kind, reset_after: bool) -> FlowNames:
    """Return the names in a flow of a kind."""
    held = {operation.block: operation.held for operation in kind.flow(reset_after) if isinstance(operation, Sum)}
    return FlowNames(
        tuple(f"arriving[{block}]" for block in kind.blocks),
        tuple(f"{letter}-" for letter in kind.states),
        tuple(held[block] for block in kind.blocks),
        tuple(map(kind.letter, kind.blocks)),
        tuple(kind.states),
    )


def check_flow(kind: Kind) -> None:
    """Raise ValueError, in a sentence, for the first thing in a kind that does not fit together."""
    if kind.gates and not kind.candidate:
        words = ", ".join(kind.blocks.values())
        raise ValueError(
            f"blocks of {kind.name!r} must call one of them {CANDIDATE!r}, since it has gates, but they are {words}."
        )
    for flow in (kind.flow(True), kind.flow(False)):
        _check_order(kind, flow)


def _check_order(kind: Kind, flow: tuple[Operation, ...]) -> None:
    """Raise ValueError where a flow reads what is not there yet, or does not come to all that a step gives."""
    known = {"x", "b[second]", *(f"{letter}-" for letter in kind.states)}
    known |= {f"{stem}[{block}]" for stem in ("x·W", "b") for block in kind.blocks}
    for operation in flow:
        missing = [source for source in operation.sources if source not in known]
        if missing:
            near = get_close_matches(missing[0], known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"The flow of {kind.name!r} makes {operation.name!r} of {missing[0]!r}, which is not there yet.{hint}"
            )
        known.add(operation.name)
    bent = {operation.of for operation in flow if isinstance(operation, Activate)}
    for block in kind.blocks:
        sums = [operation.name for operation in flow if isinstance(operation, Sum) and operation.block == block]
        if len(sums) != 1:
            raise ValueError(
                f"The flow of {kind.name!r} must hold one Sum for block {block!r}, but it holds {len(sums)}."
            )
        if sums[0] not in bent:
            raise ValueError(
                f"The flow of {kind.name!r} must hold an Activate of {sums[0]!r}: one that does nothing is 'linear'."
            )
    for name in (*map(kind.letter, kind.blocks), *kind.states):
        if name not in known:
            raise ValueError(f"The flow of {kind.name!r} must come to {name!r}, but no operation bears that name.")


KINDS: dict[str, Kind] = {}
"""Every kind that is known, by name."""

OWN_CELLS: dict[type, str] = {}
"""The kinds of cells that a framework does not have, by the class that its user wrote."""


def register(kind: Kind, cell: type | None = None) -> Kind:
    """Make a kind known: its layers are run, counted, differentiated and drawn from then on. Return it.

    Raises ValueError where its flow reads what is not there yet, or does not come to its gates, candidate and states.

    cell: the class of a cell that a user wrote, with W, R and b in its attributes ``kernel``, ``recurrent_kernel`` and
          ``bias`` (of U columns a block), its ``vectors`` by their names, and ``units``, ``use_bias``, ``activation``
          and ``recurrent_activation`` as Keras's own cells have them
    """
    check_flow(kind)
    KINDS[kind.name] = kind
    if cell is not None:
        OWN_CELLS[cell] = kind.name
    return kind
