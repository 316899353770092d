"""What things cost, side by side in one run; nothing passes or fails by time: ``python -m course_utils benchmark``."""

import subprocess
import sys

import pytest

from course_utils.environment import ROOT
from course_utils.recurrence import random_input, run


@pytest.mark.benchmark(group="import, beside a bare Python")
@pytest.mark.parametrize("code", ["pass", "import course_utils"])
def test_import(benchmark, code):
    benchmark.pedantic(subprocess.run, ([sys.executable, "-c", code],), {"check": True, "cwd": ROOT}, rounds=15)


@pytest.mark.benchmark(group="one LSTM(50) on 28 steps of 28 features: trace beside Keras")
@pytest.mark.parametrize("way", ["run of a spec", "trace", "eager call", "tf.function", "predict"])
def test_trace(benchmark, keras, way):
    import tensorflow as tf

    import course_utils
    from course_utils.recurrence.reading import read_recurrent

    x = random_input(28, 28)
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.LSTM(50)])
    layer, compiled = model.layers[0], tf.function(model)
    spec = read_recurrent(layer)
    calls = {
        "run of a spec": lambda: run(spec, x),
        "trace": lambda: course_utils.trace(layer, x),
        "eager call": lambda: layer(x),
        "tf.function": lambda: compiled(x),
        "predict": lambda: model.predict(x, verbose=0),
    }
    calls[way]()  # Keras compiles at the first call
    benchmark(calls[way])


@pytest.mark.benchmark(group="cost by the number of steps, LSTM(50) on 28 features")
@pytest.mark.parametrize("steps", [28, 56, 112, 224])
def test_steps(benchmark, keras, steps):
    from course_utils.recurrence.reading import read_recurrent

    layer = keras.layers.LSTM(50)
    layer.build((None, None, 28))
    spec, x = read_recurrent(layer), random_input(steps, 28)
    benchmark(run, spec, x)
