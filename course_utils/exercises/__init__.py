"""Exercises, one module a lesson: ``exercises.lesson_01.parameters_of_simple_rnn``.

Each exercise shows its question, and answers to ``check``, ``hint``, ``solution`` and ``another``.

How to write an exercise
------------------------
Make a file ``lesson_NN.py`` here: it is found by its name. For each of its 3 to 6 exercises write a function that
draws numbers and returns a ``Variant``, and at the end of the file bind it to a name that says what is asked:

>>> import numpy as np
>>> from course_utils.exercises.engine import Exercise, Variant
>>> from course_utils.exercises.judging import judge_number
>>> from course_utils.exercises.slips import different_sizes, parameter_slips, total
>>> def _parameters(random: np.random.Generator) -> Variant:
...     T, F, U = different_sizes(random)
...     return Variant(
...         ask=f"How many parameters does LSTM({U}) have on {T} time-steps of {F} features?",
...         answer=total("LSTM", F, U),
...         praise="Four blocks, each with its own W, R and b.",
...         slips=parameter_slips("LSTM", T, F, U),
...         hints=("How many blocks are there?", "Each block has F·U + U·U + U numbers."),
...         code=f"answer = 4 * ({F} * {U} + {U} * {U} + {U})",
...     )
>>> parameters_of_lstm = Exercise(_parameters, judge_number)
>>> parameters_of_lstm
Question: How many parameters does LSTM(7) have on 4 time-steps of 3 features?
>>> parameters_of_lstm.check(308 - 28)
✘ Not yet. The bias is missing: 4·U numbers in all.
>>> parameters_of_lstm.check(308).kind
'correct'

- **The kinds of answer** are in ``judging``: ``judge_number``, ``judge_shape``, ``judge_array``, ``judge_choice``
  (made by ``slips.choice``), ``judge_function``, ``judge_layer`` (by its values),
  ``judge_shape_of_layer`` (by its shapes). A function or layer is judged by what it does: the answer and the slips are
  ``Behaviour``; ``behaviour_of(spec, trials=(x,))`` makes one from recurrent layers.
- **A prediction** is any kind with a ``reveal``: code that prints what happens. It is run after the student's answer.
- **Compute** the answer and the slips, with ``course_utils.recurrence``; load Keras only in ``code`` and ``reveal``,
  which are texts. Numbers are drawn until all answers differ: at least three slips, one sentence each.
- **Arrays** that the question hands out stand in ``given``; the solution's ``code`` uses ``given.x``.
- The name of the function seeds the numbers: renaming it changes the question in the saved notebook.

In the notebook, each exercise is two cells: ``lesson_NN.name`` (for a choice ``lesson_NN.name.choose()``), and below it
``lesson_NN.name.check(...)``. Then ``tests/unit/test_exercises.py`` tries 20 variants of it, every slip, every hostile
answer, and that the notebook shows it.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

LESSONS = tuple(sorted(module.name for module in iter_modules(__path__) if module.name.startswith("lesson_")))

__all__ = ["LESSONS", *LESSONS]


def __getattr__(name: str) -> ModuleType:
    """Load a lesson's exercises when they are first asked for."""
    if name not in LESSONS:
        raise AttributeError(f"There are no exercises named {name!r}; there are {', '.join(LESSONS)}.")
    return import_module(f"{__name__}.{name}")
