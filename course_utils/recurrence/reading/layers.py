"""Read one Keras layer into its spec; a closed box for those that are not read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence.checking import in_precision
from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    DropoutSpec,
    EmbeddingSpec,
    FlattenSpec,
    Flow,
    LayerSpec,
    MaskingSpec,
    TimeDistributedSpec,
    map_nested,
)
from course_utils.recurrence.kinds import KINDS, OWN_CELLS
from course_utils.recurrence.reading.backend import activation_of, dtype_of, to_numpy, to_tensor
from course_utils.recurrence.reading.operations import read_operations
from course_utils.recurrence.specs import (
    AnyRecurrent,
    BidirectionalSpec,
    CellOperation,
    CellSpec,
    Manner,
    OwnCellSpec,
    RecurrentSpec,
    StackedSpec,
)

Reader = Callable[[Any], LayerSpec]
"""Reads any layer, a model inside a model too; handed down to layers that hold others."""


def read_layer(layer: Any, read_any: Reader) -> LayerSpec:
    """Return the spec of a layer that is no model. A subclass whose call is its own is a closed box."""
    for kind, reader in _readers(read_any).items():
        if is_plain(layer, kind):
            return reader(layer) or closed(layer)
    return closed(layer)


def is_plain(layer: Any, kind: type) -> bool:
    """Return whether a layer or cell does just what a class of Keras does: a subclass may override anything."""
    decisive = ("call", "__call__", "compute_mask", "inner_loop", "get_initial_state")
    same = all(getattr(type(layer), name, None) is getattr(kind, name, None) for name in decisive)
    return isinstance(layer, kind) and same


def _readers(read_any: Reader) -> dict[type, Any]:
    """Return, for each Keras layer that is read, the function that reads it; special kinds first."""
    layers = quiet_keras().layers
    return {
        layers.RNN: _read_rnn,
        layers.SimpleRNN: _read_rnn,
        layers.LSTM: _read_rnn,
        layers.GRU: _read_rnn,
        layers.Bidirectional: lambda layer: _read_bidirectional(layer, read_any),
        layers.TimeDistributed: lambda layer: _read_time_distributed(layer, read_any),
        layers.Dense: _read_dense,
        layers.Embedding: _read_embedding,
        layers.Masking: lambda layer: MaskingSpec(layer.name, layer.mask_value, dtype_of(layer)),
        layers.Dropout: lambda layer: DropoutSpec(layer.name, dtype_of(layer)) if layer.supports_masking else None,
        layers.Flatten: lambda layer: (
            FlattenSpec(layer.name, dtype_of(layer)) if layer.data_format == "channels_last" else None
        ),
    }


def calls_its_layers(model: Any) -> bool:
    """Return whether it is a model that does no more than call its layers: one without a call of its own."""
    own = getattr(type(model).call, "__module__", "")
    return isinstance(model, quiet_keras().Model) and own.startswith("keras.")


def trains(layer: Any) -> bool:
    """Return whether ``training=True`` changes what a layer gives: dropout, or anything that is not read."""
    keras = quiet_keras()
    layers = keras.layers
    known = (*_readers(lambda layer: layer), *_cell_kinds(), layers.StackedRNNCells, layers.InputLayer)
    parts = layer._flatten_layers() if isinstance(layer, keras.Layer) else ()
    drops = any(getattr(part, name, 0) for part in parts for name in ("dropout", "recurrent_dropout", "rate"))
    return drops or not all(calls_its_layers(part) or any(is_plain(part, kind) for kind in known) for part in parts)


def _read_rnn(layer: Any) -> AnyRecurrent | None:
    """Read SimpleRNN, LSTM, GRU, or RNN over any cell; None where an input is not (batch, steps, features)."""
    keras = quiet_keras()
    manner = Manner(
        steps=_built_steps(layer),
        dtype=dtype_of(layer),
        **{
            name: bool(getattr(layer, name, False))
            for name in (
                "return_sequences",
                "return_state",
                "go_backwards",
                "stateful",
                "unroll",
                "zero_output_for_mask",
            )
        },
    )
    held = None
    if layer.stateful and layer.states is not None:
        held = tuple(to_numpy(state) for state in keras.tree.flatten(layer.states))
    if not isinstance(layer.cell, keras.layers.StackedRNNCells):
        return read_cell(layer.cell, layer.name, manner, held)
    cells = layer.cell.cells
    read = (read_cell(cell, f"{layer.name}/cell_{i}", manner) for i, cell in enumerate(cells, start=1))
    specs = [spec for spec in read if spec is not None]
    if len(specs) < len(cells):
        return None
    bare = tuple(not keras.tree.is_nested(state) for state in layer.cell.get_initial_state(batch_size=1))
    return StackedSpec(layer.name, tuple(specs), bare, manner, held)


def read_cell(cell: Any, name: str, manner: Manner, held: tuple | None = None) -> CellSpec | None:
    """Read a cell of a known kind with its weights; any other as something to be called."""
    kinds = _cell_kinds()
    kind = next((kinds[known] for known in kinds if is_plain(cell, known)), None)
    if kind is None:
        return _read_own_cell(cell, name, manner, held)
    dtype = dtype_of(cell)
    gated = {"recurrent_activation": activation_of(cell.recurrent_activation)} if KINDS[kind].gates else {}
    return RecurrentSpec(
        kind=kind,
        name=name,
        kernel=in_precision(to_numpy(cell.kernel), dtype),
        recurrent_kernel=in_precision(to_numpy(cell.recurrent_kernel), dtype),
        bias=in_precision(to_numpy(cell.bias), dtype) if cell.use_bias else None,
        activation=activation_of(cell.activation),
        reset_after=kind == "GRU" and cell.reset_after,
        manner=manner,
        held=held,
        dtype=dtype,
        arguments=cell.get_config(),
        vectors={weight: in_precision(to_numpy(getattr(cell, weight)), dtype) for weight in KINDS[kind].vectors},
        **gated,
    )


def _cell_kinds() -> dict[type, str]:
    """Return the kinds that are known, by the class of their cells."""
    layers = quiet_keras().layers
    return {layers.SimpleRNNCell: "SimpleRNN", layers.LSTMCell: "LSTM", layers.GRUCell: "GRU", **OWN_CELLS}


def _read_own_cell(cell: Any, name: str, manner: Manner, held: tuple | None) -> OwnCellSpec | None:
    """Read a user's own cell: it is called through Keras, one step at a time."""
    keras = quiet_keras()
    sizes = keras.tree.flatten(cell.state_size)
    if not all(isinstance(size, int) for size in sizes):
        return None
    output_size = getattr(cell, "output_size", None) or sizes[0]
    dtype = dtype_of(cell) if hasattr(cell, "compute_dtype") else np.dtype("float32")

    def first_states(batch: int) -> Any:
        maker = getattr(cell, "get_initial_state", None)
        states = maker(batch_size=batch) if maker else [keras.ops.zeros((batch, size)) for size in sizes]
        return states if keras.tree.is_nested(states) else [states]

    def start(batch: int) -> tuple[np.ndarray, ...]:
        return tuple(to_numpy(state) for state in keras.tree.flatten(first_states(batch)))

    def step(x: np.ndarray, states: tuple[np.ndarray, ...]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        packed = keras.tree.pack_sequence_as(first_states(len(x)), [to_tensor(state, dtype) for state in states])
        output, after = cell(to_tensor(x, dtype), packed)
        return to_numpy(output), tuple(to_numpy(state) for state in keras.tree.flatten(after))

    def nest(flat: list[Any]) -> Any:
        return keras.tree.pack_sequence_as(first_states(1), flat)

    def inside(x: np.ndarray, states: tuple[np.ndarray, ...]) -> tuple[CellOperation, ...] | None:
        return read_operations(cell, x, states, nest, dtype)

    weights = {weight.name: to_numpy(weight) for weight in getattr(cell, "weights", ())}
    return OwnCellSpec(
        name, type(cell).__name__, tuple(sizes), output_size, step, inside, start, nest, weights, manner, held, dtype
    )


def _read_bidirectional(layer: Any, read_any: Reader) -> BidirectionalSpec | None:
    forward, backward = read_any(layer.forward_layer), read_any(layer.backward_layer)
    if not isinstance(forward, AnyRecurrent) or not isinstance(backward, AnyRecurrent):
        return None
    forward, backward = _renamed(forward, f"{layer.name}/forward"), _renamed(backward, f"{layer.name}/backward")
    return BidirectionalSpec(layer.name, forward, backward, layer.merge_mode, dtype_of(layer))


def _renamed(spec: AnyRecurrent, name: str) -> AnyRecurrent:
    if not isinstance(spec, StackedSpec):
        return replace(spec, name=name)
    cells = tuple(replace(cell, name=f"{name}/cell_{i}") for i, cell in enumerate(spec.cells, start=1))
    return replace(spec, name=name, cells=cells)


def _read_time_distributed(layer: Any, read_any: Reader) -> TimeDistributedSpec | None:
    """Read a layer that works on each step by itself.

    None where it may behave differently under a mask; where it has another precision: Keras goes past the place where
    the inner layer would convert its input; and where the inner layer is stateful: its states go on from step to step.
    """
    inner = read_any(layer.layer)
    other = isinstance(inner, (ClosedSpec, EmbeddingSpec, MaskingSpec)) or dtype_of(layer) != dtype_of(layer.layer)
    goes_on = any(getattr(part, "stateful", False) for part in layer.layer._flatten_layers())
    return None if other or goes_on else TimeDistributedSpec(layer.name, inner)


def _read_dense(layer: Any) -> DenseSpec | None:
    if getattr(layer, "quantization_mode", None) or not layer.supports_masking:
        return None
    dtype = dtype_of(layer)
    bias = in_precision(to_numpy(layer.bias), dtype) if layer.use_bias else None
    return DenseSpec(
        layer.name, in_precision(to_numpy(layer.kernel), dtype), bias, activation_of(layer.activation), dtype
    )


def _read_embedding(layer: Any) -> EmbeddingSpec | None:
    if getattr(layer, "quantization_mode", None):
        return None
    return EmbeddingSpec(layer.name, to_numpy(layer.embeddings), layer.mask_zero, dtype_of(layer))


def closed(layer: Any) -> ClosedSpec:
    """Wrap a layer that is not read: it is called through Keras, values and masks in and out."""
    keras = quiet_keras()

    def entering(leaf: Any) -> Any:
        if not isinstance(leaf, Flow):
            return leaf
        tensor = keras.ops.convert_to_tensor(leaf.value)
        if leaf.mask is not None:
            tensor._keras_mask = keras.ops.convert_to_tensor(leaf.mask)
        return tensor

    def leaving(tensor: Any) -> Flow:
        mask = getattr(tensor, "_keras_mask", None)
        return Flow(to_numpy(tensor), None if mask is None else to_numpy(mask))

    def call(args: tuple, kwargs: dict[str, Any]) -> Any:
        parts = layer._flatten_layers() if isinstance(layer, keras.Layer) else ()
        states = keras.tree.flatten([getattr(part, "states", None) or [] for part in parts])
        kept = [(variable, to_numpy(variable)) for variable in (*getattr(layer, "variables", ()), *states)]
        try:
            return map_nested(leaving, layer(*map_nested(entering, args), **map_nested(entering, kwargs)))
        finally:  # a trace leaves the model as it was: states, counters, random seeds
            for variable, value in kept:
                variable.assign(value)

    built = getattr(layer, "built", True)
    total = sum(int(np.prod(weight.shape)) for weight in getattr(layer, "weights", ()))
    is_model = isinstance(layer, keras.Model)
    return ClosedSpec(layer.name, type(layer).__name__, call, total if built else None, is_model)


def _built_steps(layer: Any) -> int | None:
    """Return T where the layer was connected to an input of a fixed length."""
    try:
        return layer.input.shape[1]
    except (AttributeError, ValueError):  # never called on a symbolic input, or on several: any T will do
        return None
