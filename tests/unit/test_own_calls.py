"""Models and layers whose ``call`` a user wrote: read by following the call, or refused with the true reason."""

import numpy as np
import pytest

import course_utils
from course_utils.drawing import wording
from tests.unit.test_trace_equals_keras import assert_equal_to_keras

IDS = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0]])


def numbers(*shape):
    """Return random numbers of a shape, the same each time."""
    return np.random.default_rng(5).standard_normal(shape).astype("float32")


def filled(model):
    """Give every weight a value, so that nothing is right by being zero."""
    random = np.random.default_rng(6)
    for weight in model.weights:
        weight.assign(random.normal(0, 0.5, weight.shape))
    return model


def reader(keras):
    """Return a layer that holds two."""

    class Reader(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.reader, self.head = keras.layers.LSTM(4, name="lstm"), keras.layers.Dense(2, name="head")

        def call(self, x):
            return self.head(self.reader(x)) * 2

    return Reader(name="mine")


def writer(keras):
    """Return a model that guesses the next letter."""

    class Writer(keras.Model):
        def __init__(self):
            super().__init__()
            self.table = keras.layers.Embedding(66, 8, mask_zero=True)
            self.gru, self.out = keras.layers.GRU(16, return_sequences=True, name="gru"), keras.layers.Dense(66)

        def call(self, x, training=False):
            return self.out(self.gru(self.table(x), training=training))

    return Writer()


def two_inputs(keras):
    """Return a model that takes a list and gives two outputs."""

    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = keras.layers.LSTM(4, name="a"), keras.layers.GRU(3, name="b")

        def call(self, inputs, training=None, mask=None):
            first, second = inputs
            return self.a(first), self.b(second)

    return Two()


def by_names(keras):
    """Return a model that takes and gives a dictionary."""

    class Named(keras.Model):
        def __init__(self):
            super().__init__()
            self.table = keras.layers.Embedding(7, 3, mask_zero=True)
            self.a, self.b = keras.layers.LSTM(4, name="a"), keras.layers.GRU(3, name="b")

        def call(self, given):
            return {"words": self.a(self.table(given["words"])), "numbers": self.b(given["numbers"])}

    return Named()


MODELS = {
    reader: (numbers(2, 5, 3), ["lstm"]),
    writer: (IDS, ["gru"]),
    two_inputs: ([numbers(2, 5, 3), numbers(2, 3, 2)], ["a", "b"]),
    by_names: ({"numbers": numbers(2, 3, 2), "words": IDS}, ["a", "b"]),
}


@pytest.mark.parametrize(("build", "x", "names"), [(build, *case) for build, case in MODELS.items()])
def test_the_layers_that_a_call_calls_are_traced(keras, build, x, names):
    model = build(keras)
    traced = course_utils.trace(model, x)  # which builds it
    assert sorted(one.name for one in traced.recurrent) == names
    assert_equal_to_keras(keras, filled(model), x)
    assert course_utils.parameters(model).total == model.count_params() > 0


def test_what_is_traced_inside_is_what_the_layer_inside_computes(keras):
    model = reader(keras)
    x = numbers(2, 5, 3)
    traced = course_utils.trace(model, x)
    np.testing.assert_allclose(traced.recurrent[0].hidden[:, -1], model.reader(x), atol=1e-5)


@pytest.mark.parametrize("masked", [True, False])
def test_a_layer_that_holds_layers_inside_a_model(keras, masked):
    class Held(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = masked
            self.inner = keras.layers.LSTM(4, return_sequences=True, name="inner")

        def call(self, x, mask=None):
            return self.inner(x, mask=mask)

    words, other = keras.Input((5,), dtype="int32"), keras.Input((4, 3))
    held = Held(name="held")
    table = keras.layers.Embedding(9, 3, mask_zero=True)
    read = keras.layers.GRU(2, name="gru")(held(table(words)))
    model = filled(keras.Model([words, other], [read, held(other)]))  # called on two lengths
    traced = assert_equal_to_keras(keras, model, [IDS, numbers(2, 4, 3)])
    assert sorted(one.name for one in traced.recurrent) == ["gru", "inner", "inner"]
    assert course_utils.parameters(model).total == model.count_params()
    table = str(course_utils.parameters(model))
    assert "held/inner/kernel" in table and "4·F·U" in table
    description = course_utils.draw_unrolled(filled(keras.Model(other, held(other))), numbers(1, 4, 3)).description
    assert "LSTM(4, return_sequences=True) on 4 steps" in description


def test_layers_inside_say_of_their_inputs_what_they_said_before(keras):
    model = reader(keras)
    course_utils.trace(model, numbers(1, 5, 3))
    for layer in (model.reader, model.head):
        assert not layer._inbound_nodes and not layer._outbound_nodes
        with pytest.raises((AttributeError, ValueError)):
            _ = layer.input


def test_a_model_that_is_traced_before_it_is_called_keeps_no_state_of_it(keras):
    class Going(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.SimpleRNN(3, stateful=True)

        def call(self, x):
            return self.rnn(x)

    x = numbers(2, 4, 3)
    model = Going()
    traced = course_utils.trace(model, x)
    np.testing.assert_allclose(traced.output, model(x), atol=1e-5)
    np.testing.assert_allclose(course_utils.trace(model, x).output, model(x), atol=1e-5)


def test_a_call_that_cannot_be_followed_is_refused_with_the_true_reason(keras):
    class Foreign(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(4)

        def call(self, x):
            return keras.ops.convert_to_tensor(np.asarray(self.rnn(x)) * 2)

    model = Foreign()
    with pytest.raises(TypeError, match=r"The call of 'foreign.*', Foreign, cannot be followed .* KerasTensor .*trace"):
        course_utils.trace(model, numbers(2, 5, 3))
    assert course_utils.parameters(model).total == model.count_params() == 4 * 4 * (3 + 4 + 1)
    entry = keras.Input((5, 3))
    reads = keras.layers.GRU(2, name="gru")(entry)
    whole = filled(keras.Model(entry, [reads, keras.layers.Dense(2)(reads)]))
    assert_equal_to_keras(keras, whole, numbers(2, 5, 3))


def test_a_call_that_draws_new_numbers_is_no_part_of_a_trace(keras):
    class Noisy(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.rnn = keras.layers.LSTM(4, name="inside")

        def call(self, x):
            return self.rnn(x) + keras.random.normal((4,))

    with pytest.raises(TypeError, match="may draw new numbers"):
        course_utils.trace(Noisy(), numbers(2, 5, 3))
    entry = keras.Input((5, 3))
    model = keras.Model(entry, [Noisy(name="noisy")(entry), keras.layers.GRU(2, name="gru")(entry)])
    x = numbers(2, 5, 3)
    traced = course_utils.trace(model, x)
    assert [one.name for one in traced.recurrent] == ["gru"] and "inside" not in traced.layers
    np.testing.assert_allclose(traced.output[1], model(x)[1], atol=1e-5)
    assert "inside" not in course_utils.draw_unrolled(model, x).description


def test_a_call_under_a_decorator_is_the_users_own(keras):
    import tensorflow as tf

    class Compiled(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(4)

        @tf.function
        def call(self, x):
            return self.rnn(x)

    model = Compiled()
    with pytest.raises(TypeError, match="cannot be followed"):
        course_utils.trace(model, numbers(2, 5, 3))
    assert course_utils.parameters(model).total == model.count_params()


@pytest.mark.parametrize(("build", "x", "names"), [(build, *case) for build, case in MODELS.items()])
def test_the_layers_that_a_call_calls_are_drawn(keras, build, x, names):
    model = build(keras)
    course_utils.trace(model, x)
    filled(model)
    description = course_utils.draw_unrolled(model, x).description
    for trace in course_utils.trace(model, x).recurrent:
        assert wording.vector(trace.hidden[0, -1]) in description


def test_a_call_that_draws_new_numbers_is_no_picture(keras):
    class Noisy(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(4)

        def call(self, x):
            return self.rnn(x) + keras.random.normal((4,))

    with pytest.raises(TypeError, match="may draw new numbers"):
        course_utils.draw_unrolled(Noisy(), numbers(2, 5, 3))


def test_a_shared_layer_is_followed_once(keras, monkeypatch):
    from course_utils.recurrence.reading import models

    asked = []
    own = models.followed
    monkeypatch.setattr(models, "followed", lambda layer, *given: asked.append(layer.name) or own(layer, *given))
    shared = reader(keras)
    one, other = keras.Input((5, 3)), keras.Input((5, 3))
    model = filled(keras.Model([one, other], keras.layers.Add()([shared(one), shared(other)])))
    assert_equal_to_keras(keras, model, [numbers(2, 5, 3), 2 * numbers(2, 5, 3)])
    assert asked == ["mine"]
