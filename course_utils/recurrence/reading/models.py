"""Read a whole model: its calls in order of execution."""

from inspect import signature
from typing import Any

from course_utils.quiet import quiet_keras
from course_utils.recurrence.checking import as_first_input
from course_utils.recurrence.graphs import ClosedSpec, GraphSpec, LayerSpec, Node, Ref, TimeDistributedSpec, map_nested
from course_utils.recurrence.reading.backend import calls, what
from course_utils.recurrence.reading.layers import calls_its_layers, closed, read_layer, trains
from course_utils.recurrence.specs import RECURRENT, RecurrentSpec


def read(model: Any, x: Any = None) -> LayerSpec:
    """Return the spec of a recurrent Keras layer, or of a Sequential or functional model.

    x builds a layer or model that has no weights yet. Raises TypeError for what holds
    no recurrence or cannot be read, ValueError for one without weights and without x.
    """
    keras = quiet_keras()
    if not isinstance(model, keras.Layer):
        raise TypeError(f"model must be a recurrent Keras layer or a Keras model, but it is {what(model)}.")
    build(model, x)
    spec = _read(model)
    if isinstance(spec, ClosedSpec) and isinstance(model, keras.Model):
        raise TypeError(f"A model with a call of its own cannot be read, and {model.name!r} is one: trace its layers.")
    if not _recurs(spec):
        raise TypeError(
            f"model must hold a recurrent layer, but {model.name!r}, {what(model)}, holds none that can be traced "
            "(one with dropout called with training=True cannot: it draws new numbers each time)."
        )
    return spec


def read_single(layer: Any, x: Any = None) -> LayerSpec:
    """Return the spec of a layer, alone or as the only one of a model."""
    spec = read(layer, x)
    return spec.nodes[0].layer if isinstance(spec, GraphSpec) and len(spec.nodes) == 1 else spec


def read_recurrent(layer: Any, x: Any = None) -> RecurrentSpec:
    """Return the spec of one SimpleRNN, LSTM or GRU, alone or as the only layer of a model."""
    spec = read_single(layer, x)
    if not isinstance(spec, RecurrentSpec):
        raise TypeError(f"layer must be one SimpleRNN, LSTM or GRU layer, but it is {what(layer)}.")
    return spec


def _recurs(spec: LayerSpec) -> bool:
    """Return whether there is a recurrent layer in it."""
    if isinstance(spec, GraphSpec):
        return any(_recurs(node.layer) for node in spec.nodes)
    return _recurs(spec.inner) if isinstance(spec, TimeDistributedSpec) else isinstance(spec, RECURRENT)


def check_built(model: Any, *, takes_x: bool = False) -> None:
    """Raise ValueError for a layer or model without weights. takes_x: whether the caller would build it for an x."""
    if model.built:
        return
    way = "pass x of shape (batch, time-steps, features), or " if takes_x else ""
    other = "" if takes_x else ", or say the shape, .build((None, time-steps, features))"
    raise ValueError(
        f"{model.name!r} has no weights yet, since Keras makes them when it first sees an input: "
        f"{way}start the model with keras.Input{other}."
    )


def build(model: Any, x: Any) -> None:
    """Give an unbuilt layer or model its weights, for inputs shaped like x, once x is found fit."""
    if model.built:
        return
    if x is None:
        check_built(model, takes_x=True)
    layers = quiet_keras().layers
    first = model.layers[0] if isinstance(model, quiet_keras().Sequential) and model.layers else model
    shape = as_first_input(x, alone=isinstance(first, (layers.RNN, layers.Bidirectional))).shape
    steps = (None,) if len(shape) == 3 else ()
    batch = shape[0] if getattr(model, "stateful", False) else None  # its states are made for one batch size
    model.build((batch, *steps, *shape[1 + len(steps) :]))


def _read(layer: Any) -> LayerSpec:
    """Return the spec of any layer; a closed box for those that are not read."""
    keras = quiet_keras()
    if isinstance(layer, keras.Model) and not calls_its_layers(layer):
        return closed(layer)  # a model with a call of its own
    if isinstance(layer, keras.Sequential):
        return _read_graph(layer._functional, layer.name, free=2) if layer._functional is not None else closed(layer)
    if isinstance(layer, keras.Function):
        return _read_graph(layer, layer.name)
    return read_layer(layer, _read)


def _read_graph(function: Any, name: str, free: int = 1) -> GraphSpec:
    """Read a functional model: its calls in order of execution. A layer is read once, however often it is called.

    free: how many axes, from the first, may have another size than declared. As in Keras: the batch, and in a
    Sequential the time-steps too.
    """
    keras = quiet_keras()
    numbers: dict[int, int] = {}
    specs: dict[tuple[int, bool], LayerSpec] = {}

    def ref(leaf: Any) -> Any:
        return Ref(numbers.setdefault(id(leaf), len(numbers))) if isinstance(leaf, keras.KerasTensor) else leaf

    inputs = map_nested(ref, function._inputs_struct)
    nodes = []
    for node in calls(function):
        layer, given = node.operation, node.arguments
        args, kwargs = _first_by_position(layer, map_nested(ref, given.args), map_nested(ref, given.kwargs))
        known = (id(layer), bool(kwargs.get("training")))
        if known not in specs:
            specs[known] = closed(layer) if known[1] and trains(layer) else _read_operation(layer)
        nodes.append(Node(specs[known], args, kwargs, tuple(ref(tensor).number for tensor in node.outputs)))
    shapes = tuple((*(None,) * free, *tensor.shape[free:]) for tensor in function.inputs)
    dtypes = tuple(tensor.dtype for tensor in function.inputs)
    names = tuple(tensor.name for tensor in function.inputs)
    outputs = map_nested(ref, function._outputs_struct)
    if isinstance(outputs, (list, tuple)) and len(outputs) == 1:  # Keras gives one output by itself
        outputs = outputs[0]
    built = tuple(tuple(tensor.shape) for tensor in function.inputs)
    return GraphSpec(name, tuple(nodes), inputs, shapes, dtypes, names, outputs, built)


def _first_by_position(layer: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Return the arguments of a call with the first one by position, where it was given by its name."""
    first = next(iter(signature(layer.call).parameters), None)
    if args or first not in kwargs:
        return args, kwargs
    return (kwargs[first],), {name: value for name, value in kwargs.items() if name != first}


def _read_operation(operation: Any) -> LayerSpec:
    """Read a layer, or an operation such as a sum of two tensors."""
    return _read(operation) if isinstance(operation, quiet_keras().Layer) else closed(operation)
