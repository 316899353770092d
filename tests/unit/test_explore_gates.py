"""explore_gates: what the memory keeps, against a real LSTM with exactly these gates."""

import random
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import unescape

import ipywidgets
import numpy as np
import pytest

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.scene import Box, Cells, Label
from course_utils.drawing.svg import NUMBER_SIZE
from course_utils.explorers.gates import explore_gates, layer_with_gates
from course_utils.explorers.keras_check import built
from course_utils.pictures import Diagram
from course_utils.pictures.gates_over_time import kept_shares, memory_scene
from course_utils.recurrence import random_input, random_spec, run
from tests.unit.layer_explorers import in_sight
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

TENTHS = [round(0.1 * tenth, 1) for tenth in range(11)]
SWEEP = {"f": TENTHS, "i": TENTHS, "o": TENTHS, "at": list(range(1, 9))}
CANDIDATES = np.array([0, 1, 0, 0, 0, -0.8, 0, 0])


def several_at_once() -> list[dict]:
    """Return settings of several controls together: all extremes, and some between."""
    chance = random.Random(0)
    ends = [
        {"f": f, "i": i, "o": o, "at": at} for f in (0.0, 1.0) for i in (0.0, 1.0) for o in (0.0, 1.0) for at in (1, 8)
    ]
    return ends + [{name: chance.choice(values) for name, values in SWEEP.items()} for _ in range(16)]


def shown(scene, name: str, step: int) -> float:
    """Return the value of a cell, or of a gate beside its bar."""
    return next(cells for cells in scene.of(Cells) if cells.id == f"{name}[t={step}]").values[0, 0]


def keras_states(keras, gates: dict, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Return h and c of a Keras LSTM, step by step, whose biases alone make these gates.

    Before step ``at`` another cell is used, all of whose gates are open.
    """

    def cell(values):
        made = keras.layers.LSTMCell(1)
        made.build((1, 1))
        kernel, bias = np.zeros((1, 4)), np.zeros(4)
        kernel[0, 2] = 1
        with np.errstate(divide="ignore"):
            for place, name in ((0, "i"), (1, "f"), (3, "o")):
                bias[place] = np.clip(np.log(values[name]) - np.log1p(-values[name]), -40, 40)
        made.set_weights([kernel, np.zeros((1, 4)), bias])
        return made

    by_hand, all_open = cell(gates), cell({"i": 1.0, "f": 1.0, "o": 1.0})
    with np.errstate(divide="ignore"):
        x = np.clip(np.arctanh(CANDIDATES), -40, 40).astype("float32")
    states, found = [np.zeros((1, 1), "float32")] * 2, []
    for step, value in enumerate(x, start=1):
        _output, states = (by_hand if step >= at else all_open)(np.full((1, 1), value, "float32"), states)
        found.append([float(np.asarray(state)[0, 0]) for state in states])
    return tuple(np.array(found).T)


def assert_shows_what_keras_computes(keras, explorer) -> None:
    """The cells hold Keras's h and c, the bars the gates."""
    state, scene = explorer.state, explorer.diagram.scene
    gates = {name: state[name] for name in "fio"}
    h, c = keras_states(keras, gates, state["at"])
    for step in range(1, 9):
        np.testing.assert_allclose(shown(scene, "h", step), h[step - 1], atol=1e-5)
        np.testing.assert_allclose(shown(scene, "c", step), c[step - 1], atol=1e-5)
        np.testing.assert_allclose(shown(scene, "candidate", step), CANDIDATES[step - 1], atol=1e-6)
        texts = {label.id: label.text for label in scene.of(Label)}
        bars = {box.id: box.place.width for box in scene.of(Box)}
        for name, value in gates.items():
            value = value if step >= state["at"] else 1
            written = [texts.get(f"{name}[t={t}]") for t in range(1, step + 1)]
            assert next(filter(None, reversed(written))) == wording.number(value)  # the last one holds
            share = bars.get(f"open[t={step},{name}]", 0) / bars[f"valve[t={step},{name}]"]
            np.testing.assert_allclose(share, value, atol=1e-6)


@pytest.mark.parametrize("name", SWEEP)
def test_every_value_of_every_control_shows_what_keras_computes(keras, name):
    explorer = explore_gates()
    for value in SWEEP[name]:
        explorer.set(**{name: value})
        assert explorer.state[name] == value
        assert_shows_what_keras_computes(keras, explorer)
        assert explorer.diagram.scene.title in unescape(explorer._picture.value)


@pytest.mark.slow
def test_several_controls_at_once(keras):
    explorer = explore_gates()
    for state in several_at_once():
        explorer.set(**state)
        assert explorer.state == state
        assert_shows_what_keras_computes(keras, explorer)
        assert_tidy(explorer.diagram.scene)
    assert_same_in_both_renderers(explorer.diagram.scene)


def test_extreme_gates_do_what_the_lesson_says():
    explorer = explore_gates(f=1.0)
    assert shown(explorer.diagram.scene, "c", 5) == 1 and "f = 1 keeps all" in explorer._headline.value
    explorer.set(f=0.0)
    assert shown(explorer.diagram.scene, "c", 3) == pytest.approx(0) and "forgets at once" in explorer._headline.value
    explorer.set(f=1.0, i=0.0)
    assert shown(explorer.diagram.scene, "c", 8) == pytest.approx(0) and "writes nothing" in explorer._headline.value
    explorer.set(i=1.0, o=0.0)
    assert shown(explorer.diagram.scene, "h", 2) == pytest.approx(0) and shown(explorer.diagram.scene, "c", 2) == 1
    assert "o = 0 hides the memory" in explorer._headline.value


def test_a_gate_between_two_tenths_is_shown_as_it_is(keras):
    explorer = explore_gates()
    explorer.set(f=0.25, i=0.1 + 0.2)
    assert "f = 0.25, i = 0.3, o = 1" in explorer.diagram.scene.title
    assert_shows_what_keras_computes(keras, explorer)


def test_headline_says_what_is_kept():
    explorer = explore_gates(f=0.9, i=0.5)
    words = f"After 8 steps c holds {0.5 * 0.9**6:.2f} of the candidate of step 2 (i₂·f₃·…·f₈)."
    assert words in explorer._headline.value and words in explorer._helper.announcement
    assert f"{0.5 * 0.9**2:.2f} of the candidate of step 6 (i₆·f₇·f₈)" in explorer._headline.value
    explorer.set(f=0.4)
    assert "c holds less than 0.01 of the candidate of step 2" in explorer._headline.value
    explorer.set(f=0.0)
    assert "c holds nothing of the candidate of step 2" in explorer._headline.value
    explorer.set(at=4, f=0.5, i=0.5)  # step 2 is written through an open gate, and step 3 keeps all
    assert f"holds {0.5**5:.2f} of the candidate of step 2" in explorer._headline.value
    assert "from step 4 on" in explorer.diagram.scene.title and "from step 4 on" in explorer._helper.announcement


@pytest.mark.parametrize("unit", [1, 3])
def test_what_is_kept_of_all_candidates_is_the_memory(unit):
    trace = run(random_spec("LSTM", units=3, features=2), random_input(12, 2))
    i, f, candidate = (values[0, :, unit - 1] for values in (trace.gates["i"], trace.gates["f"], trace.candidate))
    kept = kept_shares(i, f)
    np.testing.assert_allclose(kept @ candidate, trace.cell_state[0, -1, unit - 1], atol=1e-6)
    scene = memory_scene(trace, unit=unit)
    np.testing.assert_allclose([shown(scene, "kept", step) for step in (1, 6, 12)], kept[[0, 5, 11]])


@pytest.mark.parametrize(("steps", "units", "features"), [(8, 4, 2), (1, 1, 1), (28, 64, 64), (784, 2, 3)])
def test_by_weights_shows_what_keras_computes(keras, steps, units, features):
    explorer = explore_gates(by="weights", steps=steps, units=units, features=features)
    spec = random_spec("LSTM", units=units, features=features, return_sequences=True, return_state=True)
    h, _last, c = (np.asarray(part)[0] for part in built(spec, (1, steps, features))(random_input(steps, features)))
    for unit in range(1, units + 1):
        explorer.set(unit=unit)
        scene = explorer.diagram.scene
        np.testing.assert_allclose(shown(scene, "c", steps), c[unit - 1], atol=1e-5)
        drawn = [step for step in range(1, steps + 1) if f"h[t={step}]" in {cells.id for cells in scene.of(Cells)}]
        assert drawn == (list(range(1, steps + 1)) if steps < 9 else [1, 2, 3, 4, 5, 6, steps])
        for step in drawn:
            np.testing.assert_allclose(shown(scene, "h", step), h[step - 1, unit - 1], atol=1e-5)
        assert (
            f"Unit {unit} of {units}: the news of step" in explorer._headline.value
            and f"Unit {unit} of {units}:" in explorer._helper.announcement
        )
        assert wording.number(c[unit - 1]) in explorer._headline.value or abs(c[unit - 1]) < 0.01
    assert_tidy(scene)


@pytest.mark.parametrize("steps", [1, 2, 5, 6, 9, 10, 30, 784])
def test_any_number_of_steps_is_tidy_and_short(steps):
    for at in sorted({1, 2, 7, steps // 2 + 1, steps - 1, steps}):
        if 1 <= at <= steps:
            explorer = explore_gates(steps=steps, at=at, f=0.3)
            assert_tidy(explorer.diagram.scene)
            assert len(list(ElementTree.fromstring(explorer.diagram.to_svg()).iter())) <= 400
            texts = {label.id: label.text for label in explorer.diagram.scene.of(Label)}
            drawn = [int(id[7:-1]) for id in texts if id.startswith("step[t=")]
            left = [int(text.split()[0]) for text in texts.values() if text.endswith(" more")]
            assert len(drawn) + sum(left) == steps and (len(left) > 0) == (steps > 8)
            assert {at - 1, at, steps} - {0} <= set(drawn)
    assert_same_in_both_renderers(explorer.diagram.scene)


@pytest.mark.parametrize("at", [1, 4])
def test_the_code_shown_is_that_layer(keras, at):
    explorer = explore_gates(at=at, f=0.3, i=0.7, o=0.0)
    explorer.set(o=0.4)
    names = {"keras": keras, "np": np}
    exec(unescape(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1]), names)
    theirs = [shown(explorer.diagram.scene, "h", step) for step in range(1, 9)]
    np.testing.assert_allclose(np.asarray(names["h"])[0, :, 0], theirs, atol=1e-5)


def test_the_code_of_weights_builds_that_layer(keras):
    explorer = explore_gates(by="weights", steps=5, units=3, features=2)
    model = eval(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1], {"keras": keras})
    assert model.output_shape == (None, 5, 3) and model.input_shape == (None, 5, 2)


def test_check_with_keras_agrees(keras):
    for explorer in (explore_gates(f=0.3, at=3), explore_gates(f=1.0, i=0.0), explore_gates(by="weights")):
        button = next(
            box.children[0]
            for box in explorer.children
            if isinstance(box, ipywidgets.HBox) and isinstance(box.children[0], ipywidgets.Button)
        )
        button.click()
        assert explorer._helper.announcement.startswith("Keras says the same.")


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorers = [explore_gates(), explore_gates(by="weights")]
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    explorers[0].set(f=0.2, at=5)
    explorers[1].set(unit=3)


def test_hidden_controls_are_out_of_sight_and_keep_their_value():
    explorer = explore_gates(o=0.4, hide=("o", "at"))
    assert in_sight(explorer) == ["f keeps", "i writes"]
    assert explorer.state == {"f": 0.9, "i": 1.0, "o": 0.4, "at": 1}


def test_description_says_it_all():
    words = explore_gates(steps=3, f=0.5, at=2).diagram.description
    assert "forget gate f (1.00, 0.50, 0.50)" in words and "memory c (0.00, 1.00, 0.50)" in words
    assert "Before step 2 all gates are open" in words
    assert "c_3: (0.25, 0.50, 1.00)" in words


def test_strange_values_are_drawn():
    trace = run(random_spec("LSTM", units=2, features=2), random_input(4, 2))
    gates = {name: np.where(np.arange(4)[None, :, None] == 1, np.nan, gate) for name, gate in trace.gates.items()}
    cell_state = trace.cell_state.copy()
    cell_state[0, 2] = np.inf
    scene = memory_scene(replace(trace, gates=gates, states=dict(trace.states) | {"c": cell_state}))
    assert_tidy(scene)
    assert "NaN" in {label.text for label in scene.of(Label)} and "nan" not in Diagram(scene).to_svg()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"by": "magic"}, "by must be 'hand' or 'weights', but it is 'magic'"),
        ({"steps": 0}, "steps must be a whole number from 1 to 784, but it is 0"),
        ({"steps": True}, "steps must be a whole number"),
        ({"f": 1.1}, "f must be a number from 0 to 1 in tenths, such as 0.3, but it is 1.1"),
        ({"i": 0.25}, "i must be a number from 0 to 1 in tenths"),
        ({"o": "open"}, "o must be a number"),
        ({"f": float("nan")}, "f must be a number"),
        ({"at": 9}, "at must be a whole number from 1 to 8, but it is 9"),
        ({"unit": 2}, "unit is for by='weights' alone"),
        ({"by": "weights", "f": 0.5}, "f is for by='hand' alone"),
        ({"by": "weights", "units": 65}, "units must be a whole number from 1 to 64"),
        ({"by": "weights", "features": 0}, "features must be a whole number from 1 to 64"),
        ({"by": "weights", "unit": 5}, "unit must be a whole number from 1 to 4"),
        ({"hide": ("steps",)}, "hide must name controls"),
        ({"layer": 1}, "layer and x go together"),
        ({"layer": 1, "x": 1, "by": "hand"}, "by must be 'weights' where a layer is given"),
        ({"layer": 1, "x": 1, "units": 3}, "steps, units and features are for made-up weights"),
        ({"layer": 1, "x": 1, "o": 0.5}, "o is for by='hand' alone"),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        explore_gates(**arguments)


def test_gates_are_exact():
    for f in TENTHS:
        spec, x = layer_with_gates(3, f=f, i=1 - f, o=f)
        gates = run(spec, x).gates
        for name, value in (("f", f), ("i", 1 - f), ("o", f)):
            np.testing.assert_allclose(gates[name], value, atol=1e-6)


@pytest.mark.parametrize("steps", [9, 10, 12, 30, 200, 784])
def test_the_ground_begins_at_the_step_that_is_drawn_with_the_one_before(steps):
    for at in sorted({2, 6, 7, 8, 9, steps // 2, steps - 2, steps - 1, steps}):
        scene = explore_gates(steps=steps, at=at, f=0.0).diagram.scene
        cells = {block.id: block.place for block in scene.of(Cells)}
        ground = next(box.place for box in scene.of(Box) if box.id == "by_hand")
        assert cells[f"c[t={at - 1}]"].right <= ground.x <= cells[f"c[t={at}]"].x
        assert {"c[t=2]", "c[t=6]", f"c[t={steps}]"} <= set(cells)  # where the news are, and the end
        held = shown(scene, "c", at - 1), shown(scene, "c", at)
        assert held[1] == (pytest.approx(-0.8) if at == 6 else 1 if at == 2 else pytest.approx(0)), held


def test_texts_stay_large_and_few():
    for arguments in ({}, {"at": 8}, {"steps": 200, "at": 100}, {"steps": 200, "at": 9}, {"by": "weights"}):
        scene = explore_gates(**arguments).diagram.scene
        assert min([label.size for label in scene.of(Label)] + [NUMBER_SIZE]) * min(1, 1000 / scene.width) >= 9.98
    gates = [label.id for label in explore_gates(at=4, f=0.5).diagram.scene.of(Label) if re.match(r"[fio]\[", label.id)]
    assert gates == ["f[t=1]", "i[t=1]", "o[t=1]", "f[t=4]"]


@pytest.mark.parametrize(
    ("setting", "letter", "words"),
    [
        ({"o": 0.3}, "h", "o = 0.3 shows 0.3·tanh(c)"),
        ({"o": 0.0}, "h", "o = 0 hides the memory, h is 0 and c goes on"),
        ({"i": 0.5}, "c", "i = 0.5 writes 0.5·c̃"),
        ({"f": 0.5}, "c", "f = 0.5 keeps 0.5·c at each step"),
        ({"f": 1.0, "o": 0.9}, "c", "f = 1 keeps all; o = 0.9 shows 0.9·tanh(c)"),
        ({"at": 4}, "c", "your gates hold from step 4 on"),
    ],
    ids=str,
)
def test_the_headline_says_what_the_move_changed(setting, letter, words):
    explorer = explore_gates()
    was = shown(explorer.diagram.scene, letter, 8)
    assert "it was" not in explorer._headline.value
    explorer.set(**setting)
    now = shown(explorer.diagram.scene, letter, 8)
    said = f"{words}: {letter}₈ = {wording.number(now)}, it was {wording.number(was)}."
    assert explorer._headline.value.startswith(f"<b>{said}</b>") and said in explorer._helper.announcement
    assert wording.number(now) != wording.number(was)


def test_a_move_that_only_shows_earlier_is_said_there():
    explorer = explore_gates(f=0.1, steps=30)
    explorer.set(f=0.2)  # nothing of it is left at step 30
    assert "c₃ = 0.20, it was 0.10." in explorer._headline.value
    explorer = explore_gates(i=0.0, f=0.5)
    explorer.set(f=0.7)
    assert "f = 0.7 keeps 0.7·c at each step: no c and no h that is drawn has changed." in explorer._headline.value


def test_made_up_numbers_are_called_so():
    by_weights, by_hand = explore_gates(by="weights"), explore_gates()
    for words in (by_weights._headline.value, by_weights._helper.announcement):
        assert words.count("made-up weights and inputs") == 1
    assert "made-up" not in by_hand._headline.value + by_hand._helper.announcement


@pytest.mark.parametrize("stateful", [False, True])
def test_a_layer_of_ones_own_is_shown_unit_by_unit(keras, stateful):
    x = random_input(5, 3)
    layer = keras.layers.LSTM(4, name="mine", return_sequences=True, stateful=stateful, activation="softsign")
    theirs = np.asarray(layer(x))[0]
    if stateful:
        layer.reset_state()
    explorer = explore_gates(layer, x, unit=2)
    assert explorer.state == {"unit": 2} and explorer._controls["unit"].max == 4
    for unit in (2, 1, 4):
        explorer.set(unit=unit)
        scene = explorer.diagram.scene
        np.testing.assert_allclose([shown(scene, "h", t) for t in range(1, 6)], theirs[:, unit - 1], atol=1e-6)
        assert f"unit {unit} of LSTM(4)" in scene.title and f"Unit {unit} of 4" in explorer._headline.value
    assert "softsign(cₜ)" in next(label.text for label in scene.of(Label) if label.id == "subtitle")
    for words in (explorer._headline.value, explorer._helper.announcement):
        assert "the weights of your layer 'mine'" in words and "made-up" not in words
    button = next(
        box.children[0]
        for box in explorer.children
        if isinstance(box, ipywidgets.HBox) and isinstance(box.children[0], ipywidgets.Button)
    )
    button.click()
    assert explorer._helper.announcement.startswith("Keras says the same.")
    *first, line, _i, _o = unescape(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1]).splitlines()
    names = {"course_utils": course_utils, "layer": layer, "x": x}
    exec("\n".join(first), names)
    read = [label for label in scene.of(Label) if label.id.startswith("f[t=")]
    assert [label.text for label in read] == [wording.number(value) for value in eval(line, names)]


def test_a_layer_that_has_no_c_and_a_batch_are_refused(keras):
    with pytest.raises(ValueError, match=r"layer must be an LSTM, .* but it is of kind GRU"):
        explore_gates(keras.layers.GRU(2), random_input(3, 2))
    with pytest.raises(ValueError, match=r"x must hold one sample, .* pass x\[:1\]"):
        explore_gates(keras.layers.LSTM(2), np.zeros((2, 3, 2)))
