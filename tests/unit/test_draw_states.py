"""draw_states: every value over time in its place, on one time axis; many steps, units and layers; wrong arguments."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import draw_states, trace
from course_utils.drawing.scene import Box, Cells, Label, Scene
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import LIGHT
from course_utils.pictures.states.states import MOST_LAYERS, NUMBERED_ROWS, NUMBERED_STEPS, states_scene
from course_utils.pictures.states.strips import MOST_CELLS
from course_utils.recurrence import RecurrentSpec, RecurrentTrace, run
from course_utils.recurrence.specs import Manner
from tests.unit.cases import some
from tests.unit.kinds import BLOCKS
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = st.sampled_from(sorted(BLOCKS))
ORDER = {"SimpleRNN": "h x", "LSTM": "h c i f candidate o x", "GRU": "h z r candidate x"}


def traced(kind, units, steps, features=2, *, mask=None, backwards=False, scale=1.0, name="layer") -> RecurrentTrace:
    """Return a layer of random weights on two random samples."""
    random = np.random.default_rng((units, features))
    columns = units * len(BLOCKS[kind])
    spec = RecurrentSpec(
        kind,
        name,
        random.standard_normal((features, columns)),
        random.standard_normal((units, columns)) / units,
        random.standard_normal(columns),
        manner=Manner(go_backwards=backwards),
    )
    return run(spec, scale * random.standard_normal((2, steps, features)), mask=mask)


def strips(scene: Scene) -> dict[str, Cells]:
    return {cells.id: cells for cells in scene.of(Cells) if cells.id != "scale"}


def texts(scene: Scene) -> list[str]:
    return [label.text for label in scene.of(Label)]


def ticks(scene: Scene) -> list[Label]:
    return [label for label in scene.of(Label) if label.id.startswith("axis") and "t=" in label.id]


@settings(max_examples=some(40), deadline=None)
@given(
    kind=KINDS,
    units=st.integers(1, 70),
    steps=st.integers(1, 120),
    features=st.integers(1, 60),
    backwards=st.booleans(),
    scale=st.sampled_from([0, 0.1, 1, 40, 1e12]),
    masked=st.booleans(),
    count=st.integers(1, 5),
)
def test_tidy_at_every_size(kind, units, steps, features, backwards, scale, masked, count):
    mask = np.arange(2 * steps).reshape(2, steps) % 3 > 0 if masked else None
    one = traced(kind, units, steps, features, backwards=backwards, scale=scale, mask=mask)
    other = traced("GRU", 3, 1 + steps // 4, name="a name that is " + "much " * 40 + "too long")
    assert_tidy(states_scene([one, other, one, other, one][:count]))


@settings(max_examples=some(12), deadline=None)
@given(kind=KINDS, units=st.integers(1, 12), steps=st.integers(1, 12), count=st.integers(1, 4))
def test_both_renderers_draw_the_same(kind, units, steps, count):
    assert_same_in_both_renderers(states_scene([traced(kind, units, steps)] * count))


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 20), steps=st.integers(1, 30), sample=st.integers(0, 1))
def test_each_strip_holds_the_values_of_the_trace(kind, units, steps, sample):
    known = traced(kind, units, steps)
    drawn = strips(states_scene([known], sample=sample))
    wanted = {"x": known.x, "h": known.hidden, **known.gates}
    if known.candidate is not None:
        wanted["candidate"] = known.candidate
    if kind == "LSTM":
        wanted["c"] = known.cell_state
    assert list(drawn) == ORDER[kind].split()
    for name, values in wanted.items():
        assert np.array_equal(drawn[name].values, values[sample].T)
        assert drawn[name].axes == ("f" if name == "x" else "u", "t")


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 300), steps=st.integers(1, 800), features=st.integers(1, 100))
def test_all_strips_stand_on_one_time_axis(kind, units, steps, features):
    scene = states_scene([traced(kind, units, steps, features)])
    drawn = list(strips(scene).values())
    assert len({(cells.place.x, cells.place.width) for cells in drawn}) == 1
    assert all(one.place.bottom < other.place.y for one, other in pairwise(drawn))
    left, width = drawn[0].place.x, drawn[0].place.width
    for label in ticks(scene):
        assert label.x == pytest.approx(left + (int(label.text) - 0.5) * width / steps)
        assert label.y > drawn[-1].place.bottom
    numbers = [int(label.text) for label in ticks(scene)]
    assert numbers[0] == 1 and numbers == sorted(set(numbers)) and numbers[-1] == steps
    if steps <= 12:
        assert len(numbers) == steps
    else:
        round_ones = numbers[1:-1]
        assert 1 <= len(round_ones) <= 10 and round_ones == [round_ones[0] * n for n in range(1, len(round_ones) + 1)]


@settings(max_examples=some(25), deadline=None)
@given(
    kind=KINDS,
    units=st.integers(1, 300),
    steps=st.integers(1, 800),
    features=st.integers(1, 300),
    count=st.integers(1, 4),
)
def test_large_traces_stay_small_pictures(kind, units, steps, features, count):
    scene = states_scene([traced(kind, units, steps, features)] * count)
    svg = render_svg(scene, LIGHT)
    assert sum(np.prod(cells.shape) for cells in strips(scene).values()) <= MOST_CELLS
    assert len(list(ElementTree.fromstring(svg).iter())) <= 400
    assert len(svg) < 170_000 and scene.width < 1400
    assert len(texts(scene)) <= 44 + 26 * (min(count, MOST_LAYERS) - 1)
    for cells in strips(scene).values():
        assert min(cells.cell_size) >= 1.9 and cells.place.height <= 88


def test_steps_share_their_mean_and_units_are_shown_as_they_are():
    known = traced("GRU", 100, 720)
    scene = states_scene([known])
    cells = strips(scene)["h"]
    rows, columns = cells.shape
    assert rows < 100 and columns < 720 and cells.axes == ("u_group", "t_group")
    note = next(text for text in texts(scene) if text.startswith("one square = the mean of up to"))
    every = -(-720 // columns), -(-100 // rows)
    assert note == "one square = the mean of up to {} steps · of the units, one in {} is drawn".format(*every)
    units = known.hidden[0].T[np.arange(rows) * 100 // rows]
    lengths = np.diff([*(np.arange(columns) * 720 // columns), 720])
    np.testing.assert_allclose(cells.values @ lengths, units.sum(axis=1), rtol=1e-4, atol=1e-4)


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 7), steps=st.integers(1, 9), features=st.integers(1, 7))
def test_numbers_stand_in_small_strips_alone(kind, units, steps, features):
    scene = states_scene([traced(kind, units, steps, features)])
    for cells in strips(scene).values():
        assert cells.numbers == (steps <= NUMBERED_STEPS and cells.shape[0] <= NUMBERED_ROWS)
        assert not cells.numbers or (cells.cell_size[0] >= 38 and cells.cell_size[1] >= 16)
    assert len(list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())) <= 400


@pytest.mark.parametrize("kind", BLOCKS)
def test_every_strip_has_letter_words_and_range(kind):
    known = traced(kind, 4, 10)
    scene = states_scene([known])
    by_id = {label.id: label for label in scene.of(Label)}
    for name, cells in strips(scene).items():
        middle = cells.place.centre[1]
        noun = "2 features" if name == "x" else "4 units"
        assert by_id[f"words[{name}]"].text.endswith(f"({noun})")
        for part in ("letter", "words", "range"):
            assert abs(by_id[f"{part}[{name}]"].place.centre[1] - middle) < 4
    boxes = [box for box in scene.of(Box) if box.role == "gate"]
    assert [box.hue for box in boxes] == ([] if kind == "SimpleRNN" else list(BLOCKS[kind]))
    tilde = {"LSTM": "c\u0303", "GRU": "h\u0303"}
    assert kind == "SimpleRNN" or by_id["letter[candidate]"].text == tilde[kind]
    low, high = known.hidden[0].min(), known.hidden[0].max()
    assert by_id["range[h]"].text == f"{low:.2f} … {high:.2f}".replace("-", "−")


def test_x_is_below_and_h_above_and_so_are_the_layers():
    low, high = traced("LSTM", 4, 5, name="low"), traced("GRU", 3, 5, name="high")
    places = {name: cells.place for name, cells in strips(states_scene([low, high])).items()}
    assert places["h[layer=2]"].y < places["x[layer=2]"].y < places["h[layer=1]"].y < places["x[layer=1]"].y
    heads = {label.text: label.y for label in states_scene([low, high]).of(Label) if label.id.startswith("heading")}
    assert heads["high · GRU(3)"] < places["h[layer=2]"].y < heads["low · LSTM(4)"] < places["h[layer=1]"].y


def test_layers_of_one_length_share_the_axis_and_others_have_their_own():
    same, short, back = traced("GRU", 2, 8), traced("GRU", 2, 4), traced("GRU", 2, 8, backwards=True)
    assert len(ticks(states_scene([same, same]))) == 8
    assert len(ticks(states_scene([same, short]))) == 12
    assert len(ticks(states_scene([same, back]))) == 16
    said = [text for text in texts(states_scene([same, back])) if text.startswith("time-step")]
    assert said == ["time-step, in order of processing: step 1 is the last of the input →", "time-step →"]


@pytest.mark.parametrize("count, words", [(3, None), (4, "1 more recurrent layer"), (9, "6 more recurrent layers")])
def test_more_than_three_layers_are_counted(count, words):
    scene = states_scene([traced("GRU", 2, 4)] * count)
    assert len([name for name in strips(scene) if name.startswith("h[")]) == 3
    said = [text for text in texts(scene) if "draw_states(trace.recurrent[3])" in text]
    assert bool(said) == bool(words) and ("Left out" in scene.description) == bool(words)
    if words:
        assert words in said[0] and f"Left out: {words}." in scene.description


def test_skipped_steps_are_marked_for_the_sample_shown():
    mask = np.ones((2, 8), bool)
    mask[0, 5:] = False
    known = traced("LSTM", 3, 8, mask=mask)
    scene, other = states_scene([known]), states_scene([known], sample=1)
    assert (strips(scene)["mask"].values[0] == scene.limit * mask[0]).all()
    assert "A mask skips 3 steps of 8: 6, 7, 8." in scene.description
    assert "mask" not in strips(other) and "mask" not in other.description
    assert np.array_equal(strips(scene)["h"].values[:, 4], strips(scene)["h"].values[:, 7])
    back = states_scene([traced("LSTM", 3, 8, mask=mask, backwards=True)])
    assert (strips(back)["mask"].values[0] == back.limit * mask[0, ::-1]).all()
    assert "skips 3 steps of 8: 1, 2, 3." in back.description and "order of processing" in back.description


def test_large_x_and_c_do_not_make_the_rest_pale():
    known = traced("LSTM", 3, 5, scale=1)
    known.cell_state[0, 2, 1], known.x[0, 0, 0] = 7.3, -300
    scene = states_scene([known])
    assert scene.limit == 1
    assert "values of x and c beyond ±1 have the strongest colour" in texts(scene)
    assert any("7.30" in text for text in texts(scene)) and any("−300" in text for text in texts(scene))
    known.hidden[0, 0, 0] = 4.2
    assert states_scene([known]).limit == 5


@pytest.mark.parametrize("units, steps", [(3, 4), (90, 200)])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf, 1e30])
def test_strange_values_have_their_place(units, steps, value):
    known = traced("LSTM", units, steps)
    for array in (known.x, known.hidden, known.cell_state, known.candidate, *known.gates.values()):
        array[0, :, 0] = value
    scene = states_scene([known])
    assert np.isfinite(scene.limit)
    assert_tidy(scene)
    assert_same_in_both_renderers(scene)


def test_the_description_says_it_all():
    known = traced("GRU", 2, 3)
    known.hidden[0, :, :] = [[0.1, 0.2], [0.3, -0.4], [0.5, 0.25]]
    said = states_scene([known]).description
    assert said.startswith("GRU(2) over 3 steps, sample 0 of the batch: one column a step")
    assert "h, hidden state (2 units), from -0.40 to 0.50, changes most at step 3." in said
    assert "z, update gate (2 units), from " in said and "h\u0303, candidate (2 units), from " in said
    assert "The last h is h_3 = (0.50, 0.25)." in said


@pytest.mark.parametrize("steps, wanted", [(13, "1 5 10 13"), (28, "1 5 10 15 20 25 28"), (51, "1 10 20 30 40 50 51")])
def test_the_numbers_of_the_steps_are_regular(steps, wanted):
    found = " ".join(label.text for label in ticks(states_scene([traced("GRU", 3, steps)])))
    assert found == (wanted if steps != 51 else "1 10 20 30 40 51")  # 50 would stand on 51


def test_where_a_strip_changes_most_is_said_while_there_are_few_steps():
    known = traced("GRU", 2, 30)
    known.hidden[:] = 0
    known.hidden[0, 17:, 1] = 0.5
    known.gates["z"][0] = 0.25
    said = states_scene([known]).description
    assert (
        "from 0.00 to 0.50, changes most at step 18." in said and "z, update gate (2 units), from 0.25 to 0.25;" in said
    )
    known.hidden[0, 3] = np.nan
    assert "changes most at step 18" in states_scene([known]).description
    assert all("changes" not in states_scene([traced("GRU", 2, steps)]).description for steps in (1, 31))


def test_no_note_calls_a_square_a_cell():
    for units, steps in ((3, 4), (90, 800)):
        assert not any("one cell" in text for text in texts(states_scene([traced("LSTM", units, steps)])))


def test_it_takes_what_trace_returns(keras):
    layers = keras.layers
    x = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
    both = trace(layers.Bidirectional(layers.GRU(2), name="both"), x)
    scene = draw_states(both, 1).scene
    assert np.array_equal(strips(scene)["h[layer=2]"].values, both.recurrent[1].hidden[1].T)
    assert np.array_equal(strips(scene)["x[layer=2]"].values, x[1, ::-1].T)
    assert {"both/forward · GRU(2)", "both/backward · GRU(2)"} <= set(texts(scene))
    one = draw_states(both.recurrent[1], sample=1).scene
    assert np.array_equal(strips(one)["h"].values, both.recurrent[1].hidden[1].T)
    model = keras.Sequential([layers.Masking(), layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)])])
    x[0, 3:] = 0
    masked = draw_states(trace(model, x))
    assert "A mask skips 2 steps of 5: 4, 5." in masked.description
    assert_tidy(masked.scene)


def test_a_cell_of_ones_own_shows_x_and_h(keras):
    class Adding(keras.layers.Layer):
        state_size = 3

        def call(self, x, states):
            after = states[0] + keras.ops.sum(x, axis=-1, keepdims=True)
            return after, [after]

    known = trace(keras.layers.RNN(Adding()), np.ones((1, 4, 2), "float32"))
    diagram = draw_states(known)
    assert list(strips(diagram.scene)) == ["h", "x"]
    assert diagram.description.startswith("Adding(3) over 4 steps:")
    assert_tidy(diagram.scene)


def test_wrong_arguments_say_what_fits(keras):
    known = trace(keras.layers.GRU(2), np.ones((2, 3, 1), "float32"))
    for sample in (2, -1, True, 0.0):
        with pytest.raises(ValueError, match=r"sample must be a whole number, 0 to 1, but it is"):
            draw_states(known, sample)
    for wrong in (known.recurrent, known.output, keras.layers.GRU(2), None):
        with pytest.raises(TypeError, match=r"trace must be what course_utils\.trace returns"):
            draw_states(wrong)
    with pytest.raises(ValueError, match="theme must be one of"):
        draw_states(known, theme="pink")
