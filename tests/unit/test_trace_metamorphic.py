"""Laws that hold between two traces, whatever Keras says."""

import numpy as np
import pytest

import course_utils

KINDS = ("SimpleRNN", "LSTM", "GRU")
pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def make(keras, kind):
    """Return a maker of layers of this kind, all with the same weights, the biases not zero."""
    source = getattr(keras.layers, kind)(4)
    source.build((None, None, 3))
    random = np.random.default_rng(1)
    weights = [weight + 0.3 * random.standard_normal(weight.shape) for weight in source.get_weights()]

    def build(**arguments):
        layer = getattr(keras.layers, kind)(4, **arguments)
        layer.build((2, None, 3))
        layer.set_weights(weights)
        return layer

    return build


@pytest.fixture
def x():
    """Return two samples of six steps of three features."""
    return np.random.default_rng(2).standard_normal((2, 6, 3)).astype("float32")


def hidden(layer, x, **arguments):
    """Return the states of the only cell, (batch, T, U)."""
    return course_utils.trace(layer, x, **arguments).recurrent[0].hidden


def test_masked_padding_is_cutting_off(make, x):
    mask = np.array([[True] * 4 + [False] * 2] * 2)
    padded, cut = course_utils.trace(make(), x, mask=mask), course_utils.trace(make(), x[:, :4])
    np.testing.assert_allclose(padded.output, cut.output, atol=1e-6)


def test_a_skipped_step_might_as_well_not_be_there(make, x):
    mask = np.array([[True, False, True, True, False, True]] * 2)
    np.testing.assert_allclose(
        course_utils.trace(make(), x, mask=mask).output, course_utils.trace(make(), x[:, mask[0]]).output, atol=1e-6
    )


def test_going_backwards_is_reversing_the_input(make, x):
    np.testing.assert_allclose(hidden(make(go_backwards=True), x), hidden(make(), x[:, ::-1]), atol=1e-6)


def test_halves_of_a_stateful_run_are_the_whole(make, x):
    layer = make(stateful=True)
    first = hidden(layer, x[:, :2])
    layer(x[:, :2])  # Keras moves the state on; the trace of the rest starts there
    np.testing.assert_allclose(np.concatenate([first, hidden(layer, x[:, 2:])], axis=1), hidden(make(), x), atol=1e-6)


def test_stacking_is_feeding_one_trace_into_the_next(keras, kind, make, x):
    low, high = make(return_sequences=True), getattr(keras.layers, kind)(2)
    model = keras.Sequential([keras.Input((6, 3)), low, high])
    by_hand = course_utils.trace(high, course_utils.trace(low, x).output)
    np.testing.assert_allclose(course_utils.trace(model, x).output, by_hand.output, atol=1e-6)


def test_a_batch_is_its_samples_one_by_one(make, x):
    alone = [hidden(make(), sample[None]) for sample in x]
    np.testing.assert_allclose(hidden(make(), x), np.concatenate(alone), atol=1e-6)


def test_what_comes_later_does_not_change_what_was(make, x):
    changed = x.copy()
    changed[:, 4:] = 9
    np.testing.assert_allclose(hidden(make(), x)[:, :4], hidden(make(), changed)[:, :4], atol=1e-6)


def test_unrolling_changes_nothing(make, x):
    np.testing.assert_allclose(hidden(make(unroll=True), x), hidden(make(), x), atol=1e-6)


def test_nan_and_infinity_pass_through_as_in_keras(make, x, recwarn):
    for value in (np.nan, np.inf, -np.inf):
        strange = x.copy()
        strange[0, 2, 0] = value
        layer = make(return_sequences=True)
        np.testing.assert_allclose(course_utils.trace(layer, strange).output, layer(strange), atol=1e-6)
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]
