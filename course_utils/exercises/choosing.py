"""A choice by buttons, which can be used with the keyboard alone."""

from collections.abc import Callable, Sequence
from html import escape

import ipywidgets

from course_utils.exercises.outcomes import Outcome
from course_utils.frontend import PageHelper
from course_utils.frontend.page_helper import GUARDED


def buttons(ask: str, options: Sequence[str], check: Callable[[str], Outcome]) -> ipywidgets.VBox:
    """Return a question with a button for each option, and below them what the check says to the one chosen.

    Nothing is chosen at first, so nothing is given away.
    """
    question = ipywidgets.HTML(f"<b>Question:</b> {escape(ask)}")
    choice = ipywidgets.ToggleButtons(options=list(options), value=None, style={"button_width": "auto"})
    verdict, helper = ipywidgets.HTML(), PageHelper()

    def judge(change: dict) -> None:
        if change["new"] is None:
            return
        outcome = check(change["new"])
        verdict.value = outcome._repr_html_()
        helper.announcement = ""  # so that the same words are said again
        helper.announcement = f"{outcome.heading} {outcome.message}"

    choice.observe(judge, names="value")
    box = ipywidgets.VBox([question, choice, verdict, helper])
    box.add_class(GUARDED)
    return box
