"""explore_unrolling: every kind and every switch, against fresh Keras layers."""

import re

import numpy as np
import pytest

import course_utils
from course_utils.explorers.unrolling import layer_of
from course_utils.recurrence import random_input
from tests.unit.layer_explorers import (
    STEPS,
    asked,
    asked_for,
    assert_code_asks_for,
    assert_equals_keras,
    assert_refused_in_these_words,
    cells,
    forbid_keras_and_figures,
    in_sight,
    moves,
)
from tests.unit.tidy import assert_tidy

KINDS = ["SimpleRNN", "LSTM", "GRU"]
SWITCHES = ["return_sequences", "return_state", "go_backwards", "bidirectional"]
SWEEP = {
    "units": range(1, 13),
    "features": range(1, 9),
    "steps": STEPS,
    "cell": KINDS,
    **dict.fromkeys(SWITCHES, (False, True)),
}
FAR = SWEEP | {"units": range(1, 65), "features": range(1, 65), "steps": range(1, 785)}
SIZES = {"most_units": 64, "most_features": 64, "most_steps": 784}


def assert_right(keras, explorer):
    """The picture is what Keras computes, or the card says what Keras says."""
    state = explorer.state
    layer = asked_for(state["cell"], state["units"], **{name: state[name] for name in SWITCHES[:3]})
    assert_code_asks_for(explorer, f"keras.layers.Bidirectional({layer})" if state["bidirectional"] else layer)
    if state["bidirectional"] and state["go_backwards"]:
        assert_refused_in_these_words(keras, explorer)
        return
    model, (_output, *states) = assert_equals_keras(keras, explorer, layer_of(explorer.settings))
    assert f"out comes {model.output_shape};" in explorer._notes.value
    assert len(states) == (2 if state["bidirectional"] else 1) * (2 if state["cell"] == "LSTM" else 1) * (
        1 if state["return_state"] else 0
    )
    letters = "hc" if state["cell"] == "LSTM" else "h"
    ways = ("layer/forward/", "layer/backward/") if state["bidirectional"] else ("",)
    places = [f"{way}{letter}[t={state['steps']}]" for way in ways for letter in letters]
    for place, expected in zip(places, states, strict=False):
        shown = next(item for item in explorer.diagram.scene.items if item.id == place)
        np.testing.assert_allclose(shown.values.ravel(), expected, atol=1e-4)
    first = cells(explorer, "x[t=1]")[0]
    np.testing.assert_array_equal(first.values[:, 0], random_input(1, state["features"])[0, 0])


@pytest.mark.parametrize("name", SWEEP)
def test_every_value_of_every_control_alone(keras, name):
    explorer = course_utils.explore_unrolling()
    for value in SWEEP[name]:
        explorer.set(**{name: value})
        assert explorer.state[name] == value
        assert_right(keras, explorer)


@pytest.mark.parametrize("move", moves(FAR), ids=str)
def test_pairs_and_triples_with_the_extremes(keras, move):
    explorer = course_utils.explore_unrolling(**SIZES)
    explorer.set(**move)
    assert_right(keras, explorer)
    assert_tidy(explorer.diagram.scene)


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize(
    "switches", [(True, True, False, False), (True, True, False, True), (False, True, True, False)]
)
def test_all_kinds_with_the_switches_together(keras, cell, switches):
    explorer = course_utils.explore_unrolling(cell=cell, **dict(zip(SWITCHES, switches, strict=True)))
    assert_right(keras, explorer)


def test_each_direction_has_weights_of_its_own():
    forward, backward = course_utils.explore_unrolling(bidirectional=True).settings.sides
    for weight in ("kernel", "recurrent_kernel"):
        assert not (forward.weights[weight] == backward.weights[weight]).any()


def test_go_backwards_reads_the_last_step_first():
    explorer = course_utils.explore_unrolling(go_backwards=True)
    by_place = sorted((cells(explorer, f"x[t={t}]")[0].place.x, t) for t in (1, 2, 3))
    assert [t for _x, t in by_place] == [3, 2, 1]


def test_the_formula_is_written_for_each_kind_and_for_both_directions():
    explorer = course_utils.explore_unrolling()
    said = []
    for state in ({}, {"cell": "LSTM"}, {"bidirectional": True}, {"cell": "SimpleRNN"}):
        explorer.set(**state)
        said.append(re.sub("<.*?>", "", explorer._headline.value.partition("<br>")[0]))
    assert said == [
        "28 parameters: F·U + U·U + U = 2·4 + 4·4 + 4 = 28",
        "112 parameters (84 more): 4·(F·U + U·U + U) = 4·(2·4 + 4·4 + 4) = 112",
        "224 parameters (112 more): 2·4·(F·U + U·U + U) = 2·4·(2·4 + 4·4 + 4) = 224",
        "56 parameters (168 fewer): 2·(F·U + U·U + U) = 2·(2·4 + 4·4 + 4) = 56",
    ]


def test_the_headline_says_what_leaves_and_what_left_before():
    explorer = course_utils.explore_unrolling()
    said = []
    for state in ({}, {"return_sequences": True}, {"go_backwards": True}, {"return_state": True}, {"steps": 1}):
        explorer.set(**state)
        said.append(re.sub("<.*?>", "", explorer._headline.value.partition("<br>")[2]))
    assert said == [
        "Out comes (None, 4). The last state leaves, h₃; those before it stay inside.",
        "Out comes (None, 3, 4) (before: (None, 4)). Every state leaves, h₁ … h₃.",
        "Out comes (None, 3, 4). Every state leaves, h₁ … h₃. It reads x₃ first, x₁ last, and gives its states in that "
        "order.",
        "Out comes [(None, 3, 4), (None, 4)] (before: (None, 3, 4)). Every state leaves, h₁ … h₃. It reads x₃ first, "
        "x₁ last, and gives its states in that order. With return_state, the last h leaves once more.",
        "Out comes [(None, 1, 4), (None, 4)] (before: [(None, 3, 4), (None, 4)]). Every state leaves: h₁ alone. "
        "With return_state, the last h leaves once more.",
    ]


def test_a_move_is_announced_in_one_line():
    explorer = course_utils.explore_unrolling(cell="GRU", return_sequences=True)
    explorer.set(bidirectional=True)
    assert explorer._helper.announcement == (
        "Bidirectional GRU, 4 units, 2 features, 3 time-steps: 192 parameters (96 more). Out comes (None, 3, 8) "
        "(before: (None, 3, 4)). Every state of both directions leaves."
    )


def test_after_a_refused_setting_the_next_move_recovers_and_compares_with_nothing():
    explorer = course_utils.explore_unrolling(bidirectional=True)
    explorer.set(go_backwards=True)
    assert explorer.diagram.scene.title == "Bidirectional needs a layer that reads forwards"
    assert "Switch go_backwards off" in explorer._helper.announcement
    assert_tidy(explorer.diagram.scene)
    explorer.set(go_backwards=False)
    assert explorer._headline.value.startswith("<b>56 parameters</b>: ")
    assert explorer.diagram.scene.title.startswith("Bidirectional(SimpleRNN(4))")


def test_check_with_keras(keras):
    explorer = course_utils.explore_unrolling(cell="LSTM", bidirectional=True, return_state=True)
    assert asked(explorer).startswith("Keras says the same.")
    explorer.set(go_backwards=True)
    assert asked(explorer).startswith("Keras refuses it too, with these words: Forward layer and backward layer should")


def test_a_move_needs_no_keras_and_no_figure(monkeypatch):
    explorer = course_utils.explore_unrolling()
    forbid_keras_and_figures(monkeypatch)
    for move in moves(SWEEP):
        explorer.set(**move)


def test_state_comes_back_and_controls_hide():
    hidden = ("cell", "return_sequences", "return_state", "go_backwards", "bidirectional")
    explorer = course_utils.explore_unrolling(cell="GRU", units=5, go_backwards=True, hide=hidden)
    assert in_sight(explorer) == ["units", "features", "time-steps"]
    again = course_utils.explore_unrolling(**explorer.state)
    assert again.state == explorer.state and again.diagram.description == explorer.diagram.description


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cell": "Transformer"}, "cell must be one of SimpleRNN, LSTM, GRU, but it is 'Transformer'"),
        ({"cell": None}, "cell must be one of"),
        ({"return_state": "no"}, "return_state must be True or False, but it is 'no'"),
        ({"bidirectional": 1}, "bidirectional must be True or False"),
        ({"units": 65}, "units must be a whole number from 1 to 64, but it is 65"),
        ({"units": True}, "units must be a whole number from 1 to 12, but it is True"),
        ({"steps": 0}, "steps must be a whole number from 1 to 30"),
        ({"most_steps": 785}, "most_steps must be a whole number from 2 to 784"),
        ({"most_units": True}, "most_units must be a whole number"),
        ({"hide": ("colour",)}, "hide must name controls"),
    ],
)
def test_wrong_keywords_are_named(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_unrolling(**wrong)
