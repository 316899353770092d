"""Interrupting the kernel ends a training as ``EarlyStopping`` does: after the batch, in good order."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]


class Interrupts:
    """Listens for the first interrupt (SIGINT: the stop sign of JupyterLab, Ctrl-C) while a model trains.

    Keras could be left half-way by a ``KeyboardInterrupt``: ``fit`` keeps its threads and its validation data, and
    turning logs into numbers swallows every exception. So the first interrupt is only a wish, which ``fit`` hears
    after the batch. The second one is a ``KeyboardInterrupt`` as always.

    ``fit`` tells no callback that it failed. An interrupt that comes after that finds no ``fit`` of the model
    among the running functions, and goes on to whoever listened before.
    """

    def __init__(self, model: Any, stop: Callable[[], None]):
        """model: whose ``fit`` runs; stop: called at most once, between two instructions of the main thread."""
        self._model = model
        self._stop = stop
        self._before: Handler = signal.default_int_handler

    def listen(self) -> None:
        """Begin, where interrupts can be heard: in the main thread, unless they are ignored or handled in C."""
        if threading.current_thread() is not threading.main_thread():
            return
        before = signal.getsignal(signal.SIGINT)
        if callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._heard)

    def rest(self) -> None:
        """End: give the interrupt back to whoever had it, unless somebody else took it since."""
        if signal.getsignal(signal.SIGINT) == self._heard:
            signal.signal(signal.SIGINT, self._before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.rest()
        if is_fitting(self._model, frame):
            self._stop()
        else:
            self._before(number, frame)


def is_fitting(model: Any, frame: FrameType | None) -> bool:
    """Whether a function called ``fit`` of this model is running, at this frame or around it."""
    while frame is not None:
        if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is model:
            return True
        frame = frame.f_back
    return False
