"""Training where one can watch, stop and keep: what the picture shows, what an interrupt leaves, what is kept."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import fields
from html import escape
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_utils.diagrams.charts.learning_curves import LearningCurves, learning_curves_scene
from course_utils.diagrams.scene import Box, Label, Line, Mark
from course_utils.environment import ROOT
from course_utils.training import LiveTraining, screens, store, train_or_load
from course_utils.training.best import Best
from course_utils.training.course import Course
from course_utils.training.keys import Key, described, key_of
from course_utils.training.pace import SHARE, Gate, Pace
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

STEPS, FEATURES, SAMPLES = 4, 3, 64
X = np.random.default_rng(0).normal(size=(SAMPLES, STEPS, FEATURES)).astype("float32")
Y = (X.sum(axis=(1, 2)) > 0).astype("int64")
RECIPE = {"epochs": 3, "batch_size": 16, "validation_split": 0.25}


@pytest.fixture(autouse=True)
def trained(tmp_path, monkeypatch):
    """Keep what these tests train in a folder of their own."""
    folder = tmp_path / "trained"
    monkeypatch.setenv(store.VARIABLE, str(folder))
    return folder


@pytest.fixture
def build(keras):
    """Return a function that builds the same small model each time."""

    def built(units=4, seed=0, **compiled):
        keras.utils.set_random_seed(seed)
        layers = [keras.Input((STEPS, FEATURES)), keras.layers.LSTM(units), keras.layers.Dropout(0.2)]
        model = keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])
        model.compile(
            **{"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled
        )
        return model

    return built


class At:
    """Make a Keras callback that does something at one batch, counted from 0 over the whole training."""

    def __new__(cls, keras, number, action):
        class Callback(keras.callbacks.Callback):
            batches = 0

            def on_train_batch_begin(self, batch, logs=None):
                if self.batches == number:
                    action()
                self.batches += 1

        return Callback()


def interrupt():
    """Do what the stop sign of JupyterLab does."""
    signal.raise_signal(signal.SIGINT)


def lines_of(scene):
    return {line.id: line for line in scene.of(Line)}


def values_of(line, scene, metric):
    """Read numbers back from the heights of a line, with the scale as its written numbers give it."""
    ticks = [label for label in scene.of(Label) if label.id.startswith(f"y_tick[{metric}]")]
    values, heights = zip(*((float(label.text.replace("−", "-")), label.y - 4) for label in ticks), strict=True)
    slope, start = np.polyfit(heights, values, 1)
    return [start + slope * y for _x, y in line.points]


def words_of(scene):
    return {label.id: label.text for label in scene.of(Label)}


# The picture

NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 3))
NAMES = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
            data.draw(st.floats(-1, 2)),
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
    assert words_of(scene)["status"] == "epoch 1 of 2 · 2 of 4 batches · about 6 s left"
    bar = {box.id: box.place.width for box in scene.of(Box)}
    assert bar["done"] / bar["progress"] == pytest.approx(0.25)
    course.end_epoch(2.0, {"loss": 0.9, "accuracy": 0.8})
    assert "running[loss]" not in lines_of(learning_curves_scene(course.curves(2.0)))


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


@pytest.fixture
def box(monkeypatch):
    """Let trainings believe that they run in a notebook; collect the boxes that they show."""
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(screens, "in_a_kernel", lambda: True)
    return shown


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
        gate, drawn = Gate(), 0
        for now in np.arange(0, 10, 0.01):
            if gate.is_open(now):
                gate.drawn(now, now + cost)
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


# An interrupt


def interrupted(keras, build, number, **given):
    """Train, interrupt before a batch, and return the model, the callback and the weights after each epoch."""
    model, weights = build(), []
    live = LiveTraining("LSTM(4)", text=True, **given)
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model.fit(X, Y, **RECIPE | {"epochs": 5}, verbose=0, callbacks=[keep, live, At(keras, number, interrupt)])
    return model, live, weights


def test_an_interrupt_in_the_middle_keeps_the_best_weights_and_whole_epochs(keras, build, capsys):
    before = signal.getsignal(signal.SIGINT)
    model, live, weights = interrupted(keras, build, 3 * 3 + 1)  # three batches an epoch: in the fourth epoch
    losses = model.history.history["val_loss"]
    assert len(losses) == 3 and model.history.epoch == [0, 1, 2] and live.interrupted
    assert {len(values) for values in model.history.history.values()} == {3}
    best = int(np.argmin(losses))
    for kept, wanted in zip(model.get_weights(), weights[best], strict=True):
        assert np.array_equal(kept, wanted)
    sentence = (
        "The training was interrupted in epoch 4 of 5: the model has the weights from the end of "
        f"epoch {best + 1}, whose validation loss is the lowest."
    )
    assert live.message == sentence == capsys.readouterr().out.splitlines()[-1]
    assert words_of(live.diagram.scene)["status"] == "interrupted in epoch 4 of 5"
    assert signal.getsignal(signal.SIGINT) is before
    assert_tidy(live.diagram.scene)
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2, "the model trains on"


def test_the_best_epoch_is_not_always_the_last():
    best = Best("val_accuracy")
    for epoch, value in enumerate([0.5, np.nan, 0.75, 0.75, 0.25], 1):
        best.offer(epoch, {"val_accuracy": value}, lambda epoch=epoch: [epoch])
    assert (best.epoch, best.weights) == (3, [3])
    assert best.in_words() == "the end of epoch 3, whose validation accuracy is the highest"
    best = Best()
    for epoch, logs in enumerate([{"loss": 0.1}, {"loss": 0.1, "val_loss": 0.9}, {"loss": 0.1}], 1):
        best.offer(epoch, logs, list)
    assert (best.epoch, best.name) == (2, "val_loss")
    with pytest.raises(ValueError, match="monitor must be one of loss, val_loss, accuracy, val_accuracy, or None"):
        LiveTraining(monitor="val_acuracy")


def test_an_earlier_epoch_is_put_back_when_it_was_the_best(keras, build):
    model, live = build(optimizer=keras.optimizers.SGD(-5.0)), LiveTraining(text=True, monitor="loss")  # ever worse
    weights = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model.fit(X, Y, **RECIPE, verbose=0, callbacks=[keep, live, At(keras, 7, interrupt)])
    assert np.argmin(model.history.history["loss"]) == 0 and "the end of epoch 1, whose loss" in live.message
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), weights[0], strict=True))


def test_an_interrupt_in_the_first_epoch_keeps_the_weights_as_they_are(keras, build):
    model, live, _weights = interrupted(keras, build, 1)
    assert live.message == ("The training was interrupted in epoch 1 of 5: the model has the weights from that moment.")
    assert model.history.history == {} and model.history.epoch == []
    assert_tidy(live.diagram.scene)


def test_an_interrupt_during_validation_cuts_it_short(keras, build):
    model, live, batches = build(), LiveTraining(text=True), []

    def test_batch(batch, logs):
        batches.append(batch)
        if len(batches) == 2:
            interrupt()

    watch = keras.callbacks.LambdaCallback()
    watch.on_test_batch_end = test_batch
    model.fit(X, Y, validation_data=(X, Y), validation_batch_size=4, epochs=3, verbose=0, callbacks=[live, watch])
    assert batches == [0, 1] and live.interrupted and model.history.history == {}


def test_a_second_interrupt_stops_at_once(keras, build):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupted_twice = [At(keras, 4, lambda: (interrupt(), interrupt()))]
        build().fit(X, Y, **RECIPE, verbose=0, callbacks=[LiveTraining(text=True), *interrupted_twice])
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_after_a_training_that_failed_interrupts_are_what_they_were(keras, build, problem):
    before = signal.getsignal(signal.SIGINT)
    live, model = LiveTraining(text=True), build()

    def fail():
        raise problem

    with pytest.raises(problem):
        model.fit(X, Y, **RECIPE, verbose=0, callbacks=[live, At(keras, 4, fail)])
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert signal.getsignal(signal.SIGINT) is before and not live.interrupted
    model.fit(X, Y, **RECIPE, verbose=0, callbacks=[live])
    assert live.message == ""


def test_training_in_a_thread_leaves_interrupts_alone(build):
    import threading

    before, done = signal.getsignal(signal.SIGINT), []
    live = LiveTraining(text=True)
    fit = lambda: done.append(build().fit(X, Y, **RECIPE, verbose=0, callbacks=[live]))  # noqa: E731
    thread = threading.Thread(target=fit)
    thread.start()
    while thread.is_alive():
        assert signal.getsignal(signal.SIGINT) is before
        thread.join(0.05)
    assert len(done[0].history["loss"]) == 3


def test_a_training_that_ends_early_says_so(keras, build):
    live = LiveTraining(text=True)
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(live.model, "stop_training", True))
    build().fit(X, Y, **RECIPE, verbose=0, callbacks=[live, stop])
    assert words_of(live.diagram.scene)["status"] == "ended after epoch 1 of 3" and not live.interrupted


# In a real kernel

SLOW = """
import sys; sys.path.insert(0, {root!r})
import course_utils
with course_utils.quiet_start():
    import keras
import numpy as np
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(4), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = np.ones((64, 4, 3), "float32"), np.zeros(64, "int64")
live = course_utils.LiveTraining("LSTM(4)")
"""
FIT = "h = model.fit(x, y, epochs={epochs}, batch_size=8, validation_split=.25, verbose=0, callbacks=[live])"


@pytest.fixture
def kernel():
    """A real kernel, as JupyterLab starts it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code, timeout=60):
    """Run code in a kernel; return the reply and what it printed."""
    out = io.StringIO()
    reply = client.execute_interactive(
        code, timeout=timeout, output_hook=lambda message: out.write(message["content"].get("text", ""))
    )
    return reply["content"], out.getvalue()


@pytest.mark.timeout(120)
def test_interrupting_a_real_kernel(kernel):
    manager, client = kernel
    run(client, SLOW.format(root=str(ROOT)))
    asked = client.execute(FIT.format(epochs=100_000))
    states, end = [], time.monotonic() + 60
    while time.monotonic() < end and sum("val_loss" in state or "<svg" in state for state in states) < 8:
        message = client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "comm_msg":
            states.append(json.dumps(message["content"]))
    manager.interrupt_kernel()
    while True:
        reply = client.get_shell_msg(timeout=30)
        if reply["parent_header"]["msg_id"] == asked:
            break
    assert reply["content"]["status"] == "ok"
    reply, said = run(client, "print(live.message); print(len(h.history['loss']) == len(h.epoch) > 0)")
    assert re.match(r"The training was interrupted (in|after) epoch \d+ of 100000: .* is the lowest\.\nTrue\n", said)
    reply, said = run(
        client,
        "best = min(h.history['val_loss']); print(abs(model.evaluate(x[48:], y[48:], verbose=0)[0] - best) < 1e-5)",
    )
    assert said == "True\n", "the weights are those of the best epoch"
    reply, said = run(client, "1 + 1\nprint('usable')")
    assert said == "usable\n" and reply["status"] == "ok"


@pytest.mark.timeout(120)
def test_a_notebook_comes_to_the_same_each_time_trained_or_loaded(trained):
    from course_utils.commands.notebooks import as_text, executed

    train = "course_utils.train_or_load(model, x, y, name='LSTM(4)', epochs=3, validation_split=.25)"
    cells = [SLOW.format(root=str(ROOT)), FIT.format(epochs=3), train]

    def made():
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(cells)]
        )
        return as_text(executed(notebook, "one"))

    first = made()
    assert list(trained.glob("*.npz")), "trained at first"
    assert first == made()
    outputs = json.loads(first)["cells"]
    assert outputs[0]["outputs"] == []
    assert [output["data"]["text/plain"] for output in outputs[1]["outputs"]] == [["Training of LSTM(4): 3 epochs"]]
    texts = [output["data"]["text/plain"] for output in outputs[2]["outputs"]]
    assert texts == [["Training of LSTM(4): 3 epochs"], ["LSTM(4): trained for 3 epochs"]]
    assert "3 epochs done" in first and "s left" not in first
    assert not any("text/html" in output["data"] for cell in outputs for output in cell["outputs"])


# What is kept


def train(build, x=X, y=Y, name="LSTM(4)", built=None, **given):
    """Train or load; return the model and what it came to."""
    model = build(**(built or {}))
    return model, train_or_load(model, x, y, name=name, **{**RECIPE, "text": True, **given})


def everything(model):
    """Return every number that training changes."""
    return [np.asarray(variable) for variable in (*model.variables, *model.optimizer.variables)]


def assert_same(one, other):
    for here, there in zip(everything(one), everything(other), strict=True):
        assert here.dtype == there.dtype and np.array_equal(here, there)


def test_loaded_is_the_same_as_trained_bit_for_bit(keras, build, capsys):
    first, trained = train(build)
    after = keras.layers.Dense(3), np.random.random()
    said = capsys.readouterr().out
    second, loaded = train(build)
    after_too = keras.layers.Dense(3), np.random.random()
    assert (trained.loaded, loaded.loaded) == (False, True) and trained.message == loaded.message == ""
    assert_same(first, second)
    assert trained.history == loaded.history == second.history.history and second.history.epoch == first.history.epoch
    assert repr(trained) == repr(loaded) == "LSTM(4): trained for 3 epochs"
    assert capsys.readouterr().out == said
    assert after[1] == after_too[1]
    weights = [(layer.build((None, 2)), layer.get_weights()[0])[1] for layer in (after[0], after_too[0])]
    assert weights[0].shape == weights[1].shape
    for model in (first, second):  # they go on in the same way too: optimizer and dropout are where they were
        keras.utils.set_random_seed(5)
        model.fit(X, Y, epochs=2, verbose=0)
    assert_same(first, second)


def test_trained_twice_is_the_same_as_kept(build, monkeypatch):
    first, _trained = train(build)
    monkeypatch.setenv(store.VARIABLE, "off")
    second, again = train(build)
    assert not again.loaded
    assert_same(first, second)


CHANGED = X.copy()
CHANGED[0, 0, 0] = np.nextafter(CHANGED[0, 0, 0], 9)
PARTS = {
    "one bit of x": ({"x": CHANGED}, "with other data"),
    "one label": ({"y": np.where(np.arange(SAMPLES) == 5, 1 - Y, Y)}, "with other data"),
    "type of x": ({"x": X.astype("float64")}, "with other data"),
    "validation data": ({"validation_data": (X[:8], Y[:8]), "validation_split": 0.0}, "with other data and by another"),
    "units": ({"built": {"units": 5}}, "for another model."),
    "optimizer": ({"built": {"optimizer": "sgd"}}, "for another model."),
    "loss": ({"built": {"loss": "sparse_categorical_crossentropy", "metrics": []}}, "for another model"),
    "first weights": ({"built": {"seed": 1}}, "from other first weights"),
    "epochs": ({"epochs": 4}, "by another recipe"),
    "batch size": ({"batch_size": 8}, "by another recipe"),
    "seed": ({"seed": 1}, "by another recipe"),
    "words": ({"recipe": "with love"}, "by another recipe"),
    "class weight": ({"class_weight": {0: 1.0, 1: 2.0}}, "by another recipe"),
}


@pytest.mark.parametrize("what", PARTS)
def test_a_change_of_anything_trains_again_and_says_why(build, what, capsys):
    train(build)
    capsys.readouterr()
    changes, why = PARTS[what]
    _model, trained = train(build, **changes)
    assert not trained.loaded and f"The saved training was made {why}" in trained.message
    assert trained.message.endswith("The model is trained again.") and trained.message in capsys.readouterr().out
    assert ("set_random_seed" in trained.message) == why.endswith("first weights")
    assert train(build, **changes)[1].loaded and train(build)[1].loaded, "both are kept"


@pytest.mark.parametrize("what", ["keras", "tensorflow", "course"])
def test_other_versions_train_again(build, what, monkeypatch):
    train(build)
    if what == "course":
        monkeypatch.setattr("course_utils.training.keys.COURSE", 2)
    elif what == "keras":
        monkeypatch.setattr("keras.__version__", "9.9")
    else:
        monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    message = train(build)[1].message
    assert message.startswith("The saved training was made by other versions of Keras or of the course.")


def test_names_by_counting_are_not_in_the_key_but_everything_else_is(keras, build):
    first, second = build(), build()
    assert first.layers[0].name != second.layers[0].name
    assert described(first) == described(second)

    def functional(unit_name):
        keras.utils.set_random_seed(0)
        x = keras.Input((STEPS, FEATURES))
        both = keras.layers.Bidirectional(keras.layers.GRU(2, name=unit_name))(x)
        model = keras.Model(x, keras.layers.Concatenate()([both, keras.layers.LSTM(3)(x)]))
        model.compile(loss="mse")
        return model

    assert described(functional(None)) == described(functional(None))
    assert described(functional("reader")) != described(functional(None))
    assert len({field.name for field in fields(Key)}) == 5


def test_the_key_is_the_same_in_another_process(build, keras):
    code = (
        "import numpy as np\nfrom course_utils.quiet import quiet_keras\nkeras = quiet_keras()\n"
        "from course_utils.training.keys import key_of\n"
        "for _ in range({times}):\n"
        "    keras.utils.set_random_seed(0)\n"
        "    model = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)])\n"
        "    model.compile('adam', 'mse')\n"
        "print(key_of(model, np.zeros(3), {{'epochs': 2}}).digest)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code.format(times=times)], capture_output=True, text=True, cwd=ROOT)
        for times in (1, 3)
    ]
    assert runs[0].stdout == runs[1].stdout and len(runs[0].stdout) == 25, runs[0].stderr


def damage(path, how):
    """Spoil a file in one of several ways."""
    content = path.read_bytes()
    spoiled = {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "a bit": content[:400] + bytes([content[400] ^ 1]) + content[401:],
        "no zip": b"not a file of NumPy",
        "foreign": None,
    }[how]
    if spoiled is None:
        np.savez(path, weights=np.zeros(3))
    else:
        path.write_bytes(spoiled)


@pytest.mark.parametrize("how", ["empty", "cut", "a bit", "no zip", "foreign"])
def test_a_damaged_file_is_trained_again_and_replaced(build, trained, how):
    first, _ = train(build)
    [path] = trained.glob("*.npz")
    damage(path, how)
    second, again = train(build)
    assert not again.loaded and again.message == "The saved training cannot be read. The model is trained again."
    assert_same(first, second)
    assert train(build)[1].loaded


def test_a_file_whose_shapes_do_not_fit_is_trained_again(build, trained):
    train(build)
    [path] = trained.glob("*.npz")
    with np.load(path) as file:
        arrays = dict(file)
    arrays["state_0"] = arrays["state_0"][:-1]
    np.savez(path, **arrays)
    model, again = train(build)
    assert again.message == "The saved training does not fit the model. The model is trained again."
    assert not again.loaded and model.get_weights()[0].shape == (FEATURES, 16)


def test_a_folder_that_cannot_be_written_does_not_stop_training(build, tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").write_text("in the way")
    for place in (tmp_path / "a file" / "below", tmp_path / "a file"):
        monkeypatch.setenv(store.VARIABLE, str(place))
        _model, trained = train(build)
        assert len(trained.history["loss"]) == 3 and trained.message in capsys.readouterr().out
        assert re.match(r"The trained weights could not be kept \(.+\): the next run trains again\.", trained.message)
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


def test_no_room_left_leaves_no_draft(build, trained, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "replace", full)
    _model, result = train(build)
    assert "(No space left on device)" in result.message and list(trained.iterdir()) == []


def test_off_and_the_usual_place(build, trained, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, "off")
    assert store.folder() is None
    assert not train(build)[1].loaded and not train(build)[1].loaded and not trained.exists()
    monkeypatch.delenv(store.VARIABLE)
    assert store.folder().is_absolute() and "unrolled" in str(store.folder()) and ROOT not in store.folder().parents


def test_an_interrupted_training_is_not_kept(keras, build, trained):
    _model, result = train(build, callbacks=[At(keras, 4, interrupt)], recipe="interrupted")
    assert "interrupted in epoch 2 of 3" in result.message and len(result.history["loss"]) == 1
    assert not trained.exists() or not list(trained.iterdir())


def test_only_the_newest_are_kept(build, trained, monkeypatch):
    monkeypatch.setattr(store, "MOST_FILES", 2)
    train(build, name="another")
    (trained / "lstm-4-old.part").write_bytes(b"")
    os.utime(trained / "lstm-4-old.part", (0, 0))
    for place, epochs in enumerate((1, 2, 3)):
        train(build, epochs=epochs)
        for path in trained.glob("*.npz"):
            os.utime(path, (place, place)) if path.stat().st_mtime > 1e6 else None
    names = sorted(path.name for path in trained.iterdir())
    assert len(names) == 3 and names[0].startswith("another-") and not any(name.endswith(".part") for name in names)


TWO = """
import sys, numpy as np
from course_utils.quiet import quiet_keras
keras = quiet_keras()
from course_utils import train_or_load
for number in range(6):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="a")])
    model.compile("adam", "mse")
    x = np.ones((8, 2), "float32")
    result = train_or_load(model, x, np.zeros((8, 3)), name="two", epochs=2, seed=number // 2)
    assert "read" not in result.message and "kept" not in result.message, result.message
    print(float(abs(model.get_weights()[0]).sum()), file=sys.stderr)
"""


@pytest.mark.timeout(120)
def test_two_processes_at_once(trained):
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", TWO], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert said[0] == said[1] and len(said[0].splitlines()) == 6
    assert len(list(trained.glob("two-*.npz"))) == len(list(trained.iterdir())) == 3


def test_what_cannot_be_known_must_be_said(keras, build):
    def own_loss(truth, guess):
        return keras.ops.mean((truth - guess[:, 0]) ** 2)

    for new in ({"built": {"loss": own_loss}}, {"callbacks": [keras.callbacks.TerminateOnNaN()]}):
        with pytest.raises(
            ValueError, match=r"What (own_loss|callbacks) will do cannot be read .* describe it, recipe="
        ):
            train(build, **new)
        assert not train(build, **new, recipe="version 1")[1].loaded
        assert train(build, **new, recipe="version 1")[1].loaded
        assert not train(build, **new, recipe="version 2")[1].loaded


def test_what_is_refused(keras, build):
    layers = [keras.layers.Dense(2)]
    with pytest.raises(ValueError, match="must be compiled"):
        train_or_load(keras.Sequential(layers), X, Y, name="a")
    model = keras.Sequential(layers)
    model.compile(loss="mse")
    with pytest.raises(ValueError, match=r"begin it with keras\.Input"):
        train_or_load(model, X, Y, name="a")
    with pytest.raises(TypeError, match=r"arrays of numbers, but there is one of type object"):
        train_or_load(build(), object(), Y, name="a")
    with pytest.raises(TypeError, match="recipe must be plain"):
        train_or_load(build(), X, Y, name="a", steps_per_epoch=object())


def test_nested_data_have_other_keys(build):
    model = build()
    data = [X, [X], (X, None), {"x": X}, [X, X], [[X], X], [np.concatenate([X, X])], None]
    keys = [key_of(model, one, {}).data for one in data]
    assert len(set(keys)) == len(data)


def test_loading_the_course_loads_no_keras():
    code = "import course_utils, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout.split()
    assert not {"keras", "tensorflow", "matplotlib", "platformdirs", "course_utils.training"} & set(loaded)


def test_no_output_of_a_picture_waits_in_a_terminal():
    code = "from course_utils.training import screens; print(screens.in_a_kernel())"
    shell = [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code]
    run = subprocess.run(shell, capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.strip().endswith("False"), run.stderr
