"""The widgets that a training is shown in."""

import ipywidgets

from course_utils.frontend import PageHelper
from course_utils.frontend.page_helper import GUARDED


class TrainingBox(ipywidgets.VBox):
    """A picture, a sentence below it, and the voice for screen readers.

    Its text is the same on every run, since nbval compares it: it holds no time and no loss.
    """

    def __init__(self, words: str):
        """words: its text"""
        self.words = words
        self.picture = ipywidgets.HTML()
        self.note = ipywidgets.HTML()
        self.helper = PageHelper()
        super().__init__([self.picture, self.note, self.helper])
        self.add_class(GUARDED)

    def __repr__(self) -> str:
        return self.words
