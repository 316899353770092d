"""A small training: its data and its recipe, an interrupt at any batch, and what a picture says."""

import signal

import numpy as np

from course_utils.drawing.scene import Label
from course_utils.training import train_or_load

STEPS, FEATURES, SAMPLES = 4, 3, 64
X = np.random.default_rng(0).normal(size=(SAMPLES, STEPS, FEATURES)).astype("float32")
Y = (X.sum(axis=(1, 2)) > 0).astype("int64")
RECIPE = {"epochs": 3, "batch_size": 16, "validation_split": 0.25}


def train(build, x=X, y=Y, name="LSTM(4)", built=None, **given):
    """Train or load; return the model and what it came to."""
    model = build(**(built or {}))
    return model, train_or_load(model, x, y, name=name, **{**RECIPE, "text": True, **given})


def at_batch(keras, number, action):
    """Return a Keras callback that does something at one batch, counted from 0 over the whole training."""

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


def words_of(scene):
    """Return the texts of a picture by their ids."""
    return {label.id: label.text for label in scene.of(Label)}
