"""The folded picture: one cell with its loop for each recurrent layer, whatever the number of steps."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing.scene import Box, Label, Line
from course_utils.pictures import Diagram
from tests.unit.cases import some
from tests.unit.test_architectures import every_architecture
from tests.unit.test_trace_equals_keras import own_cell
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

GATES = {"SimpleRNN": [], "LSTM": ["i", "f", "c\u0303", "o"], "GRU": ["z", "r", "h\u0303"]}
STATES = {"SimpleRNN": "h", "GRU": "h", "LSTM": "hc"}


def built(layer, steps=3, features=2):
    """Return a layer connected to an input."""
    import keras

    layer(keras.Input((steps, features)))
    return layer


def texts(scene, start=""):
    return [label.text for label in scene.of(Label) if label.id.startswith(start)]


def assert_loops(scene):
    """Each cell's loop leaves its box, comes back into the same box, and passes the delay on its way."""
    boxes = {box.id: box.place for box in scene.of(Box)}
    lines = {line.id: line.points for line in scene.of(Line)}
    loops = [name for name in lines if name.startswith("loop[")]
    assert loops and len(loops) % 2 == 0
    for name in loops:
        cell, _state, way = name[5:-1].rsplit(",", 2)
        box, delay = boxes[f"cell[{cell}]"], boxes[f"delay[{cell}]"]
        at_box, at_delay = lines[name][:: -1 if way == "back" else 1][:: len(lines[name]) - 1]
        assert box.y < at_box[1] < box.bottom and min(abs(at_box[0] - box.x), abs(at_box[0] - box.right)) <= 4
        assert delay.x < at_delay[0] < delay.right and at_delay[1] == (delay.y if way == "out" else delay.bottom)
        run = Line("", lines[name]).place
        assert not any(run.overlaps(place) for key, place in boxes.items() if key.startswith("layer["))


@settings(max_examples=some(25), deadline=None)
@given(
    kind=st.sampled_from(["SimpleRNN", "LSTM", "GRU"]),
    units=st.sampled_from([1, 4, 50, 256]),
    steps=st.sampled_from([None, 1, 2, 784]),
    flags=st.fixed_dictionaries(
        {name: st.booleans() for name in ("return_sequences", "return_state", "go_backwards", "use_bias")}
    ),
)
def test_every_layer_is_tidy(keras, kind, units, steps, flags):
    layer = built(getattr(keras.layers, kind)(units, **flags), steps)
    scene = course_utils.draw_rolled(layer).scene
    assert_tidy(scene)
    assert_loops(scene)
    assert sum(box.role == "cell" for box in scene.of(Box)) == 1
    assert texts(scene, "tag_letter") == list("WRb" if flags["use_bias"] else "WR")
    assert texts(scene, "gate_letter") == GATES[kind]
    assert [box.hue for box in scene.of(Box) if box.role == "gate"] == [letter[0] for letter in GATES[kind]]
    loops = [line for line in scene.of(Line) if line.id.startswith("loop[") and line.head]
    assert ["memory" if line.role == "memory" else "flow" for line in loops] == (
        ["flow", "memory"][: len(STATES[kind])]
    )
    assert bool(texts(scene, "exit")) == flags["return_state"]
    times = {None: "T times", 1: "once", 2: "twice", 784: "784 times"}[steps]
    assert texts(scene, "note") == [f"used once a time-step, {times}"]
    assert any("at every step" in text for text in texts(scene, "leaving[" + layer.name)) == flags["return_sequences"]
    assert texts(scene, "later") == ["one step earlier" if flags["go_backwards"] else "one step later"]


def test_what_goes_round_is_written_at_both_ends(keras):
    forward = course_utils.draw_rolled(built(keras.layers.LSTM(4))).scene
    assert texts(forward, "state") == ["hₜ", "hₜ₋₁", "cₜ", "cₜ₋₁"]
    assert "hₜ₊₁" in texts(course_utils.draw_rolled(built(keras.layers.GRU(4, go_backwards=True))).scene, "state")


@settings(max_examples=some(12), deadline=None)
@given(st.sampled_from(["SimpleRNN", "LSTM", "GRU"]), st.booleans(), st.sampled_from(["concat", "sum", None]))
def test_two_directions_are_two_cells_and_a_merge(keras, kind, return_sequences, merge_mode):
    inner = getattr(keras.layers, kind)(4, return_sequences=return_sequences)
    scene = course_utils.draw_rolled(built(keras.layers.Bidirectional(inner, merge_mode=merge_mode))).scene
    assert_tidy(scene)
    assert_loops(scene)
    boxes = {box.id.split("[")[0] + box.id.rsplit("/", 1)[-1]: box.place for box in scene.of(Box)}
    forward, backward = boxes["cellforward]"], boxes["cellbackward]"]
    assert boxes["delayforward]"].right < forward.x and forward.right < backward.x, "concat puts the forward half first"
    assert backward.right < boxes["delaybackward]"].x
    assert texts(scene, "own") == ["its own weights"] * 2
    assert texts(scene, "merge_name") == [merge_mode or "both leave"]
    assert set(texts(scene, "later")) == {"one step later", "one step earlier"}


def test_returned_states_of_two_directions_leave_by_arrows_and_are_counted_by_time(keras):
    for steps, forward, backward in ((28, "h₂₈ and c₂₈", "h₁ and c₁"), (None, "the last h and c", "h₁ and c₁")):
        layer = built(keras.layers.Bidirectional(keras.layers.LSTM(4, return_state=True)), steps)
        scene = course_utils.draw_rolled(layer).scene
        assert_tidy(scene)
        said = [text for text in texts(scene, "exit[") if "once more" in text]
        assert said == [f"{forward}, once more", f"{backward}, once more"]
        boxes = {box.id[5:-1]: box.place for box in scene.of(Box) if box.role == "cell"}
        arrows = {line.id[6:-7]: line.points[0] for line in scene.of(Line) if line.id.endswith(",state]")}
        assert set(arrows) == set(boxes) and len(boxes) == 2
        for name, (x, y) in arrows.items():
            assert boxes[name].x < x < boxes[name].right and 0 < boxes[name].y - y <= 4
        assert "Of backward: LSTM(4), h_1 and c_1 once more" in scene.description


def test_every_cell_of_a_stack_returns_its_states(keras):
    cells = [keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]
    scene = course_utils.draw_rolled(built(keras.layers.RNN(cells, return_state=True))).scene
    assert_tidy(scene)
    assert [text for text in texts(scene, "exit[") if "once" in text] == ["h₃, once more", "h₃ and c₃, once more"]


@pytest.mark.parametrize(
    ("backward", "two", "next_step", "step_before"), [(False, False, 1, 0), (True, False, 0, 1), (False, True, 1, 1)]
)
def test_the_note_on_the_loop_is_true_for_its_direction(keras, backward, two, next_step, step_before):
    layer = keras.layers.GRU(4, go_backwards=backward)
    layer = keras.layers.Bidirectional(layer) if two else layer
    scene = course_utils.draw_rolled(built(layer)).scene
    notes = " ".join(texts(scene, "legend_note"))
    assert notes.count("it gets at the next") == next_step
    assert notes.count("it gets at the step before in time") == step_before
    if two:
        assert [text for text in texts(scene, "state[") if text != "hₜ"] == ["hₜ₋₁", "hₜ₊₁"]


def test_free_sizes_are_named_in_words(keras):
    scene = course_utils.draw_rolled(built(keras.layers.LSTM(4, return_sequences=True), None)).scene
    assert texts(scene, "shape[") == ["(batch, T, 4)", "(batch, T, 2)"]
    assert any("T: any number of steps" in text for text in texts(scene, "legend_note"))
    assert not any("T:" in text for text in texts(course_utils.draw_rolled(built(keras.layers.LSTM(4))).scene))


def test_names_are_left_as_they_are(keras):
    L, source, target = keras.layers, keras.Input((None, 3)), keras.Input((None, 2))
    _output, h = L.GRU(4, return_state=True, name="EncoDer")(source)
    model = keras.Model([source, target], L.GRU(4)(target, initial_state=h))
    assert "Not drawn, beside this chain: 1 layer (EncoDer)." in course_utils.draw_rolled(model).description


@every_architecture
def test_every_architecture(keras, build):
    model, _x, _names = build(keras)
    diagram = course_utils.draw_rolled(model)
    assert_tidy(diagram.scene)
    assert_loops(diagram.scene)
    assert_same_in_both_renderers(diagram.scene)
    drawn = {re.sub(r"/.*", "", label.id[6:-1]) for label in diagram.scene.of(Label) if label.id.startswith("title[")}
    missing = {layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)} - drawn
    for name in missing:
        assert name in diagram.description.split("drawn, beside this chain")[1]


def test_a_branch_is_said_and_an_initial_state_too(keras):
    L, source, target = keras.layers, keras.Input((None, 3)), keras.Input((None, 2))
    _output, h, c = L.LSTM(4, return_state=True, name="encoder")(source)
    decoded = L.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    diagram = course_utils.draw_rolled(keras.Model([source, target], L.Dense(5, name="words")(decoded)))
    assert "not drawn, beside this chain: 1 layer (encoder)" in texts(diagram.scene, "beside")
    assert texts(diagram.scene, "start") == ["at the start: from encoder"]
    assert [box.id for box in diagram.scene.of(Box) if box.role in ("cell", "closed")] == [
        "layer[words]",
        "cell[decoder]",
    ]


def test_the_mnist_network(keras):
    layers = [keras.Input((28, 28)), keras.layers.LSTM(50, name="reader"), keras.layers.Dense(10, name="say")]
    diagram = course_utils.draw_rolled(keras.Sequential(layers))
    assert diagram.description == (
        "LSTM(50) → Dense(10), folded (rolled up): one cell, used again at every time-step with the same W, R and b; "
        "the loop carries its state on. Input: x_t at every step, (batch, 28, 28). "
        "reader, LSTM(50): used once a time-step, 28 times. LSTM(50) gets its own h and c back one step later; "
        "at the start: zeros. It gives only h_28, (batch, 50). say, Dense(10): once, at the end. It gives (batch, 10)."
    )
    boxes = {box.id: box.place for box in diagram.scene.of(Box)}
    assert boxes["layer[say]"].bottom < boxes["cell[reader]"].y, "depth runs upwards"


def test_a_dense_layer_says_whether_it_works_at_each_step(keras):
    for return_sequences, words in ((True, "each step by itself, the same weights"), (False, "once, at the end")):
        reader = keras.layers.GRU(3, return_sequences=return_sequences)
        scene = course_utils.draw_rolled(keras.Sequential([keras.Input((5, 2)), reader, keras.layers.Dense(2)])).scene
        assert words in texts(scene, "note")


def test_layers_above_each_other(keras):
    L = keras.layers
    stack = built(L.RNN([L.LSTMCell(3), L.GRUCell(2), own_cell(keras, nested=True)]))
    scene = course_utils.draw_rolled(stack).scene
    assert_tidy(scene)
    assert_loops(scene)
    assert texts(scene, "title[") == ["Own", "GRU(2)", "LSTM(3)"]
    many = [keras.Input((28, 28)), *(L.LSTM(9, return_sequences=True) for _layer in range(29)), L.GRU(4), L.Dense(2)]
    scene = course_utils.draw_rolled(keras.Sequential(many)).scene
    assert_tidy(scene)
    assert texts(scene, "left_out") == ["… 26 more layers …"]
    assert len(list(ElementTree.fromstring(Diagram(scene).to_svg()).iter())) <= 400


def test_a_model_in_a_model_is_unpacked(keras):
    inner = keras.Sequential([keras.Input((5, 3)), keras.layers.LSTM(4, name="inside")], name="inner")
    model = keras.Sequential([keras.Input((5, 3)), inner, keras.layers.Dense(1)])
    scene = course_utils.draw_rolled(model).scene
    assert "cell[inside]" in [box.id for box in scene.of(Box)]


def test_wrong_arguments(keras):
    with pytest.raises(ValueError, match=r"has no weights yet.*\.build\(\(None, time-steps, features\)\)"):
        course_utils.draw_rolled(keras.layers.LSTM(4))
    with pytest.raises(TypeError, match="model must hold a recurrent layer"):
        course_utils.draw_rolled(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
    with pytest.raises(TypeError, match="model must be a Keras layer or model"):
        course_utils.draw_rolled(np.zeros((1, 3, 2)))


def test_recurrent_layers_are_the_last_to_be_left_out(keras):
    L = keras.layers
    entry = y = keras.Input((40, 16, 1))
    for _ in range(3):
        y = L.MaxPooling2D((1, 2))(L.Conv2D(4, 3, padding="same")(y))
    y = L.Dropout(0.1)(L.Dense(8)(L.Reshape((40, 8))(y)))
    y = L.Dense(5)(L.Dropout(0.1)(L.LSTM(4, return_sequences=True, name="reader")(y)))
    diagram = course_utils.draw_rolled(keras.Model(entry, L.Activation("softmax")(y)))
    assert "reader, LSTM(4, return_sequences=True)" in diagram.description
    hidden = [int(re.search(r"\d+", label.text)[0]) for label in diagram.scene.of(Label) if "more layers" in label.text]
    drawn = sum(box.role in ("cell", "closed") for box in diagram.scene.of(Box))
    assert hidden == [6] and drawn == 7
    assert_tidy(diagram.scene)
