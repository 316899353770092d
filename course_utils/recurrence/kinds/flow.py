"""What one step of a cell computes: a list of named quantities, each from those before it by one operation.

From this list alone follow the numbers of a step, their derivatives (the chain rule), what made a number, the
formulas, and the sums that explore_cell writes out. A quantity is a vector of U numbers, (…, U). There before the
first operation:

    x, h- and c-   the input of the step, and the states before it
    b[i]           the bias of block i; with x·W[i] it arrives already added up, since it depends on no state
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from course_utils.recurrence.activation_functions import Activation

Values = dict[str, np.ndarray]
"""By the name of a quantity, its numbers, (…, U)."""

Derivatives = dict[str, dict[str, np.ndarray]]
"""By the name of a quantity and that of a state before, ∂quantity/∂state, (…, U, U); nothing where it is zero."""

SLOPES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": lambda value: 1 - value**2,
    "sigmoid": lambda value: value * (1 - value),
}
"""The slope of an activation, from the value that came out."""


class Cell(Protocol):
    """What the operations ask of a cell: its weights by block, and its activations."""

    def block(self, weight: str, letter: str) -> np.ndarray:
        """Return the part of a weight that belongs to one block."""

    def columns(self, weight: str, letters: str) -> np.ndarray:
        """Return the parts of a weight that belong to neighbouring blocks, side by side."""

    def activation_named(self, which: str) -> Activation:
        """Return the ``activation`` or the ``recurrent_activation``."""

    def letter_of(self, weight: str) -> str:
        """Return the letter of a weight."""

    @property
    def use_bias(self) -> bool:
        """Whether there are biases."""


class Operation(Protocol):
    """One line of a flow. sources: by what it reads, "cell" where unit u needs unit u alone, "all" where all units."""

    @property
    def name(self) -> str:
        """The quantity that comes out."""

    @property
    def sources(self) -> dict[str, str]:
        """What goes in."""

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        """Return it as a formula; say: how each quantity in it is written."""

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        """Return the numbers that come out."""

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        """Return how they depend on the states before."""


@dataclass(frozen=True)
class Product:
    """A vector times one block of R. together: neighbouring blocks that the same vector meets, for one product."""

    name: str
    vector: str
    block: str
    together: str = ""

    @property
    def sources(self) -> dict[str, str]:
        return {self.vector: "all"}

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        vector = say(self.vector)
        return f"({vector})·R" if any(sign in vector for sign in "⊙+") else f"{vector}·R"

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        letters = self.together or self.block
        key = f"{self.vector}·R[{letters}]"
        if key not in values:
            values[key] = values[self.vector] @ cell.columns("recurrent_kernel", letters)
        units = values[key].shape[-1] // len(letters)
        place = letters.index(self.block)
        return values[key][..., place * units : (place + 1) * units]

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        R = cell.block("recurrent_kernel", self.block)
        return {state: R.T @ matrix for state, matrix in known.get(self.vector, {}).items()}


@dataclass(frozen=True)
class Sum:
    """All that a block adds up: x·W, what the states say, and b. held: the quantities that the states say."""

    name: str
    block: str
    held: tuple[str, ...]

    @property
    def sources(self) -> dict[str, str]:
        return dict.fromkeys((f"x·W[{self.block}]", *self.held, f"b[{self.block}]"), "cell")

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        return " + ".join([f"{say('x')}·W", *map(say, self.held), *(["b"] if cell.use_bias else [])])

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return values[f"arriving[{self.block}]"] + added(values, self.held)

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        return _added_up(known, self.held)


@dataclass(frozen=True)
class Activate:
    """An activation, unit by unit. which: "activation" or "recurrent_activation"."""

    name: str
    which: str
    of: str

    @property
    def sources(self) -> dict[str, str]:
        return {self.of: "cell"}

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        activation = cell.activation_named(self.which)
        return say(self.of) if activation.name == "linear" else f"{activation}({say(self.of)})"

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return cell.activation_named(self.which)(values[self.of])

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        slope = SLOPES[cell.activation_named(self.which).name](values[self.name])
        return _scaled(slope, known.get(self.of, {}))


@dataclass(frozen=True)
class Multiply:
    """Two quantities, unit by unit."""

    name: str
    left: str
    right: str

    @property
    def sources(self) -> dict[str, str]:
        return {self.left: "cell", self.right: "cell"}

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        return f"{say(self.left)}⊙{say(self.right)}"

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return values[self.left] * values[self.right]

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        of_left = _scaled(values[self.right], known.get(self.left, {}))
        of_right = _scaled(values[self.left], known.get(self.right, {}))
        return _added_up({"left": of_left, "right": of_right}, ("left", "right"))


@dataclass(frozen=True)
class Weigh:
    """A quantity times a weight that is a vector, unit by unit: unit u meets its own number and no other."""

    name: str
    vector: str
    weight: str
    block: str

    @property
    def sources(self) -> dict[str, str]:
        return {self.vector: "cell"}

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        return f"{say(self.vector)}⊙{cell.letter_of(self.weight)}"

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return values[self.vector] * cell.block(self.weight, self.block)

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        return _scaled(cell.block(self.weight, self.block), known.get(self.vector, {}))


@dataclass(frozen=True)
class SecondBias:
    """A quantity plus the second bias of a block, the one that belongs to the state (of a GRU with reset_after)."""

    name: str
    of: str
    block: str

    @property
    def sources(self) -> dict[str, str]:
        return {self.of: "cell", "b[second]": "cell"}

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        return f"({say(self.of)} + b′)" if cell.use_bias else say(self.of)

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return values[self.of] + (cell.block("bias", self.block)[1] if cell.use_bias else 0)

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        return known.get(self.of, {})


@dataclass(frozen=True)
class Add:
    """Quantities, unit by unit."""

    name: str
    parts: tuple[str, ...]

    @property
    def sources(self) -> dict[str, str]:
        return dict.fromkeys(self.parts, "cell")

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        return " + ".join(map(say, self.parts))

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return added(values, self.parts)

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        return _added_up(known, self.parts)


@dataclass(frozen=True)
class Rest:
    """What a share leaves: 1 minus it."""

    name: str
    of: str

    @property
    def sources(self) -> dict[str, str]:
        return {self.of: "cell"}

    def written(self, cell: Cell, say: Callable[[str], str]) -> str:
        return f"(1−{say(self.of)})"

    def value(self, cell: Cell, values: Values) -> np.ndarray:
        return 1 - values[self.of]

    def derivative(self, cell: Cell, values: Values, known: Derivatives) -> dict[str, np.ndarray]:
        return {state: -matrix for state, matrix in known.get(self.of, {}).items()}


def evaluate(flow: Sequence[Operation], cell: Cell, values: Values) -> Values:
    """Run a flow; return ``values`` with every quantity in it.

    values: the states before, ``h-`` and so on, and for each block what arrives, ``arriving[f]``: x·W plus its bias
    """
    for operation in flow:
        values[operation.name] = operation.value(cell, values)
    return values


def differentiate(flow: Sequence[Operation], cell: Cell, values: Values, states: Sequence[str]) -> Derivatives:
    """Return how each quantity depends on each state before, by the chain rule from the first operation to the last.

    values: of all quantities; states: their letters
    """
    known: Derivatives = {f"{letter}-": {letter: np.eye(values[f"{letter}-"].shape[-1])} for letter in states}
    for operation in flow:
        known[operation.name] = operation.derivative(cell, values, known)
    return known


def added(values: Values, names: Sequence[str]) -> np.ndarray:
    """Return the sum of quantities."""
    total = values[names[0]]
    for name in names[1:]:
        total = total + values[name]
    return total


def _added_up(known: Derivatives, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the derivatives of a sum."""
    total: dict[str, np.ndarray] = {}
    for name in names:
        for state, matrix in known.get(name, {}).items():
            total[state] = total[state] + matrix if state in total else matrix
    return total


def _scaled(factors: np.ndarray, matrices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the derivatives of a quantity times factors, which scale the rows of its matrices."""
    return {state: factors[..., None] * matrix for state, matrix in matrices.items()}
