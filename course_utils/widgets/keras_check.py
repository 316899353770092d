"""The button "check with Keras": the one place where an explorer asks Keras, and only when asked."""

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence import RecurrentSpec, count, run

ROUNDING = 1e-5


def check_with_keras(spec: RecurrentSpec, x: np.ndarray) -> str:
    """Build the layer in Keras, give it the weights shown, and say how far the two differ.

    x: (batch, T, F). Returns one sentence.
    """
    keras = quiet_keras()
    layer = keras.layers.SimpleRNN(
        spec.units, activation=spec.activation, use_bias=spec.use_bias, return_sequences=spec.return_sequences
    )
    layer.build(x.shape)
    layer.set_weights(list(spec.weights.values()))
    theirs = keras.ops.convert_to_numpy(layer(x))
    ours = run(spec, x)
    difference = float(np.abs(theirs - (ours.hidden if spec.return_sequences else ours.hidden[:, -1])).max())
    same_count = layer.count_params() == count(spec).total
    verdict = "the same" if difference < ROUNDING and same_count else "something else: please report this"
    return (
        f"Keras says {verdict}. The largest difference is {difference:.8f}; below {ROUNDING:.5f} it is rounding. "
        f"Keras counts {layer.count_params()} parameters."
    )
