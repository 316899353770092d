"""The gradient on its way back: what is drawn is what was measured, and what a log scale cannot show is said."""

import re
import warnings
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing.axes import spread
from course_utils.drawing.scene import Label, Line, Mark, Scene
from course_utils.pictures import Diagram
from course_utils.pictures.gradient_flow import MOST_LAYERS, gradient_flow_scene
from course_utils.recurrence import GradientFlow, random_input, random_spec
from course_utils.recurrence.activation_functions import activation_named
from course_utils.recurrence.backpropagation import flow_back
from tests.unit.cases import some
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = ("SimpleRNN", "LSTM", "GRU")


def flows_of(steps=10, features=3, units=4, kinds=KINDS) -> dict[str, GradientFlow]:
    """Measure one layer of each kind."""
    x = random_input(steps, features)
    return {kind: flow_back(random_spec(kind, units=units, features=features), x) for kind in kinds}


def made_up(*sizes: float) -> GradientFlow:
    """Return sizes as they are, the same for both."""
    return GradientFlow(np.array(sizes), np.array(sizes))


def texts_of(scene: Scene) -> dict[str, str]:
    return {label.id: label.text for label in scene.of(Label)}


def lines_of(scene: Scene) -> dict[str, Line]:
    return {line.id: line for line in scene.of(Line)}


def sizes_of(line: Line, scene: Scene) -> np.ndarray:
    """Read sizes back from the heights of a line, with the scale as its written numbers give it."""
    ticks = {label.id: label for label in scene.of(Label) if label.id.startswith("y_tick")}
    powers = [np.log10(float(re.search(r"\[(.*)]", id)[1])) for id in ticks]
    heights = [label.y - 4 for label in ticks.values()]
    slope, start = np.polyfit(heights, powers, 1)
    return 10 ** (start + slope * np.array([y for _x, y in line.points]))


SIZES = st.one_of(st.floats(0, 1e300), st.sampled_from([0.0, np.inf, np.nan, 5e-324, 1.0]))
NAMES = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(max_examples=some(40), deadline=None)
@given(st.data(), st.integers(1, 60), st.integers(1, MOST_LAYERS))
def test_any_sizes_are_tidy(data, steps, layers):
    names = data.draw(st.lists(NAMES, min_size=layers, max_size=layers, unique=True))
    some = st.lists(SIZES, min_size=steps, max_size=steps).map(np.array)
    scene = gradient_flow_scene({name: GradientFlow(data.draw(some), data.draw(some)) for name in names})
    assert_tidy(scene)
    assert len(set(scene.ids())) == len(list(scene.ids()))


@settings(max_examples=some(20), deadline=None)
@given(st.integers(1, 200), st.integers(1, 8), st.integers(1, 8))
def test_measured_sizes_are_tidy(steps, features, units):
    assert_tidy(gradient_flow_scene(flows_of(steps, features, units)))


@pytest.mark.parametrize("steps", [1, 2, 10, 200])
def test_curves_lie_where_the_sizes_are(steps):
    flows = flows_of(steps)
    scene = gradient_flow_scene(flows)
    lines = lines_of(scene)
    parts = {
        "state[layer=1]": "SimpleRNN",
        "state[layer=2]": "LSTM",
        "hidden[layer=2]": "LSTM",
        "state[layer=3]": "GRU",
    }
    drawn = {id for id in lines if id.startswith(("state", "hidden"))}
    assert drawn == (set(parts) if steps > 1 else set())
    for id in drawn:
        sizes = getattr(flows[parts[id]], id.split("[")[0])
        np.testing.assert_allclose(sizes_of(lines[id], scene), sizes, rtol=1e-6)
        across = [x for x, _y in lines[id].points]
        ticks = {label.text: label.x for label in scene.of(Label) if label.id.startswith("x_tick")}
        assert across[0] == pytest.approx(ticks["1"]) and across[-1] == pytest.approx(ticks[str(steps)])
        np.testing.assert_allclose(np.diff(across), (across[-1] - across[0]) / (steps - 1))


def test_only_lstm_has_two_curves_one_hue_and_dashes_for_h_alone():
    lines = lines_of(gradient_flow_scene(flows_of()))
    whole, alone = lines["state[layer=2]"], lines["hidden[layer=2]"]
    assert (whole.role, alone.role) == ("curve", "slope") and whole.hue == alone.hue == "2"
    assert "hidden[layer=1]" not in lines and "hidden[layer=3]" not in lines
    texts = texts_of(gradient_flow_scene(flows_of()))
    assert texts["name[state,layer=2]"] == "LSTM, h and c" and texts["name[hidden,layer=2]"] == "LSTM, h alone"
    assert texts["name[state,layer=1]"] == "SimpleRNN"
    assert any("dashed" in text for text in texts.values())
    assert not any("dashed" in text for text in texts_of(gradient_flow_scene(flows_of(kinds=("GRU",)))).values())


def test_layers_are_told_apart_without_colour():
    scene = gradient_flow_scene({str(n): made_up(0.1 * n, 1, 2) for n in range(1, MOST_LAYERS + 1)})
    looks = {(mark.shape, mark.size) for mark in scene.of(Mark)}
    assert len(looks) == MOST_LAYERS
    for number in range(1, MOST_LAYERS + 1):
        assert len({(mark.shape, mark.size, mark.hue) for mark in scene.of(Mark) if f"layer={number}" in mark.id}) == 1


@pytest.mark.parametrize("steps", [4, 50])
def test_marks_lie_on_their_curves(steps):
    scene = gradient_flow_scene(flows_of(steps))
    lines = lines_of(scene)
    for mark in scene.of(Mark):
        if mark.id.startswith("mark"):
            part, number, _step = re.match(r"mark\[(\w+),layer=(\d),t=(\d+)]", mark.id).groups()
            points = np.array(lines[f"{part}[layer={number}]"].points)
            assert np.abs(points - (mark.x, mark.y)).sum(axis=1).min() < 1e-6


def test_labels_stand_in_the_order_of_the_curves_and_their_lines_do_not_cross():
    sizes = {"a": 1.0, "b": 1e-6, "c": 1.01, "d": 0.99, "e": 1e-5, "f": 1.02}
    scene = gradient_flow_scene({name: made_up(size, 1.0) for name, size in sizes.items()})
    heights = {label.text: label.y for label in scene.of(Label) if label.id.startswith("name")}
    assert sorted(heights, key=heights.get) == sorted(sizes, key=sizes.get, reverse=True)
    leaders = sorted(line.points for line in scene.of(Line) if line.id.startswith("leader"))
    assert len(leaders) == 6
    starts, ends = ([points[side][1] for points in leaders] for side in (0, 1))
    assert np.argsort(starts).tolist() == np.argsort(ends).tolist()


@pytest.mark.parametrize(
    ("sizes", "remark", "arrow"),
    [
        ((0, 0, 1e-3, 1, 2), "0 from step 2 back", 1),
        ((np.inf, 1e9, 1, 2), "infinite from step 1 back", -1),
        ((0, 1e-9, 1, 2), "0 from step 1 back", 1),
        ((np.nan, np.inf, 1, 2), "infinite at step 2, not a number from step 1 back", -1),
        ((np.nan, np.nan, 1, 2), "not a number from step 2 back", 0),
        ((np.nan, np.nan), "not a number at every step", 0),
        ((1, 0, 1, 2), "0 at step 2", 0),
        ((1, 0, 0, 2), "0 at steps 2 to 3", 0),
        ((1, 0, 1, 0, 2), "0 at 2 steps", 0),
    ],
)
def test_what_a_log_scale_cannot_show_is_said(sizes, remark, arrow):
    scene = gradient_flow_scene({"mine": made_up(*sizes), "other": made_up(*np.ones(len(sizes)))})
    assert texts_of(scene)["remark[state,layer=1]"] == remark and "remark[state,layer=2]" not in texts_of(scene)
    assert remark in scene.description
    leaving = lines_of(scene).get("leaving[state,layer=1]")
    assert (leaving is not None) == bool(arrow)
    if leaving:
        assert leaving.head and np.sign(leaving.points[1][1] - leaving.points[0][1]) == arrow
    shown = np.isfinite(sizes) & (np.array(sizes) > 0)
    leader = lines_of(scene).get("leader[state,layer=1]")
    assert (leader is not None) == shown[0]
    marks = [mark for mark in scene.of(Mark) if mark.id.startswith("mark[state,layer=1")]
    assert len(marks) == shown.sum()
    assert_tidy(scene)


def test_the_scale_always_shows_the_same_decades_and_more_where_needed():
    def scale(*sizes):
        return re.search("log scale from (.*?) to (.*?)[.] ", gradient_flow_scene({"a": made_up(*sizes)}).description)

    assert scale(0.5, 1).groups() == ("1e-06", "10")
    assert scale(1e-9, 1).groups() == ("1e-09", "10")
    assert scale(1.0, 1e4).groups() == ("1e-06", "1e+04")
    ticks = [label for label in gradient_flow_scene({"a": made_up(0.5, 1)}).of(Label) if label.id.startswith("y_tick")]
    assert [label.text for label in ticks] == ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1", "10"]


@pytest.mark.parametrize("sizes", [(5e-324, 1e-3, 1), (1.7e308, 1), (0, 5e-324), (np.inf, 1.7e308)])
def test_the_ends_of_double_precision_can_be_drawn(sizes, recwarn):
    scene = gradient_flow_scene({"a": made_up(*sizes)})
    assert_tidy(scene)
    assert all(np.isfinite(line.points).all() for line in scene.of(Line)) and not recwarn.list


def test_description_says_sizes_and_the_fastest():
    flows = {"A": made_up(1.24e-5, 0.1, 2.0), "B": made_up(0.5, 1.0, 2.0)}
    text = gradient_flow_scene(flows).description
    assert "A: 1.2e-05 at step 1, 0.1 at step 2, 2 at step 3." in text
    assert "B: 0.5 at step 1, 1 at step 2, 2 at step 3." in text
    assert text.endswith("Shrinks fastest: A, on average × 0.0025 for each step back.")
    assert "None shrinks" in gradient_flow_scene({"A": made_up(4, 2)}).description
    assert "hrinks" not in gradient_flow_scene({"A": made_up(np.nan, 2)}).description
    assert "Shrinks fastest: A and B, to exactly 0." in (
        gradient_flow_scene({"A": made_up(0, 1), "B": made_up(0, 2), "C": made_up(1, 2)}).description
    )


@settings(max_examples=some(60), deadline=None)
@given(st.lists(st.tuples(st.floats(-50, 450), st.floats(1, 30)), min_size=1, max_size=12))
def test_labels_move_apart_in_order_and_no_more_than_they_must(labels):
    wanted, heights = map(np.array, zip(*labels, strict=True))
    places = np.array(spread(wanted, heights, 0, 400))
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= heights[order][:-1] - 1e-6).all()
    assert places.min() >= -1e-6 and places.max() <= 400 + 1e-6
    free = wanted[order]
    if (np.diff(free) >= heights[order][:-1]).all() and free[0] >= 0 and free[-1] <= 400:
        np.testing.assert_allclose(places, wanted, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 784, 3000])
def test_a_long_way_stays_a_small_document(steps):
    sizes = GradientFlow(np.geomspace(1e-300, 2, steps), np.geomspace(1e-200, 2, steps))
    scene = gradient_flow_scene({f"layer {n}": sizes for n in range(MOST_LAYERS)})
    svg = Diagram(scene).to_svg()
    assert len(list(ElementTree.fromstring(svg).iter())) <= 400
    assert len(svg) < 120_000
    assert_tidy(scene)


def test_both_renderers_draw_every_item():
    assert_same_in_both_renderers(gradient_flow_scene({**flows_of(), "dead": made_up(*[0] * 9, 1)}))


def test_a_name_that_could_break_the_document_does_not():
    scene = gradient_flow_scene({'<"&>': made_up(0.5, 1), "": made_up(1, 1)})
    ElementTree.fromstring(Diagram(scene).to_svg())
    assert_same_in_both_renderers(scene)


def test_keras_layers_are_measured(keras):
    x = random_input(6, 2)
    layers = {"RNN": keras.layers.SimpleRNN(3), "LSTM": keras.layers.LSTM(5)}
    scene = course_utils.draw_gradient_flow(layers, x).scene
    flow = course_utils.gradient_flow(layers["LSTM"], x)
    np.testing.assert_allclose(sizes_of(lines_of(scene)["state[layer=2]"], scene), flow.state, rtol=1e-6)
    np.testing.assert_allclose(sizes_of(lines_of(scene)["hidden[layer=2]"], scene), flow.hidden, rtol=1e-6)
    alone = course_utils.draw_gradient_flow(keras.layers.GRU(2, name="mine"), x)
    assert "mine: " in alone.description and "GRU" not in alone.description


def test_a_layer_that_explodes_or_dies_makes_no_noise(keras, recwarn):
    dead = keras.layers.SimpleRNN(2, activation="relu", bias_initializer=keras.initializers.Constant(-50.0))
    wild = keras.layers.SimpleRNN(2, activation="linear", recurrent_initializer=keras.initializers.Constant(1e20))
    text = course_utils.draw_gradient_flow({"dead": dead, "wild": wild}, np.zeros((1, 30, 1))).description
    assert re.search("dead: .*[(]0 from step 29 back[)].*wild: inf at step 1, .* [(]infinite from step", text)
    assert not [str(warning) for warning in recwarn if "course_utils" in warning.filename]


def test_u_is_said_and_the_axis_is_right_for_every_kind():
    texts = texts_of(gradient_flow_scene(flows_of(units=8)))
    assert texts["note[1]"].startswith("at step 10 every size is √U, 2.83 for U = 8: each")
    assert texts["y_name"] == "size of ∂h₁₀/∂(state at step t), log scale"
    assert "LSTM: solid ∂h₁₀/∂(hₜ, cₜ)" in texts["note[3]"] and "dashed ∂h₁₀/∂hₜ," in texts["note[3]"]
    assert {texts["y_high"], texts["y_low"]} == {"↑ passed on", "↓ forgotten"}
    plain = texts_of(gradient_flow_scene({**flows_of(kinds=["GRU"]), "wide": flows_of(units=9)["SimpleRNN"]}))
    assert plain["y_name"] == "size of ∂h₁₀/∂hₜ, log scale"
    assert plain["note[1]"].startswith("at step 10 every size is √U, 2 for U = 4, 3 for U = 9: each")
    for strange in (np.nan, np.inf, 0.0, 1.3, 1e200):
        assert "every size is √U: each" in texts_of(gradient_flow_scene({"a": made_up(1, strange)}))["note[1]"]


def test_sizes_whose_squares_overflow_are_measured_without_a_warning():
    spec = random_spec("SimpleRNN", units=1, features=1)
    spec = replace(spec, recurrent_kernel=1e100 * np.eye(1), activation=activation_named("linear"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sizes = flow_back(spec, np.zeros((1, 6, 1))).hidden
    np.testing.assert_allclose(sizes[-3:], [1e200, 1e100, 1])
    assert np.isinf(sizes[0])


def test_wrong_arguments(keras):
    x, layer = random_input(3, 2), keras.layers.GRU(2)
    for wrong, error, words in (
        ({}, ValueError, "layers must hold 1 to 6 layers, but it holds 0"),
        ({str(n): layer for n in range(7)}, ValueError, "layers must hold 1 to 6 layers, but it holds 7"),
        ([layer], TypeError, 'layers must be a mapping from names to layers, {"LSTM": layer}'),
        ({"mine": 3}, TypeError, "layers['mine']: "),
        ({"mine": keras.layers.Dense(2)}, TypeError, "layers['mine']: "),
        (3, TypeError, "of type int"),
    ):
        with pytest.raises(error, match=re.escape(words)):
            course_utils.draw_gradient_flow(wrong, x)
    with pytest.raises(ValueError, match="x must be an array"):
        course_utils.draw_gradient_flow(layer, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="theme must be one of"):
        course_utils.draw_gradient_flow(layer, x, theme="pink")


def test_the_rate_of_an_lstm_leaves_out_its_first_step_back():
    flows = {"LSTM": GradientFlow(0.5 * np.array([0.25, 0.5, 1, 16]), np.array([0.25, 0.5, 1, 8]))}
    scene = gradient_flow_scene(flows)
    assert scene.description.endswith("on average × 0.5 for each step back.")
    assert texts_of(scene)["note[4]"].startswith("LSTM: the bend: from h₄ all goes back through the output gate o")
    short = gradient_flow_scene({"LSTM": GradientFlow(np.array([0.5, 2]), np.array([1.0, 2]))})
    assert "× 0.25" in short.description and "note[4]" not in texts_of(short)
