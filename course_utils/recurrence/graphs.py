"""A model as plain data: its layers and how values flow between them, without Keras."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.recurrence.activation_functions import Activation
from course_utils.recurrence.specs import AnyRecurrent, BidirectionalSpec, RecurrentSpec

Nested = Any
Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class DenseSpec:
    """activation(x·kernel + bias), on the last axis."""

    name: str
    kernel: np.ndarray
    bias: np.ndarray | None
    activation: Activation
    dtype: np.dtype


@dataclass(frozen=True, eq=False)
class EmbeddingSpec:
    """A table look-up: row number → row. mask_zero: number 0 stands for "nothing here"."""

    name: str
    table: np.ndarray
    mask_zero: bool
    dtype: np.dtype


@dataclass(frozen=True)
class MaskingSpec:
    """A step whose features all equal ``value`` is skipped by the layers above."""

    name: str
    value: float
    dtype: np.dtype


@dataclass(frozen=True)
class FlattenSpec:
    """All axes but the batch become one."""

    name: str
    dtype: np.dtype


@dataclass(frozen=True)
class DropoutSpec:
    """Passes everything on: dropout works only while training."""

    name: str
    dtype: np.dtype


@dataclass(frozen=True, eq=False)
class TimeDistributedSpec:
    """The same layer on every time-step by itself."""

    name: str
    inner: "LayerSpec"


@dataclass(frozen=True, eq=False)
class ClosedSpec:
    """Any other layer: a box that only Keras can look into.

    call:       takes (args, kwargs) whose leaves are Flows, and returns nested Flows
    parameters: how many weights it holds; None where it is not built
    is_model:   it is a model with a call of its own
    why:        why a call of the user's own could not be followed
    """

    name: str
    kind: str
    call: Callable[[tuple, dict], Nested] = field(repr=False)
    parameters: int | None = 0
    is_model: bool = False
    why: str = ""


@dataclass(frozen=True)
class Value:
    """Stands for what flows from one node to others.

    number: the same for everybody who reads it
    shape:  as Keras writes it, None for a size that is not fixed; None alone where it is not known
    """

    number: int
    shape: Shape | None = None


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a layer, or of an operation such as a sum.

    args, kwargs: what it is given, nested, with a Value for each tensor
    outputs:      what it gives, in flat order
    entering:     what it reads, each value once, in the order in which it takes them; masks that Keras makes are not
                  among them
    kind:         its class in Keras
    summary:      the kind with its main arguments, e.g. ``LSTM(50, return_sequences=True)``
    parameters:   how many numbers it holds
    recurrent:    it is or holds a recurrent layer
    masked:       it is told which steps to skip
    again:        the layer was called before: this call uses the same weights
    makes_mask:   an operation that Keras puts in by itself to make a mask: nobody wrote it
    """

    layer: "LayerSpec"
    args: tuple
    kwargs: dict[str, Any]
    outputs: tuple[Value, ...]
    entering: tuple[Value, ...] = ()
    kind: str = ""
    summary: str = ""
    parameters: int = 0
    recurrent: bool = False
    masked: bool = False
    again: bool = False
    makes_mask: bool = False

    @property
    def name(self) -> str:
        """The name of its layer."""
        return self.layer.name


@dataclass(frozen=True, eq=False)
class Part:
    """What holds weights of its own: a layer, or a cell of one.

    name:    of the layer, with the way to it where another holds it, e.g. ``bidirectional/forward``
    cell:    its spec, where it is a cell of a known kind
    weights: (name, shape) of each
    """

    name: str
    kind: str
    cell: RecurrentSpec | None
    weights: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class Graph:
    """A model, or one layer by itself.

    kind:    its class in Keras
    nodes:   in order of execution
    inputs:  a Value for each, nested as the model takes them
    outputs: the same, nested as the model gives them
    input_names, output_names: in flat order; an output that has none is ""
    input_dtypes: in flat order
    free:    how many axes of an input, from the first, may have another size than declared
    parameters, trainable: how many numbers it holds and learns, as Keras counts them
    parts:   all that holds weights, a shared one once; of the outermost graph alone
    alone:   it is one layer by itself, not a model
    own:     of a layer or model with a call of its own: the thing itself, through Keras, to check by what was followed.
             ``inputs`` then are its arguments, by position and by name
    """

    name: str
    kind: str
    nodes: tuple[Node, ...]
    inputs: Nested
    outputs: Nested
    input_names: tuple[str, ...] = ("",)
    output_names: tuple[str, ...] = ("",)
    input_dtypes: tuple[str, ...] = ("float32",)
    free: int = 1
    parameters: int = 0
    trainable: int = 0
    parts: tuple[Part, ...] = ()
    alone: bool = False
    own: ClosedSpec | None = None

    @property
    def as_layer(self) -> "LayerSpec":
        """The layer where it is one alone, else the graph itself."""
        return self.nodes[0].layer if self.alone else self

    @property
    def calls(self) -> tuple[Node, ...]:
        """The nodes that somebody wrote, in order of execution."""
        return tuple(node for node in self.nodes if not node.makes_mask)

    @property
    def entering(self) -> list[Value]:
        """The inputs in flat order."""
        return [value for value in leaves(self.inputs) if isinstance(value, Value)]

    def as_called(self, inputs: Sequence["Flow"]) -> tuple[tuple, dict[str, Any]]:
        """Return inputs in flat order as a call of the user's own takes them: by position, and by name."""
        given = dict(zip(self.entering, inputs, strict=True))
        return map_nested(lambda leaf: given[leaf] if isinstance(leaf, Value) else leaf, self.inputs)

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shapes that each input may have, in flat order, with None for any size."""
        return tuple((*(None,) * self.free, *shape[self.free :]) for shape in self.built_shapes)

    @property
    def built_shapes(self) -> tuple[Shape, ...]:
        """The shapes that the inputs were declared with, which a Sequential does not hold to."""
        return tuple(value.shape or () for value in self.entering)

    @property
    def called_inputs(self) -> list[tuple[str, Value]]:
        """Each input with the name that somebody chose for it; "" where Keras made one up, which changes."""
        made_up = re.compile(r"(keras_tensor|input_layer|input)(_?\d+)?")
        names = ("" if made_up.fullmatch(name) else name for name in self.input_names)
        return list(zip(names, dict.fromkeys(self.entering), strict=True))

    @property
    def called_outputs(self) -> list[tuple[str, Value]]:
        """Each output with its name."""
        return list(zip(self.output_names, leaves(self.outputs), strict=True))


LayerSpec = (
    AnyRecurrent
    | BidirectionalSpec
    | DenseSpec
    | EmbeddingSpec
    | MaskingSpec
    | FlattenSpec
    | DropoutSpec
    | TimeDistributedSpec
    | ClosedSpec
    | Graph
)


@dataclass(frozen=True, eq=False)
class Flow:
    """A value on its way between layers, with its mask (or None)."""

    value: np.ndarray
    mask: np.ndarray | None = None


def chain(layers: Sequence["LayerSpec"], *, steps: int | None = None, features: int | None = None) -> Graph:
    """Return the model of layers one after the other, each with one output, as ``keras.Sequential`` makes it."""
    values = [Value(0, (None, steps, features)), *map(Value, range(1, len(layers) + 1))]
    nodes = tuple(
        Node(layer, (below,), {}, (above,), (below,))
        for layer, below, above in zip(layers, values, values[1:], strict=False)
    )
    return Graph("chain", "Sequential", nodes, values[0], values[-1], ("input",))


def map_nested(function: Callable[[Any], Any], nested: Nested) -> Nested:
    """Apply a function to every leaf of nested tuples, lists and dictionaries."""
    if isinstance(nested, Mapping):
        return {key: map_nested(function, value) for key, value in nested.items()}
    if isinstance(nested, (list, tuple)):
        return type(nested)(map_nested(function, part) for part in nested)
    return function(nested)


def leaves(nested: Nested) -> list[Any]:
    """Return the leaves of nested tuples, lists and dictionaries; dictionaries by sorted key, as Keras does."""
    if isinstance(nested, Mapping):
        return [leaf for key in sorted(nested) for leaf in leaves(nested[key])]
    if isinstance(nested, (list, tuple)):
        return [leaf for part in nested for leaf in leaves(part)]
    return [nested]
