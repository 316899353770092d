"""Write a layer as its user would, with the arguments that matter most."""

from typing import Any

from course_utils.quiet import quiet_keras

MAIN_ARGUMENTS = {
    "Dense": ("units",),
    "SimpleRNN": ("units",),
    "LSTM": ("units",),
    "GRU": ("units",),
    "Embedding": ("input_dim", "output_dim"),
    "Dropout": ("rate",),
    "SpatialDropout1D": ("rate",),
    "Conv1D": ("filters", "kernel_size"),
    "Conv2D": ("filters", "kernel_size"),
    "ConvLSTM2D": ("filters", "kernel_size"),
    "MaxPooling1D": ("pool_size",),
    "MaxPooling2D": ("pool_size",),
    "AveragePooling1D": ("pool_size",),
    "Masking": ("mask_value",),
    "RepeatVector": ("n",),
    "MultiHeadAttention": ("num_heads", "key_dim"),
    "Activation": (),
}
"""For each kind, the arguments that its users write first."""

FLAGS = ("return_sequences", "return_state", "go_backwards", "stateful", "mask_zero")
"""Arguments that are said where they are True."""


def summary(layer: Any) -> str:
    """Write a layer as its user would, with the arguments that matter most."""
    keras = quiet_keras()
    kind, layers = type(layer).__name__, keras.layers
    if isinstance(layer, keras.Model):
        return kind
    if isinstance(layer, layers.Bidirectional):
        return f"{kind}({summary(layer.forward_layer)}, {layer.merge_mode})"
    if isinstance(layer, layers.Wrapper):
        return f"{kind}({summary(layer.layer)})"
    if type(layer) is layers.RNN:
        return f"{kind}({_cells(layer.cell)}{''.join(_flags(layer))})"
    main = MAIN_ARGUMENTS.get(kind) if type(layer).__module__.startswith("keras.") else None
    if main is None:
        return kind
    words = [_word(getattr(layer, name, "?")) for name in main]
    words += _activation(layer) + [flag.removeprefix(", ") for flag in _flags(layer)]
    return f"{kind}({', '.join(words)})"


def _word(value: Any) -> str:
    """Write an argument: a kernel as long in all directions as one number."""
    alike = isinstance(value, tuple) and value and len(set(value)) == 1
    return str(value[0]) if alike else str(value)


def _cells(cell: Any) -> str:
    parts = getattr(cell, "cells", None)
    if parts is None:
        return f"{type(cell).__name__}({getattr(cell, 'units', '')})"
    return "[" + ", ".join(map(_cells, parts)) + "]"


def _flags(layer: Any) -> list[str]:
    return [f", {name}=True" for name in FLAGS if getattr(layer, name, False) is True]


def _activation(layer: Any) -> list[str]:
    """Name the activation where it is not what everybody expects: none for Dense, tanh for recurrent layers."""
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    usual = {"linear", "tanh"} if isinstance(layer, quiet_keras().layers.RNN) else {"linear"}
    return [name] if name and name not in usual else []
