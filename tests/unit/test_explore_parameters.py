"""explore_parameters: every setting against Keras's own count, the maps to scale, what is said."""

import random
import re
import sys
import xml.etree.ElementTree as ElementTree
from functools import cache
from itertools import combinations

import ipywidgets
import numpy as np
import pytest

import course_utils
from course_utils.drawing.scene import Cells, Label
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import LIGHT
from tests.unit.kinds import BLOCKS
from tests.unit.layer_explorers import in_sight
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

START = {"cell": "LSTM", "units": 4, "features": 2, "layers": 1, "bias": True, "reset_after": True}
SWEEP = {
    "cell": ["SimpleRNN", "GRU", "LSTM"],
    "units": range(1, 65),
    "features": range(1, 65),
    "layers": [1, 2, 3],
    "bias": [False, True],
    "reset_after": [False, True],
}


def sampled() -> list[dict]:
    """Return settings of pairs and triples of controls: all extremes together, and some by chance."""
    chance = random.Random(0)
    ends = {name: (min(values), max(values)) if name != "cell" else values for name, values in SWEEP.items()}
    states = []
    for place in range(36):
        source = ends if place % 2 else SWEEP
        names = chance.sample(sorted(SWEEP), chance.choice((2, 3)))
        states.append(START | {name: chance.choice(list(source[name])) for name in names})
    corners = [
        {"units": units, "features": features, "layers": layers, "cell": cell}
        for units in (1, 64)
        for features in (1, 64)
        for layers, cell in ((1, "SimpleRNN"), (3, "GRU"), (3, "LSTM"))
    ]
    return [*states, *(START | corner for corner in corners)]


@cache
def keras_count(cell, units, features, layers, bias, reset_after) -> int:
    """Return Keras's own count of a fresh model of these layers."""
    import keras

    arguments = {"use_bias": bias} | ({"reset_after": reset_after} if cell == "GRU" else {})
    zeros = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    total, width = 0, features
    for _ in range(layers):
        layer = getattr(keras.layers, cell)(units, **arguments, **zeros)
        layer.build((None, None, width))
        total, width = total + layer.count_params(), units
    return total


def count_shown(explorer) -> int:
    return int(re.search(r"<b>([\d,]+) parameters</b>", explorer._headline.value)[1].replace(",", ""))


def texts(explorer) -> list[str]:
    return [label.text for label in explorer.diagram.scene.of(Label)]


def assert_right(explorer) -> None:
    state = explorer.state
    total = keras_count(**state)
    assert count_shown(explorer) == total
    lines = re.findall(r"= ([\d·+() ]+) = ([\d,]*\d)[,.]", explorer._headline.value)
    assert len(lines) == state["layers"]
    assert sum(eval(numbers.replace("·", "*")) for numbers, _count in lines) == total
    assert sum(int(count.replace(",", "")) for _numbers, count in lines) == total
    assert explorer.diagram.scene.title in explorer._picture.value
    assert any(text.endswith(f"{total:,}") or text.endswith(f"= {total:,} parameters") for text in texts(explorer))
    assert f"{total:,} parameters" in explorer._helper.announcement


@pytest.mark.parametrize("name", SWEEP)
def test_every_value_of_every_control_counts_as_keras_does(keras, name):
    explorer = course_utils.explore_parameters()
    for value in SWEEP[name]:
        explorer.set(**{name: value})
        assert explorer.state[name] == value
        assert_right(explorer)


def test_pairs_and_triples_count_as_keras_does(keras):
    explorer = course_utils.explore_parameters()
    for state in sampled():
        explorer.set(**state)
        assert explorer.state == state
        assert_right(explorer)


def test_every_corner_is_a_tidy_and_small_picture():
    explorer = course_utils.explore_parameters()
    for state in sampled():
        explorer.set(**state)
        scene = explorer.diagram.scene
        assert_tidy(scene)
        assert sum(np.prod(cells.shape) for cells in scene.of(Cells)) <= 4009
        assert len(list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())) <= 400, state
        assert scene.height < 1700 and scene.width < 1400


def test_both_renderers_draw_the_same():
    for cell in BLOCKS:
        assert_same_in_both_renderers(course_utils.explore_parameters(cell=cell, layers=3).diagram.scene)


@pytest.mark.parametrize("cell", sorted(BLOCKS))
def test_the_maps_hold_what_a_fresh_keras_model_holds(keras, cell):
    """Build the model that the code shows, give it the explorer's weights, and compare the maps with it."""
    from course_utils.explorers.keras_check import built
    from course_utils.explorers.parameters import layers_of
    from course_utils.recurrence.graphs import chain

    explorer = course_utils.explore_parameters(cell=cell, units=3, features=2, layers=3)
    model = built(chain(layers_of(explorer.settings), features=2), (1, 3, 2))
    blocks = {cells.id: cells for cells in explorer.diagram.scene.of(Cells)}
    for place, layer in enumerate(model.layers, start=1):
        names = ("kernel", "recurrent_kernel", "bias")
        for name, array in zip(names, layer.get_weights(), strict=True):
            drawn = [blocks[f"layer_{place}/{name}[{letter}]"].values for letter in BLOCKS[cell]]
            np.testing.assert_allclose(np.concatenate(drawn, axis=1), np.atleast_2d(array))
    recurrent = [layer.get_weights()[1] for layer in model.layers]
    assert not any(np.array_equal(one, other) for one, other in combinations(recurrent, 2)), "each has its own weights"


@pytest.mark.parametrize("cell", sorted(BLOCKS))
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_one_weight_is_a_square_of_one_size_in_the_whole_picture(cell, layers):
    """Width to height of every block is columns to rows; only what the picture itself calls thicker is not."""
    explorer = course_utils.explore_parameters(cell=cell, layers=layers)
    for units in (1, 2, 4, 5, 6, 7, 20, 64):
        for features in (1, 2, 5, 64):
            explorer.set(units=units, features=features)
            widths = [features, *[units] * (layers - 1)]
            note = next(text for text in texts(explorer) if text.startswith("height and width"))
            assert "times as wide" not in note
            sides = set()
            for cells in explorer.diagram.scene.of(Cells):
                found = re.fullmatch(r"(?:layer_(\d)/)?(\w+)\[\w\]", cells.id)
                if found is None:
                    continue
                width = widths[int(found[1] or 1) - 1]
                rows = {"kernel": width, "recurrent_kernel": units, "bias": 1 + (cell == "GRU")}[found[2]]
                letter = {"kernel": "W", "recurrent_kernel": "R", "bias": "b"}[found[2]]
                sides.add(round(cells.place.width / units, 4))
                if re.search(f"but.*{letter}( of layer {found[1]}| and| is| are)", note):
                    assert cells.place.height == 3.5 > rows * cells.place.width / units, "thicker only where too thin"
                else:
                    sides.add(round(cells.place.height / rows, 4))
            assert max(sides) - min(sides) < 0.001, (units, features)


@pytest.mark.parametrize("cell", sorted(BLOCKS))
@pytest.mark.parametrize("layers", [1, 3])
def test_rows_and_columns_are_thinned_alike(cell, layers):
    explorer = course_utils.explore_parameters(cell=cell, layers=layers, units=64, features=64)
    (note,) = [text for text in texts(explorer) if text.startswith("one square = one weight")]
    (share,) = re.findall("one in (\\d)", note)
    for cells in explorer.diagram.scene.of(Cells):
        if "kernel" in cells.id:
            assert cells.shape == (-(-64 // int(share)),) * 2


def test_a_unit_more_keeps_the_numbers():
    explorer = course_utils.explore_parameters()
    for units in (4, 5, 6):
        explorer.set(units=units)
        scene = explorer.diagram.scene
        assert all(cells.numbers for cells in scene.of(Cells) if cells.id != "scale")
        assert scene.width <= 1110 and 0.5 <= scene.limit <= 0.7
        assert {"the bias of f starts at 1", "+1"} <= set(texts(explorer))


def test_reset_after_can_be_switched_for_a_gru_alone():
    explorer = course_utils.explore_parameters()
    box = explorer._controls["reset_after"]
    for cell, off in (("LSTM", True), ("GRU", False), ("SimpleRNN", True), ("GRU", False)):
        explorer.set(cell=cell)
        assert box.disabled == off
    assert not course_utils.explore_parameters(cell="GRU")._controls["reset_after"].disabled


def test_the_notes_say_that_the_weights_are_made_up():
    explorer = course_utils.explore_parameters()
    for cell in BLOCKS:
        explorer.set(cell=cell)
        assert explorer._notes.value.count("The weights are made up") == 1


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"cell": "SimpleRNN", "bias": False},
        {"cell": "GRU", "reset_after": False, "layers": 2},
        {"cell": "GRU", "layers": 3, "bias": False},
        {"cell": "LSTM", "layers": 3, "units": 7, "features": 5},
    ],
)
def test_the_code_shown_builds_these_layers(keras, state):
    explorer = course_utils.explore_parameters(**state)
    code = re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1]
    model = eval(code, {"keras": keras})
    assert model.count_params() == count_shown(explorer)
    assert model.input_shape == (None, None, explorer.state["features"])
    assert model.output_shape == (None, explorer.state["units"])
    assert [type(layer).__name__ for layer in model.layers] == [explorer.state["cell"]] * explorer.state["layers"]


def test_headline_says_what_the_move_changed():
    explorer = course_utils.explore_parameters()
    assert explorer._headline.value.startswith("<b>112 parameters</b><br>4·(F·U + U·U + U) = 4·(2·4 + 4·4 + 4) = 112")
    explorer.set(bias=False)
    assert "<b>96 parameters</b> (16 fewer)" in explorer._headline.value
    explorer.set(layers=2)
    assert "<b>224 parameters</b> (128 more)" in explorer._headline.value
    assert "F = 4 (the units of the layer below)" in explorer._headline.value
    assert explorer._helper.announcement == "2 layers of LSTM, 4 units, 2 features: 224 parameters (128 more)"
    assert "2 layers together: 96 + 128 = 224 parameters" in texts(explorer)


def test_reset_after_says_that_it_is_for_a_gru_alone():
    explorer = course_utils.explore_parameters()
    alone = "reset_after is an argument of the GRU alone"
    assert alone not in explorer._notes.value
    for switched in (False, True):
        explorer.set(reset_after=switched)
        assert alone in explorer._notes.value and "(unchanged)" in explorer._headline.value
        assert "reset_after=" not in explorer._notes.value.partition("<pre>")[2]
    explorer.set(units=5)
    assert alone not in explorer._notes.value
    explorer.set(units=4, cell="GRU")
    assert "two biases" in explorer._notes.value and count_shown(explorer) == 96
    explorer.set(reset_after=False)
    assert "without it there is one bias" in explorer._notes.value and "(12 fewer)" in explorer._headline.value
    assert "reset_after=False" in explorer._notes.value
    explorer.set(bias=False)
    explorer.set(reset_after=True)
    assert "changes no count" in explorer._notes.value and "(unchanged)" in explorer._headline.value


@pytest.mark.parametrize("state", [{}, {"cell": "GRU", "layers": 3}, {"cell": "SimpleRNN", "bias": False, "layers": 2}])
def test_check_with_keras_compares_the_counts(keras, state):
    explorer = course_utils.explore_parameters(**state)
    rows = [box.children for box in explorer.children if isinstance(box, ipywidgets.HBox)]
    button, verdict = next(row for row in rows if isinstance(row[0], ipywidgets.Button))
    button.click()
    assert verdict.value.startswith("Keras says the same")
    assert f"Keras counts {count_shown(explorer)} parameters" in verdict.value


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorer = course_utils.explore_parameters()
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    explorer.set(units=50, features=28, layers=3, cell="GRU")
    assert count_shown(explorer) == 42600


def test_hidden_controls_and_state():
    explorer = course_utils.explore_parameters(cell="GRU", layers=2, hide=("reset_after", "features"))
    assert in_sight(explorer) == ["cell", "units", "layers", "bias"]
    assert explorer.state == START | {"cell": "GRU", "layers": 2}
    explorer.set(**START)
    assert explorer.state == START


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell": "Transformer"}, "cell must be one of SimpleRNN, LSTM, GRU"),
        ({"units": 0}, "units must be a whole number from 1 to 64"),
        ({"features": 2.5}, "features must be a whole number"),
        ({"layers": 4}, "layers must be a whole number from 1 to 3"),
        ({"bias": "no"}, "bias must be True or False"),
        ({"reset_after": 1}, "reset_after must be True or False"),
        ({"most_units": 65}, "most_units must be a whole number from 2 to 64"),
        ({"hide": ("colour",)}, "hide must name controls"),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_parameters(**arguments)
