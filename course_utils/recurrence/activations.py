"""The activation functions of Keras, in NumPy, under Keras's names."""

from collections.abc import Callable

import numpy as np


def linear(values: np.ndarray) -> np.ndarray:
    """Return the values as they are."""
    return values


def relu(values: np.ndarray) -> np.ndarray:
    """Cut off below zero: max(0, x). NaN stays NaN."""
    return np.maximum(values, 0)


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Squash into 0 … 1: 1 / (1 + e^-x).

    Written with tanh, which cannot overflow: sigmoid(x) = (1 + tanh(x / 2)) / 2.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return (1 + np.tanh(values / 2)) / 2


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
}


def activation_named(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the NumPy function for a Keras activation name.

    >>> float(activation_named("relu")(np.array(-3.0)))
    0.0
    """
    try:
        return ACTIVATIONS[name]
    except KeyError:
        known = ", ".join(sorted(ACTIVATIONS))
        raise ValueError(f"activation={name!r} is not one that the course traces; it knows {known}.") from None
