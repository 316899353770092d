"""How strongly the last state depends on each state before it: the gradient, back through time."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_utils.recurrence.activation_functions import Activation
from course_utils.recurrence.jacobians import jacobians_back
from course_utils.recurrence.one_thread import one_thread
from course_utils.recurrence.running import CellTrace, run
from course_utils.recurrence.specs import RecurrentSpec


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

    It is computed in double precision; the slopes of tanh and sigmoid are exact, others are measured by differences,
    and at a kink (a ReLU at exactly zero) the slope from below counts. Raises TypeError for any other layer, or for
    an activation of your own that cannot take float64 numbers, and what ``trace`` raises for x.

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
    spec = in_double_precision(spec)
    for activation in (spec.activation, spec.recurrent_activation):
        _check_takes_doubles(activation)
    calm = np.errstate(over="ignore", under="ignore", invalid="ignore")  # a gradient may explode: that is the point
    with one_thread(), calm:
        return _measured(run(spec, x))


def _measured(trace: CellTrace) -> GradientFlow:
    units, all_states = trace.spec.units, sum(trace.spec.state_sizes)
    chain = np.broadcast_to(np.eye(units, all_states), (len(trace.x), units, all_states))
    sizes = [_sizes(chain[None])]
    for block in jacobians_back(trace):
        chains = []
        for jacobian in block:
            chain = chain @ jacobian
            chains.append(chain)
        sizes.append(_sizes(np.stack(chains)))
    return GradientFlow(*np.concatenate(sizes, axis=1)[:, ::-1])


def _sizes(chains: np.ndarray) -> np.ndarray:
    """Return the sizes of the part for h and of the whole, (2, n), for n steps at once."""
    return np.stack([frobenius(chains[..., : chains.shape[-2]]), frobenius(chains)])


def frobenius(chains: np.ndarray) -> np.ndarray:
    """Return the Frobenius norms of matrices (n, batch, rows, columns), root-mean-squared over the batch, (n,).

    They are scaled first, since squares may overflow.
    """
    largest = np.abs(chains).max(axis=(1, 2, 3), initial=0)
    usual = (largest > 0) & np.isfinite(largest)
    scales = np.where(usual, largest, 1)
    shares = chains / scales[:, None, None, None]
    return np.where(usual, scales * np.sqrt((shares**2).sum(axis=(2, 3)).mean(axis=1)), largest)


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


def in_double_precision(spec: RecurrentSpec) -> RecurrentSpec:
    """Return the same layer, computing with float64 numbers."""
    double = np.dtype("float64")
    return replace(
        spec,
        kernel=spec.kernel.astype(double),
        recurrent_kernel=spec.recurrent_kernel.astype(double),
        bias=None if spec.bias is None else spec.bias.astype(double),
        vectors={name: array.astype(double) for name, array in spec.vectors.items()},
        dtype=double,
        manner=replace(spec.manner, dtype=double),
    )
