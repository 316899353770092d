"""What a model holds: all that has weights of its own."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from course_utils.quiet import quiet_keras
from course_utils.recurrence.graphs import Part
from course_utils.recurrence.reading.layers import read_cell
from course_utils.recurrence.specs import Manner, RecurrentSpec


def parts_of(model: Any) -> Iterator[Part]:
    """Yield everything that holds weights, a shared one once; last, what the model holds by itself."""
    seen: set[int] = set()
    times: Counter[str] = Counter()
    for name, layer in (*_parts(model, model.name), (model.name, model)):
        weights = [weight for weight in layer.weights if id(weight) not in seen]
        if not weights:
            continue
        seen |= {id(weight) for weight in weights}
        times[name] += 1
        name = name if times[name] == 1 else f"{name}#{times[name]}"
        is_cell = isinstance(layer, quiet_keras().Layer) and hasattr(layer, "state_size")
        cell = read_cell(layer, name, Manner()) if is_cell else None
        shapes = tuple((weight.name, tuple(weight.shape)) for weight in weights)
        yield Part(name, type(layer).__name__, cell if isinstance(cell, RecurrentSpec) else None, shapes)


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
        if isinstance(layer, keras.Layer) and not type(layer).__module__.startswith("keras."):
            for inner in layer._flatten_layers(include_self=False, recursive=False):
                yield from _parts(inner, f"{name}/{inner.name}")
        yield name, layer  # what it holds by itself, where others were found in it
