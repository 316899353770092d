"""One name for each public ``draw_…``: from what a layer or trace is in numbers to a ``Picture`` of it."""

from course_utils.drawing.diagram import Diagram
from course_utils.pictures.draw import (
    draw_activations,
    draw_cell,
    draw_gradient_flow,
    draw_image_rows,
    draw_model,
    draw_rolled,
    draw_states,
    draw_unrolled,
    draw_weights,
    draw_words,
)

__all__ = [
    "Diagram",
    "draw_activations",
    "draw_cell",
    "draw_gradient_flow",
    "draw_image_rows",
    "draw_model",
    "draw_rolled",
    "draw_states",
    "draw_unrolled",
    "draw_weights",
    "draw_words",
]
