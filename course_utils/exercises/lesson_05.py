"""The exercises of lesson 05: images as sequences, how a training is counted, what a classifier says."""

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
)
from course_utils.exercises.slips import choice, different_sizes, drawn_trials, total
from course_utils.recurrence.activation_functions import activation_named


def _columns(random: np.random.Generator) -> Variant:
    B, rows, columns = different_sizes(random, low=4, high=12)
    return Variant(
        ask=(
            f"images has shape ({B}, {rows}, {columns}): {B} images of {rows} rows and {columns} columns. "
            "A recurrent layer shall read them column by column. What shape has the array that goes in?"
        ),
        answer=(B, columns, rows),
        praise=f"A column is a step, so T = {columns}; each column holds {rows} pixels, so F = {rows}.",
        slips=(
            Slip((B, rows, columns), "This is row by row: with columns as steps, the columns come before the rows."),
            Slip((columns, rows), "The batch axis is missing: every image is one sample."),
            Slip((columns, B, rows), "The batch comes first in Keras, then the time-steps, then the features."),
            Slip((B, rows * columns, 1), "This is pixel by pixel: each step would hold one pixel."),
            Slip((B, rows * columns), "A recurrent layer needs three axes: batch, time-steps, features."),
        ),
        hints=(
            "Keras's order is (batch, time-steps, features).",
            "The time-steps are what is read one after the other: here the columns.",
            f"There are {columns} columns. How many pixels stand in one of them?",
        ),
        code=(
            "import numpy as np\n\n"
            f"images = np.zeros(({B}, {rows}, {columns}))\n"
            "answer = np.swapaxes(images, 1, 2).shape  # rows and columns change places"
        ),
    )


def _updates(random: np.random.Generator) -> Variant:
    batch = int(random.choice([16, 32, 64, 128]))
    whole, rest = int(random.integers(5, 40)), int(random.integers(1, batch))
    epochs, samples = int(random.integers(3, 12)), whole * batch + rest
    return Variant(
        ask=(
            f"You train on {samples} digits with batch_size={batch} for {epochs} epochs. "
            "How many times does the optimizer move the weights?"
        ),
        answer=(whole + 1) * epochs,
        praise=f"{whole} full batches and a last one of {rest} make {whole + 1} updates an epoch, {epochs} times.",
        slips=(
            Slip(whole * epochs, f"The last batch is missing: {rest} digits are left over, and they are a batch too."),
            Slip(whole + 1, "These are the updates of one epoch."),
            Slip(whole, "This is one epoch, and without its last, smaller batch."),
            Slip(samples * epochs, "The weights move once for each batch, not once for each digit."),
            Slip(epochs, "An epoch is one pass over all digits: the weights move after every batch of it."),
        ),
        hints=(
            "The weights move once after each batch.",
            "How many batches make one epoch? The last one may be smaller.",
            f"{samples} / {batch}, rounded up, times {epochs}.",
        ),
        code=f"import math\n\nanswer = math.ceil({samples} / {batch}) * {epochs}",
    )


def _confusion(random: np.random.Generator) -> Variant:
    classes, samples = 3, 12
    right = random.integers(0, classes, samples)
    said = np.where(random.uniform(size=samples) < 0.6, right, random.integers(0, classes, samples))
    counted = np.zeros((classes, classes))
    np.add.at(counted, (right, said), 1)
    return Variant(
        ask=(
            f"given.right and given.said hold the right class and the answer for {samples} samples; classes are 0, 1, "
            "2. Compute the confusion matrix: the row is the right class, the column is the answer."
        ),
        answer=counted,
        praise=f"{int(np.trace(counted))} of {samples} answers are on the diagonal: these are right.",
        slips=(
            Slip(counted.T, "Rows and columns are swapped: the row is the right class."),
            Slip(counted / samples, "These are shares: count the samples, do not divide."),
            Slip(np.diag(np.diag(counted)), "You counted only the right answers: the wrong ones stand beside them."),
            Slip(counted - np.diag(np.diag(counted)), "You counted only the wrong answers: the diagonal is missing."),
        ),
        hints=(
            "Begin with zeros, three rows and three columns.",
            "For every sample add 1 in one place. Which row, which column?",
            "for r, s in zip(given.right, given.said): matrix[r, s] += 1",
        ),
        code=(
            "import numpy as np\n\n"
            f"answer = np.zeros(({classes}, {classes}))\n"
            "for right, said in zip(given.right, given.said, strict=True):\n"
            "    answer[right, said] += 1"
        ),
        given=SimpleNamespace(right=right, said=said),
    )


def _classify(random: np.random.Generator) -> Variant:
    U, classes = 4, 3
    softmax = activation_named("softmax")
    trials = drawn_trials(random, (U,), (U, classes), (classes,))
    ways = {
        "The softmax is missing: these are sums, not probabilities.": lambda h, W, b: h @ W + b,
        "The bias is missing.": lambda h, W, b: softmax(h @ W),
        "The sum is missing: divide by the sum of all exponentials.": lambda h, W, b: np.exp(h @ W + b),
        "This is a sigmoid for each class: the probabilities do not add up to 1.": (
            lambda h, W, b: 1 / (1 + np.exp(-(h @ W + b)))
        ),
        "You divided without np.exp: take the exponential first.": lambda h, W, b: (h @ W + b) / (h @ W + b).sum(),
    }
    return Variant(
        ask=(
            "Write a function classify(h, W, b) that takes the last state and the weights of the Dense, and returns "
            "the probability of each class, by softmax."
        ),
        answer=Behaviour(lambda h, W, b: softmax(h @ W + b), trials),
        praise="A product, a bias, a softmax. Call it with each state of a digit, and you see when it knows.",
        slips=tuple(Slip(Behaviour(way, trials), why) for why, way in ways.items()),
        hints=(
            "First the sums of the Dense: h through W, plus b.",
            "Softmax: the exponential of each sum, divided by the sum of the exponentials.",
            "sums = h @ W + b, then np.exp(sums) / np.exp(sums).sum()",
        ),
        code=(
            "import numpy as np\n\n\n"
            "def answer(h, W, b):\n"
            "    sums = h @ W + b\n"
            "    return np.exp(sums) / np.exp(sums).sum()"
        ),
    )


def _fewest(random: np.random.Generator) -> Variant:
    rows, columns, U = different_sizes(random, low=8, high=30)
    ways = {
        "row by row": (rows, columns),
        "column by column": (columns, rows),
        "pixel by pixel": (rows * columns, 1),
    }
    counted = {way: total("LSTM", F, U) for way, (_T, F) in ways.items()}
    right = min(counted, key=counted.__getitem__)
    smaller = "There F = {}, {} parameters. Is there a way with smaller F?"
    same = "The steps do not count, but the features do: F is how many pixels go in at a time."
    return choice(
        random,
        {
            **{way: smaller.format(ways[way][1], number) for way, number in counted.items()},
            "all three have the same number": same,
        },
        ask=(
            f"Images have {rows} rows and {columns} columns. LSTM({U}) can read them row by row, column by column or "
            "pixel by pixel. With which way has it the fewest parameters? Say it before you see it."
        ),
        answer=right,
        praise=f"One pixel a step is one feature: {counted[right]} parameters, used {ways[right][0]} times.",
        hints=("4·(F·U + U·U + U): what changes from one way to another?", "How many pixels go in at each step?"),
        reveal=(
            "import keras\n\n"
            f"ways = {ways}\n"
            "for way, (T, F) in ways.items():\n"
            f"    model = keras.Sequential([keras.Input((T, F)), keras.layers.LSTM({U})])\n"
            "    print(f'{way}: {T} steps of {F} features, {model.count_params()} parameters')"
        ),
    )


def _knows(random: np.random.Generator) -> Variant:
    rows, classes = 7, 3
    right = int(random.integers(3, rows))  # from this row on, counted from 1, it gives its last answer
    last, *others = (int(answer) for answer in random.permutation(classes))
    said = np.where(np.arange(1, rows + 1) >= right, last, random.choice(others, rows))
    early = int(random.integers(1, right - 1))  # the row in which it gives that answer for the first time
    said[: early - 1], said[early - 1] = others[0], last
    shares = random.uniform(0.05, 0.3, (rows, classes)).round(2)
    shares[np.arange(rows), said] += 1 - shares.sum(axis=1)
    return Variant(
        ask=(
            f"A model reads an image of {rows} rows. given.shares holds one line for each row: the probabilities of "
            "classes 0, 1 and 2 after it. From which row on does the model give its last answer, and no other any "
            "more? Read it off; rows count from 1. The check then shows every answer."
        ),
        answer=right,
        praise=f"After row {right - 1} it says {said[right - 2]}, from row {right} on it says {last} to the end.",
        slips=(
            Slip(early, f"There it says {last} for the first time, but it changes its mind once more."),
            Slip(right - 1, "After this row it gives another answer for the last time. Or did you count from 0?"),
            Slip(rows, f"At the end it says {last}, but it said so one row before, too."),
        ),
        hints=(
            "The answer after a row is the class with the largest probability.",
            f"After the last row it says {last}. Go up from there, row by row.",
            "Which is the lowest row with another answer? The next row is the one.",
        ),
        code=(
            "import numpy as np\n\n"
            "said = given.shares.argmax(axis=1)\n"
            "other = np.flatnonzero(said != said[-1])  # places, counted from 0\n"
            "answer = other[-1] + 2  # one row on, counted from 1"
        ),
        given=SimpleNamespace(shares=shares),
        reveal=(
            "for row, shares in enumerate(given.shares, 1):\n    print(f'after row {row}: it says', shares.argmax())"
        ),
    )


columns_as_steps = Exercise(_columns, judge_shape)
updates_of_a_training = Exercise(_updates, judge_number)
confusion_matrix = Exercise(_confusion, judge_array)
classify_a_state = Exercise(_classify, judge_function)
fewest_parameters = Exercise(_fewest, judge_choice)
when_it_knows = Exercise(_knows, judge_number)
