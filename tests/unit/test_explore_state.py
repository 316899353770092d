"""explore_state: what goes on from batch to batch, against a real stateful Keras layer."""

import random
import re
import sys
import xml.etree.ElementTree as ElementTree
from html import unescape

import ipywidgets
import numpy as np
import pytest

from course_utils.drawing import wording
from course_utils.drawing.scene import Cells, Label, Line
from course_utils.drawing.svg import NUMBER_SIZE
from course_utils.explorers.state import RESETS, SEEDS, explore_state
from course_utils.pictures.stateful_batches import Lanes, lanes_scene
from course_utils.recurrence import random_input, random_spec
from tests.unit.layer_explorers import in_sight
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

SWEEP = {
    "batches": [1, 2, 3, 4, 5],
    "samples": [1, 2, 3, 4],
    "steps": [1, 2, 3, 4],
    "stateful": [False, True],
    "reset_after_batch": ["never", *(f"after batch {batch}" for batch in range(1, 5))],
}
KINDS = ["SimpleRNN", "LSTM", "GRU"]


def several_at_once() -> list[dict]:
    """Return settings of several controls together: extremes, and some between."""
    chance = random.Random(0)
    ends = [
        {"batches": b, "samples": s, "steps": s, "stateful": on, "reset_after_batch": r}
        for b in (1, 5)
        for s in (1, 4)
        for on in (False, True)
        for r in ("never", "after batch 4")
    ]
    return ends + [{name: chance.choice(values) for name, values in SWEEP.items()} for _ in range(14)]


def reset_of(state: dict) -> int:
    """Return after which batch the states are reset; 0: never."""
    return SWEEP["reset_after_batch"].index(state["reset_after_batch"])


def offered(explorer) -> list[str]:
    """Return the resets that the browser is told to list."""
    return list(explorer._controls["reset_after_batch"].get_state()["_options_labels"])


def long_sequences(state: dict) -> np.ndarray:
    """Return one long sequence for each sample, (samples, all steps, 1)."""
    return random_input(state["batches"] * state["steps"], state["samples"])[0].T[:, :, None]


def keras_states(keras, cell: str, state: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return h of a Keras layer, (batches, samples, steps), and its last h on the long sequences."""
    x, steps = long_sequences(state), state["steps"]
    weights = list(random_spec(cell, units=1, features=1, seed=SEEDS[cell]).weights.values())

    def layer(stateful: bool, length: int):
        made = getattr(keras.layers, cell)(1, return_sequences=True, stateful=stateful)
        made.build((state["samples"], length, 1))
        made.set_weights(weights)
        return made

    by_batch, found = layer(state["stateful"], steps), []
    for batch in range(state["batches"]):
        found.append(np.asarray(by_batch(x[:, steps * batch : steps * (batch + 1)]))[..., 0])
        if state["stateful"] and batch + 1 == reset_of(state):
            by_batch.reset_state()
    return np.stack(found), np.asarray(layer(False, x.shape[1])(x))[:, -1, 0]


def cells_of(scene) -> dict[str, np.ndarray]:
    """Return the values of all blocks by id."""
    return {cells.id: cells.values for cells in scene.of(Cells)}


def assert_shows_what_keras_computes(keras, cell: str, explorer) -> None:
    """The cells hold Keras's states, the arrows say what goes on, the signs whether it is as in one go."""
    state, scene = explorer.state, explorer.diagram.scene
    hidden, whole = keras_states(keras, cell, state)
    shown, lines = cells_of(scene), {line.id for line in scene.of(Line)}
    signs = {label.id: label.text for label in scene.of(Label)}
    cut = [not state["stateful"] or reset_of(state) == batch for batch in range(1, state["batches"])]
    for sample in range(1, state["samples"] + 1):
        for batch in range(1, state["batches"] + 1):
            index = f"[batch={batch},sample={sample}]"
            np.testing.assert_allclose(shown[f"h{index}"][0], hidden[batch - 1, sample - 1], atol=1e-6)
            afresh = batch == 1 or cut[batch - 2]
            assert (f"start{index}" in shown) == (f"start_line{index}" in lines) == afresh
            assert (f"goes_on{index}" in lines) == (not afresh)
        np.testing.assert_allclose(shown[f"whole[sample={sample}]"], whole[sample - 1], atol=1e-6)
        assert (signs[f"sign[sample={sample}]"] == "=") == (not any(cut))


@pytest.mark.parametrize("cell", KINDS)
def test_every_value_of_every_control_shows_what_keras_computes(keras, cell):
    for name, values in SWEEP.items():
        explorer = explore_state(cell=cell)
        for value in values:
            explorer.set(**{name: value})
            assert explorer.state[name] == value
            assert_shows_what_keras_computes(keras, cell, explorer)
            assert explorer.diagram.scene.title in explorer._picture.value


@pytest.mark.slow
@pytest.mark.parametrize("cell", KINDS)
def test_several_controls_at_once(keras, cell):
    explorer = explore_state(cell=cell)
    for state in several_at_once():
        explorer.set(**state)
        assert explorer.state == state
        assert_shows_what_keras_computes(keras, cell, explorer)
        assert_tidy(explorer.diagram.scene)
        assert len(list(ElementTree.fromstring(explorer.diagram.to_svg()).iter())) <= 400
    assert_same_in_both_renderers(explorer.diagram.scene)


def test_every_setting_is_tidy():
    for batches in SWEEP["batches"]:
        for reset in SWEEP["reset_after_batch"]:
            for steps in (1, 4):
                explorer = explore_state(batches=batches, reset_after_batch=reset, steps=steps, samples=4)
                assert_tidy(explorer.diagram.scene)
                shown = {label.id for label in explorer.diagram.scene.of(Label)}
                assert ("reset" in shown) == (0 < SWEEP["reset_after_batch"].index(reset) < batches)


def test_headline_says_who_continues_whom():
    explorer = explore_state()

    def says(words):
        assert words in explorer._headline.value and words in explorer._helper.announcement

    says("sample i of each batch continues sample i of the batch before.")
    says("Last state, the same as in one sequence of 6 steps: sample 1: 0.75 = 0.75, sample 2: −0.34 = −0.34.")
    explorer.set(stateful=False)
    says("every batch starts at zero")
    says("sample 1: 0.19 ≠ 0.75")
    explorer.set(reset_after_batch=2)
    says("The reset changes nothing")
    explorer.set(stateful=True)
    says("but after batch 2 all states are reset to zero.")
    explorer.set(batches=2)
    says("The reset after batch 2 comes too late")
    explorer.set(batches=1, reset_after_batch=None)
    says("One batch alone")


def test_a_cut_lane_is_never_called_equal():
    same = np.zeros((2, 1, 1))
    for goes_on, expected in (([True], "="), ([False], "≈")):
        scene = lanes_scene(Lanes("GRU(1)", same, same, goes_on, 0, np.zeros(1)))
        assert next(label.text for label in scene.of(Label) if label.id == "sign[sample=1]") == expected


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("changes", [{}, {"reset_after_batch": 1}, {"stateful": False}, {"samples": 3, "steps": 4}])
def test_the_code_shown_computes_these_states(keras, cell, changes):
    explorer = explore_state(cell=cell, **changes)
    code = unescape(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1])
    built, running = code.split("for batch", 1)
    names, found = {"keras": keras, "x": long_sequences(explorer.state)}, []
    exec(built, names)
    names["layer"].set_weights(list(random_spec(cell, units=1, features=1, seed=SEEDS[cell]).weights.values()))
    names["found"] = found
    exec("for batch" + running + "\n    found.append(h)", names)
    shown = cells_of(explorer.diagram.scene)
    for batch, h in enumerate(found, start=1):
        for sample in range(1, explorer.state["samples"] + 1):
            theirs = np.asarray(h)[sample - 1, :, 0]
            np.testing.assert_allclose(shown[f"h[batch={batch},sample={sample}]"][0], theirs, atol=1e-6)


def test_check_with_keras_agrees_and_sees_a_difference(keras, monkeypatch):
    for arguments in ({}, {"reset_after_batch": 1}, {"stateful": False, "reset_after_batch": 1}, {"cell": "LSTM"}):
        explorer = explore_state(**arguments)
        button = next(
            box.children[0]
            for box in explorer.children
            if isinstance(box, ipywidgets.HBox) and isinstance(box.children[0], ipywidgets.Button)
        )
        button.click()
        assert explorer._helper.announcement.startswith("Keras says the same, batch after batch.")
    monkeypatch.setattr(keras.layers.LSTM, "set_weights", lambda self, weights: None)
    button.click()
    assert explorer._helper.announcement.startswith("Keras says something else")


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorer = explore_state()
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    explorer.set(batches=4, samples=3, stateful=False)


def test_more_batches_or_samples_change_nothing_that_was_there():
    small, large = explore_state(batches=2, samples=1), explore_state(batches=5, samples=4)
    for batch in (1, 2):
        name = f"h[batch={batch},sample=1]"
        one, other = (cells_of(explorer.diagram.scene)[name] for explorer in (small, large))
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_description_says_it_all():
    words = explore_state(reset_after_batch=1).diagram.description
    assert "reset_state() is called after batch 1" in words
    assert "Sample 1: batch 1 starts at zero, h = (0.26, 0.77); batch 2 starts at zero" in words
    assert "batch 3 starts there" in words and "In one go it ends at 0.75, another value" in words


def test_hidden_controls_are_out_of_sight_and_keep_their_value():
    explorer = explore_state(samples=3, hide=("samples", "steps"))
    assert in_sight(explorer) == ["batches", "reset", "stateful"]
    assert explorer.state["samples"] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell": "Dense"}, "cell must be one of SimpleRNN, LSTM, GRU, but it is 'Dense'"),
        ({"batches": 0}, "batches must be a whole number from 1 to 5, but it is 0"),
        ({"samples": 2.0}, "samples must be a whole number from 1 to 4"),
        ({"steps": True}, "steps must be a whole number"),
        ({"stateful": "yes"}, "stateful must be True or False, but it is 'yes'"),
        (
            {"reset_after_batch": 5},
            "reset_after_batch must be a whole number from 1 to 4, or None for never, but it is 5",
        ),
        ({"reset_after_batch": 0}, "or None for never, but it is 0"),
        ({"reset_after_batch": True}, "or None for never, but it is True"),
        ({"hide": ("steps t",)}, "hide must name controls"),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        explore_state(**arguments)


def test_only_resets_between_the_batches_are_offered():
    explorer = explore_state()
    assert explorer.state["reset_after_batch"] == "never"
    assert offered(explorer) == ["never", "after batch 1", "after batch 2"]
    explorer._controls["batches"].value = 5
    assert offered(explorer) == SWEEP["reset_after_batch"]
    explorer._controls["reset_after_batch"].index = 4  # as the browser sets it
    assert explorer.diagram.scene.description.count("reset_state() is called after batch 4") == 1
    explorer._controls["batches"].value = 2  # what is set stays in sight, and it is said that it is of no use
    assert offered(explorer) == SWEEP["reset_after_batch"] and "comes too late" in explorer._headline.value
    explorer._controls["reset_after_batch"].index = 1
    assert offered(explorer) == ["never", "after batch 1"]
    explorer._controls["batches"].value = 1
    assert offered(explorer) == ["never", "after batch 1"]


def test_another_list_of_resets_draws_nothing_in_between():
    explorer, drawn = explore_state(reset_after_batch=2), []
    viewer = explorer._viewer
    explorer._viewer = lambda now, before: (drawn.append(now), viewer(now, before))[1]
    explorer._controls["batches"].value = 5
    explorer._controls["batches"].value = 4
    explorer._controls["reset_after_batch"].index = 1
    explorer.set(batches=2, reset_after_batch=4)
    settings = [(settings.batches, RESETS[settings.reset]) for settings in drawn]
    assert settings == [(5, "after batch 2"), (4, "after batch 2"), (4, "after batch 1"), (2, "after batch 4")]


def test_a_reset_is_set_by_number_or_in_words_in_any_order():
    for reset in (4, "after batch 4"):
        for names in (("batches", "reset_after_batch"), ("reset_after_batch", "batches")):
            explorer = explore_state()
            values = {"batches": 5, "reset_after_batch": reset}
            explorer.set(**{name: values[name] for name in names})
            assert explorer.state["batches"] == 5 and explorer.state["reset_after_batch"] == "after batch 4"
            assert offered(explorer) == SWEEP["reset_after_batch"]
            assert explore_state(**explorer.state).diagram.description == explorer.diagram.description
    explorer.set(reset_after_batch=None)
    assert explorer.state["reset_after_batch"] == "never"
    for wrong in (5, 0, "later", False):
        with pytest.raises(ValueError, match="or None for never, but it is"):
            explorer.set(reset_after_batch=wrong)
    with pytest.raises(ValueError, match="batches must be a whole number"):
        explorer.set(batches=9)
    assert offered(explorer) == SWEEP["reset_after_batch"]
    explorer.set(batches=2)
    with pytest.raises(ValueError, match="steps must be a whole number"):
        explorer.set(reset_after_batch=1, steps=9)
    assert offered(explorer) == ["never", "after batch 1"]


def smallest_text(scene) -> float:
    """Return the size of the smallest text, px, where the picture is fitted into a box of 1000 px."""
    sizes = [label.size for label in scene.of(Label)] + [NUMBER_SIZE]
    return min(sizes) * min(1, 1000 / scene.width)


@pytest.mark.parametrize("batches", SWEEP["batches"])
@pytest.mark.parametrize("steps", SWEEP["steps"])
def test_texts_stay_large_and_few(batches, steps):
    explorer = explore_state(batches=batches, samples=4, steps=steps, reset_after_batch=1 if batches > 1 else None)
    scene = explorer.diagram.scene
    assert smallest_text(scene) >= 10
    numbers = sum(cells.values.size for cells in scene.of(Cells) if cells.numbers)
    assert len(scene.of(Label)) + numbers <= 90
    assert_tidy(scene)


def test_a_batch_without_numbers_says_its_last_state():
    explorer = explore_state(batches=5, samples=4, steps=4, reset_after_batch=2)
    scene = explorer.diagram.scene
    texts = {label.id: label.text for label in scene.of(Label)}
    assert not next(cells for cells in scene.of(Cells) if cells.id.startswith("h[")).numbers
    for sample in (1, 4):
        for batch in (1, 3, 5):
            last = cells_of(scene)[f"h[batch={batch},sample={sample}]"][0, -1]
            assert texts[f"last[batch={batch},sample={sample}]"] == wording.number(last)
        assert f"last[batch=2,sample={sample}]" not in texts  # it is forgotten
    assert "its number: the last of a batch" in texts["legend_note[0]"]
    roomy = explore_state().diagram.scene
    assert not any(label.id.startswith("last[") for label in roomy.of(Label))


def test_made_up_numbers_are_called_so():
    explorer = explore_state()
    for words in (explorer._headline.value, explorer._helper.announcement):
        assert words.count("made-up weights and inputs") == 1
