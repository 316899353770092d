"""The unrolled picture: what it shows (plan), where things stand (grid), and how each kind of row is drawn."""

from course_utils.pictures.unrolled.branches import Branches, first_input, plan_layer, plan_model
from course_utils.pictures.unrolled.plan import Plan, plan_trace
from course_utils.pictures.unrolled.side_by_side import branches_scene
from course_utils.pictures.unrolled.unrolled import unrolled_scene

__all__ = [
    "Branches",
    "Plan",
    "branches_scene",
    "first_input",
    "plan_layer",
    "plan_model",
    "plan_trace",
    "unrolled_scene",
]
