"""trace: a Keras layer or model on an input, with every value on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.recurrence.checking import as_arrays, as_numbers, as_sequences
from course_utils.recurrence.executing import Execution, LayerFlow
from course_utils.recurrence.graphs import Flow, Graph, LayerSpec, Nested, TimeDistributedSpec, leaves, map_nested
from course_utils.recurrence.running import RecurrentTrace
from course_utils.recurrence.specs import AnyRecurrent, BidirectionalSpec


@dataclass(frozen=True, eq=False)
class Trace:
    """What ``trace`` returns.

    output:     equal to ``model(x)``, nested the same way
    recurrent:  one RecurrentTrace a recurrent cell, in order of execution; a Bidirectional gives two,
                ``name/forward`` and ``name/backward``; stacked cells one each, ``name/cell_1`` and so on
    layers:     by layer name, what went in and what came out; a layer called again is ``name#2``
    """

    output: Nested
    recurrent: tuple[RecurrentTrace, ...] = field(repr=False)
    layers: Mapping[str, LayerFlow] = field(repr=False)


def trace(model: Any, x: Any, *, initial_state: Any = None, mask: Any = None) -> Trace:
    """Trace a recurrent Keras layer or model on an input, in NumPy.

    model:          SimpleRNN, LSTM, GRU, RNN over any cell, Bidirectional or TimeDistributed of these, a
                    Sequential or functional model of them and others, or a layer or model with a ``call`` that you
                    wrote, as far as it calls Keras's layers and ``keras.ops``; an unbuilt one is built for x.
                    Layers that are not recurrent and not common are called through Keras
    x:              what the model takes: an array (batch, T, F), or a list or dict of arrays
    initial_state:  for a layer: its state, or the list of its states (LSTM: [h, c]);
                    for a model: a mapping from layer name
    mask:           for a layer: (batch, T), False where a step is to be skipped

    Returns a Trace whose ``output`` equals ``model(x)``. A stateful layer starts where it
    stands now, and does not move on.
    Raises TypeError for what holds no recurrence, ValueError for what does not fit, in one sentence.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> traced = trace(keras.layers.LSTM(4), np.ones((1, 3, 2), "float32"))
    >>> traced.output.shape, traced.recurrent[0].gates["f"].shape
    ((1, 4), (1, 3, 4))
    """
    from course_utils.recurrence.reading import read_recurrent_model

    spec = read_recurrent_model(model, x).as_layer
    if isinstance(spec, Graph):
        return _trace_model(spec, x, initial_state, mask)
    if isinstance(spec, TimeDistributedSpec) and not (initial_state is None and mask is None):
        raise ValueError(
            "initial_state and mask are for a recurrent layer itself, but this is a TimeDistributed around one."
        )
    checked = as_numbers(x, "x must be an array of shape (batch, time-steps, features)")
    return _traced(Execution(), spec, [Flow(checked)], initial_state=initial_state, mask=mask)


def _trace_model(spec: Graph, x: Any, states: Any, mask: Any) -> Trace:
    names = {node.layer.name for node in spec.nodes}
    if states is not None and (not isinstance(states, Mapping) or not set(states) <= names):
        raise ValueError(
            f"initial_state must be a mapping from the name of a layer to its state; names are {sorted(names)}."
        )
    if mask is not None:
        raise ValueError(
            "mask is for a layer alone; a model takes its masks from Masking or Embedding(mask_zero=True)."
        )
    return _traced(Execution(dict(states or {})), spec, as_inputs(spec, x))


def _traced(execution: Execution, spec: LayerSpec, inputs: list[Flow], **given: Any) -> Trace:
    output = map_nested(lambda flow: flow.value, execution.run(spec, inputs, **given))
    return Trace(output, tuple(execution.recurrent), execution.layers)


def inputs_of(spec: LayerSpec, x: Any) -> list[np.ndarray]:
    """Return the arrays that a layer or model takes, in flat order, checked. Raises as ``trace`` does."""
    if isinstance(spec, Graph):
        return [flow.value for flow in as_inputs(spec, x)]
    array = as_numbers(x, "x must be an array of shape (batch, time-steps, features)")
    side = spec.forward if isinstance(spec, BidirectionalSpec) else spec
    if isinstance(side, AnyRecurrent):
        as_sequences(array, side)
    return [array]


def as_inputs(spec: Graph, x: Any) -> list[Flow]:
    """Return the inputs of a model in flat order, each in its rank and precision.

    As in Keras, a last axis of one number may be left out or be there too many; but a call of the user's own gets x as
    it is.
    """
    if spec.own is not None:
        return [Flow(array) for array in leaves(as_arrays(x))]
    if isinstance(x, Mapping):
        keys = sorted(spec.inputs) if isinstance(spec.inputs, Mapping) else spec.input_names
        missing = [key for key in keys if key not in x]
        if missing:
            raise ValueError(f"x must hold the inputs {', '.join(keys)}, but {missing[0]!r} is missing.")
        unknown = [key for key in x if key not in keys]
        if unknown:
            raise ValueError(f"x must hold the inputs {', '.join(keys)} and no other, but {unknown[0]!r} is there too.")
        arrays = [x[key] for key in keys]
    else:
        single = len(spec.input_shapes) == 1
        rank = len(spec.input_shapes[0])
        listed = isinstance(x, (list, tuple)) and len(x) == 1 and getattr(x[0], "ndim", None) == rank
        arrays = leaves(x) if not single else list(x) if listed else [x]
    if len(arrays) != len(spec.input_shapes):
        came = f"holds {len(arrays)}" if isinstance(x, (list, tuple, Mapping)) else f"is one {type(x).__name__}"
        raise ValueError(
            f"x must be a list of {len(spec.input_shapes)} arrays, one for each of the inputs "
            f"{', '.join(spec.input_names)}, but it {came}."
        )
    known = zip(arrays, spec.input_shapes, spec.input_dtypes, spec.input_names, strict=True)
    return [Flow(_as_input(*parts)) for parts in known]


def _as_input(x: Any, shape: tuple[int | None, ...], dtype: str, name: str) -> np.ndarray:
    sizes = ", ".join(["batch", *("any" if size is None else str(size) for size in shape[1:])])
    expected = f"x must be an array of shape ({sizes}) for the input {name!r}"
    array = as_numbers(x, expected)
    if array.ndim == len(shape) - 1 and shape[-1] == 1:
        array = array[..., None]
    elif array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    fits = array.ndim == len(shape) and all(size in (None, has) for size, has in zip(shape, array.shape, strict=True))
    if not fits or 0 in array.shape[:2]:
        slip = (
            "a batch axis is missing, pass x[None]"
            if array.ndim == len(shape) - 1
            else "each axis must fit, and none may be empty"
        )
        raise ValueError(f"{expected}, but it has shape {array.shape}: {slip}.")
    return array.astype(dtype, copy=False)
