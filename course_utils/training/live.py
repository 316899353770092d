"""A Keras callback that shows a training while it runs, seldom enough to cost next to nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from course_utils.drawing.wording import counted
from course_utils.pictures import Diagram
from course_utils.pictures.learning_curves import learning_curves_scene, values_in_words
from course_utils.quiet import quiet_keras
from course_utils.training.interrupting import Best, Interrupts, forget_last_epoch
from course_utils.training.progress import Course
from course_utils.training.screens import Screen, screen_here

keras: Any = quiet_keras()
Logs = Mapping[str, float] | None
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


class LiveTraining(keras.callbacks.Callback):
    """Draws loss and accuracy while a model trains, with the time left; an interrupt ends it with the best weights.

    Give it to ``fit``, with ``verbose=0`` so that Keras writes no log of its own below the picture:
    ``model.fit(x, y, epochs=5, validation_split=0.2, verbose=0, callbacks=[LiveTraining("LSTM(50)")])``.

    In a notebook it is one picture that lasts; in a terminal, one line for each epoch. Its text, which nbval
    compares, holds no time and no loss; the picture at the end depends on the history alone.

    Interrupt the kernel (■ in JupyterLab, Ctrl-C in a terminal) and the training ends after the batch. The model
    then has the weights from the end of its best epoch, the history holds whole epochs only, and the cells below
    run on. A second interrupt stops at once, as always. There is no button to stop: while a cell runs, the kernel
    hears no button, only the interrupt. The optimizer stays as it was when the interrupt came.

    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(loss="mse")
    >>> zeros = keras.ops.zeros((4, 1))
    >>> _ = model.fit(zeros, zeros, epochs=2, verbose=0, callbacks=[LiveTraining("a line")])
    Training of a line: 2 epochs
    Epoch 1 of 2: loss 0.000.
    Epoch 2 of 2: loss 0.000.
    """

    def __init__(
        self,
        name: str = "",
        *,
        monitor: str | None = None,
        show: bool = True,
        text: bool | None = None,
        notice: str = "",
    ):
        """Make it; one serves any number of trainings, one after the other.

        name:    of what is trained, for the title; Keras's own names differ from run to run
        monitor: what makes an epoch the best, when the training is interrupted: "loss", "val_loss" (lowest),
                 "accuracy" or "val_accuracy" (highest); None: the validation loss, without validation the loss
        show:    False: nothing is shown; an interrupt still keeps the best weights
        text:    lines of text (True) or the picture (False); None: whichever this place can show
        notice:  a sentence that is shown while it trains
        Raises ValueError for another monitor.
        """
        super().__init__()
        self._name, self._monitor, self.notice = name, monitor, notice
        self._screen = partial(screen_here, show=show, text=text)
        self._best = Best(monitor)
        self._last: Showing | None = None
        self._before: dict[str, int] = {}  # metric → epochs in Keras's History when the one under way began
        self._is_cut = False  # whether Keras's History holds an epoch that was cut short
        self.interrupted = False
        self.message = ""

    @property
    def diagram(self) -> Diagram:
        """The picture as it is now; its description holds rounded values. Raises RuntimeError before a training."""
        return self._showing.diagram(time.perf_counter())

    @property
    def seconds_spent(self) -> float:
        """How long drawing took, in seconds: what the last training would have saved without it."""
        return self._last.seconds if self._last else 0.0

    @property
    def history(self) -> dict[str, list[float | None]]:
        """Name of a metric → its value after each epoch of the last training, None where it was not measured."""
        return dict(self._course.history)

    def note(self, sentence: str) -> None:
        """Leave a sentence below the picture, or as a line of text."""
        self._showing.screen.note(sentence)

    def show(self, history: Mapping[str, list[float | None]], epochs: int, start: int = 0) -> None:
        """Show a training that is over as it would look now had it run here.

        history: as ``Course`` has it
        epochs:  the number of the last one that was planned; start: how many went before
        """
        self._open(epochs, "")
        self._course.begin_epoch(start + 1, None)
        for values in zip(*history.values(), strict=True):
            self._course.end_epoch(0.0, dict(zip(history, values, strict=True)))
            self._showing.screen.say(self._sentence())
        self._showing.end(self._course.ended_in_words())

    def on_train_begin(self, logs: Logs = None) -> None:
        """Open the screen and listen for interrupts."""
        self._best, self.interrupted, self.message, self._is_cut = Best(self._monitor), False, "", False
        self._open(self.params["epochs"], self.notice)
        compiled = self.model.get_compile_config() or {}
        self._course.metric = "accuracy" if compiled.get("metrics") else None
        self._showing.screen.show(lambda: self.diagram)
        self._interrupts = Interrupts(self.model, self._stop)
        self._interrupts.listen()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note which epoch is under way, and what came before it."""
        self._before = {name: len(values) for name, values in self.model.history.history.items()}
        self._course.begin_epoch(epoch + 1, self.params.get("steps"))

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Draw the thin line a little further, at most four times a second."""
        now, done = time.perf_counter(), batch + 1
        steps = self.params.get("steps") or done  # with steps_per_execution, Keras counts beyond the last batch
        self._course.batch(now, min(done, steps), logs or {})
        self._showing.batch(now)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Cut validation short once the training is interrupted: ``evaluate`` forgets a wish from before it began."""
        if self.interrupted:
            self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw the epoch's points, say its values, and keep its weights if they are the best so far."""
        now, logs = time.perf_counter(), logs or {}
        if self.interrupted:
            self._is_cut = True
            return
        self._course.end_epoch(now, logs)
        self._best.offer(epoch + 1, logs, self.model.get_weights)
        self._showing.epoch(now, self._sentence())

    def on_train_end(self, logs: Logs = None) -> None:
        """Put the best weights back if it was interrupted, and leave a picture without times."""
        self._interrupts.rest()
        if not self.interrupted:
            self._showing.end(self._course.ended_in_words())
            return
        if self._is_cut:
            forget_last_epoch(self.model.history, self._before)
        if self._best.epoch:
            self.model.set_weights(self._best.weights)
        when = f"in epoch {self._course.epoch}" if self._is_cut else f"after epoch {self._course.epoch - 1}"
        ending = f"interrupted {when} of {self._course.epochs}"
        self.message = f"The training was {ending}: the model has the weights from {self._best.in_words()}."
        self._showing.end(ending, self.message)

    @property
    def _showing(self) -> Showing:
        if self._last is None:
            raise RuntimeError("There is no picture before the training: give this to fit, callbacks=[…].")
        return self._last

    @property
    def _course(self) -> Course:
        return self._showing.course

    def _open(self, epochs: int, notice: str) -> None:
        course = Course(self._name, epochs)
        # What it is called where it is text is the same on every run, for nbval compares it.
        self._last = Showing(course, self._screen(f"{course.curves(0.0).title}: {counted(epochs, 'epoch')}"))
        self._showing.screen.note(notice)

    def _sentence(self) -> str:
        """Say what the last epoch came to."""
        values = {name: values[-1] for name, values in self._course.history.items() if values[-1] is not None}
        return f"Epoch {self._course.epoch - 1} of {self._course.epochs}: {values_in_words(values)}."

    def _stop(self) -> None:
        """Wish the training to end; ``fit`` looks after each batch."""
        self.interrupted = True
        self.model.stop_training = self.model.stop_evaluating = True
