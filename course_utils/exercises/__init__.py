"""Exercises, one module a lesson: ``exercises.lesson_01.parameters_of_simple_rnn``.

Each exercise shows its question, and answers to ``check``, ``hint``, ``solution``
and ``another``.
"""

from importlib import import_module
from types import ModuleType

LESSONS = ("lesson_01",)

__all__ = ["LESSONS", *LESSONS]


def __getattr__(name: str) -> ModuleType:
    """Load a lesson's exercises when they are first asked for."""
    if name not in LESSONS:
        raise AttributeError(f"There are no exercises named {name!r}; there are {', '.join(LESSONS)}.")
    return import_module(f"{__name__}.{name}")
