"""Follow a call that a user wrote: which layers it calls, on what, by running it on symbols."""

from typing import Any

from course_utils.quiet import quiet_keras
from course_utils.recurrence.graphs import map_nested


def is_own(layer: Any) -> bool:
    """Return whether it is a layer or model with a call of its own that holds other layers."""
    keras = quiet_keras()
    # A call under a decorator, such as ``tf.function``, may say no module.
    if not isinstance(layer, keras.Layer) or getattr(type(layer).call, "__module__", "").startswith("keras."):
        return False
    return isinstance(layer, keras.Model) or len(list(layer._flatten_layers())) > 1


def followed(layer: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return the ``keras.Function`` of what a layer's own call does, what it was given and what it gives, nested.

    args, kwargs: as the layer is called; each tensor a ``KerasTensor``

    A call that reaches for another library than Keras, or that asks the numbers before it goes on, cannot be followed:
    it raises whatever the user's own code raises when it meets a symbol.
    """
    keras = quiet_keras()
    symbols: dict[int, Any] = {}

    def symbol(leaf: Any) -> Any:
        if not isinstance(leaf, keras.KerasTensor):
            return leaf
        return symbols.setdefault(id(leaf), keras.KerasTensor(leaf.shape, dtype=leaf.dtype, name=leaf.name))

    given = (map_nested(symbol, tuple(args)), map_nested(symbol, dict(kwargs)))
    parts = list(layer._flatten_layers())
    connections = [(part, len(part._inbound_nodes), len(part._outbound_nodes)) for part in parts]
    try:
        leaving = layer.call(*given[0], **given[1])
        if any(not isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(leaving)):
            raise TypeError("it gives something that is not a tensor")
        return keras.Function(list(symbols.values()), leaving), given, leaving
    finally:  # ``layer.input`` of the layers inside must say what it said before
        for part, entering, outgoing in connections:
            del part._inbound_nodes[entering:], part._outbound_nodes[outgoing:]
