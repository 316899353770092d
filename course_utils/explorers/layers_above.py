"""What can follow a recurrent layer in explore_return_sequences: its spec, its Keras code, what it does."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.explorers.layer_settings import Shape, layer_spec
from course_utils.recurrence import RecurrentSpec
from course_utils.recurrence.graphs import ClosedSpec, FlattenSpec, Flow, LayerSpec, TimeDistributedSpec
from course_utils.recurrence.initializing import random_dense

OUTPUTS = 5  # no size that the explorer starts with, so that a shape says whose it is
"""How many units a Dense or a second recurrent layer has."""


@dataclass(frozen=True)
class Follower:
    """A layer that follows.

    make:     from the layer below, its spec
    code:     the Keras call that makes it
    name:     how Keras names it in a fresh kernel
    leaves:   from the shape that comes in, the shape that leaves
    sequence: it takes nothing but a sequence
    on_all, on_last: what it does with every state, with the last one
    note:     what is written beside it in the picture
    """

    make: Callable[[RecurrentSpec], LayerSpec]
    code: str
    name: str
    leaves: Callable[[Shape], Shape]
    sequence: bool
    on_all: str
    on_last: str = ""
    note: str = ""


def follower(follow: str, cell: str) -> Follower | None:
    """Return what follows; None for "nothing". cell: the kind of the layer below, and of a second one."""
    if follow != SECOND:
        return FOLLOWERS[follow]
    return Follower(
        lambda below: layer_spec(cell, OUTPUTS, below.units, name="second", seed=1),
        f"keras.layers.{cell}({OUTPUTS})",
        {"SimpleRNN": "simple_rnn_1", "LSTM": "lstm_1", "GRU": "gru_1"}[cell],
        lambda shape: (None, OUTPUTS),
        True,
        "The second layer reads h_t of the first as its x_t, at every step.",
    )


def _dense(below: RecurrentSpec) -> LayerSpec:
    return random_dense(OUTPUTS, below.units)


def _widened(shape: Shape) -> Shape:
    return (*shape[:-1], OUTPUTS)


def _pooled(shape: Shape) -> Shape:
    return (None, shape[-1])


def _pooling(kind: str, name: str, pool: Callable[..., np.ndarray], does: str) -> Follower:
    return Follower(
        lambda below: ClosedSpec(name, kind, lambda args, _kwargs: Flow(pool(args[0].value, axis=1))),
        f"keras.layers.{kind}()",
        name,
        _pooled,
        True,
        f"{kind} gives, for each unit, the {does} value over the time-steps.",
        note=f"{does} over t",
    )


SECOND = "a second RNN"
FOLLOWERS = {
    "nothing": None,
    "Dense": Follower(
        _dense,
        f"keras.layers.Dense({OUTPUTS})",
        "dense",
        _widened,
        False,
        "Dense acts on each step by itself, with the same weights: the same as TimeDistributed(Dense).",
        "Dense reads the last state, one vector.",
    ),
    "TimeDistributed(Dense)": Follower(
        lambda below: TimeDistributedSpec("time_distributed", _dense(below)),
        f"keras.layers.TimeDistributed(keras.layers.Dense({OUTPUTS}))",
        "time_distributed",
        _widened,
        True,
        "The same Dense acts on each step by itself, with the same weights.",
    ),
    "Flatten": Follower(
        lambda below: FlattenSpec("flatten", below.dtype),
        "keras.layers.Flatten()",
        "flatten",
        lambda shape: (None, math.prod(shape[1:])),
        False,
        "Flatten lays the T states end to end, T·U numbers: a Dense above it would fit this T alone.",
        "There is nothing to flatten: one vector comes in, and leaves as it is.",
    ),
    "GlobalAveragePooling1D": _pooling("GlobalAveragePooling1D", "global_average_pooling1d", np.mean, "mean"),
    "GlobalMaxPooling1D": _pooling("GlobalMaxPooling1D", "global_max_pooling1d", np.max, "largest"),
    SECOND: None,
}
