"""Weights as Keras would draw them, and inputs to try, without Keras.

The widgets use these: a slider must never wait for Keras.
"""

from functools import lru_cache

import numpy as np

from course_utils.recurrence.specs import Manner, RecurrentSpec

LONGEST, WIDEST = 1024, 256


def glorot_uniform(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw a kernel as ``keras.initializers.GlorotUniform`` does.

    Uniform in ±sqrt(6 / (rows + columns)) (Glorot and Bengio, 2010).
    """
    limit = np.sqrt(6 / sum(shape))
    return random.uniform(-limit, limit, shape).astype("float32")


def orthogonal(random: np.random.Generator, size: int) -> np.ndarray:
    """Draw a recurrent kernel as ``keras.initializers.Orthogonal`` does: Q of a random matrix.

    The signs are set by R's diagonal, so that every orthogonal matrix is equally
    likely (Saxe et al., 2014).
    """
    q, r = np.linalg.qr(random.standard_normal((size, size)))
    return (q * np.sign(np.diag(r))).astype("float32")


@lru_cache(maxsize=256)
def random_spec(
    kind: str,
    *,
    units: int,
    features: int,
    steps: int | None = None,
    return_sequences: bool = False,
    return_state: bool = False,
    seed: int = 0,
) -> RecurrentSpec:
    """Return a layer with the weights that Keras's default initialisers could have given it.

    The same arguments give the same weights, whatever the number of steps.

    >>> random_spec("SimpleRNN", units=4, features=2).kernel.shape
    (2, 4)
    """
    if kind != "SimpleRNN":
        raise ValueError(f"kind must be SimpleRNN, but it is {kind!r}.")
    _check_size("units", units, WIDEST)
    _check_size("features", features, WIDEST)
    random = np.random.default_rng((seed, units, features))
    weights = glorot_uniform(random, (features, units)), orthogonal(random, units), np.zeros(units, "float32")
    for array in weights:
        array.setflags(write=False)  # the cache hands the same arrays to everybody
    return RecurrentSpec(
        kind,
        "layer",
        *weights,
        manner=Manner(steps=steps, return_sequences=return_sequences, return_state=return_state),
    )


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
