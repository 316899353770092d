"""What a user's own cell computes: the operations that its ``call`` does, each with its numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence.reading.backend import to_numpy, to_tensor
from course_utils.recurrence.reading.calls import calls
from course_utils.recurrence.specs import CellOperation, own_state_letters

SIGNS = {
    "Add": " + ",
    "Subtract": " − ",
    "Multiply": " ⊙ ",
    "Matmul": "·",
    "Divide": " / ",
    "TrueDivide": " / ",
}
"""How operations of two are written."""

NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def read_operations(
    cell: Any, x: np.ndarray, states: Sequence[np.ndarray], nest: Any, dtype: np.dtype
) -> tuple[CellOperation, ...] | None:
    """Return the operations of one step in order, or None where ``call`` does not tell them.

    x, states: the numbers of one step, (batch, …); nest: flat states → as the cell nests them; dtype: of the cell

    The cell's ``call`` is run on symbols, so it tells what it does with ``keras.ops`` and with Keras's layers. One that
    reaches for another library, that asks the numbers before it goes on, or that draws new ones, cannot be followed.
    """
    keras = quiet_keras()
    given = [to_tensor(array, dtype) for array in (x, *states)]
    symbols = [keras.KerasTensor(tensor.shape, dtype=dtype.name) for tensor in given]
    try:
        leaving = keras.tree.flatten(cell.call(symbols[0], nest(symbols[1:])))
        if any(not isinstance(tensor, keras.KerasTensor) for tensor in leaving):
            return None
        nodes = list(calls(keras.Function(symbols, leaving)))
        tensors = [tensor for node in nodes for tensor in node.outputs]
        *found, last = keras.Function(symbols, [*tensors, leaving])(given)
        called = keras.tree.flatten(cell.call(given[0], nest(given[1:])))
        pairs = [(to_numpy(told), to_numpy(done)) for told, done in zip(last, called, strict=True)]
        if not all(np.allclose(told, done, atol=1e-5, equal_nan=True) for told, done in pairs):
            return None
    except Exception:  # whatever the user's own code raises when it meets a symbol
        return None
    numbers = dict(zip(map(id, tensors), map(to_numpy, found), strict=True))
    names = {id(weight): weight.name for weight in cell.weights}
    letters = ("x", *own_state_letters(len(states)))
    names |= {id(symbol): letter for symbol, letter in zip(symbols, letters, strict=True)}
    operations: list[CellOperation] = []
    for node in nodes:
        text = _written(node, names)
        for place, tensor in enumerate(node.outputs, start=1):
            number = len(operations)
            name = NUMBERS[number] if number < len(NUMBERS) else f"({number + 1})"
            part = f", part {place}" if len(node.outputs) > 1 else ""
            names[id(tensor)] = name
            operations.append(CellOperation(name, text + part, numbers[id(tensor)]))
    return tuple(operations)


def _written(node: Any, names: dict[int, str]) -> str:
    """Write one call: by its sign, or as a function of what it reads."""
    keras = quiet_keras()
    kind = type(node.operation).__name__
    read = [_operand(value, names) for value in keras.tree.flatten(node.arguments.args)]
    if kind in SIGNS and len(read) == 2:
        return SIGNS[kind].join(read)
    named = [f"{name}={value!r}" for name, value in node.arguments.kwargs.items() if isinstance(value, (int, str))]
    is_layer = isinstance(node.operation, keras.Layer)
    return f"{node.operation.name if is_layer else kind.lower()}({', '.join([*read, *named])})"


def _operand(value: Any, names: dict[int, str]) -> str:
    known = names.get(id(value))
    if known is not None:
        return known
    shape = getattr(value, "shape", ())
    return f"{value:g}" if isinstance(value, (int, float)) else f"numbers {tuple(shape)}" if shape else str(value)
