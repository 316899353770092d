"""Recipes for LSTM → Dense(10) on real MNIST, three seeds side by side: how right, and how long.

The first recipe is that of the course's source (S1.6), line by line; where Keras 3 has another word, that word.
The others see the same 48,000 digits. Among other tests all of it runs on a few small digits.
"""

import contextlib
import io
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from course_utils.data import Digits, load_digits_as_sequences
from course_utils.setup.environment import ROOT

SHARED = ROOT.parent / "shared" / "data" / "mnist.npz"
SEEDS = (1, 2, 3)
TRAINING = 0.8  # the share of the digits that the source trains on; it validates on the rest after each epoch


@pytest.fixture(scope="module")
def digits(measuring) -> Digits:
    """MNIST to measure, a few digits to try whether everything runs."""
    named = os.environ.get("UNROLLED_MNIST") or SHARED
    if not measuring:
        return load_digits_as_sequences(source="scikit-learn", limit=160, test_limit=50)
    if not Path(named).exists():
        pytest.skip(f"There is no MNIST at {named}: let UNROLLED_MNIST say where it is.")
    return load_digits_as_sequences(named, source="mnist")


def source(keras, digits: Digits):
    """Train as the source does."""
    (x_train, y_train), (x_test, y_test) = (
        (np.round(x * 255).astype("uint8"), y)
        for x, y in ((digits.x_train, digits.y_train), (digits.x_test, digits.y_test))
    )
    x_train = x_train / np.max(x_train)
    x_test = x_test / np.max(x_test)
    y_train = keras.utils.to_categorical(y_train, 10)
    y_test = keras.utils.to_categorical(y_test, 10)
    x_train = x_train.reshape(x_train.shape[0], 28, 28)
    x_test = x_test.reshape(x_test.shape[0], 28, 28)
    model = keras.Sequential()
    model.add(keras.Input((28, 28)))  # the source: input_shape=(28, 28)
    model.add(keras.layers.LSTM(50))
    model.add(keras.layers.Dense(units=10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    start = time.perf_counter()
    model.fit(x_train, y_train, epochs=3, batch_size=128, verbose=1, validation_split=0.2)
    return model, time.perf_counter() - start


def recipe(units: int = 50, epochs: int = 3, *, peak: float | None = None, fit: bool = True) -> Callable:
    """Return a recipe: the same data and batches, several updates at once, a schedule if there is a peak."""

    def train(keras, digits: Digits):
        count = int(TRAINING * len(digits.x_train))
        (x, others), (y, answers) = np.split(digits.x_train, [count]), np.split(digits.y_train, [count])
        model = _classifier(keras, units)
        optimizer = keras.optimizers.Adam(_rate(keras, peak, epochs * -(-count // 128)) if peak else 0.001)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"], steps_per_execution=25)
        start = time.perf_counter()
        if fit:
            model.fit(x, y, epochs=epochs, batch_size=128, verbose=0, validation_data=(others, answers))
        else:
            _loop(model, loss, x, y, epochs)
        return model, time.perf_counter() - start

    return train


def _rate(keras, peak: float, updates: int):
    """Return a learning rate that rises to its peak over 15 % of the updates, then falls to 0 along a cosine."""
    warm_up = int(0.15 * updates)
    return keras.optimizers.schedules.CosineDecay(
        peak / 25, updates - warm_up, warmup_target=peak, warmup_steps=warm_up
    )


def _classifier(keras, units: int):
    layers = [keras.layers.LSTM(units, unroll=True), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28)), *layers])


def _loop(model, loss, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    """Train by a loop of TensorFlow's own, an epoch in one call."""
    import tensorflow as tf

    model.optimizer.build(model.trainable_variables)
    digits, answers = tf.constant(x), tf.constant(y)

    @tf.function
    def epoch(order):
        for start in tf.range(0, len(x), 128):
            batch = order[start : start + 128]
            with tf.GradientTape() as tape:
                cost = loss(tf.gather(answers, batch), model(tf.gather(digits, batch), training=True))
            model.optimizer.apply(tape.gradient(cost, model.trainable_variables), model.trainable_variables)

    for _number in range(epochs):
        epoch(tf.random.shuffle(tf.range(len(x))))


RECIPES = {
    "the source's": source,
    "the same, sooner": recipe(),
    "the same, own loop": recipe(fit=False),
    "a schedule, 3 epochs": recipe(peak=0.02),
    "LSTM(80), 6 epochs": recipe(80, 6, peak=0.02),
}
GOALS = {"a schedule, 3 epochs": 0.98, "LSTM(80), 6 epochs": 0.988}


@pytest.mark.timeout(3600)
def test_recipes(figures, keras, digits):
    right: dict[str, list[float]] = {name: [] for name in RECIPES}
    took: dict[str, list[float]] = {name: [] for name in RECIPES}
    for seed in SEEDS[: figures.rounds(len(SEEDS))]:
        for name, train in RECIPES.items():
            keras.utils.set_random_seed(seed)
            with contextlib.redirect_stdout(io.StringIO()):
                model, seconds = train(keras, digits)
            said = model.predict(digits.x_test, batch_size=1000, verbose=0).argmax(axis=-1)
            right[name].append(float(np.mean(said == digits.y_test)))
            took[name].append(seconds)
    if not figures.measuring:
        return
    for name in RECIPES:
        is_ours = name != "the source's"
        shares = [100 * ours / theirs for ours, theirs in zip(took[name], took["the source's"], strict=True)]
        figures.add("recipes on MNIST: accuracy on the test digits", name, right[name], "", ours=is_ours)
        figures.add("recipes on MNIST: fit", name, [1000 * seconds for seconds in took[name]], ours=is_ours)
        figures.add("recipes on MNIST: share of the source's time", name, shares, "%", ours=is_ours)
    accuracy = {name: statistics.median(values) for name, values in right.items()}
    assert all(accuracy[name] >= goal for name, goal in GOALS.items())
    assert accuracy["the same, sooner"] == pytest.approx(accuracy["the source's"], abs=0.005)
