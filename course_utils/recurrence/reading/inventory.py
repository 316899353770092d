"""What a model holds: its weights and its shapes, layer by layer."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from course_utils.quiet import quiet_keras
from course_utils.recurrence.reading.backend import calls, what
from course_utils.recurrence.reading.layers import read_cell
from course_utils.recurrence.reading.models import check_built
from course_utils.recurrence.specs import Manner, RecurrentSpec


def read_weights(model: Any) -> list[RecurrentSpec | tuple[str, str, str, tuple[int, ...]]]:
    """Return everything that holds weights: specs of Keras's recurrent cells, else (layer, kind, weight, shape).

    Raises TypeError for what is not a Keras layer, ValueError for one that is not built.
    """
    keras = quiet_keras()
    if not isinstance(model, keras.Layer):
        raise TypeError(f"model must be a Keras layer or model, but it is {what(model)}.")
    check_built(model)
    found: list[RecurrentSpec | tuple[str, str, str, tuple[int, ...]]] = []
    seen: set[int] = set()
    times: Counter[str] = Counter()
    for name, part in (*_parts(model, model.name), (model.name, model)):  # last, what the model holds by itself
        weights = [weight for weight in part.weights if id(weight) not in seen]
        if not weights:
            continue
        seen |= {id(weight) for weight in weights}
        times[name] += 1
        name = name if times[name] == 1 else f"{name}#{times[name]}"
        spec = (
            read_cell(part, name, Manner()) if isinstance(part, keras.Layer) and hasattr(part, "state_size") else None
        )
        if isinstance(spec, RecurrentSpec):
            found.append(spec)
        else:
            kind = type(part).__name__
            found += [(name, kind, weight.name, tuple(weight.shape)) for weight in weights]
    return found


def _parts(layer: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the layers and cells that hold weights of their own, by name, a shared one only once."""
    keras = quiet_keras()
    if isinstance(layer, keras.Model):
        unique = {id(inner): inner for inner in layer.layers}.values()
        for inner in unique:
            yield from _parts(inner, inner.name)
    elif isinstance(layer, keras.layers.Bidirectional):
        yield from _parts(layer.forward_layer, f"{name}/forward")
        yield from _parts(layer.backward_layer, f"{name}/backward")
    elif isinstance(layer, keras.layers.TimeDistributed):
        yield from _parts(layer.layer, f"{name}/{layer.layer.name}")
    elif isinstance(layer, keras.layers.RNN):
        yield from _parts(layer.cell, name)
    elif isinstance(layer, keras.layers.StackedRNNCells):
        for i, cell in enumerate(layer.cells, start=1):
            yield from _parts(cell, f"{name}/cell_{i}")
    else:
        yield name, layer


def read_shapes(model: Any) -> list[tuple[str, str, Any, Any]]:
    """Return (layer, kind, shapes in, shapes out) for each call of a layer, as Keras writes shapes."""
    keras = quiet_keras()
    if not isinstance(model, keras.Layer):
        raise TypeError(f"model must be a Keras layer or model, but it is {what(model)}.")
    check_built(model)
    function = model._functional if isinstance(model, keras.Sequential) else model
    if not isinstance(function, keras.Function):
        return [_layer_shapes(model)]
    rows = []
    for node in calls(function):
        entering = [tuple(tensor.shape) for tensor in node.arguments.keras_tensors]
        leaving = [tuple(tensor.shape) for tensor in node.outputs]
        rows.append((node.operation.name, type(node.operation).__name__, *map(_alone, (entering, leaving))))
    return rows


def _layer_shapes(layer: Any) -> tuple[str, str, Any, Any]:
    """Return the shapes of a layer by itself: from its last connection, else from its weights."""
    try:
        entering = tuple(layer.input.shape)
    except (AttributeError, ValueError):
        if not isinstance(layer, (quiet_keras().layers.RNN, quiet_keras().layers.Bidirectional)):
            raise ValueError(
                f"{layer.name!r} is connected to no input, so its shapes are not known: start with keras.Input."
            ) from None
        features = [found.features for found in read_weights(layer) if isinstance(found, RecurrentSpec)]
        if not features:
            raise ValueError(
                f"{layer.name!r} is connected to no input, and a cell of your own does not say how many features it "
                "reads: start with keras.Input."
            ) from None
        entering = (None, None, features[0])
    leaving = layer.compute_output_shape(entering)
    nested = isinstance(leaving[0], (tuple, list))
    return layer.name, type(layer).__name__, entering, [tuple(shape) for shape in leaving] if nested else tuple(leaving)


def _alone(shapes: list) -> Any:
    return shapes[0] if len(shapes) == 1 else shapes
