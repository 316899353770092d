"""What the exercises of many lessons share: sizes to draw, choices, and the classic slips with their sentences.

A slip is an answer that people really give. ``Exercise`` draws numbers until all answers differ, so nothing
here has to take care of that.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from course_utils.exercises.engine import Slip, Variant
from course_utils.recurrence import count, random_spec, run_layer
from course_utils.recurrence.activation_functions import activation_named
from course_utils.recurrence.kinds import KINDS


def different_sizes(random: np.random.Generator, how_many: int = 3, *, low: int = 3, high: int = 7) -> tuple[int, ...]:
    """Draw sizes, such as T, F and U, all different.

    >>> sorted(different_sizes(np.random.default_rng(0), 3, low=2, high=4))
    [2, 3, 4]
    """
    return tuple(int(size) for size in random.choice(np.arange(low, high + 1), size=how_many, replace=False))


def away_from_zero(
    random: np.random.Generator, shape: int | tuple[int, ...], low: float = 0.3, high: float = 0.9
) -> np.ndarray:
    """Draw numbers of two decimals and both signs, sizes low … high: none so small that leaving it out would not show.

    >>> away_from_zero(np.random.default_rng(1), 4)
    array([-0.39,  0.87,  0.49,  0.55])
    """
    return np.round(random.choice([-1, 1], shape) * random.uniform(low, high, shape), 2)


def drawn_trials(random: np.random.Generator, *shapes: tuple[int, ...]) -> tuple[tuple[np.ndarray, ...], ...]:
    """Draw three trials of a function: for each argument an array of its shape, numbers -1 … 1 of two decimals.

    >>> [[array.shape for array in trial] for trial in drawn_trials(np.random.default_rng(0), (2,), (2, 3))]
    [[(2,), (2, 3)], [(2,), (2, 3)], [(2,), (2, 3)]]
    """
    return tuple(tuple(np.round(random.uniform(-1, 1, shape), 2) for shape in shapes) for _ in range(3))


def choice(
    random: np.random.Generator,
    why: Mapping[str, str],
    *,
    ask: str,
    answer: str,
    praise: str,
    hints: tuple[str, ...],
    reveal: str = "",
) -> Variant:
    """Return a question with texts to choose from, in a drawn order.

    why: each text → why it is wrong; what stands there for the right one is not said

    >>> why = {"h": "", "x": "x goes in."}
    >>> choice(np.random.default_rng(0), why, ask="What leaves?", answer="h", praise="", hints=()).options
    ('h', 'x')
    """
    texts = list(why)
    slips = tuple(Slip(text, reason) for text, reason in why.items() if text != answer)
    options = tuple(texts[place] for place in random.permutation(len(texts)))
    return Variant(ask, answer, praise, slips, hints, f"answer = {answer!r}", options=options, reveal=reveal)


def added_up(
    x: np.ndarray, *, mask: np.ndarray | None = None, go_backwards: bool = False, zero_output_for_mask: bool = False
) -> np.ndarray:
    """Return what SimpleRNN(1) with W = 1, R = 1, b = 0 and no activation gives at each step. x: (T,); mask: (T,).

    >>> added_up(np.array([1.0, 2.0, 4.0]), go_backwards=True)
    array([4., 6., 7.])
    """
    plain = random_spec("SimpleRNN", units=1, features=1, return_sequences=True, go_backwards=go_backwards)
    one, linear = np.ones((1, 1)), activation_named("linear")
    manner = replace(plain.manner, zero_output_for_mask=zero_output_for_mask)
    spec = replace(plain, kernel=one, recurrent_kernel=one, activation=linear, manner=manner)
    masks = None if mask is None else mask[None]
    return run_layer(spec, x.reshape(1, -1, 1), mask=masks).output.ravel().astype(float)


def simple_rnn_weights(random: np.random.Generator, F: int, U: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw W (F, U), R (U, U) and b (U,) of a SimpleRNN, two decimals each; W and R by Keras's own rules.

    >>> [array.shape for array in simple_rnn_weights(np.random.default_rng(0), 2, 3)]
    [(2, 3), (3, 3), (3,)]
    """
    spec = random_spec("SimpleRNN", units=U, features=F, seed=int(random.integers(1000)))
    W, R = (np.round(array, 2).astype(float) for array in (spec.kernel, spec.recurrent_kernel))
    return W, R, away_from_zero(random, U, 0.2, 0.6)


def total(kind: str, F: int, U: int) -> int:
    """Count the parameters of a SimpleRNN, LSTM or GRU.

    >>> total("LSTM", 1, 10), total("GRU", 4, 5)
    (480, 165)
    """
    return count(random_spec(kind, units=U, features=F)).total


def parameter_slips(kind: str, T: int, F: int, U: int) -> tuple[Slip, ...]:
    """Return the slips in counting the parameters of SimpleRNN(U), LSTM(U) or GRU(U) on T steps of F features.

    >>> [slip.answer for slip in parameter_slips("SimpleRNN", 3, 2, 4)]
    [24, 12, 20, 32, 18, 84, 14]
    """
    right, blocks = total(kind, F, U), len(KINDS[kind].blocks)
    biases = right - blocks * (F * U + U * U)
    each = "U numbers" if blocks == 1 else f"{biases // U}·U numbers"
    one = F * U + U * U + U
    several = {
        "LSTM": (
            Slip(one, "The factor 4 is missing: each of i, f, c̃ and o has its own W, R and b."),
            Slip(right - 3 * U, "You counted one bias, but each of i, f, c̃ and o has its own."),
            Slip(3 * one, "You counted three blocks: the candidate c̃ has weights too, so there are four."),
        ),
        "GRU": (
            Slip(one, "The factor 3 is missing: each of z, r and h̃ has its own W, R and b."),
            Slip(3 * one, "The second bias is missing: with reset_after=True, R has a bias of its own."),
            Slip(4 * one, "Four blocks are those of an LSTM: a GRU has three, z, r and h̃."),
        ),
    }
    return (
        Slip(right - biases, f"The bias is missing: {each} in all."),
        Slip(right - blocks * U * U, "The recurrent kernel is missing: it carries the old state into the new one."),
        Slip(right - blocks * F * U, "The kernel is missing: it carries the input in."),
        Slip(total(kind, T, U), "You took the time-steps for the features: T is nowhere in the formula."),
        Slip(total(kind, F, T), "You took the time-steps for the units: T is nowhere in the formula."),
        Slip(right * T, "You counted the weights once for every time-step, but all steps share the same ones."),
        Slip(total(kind, U, F), "You swapped units and features: the state has U numbers, the input has F."),
        *several.get(kind, ()),
    )
