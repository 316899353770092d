"""A model as plain data: its layers and how values flow between them, without Keras."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.recurrence.activation_functions import Activation
from course_utils.recurrence.specs import AnyRecurrent, BidirectionalSpec

Nested = Any


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
    """

    name: str
    kind: str
    call: Callable[[tuple, dict], Nested] = field(repr=False)
    parameters: int | None = 0


@dataclass(frozen=True)
class Ref:
    """Stands for a value that another node gives."""

    number: int


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a layer. args, kwargs: nested, with a Ref for each value; outputs: the numbers it gives."""

    layer: "LayerSpec"
    args: tuple
    kwargs: dict[str, Any]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class GraphSpec:
    """A model: nodes in order of execution.

    inputs:  the Refs of the inputs, nested as the model takes them
    input_shapes, input_dtypes, input_names: of each input, in flat order; None where any size will do
    outputs: nested Refs
    built_shapes: the shapes that the inputs were declared with, which a Sequential does not hold to
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: Nested
    input_shapes: tuple[tuple[int | None, ...], ...]
    input_dtypes: tuple[str, ...]
    input_names: tuple[str, ...]
    outputs: Nested
    built_shapes: tuple[tuple[int | None, ...], ...] = ()


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
    | GraphSpec
)


@dataclass(frozen=True, eq=False)
class Flow:
    """A value on its way between layers, with its mask (or None)."""

    value: np.ndarray
    mask: np.ndarray | None = None


def chain(layers: Sequence["LayerSpec"], *, steps: int | None = None, features: int | None = None) -> GraphSpec:
    """Return the model of layers one after the other, each with one output, as ``keras.Sequential`` makes it."""
    nodes = tuple(Node(layer, (Ref(place),), {}, (place + 1,)) for place, layer in enumerate(layers))
    shapes = ((None, steps, features),)
    return GraphSpec("chain", nodes, Ref(0), shapes, ("float32",), ("input",), Ref(len(nodes)), shapes)


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
