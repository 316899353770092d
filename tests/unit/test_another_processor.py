"""Rounding as on another processor: it moves what may differ, leaves what may not, and catches what rests on luck."""

import os
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from course_utils.commands import another_processor, notebooks
from course_utils.setup.environment import ROOT

pytestmark = pytest.mark.slow

HEAD = """
import numpy as np
import keras
import tensorflow as tf
from course_utils.commands.another_processor import switch_on
x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
"""

PLAN = """
layer = keras.layers.SimpleRNN(3)
layer.build(x.shape)
plan = tf.function(layer).get_concrete_function(tf.TensorSpec(x.shape)).graph
print(*(operation.type for operation in plan.get_operations()))
print(len(plan.as_graph_def().node))
"""

TWO_COMPUTATIONS = """
lstm = keras.layers.LSTM(5, return_sequences=True, return_state=True)
output, h, c = lstm(x)
print(np.array_equal(output[:, -1], h))
print(np.array_equal(lstm(x)[0], output), np.allclose(lstm(x)[0], output, atol=1e-5))
dense = keras.layers.Dense(3)
print(np.array_equal(dense(x), keras.layers.TimeDistributed(dense)(x)))
print(*(np.array_equal(product(x, x[0].T), x @ x[0].T) for product in (keras.ops.matmul, tf.matmul)))
print(np.array_equal(tf.constant(x[0]) @ tf.constant(x[1].T), x[0] @ x[1].T))
"""

COPIES = """
table = keras.layers.Embedding(9, 4)
print(np.array_equal(table(np.arange(9)), table.get_weights()[0]))
print(np.array_equal(keras.layers.Flatten()(x), x.reshape(2, 12)))
print(np.array_equal(keras.ops.flip(x, 1), x[:, ::-1]), np.array_equal(keras.ops.concatenate([x, x]), [*x, *x]))
print(np.array_equal(keras.layers.Dropout(0.5)(x), x), np.array_equal(keras.ops.relu(x), np.maximum(x, 0)))
entry = keras.Input((3, 4))
turned = keras.Model(entry, keras.layers.Permute((2, 1))(entry)).layers[-1]
print(np.array_equal(turned(x), x.transpose(0, 2, 1)))
"""

MODELS = """
model = keras.Sequential([keras.Input((3, 4)), keras.layers.Masking(), keras.layers.LSTM(5), keras.layers.Dense(1)])
x[0, 2] = 0
print(np.allclose(model(x)[0], model(x[:1, :2])[0], atol=1e-5))
model.compile(keras.optimizers.Adam(0.05), "mse")
losses = model.fit(x, np.ones((2, 1)), epochs=30, verbose=0).history["loss"]
print(losses[-1] < losses[0] / 10, np.allclose(model.predict(x, verbose=0), model(x), atol=1e-5))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(x))
print(all(np.abs(np.asarray(gradient)).max() > 0 for gradient in tape.gradient(loss, model.trainable_variables)))
"""

NEXT = "print('next')"


@pytest.fixture(scope="module")
def printed() -> dict[str, list[str]]:
    """Run the code above in a fresh process, ``PLAN`` once before all rounds otherwise; return the lines by code."""
    parts = {"PLAN before": PLAN, "PLAN": "switch_on(1)\n" + PLAN}
    parts |= {"TWO_COMPUTATIONS": TWO_COMPUTATIONS, "COPIES": COPIES, "MODELS": MODELS}
    words = [sys.executable, "-c", HEAD + f"\n{NEXT}\n".join(parts.values())]
    run = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    return dict(zip(parts, (part.splitlines() for part in run.stdout.split("next\n")), strict=True))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_numbers_move_by_one_or_two_units_in_the_last_place(keras, dtype):
    numbers = np.random.default_rng(0).normal(size=4000).astype(dtype)
    numbers = numbers[abs(numbers) > 0.01]
    whole = {"float16": "int16", "float32": "int32", "float64": "int64"}[dtype]
    for moved in (
        another_processor._moved(keras.ops.convert_to_tensor(numbers), 5),
        in_a_graph(lambda tensor: another_processor._moved(tensor, 5), numbers),
    ):
        steps = np.asarray(moved).view(whole) - numbers.view(whole)
        shares = [np.mean(steps == step) for step in (-2, -1, 1, 2)]
        assert sum(shares) == 1 and min(shares) > 0.2


def in_a_graph(function, numbers):
    """Call a function of TensorFlow inside a compiled one."""
    import tensorflow as tf

    return tf.function(function)(tf.constant(numbers))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_zeros_and_the_ends_of_the_range_stay(keras, dtype):
    ends = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(dtype).max, np.finfo(dtype).tiny], dtype)
    for moved in (
        another_processor._moved(keras.ops.convert_to_tensor(ends), 5),
        in_a_graph(lambda tensor: another_processor._moved(tensor, 5), ends),
    ):
        np.testing.assert_array_equal(moved, ends)
        assert np.signbit(moved)[:2].tolist() == [False, True]


def test_two_computations_differ_and_one_array_looked_at_twice_does_not(printed):
    assert printed["TWO_COMPUTATIONS"] == ["True", "False True", "False", "False False", "False"]


def test_copies_stay_what_they_are(printed):
    assert set(" ".join(printed["COPIES"]).split()) == {"True"}


def test_one_seed_repeats_and_another_does_not(keras):
    numbers = keras.ops.convert_to_tensor(np.random.default_rng(0).normal(size=9))

    def rounded(seed):
        rounding = another_processor.Rounding(seed)
        return np.concatenate([rounding.moved(numbers), rounding.moved(numbers)])

    np.testing.assert_array_equal(rounded(1), rounded(1))
    assert not np.array_equal(rounded(1), rounded(2)) and not np.array_equal(*np.split(rounded(1), 2))


def test_code_of_a_lesson_finds_in_a_plan_what_it_finds_on_every_processor(printed):
    (found, all_of_them), (found_here, all_here) = printed["PLAN"], printed["PLAN before"]
    assert found == found_here and int(all_of_them) > int(all_here)


def test_models_train_are_asked_masked_and_give_gradients(printed):
    assert printed["MODELS"] == ["True", "True True", "True"]


def lesson(folder, cells: dict[str, str]) -> list:
    """Write a lesson, as saved on a processor on which these cells print this; return the paths of all."""
    notebook = nbformat.v4.new_notebook()
    for place, (source, printed) in enumerate(cells.items()):
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{place}", execution_count=place + 1, outputs=outputs)
        notebook.cells.append(cell)
    path = folder / "lesson.ipynb"
    path.write_text(notebooks.as_text(notebooks.normalised(notebook, "lesson")))
    return [path]


LESSON_04 = """
import keras
import numpy as np
import course_utils

keras.utils.set_random_seed(1)
states = keras.layers.SimpleRNN(4, return_sequences=True)(np.random.default_rng(0).normal(size=(1, 3, 2)))
dense = keras.layers.Dense(5)
scores, wrapped = dense(states), keras.layers.TimeDistributed(dense)
"""


def test_a_lesson_that_rests_on_the_last_bit_is_caught(tmp_path, capfd):
    cells = {
        LESSON_04: "",
        "np.testing.assert_array_equal(scores, wrapped(states))": "",  # as lesson 04 had it
        "print(float(np.abs(scores - wrapped(states)).max()))": "0.0\n",
        "np.testing.assert_allclose(scores, wrapped(states), atol=1e-5)": "",
    }
    assert notebooks.on_another_processor(lesson(tmp_path, cells), seed=1) == 1
    said = capfd.readouterr().out
    failed = said.split("____ ")[1:]  # a report for each cell
    assert len(failed) == 2 and "AssertionError" in failed[0] and "mismatch" in failed[1], said


def test_a_lesson_does_not_pass_where_the_net_cannot_be_switched_on(tmp_path, monkeypatch, capfd):
    paths = lesson(tmp_path, {"print(1)": "1\n"})
    monkeypatch.setattr(another_processor, "FIRST", another_processor.FIRST.replace("switch_on", "switch_of"))
    assert notebooks.on_another_processor(paths, seed=1) == 1
    assert "Kernel died" in capfd.readouterr().out


def test_nbval_runs_the_lessons_with_other_roundings(request):
    """The kernels of the ordinary test run; what they print without is compared in test_notebooks.py."""
    (kernels,) = [one for one in request.config.pluginmanager.get_plugins() if type(one).__name__ == "Kernels"]
    assert "IPYTHONDIR" in kernels.environment


COMPARE = """
test_a_new_kind test_architectures test_gradients test_jacobians test_own_calls test_random_graphs test_recurrence
test_saying test_trace_corners
test_trace_equals_keras test_trace_metamorphic
"""  # the files in which most tests compare our numbers with those of Keras: all of them are run
SAMPLED = "test_explore_* test_widgets test_exercises_lessons"  # here every control or answer is: a sample


@pytest.mark.parametrize(("files", "options"), [(COMPARE, []), (SAMPLED, ["--quick"])], ids=["all", "a sample"])
def test_our_numbers_equal_those_of_keras_on_another_processor(files, options):
    chosen = [str(path) for name in files.split() for path in (ROOT / "tests" / "unit").glob(f"{name}.py")]
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", *options, *chosen]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {another_processor.VARIABLE: "1", "UNROLLED_FEW": "on"}
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert run.returncode == 0, run.stdout
