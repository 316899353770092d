"""How strongly the last state depends on each state before it: the gradient, back through time."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_utils.recurrence.activations import Activation
from course_utils.recurrence.cells import biases, input_terms, take_step
from course_utils.recurrence.running import RecurrentTrace, run
from course_utils.recurrence.specs import RecurrentSpec

NUDGE = 1e-5  # in double precision the error of the differences is then about 1e-10


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Sizes of the gradient of h_T, (T,) each; entry t - 1 belongs to step t.

    hidden: |∂h_T/∂h_t|, with the cell state held fixed
    state:  |∂h_T/∂(h_t, c_t)| for LSTM; the same as ``hidden`` for SimpleRNN and GRU

    A size is the Frobenius norm of the matrix of derivatives (the root of the sum of its squares),
    root-mean-squared over the batch. At t = T it is √U, the size of the identity.
    """

    hidden: np.ndarray
    state: np.ndarray


def gradient_flow(layer: Any, x: Any) -> GradientFlow:
    """Measure the gradient of a layer's last state with respect to the state at each step.

    layer: a ``keras.layers.SimpleRNN``, ``LSTM`` or ``GRU``
    x:     (batch, T, F)

    It is computed in double precision, by differences; at a kink (a ReLU at exactly zero) the slope from below
    counts. Raises TypeError for any other layer, or for an activation of your own that cannot take float64 numbers,
    and what ``trace`` raises for x.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> flow = gradient_flow(keras.layers.SimpleRNN(4), np.zeros((1, 5, 2)))
    >>> flow.hidden.shape, float(flow.hidden[-1])
    ((5,), 2.0)
    """
    from course_utils.recurrence.reading import read_recurrent

    return flow_back(read_recurrent(layer, x), x)


def flow_back(spec: RecurrentSpec, x: Any) -> GradientFlow:
    """Measure the gradient from a spec alone; ∂h_T/∂s_t = ∂h_T/∂s_{t+1} · ∂s_{t+1}/∂s_t (the chain rule)."""
    spec = _in_double_precision(spec)
    for activation in (spec.activation, spec.recurrent_activation):
        _check_takes_doubles(activation)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # a gradient may explode: that is the point
        return _measured(spec, run(spec, x))


def _measured(spec: RecurrentSpec, trace: RecurrentTrace) -> GradientFlow:
    units, all_states = spec.units, sum(spec.state_sizes)
    chain = np.broadcast_to(np.eye(units, all_states), (len(trace.x), units, all_states))
    chains = [chain]
    for step in range(trace.steps - 1, 0, -1):
        chain = chain @ _step_jacobian(spec, trace, step)
        chains.append(chain)
    chains.reverse()
    return GradientFlow(
        np.array([_size(chain[..., :units]) for chain in chains]), np.array([_size(chain) for chain in chains])
    )


def _size(chain: np.ndarray) -> float:
    """Return the Frobenius norm, root-mean-squared over the batch; scaled first, since squares may overflow."""
    largest = np.abs(chain).max(initial=0)
    if largest == 0 or not np.isfinite(largest):
        return float(largest)
    return float(largest * np.sqrt(((chain / largest) ** 2).sum(axis=(1, 2)).mean()))


def _step_jacobian(spec: RecurrentSpec, trace: RecurrentTrace, step: int) -> np.ndarray:
    """Return ∂s_{step+1}/∂s_step, (batch, S, S), for the states s side by side, by finite differences.

    Every state is nudged by itself; all nudged copies take the step as one batch. So any activation will
    do, one of the user's own too. The nudges go down only (three points, second order), so that a ReLU at
    exactly zero has the slope 0, as in TensorFlow.
    """
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


def _check_takes_doubles(activation: Activation) -> None:
    if not activation.own:
        return
    try:
        activation(np.zeros((1, 1)))
    except Exception as problem:  # whatever the user's own function raises
        raise TypeError(
            f"gradient_flow needs an activation that takes float64 numbers, but {activation} fails on them: write its "
            "constants as plain numbers, 0.5 in the place of tf.constant(0.5)."
        ) from problem


def _in_double_precision(spec: RecurrentSpec) -> RecurrentSpec:
    weights = {name: array.astype(np.float64) for name, array in spec.weights.items()}
    double = np.dtype("float64")
    return replace(spec, **weights, dtype=double, manner=replace(spec.manner, dtype=double))
