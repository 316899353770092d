"""explore_activations: for every function and every input the value and slope that Keras has."""

import random
import re
import sys
from functools import lru_cache
from html import unescape

import ipywidgets
import numpy as np
import pytest

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.scene import Label, Line, Mark
from course_utils.explorers import keras_check
from course_utils.pictures.activations import activations_scene
from course_utils.recurrence.activation_facts import FORMULAS, facts_of
from tests.unit.layer_explorers import in_sight
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

NAMES = list(FORMULAS)
INPUTS = [round(-4 + tenth / 10, 10) for tenth in range(81)]
START = {"name": "tanh", "x": 0.5, "beside": "sigmoid"}


@lru_cache
def keras_values(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return Keras's values and slopes at all inputs of the slider, from the tape."""
    from course_utils.quiet import quiet_keras

    function = getattr(quiet_keras().activations, name)
    import tensorflow as tf

    points = tf.constant(INPUTS, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(points)
        values = function(points)
    return values.numpy(), tape.gradient(values, points, unconnected_gradients="zero").numpy()


def shown(explorer) -> dict[str, tuple[float, list[float]]]:
    """Return value and slopes read back from the marks in the picture; a mark out of the frame is left out."""
    scene, found = explorer.diagram.scene, {}
    labels = {item.id: item for item in scene.items if item.id.startswith("y_tick")}
    first = explorer.settings.names[0]
    zero, one = (labels[f"y_tick[{first}][{tick}]"].y - 4 for tick in (0, 1))
    for mark in scene.of(Mark):
        kind, name = re.match(r"(\w+)_at\[(\w+)", mark.id).groups()
        found.setdefault((kind, name), []).append((mark.y - zero) / (one - zero))
    return found


def assert_is_what_keras_has(explorer) -> None:
    place = INPUTS.index(round(explorer.state["x"], 6))
    marks, lines = shown(explorer), explorer._headline.value.split("<br>")
    for name, line in zip(explorer.settings.names, lines, strict=True):
        value, slope = (column[place] for column in keras_values(name))
        said = re.search(r"(\w+)[(](.*?)[)] = (.*?), ", line.replace("−", "-"))
        assert (said[1], float(said[2])) == (name, INPUTS[place])
        assert float(said[3]) == pytest.approx(value, abs=0.0051)
        if marks.get(("out", name)):
            np.testing.assert_allclose(marks["out", name], value, atol=1e-6)
        else:
            assert not -2.2 < value < 3.2 or abs(value) > 1.19
        if (name, INPUTS[place]) == ("celu", 0):
            slope = 1  # the tape adds up both halves there: test_the_button_tells_celu
        low, high = min(facts_of(name).slopes(INPUTS[place])), max(facts_of(name).slopes(INPUTS[place]))
        assert low - 2e-5 <= slope <= high + 2e-5
        if low == high:
            assert f"slope {wording.number(low)}" in line
            if marks.get(("slope", name)):
                np.testing.assert_allclose(marks["slope", name], slope, atol=2e-5)
        else:
            assert f"slope {wording.number(facts_of(name).slopes(INPUTS[place])[0])} to its left" in line


def check_box(explorer) -> tuple:
    """Return the button "check with Keras" and its verdict."""
    boxes = [box.children for box in explorer.children if isinstance(box, ipywidgets.HBox)]
    return next(children for children in boxes if isinstance(children[0], ipywidgets.Button))


@pytest.mark.parametrize("name", NAMES)
def test_every_function_at_every_input(keras, name):
    explorer = course_utils.explore_activations(name=name, beside=None)
    for x in INPUTS:
        explorer.set(x=x)
        assert_is_what_keras_has(explorer)
    assert_tidy(explorer.diagram.scene)


def test_every_value_of_every_control_alone(keras):
    explorer = course_utils.explore_activations()
    for control, values in {"name": NAMES, "x": INPUTS, "beside": ["none", *NAMES]}.items():
        for value in values:
            explorer.set(**START | {control: value})
            assert explorer.state == START | {control: value}
            assert_is_what_keras_has(explorer)
            assert_tidy(explorer.diagram.scene)


@pytest.mark.slow
def test_controls_together(keras):
    chance, explorer = random.Random(0), course_utils.explore_activations()
    settings = [(chance.choice(NAMES), chance.choice(INPUTS), chance.choice(["none", *NAMES])) for _ in range(24)]
    ends = [(name, x, beside) for name in (NAMES[0], NAMES[-1]) for x in (-4.0, 4.0) for beside in ("none", NAMES[-1])]
    for name, x, beside in [*settings, *ends]:
        explorer.set(name=name, x=x, beside=beside)
        assert_is_what_keras_has(explorer)
        assert_tidy(explorer.diagram.scene)
    assert_same_in_both_renderers(explorer.diagram.scene)


@pytest.mark.parametrize("name", NAMES)
def test_the_button_agrees_everywhere(keras, name):
    for x in (-4.0, -3.0, -1.0, -0.5, -0.3, 0.0, 0.5, 1.0, 2.9, 3.0, 4.0):
        verdict = keras_check.activation_check([name], x)
        assert verdict.startswith("Keras says the same. "), verdict
        assert ("At its kink" in verdict) == (x in facts_of(name).kinks)


def test_the_button_tells_celu(keras):
    explorer = course_utils.explore_activations(name="celu", beside="relu", x=0.0)
    button, verdict = check_box(explorer)
    button.click()
    assert "the tape gives celu the slope 2; Keras's values rise by 1." in verdict.value
    assert "At its kink Keras takes the slope 0 for relu." in verdict.value
    assert explorer._helper.announcement == verdict.value
    explorer.set(x=1.0)
    assert verdict.value == ""


def test_the_button_sees_a_difference(keras, monkeypatch):
    monkeypatch.setattr(keras_check, "facts_of", lambda name: facts_of("sigmoid"))
    assert keras_check.activation_check(["tanh"], 0.5).startswith("Keras says something else: please report this.")
    monkeypatch.setattr(keras_check, "facts_of", lambda name: facts_of("elu"))
    assert keras_check.activation_check(["tanh"], 0.0).startswith("Keras says the same")  # value and slope are alike
    monkeypatch.setattr(keras_check, "facts_of", lambda name: facts_of("softplus"))
    assert keras_check.activation_check(["linear"], 0.0).startswith("Keras says something else")


@pytest.mark.parametrize(
    ("name", "x", "words"),
    [
        ("tanh", 0.5, "tanh(0.5) = 0.46, slope 0.79: 79 % of a gradient passes"),
        ("tanh", -3.0, "tanh(−3) = −1.00, slope 0.01: flat here, hardly any gradient passes"),
        ("relu", -1.0, "relu(−1) = 0.00, slope 0.00: flat here, no gradient passes"),
        ("relu", 2.0, "relu(2) = 2.00, slope 1.00: a gradient passes as it is"),
        ("relu", 0.0, "relu(0) = 0.00, a kink: slope 0.00 to its left, 1.00 to its right"),
        ("hard_shrink", 0.5, "hard_shrink(0.5) = 0.00, a jump: slope 0.00 to its left, 1.00 to its right"),
        ("exponential", 2.0, "exponential(2) = 7.39, slope 7.39: a gradient grows, 7.39 times"),
        ("silu", -3.0, "silu(−3) = −0.14, slope −0.09: 9 % of a gradient passes, with the other sign"),
        ("mish", -1.2, "mish(−1.2) = −0.31, slope 0.00: level here, hardly any gradient passes"),
        ("tanh_shrink", 0.0, "tanh_shrink(0) = 0.00, slope 0.00: level here, no gradient passes"),
    ],
)
def test_what_is_said(name, x, words):
    explorer = course_utils.explore_activations(name=name, x=x, beside=None)
    assert explorer._headline.value == f"<b>{words}</b>" and explorer._helper.announcement == words


def test_notes_and_the_code_that_runs(keras):
    explorer = course_utils.explore_activations(name="sparse_plus", beside="relu", x=-0.7)
    notes = unescape(explorer._notes.value)
    for name in ("sparse_plus", "relu"):
        facts = facts_of(name)
        for words in (facts.formula, facts.range_in_words, facts.steepest_in_words, facts.flat_in_words):
            assert words in notes
    assert "its slope jumps at x = 0" in notes
    for name in NAMES:
        explorer.set(name=name, beside="none")
        code = re.search("<pre>(.*)</pre>", explorer._notes.value)[1]
        assert code == f"keras.activations.{name}(-0.7)"
        value = float(np.asarray(eval(code, {"keras": keras})))
        assert f"{name}(−0.7) = {wording.number(value)}" in explorer._headline.value


def test_what_a_slider_gives_is_taken_as_it_is_written():
    explorer = course_utils.explore_activations(name="hard_shrink", x=0.1 + 0.1 + 0.1 + 0.2 + 1e-15, beside=None)
    assert "a jump" in explorer._headline.value and "hard_shrink(0.5) = 0.00" in explorer._headline.value
    explorer.set(x=-0.00000001)
    assert "hard_shrink(0)" in explorer._headline.value


def test_the_same_function_twice_is_drawn_once():
    explorer = course_utils.explore_activations(name="relu", beside="relu")
    assert explorer.diagram.description.startswith("1 activation function")
    assert explorer._notes.value.count("keras.activations") == 1


def test_panels_stand_still_while_x_moves():
    explorer = course_utils.explore_activations(name="hard_shrink", beside="exponential")
    sizes = set()
    for x in INPUTS:
        explorer.set(x=x)
        sizes.add((explorer.diagram.scene.width, explorer.diagram.scene.height))
    assert len(sizes) == 1


def test_the_note_stands_below_the_last_row_however_many_there_are():
    gaps = set()
    for count in (2, 5, 12):
        scene = activations_scene(NAMES[:count], at=0.5)
        assert_tidy(scene)
        heights = {item.id: item.y for item in scene.items if item.id.startswith(("note", "caption"))}
        gaps.add(round(heights["note"] - heights[f"caption[{NAMES[count - 1]},line=4]"], 6))
    assert len(gaps) == 1


def test_set_state_and_hide():
    explorer = course_utils.explore_activations(name="selu", x=-1, beside=None, hide=("beside",))
    assert explorer.state == {"name": "selu", "x": -1.0, "beside": "none"}
    assert in_sight(explorer) == ["name", "x"]
    other = course_utils.explore_activations()
    other.set(**explorer.state)
    assert other.diagram.description == explorer.diagram.description


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"name": "softmax"}, "name must be one of linear, tanh, sigmoid"),
        ({"name": None}, "name must be one of linear"),
        ({"beside": "Tanh"}, "beside must be one of none, linear, tanh"),
        ({"x": 4.1}, "x must be a number from -4.0 to 4.0, but it is 4.1"),
        ({"x": "0"}, "x must be a number from -4.0 to 4.0, but it is '0'"),
        ({"x": float("nan")}, "x must be a number"),
        ({"hide": ("y",)}, "hide must name controls of this explorer"),
    ],
)
def test_wrong_settings_are_named(setting, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_activations(**setting)


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorer = course_utils.explore_activations()
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    for name in NAMES:
        explorer.set(name=name, x=-2.5, beside="gelu")


@pytest.mark.parametrize("x", [-4, 0, 1, 2.5])
def test_every_snippet_runs_and_gives_the_value(keras, x):
    explorer = course_utils.explore_activations()
    for name, beside in zip(NAMES, [*NAMES[1:], NAMES[0]], strict=True):
        explorer.set(name=name, beside=beside, x=float(x))
        lines = unescape(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1]).splitlines()
        for line, each in zip(lines, (name, beside), strict=True):
            value = np.asarray(eval(line, {"keras": keras}))
            assert value.dtype.kind == "f" and line == f"keras.activations.{each}({float(x)})"
            np.testing.assert_allclose(value, facts_of(each).value(x), atol=1e-4)


def test_a_point_beyond_the_picture_is_pointed_at():
    scene = course_utils.explore_activations(name="exponential", x=4.0).diagram.scene
    texts = {item.id: item.text for item in scene.of(Label)}
    assert texts["above_words[exponential]"] == "↑ 54.60"
    assert texts["above_words[exponential,part=2]"] == "slope ↑ 54.60"
    assert {item.id for item in scene.of(Line) if item.head} == {"above[exponential]"}
