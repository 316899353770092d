"""Weights as Keras would draw them, and inputs to try, without Keras.

The widgets use these: a slider must never wait for Keras.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from course_utils.recurrence.activation_functions import activation_named
from course_utils.recurrence.graphs import DenseSpec
from course_utils.recurrence.kinds import KINDS, OF_KERAS
from course_utils.recurrence.specs import BidirectionalSpec, Manner, RecurrentSpec

LONGEST, WIDEST = 1024, 256


def glorot_uniform(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw a kernel as ``keras.initializers.GlorotUniform`` does.

    Uniform in ±sqrt(6 / (rows + columns)) (Glorot and Bengio, 2010).
    """
    limit = np.sqrt(6 / sum(shape))
    return random.uniform(-limit, limit, shape).astype("float32")


def orthogonal(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw a recurrent kernel as ``keras.initializers.Orthogonal`` does: Q of a random matrix.

    The signs are set by the diagonal of the triangle, so that every orthogonal matrix is equally
    likely (Saxe et al., 2014). A wide matrix has orthogonal rows; the blocks of an LSTM or GRU have not.
    """
    rows, columns = shape
    q, triangle = np.linalg.qr(random.standard_normal((max(shape), min(shape))))
    q = q * np.sign(np.diag(triangle))
    return (q.T if rows < columns else q).astype("float32")


def first_bias(kind: str, units: int, reset_after: bool) -> np.ndarray:
    """Return the bias that Keras starts with: zeros, but ones for the forget gate of an LSTM (Gers et al., 2000)."""
    cell = KINDS[kind]
    bias = np.zeros((2, 3 * units) if reset_after else len(cell.blocks) * units, "float32")
    if cell.ones:
        place = cell.letters.index(cell.ones)
        bias[place * units : (place + 1) * units] = 1
    return bias


@lru_cache(maxsize=256)
def random_spec(
    kind: str,
    *,
    units: int,
    features: int,
    steps: int | None = None,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    use_bias: bool = True,
    reset_after: bool = True,
    name: str = "layer",
    seed: int = 0,
) -> RecurrentSpec:
    """Return a layer with the weights that Keras's default initialisers could have given it.

    kind: "SimpleRNN", "LSTM" or "GRU"; reset_after is for GRU alone

    The same arguments give the same weights, whatever the number of steps.

    >>> random_spec("SimpleRNN", units=4, features=2).kernel.shape
    (2, 4)
    """
    if kind not in OF_KERAS:
        raise ValueError(f"kind must be one of {', '.join(OF_KERAS)}, but it is {kind!r}.")
    _check_size("units", units, WIDEST)
    _check_size("features", features, WIDEST)
    random = np.random.default_rng((seed, units, features))
    reset_after = reset_after and kind == "GRU"
    columns = len(KINDS[kind].blocks) * units
    weights = [glorot_uniform(random, (features, columns)), orthogonal(random, (units, columns))]
    weights.append(first_bias(kind, units, reset_after))
    for array in weights:
        array.setflags(write=False)  # the cache hands the same arrays to everybody
    manner = Manner(
        steps=steps, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards
    )
    kernel, recurrent_kernel, bias = weights
    return RecurrentSpec(
        kind, name, kernel, recurrent_kernel, bias if use_bias else None, reset_after=reset_after, manner=manner
    )


def random_bidirectional(
    kind: str, *, units: int, features: int, merge_mode: str | None = "concat", name: str = "layer", **arguments: Any
) -> BidirectionalSpec:
    """Return a layer in two directions, each with weights of its own. Other arguments as for ``random_spec``.

    >>> random_bidirectional("GRU", units=3, features=2).backward.manner.go_backwards
    True
    """
    ways = [("forward", False, 0), ("backward", True, 1)]
    sides = [
        random_spec(
            kind, units=units, features=features, go_backwards=back, name=f"{name}/{way}", seed=seed, **arguments
        )
        for way, back, seed in ways
    ]
    forward, backward = sides
    return BidirectionalSpec(name, forward, backward, merge_mode, forward.dtype)


def random_dense(
    units: int, features: int, *, activation: str = "linear", name: str = "dense", seed: int = 0
) -> DenseSpec:
    """Return a Dense layer with the weights that Keras's default initialisers could have given it.

    >>> random_dense(3, 2).kernel.shape
    (2, 3)
    """
    kernel = glorot_uniform(np.random.default_rng((seed, units, features)), (features, units))
    return DenseSpec(name, kernel, np.zeros(units, "float32"), activation_named(activation), kernel.dtype)


def random_input(steps: int, features: int, *, seed: int = 0) -> np.ndarray:
    """Return one sample to try, (1, T, F), values in -1 … 1 with two decimals.

    A longer input begins with the shorter one, so that a new step or feature
    changes nothing that was there.

    >>> bool((random_input(5, 3)[:, :2, :2] == random_input(2, 2)).all())
    True
    """
    _check_size("steps", steps, LONGEST)
    _check_size("features", features, WIDEST)
    return _long_input(seed)[None, :steps, :features]


def _check_size(name: str, value: int, most: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not 1 <= value <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most}, but it is {value!r}.")


@lru_cache(maxsize=8)
def _long_input(seed: int) -> np.ndarray:
    """Return the sample that all inputs of a seed are cut from, (LONGEST, WIDEST)."""
    random = np.random.default_rng(seed)
    values = np.round(random.uniform(-1, 1, (LONGEST, WIDEST)), 2).astype("float32")
    values.setflags(write=False)  # the cache hands the same array to everybody
    return values
