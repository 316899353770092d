"""Count parameters, with the formula written out."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from course_utils.recurrence.specs import RecurrentSpec

LETTERS = {"kernel": "F·U", "recurrent_kernel": "U·U", "bias": "U"}


@dataclass(frozen=True)
class ParameterRow:
    """One weight of one layer: its shape, the count in letters and in numbers."""

    layer: str
    weight: str
    shape: tuple[int, ...]
    formula: str
    count: int

    @property
    def substituted(self) -> str:
        """The count as a product of numbers, e.g. ``2·4``."""
        return "·".join(str(size) for size in self.shape)


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
        """The sum in letters, e.g. ``F·U + U·U + U``; one line a layer."""
        return self._by_layer(lambda row: row.formula)

    @property
    def substituted(self) -> str:
        """The sum in numbers, e.g. ``2·4 + 4·4 + 4``; one line a layer."""
        return self._by_layer(lambda row: row.substituted)

    def _by_layer(self, term: Callable[[ParameterRow], str]) -> str:
        layers = dict.fromkeys(row.layer for row in self.rows)
        return "\n".join(" + ".join(term(row) for row in self.rows if row.layer == name) for name in layers)

    def __str__(self) -> str:
        width = max(len(row.weight) for row in self.rows)
        lines = [
            f"{row.weight:<{width}}  {row.shape!s:<8} {row.formula:>4} = {row.substituted:>5} = {row.count:>4}"
            for row in self.rows
        ]
        return "\n".join([*lines, f"{'total':<{width}}  {self.total}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = [(row.weight, str(row.shape), row.formula, row.substituted, str(row.count)) for row in self.rows]
        cells.append(("total", "", "", "", str(self.total)))
        head = "".join(f'<th scope="col">{name}</th>' for name in ("weight", "shape", "letters", "numbers", "count"))
        body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in cells)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def count(*specs: RecurrentSpec) -> ParameterCount:
    """Count the parameters of recurrent layers from their specs.

    For SimpleRNN: W holds F·U, R holds U·U, b holds U. T is nowhere in it: all
    time-steps share the same weights.

    >>> from course_utils.recurrence import random_spec
    >>> counted = count(random_spec("SimpleRNN", units=4, features=2))
    >>> print(counted.formula, "=", counted.substituted, "=", counted.total)
    F·U + U·U + U = 2·4 + 4·4 + 4 = 28
    """
    return ParameterCount(
        tuple(
            ParameterRow(spec.name, weight, array.shape, LETTERS[weight], array.size)
            for spec in specs
            for weight, array in spec.weights.items()
        )
    )


def parameters(model: Any) -> ParameterCount:
    """Count the parameters of a built Keras layer or model; equals ``count_params()``.

    Raises TypeError for what is not a recurrent Keras layer, ValueError where it is
    not built yet (Keras itself cannot count then either).

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> layer = keras.layers.SimpleRNN(4)
    >>> layer.build((None, 3, 2))
    >>> parameters(layer).total == layer.count_params()
    True
    """
    from course_utils.recurrence.reading import read

    return count(*read(model))
