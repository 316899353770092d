"""The mathematics against Keras itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.recurrence import random_input, random_spec, run
from course_utils.recurrence.initializing import glorot_uniform, orthogonal
from course_utils.recurrence.reading import read_recurrent
from tests.unit.cases import some

sizes = st.integers(1, 12)


def simple_rnn(keras, units, features, *, scale=1.0, seed=0, **arguments):
    """Build a SimpleRNN whose bias, too, is not zero."""
    layer = keras.layers.SimpleRNN(units, **arguments)
    layer.build((None, None, features))
    random = np.random.default_rng(seed)
    layer.set_weights([scale * weight + 0.1 * random.standard_normal(weight.shape) for weight in layer.get_weights()])
    return layer


def test_terms_add_up_to_the_states(keras):
    layer = simple_rnn(keras, 4, 2)
    traced = course_utils.trace(layer, random_input(3, 2)).recurrent[0]
    terms = traced.terms["h"]
    W, R, b = layer.get_weights()
    np.testing.assert_allclose(terms.from_input, traced.x @ W, atol=1e-6)
    before = np.concatenate([traced.initial[:, None], traced.hidden[:, :-1]], axis=1)
    np.testing.assert_allclose(terms.from_state, before @ R, atol=1e-6)
    np.testing.assert_allclose(terms.bias, b)
    np.testing.assert_allclose(np.tanh(terms.total), traced.hidden, atol=1e-6)


def test_initial_state_is_where_keras_starts(keras):
    layer = simple_rnn(keras, 4, 2)
    x, start = random_input(3, 2), np.full((1, 4), 0.5, "float32")
    traced = course_utils.trace(layer, x, initial_state=start)
    np.testing.assert_allclose(traced.output, layer(x, initial_state=start), atol=1e-6)
    assert not np.allclose(traced.output, layer(x))


def test_a_model_is_traced_layer_by_layer(keras):
    model = keras.Sequential(
        [keras.Input((3, 2)), keras.layers.SimpleRNN(4, return_sequences=True), keras.layers.SimpleRNN(5)]
    )
    x = random_input(3, 2)
    traced = course_utils.trace(model, x)
    np.testing.assert_allclose(traced.output, model(x), atol=1e-6)
    below, above = traced.recurrent
    np.testing.assert_array_equal(above.x, below.hidden)
    assert [layer.spec.steps for layer in traced.recurrent] == [3, 3]


def test_an_unbuilt_layer_is_built_for_x(keras):
    layer = keras.layers.SimpleRNN(4)
    x = random_input(3, 2)
    np.testing.assert_allclose(course_utils.trace(layer, x).output, layer(x), atol=1e-6)


def test_a_batch_is_its_samples_one_by_one(keras):
    spec = read_recurrent(simple_rnn(keras, 4, 2))
    x = np.concatenate([random_input(5, 2, seed=seed) for seed in range(3)])
    alone = [run(spec, sample[None]).hidden for sample in x]
    np.testing.assert_allclose(run(spec, x).hidden, np.concatenate(alone), atol=1e-6)


@settings(max_examples=some(60), deadline=None)
@given(units=sizes, features=sizes, use_bias=st.booleans())
def test_parameters_equal_keras(keras, units, features, use_bias):
    layer = simple_rnn(keras, units, features, use_bias=use_bias)
    counted = course_utils.parameters(layer)
    assert counted.total == layer.count_params()
    assert counted.total == units * (units + features) + units * use_bias
    assert sum(eval(term.replace("·", "*")) for term in counted.substituted.split(" + ")) == counted.total
    assert [row.shape for row in counted.rows] == [tuple(weight.shape) for weight in layer.weights]


def test_parameters_of_a_model_add_up(keras):
    model = keras.Sequential([keras.Input((None, 128)), keras.layers.SimpleRNN(128, return_sequences=True)])
    model.add(keras.layers.SimpleRNN(128))
    counted = course_utils.parameters(model)
    assert counted.total == model.count_params() == 2 * 32_896


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_time_steps_do_not_change_the_count(keras, kind):
    totals = set()
    for steps in (1, 3, 784):
        layer = getattr(keras.layers, kind)(4)
        layer.build((None, steps, 2))
        totals |= {layer.count_params(), course_utils.parameters(layer).total}
    assert len(totals) == 1


def test_parameters_print_as_a_table(keras):
    counted = course_utils.parameters(simple_rnn(keras, 4, 2))
    assert "recurrent_kernel  (4, 4)  U·U = 4·4 = 16" in str(counted)
    assert "<td>16</td>" in counted._repr_html_()


def test_random_weights_follow_the_rules_of_keras(keras):
    ours = glorot_uniform(np.random.default_rng(0), (60, 40))
    theirs = np.asarray(keras.initializers.GlorotUniform(0)((60, 40)))
    assert np.abs(ours).max() <= np.sqrt(6 / 100) and np.abs(theirs).max() <= np.sqrt(6 / 100)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.05)
    for shape in ((20, 20), (20, 80)):
        for q in (
            orthogonal(np.random.default_rng(0), shape),
            np.asarray(keras.initializers.Orthogonal(seed=0)(shape)),
        ):
            assert q.shape == shape
            np.testing.assert_allclose(q @ q.T, np.eye(20), atol=1e-5)
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        for reset_after in (False, True):
            arguments = {"reset_after": reset_after} if kind == "GRU" else {}
            layer = getattr(keras.layers, kind)(5, **arguments)
            layer.build((None, None, 3))
            spec = random_spec(kind, units=5, features=3, **arguments)
            assert [w.shape for w in spec.weights.values()] == [w.shape for w in layer.get_weights()]
            np.testing.assert_array_equal(spec.bias, layer.get_weights()[2])


def test_an_orthogonal_matrix_may_mirror():
    """Of one number it is 1 or -1. The factor Q of a matrix by itself would always be 1: not every one is as likely."""
    assert {float(orthogonal(np.random.default_rng(seed), (1, 1))[0, 0]) for seed in range(20)} == {-1, 1}


def test_another_seed_draws_other_weights():
    first, again, other = (random_spec("LSTM", units=3, features=2, seed=seed) for seed in (0, 0, 1))
    for weight in ("kernel", "recurrent_kernel"):
        np.testing.assert_array_equal(first.weights[weight], again.weights[weight])
        assert not (first.weights[weight] == other.weights[weight]).any()


def test_random_weights_cannot_be_changed_behind_the_cache():
    with pytest.raises(ValueError):
        random_spec("SimpleRNN", units=4, features=2).kernel[0, 0] = 9


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (None, TypeError, "it is None"),
        ("text", TypeError, "it is 'text'"),
        ([["a", "b"]], TypeError, "pass numbers"),
        ([[1, 2], [1]], ValueError, "different lengths"),
        (np.zeros((3, 2)), ValueError, "a batch axis is missing, pass x[None]"),
        (np.zeros((3, 5)), ValueError, "x[..., None]"),
        (np.zeros(3), ValueError, "three axes"),
        (np.zeros((1, 3, 5)), ValueError, "the last axis holds the features"),
        (np.zeros((0, 3, 2)), ValueError, "at least one sample"),
        (np.zeros((1, 0, 2)), ValueError, "at least one sample and one time-step"),
    ],
)
def test_a_wrong_input_is_named(x, error, words):
    with pytest.raises(error) as caught:
        run(random_spec("SimpleRNN", units=4, features=2), x)
    assert words in str(caught.value)
    assert "(batch, time-steps, 2)" in str(caught.value)


def test_nan_passes_through_as_in_keras(keras):
    layer = simple_rnn(keras, 4, 2)
    x = random_input(3, 2).copy()
    x[0, 1, 0] = np.nan
    np.testing.assert_array_equal(np.isnan(course_utils.trace(layer, x).output), np.isnan(layer(x)))


def test_what_is_no_recurrent_layer_is_refused(keras):
    x = random_input(3, 2)
    for thing in (None, "SimpleRNN", object()):
        with pytest.raises(TypeError, match="must be a recurrent Keras layer or a Keras model"):
            course_utils.trace(thing, x)
    for thing in (keras.layers.Dense(4), keras.Sequential([keras.Input((3, 2)), keras.layers.Dense(4)])):
        with pytest.raises(TypeError, match="must hold a recurrent layer"):
            course_utils.trace(thing, x)
    with pytest.raises(TypeError, match="make a layer of it first"):
        course_utils.trace(keras.layers.SimpleRNN, x)


def test_a_wrong_x_builds_nothing(keras):
    for x, words in (
        (np.zeros((3, 2)), r"pass x\[None\]"),
        ([[[1, 2], [1]]], "different lengths"),
        ("text", "it is 'text'"),
        (np.zeros((1, 0, 2)), "at least one number"),
        (np.zeros((1, 3, 0)), "at least one number"),
    ):
        layer = keras.layers.SimpleRNN(4)
        with pytest.raises((ValueError, TypeError), match=words):
            course_utils.trace(layer, x)
        assert not layer.built


def test_a_trace_does_not_change_with_its_input(keras):
    x = random_input(3, 2).copy()
    traced = course_utils.trace(simple_rnn(keras, 4, 2), x).recurrent[0]
    before = traced.x.copy()
    x[:] = 9
    np.testing.assert_array_equal(traced.x, before)
    with pytest.raises(ValueError, match="read-only"):
        random_input(3, 2)[0, 0, 0] = 9


def test_a_layer_without_weights_says_what_to_give(keras):
    with pytest.raises(ValueError, match=r"start the model with keras.Input, or say the shape, .build"):
        course_utils.parameters(keras.layers.SimpleRNN(4))
    with pytest.raises(ValueError, match="pass x of shape"):
        course_utils.draw_unrolled(keras.layers.SimpleRNN(4))


def test_initial_state_must_fit(keras):
    layer = simple_rnn(keras, 4, 2)
    with pytest.raises(ValueError, match="one row for each sample"):
        course_utils.trace(layer, random_input(3, 2), initial_state=np.zeros(4))
    with pytest.raises(ValueError, match="must hold h and c"):
        course_utils.trace(keras.layers.LSTM(4), random_input(3, 2), initial_state=np.zeros((1, 4)))
    model = keras.Sequential([keras.layers.SimpleRNN(4, name="low", return_sequences=True), keras.layers.SimpleRNN(4)])
    with pytest.raises(ValueError, match="a mapping from the name of a layer"):
        course_utils.trace(model, random_input(3, 2), initial_state=np.zeros((1, 4)))
    start = np.full((1, 4), 0.5, "float32")
    traced = course_utils.trace(model, random_input(3, 2), initial_state={"low": start})
    np.testing.assert_array_equal(traced.recurrent[0].initial, start)
