"""The exercises of lesson 07: what single arguments do, masks, and a cell of one's own."""

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
    judge_shape_of_layer,
)
from course_utils.exercises.slips import added_up, away_from_zero, choice, different_sizes, simple_rnn_weights
from course_utils.recurrence import random_input, random_spec


def _cost(random: np.random.Generator) -> Variant:
    strength = float(random.choice([0.1, 0.2, 0.5]))
    W, R = away_from_zero(random, (2, 3), 0.5, 2.0), away_from_zero(random, (3, 3), 0.5, 2.0)
    squares = (W**2).sum()
    return Variant(
        ask=(
            "given.W and given.R are the kernel and the recurrent kernel of SimpleRNN(3, kernel_regularizer="
            f"keras.regularizers.L2({strength})). How much does the regularizer add to the loss?"
        ),
        answer=strength * squares,
        praise=f"{strength} times the sum of the squares of W; R has a regularizer of its own, and it is off.",
        slips=(
            Slip(squares, f"The strength is missing: multiply the sum by {strength}."),
            Slip(strength * np.abs(W).sum(), "This is the cost of L1: L2 takes the squares."),
            Slip(strength * np.sqrt(squares), "Leave out the root: the sum of the squares itself counts."),
            Slip(strength * squares / W.size, "This is a mean: L2 takes the sum of the squares."),
            Slip(
                strength * (squares + (R**2).sum()),
                "You counted R too, but kernel_regularizer acts on W alone.",
            ),
            Slip(strength * (R**2).sum(), "This is the cost of R: kernel is the name of W."),
        ),
        hints=(
            "Which of the two arrays does kernel_regularizer look at?",
            "L2 takes the square of each number, and adds them all up.",
            f"{strength} * (given.W ** 2).sum()",
        ),
        code=f"answer = {strength} * (given.W ** 2).sum()",
        given=SimpleNamespace(W=W, R=R),
    )


def _with_dropout(random: np.random.Generator) -> Variant:
    F, U, rate = 3, 2, 0.5
    W, R, b = simple_rnn_weights(random, F, U)
    x = away_from_zero(random, (2, F))
    kept = random.permutation([True, True, False])
    mask = kept / (1 - rate)

    def last(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.tanh((x[1] * second) @ W + np.tanh((x[0] * first) @ W + b) @ R + b)

    return Variant(
        ask=(
            f"A SimpleRNN({U}, dropout={rate}) is called with training=True. given.x holds 2 steps of {F} features, "
            "given.W, given.R and given.b its weights, and given.kept says which features dropout keeps. "
            "Compute h_2."
        ),
        answer=last(mask, mask),
        praise="The same features are left out at both steps, and those that stay are divided by 0.5.",
        slips=(
            Slip(last(kept, kept), "The features that stay are divided by 1 - 0.5, so they are doubled."),
            Slip(last(np.ones(F), np.ones(F)), "This is what comes without training: nothing is left out there."),
            Slip(last(mask, np.ones(F)), "You used the mask at step 1 only; one mask serves all steps."),
            Slip(last(np.ones(F), mask), "You used the mask at step 2 only; one mask serves all steps."),
            Slip(np.tanh((x[0] * mask) @ W + b), "This is h_1: one more step is to come."),
            Slip(
                last(~kept / (1 - rate), ~kept / (1 - rate)),
                "You left out the features that are kept: True means that a feature stays.",
            ),
        ),
        hints=(
            "Dropout acts on x, before the product with W.",
            "A feature that stays is divided by 1 - 0.5. The mask is the same at both steps.",
            "mask = given.kept / 0.5; then h = np.tanh((x * mask) @ W + h @ R + b), twice, from h = 0.",
        ),
        code=(
            "import numpy as np\n\nmask = given.kept / 0.5\nanswer = np.zeros(2)\nfor x in given.x:\n"
            "    answer = np.tanh((x * mask) @ given.W + answer @ given.R + given.b)"
        ),
        given=SimpleNamespace(x=x, W=W, R=R, b=b, kept=kept),
    )


CAUSES = {
    "dropout": (
        "W is the identity, R and b are zero. Without training each row is [1, 1]. While training, they are {}.",
        "dropout=0.5",
        lambda mask: (mask, mask, mask),
        "The input is masked at each step by the same mask; nothing comes from the step before.",
        "With it the features of x are left out at each step, so no number could grow from row to row.",
    ),
    "recurrent_dropout": (
        "R is the identity, W and b are zero, h_0 is [1, 1]. Without training each row is [1, 1]. "
        "While training, they are {}.",
        "recurrent_dropout=0.5",
        lambda mask: (mask, mask**2, mask**3),
        "The old state meets the same mask at each step, so what stays is doubled again and again.",
        "It acts on the old state, and here R is zero: the old state does not count.",
    ),
}
"""Argument → what is given, how it is written, the three rows for a mask, why it is right, why it is wrong."""


def _which_argument(random: np.random.Generator) -> Variant:
    right = str(random.choice(list(CAUSES)))
    wrong = next(name for name in CAUSES if name != right)
    steps, units = int(random.integers(3, 7)), 2
    mask = np.array([0.0, 2.0])[random.permutation(units)]
    setting, written, rows_of, praise, _ = CAUSES[right]
    rows = ", ".join(str(row.astype(int).tolist()) for row in rows_of(mask))
    identity, zeros = np.eye(2).tolist(), np.zeros((2, 2)).tolist()
    W, R = (identity, zeros) if right == "dropout" else (zeros, identity)
    return choice(
        random,
        {
            written: "",
            CAUSES[wrong][1]: CAUSES[wrong][4],
            "kernel_constraint=MaxNorm(2)": (
                "A constraint acts on weights after a step of fit; here nothing was fitted."
            ),
            "zero_output_for_mask=True": "It sets outputs of masked steps to zero, and here is no mask.",
            "seed=0": "A seed only repeats draws; without a rate there is nothing to draw.",
        },
        ask=(
            f"A SimpleRNN(2) with activation=None and return_sequences=True reads {steps} steps of ones, without a "
            f"mask. {setting.format(rows)[:-1]} in the first three steps. Which argument was set?"
        ),
        answer=written,
        praise=praise,
        hints=(
            "Which arguments act only while training?",
            "What meets the mask: the input from below, or the old state from the left?",
            "Follow the number 2 from row to row: does it stay, or is it doubled?",
        ),
        reveal=(
            "import keras\nimport numpy as np\n\n"
            f"layer = keras.layers.SimpleRNN(2, activation=None, return_sequences=True, {written}, seed=1)\n"
            f"layer.build((1, {steps}, 2))\n"
            f"layer.set_weights([np.array({W}), np.array({R}), np.zeros(2)])\n"
            f"x, h_0 = np.ones((1, {steps}, 2)), np.ones((1, 2))\n"
            "print(np.array(layer(x, initial_state=h_0, training=True))[0, :3].round().astype(int).tolist())"
        ),
    )


def _without_bias(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    kind, other = (str(name) for name in random.permutation(["LSTM", "GRU"]))
    x = random_input(T, F)

    def giving(kind: str, *, units: int = U, sequences: bool = True, use_bias: bool = False) -> Behaviour:
        spec = random_spec(kind, units=units, features=F, return_sequences=sequences, use_bias=use_bias)
        return behaviour_of(spec, trials=(x,))

    right = giving(kind)
    return Variant(
        ask=(
            f"Build a keras.layers.{kind} without any bias that turns x of shape (1, {T}, {F}) "
            f"into all its states: shape (1, {T}, {U})."
        ),
        answer=right,
        praise=f"It has {right.parameters} parameters: only W and R are left.",
        slips=(
            Slip(giving(kind, use_bias=True), "The bias is still there: write use_bias=False."),
            Slip(giving(kind, sequences=False), "Only the last state leaves: write return_sequences=True."),
            Slip(giving(other), f"This is a {other}; the question asks for {kind}."),
            Slip(giving("SimpleRNN"), f"This is a SimpleRNN; the question asks for {kind}."),
            Slip(giving(kind, units=F), f"You gave it {F} units, the features; the output has {U} numbers a step."),
        ),
        hints=(
            "Three arguments: how many numbers a state holds, the bias, and what leaves.",
            "The bias is switched off with use_bias. bias_initializer='zeros' only lets it start at zero.",
            f"keras.layers.{kind}(…, use_bias=…, return_sequences=…)",
        ),
        code=f"import keras\n\nanswer = keras.layers.{kind}({U}, use_bias=False, return_sequences=True)",
    )


def _new(x: np.ndarray, h: np.ndarray, W: np.ndarray, R: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the next state of a SimpleRNN."""
    return np.tanh(x @ W + h @ R + b)


def _leaky(random: np.random.Generator) -> Variant:
    F, U = 2, 3
    shapes = ((F,), (U,), (F, U), (U, U), (U,))
    trials = tuple(
        (*(away_from_zero(random, shape) for shape in shapes), np.round(random.uniform(0.6, 0.9), 2)) for _ in range(3)
    )

    right = Behaviour(lambda x, h, W, R, b, keep: keep * h + (1 - keep) * _new(x, h, W, R, b), trials)
    ways = {
        "The two shares are swapped: keep is the share of the old state.": (
            lambda x, h, W, R, b, keep: (1 - keep) * h + keep * _new(x, h, W, R, b)
        ),
        "The new part has no share: multiply it by 1 - keep.": (
            lambda x, h, W, R, b, keep: keep * h + _new(x, h, W, R, b)
        ),
        "The old state is not kept: add keep times h.": lambda x, h, W, R, b, keep: (1 - keep) * _new(x, h, W, R, b),
        "This is the plain SimpleRNN: keep is not used.": lambda x, h, W, R, b, keep: _new(x, h, W, R, b),
        "You took tanh of the whole: the old state is added outside tanh.": (
            lambda x, h, W, R, b, keep: np.tanh(keep * h + (1 - keep) * (x @ W + h @ R + b))
        ),
    }
    return Variant(
        ask=(
            "Write a function cell(x, h, W, R, b, keep) that takes one step of a leaky cell and returns the next "
            "state: keep times the old state, and the rest, 1 - keep, times the new state of a SimpleRNN."
        ),
        answer=right,
        praise="With this line in the call of a cell, keras.layers.RNN does all the rest.",
        slips=tuple(Slip(Behaviour(way, trials), why) for why, way in ways.items()),
        hints=(
            "First compute the new state as SimpleRNN does: np.tanh(x @ W + h @ R + b).",
            "Then mix: a share of the old state, and the rest of the new one.",
            "def cell(x, h, W, R, b, keep): return keep * h + (1 - keep) * np.tanh(...)",
        ),
        code=(
            "import numpy as np\n\n\ndef answer(x, h, W, R, b, keep):\n"
            "    return keep * h + (1 - keep) * np.tanh(x @ W + h @ R + b)"
        ),
    )


def _mask(random: np.random.Generator) -> Variant:
    T, zero = 4, bool(random.integers(2))
    x = random.choice(np.arange(1, 10), size=T, replace=False).astype(float)
    mask = np.ones(T, dtype=bool)
    mask[int(random.integers(1, T - 1))] = False
    numbers, hole, sums = x.astype(int).tolist(), int(np.argmin(mask)), np.cumsum(x * mask)
    setting = ", zero_output_for_mask=True" * zero
    return Variant(
        ask=(
            "A SimpleRNN(1) with W = 1, R = 1, b = 0 and activation='linear' adds up what it reads. It reads "
            f"{numbers}, one number a step, with the mask {mask.tolist()}. Predict the {T} numbers that "
            f"SimpleRNN(1, activation='linear', return_sequences=True{setting}) returns."
        ),
        answer=added_up(x, mask=mask, zero_output_for_mask=zero),
        praise=f"Step {hole + 1} is skipped: the state stays {int(sums[hole])}, and {'0' if zero else 'it'} leaves.",
        slips=(
            Slip(np.cumsum(x), "Here nothing is skipped: False in the mask means that a step is not read."),
            Slip(
                added_up(x, mask=mask, zero_output_for_mask=not zero),
                "With zero_output_for_mask=True zero leaves at a masked step."
                if zero
                else "Without zero_output_for_mask a masked step gives out what left before, not zero.",
            ),
            Slip(
                np.concatenate([np.cumsum(x[:hole]), [0], np.cumsum(x[hole + 1 :])]),
                "The mask does not reset the memory: the state stays, and the sum goes on.",
            ),
            Slip(np.cumsum(x * ~mask), "You turned the mask round: True means that a step is read."),
        ),
        hints=(
            f"Which step is skipped? The one with False: step {hole + 1}.",
            "A skipped step leaves the state as it is. The next step adds to it.",
            f"The state is {sums.astype(int).tolist()}, one number a step. What leaves at step {hole + 1}?",
        ),
        code=f"import numpy as np\n\nanswer = np.cumsum(np.array({numbers}) * {mask.tolist()})"
        + f"\nanswer[{hole}] = 0  # the state stays, but zero leaves" * zero,
        reveal=f"""\
import keras
import numpy as np

layer = keras.layers.SimpleRNN(1, activation='linear', return_sequences=True{setting})
layer.build((1, {T}, 1))
layer.set_weights([np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)])
x = np.array({numbers}, dtype='float32').reshape(1, {T}, 1)
print('returned:', np.array(layer(x, mask=np.array([{mask.tolist()}]))).ravel().round().astype(int).tolist())""",
    )


cost_of_weights = Exercise(_cost, judge_number)
state_with_dropout = Exercise(_with_dropout, judge_array)
which_argument = Exercise(_which_argument, judge_choice)
build_without_bias = Exercise(_without_bias, judge_shape_of_layer)
write_the_leaky_cell = Exercise(_leaky, judge_function)
predict_with_mask = Exercise(_mask, judge_array)
