"""The button "check with Keras": the one place where an explorer asks Keras, and only when asked."""

from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence import RecurrentSpec, count, run_layer

ROUNDING = 1e-5  # of single precision, for values up to 1


def check_with_keras(spec: RecurrentSpec, x: np.ndarray, layer: Any = None) -> str:
    """Ask Keras for the output of a layer, and say how far ours is from it.

    spec:  the layer that is shown
    x:     (batch, T, F)
    layer: the user's own Keras layer that the spec was read from; without it one is built
           and given the weights shown
    Returns one or two sentences.
    """
    layer = layer if layer is not None else _built(spec, x)
    theirs = np.asarray(_first(layer(x)), float)
    ours = np.asarray(_first(run_layer(spec, x).output), float)
    difference = _difference(ours, theirs)
    limit = (ROUNDING if spec.dtype.itemsize >= 4 else 1e-2) * max(1.0, np.nanmax(np.abs(theirs), initial=0))
    same = difference <= limit and layer.count_params() == count(spec).total
    return (
        f"Keras says {'the same' if same else 'something else: please report this'}. "
        f"The largest difference is {difference:.8f}; below {limit:.5f} it is rounding. "
        f"Keras counts {layer.count_params()} parameters."
    )


def _built(spec: RecurrentSpec, x: np.ndarray) -> Any:
    """Return a Keras layer with the weights of the spec; it takes nothing from Keras's random numbers."""
    layer = quiet_keras().layers.SimpleRNN(
        spec.units,
        activation=spec.activation.name,
        use_bias=spec.use_bias,
        return_sequences=spec.return_sequences,
        kernel_initializer="zeros",
        recurrent_initializer="zeros",
        name="check",
        seed=0,
    )
    layer.build(x.shape)
    layer.set_weights(list(spec.weights.values()))
    return layer


def _first(output: Any) -> Any:
    """Return the output without the returned states."""
    return output[0] if isinstance(output, (tuple, list)) else output


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference; where both are NaN, or the same infinity, there is none."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return float(np.max(np.abs(np.where(same, 0, ours) - np.where(same, 0, theirs)), initial=0))
