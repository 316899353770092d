"""The unrolled picture: what it shows (plan), where things stand (grid), and how each kind of row is drawn."""

from course_utils.diagrams.unrolled.layout import unrolled_scene
from course_utils.diagrams.unrolled.plan import Plan, path_input, plan_layer, plan_trace

__all__ = ["Plan", "path_input", "plan_layer", "plan_trace", "unrolled_scene"]
