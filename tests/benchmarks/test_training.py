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


@pytest.mark.parametrize("way", ["picture", "text", "nothing", "log of Keras"])
def test_watching(figures, model, way, monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda box: None)
    monkeypatch.setattr(screens, "in_a_kernel", lambda: True)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    network, x, y = model
    took, shares = [], []
    for _ in range(figures.rounds(ROUNDS)):
        live = LiveTraining(text=way == "text")
        callbacks = [live] if way in ("picture", "text") else []
        start = time.perf_counter()
        verbose = int(way == "log of Keras")
        network.fit(x, y, batch_size=128, epochs=EPOCHS, validation_split=0.2, verbose=verbose, callbacks=callbacks)
        took.append(1000 * (time.perf_counter() - start))
        shares.append(100 * 1000 * live.seconds_spent / took[-1])
    is_ours = way in ("picture", "text")
    figures.add("two epochs of LSTM(50) on 12,000 × 28 × 28: watched or not", way, took, ours=is_ours)
    if is_ours:
        figures.add("share of the drawing in these two epochs", way, shares, "%", ours=True)


def test_one_picture(figures):
    from course_utils.pictures import Diagram
    from course_utils.pictures.learning_curves import LearningCurves, learning_curves_scene

    values = [1 / epoch for epoch in range(1, 11)]
    running = [(10 + batch / 375, 0.1) for batch in range(375)]
    names = ("loss", "val_loss", "accuracy", "val_accuracy")
    curves = LearningCurves("LSTM(50)", 20, dict.fromkeys(names, values), {"loss": running, "accuracy": running})

    def draw() -> str:
        return Diagram(learning_curves_scene(curves)).to_svg("jupyter")

    figures.time("one more picture of a training under way", "picture", draw, 50, ours=True)


def test_loading(figures, model, tmp_path, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    network, x, y = model
    first = [np.array(variable) for variable in (*network.variables, *network.optimizer.variables)]

    def again():
        for variable, array in zip((*network.variables, *network.optimizer.variables), first, strict=True):
            variable.assign(array)
        return train_or_load(network, x, y, name="LSTM(50)", epochs=1, batch_size=128, text=True)

    start = time.perf_counter()
    assert not again().loaded
    trained = 1000 * (time.perf_counter() - start)
    group = "one epoch of LSTM(50) on 12,000 digits: loading instead of training"
    figures.time(group, "loading it", again, ROUNDS, ours=True)
    assert again().loaded
    figures.add(group, "training it", [trained])


def test_fingerprint(figures, model):
    digits = np.tile(model[1], (4, 1, 1))
    group = "the key of a training on 48,000 digits"
    figures.time(group, "fingerprint", lambda: fingerprint(digits), ROUNDS, ours=True)
