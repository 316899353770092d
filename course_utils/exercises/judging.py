"""Judge an answer: run what has to be run, read what came out, compare it with the right answer.

A ``Judge`` first *reads* an answer into plain numbers: only there a student's own code runs, and it runs once.
Then it *compares* these with the right answer and with those of the slips.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from course_utils.exercises import limits
from course_utils.exercises.answers import (
    Refused,
    name_of_type,
    read_array,
    read_choice,
    read_number,
    read_shape,
    short_message,
)
from course_utils.exercises.limits import TimeUp, TookTooLong, within
from course_utils.recurrence import RecurrentSpec, count, run_layer

TOLERANCE = 0.006  # an answer rounded to two decimals is right
CLOSE = 1e-4  # what a function or layer computes is not rounded


@dataclass(frozen=True)
class Judge:
    """How answers of one kind are compared.

    name:   the kind of answer
    read:   (answer, right answer) → plain data; raises Refused, with a sentence for the student
    same:   (plain, plain, margin) → whether they are the same answer; a margin of 3 asks for three times
            the distance, so that questions can be drawn in which no two answers are nearly the same
    differ: (plain, plain of the right answer) → a sentence where not even the form is right, else ""
    """

    name: str
    read: Callable[[Any, Any], Any]
    same: Callable[[Any, Any, float], bool]
    differ: Callable[[Any, Any], str] = lambda _given, _right: ""


def safely(judge: Judge, answer: Any, right: Any, seconds: float | None = None) -> Any:
    """Read an answer whatever it is: raise Refused, with a sentence, for what raises and for what never ends.

    A call that hangs inside C cannot be stopped (see ``limits.within``).

    >>> safely(judge_shape, [2, 3], (2, 3))
    (2, 3)
    """
    seconds = limits.SECONDS if seconds is None else seconds

    def guarded() -> Any:
        try:
            return judge.read(answer, right)
        except (Refused, TimeUp):
            raise
        except BaseException as problem:  # the student's own object may raise anything; the kernel must live on
            raise Refused(f"This answer cannot be read: {name_of_type(problem)}.") from None

    try:
        with limits.short_prints():
            return within(seconds, guarded)
    except TookTooLong as problem:
        said = f"Your answer did not come to an end within {problem.seconds:g} seconds"
        still = "and could not be stopped. It still runs: choose Kernel, Restart Kernel before you go on."
        raise Refused(f"{said}: is there a loop that never stops?" if problem.stopped else f"{said} {still}") from None


def same_number(given: float, right: float, margin: float = 1) -> bool:
    """Compare numbers: whole ones exactly, others to two decimals.

    >>> same_number(27.999, 28), same_number(0.33, 0.3333)
    (False, True)
    """
    tolerance = 1e-6 * max(1, abs(right)) if float(right).is_integer() else TOLERANCE
    return bool(abs(given - right) <= margin * tolerance)


def same_arrays(
    given: tuple[np.ndarray, ...], right: tuple[np.ndarray, ...], margin: float = 1, tolerance: float = TOLERANCE
) -> bool:
    """Compare arrays, one by one; to two decimals, where no other tolerance is named.

    >>> same_arrays((np.array([0.5]),), (np.array([0.501]),))
    True
    """
    return [one.shape for one in given] == [one.shape for one in right] and all(
        np.allclose(one, other, rtol=0, atol=margin * tolerance) for one, other in zip(given, right, strict=True)
    )


def other_shape(given: tuple[np.ndarray, ...], right: tuple[np.ndarray, ...]) -> str:
    """Say which shape is wrong, if one is.

    >>> other_shape((np.zeros(3),), (np.zeros(2),))
    'The answer has shape (2,); yours has shape (3,).'
    """
    pairs = ((one.shape, other.shape) for one, other in zip(given, right, strict=True))
    return next((f"The answer has shape {want}; yours has shape {got}." for got, want in pairs if got != want), "")


@dataclass(frozen=True)
class Behaviour:
    """What a layer or function must do. Two behaviours are the same answer if they give the same.

    call:   takes the arrays of one trial, gives the array that is right, or a tuple or list of arrays
    trials: the arrays of each trial: a tuple of arguments each; all behaviours of a question share them
    parameters: for a layer: how many it must have; None where that does not matter
    """

    call: Callable[..., Any]
    trials: tuple[tuple[np.ndarray, ...], ...]
    parameters: int | None = None


def read_function(answer: Any, right: Behaviour) -> tuple[np.ndarray, ...]:
    """Read a function by what it returns on the trials of a Behaviour; another Behaviour by its own call.

    >>> read_function(lambda x: [x + 1], Behaviour(lambda x: x, ((np.array(1),),)))
    (array([2.]),)
    """
    function = answer.call if isinstance(answer, Behaviour) else answer
    if not callable(function):
        raise Refused(f"The answer is a function; yours is of type {name_of_type(function)}.")
    return tuple(_read_result(function, arguments, right) for arguments in right.trials)


def _read_result(function: Callable, arguments: tuple[np.ndarray, ...], right: Behaviour) -> np.ndarray:
    given = _called("function", lambda: function(*(np.array(argument) for argument in arguments)), arguments)
    if given is None:
        raise Refused("Your function returns None: end it with return.")
    if inspect.iscoroutine(given):
        given.close()  # else Python warns that nobody waited for it
        raise Refused("Your function is a coroutine: leave out async.")
    return read_array(given, right.call(*arguments))


def _called(what: str, call: Callable[[], Any], arguments: tuple[np.ndarray, ...]) -> Any:
    """Call a student's own code; refuse with what it raises, even where it would end the kernel."""
    try:
        return call()
    except (TimeUp, Refused):
        raise
    except BaseException as problem:
        said = f"{name_of_type(problem)}: {short_message(problem)}"
    shapes = ", ".join(str(np.shape(argument)) for argument in arguments)
    raise Refused(f"Your {what} stopped with {said} It was called on {shapes}.")


class Seen(NamedTuple):
    """What was seen of a layer. outputs: the arrays it gave, of all trials; parameters: how many it has."""

    outputs: tuple[np.ndarray, ...]
    parameters: int | None


def known_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Return weights that follow from their place and shape alone, so that two layers can be given the same.

    >>> [array.shape for array in known_weights([(2, 4), (4,)])]
    [(2, 4), (4,)]
    """
    return [
        np.random.default_rng(place).uniform(-0.8, 0.8, shape).astype("float32") for place, shape in enumerate(shapes)
    ]


def with_known_weights(*specs: RecurrentSpec) -> list[RecurrentSpec]:
    """Return recurrent layers, one above the other, with known weights in the place of their own.

    >>> from course_utils.recurrence import random_spec
    >>> lower, upper = with_known_weights(*[random_spec("GRU", units=2, features=2)] * 2)
    >>> bool((lower.kernel == upper.kernel).any())
    False
    """
    weights = iter(known_weights([array.shape for spec in specs for array in spec.weights.values()]))
    return [
        replace(
            spec,
            kernel=next(weights),
            recurrent_kernel=next(weights),
            bias=None if spec.bias is None else next(weights),
        )
        for spec in specs
    ]


def behaviour_of(*specs: RecurrentSpec, trials: tuple[np.ndarray, ...]) -> Behaviour:
    """Return what recurrent layers do, one above the other, with known weights.

    trials: inputs, (batch, T, F) each

    >>> from course_utils.recurrence import random_spec
    >>> behaviour = behaviour_of(random_spec("LSTM", units=10, features=1), trials=(np.ones((2, 5, 1)),))
    >>> behaviour.call(*behaviour.trials[0]).shape, behaviour.parameters
    ((2, 10), 480)
    """
    known = with_known_weights(*specs)

    def call(x: np.ndarray) -> Any:
        for spec in known:
            x = run_layer(spec, x).output
        return x

    return Behaviour(call, tuple((trial,) for trial in trials), sum(count(spec).total for spec in specs))


def read_layer(answer: Any, right: Behaviour) -> Seen:
    """Read a Keras layer or model, with known weights for as long as that takes: what it gives on the trials."""
    if isinstance(answer, Behaviour):
        outputs = [answer.call(*arguments) for arguments in right.trials]
        return Seen(tuple(array for output in outputs for array in _read_outputs(output)), answer.parameters)
    if isinstance(answer, type):
        raise Refused(f"Your answer is the class {answer.__name__[:40]} itself: add brackets and its arguments.")
    if not callable(answer) or not hasattr(answer, "count_params"):
        raise Refused(f"The answer is a Keras layer or model; yours is of type {name_of_type(answer)}.")
    return _called("layer", lambda: _look_at(answer, right), right.trials[0])


def _look_at(layer: Any, right: Behaviour) -> Seen:
    """Run a layer on the trials with known weights, then give it its own back."""
    layer(*right.trials[0])  # builds it
    own = [np.array(weight) for weight in layer.weights]
    try:
        for weight, value in zip(layer.weights, known_weights([array.shape for array in own]), strict=True):
            weight.assign(value)
        outputs = [layer(*arguments) for arguments in right.trials]
    finally:
        for weight, value in zip(layer.weights, own, strict=True):
            weight.assign(value)
    arrays = tuple(array for output in outputs for array in _read_outputs(output))
    return Seen(arrays, int(layer.count_params()))


def _read_outputs(output: Any) -> tuple[np.ndarray, ...]:
    """Read what a layer gave: one array, or several in a tuple or list."""
    if output is None:
        raise Refused("Your layer returns None: end its call with return.")
    if isinstance(output, dict):
        raise Refused("Your layer gives a dict; the answer gives an array.")
    if isinstance(output, (tuple, list)):
        return tuple(array for part in output for array in _read_outputs(part))
    return (read_array(output, output),)


def same_seen(given: Seen, right: Seen, margin: float = 1) -> bool:
    """Compare layers by the values that they give, and by how many parameters they have."""
    return _same_count(given, right) and same_arrays(given.outputs, right.outputs, margin, CLOSE)


def same_shapes_seen(given: Seen, right: Seen, _margin: float = 1) -> bool:
    """Compare layers by the shapes that they give, and by how many parameters they have."""
    shapes = [[array.shape for array in seen.outputs] for seen in (given, right)]
    return _same_count(given, right) and shapes[0] == shapes[1]


def _same_count(given: Seen, right: Seen) -> bool:
    return right.parameters is None or given.parameters == right.parameters


def other_outputs(given: Seen, right: Seen) -> str:
    """Say where a layer gives another number of arrays, another shape, or has another number of parameters."""
    got, want = len(given.outputs), len(right.outputs)
    if got != want:
        return f"Your layer gives {got} arrays and the answer {want}: look at return_state."
    if not _same_count(given, right) and not other_shape(given.outputs, right.outputs):
        return f"The shape is right, but your layer has {given.parameters} parameters; the answer has another number."
    return other_shape(given.outputs, right.outputs)


def _equal(given: Any, right: Any, _margin: float = 1) -> bool:
    return given == right


judge_number = Judge("number", read_number, same_number)
judge_shape = Judge("shape", read_shape, _equal)
judge_array = Judge("array", lambda answer, right: (read_array(answer, right),), same_arrays, other_shape)
judge_choice = Judge("choice", read_choice, _equal)
judge_function = Judge("function", read_function, partial(same_arrays, tolerance=CLOSE), other_shape)
judge_layer = Judge("layer", read_layer, same_seen, other_outputs)
judge_shape_of_layer = Judge("layer", read_layer, same_shapes_seen, other_outputs)
