"""One step of a cell, with everything that is worth keeping. What it computes is said by its kind.

All blocks of a cell stand side by side on an axis of their own, (batch, blocks, U), in Keras's order.
"""

from typing import NamedTuple

import numpy as np

from course_utils.recurrence.kinds.flow import Values, added, evaluate
from course_utils.recurrence.specs import OwnCellSpec, RecurrentSpec

States = tuple[np.ndarray, ...]


NOTHING = np.zeros((0, 0, 0))


class Step(NamedTuple):
    """What one step of a cell gives.

    output:     what leaves the cell, (batch, U); for Keras's own cells, the new h
    states:     the new states, (batch, U) each: (h,), for LSTM (h, c)
    from_state: what the old state adds before the activation, (batch, blocks, U); nothing for a user's own cell
    blocks:     the values after the activation, (batch, blocks, U); nothing for a user's own cell
    """

    output: np.ndarray
    states: States
    from_state: np.ndarray = NOTHING
    blocks: np.ndarray = NOTHING


def own_step(spec: OwnCellSpec, x: np.ndarray, states: States) -> Step:
    """Return one step of a user's own cell. x: x_t, (batch, F); states: those before, (batch, …) each."""
    return Step(*spec.step(x, states))


def take_step(spec: RecurrentSpec, arriving: np.ndarray, states: States) -> Step:
    """Return one step of a cell, by the flow of its kind.

    arriving: x_t·W plus the biases that belong to it, (batch, blocks, U)
    states:   the states before, (batch, U) each
    """
    names = spec.names
    values = evaluate(spec.flow, spec, start_of_step(spec, arriving, states))
    new = tuple([values[name] for name in names.after])
    from_state, blocks = np.empty_like(arriving), np.empty_like(arriving)
    for place, (held, block) in enumerate(zip(names.held, names.blocks, strict=True)):
        from_state[:, place] = added(values, held)
        blocks[:, place] = values[block]
    return Step(new[0], new, from_state, blocks)


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


def start_of_step(spec: RecurrentSpec, arriving: np.ndarray, states: States) -> Values:
    """Return what is there before a step: what arrives at each block, (…, blocks, U), and the states."""
    values = {name: arriving[..., place, :] for place, name in enumerate(spec.names.arriving)}
    values.update(zip(spec.names.before, states, strict=True))
    return values
