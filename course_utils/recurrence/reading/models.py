"""Read a whole model, once: its calls in order of execution, with shapes, counts and words."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from course_utils.quiet import quiet_keras
from course_utils.recurrence.checking import as_arrays, as_first_input
from course_utils.recurrence.graphs import (
    ClosedSpec,
    Graph,
    LayerSpec,
    Node,
    Shape,
    TimeDistributedSpec,
    Value,
    map_nested,
)
from course_utils.recurrence.reading.backend import what
from course_utils.recurrence.reading.calls import calls, first_by_position, mask_makers, output_names, taken
from course_utils.recurrence.reading.layers import calls_its_layers, closed, read_layer, trains
from course_utils.recurrence.reading.own_call import followed, is_own
from course_utils.recurrence.reading.parts import parts_of
from course_utils.recurrence.reading.summary import summary
from course_utils.recurrence.specs import RECURRENT, RecurrentSpec


def read(model: Any, x: Any = None) -> Graph:
    """Return the graph of a Keras layer or model; one whose own call cannot be followed is one closed box.

    x: builds a layer or model that has no weights yet

    Raises TypeError for what is not a Keras layer, ValueError for one without weights and without x.
    """
    if not isinstance(model, quiet_keras().Layer):
        raise TypeError(f"model must be a Keras layer or model, but it is {what(model)}.")
    if x is not None:
        build(model, x)
    _refuse_unbuilt(model)
    return _Reading().model(model, x)


def read_recurrent_model(model: Any, x: Any = None) -> Graph:
    """Return the graph of what holds a recurrent layer: a layer, a Sequential or a functional model.

    Raises as ``read``, and TypeError for what holds no recurrence or cannot be read.
    """
    if not isinstance(model, quiet_keras().Layer):
        raise TypeError(f"model must be a recurrent Keras layer or a Keras model, but it is {what(model)}.")
    build(model, x)
    return with_recurrence(_Reading().model(model, x), model)


def with_recurrence(graph: Graph, model: Any) -> Graph:
    """Return a graph that holds recurrence. Raises TypeError for another."""
    if not _recurs(graph):
        for node in every_node(graph):
            if node.recurrent and isinstance(node.layer, ClosedSpec) and node.layer.why:
                raise TypeError(
                    f"The call of {node.name!r}, {node.kind}, cannot be followed ({node.layer.why}): write it with "
                    "keras.ops and Keras layers alone, or trace the recurrent layer that it holds by itself."
                )
        raise TypeError(
            f"model must hold a recurrent layer, but {model.name!r}, {what(model)}, holds none that can be traced "
            "(one with dropout called with training=True cannot: it draws new numbers each time)."
        )
    return graph


def read_single(layer: Any, x: Any = None) -> LayerSpec:
    """Return the spec of a recurrent layer, alone or as the only one of a model; of a larger model, its graph."""
    graph = read_recurrent_model(layer, x)
    return graph.nodes[0].layer if len(graph.nodes) == 1 else graph


def read_recurrent(layer: Any, x: Any = None) -> RecurrentSpec:
    """Return the spec of one SimpleRNN, LSTM or GRU, alone or as the only layer of a model."""
    return as_recurrent(read_single(layer, x), layer)


def as_recurrent(spec: LayerSpec, layer: Any) -> RecurrentSpec:
    """Return the spec of one cell of a known kind. Raises TypeError for another, and names what to pass instead."""
    if isinstance(spec, RecurrentSpec):
        return spec
    held = (
        [node.name for node in spec.calls if isinstance(node.layer, RecurrentSpec)] if isinstance(spec, Graph) else []
    )
    others = [f"model.get_layer({name!r})" for name in dict.fromkeys(held)][:3]
    hint = f": pass one that it holds, {' or '.join(others)}" if others else ""
    raise TypeError(f"layer must be one SimpleRNN, LSTM or GRU layer, but it is {what(layer)}{hint}.")


def _recurs(spec: LayerSpec) -> bool:
    """Return whether there is a recurrent layer in it."""
    if isinstance(spec, Graph):
        return any(_recurs(node.layer) for node in spec.nodes)
    return _recurs(spec.inner) if isinstance(spec, TimeDistributedSpec) else isinstance(spec, RECURRENT)


def build(model: Any, x: Any) -> None:
    """Give an unbuilt layer or model its weights, for inputs shaped like x, once x is found fit."""
    if model.built:
        return
    if x is None:
        _refuse_unbuilt(model, takes_x=True)
    if is_own(model):
        fresh = [part for part in model._flatten_layers() if not part.built]
        model(as_arrays(x))
        for part in fresh:  # what the call has left in them is no part of the model
            if getattr(part, "stateful", False) and hasattr(part, "reset_state"):
                part.reset_state()
        return
    layers = quiet_keras().layers
    first = model.layers[0] if isinstance(model, quiet_keras().Sequential) and model.layers else model
    shape = as_first_input(x, alone=isinstance(first, (layers.RNN, layers.Bidirectional))).shape
    steps = (None,) if len(shape) == 3 else ()
    batch = shape[0] if getattr(model, "stateful", False) else None  # its states are made for one batch size
    model.build((batch, *steps, *shape[1 + len(steps) :]))


def _refuse_unbuilt(model: Any, *, takes_x: bool = False) -> None:
    """Raise ValueError for a layer or model without weights. takes_x: whether the caller would build it for an x."""
    if model.built:
        return
    way = "pass x of shape (batch, time-steps, features), or " if takes_x else ""
    other = "" if takes_x else ", or say the shape, .build((None, time-steps, features))"
    raise ValueError(
        f"{model.name!r} has no weights yet, since Keras makes them when it first sees an input: "
        f"{way}start the model with keras.Input{other}."
    )


class _Reading:
    """One reading of a model: each layer is read once, however often and wherever in it it is called."""

    def __init__(self) -> None:
        # By the identity of the layer, and whether it is called with training=True.
        self._specs: dict[tuple[int, bool], LayerSpec] = {}
        # Of layers with a call of their own, by their identity and what they are called on.
        self._followed: dict[tuple[int, str], LayerSpec] = {}

    def model(self, model: Any, x: Any) -> Graph:
        """Read a model or a layer by itself."""
        spec = self._own_model(model, x) if is_own(model) else self._layer(model)
        graph = spec if isinstance(spec, Graph) else self._alone(model, spec)
        return replace(graph, trainable=_trainable(model), parts=tuple(parts_of(model)))

    def _called(self, layer: Any, arguments: Any) -> LayerSpec:
        """Return the spec of a layer or operation that is called on these arguments."""
        training = bool(arguments.kwargs.get("training"))
        own = is_own(layer) and not (training and trains(layer))
        return self._own_call(layer, arguments.args, arguments.kwargs) if own else self._layer(layer, training)

    def _layer(self, layer: Any, training: bool = False) -> LayerSpec:
        """Return the spec of any layer or operation; a closed box for those that are not read."""
        known = (id(layer), training)
        if known not in self._specs:
            self._specs[known] = closed(layer) if training and trains(layer) else self._read(layer)
        return self._specs[known]

    def _read(self, layer: Any) -> LayerSpec:
        keras = quiet_keras()
        if not isinstance(layer, keras.Layer):  # an operation, such as a sum of two tensors
            return closed(layer)
        if not isinstance(layer, keras.Model):
            return read_layer(layer, self._layer)
        function = layer._functional if isinstance(layer, keras.Sequential) else layer
        if not calls_its_layers(layer) or not isinstance(function, keras.Function):
            return closed(layer)
        graph = self._function(function, layer, function._inputs_struct, function._outputs_struct)
        # As in Keras, the batch may have any size, and in a Sequential the time-steps too.
        return replace(graph, free=2 if isinstance(layer, keras.Sequential) else 1)

    def _own_model(self, model: Any, x: Any) -> LayerSpec:
        """Follow the call of a whole model on what is shaped as x, else as what it was built for."""
        keras = quiet_keras()
        if x is not None:
            symbols = map_nested(lambda a: keras.KerasTensor((None, *a.shape[1:]), dtype=a.dtype.name), as_arrays(x))
            return self._own_call(model, (symbols,), {})
        (shape, *more) = _entering_shapes(model)
        if shape is None or more:
            return replace(closed(model), why="what it reads is not known: call it once on data")
        return self._own_call(model, (keras.KerasTensor((None, *shape[1:])),), {})

    def _own_call(self, layer: Any, args: Any, kwargs: dict[str, Any]) -> LayerSpec:
        """Follow a call that a user wrote; a closed box where it cannot be followed."""
        kinds = map_nested(lambda leaf: (getattr(leaf, "shape", leaf), getattr(leaf, "dtype", "")), (args, kwargs))
        known = (id(layer), repr(kinds))
        if known not in self._followed:
            self._followed[known] = self._follow(layer, args, kwargs)
        return self._followed[known]

    def _follow(self, layer: Any, args: Any, kwargs: dict[str, Any]) -> LayerSpec:
        try:
            function, given, leaving = followed(layer, args, kwargs)
        except Exception as problem:  # whatever the user's own code raises when it meets a symbol
            first_line = next(iter(str(problem).strip().splitlines()), "")
            return replace(closed(layer), why=f"{type(problem).__name__}: {first_line:.120}")
        return replace(self._function(function, layer, given, leaving), own=closed(layer))

    def _function(self, function: Any, model: Any, entering: Any, leaving: Any) -> Graph:
        """Read a functional model: its calls in order of execution. entering, leaving: nested as it takes and gives."""
        keras = quiet_keras()
        numbers: dict[int, Value] = {}

        def value(leaf: Any) -> Any:
            if not isinstance(leaf, keras.KerasTensor):
                return leaf
            return numbers.setdefault(id(leaf), Value(len(numbers), tuple(leaf.shape)))

        inputs = map_nested(value, entering)
        makers = mask_makers(function)
        masks = {id(tensor) for node in makers.values() for tensor in node.outputs}
        nodes: list[Node] = []
        seen: set[int] = set()
        for call in calls(function):
            layer, given = call.operation, call.arguments
            args, kwargs = first_by_position(layer, map_nested(value, given.args), map_nested(value, given.kwargs))
            read = [value(tensor) for tensor in taken(call) if id(tensor) not in masks]
            nodes.append(
                Node(
                    layer=self._called(layer, given),
                    args=args,
                    kwargs=kwargs,
                    outputs=tuple(map(value, call.outputs)),
                    entering=tuple(dict.fromkeys(read)),
                    masked=any(name.endswith("mask") and mask is not None for name, mask in given.kwargs.items()),
                    again=id(layer) in seen,
                    makes_mask=id(call) in makers,
                    **_said(layer) | _written(call),
                )
            )
            seen.add(id(layer))
        outputs = map_nested(value, leaving)
        if isinstance(outputs, (list, tuple)) and len(outputs) == 1:  # Keras gives one output by itself
            outputs = outputs[0]
        return Graph(
            name=model.name,
            kind=type(model).__name__,
            nodes=tuple(nodes),
            inputs=inputs,
            outputs=outputs,
            input_names=tuple(tensor.name for tensor in function.inputs),
            output_names=output_names(function),
            input_dtypes=tuple(tensor.dtype for tensor in function.inputs),
            parameters=model.count_params(),
        )

    def _alone(self, layer: Any, spec: LayerSpec) -> Graph:
        """Wrap one layer by itself, or a model that cannot be looked into."""
        entering = _entering_shapes(layer)
        leaving = [None] if isinstance(spec, ClosedSpec) and spec.is_model else _leaving_shapes(layer, entering)
        values = [Value(number, shape) for number, shape in enumerate([*entering, *leaving])]
        inputs, outputs = tuple(values[: len(entering)]), tuple(values[len(entering) :])
        node = Node(spec, inputs, {}, outputs, inputs, **_said(layer))
        return Graph(
            name=layer.name,
            kind=node.kind,
            nodes=(node,),
            inputs=inputs[0] if len(inputs) == 1 else inputs,
            outputs=outputs[0] if len(outputs) == 1 else outputs,
            input_names=("",) * len(inputs),
            output_names=("",) * len(outputs),
            input_dtypes=("float32",) * len(inputs),
            parameters=node.parameters,
            alone=True,
        )


def every_node(graph: Graph) -> Iterator[Node]:
    """Yield the nodes of a graph and of those inside it, in order of execution."""
    for node in graph.nodes:
        yield node
        if isinstance(node.layer, Graph):
            yield from every_node(node.layer)


def _written(call: Any) -> dict[str, str]:
    """Return how an operation is written whose name alone says too little: which part it takes."""
    if type(call.operation).__name__ != "GetItem" or len(call.arguments.args) < 2:
        return {}
    key = call.arguments.args[1]
    parts = key if isinstance(key, tuple) else (key,)
    texts = []
    for part in parts:
        ends = (part.start, part.stop) if isinstance(part, slice) else (part,)
        texts.append(":".join("" if end is None else str(end) for end in ends))
    return {"summary": f"[{', '.join(texts)}]"}


def _said(layer: Any) -> dict[str, Any]:
    """Return what is said of a layer wherever it is called."""
    keras = quiet_keras()
    kind = type(layer).__name__
    if not isinstance(layer, keras.Layer):
        return {"kind": kind, "summary": kind}
    recurrent = any(isinstance(part, keras.layers.RNN) for part in layer._flatten_layers())
    return {"kind": kind, "summary": summary(layer), "parameters": layer.count_params(), "recurrent": recurrent}


def _entering_shapes(layer: Any) -> list[Shape | None]:
    """Return what a layer was connected to or built for; None where that is not known."""
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
    if None in entering:
        return [None]
    try:
        leaving = layer.compute_output_shape(entering[0] if len(entering) == 1 else entering)
    except Exception:  # a user's own layer may do anything here; a picture without its shape is better than none
        return [None]
    if leaving and isinstance(leaving[0], (list, tuple)):
        return [tuple(shape) for shape in leaving]
    return [tuple(leaving)]


def _trainable(layer: Any) -> int:
    return sum(math.prod(weight.shape) for weight in {id(w): w for w in layer.trainable_weights}.values())
