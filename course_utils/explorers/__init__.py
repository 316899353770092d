"""Explorers: turn a knob, see the network change."""

from course_utils.explorers.activations import explore_activations
from course_utils.explorers.base import Explorer
from course_utils.explorers.cell import explore_cell
from course_utils.explorers.digit import explore_digit
from course_utils.explorers.gates import explore_gates
from course_utils.explorers.gradients import explore_gradients
from course_utils.explorers.parameters import explore_parameters
from course_utils.explorers.return_sequences import explore_return_sequences
from course_utils.explorers.stacking import explore_stacking
from course_utils.explorers.state import explore_state
from course_utils.explorers.unrolling import explore_unrolling

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
