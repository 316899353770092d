"""The exercises of lesson 02: recurrent layers on top of each other."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import (
    Behaviour,
    behaviour_of,
    judge_array,
    judge_choice,
    judge_layer,
    judge_number,
    judge_shape,
    with_known_weights,
)
from course_utils.exercises.slips import away_from_zero, choice, different_sizes, simple_rnn_weights, total
from course_utils.recurrence import RecurrentSpec, random_input, random_spec, run_layer


def _parameters_above(random: np.random.Generator) -> Variant:
    T, F, below, U = different_sizes(random, 4, low=2, high=9)
    right = total("SimpleRNN", below, U)
    first = total("SimpleRNN", F, below)
    return Variant(
        ask=(
            f"Sequences of {T} time-steps with {F} features go into SimpleRNN({below}, return_sequences=True), and its "
            f"states into SimpleRNN({U}). How many parameters does the second layer have?"
        ),
        answer=right,
        praise=f"It reads {below} numbers a step: W holds {below}·{U}, R holds {U}·{U}, b holds {U}: together {right}.",
        slips=(
            Slip(
                total("SimpleRNN", F, U),
                "You took the features of the input. The second layer never sees it: it reads the states below.",
            ),
            Slip(right - U, f"The bias is missing: U = {U} numbers."),
            Slip(total("SimpleRNN", T, U), "You took the time-steps for the features: T is nowhere in the formula."),
            Slip(right * T, "You counted the weights once for every time-step, but all steps share the same ones."),
            Slip(right + first, "These are the parameters of both layers together; the question is about the second."),
            Slip(first, "These are the parameters of the first layer."),
            Slip(right - U * U, "The recurrent kernel is missing: it carries the old state into the new one."),
            Slip(total("SimpleRNN", U, below), "You swapped the units of the two layers."),
        ),
        hints=(
            "What does the second layer read at each step? How many numbers are that?",
            "Its F is the number of units of the layer below. Then count F·U, U·U and U.",
            f"Here F = {below} and U = {U}.",
        ),
        code=f"answer = {below} * {U} + {U} * {U} + {U}  # F is the number of units below",
    )


def _shape_after_a_stack(random: np.random.Generator) -> Variant:
    T, F, below, U = different_sizes(random, 4)
    B = 2
    lower = random_spec("LSTM", units=below, features=F, return_sequences=True)
    upper = random_spec("GRU", units=U, features=below, return_sequences=True)
    right = run_layer(upper, run_layer(lower, np.zeros((B, T, F))).output).output.shape
    return Variant(
        ask=(
            f"x has shape ({B}, {T}, {F}). It goes into LSTM({below}, return_sequences=True), and what this gives into "
            f"GRU({U}, return_sequences=True). What shape comes out?"
        ),
        answer=right,
        praise=f"All {T} states of the upper layer leave it, each of {U} numbers, for each of the {B} samples.",
        slips=(
            Slip((B, U), "You forgot return_sequences=True of the upper layer: all of its states leave, not one."),
            Slip(
                (B, T, below), "These are the states of the lower layer; the upper one gives states of its own units."
            ),
            Slip((B, T, below + U), "Widths do not add up: only the states of the upper layer leave the model."),
            Slip((B, 2 * T, U), "A second layer adds no steps: both layers take the same time-steps."),
            Slip((B, U, T), "You swapped two axes: time-steps come before units."),
            Slip((T, U), "The batch axis is missing: every sample of the batch has an output of its own."),
            Slip((B, T, F), "This is the shape of the input."),
        ),
        hints=(
            "Go upwards in the picture, one layer at a time: what leaves the lower layer?",
            f"The lower layer gives ({B}, {T}, {below}). The upper one reads that, and gives every state, too.",
        ),
        code=(
            "import keras\nimport numpy as np\n\n"
            f"states = keras.layers.LSTM({below}, return_sequences=True)(np.zeros(({B}, {T}, {F})))\n"
            f"answer = tuple(keras.layers.GRU({U}, return_sequences=True)(states).shape)"
        ),
    )


def _state_above(random: np.random.Generator) -> Variant:
    F, below, U = 3, 3, 2
    W1, R1, b1 = simple_rnn_weights(random, F, below)
    W2, R2, b2 = simple_rnn_weights(random, below, U)
    x, lower, upper = (away_from_zero(random, size) for size in (F, below, U))
    new = np.tanh(x @ W1 + lower @ R1 + b1)
    return Variant(
        ask=(
            "given.x is the input of one step; given.lower and given.upper are the states of layers 1 and 2 before it; "
            "given.W1, given.R1, given.b1 and given.W2, given.R2, given.b2 are their weights. "
            f"Compute the new state of layer 2, an array of {U} numbers."
        ),
        answer=np.tanh(new @ W2 + upper @ R2 + b2),
        praise="First the new state of layer 1; then layer 2 reads it as its input, and takes its own old state.",
        slips=(
            Slip(
                np.tanh(lower @ W2 + upper @ R2 + b2),
                "Layer 2 reads the new state of layer 1, not the old one: compute layer 1 first.",
            ),
            Slip(np.tanh(x @ W2 + upper @ R2 + b2), "Layer 2 does not read x: it reads the new state of layer 1."),
            Slip(new, "This is the new state of layer 1; one more row of the mesh is missing."),
            Slip(np.tanh(new @ W2 + b2), "The old state of layer 2 is missing: given.upper goes through given.R2."),
            Slip(np.tanh(new @ W2 + upper @ R2), "The bias of layer 2 is missing."),
            Slip(new @ W2 + upper @ R2 + b2, "The last activation is missing: take tanh of the sum."),
            Slip(
                np.tanh((x @ W1 + lower @ R1 + b1) @ W2 + upper @ R2 + b2),
                "The activation of layer 1 is missing: take tanh there, too.",
            ),
        ),
        hints=(
            "Two boxes of one column of the mesh: first the lower one, then the upper one.",
            "new = np.tanh(given.x @ given.W1 + given.lower @ given.R1 + given.b1) is the lower box.",
            "The upper box is the same rule with W2, R2, b2: it reads new, and its old state is given.upper.",
        ),
        code=(
            "import numpy as np\n\nnew = np.tanh(given.x @ given.W1 + given.lower @ given.R1 + given.b1)\n"
            "answer = np.tanh(new @ given.W2 + given.upper @ given.R2 + given.b2)"
        ),
        given=SimpleNamespace(x=x, lower=lower, upper=upper, W1=W1, R1=R1, b1=b1, W2=W2, R2=R2, b2=b2),
    )


def _repair(random: np.random.Generator) -> Variant:
    T, F, below, U = different_sizes(random, 4)
    x = random_input(T, F)

    def giving(*units: int, sequences: bool = False) -> Behaviour:
        return behaviour_of(*_stack(F, units, [True] * (len(units) - 1) + [sequences]), trials=(x,))

    lower, upper = with_known_weights(*_stack(F, (below, U), [False, False]))

    def with_copies(x: np.ndarray) -> np.ndarray:
        """Run both layers with a RepeatVector between them, as many steps as x has."""
        last = run_layer(lower, x).output
        return run_layer(upper, np.repeat(last[:, np.newaxis], T, axis=1)).output

    both = giving(below, U)
    return Variant(
        ask=(
            f"Keras cannot run keras.Sequential([keras.layers.SimpleRNN({below}), keras.layers.SimpleRNN({U})]) "
            f"on x of shape (1, {T}, {F}). Repair the model: the upper layer reads every state of the lower one, "
            f"and the output has shape (1, {U})."
        ),
        answer=both,
        praise=f"The lower layer gives all {T} states, the upper one reads them and gives its last.",
        slips=(
            Slip(
                giving(below, U, sequences=True),
                "Now the upper layer gives every state, too: it has no layer above, so leave out its return_sequences.",
            ),
            Slip(giving(U), "This runs, but the lower layer is gone: keep both."),
            Slip(giving(U, below), "You swapped the layers: the first of the list is the lowest."),
            Slip(
                Behaviour(with_copies, both.trials, both.parameters),
                "This runs, but the upper layer reads copies of one state: let the lower layer give every state.",
            ),
            Slip(giving(below, sequences=True), "The upper layer is missing: keep both."),
        ),
        hints=(
            "Which layer is refused, and what does the layer below it give?",
            "The upper layer needs a sequence: the states of all steps of the lower one.",
            "Write return_sequences=True into the lower layer, and only there.",
        ),
        code=(
            "import keras\n\n"
            "answer = keras.Sequential(\n"
            f"    [keras.layers.SimpleRNN({below}, return_sequences=True), keras.layers.SimpleRNN({U})]\n"
            ")"
        ),
    )


def _stack(F: int, units: Sequence[int], pattern: Sequence[bool]) -> list[RecurrentSpec]:
    """Return layers from the lowest. pattern: return_sequences of each."""
    widths = [F, *units]
    return [
        random_spec("SimpleRNN", units=width, features=below, return_sequences=every)
        for below, width, every in zip(widths, units, pattern, strict=False)
    ]


def _which_layers(random: np.random.Generator) -> Variant:
    depth, each_word = int(random.integers(3, 7)), bool(random.integers(2))
    T, F, U = different_sizes(random)
    patterns = {
        "all of them": [True] * depth,
        "all but the last": [True] * (depth - 1) + [False],
        "only the last": [False] * (depth - 1) + [True],
        "only the first": [True] + [False] * (depth - 1),
        "none of them": [False] * depth,
    }
    wanted = (1, T, U) if each_word else (1, U)
    given = {name: _output_of_stack(pattern, T, F, U) for name, pattern in patterns.items()}
    right = next(name for name, shape in given.items() if shape == wanted)
    listed = "".join(f"    {which!r}: {pattern},\n" for which, pattern in patterns.items())
    answers = "one answer for each word" if each_word else "one answer for the whole sentence"
    return choice(
        random,
        {name: _why_not(name, shape) for name, shape in given.items()},
        ask=(
            f"You stack {depth} SimpleRNN layers of {U} units. The model reads sentences of {T} words with "
            f"{F} features each, and gives {answers}. Which of the layers need return_sequences=True?"
        ),
        answer=right,
        praise="Every layer with a recurrent layer above it gives a sequence; the task decides about the last one.",
        hints=(
            "What must the layer below give, so that the layer above can read it step by step?",
            "The last layer has no recurrent layer above it: there the task decides.",
        ),
        reveal=(
            "import keras\n\n"
            f"patterns = {{\n{listed}}}\n"
            "for which, pattern in patterns.items():\n"
            f"    model = keras.Sequential([keras.Input(({T}, {F}))])\n"
            "    try:\n"
            "        for every in pattern:\n"
            f"            model.add(keras.layers.SimpleRNN({U}, return_sequences=every))\n"
            "        print(f'{which}: output {model.output_shape}')\n"
            "    except ValueError as problem:\n"
            "        print(f'{which}: refused,', str(problem).partition(': ')[2])"
        ),
    )


def _output_of_stack(pattern: list[bool], T: int, F: int, U: int) -> tuple[int, ...] | None:
    """Return the shape that a stack gives for one sample; None where a layer is refused. pattern: return_sequences."""
    flowing = np.zeros((1, T, F))
    for layer in _stack(F, [U] * len(pattern), pattern):
        if flowing.ndim != 3:
            return None
        flowing = run_layer(layer, flowing).output
    return flowing.shape


def _why_not(name: str, shape: tuple[int, ...] | None) -> str:
    if shape is None:
        place = 3 if name == "only the first" else 2
        return f"With {name}, layer {place} gets one state in the place of a sequence, and Keras refuses it."
    many = "one answer for each word" if len(shape) == 3 else "one answer for the whole sentence"
    return f"With {name}, the last layer decides the output: {many}."


ONE, EVERY = "a last layer with return_sequences=False", "a last layer with return_sequences=True"
OTHER, DEEPER = "an encoder and a decoder", "one more layer below the last one"


def _which_drawing(random: np.random.Generator) -> Variant:
    T, other = different_sizes(random, 2, low=4, high=19)
    tasks = (
        (f"A sentence of {T} words goes in. Out comes one number: how friendly it is.", 1),
        (f"The temperatures of {T} hours go in. Out comes one number: the rain of tomorrow.", 1),
        (f"A sentence of {T} words goes in. For each of its words, out comes: a name, or no name.", T),
        (f"A film of {T} pictures goes in. For each of its pictures, out comes: a cat, or no cat.", T),
        (f"An English sentence of {T} words goes in. Out comes the same in French, in {other} words.", other),
        (f"A question of {T} words goes in. Out comes an answer of {other} words.", other),
    )
    task, out = tasks[int(random.integers(len(tasks)))]
    drawing = {1: ONE, T: EVERY}
    right = drawing.get(out, OTHER)
    why_not = {
        ONE: f"That gives one answer, but {out} must come out.",
        EVERY: f"That gives {T} answers, one for each step, but {out} must come out.",
        OTHER: "That is for an output of another length; here one recurrent stack is enough.",
        DEEPER: "Depth does not change what comes out: a deeper stack has an output of the same shape.",
    }
    return choice(
        random,
        why_not,
        ask=f"{task} Which of these does the model need for that?",
        answer=right,
        praise=f"In go {T} steps, and the number of answers is {out}. Depth is another question.",
        hints=(
            "Count: how many steps go in, and how many answers come out?",
            "One answer, one for each step, or another number? There is a drawing for each in this lesson.",
        ),
    )


parameters_of_the_upper_layer = Exercise(_parameters_above, judge_number)
shape_after_a_stack = Exercise(_shape_after_a_stack, judge_shape)
state_of_the_second_layer = Exercise(_state_above, judge_array)
repair_the_stack = Exercise(_repair, judge_layer)
which_layers_give_sequences = Exercise(_which_layers, judge_choice)
drawing_for_a_task = Exercise(_which_drawing, judge_choice)
