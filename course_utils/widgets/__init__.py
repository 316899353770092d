"""Explorers: turn a knob, see the network change."""

from course_utils.widgets.explorer import Explorer
from course_utils.widgets.stepping import explore_cell
from course_utils.widgets.unrolling import explore_unrolling

__all__ = ["Explorer", "explore_cell", "explore_unrolling"]
