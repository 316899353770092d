"""How a training goes: what it came to so far, and how far it is. Numbers alone: no Keras, no picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from course_utils.drawing.wording import counted
from course_utils.pictures.learning_curves import RIGHT_ANSWERS, LearningCurves

NOT_MEASURED = {"learning_rate", "lr"}  # what callbacks put among the metrics of an epoch


@dataclass
class Pace:
    """How fast a training goes. Times in seconds, epochs passed as a number such as 1.25.

    The first batch is not counted: Keras compiles the model in it. In the first epoch only batches are known;
    later an epoch takes as long as the last one did, with its validation.
    """

    epochs: int
    first: tuple[float, float] | None = None
    epoch_began: tuple[float, float] | None = None
    seconds_an_epoch: float | None = None

    def batch(self, now: float, passed: float) -> None:
        """Note that a batch is over."""
        if self.first is None:
            self.first = (now, passed)

    def epoch(self, now: float, passed: float) -> None:
        """Note that an epoch is over."""
        began = self.epoch_began or self.first
        if began is not None and passed > began[1]:
            self.seconds_an_epoch = (now - began[0]) / (passed - began[1])
        self.epoch_began = (now, passed)

    def left(self, now: float, passed: float) -> float | None:
        """Return the seconds to the end; None while too little is known.

        >>> pace = Pace(epochs=2)
        >>> pace.batch(10.0, 0.25)
        >>> pace.left(12.0, 0.75)
        5.0
        """
        if self.seconds_an_epoch is not None:
            return (self.epochs - passed) * self.seconds_an_epoch
        if self.first is None or passed <= self.first[1]:
            return None
        return (self.epochs - passed) * (now - self.first[0]) / (passed - self.first[1])


def in_words(seconds: float | None) -> str:
    """Say how long it will take, no more exactly than it is known.

    >>> in_words(None), in_words(0.3), in_words(12.4), in_words(47), in_words(200), in_words(9000)
    ('', 'about 1 s left', 'about 12 s left', 'about 45 s left', 'about 3 min left', 'about 2.5 h left')
    """
    if seconds is None:
        return ""
    if seconds < 90:
        whole = round(seconds) if seconds < 20 else 5 * round(seconds / 5)
        return f"about {max(1, whole)} s left"
    minutes = seconds / 60
    return f"about {round(minutes)} min left" if minutes < 90 else f"about {minutes / 60:.1f} h left"


@dataclass
class Course:
    """One training.

    name:     of what is trained
    epochs:   the number of the last epoch, counted from 1
    start:    how many epochs went before
    metric:   what is drawn beside the loss; None: nothing
    history:  name of a metric → one value an epoch, None where it was not measured
    running:  name of a metric → (epochs passed, mean since the epoch began)
    epoch:    the number of the epoch under way
    steps:    batches an epoch; None: not known yet
    batches:  how many of them are over
    ending:   how it ended, in words; "" while it is under way
    """

    name: str
    epochs: int
    start: int = 0
    metric: str | None = "accuracy"
    history: dict[str, list[float | None]] = field(default_factory=dict)
    running: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    epoch: int = 1
    steps: int | None = None
    batches: int = 0
    ending: str = ""

    def __post_init__(self) -> None:
        self.pace = Pace(self.epochs)

    @property
    def done(self) -> int:
        """How many epochs this training has finished."""
        return max(map(len, self.history.values()), default=0)

    @property
    def passed(self) -> float:
        """How many epochs have passed, such as 1.25."""
        share = min(1.0, self.batches / self.steps) if self.steps else 0.0
        return min(self.epoch - 1 + share, self.epochs)

    def begin_epoch(self, epoch: int, steps: int | None) -> None:
        """Note that an epoch, counted from 1, begins."""
        if not self.done:
            self.start = epoch - 1
        self.epoch, self.steps, self.batches = epoch, steps or self.steps, 0
        self.running = {}

    def batch(self, now: float, done: int, logs: Mapping[str, float]) -> None:
        """Note how many batches of the epoch are over, and its means so far. now: in seconds."""
        if self.steps is not None and done > self.steps:
            self.steps = None  # more batches than the epoch before
        self.batches = done
        self.pace.batch(now, self.passed)
        if self.steps:
            for name, value in logs.items():
                self.running.setdefault(name, []).append((self.passed, value))
        self._choose(logs)

    def end_epoch(self, now: float, logs: Mapping[str, float | None]) -> None:
        """Note what an epoch came to; None where something was not measured."""
        self.steps = self.steps or self.batches or None
        self._choose(logs)
        done = self.done
        for name in {**self.history, **logs}:
            value = logs.get(name)
            self.history.setdefault(name, [None] * done).append(None if value is None else float(value))
        self.running, self.batches, self.epoch = {}, 0, self.epoch + 1
        self.pace.epoch(now, self.passed)

    def ended_in_words(self) -> str:
        """Say how far it came.

        >>> Course("", 3, history={"loss": [2.0]}, epoch=2).ended_in_words()
        'ended after epoch 1 of 3'
        """
        last = self.epoch - 1
        return f"{counted(last, 'epoch')} done" if last >= self.epochs else f"ended after epoch {last} of {self.epochs}"

    def _choose(self, logs: Iterable[str]) -> None:
        """Find the metric that is drawn beside the loss: a share of right answers, or else the first."""
        names = [name for name in logs if not name.startswith("val_") and not name.endswith("loss")]
        others = sorted(set(names) - NOT_MEASURED, key=lambda name: (not name.endswith(RIGHT_ANSWERS), name))
        if logs:
            self.metric = others[0] if others else None

    def status(self, now: float) -> str:
        """Return the line below the picture, with the time left while it is under way. now: in seconds.

        >>> Course("", 3, epoch=2, steps=10, batches=4).status(0.0)
        'epoch 2 of 3 · 4 of 10 batches'
        """
        if self.ending:
            return self.ending
        batches = f"{self.batches} of {self.steps}" if self.steps else f"{self.batches}"
        noun = "batch" if (self.steps or self.batches) == 1 else "batches"
        parts = [f"epoch {min(self.epoch, self.epochs)} of {self.epochs}", f"{batches} {noun}"]
        left = in_words(self.pace.left(now, self.passed))
        return " · ".join([*parts, left] if left else parts)

    def curves(self, now: float) -> LearningCurves:
        """Return what the picture shows; once it has ended, nothing of that depends on the time."""
        planned = max(1, self.epochs - self.start)  # fit with epochs=0 trains nothing
        progress = self.done / planned if self.ending else (self.passed - self.start) / planned
        running = {} if self.ending else self.running
        status, start = self.status(now), self.start
        return LearningCurves(self.name, self.epochs, self.history, running, self.metric, progress, status, start)
