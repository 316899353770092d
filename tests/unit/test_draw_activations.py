"""Activation functions: curve, slope, formula and words are those of the functions that the layers use."""

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.scene import Box, Label, Line, Mark, Scene
from course_utils.pictures import Diagram
from course_utils.pictures.activations import MOST_NAMES, activations_scene
from course_utils.recurrence.activation_facts import FORMULAS, facts_of
from course_utils.recurrence.activation_functions import FUNCTIONS, SELU_SCALE, activation_named
from tests.unit.cases import some
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

NAMES = sorted(FORMULAS)


def texts_of(scene: Scene) -> dict[str, str]:
    return {label.id: label.text for label in scene.of(Label)}


def read_back(scene: Scene, name: str, stem: str) -> list[np.ndarray]:
    """Read the numbers (x, y) of a curve, part by part, from where it is drawn and from the numbers at the axes."""
    labels = {label.id: label for label in scene.of(Label)}
    first = next(label.id[6:].split("]")[0] + "]" for label in scene.of(Label) if label.id.startswith("y_tick"))
    low, high = labels[f"x_tick[{name}][-4]"].x, labels[f"x_tick[{name}][4]"].x
    zero, one = labels[f"y_tick{first}[0]"].y - 4, labels[f"y_tick{first}[1]"].y - 4
    parts = [line for line in scene.of(Line) if re.fullmatch(rf"{stem}\[{name}(,part=\d+)?]", line.id)]
    points = [np.array(line.points) for line in parts]
    return [
        np.stack([8 * (part[:, 0] - low) / (high - low) - 4, (part[:, 1] - zero) / (one - zero)], 1) for part in points
    ]


@settings(max_examples=some(15), deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=MOST_NAMES, unique=True),
    st.none() | st.floats(-4, 4) | st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]),
)
def test_any_functions_are_tidy(names, at):
    scene = activations_scene(names, at=at)
    assert_tidy(scene)
    assert len(set(scene.ids())) == len(list(scene.ids()))
    assert len(list(ElementTree.fromstring(Diagram(scene).to_svg()).iter())) <= 400
    numbers = re.compile(r"[xy]_tick|caption.*line=[34]")
    written = [label for label in scene.of(Label) if not numbers.match(label.id)]
    assert len(written) <= 36 or len(names) > 4


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_is_named_while_there_are_few(name):
    for others in ((), ("tanh",), ("relu", "selu")):
        names = list(dict.fromkeys([name, *others]))
        texts = texts_of(activations_scene(names))
        for each in names:
            assert texts[f"out_name[{each}]"] == texts[f"name[{each}]"] == each
            assert texts[f"slope_name[{each}]"] == "its slope"


@pytest.mark.parametrize("name", NAMES)
def test_curve_and_slope_lie_where_the_function_is(name):
    scene = activations_scene([name])
    out, slope = read_back(scene, name, "out"), read_back(scene, name, "slope")
    function = activation_named(name)
    for part in out:
        inner = part[1:-1]  # a curve may end at a jump or at the frame
        np.testing.assert_allclose(inner[:, 1], function(inner[:, 0]), atol=1e-6)
    for part in slope:
        x, drawn = part[2:-2].T
        with np.errstate(all="ignore"):
            exact = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
        np.testing.assert_allclose(drawn, exact, atol=1e-4)
    low, high = min(part[:, 1].min() for part in out), max(part[:, 1].max() for part in out)
    everywhere = function(np.linspace(-4, 4, 801))
    ticks = [int(id.split("[")[2][:-1]) for id in texts_of(scene) if id.startswith("y_tick")]
    np.testing.assert_allclose(low, max(everywhere.min(), min(ticks) - 0.2), atol=1e-4)
    np.testing.assert_allclose(high, min(everywhere.max(), max(ticks) + 0.2), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "kinks"),
    [
        ("relu", (0,)), ("leaky_relu", (0,)), ("selu", (0,)), ("hard_sigmoid", (-3, 3)), ("hard_tanh", (-1, 1)),
        ("sparse_sigmoid", (-1, 1)), ("hard_silu", (-3, 3)), ("hard_shrink", (-0.5, 0.5)), ("relu6", (0,)),
        ("soft_shrink", (-0.5, 0.5)), ("sigmoid", ()), ("tanh", ()), ("exponential", ()), ("elu", ()), ("softsign", ()),
    ],
)  # fmt: skip
def test_a_slope_has_a_gap_at_each_kink_and_a_curve_only_where_it_jumps(name, kinks):
    scene = activations_scene([name])
    assert facts_of(name).kinks == kinks
    slope, out = read_back(scene, name, "slope"), read_back(scene, name, "out")
    assert len(slope) == len(kinks) + 1
    np.testing.assert_allclose([part[-1, 0] for part in slope[:-1]], kinks, atol=1e-6)
    assert len(out) == (3 if name == "hard_shrink" else 1)
    said = "its slope jumps at x" in scene.description
    assert said == bool(kinks)


def test_panels_share_both_scales():
    scene = activations_scene(["sigmoid", "tanh", "relu"])
    grids = [line for line in scene.of(Line) if line.id.startswith("grid")]
    moved = [np.array(line.points) - line.points[0] for line in grids]
    assert len(moved) == 3 and all(np.allclose(moved[0], each) for each in moved)
    ticks = {label.id[6:] for label in scene.of(Label) if label.id.startswith("y_tick")}
    assert ticks == {f"[sigmoid][{tick}]" for tick in (-1, 0, 1, 2, 3)}
    assert "y from -1 to 1" in activations_scene(["sigmoid", "tanh"]).description
    assert "y from -2 to 3" in activations_scene(["sigmoid", "selu"]).description


WORDS = {"log": math.log, "exp": math.exp, "tanh": math.tanh, "erf": math.erf, "max": max, "min": min, "abs": abs}


@pytest.mark.parametrize("name", NAMES)
def test_the_formula_is_the_function(name):
    functions = {other: lambda x, other=other: float(FUNCTIONS[other](np.array(float(x)))) for other in NAMES}
    functions["elu"] = lambda x, scale=1.0: x if x > 0 else scale * math.expm1(x)
    functions["clip"] = lambda x, low, high: min(max(x, low), high)
    functions.pop(name) if name not in ("tanh", "exponential") else None
    text = FORMULAS[name].replace("−", "-").replace("·", "*").replace("²", "**2")
    text = re.sub(r"\|(\w+)\|", r"abs(\1)", re.sub(r"√(\d)", r"\1**0.5", text))
    text = re.sub(r"√(\(.*?\))", r"\1**0.5", text)
    for x in np.linspace(-4, 4, 41):
        value = eval(text, {**functions, **WORDS}, {"x": float(x)})
        np.testing.assert_allclose(value, float(FUNCTIONS[name](np.array(x))), atol=2e-4, err_msg=FORMULAS[name])
    assert abs(SELU_SCALE - 1.0507) < 1e-4


def test_only_functions_of_a_whole_vector_have_no_formula():
    assert set(FUNCTIONS) - set(FORMULAS) == {"softmax", "log_softmax", "sparsemax"}


@pytest.mark.parametrize(
    ("name", "reach", "steepest", "flat"),
    [
        ("sigmoid", "between 0 and 1", "slope at most 0.25", "flat left of −2.9 and right of 2.9"),
        ("tanh", "between −1 and 1", "slope at most 1", "flat left of −2.18 and right of 2.18"),
        ("relu", "from 0 upwards", "slope at most 1", "flat left of 0"),
        ("relu6", "between 0 and 6", "slope at most 1", "flat left of 0"),
        ("linear", "any number", "slope at most 1", "flat nowhere in view"),
        ("selu", "from −1.76 upwards", "slope at most 1.76", "flat left of −3.56"),
        ("softsign", "between −1 and 1", "slope at most 1", "flat left of −3.48 and right of 3.48"),
        ("exponential", "from 0 upwards", "slope without limit", "flat left of −3"),
        ("log_sigmoid", "up to 0", "slope at most 1", "flat right of 2.96"),
        ("hard_shrink", "any number", "slope at most 1", "flat from −0.5 to 0.5"),
        ("hard_sigmoid", "between 0 and 1", "slope at most 0.17", "flat left of −3 and right of 3"),
        ("gelu", "from −0.17 upwards", "slope at most 1.13", "flat left of −2.36"),
        ("tanh_shrink", "any number", "slope at most 1", "flat nowhere in view"),
    ],
)
def test_what_is_said_of_a_function(name, reach, steepest, flat):
    scene = activations_scene([name])
    texts = texts_of(scene)
    assert texts[f"caption[{name},line=1]"] == f"{reach} · {steepest}"
    assert texts[f"caption[{name},line=2]"] == flat
    for words in (reach, steepest, flat, name):
        assert words.replace("−", "-") in scene.description
    zones = [box for box in scene.of(Box) if box.role == "zone"]
    assert len(zones) == len(facts_of(name).flat)
    slopes = np.concatenate(read_back(scene, name, "slope"))
    labels = {label.id: label.x for label in scene.of(Label)}
    low, high = labels[f"x_tick[{name}][-4]"], labels[f"x_tick[{name}][4]"]
    for zone in zones:
        left, right = (8 * (edge - low) / (high - low) - 4 for edge in (zone.place.x, zone.place.right))
        inside = slopes[(slopes[:, 0] > left + 1e-6) & (slopes[:, 0] < right - 1e-6), 1]
        assert len(inside) and np.abs(inside).max() < 0.05 + 1e-6
    assert ("note" in texts) == ("Flat: the slope is below 0.05." in scene.description) == bool(zones)


@settings(max_examples=some(40), deadline=None)
@given(st.sampled_from(NAMES), st.floats(-4, 4))
def test_the_x_pointed_at_is_marked_on_both_curves_and_said(name, at):
    scene = activations_scene([name], at=at)
    value = float(activation_named(name)(np.array([at]))[0])
    slopes = facts_of(name).slopes(at)
    line = f"x = {wording.number(at)}: {name} = {wording.number(value)}"
    assert line in texts_of(scene).values() and line.replace("−", "-") in scene.description
    assert any(wording.number(slopes[0]) in text for text in texts_of(scene).values() if text.startswith("slope"))
    guide = next(line for line in scene.of(Line) if line.id == f"at[{name}]")
    marks = {mark.id: mark for mark in scene.of(Mark)}
    labels = {label.id: label for label in scene.of(Label)}
    unit = labels[f"y_tick[{name}][0]"].y - labels[f"y_tick[{name}][1]"].y
    for id, number in ((f"out_at[{name}]", value), (f"slope_at[{name}]", slopes[0])):
        if id in marks:
            assert marks[id].x == guide.points[0][0]
            assert (labels[f"y_tick[{name}][0]"].y - 4 - marks[id].y) / unit == pytest.approx(number, abs=1e-6)
        else:
            assert abs(number) > 1.19


def test_at_a_kink_both_slopes_are_shown():
    scene = activations_scene(["relu"], at=0)
    assert len(scene.of(Mark)) == 3
    assert texts_of(scene)["caption[relu,line=4]"] == "slope jumps from 0.00 to 1.00"


def test_what_is_beyond_the_frame_has_an_arrow_at_the_edge():
    scene = activations_scene(["exponential"], at=4)
    assert not scene.of(Mark)
    assert "exponential = 54.60; slope 54.60; the point and its slope above the picture." in scene.description
    for name, at, side, edge, words in (
        ("exponential", 1.3, "above", 1, "↑ 3.67"),
        ("relu", 4, "above", 1, "↑ 4.00"),
        ("log_sigmoid", -4, "below", 3, "↓ −4.02"),
    ):
        scene = activations_scene([name, "tanh"], at=at)
        arrow = next(line for line in scene.of(Line) if line.id == f"{side}[{name}]")
        frame = next(line for line in scene.of(Line) if line.id == f"grid[{name}]")
        guide = next(line for line in scene.of(Line) if line.id == f"at[{name}]")
        heights = [y for _x, y in frame.points]
        assert arrow.head and arrow.points[1] == (guide.points[0][0], min(heights) if edge == 1 else max(heights))
        assert texts_of(scene)[f"{side}_words[{name}]"] == words
        assert f"the point {side} the picture" in scene.description or name == "exponential"
        assert_tidy(scene)


@settings(max_examples=some(60), deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), st.integers(-40, 40))
def test_every_point_is_marked_or_pointed_at(names, tenths):
    scene = activations_scene(names, at=tenths / 10)
    assert_tidy(scene)
    ids = {item.id for item in scene.items}
    for name in names:
        edges = {f"above[{name}]", f"below[{name}]"} & ids
        assert f"out_at[{name}]" in ids or edges
        assert f"slope_at[{name}]" in ids or edges
        assert bool(edges) == (" the picture" in re.split(rf"(?<!\w){name}: ", scene.description)[1].split(". ")[0])


def test_panels_stand_still_while_x_moves():
    places = []
    for at in (-4, -0.5, 0, 0.123, 4):
        scene = activations_scene(["sigmoid", "hard_shrink", "exponential"], at=at)
        frames = [line.points for line in scene.of(Line) if line.id.startswith(("grid", "x_axis"))]
        places.append((scene.width, scene.height, frames))
    assert all(place == places[0] for place in places)


def test_many_functions_wrap_into_rows():
    def rows(count):
        scene = activations_scene(NAMES[:count])
        tops = [label.y for label in scene.of(Label) if re.fullmatch(r"name\[\w+]", label.id)]
        return [tops.count(top) for top in sorted(set(tops))]

    assert [rows(n) for n in (1, 2, 3, 4)] == [[1], [2], [3], [4]]
    assert [rows(n) for n in (5, 8, 9, 12)] == [[3, 2], [4, 4], [3, 3, 3], [4, 4, 4]]


def test_both_renderers_draw_every_item():
    assert_same_in_both_renderers(activations_scene(["sigmoid", "hard_shrink", "relu"], at=0.5))


def test_one_name_and_lists_and_repeats():
    alone = course_utils.draw_activations("tanh")
    assert alone.description == course_utils.draw_activations(["tanh"]).description
    assert alone.description == course_utils.draw_activations(("tanh", "tanh")).description
    assert alone.description.startswith("1 activation function with its slope, for x from -4 to 4")


@pytest.mark.parametrize(
    ("names", "error", "words"),
    [
        ("sigmoyd", ValueError, "but 'sigmoyd' is none of them: did you mean 'sigmoid'"),
        (["ReLU6"], ValueError, "did you mean 'relu6'"),
        ("zzz", ValueError, "Keras's activation names, but 'zzz' is none of them: did you mean linear, tanh, sigmoid"),
        (["tanh", "softmax"], ValueError, "'softmax' acts on a whole vector at once, so it has no curve"),
        ("log_softmax", ValueError, "whole vector"),
        ("sparsemax", ValueError, "whole vector"),
        ([], ValueError, "1 to 12 activation functions, but it holds 0"),
        (NAMES[:13], ValueError, "1 to 12 activation functions, but it holds 13"),
        ([np.tanh], TypeError, "pass its name, 'tanh'"),
        ([3], TypeError, "names must hold Keras's activation names, but 3 is among them"),
        (3, TypeError, "names must be one of Keras's activation names or a list of them, but it is 3"),
        (None, TypeError, "but it is None"),
    ],
)
def test_wrong_names(names, error, words):
    with pytest.raises(error, match=re.escape(words)):
        course_utils.draw_activations(names)


@pytest.mark.parametrize("at", [-4.1, 5, np.nan, np.inf])
def test_wrong_x(at):
    with pytest.raises(ValueError, match="at must be a number from -4 to 4, but it is"):
        activations_scene(["tanh"], at=at)


def test_the_names_are_those_of_keras_and_so_are_the_values(keras):
    x = np.linspace(-4, 4, 33)
    for name in NAMES:
        theirs = np.asarray(getattr(keras.activations, name)(x.astype("float32")))
        np.testing.assert_allclose([facts_of(name).value(each) for each in x], theirs, atol=1e-4)
