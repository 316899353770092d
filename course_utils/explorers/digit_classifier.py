"""A classifier of sequences, read once: what it would say after every row, in NumPy, in Keras, and as code."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_utils.explorers.keras_check import check_with_keras
from course_utils.recurrence.activation_functions import softmax
from course_utils.recurrence.executing import Execution
from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    DropoutSpec,
    Flow,
    Graph,
    LayerSpec,
    MaskingSpec,
    Value,
    leaves,
)
from course_utils.recurrence.reading import read_recurrent_model
from course_utils.recurrence.specs import BidirectionalSpec, OwnCellSpec, RecurrentSpec, StackedSpec

FEWEST, MOST = 2, 26  # classes
AT_ONCE = 64  # digits
NUMBERS_AT_ONCE = 4_000_000  # of a trace
SHARES, LOGITS = ("softmax",), ("linear", "log_softmax")  # what the last layer gives: shares, or numbers to make them


@dataclass(frozen=True, eq=False)
class Classifier:
    """Layers one after the other: recurrent ones, the last of which gives its last state, then Dense.

    model:     the user's own, for code and for the button alone
    last:      its layers as they are
    every:     the same, but all states leave the last recurrent layer
    place:     of that layer among ``model.layers``
    logits:    what leaves are no shares yet: softmax makes them
    """

    model: Any
    last: Graph
    every: Graph
    place: int
    logits: bool

    @property
    def _layers(self) -> list[LayerSpec]:
        return [node.layer for node in self.last.nodes]

    @property
    def recurrent(self) -> RecurrentSpec | StackedSpec:
        """The last recurrent layer."""
        return [layer for layer in self._layers if isinstance(layer, (RecurrentSpec, StackedSpec))][-1]

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return _last_dense(self._layers).kernel.shape[1]

    @property
    def layer_words(self) -> str:
        """How the last recurrent layer is called in pictures."""
        cell = self.recurrent.cells[-1] if isinstance(self.recurrent, StackedSpec) else self.recurrent
        return f"{cell.kind}({cell.output_size})"

    @property
    def recurrent_layers(self) -> int:
        """How many recurrent layers it has; cells in one layer count like layers."""
        found = [layer for layer in self._layers if isinstance(layer, (RecurrentSpec, StackedSpec))]
        return sum(len(layer.cells) if isinstance(layer, StackedSpec) else 1 for layer in found)

    @property
    def head_words(self) -> str:
        """How the layers above are called in pictures."""
        own = self._layers[self._layers.index(self.recurrent) + 1 :]
        dense = [layer for layer in own if isinstance(layer, DenseSpec)]
        return f"{len(dense)} × Dense" if len(dense) > 1 else f"Dense({self.classes})"

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return the class probabilities of what leaves the model."""
        return softmax(values) if self.logits else values

    def every_row(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return for one digit, (T, F), after every row: probabilities (T, classes), h and, for LSTM, c (T, U)."""
        execution = Execution()
        with np.errstate(all="ignore"):
            values = leaves(execution.graph(self.every, [Flow(x[None])]))[0].value[0]
            shares = self.shares(np.asarray(values, float))
        trace = execution.recurrent[-1]
        return shares, trace.hidden[0], None if trace.cell_state is None else trace.cell_state[0]

    def answers(self, images: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yield the place and the answer, after the last row, of one digit after the other; a few are run at once."""
        size = images.shape[1] * 4 * max(layer.output_size for layer in self._layers if hasattr(layer, "output_size"))
        some = max(1, min(AT_ONCE, NUMBERS_AT_ONCE // size))
        for start in range(0, len(images), some):
            with np.errstate(all="ignore"):
                flow = Flow(np.asarray(images[start : start + some], np.float32))
                values = leaves(Execution().graph(self.last, [flow]))[0].value
            yield from enumerate(np.argmax(values, axis=-1).tolist(), start)

    def check(self, x: np.ndarray) -> str:
        """Ask Keras: the user's own layers with every state of the last recurrent one, and the model itself."""
        rows, itself = check_with_keras(self.every, x, _InKeras(self)), check_with_keras(self.last, x, self.model)
        same = itself.startswith("Keras says the same")
        about = f"That is over all {x.shape[1]} rows and {self.classes} classes"
        end = "; after the last row your model itself says it too." if same else f". Your model itself: {itself}"
        return f"{rows} {about}{end}"

    def code(self, shape: tuple[int, int], index: int, step: int) -> str:
        """Return the lines that give the same in Keras; ``model`` and ``images`` are the user's own."""
        first = 1 if type(self.model.layers[0]).__name__ == "InputLayer" else 0
        below = f"*model.layers[{first}:{self.place}], " if self.place > first else ""
        row = f"every_row(images[{index}:{index + 1}])[0]"
        return "\n".join(
            [
                f"trained = model.layers[{self.place}]",
                'again = type(trained).from_config(trained.get_config() | {"return_sequences": True})',
                "every_row = keras.Sequential([",
                f"    keras.Input(shape={shape}), {below}again, *model.layers[{self.place + 1}:],",
                "])",
                "again.set_weights(trained.get_weights())  # the same weights; now every state leaves",
                f"probabilities = {f'keras.ops.softmax({row})' if self.logits else row}  # {(shape[0], self.classes)}",
                f"probabilities[{step - 1}]  # counted from 0",
            ]
        )


class _InKeras:
    """The user's own layers one after the other; of the last recurrent one a copy from which all states leave."""

    def __init__(self, classifier: Classifier):
        self._model, self._place = classifier.model, classifier.place

    def __call__(self, x: np.ndarray) -> Any:
        layers, trained = list(self._model.layers), self._model.layers[self._place]
        again = type(trained).from_config(trained.get_config() | {"return_sequences": True})
        layers[self._place] = again
        for layer in layers:
            if layer is again:
                again.build(x.shape)
                again.set_weights(trained.get_weights())
            x = x if type(layer).__name__ == "InputLayer" else layer(x)
        return x

    def count_params(self) -> int:
        return self._model.count_params()


def read_classifier(model: Any, x: np.ndarray) -> Classifier:
    """Read a Keras model once; x: an image or more, (samples, T, F).

    Raises TypeError for what holds no recurrent layer, ValueError for what does not classify sequences with states
    that know nothing of later rows, in one sentence.
    """
    spec = read_recurrent_model(model, x).as_layer
    if not isinstance(spec, Graph):
        raise ValueError(_wanted(f"{spec.name!r} is one layer alone: put a Dense with softmax after it"))
    layers = [node.layer for node in spec.nodes]
    _refuse_branches(spec)
    layers = [_in_numpy(model, layer) for layer in layers]
    recurrent = [layer for layer in layers if isinstance(layer, (RecurrentSpec, StackedSpec))]
    for layer in layers:
        _refuse_layer(layer)
    if not recurrent:
        raise ValueError(_wanted("it has no recurrent layer"))
    last = recurrent[-1]
    place = layers.index(last)
    _refuse_head(last, layers[place + 1 :])
    _refuse_steps(spec, x)
    every = [*layers[:place], _with_sequences(last), *layers[place + 1 :]]
    dense = _last_dense(layers)
    closed = any(isinstance(layer, ClosedSpec) for layer in layers)
    names = [layer.name for layer in model.layers]
    return Classifier(
        model,
        _with_layers(spec, layers),
        _with_layers(spec, every),
        names.index(last.name),
        dense.activation.name in LOGITS and not closed,
    )


def _wanted(slip: str) -> str:
    return f"model must read a sequence with a recurrent layer and then classify it with Dense, but {slip}."


def _refuse_branches(spec: Graph) -> None:
    """Raise ValueError for a model whose layers do not stand one after the other, each called once."""
    for node in spec.nodes:
        if isinstance(node.layer, MaskingSpec):
            raise ValueError(_wanted(f"{node.layer.name!r} lets it skip rows, and here every row is one step"))
    before = leaves(spec.inputs)
    for node in spec.nodes:
        given = [leaf for leaf in leaves([node.args, node.kwargs]) if isinstance(leaf, Value)]
        if len(before) != 1 or given != before:
            raise ValueError(_wanted(f"at {node.layer.name!r} its layers do not simply follow each other"))
        before = list(node.outputs)
    names = [node.layer.name for node in spec.nodes]
    if leaves(spec.outputs) != before or len(set(names)) < len(names):
        raise ValueError(_wanted("its layers do not simply follow each other"))


def _in_numpy(model: Any, layer: LayerSpec) -> LayerSpec:
    """Return a layer as it is; one that does nothing but softmax, in NumPy."""
    if not isinstance(layer, ClosedSpec):
        return layer
    own = model.get_layer(layer.name)
    function = getattr(getattr(own, "activation", None), "__name__", "")
    if (layer.kind == "Softmax" and own.axis == -1) or (layer.kind == "Activation" and function == "softmax"):
        return ClosedSpec(layer.name, "Softmax", lambda args, _kwargs: Flow(softmax(args[0].value)))
    return layer


def _refuse_layer(layer: LayerSpec) -> None:
    """Raise ValueError for a layer that needs Keras at every move, or reads later rows before earlier ones."""
    known = (RecurrentSpec, StackedSpec, DropoutSpec, DenseSpec)
    cells = layer.cells if isinstance(layer, StackedSpec) else (layer,)
    if isinstance(layer, BidirectionalSpec):
        slip = f"{layer.name!r} reads from both ends, so there is nothing that it says after some rows alone"
    elif any(isinstance(cell, OwnCellSpec) for cell in cells):
        slip = f"{layer.name!r} has a cell of your own, which only Keras can run"
    elif not isinstance(layer, known) and not (isinstance(layer, ClosedSpec) and layer.kind == "Softmax"):
        kind = getattr(layer, "kind", type(layer).__name__.removesuffix("Spec"))
        slip = f"it holds {layer.name!r}, a {kind}: apply it to the images first, or leave it out"
    elif any(
        getattr(cell, name).own
        for cell in cells
        for name in ("activation", "recurrent_activation")
        if hasattr(cell, name)
    ):
        slip = f"{layer.name!r} has an activation of your own, which only Keras can compute"
    elif isinstance(layer, (RecurrentSpec, StackedSpec)) and layer.manner.go_backwards:
        slip = f"{layer.name!r} has go_backwards=True and begins at the last row: turn the images round instead"
    elif isinstance(layer, (RecurrentSpec, StackedSpec)) and layer.manner.stateful:
        slip = f"{layer.name!r} is stateful, so that what it says depends on the digits before"
    else:
        return
    raise ValueError(_wanted(slip))


def _refuse_head(recurrent: RecurrentSpec | StackedSpec, above: list[LayerSpec]) -> None:
    """Raise ValueError where what stands above the last recurrent layer does not tell some classes apart."""
    dense = [layer for layer in above if isinstance(layer, DenseSpec)]
    closed = [layer for layer in above if isinstance(layer, ClosedSpec)]
    if recurrent.manner.return_sequences:
        slip = f"{recurrent.name!r} has return_sequences=True, so it answers at every step: its last state is enough"
    elif not dense:
        slip = "it does not end with a Dense: add one with a unit for each class and softmax"
    elif closed and (
        closed[-1] is not [layer for layer in above if not isinstance(layer, DropoutSpec)][-1] or len(closed) > 1
    ):
        slip = f"{closed[0].name!r}, a softmax, does not stand at the end"
    elif not FEWEST <= dense[-1].kernel.shape[1] <= MOST:
        slip = (
            f"{dense[-1].name!r} gives {dense[-1].kernel.shape[1]} numbers, and {FEWEST} to {MOST} classes can be shown"
        )
    elif dense[-1].activation.name not in (LOGITS if closed else LOGITS + SHARES):
        slip = (
            f"{dense[-1].name!r} ends in {dense[-1].activation.name}, which gives no shares of 1: use softmax, or none"
        )
    else:
        return
    raise ValueError(_wanted(slip))


def _refuse_steps(spec: Graph, x: np.ndarray) -> None:
    (shape,) = spec.input_shapes
    if len(shape) != 3 or any(size not in (None, own) for size, own in zip(shape[1:], x.shape[1:], strict=True)):
        raise ValueError(f"images must have the shape that the model reads, {shape}, but they have shape {x.shape}.")


def _last_dense(layers: list[LayerSpec]) -> DenseSpec:
    return [layer for layer in layers if isinstance(layer, DenseSpec)][-1]


def _with_sequences(layer: RecurrentSpec | StackedSpec) -> RecurrentSpec | StackedSpec:
    return replace(layer, manner=replace(layer.manner, return_sequences=True))


def _with_layers(spec: Graph, layers: list[LayerSpec]) -> Graph:
    nodes = tuple(replace(node, layer=layer) for node, layer in zip(spec.nodes, layers, strict=True))
    return replace(spec, nodes=nodes)
