"""The calls of a functional model, as Keras keeps them: what each reads and gives, and which only make masks."""

from collections.abc import Iterator
from inspect import signature
from typing import Any

from course_utils.quiet import quiet_keras


def calls(function: Any) -> Iterator[Any]:
    """Yield the calls of a functional model in order of execution.

    Keras keeps them by depth in a ``keras.Function`` and offers no public way to list them.
    """
    for depth in sorted(function._nodes_by_depth, reverse=True):
        yield from (node for node in function._nodes_by_depth[depth] if not node.is_input)


def first_by_position(layer: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Return the arguments of a call with the first one by position, where it was given by its name."""
    first = next(iter(signature(layer.call).parameters), None)
    if args or first not in kwargs:
        return args, kwargs
    return (kwargs[first],), {name: value for name, value in kwargs.items() if name != first}


def taken(call: Any) -> list[Any]:
    """Return the tensors that a call reads in the order of its parameters; Keras sorts those given by name by name."""
    places = {name: place for place, name in enumerate(signature(call.operation.call).parameters)}
    args, kwargs = call.arguments.args, call.arguments.kwargs
    named = [kwargs[name] for name in sorted(kwargs, key=lambda name: places.get(name, len(places)))]
    keras = quiet_keras()
    return [leaf for leaf in keras.tree.flatten([args, named]) if isinstance(leaf, keras.KerasTensor)]


def mask_makers(function: Any) -> dict[int, Any]:
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


def output_names(function: Any) -> tuple[str, ...]:
    """Return the names of the outputs: the keys where the model gives a dictionary, else those of Keras."""
    if isinstance(function._outputs_struct, dict):
        return tuple(sorted(function._outputs_struct))
    given = tuple(getattr(function, "output_names", ()))
    return given if len(given) == len(function.outputs) else ("",) * len(function.outputs)
