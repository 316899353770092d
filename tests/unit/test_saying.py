"""What Keras says to old lines: errors, warnings and lines of the log are heard, and nothing else passes for them."""

import logging
import warnings

import pytest

from course_utils import keras_says


def stop(text="an error"):
    raise ValueError(text)


def warn(text="a warning"):
    warnings.warn(text, stacklevel=2)


def log(text="a line of the log"):
    logging.getLogger("absl").warning(text)


@pytest.mark.parametrize(
    ("action", "message", "printed"),
    [
        (stop, "ValueError: an error", "It stops: ValueError."),
        (stop, "ValueError: an", "It stops: ValueError."),
        (lambda: stop("an\n\n  error"), "ValueError: an error", "It stops: ValueError."),
        (lambda: stop("\x1b[1man error\x1b[0m"), "ValueError: an error", "It stops: ValueError."),
        (warn, "UserWarning: a warning", "It warns and goes on: UserWarning."),
        (log, "WARNING: a line of the log", "It warns and goes on: WARNING."),
        (lambda: (warn(), stop()), "UserWarning: a warning", "It stops: ValueError."),
    ],
)
def test_what_keras_says_is_heard_and_does_not_leave(action, message, printed, capsys, recwarn):
    with keras_says(message):
        action()
    assert capsys.readouterr() == (printed + "\n", "") and not recwarn.list


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (lambda: None, "It says nothing: the lines run."),
        (lambda: stop("another error"), "It says: ValueError: another error"),
        (lambda: stop("It has an error"), "It says: ValueError: It has an error"),
        (lambda: stop("no ValueError: an error"), "It says: ValueError: no ValueError: an error"),
        (warn, "It says: UserWarning: a warning"),
    ],
)
def test_something_else_does_not_pass(action, said):
    with pytest.raises(AssertionError) as problem, keras_says("ValueError: an error"):
        action()
    assert str(problem.value) == f"Keras does not say 'ValueError: an error'. {said}"


@pytest.mark.parametrize("action", [lambda: None, stop])
def test_log_and_warnings_are_as_before(action):
    logger = logging.getLogger("absl")
    before = (logger.handlers, logger.propagate, warnings.filters[:], warnings.showwarning)
    with pytest.raises(AssertionError), keras_says("KeyError: nothing of the kind"):
        action()
    assert (logger.handlers, logger.propagate, warnings.filters[:], warnings.showwarning) == before


def test_an_interrupt_leaves():
    with pytest.raises(KeyboardInterrupt), keras_says("KeyboardInterrupt"):
        raise KeyboardInterrupt
