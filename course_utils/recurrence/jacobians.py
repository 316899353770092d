"""How the states after a step depend on those before it: one matrix of derivatives a step.

With tanh and sigmoid the derivatives are written out; with any other activation they are measured by differences.
A matrix is ∂s_{t+1}/∂s_t, (S, S), rows for what comes after; s is h, for LSTM h and c side by side.
"""

from collections.abc import Iterator

import numpy as np

from course_utils.recurrence.activation_functions import Activation
from course_utils.recurrence.cells import biases, input_terms, take_step
from course_utils.recurrence.running import RecurrentTrace
from course_utils.recurrence.specs import RecurrentSpec

NUDGE = 1e-5  # in double precision the error of the differences is then about 1e-10
MOST_NUMBERS = 2_000_000  # held at once: 16 MB

SLOPES = {"tanh": lambda value: 1 - value**2, "sigmoid": lambda value: value * (1 - value)}
"""The slope of an activation, from the value that came out."""


def jacobians_back(trace: RecurrentTrace) -> Iterator[np.ndarray]:
    """Yield ∂s_{t+1}/∂s_t for t from T - 1 down to 1, some steps at a time, (steps, batch, S, S).

    trace: of a SimpleRNN, LSTM or GRU in double precision, without a mask
    """
    spec = trace.spec
    written_out = all(_has_slope(each) for each in (spec.activation, spec.recurrent_activation))
    some_steps = _WRITTEN_OUT[spec.kind] if written_out else _by_differences
    at_once = max(1, MOST_NUMBERS // (len(trace.x) * sum(spec.state_sizes) ** 2))
    for stop in range(trace.steps - 1, 0, -at_once):
        found = some_steps(trace, np.arange(max(0, stop - at_once), stop))
        yield np.moveaxis(found, 1, 0)[::-1]


def _has_slope(activation: Activation) -> bool:
    return activation.name in SLOPES and not activation.own


def _slope(activation: Activation, values: np.ndarray) -> np.ndarray:
    """Return the slope of an activation as a column beside each value: it scales the rows of a matrix."""
    return SLOPES[activation.name](values)[..., None]


def _simple_rnn(trace: RecurrentTrace, before: np.ndarray) -> np.ndarray:
    """h' = g(… + h·R): ∂h'/∂h = g′·Rᵀ, (batch, steps, U, U) for the steps whose states before are counted from 0."""
    return _slope(trace.spec.activation, trace.hidden[:, before + 1]) * trace.spec.recurrent_kernel.T


def _lstm(trace: RecurrentTrace, before: np.ndarray) -> np.ndarray:
    """c' = f·c + i·c̃, h' = o·g(c'); f, i, o and c̃ depend on h."""
    spec, after, units = trace.spec, before + 1, trace.spec.units
    i, f, o = (trace.gates[letter][:, after] for letter in "ifo")
    candidate, shown = trace.candidate[:, after], spec.activation(trace.cell_state[:, after])
    of_i, of_f, of_o = (_by_h(spec, letter, gate) for letter, gate in zip("ifo", (i, f, o), strict=True))
    of_candidate = _by_h(spec, "c", candidate)
    memory = trace.cell_state[:, before][..., None] * of_f + candidate[..., None] * of_i + i[..., None] * of_candidate
    passed = o[..., None] * _slope(spec.activation, shown)
    found = np.empty((*i.shape[:2], 2 * units, 2 * units))
    found[..., units:, :units] = memory
    found[..., units:, units:] = f[..., None] * np.eye(units)
    found[..., :units, :units] = shown[..., None] * of_o + passed * memory
    found[..., :units, units:] = passed * found[..., units:, units:]
    return found


def _gru(trace: RecurrentTrace, before: np.ndarray) -> np.ndarray:
    """h' = z·h + (1 - z)·h̃; z, r and h̃ depend on h."""
    spec, after = trace.spec, before + 1
    z, r = (trace.gates[letter][:, after] for letter in "zr")
    h, candidate = trace.hidden[:, before], trace.candidate[:, after]
    R, of_r = spec.block("recurrent_kernel", "h"), _by_h(spec, "r", r)
    if spec.reset_after:
        from_state = h @ R + (0 if spec.bias is None else spec.bias[1, 2 * spec.units :])
        of_sum = r[..., None] * R.T + from_state[..., None] * of_r
    else:
        of_sum = R.T @ (r[..., None] * np.eye(spec.units) + h[..., None] * of_r)
    of_candidate = _slope(spec.activation, candidate) * of_sum
    kept = z[..., None] * np.eye(spec.units) + (h - candidate)[..., None] * _by_h(spec, "z", z)
    return kept + (1 - z)[..., None] * of_candidate


_WRITTEN_OUT = {"SimpleRNN": _simple_rnn, "LSTM": _lstm, "GRU": _gru}


def _by_h(spec: RecurrentSpec, letter: str, values: np.ndarray) -> np.ndarray:
    """Return how a block depends on h, where h only comes in through its part of R, (batch, steps, U, U)."""
    gate = letter != "c"
    activation = spec.recurrent_activation if gate else spec.activation
    return _slope(activation, values) * spec.block("recurrent_kernel", letter).T


def _by_differences(trace: RecurrentTrace, before: np.ndarray) -> np.ndarray:
    return np.stack([_differences(trace, int(step) + 1) for step in before], axis=1)


def _differences(trace: RecurrentTrace, step: int) -> np.ndarray:
    """Return ∂s_{step+1}/∂s_step, (batch, S, S), for the states s side by side, by finite differences.

    Every state is nudged by itself; all nudged copies take the step as one batch. So any activation will
    do, one of the user's own too. The nudges go down only (three points, second order), so that a ReLU at
    exactly zero has the slope 0, as in TensorFlow.
    """
    spec = trace.spec
    states = np.concatenate(_states(trace, step), axis=-1)
    batch, size = states.shape
    nudges = -NUDGE * np.concatenate([0 * np.eye(size), np.eye(size), 2 * np.eye(size)])
    copies = (states[:, None] + nudges).reshape(-1, size)
    arriving = input_terms(spec, np.repeat(trace.x[:, step], 3 * size, axis=0))
    arriving = arriving + biases(spec)
    apart = tuple(np.split(copies, len(spec.state_sizes), axis=-1))
    after = np.concatenate(take_step(spec, copies, arriving, apart).states, axis=-1)
    here, one_down, two_down = np.split(after.reshape(batch, 3 * size, size), 3, axis=1)
    return np.swapaxes((3 * here - 4 * one_down + two_down) / (2 * NUDGE), 1, 2)


def _states(trace: RecurrentTrace, step: int) -> list[np.ndarray]:
    states = [trace.hidden[:, step - 1]]
    return states if trace.cell_state is None else [*states, trace.cell_state[:, step - 1]]
