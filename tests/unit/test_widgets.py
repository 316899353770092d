"""The explorers: every move, against a fresh Keras layer with the same weights."""

import base64
import itertools
import re

import ipywidgets
import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.diagram import PNG_TOO
from course_utils.explorers import cell, unrolling
from course_utils.explorers.base import Explorer
from course_utils.explorers.keras_check import check_with_keras
from course_utils.recurrence import random_input, random_spec, run
from course_utils.recurrence.reading import read_recurrent
from tests.unit.layer_explorers import forbid_keras_and_figures, in_sight

UNROLLING_SWEEP = {
    "units": range(1, 13),
    "features": range(1, 9),
    "steps": [*range(1, 9), 29, 30],
    "return_sequences": [False, True],
}


def keras_output(keras, state) -> np.ndarray:
    """Return what Keras gives for the explorer's weights and input."""
    spec = random_spec("SimpleRNN", units=state["units"], features=state["features"])
    layer = keras.layers.SimpleRNN(state["units"], return_sequences=True)
    layer.build((None, None, state["features"]))
    layer.set_weights(list(spec.weights.values()))
    return np.asarray(layer(random_input(state["steps"], state["features"])))[0]


def count_shown(explorer) -> int:
    """Return the number of parameters in the line above the picture."""
    return int(re.search(r"<b>([\d,]+) parameters</b>", explorer._headline.value)[1].replace(",", ""))


@pytest.mark.parametrize("name", UNROLLING_SWEEP)
def test_every_value_of_every_control_shows_what_keras_computes(keras, name):
    explorer = course_utils.explore_unrolling()
    for value in UNROLLING_SWEEP[name]:
        explorer.set(**{name: value})
        state = explorer.state
        assert state[name] == value
        last = keras_output(keras, state)[-1]
        shown = next(c for c in explorer.diagram.scene.items if c.id == f"output[t={state['steps']}]")
        np.testing.assert_allclose(shown.values[:, 0], last, atol=1e-5)
        U, F = state["units"], state["features"]
        assert count_shown(explorer) == U * (U + F) + U
        assert explorer.diagram.scene.title in explorer._picture.value


@pytest.mark.slow
def test_extremes_together(keras):
    explorer = course_utils.explore_unrolling(most_units=64, most_features=64, most_steps=784)
    for units, features, steps in itertools.product((1, 64), (1, 64), (1, 784)):
        explorer.set(units=units, features=features, steps=steps)
        assert explorer.diagram.scene.title.startswith(f"SimpleRNN({units}) on {steps} step")
        last = keras_output(keras, explorer.state)[-1]
        shown = next(c for c in explorer.diagram.scene.items if c.id == f"output[t={steps}]")
        np.testing.assert_allclose(shown.values[:, 0], last, atol=1e-4)
        assert count_shown(explorer) == units * (units + features) + units


def test_count_moves_with_units_and_not_with_steps():
    explorer = course_utils.explore_unrolling()
    assert count_shown(explorer) == 28
    explorer.set(steps=30)
    assert count_shown(explorer) == 28 and "(unchanged)" in explorer._headline.value
    explorer.set(units=5)
    assert count_shown(explorer) == 40 and "(12 more)" in explorer._headline.value
    explorer.set(units=4)
    assert "(12 fewer)" in explorer._headline.value


def test_the_code_shown_builds_this_layer(keras):
    explorer = course_utils.explore_unrolling(units=6, features=3, steps=5, return_sequences=True)
    code = re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1]
    model = eval(code, {"keras": keras})
    assert model.input_shape == (None, 5, 3) and model.output_shape == (None, 5, 6)
    assert model.count_params() == count_shown(explorer)


def test_moving_a_control_redraws_the_same_element_once():
    explorer = course_utils.explore_unrolling()
    pictures = []
    explorer._picture.observe(lambda change: pictures.append(change["new"]), names="value")
    explorer._controls["units"].value = 7
    assert len(pictures) == 1 and "SimpleRNN(7)" in pictures[0]
    explorer.set(units=2, steps=5, features=3)
    assert len(pictures) == 2 and "SimpleRNN(2) on 5 steps of 3 features" in pictures[1]
    assert "2 units, 3 features, 5 time-steps" in explorer._helper.announcement


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorers = [course_utils.explore_unrolling(), course_utils.explore_cell()]
    forbid_keras_and_figures(monkeypatch)
    explorers[0].set(units=9, steps=20)
    explorers[1].set(step=3, unit=4)


def test_a_move_computes_on_one_thread_and_gives_the_others_back():
    """On a busy machine the threads of BLAS wait for each other: up to 400 ms for four small layers."""
    blas = ThreadpoolController().select(user_api="blas")
    seen = []

    def viewer(now, before):
        seen.append([library["num_threads"] for library in blas.info()])
        return unrolling.view(now, None)

    start = course_utils.explore_unrolling().settings
    with blas.limit(limits=2):
        explorer = Explorer(start, viewer, shown=("units",))
        explorer.set(units=5)
        assert {library["num_threads"] for library in blas.info()} == {2}
    assert len(seen) == 2 and {number for numbers in seen for number in numbers} == {1}


def test_an_error_in_the_viewer_shows_a_card_and_the_next_move_recovers():
    explorer = course_utils.explore_unrolling()
    good = explorer._viewer
    explorer._viewer = lambda state, before: 1 / 0
    with pytest.raises(ZeroDivisionError):
        explorer._controls["units"].value = 7
    assert "cannot be drawn" in explorer._picture.value and "units = 7" in explorer._picture.value
    explorer._viewer = good
    explorer.set(units=7)
    assert "SimpleRNN(7)" in explorer._picture.value and "SimpleRNN(7)" in explorer.diagram.scene.title


def test_a_refused_value_moves_nothing():
    explorer = course_utils.explore_unrolling()
    for wrong in ({"units": "5"}, {"units": None}, {"units": 2.5}, {"units": True}, {"return_sequences": "no"}):
        with pytest.raises(ValueError, match="must be"):
            explorer.set(steps=9, **wrong)
        switches = dict.fromkeys(("return_sequences", "return_state", "go_backwards", "bidirectional"), False)
        assert explorer.state == {"units": 4, "features": 2, "steps": 3, "cell": "SimpleRNN", **switches}


def test_the_same_words_are_announced_again():
    explorer = course_utils.explore_unrolling()
    heard = []
    explorer._helper.observe(lambda change: heard.append(change["new"]), names="announcement")
    explorer._announce("once")
    explorer._announce("once")
    assert heard == ["", "once", "", "once"]
    explorer.set(units=1, features=1, steps=1)
    assert "1 unit, 1 feature, 1 time-step: 3 parameters" in heard[-1]


def test_cell_explorer_shows_the_layer_it_is_given(keras):
    layer = keras.layers.SimpleRNN(4)
    x = random_input(3, 2)
    explorer = course_utils.explore_cell(layer, x)
    states = course_utils.trace(layer, x).recurrent[0].hidden[0]
    for step, unit in itertools.product((1, 2, 3), (1, 2, 3, 4)):
        explorer.set(step=step, unit=unit)
        assert f"h_{step} = {wording.vector(states[step - 1])}" in explorer.diagram.description
        assert explorer._headline.value.endswith(f"= {wording.number(states[step - 1, unit - 1])}")


def test_cell_explorer_writes_out_the_sum():
    trace = run(random_spec("SimpleRNN", units=4, features=2), random_input(3, 2))
    lines = cell.sum_in_words(trace, step=2, unit=3)
    W, R = trace.spec.kernel, trace.spec.recurrent_kernel

    def value(text: str) -> float:
        return eval(text.replace("−", "-").replace("·", "*"))

    products, result = lines[0].split(": ")[1].split(" = ")
    np.testing.assert_allclose(value(products), trace.x[0, 1] @ W[:, 2], atol=0.02)
    np.testing.assert_allclose(value(result), trace.x[0, 1] @ W[:, 2], atol=0.005)
    products, result = lines[1].split(": ")[1].split(" = ")
    np.testing.assert_allclose(value(products), trace.hidden[0, 0] @ R[:, 2], atol=0.02)
    np.testing.assert_allclose(value(result), trace.hidden[0, 0] @ R[:, 2], atol=0.005)


def test_a_single_step_or_unit_needs_no_slider():
    explorer = course_utils.explore_cell(units=1, steps=1)
    assert explorer.state == {"step": 1, "unit": 1}
    assert all(control.disabled for control in explorer._controls.values())


def test_play_button_is_linked_to_the_slider(monkeypatch):
    links = []
    monkeypatch.setattr(cell.ipywidgets, "jslink", lambda *ends: links.append(ends))
    explorer = course_utils.explore_cell(steps=5)
    (player,) = [knob for knob in explorer.children[0].children if isinstance(knob, ipywidgets.Play)]
    assert (player.min, player.max) == (1, 5)
    assert links == [((player, "value"), (explorer._controls["step"], "value"))]


def test_check_with_keras_agrees(keras):
    for explorer in (course_utils.explore_unrolling(return_sequences=True), course_utils.explore_cell()):
        button, verdict = next(
            box.children
            for box in explorer.children
            if isinstance(box, ipywidgets.HBox) and isinstance(box.children[0], ipywidgets.Button)
        )
        button.click()
        assert explorer._helper.announcement == verdict.value
        assert verdict.value.startswith("Keras says the same. The largest difference is 0.0000")
        assert "28 parameters" in verdict.value
        next(iter(explorer._controls.values())).value += 1
        assert verdict.value == "", "a verdict on another setting must not stay"


def test_check_with_keras_sees_a_difference(keras):
    spec, x = random_spec("SimpleRNN", units=4, features=2), random_input(3, 2)
    other = keras.layers.SimpleRNN(4)
    assert check_with_keras(spec, x, other).startswith("Keras says something else")
    wider = keras.layers.SimpleRNN(4, use_bias=False)
    wider.build(x.shape)
    wider.set_weights([spec.kernel, spec.recurrent_kernel])  # the same numbers, since b is zero, but fewer parameters
    assert check_with_keras(spec, x, wider).startswith("Keras says something else")


def test_check_with_keras_asks_the_layer_that_is_shown(keras):
    layer = keras.layers.SimpleRNN(4, activation=lambda z: 2 * z)
    explorer = course_utils.explore_cell(layer, random_input(3, 2))
    button = next(
        box.children[0]
        for box in explorer.children
        if isinstance(box, ipywidgets.HBox) and isinstance(box.children[0], ipywidgets.Button)
    )
    called = []
    original = layer.call
    layer.call = lambda *args, **kwargs: called.append(1) or original(*args, **kwargs)
    button.click()
    assert called and "the same" in explorer._helper.announcement


@pytest.mark.parametrize("arguments", [{"dtype": "float16"}, {"dtype": "float64"}, {"activation": "relu"}])
def test_check_with_keras_knows_rounding(keras, arguments):
    layer = keras.layers.SimpleRNN(4, **arguments)
    x = 1000 * random_input(3, 2) if "activation" in arguments else random_input(3, 2)
    spec = read_recurrent(layer, x)
    assert check_with_keras(spec, x, layer).startswith("Keras says the same")
    x = x.copy()
    x[0, 1, 0] = np.nan
    assert check_with_keras(spec, x, layer).startswith("Keras says the same")


def test_check_with_keras_leaves_the_random_numbers_alone(keras):
    def drawn(click: bool) -> np.ndarray:
        keras.utils.set_random_seed(1)
        if click:
            check_with_keras(random_spec("SimpleRNN", units=4, features=2), random_input(3, 2))
        layer = keras.layers.Dense(3)
        layer.build((None, 2))
        return np.asarray(layer.kernel)

    np.testing.assert_array_equal(drawn(True), drawn(False))


def test_hidden_controls_are_out_of_sight():
    explorer = course_utils.explore_unrolling(
        hide=("features", "cell", "return_state", "go_backwards", "bidirectional")
    )
    shown = in_sight(explorer)
    assert shown == ["units", "time-steps", "return_sequences"]
    assert explorer.state["features"] == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: course_utils.explore_unrolling(units=0), "units must be a whole number from 1 to 12"),
        (lambda: course_utils.explore_unrolling(units=2.5), "units must be a whole number"),
        (lambda: course_utils.explore_unrolling(most_units=999), "most_units must be a whole number from 2 to 64"),
        (lambda: course_utils.explore_unrolling(cell="Transformer"), "cell must be one of SimpleRNN, LSTM, GRU"),
        (lambda: course_utils.explore_unrolling(hide=("colour",)), "hide must name controls"),
        (lambda: course_utils.explore_unrolling(hide="features"), "hide must hold names, as in hide=('features',)"),
        (lambda: course_utils.explore_unrolling().set(unit=3), "'units', 'features', 'steps'"),
        (
            lambda: course_utils.explore_unrolling().set(units=13),
            "units must be a whole number from 1 to 12, but it is 13",
        ),
        (lambda: course_utils.explore_cell(x=random_input(3, 2)), "layer and x go together"),
        (lambda: course_utils.explore_cell(steps=-5), "steps must be a whole number from 1 to 1024"),
        (lambda: course_utils.explore_cell(units="4"), "units must be a whole number from 1 to 256"),
        (lambda: course_utils.explore_cell(features=0), "features must be a whole number"),
        (lambda: course_utils.explore_cell(step=4), "step t must be a whole number from 1 to 3"),
    ],
)
def test_wrong_settings_are_named(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


def test_explorer_shows_itself_everywhere():
    explorer = course_utils.explore_unrolling()
    bundle = explorer._repr_mimebundle_()
    assert {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"} == set(bundle)
    assert bundle["text/plain"] == repr(explorer) == explorer.diagram.description


def test_a_saved_explorer_has_a_png_beside_its_controls(monkeypatch):
    monkeypatch.setenv(PNG_TOO, "on")
    bundle = course_utils.explore_unrolling()._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


@pytest.mark.slow
def test_moves_do_not_fill_the_memory():
    import tracemalloc

    explorer = course_utils.explore_unrolling()
    moves = list(itertools.product(range(1, 13), range(1, 9)))
    tracemalloc.start()
    held = []
    for _round in range(3):  # the first one fills the caches, which are bounded, and drives out what others left there
        for units, features in moves:
            explorer.set(units=units, features=features)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[-1] - held[0] < 1_000_000
