"""draw_cell: inside one step of a SimpleRNN, LSTM and GRU, every number where it belongs."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.scene import Box, Cells, Frame, Label, Line, Mark, Rectangle, Scene
from course_utils.drawing.svg import NUMBER_SIZE, render_svg
from course_utils.drawing.text import text_width
from course_utils.drawing.theme import HUES, LIGHT
from course_utils.pictures.cell import cell_scene
from course_utils.recurrence import random_input, run, run_layer
from course_utils.recurrence.activation_functions import activation_named, sigmoid
from course_utils.recurrence.specs import Manner, OwnCellSpec, RecurrentSpec
from tests.unit.cases import some
from tests.unit.kinds import BLOCKS, STATES
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = sorted(BLOCKS)


def layer(kind="LSTM", units=4, features=2, use_bias=True, reset_after=True, go_backwards=False, **arguments):
    """Return a spec with weights of its own, no bias zero."""
    random = np.random.default_rng(units + 1000 * features)
    columns = len(BLOCKS[kind]) * units
    reset_after = kind == "GRU" and reset_after
    bias = random.uniform(-0.5, 0.5, (2, columns) if reset_after else columns)
    weights = [random.uniform(-1, 1, (rows, columns)) / np.sqrt(rows) for rows in (features, units)]
    weights.append(bias if use_bias else None)
    weights = [weight if weight is None else weight.astype("float32") for weight in weights]
    manner = Manner(go_backwards=go_backwards)
    return RecurrentSpec(kind, "mine", *weights, reset_after=reset_after, manner=manner, **arguments)


def traced(spec, steps=3, *, start=False, mask=None):
    """Run a layer on three steps; start: from states that are not zero."""
    x = np.random.default_rng(1).uniform(-1, 1, (1, steps, spec.features)).astype("float32")
    states = [np.full((1, spec.units), value, "float32") for value in (0.5, -0.7)[: STATES[spec.kind]]]
    return run(spec, x, initial_state=states if start else None, mask=mask)


def scene_of(kind="LSTM", step=2, unit=None, **arguments) -> Scene:
    """Lay out one step."""
    return cell_scene(traced(layer(kind, **arguments), start=True), step=step, unit=unit)


def rows(scene: Scene) -> dict[str, np.ndarray]:
    """Return the numbers of every block by its id, a vector for one row."""
    return {cells.id: np.squeeze(cells.values, 0) for cells in scene.of(Cells) if cells.shape[0] == 1}


def texts(scene: Scene) -> list[str]:
    """Return all that is written."""
    return [label.text for label in scene.of(Label)]


def assert_connected(scene: Scene) -> None:
    """Both ends of every arrow touch a box, cells or another line; a rule stands free."""
    things = [item.place for item in scene.items if isinstance(item, Box | Cells)]
    lines = [line for line in scene.of(Line) if line.role != "rule"]
    for line in lines:
        others = [part for other in lines if other is not line for part in pairwise(other.points)]
        places = things + [Rectangle(min(a, c), min(b, d), abs(a - c), abs(b - d)) for (a, b), (c, d) in others]
        ends = [line.points[0], line.points[-1]]
        for x, y in ends:
            around = Rectangle(x - 5, y - 5, 10, 10)
            assert any(around.overlaps(place, -0.01) for place in places), f"{line.id} ends in the air at {x, y}"


CASES = {
    "kind": st.sampled_from(KINDS),
    "units": st.integers(1, 6) | st.integers(7, 300),
    "features": st.integers(1, 6) | st.integers(7, 800),
    "step": st.integers(1, 3),
    "use_bias": st.booleans(),
    "reset_after": st.booleans(),
    "go_backwards": st.booleans(),
    "light": st.booleans(),
    "skip": st.booleans(),
}


@settings(max_examples=some(40), deadline=None)
@given(**CASES)
def test_a_step_is_tidy_at_every_size(kind, step, light, skip, **arguments):
    mask = np.array([[t != step for t in (1, 2, 3)]]) if skip else None
    trace = traced(layer(kind, **arguments), mask=mask)
    scene = cell_scene(trace, step=step, unit=arguments["units"] if light else None)
    assert_tidy(scene)
    if kind != "SimpleRNN":
        assert_connected(scene)
        assert scene.width <= 1320
    assert len(list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())) <= 400
    assert len(scene.description) < 3000


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_every_form_of_a_gated_cell_is_tidy(kind, reset_after, use_bias):
    for units in (1, 4, 5):
        scene = scene_of(kind, units=units, reset_after=reset_after, use_bias=use_bias)
        assert_tidy(scene)
        assert_connected(scene)


@pytest.mark.parametrize("kind", KINDS)
def test_the_most_crowded_picture_stays_a_small_document(kind):
    for units, features in ((4, 4), (4, 40), (4, 784), (7, 4), (8, 8)):
        svg = render_svg(scene_of(kind, units=units, features=features, unit=2), LIGHT)
        assert len(list(ElementTree.fromstring(svg).iter())) <= 400


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_both_renderers_draw_the_same(kind, skip):
    mask = np.array([[True, not skip, True]])
    assert_same_in_both_renderers(cell_scene(traced(layer(kind), mask=mask), step=2, unit=3))


def test_reset_before_is_drawn_the_same_in_both():
    assert_same_in_both_renderers(scene_of("GRU", reset_after=False))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_lstm_numbers_are_those_of_keras(keras, step, use_bias):
    model, x = keras.layers.LSTM(4, use_bias=use_bias, bias_initializer="uniform", return_sequences=True), inputs()
    numbers = rows(course_utils.draw_cell(model, x, step=step).scene)
    W, R, *b = (np.asarray(weight) for weight in model.get_weights())
    h0, c0 = numbers[f"h[t={step - 1}]"], numbers[f"c[t={step - 1}]"]
    output = np.asarray(model(x))[0]
    np.testing.assert_allclose(numbers[f"h[t={step}]"], output[step - 1], atol=1e-5)
    np.testing.assert_allclose(h0, output[step - 2] if step > 1 else np.zeros(4), atol=1e-5)
    gates = {}
    for place, letter in enumerate("ifco"):
        columns = slice(4 * place, 4 * place + 4)
        parts = x[0, step - 1] @ W[:, columns], h0 @ R[:, columns], b[0][columns] if use_bias else np.zeros(4)
        for name, part in zip((f"x·W[t={step},{letter}]", f"h·R[t={step},{letter}]"), parts, strict=False):
            np.testing.assert_allclose(numbers[name], part, atol=1e-5)
        np.testing.assert_allclose(numbers[f"sum[t={step},{letter}]"], sum(parts), atol=1e-5)
        assert (f"b[{letter}]" in numbers) == use_bias
        gates[letter] = np.tanh(sum(parts)) if letter == "c" else sigmoid(sum(parts))
        shown = numbers[f"{'candidate' if letter == 'c' else letter}[t={step}]"]
        np.testing.assert_allclose(shown, gates[letter], atol=1e-5)
    c1 = gates["f"] * c0 + gates["i"] * gates["c"]
    expected = {"f⊙c": gates["f"] * c0, "i⊙c̃": gates["i"] * gates["c"], "c": c1, "tanh(c)": np.tanh(c1)}
    for name, value in {**expected, "h": gates["o"] * np.tanh(c1)}.items():
        np.testing.assert_allclose(numbers[f"{name}[t={step}]"], value, atol=1e-5, err_msg=name)


def inputs(batch: int = 1) -> np.ndarray:
    return np.concatenate([random_input(3, 2, seed=seed) for seed in range(batch)])


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_numbers_are_those_of_keras(keras, reset_after, use_bias):
    arguments = {"use_bias": use_bias, "reset_after": reset_after, "bias_initializer": "uniform"}
    model, x = keras.layers.GRU(4, return_sequences=True, **arguments), inputs()
    numbers = rows(course_utils.draw_cell(model, x, step=2).scene)
    W, R, *b = (np.asarray(weight) for weight in model.get_weights())
    first, second = (b[0] if reset_after else (b[0], np.zeros(12))) if use_bias else np.zeros((2, 12))
    output = np.asarray(model(x))[0]
    h0 = numbers["h[t=1]"]
    np.testing.assert_allclose([h0, numbers["h[t=2]"]], output[:2], atol=1e-5)
    arriving, held = x[0, 1] @ W + first, h0 @ R + second
    z, r = (sigmoid(arriving[part] + held[part]) for part in (slice(0, 4), slice(4, 8)))
    let = r * held[8:] if reset_after else (r * h0) @ R[:, 8:]
    new = np.tanh(arriving[8:] + let)
    expected = {"z": z, "r": r, "candidate": new, "z⊙h": z * h0, "1−z": 1 - z, "(1−z)⊙h̃": (1 - z) * new}
    expected |= {"h·R": (h0 @ R)[8:]} if reset_after else {"r⊙h": r * h0}
    if reset_after and use_bias:
        expected["h·R+b"] = held[8:]
        np.testing.assert_allclose(numbers["b[second]"], second[8:])
        np.testing.assert_allclose(numbers["b[z]"], first[:4] + second[:4], atol=1e-6)
    for name, value in expected.items():
        np.testing.assert_allclose(numbers[f"{name}[t=2]"], value, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(numbers["h·R[t=2,h]"], let, atol=1e-5)
    np.testing.assert_allclose(numbers["sum[t=2,h]"], arriving[8:] + let, atol=1e-5)
    assert ("h·R+b[t=2]" in numbers, "b[h]" in numbers) == (reset_after and use_bias, use_bias)


def test_simple_rnn_numbers_are_those_of_keras(keras):
    model, x = keras.layers.SimpleRNN(4, bias_initializer="uniform", return_sequences=True), inputs()
    scene = course_utils.draw_cell(model, x, step=2).scene
    W, R, b = (np.asarray(weight) for weight in model.get_weights())
    output = np.asarray(model(x))[0]
    expected = {"x[t=2]": x[0, 1], "x·W[t=2]": x[0, 1] @ W, "h[t=1]": output[0], "h·R[t=2]": output[0] @ R, "b": b}
    expected |= {"sum[t=2]": x[0, 1] @ W + output[0] @ R + b, "h[t=2]": output[1], "W": W, "R": R}
    shown = {cells.id: cells.values for cells in scene.of(Cells) if cells.id != "scale"}
    assert set(shown) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(shown[name], np.atleast_2d(values), atol=1e-5, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_vector_is_said(kind):
    for arguments in ({}, {"reset_after": False}, {"use_bias": False}):
        scene = scene_of(kind, **arguments)
        for name, values in rows(scene).items():
            if name != "scale":
                assert wording.vector(values) in scene.description, f"{name} is not said"


def test_the_words_of_an_lstm():
    text = scene_of("LSTM").description
    order = [
        text.index(part) for part in ("f: x_2·W", "i: x_2·W", "c̃: x_2·W", "o: x_2·W", "Keep: f ⊙ c_1", "Write", "Show")
    ]
    assert order == sorted(order)
    assert text.startswith("Inside step 2 of 3: LSTM(4) on 2 features. The idea: a memory c runs straight through")
    assert text.index("c_2 = f ⊙ c_1 + i ⊙ c̃, h_2 = o ⊙ tanh(c_2).") < text.index("x_2 = (")
    assert "times o it is h_2" in text and "in the order i, f, c̃, o, in W (2, 16), R (4, 16) and b (16,)." in text


def test_the_words_of_a_gru():
    after, before = (scene_of("GRU", reset_after=flag).description for flag in (True, False))
    assert "Reset: h_1·R" in after and "second bias" in after and "both biases" in after
    assert "Reset: r ⊙ h_1" in before and "second bias" not in before and "both" not in before
    assert "in the order z, r, h̃" in after
    for text in (after, before):
        assert text.startswith("Inside step 2 of 3: GRU(4) on 2 features. The idea: the update gate z mixes")
        assert text.index("h_2 = z ⊙ h_1 + (1 − z) ⊙ h̃") < text.index("x_2 = (") and " that " not in text
    assert "h̃ = tanh(x_2·W + r ⊙ (h_1·R + b′) + b)." in after and " + r ⊙ (h_1·R + b′) (" in after
    assert "h̃ = tanh(x_2·W + (r ⊙ h_1)·R + b)." in before and " + (r ⊙ h_1)·R (" in before
    free = scene_of("GRU", use_bias=False).description
    assert "h̃ = tanh(x_2·W + r ⊙ (h_1·R))." in free and "b′" not in free


def touches(point: tuple[float, float], place: Rectangle) -> bool:
    return Rectangle(point[0] - 5, point[1] - 5, 10, 10).overlaps(place, -0.01)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
def test_each_column_of_a_gru_takes_what_it_reads_and_nothing_else(reset_after, use_bias):
    """x and h have a bus each: the gates take both, what r acts on takes h alone, the candidate x alone."""
    scene = scene_of("GRU", reset_after=reset_after, use_bias=use_bias)
    lines = {line.id: line.points for line in scene.of(Line)}
    places = {item.id: item.place for item in scene.items if isinstance(item, Box | Cells)}
    dots = {(mark.x, mark.y) for mark in scene.of(Mark)}
    held = places["h·R[t=2]" if reset_after else "times[r]"]
    gates = [places[f"x·W[t=2,{letter}]"] for letter in "zr"]
    wanted = {"h": ("h[t=1]", [*gates, held]), "x": ("x[t=2]", [*gates, places["x·W[t=2,h]"]])}
    for letter, (start, ends) in wanted.items():
        bus, name = lines[f"bus[{letter}]"], {"h": "h₁", "x": "x₂"}[letter]
        assert touches(bus[0], places[start])
        arrows = {key: points for key, points in lines.items() if key.startswith(f"arrow[bus,{letter}")}
        said = {label.id: label.text for label in scene.of(Label) if label.id.startswith(f"brings[{letter}")}
        assert len(arrows) == len(said) == 3 and set(said.values()) == {name}
        for points, end in zip(arrows.values(), ends, strict=True):
            assert points[0][1] == bus[-1][1] and touches(points[-1], end)
            assert (points[0] in dots) == (points[0] != bus[-1]), "a dot where a line leaves the bus, none at its end"
    assert lines["bus[h]"][-1][1] != lines["bus[x]"][-1][1]
    header, text = next(box for box in scene.of(Box) if box.id == "header[held]"), "what h̃ may see of h₁"
    assert header.role == "gate" and header.hue == "h" and text in texts(scene)
    assert header.place.centre[0] == pytest.approx(held.centre[0])


@settings(max_examples=some(40), deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.1, 1, 30, 1e9]))
def test_every_number_has_room_in_the_largest_type(kind, units, features, scale):
    x = scale * np.random.default_rng(units).uniform(-1, 1, (1, 3, features))
    for cells in cell_scene(run(layer(kind, units, features), x), step=2).of(Cells):
        if cells.numbers:
            widest = max(text_width(wording.number(value), NUMBER_SIZE) for value in cells.values.flat)
            assert widest + 4 <= cells.cell_size[0], cells.id


@pytest.mark.parametrize("kind", KINDS)
def test_sums_of_rounded_numbers_are_excused_where_numbers_are_shown(kind):
    note = "rounded: the last digit may differ by 1"
    assert any(note in text for text in texts(scene_of(kind)))
    assert not any(note in text for text in texts(scene_of(kind, units=20, features=20)))


@pytest.mark.parametrize(("kind", "order"), [("LSTM", "fico"), ("GRU", "zrh")])
def test_gates_have_hue_letter_and_place(kind, order):
    scene = scene_of(kind)
    boxes = {box.id: box for box in scene.of(Box)}
    letters = {label.id: label.text for label in scene.of(Label) if label.role == "on_hue"}
    bars = [boxes[f"gate[{letter}]"] for letter in order]
    assert [bar.place.x for bar in bars] == sorted(bar.place.x for bar in bars)
    kept = [boxes[f"order[{letter}]"] for letter in BLOCKS[kind]]
    assert [box.place.x for box in kept] == sorted(box.place.x for box in kept)
    for letter, box in zip([*order, *BLOCKS[kind]], [*bars, *kept], strict=True):
        assert box.role == "gate" and box.hue == letter and letter in HUES
    candidate = {"LSTM": "c", "GRU": "h"}[kind]
    for letter in order:
        shown = letter + "̃" if letter == candidate else letter
        assert letters[f"gate_letter[{letter}]"] == letters[f"order_letter[{letter}]"] == shown
    hues = {line.id: line.hue for line in scene.of(Line)}
    expected = {
        "LSTM": {"keep": "f", "write,i": "i", "write,c": "c", "show,o": "o"},
        "GRU": {"keep": "z", "reset": "r"},
    }
    assert {key: hues[f"arrow[{key}]"] for key in expected[kind]} == expected[kind]
    assert {letter: hues[f"rule[{letter}]"] for letter in order} == {letter: letter for letter in order}


def test_the_memory_is_a_straight_double_line():
    scene = scene_of("LSTM")
    memory = [line for line in scene.of(Line) if line.role == "memory"]
    places = {cells.id: cells.place for cells in scene.of(Cells)}
    heights = {y for line in memory for _x, y in line.points}
    assert heights == {places[name].centre[1] for name in ("c[t=1]", "f⊙c[t=2]", "c[t=2]")} and len(heights) == 1
    assert [line.head for line in memory] == [False] * (len(memory) - 1) + [True]
    assert all(line.role != "memory" for line in scene_of("GRU").of(Line))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_unit_is_framed_in_every_row_that_it_is_in(kind):
    scene = scene_of(kind, unit=3)
    blocks = {cells.id: cells for cells in scene.of(Cells)}
    frames = [frame.place for frame in scene.of(Frame)]
    whole = {"x[t=2]", "scale"} | ({"h[t=1]"} if kind == "LSTM" else set())  # all of h_1 makes each unit
    for name, cells in blocks.items():
        around = [sum(place.holds(cells.cell_place(0, column)) for place in frames) for column in range(cells.shape[1])]
        assert around == ([0] * cells.shape[1] if name in whole else [0, 0, 1, 0]), name
    assert all(place.width == blocks["h[t=2]"].cell_size[0] for place in frames)


def test_unit_is_framed_in_the_matrices_of_a_simple_rnn():
    scene = scene_of("SimpleRNN", unit=2)
    frames = {frame.id for frame in scene.of(Frame)}
    names = ("W", "R", "b", "x·W[t=2]", "h·R[t=2]", "sum[t=2]", "h[t=2]")
    assert frames == {f"light[{name}]" for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_reads_backwards_says_so(kind):
    trace = traced(layer(kind, go_backwards=True))
    first, second = (cell_scene(trace, step=step) for step in (1, 2))
    subtitles = [next(label.text for label in scene.of(Label) if label.id == "subtitle") for scene in (first, second)]
    assert subtitles[0].endswith("reads backwards: step 1 reads x₃")
    assert subtitles[1].endswith("step 1 reads x₃, step 2 reads x₂")
    assert "step 1 reads x_3, this step reads x_3" in first.description
    assert f"x_3 = {wording.vector(trace.x[0, 0])}" in first.description
    ahead = cell_scene(traced(layer(kind)), step=1)
    assert "backwards" not in ahead.description + " ".join(texts(ahead))


@pytest.mark.parametrize("kind", KINDS)
def test_a_skipped_step_leaves_the_state_as_it_was(kind):
    trace = traced(layer(kind), start=True, mask=np.array([[True, False, True]]))
    scene = cell_scene(trace, step=2, unit=1)
    assert any("skipped by the mask: the state stays as it was" in text for text in texts(scene))
    assert "skipped by the mask: the state stays as it was" in scene.description
    numbers = rows(scene)
    states = ("c", "h") if kind == "LSTM" else ("h",)
    assert set(numbers) == {"x[t=2]", "scale", *(f"{letter}[t={t}]" for letter in states for t in (1, 2))}
    np.testing.assert_array_equal(numbers["h[t=2]"], numbers["h[t=1]"])
    np.testing.assert_array_equal(numbers["h[t=2]"], trace.hidden[0, 0])
    assert next(cells.ghost for cells in scene.of(Cells) if cells.id == "x[t=2]")
    assert "skipped" not in cell_scene(trace, step=1).description


def test_the_mask_is_that_of_the_sample():
    spec, mask = layer("GRU"), np.array([[True], [False]])
    trace = run(spec, np.ones((2, 1, 2)), mask=mask)
    assert ["skipped" in cell_scene(trace, step=1, sample=n).description for n in (0, 1)] == [False, True]


def test_a_stateful_layer_starts_where_it_stands(keras):
    model, x = keras.layers.LSTM(3, stateful=True), inputs()
    fresh = course_utils.draw_cell(model, x).scene
    assert texts(fresh).count("starts at zero") == 2
    model(x)
    h, c = (np.asarray(state)[0] for state in model.states)
    again = course_utils.draw_cell(model, x).scene
    np.testing.assert_allclose(rows(again)["h[t=0]"], h, atol=1e-6)
    np.testing.assert_allclose(rows(again)["c[t=0]"], c, atol=1e-6)
    assert {"initial memory", "initial state"} <= set(texts(again))


def test_sample_theme_and_axes_reach_the_picture(keras):
    from matplotlib.figure import Figure

    model, x, axes = keras.layers.GRU(3), inputs(2), Figure().add_axes((0, 0, 1, 1))
    diagram = course_utils.draw_cell(model, x, step=3, sample=1, theme="dark", ax=axes)
    assert f"h_3 = {wording.vector(np.asarray(model(x))[1])}" in diagram.description
    assert diagram.theme == "dark" and len(axes.texts) > 30


@pytest.mark.parametrize("kind", KINDS)
def test_activations_go_by_their_names(kind):
    names = {"activation": activation_named("softsign"), "recurrent_activation": activation_named("hard_sigmoid")}
    scene = scene_of(kind, **names)
    written = texts(scene)
    assert any("softsign" in text for text in written) and "softsign" in scene.description
    assert "tanh" not in " ".join(written) + scene.description.replace("SimpleRNN", "")
    assert (kind != "SimpleRNN") == ("hard_sigmoid" in written) == ("hard_sigmoid" in scene.description)


def test_gates_are_said_to_go_from_0_to_1_only_where_they_do():
    assert any("0 (closed)" in text for text in texts(scene_of("LSTM")))
    assert not any(
        "0 (closed)" in text for text in texts(scene_of("LSTM", recurrent_activation=activation_named("tanh")))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_name_of_an_activation_stays_in_its_place(kind):
    from course_utils.recurrence.activation_functions import Activation

    own = Activation("a_function_of_my_own_that_has_a_rather_long_name", np.tanh, own=True)
    for units in (1, 4):
        assert_tidy(scene_of(kind, units=units, activation=own, recurrent_activation=own))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 1e30])
@pytest.mark.parametrize("kind", KINDS)
def test_strange_values_break_nothing(kind, value):
    for arguments in ({}, {"reset_after": False}):
        spec = layer(kind, **arguments)
        scene = cell_scene(run(spec, np.full((1, 2, 2), value, "float32")), step=2)
        assert_tidy(scene)
        ElementTree.fromstring(render_svg(scene, LIGHT))
        assert np.isfinite(scene.limit)


@pytest.mark.parametrize("kind", KINDS)
def test_loud_inputs_do_not_wash_out_the_states(kind):
    spec = layer(kind)
    quiet, loud = (cell_scene(run(spec, scale * np.ones((1, 2, 2))), step=2) for scale in (1, 255))
    assert loud.limit == 4 and not any("beyond the scale" in text for text in texts(quiet))
    assert any("beyond the scale" in text for text in texts(loud))
    linear = layer(kind, activation=activation_named("linear"))
    assert cell_scene(run(linear, 255 * np.ones((1, 2, 2))), step=2).limit > 4, "large states do stretch the scale"


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_stay_inside_their_cells(kind):
    for scale in (1, 30, 1e9):
        scene = cell_scene(run(layer(kind), scale * np.array([[[-0.41, 0.37]]], "float32")), step=1)
        for cells in scene.of(Cells):
            if cells.id != "scale":
                assert cells.numbers
                widest = max(text_width(wording.number(value), NUMBER_SIZE) for value in cells.values.flat)
                assert widest <= cells.cell_size[0], cells.id


def test_a_matrix_too_large_to_read_is_a_closed_box():
    scene = scene_of("SimpleRNN", units=256, features=784, unit=7)
    assert {box.id for box in scene.of(Box) if box.role == "closed"} == {"W", "R"}
    assert "200,704 numbers," in texts(scene) and len(render_svg(scene, LIGHT)) < 250_000
    assert_tidy(scene)
    mixed = scene_of("SimpleRNN", units=100, features=8)
    assert [box.id for box in mixed.of(Box) if box.role == "closed"] == ["R"]
    assert not any(box.role == "closed" for box in scene_of("SimpleRNN", units=50, features=28).of(Box))


def test_a_vector_of_more_than_four_is_a_strip_of_colours():
    assert not any(cells.numbers for cells in scene_of("LSTM", units=5, features=5).of(Cells))


def own_cell() -> OwnCellSpec:
    return OwnCellSpec(
        name="mine",
        kind="MinimalCell",
        state_sizes=(2,),
        output_size=2,
        step=lambda x, states: (states[0], states),
        inside=lambda x, states: None,
        start=lambda n: (np.zeros((n, 2)),),
        nest=list,
        weights={},
    )


def test_a_cell_of_ones_own_is_refused():
    with pytest.raises(TypeError, match=r"trace must be that of a SimpleRNN, LSTM or GRU, .*'mine'.*MinimalCell"):
        cell_scene(run_layer(own_cell(), np.zeros((1, 3, 2))).traces[0], step=1)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_arguments(keras, kind):
    model = getattr(keras.layers, kind)(2)
    for step in (0, 4, True, 1.0):
        with pytest.raises(ValueError, match=re.escape(f"step must be a whole number, 1 to 3, but it is {step!r}")):
            course_utils.draw_cell(model, inputs(), step=step)
    with pytest.raises(ValueError, match="sample must be a whole number, 0 to 0, but it is 1"):
        course_utils.draw_cell(model, inputs(), sample=1)
    with pytest.raises(TypeError, match="holds none"):
        course_utils.draw_cell(keras.layers.Dense(2), inputs())
    with pytest.raises(TypeError, match="must be one SimpleRNN, LSTM or GRU"):
        course_utils.draw_cell(keras.layers.Bidirectional(model), inputs())
