"""Pictures of recurrent layers: scene (geometry), paint (colours), two renderers, one description."""

from course_utils.diagrams.diagram import Diagram
from course_utils.diagrams.drawing import draw_cell, draw_unrolled, draw_words

__all__ = ["Diagram", "draw_cell", "draw_unrolled", "draw_words"]
