"""Count parameters, with the formula written out."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    EmbeddingSpec,
    Graph,
    LayerSpec,
    TimeDistributedSpec,
)
from course_utils.recurrence.specs import AnyRecurrent, BidirectionalSpec, OwnCellSpec, RecurrentSpec, StackedSpec
from course_utils.recurrence.tables import html_table


@dataclass(frozen=True)
class Product:
    """A product in letters and numbers, e.g. 4·F·U with F = 2 and U = 4. factors: (letter or "", number) each."""

    factors: tuple[tuple[str, int], ...]

    @property
    def letters(self) -> str:
        """With letters where there are any, e.g. ``4·F·U``."""
        return "·".join(letter or str(number) for letter, number in self.factors)

    @property
    def numbers(self) -> str:
        """With numbers put in, e.g. ``4·2·4``."""
        return "·".join(str(number) for _letter, number in self.factors)


@dataclass(frozen=True)
class ParameterRow:
    """One weight of one layer: its shape, and the count as a product.

    blocks: how many blocks of columns the weight holds side by side: 4 for LSTM, 3 for GRU, else 1
    each:   what one block holds
    """

    layer: str
    weight: str
    shape: tuple[int, ...]
    each: Product
    blocks: int = 1

    @property
    def count(self) -> int:
        """How many numbers the weight holds."""
        return math.prod(self.shape)

    @property
    def formula(self) -> str:
        """The count in letters, e.g. ``4·F·U``."""
        return f"{self.blocks}·{self.each.letters}" if self.blocks > 1 else self.each.letters

    @property
    def substituted(self) -> str:
        """The count in numbers, e.g. ``4·2·4``."""
        return f"{self.blocks}·{self.each.numbers}" if self.blocks > 1 else self.each.numbers


@dataclass(frozen=True)
class ParameterCount:
    """How many numbers a model learns, weight by weight. Shows as a table, prints as text."""

    rows: tuple[ParameterRow, ...]

    @property
    def total(self) -> int:
        """All parameters together; equals Keras's ``count_params()``."""
        return sum(row.count for row in self.rows)

    @property
    def formula(self) -> str:
        """The sum in letters, e.g. ``F·U + U·U + U`` or ``4·(F·U + U·U + U)``; one line a layer."""
        return "\n".join(_sum(rows, lambda product: product.letters) for rows in self._by_layer())

    @property
    def substituted(self) -> str:
        """The sum in numbers, e.g. ``2·4 + 4·4 + 4``; one line a layer."""
        return "\n".join(_sum(rows, lambda product: product.numbers) for rows in self._by_layer())

    def _by_layer(self) -> list[list[ParameterRow]]:
        layers = dict.fromkeys(row.layer for row in self.rows)
        return [[row for row in self.rows if row.layer == name] for name in layers]

    def _table(self) -> list[tuple[str, ...]]:
        several = len(self._by_layer()) > 1
        names = [f"{row.layer}/{row.weight}" if several else row.weight for row in self.rows]
        return [
            (name, str(row.shape), row.formula, row.substituted, str(row.count))
            for name, row in zip(names, self.rows, strict=True)
        ]

    def __str__(self) -> str:
        table = [*self._table(), ("total", "", "", "", str(self.total))]
        wide = [max(len(row[column]) for row in table) for column in range(5)]
        lines = [
            f"{name:<{wide[0]}}  {shape:<{wide[1]}}  {letters:>{wide[2]}} = {numbers:>{wide[3]}} = {count:>{wide[4]}}"
            for name, shape, letters, numbers, count in table[:-1]
        ]
        return "\n".join([*lines, f"{'total':<{wide[0]}}  {self.total}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = [*self._table(), ("total", "", "", "", str(self.total))]
        return html_table(("weight", "shape", "letters", "numbers", "count"), table)


def _sum(rows: list[ParameterRow], say: Callable[[Product], str]) -> str:
    """Write the sum of one layer, with the number of blocks in front where all weights share it."""
    alike = len({row.blocks for row in rows}) == 1
    if not alike:
        return " + ".join(f"{row.blocks}·{say(row.each)}" if row.blocks > 1 else say(row.each) for row in rows)
    inside = " + ".join(say(row.each) for row in rows)
    return f"{rows[0].blocks}·({inside})" if rows[0].blocks > 1 else inside


def count(*specs: RecurrentSpec) -> ParameterCount:
    """Count the parameters of SimpleRNN, LSTM or GRU layers from their specs.

    W holds F·U, R holds U·U, b holds U; LSTM has four of each, GRU three (and two biases each with
    reset_after). T is nowhere in it: all time-steps share the same weights.

    >>> from course_utils.recurrence import random_spec
    >>> counted = count(random_spec("SimpleRNN", units=4, features=2))
    >>> print(counted.formula, "=", counted.substituted, "=", counted.total)
    F·U + U·U + U = 2·4 + 4·4 + 4 = 28
    """
    return ParameterCount(tuple(row for spec in specs for row in _recurrent_rows(spec)))


def _recurrent_rows(spec: RecurrentSpec) -> list[ParameterRow]:
    F, U = ("F", spec.features), ("U", spec.units)
    products = {"kernel": (F, U), "recurrent_kernel": (U, U), "bias": (("", 2), U) if spec.reset_after else (U,)}
    return [
        ParameterRow(spec.name, weight, array.shape, Product(products.get(weight, (U,))), len(spec.blocks_of(weight)))
        for weight, array in spec.weights.items()
    ]


def other_row(layer: str, kind: str, weight: str, shape: tuple[int, ...]) -> ParameterRow:
    """Return the row of a weight that is not of a recurrent cell; letters where they are settled."""
    letters = {("Dense", "kernel"): "FU", ("Dense", "bias"): "U", ("Embedding", "embeddings"): "VF"}
    known = letters.get((kind, weight), "")
    names = known if len(known) == len(shape) else [""] * len(shape)
    return ParameterRow(layer, weight, shape, Product(tuple(zip(names, shape, strict=True)) or (("", 1),)))


def parameters(model: Any) -> ParameterCount:
    """Count the parameters of a built Keras layer or model; equals ``count_params()``.

    Raises TypeError for what is not a Keras layer or model, ValueError where it is
    not built yet (Keras itself cannot count then either).

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> layer = keras.layers.LSTM(10)
    >>> layer.build((None, 5, 1))
    >>> counted = parameters(layer)
    >>> print(counted.formula, "=", counted.substituted, "=", counted.total)
    4·(F·U + U·U + U) = 4·(1·10 + 10·10 + 10) = 480
    """
    from course_utils.recurrence.reading import read

    rows: list[ParameterRow] = []
    for part in read(model).parts:
        if part.cell is not None:
            rows += _recurrent_rows(part.cell)
        else:
            rows += [other_row(part.name, part.kind, weight, shape) for weight, shape in part.weights]
    return ParameterCount(tuple(rows))


def weights_in(spec: LayerSpec) -> int | None:
    """Return how many parameters a layer or model holds, from its spec; None for a closed box that is not built.

    >>> from course_utils.recurrence import random_spec
    >>> weights_in(random_spec("LSTM", units=10, features=1))
    480
    """
    match spec:
        case RecurrentSpec() | OwnCellSpec() | StackedSpec():
            return _weights_in_cells(spec)
        case BidirectionalSpec():
            return _weights_in_cells(spec.forward) + _weights_in_cells(spec.backward)
        case DenseSpec():
            return spec.kernel.size + (0 if spec.bias is None else spec.bias.size)
        case EmbeddingSpec():
            return spec.table.size
        case TimeDistributedSpec():
            return weights_in(spec.inner)
        case Graph():
            return sum_known({id(node.layer): weights_in(node.layer) for node in spec.nodes}.values())
        case ClosedSpec():
            return spec.parameters
        case _:
            return 0


def sum_known(totals: Collection[int | None]) -> int | None:
    """Return the sum of counts; None where one of them is not known."""
    known = [total for total in totals if total is not None]
    return sum(known) if len(known) == len(totals) else None


def _weights_in_cells(spec: AnyRecurrent) -> int:
    cells = spec.cells if isinstance(spec, StackedSpec) else (spec,)
    return sum(array.size for cell in cells for array in cell.weights.values())
