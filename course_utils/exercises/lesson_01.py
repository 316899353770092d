"""The exercises of lesson 01: the cell of a SimpleRNN."""

from types import SimpleNamespace

import numpy as np

from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import (
    Behaviour,
    behaviour_of,
    judge_array,
    judge_choice,
    judge_function,
    judge_number,
    judge_shape,
    judge_shape_of_layer,
)
from course_utils.exercises.slips import (
    away_from_zero,
    choice,
    different_sizes,
    drawn_trials,
    parameter_slips,
    simple_rnn_weights,
    total,
)
from course_utils.recurrence import random_input, random_spec, run_layer


def _parameters(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    right = total("SimpleRNN", F, U)
    return Variant(
        ask=f"How many parameters does SimpleRNN({U}) have on sequences of {T} time-steps with {F} features each?",
        answer=right,
        praise=f"W holds {F}·{U}, R holds {U}·{U} and b holds {U}: together {right}. The {T} time-steps share them.",
        slips=parameter_slips("SimpleRNN", T, F, U),
        hints=(
            "There are three arrays: W, R and b. What is the shape of each?",
            "W is (F, U), R is (U, U), b is (U,). Time-steps share them.",
            f"Here F = {F} and U = {U}. Add F·U, U·U and U.",
        ),
        code=f"answer = {F} * {U} + {U} * {U} + {U}  # F·U + U·U + U",
    )


def _output_shape(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    B = 2
    right = run_layer(random_spec("SimpleRNN", units=U, features=F), np.zeros((B, T, F))).output.shape
    return Variant(
        ask=f"x has shape ({B}, {T}, {F}). What shape does keras.layers.SimpleRNN({U})(x) have?",
        answer=right,
        praise=f"One row of {U} numbers for each of the {B} samples: the last state, h_{T}.",
        slips=(
            Slip((B, T, U), "These are the states of all steps; only the last leaves, unless return_sequences=True."),
            Slip((B, F), "The output has as many numbers as there are units, not features."),
            Slip((B, T), "The output has as many numbers as there are units, not time-steps."),
            Slip((U,), "The batch axis is missing: every sample of the batch has an output of its own."),
            Slip((B, T, F), "This is the shape of the input."),
        ),
        hints=(
            "Which states leave the layer, all of them or one? Look for the solid output in the picture.",
            "One state for each sample: (samples, units).",
        ),
        code=(
            "import keras\nimport numpy as np\n"
            f"answer = tuple(keras.layers.SimpleRNN({U})(np.zeros(({B}, {T}, {F}))).shape)"
        ),
    )


def _next_state(random: np.random.Generator) -> Variant:
    F, U = 2, 3
    W, R, b = simple_rnn_weights(random, F, U)
    x = random_input(1, F, seed=int(random.integers(1000)))[0, 0].astype(float)
    h = away_from_zero(random, U)
    return Variant(
        ask=(
            "given.x, given.h, given.W, given.R and given.b hold one input, the state before it and the weights "
            f"of a SimpleRNN({U}). Compute the next state, an array of {U} numbers."
        ),
        answer=np.tanh(x @ W + h @ R + b),
        praise="The input through W, the old state through R, the bias added, and tanh of the sum.",
        slips=(
            Slip(x @ W + h @ R + b, "The activation is missing: take tanh of the sum."),
            Slip(np.tanh(x @ W + h @ R), "The bias is missing."),
            Slip(np.tanh(x @ W + b), "The old state is missing: it goes through R and is added."),
            Slip(np.tanh(h @ R + b), "The input is missing: it goes through W and is added."),
            Slip(
                np.tanh(x @ W + R @ h + b),
                "You wrote R @ h. Write h @ R: the state stands on the left, as in the formula.",
            ),
            Slip(np.tanh(x @ W) + np.tanh(h @ R) + b, "Add first, then take tanh once, of the whole sum."),
        ),
        hints=(
            "The picture of the inside of a step shows it line by line.",
            "In NumPy, x·W is x @ W. The activation is np.tanh.",
            "np.tanh(x @ W + h @ R + b), with the arrays of given.",
        ),
        code="import numpy as np\nanswer = np.tanh(given.x @ given.W + given.h @ given.R + given.b)",
        given=SimpleNamespace(x=x, h=h, W=W, R=R, b=b),
    )


def _cell(random: np.random.Generator) -> Variant:
    U, F = 3, 2
    trials = drawn_trials(random, (F,), (U,), (F, U), (U, U), (U,))
    ways = {
        "The activation is missing: take tanh of the sum.": lambda x, h, W, R, b: x @ W + h @ R + b,
        "The bias is missing.": lambda x, h, W, R, b: np.tanh(x @ W + h @ R),
        "The old state is missing: it goes through R and is added.": lambda x, h, W, R, b: np.tanh(x @ W + b),
        "You swapped h and x: x goes through W, the old state through R, so write h @ R, not R @ h.": (
            lambda x, h, W, R, b: np.tanh(x @ W + R @ h + b)
        ),
    }
    return Variant(
        ask="Write a function cell(x, h, W, R, b) that takes one step of a SimpleRNN and returns the next state.",
        answer=Behaviour(lambda x, h, W, R, b: np.tanh(x @ W + h @ R + b), trials),
        praise="One line of NumPy is the whole cell; a layer calls it once for every time-step.",
        slips=tuple(Slip(Behaviour(way, trials), why) for why, way in ways.items()),
        hints=(
            "The formula stands in every box of the unrolled picture.",
            "x·W is x @ W, h·R is h @ R; add b; tanh of the sum.",
            "def cell(x, h, W, R, b): return np.tanh(...)",
        ),
        code="import numpy as np\n\n\ndef answer(x, h, W, R, b):\n    return np.tanh(x @ W + h @ R + b)",
    )


def _layer(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    x = random_input(T, F)

    def giving(units: int, *, sequences: bool = False, use_bias: bool = True) -> Behaviour:
        spec = random_spec("SimpleRNN", units=units, features=F, return_sequences=sequences, use_bias=use_bias)
        return behaviour_of(spec, trials=(x,))

    return Variant(
        ask=(
            f"Build a keras.layers.SimpleRNN that turns x of shape (1, {T}, {F}) into an output of shape (1, {U}), "
            "with a bias, as Keras has it unless told otherwise."
        ),
        answer=giving(U),
        praise=f"units = {U} is the width of the output; T and F come from the data.",
        slips=(
            Slip(giving(U, sequences=True), "This gives the states of all steps: leave out return_sequences=True."),
            Slip(giving(T), "You gave it as many units as there are time-steps. Units are the width of the output."),
            Slip(giving(F), "You gave it as many units as there are features. Units are the width of the output."),
            Slip(giving(U, use_bias=False), "The bias is switched off; leave out use_bias=False."),
        ),
        hints=("Only one number has to be chosen: units.", f"The output has {U} numbers for each sample."),
        code=f"import keras\n\nanswer = keras.layers.SimpleRNN({U})",
    )


def _what_grows(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    before = total("SimpleRNN", F, U)
    after = {
        "the units": total("SimpleRNN", F, 2 * U),
        "the features": total("SimpleRNN", 2 * F, U),
        "the time-steps": before,
    }
    right = next(name for name, number in after.items() if number == before)
    return choice(
        random,
        {
            **{
                name: f"With {name} doubled there are {number} parameters in the place of {before}."
                for name, number in after.items()
            },
            "none of them": "One of them is nowhere in the formula F·U + U·U + U.",
        },
        ask=f"One of these may be doubled without giving SimpleRNN({U}) on {F} features a new parameter. Which?",
        answer=right,
        praise=f"{before} parameters before and after: every step uses the same W, R and b.",
        hints=("W is (F, U), R is (U, U), b is (U,).", "Which of T, F and U is in none of these shapes?"),
        reveal=(
            "import keras\n\n"
            f"doubled = {{'the units': ({T}, {F}, {2 * U}), 'the features': ({T}, {2 * F}, {U}), "
            f"'the time-steps': ({2 * T}, {F}, {U})}}\n"
            f"for what, (T, F, U) in {{'nothing': ({T}, {F}, {U}), **doubled}}.items():\n"
            "    model = keras.Sequential([keras.Input((T, F)), keras.layers.SimpleRNN(U)])\n"
            "    print(what, 'doubled:', model.count_params(), 'parameters')"
        ),
    )


parameters_of_simple_rnn = Exercise(_parameters, judge_number)
shape_of_output = Exercise(_output_shape, judge_shape)
next_hidden_state = Exercise(_next_state, judge_array)
what_may_grow = Exercise(_what_grows, judge_choice)
write_the_cell = Exercise(_cell, judge_function)
build_a_layer = Exercise(_layer, judge_shape_of_layer)
