"""The exercises of lesson 00: the building blocks of Keras."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import (
    Behaviour,
    judge_array,
    judge_choice,
    judge_function,
    judge_layer,
    judge_number,
    judge_shape,
    known_weights,
)
from course_utils.exercises.slips import away_from_zero, choice, different_sizes


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def _dense_parameters(random: np.random.Generator) -> Variant:
    B, F, U = different_sizes(random, high=9)
    kernel, bias = np.zeros((F, U)), np.zeros(U)
    right = kernel.size + bias.size
    return Variant(
        ask=f"How many parameters does Dense({U}) have on a batch of {B} samples with {F} numbers each?",
        answer=right,
        praise=f"The kernel holds {F}·{U}, the bias {U}: together {right}. All samples use the same ones.",
        slips=(
            Slip(kernel.size, "The bias is missing: each unit adds one number of its own."),
            Slip(U * F + F, "You swapped units and inputs: the bias has one number for each unit, not for each input."),
            Slip(kernel.size + 1, "One number of bias is not enough: each unit has its own."),
            Slip(F + U, "Each unit has one weight for every input: multiply the two numbers."),
            Slip(B * U + U, "You took the samples for the inputs: the size of the batch is nowhere in the formula."),
            Slip(B * right, "You counted the weights once for each sample, but all samples use the same ones."),
        ),
        hints=(
            "There are two arrays: kernel and bias. What is the shape of each?",
            "The kernel is (inputs, units), the bias (units,).",
            f"Here there are {F} inputs and {U} units. Multiply them, then add the units.",
        ),
        code=(
            f"import keras\n\ndense = keras.layers.Dense({U})\ndense.build(({B}, {F}))\nanswer = dense.count_params()"
        ),
    )


def _flat_shape(random: np.random.Generator) -> Variant:
    B, T, V, D = different_sizes(random, 4, low=2, high=8)
    found = np.zeros((V, D))[np.zeros((B, T), int)]
    return Variant(
        ask=(
            f"x holds integers from 0 to {V - 1} and has shape ({B}, {T}). "
            f"What shape does Flatten()(Embedding({V}, {D})(x)) have?"
        ),
        answer=found.reshape(B, -1).shape,
        praise=f"Each sample has {T} rows of {D} numbers; Flatten puts them one after the other: {T * D}.",
        slips=(
            Slip(found.shape, "This is the shape after Embedding. Flatten then puts the rows of a sample in one row."),
            Slip((found.size,), "Flatten keeps the batch axis: each sample stays a row of its own."),
            Slip((T * D, B), "You swapped two axes: the batch comes first."),
            Slip((T * D,), "The batch axis is missing: each sample has a row of its own."),
            Slip((B, V * D), f"The table has {V} rows, but a sample looks up {T} of them, one for each integer."),
            Slip((B, T + D), "Rows that stand one after the other: multiply their number by their length."),
            Slip((B, T), "This is the shape of x: each integer becomes a row of numbers."),
        ),
        hints=(
            "Go in two steps: what leaves Embedding has three axes.",
            f"After Embedding: ({B}, {T}, {D}). Flatten keeps the first axis.",
            f"Flatten makes one axis of the last two: {T} times {D}.",
        ),
        code=(
            "import keras\nimport numpy as np\n\n"
            f"x = np.zeros(({B}, {T}), dtype=int)\n"
            f"answer = tuple(keras.layers.Flatten()(keras.layers.Embedding({V}, {D})(x)).shape)"
        ),
    )


def _dropout(random: np.random.Generator) -> Variant:
    rate = float(random.choice([0.1, 0.2, 0.25, 0.4, 0.5]))
    size = int(random.integers(2, 20)) * 1000
    zeros, scaled = f"about {size * rate:.0f} zeros", f"{1 / (1 - rate):.2f}"
    right = "x itself: nothing is changed"
    wrong = {
        f"{zeros}, the rest {scaled}": "This is what happens while training; here training is False.",
        f"{zeros}, the rest 1": "No number is dropped here. And while training, the rest is scaled up as well.",
        f"all numbers {1 - rate:.2f}": "Keras scales the rest while training, so nothing is left to scale afterwards.",
    }
    return choice(
        random,
        {right: "", **wrong},
        ask=(
            f"x holds {size:,} ones, and dropout = keras.layers.Dropout({rate:g}). "
            "The training is over: what does dropout(x, training=False) give?"
        ),
        answer=right,
        praise="Dropout acts only while training. Afterwards every number passes as it is.",
        hints=("Dropout is an exercise for the network. When does it train?", "Read the word training=False again."),
        reveal=(
            "import keras\nimport numpy as np\n\n"
            f"x = np.ones((1, {size}), dtype='float32')\ndropout = keras.layers.Dropout({rate:g}, seed=1)\n"
            "for training in (False, True):\n"
            "    values, counts = np.unique(dropout(x, training=training), return_counts=True)\n"
            "    found = [f'{count} times {value:.2f}' for value, count in zip(values, counts)]\n"
            "    print(f'training={training}:', ', '.join(found))"
        ),
    )


def _dense(random: np.random.Generator) -> Variant:
    size = 3
    x, bias = (away_from_zero(random, size, high=1) for _ in range(2))
    kernel = np.round(random.uniform(-1, 1, (size, size)), 2)
    return Variant(
        ask=(
            "given.x, given.kernel and given.bias hold one input and the weights of a Dense(3, activation='relu'). "
            "Compute its output, an array of 3 numbers."
        ),
        answer=_relu(x @ kernel + bias),
        praise="The input times the kernel, the bias added, and all negative sums become zero.",
        slips=(
            Slip(x @ kernel + bias, "The activation is missing: ReLU turns negative numbers into zero."),
            Slip(_relu(x @ kernel), "The bias is missing."),
            Slip(_relu(x @ kernel) + bias, "Add the bias first, then take ReLU of the whole sum."),
            Slip(_relu(kernel @ x + bias), "You wrote kernel @ x. The input stands on the left: x @ kernel."),
            Slip(_relu(x * kernel.diagonal() + bias), "Every unit reads all inputs: use the matrix product, @."),
            Slip(np.tanh(x @ kernel + bias), "You took tanh. This layer has ReLU: np.maximum(…, 0)."),
        ),
        hints=(
            "The formula is activation(x·kernel + bias).",
            "In NumPy, x·kernel is x @ kernel, and ReLU is np.maximum(…, 0).",
            "np.maximum(x @ kernel + bias, 0), with the arrays of given.",
        ),
        code="import numpy as np\n\nanswer = np.maximum(given.x @ given.kernel + given.bias, 0)",
        given=SimpleNamespace(x=x, kernel=kernel, bias=bias),
    )


def _look_up(random: np.random.Generator) -> Variant:
    B, T, V, D = different_sizes(random, 4, low=2, high=5)
    trials = tuple(
        (np.round(random.uniform(-1, 1, (V, D)), 2), np.append(random.integers(V, size=B * T - 1), 0).reshape(B, T))
        for _ in range(3)
    )
    ways = {
        "You counted the rows from 1. Keras counts from 0, as NumPy does: no minus 1.": lambda t, n: t[n - 1],
        "This is one-hot. The table comes after it: multiply, one-hot @ table.": lambda t, n: np.eye(len(t))[n],
        "The rows are right, but you put them in one long row. That is what Flatten does.": (
            lambda t, n: t[n].reshape(len(n), -1)
        ),
        "You added the rows of each sample. Embedding keeps one row for each integer.": lambda t, n: t[n].sum(axis=1),
    }
    return Variant(
        ask=(
            "Write a function look_up(table, integers) that returns what an Embedding layer with this table "
            "gives for integers of shape (batch, steps)."
        ),
        answer=Behaviour(lambda table, integers: table[integers], trials),
        praise="One look-up for each integer: the whole layer is table[integers].",
        slips=tuple(Slip(Behaviour(way, trials), why) for why, way in ways.items()),
        hints=(
            "Embedding takes one row of the table for each integer.",
            "NumPy can look up many rows at once: put an array of integers into square brackets.",
            "def look_up(table, integers): return table[...]",
        ),
        code="def answer(table, integers):\n    return table[integers]",
    )


def _shared(random: np.random.Generator) -> Variant:
    (F,) = different_sizes(random, 1)
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
    name, g = list(ways.items())[int(random.integers(2))]
    trials = ((np.round(random.uniform(-1, 1, (2, F)), 2).astype("float32"),),)
    first, own = known_weights([(F, F), (F,)] * 2)[:2], known_weights([(F, F), (F,)] * 2)[2:]
    once, again = (lambda x: g(x @ first[0] + first[1])), (lambda x: g(x @ own[0] + own[1]))
    size = F * F + F

    def giving(call: Callable[[np.ndarray], np.ndarray], parameters: int = size) -> Behaviour:
        return Behaviour(call, trials, parameters)

    return Variant(
        ask=(
            f"Build a functional model for samples of {F} numbers. They go through one "
            f"Dense({F}, activation={name!r}), and what comes out goes through the same layer once more."
        ),
        answer=giving(lambda x: once(once(x))),
        praise=f"One layer, called twice: its {size} parameters are counted once.",
        slips=(
            Slip(
                giving(lambda x: again(once(x)), 2 * size),
                "These are two layers with weights of their own. Make one layer and call it twice.",
            ),
            Slip(giving(once), "The layer is used once. Call it again on its own output."),
            Slip(giving(lambda x: once(once(once(x)))), "You used the layer three times, not twice."),
            Slip(
                giving(lambda x: (x @ first[0] + first[1]) @ first[0] + first[1]),
                f"The activation is missing: activation={name!r}.",
            ),
        ),
        hints=(
            "First make the layer and give it a name in Python. Then call it.",
            "The two calls are dense(x) and dense(dense(x)).",
            f"x = keras.Input(shape=({F},)), and at the end keras.Model(x, ...).",
        ),
        code=(
            "import keras\n\n"
            f"x = keras.Input(shape=({F},))\ndense = keras.layers.Dense({F}, activation={name!r})\n"
            "answer = keras.Model(x, dense(dense(x)))"
        ),
    )


parameters_of_dense = Exercise(_dense_parameters, judge_number)
shape_after_flatten = Exercise(_flat_shape, judge_shape)
dropout_after_training = Exercise(_dropout, judge_choice)
output_of_dense = Exercise(_dense, judge_array)
write_the_look_up = Exercise(_look_up, judge_function)
build_a_shared_layer = Exercise(_shared, judge_layer)
