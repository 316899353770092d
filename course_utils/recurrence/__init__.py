"""The mathematics of recurrent layers: read a Keras layer, run it in NumPy, count it.

Nothing here draws. Only ``reading.py`` touches Keras.
"""

from course_utils.recurrence.counting import ParameterCount, ParameterRow, count, parameters
from course_utils.recurrence.initializing import random_input, random_spec
from course_utils.recurrence.specs import RecurrentSpec
from course_utils.recurrence.tracing import RecurrentTrace, Terms, Trace, run, trace

__all__ = [
    "ParameterCount",
    "ParameterRow",
    "RecurrentSpec",
    "RecurrentTrace",
    "Terms",
    "Trace",
    "count",
    "parameters",
    "random_input",
    "random_spec",
    "run",
    "trace",
]
