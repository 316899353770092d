"""Brings a training to its screen, seldom enough to cost next to nothing."""

import time
from dataclasses import dataclass, field

from course_utils.drawing.wording import counted
from course_utils.pictures import Diagram
from course_utils.pictures.learning_curves import learning_curves_scene
from course_utils.training.progress import Course
from course_utils.training.screens import Screen
from course_utils.training.throttle import Throttle


def words_of(course: Course) -> str:
    """Return what a training is called where it is text: the same on every run, for nbval compares it.

    >>> words_of(Course("LSTM(50)", 3))
    'Training of LSTM(50): 3 epochs'
    """
    return f"{course.curves(0.0).title}: {counted(course.epochs, 'epoch')}"


@dataclass
class Showing:
    """One training on one screen.

    seconds: how long drawing took in all, without the first picture and the last
    said:    when the last sentence was said, in seconds
    unsaid:  a sentence that waits for its time
    """

    course: Course
    screen: Screen
    throttle: Throttle = field(default_factory=Throttle)
    seconds: float = 0.0
    said: float = -1e9
    unsaid: str = ""

    def diagram(self, now: float) -> Diagram:
        """Return the picture at a time in seconds."""
        return Diagram(learning_curves_scene(self.course.curves(now)))

    def batch(self, now: float) -> None:
        """Draw, if it is time to."""
        if self.throttle.is_open(now):
            self._draw(now)

    def epoch(self, now: float, sentence: str) -> None:
        """Draw, and say what the epoch came to; where epochs are very short, not after each of them."""
        if self.throttle.is_open(now, epoch_is_over=True):
            self._draw(now)
        self.unsaid = sentence
        if now - self.said >= self.screen.pause:
            self._say()
            self.said = now

    def end(self, ending: str, note: str = "") -> None:
        """Draw the last picture, in which no time stands. ending: in the line below; note: a sentence to leave."""
        self.course.ending = ending
        self._say()
        self.screen.show(lambda: self.diagram(0.0))
        self.screen.note(note)

    def _say(self) -> None:
        if self.unsaid:
            self.screen.say(self.unsaid)
        self.unsaid = ""

    def _draw(self, now: float) -> None:
        start = time.perf_counter()
        self.screen.show(lambda: self.diagram(now))
        end = time.perf_counter()
        self.throttle.drawn(now, now + end - start)
        self.seconds += end - start
