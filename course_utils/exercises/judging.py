"""Compare an answer with the right one.

An answer may be any object, and its own methods may raise anything: ``safely`` turns that into a sentence.
"""

import itertools
from collections.abc import Callable
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
    if isinstance(answer, bool) or not isinstance(answer, (int, float, np.integer, np.floating)):
        return f"The answer is one number; yours is of type {type(answer).__name__}."
    return bool(abs(float(answer) - expected) <= 1e-6 * max(1, abs(expected)))


def judge_shape(answer: Any, expected: Any) -> bool | str:
    """Judge a shape: a tuple, list or TensorShape of whole numbers.

    >>> judge_shape([2, 4], (2, 4)), judge_shape((2, 3, 4), (2, 4)), judge_shape(4, (4,))
    (True, False, 'The answer is a shape such as (2, 3); yours is of type int.')
    """
    sizes = None
    if isinstance(answer, (tuple, list)) or type(answer).__name__ == "TensorShape":
        sizes = list(itertools.islice(answer, LONGEST_SHAPE))
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
    array = np.asarray(answer)
    if not np.issubdtype(array.dtype, np.integer) and not np.issubdtype(array.dtype, np.floating):
        return f"The answer is an array of numbers; yours is of type {type(answer).__name__}."
    if array.shape != expected.shape:
        return f"The answer has shape {expected.shape}; yours has shape {array.shape}."
    return bool(np.allclose(array.astype(float), expected, atol=TOLERANCE, rtol=0))


def safely(judge: Judge, answer: Any, expected: Any) -> bool | str:
    """Judge an answer whatever it is: what a student's object raises becomes a sentence.

    >>> safely(judge_number, 10**400, 28)
    'This answer cannot be compared: OverflowError.'
    """
    try:
        return judge(answer, expected)
    except Exception as problem:  # the student's own object may raise anything; the kernel must live on
        return f"This answer cannot be compared: {type(problem).__name__}."
