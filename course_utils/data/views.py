"""The same images as other sequences, and a few of them that stand for all. NumPy alone.

Nothing here changes its argument. ``x`` is a batch of sequences, (samples, steps, features).
"""

import numpy as np
from numpy.random import RandomState  # of NumPy's sources, this one gives the same numbers in every version


def as_columns(x: np.ndarray) -> np.ndarray:
    """Return images read column by column instead of row by row: (samples, 28 columns, 28 rows). No copy is made.

    >>> as_columns(np.array([[[1, 2, 3], [4, 5, 6]]]))
    array([[[1, 4],
            [2, 5],
            [3, 6]]])
    """
    return np.swapaxes(_sequences(x), 1, 2)


def as_pixels(x: np.ndarray) -> np.ndarray:
    """Return images read pixel by pixel, row after row: (samples, 784 steps, 1 feature). No copy of whole rows is made.

    >>> as_pixels(np.zeros((2, 28, 28))).shape
    (2, 784, 1)
    """
    samples, steps, features = _sequences(x).shape
    return x.reshape(samples, steps * features, 1)


def in_shuffled_order(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the sequences with their steps in another order, the same for every sample. A copy.

    The order follows from the number of steps and the seed alone, so that training and test data get the same one.

    >>> in_shuffled_order(np.arange(10).reshape(2, 5, 1))[:, :, 0]
    array([[2, 0, 1, 3, 4],
           [7, 5, 6, 8, 9]])
    """
    return _sequences(x)[:, RandomState(seed).permutation(x.shape[1])]


def balanced_subset(y: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Return which samples to take for ``count`` of them with as many of each label as can be: indices, rising.

    A smaller subset is part of every larger one of the same seed. With ``count`` above ``len(y)``, all are taken.

    y: labels (samples,)
    Raises ValueError when ``count`` is not a whole number above 0.

    >>> y = np.array([0, 0, 0, 0, 1, 1, 2])
    >>> y[balanced_subset(y, 5)]
    array([0, 0, 1, 1, 2])
    """
    check_count(count)
    order = RandomState(seed).permutation(len(y))
    turn = np.empty(len(y), np.int64)  # whether a sample is the first of its label, the second …, in the drawn order
    for label in np.unique(y):
        same = order[y[order] == label]
        turn[same] = np.arange(len(same))
    return np.sort(order[np.argsort(turn[order], kind="stable")][:count])


def check_count(count: int) -> None:
    """Raise ValueError when ``count`` is not a number of samples, 1 or more."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"how many samples came as {count!r}, but a whole number above 0 is expected")


def _sequences(x: np.ndarray) -> np.ndarray:
    """Return ``x`` if it is a batch of sequences; raise ValueError if not."""
    shape = np.shape(x)
    if len(shape) != 3 or not isinstance(x, np.ndarray):
        raise ValueError(
            f"x came as {type(x).__name__} of shape {shape}, but an array (samples, steps, features) is "
            f"expected, such as digits.x_train"
        )
    return x
