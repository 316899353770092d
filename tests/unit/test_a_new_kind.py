"""A new kind of cell is one file and one registration: an LSTM with peepholes, which Keras does not have."""

import itertools
import re

import numpy as np
import pytest

import course_utils
from course_utils.drawing.scene import Cells, Label
from course_utils.drawing.text import subscript
from course_utils.drawing.wording import number
from course_utils.explorers.cell import CellSettings, view
from course_utils.explorers.cell_sums import sum_in_words, sums_in_short
from course_utils.pictures.cell import cell_scene
from course_utils.pictures.weights.weights import weights_scene
from course_utils.recurrence import RecurrentSpec, run
from course_utils.recurrence.kinds import KINDS, OWN_CELLS, Kind, register
from course_utils.recurrence.kinds.flow import Activate, Add, Multiply, Product, Rest, Sum, Weigh
from course_utils.recurrence.kinds.formulas import formula
from course_utils.recurrence.kinds.lstm import LSTM
from tests.unit.layer_explorers import asked
from tests.unit.test_gradients import by_tape
from tests.unit.tidy import assert_tidy


def flow(_reset_after):
    """An LSTM whose gates see the memory too: i and f that before the step, o that after it (Gers and others, 2002)."""
    return (
        *(Product(f"h·R[{letter}]", "h-", letter, together="ifco") for letter in "ifco"),
        Weigh("c·p[i]", "c-", "peephole", "i"),
        Weigh("c·p[f]", "c-", "peephole", "f"),
        Sum("sum[i]", "i", ("h·R[i]", "c·p[i]")),
        Sum("sum[f]", "f", ("h·R[f]", "c·p[f]")),
        Sum("sum[c]", "c", ("h·R[c]",)),
        Activate("i", "recurrent_activation", "sum[i]"),
        Activate("f", "recurrent_activation", "sum[f]"),
        Activate("c̃", "activation", "sum[c]"),
        Multiply("f⊙c", "f", "c-"),
        Multiply("i⊙c̃", "i", "c̃"),
        Add("c", ("f⊙c", "i⊙c̃")),
        Weigh("c·p[o]", "c", "peephole", "o"),
        Sum("sum[o]", "o", ("h·R[o]", "c·p[o]")),
        Activate("o", "recurrent_activation", "sum[o]"),
        Activate("tanh(c)", "activation", "c"),
        Multiply("h", "o", "tanh(c)"),
    )


PEEPHOLE = Kind(
    "PeepholeLSTM",
    LSTM.blocks,
    LSTM.gates,
    LSTM.states,
    flow,
    keeps="f",
    memory="c",
    vectors={"peephole": ("p", "ifo")},
)


@pytest.fixture(scope="module")
def layer(keras):
    """A layer of peephole cells with weights that are all different, registered for these tests alone."""
    ops = keras.ops

    class PeepholeCell(keras.layers.Layer):
        def __init__(self, units, **more):
            super().__init__(**more)
            self.units, self.state_size, self.output_size = units, [units, units], units
            self.use_bias, self.activation = True, keras.activations.tanh
            self.recurrent_activation = keras.activations.sigmoid

        def build(self, shape):
            U = self.units
            for name, size in (("kernel", (shape[-1], 4 * U)), ("recurrent_kernel", (U, 4 * U))):
                setattr(self, name, self.add_weight(shape=size, initializer="glorot_uniform", name=name))
            self.peephole = self.add_weight(shape=(3 * U,), initializer="random_normal", name="peephole")
            self.bias = self.add_weight(shape=(4 * U,), initializer="random_normal", name="bias")

        def call(self, x, states):
            h, c = states
            z = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent_kernel) + self.bias
            i, f, new, o = ops.split(z, 4, axis=-1)
            p_i, p_f, p_o = ops.split(self.peephole, 3)
            i, f = ops.sigmoid(i + c * p_i), ops.sigmoid(f + c * p_f)
            c = f * c + i * ops.tanh(new)
            h = ops.sigmoid(o + c * p_o) * ops.tanh(c)
            return h, [h, c]

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    keras.utils.set_random_seed(3)
    layer = keras.layers.RNN(PeepholeCell(3), return_sequences=True, return_state=True, name="peephole")
    layer.build((None, None, 2))
    layer.set_weights(
        [weight + 0.5 * np.sin(np.arange(weight.size)).reshape(weight.shape) for weight in layer.get_weights()]
    )
    register(PEEPHOLE, PeepholeCell)
    yield layer
    del KINDS[PEEPHOLE.name], OWN_CELLS[PeepholeCell]


X = np.random.default_rng(0).normal(size=(2, 4, 2)).astype("float32")


def test_its_trace_equals_keras(layer):
    traced, (output, h, c) = course_utils.trace(layer, X), layer(X)
    for ours, theirs in zip(traced.output, (output, h, c), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    cell = traced.recurrent[0]
    np.testing.assert_allclose(cell.cell_state[:, -1], c, atol=1e-5)
    assert set(cell.gates) == set("ifo") and cell.candidate.shape == (2, 4, 3)
    np.testing.assert_allclose(cell.terms["o"].total, np.log(cell.gates["o"] / (1 - cell.gates["o"])), atol=1e-4)


def test_its_parameters_equal_those_of_keras(layer):
    counted = course_utils.parameters(layer)
    assert counted.total == layer.count_params() == 4 * (2 * 3 + 3 * 3 + 3) + 3 * 3
    assert counted.formula == "4·F·U + 4·U·U + 3·U + 4·U"


def test_its_gradient_equals_the_tape(keras, layer):

    flow = course_utils.gradient_flow(layer, X)
    for step in range(1, 4):
        np.testing.assert_allclose(
            (flow.hidden[step - 1], flow.state[step - 1]), by_tape(keras, layer, X, step), rtol=1e-4
        )


def test_it_is_drawn_unrolled(layer):
    picture = course_utils.draw_unrolled(layer, X)
    said = picture.description
    assert "c_t = f⊙c_(t-1) + i⊙c̃" in said and "h_t = o⊙tanh(c_t)" in said and "81 parameters" in said


def test_it_is_drawn_rolled(layer):
    picture = course_utils.draw_rolled(layer)
    assert {item.id for item in picture.scene.items} >= {"loop[peephole,h,out]", "loop[peephole,c,out]"}
    assert "the last h and c, once more" in {item.text for item in picture.scene.of(Label)}


def test_its_weights_are_drawn(layer):
    picture = course_utils.draw_weights(layer)
    blocks = {item.id: item for item in picture.scene.of(Cells)}
    p = layer.get_weights()[2]
    for place, letter in enumerate("ifo"):
        np.testing.assert_allclose(blocks[f"peephole[{letter}]"].values[0], p[3 * place : 3 * place + 3])
    assert "peephole[c]" not in blocks


def test_its_cell_is_drawn(layer):
    picture = course_utils.draw_cell(layer, X, step=2)
    shown = {item.id: item.values.ravel() for item in picture.scene.of(Cells) if item.values is not None}
    cell = course_utils.trace(layer, X).recurrent[0]
    for letter in "ifo":
        np.testing.assert_allclose(shown[f"{letter}[t=2]"], cell.gates[letter][0, 1], atol=1e-6)
    np.testing.assert_allclose(shown["c[t=2]"], cell.cell_state[0, 1], atol=1e-6)
    np.testing.assert_allclose(shown["h[t=2]"], cell.hidden[0, 1], atol=1e-6)
    p = layer.get_weights()[2]
    np.testing.assert_allclose(shown["c·p[o][t=2]"], cell.cell_state[0, 1] * p[6:], atol=1e-6)


def test_its_sums_are_written_out_and_hold_the_numbers_of_the_trace(layer):
    explorer = course_utils.explore_cell(layer, X[:1])
    cell, p = course_utils.trace(layer, X[:1]).recurrent[0], layer.get_weights()[2]
    for step, unit in itertools.product((1, 2, 4), (1, 2, 3)):
        explorer.set(step=step, unit=unit)
        u, c, old, h = unit - 1, subscript("c", step), subscript("c", step - 1), subscript("h", step)
        before, now, hidden = (cell.state(*which)[0, u] for which in ((step - 1, "c"), (step, "c"), (step, "h")))
        parts = [part.split("\n  ") for part in re.split(r"\n(?! )", "\n".join(sum_in_words(cell, step, unit)))]
        blocks = {head: lines for head, *lines in parts}
        f, i, new, memory, o, last = blocks
        assert [f, i, new, o] == ["f, forget gate", "i, input gate", "c̃, candidate", "o, output gate"]
        assert memory.startswith(f"unit {unit} of {c} = f·{old} + i·c̃ = "), "o sees the new memory"
        assert memory.endswith(f" = {number(now)}")
        assert last.startswith(f"unit {unit} of {h} = o·tanh({c}) = ") and last.endswith(f" = {number(hidden)}")
        peepholes = {i: (old, before, p[u]), f: (old, before, p[3 + u]), o: (c, now, p[6 + u])}
        for letter, head in zip("fico", (f, i, new, o), strict=True):
            total, gate = (number(part[0, step - 1, u]) for part in (cell.terms[letter].total, cell.block(letter)))
            *parts, added, activated = blocks[head]
            assert added.startswith("sum: ") and added.endswith(f" = {total}") and added.count(" + ") == len(parts) - 1
            assert activated.endswith(f"({total}) = {gate}")
            seen = [line for line in parts if "·p = " in line]
            assert len(seen) == (head in peepholes)
            if seen:
                name, state, weight = peepholes[head]
                worked = "·".join(f"({text})" if text[0] == "−" else text for text in map(number, (state, weight)))
                assert seen == [f"{name}·p = {worked} = {number(state * weight)}"]
        assert explorer._headline.value.count("<br>") == 4 and explorer._headline.value.endswith(f"= {number(hidden)}")
        assert f"sigmoid(x{c[1:]}·W + h{old[1:]}·R + {old}·p + b) = " in explorer._headline.value
        assert_tidy(explorer.diagram.scene)


def test_the_button_asks_the_layer_itself(layer):
    assert asked(course_utils.explore_cell(layer, X[:1])).startswith("Keras says the same.")


def test_letters_that_have_no_hue_are_written_plainly():
    """The update gate RNN (Collins and others, 2017): its letters are in no picture that was placed by hand."""
    ugrnn = (
        *(Product(f"h·R[{letter}]", "h-", letter, together="un") for letter in "un"),
        *(Sum(f"sum[{letter}]", letter, (f"h·R[{letter}]",)) for letter in "un"),
        Activate("u", "recurrent_activation", "sum[u]"),
        Activate("n\u0303", "activation", "sum[n]"),
        Multiply("u⊙h", "u", "h-"),
        Rest("1−u", "u"),
        Multiply("(1−u)⊙n", "1−u", "n\u0303"),
        Add("h", ("u⊙h", "(1−u)⊙n")),
    )
    register(Kind("UGRNN", {"u": "update", "n": "candidate"}, "u", {"h": "state"}, lambda _reset_after: ugrnn))
    try:
        spec = RecurrentSpec("UGRNN", "u", *(np.sin(np.arange(n * 6).reshape(n, 6)) for n in (2, 3)), np.ones(6))
        shown = view(run(spec, X[:1]), CellSettings(step=2, unit=1))
        sums = re.sub("<[^>]*>", "\n", shown.headline).strip().split("\n")
        assert [line.split(" = ")[0] for line in sums if line] == ["u", "n\u0303", "Unit 1 of h₂"]
        assert "Unit 1 of h₂ = u·h₁ + (1 − u)·n\u0303 = " in shown.headline
    finally:
        del KINDS["UGRNN"]


def min_gru(keras, how):
    """A cell that is not registered: h = (1 − z)⊙h + z⊙h̃; neither z nor h̃ sees the state (Feng and others, 2024)."""

    class MinGRU(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units, self.state_size = units, units

        def build(self, shape):
            self.gate = self.add_weight(shape=(shape[-1], self.units), initializer="glorot_uniform", name="gate")
            self.new = keras.layers.Dense(self.units, name="new")
            self.new.build(shape)

        def call(self, x, states):
            return how(self, x, states[0])

    layer = keras.layers.RNN(MinGRU(3), return_sequences=True)
    layer.build((None, None, 2))
    return layer


def test_a_cell_that_nobody_registered_is_drawn_from_its_operations(keras):
    def by_operations(cell, x, h):
        z = keras.ops.sigmoid(keras.ops.matmul(x, cell.gate))
        h = (1 - z) * h + z * cell.new(x)
        return h, [h]

    layer = min_gru(keras, by_operations)
    picture = course_utils.draw_cell(layer, X, step=2, sample=1)
    shown = {item.id: item.values.ravel() for item in picture.scene.of(Cells) if item.values is not None}
    z = np.asarray(keras.ops.sigmoid(X[1, 1] @ layer.cell.gate))
    h, output = np.asarray(layer(X))[1, 0], np.asarray(layer(X))[1, 1]
    said = picture.description
    for text, values in [
        ("① = x·gate", X[1, 1] @ np.asarray(layer.cell.gate)),
        ("② = sigmoid(①)", z),
        ("③ = new(x)", np.asarray(layer.cell.new(X[1, 1:2]))[0]),
        ("④ = 1 − ②", 1 - z),
        ("⑤ = ④ ⊙ h", (1 - z) * h),
        ("⑥ = ② ⊙ ③", z * np.asarray(layer.cell.new(X[1, 1:2]))[0]),
        ("⑦ = ⑤ + ⑥", output),
    ]:
        assert text in said
        np.testing.assert_allclose(shown[f"operation[{text[0]}]"], values, atol=1e-5)
    np.testing.assert_allclose(shown["output"], output, atol=1e-5)
    np.testing.assert_allclose(shown["h[t=1]"], h, atol=1e-5)
    assert "gate (2, 3), kernel (2, 3), bias (3,)" in said


def by_another_library(cell, x, h):
    import tensorflow as tf

    h = tf.tanh(tf.matmul(tf.convert_to_tensor(x), cell.gate)) + h
    return h, [h]


def by_asking_the_numbers(cell, x, h):
    h = cell.new(x) if float(np.asarray(x).sum()) > 100 else h + 1
    return h, [h]


def by_doing_otherwise_on_symbols(cell, x, h):
    import keras

    if isinstance(x, keras.KerasTensor):  # what it says of itself is not what it does
        h = h + 3 * cell.new(x)
    return h, [h]


@pytest.mark.parametrize("how", [by_another_library, by_asking_the_numbers, by_doing_otherwise_on_symbols])
def test_a_cell_that_cannot_be_followed_is_a_box_with_its_numbers(keras, how):
    layer = min_gru(keras, how)
    picture = course_utils.draw_cell(layer, X, step=3)
    shown = {item.id: item.values.ravel() for item in picture.scene.of(Cells) if item.values is not None}
    np.testing.assert_allclose(shown["output"], np.asarray(layer(X))[0, 2], atol=1e-5)
    np.testing.assert_allclose(shown["h[t=2]"], np.asarray(layer(X))[0, 1], atol=1e-5)
    assert "known to your code alone" in picture.description and not any("operation" in id for id in shown)


def test_a_cell_with_two_states_of_different_size_shows_both(keras):
    class Counting(keras.layers.Layer):
        state_size, output_size = (3, 1), 3

        def call(self, x, states):
            h, count = states
            return h + count, [h + 2, count + 1]

    picture = course_utils.draw_cell(keras.layers.RNN(Counting()), X, step=4)
    shown = {item.id: item.values.ravel() for item in picture.scene.of(Cells) if item.values is not None}
    np.testing.assert_allclose(shown["s2[t=4]"], [4], atol=1e-5)
    np.testing.assert_allclose(shown["h[t=4]"], [8, 8, 8], atol=1e-5)
    np.testing.assert_allclose(shown["output"], [9, 9, 9], atol=1e-5)


MGU_FLOW = (
    Product("h·R[f]", "h-", "f"),
    Sum("sum[f]", "f", ("h·R[f]",)),
    Activate("f", "recurrent_activation", "sum[f]"),
    Multiply("f⊙h", "f", "h-"),
    Product("h·R[h]", "f⊙h", "h"),
    Sum("sum[h]", "h", ("h·R[h]",)),
    Activate("h̃", "activation", "sum[h]"),
    Rest("1−f", "f"),
    Multiply("(1−f)⊙h", "1−f", "h-"),
    Multiply("f⊙h̃", "f", "h̃"),
    Add("h", ("(1−f)⊙h", "f⊙h̃")),
)
"""The minimal gated unit (Zhou and others, 2016): the gate acts on the state before R, and it mixes old and new."""


def mgu(flow=MGU_FLOW, blocks=(("f", "forget"), ("h", "candidate"))):
    return Kind("MGU", dict(blocks), "f", {"h": "state"}, lambda _reset_after: flow)


def test_a_gated_state_is_written_and_drawn_where_it_is_used():
    register(mgu())
    try:
        spec = RecurrentSpec("MGU", "mgu", *(0.3 * np.cos(np.arange(n * 6).reshape(n, 6)) for n in (2, 3)), np.ones(6))
        assert formula(spec, "h̃", {"x": "x₂", "h-": "h₁"}) == "tanh(x₂·W + (f⊙h₁)·R + b)"
        assert formula(spec, "h", {"h-": "h₁"}) == "(1−f)⊙h₁ + f⊙h̃"
        scene = cell_scene(run(spec, X), step=2)
        places = {item.id: item.place for item in scene.of(Cells)}
        assert places["f⊙h[t=2]"].x == places["candidate[t=2]"].x and "First f⊙h_1 = " in scene.description
        assert "added to the sum" in {label.text for label in weights_scene(spec).of(Label)}
        assert_tidy(scene)
        *sums, (_none, result) = sums_in_short(run(spec, X), 2, 1)
        assert [text.split(" = ")[1] for _letter, text in sums] == [
            "sigmoid(x₂·W + h₁·R + b)",
            "tanh(x₂·W + (f⊙h₁)·R + b)",
        ]
        assert result.startswith("unit 1 of h₂ = (1 − f)·h₁ + f·h̃ = ")
    finally:
        del KINDS["MGU"]


@pytest.mark.parametrize(
    ("flow", "blocks", "words"),
    [
        (MGU_FLOW, (("f", "forget"), ("h", "new values")), "must call one of them 'candidate'"),
        ((*MGU_FLOW[:1], *MGU_FLOW[2:]), None, "makes 'f' of 'sum.f.', which is not there yet"),
        (
            (*MGU_FLOW[:5], Activate("h̃", "activation", "h·R[h]"), *MGU_FLOW[7:]),
            None,
            "one Sum for block 'h', but it holds 0",
        ),
        ((*MGU_FLOW[:8], Multiply("(1-f)⊙h", "1-f", "h-")), None, "'1-f', which is not there yet. Did you mean '1−f'"),
        ((*MGU_FLOW[:6], Activate("h~", "activation", "sum[h]")), None, "must come to 'h̃'"),
        (MGU_FLOW[:-1], None, "must come to 'h', but no operation bears that name"),
    ],
)
def test_a_kind_that_does_not_fit_together_is_refused(flow, blocks, words):
    with pytest.raises(ValueError, match=words):
        register(mgu(flow, blocks or mgu().blocks.items()))
    assert "MGU" not in KINDS
