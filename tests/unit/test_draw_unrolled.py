"""The unrolled picture of every kind of layer and model: its geometry, what leaves, its values, its words."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.refs import Link
from course_utils.drawing.scene import Box, Cells, Label, Line
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import LIGHT, ZERO
from course_utils.pictures.unrolled import plan_layer, plan_trace, unrolled_scene
from course_utils.pictures.unrolled.branches import MOST_BRANCHES
from course_utils.pictures.unrolled.unrolled import MOST_ROWS
from course_utils.recurrence import random_input, random_spec, run
from course_utils.recurrence.activation_functions import activation_named
from course_utils.recurrence.graphs import DenseSpec, FlattenSpec, chain
from course_utils.recurrence.initializing import random_bidirectional
from tests.unit import test_architectures
from tests.unit.cases import some
from tests.unit.test_trace_equals_keras import own_cell
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = ("SimpleRNN", "LSTM", "GRU")
SINGLE = np.dtype("float32")
sizes = st.integers(1, 40)


def scene_of(kind="LSTM", units=4, steps=3, features=2, **arguments):
    """Lay out one layer on an input of its own."""
    spec = random_spec(kind, units=units, features=features, **arguments)
    return unrolled_scene(plan_trace(run(spec, random_input(steps, features))))


def both(kind, units, features, merge_mode="concat", **arguments):
    """Return a Bidirectional spec."""
    return random_bidirectional(kind, units=units, features=features, merge_mode=merge_mode, name="both", **arguments)


def dense(inputs, outputs):
    """Return a Dense layer."""
    kernel = np.linspace(-1, 1, inputs * outputs).reshape(inputs, outputs)
    return DenseSpec("dense", kernel, None, activation_named("linear"), SINGLE)


@settings(max_examples=some(60), deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    units=sizes,
    steps=st.integers(1, 300),
    features=sizes,
    return_sequences=st.booleans(),
    return_state=st.booleans(),
    go_backwards=st.booleans(),
    use_bias=st.booleans(),
)
def test_one_layer_is_tidy(**case):
    scene = scene_of(**case)
    assert_tidy(scene)
    assert len(set(scene.ids())) == len(list(scene.ids()))


@settings(max_examples=some(40), deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    units=st.integers(1, 12),
    steps=st.integers(1, 12),
    features=st.integers(1, 12),
    merge_mode=st.sampled_from(["concat", "sum", "mul", "ave", None]),
    return_sequences=st.booleans(),
    return_state=st.booleans(),
)
def test_two_directions_are_tidy(kind, units, steps, features, merge_mode, **arguments):
    spec = both(kind, units, features, merge_mode, **arguments)
    scene = unrolled_scene(plan_layer(spec, [random_input(steps, features)]))
    assert_tidy(scene)
    assert len(set(scene.ids())) == len(list(scene.ids()))


@settings(max_examples=some(40), deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=10),
    units=st.integers(1, 12),
    steps=st.integers(1, 12),
    last=st.booleans(),
    flat=st.booleans(),
)
def test_a_mesh_of_layers_is_tidy(kinds, units, steps, last, flat):
    layers, width = [], 2
    for place, kind in enumerate(kinds):
        sequence = place < len(kinds) - 1 or not last
        layers.append(random_spec(kind, units=units, features=width, return_sequences=sequence, name=f"layer_{place}"))
        width = units
    if flat and not last:
        layers.append(FlattenSpec("flat", SINGLE))
        width = units * steps
    layers.append(dense(width, 3))
    plan = plan_layer(chain(layers), [random_input(steps, 2)])
    scene = unrolled_scene(plan)
    assert_tidy(scene)
    assert len(set(scene.ids())) == len(list(scene.ids()))
    hidden = [label.text for label in scene.of(Label) if label.id == "left_out_layers"]
    assert hidden == ([f"… {len(plan.rows) - 5} more layers …"] if len(plan.rows) > MOST_ROWS else [])


def _cells(scene, id):
    """Return the cells with an id."""
    return next(cells for cells in scene.of(Cells) if cells.id == id)


@pytest.mark.parametrize("build", test_architectures.ARCHITECTURES, ids=lambda build: build.__name__)
def test_every_architecture_can_be_drawn(keras, build):
    model, x, names = build(keras)
    for values in (x, None):
        steps = None if values is not None or model.inputs[0].shape[1] else 4
        scene = course_utils.draw_unrolled(model, values, steps=steps).scene
        assert_tidy(scene)
        assert_same_in_both_renderers(scene)
    told = scene.description
    inside = {"sentence"}  # of a model that TimeDistributed holds
    assert all(name.split("/")[0] in told or name in inside or scene.title.startswith("GRU") for name in names)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("steps", [3, 6])
def test_one_solid_arrow_for_each_state_that_leaves(kind, return_sequences, steps):
    scene = scene_of(kind, steps=steps, return_sequences=return_sequences)
    leaving = [line for line in scene.of(Line) if line.id.startswith("arrow[output") and line.role == "flow"]
    assert len(leaving) == (steps if return_sequences else 1)
    ghosts = [cells for cells in scene.of(Cells) if cells.ghost]
    assert len(ghosts) == (0 if return_sequences else steps - 1)


@pytest.mark.parametrize("steps", [3, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_every_unit_at_every_step_has_a_cell(kind, steps):
    ids = set(scene_of(kind, units=5, steps=steps).ids())
    assert {f"output[t={t},u={u}]" for t in range(1, steps + 1) for u in range(1, 6)} <= ids
    assert {f"x[t={t},f={f}]" for t in range(1, steps + 1) for f in (1, 2)} <= ids


@pytest.mark.parametrize("kind", KINDS)
def test_every_copy_has_the_same_letters(kind):
    scene = scene_of(kind, steps=3)
    copies = [
        [re.sub(r"t=\d", "t", box.id) for box in scene.of(Box) if box.role in ("tag", "gate") and f"t={t}," in box.id]
        for t in (1, 2, 3)
    ]
    assert copies[0] == copies[1] == copies[2]
    gates = [re.search(r",(.)\]", box.id)[1] for box in scene.of(Box) if box.role == "gate" and "t=1," in box.id]
    assert "".join(gates) == {"SimpleRNN": "", "LSTM": "ifco", "GRU": "zrh"}[kind]


def test_memory_is_a_double_line_and_h_is_not():
    scene = scene_of("LSTM", steps=6, return_state=True)
    roles = {line.id: line.role for line in scene.of(Line) if line.id.startswith(("arrow[c", "arrow[h"))}
    assert {role for id, role in roles.items() if "[c" in id} == {"memory"}
    assert {role for id, role in roles.items() if "[h" in id} == {"flow"}
    assert len(roles) == 2 * 7  # into each of six boxes and out of the last, for both


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [3, 6])
def test_return_state_opens_an_exit_for_each_state(kind, steps):
    opened = set(scene_of(kind, steps=steps, return_state=True).ids()) - set(scene_of(kind, steps=steps).ids())
    for letter in "hc" if kind == "LSTM" else "h":
        assert {f"{letter}[t={steps}]", f"arrow[{letter},t={steps},out]"} <= opened


@pytest.mark.parametrize("sample", [0, 1])
def test_the_values_are_those_of_the_trace(sample):
    spec = random_spec("LSTM", units=4, features=2, return_state=True)
    trace = run(spec, np.concatenate([random_input(3, 2), random_input(3, 2, seed=1)]))
    scene = unrolled_scene(plan_trace(trace, sample=sample))
    blocks = {cells.id: cells.values[:, 0] for cells in scene.of(Cells) if cells.shape[1] == 1}
    for t in (1, 2, 3):
        np.testing.assert_array_equal(blocks[f"c[t={t}]"], trace.cell_state[sample, t - 1])
        np.testing.assert_array_equal(blocks[f"h[t={t}]"], trace.hidden[sample, t - 1])
        np.testing.assert_array_equal(blocks[f"output[t={t}]"], trace.hidden[sample, t - 1])
        np.testing.assert_allclose(blocks[f"x[t={t}]"], trace.x[sample, t - 1])
    np.testing.assert_array_equal(blocks["c[t=0]"], 0)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_two_directions_show_what_keras_gives(keras, merge_mode, return_sequences):
    inner = keras.layers.GRU(3, return_sequences=return_sequences)
    layer = keras.layers.Bidirectional(inner, merge_mode=merge_mode, name="two")
    x = random_input(4, 2)
    scene = course_utils.draw_unrolled(layer, x).scene
    expected = layer(x)
    expected = np.concatenate(expected, axis=-1) if merge_mode is None else np.asarray(expected)
    shown = {cells.id: cells.values[:, 0] for cells in scene.of(Cells) if cells.id.startswith("two/output")}
    wanted = (
        {f"two/output[t={t}]": expected[0, t - 1] for t in range(1, 5)}
        if return_sequences
        else {"two/output[t=4]": expected[0]}
    )
    assert set(shown) == set(wanted)
    for id, values in wanted.items():
        np.testing.assert_allclose(shown[id], values, atol=1e-6)


def test_the_backward_lane_runs_to_the_left():
    spec = both("LSTM", 3, 2, return_sequences=True, return_state=True)
    scene = unrolled_scene(plan_layer(spec, [random_input(5, 2)]))
    for line in scene.of(Line):
        if line.id.startswith(("both/forward/arrow", "both/backward/arrow")):
            (start, _), (end, _) = line.points
            assert (end > start) == ("/forward/" in line.id), line.id


def test_reading_backwards_shows_the_last_step_first():
    scene = scene_of("GRU", units=2, steps=3, go_backwards=True)
    columns = sorted((cells.place.x, cells.id) for cells in scene.of(Cells) if cells.id.startswith("x["))
    assert [id for _x, id in columns] == ["x[t=3]", "x[t=2]", "x[t=1]"]
    x = random_input(3, 2)
    for cells in scene.of(Cells):
        if cells.id.startswith("x["):
            np.testing.assert_allclose(cells.values[:, 0], x[0, int(cells.id[4]) - 1])
    assert "step 1 reads x_3" in scene.description


def test_a_layer_above_that_reads_backwards_is_turned_round():
    low, high = (
        random_spec("GRU", units=2, features=2, return_sequences=True, go_backwards=way, name=f"layer_{way}")
        for way in (False, True)
    )
    scene = unrolled_scene(plan_layer(chain([low, high]), [random_input(3, 2)]))
    names = {label.id: label.text for label in scene.of(Label)}
    assert [names[f"layer_True/name[output,t={t}]"] for t in (1, 2, 3)] == ["h₃", "h₂", "h₁"]
    assert "go_backwards: the last step first" in names.values()
    assert_tidy(scene)


def test_a_masked_step_is_said_to_be_skipped(keras):
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Masking(), keras.layers.LSTM(2, name="read")])
    x = random_input(3, 2).copy()
    x[0, 1] = 0
    scene = course_utils.draw_unrolled(model, x).scene
    assert [label.id for label in scene.of(Label) if label.text == "skipped (mask)"] == ["read/skipped[t=2]"]


def test_a_state_kept_from_before_is_shown(keras):
    layer = keras.layers.LSTM(2, stateful=True)
    x = random_input(3, 2)
    layer(x)
    scene = course_utils.draw_unrolled(layer, x).scene
    texts = {label.id: label.text for label in scene.of(Label)}
    assert texts["caption[h,t=0]"] == "kept from before"
    start = next(cells for cells in scene.of(Cells) if cells.id == "h[t=0]")
    np.testing.assert_allclose(start.values[:, 0], np.asarray(layer.states[0])[0])


def test_cells_of_ones_own_and_stacked_cells(keras):
    L = keras.layers
    for layer in (L.RNN(own_cell(keras, nested=False)), L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_state=True)):
        scene = course_utils.draw_unrolled(layer, random_input(3, 4)).scene
        assert_tidy(scene)
        assert any(cells.id.endswith("output[t=3]") for cells in scene.of(Cells))


def test_words_are_written_below_the_steps_of_a_model(keras):
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.GRU(2), keras.layers.Dense(1)])
    scene = course_utils.draw_unrolled(model, random_input(3, 2), words=["I", "am", "groot"]).scene
    assert any(label.text == "“groot” · step 3" for label in scene.of(Label))
    with pytest.raises(ValueError, match="words must name 3 steps"):
        course_utils.draw_unrolled(model, random_input(3, 2), words=["I"])


def test_words_for_an_input_that_is_no_sequence_are_refused(keras):
    model = keras.Sequential([keras.Input((2,)), keras.layers.RepeatVector(3), keras.layers.SimpleRNN(4)])
    for words in ([], ["I"]):
        with pytest.raises(ValueError, match="words must name no steps, since the input is no sequence"):
            course_utils.draw_unrolled(model, np.ones((1, 2)), words=words)


def test_without_an_input_the_cells_are_empty(keras):
    model = keras.Sequential(
        [keras.Input((None, 2)), keras.layers.LSTM(3, return_sequences=True), keras.layers.Dense(1)]
    )
    scene = course_utils.draw_unrolled(model, steps=4).scene
    assert all(cells.values is None for cells in scene.of(Cells) if "output" in cells.id or cells.id.startswith("x["))
    assert "The output is" not in scene.description
    with pytest.raises(ValueError, match="steps is missing"):
        course_utils.draw_unrolled(model)
    with pytest.raises(ValueError, match="so pass an x"):
        course_utils.draw_unrolled(built(keras, keras.layers.RNN(own_cell(keras, nested=False))))
    sentences = keras.layers.TimeDistributed(keras.layers.LSTM(2))
    sentences.build((None, 4, 3, 2))
    with pytest.raises(ValueError, match=r"which shapes it reads, so pass an x\."):
        course_utils.draw_unrolled(sentences, steps=3)


def built(keras, layer):
    """Return the layer after Keras has built it."""
    layer.build((None, 3, 4))
    return layer


def test_numbers_of_an_embedding_are_numbers(keras):
    model = keras.Sequential([keras.Input((3,), dtype="int32"), keras.layers.Embedding(9, 4), keras.layers.GRU(2)])
    scene = course_utils.draw_unrolled(model, np.array([[7, 0, 3]])).scene
    texts = {label.id: label.text for label in scene.of(Label)}
    assert [texts[f"number[t={t}]"] for t in (1, 2, 3)] == ["7", "0", "3"]
    assert scene.limit == 1  # the row numbers are not on the scale of colours


@pytest.mark.parametrize("size", [(3, 4, 2), (10, 32, 8), (28, 50, 28), (784, 256, 1)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_large_layer_stays_a_small_document(kind, size):
    steps, units, features = size
    spec = random_spec(kind, units=units, features=features, return_sequences=True)
    svg = render_svg(unrolled_scene(plan_trace(run(spec, random_input(steps, features)))), LIGHT)
    assert len(list(ElementTree.fromstring(svg).iter())) <= 400
    assert len(svg) < 120_000


def test_branches_beyond_the_most_that_are_drawn_are_named(keras):
    L = keras.layers
    entry = keras.Input((3, 2))
    many = [L.SimpleRNN(2, name=f"read_{number}")(entry) for number in range(MOST_BRANCHES + 2)]
    diagram = course_utils.draw_unrolled(keras.Model(entry, L.Add()(many)))
    left_out = re.search(r"Not drawn: (.*)\.", diagram.description)[1].split(", ")
    assert len(left_out) == 2 and all(f"{name}: " not in diagram.description for name in left_out)
    drawn = (MOST_BRANCHES * 10, (MOST_BRANCHES + 2) * 10)
    assert f"{drawn[0]} of the model's {drawn[1]} parameters are in the layers drawn" in diagram.description
    assert any("not drawn" in label.text for label in diagram.scene.of(Label))


@pytest.mark.parametrize("kind", KINDS)
def test_the_description_says_the_numbers(kind):
    spec = random_spec(kind, units=3, features=2, return_state=True)
    trace = run(spec, random_input(3, 2))
    text = unrolled_scene(plan_trace(trace)).description
    assert f"h_2 = {wording.vector(trace.hidden[0, 1])}" in text and "returned state" in text
    assert ("c_2 = " in text) == (kind == "LSTM")


def test_the_description_of_a_model_says_each_layer(keras):
    model = keras.Sequential(
        [
            keras.Input((3, 2)),
            keras.layers.LSTM(4, return_sequences=True, name="low"),
            keras.layers.GRU(3, name="high"),
            keras.layers.Dense(2, name="top"),
        ]
    )
    x = random_input(3, 2)
    text = course_utils.draw_unrolled(model, x).description
    for part in (
        "low: LSTM(4), 112 parameters, gives (batch, 3, 4): every state",
        "high: GRU(3), 81 parameters, gives (batch, 3): only the last state",
        "top: Dense(2)",
        f"{model.count_params()} parameters in all",
    ):
        assert part in text
    assert f"The output is {wording.vector(np.asarray(model(x))[0])}." in text


@pytest.mark.parametrize("steps", [3, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_an_output_says_what_it_is_made_of(kind, steps):
    """What lights up when it is pointed at: what is read at that step, and the state before."""
    blocks = {cells.id: cells for cells in scene_of(kind, steps=steps).of(Cells)}
    for t in range(1, steps + 1):
        lit = {link.to for link in blocks[f"output[t={t}]"].made_of if link.to in blocks and link.how == "all"}
        assert {f"x[t={t}]", f"h[t={t - 1}]" if t == 1 or steps == 3 else f"output[t={t - 1}]"} <= lit
        assert not any(f"t={later}]" in id for id in lit for later in range(t + 1, steps + 1))


def test_a_layer_above_is_made_of_the_one_below():
    low = random_spec("GRU", units=2, features=2, return_sequences=True, name="low")
    high = random_spec("LSTM", units=3, features=2, name="high")
    scene = unrolled_scene(plan_layer(chain([low, high, dense(3, 1)]), [random_input(3, 2)]))
    blocks = {cells.id: cells.made_of for cells in scene.of(Cells)}
    assert Link("low/output[t=2]") in blocks["high/output[t=2]"] and Link("x[t=2]") in blocks["low/output[t=2]"]
    assert (
        blocks["dense/output[t=1]"] == (Link("high/output[t=1]"),)
        or Link("high/output[t=3]") in blocks["dense/output[t=1]"]
    )


def test_a_state_that_another_layer_gives_is_named(keras):
    model, x, _names = test_architectures.encoder_decoder(keras)
    diagram = course_utils.draw_unrolled(model, x)
    texts = [label.text for label in diagram.scene.of(Label)]
    assert "from encoder" in texts and not any("not drawn" in text for text in texts)
    assert "starts with a state from encoder" in diagram.description
    assert f"{model.count_params()} parameters in all" in diagram.description
    handed, first = (
        _cells(diagram.scene, f"{name}/{id}")
        for name, id in (("branch 1/encoder", "h[t=6]"), ("branch 2/decoder", "h[t=0]"))
    )
    line = next(line for line in diagram.scene.of(Line) if line.id.startswith("join["))
    assert handed.place.x <= line.points[0][0] <= handed.place.right and handed.place.bottom < line.points[0][1]
    assert first.place.x <= line.points[-1][0] <= first.place.right and first.place.bottom < line.points[-1][1]
    np.testing.assert_array_equal(handed.values, first.values)


def test_nothing_goes_into_a_skipped_step(keras):
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Masking(), keras.layers.LSTM(2, name="read")])
    x = random_input(3, 2).copy()
    x[0, 1] = 0
    diagram = course_utils.draw_unrolled(model, x)
    ids = {line.id for line in diagram.scene.of(Line)}
    assert {"read/arrow[x,t=1]", "read/arrow[x,t=3]"} <= ids and "read/arrow[x,t=2]" not in ids
    assert "c and h stay" in [label.text for label in diagram.scene.of(Label)] or "h and c stay" in [
        label.text for label in diagram.scene.of(Label)
    ]
    assert "a mask skips step 2" in diagram.description


def test_states_of_several_layers_carry_the_number_of_their_layer():
    layers = [random_spec("GRU", units=2, features=2, return_sequences=True, name=f"layer_{n}") for n in (1, 2)]
    names = {
        label.id: label.text for label in unrolled_scene(plan_layer(chain(layers), [random_input(3, 2)])).of(Label)
    }
    assert names["layer_1/name[h,t=1]"] == "h₁⁽¹⁾" and names["layer_2/name[h,t=1]"] == "h₁⁽²⁾"


def test_both_directions_count_by_time():
    spec = both("GRU", 3, 2, return_sequences=True)
    names = {label.id: label.text for label in unrolled_scene(plan_layer(spec, [random_input(4, 2)])).of(Label)}
    assert names["both/forward/name[h,t=1]"] == "→h₁"
    assert names["both/backward/name[h,t=1]"] == "←h₄"  # after its first step it has read the last input


def test_a_loud_input_does_not_make_the_states_pale():
    spec = random_spec("LSTM", units=3, features=2)
    scene = unrolled_scene(plan_trace(run(spec, 50 * random_input(3, 2))))
    assert scene.limit == 1 and any("beyond the scale" in label.text for label in scene.of(Label))
    assert not any("beyond the scale" in label.text for label in scene_of("LSTM").of(Label))


@pytest.mark.parametrize("name", ["return_sequences", "return_state", "go_backwards"])
def test_the_title_says_what_is_switched_on(name):
    assert f"{name}=True" in scene_of("GRU", **{name: True}).title
    assert name not in scene_of("GRU").title


def titled(diagram):
    """Return all texts of a picture by id."""
    return {label.id: label.text for label in diagram.scene.of(Label)}


@pytest.mark.parametrize("below", ["Masking", "Dropout"])
def test_reading_backwards_behind_a_layer_that_passes_all_on_is_turned_round_too(keras, below):
    first = getattr(keras.layers, below)(*([0.5] if below == "Dropout" else []))
    model = keras.Sequential([keras.Input((3, 2)), first, keras.layers.LSTM(2, go_backwards=True, name="back")])
    diagram = course_utils.draw_unrolled(model, random_input(3, 2))
    assert "go_backwards: the last step first" in titled(diagram).values()


def test_without_an_input_no_step_is_skipped_and_no_given_state_is_known(keras):
    L = keras.layers
    masked = keras.Sequential([keras.Input((3, 2)), L.Masking(), L.LSTM(2)])
    assert "skipped (mask)" not in titled(course_utils.draw_unrolled(masked)).values()
    source, target = keras.Input((4, 3)), keras.Input((3, 2))
    _output, h, c = L.LSTM(4, return_state=True, bias_initializer="random_normal", name="encoder")(source)
    decoder = L.LSTM(4, return_sequences=True, name="decoder")
    scene = course_utils.draw_unrolled(keras.Model([source, target], decoder(target, initial_state=[h, c]))).scene
    start = next(cells for cells in scene.of(Cells) if cells.id.endswith("decoder/h[t=0]"))
    assert start.values is None and "from encoder" in [label.text for label in scene.of(Label)]


def test_a_vector_stands_where_its_sequence_ended(keras):
    L = keras.layers
    model = keras.Sequential([keras.Input((5, 2)), L.MaxPooling1D(2), L.LSTM(2, name="read"), L.Dense(1, name="top")])
    scene = course_utils.draw_unrolled(model, random_input(5, 2)).scene
    assert_tidy(scene)
    last = next(cells for cells in scene.of(Cells) if cells.id == "read/output[t=2]")
    box = next(box for box in scene.of(Box) if box.id == "top/layer")
    assert last.place.centre[0] == pytest.approx(box.place.centre[0])


def test_two_outputs_apart_are_said_to_be_two(keras):
    layer = keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True), merge_mode=None)
    text = course_utils.draw_unrolled(layer, random_input(3, 2)).description
    assert "two of (batch, 3, 2)" in text and "given out apart" in text


def test_both_kinds_of_two_directions_are_named(keras):
    L = keras.layers
    backward = L.LSTM(2, go_backwards=True, return_state=True)
    layer = L.Bidirectional(L.LSTM(2, return_state=True), backward_layer=backward)
    assert "4 of them" in course_utils.draw_unrolled(layer, random_input(3, 2)).description
    mixed = L.Bidirectional(L.LSTM(2), backward_layer=L.GRU(2, go_backwards=True))
    assert course_utils.draw_unrolled(mixed, random_input(3, 2)).scene.title.startswith(
        "Bidirectional(LSTM(2), GRU(2))"
    )


def test_names_that_look_like_markup(keras):
    names = ["a&b", "<c>", "x" * 70]
    layers = [keras.layers.GRU(2, return_sequences=True, name=name) for name in names]
    diagram = course_utils.draw_unrolled(keras.Sequential([keras.Input((3, 2)), *layers]), random_input(3, 2))
    ElementTree.fromstring(diagram.to_svg())
    assert_same_in_both_renderers(diagram.scene)
    assert_tidy(diagram.scene)


@pytest.mark.parametrize("build", ["lstms", "both", "cells"])
@pytest.mark.parametrize("steps", [6, 9, 1200])
def test_many_boxes_show_less_in_each(keras, build, steps):
    L = keras.layers
    layers = {
        "lstms": [L.LSTM(8, return_sequences=True) for _ in range(5)],
        "both": [L.Bidirectional(L.LSTM(3, return_sequences=True)) for _ in range(3)],
        "cells": [L.RNN([L.GRUCell(3) for _ in range(10)])],
    }
    model = keras.Sequential([keras.Input((steps, 2)), *layers[build]])
    diagram = course_utils.draw_unrolled(model, np.zeros((1, steps, 2)))
    assert_tidy(diagram.scene)
    assert len(list(ElementTree.fromstring(diagram.to_svg()).iter())) <= 400
    assert diagram.scene.width <= 1550


def test_a_stateful_layer_without_an_input(keras):
    layer = keras.layers.LSTM(2, stateful=True)
    layer(np.zeros((2, 3, 2), "float32"))
    assert "LSTM(2, stateful=True) on 4 steps" in course_utils.draw_unrolled(layer, steps=4).scene.title


def test_the_time_axis_is_that_of_the_input_that_is_drawn(keras):
    vector, sequence = keras.Input((8,)), keras.Input((None, 3))
    read = keras.layers.LSTM(2)(sequence)
    model = keras.Model([vector, sequence], keras.layers.Concatenate()([vector, read]))
    assert "on 4 steps of 3 features" in course_utils.draw_unrolled(model, steps=4).scene.title
    with pytest.raises(ValueError, match="steps is missing"):
        course_utils.draw_unrolled(model)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"words": 3}, "words must be a list of words"),
        ({"words": "abc"}, "words must be a list of words"),
        ({"words": {"a": 1, "b": 2, "c": 3}}, "words must be a list of words"),
        ({"theme": []}, "theme must be one of light, dark, projector"),
        ({"ax": 3}, "ax must be the plain Axes of matplotlib"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(keras, arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        course_utils.draw_unrolled(keras.layers.GRU(2), random_input(3, 2), **arguments)


@pytest.mark.parametrize("x", [np.zeros((0, 3, 2)), [], 3, float("nan"), True], ids=["0", "[]", "3", "nan", "True"])
def test_an_input_that_is_none_is_named(keras, x):
    layer = keras.layers.GRU(2)
    layer.build((None, 3, 2))
    with pytest.raises((TypeError, ValueError), match="x must be an array of shape"):
        course_utils.draw_unrolled(layer, x)


def test_zeros_and_what_is_not_known_have_looks_of_their_own(keras):
    """Zeros are the middle of the scale; what is not known yet is the bare paper with lines between the cells."""
    layer = keras.layers.GRU(3)
    zeros = course_utils.draw_unrolled(layer, np.zeros((1, 3, 2))).to_svg(theme="light")
    empty = course_utils.draw_unrolled(layer, steps=3).to_svg(theme="light")
    unknown = f"fill:{LIGHT.paper};stroke:{LIGHT.ghost}"
    assert unknown in empty and unknown not in zeros
    assert ">0.00</text>" in zeros and f'fill="{ZERO}"' in zeros


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_out_costs_nothing(kind):
    """The picture of 1,000 steps has as many items as that of 28."""
    few, many = (scene_of(kind, steps=steps) for steps in (28, 1000))
    assert len(few.items) == len(many.items)
    assert sum(np.prod(cells.shape) for cells in few.of(Cells)) == sum(np.prod(c.shape) for c in many.of(Cells))


@pytest.mark.parametrize(
    ("above", "words"),
    [
        (["Flatten", "Dense"], "for this number of steps"),  # Dense above it has a weight for every step
        (["Dense"], "whatever the number of steps"),
        (["GlobalMaxPooling1D"], "whatever the number of steps"),
        (["Conv1D"], None),  # not looked into, and it has weights
    ],
)
def test_the_count_is_said_to_be_the_same_for_all_lengths_only_where_it_is(keras, above, words):
    made = {"Dense": (3,), "Conv1D": (2, 2)}
    layers = [keras.Input((3, 2)), keras.layers.SimpleRNN(4, return_sequences=True)]
    layers += [getattr(keras.layers, kind)(*made.get(kind, ())) for kind in above]
    svg = course_utils.draw_unrolled(keras.Sequential(layers), np.zeros((1, 3, 2))).to_svg()
    said = re.findall("for this number of steps|whatever the number of steps", svg)
    assert said == ([words] if words else [])


@pytest.mark.parametrize(("copies", "words"), [(1, "1 time"), (4, "4 times")])
@pytest.mark.parametrize("known", [True, False])
def test_a_vector_that_is_repeated_is_said_to_be(keras, copies, words, known):
    layers = [keras.layers.SimpleRNN(3), keras.layers.RepeatVector(copies), keras.layers.SimpleRNN(2)]
    model = keras.Sequential([keras.Input((3, 2)), *layers])
    scene = course_utils.draw_unrolled(model, *([np.ones((1, 3, 2))] if known else [])).scene
    said = [label.text for label in scene.of(Label) if "RepeatVector: " in label.text]
    assert said == [f"RepeatVector: (batch, 3) → (batch, {copies}, 3) · written {words}"]
    assert "closed" not in {box.role for box in scene.of(Box)}


def test_what_is_not_looked_into_says_so(keras):
    layers = [keras.layers.SimpleRNN(3, return_sequences=True), keras.layers.Conv1D(2, 2)]
    scene = course_utils.draw_unrolled(keras.Sequential([keras.Input((3, 2)), *layers])).scene
    assert any(label.text.endswith("· not looked into") for label in scene.of(Label))


def test_a_title_names_as_many_switches_as_have_room(keras):
    switches = {"return_sequences": True, "return_state": True, "go_backwards": True}
    layer = keras.layers.SimpleRNN(4, **switches)
    title = course_utils.draw_unrolled(layer, np.zeros((1, 3, 2))).scene.title
    assert title == "SimpleRNN(4, return_sequences=True, return_state=True, …) on 3 steps"
    short = keras.layers.GRU(4, return_sequences=True, return_state=True)
    title = course_utils.draw_unrolled(short, np.zeros((1, 3, 2))).scene.title
    assert title == "GRU(4, return_sequences=True, return_state=True) on 3 steps of 2 features"


def test_recurrent_layers_are_the_last_to_be_left_out(keras):
    L = keras.layers
    below, above = [L.Dense(3) for _ in range(5)], [L.Dense(3) for _ in range(4)]
    model = keras.Sequential([keras.Input((3, 2)), *below, L.GRU(3, return_sequences=True, name="reader"), *above])
    scene = course_utils.draw_unrolled(model).scene
    texts = [label.text for label in scene.of(Label)]
    assert [text for text in texts if "more layers" in text] == ["… 2 more layers …", "… 2 more layers …"]
    assert "GRU(3)" in texts and "reader/cell[t=1]" in [box.id for box in scene.of(Box)]
    assert_tidy(scene)
