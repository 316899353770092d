"""Read an answer, which may be any object, into plain numbers that can be compared safely.

What an object's own methods raise goes through here; ``judging.safely`` turns it into a sentence.
"""

import inspect
import itertools
import math
import operator
import re
from typing import Any

import numpy as np

LONGEST_SHAPE = 32
LONGEST_TEXT = 300
LARGEST = 10**6  # how many numbers an answer may hold
DEEPEST = 32  # how deep its lists may be nested
NOISE = r"\x1b\[[0-9;]*m|\{\{.*?\}\} ?"  # bold letters for terminals; names inside TensorFlow
SYMBOLIC = {"KerasTensor", "SymbolicTensor"}
NUMBERS = (int, float, complex, np.generic, np.ndarray)


class Refused(Exception):
    """An answer that is not of the right kind. Its text tells the student why."""


def name_of_type(answer: Any) -> str:
    """Return the name of the type, cut where it is long.

    >>> name_of_type(2.5)
    'float'
    """
    return type(answer).__name__[:40]


def short_message(problem: BaseException) -> str:
    """Return the first line of what an exception says, with a full stop, without control characters.

    >>> short_message(ValueError("no number\\nin line 2"))
    'no number.'
    """
    said = re.sub(NOISE, "", str(problem)[:2000])
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no message"]
    text = lines[1] if lines[0].startswith("Exception encountered") and lines[1:] else lines[0]
    text = text.split(" [Op:")[0]  # and what TensorFlow adds behind
    text = "".join(letter if letter.isprintable() else " " for letter in text[:200])
    return text if text.endswith((".", "?", "!")) else f"{text}."


def read_number(answer: Any, _right: Any = None) -> float:
    """Read one real number: Python's or NumPy's, an array or tensor without axes.

    >>> read_number(28), read_number(np.float32(28)), read_number(np.array(28))
    (28.0, 28.0, 28.0)
    """
    if isinstance(answer, (bool, np.bool_)):
        raise Refused("The answer is one number; yours is True or False.")
    if isinstance(answer, (str, bytes)):
        raise Refused("The answer is one number; yours is a text: write it without quotation marks.")
    if isinstance(answer, (int, float)):
        try:
            number = float(answer)
        except OverflowError:
            number = math.inf
    else:
        if isinstance(answer, (tuple, list, dict, set)):
            raise Refused(f"The answer is one number; yours is of type {name_of_type(answer)}.")
        array = read_numbers(answer, "one number")
        if array.shape != ():
            raise Refused(f"The answer is one number; yours is an array of shape {array.shape}.")
        number = float(array)
    if not math.isfinite(number):
        raise Refused("The answer is one number; yours is NaN or infinite, or far too large.")
    return number


def read_shape(answer: Any, _right: Any = None) -> tuple[int, ...]:
    """Read a shape: a tuple, list or TensorShape, or an array or tensor of whole numbers with one axis.

    >>> read_shape([2, np.int64(4)]), read_shape(np.array([2, 4]))
    ((2, 4), (2, 4))
    """
    if isinstance(answer, (tuple, list)) or type(answer).__name__ == "TensorShape":
        sizes = list(itertools.islice(answer, LONGEST_SHAPE + 1))
    elif isinstance(answer, np.ndarray) or hasattr(answer, "numpy"):
        if tuple(answer.shape) == () or len(answer.shape) > 1 or answer.shape[0] > LONGEST_SHAPE:
            raise Refused("The answer is a shape such as (2, 3); yours is an array: take its .shape.")
        sizes = np.asarray(answer).tolist()
    elif type(answer).__name__ in SYMBOLIC:
        raise Refused("The answer is a shape such as (2, 3); yours is a KerasTensor: take its .shape.")
    else:
        raise Refused(f"The answer is a shape such as (2, 3); yours is of type {name_of_type(answer)}.")
    if any(size is None for size in sizes):
        raise Refused("None means any number of samples. Here you know the number: it is the first axis of x.")
    return tuple(_read_size(size) for size in sizes)


def _read_size(size: Any) -> int:
    if not isinstance(size, (bool, np.bool_, np.timedelta64)):
        try:
            return operator.index(size)
        except TypeError:
            pass
    raise Refused("A shape holds whole numbers; yours holds something else.")


def read_array(answer: Any, right: Any) -> np.ndarray:
    """Read an array of finite numbers: NumPy's, a tensor, or nested lists.

    >>> read_array([0.5, 1], np.zeros(2))
    array([0.5, 1. ])
    """
    if isinstance(answer, np.ndarray) and answer.size > LARGEST:
        raise Refused(f"The answer has shape {np.shape(right)}; yours has shape {answer.shape}.")
    array = read_numbers(answer, "an array of numbers")
    if not np.isfinite(array).all():
        raise Refused("Your array holds NaN or infinity: print it to see where.")
    return array


def read_numbers(answer: Any, wanted: str) -> np.ndarray:
    """Read anything made of numbers as an array of floats. wanted: what the answer should be, in words."""
    yours = f"The answer is {wanted}; yours is"
    if type(answer).__name__ in SYMBOLIC:
        raise Refused(f"{yours} a KerasTensor: it has a shape, but no numbers before the model is called on an array.")
    if inspect.isgenerator(answer):
        raise Refused(f"{yours} a generator: put list(...) around it, or write return in the place of yield.")
    if isinstance(answer, (str, bytes, dict, set, frozenset)):
        raise Refused(f"{yours} of type {name_of_type(answer)}.")
    _count([answer], LARGEST, DEEPEST)
    try:
        array = np.asarray(answer)
    except ValueError as problem:
        if "inhomogeneous" in str(problem):
            raise Refused("The rows of your list are not all of the same length.") from None
        raise
    if array.dtype.kind == "c":
        raise Refused(f"{yours} complex: the imaginary part has no place here.")
    if array.dtype.kind not in "iuf":
        raise Refused(f"{yours} of type {name_of_type(answer)}.")
    if array.size > LARGEST:
        raise Refused(f"{yours} an array of shape {array.shape}.")
    return np.array(array, dtype=float)


def _count(nested: Any, left: int, deep: int) -> int:
    """Return how many numbers may still come after nested lists; refuse where there are too many.

    NumPy would turn anything that has a length into an array, item by item, even range(10**9).
    """
    if not deep:
        raise Refused("The lists in your answer are nested too deep.")
    for item in nested:
        if isinstance(item, (list, tuple)):
            left = _count(item, left, deep - 1)
        elif isinstance(item, NUMBERS) or hasattr(item, "__array__"):
            left -= math.prod(size or 1 for size in getattr(item, "shape", ()))
        else:
            raise Refused(f"The answer is made of numbers; yours holds something of type {name_of_type(item)}.")
        if left < 0:
            raise Refused("Your answer holds more than a million numbers; the right one holds only a few.")
    return left


def read_choice(answer: Any, _right: Any = None) -> str:
    """Read one of several texts; capitals and spaces around it do not matter.

    >>> read_choice(" The units ")
    'the units'
    """
    if not isinstance(answer, str):
        raise Refused(f"The answer is one of the texts, in quotation marks; yours is of type {name_of_type(answer)}.")
    if len(answer) > LONGEST_TEXT:
        raise Refused("Your text is far longer than any of the texts to choose from.")
    return str(answer).strip().casefold()
