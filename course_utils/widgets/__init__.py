"""Explorers: turn a knob, see the network change."""

from course_utils.widgets.activating import explore_activations
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.fading import explore_gradients
from course_utils.widgets.gating import explore_gates
from course_utils.widgets.keeping import explore_state
from course_utils.widgets.returning import explore_return_sequences
from course_utils.widgets.stacking import explore_stacking
from course_utils.widgets.stepping import explore_cell
from course_utils.widgets.unrolling import explore_unrolling
from course_utils.widgets.watching import explore_digit
from course_utils.widgets.weighing import explore_parameters

__all__ = [
    "Explorer",
    "explore_activations",
    "explore_cell",
    "explore_digit",
    "explore_gates",
    "explore_gradients",
    "explore_parameters",
    "explore_return_sequences",
    "explore_stacking",
    "explore_state",
    "explore_unrolling",
]
