"""What the tests of training share: a folder of their own, a small model, a notebook that is none."""

import pytest

from course_utils.training import screens, store
from tests.unit.training.small import FEATURES, STEPS


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keep what these tests train in a folder of their own."""
    place = tmp_path / "trained"
    monkeypatch.setenv(store.VARIABLE, str(place))
    return place


@pytest.fixture(scope="session")
def build(keras):
    """Return a function that builds the same small model each time."""

    def built(units=4, seed=0, recurrent=False, **compiled):
        keras.utils.set_random_seed(seed)
        reads = [keras.layers.LSTM(units)] if recurrent else [keras.layers.Flatten(), keras.layers.Dense(units)]
        last = [keras.layers.Dropout(0.2), keras.layers.Dense(2, activation="softmax")]
        model = keras.Sequential([keras.Input((STEPS, FEATURES)), *reads, *last])
        model.compile(
            **{"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled
        )
        return model

    return built


@pytest.fixture
def box(monkeypatch):
    """Let trainings believe that they run in a notebook; collect the boxes that they show."""
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(screens, "in_a_kernel", lambda: True)
    return shown
