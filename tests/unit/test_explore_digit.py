"""explore_digit: every digit and every row against Keras with return_sequences=True, when it knows, what is refused."""

import random
import re
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from html import unescape

import ipywidgets
import numpy as np
import pytest
from sklearn.datasets import load_digits

import course_utils
from course_utils.drawing.scene import Box, Cells, Frame, Label, Line, Mark
from course_utils.drawing.svg import NUMBER_SIZE, render_svg
from course_utils.drawing.theme import LIGHT
from course_utils.explorers.digit import headline
from course_utils.pictures.digit import ReadDigit, digit_scene, percent
from course_utils.pictures.digit.panels import over_time
from tests.unit.layer_explorers import asked, code_shown, forbid_keras_and_figures, in_sight
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

IMAGES = (load_digits().images[:24] / 16).astype("float32")
LABELS = load_digits().target[:24]


def classifier(keras, kind="LSTM", units=6, shape=(8, 8), classes=10, *, head=None, below=(), seed=0, **arguments):
    """Return a model with weights that are random, and large enough that its answers change from row to row."""
    keras.utils.set_random_seed(seed)
    head = head if head is not None else [keras.layers.Dense(classes, activation="softmax")]
    layer = getattr(keras.layers, kind)(units, **arguments)
    model = keras.Sequential([keras.Input(shape), *below, layer, *head])
    chance = np.random.default_rng(seed)
    model.set_weights([chance.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


def every_row(keras, model, images, place=0, softmax=False):
    """Return what Keras says after every row, (samples, T, classes), and the states; the trained weights are shared."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    own = layers[place]
    again = type(own).from_config(own.get_config() | {"return_sequences": True})
    shared = keras.Sequential([keras.Input(images.shape[1:]), *layers[:place], again, *layers[place + 1 :]])
    again.set_weights(own.get_weights())
    said = np.asarray(shared(images))
    states = np.asarray(keras.Sequential(shared.layers[: place + 1])(images))
    return np.asarray(keras.ops.softmax(said)) if softmax else said, states


def texts(scene) -> dict[str, str]:
    return {label.id: label.text for label in scene.of(Label)}


def assert_shown(explorer, said: np.ndarray, states: np.ndarray, images: np.ndarray) -> None:
    """Bars, percents, states and the curve are those of Keras; the read and the later rows make the image."""
    index, step = explorer.state["index"], explorer.state["step"]
    scene, shares = explorer.diagram.scene, said[index, step - 1]
    boxes, written = {box.id: box.place for box in scene.of(Box)}, texts(scene)
    track = boxes["track[0]"].width
    for number, share in enumerate(shares):
        width = boxes[f"bar[{number}]"].width if f"bar[{number}]" in boxes else 0
        assert width / track == pytest.approx(share, abs=0.005)
        assert written[f"percent[{number}]"] in {percent(share - 1e-5), percent(share), percent(share + 1e-5)}
    cells = {block.id: block for block in scene.of(Cells)}
    np.testing.assert_allclose(cells[f"h[t={step}]"].values[:, 0], states[index, step - 1], atol=1e-5)
    image = [cells["image[read]"].values] + [cells[id].values for id in ("image[later]",) if id in cells]
    np.testing.assert_allclose(np.concatenate(image), images[index])
    assert len(image[0]) == step and all(cells[id].ghost == (id == "image[later]") for id in cells if "image" in id)
    (frame,) = scene.of(Frame)
    row = cells["image[read]"].cell_place(step - 1, 0)
    assert frame.place.holds(row) and frame.place.height < row.height + 4
    assert scene.title in explorer._picture.value
    assert f"it says {shares.argmax()} with" in unescape(explorer._headline.value)
    assert f"it says {shares.argmax()} with" in explorer._helper.announcement


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_every_digit_and_every_row_shows_what_keras_computes(keras, kind):
    model = classifier(keras, kind)
    said, states = every_row(keras, model, IMAGES)
    explorer = course_utils.explore_digit(model, IMAGES, LABELS)
    for name, values in (("step", range(1, 9)), ("index", range(24))):
        for value in values:
            explorer.set(**{name: value})
            assert_shown(explorer, said, states, IMAGES)
            assert_tidy(explorer.diagram.scene)
    assert ("c[t=8]" in set(explorer.diagram.scene.ids())) == (kind == "LSTM" and explorer.state["step"] == 8)


def test_extremes_and_samples_together(keras):
    model, chance = classifier(keras), random.Random(0)
    said, states = every_row(keras, model, IMAGES)
    explorer = course_utils.explore_digit(model, IMAGES, LABELS)
    pairs = [(index, step) for index in (0, 23) for step in (1, 8)]
    pairs += [(chance.randrange(24), chance.choice((1, 8, chance.randint(1, 8)))) for _ in range(26)]
    for index, step in pairs:
        explorer.set(index=index, step=step)
        assert explorer.state == {"index": index, "step": step}
        assert_shown(explorer, said, states, IMAGES)
        assert ("image[later]" in set(explorer.diagram.scene.ids())) == (step < 8)


@lru_cache
def forms(keras) -> dict:
    """Return models of many forms, each with the place of its last recurrent layer and whether it gives logits."""
    layers, sequences = keras.layers, {"return_sequences": True}
    soft = layers.Dense(10, activation="softmax")
    inside = keras.Input((8, 8))
    hidden = layers.GRU(5)(layers.Dropout(0.1)(inside))
    functional = keras.Model(inside, layers.Dense(10, activation="softmax")(layers.Dropout(0.3)(hidden)))
    return {
        "logits": (classifier(keras, head=[layers.Dense(10)]), 0, True),
        "softmax by itself": (classifier(keras, head=[layers.Dense(10), layers.Softmax()]), 0, False),
        "activation": (classifier(keras, head=[layers.Dense(10), layers.Activation("softmax")]), 0, False),
        "two dense": (classifier(keras, head=[layers.Dense(7, activation="relu"), soft]), 0, False),
        "stacked": (classifier(keras, "GRU", below=[layers.LSTM(5, **sequences), layers.Dropout(0.5)]), 2, False),
        "functional": (functional, 1, False),
        "unrolled": (classifier(keras, unroll=True, use_bias=False, activation="relu"), 0, False),
        "before": (classifier(keras, "GRU", reset_after=False), 0, False),
        "cells": (
            keras.Sequential([inside, layers.RNN([layers.LSTMCell(4), layers.GRUCell(5)]), layers.Dense(10)]),
            0,
            True,
        ),
    }


FORMS = ["logits", "softmax by itself", "activation", "two dense", "stacked", "functional", "unrolled"]


@pytest.mark.parametrize("form", [*FORMS, "before", "cells"])
def test_models_of_many_forms(keras, form):
    model, place, logits = forms(keras)[form]
    said, states = every_row(keras, model, IMAGES, place, logits)
    explorer = course_utils.explore_digit(model, IMAGES, LABELS)
    for index, step in ((0, 1), (3, 4), (5, 8)):
        explorer.set(index=index, step=step)
        assert_shown(explorer, said, states, IMAGES)
        assert_tidy(explorer.diagram.scene)
        assert_code_gives(keras, explorer, model, said[index], IMAGES)
    assert asked(explorer).startswith("Keras says the same.")
    assert "over all 8 rows and 10 classes; after the last row your model itself says it too." in asked(explorer)
    np.testing.assert_allclose(
        said[:, -1], np.asarray(keras.ops.softmax(model(IMAGES)) if logits else model(IMAGES)), atol=1e-5
    )


def assert_code_gives(keras, explorer, model, said, images) -> None:
    """The code shown, run with the student's model and images, gives the probabilities after every row."""
    names = {"keras": keras, "model": model, "images": images}
    *lines, last = code_shown(explorer).splitlines()
    before = [weight.copy() for weight in model.get_weights()]
    exec("\n".join(lines), names)
    np.testing.assert_allclose(np.asarray(names["probabilities"]), said, atol=1e-5)
    np.testing.assert_allclose(np.asarray(eval(last, names)), said[explorer.state["step"] - 1], atol=1e-5)
    assert f"# {said.shape}" in lines[-1]
    for now, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, was)


@pytest.mark.slow
def test_an_image_pixel_by_pixel(keras):
    model, images = classifier(keras, "GRU", 4, (64, 1)), IMAGES.reshape(-1, 64, 1)
    _said, states = every_row(keras, model, images[:3])
    explorer = course_utils.explore_digit(model, images[:3], LABELS[:3], index=1)
    for step in range(1, 65):
        explorer.set(step=step)
        scene = explorer.diagram.scene
        cells = {block.id: block for block in scene.of(Cells)}
        drawn = np.full((8, 8), np.nan)
        whole = [block.place for id, block in cells.items() if id.startswith("image")]
        left, top = min(place.x for place in whole), min(place.y for place in whole)
        seen = 0
        for block in (block for id, block in cells.items() if id.startswith("image")):
            row, column = round((block.place.y - top) / 35), round((block.place.x - left) / 35)
            rows, columns = block.shape
            assert np.isnan(drawn[row : row + rows, column : column + columns]).all()
            drawn[row : row + rows, column : column + columns] = block.values
            seen += 0 if block.ghost else block.values.size
        np.testing.assert_allclose(drawn, IMAGES[1])
        assert seen == step
        np.testing.assert_allclose(cells[f"h[t={step}]"].values[:, 0], states[1, step - 1], atol=1e-5)
        line, column = divmod(step - 1, 8)
        assert texts(scene)["caption[read]"].endswith(f"read: line {line + 1}, column {column + 1}")
        (frame,) = scene.of(Frame)
        assert frame.place.centre == pytest.approx((left + 35 * (column + 0.5), top + 35 * (line + 0.5)))
        assert_tidy(scene)
    assert scene.title == "When does it know? images[1] after pixel 64 of 64"


SIZES = [
    (1, 1, 1, 2),
    (784, 1, 256, 10),
    (783, 1, 3, 26),
    (784, 64, 2, 26),
    (28, 28, 256, 26),
    (2, 300, 1, 2),
    (3, 5, 300, 7),
]


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM"])
@pytest.mark.parametrize(("steps", "features", "units", "classes"), SIZES)
def test_every_size_is_tidy_small_and_readable(keras, kind, steps, features, units, classes):
    model = classifier(keras, kind, units, (steps, features), classes)
    images = np.random.default_rng(0).uniform(-1, 1, (2, steps, features))
    names = [f"a class with a long name {number}" for number in range(classes)]
    explorer = course_utils.explore_digit(model, images, [0, classes - 1], index=1, classes=names)
    widths = set()
    for step in sorted({1, (steps + 1) // 2, max(1, steps - 1), steps}):
        explorer.set(step=step)
        scene = explorer.diagram.scene
        assert_tidy(scene)
        widths.add((scene.width, scene.height))
        assert len(list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())) <= 400
        assert min([label.size for label in scene.of(Label)] + [NUMBER_SIZE]) * min(1, 1000 / scene.width) >= 9.98
    assert len(widths) == 1, "the picture keeps its size from row to row"
    assert_same_in_both_renderers(scene)


def read(answers: list[int], label: int | None, classes: int = 3) -> ReadDigit:
    """Return a digit that gets these answers, each with 70 %; -1: no numbers."""
    shares = np.full((len(answers), classes), 0.3 / (classes - 1))
    for step, answer in enumerate(answers):
        shares[step, answer] = 0.7
        shares[step] = np.nan if answer < 0 else shares[step]
    rows = np.ones((len(answers), 2))
    return ReadDigit("images[0]", rows, rows, None, shares, ("a", "b", "c"), label, "GRU(2)", "Dense(3)")


@pytest.mark.parametrize(
    ("answers", "label", "knows", "words"),
    [
        ([0, 1, 1, 1], 1, 2, "From row 2 on it says b to the end."),
        ([1, 0, 1, 0, 1, 1], 1, 5, "From row 5 on it says b to the end."),
        ([1, 1], 1, 1, "From the first row on it says b to the end."),
        ([0, 0, 1], 1, 3, "Only the last row makes it say b."),
        ([1], 1, 1, "That is its last answer."),
        ([1], 0, None, "That is its last answer, which is wrong. It never says a."),
        (
            [0, 2, 0, 1, 1],
            0,
            None,
            "From row 4 on it says b to the end, which is wrong. It was right last after row 3.",
        ),
        ([0, 0, 1], 0, None, "Only the last row makes it say b, which is wrong. It was right last after row 2."),
        ([0, 1, 1], None, 2, "From row 2 on it says b to the end."),
        ([0, -1], 0, None, "At the end it gives no answer: the probabilities are not numbers."),
        ([-1, 0], 0, 2, "Only the last row makes it say a."),
    ],
)
def test_when_it_knows(answers, label, knows, words):
    digit = read(answers, label)
    assert digit.knows == knows and over_time(digit) == words
    for step in range(1, len(answers) + 1):
        scene = digit_scene(digit, step)
        assert_tidy(scene)
        assert words in scene.description and "nan" not in render_svg(scene, LIGHT)
        marks, boxes = {mark.id: mark for mark in scene.of(Mark)}, {box.id: box.place for box in scene.of(Box)}
        assert ("knows_mark" in marks) == (knows is not None and len(answers) > 1)
        if "knows_mark" in marks:
            ticks = {label.text: label.x for label in scene.of(Label) if label.id.startswith("x_tick")}
            assert marks["knows_mark"].x == pytest.approx(ticks[str(knows)])
            assert boxes["knows"].x <= marks["knows_mark"].x and (
                knows == 1 or boxes["knows"].x == marks["knows_mark"].x
            )
            word = "stays" if label is None else "knows"
            assert texts(scene)["knows_words"] == f"{word} from row {knows} on"
    assert_same_in_both_renderers(scene)


def test_headline_says_the_numbers():
    digit = read([0, 1, 1], 1)
    assert (
        headline(digit, 1)
        == "After row 1 of 3 it says a with 70 %; the label is b. From row 2 on it says b to the end."
    )
    assert headline(digit, 3).startswith("After row 3 of 3 it says b with 70 %, which is the label. From row 2 on")
    assert (
        headline(read([0, 1, 1], None), 1)
        == "After row 1 of 3 it says a with 70 %. From row 2 on it says b to the end."
    )
    assert headline(read([-1, 1], 1), 1).startswith("After row 1 of 2 it gives no answer: the probabilities are not")


def test_the_picture_keeps_its_size_whatever_it_says():
    scenes = [digit_scene(read([0, 1, -1, 2, 1], label), step) for label in (0, 1, 2) for step in range(1, 6)]
    assert len({scene.width for scene in scenes}) == len({scene.height for scene in scenes}) == 1


def test_label_and_answer_have_a_sign_and_a_word():
    for answers, wanted in (([0], {0: "answer", 1: "label"}), ([1], {1: "right answer"})):
        scene = digit_scene(read(answers, 1), 1)
        found = {int(id[5:-1]): text for id, text in texts(scene).items() if id.startswith("word[")}
        signs = {int(mark.id[5:-1]): mark.shape for mark in scene.of(Mark) if mark.id.startswith("sign[")}
        assert found == wanted
        assert signs == {number: "diamond" if number == 1 else "square" for number in wanted}


def test_curves_are_the_right_class_and_the_best_other(keras):
    model = classifier(keras)
    said, _states = every_row(keras, model, IMAGES)
    scene = course_utils.explore_digit(model, IMAGES, LABELS, index=7, step=3).diagram.scene
    lines = {line.id: np.array(line.points) for line in scene.of(Line)}
    others = np.delete(said[7], LABELS[7], axis=1).max(axis=1)
    zero, one = (next(label.y - 4 for label in scene.of(Label) if label.id == f"y_tick[{end}]") for end in (0, 1))
    for name, wanted in (("right", said[7, :, LABELS[7]]), ("other", others)):
        np.testing.assert_allclose((lines[f"curve[{name}]"][:, 1] - zero) / (one - zero), wanted, atol=1e-4)
        mark = next(mark for mark in scene.of(Mark) if mark.id == f"mark[{name}]")
        assert (mark.x, mark.y) == pytest.approx(tuple(lines[f"curve[{name}]"][2]))
    assert lines["now"][:, 0] == pytest.approx([lines["curve[right]"][2, 0]] * 2)


def test_the_description_says_every_number(keras):
    model = classifier(keras)
    said, states = every_row(keras, model, IMAGES)
    words = course_utils.explore_digit(model, IMAGES, LABELS, index=7, step=3).diagram.description
    assert words.startswith("images[7] after row 3 of 8, read by LSTM(6), then Dense(10). x_3 = (0.00, ")
    assert f"h_3 = ({', '.join(f'{value:.2f}'.replace('-0.00', '0.00') for value in states[7, 2])})" in words
    for number, share in enumerate(said[7, 2]):
        assert f"{number} {percent(share).replace('<', 'less than ').replace('>', 'more than ')}" in words
    assert f"The label is {LABELS[7]}." in words and "Probability of the best other class: " in words


def test_strange_numbers_break_nothing(keras):
    images = IMAGES[:3].copy()
    images[0, 4], images[1, 2], images[2, 6, 3] = np.nan, np.inf, 1e30
    explorer = course_utils.explore_digit(classifier(keras), images, LABELS[:3])
    for index in range(3):
        for step in (1, 5, 8):
            explorer.set(index=index, step=step)
            assert_tidy(explorer.diagram.scene)
    explorer.set(index=0, step=8)
    assert "it gives no answer: the probabilities are not numbers" in explorer._headline.value
    assert "It gives no answer" in explorer.diagram.description
    assert asked(explorer).startswith("Keras says the same.")


def test_a_move_touches_neither_keras_nor_figures(keras, monkeypatch):
    model = classifier(keras)
    explorer = course_utils.explore_digit(model, IMAGES, LABELS)
    monkeypatch.setattr(type(model), "__call__", None)
    monkeypatch.setattr(keras.Layer, "__call__", None)
    forbid_keras_and_figures(monkeypatch)
    for state in ({"step": 2}, {"index": 9}, {"index": 3, "step": 8}):
        explorer.set(**state)
    button_of(explorer).click()


def test_a_digit_is_run_once(keras, monkeypatch):
    from course_utils.explorers.digit_classifier import Classifier

    runs, run = [], Classifier.every_row
    monkeypatch.setattr(Classifier, "every_row", lambda self, x: runs.append(1) or run(self, x))
    explorer = course_utils.explore_digit(classifier(keras), IMAGES, LABELS)
    for step in range(1, 9):
        explorer.set(step=step)
    assert len(runs) == 1
    for index in (1, 0, 2, 1):
        explorer.set(index=index)
    assert len(runs) == 3
    for index in range(24):  # what is kept is bounded
        explorer.set(index=index)
    explorer.set(index=0)
    assert len(runs) > 20


def button_of(explorer) -> ipywidgets.Button:
    return next(control for control in explorer.children[0].children if isinstance(control, ipywidgets.Button))


def test_the_button_goes_from_wrong_one_to_wrong_one(keras):
    model = classifier(keras)
    answers = np.asarray(model(IMAGES)).argmax(axis=-1)
    labels = answers.copy()
    wrong = [2, 3, 17]
    labels[wrong] = (labels[wrong] + 1) % 10
    explorer = course_utils.explore_digit(model, IMAGES, labels, index=5)
    visited = []
    for _ in range(4):
        button_of(explorer).click()
        visited.append(explorer.state["index"])
    assert visited == [17, 2, 3, 17]
    assert "which is wrong" in explorer._headline.value
    explorer = course_utils.explore_digit(model, IMAGES, answers)
    button_of(explorer).click()
    assert button_of(explorer).disabled and button_of(explorer).description == "none is wrong"


def test_the_button_stays_where_one_alone_is_wrong(keras):
    model = classifier(keras)
    labels = np.asarray(model(IMAGES)).argmax(axis=-1)
    labels[4] = (labels[4] + 1) % 10
    explorer = course_utils.explore_digit(model, IMAGES, labels, index=4)
    button_of(explorer).click()
    assert explorer.state["index"] == 4 and not button_of(explorer).disabled


def test_controls_stand_in_order_and_can_be_hidden(keras):
    model = classifier(keras)
    kinds = [
        type(control).__name__ for control in course_utils.explore_digit(model, IMAGES, LABELS).children[0].children
    ]
    assert kinds == ["IntSlider", "Button", "IntSlider", "Play"]
    assert in_sight(course_utils.explore_digit(model, IMAGES)) == ["digit", "row t", ""]
    hidden = course_utils.explore_digit(model, IMAGES, LABELS, index=3, step=2, hide=("index",))
    assert in_sight(hidden) == ["row t", ""] and hidden.state == {"index": 3, "step": 2}
    assert not any(isinstance(control, ipywidgets.Button) for control in hidden.children[0].children)
    assert in_sight(course_utils.explore_digit(model, IMAGES, LABELS, hide=("step",))) == ["digit"]
    assert in_sight(course_utils.explore_digit(model, IMAGES, LABELS, hide=("index", "step"))) == []
    by_pixel = course_utils.explore_digit(classifier(keras, shape=(64, 1)), IMAGES.reshape(-1, 64, 1))
    assert in_sight(by_pixel)[1] == "pixel t"


def test_play_moves_the_row(keras):
    explorer = course_utils.explore_digit(classifier(keras), IMAGES, LABELS)
    player = next(control for control in explorer.children[0].children if isinstance(control, ipywidgets.Play))
    assert (player.min, player.max, player.value, player.interval) == (1, 8, 4, 400)


def test_start_settings_and_names(keras):
    names = ["zero", "one <b>", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    explorer = course_utils.explore_digit(classifier(keras), IMAGES, LABELS, index=1, classes=names)
    assert explorer.state == {"index": 1, "step": 4}
    assert "the label is one &lt;b&gt;" in explorer._headline.value or "which is the label" in explorer._headline.value
    assert [texts(explorer.diagram.scene)[f"class[{n}]"] for n in (0, 9)] == ["zero", "nine"]
    assert "learnt from the last state alone" in explorer._notes.value
    assert "ended there" in " ".join(course_utils.explore_digit.__doc__.split())


def test_whole_numbers_and_lists_are_welcome(keras):
    model = classifier(keras)
    bytes_ = (16 * IMAGES).astype("uint8")
    explorer = course_utils.explore_digit(model, bytes_, LABELS.tolist(), index=2, step=6)
    said, states = every_row(keras, model, bytes_.astype("float32"))
    assert_shown(explorer, said, states, bytes_)
    assert asked(explorer).startswith("Keras says the same.")
    assert_code_gives(keras, explorer, model, said[2], bytes_)


def test_the_button_sees_a_difference(keras):
    model = classifier(keras)
    explorer = course_utils.explore_digit(model, IMAGES, LABELS)
    model.set_weights([weight + 0.1 for weight in model.get_weights()])
    assert asked(explorer).startswith(
        "Keras says something else"
    ) and "Your model itself: Keras says something" in asked(explorer)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"images": IMAGES[0]}, "for one image pass images[None]"),
        ({"images": IMAGES[..., None]}, "take the axis of the channel away, images[..., 0]"),
        ({"images": IMAGES[:0]}, "with 1 to 784 rows, but it has shape (0, 8, 8)"),
        ({"images": np.zeros((1, 785, 8))}, "with 1 to 784 rows"),
        ({"images": np.zeros((2, 8, 9))}, "images must have the shape that the model reads, (None, None, 8)"),
        ({"labels": LABELS[:3]}, "labels must hold one whole number from 0 to 9 for each of the 24 images"),
        ({"labels": np.eye(10)[LABELS]}, "pass np.argmax(labels, axis=-1)"),
        ({"labels": LABELS + 1}, "but it holds 10: are these the labels"),
        ({"labels": LABELS + 0.5}, "labels must hold one whole number"),
        ({"index": 24}, "index must be a whole number from 0 to 23, but it is 24"),
        ({"index": -1}, "index must be a whole number from 0 to 23"),
        ({"index": True}, "index must be a whole number"),
        ({"step": 0}, "step must be a whole number from 1 to 8, but it is 0"),
        ({"step": 9}, "step must be a whole number from 1 to 8"),
        ({"classes": ["a", "b"]}, "classes must hold 10 names"),
        ({"classes": "0123456789"}, "classes must hold 10 names"),
        ({"hide": ("digit",)}, "hide must name controls of this explorer, 'index', 'step'"),
        ({"hide": "step"}, "hide=('step',)"),
    ],
)
def test_wrong_settings_are_named(keras, arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.explore_digit(**{"model": classifier(keras), "images": IMAGES, "labels": LABELS} | arguments)


@lru_cache
def no_classifiers(keras) -> dict:
    """Return models that do not classify sequences row by row, with what is said of each."""
    layers, every = keras.layers, {"return_sequences": True}
    x = keras.Input((8, 8))
    last = layers.LSTM(3)(x)
    soft = {"activation": "softmax"}

    def mine(z):
        return z

    def made(*parts):
        return keras.Sequential([keras.Input((8, 8)), *parts])

    return {
        "alone": (layers.LSTM(3), "is one layer alone: put a Dense with softmax after it"),
        "no dense": (made(layers.LSTM(3)), "it does not end with a Dense"),
        "both ends": (made(layers.Bidirectional(layers.LSTM(3)), layers.Dense(4, **soft)), "reads from both ends"),
        "backwards": (made(layers.LSTM(3, go_backwards=True), layers.Dense(4)), "begins at the last row"),
        "every step": (made(layers.LSTM(3, **every), layers.Dense(4)), "it answers at every step"),
        "flat": (made(layers.LSTM(3, **every), layers.Flatten(), layers.Dense(4)), "a Flatten"),
        "pooled": (made(layers.LSTM(3, **every), layers.GlobalMaxPooling1D(), layers.Dense(4)), "a GlobalMaxPooling1D"),
        "one number": (made(layers.LSTM(3), layers.Dense(1, activation="sigmoid")), "gives 1 numbers, and 2 to 26"),
        "sigmoids": (made(layers.LSTM(3), layers.Dense(4, activation="sigmoid")), "ends in sigmoid"),
        "many": (made(layers.LSTM(3), layers.Dense(27, **soft)), "gives 27 numbers, and 2 to 26 classes"),
        "twice soft": (made(layers.LSTM(3), layers.Dense(4, **soft), layers.Softmax()), "ends in softmax"),
        "soft inside": (
            made(layers.LSTM(3), layers.Softmax(), layers.Dense(4)),
            "a softmax, does not stand at the end",
        ),
        "own": (made(layers.LSTM(3, activation=mine), layers.Dense(4)), "has an activation of your own"),
        "branches": (keras.Model(x, layers.Dense(4)(layers.Concatenate()([last, last]))), "simply follow each other"),
        "two outputs": (keras.Model(x, [layers.Dense(4)(last), last]), "simply follow each other"),
        "masked": (made(layers.Masking(), layers.LSTM(3), layers.Dense(4)), "lets it skip rows"),
        "scaled": (made(layers.Rescaling(2.0), layers.LSTM(3), layers.Dense(4)), "a Rescaling: apply it to the images"),
        "stateful": (
            keras.Sequential([keras.Input(batch_shape=(1, 8, 8)), layers.LSTM(3, stateful=True), layers.Dense(4)]),
            "is stateful",
        ),
    }


NO_CLASSIFIERS = [
    *("alone", "no dense", "both ends", "backwards", "every step", "flat", "pooled", "one number", "sigmoids"),
    *("many", "twice soft", "soft inside", "own", "branches", "two outputs", "masked", "scaled", "stateful"),
]


@pytest.mark.parametrize("name", NO_CLASSIFIERS)
def test_what_is_no_classifier_is_refused_kindly(keras, name):
    model, words = no_classifiers(keras)[name]
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        course_utils.explore_digit(model, IMAGES)
    assert str(caught.value).count(".") <= 2 and "\n" not in str(caught.value)


def test_a_model_without_recurrence_is_refused(keras):
    model = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(10)])
    with pytest.raises(TypeError, match="must hold a recurrent layer"):
        course_utils.explore_digit(model, IMAGES)
