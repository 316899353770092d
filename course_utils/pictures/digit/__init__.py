"""A digit that is read row by row, what the network holds in mind, and what it says after every row."""

from course_utils.pictures.digit.panels import digit_scene
from course_utils.pictures.digit.read import ReadDigit, percent

__all__ = ["ReadDigit", "digit_scene", "percent"]
