"""Whole models, written as tutorials write them: trace, parameters and shapes against Keras."""

import numpy as np
import pytest

import course_utils
from course_utils.recurrence.counting import weights_in
from course_utils.recurrence.reading import read
from tests.unit.test_trace_equals_keras import assert_equal_to_keras, own_cell

RANDOM = np.random.default_rng(3)


def numbers(*shape):
    """Return random numbers of a shape."""
    return RANDOM.standard_normal(shape).astype("float32")


def encoder_decoder(keras):
    """Return a translator whose decoder starts with the encoder's state."""
    L = keras.layers
    source, target = keras.Input((None, 3), name="source"), keras.Input((None, 2), name="target")
    _output, h, c = L.LSTM(4, return_state=True, name="encoder")(source)
    decoded = L.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    model = keras.Model([source, target], L.Dense(5, activation="softmax", name="words")(decoded))
    return model, [numbers(2, 6, 3), numbers(2, 4, 2)], ["encoder", "decoder"]


def bidirectional_tagger(keras):
    """Return a tagger of words: padding is masked, one class for each word."""
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            L.Embedding(9, 5, mask_zero=True),
            L.Bidirectional(L.LSTM(4, return_sequences=True), name="both"),
            L.Dropout(0.3),
            L.TimeDistributed(L.Dense(3, activation="softmax")),
        ]
    )
    return model, np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]]), ["both/forward", "both/backward"]


def stacked_forecaster(keras):
    """Return a forecaster with two layers, missing steps masked."""
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((7, 2)),
            L.Masking(-1.0),
            L.GRU(4, return_sequences=True, name="low"),
            L.LSTM(3, name="high"),
            L.Dense(1),
        ]
    )
    x = numbers(3, 7, 2)
    x[0, 2], x[1, 6] = -1, -1
    return model, x, ["low", "high"]


def character_model(keras):
    """Return a model that guesses the next character."""
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            L.Embedding(20, 6),
            L.SimpleRNN(8, return_sequences=True, name="one"),
            L.SimpleRNN(8, return_sequences=True, name="two"),
            L.Dense(20),
        ]
    )
    return model, RANDOM.integers(0, 20, (2, 9)), ["one", "two"]


def closed_boxes(keras):
    """Return a graph with branches around layers that only Keras can look into."""
    L = keras.layers
    entry = keras.Input((6, 3))
    left = L.LSTM(4, return_sequences=True, name="left")(entry)
    right = L.Conv1D(4, 3, padding="same")(entry)
    joined = L.LayerNormalization()(L.Add()([left, right]))
    attended = L.MultiHeadAttention(2, 4)(joined, joined)
    last = L.GRU(3, name="last")(attended + joined)
    return keras.Model(entry, [last, L.GlobalAveragePooling1D()(joined)]), numbers(2, 6, 3), ["left", "last"]


def video(keras):
    """Return ConvLSTM, which is no plain sequence, below an LSTM."""
    L = keras.layers
    entry = keras.Input((4, 6, 6, 1))
    model = keras.Model(entry, L.LSTM(3, name="top")(L.Reshape((4, 8))(L.ConvLSTM2D(2, 3)(entry))))
    return model, numbers(1, 4, 6, 6, 1), ["top"]


def shared_layer(keras):
    """Return two inputs read by one layer with one set of weights."""
    shared = keras.layers.LSTM(4, name="shared")
    one, other = keras.Input((5, 3)), keras.Input((5, 3))
    model = keras.Model([one, other], keras.layers.Concatenate()([shared(one), shared(other)]))
    return model, [numbers(2, 5, 3), numbers(2, 5, 3)], ["shared", "shared"]


def named_inputs_and_outputs(keras):
    """Return a model that takes and gives dictionaries."""
    a, b = keras.Input((4, 2), name="a"), keras.Input((3,), name="b")
    state = keras.layers.Dense(5)(b)
    read = keras.layers.GRU(5, name="reader")(a, initial_state=state)
    return (
        keras.Model({"a": a, "b": b}, {"read": read, "state": state}),
        {"a": numbers(2, 4, 2), "b": numbers(2, 3)},
        ["reader"],
    )


def model_in_a_model(keras):
    """Return a sentence reader used on each sentence of a text."""
    L = keras.layers
    sentence = keras.Sequential([keras.Input((5, 3)), L.LSTM(4, name="sentence")], name="reader")
    model = keras.Sequential([keras.Input((2, 5, 3)), L.TimeDistributed(sentence), L.GRU(2, name="text")])
    return model, numbers(3, 2, 5, 3), ["sentence", "text"]


def flattened(keras):
    """Return all states of all steps, laid side by side."""
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((4, 2)), L.LSTM(3, return_sequences=True, name="all"), L.Flatten(), L.Dense(2)]
    )
    return model, numbers(2, 4, 2), ["all"]


ARCHITECTURES = (
    encoder_decoder,
    bidirectional_tagger,
    stacked_forecaster,
    character_model,
    closed_boxes,
    video,
    shared_layer,
    named_inputs_and_outputs,
    model_in_a_model,
    flattened,
)
every_architecture = pytest.mark.parametrize("build", ARCHITECTURES, ids=lambda build: build.__name__)


@every_architecture
def test_trace_equals_keras(keras, build):
    model, x, names = build(keras)
    traced = assert_equal_to_keras(keras, model, x)
    assert [one.name for one in traced.recurrent] == names


@every_architecture
def test_parameters_equal_keras(keras, build):
    model, _x, _names = build(keras)
    counted = course_utils.parameters(model)
    assert counted.total == model.count_params()
    for row in counted.rows:
        assert eval(row.substituted.replace("·", "*")) == row.count
    for line, total in zip(counted.substituted.split("\n"), counted.formula.split("\n"), strict=True):
        assert eval(line.replace("·", "*")) > 0 and total


@every_architecture
def test_a_spec_holds_as_many_parameters_as_keras_counts(keras, build):
    model, x, _names = build(keras)
    assert weights_in(read(model, x)) == model.count_params()


@every_architecture
def test_shapes_are_those_of_keras(keras, build):
    model, _x, _names = build(keras)
    rows = list(course_utils.shapes(model))
    inner = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    assert {row.layer for row in rows} >= {layer.name for layer in inner}
    for row in rows:
        layer = next((layer for layer in inner if layer.name == row.layer), None)
        if layer is not None and not isinstance(row.output, list) and len(layer._inbound_nodes) == 1:
            assert row.output == tuple(layer.output.shape)


@every_architecture
def test_what_flows_between_layers_is_kept(keras, build):
    model, x, _names = build(keras)
    traced = course_utils.trace(model, x)
    rows = list(course_utils.shapes(model))
    assert {name.split("#")[0] for name in traced.layers} >= {row.layer for row in rows}
    for name, flow in traced.layers.items():
        row = next((row for row in rows if row.layer == name.split("#")[0]), None)
        if row is None:  # a layer of a model inside the model
            continue
        for array, shape in zip(
            keras.tree.flatten(flow.output), [row.output] if isinstance(row.output, tuple) else row.output, strict=True
        ):
            assert all(size in (None, has) for size, has in zip(shape, array.shape, strict=True))


def test_a_layer_that_is_called_again_is_kept_once_more_with_a_number(keras):
    model, x, _names = shared_layer(keras)
    layers = course_utils.trace(model, x).layers
    assert [name for name in layers if name.startswith("shared")] == ["shared", "shared#2"]
    for name, entered in zip(("shared", "shared#2"), x, strict=True):
        np.testing.assert_array_equal(layers[name].input, entered)
        np.testing.assert_allclose(layers[name].output, model.get_layer("shared")(entered), atol=1e-5)


def test_another_start_for_a_layer_of_a_model(keras):
    model, x, _names = stacked_forecaster(keras)
    start = numbers(3, 4)
    traced = course_utils.trace(model, x, initial_state={"low": start})
    np.testing.assert_array_equal(traced.recurrent[0].initial, start)
    assert not np.allclose(traced.output, course_utils.trace(model, x).output)


def test_inputs_may_lack_a_last_axis_of_one_as_in_keras(keras):
    model = keras.Sequential([keras.Input((5, 1)), keras.layers.LSTM(10)])
    x = np.array([[0, 1, 2, 3, 4], [5, 1, 2, 3, 6]])
    np.testing.assert_allclose(course_utils.trace(model, x).output, model(x), atol=1e-5)
    assert course_utils.parameters(model).total == 480


def test_shapes_of_a_layer_alone(keras):
    layer = keras.layers.LSTM(4, return_state=True, name="mine")
    layer.build((None, None, 3))
    (row,) = course_utils.shapes(layer)
    assert (row.layer, row.input) == ("mine", (None, None, 3))
    assert row.output == [(None, 4), (None, 4), (None, 4)]
    assert "mine" in str(course_utils.shapes(layer)) and "<td>LSTM</td>" in course_utils.shapes(layer)._repr_html_()


COUNTS = {  # (kind, units, features, arguments): parameters, measured with Keras and written in FACTS
    ("SimpleRNN", 4, 2, ()): (28, "F·U + U·U + U"),
    ("LSTM", 4, 2, ()): (112, "4·(F·U + U·U + U)"),
    ("GRU", 4, 2, ()): (96, "3·(F·U + U·U + 2·U)"),
    ("GRU", 4, 2, (("reset_after", False),)): (84, "3·(F·U + U·U + U)"),
    ("LSTM", 10, 1, ()): (480, "4·(F·U + U·U + U)"),
    ("GRU", 5, 4, ()): (165, "3·(F·U + U·U + 2·U)"),
    ("GRU", 5, 4, (("reset_after", False),)): (150, "3·(F·U + U·U + U)"),
    ("SimpleRNN", 128, 128, ()): (32_896, "F·U + U·U + U"),
    ("LSTM", 50, 28, (("use_bias", False),)): (15_600, "4·(F·U + U·U)"),
}


@pytest.mark.parametrize(("case", "expected"), COUNTS.items(), ids=str)
def test_known_counts(keras, case, expected):
    kind, units, features, arguments = case
    layer = getattr(keras.layers, kind)(units, **dict(arguments))
    layer.build((None, None, features))
    counted = course_utils.parameters(layer)
    assert (counted.total, counted.formula) == expected
    assert counted.total == layer.count_params() == eval(counted.substituted.replace("·", "*"))


def test_what_cannot_be_counted_or_shaped(keras):
    for function in (course_utils.parameters, course_utils.shapes):
        with pytest.raises(TypeError, match="must be a Keras layer or model"):
            function("LSTM")
        with pytest.raises(ValueError, match="has no weights yet") as found:
            function(keras.layers.LSTM(4))
        assert "pass x" not in str(found.value), f"{function.__name__} takes no x"


def test_a_subclass_with_a_call_of_its_own_is_not_mistaken(keras):
    class Twice(keras.layers.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2 * super().call(sequences, initial_state, mask, training)

    model = keras.Sequential(
        [keras.Input((3, 2)), Twice(4), keras.layers.Reshape((4, 1)), keras.layers.GRU(2, name="read")]
    )
    traced = assert_equal_to_keras(keras, model, numbers(2, 3, 2))
    assert [one.name for one in traced.recurrent] == ["read"]


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (None, "it is None"),
        ("text", "it is 'text'"),
        (np.zeros((4, 2)), "a batch axis is missing, pass x"),
        (np.zeros((1, 4, 3)), "each axis must fit"),
        (np.zeros((0, 4, 2)), "none may be empty"),
        ([[[1, 2], [1]]], "different lengths"),
    ],
)
def test_a_wrong_input_of_a_model_is_named(keras, x, words):
    model, _x, _names = flattened(keras)
    with pytest.raises((TypeError, ValueError), match=words):
        course_utils.trace(model, x)


def test_a_missing_input_is_named(keras):
    model, x, _names = encoder_decoder(keras)
    with pytest.raises(ValueError, match="for each of the inputs source, target, but it holds 1"):
        course_utils.trace(model, x[:1])
    model, x, _names = named_inputs_and_outputs(keras)
    with pytest.raises(ValueError, match="'b' is missing"):
        course_utils.trace(model, {"a": x["a"]})


def test_a_mask_for_a_model_is_refused(keras):
    model, x, _names = flattened(keras)
    with pytest.raises(ValueError, match="mask is for a layer alone"):
        course_utils.trace(model, x, mask=np.ones((2, 4)))
    with pytest.raises(ValueError, match="one True or False for each step"):
        course_utils.trace(keras.layers.LSTM(2), x, mask=np.ones((2, 3)))


def test_a_trace_leaves_the_model_as_it_was(keras):
    class Twice(keras.layers.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2 * super().call(sequences, initial_state, mask, training)

    class Counting(keras.layers.Layer):
        def build(self, _shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.calls.assign_add(1.0)
            return x

    L = keras.layers
    entry = keras.Input(batch_shape=(2, 4, 3))
    flowing = Counting()(Twice(3, stateful=True, return_sequences=True)(entry))
    model = keras.Model(entry, L.GRU(2, stateful=True)(L.Dropout(0.5)(flowing, training=True)))
    model(numbers(2, 4, 3))

    def everything():
        states = [state for layer in model.layers for state in keras.tree.flatten(getattr(layer, "states", None) or [])]
        return [np.array(variable) for variable in (*model.variables, *states)]

    before = everything()
    course_utils.trace(model, numbers(2, 4, 3))
    for was, now in zip(before, everything(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_overrides_other_than_call_are_not_mistaken(keras):
    class Ones(keras.layers.LSTM):
        def get_initial_state(self, batch_size):
            return [keras.ops.ones((batch_size, 4))] * 2

    class Deaf(keras.layers.Dense):
        def compute_mask(self, inputs, mask=None):
            return None

    entry = keras.Input((5, 3))
    masked = keras.layers.Masking()(entry)
    model = keras.Model(entry, [Ones(4)(entry), keras.layers.GRU(2, name="read")(Deaf(3)(masked))])
    x = numbers(2, 5, 3)
    x[0, 3:] = 0
    assert_equal_to_keras(keras, model, x)


def test_models_that_only_wrap_their_own_call(keras):
    class Doubling(keras.Sequential):
        def call(self, inputs, training=None, mask=None):
            return 2 * super().call(inputs)

    model = Doubling([keras.Input((3, 2)), keras.layers.GRU(2, name="gru")])
    traced = assert_equal_to_keras(keras, model, numbers(1, 3, 2))
    assert [one.name for one in traced.recurrent] == ["gru"]


def test_arguments_by_name_and_masks_by_hand(keras):
    L = keras.layers
    entry, mask = keras.Input((5, 3)), keras.Input((5,), dtype="bool")
    inner_in = keras.Input((5, 3))
    inner = keras.Model(inner_in, L.GRU(2, name="inner")(L.Dense(3)(inner_in)))
    named = L.Bidirectional(L.LSTM(2))(sequences=L.Dense(3)(inputs=entry))
    model = keras.Model([entry, mask], [named, inner(entry, mask=mask)])
    assert_equal_to_keras(keras, model, [numbers(2, 5, 3), np.array([[1, 1, 0, 0, 1], [1, 0, 1, 1, 0]], bool)])


def test_one_input_and_one_output_in_lists(keras):
    entry = keras.Input((5, 3))
    model = keras.Model([entry], [keras.layers.GRU(2)(entry)])
    x = numbers(2, 5, 3)
    assert_equal_to_keras(keras, model, x)
    np.testing.assert_allclose(course_utils.trace(model, [x]).output, course_utils.trace(model, x).output, atol=1e-5)


def test_counts_of_models_that_share_or_repeat(keras):
    L = keras.layers
    entry = keras.Input((5, 3))
    submodels = [keras.Sequential([keras.Input((5, 3)), L.LSTM(2, name="same")]) for _ in range(2)]
    twice = keras.Model(entry, L.Add()([submodel(entry) for submodel in submodels]))
    cell = L.LSTMCell(2)
    one_cell = keras.Model(entry, L.Add()([L.RNN(cell)(entry), L.RNN(cell, go_backwards=True)(entry)]))

    class Weighted(keras.Model):
        def __init__(self):
            super().__init__(entry, L.GRU(2)(entry))
            self.scale = self.add_weight(shape=(4,), name="scale")

    for model in (twice, one_cell, Weighted()):
        assert course_utils.parameters(model).total == model.count_params()
    assert {row.layer for row in course_utils.parameters(twice).rows} == {"same", "same#2"}


def test_wrong_states_and_numbers_are_named(keras):
    both = keras.layers.Bidirectional(keras.layers.LSTM(2))
    for start in ([np.zeros((1, 2))], [], [np.zeros((1, 2))] * 3):
        with pytest.raises(ValueError, match="initial_state must hold 4 arrays, those of the forward layer"):
            course_utils.trace(both, numbers(1, 3, 2), initial_state=start)
    model, _x, _names = bidirectional_tagger(keras)
    with pytest.raises(ValueError, match="row numbers from 0 to 8, but it holds 0 to 9"):
        course_utils.trace(model, np.array([[0, 9]]))


def test_unbuilt_wrappers_and_stateful_layers_are_built_for_x(keras):
    L = keras.layers
    assert_equal_to_keras(keras, L.TimeDistributed(L.LSTM(3)), numbers(2, 3, 4, 2))
    for layer in (
        L.LSTM(3, stateful=True),
        L.Bidirectional(L.GRU(3, stateful=True)),
        L.RNN(L.LSTMCell(2), stateful=True),
    ):
        x = numbers(2, 4, 3)
        traced = course_utils.trace(layer, x)  # before the call, which moves the state on
        np.testing.assert_allclose(traced.output, layer(x), atol=1e-5)


def test_masking_compares_as_keras_does_in_half_precision(keras):
    entry = keras.Input((4, 2))
    masked = keras.layers.Masking(0.1, dtype="mixed_float16")(entry)
    model = keras.Model(entry, keras.layers.LSTM(3, dtype="mixed_float16")(masked))
    x = numbers(2, 4, 2)
    x[0, 1] = 0.1
    assert_equal_to_keras(keras, model, x, tolerance=2e-2)


def test_masking_passes_on_zeros_for_what_it_skips(keras):
    entry = keras.Input((4, 2))
    masking = keras.layers.Masking(0.5, name="masking")
    model = keras.Model(entry, keras.layers.LSTM(3)(masking(entry)))
    x = numbers(2, 4, 2)
    x[0, 1] = 0.5
    passed_on = course_utils.trace(model, x).layers["masking"].output
    np.testing.assert_array_equal(passed_on, masking(x))
    assert not passed_on[0, 1].any() and passed_on[0, 2].all()


def test_what_a_layer_cannot_take_is_said(keras):
    L = keras.layers
    with pytest.raises(ValueError, match="for a recurrent layer itself"):
        course_utils.trace(L.TimeDistributed(L.LSTM(3)), numbers(2, 3, 4, 2), mask=np.ones((2, 3)))
    with pytest.raises(TypeError, match="complex128 values: pass numbers"):
        course_utils.trace(L.LSTM(3), np.ones((1, 2, 2)) * 1j)
    dense = L.Dense(3)
    dense.build((None, 2))  # connected to no input, but built for one
    assert [(row.input, row.output) for row in course_utils.shapes(dense)] == [((None, 2), (None, 3))]
    adding = L.Add()
    adding.built = True
    with pytest.raises(ValueError, match="connected to no input"):
        course_utils.shapes(adding)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_a_stateful_layer_called_twice_goes_on_from_its_first_call(keras, kind):
    layer = getattr(keras.layers, kind)(3, stateful=True, return_sequences=True)
    entry = keras.Input(batch_shape=(2, 4, 3))
    model = keras.Model(entry, layer(layer(entry)))
    x = numbers(2, 4, 3)
    for _ in range(2):  # the second time from where the model then stands
        traced = course_utils.trace(model, x)
        np.testing.assert_allclose(traced.output, model(x), atol=1e-5)


def test_a_stateful_layer_over_ones_own_cell_goes_on_too(keras):
    layer = keras.layers.RNN(own_cell(keras, nested=True), stateful=True, return_sequences=True)
    entry = keras.Input(batch_shape=(2, 4, 4))
    model = keras.Model(entry, layer(layer(entry)))
    x = numbers(2, 4, 4)
    np.testing.assert_allclose(course_utils.trace(model, x).output, model(x), atol=1e-5)


def words_in_sentences(keras, inner):
    """Return a model that reads each sentence by itself: padding is masked inside and outside."""
    entry = keras.Input((4, 6), dtype="int32")
    words = keras.layers.Embedding(9, 4, mask_zero=True)(entry)
    return keras.Model(entry, keras.layers.TimeDistributed(inner)(words))


def tower(keras):
    """Return a model of two layers."""
    entry = keras.Input((6, 4))
    return keras.Model(entry, keras.layers.Dense(2)(keras.layers.LSTM(3)(entry)))


INSIDE = {
    "LSTM": lambda keras: keras.layers.LSTM(7),
    "zero_output_for_mask": lambda keras: keras.layers.LSTM(3, return_sequences=True, zero_output_for_mask=True),
    "Bidirectional": lambda keras: keras.layers.Bidirectional(keras.layers.GRU(3)),
    "stack": lambda keras: keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]),
    "a cell of one's own": lambda keras: keras.layers.RNN(own_cell(keras, nested=True)),
    "Sequential": lambda keras: keras.Sequential(
        [keras.layers.LSTM(3, return_sequences=True), keras.layers.SimpleRNN(2)]
    ),
    "functional": tower,
}


@pytest.mark.parametrize("inside", INSIDE)
def test_a_mask_reaches_what_is_inside_time_distributed(keras, inside):
    model = words_in_sentences(keras, INSIDE[inside](keras))
    x = RANDOM.integers(1, 9, (2, 4, 6))
    x[:, :, 4:] = 0
    x[1, 2] = 0  # a whole sentence of padding
    traced = assert_equal_to_keras(keras, model, x)
    skipped = [one.mask is not None and not one.mask.all() for one in traced.recurrent]
    assert skipped and all(skipped), "each of them skips the padding"


def test_a_mask_reaches_two_levels_down(keras):
    L = keras.layers
    entry = keras.Input((3, 4, 6), dtype="int32")
    each = L.TimeDistributed(L.TimeDistributed(L.GRU(3)))
    model = keras.Model(entry, each(L.Embedding(5, 4, mask_zero=True)(entry)))
    assert_equal_to_keras(keras, model, RANDOM.integers(0, 5, (2, 3, 4, 6)))


def test_a_stateful_layer_inside_time_distributed_goes_on_from_step_to_step(keras):
    L = keras.layers
    entry = keras.Input(batch_shape=(2, 4, 6, 5))
    model = keras.Model(entry, L.LSTM(2, name="read")(L.TimeDistributed(L.LSTM(3, stateful=True))(entry)))
    x = numbers(2, 4, 6, 5)
    for _ in range(2):  # the second time from where the model then stands
        traced = course_utils.trace(model, x)
        np.testing.assert_allclose(traced.output, model(x), atol=1e-5)
    assert [one.name for one in traced.recurrent] == ["read"]


USES = {
    "trace": lambda model, x: course_utils.trace(model, x),
    "parameters": lambda model, x: course_utils.parameters(model),
    "shapes": lambda model, x: course_utils.shapes(model),
    "draw_model": lambda model, x: course_utils.draw_model(model),
    "draw_rolled": lambda model, x: course_utils.draw_rolled(model),
    "draw_unrolled": lambda model, x: course_utils.draw_unrolled(model, x),
    "draw_cell": lambda model, x: course_utils.draw_cell(model, x),
    "draw_weights": lambda model, x: course_utils.draw_weights(model),
    "gradient_flow": lambda model, x: course_utils.gradient_flow(model, x),
    "draw_gradient_flow": lambda model, x: course_utils.draw_gradient_flow(model, x),
}


@pytest.mark.parametrize("use", USES)
def test_a_model_is_read_once(keras, monkeypatch, use):
    from course_utils.recurrence.reading import models

    read = []
    own = models._Reading._function
    monkeypatch.setattr(models._Reading, "_function", lambda self, *given: read.append(given) or own(self, *given))
    model = keras.Sequential([keras.Input((5, 3)), keras.layers.LSTM(4)])
    USES[use](model, numbers(1, 5, 3))
    assert len(read) == 1
