"""Interrupting the kernel ends a training as ``EarlyStopping`` does: after the batch, with the best weights."""

import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

Handler = Callable[[int, FrameType | None], Any]
MONITORS = {
    "loss": "whose loss is the lowest",
    "val_loss": "whose validation loss is the lowest",
    "accuracy": "whose accuracy is the highest",
    "val_accuracy": "whose validation accuracy is the highest",
}


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
        around = frame
        while around is not None:
            if around.f_code.co_name == "fit" and around.f_locals.get("self") is self._model:
                self._stop()
                return
            around = around.f_back
        self._before(number, frame)


def forget_last_epoch(history: Any, before: Mapping[str, int]) -> None:
    """Take the epoch that was cut short out of Keras's History. before: metric → how many values it had before."""
    history.epoch.pop()
    whole = {name: values[: before.get(name, 0)] for name, values in history.history.items()}
    history.history = {name: values for name, values in whole.items() if values}


@dataclass
class Best:
    """Keeps a copy of the weights of the best epoch.

    monitor: the metric that decides; None: "val_loss" once there is one, "loss" until then
    epoch:   the best one, counted from 1; 0: none yet
    name:    the metric by which it is the best
    """

    monitor: str | None = None
    epoch: int = 0
    weights: list[np.ndarray] | None = None
    name: str = ""
    value: float = np.inf

    def __post_init__(self) -> None:
        if self.monitor is not None and self.monitor not in MONITORS:
            raise ValueError(f"monitor must be one of {', '.join(MONITORS)}, or None, but it is {self.monitor!r}.")

    def offer(self, epoch: int, logs: Mapping[str, float], weights: Callable[[], list[np.ndarray]]) -> None:
        """Keep the weights if this epoch is better than the ones before; not a number is never better.

        >>> best = Best()
        >>> for epoch, loss in enumerate([0.5, 0.25, 0.75], 1):
        ...     best.offer(epoch, {"loss": loss}, lambda: [])
        >>> best.epoch, best.in_words()
        (2, 'the end of epoch 2, whose loss is the lowest')
        """
        name = self.monitor or ("val_loss" if "val_loss" in logs or self.name == "val_loss" else "loss")
        if name not in logs:
            return
        value = logs[name] if name.endswith("loss") else -logs[name]
        if value < self.value or (name != self.name and not np.isnan(value)):
            self.epoch, self.name, self.value, self.weights = epoch, name, value, weights()

    def in_words(self) -> str:
        """Say which weights these are."""
        return f"the end of epoch {self.epoch}, {MONITORS[self.name]}" if self.epoch else "that moment"
