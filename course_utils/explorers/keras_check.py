"""The button "check with Keras": the one place where an explorer asks Keras, and only when asked."""

import re
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from course_utils.drawing.wording import counted
from course_utils.quiet import quiet_keras
from course_utils.recurrence.activation_facts import facts_of
from course_utils.recurrence.backpropagation import GradientFlow, flow_back, frobenius, in_double_precision
from course_utils.recurrence.counting import weights_in
from course_utils.recurrence.executing import Execution
from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    FlattenSpec,
    Flow,
    Graph,
    LayerSpec,
    TimeDistributedSpec,
    leaves,
)
from course_utils.recurrence.running import run
from course_utils.recurrence.specs import BidirectionalSpec, RecurrentSpec

ROUNDING = 1e-5  # of single precision, for values up to 1
ROUNDING_OF_DOUBLES = 1e-9
CLOSE = 1e-6  # of the size of a gradient
CLOSE_SLOPES = 1e-4  # ours are measured by differences
SMALLEST = 1e-290  # sizes below have lost their digits
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
        f"Keras counts {layer.count_params():,} parameters."
    )


def check_own(spec: RecurrentSpec, x: Any, layer: Any) -> str:
    """Ask Keras; a stateful layer starts where it stood when it was read, and is left as it is."""
    if spec.held is None or layer is None:
        return check_with_keras(spec, x, layer)
    states = getattr(layer, "layers", [layer])[-1].states
    now = [np.array(state) for state in states]
    _put(states, spec.held)
    try:
        return check_with_keras(spec, x, layer)
    finally:
        _put(states, now)


def _put(states: list[Any], values: Sequence[np.ndarray]) -> None:
    """Write numbers into the states that a stateful layer holds."""
    for state, value in zip(states, values, strict=True):
        state.assign(value)


def gradient_check(spec: RecurrentSpec, x: np.ndarray) -> str:
    """Ask TensorFlow's tape for the gradient of the last state at every step, and say how far ours is from it.

    spec: the SimpleRNN, LSTM or GRU that is shown; x: (1, T, F)
    """
    flows = flow_back(spec, x), flow_by_tape(spec, x)
    ours, theirs = (np.stack([flow.hidden, flow.state]) for flow in flows)
    scale = np.maximum(np.nan_to_num(np.abs(theirs), posinf=1), SMALLEST)
    difference = _difference(ours / scale, theirs / scale)
    return (
        f"{_agreement('The tape of TensorFlow', difference <= CLOSE)} It takes the gradient of the same Keras layer "
        f"in double precision, at {'every one of ' * (x.shape[1] > 1)}{counted(x.shape[1], 'step')}. "
        f"The largest difference is {difference:.1e} of the size; below {CLOSE:.0e} it is rounding."
    )


def flow_by_tape(spec: RecurrentSpec, x: np.ndarray) -> GradientFlow:
    """Return the sizes of the gradient as TensorFlow's tape finds them, through Keras's own cell.

    The batch is U copies of x, (1, T, F), and the tape follows the sum over u of unit u in copy u: then the gradient
    in copy u is row u of ∂h_T/∂s_t, and one way back gives all rows at all steps.
    """
    spec = in_double_precision(spec)
    layer = _in_double_precision(_layer(spec))
    import tensorflow as tf  # after Keras, which loads it without noise

    layer.build(x.shape)
    layer.set_weights(weights_of(spec))
    trace = run(spec, x)
    copies, after = tf.repeat(tf.constant(trace.x), spec.units, axis=0), []
    states = [tf.zeros((spec.units, size), tf.float64) for size in spec.state_sizes]
    with tf.GradientTape() as tape:
        tape.watch(states)
        for step in range(trace.steps):
            shown = [state[:, step] for state in (trace.hidden, trace.cell_state) if state is not None]
            states = [
                _without_rounding(*each) for each in zip(layer.cell(copies[:, step], states)[1], shown, strict=True)
            ]
            after.append(states)
        followed = tf.linalg.trace(states[0])
    rows = tape.gradient(followed, after, unconnected_gradients="zero")
    chains = np.stack([np.concatenate([each.numpy() for each in of_step], axis=-1) for of_step in rows])[:, None]
    return GradientFlow(frobenius(chains[..., : spec.units]), frobenius(chains))


def _in_double_precision(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config() | {"dtype": "float64"})


def _without_rounding(state: Any, shown: np.ndarray) -> Any:
    """Return a state of Keras with the digits of the one shown, where only rounding tells them apart.

    Where a gradient explodes, so does rounding, step by step; then two gradients would be taken at two places.
    The result is a tensor of its own, so that the gradient for c leaves out the way through h of the same step.
    """
    import tensorflow as tf

    rounding = shown - state
    return state + tf.stop_gradient(tf.where(abs(rounding) < ROUNDING_OF_DOUBLES, rounding, 0))


def activation_check(names: Sequence[str], x: float) -> str:
    """Ask Keras for the value of activation functions at x and TensorFlow's tape for the slope; say how far ours are.

    names: Keras's names of functions that take one number
    """
    apart, remarks = [0.0], []
    for name in names:
        facts, (value, slope, rise) = facts_of(name), _value_and_slopes(name, x)
        ours = facts.slopes(x)
        beyond = max(min(ours) - slope, slope - max(ours), 0)  # at a kink any slope between the two is right
        if beyond > CLOSE_SLOPES and abs(rise - ours[0]) <= CLOSE_SLOPES:
            remarks.append(
                f" At this very x the tape gives {name} the slope {slope:g}; Keras's values rise by {rise:.4g}."
            )
            beyond = abs(rise - ours[0])
        remarks += [f" At its kink Keras takes the slope {slope:g} for {name}."] if len(ours) > 1 else []
        apart += [abs(facts.value(x) - value), beyond]
    difference = max(apart)
    return (
        f"{_agreement('Keras', difference <= CLOSE_SLOPES)} The largest difference, of values and slopes, is "
        f"{difference:.1e}; below {CLOSE_SLOPES:.0e} it is rounding.{''.join(remarks)}"
    )


def _value_and_slopes(name: str, x: float) -> tuple[float, float, float]:
    """Return Keras's value at x, the slope that the tape finds, and how the values around x rise.

    The last two differ where a function is put together of two halves and the tape adds up the slopes of both: at
    x = 0 it gives celu the slope 2.
    """
    function = getattr(quiet_keras().activations, name)
    import tensorflow as tf  # after Keras, which loads it without noise

    point = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = function(point)
    slope = tape.gradient(value, point, unconnected_gradients="zero")
    rise = (function(point + CLOSE) - function(point - CLOSE)) / (2 * CLOSE)
    return float(value), float(slope), float(rise)


def built(spec: LayerSpec, shape: tuple[int, ...]) -> Any:
    """Return a Keras layer or model with the weights of a spec; it takes nothing from Keras's random numbers."""
    if isinstance(spec, Graph):
        keras = quiet_keras()
        layer = keras.Sequential([keras.Input(shape[1:]), *_named_afresh([_layer(node.layer) for node in spec.nodes])])
    else:
        layer = _layer(spec)
        layer.build(shape)
    layer.set_weights(weights_of(spec))
    return layer


def _named_afresh(layers: list[Any]) -> list[Any]:
    """Name layers as Keras does in a fresh kernel, so that its errors speak of the layers that are shown."""
    bases = [re.sub(r"_\d+$", "", layer.name) for layer in layers]
    for place, (layer, base) in enumerate(zip(layers, bases, strict=True)):
        before = bases[:place].count(base)
        layer.name = f"{base}_{before}" if before else base
    return layers


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


def weights_of(spec: LayerSpec) -> list[np.ndarray]:
    """Return the weights of a layer or model in the order in which Keras takes them."""
    match spec:
        case RecurrentSpec():
            return list(spec.weights.values())
        case BidirectionalSpec():
            return [*weights_of(spec.forward), *weights_of(spec.backward)]
        case DenseSpec():
            return [spec.kernel] if spec.bias is None else [spec.kernel, spec.bias]
        case TimeDistributedSpec():
            return weights_of(spec.inner)
        case Graph():
            return [array for node in spec.nodes for array in weights_of(node.layer)]
        case _:
            return []


def _agreement(who: str, same: bool) -> str:
    return f"{who} says {'the same' if same else 'something else: please report this'}."


def _first(output: Any) -> Any:
    """Return the output without the returned states."""
    return output[0] if isinstance(output, (tuple, list)) else output


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference; where both are NaN, or the same infinity, there is none."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return float(np.max(np.abs(np.where(same, 0, ours) - np.where(same, 0, theirs)), initial=0))
