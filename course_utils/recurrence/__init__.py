"""The mathematics of recurrent layers: read a Keras layer, run it in NumPy, count it.

Nothing here draws. Only ``reading`` touches Keras.
"""

from course_utils.recurrence.backpropagation import GradientFlow, gradient_flow
from course_utils.recurrence.counting import ParameterCount, ParameterRow, count, parameters
from course_utils.recurrence.initializing import random_input, random_spec
from course_utils.recurrence.running import CellTrace, LayerRun, OpaqueTrace, RecurrentTrace, Terms, run, run_layer
from course_utils.recurrence.shape_table import ShapeRow, Shapes, shapes
from course_utils.recurrence.signatures import Argument, Arguments, arguments
from course_utils.recurrence.specs import RecurrentSpec
from course_utils.recurrence.tracing import Trace, trace

__all__ = [
    "Argument",
    "Arguments",
    "CellTrace",
    "GradientFlow",
    "LayerRun",
    "OpaqueTrace",
    "ParameterCount",
    "ParameterRow",
    "RecurrentSpec",
    "RecurrentTrace",
    "ShapeRow",
    "Shapes",
    "Terms",
    "Trace",
    "arguments",
    "count",
    "gradient_flow",
    "parameters",
    "random_input",
    "random_spec",
    "run",
    "run_layer",
    "shapes",
    "trace",
]
