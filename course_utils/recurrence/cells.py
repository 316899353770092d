"""One step of each cell, with everything that is worth keeping.

Sources of the equations: ``SimpleRNNCell.call``, ``LSTMCell.call`` and ``GRUCell.call`` in Keras 3.
"""

from dataclasses import dataclass, field

import numpy as np

from course_utils.recurrence.specs import CellSpec, OwnCellSpec, RecurrentSpec

States = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Step:
    """What one step of a cell gives, arrays (batch, U).

    output:     what leaves the cell; for Keras's own cells, the new h
    states:     the new states: (h,), for LSTM (h, c)
    from_state: by block, what the old state adds before the activation
    blocks:     by block, the value after the activation
    """

    output: np.ndarray
    states: States
    from_state: dict[str, np.ndarray] = field(default_factory=dict)
    blocks: dict[str, np.ndarray] = field(default_factory=dict)


def take_step(spec: CellSpec, x: np.ndarray, from_input: dict[str, np.ndarray], states: States) -> Step:
    """Return one step of a cell.

    x:          x_t, (batch, F); only a user's own cell reads it itself
    from_input: by block, x_t·W plus the biases that belong to it, (batch, U)
    states:     the states before, (batch, U) each
    """
    if isinstance(spec, OwnCellSpec):
        output, new_states = spec.step(x, states)
        return Step(output, new_states)
    return _STEPS[spec.kind](spec, from_input, states)


def bias_of(spec: RecurrentSpec, letter: str) -> np.ndarray:
    """Return what is added to one block once and for all, (U,).

    For a GRU with reset_after the second bias of the candidate is not in it: r acts on that one.
    """
    if spec.bias is None:
        return np.zeros(spec.units, spec.kernel.dtype)
    bias = spec.block("bias", letter)
    if bias.ndim == 1:
        return bias
    return bias[0] if letter == "h" else bias[0] + bias[1]


def _simple_rnn(spec: RecurrentSpec, from_input: dict[str, np.ndarray], states: States) -> Step:
    """h_t = g(x_t·W + h_{t-1}·R + b)."""
    from_state = {"h": states[0] @ spec.recurrent_kernel}
    h = spec.activation(from_input["h"] + from_state["h"])
    return Step(h, (h,), from_state, {"h": h})


def _lstm(spec: RecurrentSpec, from_input: dict[str, np.ndarray], states: States) -> Step:
    """c_t = f·c_{t-1} + i·c̃, h_t = o·g(c_t) (Hochreiter and Schmidhuber, 1997; Gers et al., 2000)."""
    h, c = states
    from_state = _split(spec, h @ spec.recurrent_kernel)
    sums = {letter: from_input[letter] + from_state[letter] for letter in spec.blocks}
    blocks = {letter: spec.recurrent_activation(sums[letter]) for letter in "ifo"}
    blocks["c"] = spec.activation(sums["c"])
    c = blocks["f"] * c + blocks["i"] * blocks["c"]
    h = blocks["o"] * spec.activation(c)
    return Step(h, (h, c), from_state, blocks)


def _gru(spec: RecurrentSpec, from_input: dict[str, np.ndarray], states: States) -> Step:
    """h_t = z·h_{t-1} + (1 - z)·h̃ (Cho et al., 2014): z = 1 keeps the old state."""
    (h,) = states
    R = {letter: spec.block("recurrent_kernel", letter) for letter in "zrh"}
    from_state = {letter: h @ R[letter] for letter in "zr"}
    blocks = {letter: spec.recurrent_activation(from_input[letter] + from_state[letter]) for letter in "zr"}
    if spec.reset_after:
        second_bias = 0 if spec.bias is None else spec.block("bias", "h")[1]
        from_state["h"] = blocks["r"] * (h @ R["h"] + second_bias)
    else:
        from_state["h"] = (blocks["r"] * h) @ R["h"]
    blocks["h"] = spec.activation(from_input["h"] + from_state["h"])
    h = blocks["z"] * h + (1 - blocks["z"]) * blocks["h"]
    return Step(h, (h,), from_state, blocks)


_STEPS = {"SimpleRNN": _simple_rnn, "LSTM": _lstm, "GRU": _gru}


def _split(spec: RecurrentSpec, values: np.ndarray) -> dict[str, np.ndarray]:
    """Cut (…, U·blocks) into its blocks, by letter."""
    return dict(zip(spec.blocks, np.split(values, len(spec.blocks), axis=-1), strict=True))


def input_terms(spec: RecurrentSpec, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return x·W by block, for all steps at once: (batch, T, U) each."""
    return _split(spec, x @ spec.kernel)
