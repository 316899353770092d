"""What watching a training costs, and what loading saves; nothing passes or fails by time."""

import io
import time

import numpy as np
import pytest

from course_utils.training import LiveTraining, screens, store, train_or_load
from course_utils.training.keys import fingerprint

DIGITS, EPOCHS, ROUNDS = 12_000, 2, 3


@pytest.fixture(scope="module")
def model(keras):
    """The LSTM of lesson 05, compiled and warm, with digits of noise."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((28, 28)), keras.layers.LSTM(50), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    generator = np.random.default_rng(0)
    x = generator.random((DIGITS, 28, 28), "float32")
    y = generator.integers(0, 10, DIGITS)
    model.fit(x[:1024], y[:1024], batch_size=128, verbose=0, validation_split=0.2)
    return model, x, y


@pytest.mark.benchmark(group="two epochs of LSTM(50) on 12,000 × 28 × 28: watched or not")
@pytest.mark.parametrize("way", ["nothing", "picture", "text", "log of Keras"])
def test_watching(benchmark, model, way, monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda box: None)
    monkeypatch.setattr(screens, "in_a_kernel", lambda: True)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    network, x, y = model
    spent, took = [], []

    def fit():
        live = LiveTraining(text=way == "text")
        callbacks = [live] if way in ("picture", "text") else []
        start = time.perf_counter()
        verbose = int(way == "log of Keras")
        network.fit(x, y, batch_size=128, epochs=EPOCHS, validation_split=0.2, verbose=verbose, callbacks=callbacks)
        took.append(time.perf_counter() - start)
        spent.append(live.seconds_spent)

    benchmark.pedantic(fit, rounds=ROUNDS)
    benchmark.extra_info["share of drawing, %"] = round(100 * sum(spent) / sum(took), 2)


@pytest.mark.benchmark(group="one more picture of a training under way")
def test_one_picture(benchmark):
    from course_utils.diagrams import Diagram
    from course_utils.diagrams.charts.learning_curves import LearningCurves, learning_curves_scene

    values = [1 / epoch for epoch in range(1, 11)]
    running = [(10 + batch / 375, 0.1) for batch in range(375)]
    names = ("loss", "val_loss", "accuracy", "val_accuracy")
    curves = LearningCurves("LSTM(50)", 20, dict.fromkeys(names, values), {"loss": running, "accuracy": running})
    benchmark(lambda: Diagram(learning_curves_scene(curves)).to_svg("jupyter"))


@pytest.mark.benchmark(group="loading instead of training, and its key for 48,000 digits")
@pytest.mark.parametrize("what", ["load", "fingerprint of 48,000 digits"])
def test_loading(benchmark, model, what, tmp_path, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    network, x, y = model
    if what != "load":
        benchmark.pedantic(fingerprint, (np.tile(x, (4, 1, 1)),), rounds=ROUNDS)
        return
    first = [np.array(variable) for variable in (*network.variables, *network.optimizer.variables)]

    def again():
        for variable, array in zip((*network.variables, *network.optimizer.variables), first, strict=True):
            variable.assign(array)
        return train_or_load(network, x, y, name="LSTM(50)", epochs=1, batch_size=128, text=True)

    again()
    assert benchmark.pedantic(again, rounds=ROUNDS).loaded
