"""The unrolled picture of models with several paths: every layer is drawn, with the numbers that Keras computes."""

import numpy as np
import pytest

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.scene import Box, Cells, Label, Line
from tests.unit.test_own_calls import filled, numbers
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy


def siamese(keras):
    """Return one tower that reads two inputs."""
    L = keras.layers
    tower = keras.Sequential([keras.Input((4,)), L.Embedding(20, 5), L.LSTM(3, name="reader")], name="tower")
    a, b = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    return keras.Model([a, b], L.Concatenate()([tower(a), tower(b)])), [np.full((1, 4), 7), np.full((1, 4), 13)]


def residual(keras):
    """Return x + lstm(x), twice."""
    entry = y = keras.Input((6, 5))
    for _ in range(2):
        y = y + keras.layers.LSTM(5, return_sequences=True)(y)
    return keras.Model(entry, y), numbers(2, 6, 5)


def last_minus_state(keras):
    """Return the last step less what a layer makes of all."""
    entry = keras.Input((6, 5))
    return keras.Model(entry, entry[:, -1] - keras.layers.LSTM(5)(entry)), numbers(2, 6, 5)


def states_alone(keras):
    """Return an encoder, which gives its states and nothing else."""
    entry = keras.Input((5, 7))
    _output, h, c = keras.layers.LSTM(6, return_state=True, name="encoder")(entry)
    return keras.Model(entry, [h, c]), numbers(1, 5, 7)


def heads(keras):
    """Return two outputs, one of each step and one of the whole."""
    L = keras.layers
    entry = keras.Input((6, 5))
    low = L.LSTM(4, return_sequences=True, name="low")(entry)
    return keras.Model(entry, [L.Dense(2, name="tags")(low), L.Dense(1, name="score")(L.GRU(3)(low))]), numbers(1, 6, 5)


def image_and_words(keras):
    """Return a speaker that begins with what it saw."""
    L = keras.layers
    photo, words = keras.Input((8, 8, 1), name="photo"), keras.Input((None,), dtype="int32", name="words")
    seen = L.Dense(4, activation="tanh", name="see")(L.Flatten()(L.Conv2D(2, 3)(photo)))
    spoken = L.GRU(4, return_sequences=True, name="speak")(L.Embedding(20, 3)(words), initial_state=seen)
    return keras.Model([photo, words], L.Dense(20)(spoken)), [numbers(1, 8, 8, 1), np.array([[3, 1, 4, 1, 5]])]


def attention(keras):
    """Return a translator with attention, whose states are put together on their way."""
    L, ops = keras.layers, keras.ops
    source, target = keras.Input((7,), dtype="int32"), keras.Input((5,), dtype="int32")
    both = L.Bidirectional(L.LSTM(3, return_sequences=True, return_state=True), name="encoder")
    read, *states = both(L.Embedding(9, 4, mask_zero=True)(source))
    states = [ops.concatenate(states[::2], -1), ops.concatenate(states[1::2], -1)]
    written = L.LSTM(6, return_sequences=True, name="decoder")(L.Embedding(9, 4)(target), initial_state=states)
    model = keras.Model([source, target], L.Dense(9, name="words")(L.Attention(name="attention")([written, read])))
    return model, [np.array([[1, 2, 3, 4, 5, 0, 0]]), np.array([[1, 2, 3, 4, 5]])]


MODELS = [siamese, residual, last_minus_state, states_alone, heads, image_and_words, attention]


@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("known", [True, False])
def test_every_layer_is_drawn(keras, build, known):
    model, x = build(keras)
    filled(model)
    steps = 5 if not known and build is image_and_words else None
    scene = course_utils.draw_unrolled(model, x if known else None, steps=steps).scene
    assert_tidy(scene)
    assert_same_in_both_renderers(scene)
    assert "Not drawn" not in scene.description
    assert f"{model.count_params():,} parameters in all" in scene.description
    for trace in course_utils.trace(model, x).recurrent:
        assert trace.name.split("/")[0] in scene.description
    if known:  # the numbers of each call, also of a layer that is called twice
        for trace in course_utils.trace(model, x).recurrent:
            assert wording.vector(trace.hidden[0, -1]) in scene.description


@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
def test_outputs_are_those_of_the_model(keras, build):
    model, x = build(keras)
    filled(model)
    scene = course_utils.draw_unrolled(model, x).scene
    theirs = [np.asarray(output)[0] for output in keras.tree.flatten(model(x))]
    out = [label.id for label in scene.of(Label) if label.text.startswith("output = ")]
    cells = {cells.id: cells.values for cells in scene.of(Cells)}
    shown = [cells[id.replace("name[output,t=", "output[t=")] for id in out]
    steps = [step for array in theirs for step in (array if array.ndim == 2 else [array])]
    if build is states_alone:
        assert not shown, "the output of the sequence is not one of this model's"
        wanted = {"encoder/h[t=5]": theirs[0], "encoder/c[t=5]": theirs[1]}
        found = {next(key for key in cells if key.endswith(id.split("/")[1])): value for id, value in wanted.items()}
        for id, value in found.items():
            np.testing.assert_allclose(cells[id].ravel(), value, atol=1e-5)
        return
    assert shown
    for values in shown:
        assert any(np.allclose(values.ravel(), step, atol=1e-5) for step in steps)


def test_towers_stand_in_the_order_in_which_they_are_read(keras):
    model, x = siamese(keras)
    scene = course_utils.draw_unrolled(filled(model), x).scene
    tower = model.get_layer("tower")
    for number, part in enumerate(x, start=1):
        last = next(c for c in scene.of(Cells) if c.id == f"branch {number}/reader/output[t=4]")
        np.testing.assert_allclose(last.values.ravel(), np.asarray(tower(part))[0], atol=1e-5)
    texts = [label.text for label in scene.of(Label)]
    assert texts.count("the same weights") == 2  # of the table and of the cell, at the second call
    assert "the input left" in texts and "the input right" in texts


def lines_to(scene, box):
    """Return where the lines begin that lead to a box from elsewhere."""
    ends = [line for line in scene.of(Line) if line.id.startswith("join[")]
    return [
        line.points[0]
        for line in ends
        if box.place.x <= line.points[-1][0] <= box.place.right and 0 <= line.points[-1][1] - box.place.bottom <= 6
    ]


def test_a_skip_leads_from_what_was_read_to_where_it_is_added(keras):
    model, x = residual(keras)
    scene = course_utils.draw_unrolled(model, x).scene
    adds = sorted((box for box in scene.of(Box) if box.id.startswith("add")), key=lambda box: -box.place.y)
    columns = {cells.id: cells.place for cells in scene.of(Cells)}
    for box, source in zip(adds, ["x[t=6]", f"{adds[0].id.split('/')[0]}/output[t=6]"], strict=True):
        ((x_start, y_start),) = lines_to(scene, box)
        assert x_start == pytest.approx(columns[source].centre[0])
        assert 0 < columns[source].y - y_start < 36, "it forks off just above what it carries"


def test_a_join_stands_above_all_that_it_reads(keras):
    model, x = last_minus_state(keras)
    scene = course_utils.draw_unrolled(model, x).scene
    (join,) = [box for box in scene.of(Box) if "subtract" in box.id]
    taken = next(cells for cells in scene.of(Cells) if "get_item" in cells.id)
    assert lines_to(scene, join) == [(pytest.approx(taken.place.centre[0]), pytest.approx(taken.place.y - 4))]
    assert join.place.bottom < taken.place.y


def test_the_work_grows_with_the_layers(keras, monkeypatch):
    """Each residual once doubled the work: 20 took 20 seconds."""
    from course_utils.pictures.unrolled import branches

    asked = []
    own = branches._Run._reads
    monkeypatch.setattr(branches._Run, "_reads", lambda run, call: asked.append(call) or own(run, call))
    counts = []
    for depth in (10, 40):
        entry = y = keras.Input((3, 2))
        for _ in range(depth):
            y = keras.layers.add([y, keras.layers.SimpleRNN(2, return_sequences=True)(y)])
        asked.clear()
        scene = course_utils.draw_unrolled(keras.Model(entry, y)).scene
        counts.append(len(asked))
        assert f"{2 * depth} layers" in scene.title
    assert counts[1] <= 4.5 * counts[0]


def test_of_stacked_cells_the_highest_alone_gives_an_output(keras):
    L = keras.layers
    entry = keras.Input((4, 2))
    stack = L.RNN([L.SimpleRNNCell(3), L.GRUCell(2)], return_sequences=True)(entry)
    model = filled(keras.Model(entry, [stack, L.Dense(1, name="top")(stack)]))
    x = numbers(1, 4, 2)
    description = course_utils.draw_unrolled(model, x).description
    assert description.count("output is") + description.count("Another output") == 2
    assert f"h_4 = {wording.vector(np.asarray(model(x)[0])[0, -1])}" in description


def test_lines_beside_a_branch_stand_in_the_room_that_is_kept_for_them(keras):
    """What goes straight up takes no place among the lines that pass at the right."""
    L = keras.layers
    entry = keras.Input((3, 2))
    low = L.SimpleRNN(2, return_sequences=True, name="low")(entry)
    high = L.SimpleRNN(2, return_sequences=True, name="high")(low)
    other = L.GRU(2, return_sequences=True, name="first")(
        L.GRU(2, return_sequences=True)(L.GRU(2, return_sequences=True)(entry))
    )
    scene = course_utils.draw_unrolled(keras.Model(entry, L.Add()([high, low, other]))).scene
    assert_tidy(scene)
    lines = [line for line in scene.of(Line) if line.id.startswith("join[")]
    own = [
        item.place.right
        for item in [*scene.of(Cells), *scene.of(Label), *scene.of(Box)]
        if item.id.startswith("branch 1/")
    ]
    beside = sorted({x for line in lines for x, _y in line.points[1:3] if max(own) < x < max(own) + 48})
    assert beside == [pytest.approx(max(own) + 14)]
