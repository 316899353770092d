"""Look at an input before it is used, and say kindly what is wrong with it."""

from typing import Any

import numpy as np

from course_utils.recurrence.specs import RecurrentSpec


def as_sequences(x: Any, spec: RecurrentSpec) -> np.ndarray:
    """Return x as an array (batch, T, F) in the precision of the layer's weights.

    Raises TypeError where x is not made of numbers and ValueError where its
    shape does not fit, each with the likely slip.
    """
    expected = f"x must be an array of shape (batch, time-steps, {spec.features})"
    array = _as_numbers(x, expected)
    if array.ndim != 3:
        raise ValueError(f"{expected}, but it has shape {array.shape}: {_slip(array, spec)}.")
    if array.shape[2] != spec.features:
        raise ValueError(
            f"{expected}, but it has shape {array.shape}: the last axis holds the features, "
            f"and layer {spec.name!r} was built for {spec.features} of them."
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{expected} with at least one sample and one time-step, but it has shape {array.shape}.")
    return array.astype(spec.kernel.dtype, copy=False)


def as_initial_state(state: Any, batch: int, spec: RecurrentSpec) -> np.ndarray:
    """Return the state before the first step, (batch, U): zeros where None was given."""
    if state is None:
        return np.zeros((batch, spec.units), spec.kernel.dtype)
    expected = f"initial_state must be an array of shape ({batch}, {spec.units}), that is (batch, units)"
    array = _as_numbers(state, expected)
    if array.shape != (batch, spec.units):
        raise ValueError(f"{expected}, but it has shape {array.shape}: one row for each sample of the batch.")
    return array.astype(spec.kernel.dtype, copy=False)


def _as_numbers(x: Any, expected: str) -> np.ndarray:
    """Return x as an array of numbers; tensors and nested lists are welcome."""
    if x is None or isinstance(x, str):
        raise TypeError(f"{expected}, but it is {x!r}: pass the numbers themselves.")
    try:
        array = np.asarray(x)
    except ValueError as problem:
        raise ValueError(f"{expected}, but its rows have different lengths: make them equally long first.") from problem
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        raise TypeError(f"{expected}, but it holds {array.dtype} values: pass numbers.")
    return array


def _slip(array: np.ndarray, spec: RecurrentSpec) -> str:
    """Name the likely slip behind a wrong number of axes."""
    if array.ndim == 2 and array.shape[1] == spec.features:
        return "a batch axis is missing, pass x[None]"
    if array.ndim == 2:
        return "the axis of the features is missing, pass x[..., None] if each step is one number"
    return "it needs three axes, for samples, time-steps and features"
