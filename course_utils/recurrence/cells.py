"""One step of each cell, with everything that is worth keeping.

Sources of the equations: ``SimpleRNNCell.call``, ``LSTMCell.call`` and ``GRUCell.call`` in Keras 3.
All blocks of a cell stand side by side on an axis of their own, (batch, blocks, U), in Keras's order.
"""

from typing import NamedTuple

import numpy as np

from course_utils.recurrence.activation_functions import Activation
from course_utils.recurrence.specs import CellSpec, OwnCellSpec, RecurrentSpec

States = tuple[np.ndarray, ...]


class Step(NamedTuple):
    """What one step of a cell gives.

    output:     what leaves the cell, (batch, U); for Keras's own cells, the new h
    states:     the new states, (batch, U) each: (h,), for LSTM (h, c)
    from_state: what the old state adds before the activation, (batch, blocks, U)
    blocks:     the values after the activation, (batch, blocks, U)
    """

    output: np.ndarray
    states: States
    from_state: np.ndarray | None = None
    blocks: np.ndarray | None = None


def take_step(spec: CellSpec, x: np.ndarray, arriving: np.ndarray | None, states: States) -> Step:
    """Return one step of a cell.

    x:        x_t, (batch, F); only a user's own cell reads it itself
    arriving: x_t·W plus the biases that belong to it, (batch, blocks, U)
    states:   the states before, (batch, U) each
    """
    if isinstance(spec, OwnCellSpec):
        return Step(*spec.step(x, states))
    return _STEPS[spec.kind](spec, arriving, states)


def biases(spec: RecurrentSpec) -> np.ndarray:
    """Return what is added once and for all, (blocks, U).

    For a GRU with reset_after the second bias of the candidate is not in it: r acts on that one.
    """
    if spec.bias is None:
        return np.zeros((len(spec.blocks), spec.units), spec.kernel.dtype)
    bias = spec.bias.reshape(-1, len(spec.blocks), spec.units)
    added = bias.sum(axis=0)
    if len(bias) == 2:
        added[-1] = bias[0, -1]
    return added


def input_terms(spec: RecurrentSpec, x: np.ndarray) -> np.ndarray:
    """Return x·W, (…, blocks, U) for x (…, F): for all steps at once."""
    return (x @ spec.kernel).reshape(*x.shape[:-1], len(spec.blocks), spec.units)


def _simple_rnn(spec: RecurrentSpec, arriving: np.ndarray, states: States) -> Step:
    """h_t = g(x_t·W + h_{t-1}·R + b)."""
    from_state = (states[0] @ spec.recurrent_kernel)[:, None]
    blocks = _activated(spec.activation, arriving + from_state)
    h = blocks[:, 0]
    return Step(h, (h,), from_state, blocks)


def _lstm(spec: RecurrentSpec, arriving: np.ndarray, states: States) -> Step:
    """c_t = f·c_{t-1} + i·c̃, h_t = o·g(c_t) (Hochreiter and Schmidhuber, 1997; Gers et al., 2000)."""
    h, c = states
    from_state = (h @ spec.recurrent_kernel).reshape(arriving.shape)
    sums = arriving + from_state
    blocks = _activated(spec.recurrent_activation, sums)
    blocks[:, 2] = spec.activation(sums[:, 2])
    c = blocks[:, 1] * c + blocks[:, 0] * blocks[:, 2]
    h = blocks[:, 3] * spec.activation(c)
    return Step(h, (h, c), from_state, blocks)


def _gru(spec: RecurrentSpec, arriving: np.ndarray, states: States) -> Step:
    """h_t = z·h_{t-1} + (1 - z)·h̃ (Cho et al., 2014): z = 1 keeps the old state."""
    (h,) = states
    units, R = spec.units, spec.recurrent_kernel
    from_state = np.empty_like(arriving)
    from_state[:, :2] = (h @ R[:, : 2 * units]).reshape(len(h), 2, units)
    blocks = np.empty_like(arriving)
    blocks[:, :2] = _activated(spec.recurrent_activation, arriving[:, :2] + from_state[:, :2])
    z, r = blocks[:, 0], blocks[:, 1]
    if spec.reset_after:
        second_bias = 0 if spec.bias is None else spec.bias[1, 2 * units :]
        from_state[:, 2] = r * (h @ R[:, 2 * units :] + second_bias)
    else:
        from_state[:, 2] = (r * h) @ R[:, 2 * units :]
    blocks[:, 2] = spec.activation(arriving[:, 2] + from_state[:, 2])
    h = z * h + (1 - z) * blocks[:, 2]
    return Step(h, (h,), from_state, blocks)


_STEPS = {"SimpleRNN": _simple_rnn, "LSTM": _lstm, "GRU": _gru}


def _activated(activation: Activation, sums: np.ndarray) -> np.ndarray:
    """Return the activation of each block, (batch, blocks, U), as an array of its own."""
    if activation.own:  # a user's function sees each block by itself, (batch, U), as in Keras
        return np.stack([activation(sums[:, place]) for place in range(sums.shape[1])], axis=1)
    values = activation(sums)
    return values.copy() if values is sums else values
