"""The button "check with Keras": the one place where an explorer asks Keras, and only when asked."""

from functools import singledispatch
from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.recurrence.counting import weights_in
from course_utils.recurrence.executing import Execution
from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    FlattenSpec,
    Flow,
    GraphSpec,
    LayerSpec,
    TimeDistributedSpec,
    leaves,
)
from course_utils.recurrence.specs import BidirectionalSpec, RecurrentSpec

ROUNDING = 1e-5  # of single precision, for values up to 1
ZEROS = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros", "seed": 0}  # takes no random numbers


def check_with_keras(spec: LayerSpec, x: np.ndarray, layer: Any = None) -> str:
    """Ask Keras for the output of a layer or model, and say how far ours is from it.

    spec:  the layer or model that is shown
    x:     (batch, T, F)
    layer: the user's own Keras layer that the spec was read from; without it one is built
           and given the weights shown
    Returns one or two sentences.
    """
    layer = layer if layer is not None else built(spec, x.shape)
    theirs = np.asarray(_first(layer(x)), float)
    ours = np.asarray(leaves(Execution().call(spec, (Flow(x),), {}))[0].value, float)
    difference = _difference(ours, theirs)
    limit = ROUNDING * max(1.0, np.nanmax(np.abs(theirs), initial=0))
    half = getattr(spec, "dtype", ours.dtype).itemsize < 4
    same = difference <= (1000 * limit if half else limit) and layer.count_params() == weights_in(spec)
    return (
        f"Keras says {'the same' if same else 'something else: please report this'}. "
        f"The largest difference is {difference:.8f}; below {limit:.5f} it is rounding. "
        f"Keras counts {layer.count_params()} parameters."
    )


def built(spec: LayerSpec, shape: tuple[int, ...]) -> Any:
    """Return a Keras layer or model with the weights of a spec; it takes nothing from Keras's random numbers."""
    keras = quiet_keras()
    if isinstance(spec, GraphSpec):
        model = keras.Sequential([keras.Input(shape[1:]), *(_layer(node.layer) for node in spec.nodes)])
        for layer, node in zip(model.layers, spec.nodes, strict=True):
            layer.set_weights(_weights(node.layer))
        return model
    layer = _layer(spec)
    layer.build(shape)
    layer.set_weights(_weights(spec))
    return layer


@singledispatch
def _layer(spec: Any) -> Any:
    """Return the Keras layer of a spec, without its weights."""
    raise TypeError(f"{type(spec).__name__} cannot be built in Keras.")


@_layer.register
def _(spec: RecurrentSpec) -> Any:
    manner, keras = spec.manner, quiet_keras()
    names = ("return_sequences", "return_state", "go_backwards")
    arguments = {name: getattr(manner, name) for name in names} | {"use_bias": spec.use_bias, **ZEROS}
    if spec.kind == "GRU":
        arguments["reset_after"] = spec.reset_after
    if spec.kind != "SimpleRNN":
        arguments["recurrent_activation"] = spec.recurrent_activation.name
    return getattr(keras.layers, spec.kind)(spec.units, activation=spec.activation.name, **arguments)


@_layer.register
def _(spec: BidirectionalSpec) -> Any:
    return quiet_keras().layers.Bidirectional(
        _layer(spec.forward), backward_layer=_layer(spec.backward), merge_mode=spec.merge_mode
    )


@_layer.register
def _(spec: DenseSpec) -> Any:
    return quiet_keras().layers.Dense(
        spec.kernel.shape[1],
        activation=spec.activation.name,
        kernel_initializer="zeros",
        use_bias=spec.bias is not None,
    )


@_layer.register
def _(spec: TimeDistributedSpec) -> Any:
    return quiet_keras().layers.TimeDistributed(_layer(spec.inner))


@_layer.register
def _(spec: FlattenSpec) -> Any:
    return quiet_keras().layers.Flatten()


@_layer.register
def _(spec: ClosedSpec) -> Any:
    return getattr(quiet_keras().layers, spec.kind)()


def _weights(spec: LayerSpec) -> list[np.ndarray]:
    match spec:
        case RecurrentSpec():
            return list(spec.weights.values())
        case BidirectionalSpec():
            return [*_weights(spec.forward), *_weights(spec.backward)]
        case DenseSpec():
            return [spec.kernel] if spec.bias is None else [spec.kernel, spec.bias]
        case TimeDistributedSpec():
            return _weights(spec.inner)
        case _:
            return []


def _first(output: Any) -> Any:
    """Return the output without the returned states."""
    return output[0] if isinstance(output, (tuple, list)) else output


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference; where both are NaN, or the same infinity, there is none."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return float(np.max(np.abs(np.where(same, 0, ours) - np.where(same, 0, theirs)), initial=0))
