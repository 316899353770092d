"""What Keras says to a line of code: the words of its error or warning, checked."""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import BufferingHandler

COLOURS = r"\x1b\[[0-9;]*m"  # Keras writes the main part of some messages in bold


@contextmanager
def keras_says(message: str) -> Iterator[None]:
    """Run lines that stop, or that warn, and check that Keras says just this.

    The error or warning does not leave the ``with`` block; what it does is printed in one line.

    message: the kind and the words, as they stand at the end of what Python prints: ``"ValueError: …"`` for an error,
             ``"UserWarning: …"`` for a warning, ``"WARNING: …"`` for a line in the log. Words may be left out at the
             end; spaces and line breaks do not count.
    Raises AssertionError if Keras says something else, or nothing.

    >>> with keras_says("ZeroDivisionError: division by zero"):
    ...     1 / 0
    It stops: ZeroDivisionError.
    >>> with keras_says("UserWarning: `units` is"):
    ...     warnings.warn("`units` is old.", stacklevel=1)
    It warns and goes on: UserWarning.
    """
    heard: list[str] = []
    verdict = f"It warns and goes on: {message.partition(':')[0]}."
    try:
        with _listening(heard):
            yield
    except Exception as problem:
        heard.append(f"{type(problem).__name__}: {problem}")
        verdict = f"It stops: {type(problem).__name__}."
    heard = [_plain(said) for said in heard]
    if not any(said.startswith(_plain(message)) for said in heard):
        said = " It says: " + " / ".join(heard) if heard else " It says nothing: the lines run."
        raise AssertionError(f"Keras does not say {_plain(message)!r}.{said}") from None
    print(verdict)


@contextmanager
def _listening(heard: list[str]) -> Iterator[None]:
    """Collect warnings and lines of Keras's log, instead of showing them."""
    log, lines = logging.getLogger("absl"), BufferingHandler(10**6)
    kept = log.handlers, log.propagate
    log.handlers, log.propagate = [lines], False
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            yield
    finally:
        log.handlers, log.propagate = kept
        heard += [f"{line.levelname}: {line.getMessage()}" for line in lines.buffer]
        heard += [f"{one.category.__name__}: {one.message}" for one in found]


def _plain(text: str) -> str:
    """Return a text without colours, with single spaces."""
    return " ".join(re.sub(COLOURS, "", text).split())
