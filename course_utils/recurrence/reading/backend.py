"""Between Keras's tensors and NumPy."""

from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence.activation_functions import FUNCTIONS, Activation, activation_named


def activation_of(function: Any) -> Activation:
    """Return an activation in NumPy; a user's own is called through Keras."""
    keras = quiet_keras()
    for name in FUNCTIONS:
        if getattr(keras.activations, name, None) is function:
            return activation_named(name)
    name = getattr(function, "__name__", type(function).__name__)
    return Activation(name, lambda values: to_numpy(function(keras.ops.convert_to_tensor(values))), own=True)


def dtype_of(layer: Any) -> np.dtype:
    """Return the precision in which a layer computes."""
    keras = quiet_keras()
    return to_numpy(keras.ops.zeros((1,), dtype=layer.compute_dtype)).dtype


def to_numpy(tensor: Any) -> np.ndarray:
    """Return the values of a tensor or variable."""
    return quiet_keras().ops.convert_to_numpy(tensor)


def to_tensor(array: np.ndarray, dtype: np.dtype) -> Any:
    """Return the values as a tensor of this precision."""
    return quiet_keras().ops.convert_to_tensor(array, dtype=dtype.name)


def what(thing: Any) -> str:
    """Name a thing that came in the place of a layer."""
    if isinstance(thing, type):
        return f"the class {thing.__name__} itself: make a layer of it first, {thing.__name__}(4)"
    return f"of type {type(thing).__name__}"
