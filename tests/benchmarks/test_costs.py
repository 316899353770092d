"""What things cost, side by side in one run; nothing passes or fails by time: ``python -m course_utils benchmark``."""

import subprocess
import sys

import pytest

from course_utils.recurrence import random_input, run
from course_utils.setup.environment import ROOT

IMPORT = "a Python from start to end, and the import in it"
TIMED = "import time; start = time.perf_counter(); import course_utils; print(time.perf_counter() - start)"


@pytest.mark.parametrize("code", ["import course_utils", "pass"])
def test_import(figures, code):
    way = "a bare Python" if code == "pass" else code
    python = [sys.executable, "-c", code]
    figures.time(IMPORT, way, lambda: subprocess.run(python, check=True, cwd=ROOT), 15, ours=code != "pass")


def test_import_alone(figures):
    python = [sys.executable, "-c", TIMED]
    said = [subprocess.check_output(python, cwd=ROOT, text=True) for _ in range(figures.rounds(15))]
    figures.add(IMPORT, "the import alone", [1000 * float(seconds) for seconds in said], ours=True)


@pytest.mark.parametrize("way", ["trace", "run, when the layer is read", "eager call", "tf.function", "predict"])
def test_trace(figures, keras, way):
    import tensorflow as tf

    import course_utils
    from course_utils.recurrence.reading import read_recurrent

    x = random_input(28, 28)
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.LSTM(50)])
    layer, compiled = model.layers[0], tf.function(model)
    spec = read_recurrent(layer)
    calls = {
        "run, when the layer is read": lambda: run(spec, x),
        "trace": lambda: course_utils.trace(layer, x),
        "eager call": lambda: layer(x),
        "tf.function": lambda: compiled(x),
        "predict": lambda: model.predict(x, verbose=0),
    }
    group = "one LSTM(50) on 28 steps of 28 features: trace beside Keras"
    figures.time(group, way, calls[way], 50, ours=way.startswith(("trace", "run")))


@pytest.mark.parametrize("steps", [28, 56, 112, 224])
def test_steps(figures, keras, steps):
    from course_utils.recurrence.reading import read_recurrent

    layer = keras.layers.LSTM(50)
    layer.build((None, None, 28))
    spec, x = read_recurrent(layer), random_input(steps, 28)
    group = "cost by the number of steps: run of LSTM(50) on 28 features"
    figures.time(group, f"{steps} steps", lambda: run(spec, x), 200, ours=True)
