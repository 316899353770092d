"""explore_gradients: what is drawn is what TensorFlow's tape finds through a fresh Keras layer, at every setting."""

import random
import re
import sys
from functools import lru_cache
from html import unescape

import ipywidgets
import numpy as np
import pytest

import course_utils
from course_utils.drawing.scene import Label
from course_utils.explorers import gradients, keras_check
from course_utils.explorers.gradients import Fading, GradientsSettings
from course_utils.recurrence import GradientFlow, random_input
from tests.unit.kinds import BLOCKS
from tests.unit.layer_explorers import in_sight
from tests.unit.test_draw_gradient_flow import lines_of, sizes_of
from tests.unit.test_gradients import by_tape
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

START = {"cell": "LSTM", "steps": 30, "forget_bias": 1.0, "scale": 1.0, "units": 8, "compare": True}
VALUES = {
    "cell": list(BLOCKS),
    "steps": list(range(1, 201)),
    "forget_bias": [half / 2 for half in range(-6, 13)],
    "scale": [tenth / 10 for tenth in range(5, 21)],
    "units": list(range(1, 65)),
    "compare": [True, False],
}
OFTEN_ENOUGH = {"steps": {1, 2, 3, 29, 31, 100, 200}, "units": {1, 2, 3, 7, 33, 64}}  # the tape takes time


def drawn(explorer) -> dict[str, np.ndarray]:
    """Return the sizes read back from the curves, by the id of the curve's label and in its words."""
    scene = explorer.diagram.scene
    names = {item.id[5:-1]: item.text for item in scene.items if item.id.startswith("name[")}
    lines = {key: lines_of(scene).get(key.replace(",", "[", 1) + "]") for key in names}
    return {names[key]: sizes_of(line, scene) for key, line in lines.items() if line is not None}


@lru_cache
def tape(cell: str, steps: int, forget_bias: float, scale: float, units: int) -> GradientFlow:
    state = {"cell": cell, "steps": steps, "forget_bias": forget_bias, "scale": scale, "units": units}
    return keras_check.flow_by_tape(*gradients.layer_and_input(GradientsSettings.of(state)))


def assert_is_what_keras_has(explorer, state) -> None:
    """The curve of this setting, and of Keras's start where it is drawn, are those of the tape."""
    curves = drawn(explorer)
    starts_so = GradientsSettings.of(state).starts_so
    wanted = {"as set here": state} if not starts_so else {}
    if state["compare"] or starts_so:
        wanted["as Keras starts it"] = state | {
            "forget_bias": {"LSTM": 1.0}.get(state["cell"], 0.0),
            "scale": 1.0,
        }
    for words, setting in wanted.items():
        flow = tape(**{name: value for name, value in setting.items() if name != "compare"})
        parts = {", h and c": flow.state, ", h alone": flow.hidden} if state["cell"] == "LSTM" else {"": flow.state}
        for part, sizes in parts.items():
            if state["steps"] > 1:
                np.testing.assert_allclose(curves.pop(f"{state['cell']} {words}{part}"), sizes, rtol=1e-5)
    assert not curves


def check_box(explorer) -> tuple:
    """Return the button "check with Keras" and its verdict."""
    boxes = [box.children for box in explorer.children if isinstance(box, ipywidgets.HBox)]
    return next(children for children in boxes if isinstance(children[0], ipywidgets.Button))


@pytest.mark.parametrize("name", VALUES)
def test_every_value_of_every_control_alone(keras, name):
    explorer = course_utils.explore_gradients()
    for value in VALUES[name]:
        explorer.set(**{name: value})
        follows = {"forget_bias": gradients.FIRST_BIAS[value]} if name == "cell" else {}
        assert explorer.state == START | {name: value} | follows
        assert f"back through {explorer.state['steps']} step" in explorer.diagram.description or value == 1
        if value in OFTEN_ENOUGH.get(name, VALUES[name]):
            assert_tidy(explorer.diagram.scene)
            assert_is_what_keras_has(explorer, explorer.state)


def settings_together() -> list[dict]:
    """Return pairs and triples of settings, the lowest and highest of each control among them."""
    chance = random.Random(0)
    found = []
    for number in range(30):
        names = chance.sample(list(VALUES), chance.choice([2, 3]))
        found.append({name: VALUES[name][[0, -1][number % 2]] for name in names})
        if number % 3 == 2:
            found[-1] = {name: chance.choice(VALUES[name]) for name in names}
    for name in ("steps", "forget_bias", "scale", "units"):
        assert {VALUES[name][0], VALUES[name][-1]} <= {setting.get(name) for setting in found}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", BLOCKS)
def test_controls_together(keras, kind):
    for setting in settings_together()[list(BLOCKS).index(kind) :: 3]:
        explorer = course_utils.explore_gradients(cell=kind)
        explorer.set(**setting)
        assert_tidy(explorer.diagram.scene)
        assert_is_what_keras_has(explorer, explorer.state)


def test_weights_are_those_of_the_setting():
    spec, x = gradients.layer_and_input(GradientsSettings.of(START | {"cell": "GRU", "forget_bias": 2.5, "scale": 2.0}))
    bias = np.zeros((2, 24))
    bias[0, :8] = 2.5
    np.testing.assert_array_equal(spec.bias, bias)
    np.testing.assert_allclose(spec.recurrent_kernel @ spec.recurrent_kernel.T, 4 * np.eye(8), atol=1e-5)
    lstm, _x = gradients.layer_and_input(GradientsSettings.of(START | {"forget_bias": -3.0}))
    np.testing.assert_array_equal(lstm.block("bias", "f"), -3)
    assert not lstm.block("bias", "i").any() and not lstm.block("bias", "c").any() and not lstm.block("bias", "o").any()
    simple, _x = gradients.layer_and_input(GradientsSettings.of(START | {"cell": "SimpleRNN", "forget_bias": 6.0}))
    assert not simple.bias.any() and x.shape == (1, 30, 2)


@pytest.mark.parametrize("units", [8, 32])
def test_the_surprise_can_be_turned_up(units):
    """FACTS: a GRU as Keras starts it forgets faster than a SimpleRNN; the bias of its gate is the mechanism."""
    explorer = course_utils.explore_gradients(units=units, steps=100)

    def left(**state) -> float:
        explorer.set(**state)
        return Fading.of(gradients.flow_of(explorer.settings)).share

    simple, simple_biased = (left(cell="SimpleRNN", forget_bias=bias) for bias in (0.0, 3.0))
    assert simple == simple_biased and "forget_bias moves nothing here" in explorer._headline.value
    fresh = left(cell="GRU", forget_bias=0.0)
    assert fresh < 1e-6 * simple and "it vanishes" in explorer._headline.value
    kept = left(forget_bias=4.0)
    assert kept > 0.05 > simple and "it stays" in explorer._headline.value
    assert "As Keras starts it: 1 part in 10" in explorer._headline.value
    assert left(cell="LSTM", forget_bias=0.0) < 0.01 * left(forget_bias=1.0) < 1e-6
    assert left(forget_bias=3.0) > 0.1


def test_a_larger_matrix_makes_a_simple_rnn_explode():
    explorer = course_utils.explore_gradients(cell="SimpleRNN", scale=2.0)
    assert "times as large as at step 30: it explodes." in explorer._headline.value
    explorer.set(scale=0.5)
    assert "it vanishes" in explorer._headline.value and "Before the move: " in explorer._headline.value


@pytest.mark.parametrize("kind", BLOCKS)
def test_the_tape_that_checks_is_the_plain_one(keras, kind):
    spec, x = gradients.layer_and_input(
        GradientsSettings.of(START | {"cell": kind, "steps": 5, "units": 3, "scale": 1.7})
    )
    layer = keras_check._in_double_precision(keras_check.built(spec, x.shape))
    layer.build(x.shape)
    layer.set_weights(list(spec.weights.values()))
    flow = keras_check.flow_by_tape(spec, x)
    for step in range(1, 5):
        wanted = by_tape(keras, layer, x.astype(float), step)
        np.testing.assert_allclose([flow.hidden[step - 1], flow.state[step - 1]], wanted, rtol=1e-10)


def test_the_button_asks_the_tape(keras, monkeypatch):
    explorer = course_utils.explore_gradients(cell="SimpleRNN", scale=2.0, units=64, steps=200)
    button, verdict = check_box(explorer)
    button.click()  # here the gradient grows to 10^13, and rounding with it
    assert verdict.value.startswith("The tape of TensorFlow says the same. ") and "every one of 200" in verdict.value
    assert float(re.search(r"difference is (\S+) of", verdict.value)[1]) < 1e-9
    explorer.set(steps=1)
    assert verdict.value == ""
    button.click()
    assert "at 1 step." in verdict.value and "says the same" in verdict.value
    explorer.set(steps=9)
    monkeypatch.setattr(
        keras_check, "flow_back", lambda spec, x: GradientFlow(np.ones(x.shape[1]), np.ones(x.shape[1]))
    )
    button.click()
    assert verdict.value.startswith("The tape of TensorFlow says something else: please report this.")


def test_only_rounding_is_taken_out_of_the_states(keras):
    state = keras.ops.convert_to_tensor(np.array([1.0, 1.0]))
    found = keras_check._without_rounding(state, np.array([1 + 1e-12, 1.001]))
    np.testing.assert_array_equal(np.asarray(found), [1 + 1e-12, 1.0])


def test_the_button_takes_no_random_numbers(keras):
    def number(click: bool) -> float:
        keras.utils.set_random_seed(1)
        if click:
            keras_check.gradient_check(*gradients.layer_and_input(GradientsSettings.of(START | {"steps": 3})))
        return float(np.asarray(keras.random.uniform((1,)))[0])

    assert number(True) == number(False)


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"forget_bias": 2.5, "scale": 1.5},
        {"cell": "GRU", "forget_bias": -3.0, "units": 5},
        {"cell": "SimpleRNN", "scale": 0.5},
        {"cell": "SimpleRNN", "forget_bias": 6.0},
    ],
    ids=str,
)
def test_the_code_shown_builds_and_measures_this_layer(keras, setting):
    explorer = course_utils.explore_gradients()
    explorer.set(**setting)
    state = explorer.state
    names = {"keras": keras, "course_utils": course_utils, "x": random_input(state["steps"], 2)}
    *lines, last = unescape(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1]).splitlines()
    exec("\n".join(lines), names)
    assert eval(last, names).shape == (state["steps"],)
    spec, _x = gradients.layer_and_input(GradientsSettings.of(state))
    _kernel, R, bias = names["layer"].get_weights()
    np.testing.assert_array_equal(bias, spec.bias)
    np.testing.assert_allclose(R @ R.T, state["scale"] ** 2 * np.eye(state["units"]), atol=1e-4)
    assert type(names["layer"]).__name__ == state["cell"]


def test_words_of_the_start():
    explorer = course_utils.explore_gradients()
    share = Fading.of(gradients.flow_of(GradientsSettings.of(START))).share
    assert f"1 part in {float(f'{1 / share:.1e}'):,.0f} is left at step 1: it vanishes." in explorer._headline.value
    assert f"each step back multiplies it by {share ** (1 / 28):.3g}." in explorer._headline.value
    assert "A bias of 1 sets the forget gate f around sigmoid(1) = 0.731" in explorer._headline.value
    assert "As Keras starts it" not in explorer._headline.value
    explorer.set(cell="GRU", forget_bias=-2.0)
    assert "A bias of −2 sets the update gate z around sigmoid(−2) = 0.119" in explorer._headline.value
    said = explorer._helper.announcement
    assert said.startswith(
        "GRU, 8 units, 30 time-steps, forget bias −2, scale 1: Of the gradient at step 30, 1 part in"
    )
    assert "<" not in said


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((2.0,), "With one step there is no way back: the gradient stays as it is."),
        ((0.0, 2.0), "Of the gradient at step 2, nothing that a number could hold is left at step 1: it vanishes."),
        ((1e-30, 1.0), "Of the gradient at step 2, 1 part in 10³⁰ is left at step 1: it vanishes."),
        ((0.0099, 1.0), "Of the gradient at step 2, 1 part in 100 is left at step 1: it vanishes."),
        ((0.099, 1.0), "Of the gradient at step 2, 9.9 % is left at step 1: it vanishes."),
        ((0.2, 2.0), "Of the gradient at step 2, 10 % is left at step 1: it stays, within a factor of 10."),
        ((2.0, 2.0), "Of the gradient at step 2, 100 % is left at step 1: it stays, within a factor of 10."),
        ((1.1, 1.0), "At step 1 the gradient has grown to 110 % of that at step 2: it stays, within a factor of 10."),
        ((1.001, 1.0), "Of the gradient at step 2, 100 % is left at step 1: it stays, within a factor of 10."),
        ((9.4, 1.0), "At step 1 the gradient is 9.4 times as large as at step 2: it stays, within a factor of 10."),
        ((11.0, 1.0), "At step 1 the gradient is 11 times as large as at step 2: it explodes."),
        ((1e300, 1e-300), "At step 1 the gradient is larger than any number: it explodes."),
        ((np.nan, 1.0), "At step 1 the gradient is not a number: it cannot be told."),
    ],
)
def test_what_is_left_in_words(sizes, words):
    flow = GradientFlow(np.array(sizes), np.array(sizes))
    assert Fading.of(flow).sentence == words
    assert bool(Fading.of(flow).rate) == (len(sizes) > 1 and 0 < sizes[0] < 1e300)


def test_one_step_and_the_longest_way():
    explorer = course_utils.explore_gradients(steps=784)
    assert explorer._controls["steps"].max == 784
    assert_same_in_both_renderers(explorer.diagram.scene)
    explorer.set(steps=1, scale=2.0)
    assert "With one step" in explorer._headline.value and "As Keras" not in explorer._headline.value
    assert course_utils.explore_gradients()._controls["steps"].max == 200


def test_the_bias_without_a_wish_is_that_of_keras():
    starts = {kind: course_utils.explore_gradients(cell=kind).state["forget_bias"] for kind in BLOCKS}
    assert starts == {"SimpleRNN": 0.0, "LSTM": 1.0, "GRU": 0.0}
    assert course_utils.explore_gradients(cell="GRU", forget_bias=2).state["forget_bias"] == 2


def test_set_and_state_go_round():
    wanted = {"cell": "GRU", "steps": 12, "forget_bias": 2.5, "scale": 0.7, "units": 3, "compare": False}
    explorer = course_utils.explore_gradients(**wanted)
    assert explorer.state == wanted
    other = course_utils.explore_gradients()
    other.set(**explorer.state)
    assert other.state == wanted and other.diagram.description == explorer.diagram.description


def test_hidden_controls_are_out_of_sight():
    explorer = course_utils.explore_gradients(hide=("units", "compare"))
    shown = in_sight(explorer)
    assert shown == ["cell", "time-steps", "forget_bias", "scale of R"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"cell": "RNN"}, "cell must be one of SimpleRNN, LSTM, GRU, but it is 'RNN'"),
        ({"steps": 0}, "time-steps must be a whole number from 1 to 200, but it is 0"),
        ({"steps": "9"}, "time-steps must be a whole number from 1 to 200, but it is '9'"),
        ({"steps": 785}, "time-steps must be a whole number from 1 to 784"),
        ({"steps": True}, "time-steps must be a whole number"),
        ({"forget_bias": 7}, "forget_bias must be a number from -3.0 to 6.0, but it is 7"),
        ({"forget_bias": "1"}, "forget_bias must be a number"),
        ({"forget_bias": float("nan")}, "forget_bias must be a number"),
        ({"scale": 0.4}, "scale of R must be a number from 0.5 to 2.0, but it is 0.4"),
        ({"units": 65}, "units must be a whole number from 1 to 64, but it is 65"),
        ({"compare": "no"}, "compare must be True or False, but it is 'no'"),
        ({"hide": ("features",)}, "hide must name controls of this explorer"),
    ],
)
def test_wrong_settings_are_named(setting, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_gradients(**setting)


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorer = course_utils.explore_gradients()
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    for kind in BLOCKS:
        explorer.set(cell=kind, steps=17, forget_bias=3.5, scale=1.3, units=5)


def test_the_bias_starts_anew_with_each_kind_unless_it_was_moved():
    explorer = course_utils.explore_gradients()
    pictures = []
    explorer._picture.observe(pictures.append, names="value")
    kind, bias = explorer._controls["cell"], explorer._controls["forget_bias"]
    for cell in ("GRU", "LSTM", "SimpleRNN", "LSTM"):  # as the browser moves it
        pictures.clear()
        kind.value = cell
        assert bias.value == gradients.FIRST_BIAS[cell] and len(pictures) == 1
        assert explorer.settings.starts_so
    bias.value = 3.0
    kind.value = "GRU"
    assert bias.value == 3.0
    teacher = course_utils.explore_gradients(forget_bias=2.5)
    teacher.set(cell="GRU")
    assert teacher.state["forget_bias"] == 2.5


def test_a_bias_that_is_given_with_the_kind_stays_in_any_order():
    for setting in ({"cell": "GRU", "forget_bias": 1.0}, {"forget_bias": 1.0, "cell": "GRU"}):
        explorer = course_utils.explore_gradients()
        explorer.set(**setting)
        assert explorer.state["forget_bias"] == 1.0 and explorer.state["cell"] == "GRU"


def test_a_bias_without_a_gate_cannot_be_moved():
    explorer = course_utils.explore_gradients(cell="SimpleRNN")
    bias = explorer._controls["forget_bias"]
    assert bias.disabled
    explorer.set(cell="LSTM")
    assert not bias.disabled
    explorer.set(cell="SimpleRNN")
    assert bias.disabled


def test_without_compare_the_start_is_not_spoken_of():
    explorer = course_utils.explore_gradients(forget_bias=3.0)
    assert "As Keras starts it: " in explorer._headline.value
    explorer.set(compare=False)
    assert "Keras starts" not in explorer._headline.value + explorer.diagram.description


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("steps", [2, 3, 30])
def test_the_rate_is_that_of_the_steps_it_speaks_of(kind, steps):
    explorer = course_utils.explore_gradients(cell=kind, steps=steps)
    sizes = gradients.flow_of(explorer.settings).state
    since = steps - 1 if kind == "LSTM" and steps > 2 else steps
    factor = (sizes[0] / sizes[since - 1]) ** (1 / (since - 1))
    assert f"each step back multiplies it by {factor:.3g}." in explorer._headline.value
    assert f"Of the gradient at step {since}, " in explorer._headline.value
    explained = kind == "LSTM" and steps > 2
    texts = [item.text for item in explorer.diagram.scene.of(Label)]
    assert any("LSTM: the bend: " in text for text in texts) == explained
    assert (f"Measured from step {since}:" in explorer._notes.value) == explained
    fastest = re.search(r"Shrinks fastest: (.*), on average × (\S+) for", explorer.diagram.description)
    if kind != "LSTM":
        assert fastest[2] == f"{factor:.2g}"
    elif steps == 30:  # of an LSTM the steps from T - 1 back are alike: its rate is that of the middle, too
        middle = (sizes[9] / sizes[19]) ** (1 / 10)
        assert factor == pytest.approx(middle, rel=0.02)


def test_made_up_numbers_are_called_so():
    explorer = course_utils.explore_gradients()
    for words in (explorer._headline.value, explorer._helper.announcement):
        assert words.count("made-up weights and inputs") == 1
