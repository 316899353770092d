"""The exercises of lesson 08: what is left of a gradient, which bias keeps it, clipping, and bags of words."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import Behaviour, judge_array, judge_choice, judge_function, judge_number
from course_utils.exercises.slips import away_from_zero, choice
from course_utils.recurrence.activation_functions import sigmoid


def _factors(random: np.random.Generator) -> Variant:
    T = 4
    h = away_from_zero(random, T, 0.3, 0.7)
    R = float(np.round(random.uniform(1.1, 1.5), 2))
    slopes = 1 - h**2
    return Variant(
        ask=(
            f"A SimpleRNN with one unit has R = {R} and the activation tanh. given.h holds its states h_1 to h_{T}. "
            f"Compute the gradient of h_{T} with respect to h_1, one number."
        ),
        answer=np.prod(R * slopes[1:]),
        praise=f"{T - 1} steps lie between h_1 and h_{T}: {T - 1} factors, each R times the slope of tanh.",
        slips=(
            Slip(np.prod(R * slopes), f"One factor too many: from h_1 to h_{T} there are only {T - 1} steps back."),
            Slip(np.prod(R * slopes[:-1]), f"Take the slopes of steps 2 to {T}: a step's slope is that of its h."),
            Slip(R ** (T - 1), "The slopes of tanh are missing: each factor is R times one of them."),
            Slip(np.prod(slopes[1:]), "R is missing: every step multiplies by it."),
            Slip(R * np.prod(slopes[1:]), "Each step multiplies by R, not only one of them."),
            Slip(np.prod(R * (1 - h[1:])), "The slope of tanh is 1 - h², with the square."),
            Slip(np.sum(R * slopes[1:]), "Multiply the factors: each step passes on what the step after it left."),
        ),
        hints=(
            f"How many steps lie between h_1 and h_{T}?",
            "Each step multiplies by R and by the slope of tanh at this step, 1 - h².",
            "np.prod(R * (1 - given.h[1:] ** 2))",
        ),
        code=f"import numpy as np\n\nanswer = np.prod({R} * (1 - given.h[1:] ** 2))  # steps 2 to {T}",
        given=SimpleNamespace(h=h),
    )


def _bias_in_place(random: np.random.Generator) -> Variant:
    U, bias = int(random.integers(2, 5)), int(random.integers(2, 10))
    blocks = bias * np.repeat(np.eye(4), U, axis=1)  # a row for each block that the bias may stand in
    right = blocks[1]
    return Variant(
        ask=(
            f"The forget gates of an LSTM({U}) shall start with the bias {bias}, all other biases with 0. "
            f"Write the bias as Keras stores it: an array of {4 * U} numbers."
        ),
        answer=right,
        praise=f"Keras's order is i, f, c̃, o, {U} numbers each: the second block is f.",
        slips=(
            Slip(blocks[0], "This is the block of the input gate: f stands second."),
            Slip(blocks[2], "This is the block of the candidate: f stands before it."),
            Slip(blocks[3], "This is the block of the output gate: f stands second."),
            Slip(np.full(4 * U, bias, float), "Only the forget gates: the other three blocks stay 0."),
            Slip(
                np.where(right > 0, sigmoid(np.array(float(bias))), 0), "Keras stores the bias itself, not its sigmoid."
            ),
            Slip(
                bias * np.tile(np.eye(4)[1], U),
                "The blocks stand side by side: first all of i, then all of f, and so on.",
            ),
        ),
        hints=(
            "The order of the blocks is i, f, c̃, o (lesson 03).",
            f"Each block has {U} numbers, so f fills the places {U} to {2 * U - 1}, counted from 0.",
            f"Begin with np.zeros({4 * U}), then fill the slice [{U}:{2 * U}].",
        ),
        code=f"import numpy as np\n\nanswer = np.zeros({4 * U})\nanswer[{U} : {2 * U}] = {bias}",
    )


def _bias_that_remembers(random: np.random.Generator) -> Variant:
    biases = tuple(range(7))
    gates = {bias: float(sigmoid(np.array(float(bias)))) for bias in biases}
    clear = [steps for steps in range(20, 140) if all(abs(gate**steps - 0.1) > 0.02 for gate in gates.values())]
    steps = int(random.choice(clear))
    left = {bias: gate**steps for bias, gate in gates.items()}
    right = next(bias for bias in biases if left[bias] > 0.1)
    near = [bias for bias in biases if abs(bias - right) <= 2]
    return choice(
        random,
        {
            f"bias {bias}": f"With {bias} only {left[bias]:.2g} is left after {steps} steps."
            if bias < right
            else f"With {bias} there is {left[bias]:.2f} left, but a smaller bias leaves more than a tenth, too."
            for bias in near
        },
        ask=(
            "In an LSTM with R = 0 and W = 0, the forget gate alone decides what is left of the memory. "
            f"Which is the smallest bias of f that leaves more than a tenth after {steps} steps? "
            "Say it before you see it."
        ),
        answer=f"bias {right}",
        praise=f"The gate is sigmoid({right}) = {gates[right]:.3f}, and {left[right]:.2f} is left.",
        hints=(
            "At each step the memory is multiplied by the gate, sigmoid(bias).",
            f"So after {steps} steps the gate is there to the power {steps}.",
            f"Compute (1 / (1 + np.exp(-bias))) ** {steps} for each bias.",
        ),
        reveal=(
            "import numpy as np\nimport keras\n\n"
            f"for bias in {tuple(near)}:\n"
            "    lstm = keras.layers.LSTM(1, return_state=True)\n"
            f"    lstm.build((1, {steps}, 1))\n"
            "    W, R, b = lstm.get_weights()\n"
            "    b[1:2] = bias\n"
            "    lstm.set_weights([0 * W, 0 * R, b])\n"
            f"    _, h, c = lstm(np.zeros((1, {steps}, 1)), initial_state=[np.zeros((1, 1)), np.ones((1, 1))])\n"
            "    print(f'bias {bias}: of a memory of 1, {float(c[0, 0]):.1g} is left')"
        ),
    )


def _length(*arrays: np.ndarray) -> float:
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))


def _all_together(random: np.random.Generator) -> Variant:
    W, R = (random.integers(1, 9, 2) * random.choice([-1, 1], 2) for _ in range(2))
    W, R = W.astype(float), R.astype(float)
    limit = 2.0
    return Variant(
        ask=(
            "given.W and given.R are the gradients of two arrays, two numbers each. "
            f"An optimizer has global_clipnorm={limit:g}. What becomes of the gradient given.W?"
        ),
        answer=W * limit / _length(W, R),
        praise=f"The length of all four numbers is {_length(W, R):.2f}; everything is divided by it, times {limit:g}.",
        slips=(
            Slip(W * limit / _length(W), "This is clipnorm: with global_clipnorm the length is that of both arrays."),
            Slip(np.clip(W, -limit, limit), "This is clipvalue: it cuts each number by itself."),
            Slip(W / _length(W, R), f"The length should be {limit:g} afterwards, not 1."),
            Slip(W, "The length of both arrays together is above the limit, so they are clipped."),
            Slip(
                W * limit / (_length(W) + _length(R)),
                "The common length is the root of the sum of all squares, not the sum of two lengths.",
            ),
            Slip(W * limit / _length(W, R) ** 2, "The root is missing: divide by the length, not by its square."),
        ),
        hints=(
            "First the common length: the root of the sum of the squares of all four numbers.",
            f"It is above {limit:g}, so both arrays are divided by it and multiplied by {limit:g}.",
            f"given.W * {limit:g} / np.sqrt((given.W ** 2).sum() + (given.R ** 2).sum())",
        ),
        code=(
            "import numpy as np\n\n"
            "length = np.sqrt((given.W**2).sum() + (given.R**2).sum())\n"
            f"answer = given.W * {limit:g} / length"
        ),
        given=SimpleNamespace(W=W, R=R),
    )


def _clip(random: np.random.Generator) -> Variant:
    large = away_from_zero(random, 3, 2, 6)
    small = away_from_zero(random, 3, 0.2, 0.4)
    matrix = away_from_zero(random, (2, 2), 1, 3)
    limit = float(np.round(random.uniform(1.2, 1.8), 1))
    trials = tuple((gradient, np.array(limit)) for gradient in (large, small, matrix))
    ways: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
        "Your function makes small gradients larger: below the limit, give the gradient back as it is.": (
            lambda gradient, limit: gradient * limit / _length(gradient)
        ),
        "This is clipvalue: clipnorm divides the whole array by one number.": (
            lambda gradient, limit: np.clip(gradient, -limit, limit)
        ),
        "Afterwards the length must be the limit, not 1: multiply by it.": (
            lambda gradient, limit: gradient / max(_length(gradient), limit)
        ),
        "The length is the root of the sum of squares, not the sum of the sizes.": (
            lambda gradient, limit: gradient * min(1, limit / np.abs(gradient).sum())
        ),
        "The length is that of the whole array, not of its largest number.": (
            lambda gradient, limit: gradient * min(1, limit / np.abs(gradient).max())
        ),
        "Nothing is clipped: compare the length with the limit.": lambda gradient, limit: gradient,
    }
    return Variant(
        ask=(
            "Write a function clip(gradient, limit) that does what clipnorm does to one array: "
            "if its length is above the limit, shorten it to the limit; else leave it as it is."
        ),
        answer=Behaviour(lambda gradient, limit: gradient * min(1, limit / _length(gradient)), trials),
        praise="Its direction stays, its length is at most the limit, and small gradients are left alone.",
        slips=tuple(Slip(Behaviour(way, trials), why) for why, way in ways.items()),
        hints=(
            "The length of an array is the root of the sum of its squares: np.linalg.norm.",
            "Only if the length is above the limit: gradient * limit / length.",
            "gradient * min(1, limit / length)",
        ),
        code=(
            "import numpy as np\n\n\n"
            "def answer(gradient, limit):\n"
            "    return gradient * min(1, limit / np.linalg.norm(gradient))"
        ),
    )


def _same_bag(random: np.random.Generator) -> Variant:
    good, other_good = random.choice(["good", "nice", "great", "fine"], 2, replace=False)
    bad, other_bad = random.choice(["bad", "dull", "poor", "awful"], 2, replace=False)
    right = f"not {good} but {bad}"
    return choice(
        random,
        {
            right: "",
            f"{good} and not {bad}": "The meaning is the same, but the words are not: here is “and”, there “but”.",
            f"not {other_bad} but {good}": f"Only one word differs, but the bag sees it: “{other_bad}”.",
            f"{bad} but {other_good}": f"“not” and “{good}” are missing in this one: another bag.",
            f"not {bad} but not {good}": "Here “not” stands twice: a bag counts how often.",
        },
        ask=f"A model sees only a bag of words. Which sentence can it not tell from “not {bad} but {good}”?",
        answer=right,
        praise="The same words, as often, in another order: one and the same bag, though the meaning is the opposite.",
        hints=("A bag counts the words and forgets their order.", "Look for the same words, each as often."),
    )


product_of_factors = Exercise(_factors, judge_number)
forget_bias_in_place = Exercise(_bias_in_place, judge_array)
bias_that_remembers = Exercise(_bias_that_remembers, judge_choice)
clip_all_together = Exercise(_all_together, judge_array)
clip_as_keras_does = Exercise(_clip, judge_function)
same_bag = Exercise(_same_bag, judge_choice)
