"""The gradient back through time against TensorFlow's tape."""

import numpy as np
import pytest

import course_utils
from course_utils.recurrence.backpropagation import flow_back
from course_utils.recurrence.reading import read_recurrent


def by_tape(keras, layer, x, step):
    """Return |∂h_T/∂h_step| and |∂h_T/∂(h_step, c_step)| from TensorFlow's tape."""
    import tensorflow as tf

    sizes = keras.tree.flatten(layer.cell.state_size)
    states = [tf.zeros((len(x), size), layer.compute_dtype) for size in sizes]
    for t in range(step):
        _output, states = layer.cell(x[:, t], states)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(states)
        after = list(states)
        for t in range(step, x.shape[1]):
            _output, after = layer.cell(x[:, t], after)
        units = tf.unstack(tf.identity(after[0]), axis=1)
    # One unit after the other: tape.batch_jacobian would compile a program for each step. Samples do not meet, so that
    # the gradient of a unit, which the tape sums over the batch, is that of each sample.
    rows = [tape.gradient(unit, states, unconnected_gradients="zero") for unit in units]
    squares = [sum((row[place].numpy() ** 2).sum(axis=1) for row in rows) for place in range(len(states))]
    return np.sqrt(squares[0].mean()), np.sqrt(sum(squares).mean())


@pytest.mark.parametrize("arguments", [{}, {"activation": "relu"}, {"activation": "softsign"}], ids=str)
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_gradient_equals_the_tape(keras, kind, arguments):
    random = np.random.default_rng(0)
    layer = getattr(keras.layers, kind)(4, dtype="float64", **arguments)
    layer.build((None, 6, 3))
    layer.set_weights([weight + 0.2 * random.standard_normal(weight.shape) for weight in layer.get_weights()])
    x = random.standard_normal((3, 6, 3))
    flow = course_utils.gradient_flow(layer, x)
    assert flow.hidden.shape == flow.state.shape == (6,)
    for step in range(1, 6):
        hidden, state = by_tape(keras, layer, x, step)
        np.testing.assert_allclose(flow.hidden[step - 1], hidden, rtol=1e-5)
        np.testing.assert_allclose(flow.state[step - 1], state, rtol=1e-5)
    np.testing.assert_allclose([flow.hidden[-1], flow.state[-1]], 2)  # the identity of four units


def test_only_lstm_has_a_second_way_back(keras):
    x = np.ones((1, 5, 3))
    for kind, second in (("SimpleRNN", False), ("GRU", False), ("LSTM", True)):
        flow = course_utils.gradient_flow(getattr(keras.layers, kind)(4), x)
        assert np.allclose(flow.hidden, flow.state) != second


def test_a_linear_layer_is_the_power_of_its_recurrent_kernel(keras):
    layer = keras.layers.SimpleRNN(3, activation="linear")
    x = np.zeros((1, 5, 2))
    flow = course_utils.gradient_flow(layer, x)
    R = layer.get_weights()[1].astype(float)
    powers = [np.linalg.norm(np.linalg.matrix_power(R, 5 - step)) for step in range(1, 6)]
    np.testing.assert_allclose(flow.hidden, powers, rtol=1e-7)


def test_backwards_counts_in_order_of_processing(keras):
    layer = keras.layers.GRU(3, go_backwards=True)
    x = np.random.default_rng(0).standard_normal((1, 5, 2))
    back = course_utils.gradient_flow(layer, x)
    ahead = keras.layers.GRU(3)
    ahead.build((None, 5, 2))
    ahead.set_weights(layer.get_weights())
    np.testing.assert_allclose(back.hidden, flow_back(read_recurrent(ahead), x[:, ::-1]).hidden)


def test_what_has_no_gradient_flow(keras):
    with pytest.raises(TypeError, match="must be one SimpleRNN, LSTM or GRU layer"):
        course_utils.gradient_flow(keras.layers.Bidirectional(keras.layers.LSTM(2)), np.zeros((1, 3, 2)))


def test_an_activation_of_ones_own(keras):
    import tensorflow as tf

    def half(z):
        return z * 0.5

    def bound(z):
        return z * tf.constant(0.5)

    x = np.zeros((1, 4, 2))
    flow = course_utils.gradient_flow(keras.layers.SimpleRNN(3, activation=half), x)
    np.testing.assert_allclose(
        flow.hidden[-2], np.sqrt(3) / 2, rtol=1e-6
    )  # R is orthogonal, so half the identity's size
    with pytest.raises(TypeError, match="takes float64 numbers, but bound fails"):
        course_utils.gradient_flow(keras.layers.SimpleRNN(3, activation=bound), x)
