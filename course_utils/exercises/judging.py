"""Compare an answer with the right one. Any answer is safe: nothing a student writes raises here."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Judge = Callable[[Any, Any], bool | str]
"""(answer, expected) → True, False, or a sentence where the answer is not even of the right kind."""

LONGEST_SHAPE = 32
TOLERANCE = 0.006  # an answer rounded to two decimals is right


def judge_number(answer: Any, expected: Any) -> bool | str:
    """Judge one number.

    >>> judge_number(28.0, 28), judge_number(27, 28), judge_number("28", 28)
    (True, False, 'The answer is one number; yours is of type str.')
    """
    if isinstance(answer, bool) or not isinstance(answer, (int, float, np.number)):
        return f"The answer is one number; yours is of type {type(answer).__name__}."
    return bool(abs(answer - expected) <= 1e-6 * max(1, abs(expected)))


def judge_shape(answer: Any, expected: Any) -> bool | str:
    """Judge a shape: a tuple, list or TensorShape of whole numbers.

    >>> judge_shape([2, 4], (2, 4)), judge_shape((2, 3, 4), (2, 4)), judge_shape(4, (4,))
    (True, False, 'The answer is a shape such as (2, 3); yours is of type int.')
    """
    try:  # a tuple, a list, or TensorFlow's own TensorShape
        sizes = (
            None if isinstance(answer, (str, np.ndarray, Iterator)) else list(itertools.islice(answer, LONGEST_SHAPE))
        )
    except Exception:  # whatever a student's object raises, the answer is not a shape
        sizes = None
    if sizes is None:
        return f"The answer is a shape such as (2, 3); yours is of type {type(answer).__name__}."
    if any(size is None for size in sizes):
        return "None means any number of samples. Here you know the number: it is the first axis of x."
    if not all(isinstance(size, (int, np.integer)) and not isinstance(size, bool) for size in sizes):
        return "A shape holds whole numbers; yours holds something else."
    return tuple(sizes) == tuple(expected)


def judge_array(answer: Any, expected: Any) -> bool | str:
    """Judge an array, to two decimals.

    >>> judge_array([0.5, 0.25], np.array([0.5, 0.251])), judge_array([0.5], np.array([0.5, 0.25]))
    (True, 'The answer has shape (2,); yours has shape (1,).')
    """
    try:
        array = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return f"The answer is an array of numbers; yours is of type {type(answer).__name__}."
    if array.shape != expected.shape:
        return f"The answer has shape {expected.shape}; yours has shape {array.shape}."
    return bool(np.allclose(array, expected, atol=TOLERANCE, rtol=0))
