"""The widgets that a training is shown in."""

from pathlib import Path

import ipywidgets

from course_utils.frontend import PageHelper, page_helper
from course_utils.frontend.page_helper import GUARDED

TRAINING = "unrolled-training"
"""The CSS class of a box that shows a training: it has no controls."""
NOT_RUN_YET = f"""
.{GUARDED}.{TRAINING}.jupyter-widgets-disconnected::before {{
  content: "A training of another day. Run this cell: then you watch your own.";
}}
"""


class TrainingHelper(PageHelper):
    """Says something else than for controls, before the cell has run."""

    _css = Path(page_helper.__file__).with_name("page_helper.css").read_text(encoding="utf-8") + NOT_RUN_YET


class TrainingBox(ipywidgets.VBox):
    """A picture, a sentence below it, and the voice for screen readers.

    Its text is the same on every run, since nbval compares it: it holds no time and no loss.
    """

    def __init__(self, words: str):
        """words: its text"""
        self.words = words
        self.picture = ipywidgets.HTML()
        self.note = ipywidgets.HTML()
        self.helper = TrainingHelper()
        super().__init__([self.picture, self.note, self.helper])
        self.add_class(GUARDED)
        self.add_class(TRAINING)

    def __repr__(self) -> str:
        return self.words
