"""The activation functions of Keras, in NumPy, under Keras's names.

Definitions: ``keras.activations`` (https://keras.io/api/layers/activations/), default arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import erf

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Activation:
    """An activation function. name: Keras's name, or that of the user's own function; function: array → array;
    own: it is the user's own."""

    name: str
    function: Function = field(repr=False, compare=False)
    own: bool = False

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the function of the values, in their precision."""
        return self.function(values).astype(values.dtype, copy=False)

    def __str__(self) -> str:
        return self.name


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Squash into 0 … 1: 1 / (1 + e^-x).

    Written with tanh, which cannot overflow: sigmoid(x) = (1 + tanh(x / 2)) / 2.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return (1 + np.tanh(x / 2)) / 2


def softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + e^x), without overflow."""
    return np.logaddexp(x, 0)


def exponential_linear(x: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Return x above zero and scale·(e^x - 1) below."""
    return np.where(x > 0, x, scale * np.expm1(np.minimum(x, 0)))


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    """Return a straight line cut off at 0 and 1: x / 6 + 1 / 2."""
    return np.clip(x / 6 + 0.5, 0, 1)


def softmax(x: np.ndarray) -> np.ndarray:
    """Return e^x, scaled so that the last axis sums to 1.

    NaN or +infinity anywhere makes the whole row NaN. In TensorFlow it depends on the processor which numbers of
    the row become NaN and which 0.
    """
    shares = np.exp(x - x.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Return the logarithm of softmax, without overflow."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def sparsemax(x: np.ndarray) -> np.ndarray:
    """Return what Keras 3 calls sparsemax on the last axis.

    The paper (Martins and Astudillo, 2016) takes the last cumulated sum of the support; Keras adds them
    all up (keras/src/backend/tensorflow/nn.py). We do as Keras does.
    """
    descending = -np.sort(-x, axis=-1)
    sums = np.cumsum(descending, axis=-1)
    support = descending - (sums - 1) / np.arange(1, x.shape[-1] + 1) > 0
    threshold = (np.where(support, sums, 0).sum(-1, keepdims=True) - 1) / support.sum(-1, keepdims=True)
    return np.maximum(x - threshold, 0)


def gelu(x: np.ndarray) -> np.ndarray:
    """Return x times the share of a normal distribution below x (Hendrycks and Gimpel, 2016)."""
    return x * (1 + np.vectorize(erf, otypes=[float])(x / np.sqrt(2))) / 2


def _sparse_plus(x: np.ndarray) -> np.ndarray:
    return np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x))


def _soft_shrink(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, 0))  # as Keras: NaN gives 0


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

FUNCTIONS: dict[str, Function] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": exponential_linear,
    "celu": exponential_linear,
    "selu": lambda x: SELU_SCALE * exponential_linear(x, SELU_ALPHA),
    "gelu": gelu,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "exponential": np.exp,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": lambda x: x * hard_sigmoid(x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": _soft_shrink,
    "tanh_shrink": lambda x: x - np.tanh(x),
    "log_sigmoid": lambda x: -softplus(-x),
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
}

TANH = Activation("tanh", np.tanh)
SIGMOID = Activation("sigmoid", sigmoid)


def activation_named(name: str) -> Activation:
    """Return the NumPy function for one of Keras's names.

    >>> float(activation_named("relu")(np.array(-3.0)))
    0.0
    """
    return Activation(name, FUNCTIONS[name])
