"""The exercises of lesson 09: what old lines of Keras mean today."""

from types import SimpleNamespace

import numpy as np

from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import (
    Behaviour,
    judge_array,
    judge_choice,
    judge_function,
    judge_number,
    judge_shape,
    judge_shape_of_layer,
)
from course_utils.exercises.slips import choice, different_sizes, total


def _lies(random: np.random.Generator) -> Variant:
    F, U = different_sizes(random, 2, high=9)
    wrong = {
        f"keras.layers.LSTM({U}, input_length=3)": "This stops: `input_length` is a word that LSTM does not know.",
        f"keras.layers.Dense({U}, init='uniform')": "This stops: `init` is a word that Dense does not know.",
        "keras.optimizers.Adam(lr=0.01)": "This stops: `lr` is a word that Adam does not know.",
        "keras.Input(batch_input_shape=(1, 3, 2))": "This stops: keras.Input knows `batch_shape`.",
    }
    right = f"keras.layers.GRU({U})"
    return choice(
        random,
        {right: "", **wrong},
        ask=(
            f"Here are five lines of older texts, for a layer of {U} units on {F} features. Four stop with an error. "
            "One runs, but makes another layer than it did then. Which one? Say it before you see it."
        ),
        answer=right,
        praise=f"It has {3 * U} numbers more than before: a second bias, since reset_after=True is the default.",
        hints=(
            "A word that Keras does not know makes a line stop.",
            "Which line has only words, or numbers, that Keras still knows?",
            "Think of the parameters of a GRU, then and now.",
        ),
        reveal=(
            f"import keras\nimport numpy as np\n\nfor line in {[right, *wrong]}:\n"
            "    try:\n"
            "        layer = eval(line)\n"
            f"        layer(np.zeros((1, 3, {F})))\n"
            "        print(f'{line} runs, with', layer.count_params(), 'parameters;', "
            f"{total('GRU', F, U) - 3 * U}, 'before')\n"
            "    except (TypeError, ValueError):\n"
            "        print(line, 'stops')"
        ),
    )


def _input(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random, low=3, high=12)
    return Variant(
        ask=(
            f"An old text begins its model with LSTM({U}, input_length={T}, input_dim={F}). "
            "Today keras.Input stands before the layer. Which shape do you give to keras.Input?"
        ),
        answer=(T, F),
        praise=f"{T} time-steps, then {F} features; the batch is not named.",
        slips=(
            Slip((F, T), "You swapped them: the length is the number of time-steps, and it comes first."),
            Slip((T, U), "The units belong to the layer: the last number is how many features go in."),
            Slip((F,), "The time-steps are missing: a recurrent layer reads a sequence."),
            Slip((1, T, F), "The batch is not part of this shape: keras.Input adds it."),
        ),
        hints=(
            "input_length is how many steps a sequence has, input_dim is how many numbers a step has.",
            "The order is (time-steps, features).",
        ),
        code=f"import keras\n\nanswer = keras.Input(({T}, {F})).shape[1:]",
    )


def _classes(random: np.random.Generator) -> Variant:
    B, classes = different_sizes(random, 2, low=3, high=6)
    probabilities = random.dirichlet(np.ones(classes), B).round(2)
    right = probabilities.argmax(axis=1)
    return Variant(
        ask=(
            "An old text calls model.predict_classes(x). given.probabilities is what model.predict(x) gives today, "
            f"for {B} samples and {classes} classes. Compute the class of each sample."
        ),
        answer=right,
        praise="The place of the largest probability in each row is the class.",
        slips=(
            Slip(probabilities.max(axis=1), "These are the largest probabilities: the classes are their places."),
            Slip(right + 1, "You counted from 1: classes count from 0, as NumPy does."),
            Slip(probabilities.argmax(axis=0), "This goes down the columns: look along each row, the last axis."),
            Slip((probabilities > 0.5).astype(int), "This marks what is above one half: ask for one class a row."),
            Slip(probabilities.argmin(axis=1), "These are the least probable classes."),
        ),
        hints=(
            "Each row belongs to one sample. Where is its largest number?",
            "NumPy has a function for the place of the largest: argmax. Which axis?",
            "given.probabilities.argmax(axis=…), with the last axis.",
        ),
        code="answer = given.probabilities.argmax(axis=-1)",
        given=SimpleNamespace(probabilities=probabilities),
    )


def _decay(random: np.random.Generator) -> Variant:
    rate, decay = float(random.choice([0.1, 0.2, 0.5])), float(random.choice([0.01, 0.02, 0.05]))
    updates = int(random.integers(5, 20)) * 10
    right = 1 + decay * updates
    return Variant(
        ask=(
            f"An old text trains with SGD(lr={rate}, decay={decay}). The rate then fell by the rule: rate / (1 + decay "
            f"· updates). How many times smaller was it after {updates} updates than at the start?"
        ),
        answer=right,
        praise=f"{right:.3g} times smaller. Keras 3 ignores decay: there the rate would still be {rate}.",
        slips=(
            Slip(1, "This is what Keras 3 does, which ignores decay: what did the old rule give?"),
            Slip(decay * updates, "The 1 is missing: before the first update the rate is whole."),
            Slip(1 + decay, "This is after one update."),
            Slip(rate / right, "This is the rate itself: how many times smaller is it than the first one?"),
            Slip(1 / right, "This is the share that is left: turn it round."),
            Slip(updates, "You counted the updates: decay says how much each of them adds below the line."),
        ),
        hints=(
            "Divide the rate at the start by the rate after the updates.",
            f"The rate itself falls out: 1 + {decay} · {updates} is left.",
        ),
        code=(
            "import keras\n\n"
            f"rule = keras.optimizers.schedules.InverseTimeDecay({rate}, decay_steps=1, decay_rate={decay})\n"
            f"answer = float(rule(0)) / float(rule({updates}))"
        ),
    )


def _curve(random: np.random.Generator) -> Variant:
    trials = tuple((random.uniform(-4, 4, 6).round(2),) for _ in range(3))
    ways = {
        "This is the curve of Keras 3, of slope 1/6: the old slope was 1/5.": lambda z: np.clip(z / 6 + 0.5, 0, 1),
        "This is the smooth curve, the default today; the old one has straight lines.": lambda z: 1 / (1 + np.exp(-z)),
        "The limits are missing: below 0 it is 0, above 1 it is 1.": lambda z: 0.2 * z + 0.5,
        "The 0.5 is missing: at z = 0 a gate is half open.": lambda z: np.clip(0.2 * z, 0, 1),
        "The lower limit is 0: this gate can become negative.": lambda z: np.clip(0.2 * z + 0.5, -1, 1),
    }
    return Variant(
        ask=(
            "Write a function curve(z), with NumPy, that gives the hard_sigmoid of Keras 1 and 2: slope 1/5, "
            "0.5 at z = 0, and limits 0 and 1."
        ),
        answer=Behaviour(lambda z: np.clip(0.2 * z + 0.5, 0, 1), trials),
        praise="With this curve the weights of an old model give the states that they gave then.",
        slips=tuple(Slip(Behaviour(way, trials), why) for why, way in ways.items()),
        hints=(
            "First the straight line: how much does it rise for one step of z?",
            "np.clip(line, low, high) keeps it between two limits.",
            "np.clip(0.2 * z + …, …, …)",
        ),
        code="import numpy as np\n\n\ndef answer(z):\n    return np.clip(0.2 * z + 0.5, 0, 1)",
    )


def _translate(random: np.random.Generator) -> Variant:
    T, F, U, V = different_sizes(random, 4)
    D = 2
    x = random.uniform(-1, 1, (1, T, F))
    counts = total("LSTM", F, U), total("LSTM", U, V)

    def giving(shape: tuple[int, ...], numbers: int) -> Behaviour:
        return Behaviour(lambda _x: np.zeros(shape), ((x,),), numbers)

    all_numbers = sum(counts) + V * D + D
    swapped = total("LSTM", F, V) + total("LSTM", V, U) + U * D + D
    return Variant(
        ask=(
            "Translate this old model into a keras.Sequential of Keras 3: "
            f"LSTM(output_dim={U}, input_length={T}, input_dim={F}, return_sequences=True), LSTM(output_dim={V}), "
            f"Dense(output_dim={D}, activation='softmax'). Put the model into check."
        ),
        answer=giving((1, D), all_numbers),
        praise=f"The same network as then, with {all_numbers} parameters.",
        slips=(
            Slip(giving((1, T, D), all_numbers), "Of the second LSTM only the last state leaves: no return_sequences."),
            Slip(giving((1, V), sum(counts)), f"Dense({D}) is missing at the end."),
            Slip(giving((1, D), counts[0] + U * D + D), f"The second layer, LSTM({V}), is missing."),
            Slip(giving((1, D), swapped), f"You swapped two numbers: LSTM({U}) comes first, then LSTM({V})."),
        ),
        hints=(
            "Begin with keras.Input. Which of the old words say the shape of the input?",
            "output_dim is units today; it may stand first, without a name.",
            f"keras.Sequential([keras.Input(({T}, {F})), keras.layers.LSTM({U}, return_sequences=True), …, …])",
        ),
        code=(
            "import keras\n\nanswer = keras.Sequential([\n"
            f"    keras.Input(({T}, {F})),\n"
            f"    keras.layers.LSTM({U}, return_sequences=True),\n"
            f"    keras.layers.LSTM({V}),\n"
            f"    keras.layers.Dense({D}, activation='softmax'),\n])"
        ),
    )


which_line_lies = Exercise(_lies, judge_choice)
shape_of_input = Exercise(_input, judge_shape)
classes_of_probabilities = Exercise(_classes, judge_array)
rate_of_old_decay = Exercise(_decay, judge_number)
old_hard_sigmoid = Exercise(_curve, judge_function)
translate_a_model = Exercise(_translate, judge_shape_of_layer)
