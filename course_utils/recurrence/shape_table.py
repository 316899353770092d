"""What goes in and out of each layer, in Keras's way of writing shapes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.recurrence.graphs import Shape, Value
from course_utils.recurrence.tables import html_table


@dataclass(frozen=True)
class ShapeRow:
    """One call of a layer. input, output: a shape, or a list of shapes; None is a size that is not fixed."""

    layer: str
    kind: str
    input: Shape | list[Shape]
    output: Shape | list[Shape]


@dataclass(frozen=True)
class Shapes:
    """The rows of a model, in order of execution. Shows as a table, prints as text."""

    rows: tuple[ShapeRow, ...]

    def __iter__(self) -> Iterator[ShapeRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        table = [(row.layer, str(row.input), str(row.output)) for row in self.rows]
        wide = [max(len(row[column]) for row in table) for column in range(2)]
        return "\n".join(f"{name:<{wide[0]}}  {entering:>{wide[1]}} → {leaving}" for name, entering, leaving in table)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = ((row.layer, row.kind, row.input, row.output) for row in self.rows)
        return html_table(("layer", "kind", "in", "out"), rows)


def shapes(model: Any) -> Shapes:
    """Return what goes in and out of each layer of a built Keras layer or model.

    Raises TypeError for what is not a Keras layer or model, ValueError for one that is not built.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> shapes(keras.Sequential([keras.Input((3, 2)), keras.layers.SimpleRNN(4, name="rnn")]))
    rnn  (None, 3, 2) → (None, 4)
    """
    from course_utils.recurrence.reading import read

    graph = read(model)
    if graph.alone and None in [value.shape for value in (*graph.nodes[0].entering, *graph.nodes[0].outputs)]:
        raise ValueError(
            f"{graph.name!r} is connected to no input, so its shapes are not known: start with keras.Input."
        )
    return Shapes(
        tuple(ShapeRow(node.name, node.kind, _alone(node.entering), _alone(node.outputs)) for node in graph.calls)
    )


def _alone(values: Sequence[Value]) -> Any:
    """Return the shapes of values; of one, its shape by itself."""
    shapes = [value.shape for value in values]
    return shapes[0] if len(shapes) == 1 else shapes
