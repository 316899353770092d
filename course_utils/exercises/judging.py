"""Compare an answer with the right one.

An answer may be any object, and its own methods may raise anything: ``safely`` turns that into a sentence.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.exercises.limits import SECONDS, TookTooLong, within

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


def judge_choice(answer: Any, expected: Any) -> bool | str:
    """Judge one of several texts.

    >>> judge_choice(" Units ", "units"), judge_choice("steps", "units")
    (True, False)
    """
    if not isinstance(answer, str):
        return f"The answer is one of the texts; yours is of type {type(answer).__name__}."
    return answer.strip().casefold() == expected.casefold()


@dataclass(frozen=True)
class Behaviour:
    """What a layer or function must do. Two behaviours are the same answer if they give the same.

    call:   takes the arrays of one trial, gives the array that is right
    trials: the arrays of each trial: a tuple of arguments each
    parameters: for a layer: how many it must have; None where that does not matter
    """

    call: Callable[..., Any]
    trials: tuple[tuple[np.ndarray, ...], ...]
    parameters: int | None = None


def judge_function(answer: Any, expected: Any) -> bool | str:
    """Judge a function by what it returns on the trials of a Behaviour; another Behaviour by its own call."""
    function = answer.call if isinstance(answer, Behaviour) else answer
    if not callable(function):
        return f"The answer is a function; yours is of type {type(answer).__name__}."
    for arguments in expected.trials:
        right = np.asarray(expected.call(*arguments))
        try:
            given = function(*(np.array(argument) for argument in arguments))
        except Exception as problem:  # the student's own code
            return f"Your function stopped with {type(problem).__name__}: {str(problem)[:200]}."
        if given is None:
            return "Your function returns None: end it with return."
        verdict = judge_array(given, right)
        if verdict is not True:
            return verdict
    return True


def judge_shape_of_layer(answer: Any, expected: Any) -> bool | str:
    """Judge a Keras layer or model by the shapes that it gives on the trials, and by how many parameters it has."""
    if isinstance(answer, Behaviour):
        outputs = [answer.call(*arguments) for arguments in expected.trials]
        parameters = answer.parameters
    else:
        if isinstance(answer, type) or not callable(answer) or not hasattr(answer, "count_params"):
            return (
                f"The answer is a Keras layer or model, ready to be called; yours is of type {type(answer).__name__}."
            )
        try:
            outputs = [answer(*arguments) for arguments in expected.trials]
            parameters = answer.count_params()
        except Exception as problem:  # the student's own layer
            return f"Your layer stopped with {type(problem).__name__}: {_first_line(problem)}"
    if isinstance(outputs[0], (tuple, list)):
        return f"Your layer gives {len(outputs[0])} arrays; the answer gives one: is return_state=True?"
    shapes = [tuple(np.shape(output)) for output in outputs]
    right = [tuple(np.shape(expected.call(*arguments))) for arguments in expected.trials]
    return shapes == right and parameters == expected.parameters


def _first_line(problem: Exception) -> str:
    text = next((line.strip() for line in str(problem).splitlines() if line.strip()), "no message")
    return text[:200] + ("" if text.endswith(".") else ".")


def safely(judge: Judge, answer: Any, expected: Any, seconds: float = SECONDS) -> bool | str:
    """Judge an answer whatever it is: what a student's object raises becomes a sentence, and so does what never ends.

    A call that hangs inside C cannot be stopped (see ``limits.within``).

    >>> safely(judge_number, 10**400, 28)
    'This answer cannot be compared: OverflowError.'
    """
    try:
        return within(seconds, lambda: judge(answer, expected))
    except TookTooLong:
        return f"Your answer did not come to an end within {seconds:g} seconds: is there a loop that never stops?"
    except Exception as problem:  # the student's own object may raise anything; the kernel must live on
        return f"This answer cannot be compared: {type(problem).__name__}."
