"""Read a Keras layer or model into plain specs. The only module of this room that touches Keras."""

from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence.specs import RecurrentSpec


def read(model: Any, x: Any = None) -> tuple[RecurrentSpec, ...]:
    """Return one spec for each recurrent layer of a Keras layer or Sequential model.

    x builds a model that has no weights yet. Raises TypeError for what is not a
    SimpleRNN layer (or a Sequential of them), ValueError for one without weights
    when there is no x to build it from.
    """
    keras = quiet_keras()
    if isinstance(model, keras.Sequential):
        _build(model, x)
        return tuple(_read_layer(layer) for layer in model.layers)
    if isinstance(model, keras.layers.SimpleRNN):
        _build(model, x)
        return (_read_layer(model),)
    raise TypeError(
        f"model must be a keras.layers.SimpleRNN layer or a keras.Sequential of them, but it is {_what(model)}."
    )


def read_layer(layer: Any, x: Any = None) -> RecurrentSpec:
    """Return the spec of a model that holds exactly one recurrent layer."""
    specs = read(layer, x)
    if len(specs) != 1:
        raise ValueError(f"layer must be one recurrent layer, but this model holds {len(specs)} of them.")
    return specs[0]


def _build(model: Any, x: Any) -> None:
    """Give an unbuilt model its weights, for inputs shaped like x."""
    if model.built:
        return
    shape = np.shape(x) if x is not None else ()
    if len(shape) != 3:
        raise ValueError(
            f"{model.name!r} has no weights yet, since Keras makes them when it first sees an input: "
            "pass x of shape (batch, time-steps, features), or start the model with keras.Input."
        )
    model.build((None, None, shape[2]))


def _read_layer(layer: Any) -> RecurrentSpec:
    """Read one built SimpleRNN layer."""
    keras = quiet_keras()
    if not isinstance(layer, keras.layers.SimpleRNN):
        raise TypeError(f"The course traces SimpleRNN layers so far, but {layer.name!r} is {_what(layer)}.")
    for argument in ("go_backwards", "stateful"):
        if getattr(layer, argument):
            raise ValueError(f"The course does not trace {argument}=True yet: layer {layer.name!r} has it.")
    cell = layer.cell
    to_numpy = keras.ops.convert_to_numpy
    return RecurrentSpec(
        kind="SimpleRNN",
        name=layer.name,
        kernel=to_numpy(cell.kernel),
        recurrent_kernel=to_numpy(cell.recurrent_kernel),
        bias=to_numpy(cell.bias) if cell.use_bias else None,
        activation=keras.activations.serialize(cell.activation),
        steps=_built_steps(layer),
        return_sequences=layer.return_sequences,
        return_state=layer.return_state,
    )


def _built_steps(layer: Any) -> int | None:
    """Return T where the layer was connected to an input of a fixed length."""
    try:
        return layer.input.shape[1]
    except (AttributeError, ValueError):  # never called on a symbolic input: any T will do
        return None


def _what(thing: Any) -> str:
    """Name a thing that came in the place of a layer."""
    if isinstance(thing, type):
        return f"the class {thing.__name__} itself: make a layer of it first, {thing.__name__}(4)"
    return f"of type {type(thing).__name__}"
