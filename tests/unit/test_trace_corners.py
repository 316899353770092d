"""Where trace could easily differ from Keras: nesting, precision, training, and inputs that only just fit."""

import os

import numpy as np
import pytest

import course_utils
from course_utils.commands.another_processor import VARIABLE
from tests.unit.test_architectures import numbers
from tests.unit.test_trace_equals_keras import assert_equal_to_keras, own_cell


def nesting_cell(keras):
    """Return a user's cell whose states are (h, [count, half])."""

    class Nesting(keras.layers.Layer):
        state_size = (3, [2, 3])
        output_size = 3

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 3), name="kernel")

        def get_initial_state(self, batch_size=None):
            zeros = keras.ops.zeros
            return zeros((batch_size, 3)), [zeros((batch_size, 2)), zeros((batch_size, 3))]

        def call(self, x, states):
            h, (count, half) = states
            new = keras.ops.tanh(x @ self.kernel + h + half)
            return new, (new, [count + 1, new / 2])

    return Nesting()


@pytest.mark.parametrize("unroll", [False, True])
def test_nested_states_of_ones_own_cell_leave_nested(keras, unroll):
    L = keras.layers
    alone = () if unroll else ([nesting_cell(keras)],)  # which Keras itself cannot unroll
    for cells in (nesting_cell(keras), [L.LSTMCell(4), nesting_cell(keras)], *alone):
        layer = L.RNN(cells, return_state=True, unroll=unroll)
        traced = assert_equal_to_keras(keras, layer, numbers(2, 3, 5))
        assert isinstance(traced.output, tuple)


def wrappers(keras, **inner):
    """Return layers that hold a layer of another precision, each by itself."""
    L = keras.layers
    yield lambda **outer: L.Bidirectional(L.LSTM(4, return_state=True, **inner), **outer)
    yield lambda **outer: L.RNN(L.GRUCell(4, **inner), return_state=True, **outer)
    yield lambda **outer: L.RNN([L.LSTMCell(4, **inner), L.GRUCell(2)], return_state=True, **outer)
    yield lambda **outer: L.RNN(own_cell(keras, nested=True), return_sequences=True, **outer)
    for above in (L.Flatten, L.Masking, lambda **outer: L.Dropout(0.5, **outer)):
        yield lambda above=above, **outer: keras.Sequential(
            [keras.Input((3, 4)), L.SimpleRNN(3, return_sequences=True, **inner), above(**outer)]
        )
    yield lambda **outer: keras.Sequential(
        [
            keras.Input((3, 4)),
            L.GRU(3, return_sequences=True, **inner),
            L.TimeDistributed(L.Dense(2, **inner), **outer),
        ]
    )


@pytest.mark.parametrize("outer", ["float64", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("inner", ["float32", "float64"])
def test_a_layer_around_another_gives_its_own_precision(keras, outer, inner):
    half = 6e-2 if VARIABLE in os.environ else 2e-2  # under other roundings: a few units of bfloat16's last place
    tolerance = 1e-5 if outer == "float64" else half
    for wrapper in wrappers(keras, dtype=inner):
        assert_equal_to_keras(keras, wrapper(dtype=outer), numbers(2, 3, 4), tolerance=tolerance)


@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_whole_numbers_stay_whole_and_others_take_the_precision_of_the_layer(keras, dtype):
    L = keras.layers
    entry = keras.Input((3, 5), dtype=dtype)
    masked = L.Masking()(entry)
    model = keras.Model(entry, [masked, L.Dropout(0.3)(entry), L.Flatten()(entry), L.GRU(4)(masked)])
    x = np.random.default_rng(0).integers(0, 2, (2, 3, 5)).astype(dtype)
    x[1, 1] = 0
    assert_equal_to_keras(keras, model, x)


def test_training_without_dropout_changes_nothing(keras):
    L = keras.layers
    entry = keras.Input((3, 5))
    both = L.Bidirectional(L.LSTM(4, return_sequences=True))(entry, training=True)
    inner = keras.Sequential([keras.Input((3, 8)), L.GRU(2, name="inner")])
    traced = assert_equal_to_keras(keras, keras.Model(entry, inner(both, training=True)), numbers(2, 3, 5))
    assert [one.name.split("/")[-1] for one in traced.recurrent] == ["forward", "backward", "inner"]


def test_training_with_dropout_is_a_closed_box_and_said_where_nothing_else_is_left(keras):
    L = keras.layers
    entry = keras.Input((3, 5))
    dropping = L.LSTM(4, recurrent_dropout=0.5, return_sequences=True, name="dropping")(entry, training=True)
    traced = course_utils.trace(keras.Model(entry, L.GRU(2, name="read")(dropping)), numbers(2, 3, 5))
    assert [one.name for one in traced.recurrent] == ["read"] and "dropping" in traced.layers
    with pytest.raises(TypeError, match="one with dropout called with training=True cannot"):
        course_utils.trace(keras.Model(entry, dropping), numbers(2, 3, 5))
    for other in (L.GaussianNoise(0.1), L.BatchNormalization()):
        noisy = keras.Model(entry, L.GRU(2)(other(entry, training=True)))
        moving = [np.array(weight) for weight in noisy.weights]
        course_utils.trace(noisy, numbers(2, 3, 5))
        for was, now in zip(moving, noisy.weights, strict=True):
            np.testing.assert_array_equal(was, now)


def test_other_steps_and_batches_than_declared_are_taken_as_keras_takes_them(keras):
    L = keras.layers
    fixed = keras.Input(batch_shape=(4, 3, 2))
    longer = keras.Sequential([keras.Input((5, 2)), L.LSTM(3)])
    for model in (keras.Model(fixed, L.LSTM(3)(fixed)), longer):
        assert_equal_to_keras(keras, model, numbers(2, 3, 2))
    strict = keras.Input((5, 2), name="strict")  # a functional model is stricter than a Sequential
    with pytest.raises(ValueError, match=r"shape \(batch, 5, 2\) for the input 'strict', but it has shape \(2, 3, 2\)"):
        course_utils.trace(keras.Model(strict, L.LSTM(3)(strict)), numbers(2, 3, 2))
    flat = keras.Sequential(
        [keras.Input((5, 2)), L.LSTM(3, return_sequences=True), L.Flatten(), L.Dense(2, name="top")]
    )
    with pytest.raises(ValueError, match=r"'top' was built for 15 numbers on the last axis, but 9 arrive"):
        course_utils.trace(flat, numbers(2, 3, 2))
    stateful = keras.Input(batch_shape=(4, 3, 2))
    with pytest.raises(ValueError, match=r"initial_state must be an array of shape \(2, 3\)"):
        course_utils.trace(keras.Model(stateful, L.LSTM(3, stateful=True)(stateful)), numbers(2, 3, 2))


@pytest.mark.parametrize(
    "x", [None, "text", np.zeros((2, 3, 5)), [np.zeros((2, 3, 5))] * 3], ids=["None", "str", "1", "3"]
)
def test_two_inputs_are_asked_for_by_name(keras, x):
    one, other = keras.Input((3, 5), name="one"), keras.Input((3, 5), name="other")
    model = keras.Model([one, other], keras.layers.LSTM(2)(keras.layers.Add()([one, other])))
    came = {"NoneType": "is one NoneType", "str": "is one str", "ndarray": "is one ndarray", "list": "holds 3"}
    with pytest.raises(ValueError, match=f"inputs one, other, but it {came[type(x).__name__]}"):
        course_utils.trace(model, x)


def test_an_input_too_many_is_named(keras):
    entry = keras.Input((3, 5), name="a")
    model = keras.Model({"a": entry}, keras.layers.LSTM(2)(entry))
    with pytest.raises(ValueError, match="'b' is there too"):
        course_utils.trace(model, {"a": numbers(2, 3, 5), "b": numbers(2, 3, 5)})


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5, 1), (2,)], ids=str)
def test_an_unbuilt_model_is_not_built_for_a_wrong_shape(keras, shape):
    model = keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"x must be an array of shape \(batch, time-steps, features\), but"):
        course_utils.trace(model, np.ones(shape, "float32"))
    assert_equal_to_keras(keras, model, numbers(2, 3, 5))  # a wrong shape would stick


def test_both_directions_over_ones_own_cell_and_stateful_twice(keras):
    @keras.saving.register_keras_serializable("course_tests")
    class Adding(keras.layers.Layer):
        state_size = 3

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 3), name="kernel")

        def call(self, x, states):
            h = keras.ops.tanh(x @ self.kernel + states[0])
            return h, [h]

    L = keras.layers
    assert_equal_to_keras(keras, L.Bidirectional(L.RNN(Adding(), return_state=True)), numbers(2, 3, 5))
    entry = keras.Input(batch_shape=(2, 3, 5))
    both = L.Bidirectional(L.GRU(3, stateful=True))
    model = keras.Model(entry, [both(entry), both(entry)])
    x = numbers(2, 3, 5)
    for _ in range(2):
        traced = course_utils.trace(model, x)  # before the call, which moves the state on
        for mine, its in zip(traced.output, model(x), strict=True):
            np.testing.assert_allclose(mine, its, atol=1e-5)


def test_activations_at_the_edge_of_numbers(keras):
    from course_utils.recurrence.activation_functions import FUNCTIONS, activation_named

    edges = np.array([[np.nan, 1], [-np.inf, 2], [1e30, 1], [-1e30, 1e30], [0.0, -0.0], [np.inf, np.inf]], "float32")
    for name in sorted(set(FUNCTIONS) - {"softmax", "sparsemax"}):  # in TensorFlow, with NaN, by processor
        theirs = getattr(keras.activations, name)(keras.ops.convert_to_tensor(edges))
        with np.errstate(all="ignore"):
            mine = activation_named(name)(edges)
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5, err_msg=name)


def test_what_is_no_array_is_refused_with_the_line_to_write(keras):
    import tensorflow as tf

    layers = [keras.layers.Embedding(20, 5, mask_zero=True), keras.layers.GRU(6), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    with pytest.raises(TypeError, match=r"is a ragged tensor: make its rows equally long, x\.to_tensor\(\)"):
        course_utils.trace(model, tf.ragged.constant([[1, 2, 3], [4, 5]]))
    with pytest.raises(TypeError, match=r"take one batch of it, next\(iter\(dataset\)\)"):
        course_utils.trace(model, tf.data.Dataset.from_tensor_slices(np.ones((4, 3), int)).batch(2))
    with pytest.raises(TypeError, match=r"is a generator: take one batch of it, next\(iter\(x\)\)"):
        course_utils.trace(model, (batch for batch in [np.ones((4, 3), int)]))


def test_a_whole_model_in_the_place_of_a_layer_is_told_which_to_pass(keras):
    layers = [keras.layers.LSTM(4, name="reader"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((5, 3)), *layers])
    for of_one_layer in (course_utils.draw_cell, course_utils.gradient_flow):
        with pytest.raises(TypeError, match=r"pass one that it holds, model\.get_layer\('reader'\)"):
            of_one_layer(model, np.ones((1, 5, 3), "float32"))
