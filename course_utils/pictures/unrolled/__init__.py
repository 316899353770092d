"""The unrolled picture: what it shows (plan), where things stand (grid), and how each kind of row is drawn."""

from course_utils.pictures.unrolled.plan import Plan, path_input, plan_layer, plan_trace
from course_utils.pictures.unrolled.unrolled import unrolled_scene

__all__ = ["Plan", "path_input", "plan_layer", "plan_trace", "unrolled_scene"]
