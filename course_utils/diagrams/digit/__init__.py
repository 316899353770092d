"""A digit that is read row by row, what the network holds in mind, and what it says after every row."""

from course_utils.diagrams.digit.read import ReadDigit, percent
from course_utils.diagrams.digit.scene import digit_scene

__all__ = ["ReadDigit", "digit_scene", "percent"]
