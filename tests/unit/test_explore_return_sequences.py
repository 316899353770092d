"""explore_return_sequences: what leaves, against fresh Keras models; what does not fit, in Keras's own words."""

import itertools
import re

import pytest

import course_utils
from course_utils.explorers.return_sequences import model_of, refusal
from course_utils.recurrence import shapes
from tests.unit.layer_explorers import (
    STEPS,
    asked,
    asked_for,
    assert_code_asks_for,
    assert_equals_keras,
    assert_refused_in_these_words,
    forbid_keras_and_figures,
    in_sight,
    moves,
)
from tests.unit.test_explore_stacking import table
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = ["SimpleRNN", "LSTM", "GRU"]
FOLLOW = [
    "nothing",
    "Dense",
    "TimeDistributed(Dense)",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "a second RNN",
]
SWEEP = {
    "follow": FOLLOW,
    "return_sequences": [False, True],
    "return_state": [False, True],
    "units": range(1, 13),
    "features": range(1, 9),
    "steps": STEPS,
    "cell": KINDS,
}
FAR = SWEEP | {"units": range(1, 65), "features": range(1, 65), "steps": range(1, 785)}
FITS_NOTHING_BUT_SEQUENCES = {FOLLOW[2], *FOLLOW[4:]}


def assert_right(keras, explorer):
    """The picture and the table are what Keras computes, or the card says what Keras says."""
    state = explorer.state
    layer = asked_for(
        state["cell"], state["units"], return_sequences=state["return_sequences"], return_state=state["return_state"]
    )
    follows = {
        "nothing": [],
        "Dense": ["keras.layers.Dense(5)"],
        "TimeDistributed(Dense)": ["keras.layers.TimeDistributed(keras.layers.Dense(5))"],
        "a second RNN": [asked_for(state["cell"], 5)],
    }.get(state["follow"], [f"keras.layers.{state['follow']}()"])
    assert_code_asks_for(explorer, layer, *follows)
    more = state["follow"] != "nothing"
    refused = more and (
        state["return_state"] or (not state["return_sequences"] and state["follow"] in FITS_NOTHING_BUT_SEQUENCES)
    )
    assert (refusal(explorer.settings) is not None) == refused
    if refused:
        assert_refused_in_these_words(keras, explorer)
        return
    model, _given = assert_equals_keras(keras, explorer, model_of(explorer.settings))
    assert f"<b>Out comes {model.output_shape}</b>" in explorer._headline.value
    expected = [[str(row.input), str(row.output)] for row in shapes(model)]
    assert [row[1:] for row in reversed(table(explorer))] == expected


@pytest.mark.parametrize("name", SWEEP)
@pytest.mark.parametrize("start", [{}, {"follow": "a second RNN", "return_sequences": True}], ids=["alone", "followed"])
def test_every_value_of_every_control_alone(keras, name, start):
    explorer = course_utils.explore_return_sequences(**start)
    for value in SWEEP[name]:
        explorer.set(**{name: value})
        assert explorer.state[name] == value
        assert_right(keras, explorer)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM"])
def test_everything_that_can_follow_what_leaves(keras, cell):
    """What leaves is one state or, of an LSTM, two; a GRU gives what a SimpleRNN gives, and is swept over above."""
    explorer = course_utils.explore_return_sequences(cell=cell, steps=5)
    for follow, every, states in itertools.product(FOLLOW, (False, True), (False, True)):
        explorer.set(follow=follow, return_sequences=every, return_state=states)
        assert_right(keras, explorer)
        assert_tidy(explorer.diagram.scene)
    assert_same_in_both_renderers(explorer.diagram.scene)


@pytest.mark.parametrize("move", moves(FAR), ids=str)
def test_pairs_and_triples_with_the_extremes(keras, move):
    explorer = course_utils.explore_return_sequences(
        follow="Flatten", return_sequences=True, most_units=64, most_features=64, most_steps=784
    )
    explorer.set(**move)
    assert_right(keras, explorer)
    assert_tidy(explorer.diagram.scene)


def test_the_headline_says_what_changed():
    explorer = course_utils.explore_return_sequences(follow="Dense")
    assert explorer._headline.value == (
        "<b>Out comes (None, 5)</b><br>53 parameters. The last state leaves, h₃; those before it stay inside. "
        "Dense reads the last state, one vector."
    )
    explorer.set(return_sequences=True)
    assert explorer._headline.value.startswith(
        "<b>Out comes (None, 3, 5)</b> (before: (None, 5))<br>53 parameters (unchanged). Every state leaves"
    )
    assert "TimeDistributed(Dense)" in explorer._helper.announcement
    explorer.set(follow="nothing", return_state=True, cell="LSTM")
    assert explorer._headline.value.endswith("With return_state, the last h and the last c leave once more.")


def test_pooling_says_in_the_picture_what_it_does():
    explorer = course_utils.explore_return_sequences(follow="GlobalMaxPooling1D", return_sequences=True)
    svg = explorer.diagram.to_svg()
    assert "largest over t" in svg and "not looked into" not in svg + explorer.diagram.description


def test_a_card_explains_and_the_next_move_recovers():
    explorer = course_utils.explore_return_sequences(follow="a second RNN")
    assert explorer.diagram.scene.title == "A second RNN needs a sequence"
    assert "Set return_sequences=True" in explorer.diagram.description
    assert "Keras refuses this. A second RNN reads a sequence" in explorer._helper.announcement
    explorer.set(return_sequences=True)
    assert explorer._headline.value.startswith("<b>Out comes (None, 5)</b><br>78 parameters. ")
    explorer.set(return_state=True)
    assert "takes one array, but 2 arrive" in explorer.diagram.scene.title


def test_check_with_keras(keras):
    explorer = course_utils.explore_return_sequences(follow="GlobalAveragePooling1D", return_sequences=True)
    assert asked(explorer).startswith("Keras says the same.")
    explorer.set(return_sequences=False)
    assert "expected ndim=3, found ndim=2" in asked(explorer)
    explorer.set(return_state=True)
    assert "expects 1 input(s), but it received 2 input tensors. Inputs received: [&lt;KerasTensor" in asked(explorer)


def test_a_move_needs_no_keras_and_no_figure(monkeypatch):
    explorer = course_utils.explore_return_sequences()
    forbid_keras_and_figures(monkeypatch)
    for move in [*moves(SWEEP), *({"follow": follow} for follow in FOLLOW)]:
        explorer.set(**move)


def test_state_comes_back_and_controls_hide():
    explorer = course_utils.explore_return_sequences(follow="Flatten", hide=("cell", "units", "features", "steps"))
    shown = in_sight(explorer)
    assert shown == ["what follows", "return_sequences", "return_state"]
    again = course_utils.explore_return_sequences(**explorer.state)
    assert again.state == explorer.state and again.diagram.description == explorer.diagram.description


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"follow": "Conv1D"}, "follow must be one of nothing, Dense, TimeDistributed(Dense), Flatten"),
        ({"cell": "lstm"}, "cell must be one of SimpleRNN, LSTM, GRU, but it is 'lstm'"),
        ({"return_state": None}, "return_state must be True or False, but it is None"),
        ({"features": 0}, "features must be a whole number from 1 to 8"),
        ({"most_units": 65}, "most_units must be a whole number from 2 to 64"),
        ({"hide": ("cells",)}, "hide must name controls"),
    ],
)
def test_wrong_keywords_are_named(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_return_sequences(**wrong)
