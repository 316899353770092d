"""explore_stacking: every stack against a fresh Keras model."""

import html
import re
from dataclasses import replace

import numpy as np
import pytest

import course_utils
from course_utils.explorers.stacking import layers_of
from course_utils.recurrence import shapes
from course_utils.recurrence.graphs import chain
from tests.unit.layer_explorers import (
    STEPS,
    asked,
    asked_for,
    assert_code_asks_for,
    assert_equals_keras,
    cells,
    forbid_keras_and_figures,
    in_sight,
    moves,
)
from tests.unit.tidy import assert_tidy

KINDS = ["SimpleRNN", "LSTM", "GRU"]
UNITS = [f"units_{place}" for place in (1, 2, 3, 4)]
SWEEP = {
    "depth": [1, 2, 3, 4],
    **dict.fromkeys(UNITS, (1, 2, 4, 7, 12)),  # all sizes one by one: test_explore_unrolling.py
    "features": range(1, 9),
    "steps": STEPS,
    "cell": KINDS,
    "return_sequences": [False, True],
}
FAR = SWEEP | dict.fromkeys(UNITS, range(1, 65)) | {"features": range(1, 65), "steps": range(1, 785)}


def table(explorer) -> list[list[str]]:
    """Return the cells of the table below the picture, row by row."""
    rows = re.findall("<tr>(.*?)</tr>", explorer._notes.value)
    return [[html.unescape(cell) for cell in re.findall("<td>(.*?)</td>", row)] for row in rows[1:]]


def assert_right(keras, explorer):
    """Picture, table, count and code are those of a fresh Keras model."""
    state = explorer.state
    inner = [True] * (state["depth"] - 1)
    layers = [
        asked_for(state["cell"], state[name], return_sequences=every)
        for name, every in zip(UNITS, [*inner, state["return_sequences"]], strict=False)
    ]
    assert_code_asks_for(explorer, *layers)
    model, _given = assert_equals_keras(keras, explorer, chain(layers_of(explorer.settings)))
    *rows, together = table(explorer)
    assert together == ["together", "", "", f"{model.count_params():,}"]
    assert len(rows) == explorer.state["depth"]
    for row, layer, flow in zip(reversed(rows), model.layers, shapes(model), strict=True):
        name, entering, out, formula = row
        assert name.endswith(f": {flow.kind}({layer.units})")
        assert (entering, out) == (str(flow.input), str(flow.output))
        assert formula.endswith(f" = {layer.count_params():,}")
    said = dict(re.findall(r"Layer (\d) costs [^:]*= ([\d,]+): its F = ", explorer._headline.value))
    assert said and all(f"{model.layers[int(place) - 1].count_params():,}" == cost for place, cost in said.items())


@pytest.mark.parametrize("name", SWEEP)
def test_every_value_of_every_control_alone(keras, name):
    explorer = course_utils.explore_stacking(depth=4 if name in UNITS[2:] else 2)
    for value in SWEEP[name]:
        explorer.set(**{name: value})
        assert explorer.state[name] == value
        assert_right(keras, explorer)


@pytest.mark.parametrize("move", moves(FAR), ids=str)
def test_pairs_and_triples_with_the_extremes(keras, move):
    explorer = course_utils.explore_stacking(most_units=64, most_features=64, most_steps=784)
    explorer.set(**move)
    assert_right(keras, explorer)
    assert_tidy(explorer.diagram.scene)


def test_a_layer_reads_the_states_of_the_layer_below():
    explorer = course_utils.explore_stacking(depth=3)
    levels = cells(explorer, "output[t=1]")
    assert len(levels) == 3
    inner = explorer._viewer(replace(explorer.settings, depth=2, return_sequences=True), None).diagram
    below = sorted((c for c in inner.scene.items if c.id.endswith("output[t=1]")), key=lambda c: -c.place.y)
    for one, other in zip(levels, below, strict=False):
        np.testing.assert_allclose(one.values, other.values, atol=1e-6)


def test_the_headline_says_what_a_layer_costs():
    explorer = course_utils.explore_stacking(depth=1, units=(4, 3))
    assert "costs F·U + U·U + U = 2·4 + 4·4 + 4 = 28: its F = 2 are the input's." in explorer._headline.value
    explorer.set(depth=2)
    assert explorer._headline.value == (
        "<b>52 parameters</b> (24 more)<br>Layer 2 costs F·U + U·U + U = 4·3 + 3·3 + 3 = 24: "
        "its F = 4 are the 4 units of layer 1."
    )
    assert explorer._helper.announcement.startswith("2 layers of SimpleRNN: 52 parameters (24 more). Layer 2 costs ")
    explorer.set(steps=9)
    assert "(unchanged)<br>Layer 2 costs F·U + U·U + U = 4·3 + 3·3 + 3 = 24:" in explorer._headline.value


def test_the_headline_names_every_layer_that_a_move_changes():
    """More units below are more features above."""
    explorer = course_utils.explore_stacking(depth=3)
    explorer.set(units_1=6)
    assert explorer._headline.value == (
        "<b>134 parameters</b> (34 more)"
        "<br>Layer 1 costs F·U + U·U + U = 2·6 + 6·6 + 6 = 54: its F = 2 are the input's; before the move 28."
        "<br>Layer 2 costs F·U + U·U + U = 6·4 + 4·4 + 4 = 44: its F = 6 are the 6 units of layer 1; "
        "before the move 36."
    )
    explorer.set(depth=2)
    assert "Layer 2 costs" in explorer._headline.value and "before" not in explorer._headline.value


def test_units_of_a_layer_that_is_not_there_change_nothing():
    explorer = course_utils.explore_stacking(depth=2)
    before = explorer.diagram.description
    assert [explorer._controls[name].disabled for name in UNITS] == [False, False, True, True]
    explorer.set(units_3=9)
    assert explorer.diagram.description == before and "(unchanged)" in explorer._headline.value
    explorer.set(depth=4)
    assert not any(explorer._controls[name].disabled for name in UNITS)
    assert "SimpleRNN(9)" in explorer.diagram.scene.title


def test_check_with_keras(keras):
    assert asked(course_utils.explore_stacking(cell="GRU", depth=3, units=(5, 2, 3))).startswith("Keras says the same.")


def test_a_move_needs_no_keras_and_no_figure(monkeypatch):
    explorer = course_utils.explore_stacking()
    forbid_keras_and_figures(monkeypatch)
    for move in moves(SWEEP):
        explorer.set(**move)


def test_controls_hide_and_units_spread():
    explorer = course_utils.explore_stacking(units=(5, 2), hide=("cell", "features", "units_3", "units_4"))
    shown = in_sight(explorer)
    assert shown == ["layers", "units, layer 1", "units, layer 2", "time-steps", "return_sequences"]
    assert [explorer.state[name] for name in UNITS] == [5, 2, 2, 2]
    explorer.set(**explorer.state | {"depth": 3})
    assert explorer.state["depth"] == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"depth": 5}, "depth must be a whole number from 1 to 4, but it is 5"),
        ({"depth": 0}, "depth must be a whole number"),
        ({"units": ()}, "units must be a whole number, or 1 to 4 of them in a tuple, but it is ()"),
        ({"units": (1, 2, 3, 4, 5)}, "units must be a whole number, or 1 to 4 of them"),
        ({"units": "44"}, "units must be a whole number, or 1 to 4 of them"),
        ({"units": 2.5}, "units must be a whole number, or 1 to 4 of them"),
        ({"units": (4, 99)}, "units of layer 2 must be a whole number from 1 to 64, but it is 99"),
        ({"cell": "RNN"}, "cell must be one of SimpleRNN, LSTM, GRU"),
        ({"return_sequences": 0}, "return_sequences must be True or False"),
        ({"most_features": 1}, "most_features must be a whole number from 2 to 64"),
    ],
)
def test_wrong_keywords_are_named(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_stacking(**wrong)
