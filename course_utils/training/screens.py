"""Where a training is shown: one lasting picture in a notebook, lines of text elsewhere, or nowhere."""

import sys
from collections.abc import Callable
from html import escape

from course_utils.pictures import Diagram


class Screen:
    """What a training shows itself on; this one shows nothing at all, for a training that nobody wants to watch.

    pause: seconds that a sentence needs before the next one
    """

    pause = 0.0

    def show(self, draw: Callable[[], Diagram]) -> None:
        """Show the picture as it is now, drawn only where there is a place for it."""

    def say(self, sentence: str) -> None:
        """Say what an epoch came to, or how all ended."""

    def note(self, sentence: str) -> None:
        """Say a sentence and leave it beside the picture; "" takes it away."""


class PictureScreen(Screen):
    """One picture that lasts, with a sentence below it and a voice for screen readers."""

    pause = 1.0

    def __init__(self, words: str):
        """Show an empty box in the output of the running cell. words: its text where there are no widgets."""
        from IPython.display import display

        from course_utils.training.box import TrainingBox

        self.box = TrainingBox(words)
        display(self.box)

    def show(self, draw: Callable[[], Diagram]) -> None:
        """Put the picture in the place of the one before."""
        self.box.picture.value = f'<div style="overflow-x:auto">{draw().to_svg("jupyter")}</div>'

    def say(self, sentence: str) -> None:
        """Let a screen reader say it."""
        self.box.helper.announcement = sentence

    def note(self, sentence: str) -> None:
        """Write it below the picture, and let a screen reader say it."""
        self.box.note.value = f"<p>{escape(sentence)}</p>" if sentence else ""
        if sentence:
            self.say(sentence)


class TextScreen(Screen):
    """One line for each epoch.

    >>> TextScreen("Training: 2 epochs").say("Epoch 1 of 2: loss 0.500.")
    Training: 2 epochs
    Epoch 1 of 2: loss 0.500.
    """

    def __init__(self, words: str):
        """Print the words."""
        print(words, flush=True)

    def say(self, sentence: str) -> None:
        """Print it."""
        print(sentence, flush=True)

    def note(self, sentence: str) -> None:
        """Print it."""
        if sentence:
            print(sentence, flush=True)


def screen_here(words: str, *, show: bool = True, text: bool | None = None) -> Screen:
    """Return the screen that fits the place: a picture in a Jupyter kernel, text in a terminal or script.

    words: what stands first; the same on every run
    show:  False: a screen on which nothing is seen
    text:  True and False settle it
    """
    if not show:
        return Screen()
    as_text = not in_a_kernel() if text is None else text
    return TextScreen(words) if as_text else PictureScreen(words)


def in_a_kernel() -> bool:
    """Whether this Python is a Jupyter kernel, which can show widgets.

    >>> in_a_kernel()
    False
    """
    interactive = sys.modules.get("IPython")
    return getattr(interactive and interactive.get_ipython(), "kernel", None) is not None
