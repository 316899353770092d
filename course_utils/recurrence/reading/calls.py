"""Read the plan of any built Keras model or layer, also without recurrence, with branches or models inside."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any

from course_utils.quiet import quiet_keras
from course_utils.recurrence.plans import LayerCall, ModelPlan, Shape, Value
from course_utils.recurrence.reading.backend import calls, what
from course_utils.recurrence.reading.layers import calls_its_layers
from course_utils.recurrence.reading.models import check_built

NOT_CHOSEN = re.compile(r"(keras_tensor|input_layer|input)(_?\d+)?")  # names that Keras gives to inputs by itself

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


def read_plan(model: Any) -> ModelPlan:
    """Return the plan of a built Keras layer or model; one with a call of its own is one closed box.

    Raises TypeError for what is not a Keras layer, ValueError for one that is not built
    or whose shapes are not known.
    """
    keras = quiet_keras()
    if not isinstance(model, keras.Layer):
        raise TypeError(f"model must be a Keras layer or model, but it is {what(model)}.")
    check_built(model)
    function = _function_of(model)
    return _of_layer(model) if function is None else _of_function(function, model)


def _function_of(model: Any) -> Any:
    """Return the graph of a model that does no more than call its layers, else None."""
    keras = quiet_keras()
    if not isinstance(model, keras.Model) or not calls_its_layers(model):
        return None
    function = model._functional if isinstance(model, keras.Sequential) else model
    return function if isinstance(function, keras.Function) else None


def _of_function(function: Any, model: Any) -> ModelPlan:
    """Read a graph: every call with the values that it reads and gives."""
    value = _values()
    found: list[LayerCall] = []
    seen: set[int] = set()
    hidden = _mask_makers(function)
    made = {id(tensor) for node in hidden.values() for tensor in node.outputs}
    for order, node in enumerate(calls(function)):
        if id(node) in hidden:
            continue
        layer = node.operation
        read = [tensor for tensor in _taken(node) if id(tensor) not in made]
        call = _call(layer, tuple(dict.fromkeys(map(value, read))), tuple(map(value, node.outputs)))
        masked = any(name.endswith("mask") for name in _given(node))
        found.append(replace(call, order=order, again=id(layer) in seen, masked=masked))
        seen.add(id(layer))
    inputs = tuple((_chosen(tensor.name), value(tensor)) for tensor in function.inputs)
    named = zip(_output_names(function), function.outputs, strict=True)
    outputs = tuple((name, value(tensor)) for name, tensor in named)
    return ModelPlan(
        model.name, type(model).__name__, tuple(found), inputs, outputs, model.count_params(), _trainable(model)
    )


def _taken(node: Any) -> list[Any]:
    """Return the tensors that a call reads in the order of its parameters; Keras sorts those given by name by name."""
    places = {name: place for place, name in enumerate(signature(node.operation.call).parameters)}
    args, kwargs = node.arguments.args, node.arguments.kwargs
    named = [kwargs[name] for name in sorted(kwargs, key=lambda name: places.get(name, len(places)))]
    keras = quiet_keras()
    return [leaf for leaf in keras.tree.flatten([args, named]) if isinstance(leaf, keras.KerasTensor)]


def _given(node: Any) -> list[str]:
    """Return the names of the arguments of a call that were given by name."""
    return [name for name, value in node.arguments.kwargs.items() if value is not None]


def _mask_makers(function: Any) -> dict[int, Any]:
    """Return the operations that Keras puts in by itself to say which steps are skipped: what they give is read as
    a mask or not at all."""
    keras = quiet_keras()
    needed = {id(tensor) for tensor in function.outputs}
    makers = {}
    for node in reversed(list(calls(function))):
        if isinstance(node.operation, keras.Layer) or any(id(tensor) in needed for tensor in node.outputs):
            masks = [value for name, value in node.arguments.kwargs.items() if name.endswith("mask")]
            mask_ids = {id(tensor) for tensor in keras.tree.flatten(masks)}
            needed |= {id(tensor) for tensor in node.arguments.keras_tensors} - mask_ids
        else:
            makers[id(node)] = node
    return makers


def _output_names(function: Any) -> list[str]:
    """Return the names of the outputs: the keys where the model gives a dictionary, else those of Keras."""
    if isinstance(function._outputs_struct, dict):
        return sorted(function._outputs_struct)
    given = list(getattr(function, "output_names", ()))
    return given if len(given) == len(function.outputs) else [""] * len(function.outputs)


def _values() -> Callable[[Any], Value]:
    """Return a function that gives each tensor its number, the same whenever it is asked."""
    numbers: dict[int, int] = {}
    return lambda tensor: Value(numbers.setdefault(id(tensor), len(numbers)), tuple(tensor.shape))


def _of_layer(layer: Any) -> ModelPlan:
    """Read one layer by itself, or a model that cannot be looked into."""
    entering = _entering_shapes(layer)
    leaving = _leaving_shapes(layer, entering)
    inputs = tuple(Value(number, shape) for number, shape in enumerate(entering))
    outputs = tuple(Value(len(inputs) + number, shape) for number, shape in enumerate(leaving))
    call = _call(layer, inputs, outputs)
    entries, exits = (tuple(("", one) for one in values) for values in (inputs, outputs))
    return ModelPlan(layer.name, call.kind, (call,), entries, exits, layer.count_params(), _trainable(layer))


def _entering_shapes(layer: Any) -> list[Shape | None]:
    """Return what a layer was connected to or built for."""
    keras = quiet_keras()
    try:
        return [tuple(tensor.shape) for tensor in keras.tree.flatten(layer.input)]
    except (AttributeError, ValueError):  # never called on a symbolic input, or on several
        shapes = list((layer.get_build_config() or {}).values())
    first = shapes[0] if shapes else None
    if isinstance(first, (list, tuple)) and first and all(size is None or isinstance(size, int) for size in first):
        steps = (None,) if isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional)) else ()  # any T will do
        return [(None, *steps, *first[1 + len(steps) :])]
    return [None]


def _leaving_shapes(layer: Any, entering: list[Shape | None]) -> list[Shape | None]:
    """Return what a layer gives for what enters; None where Keras does not know."""
    if None in entering or _is_closed(layer):
        return [None]
    try:
        leaving = layer.compute_output_shape(entering[0] if len(entering) == 1 else entering)
    except Exception:  # a user's own layer may do anything here; a picture without its shape is better than none
        return [None]
    if leaving and isinstance(leaving[0], (list, tuple)):
        return [tuple(shape) for shape in leaving]
    return [tuple(leaving)]


def _call(layer: Any, entering: tuple[Value, ...], leaving: tuple[Value, ...]) -> LayerCall:
    keras = quiet_keras()
    name, kind = layer.name, type(layer).__name__
    if not isinstance(layer, keras.Layer):  # an operation, such as a + b
        return LayerCall(name, kind, kind, entering, leaving)
    function = _function_of(layer)
    return LayerCall(
        name=name,
        kind=kind,
        summary=_summary(layer),
        entering=entering,
        leaving=leaving,
        parameters=layer.count_params(),
        recurrent=any(isinstance(part, keras.layers.RNN) for part in layer._flatten_layers()),
        inside=None if function is None else _of_function(function, layer),
        closed=_is_closed(layer),
    )


def _is_closed(layer: Any) -> bool:
    return isinstance(layer, quiet_keras().Model) and _function_of(layer) is None


def _summary(layer: Any) -> str:
    """Write a layer as its user would, with the arguments that matter most."""
    keras = quiet_keras()
    kind, layers = type(layer).__name__, keras.layers
    if isinstance(layer, keras.Model):
        return kind
    if isinstance(layer, layers.Bidirectional):
        return f"{kind}({_summary(layer.forward_layer)}, {layer.merge_mode})"
    if isinstance(layer, layers.Wrapper):
        return f"{kind}({_summary(layer.layer)})"
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


def _chosen(name: str) -> str:
    """Return the name of an input; none where Keras made one up, since that changes from run to run."""
    return "" if NOT_CHOSEN.fullmatch(name) else name


def _trainable(layer: Any) -> int:
    return sum(math.prod(weight.shape) for weight in {id(w): w for w in layer.trainable_weights}.values())
