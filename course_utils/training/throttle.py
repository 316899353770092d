"""When to draw, and how long it will still take."""

from dataclasses import dataclass

SECONDS_BETWEEN = 0.25  # from one drawing to the next within an epoch
SHARE = 0.02  # of the time, that drawing may take
LONGEST_WAIT = 2.0  # seconds, however slow one drawing was


@dataclass
class Throttle:
    """Lets a drawing through when enough time has passed: four a second, fewer where one is slow.

    >>> throttle = Throttle()
    >>> throttle.drawn(10.0, 10.001)
    >>> throttle.is_open(10.1), throttle.is_open(10.1, epoch_is_over=True), throttle.is_open(10.3)
    (False, True, True)
    """

    last: float = -1e9
    cost: float = 0.0

    def is_open(self, now: float, *, epoch_is_over: bool = False) -> bool:
        """Whether to draw; now in seconds. The end of an epoch waits only for the drawing's share of the time."""
        wait = min(LONGEST_WAIT, self.cost / SHARE)
        return now - self.last >= (wait if epoch_is_over else max(SECONDS_BETWEEN, wait))

    def drawn(self, start: float, end: float) -> None:
        """Note when a drawing began and ended, in seconds."""
        self.last, self.cost = end, end - start


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
