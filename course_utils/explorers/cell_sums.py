"""One unit of one step as sums that can be followed by hand: every product, sum and activation, from the flow."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing.wording import number
from course_utils.pictures.cell.moment import Moment
from course_utils.recurrence import CellTrace
from course_utils.recurrence.kinds.flow import Activate, Add, Multiply, Operation, Product, Rest, SecondBias, Sum, Weigh
from course_utils.recurrence.kinds.formulas import formula
from course_utils.recurrence.running import quantities

LONGEST_SUM = 6
LETTERS = -1  # the stage at which nothing is a number yet


def sum_in_words(trace: CellTrace, step: int, unit: int) -> list[str]:
    """Write out how one unit of h_t comes about, line by line (first sample); the last line is the result.

    >>> from course_utils.recurrence import random_input, random_spec, run
    >>> lines = sum_in_words(run(random_spec("LSTM", units=4, features=2), random_input(3, 2)), step=2, unit=1)
    >>> print(*lines[:6], lines[-1], sep=chr(10))
    f, forget gate
      x₂·W: 0.76·0.41 + (−0.83)·0.29 = 0.07
      h₁·R: (−0.09)·0.08 + (−0.06)·(−0.09) + (−0.07)·0.25 + 0.07·(−0.35) = −0.04
      b: 1.00
      sum: 0.07 + (−0.04) + 1.00 = 1.03
      f = sigmoid(1.03) = 0.74
    unit 1 of h₂ = o·tanh(c₂) = 0.51·tanh(−0.45) = 0.51·(−0.42) = −0.21
    """
    with np.errstate(all="ignore"):
        sums = Sums(Moment(trace, step, 0), unit - 1)
        return [line for name in sums.order for line in sums.lines(name)]


def sums_in_short(trace: CellTrace, step: int, unit: int) -> list[tuple[str, str]]:
    """Write each sum of one unit on one line with its block's letter, and after them how they make h_t (first sample).

    >>> from course_utils.recurrence import random_input, random_spec, run
    >>> lines = sums_in_short(run(random_spec("LSTM", units=4, features=2), random_input(3, 2)), step=2, unit=1)
    >>> print(*lines[0], *lines[-1], sep=chr(10))
    f
    f = sigmoid(x₂·W + h₁·R + b) = sigmoid(0.07 + (−0.04) + 1.00) = sigmoid(1.03) = 0.74
    <BLANKLINE>
    unit 1 of h₂ = o·tanh(c₂) = 0.51·tanh(−0.45) = 0.51·(−0.42) = −0.21
    """
    with np.errstate(all="ignore"):
        sums = Sums(Moment(trace, step, 0), unit - 1)
        return [sums.short(name) for name in sums.order]


@dataclass(frozen=True)
class Sums:
    """The sums of one unit, counted from 0."""

    now: Moment
    unit: int

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """The flow, by the name of what comes out; a second bias that is not there leaves what it would be added to."""
        found: dict[str, Operation] = {}
        for one in self.now.spec.flow:
            match one:
                case SecondBias(of=of) if not self.now.spec.use_bias:
                    found[one.name] = found[of]
                case _:
                    found[one.name] = one
        return found

    @cached_property
    def blocks(self) -> dict[str, tuple[Sum, Activate]]:
        """The sum of each block and the activation of it, by what comes out."""
        totals = {one.name: one for one in self.operations.values() if isinstance(one, Sum)}
        bent = [one for one in self.operations.values() if isinstance(one, Activate)]
        return {one.name: (totals[one.of], one) for one in bent if one.of in totals}

    @cached_property
    def known(self) -> dict[str, str]:
        """How the quantities are written that have lines of their own: x, the states, the gates and the candidate."""
        name, states = self.now.name, self.now.spec.cell.states
        before = {f"{letter}-": name(letter, 1) for letter in states}
        return {block: block for block in self.blocks} | {"x": name("x")} | before | {s: name(s) for s in states}

    @cached_property
    def values(self) -> dict[str, np.ndarray]:
        """Every quantity of this step, (U,); gates and states, and what is made of them, as the trace rounds them."""
        found = {name: array[0] for name, array in quantities(self.now.trace, self.now.step).items()}
        traced = {letter: self.now.state(letter) for letter in self.now.spec.cell.states}
        traced |= {} if self.alone else {name: self.now.gate(total.block) for name, (total, _) in self.blocks.items()}
        found |= traced
        for name, operation in self.operations.items():
            if name not in traced and not isinstance(operation, (Product, Sum)):
                found[name] = operation.value(self.now.spec, found)
        return found

    @cached_property
    def alone(self) -> bool:
        """Whether the only block is the new state itself."""
        return list(self.blocks) == list(self.now.spec.cell.states)

    @cached_property
    def order(self) -> list[str]:
        """What is worked out, one after the other: blocks as they act, then the states, or where a block needs them."""
        order: list[str] = []
        states = self.now.spec.cell.states

        def visit(name: str, needed: bool) -> None:
            if name in order or name not in self.operations:
                return
            for source in self.operations[name].sources:
                visit(source, needed or name in self.blocks)
            if name in self.blocks or (needed and name in states):
                order.append(name)

        made = [name for name in self.operations if name in states]
        for name in made:
            visit(name, False)
        return order + [name for name in made if name not in order]

    def lines(self, name: str) -> list[str]:
        """Write one block: its name, what is added up, the sum, and the activation; a state is one line."""
        if name not in self.blocks:
            return [self.made(name)]
        (total, bent), cell, u = self.blocks[name], self.now.spec.cell, self.unit
        column, arriving = self.now.spec.block("kernel", total.block)[:, u], self.now.sum_of(total.block).from_input[u]
        lines = [f"{self.known['x']}·W: {_products(' + ', self.now.x, column)} = {number(arriving)}"]
        for held in total.held:
            lines += self._seen(held)
            if not isinstance(self._inner(held), Product | None):
                lines.append(f"{self.text(held, said=True)} = {self.text(held, 0, said=True)} = {self._number(held)}")
        lines += [": ".join(self._bias(total.block))] if self.now.spec.use_bias else []
        _letters, added, summed = self.sums(total)
        lines.append(f"sum: {summed}" if self.alone else f"sum: {added} = {summed}")
        lines.append(f"{self._head(name)} = {self._activation(bent)}({summed}) = {self._number(name)}")
        return lines if self.alone else [f"{name}, {cell.role(total.block)}", *(f"  {line}" for line in lines)]

    def short(self, name: str) -> tuple[str, str]:
        """Write what a block adds up, in letters and in numbers, its sum, and its activation; first, its letter."""
        if name not in self.blocks:
            return "", self.made(name)
        total, bent = self.blocks[name]
        steps = [f"{self._activation(bent)}({text})" for text in self.sums(total)]
        return "" if self.alone else total.block, " = ".join([self._head(name), *steps, self._number(name)])

    def made(self, name: str) -> str:
        """Write how a state is made of gates and candidate, working out one operation after the other."""
        operation = self.operations[name]
        stages = [self._written(operation, stage) for stage in range(LETTERS, self._height(operation))]
        return " = ".join([self._head(name), *stages, self._number(name)])

    def sums(self, total: Sum) -> tuple[str, str, str]:
        """Write what a block adds up in letters, in numbers, and the sum."""
        parts, u = self.now.sum_of(total.block), self.unit
        letters = [f"{self.known['x']}·W", *map(self.text, total.held)]
        numbers = [number(parts.from_input[u]), *(_bracketed(self._number(held)) for held in total.held)]
        if self.now.spec.use_bias:
            letters.append(self._bias(total.block)[0])
            numbers.append(_bracketed(number(parts.bias[u])))
        return " + ".join(letters), " + ".join(numbers), number(parts.total[u])

    def text(self, name: str, stage: int = LETTERS, *, said: bool = False) -> str:
        """Write a quantity. said: the products in it have lines of their own.

        stage: in letters, or how many operations, one on the other, are worked out already
        """
        if stage >= self._depth(name):
            return self._number(name)
        return self.known[name] if name in self.known else self._written(self.operations[name], stage, said)

    def _written(self, operation: Operation, stage: int, said: bool = False) -> str:
        """Write an operation, and what goes into it as far as it is not worked out."""
        spec = self.now.spec
        match operation:
            case Multiply(left=left, right=right):
                return f"{self._factor(left, stage, said, beside=right)}·{self._factor(right, stage, said)}"
            case Weigh(vector=vector, weight=weight, block=block):
                share, letter = number(spec.block(weight, block)[self.unit]), spec.letter_of(weight)
                return f"{self._factor(vector, stage, said)}·{letter if stage < 0 else _bracketed(share)}"
            case Add(parts=(first, *others)):
                return " + ".join([self.text(first, stage), *(_bracketed(self.text(each, stage)) for each in others)])
            case Rest(of=of):
                return f"(1 − {self.text(of, stage)})"
            case Activate(which=which, of=of):
                return f"{spec.activation_named(which)}({self.text(of, stage)})"
            case SecondBias(of=of, block=block):
                second = "b′" if stage < 0 else _bracketed(number(spec.block("bias", block)[1, self.unit]))
                return f"({self.text(of, stage)} + {second})"
        return formula(spec, operation.name, self.known)

    def _factor(self, name: str, stage: int, said: bool, beside: str = "") -> str:
        """Write a factor in brackets where it would not hold together without. beside: the factor after it, if any."""
        text, operation = self.text(name, stage, said=said), self._inner(name)
        if stage >= self._depth(name):
            return text if beside and (said or stage < self._depth(beside)) else _bracketed(text)
        return f"({text})" if isinstance(operation, Add) or (isinstance(operation, Product) and not said) else text

    def _inner(self, name: str) -> Operation | None:
        """Return the operation that makes a quantity without a line of its own."""
        return None if name in self.known else self.operations.get(name)

    def _depth(self, name: str) -> int:
        """Return how many operations, one on the other, stand between a quantity and those that are known."""
        operation = self._inner(name)
        return 0 if operation is None or isinstance(operation, Product) else self._height(operation)

    def _height(self, operation: Operation) -> int:
        """Return the same for what an operation makes; what a share leaves is worked out at once."""
        return max(map(self._depth, operation.sources)) + (not isinstance(operation, Rest))

    def _seen(self, name: str) -> list[str]:
        """Write the products and second biases in what a block sees of the states, a line each."""
        operation, spec = self._inner(name), self.now.spec
        if operation is None:
            return []
        if isinstance(operation, Product):
            vector = self.values[operation.vector]
            column = spec.block("recurrent_kernel", operation.block)[:, self.unit]
            result = f"{_products(' + ', vector, column)} = {number(vector @ column)}"
            return [*self._ahead(operation.vector), f"{self.text(operation.name)}: {result}"]
        lines = [line for source in operation.sources for line in self._seen(source)]
        if isinstance(operation, SecondBias):
            lines.append(f"b′: {number(spec.block('bias', operation.block)[1, self.unit])}")
        return lines

    def _ahead(self, vector: str) -> list[str]:
        """Write what a product needs first: all units of it have a say."""
        operation = self._inner(vector)
        if operation is None:
            return []
        sources = operation.sources if isinstance(operation, Multiply) else (vector,)
        factors = _products(", ", *(self.values[name] for name in sources))
        return [f"{formula(self.now.spec, vector, self.known)}: {factors}, unit by unit"]

    def _bias(self, block: str) -> tuple[str, str]:
        """Write what a block adds at the end: both biases, where there are two and what it sees has not had one."""
        biases, total = self.now.spec.block("bias", block)[..., self.unit], self.now.sum_of(block).bias[self.unit]
        had = any(isinstance(one, SecondBias) and one.block == block for one in self.operations.values())
        if biases.ndim == 0 or had:
            return "b", number(total)
        first, second = map(number, biases)
        return "b + b′", f"{first} + {_bracketed(second)} = {number(total)}"

    def _activation(self, bent: Activate) -> str:
        return str(self.now.spec.activation_named(bent.which))

    def _head(self, name: str) -> str:
        """Return how a line begins; the states are spoken of by their unit."""
        return f"unit {self.unit + 1} of {self.known[name]}" if name in self.now.spec.cell.states else name

    def _number(self, name: str) -> str:
        return number(self.values[name][self.unit])


def _products(between: str, *factors: np.ndarray) -> str:
    """Write the first products, unit by unit, and how many more there are."""
    units = zip(*(each[:LONGEST_SUM] for each in factors), strict=True)
    parts = ["·".join(_bracketed(number(value)) for value in unit) for unit in units]
    left_out = len(factors[0]) - LONGEST_SUM
    return between.join([*parts, f"… {left_out} more"] if left_out > 0 else parts)


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("−") else text
