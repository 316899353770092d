"""Look at an input before it is used, and say kindly what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_utils.recurrence.specs import AnyRecurrent, CellSpec, OwnCellSpec, RecurrentSpec

States = tuple[np.ndarray, ...]


def as_sequences(x: Any, spec: AnyRecurrent) -> np.ndarray:
    """Return x as an array (batch, T, F) in the precision of the layer.

    Raises TypeError where x is not made of numbers and ValueError where its
    shape does not fit, each with the likely slip.
    """
    expected = f"x must be an array of shape (batch, time-steps, {spec.features or 'features'})"
    array = as_numbers(x, expected)
    if array.ndim != 3:
        raise ValueError(f"{expected}, but it has shape {array.shape}: {_slip(array, spec.features)}.")
    if spec.features is not None and array.shape[2] != spec.features:
        raise ValueError(
            f"{expected}, but it has shape {array.shape}: the last axis holds the features, "
            f"and layer {spec.name!r} was built for {spec.features} of them."
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{expected} with at least one sample and one time-step, but it has shape {array.shape}.")
    return in_precision(unless_whole(array, spec.manner.dtype or spec.dtype), spec.dtype)


def as_first_input(x: Any, *, alone: bool) -> np.ndarray:
    """Return the x that a layer or model will be built for; alone: for one recurrent layer, which needs three axes."""
    expected = "x must be an array of shape (batch, time-steps, features)" if alone else "x must be an array"
    array = as_numbers(x, expected)
    if alone and array.ndim != 3:
        slip = "a batch axis is missing, pass x[None]" if array.ndim == 2 else _slip(array, None)
        raise ValueError(f"{expected}, but it has shape {array.shape}: {slip}.")
    if 0 in array.shape or array.ndim < 2:
        raise ValueError(f"{expected} with at least one number along each axis, but it has shape {array.shape}.")
    return array


def in_precision(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the values as a layer of this precision sees them; half precision is held in single, rounded."""
    if dtype.itemsize >= 4:
        return array.astype(dtype)  # a copy: a trace must not change when its input is edited later
    return array.astype(dtype).astype(np.float32)


def unless_whole(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the values as a layer of this precision takes them in: Keras leaves whole numbers as they are."""
    return array if array.dtype.kind in "iub" else array.astype(dtype, copy=False)


def as_mask(mask: Any, x: np.ndarray) -> np.ndarray | None:
    """Return a mask as booleans (batch, T), or None."""
    if mask is None:
        return None
    expected = f"mask must be an array of shape {x.shape[:2]}, that is (batch, time-steps)"
    array = as_numbers(mask, expected)
    if array.shape != x.shape[:2]:
        raise ValueError(f"{expected}, but it has shape {array.shape}: one True or False for each step of each sample.")
    return array.astype(bool)


def as_states(start: Any, batch: int, cells: Sequence[CellSpec]) -> tuple[States, ...]:
    """Return the states before the first step, cell by cell; zeros (or the cell's own start) where None was given.

    start: one array, or nested lists of arrays in the order of the cells and, for LSTM, h before c
    """
    if start is None:
        return tuple(_fresh_states(cell, batch) for cell in cells)
    given = _flat(start)
    sizes = [(size, cell.dtype) for cell in cells for size in cell.state_sizes]
    if len(given) != len(sizes):
        alone = [cell.cell.states for cell in cells if isinstance(cell, RecurrentSpec) and len(sizes) > 1 == len(cells)]
        names = " and ".join(alone[0]) if alone else f"{len(sizes)} arrays"
        raise ValueError(f"initial_state must hold {names}, but it holds {len(given)}: pass them as one list.")
    checked = [_as_state(state, batch, *wanted) for state, wanted in zip(given, sizes, strict=True)]
    states = iter(checked)
    return tuple(tuple(next(states) for _size in cell.state_sizes) for cell in cells)


def _as_state(state: Any, batch: int, size: int, dtype: np.dtype) -> np.ndarray:
    expected = f"initial_state must be an array of shape ({batch}, {size}), that is (batch, units)"
    array = as_numbers(state, expected)
    if array.shape != (batch, size):
        raise ValueError(f"{expected}, but it has shape {array.shape}: one row for each sample of the batch.")
    return in_precision(array, dtype)


def _fresh_states(cell: CellSpec, batch: int) -> States:
    if isinstance(cell, OwnCellSpec):
        return cell.start(batch)
    return tuple(np.zeros((batch, size), cell.kernel.dtype) for size in cell.state_sizes)


def _flat(nested: Any) -> list[Any]:
    """Return the arrays in nested lists and tuples, in order; a list of numbers is one array."""
    if isinstance(nested, (list, tuple)) and nested and not np.isscalar(nested[0]) and np.ndim(nested[0]) != 1:
        return [array for part in nested for array in _flat(part)]
    return [nested]


def as_arrays(x: Any) -> Any:
    """Return what a model of the user's own is called on: an array, or a list, tuple or mapping of arrays."""
    expected = "x must be an array, or a list or mapping of arrays"
    if isinstance(x, Mapping):
        return {key: as_numbers(value, expected) for key, value in x.items()}
    if isinstance(x, (list, tuple)) and x and all(hasattr(value, "ndim") and value.ndim for value in x):
        return type(x)(as_numbers(value, expected) for value in x)
    return as_numbers(x, expected)


def as_numbers(x: Any, expected: str) -> np.ndarray:
    """Return x as an array of numbers; tensors and nested lists are welcome. ``expected`` begins the error."""
    if x is None or isinstance(x, (str, bytes)):
        raise TypeError(f"{expected}, but it is {x!r}: pass the numbers themselves.")
    kind = type(x).__name__
    if kind == "RaggedTensor":
        raise TypeError(f"{expected}, but it is a ragged tensor: make its rows equally long, x.to_tensor().")
    if hasattr(x, "element_spec") or hasattr(x, "__next__"):
        batch = f"next(iter({'dataset' if hasattr(x, 'element_spec') else 'x'}))"
        raise TypeError(f"{expected}, but it is a {kind}: take one batch of it, {batch}, and of that the inputs alone.")
    try:
        array = np.asarray(x)
    except ValueError as problem:
        raise ValueError(f"{expected}, but its rows have different lengths: make them equally long first.") from problem
    real = np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)
    known = real or array.dtype == bool or array.dtype.name == "bfloat16"
    if not known:
        raise TypeError(f"{expected}, but it holds {array.dtype} values: pass numbers.")
    return array


def _slip(array: np.ndarray, features: int | None) -> str:
    """Name the likely slip behind a wrong number of axes."""
    if array.ndim == 2 and array.shape[1] == features:
        return "a batch axis is missing, pass x[None]"
    if array.ndim == 2:
        return "the axis of the features is missing, pass x[..., None] if each step is one number"
    return "it needs three axes, for samples, time-steps and features"
