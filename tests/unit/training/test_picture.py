"""What the picture of a training shows, where it is shown, and how often."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_utils.drawing.scene import Box, Label, Line, Mark
from course_utils.pictures.learning_curves import LearningCurves, learning_curves_scene
from course_utils.setup.environment import ROOT
from course_utils.training import LiveTraining, screens
from course_utils.training.live import SHARE, Throttle
from course_utils.training.progress import Course, Pace
from tests.unit.cases import some
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy
from tests.unit.training.small import RECIPE, X, Y, words_of

pytestmark = pytest.mark.slow


def lines_of(scene):
    return {line.id: line for line in scene.of(Line)}


def values_of(line, scene, metric):
    """Read numbers back from the heights of a line, with the scale as its written numbers give it."""
    ticks = [label for label in scene.of(Label) if label.id.startswith(f"y_tick[{metric}]")]
    values, heights = zip(*((float(label.text.replace("−", "-")), label.y - 4) for label in ticks), strict=True)
    slope, start = np.polyfit(heights, values, 1)
    return [start + slope * y for _x, y in line.points]


NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 3))
NAMES = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(max_examples=some(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.data(), st.integers(1, 40), NAMES, st.sampled_from([None, "accuracy", "mae", "a very long name of a metric" * 3])
)
def test_any_numbers_are_tidy(data, epochs, name, metric):
    done = data.draw(st.integers(0, epochs))
    some = st.lists(NUMBERS, min_size=done, max_size=done)
    names = ["loss", "val_loss", *([metric, f"val_{metric}"] if metric else [])]
    running = data.draw(st.lists(st.floats(), max_size=5))
    scene = learning_curves_scene(
        LearningCurves(
            name,
            epochs,
            {name: data.draw(some) for name in names},
            {"loss": [(min(epochs, done + place / 8), value) for place, value in enumerate(running)]},
            metric,
            data.draw(st.floats(0, 1)),
            data.draw(NAMES),
        )
    )
    assert_tidy(scene)
    assert len(set(scene.ids())) == len(list(scene.ids()))
    assert "nan" not in scene.description


@pytest.mark.parametrize("epochs", [1, 3, 1000])
def test_a_real_training_is_tidy_and_shows_its_history(keras, build, epochs):
    live = LiveTraining("LSTM(4)", text=True)
    history = build().fit(X, Y, **{**RECIPE, "epochs": min(epochs, 30)}, verbose=0, callbacks=[live]).history
    if epochs == 1000:
        history = {name: np.resize(values, epochs).tolist() for name, values in history.items()}
    scene = learning_curves_scene(LearningCurves("LSTM(4)", epochs, history))
    assert_tidy(scene)
    assert_same_in_both_renderers(scene)
    for metric in ("loss", "accuracy"):
        for part, name in (("training", metric), ("validation", f"val_{metric}")):
            texts = words_of(scene)
            assert texts[f"{part}_value[{metric}]"] == f"{part} {history[name][-1]:.3f}"
            if epochs == 3:
                assert_same_values(scene, part, metric, history[name])
    assert len(ElementTree.tostring(ElementTree.fromstring(live.diagram.to_svg()))) < 40_000


def assert_same_values(scene, part, metric, history):
    """A curve lies where the history says, with a mark at each epoch, at the epoch's tick."""
    line = lines_of(scene)[f"{part}[{metric}]"]
    np.testing.assert_allclose(values_of(line, scene, metric), history, atol=1e-6)
    ticks = [label.x for label in scene.of(Label) if label.id.startswith(f"x_tick[{metric}]")]
    np.testing.assert_allclose([x for x, _y in line.points], ticks)
    marks = [(mark.x, mark.y) for mark in scene.of(Mark) if mark.id.startswith(f"{part}_mark[{metric}")]
    np.testing.assert_allclose(marks, line.points)


def test_the_picture_of_the_end_is_that_of_the_history(build):
    live = LiveTraining("LSTM(4)", text=True)
    history = build().fit(X, Y, **RECIPE, verbose=0, callbacks=[live]).history
    again = learning_curves_scene(LearningCurves("LSTM(4)", 3, history, status="3 epochs done"))
    assert live.diagram.scene == again
    assert not re.search(r"left|about", live.diagram.to_svg())


def test_the_epoch_under_way_is_a_thin_line_with_a_point_at_its_end():
    course = Course("", 2, steps=4)
    course.begin_epoch(1, 4)
    course.batch(0.0, 1, {"loss": 2.0, "accuracy": 0.5})
    course.batch(1.0, 2, {"loss": 1.0, "accuracy": 0.75})
    scene = learning_curves_scene(course.curves(1.0))
    line = lines_of(scene)["running[loss]"]
    np.testing.assert_allclose(values_of(line, scene, "loss"), [2.0, 1.0])
    now = next(mark for mark in scene.of(Mark) if mark.id == "now[loss]")
    assert (now.x, now.y) == line.points[-1] and line.role == "grid"
    assert words_of(scene)["training_value[loss]"] == "training 1.000"
    assert words_of(scene)["status"] == "epoch 1 of 2 · 2 of 4 batches · about 6 s left"
    bar = {box.id: box.place.width for box in scene.of(Box)}
    assert bar["done"] / bar["progress"] == pytest.approx(0.25)
    course.end_epoch(2.0, {"loss": 0.9, "accuracy": 0.8})
    assert "running[loss]" not in lines_of(learning_curves_scene(course.curves(2.0)))


def test_a_training_taken_up_again_begins_with_an_empty_bar():
    course = Course("", 6)
    course.begin_epoch(5, 4)
    assert course.curves(0.0).progress == 0.0
    course.batch(0.0, 2, {})
    assert course.curves(0.0).progress == 0.25


def test_batches_that_only_the_first_epoch_can_count():
    course, said = Course("", 3), []
    for batches in (2, 2, 3):
        course.begin_epoch(course.epoch, None)
        for done in range(1, batches + 1):
            course.batch(0.0, done, {"loss": 1.0})
            said.append(course.status(0.0).split(" · ")[1])
        course.end_epoch(0.0, {"loss": 1.0})
    assert said == ["1 batch", "2 batches", "1 of 2 batches", "2 of 2 batches", *said[2:4], "3 batches"]


def test_a_title_may_be_as_wide_as_the_picture():
    name = "LSTM(50), the second recipe, rows shuffled"
    for metric in ("accuracy", None):
        title = next(
            label
            for label in learning_curves_scene(LearningCurves(name, 3, {}, metric=metric)).of(Label)
            if label.id == "title"
        )
        assert (title.text == f"Training of {name}") == (metric is not None)
    assert_tidy(learning_curves_scene(LearningCurves(name * 9, 3, {})))


def test_scales_go_from_0_to_1_until_something_is_measured():
    for numbers in ({}, {"loss": [0.0], "accuracy": [None]}, {"loss": [np.nan], "accuracy": [np.inf]}):
        texts = words_of(learning_curves_scene(LearningCurves("", 3, numbers)))
        for metric in ("loss", "accuracy"):
            ticks = [text for id, text in texts.items() if id.startswith(f"y_tick[{metric}]")]
            assert (ticks[0], ticks[-1]) == ("0", "1")


def test_scales_hold_the_numbers():
    history = {"loss": [0.5, -3.0], "accuracy": [0.97, 0.99]}
    texts = words_of(learning_curves_scene(LearningCurves("", 3, history)))
    ends = {"loss": ("−3", "1"), "accuracy": ("0.9", "1")}
    for metric, (low, high) in ends.items():
        ticks = [text for id, text in texts.items() if id.startswith(f"y_tick[{metric}]")]
        assert (ticks[0], ticks[-1]) == (low, high)


def test_size_of_the_picture_does_not_change_while_it_trains():
    course, sizes = Course("LSTM(50)", 3), set()
    for epoch in (1, 2, 3):
        course.begin_epoch(epoch, 2)
        for done in (1, 2):
            course.batch(epoch + done / 4, done, {"loss": 30.0 / epoch, "accuracy": 0.1 * epoch})
            scene = learning_curves_scene(course.curves(epoch + done / 4))
            sizes.add((scene.width, scene.height))
        course.end_epoch(epoch + 0.9, {"loss": 30.0 / epoch, "val_loss": 1234.5, "accuracy": 0.3, "val_accuracy": 0.5})
        scene = learning_curves_scene(course.curves(epoch + 0.95))
        sizes.add((scene.width, scene.height))
    course.ending = course.ended_in_words()
    scene = learning_curves_scene(course.curves(0.0))
    assert len({*sizes, (scene.width, scene.height)}) == 1


def test_validation_every_second_epoch_and_a_training_taken_up_again(build):
    live, model = LiveTraining(text=True), build()
    model.fit(X, Y, **RECIPE | {"epochs": 6, "initial_epoch": 2}, validation_freq=2, verbose=0, callbacks=[live])
    curves = live._course.curves(0.0)
    assert [epoch for epoch, _value in curves.points("loss", "training")] == [3, 4, 5, 6]
    assert [epoch for epoch, _value in curves.points("loss", "validation")] == [4, 6]
    assert_tidy(live.diagram.scene)
    assert live.diagram.description.startswith("Training: 6 of 6 epochs.")


def test_a_training_of_no_epochs(build):
    live = LiveTraining(text=True)
    build().fit(X, Y, epochs=0, verbose=0, callbacks=[live])
    assert live.history == {} and words_of(live.diagram.scene)["status"] == "0 epochs done"


def test_a_learning_rate_is_no_metric():
    for others, drawn in (({"learning_rate": 0.1}, None), ({"learning_rate": 0.1, "mae": 1.0, "val_acc": 1.0}, "mae")):
        course = Course("", 1)
        course.end_epoch(0.0, {"loss": 1.0, **others})
        assert course.metric == drawn


def test_batches_are_never_more_than_there_are(keras, build):
    live, seen = LiveTraining(text=True), []
    look = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(live._course.status(0.0)))
    build(steps_per_execution=5).fit(X, Y, epochs=1, batch_size=8, verbose=0, callbacks=[live, look])
    assert [text.split(" · ")[1] for text in seen] == ["5 of 8 batches", "8 of 8 batches"]


def test_there_is_no_picture_before_the_training():
    for ask in (lambda live: live.diagram, lambda live: live.history):
        with pytest.raises(RuntimeError, match="no picture before the training"):
            ask(LiveTraining())
    assert LiveTraining().seconds_spent == 0.0


@pytest.mark.parametrize(("metrics", "drawn"), [(None, None), (["mae"], "mae"), (["mae", "accuracy"], "accuracy")])
def test_metric_beside_the_loss(build, metrics, drawn):
    live = LiveTraining(text=True)
    build(metrics=metrics, loss="mse").fit(X, np.eye(2)[Y], epochs=1, verbose=0, callbacks=[live])
    assert live._course.metric == drawn
    assert_tidy(live.diagram.scene)


# Text, and the box of widgets


def test_lines_of_text_where_there_are_no_widgets(build, capsys):
    live = LiveTraining("LSTM(4)")
    history = build().fit(X, Y, **RECIPE, verbose=0, callbacks=[live]).history
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "Training of LSTM(4): 3 epochs" and len(lines) == 3
    for epoch, line in enumerate(lines):
        values = {name: f"{values[epoch]:.3f}" for name, values in history.items()}
        assert line == (
            f"Epoch {epoch + 1} of 3: loss {values['loss']}, accuracy {values['accuracy']}, "
            f"validation loss {values['val_loss']}, validation accuracy {values['val_accuracy']}."
        )


def test_one_picture_changes_and_is_never_shown_twice(keras, build, box):
    seen = []
    live = LiveTraining("LSTM(4)")
    model = build()

    def watch(logs):
        box[0].picture.observe(lambda change: seen.append(change.new), names="value")

    model.fit(X, Y, **RECIPE, verbose=0, callbacks=[live, keras.callbacks.LambdaCallback(on_train_begin=watch)])
    assert len(box) == 1 and len(set(seen)) >= 3
    assert repr(box[0]) == "Training of LSTM(4): 3 epochs"
    assert seen[-1] == f'<div style="overflow-x:auto">{live.diagram.to_svg("jupyter")}</div>'
    assert "3 epochs done" in seen[-1] and " left" not in seen[-1]
    assert box[0].helper.announcement.startswith("Epoch 3 of 3: loss ")


def test_a_screen_reader_hears_epochs_only_and_has_time_to(build, box, monkeypatch):
    said = []
    monkeypatch.setattr(screens.PictureScreen, "say", lambda self, sentence: said.append(sentence))
    build().fit(X, Y, **RECIPE | {"epochs": 20}, verbose=0, callbacks=[LiveTraining()])
    assert all(re.match(r"Epoch \d+ of 20: loss", sentence) for sentence in said)
    assert said[-1].startswith("Epoch 20 of 20") and len(said) < 10


def test_texts_of_users_are_escaped(build, box):
    live = LiveTraining("<b>&", notice="<i>old</i>")
    build().fit(X, Y, epochs=1, verbose=0, callbacks=[live])
    assert escape("<b>&") in box[0].picture.value and "<b>" not in box[0].picture.value
    live.note("<i>")
    assert box[0].note.value == "<p>&lt;i&gt;</p>"


# How often, and how long


def test_gate_lets_four_a_second_through_and_fewer_where_drawing_is_slow():
    for cost, most in ((0.001, 40), (0.02, 10), (0.2, 5)):
        throttle, drawn = Throttle(), 0
        for now in np.arange(0, 10, 0.01):
            if throttle.is_open(now):
                throttle.drawn(now, now + cost)
                drawn += 1
        assert most * 0.8 <= drawn <= most + 1
        assert drawn * cost <= SHARE * 10 + cost or cost > 0.1, "a very slow drawing still comes every two seconds"


def test_batches_are_drawn_as_seldom_as_the_gate_says(build, box, monkeypatch):
    clock = SimpleNamespace(now=0.0)

    def tick():
        clock.now += 0.001
        return clock.now

    monkeypatch.setattr("course_utils.training.live.time.perf_counter", tick)
    drawn = []
    monkeypatch.setattr(screens.PictureScreen, "show", lambda self, draw: drawn.append(draw()))
    build().fit(
        np.repeat(X, 50, axis=0), np.repeat(Y, 50), batch_size=4, epochs=2, verbose=0, callbacks=[LiveTraining()]
    )
    assert 2 * 800 * 0.001 / 0.25 * 0.5 < len(drawn) < 2 * 800 * 0.002 / 0.25 + 5


def test_time_left_leaves_out_the_first_batch_and_then_follows_whole_epochs():
    pace = Pace(epochs=4)
    assert pace.left(100.0, 0.0) is None
    pace.batch(100.0, 0.1)
    assert pace.left(100.0, 0.1) is None
    assert pace.left(104.0, 0.5) == pytest.approx(35.0)
    pace.epoch(110.0, 1.0)
    pace.epoch(115.0, 2.0)
    assert pace.left(115.0, 2.0) == pytest.approx(10.0)
    assert pace.left(117.0, 2.5) == pytest.approx(7.5)


def test_no_output_of_a_picture_waits_in_a_terminal():
    code = "from course_utils.training import screens; print(screens.in_a_kernel())"
    shell = [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code]
    run = subprocess.run(shell, capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.strip().endswith("False"), run.stderr
