"""explore_cell: every step and unit of every kind, the sums in words, what lights up, the row of time-steps."""

import random
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from functools import lru_cache
from html import unescape

import ipywidgets
import numpy as np
import pytest

import course_utils
from course_utils.drawing.refs import Link
from course_utils.drawing.scene import Box, Cells, Frame, Label, Line, Rectangle, Scene
from course_utils.drawing.svg import NUMBER_SIZE, bins_of, render_svg
from course_utils.drawing.theme import LIGHT
from course_utils.drawing.wording import number
from course_utils.explorers.cell_sums import sum_in_words, sums_in_short
from course_utils.explorers.keras_check import built
from course_utils.pictures.cell import cell_scene, explored_scene
from course_utils.pictures.cell.with_weights import steps_around
from course_utils.recurrence import random_input, random_spec, run
from tests.unit.kinds import BLOCKS
from tests.unit.layer_explorers import in_sight
from tests.unit.test_draw_cell import layer, traced
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = sorted(BLOCKS)
FORMS = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {}), ("GRU", {"reset_after": False})]


@lru_cache(maxsize=64)
def keras_states(kind: str, units: int, features: int, steps: int) -> np.ndarray:
    """Return all states that a fresh Keras layer computes with the explorer's weights, (T, U)."""
    spec = random_spec(kind, units=units, features=features, return_sequences=True)
    x = random_input(steps, features)
    return np.asarray(built(spec, x.shape)(x))[0]


def blocks(scene: Scene) -> dict[str, Cells]:
    return {cells.id: cells for cells in scene.of(Cells)}


def assert_shown(explorer, states: np.ndarray) -> None:
    step, unit = explorer.state["step"], explorer.state["unit"]
    after = blocks(explorer.diagram.scene)[f"h[t={step}]"]
    np.testing.assert_allclose(after.values[0], states[step - 1], atol=1e-5)
    around = [frame.place.holds(after.cell_place(0, unit - 1)) for frame in explorer.diagram.scene.of(Frame)]
    assert sum(around) == 1, "the unit is framed"
    assert f"Unit {unit} of h" in explorer._headline.value
    assert explorer._headline.value.endswith(f"= {number(states[step - 1, unit - 1])}")
    assert explorer.diagram.scene.title in explorer._picture.value


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_and_every_unit_shows_what_keras_computes(keras, kind):
    units, steps = 6, 20
    explorer = course_utils.explore_cell(cell=kind, units=units, features=3, steps=steps)
    states = keras_states(kind, units, 3, steps)
    for name, values in (("step", range(1, steps + 1)), ("unit", range(1, units + 1))):
        for value in values:
            explorer.set(**{name: value})
            assert_shown(explorer, states)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_extremes_and_samples_together(keras, kind):
    chance = random.Random(0)
    sizes = [(units, features, steps) for units in (1, 64) for features in (1, 64) for steps in (1, 30)]
    sizes.append((64, 64, 784))
    sizes += [tuple(chance.randint(1, most) for most in (64, 64, 60)) for _ in range(4)]
    for units, features, steps in sizes:
        explorer = course_utils.explore_cell(cell=kind, units=units, features=features, steps=steps)
        states = keras_states(kind, units, features, steps)
        for step, unit in {(1, 1), (steps, units), (chance.randint(1, steps), chance.randint(1, units))}:
            explorer.set(step=step, unit=unit)
            assert_shown(explorer, states)
            scene = explorer.diagram.scene
            assert len(list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())) <= 400, (units, features)


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (4, 2, 3), (5, 7, 12), (64, 64, 784)])
def test_the_whole_picture_is_tidy(kind, form, sizes):
    units, features, steps = sizes
    trace = run(layer(kind, units, features, **form), random_input(steps, features))
    for step in {1, (steps + 1) // 2, steps}:
        assert_tidy(explored_scene(trace, step=step, unit=units))
    assert_tidy(explored_scene(run(layer(kind, 4, 2, use_bias=False), random_input(3, 2)), step=2, unit=1))


@pytest.mark.parametrize("kind", KINDS)
def test_both_renderers_draw_the_same(kind):
    assert_same_in_both_renderers(explored_scene(traced(layer(kind), 12), step=6, unit=3))


@pytest.mark.parametrize("kind", KINDS)
def test_strange_values_break_nothing(kind):
    for value in (np.nan, np.inf, 1e30):
        x = np.full((1, 3, 2), value, "float32")
        trace = run(layer(kind), x)
        assert_tidy(explored_scene(trace, step=2, unit=1))
        assert len(sum_in_words(trace, 2, 1)) >= 5
    skipped = traced(layer(kind), mask=np.array([[True, False, True]]))
    scene = explored_scene(skipped, step=2, unit=1)
    assert_tidy(scene)
    made = blocks(scene)["h[t=2]"].made_of
    assert made == (Link("h[t=1]", "cell"),) and not any(name.startswith("weights/") for name in blocks(scene))


def made_of(scene: Scene) -> dict[str, dict[str, str]]:
    return {cells.id: {link.to: link.how for link in cells.made_of} for cells in scene.of(Cells)}


def weight_ids(kind: str, letter: str) -> tuple[str, str]:
    if kind == "SimpleRNN":
        return "W", "R"
    return f"weights/kernel[{letter}]", f"weights/recurrent_kernel[{letter}]"


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("units", [4, 64])
def test_pointing_at_the_state_lights_all_that_made_it(kind, form, use_bias, units):
    scene = explored_scene(traced(layer(kind, units, 3, use_bias=use_bias, **form)), step=2, unit=1)
    made, known = made_of(scene), set(blocks(scene))
    for name, cells in blocks(scene).items():
        assert set(made[name]) <= known, f"{name} names what is not drawn"
        assert len(cells.made_of) == len(made[name]), f"{name} names a source twice"
        own = cells.axes == ("u",) and not name.startswith(("weights/", "h[t=1]", "c[t=1]"))
        assert bool(made[name]) == (own and name != "b"), name
    state, before = made["h[t=2]"], form.get("reset_after", True)
    assert state["x[t=2]"] == state["h[t=1]"] == "all"
    for letter in BLOCKS[kind]:
        every = not before and letter == "r"  # each unit of r has a say in each unit of the candidate
        assert [state[name] for name in weight_ids(kind, letter)] == ["all" if every else "column"] * 2
    rows = {n for n, cells in blocks(scene).items() if cells.axes == ("u",) and not n.startswith("weights/")}
    assert rows - set(state) == {"h[t=2]"}, "every row of units has a share in the state"
    if kind == "LSTM":
        assert state["c[t=1]"] == "cell"
    if use_bias and kind != "SimpleRNN":
        assert all(state[f"weights/bias[{letter}]"] for letter in BLOCKS[kind])


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_what_lights_up_is_what_changes_the_number(kind, form):
    """A weight that lights up has a share in the number; one that does not light up has none."""
    spec, x = layer(kind, 4, 2, **form), np.random.default_rng(1).uniform(-1, 1, (1, 1, 2))
    start = [np.full((1, 4), value) for value in (0.5, -0.7)[: 2 if kind == "LSTM" else 1]]
    trace = run(spec, x, initial_state=start)
    made = made_of(explored_scene(trace, step=1, unit=1))
    for weight, place in (("kernel", 0), ("recurrent_kernel", 1)):
        for letter in BLOCKS[kind]:
            for column in range(4):
                array = spec.weights[weight].copy()
                array[:, spec.blocks.index(letter) * 4 + column] += 0.5
                changed = run(replace(spec, **{weight: array}), x, initial_state=start).hidden[0, 0]
                how = made["h[t=1]"][weight_ids(kind, letter)[place]]
                for unit in range(4):
                    lit = how == "all" or unit == column
                    assert lit == (abs(changed[unit] - trace.hidden[0, 0, unit]) > 1e-9), (weight, letter, column)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_pointing_at_a_part_lights_its_own_gate_alone(kind):
    scene = explored_scene(traced(layer(kind)), step=2, unit=1)
    made = made_of(scene)
    for letter in BLOCKS[kind]:
        product = made[f"x·W[t=2,{letter}]"]
        assert product == {"x[t=2]": "all", f"weights/kernel[{letter}]": "column"}
        if letter != "h":
            assert {name.split("[")[0] for name in made[f"sum[t=2,{letter}]"]} == {
                *("x·W", "h·R", "b", "x", "h", "weights/kernel", "weights/recurrent_kernel", "weights/bias")
            }
            assert all(f"[{letter}]" in name for name in made[f"sum[t=2,{letter}]"] if name.startswith("weights/"))


def test_a_cell_without_its_weights_names_none():
    assert not any(
        "weights/" in link.to for cells in cell_scene(traced(layer("LSTM")), step=1).of(Cells) for link in cells.made_of
    )
    plain = made_of(cell_scene(traced(layer("LSTM")), step=2))["h[t=2]"]
    assert plain["h[t=1]"] == "all" and plain["c[t=1]"] == "cell"


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("units", [4, 64])
def test_the_unit_has_one_frame_in_each_block_of_each_weight(kind, units):
    scene = explored_scene(traced(layer(kind, units, 3)), step=1, unit=units)
    frames, found = {frame.id: frame.place for frame in scene.of(Frame)}, blocks(scene)
    for weight in ("kernel", "recurrent_kernel", "bias"):
        for letter in BLOCKS[kind]:
            cells = found[f"weights/{weight}[{letter}]"]
            place = frames[f"light[weights/{weight}[{letter}]]"]
            room = 2.6 * (units == 64)
            assert place.right == pytest.approx(cells.place.right + room), "the last unit is in the last column"
            assert place.height == pytest.approx(cells.place.height + 2 * room * (cells.place.height < 16))
    assert len([name for name in blocks(scene) if name.endswith("scale")]) == 1, "one legend"


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_the_weights_below_are_those_of_the_layer(kind):
    spec = layer(kind, 4, 2)
    for cells in explored_scene(traced(spec), step=1, unit=1).of(Cells):
        if cells.id.startswith("weights/"):
            weight, letter = re.fullmatch(r"weights/(\w+)\[(.)\]", cells.id).groups()
            np.testing.assert_array_equal(cells.values, np.atleast_2d(spec.block(weight, letter)))


@pytest.mark.parametrize("steps", [1, 2, 8, 9, 10, 28, 784])
def test_the_row_of_steps_is_solid_up_to_the_present_one(steps):
    trace = run(random_spec("SimpleRNN", units=1, features=1), random_input(steps, 1))
    for step in {1, min(2, steps), min(5, steps), (steps + 1) // 2, max(1, steps - 4), steps}:
        scene = explored_scene(trace, step=step, unit=1)
        boxes = {int(box.id[7:-1]): box.role for box in scene.of(Box) if box.id.startswith("time[")}
        assert {1, step, steps} <= set(boxes) and len(boxes) <= 9
        assert boxes == {t: "cell" if t <= step else "zone" for t in boxes}
        arrows = {int(line.id[13:-1]): line.role for line in scene.of(Line) if line.id.startswith("time_arrow")}
        assert arrows == {t: "flow" if t <= step else "ghost" for t in boxes if t - 1 in boxes}
        (frame,) = [frame for frame in scene.of(Frame) if frame.id.startswith("light[time")]
        assert frame.id == f"light[time,t={step}]"


def test_steps_left_out_are_neighbours():
    for steps in range(1, 40):
        widths = set()
        for step in range(1, steps + 1):
            shown = steps_around(steps, step)
            widths.add(len(shown))
            numbers = [number for number in shown if number]
            assert numbers == sorted(set(numbers)) and {1, step, steps} <= set(numbers)
            for place, number_ in enumerate(shown):
                if number_ is None:
                    assert shown[place + 1] - shown[place - 1] > 2, "a single step is shown, not left out"
                elif place and shown[place - 1]:
                    assert number_ == shown[place - 1] + 1
        assert len(widths) == 1, "the row keeps its width from step to step"


def value(text: str) -> float:
    """Work out a sum or product as it is written."""
    return eval(text.replace("−", "-").replace("·", "*"))


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_every_sum_in_words_comes_out(kind, form, use_bias):
    spec = layer(kind, 4, 2, use_bias=use_bias, **form)
    trace = traced(spec, start=True)
    for step, unit in ((1, 1), (3, 4)):
        lines = sum_in_words(trace, step, unit)
        for line in lines:
            parts = line.partition(": ")[2].split(" = ") if ": " in line else line.split(" = ")[1:]
            numbers = [part for part in parts if not re.search("[^−0-9.·+() ]", part)]
            worked = [value(part) for part in numbers]
            assert np.ptp(worked or [0]) < 0.04, line
        text = "\n".join(lines)
        for letter in spec.blocks:
            column = spec.block("kernel", letter)[:, unit - 1]
            assert f"= {number(trace.x[0, step - 1] @ column)}" in text
            gate = trace.gates.get(letter, trace.candidate)
            if gate is not None:
                assert re.search(f"\\) = {re.escape(number(gate[0, step - 1, unit - 1]))}$", text, re.M)
        assert ("b: " in text) == use_bias and (" b′" in text) == (use_bias and spec.reset_after)
        assert lines[-1].endswith(f"= {number(trace.hidden[0, step - 1, unit - 1])}")
        if kind == "LSTM":
            assert lines[-2].endswith(f"= {number(trace.cell_state[0, step - 1, unit - 1])}")


MIXED = "unit 1 of h₂ = z·h₁ + (1 − z)·h̃ = 0.58·(−0.14) + 0.42·(−0.56) = −0.08 + (−0.24) = −0.32"
WORDS = [
    (
        ("GRU", {}),
        "h₁·R: (−0.14)·(−0.50) + (−0.15)·(−0.01) + 0.05·(−0.19) + 0.09·0.01 = 0.06",
        "b′: 0.00",
        "r·(h₁·R + b′) = 0.60·(0.06 + 0.00) = 0.04",
        "b: 0.00",
    ),
    (
        ("GRU", {"reset_after": False}),
        "r⊙h₁: 0.60·(−0.14), 0.59·(−0.15), 0.34·0.05, 0.39·0.09, unit by unit",
        "(r⊙h₁)·R: (−0.08)·(−0.50) + (−0.09)·(−0.01) + 0.02·(−0.19) + 0.04·0.01 = 0.04",
        "b: 0.00",
    ),
    (
        ("GRU", {"use_bias": False}),
        "h₁·R: (−0.14)·(−0.50) + (−0.15)·(−0.01) + 0.05·(−0.19) + 0.09·0.01 = 0.06",
        "r·h₁·R = 0.60·0.06 = 0.04",
    ),
]


@pytest.mark.parametrize(("form", "lines"), [(form, lines) for form, *lines in WORDS])
def test_what_the_candidate_of_a_gru_sees_is_written_as_the_flow_has_it(form, lines):
    kind, arguments = form
    words = sum_in_words(run(random_spec(kind, units=4, features=2, **arguments), random_input(3, 2)), 2, 1)
    start = words.index("h̃, candidate")
    assert [line.strip() for line in words[start + 2 : start + 2 + len(lines)]] == lines
    assert words[-2].endswith("  h̃ = tanh(−0.64) = −0.56") and words[-1] == MIXED


def test_words_of_a_layer_that_reads_backwards_name_the_x_that_is_read():
    trace = traced(layer("LSTM", go_backwards=True))
    assert "  x₃·W: " in sum_in_words(trace, 1, 1)[1]


def test_a_name_of_an_activation_is_escaped(keras):
    own = keras.layers.SimpleRNN(2, activation=lambda z: 2 * z)
    explorer = course_utils.explore_cell(own, random_input(3, 2))
    assert "<lambda>" not in explorer._headline.value + explorer._notes.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_of_ones_own(keras, kind):
    own, x = getattr(keras.layers, kind)(3, return_sequences=True, bias_initializer="uniform"), random_input(5, 2)
    explorer = course_utils.explore_cell(own, x)
    explorer.set(step=5, unit=3)
    assert_shown(explorer, np.asarray(own(x))[0])
    assert course_utils.explore_cell(own, x, cell=kind).state == {"step": 1, "unit": 1}
    assert asked(explorer).startswith("Keras says the same")


def asked(explorer) -> str:
    """Press the button and return the verdict."""
    rows = [box.children for box in explorer.children if isinstance(box, ipywidgets.HBox)]
    button = next(row[0] for row in rows if isinstance(row[0], ipywidgets.Button))
    button.click()
    return explorer._helper.announcement


@pytest.mark.parametrize("kind", KINDS)
def test_check_with_keras_agrees(keras, kind):
    total = {"SimpleRNN": 28, "LSTM": 112, "GRU": 96}[kind]
    verdict = asked(course_utils.explore_cell(cell=kind))
    assert verdict.startswith("Keras says the same") and f"Keras counts {total} parameters" in verdict


def test_a_stateful_layer_stays_where_it_stands(keras):
    own, x = keras.layers.LSTM(3, stateful=True), random_input(4, 2)
    own(x)
    explorer = course_utils.explore_cell(own, x)
    for _ in range(2):
        own(x)  # moved on since it was read
    stands = [np.array(state) for state in own.states]
    for _ in range(2):
        assert asked(explorer).startswith("Keras says the same")
        for state, old in zip(own.states, stands, strict=True):
            np.testing.assert_array_equal(np.asarray(state), old)


def test_a_move_touches_neither_keras_nor_pyplot(monkeypatch):
    explorers = [course_utils.explore_cell(cell=kind, units=9, steps=12) for kind in KINDS]
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    for explorer in explorers:
        explorer.set(step=7, unit=9)
        assert "step 7: unit 9 of h₇" in explorer._helper.announcement


def pieces(explorer) -> list[str]:
    """Return what is written between the controls and the picture, line by line."""
    lines = re.sub("</div>|<br>", "\n", explorer._headline.value)
    return unescape(re.sub("<[^>]*>", "", lines)).split("\n")


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_the_sums_of_the_unit_stand_above_the_picture(kind, form, use_bias):
    """One line a gate, in the order of the picture: each works out, and holds the numbers of the trace."""
    trace = traced(layer(kind, 4, 2, use_bias=use_bias, **form), start=True)
    for step, unit in ((1, 1), (3, 4)):
        lines = sums_in_short(trace, step, unit)
        gates = {"SimpleRNN": "", "LSTM": "fico", "GRU": "zrh"}[kind]
        assert [letter for letter, _text in lines if letter] == list(gates)
        for letter, text in lines:
            if letter:
                gate = trace.gates.get(letter, trace.candidate)
                total = sum(
                    part[0, step - 1, unit - 1]
                    for part in (trace.terms[letter].from_input, trace.terms[letter].from_state)
                )
                total += trace.terms[letter].bias[unit - 1]
                assert text.endswith(f"({number(total)}) = {number(gate[0, step - 1, unit - 1])}")
                added = text.split(" = ")[-3].partition("(")[2].removesuffix(")")
                assert value(added) == pytest.approx(total, abs=0.016)
            assert (" + b" in text) == use_bias or (not letter and kind != "SimpleRNN")
        assert lines[-1][1].endswith(f"= {number(trace.hidden[0, step - 1, unit - 1])}")


def test_the_headline_holds_a_line_for_each_gate_and_the_state_last():
    explorer = course_utils.explore_cell(cell="LSTM", step=2)
    lines = pieces(explorer)
    assert [line.split(" ")[0] for line in lines] == ["f", "i", "c\u0303", "o", "Unit", "Unit"]
    assert lines[0] == "f = sigmoid(x₂·W + h₁·R + b) = sigmoid(0.07 + (−0.04) + 1.00) = sigmoid(1.03) = 0.74"
    explorer.set(unit=2)
    assert pieces(explorer)[0] != lines[0]
    assert len(pieces(course_utils.explore_cell(cell="GRU"))) == 4
    assert pieces(course_utils.explore_cell())[0].startswith("Unit 1 of h₁ = tanh(x₁·W + h₀·R + b) = tanh(")


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("units", [1, 4, 64])
def test_what_changes_is_high_up_and_large_enough_to_read(kind, units):
    """In a page of 1000 px: all vectors within 800 px with 170 px for controls and sums; type of 10 px; few texts."""
    scene = course_utils.explore_cell(cell=kind, units=units, features=2, steps=28, step=9).diagram.scene
    share = min(1, 1000 / scene.width)
    assert share * NUMBER_SIZE >= 10
    vectors = [cells for cells in scene.of(Cells) if not cells.id.startswith("weights/") and cells.id != "scale"]
    assert share * max(cells.place.bottom for cells in vectors) <= 630
    numbers = sum(cells.values.size for cells in scene.of(Cells) if cells.numbers)
    assert numbers + len(scene.of(Label)) <= 180
    assert len(list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())) <= 400


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_have_a_scale_of_their_own(kind):
    explorer = course_utils.explore_cell(cell=kind, units=64, features=64, steps=784, step=400, unit=33)
    scene = explorer.diagram.scene
    texts = {label.id: label.text for label in scene.of(Label)}
    for weight, short in (("kernel", "W"), ("recurrent_kernel", "R")):
        found = [
            cells for name, cells in blocks(scene).items() if name == short or name.startswith(f"weights/{weight}")
        ]
        assert len(found) == len(BLOCKS[kind])
    strong = [
        np.abs(bins_of(cells, scene.limit) - 16).max()
        for name, cells in blocks(scene).items()
        if name in "WR" or "kernel" in name
    ]
    assert max(strong) >= 12, "the strongest weight is strongly coloured"
    limit = {cells.limit for name, cells in blocks(scene).items() if name in "WR" or "kernel" in name}
    (name,) = [text for id, text in texts.items() if id.startswith("scale_name") and text.startswith("W R")]
    assert limit == {float(texts[f"scale_high[{name}]"])} and scene.limit > max(limit)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("units", [4, 64])
def test_a_frame_leaves_the_cell_that_it_marks_in_sight(kind, units):
    """The strokes of a frame reach 2.5 px to both sides of its edge: a small cell lies within them."""
    scene = course_utils.explore_cell(cell=kind, units=units, features=64, unit=3).diagram.scene
    frames = {frame.id: frame.place for frame in scene.of(Frame)}
    checked = 0
    for name, cells in blocks(scene).items():
        place = frames.get(f"light[{name}]")
        if place is None:
            continue
        column = int(2.5 / units * cells.shape[1]) if name.startswith("weights/") else 2
        cell = cells.cell_place(cells.shape[0] - 1, column)
        across, down = (2.5 * (side < 16) for side in (cell.width, place.height))
        inside = Rectangle(place.x + across, place.y + down, place.width - 2 * across, place.height - 2 * down)
        assert inside.holds(cell), name
        assert inside.width >= 2.5
        checked += 1
    assert checked >= 3


def test_the_notes_say_once_what_is_made_up(keras):
    for kind in KINDS:
        explorer = course_utils.explore_cell(cell=kind)
        explorer.set(step=2)
        assert explorer._notes.value.count("made up") == 1
    own = course_utils.explore_cell(keras.layers.GRU(2), random_input(3, 2))
    assert "made up" not in own._notes.value + own._headline.value


@pytest.mark.parametrize("steps", [2, 3, 28, 40, 100, 784, 1024])
def test_playing_all_steps_takes_a_minute_at_most(steps):
    explorer = course_utils.explore_cell(units=1, features=1, steps=steps)
    (player,) = [
        knob
        for row in explorer.children
        if isinstance(row, ipywidgets.HBox)
        for knob in row.children
        if isinstance(knob, ipywidgets.Play)
    ]
    assert player.interval * steps / player.step <= 62_000
    assert player.interval == 1500 or steps > 40
    assert player.step == 1 or steps > 1000, "no step is left out"


def test_state_set_and_hide():
    explorer = course_utils.explore_cell(cell="GRU", steps=5, step=2, unit=3, hide=("step",))
    assert explorer.state == {"step": 2, "unit": 3}
    assert in_sight(explorer) == ["unit u"]
    explorer.set(step=4)
    assert explorer.state == {"step": 4, "unit": 3} and explorer.diagram.scene.title.startswith("Inside step 4")
    texts = [label.text for label in explorer.diagram.scene.of(Label)]
    assert "The weights of GRU(4) on 2 features" in texts


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell": "Transformer"}, "cell must be one of SimpleRNN, LSTM, GRU, but it is 'Transformer'."),
        ({"unit": 5}, "unit u must be a whole number from 1 to 4"),
        ({"units": 0}, "units must be a whole number"),
        ({"steps": 2.0}, "steps must be a whole number"),
        ({"hide": ("colour",)}, "hide must name controls"),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_cell(**arguments)


def test_wrong_layers_are_named(keras):
    x = random_input(3, 2)
    with pytest.raises(ValueError, match=r"cell is for the explorer's own numbers.*of kind GRU"):
        course_utils.explore_cell(keras.layers.GRU(2), x, cell="LSTM")
    with pytest.raises(ValueError, match="x must hold one sample"):
        course_utils.explore_cell(keras.layers.GRU(2), np.zeros((2, 3, 2)))
    with pytest.raises(TypeError, match="must be one SimpleRNN, LSTM or GRU"):
        course_utils.explore_cell(keras.layers.Bidirectional(keras.layers.GRU(2)), x)
