"""The picture of a whole model: layers, lines, shapes and parameters are those of Keras; no line crosses a box."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing.scene import Box, Label, Line
from course_utils.pictures import Diagram
from course_utils.pictures.model.model import model_scene
from course_utils.pictures.model.shortening import shorten
from course_utils.recurrence.graphs import ClosedSpec, Graph, Node, Value
from course_utils.recurrence.reading import read
from tests.unit.cases import some
from tests.unit.test_architectures import every_architecture
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy


def assert_lines_run_free(scene):
    """Lines end at boxes and run through none; lines of different values never lie on each other."""
    pieces = [
        (line, Line(line.id, piece, head=False).place) for line in scene.of(Line) for piece in pairwise(line.points)
    ]
    for line, run in pieces:
        for box in scene.of(Box):
            assert not run.overlaps(box.place), f"{line.id} runs through {box.id}"
    value = re.compile(r"arrow\[(value \d+),")
    for place, (one, run) in enumerate(pieces):
        for other, across in pieces[place + 1 :]:
            if value.match(one.id)[1] != value.match(other.id)[1]:
                along = run.width == across.width == 0 and run.x == across.x
                beside = run.height == across.height == 0 and run.y == across.y
                shared = min(run.bottom, across.bottom) - max(run.y, across.y) if along else 0
                shared = min(run.right, across.right) - max(run.x, across.x) if beside else shared
                assert shared <= 0.01, f"{one.id} and {other.id} lie on each other"


def elements(scene):
    return len(list(ElementTree.fromstring(Diagram(scene).to_svg()).iter()))


def call_of(name, kind, summary, entering, outputs, parameters=0, **flags):
    """Return a call of a layer that only has a name."""
    layer = ClosedSpec(name, kind, lambda args, kwargs: args)
    return Node(layer, entering, {}, outputs, entering, kind, summary, parameters, **flags)


def graph_of(calls, inputs, outputs, parameters=0):
    """Return a model of these calls."""
    names = {"input_names": ("",) * len(inputs), "output_names": ("",) * len(outputs)}
    return Graph(
        "model", "Functional", tuple(calls), inputs, outputs, **names, parameters=parameters, trainable=parameters
    )


@st.composite
def graphs(draw, most=14):
    """Return random models: each call reads some of the values before it."""
    values = [Value(number, (None, draw(st.sampled_from([3, 28, 1234])))) for number in range(draw(st.integers(1, 3)))]
    inputs, calls = list(values), []
    for number in range(draw(st.integers(1, most))):
        recent = values[-draw(st.sampled_from([2, 3, 8])) :]
        read = draw(st.lists(st.sampled_from(recent), min_size=1, max_size=3, unique_by=lambda one: one.number))
        wide = (None, None, 128, 512)
        given = [Value(len(values) + extra, wide) for extra in range(draw(st.sampled_from([1, 1, 1, 3])))]
        name = draw(st.sampled_from(["lstm", "a_rather_long_name_for_a_layer_that_somebody_chose", "d"]))
        kind = ("LSTM", "LSTM(50, return_sequences=True)")
        flags = {"recurrent": draw(st.booleans()), "again": draw(st.booleans())}
        count = draw(st.integers(0, 10**9))
        calls.append(call_of(f"{name}_{number}", *kind, tuple(read), tuple(given), count, **flags))
        values += given
    outputs = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    return graph_of(calls, inputs, outputs, 10)


@pytest.mark.slow
@settings(max_examples=some(200), deadline=None)
@given(graphs())
def test_every_model_is_tidy(graph):
    scene = model_scene(graph)
    assert_tidy(scene)
    assert_lines_run_free(scene)
    assert elements(scene) <= 400


@settings(max_examples=some(40), deadline=None)
@given(graphs())
def test_every_line_leads_from_who_gives_to_who_reads(graph):
    drawn, scene = shorten(graph), model_scene(graph)
    boxes = {box.id: box.place for box in scene.of(Box)}
    lines = {line.id: line for line in scene.of(Line)}
    assert set(lines) == {f"arrow[{flow.name},{target}]" for flow in drawn.flows for target in flow.targets}
    for flow in drawn.flows:
        for target in flow.targets:
            line = lines[f"arrow[{flow.name},{target}]"]
            for name, (x, y), edge in ((flow.source, line.points[0], "y"), (target, line.points[-1], "bottom")):
                if name in boxes:
                    assert boxes[name].x < x < boxes[name].right and abs(getattr(boxes[name], edge) - y) <= 4
            assert line.points[0][1] > line.points[-1][1], "data flows upwards"


@settings(max_examples=some(40), deadline=None)
@given(graphs(most=40))
def test_nothing_is_lost_where_something_is_left_out(graph):
    drawn = shorten(graph)
    hidden = [entry.note for entry in drawn.entries if entry.hidden]
    said = sum(int(found[1]) for note in hidden if (found := re.match(r"… (\d+) more layer", note)))
    kept = [entry.call for entry in drawn.entries if entry.call]
    assert said + len(kept) == len(graph.calls)
    counts = [re.search(r"([\d,]+) parameter", note) for note in hidden]
    left_out = sum(int(found[1].replace(",", "")) for found in counts if found)
    assert left_out == sum(c.parameters for c in graph.calls if c not in kept and not c.again)


def test_every_layer_stands_above_all_that_it_reads():
    a, b, c = (Value(number, (None, 2)) for number in range(3))
    calls = (call_of("low", "Dense", "Dense(2)", (a,), (b,)), call_of("sum", "Add", "Add", (a, b), (c,)))
    scene = model_scene(graph_of(calls, [a], [c]))
    boxes = {box.id: box.place for box in scene.of(Box)}
    low, high = boxes["call 1"], boxes["call 2"]
    assert high.bottom < low.y


@every_architecture
def test_layers_shapes_and_parameters_are_those_of_keras(keras, build):
    model, _x, _names = build(keras)
    scene = course_utils.draw_model(model).scene
    assert_tidy(scene)
    assert_lines_run_free(scene)
    assert f"{model.count_params():,} parameters" in scene.description
    texts = [label.text for label in scene.of(Label)]
    for layer in (layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)):
        assert any(text.startswith(f"name: {layer.name[:14]}") for text in texts)
        count = layer.count_params()
        assert (f"{count:,} parameters" if count else "no parameters") in texts
    for tensor in (*model.inputs, *model.outputs):
        assert str(tuple(tensor.shape)) in texts
    assert not any("NotEqual" in text for text in texts), "Keras's own mask operations are no layers of the user"
    recurrent = {box.id for box in scene.of(Box) if box.role == "cell"}
    assert recurrent == {label.id[10:-1] for label in scene.of(Label) if label.id.startswith("recurrent[")} != set()


def mnist(keras):
    layers = [
        keras.Input((28, 28)),
        keras.layers.LSTM(50, name="reader"),
        keras.layers.Dense(10, "softmax", name="say"),
    ]
    return keras.Sequential(layers)


def test_the_mnist_network(keras):
    diagram = course_utils.draw_model(mnist(keras))
    assert diagram.description == (
        "A Sequential model of 2 layers, drawn bottom to top: 16,310 parameters. Input: (None, 28, 28). "
        "reader, LSTM(50), reads input (None, 28, 28) and gives (None, 50): recurrent, 15,800 parameters. "
        "say, Dense(10, softmax), reads reader (None, 50) and gives (None, 10): 510 parameters. "
        "Output reads say (None, 10)."
    )
    assert_same_in_both_renderers(diagram.scene)
    texts = [label.text for label in diagram.scene.of(Label)]
    assert {"LSTM(50)", "name: reader", "15,800 parameters", "510 parameters", "(None, 28, 28)"} <= set(texts)
    boxes = [box.place for box in diagram.scene.of(Box)]
    assert boxes[0].x == boxes[1].x and all(len(line.points) == 2 for line in diagram.scene.of(Line))


def test_a_small_model_is_a_narrow_picture(keras):
    """The texts above and below are wrapped, so that they do not make it twice as wide as its boxes."""
    scene = course_utils.draw_model(mnist(keras)).scene
    box = scene.of(Box)[0].place
    assert scene.width < 1.5 * box.width
    said = " ".join(label.text for label in scene.of(Label) if "note" in label.id or label.id == "subtitle")
    for words in ("16,310 parameters", "data flows upwards", "recurrent: the same weights", "None: any number"):
        assert said.count(words) == 1


def test_inputs_are_named_as_they_are_and_read_in_the_order_in_which_they_are_taken(keras):
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="zZ")
    dense = keras.layers.Dense(2, name="dense")(a)
    for entries, words in (
        ([dense, b], "dense (None, 2) and zZ (None, 3)"),
        ([b, dense], "zZ (None, 3) and dense (None, 2)"),
    ):
        description = course_utils.draw_model(keras.Model([a, b], keras.layers.Concatenate()(entries))).description
        assert f"Concatenate, reads {words} and gives" in description
        assert "Input a: (None, 4). Input zZ: (None, 3)." in description


def test_arguments_given_by_name_are_read_in_the_order_of_the_parameters(keras):
    one, other = keras.Input((5, 4), name="one"), keras.Input((6, 4), name="other")
    attention = keras.layers.MultiHeadAttention(2, 3, name="attention")
    model = keras.Model([one, other], attention(key=one, value=one, query=other))
    assert "reads other (None, 6, 4) and one (None, 5, 4)" in course_utils.draw_model(model).description


def test_a_shared_layer_says_so_at_its_second_call(keras):
    shared, one, other = keras.layers.LSTM(4, name="shared"), keras.Input((5, 3)), keras.Input((5, 3))
    model = keras.Model([one, other], keras.layers.Add()([shared(one), shared(other)]))
    texts = [label.text for label in course_utils.draw_model(model).scene.of(Label)]
    assert texts.count("128 parameters") == 1 and texts.count("same weights as shared") == 1


def test_trainable_and_other_parameters_are_told_apart(keras):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    diagram = course_utils.draw_model(model)
    subtitle = next(label.text for label in diagram.scene.of(Label) if label.id == "subtitle")
    assert subtitle.startswith("16 parameters: 12 trainable, 4 not") and "12 of them trainable" in diagram.description
    assert "recurrent" not in diagram.description


@pytest.mark.parametrize(
    ("levels", "abreast"), [(1, 1), (10, 1), (11, 1), (31, 1), (784, 1), (2, 4), (2, 5), (3, 60), (40, 3)]
)
def test_large_models_stay_small_pictures(levels, abreast):
    values, calls = [Value(0, (None, 8))], []
    ends = []
    for branch in range(abreast):
        at = values[0]
        for level in range(levels):
            values.append(Value(len(values), (None, 8)))
            calls.append(call_of(f"d{branch}_{level}", "Dense", "Dense(8)", (at,), (values[-1],), 72))
            at = values[-1]
        ends.append(at)
    joined = Value(len(values), (None, 8 * abreast))
    calls.append(call_of("join", "Concatenate", "Concatenate", tuple(ends), (joined,)))
    scene = model_scene(graph_of(calls, [values[0]], [joined], 72 * len(calls)))
    assert_tidy(scene)
    assert_lines_run_free(scene)
    assert elements(scene) <= 400 and scene.width < 2000 and scene.height < 1600
    left_out = any("more layers" in label.text for label in scene.of(Label))
    assert left_out == (levels + 1 > 10 or abreast > 4)


def test_branches_left_out_are_the_same_on_all_their_levels(keras):
    entry = keras.Input((6, 3))
    L = keras.layers
    branches = [L.Dense(2, name=f"dense_of_{k}")(L.LSTM(k + 2, name=f"lstm_of_{k}")(entry)) for k in range(9)]
    texts = [label.text for label in course_utils.draw_model(keras.Model(entry, L.Add()(branches))).scene.of(Label)]
    for kind in ("lstm", "dense"):
        assert [text[-1] for text in texts if text.startswith(f"name: {kind}_of_")] == ["0", "1", "8"]


def test_one_layer_by_itself(keras):
    dense = keras.layers.Dense(4, activation="relu")
    dense.build((None, 3))
    assert course_utils.draw_model(dense).scene.title == "Dense(4, relu): one layer"
    layer = keras.layers.LSTM(4, return_state=True, name="mine")
    layer.build((None, 3, 2))
    description = course_utils.draw_model(layer).description
    assert "Input: (None, None, 2)." in description and "112 parameters" in description
    assert len(read(layer).called_outputs) == 3


def test_a_model_in_a_model_is_one_box(keras):
    inner = keras.Sequential([keras.Input((5, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)], name="inner")
    model = keras.Sequential([keras.Input((5, 3)), inner, keras.layers.Dense(1, name="top")])
    description = course_utils.draw_model(model).description
    assert "inner, Sequential of 2 layers, reads input (None, 5, 3)" in description
    assert f"recurrent, {inner.count_params()} parameters" in description


def test_a_model_with_a_call_of_its_own_shows_the_calls_that_it_makes(keras):
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.out = keras.layers.Dense(3, name="low"), keras.layers.Dense(1, name="high")

        def call(self, x):
            return self.out(self.dense(x))

    model = Mine()
    model(np.zeros((2, 4)))
    description = course_utils.draw_model(model).description
    assert "low, Dense(3), reads input (None, 4) and gives (None, 3): 15 parameters" in description
    assert "high, Dense(1), reads low (None, 3) and gives (None, 1): 4 parameters" in description


def test_a_model_with_a_call_that_cannot_be_followed_is_one_closed_box(keras):
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, x):
            return keras.ops.convert_to_tensor(np.asarray(self.dense(x)) * 2)  # which no symbol can follow

    model = Mine()
    model(np.zeros((2, 4)))
    diagram = course_utils.draw_model(model)
    assert diagram.scene.title == "Mine: a model with a call of its own" and "15 parameters" in diagram.description
    assert len(diagram.scene.of(Box)) == 1
    assert any("what happens inside is not known" in label.text for label in diagram.scene.of(Label))
    assert_tidy(diagram.scene)


def test_wrong_arguments(keras):
    with pytest.raises(ValueError, match=r"has no weights yet.*start the model with keras.Input"):
        course_utils.draw_model(keras.Sequential([keras.layers.LSTM(4)]))
    with pytest.raises(TypeError, match="model must be a Keras layer or model, but it is of type str"):
        course_utils.draw_model("LSTM")
    with pytest.raises(TypeError, match="the class LSTM itself"):
        course_utils.draw_model(keras.layers.LSTM)
    with pytest.raises(ValueError, match="theme must be one of"):
        course_utils.draw_model(mnist(keras), theme="pink")


def test_drawn_on_given_axes(keras):
    from matplotlib.figure import Figure

    axes = Figure().add_axes((0, 0, 1, 1))
    diagram = course_utils.draw_model(mnist(keras), theme="dark", ax=axes)
    assert len(axes.texts) == len(diagram.scene.of(Label)) and diagram.theme == "dark"
