"""Large arrays as few cells: neighbours share one, which shows their mean; and the scale of its colours."""

import math

import numpy as np

from course_utils.drawing import wording

LEAST_LIMIT = 0.01


def groups(size: int, most: int) -> int:
    """Return into how many groups of at most ``most`` neighbours an axis is cut.

    >>> groups(50, 3), groups(4, 1)
    (17, 4)
    """
    return math.ceil(size / most)


def grouped(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the means of neighbours, (rows, columns): groups along an axis differ by one in size at most.

    values: a matrix, as large or larger. One that is as large comes back as it is.

    >>> grouped(np.array([[1.0, 2.0, 3.0]]), 1, 2)
    array([[1. , 2.5]])
    """
    for axis, count in enumerate((rows, columns)):
        values = _means_from(values, np.arange(count) * values.shape[axis] // count, axis)
    return values


def block_means(values: np.ndarray, down: int, across: int) -> np.ndarray:
    """Return the mean of each block of down × across numbers; those at the edges may be smaller.

    >>> block_means(np.array([[1.0, 3.0, 5.0]]), 1, 2)
    array([[2., 5.]])
    """
    for axis, most in enumerate((down, across)):
        values = _means_from(values, np.arange(0, values.shape[axis], most), axis)
    return values


def _means_from(values: np.ndarray, starts: np.ndarray, axis: int) -> np.ndarray:
    """Return the means of groups along an axis, by where each begins; values as they are where each is one alone."""
    size = values.shape[axis]
    if len(starts) == size:
        return values
    lengths = np.diff([*starts, size])
    with np.errstate(all="ignore"):  # the mean of both infinities is not a number, and is drawn so
        sums = np.add.reduceat(values.astype(float), starts, axis=axis)
        return sums / (lengths[:, None] if axis == 0 else lengths)


def fine_limit(*arrays: np.ndarray) -> float:
    """Return the limit of a colour scale that also suits small values: the largest size, rounded up to one digit.

    So it changes little where the values change little. Above 1 it is a whole number; it is never below 0.01.

    >>> fine_limit(np.array([0.53, -0.02])), fine_limit(np.array([2.3])), fine_limit(np.zeros(3))
    (0.6, 3.0, 1.0)
    """
    size = max((float(np.abs(array[np.isfinite(array)]).max(initial=0)) for array in arrays), default=0.0)
    if size > 1:
        return float(np.ceil(size))
    if size <= LEAST_LIMIT:
        return LEAST_LIMIT if size else 1.0
    digit = 10 if size > 0.1 else 100
    return float(math.ceil(size * digit * (1 - 1e-6)) / digit)


def beyond(limit: float, *arrays: np.ndarray) -> list[str]:
    """Return the note on values that the scale does not reach, if there are any."""
    over = any((np.abs(array[np.isfinite(array)], dtype=float) > limit * (1 + 1e-6)).any() for array in arrays)
    return [f"values beyond ±{wording.scale_end(limit)} have the strongest colour"] if over else []
