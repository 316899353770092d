"""trace against Keras on everything that it reads."""

import os

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.commands.another_processor import VARIABLE
from course_utils.recurrence.activation_functions import FUNCTIONS
from tests.unit.cases import some

CASES = 500 if "UNROLLED_LONG" in os.environ else 40 if "UNROLLED_FEW" in os.environ else some(150)

sizes = st.integers(1, 12)
KINDS = ("SimpleRNN", "LSTM", "GRU")
SMOOTH = sorted(set(FUNCTIONS) - {"exponential", "sparsemax"})  # these two run off to infinity, or jump


def assert_equal_to_keras(keras, model, x, *, tolerance=1e-5, **arguments):
    """Trace and call; compare nesting, shapes, precision and values. Return the trace."""
    traced, theirs = course_utils.trace(model, x, **arguments), model(x, **arguments)
    keras.tree.assert_same_structure(traced.output, theirs)
    for mine, its in zip(keras.tree.flatten(traced.output), keras.tree.flatten(theirs), strict=True):
        its = keras.ops.convert_to_numpy(its)
        assert (mine.shape, mine.dtype) == (its.shape, its.dtype)
        its = its.astype(float)
        np.testing.assert_allclose(mine.astype(float), its, atol=tolerance * max(1, np.abs(its).max()), rtol=0)
    return traced


def randomised(layer, shape, random, scale):
    """Build a layer; scale the matrices that Keras drew, and draw biases, which Keras starts at zero."""
    layer.build(shape)
    bias = [0.3 * random.standard_normal(w.shape) if "bias" in v.name else 0 for v, w in _named(layer)]
    layer.set_weights([scale * (w + b) for (_v, w), b in zip(_named(layer), bias, strict=True)])
    return layer


def _named(layer):
    return zip(layer.weights, layer.get_weights(), strict=True)


@st.composite
def cases(draw):
    """Draw a kind of layer with its arguments, an input, and perhaps a mask and an initial state."""
    kind = draw(st.sampled_from(KINDS))
    names = ("return_sequences", "return_state", "go_backwards", "unroll", "use_bias", "zero_output_for_mask")
    arguments = {name: draw(st.booleans()) for name in names}
    arguments["activation"] = draw(st.sampled_from(SMOOTH))
    if kind != "SimpleRNN":
        # Between 0 and 1, as gates are: a GRU whose gates go below zero is chaotic, and blows rounding up.
        arguments["recurrent_activation"] = draw(st.sampled_from(("sigmoid", "hard_sigmoid", "sparse_sigmoid")))
    if kind == "GRU":
        arguments["reset_after"] = draw(st.booleans())
    merge_mode = draw(st.sampled_from(("none", "none", "concat", "sum", "mul", "ave", None)))
    if merge_mode != "none":  # Bidirectional turns its own backward layer round
        arguments["go_backwards"] = False
    return {
        "kind": kind,
        "arguments": arguments,
        "units": draw(sizes),
        "shape": (draw(st.integers(1, 3)), draw(sizes), draw(sizes)),
        "seed": draw(st.integers(0, 2**16)),
        "scale": draw(st.floats(0.2, 1.5)),
        "masked": draw(st.booleans()),
        "started": draw(st.booleans()),
        "merge_mode": merge_mode,
    }


@settings(max_examples=CASES, deadline=None, print_blob=True)
@given(case=cases())
def test_every_argument_of_every_kind(keras, case):
    random = np.random.default_rng(case["seed"])
    batch, steps, features = case["shape"]
    layer = getattr(keras.layers, case["kind"])(case["units"], **case["arguments"])
    states = 2 if case["kind"] == "LSTM" else 1
    if case["merge_mode"] != "none":
        layer = keras.layers.Bidirectional(layer, merge_mode=case["merge_mode"])
        states *= 2
    randomised(layer, (None, steps, features), random, case["scale"])
    x = random.standard_normal(case["shape"]).astype("float32")
    more = {}
    if case["masked"]:
        more["mask"] = random.random((batch, steps)) < 0.7
    if case["started"]:
        more["initial_state"] = [
            random.standard_normal((batch, case["units"])).astype("float32") for _ in range(states)
        ]
    reference = layer(x, **more)
    assume(all(np.abs(part).max() < 1e4 for part in keras.tree.flatten(reference)))  # far out, rounding grows too
    traced = assert_equal_to_keras(keras, layer, x, **more)
    for one in traced.recurrent:
        assert set(one.gates) == set({"LSTM": "ifo", "GRU": "zr"}.get(case["kind"], ""))
        assert one.hidden.shape == (batch, steps, case["units"])


@pytest.mark.parametrize("kind", KINDS)
def test_gates_and_states_are_those_of_the_cell(keras, kind):
    """Each step of the trace against one call of Keras's own cell, and the gates put together again."""
    random = np.random.default_rng(0)
    layer = randomised(getattr(keras.layers, kind)(4), (None, 5, 3), random, 1.0)
    x = random.standard_normal((2, 5, 3)).astype("float32")
    one = course_utils.trace(layer, x).recurrent[0]
    states = [np.zeros((2, 4), "float32") for _ in range(2 if kind == "LSTM" else 1)]
    for t in range(5):
        _output, states = layer.cell(x[:, t], states)
        np.testing.assert_allclose(one.hidden[:, t], states[0], atol=1e-6)
    before = np.concatenate([one.initial[:, None], one.hidden[:, :-1]], axis=1)
    if kind == "LSTM":
        c_before = np.concatenate([one.initial_cell_state[:, None], one.cell_state[:, :-1]], axis=1)
        c = one.gates["f"] * c_before + one.gates["i"] * one.candidate
        np.testing.assert_allclose(one.cell_state, c, atol=1e-6)
        np.testing.assert_allclose(one.hidden, one.gates["o"] * np.tanh(c), atol=1e-6)
    if kind == "GRU":
        z = one.gates["z"]
        np.testing.assert_allclose(one.hidden, z * before + (1 - z) * one.candidate, atol=1e-6)
    for letter, gate in one.gates.items():
        np.testing.assert_allclose(1 / (1 + np.exp(-one.terms[letter].total)), gate, atol=1e-6)
    if kind != "SimpleRNN":
        (letter,) = set(one.terms) - set(one.gates)
        np.testing.assert_allclose(np.tanh(one.terms[letter].total), one.candidate, atol=1e-6)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_activation_of_keras(keras, name):
    """On its own, over a wide range, and in each place where a layer has one."""
    values = np.concatenate([np.linspace(-6, 6, 97), [-0.5, 0.5, -1, 1, 0]]).astype("float32").reshape(-1, 2)
    theirs = np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(values)))
    ours = course_utils.recurrence.activation_functions.activation_named(name)(values)
    np.testing.assert_allclose(ours, theirs, atol=2e-6 * max(1, np.abs(theirs).max()))
    x = 0.1 * np.random.default_rng(0).standard_normal((1, 2, 3)).astype("float32")
    for layer in (
        keras.layers.SimpleRNN(4, activation=name),
        keras.layers.LSTM(4, activation=name),
        keras.layers.GRU(4, recurrent_activation=name),
    ):
        assert_equal_to_keras(keras, layer, x)


@pytest.mark.parametrize("kind", KINDS)
def test_spec_holds_every_argument_and_the_weights_by_gate(keras, kind):
    from tests.unit.kinds import BLOCKS

    layer = getattr(keras.layers, kind)(4, dropout=0.25, recurrent_dropout=0.5, kernel_initializer="ones")
    layer.build((None, 5, 3))
    spec = course_utils.trace(layer, np.ones((1, 5, 3))).recurrent[0].spec
    own = set(layer.cell.get_config())
    assert own <= set(spec.arguments) and spec.arguments["dropout"] == 0.25
    assert {"units", "activation", "use_bias", "bias_constraint", "recurrent_regularizer"} <= set(spec.arguments)
    of_the_layer = set(layer.get_config()) - own - {"cell"}
    assert of_the_layer <= set(vars(spec.manner)) | {"activity_regularizer"}
    assert (spec.kind, spec.units, spec.features) == (kind, 4, 3)
    for name, weight in zip(("kernel", "recurrent_kernel", "bias"), layer.get_weights(), strict=True):
        for place, letter in enumerate(BLOCKS[kind]):
            np.testing.assert_array_equal(spec.block(name, letter), weight[..., 4 * place : 4 * place + 4])


def test_the_forget_block_of_the_bias_starts_at_one(keras):
    spec = course_utils.trace(keras.layers.LSTM(3), np.ones((1, 2, 2))).recurrent[0].spec
    assert {letter: spec.block("bias", letter).tolist() for letter in "ifco"} == {
        "i": [0, 0, 0], "f": [1, 1, 1], "c": [0, 0, 0], "o": [0, 0, 0]
    }  # fmt: skip


def test_all_activations_of_keras_are_known(keras):
    by_name = {
        name
        for name in dir(keras.activations)
        if not name.startswith("_") and name not in ("get", "serialize", "deserialize", "swish", "hard_swish")
    }
    with_arguments = {"glu", "threshold"}  # glu halves its input, threshold has no defaults: no activation of a layer
    assert by_name - with_arguments == set(FUNCTIONS)


def test_an_activation_of_ones_own(keras):
    def tanh(values):  # the name is Keras's, the function is not
        return 2 * keras.ops.sin(values)

    x = np.random.default_rng(0).standard_normal((2, 4, 3)).astype("float32")
    for activation in (tanh, lambda values: 0.5 * values, keras.layers.LeakyReLU(0.1)):
        traced = assert_equal_to_keras(keras, keras.layers.LSTM(4, activation=activation), x)
        for kind in (keras.layers.LSTM, keras.layers.GRU):
            assert_equal_to_keras(keras, kind(4, recurrent_activation=activation), 0.3 * x)
    assert course_utils.trace(keras.layers.GRU(4, activation=tanh), x).recurrent[0].spec.activation.name == "tanh"
    assert traced.recurrent[0].spec.kind == "LSTM"


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_precisions(keras, kind, dtype):
    x = np.random.default_rng(0).standard_normal((2, 6, 3)).astype("float32")
    layer = getattr(keras.layers, kind)(5, dtype=dtype, return_sequences=True, return_state=True)
    half = 2e-2
    if dtype == "mixed_bfloat16" and VARIABLE in os.environ:  # two units in its last place are 1.6 % of a number
        half = 6e-2
    assert_equal_to_keras(keras, layer, x, tolerance=1e-10 if dtype == "float64" else half)


@pytest.mark.parametrize("shape", [(2, 4, 3), (1, 1, 1)])
@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True), (True, True)])
def test_cells_in_rnn(keras, shape, flags):
    L, (sequences, state) = keras.layers, flags
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    manner = {"return_sequences": sequences, "return_state": state}
    for cell in (
        L.LSTMCell(4),
        L.GRUCell(4, reset_after=False),
        [L.SimpleRNNCell(4)],
        [L.LSTMCell(4), L.GRUCell(3)],
        [L.SimpleRNNCell(4), L.LSTMCell(2), L.SimpleRNNCell(3)],
    ):
        traced = assert_equal_to_keras(keras, L.RNN(cell, name="rnn", **manner), x)
        several = isinstance(cell, list)
        names = [f"rnn/cell_{i + 1}" for i in range(len(cell))] if several else ["rnn"]
        assert [one.name for one in traced.recurrent] == names


def test_stacked_cells_under_a_mask(keras):
    x = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
    mask = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 0]], bool)
    for arguments in ({}, {"return_sequences": True}, {"return_sequences": True, "zero_output_for_mask": True}):
        cells = [keras.layers.LSTMCell(4), keras.layers.GRUCell(3)]
        assert_equal_to_keras(keras, keras.layers.RNN(cells, return_state=True, **arguments), x, mask=mask)


def own_cell(keras, nested):
    """Return a cell that is not Keras's: two states, an output of another width."""

    class Own(keras.layers.Layer):
        state_size = [3, 2] if nested else 3
        output_size = 4

        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 3), name="w")
            self.out = self.add_weight(shape=(3, 4), name="out")
            self.built = True

        def call(self, x, states, training=False):
            h = keras.ops.tanh(x @ self.w + 0.5 * states[0])
            return h @ self.out, [h, states[1] + 1] if nested else [h]

    return Own()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"return_sequences": True, "return_state": True}, {"go_backwards": True}])
def test_a_cell_of_ones_own(keras, nested, arguments):
    x = np.random.default_rng(0).standard_normal((2, 4, 3)).astype("float32")
    traced = assert_equal_to_keras(keras, keras.layers.RNN(own_cell(keras, nested), **arguments), x)
    assert traced.recurrent[0].hidden.shape == (2, 4, 3) and traced.recurrent[0].outputs.shape == (2, 4, 4)
    mask = np.array([[1, 0, 1, 0], [0, 1, 1, 1]], bool)
    assert_equal_to_keras(keras, keras.layers.RNN(own_cell(keras, nested), **arguments), x, mask=mask)
    mixed = keras.layers.RNN([own_cell(keras, nested), keras.layers.LSTMCell(2)], **arguments)
    assert_equal_to_keras(keras, mixed, x)


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_starts_where_the_layer_stands_and_does_not_move_it(keras, kind):
    random = np.random.default_rng(0)
    layer = getattr(keras.layers, kind)(4, stateful=True, return_state=True)
    layer.build((2, 5, 3))
    x = random.standard_normal((2, 5, 3)).astype("float32")
    layer(x)
    before = [np.array(state) for state in layer.states]
    traced = course_utils.trace(layer, x)
    for was, state in zip(before, layer.states, strict=True):
        np.testing.assert_array_equal(was, state)
    for mine, its in zip(traced.output, layer(x), strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-6)


def test_no_tensorflow_call_in_the_loop(keras, monkeypatch):
    """Once read, a layer runs without Keras: a trace of the spec with keras out of reach."""
    import sys

    from course_utils.recurrence import run_layer
    from course_utils.recurrence.reading import read_recurrent

    x = np.ones((1, 3, 2), "float32")
    specs = [read_recurrent(getattr(keras.layers, kind)(4), x) for kind in KINDS]
    for module in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, module, None)
    for spec in specs:
        assert run_layer(spec, x).output.shape == (1, 4)
