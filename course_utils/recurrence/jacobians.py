"""How the states after a step depend on those before it: one matrix of derivatives a step.

With tanh and sigmoid they follow from the flow of the kind by the chain rule; with any other activation they are
measured by differences.
A matrix is ∂s_{t+1}/∂s_t, (S, S), rows for what comes after; s is h, for LSTM h and c side by side.
"""

from collections.abc import Iterator

import numpy as np

from course_utils.recurrence.activation_functions import Activation
from course_utils.recurrence.cells import biases, input_terms, start_of_step, take_step
from course_utils.recurrence.kinds import differentiate, evaluate
from course_utils.recurrence.kinds.flow import SLOPES
from course_utils.recurrence.running import CellTrace

NUDGE = 1e-5  # in double precision the error of the differences is then about 1e-10
MOST_NUMBERS = 2_000_000  # held at once: 16 MB


def jacobians_back(trace: CellTrace) -> Iterator[np.ndarray]:
    """Yield ∂s_{t+1}/∂s_t for t from T - 1 down to 1, some steps at a time, (steps, batch, S, S).

    trace: of a SimpleRNN, LSTM or GRU in double precision, without a mask
    """
    spec = trace.spec
    written_out = all(_has_slope(each) for each in (spec.activation, spec.recurrent_activation))
    some_steps = _by_chain_rule if written_out else _by_differences
    at_once = max(1, MOST_NUMBERS // (len(trace.x) * sum(spec.state_sizes) ** 2))
    for stop in range(trace.steps - 1, 0, -at_once):
        found = some_steps(trace, np.arange(max(0, stop - at_once), stop))
        yield np.moveaxis(found, 1, 0)[::-1]


def _has_slope(activation: Activation) -> bool:
    return activation.name in SLOPES and not activation.own


def _by_chain_rule(trace: CellTrace, before: np.ndarray) -> np.ndarray:
    """Return ∂s_{t+1}/∂s_t, (batch, steps, S, S), for the steps whose states before are counted from 0."""
    spec, letters = trace.spec, tuple(trace.spec.cell.states)
    arriving = input_terms(spec, trace.x[:, before + 1]) + biases(spec)
    states = tuple(trace.states[letter][:, before] for letter in letters)
    values = evaluate(spec.flow, spec, start_of_step(spec, arriving, states))
    known = differentiate(spec.flow, spec, values, letters)
    units = spec.units
    found = np.zeros((*states[0].shape[:2], len(letters) * units, len(letters) * units))
    for row, after in enumerate(letters):
        for column, state in enumerate(letters):
            if state in known[after]:
                found[..., row * units : (row + 1) * units, column * units : (column + 1) * units] = known[after][state]
    return found


def _by_differences(trace: CellTrace, before: np.ndarray) -> np.ndarray:
    return np.stack([_differences(trace, int(step) + 1) for step in before], axis=1)


def _differences(trace: CellTrace, step: int) -> np.ndarray:
    """Return ∂s_{step+1}/∂s_step, (batch, S, S), for the states s side by side, by finite differences.

    Every state is nudged by itself; all nudged copies take the step as one batch. So any activation will
    do, one of the user's own too. The nudges go down only (three points, second order), so that a ReLU at
    exactly zero has the slope 0, as in TensorFlow.
    """
    spec = trace.spec
    states = np.concatenate(trace.before(step + 1), axis=-1)
    batch, size = states.shape
    nudges = -NUDGE * np.concatenate([0 * np.eye(size), np.eye(size), 2 * np.eye(size)])
    copies = (states[:, None] + nudges).reshape(-1, size)
    arriving = input_terms(spec, np.repeat(trace.x[:, step], 3 * size, axis=0))
    arriving = arriving + biases(spec)
    apart = tuple(np.split(copies, len(spec.state_sizes), axis=-1))
    after = np.concatenate(take_step(spec, arriving, apart).states, axis=-1)
    here, one_down, two_down = np.split(after.reshape(batch, 3 * size, size), 3, axis=1)
    return np.swapaxes((3 * here - 4 * one_down + two_down) / (2 * NUDGE), 1, 2)
