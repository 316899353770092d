"""The weights of the best epoch so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

MONITORS = {
    "loss": "whose loss is the lowest",
    "val_loss": "whose validation loss is the lowest",
    "accuracy": "whose accuracy is the highest",
    "val_accuracy": "whose validation accuracy is the highest",
}


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
