"""What widgets and exercises share in the browser: the page helper and the controls."""

from course_utils.frontend.controls import choice, decimal_slider, slider, toggle
from course_utils.frontend.page_helper import PageHelper

__all__ = ["PageHelper", "choice", "decimal_slider", "slider", "toggle"]
