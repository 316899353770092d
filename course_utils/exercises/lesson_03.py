"""The exercises of lesson 03: the parameters and the gates of an LSTM."""

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
from course_utils.exercises.slips import away_from_zero, choice, different_sizes, drawn_trials, parameter_slips, total
from course_utils.recurrence import RecurrentSpec, random_spec, run_layer
from course_utils.recurrence.activation_functions import sigmoid

BLOCK_NAMES = {"i": "the input gate", "f": "the forget gate", "c": "the candidate", "o": "the output gate"}
OPEN = 40.0  # the sigmoid of it is 1, and that of minus it 0


def _sizes(random: np.random.Generator) -> tuple[int, int, int]:
    """Draw T, F and U, all different; T is not 4, or who takes it for the number of blocks would be right."""
    T, F, U = different_sizes(random)
    return (T, F, U) if T != 4 else _sizes(random)


def _parameters_of_lstm(random: np.random.Generator) -> Variant:
    T, F, U = _sizes(random)
    right = total("LSTM", F, U)
    return Variant(
        ask=f"How many parameters does LSTM({U}) have on sequences of {T} time-steps with {F} features each?",
        answer=right,
        praise=f"Each of i, f, c̃ and o has {F}·{U} + {U}·{U} + {U} numbers; four times that is {right}.",
        slips=parameter_slips("LSTM", T, F, U),
        hints=(
            "How many would SimpleRNN have? How many blocks does an LSTM have?",
            "Each of the four blocks has its own W (F, U), R (U, U) and b (U,).",
            f"Here F = {F} and U = {U}: four times F·U + U·U + U.",
        ),
        code=f"answer = 4 * ({F} * {U} + {U} * {U} + {U})  # 4·(F·U + U·U + U)",
    )


def _shape_of_kernel(random: np.random.Generator) -> Variant:
    T, F, U = _sizes(random)
    right = random_spec("LSTM", units=U, features=F).kernel.shape
    return Variant(
        ask=f"keras.layers.LSTM({U}) reads sequences of {T} time-steps with {F} features. What shape has its kernel?",
        answer=right,
        praise=f"{F} rows, one for each feature, and 4·{U} columns: {U} for each of i, f, c̃ and o.",
        slips=(
            Slip((F, U), "This is one block: four blocks stand side by side."),
            Slip((U, 4 * U), "This is the recurrent kernel: it reads h. The kernel reads x."),
            Slip((4 * U, F), "You swapped rows and columns: x stands on the left of W, so W has F rows."),
            Slip((T, 4 * U), "The rows belong to the features of one step: T is in no shape of a weight."),
            Slip((F, 3 * U), "These are the three gates: the candidate c̃ has columns as well."),
            Slip((F + U, 4 * U), "This is kernel and recurrent kernel in one: Keras keeps them apart."),
            Slip((U, 4 * F), "You swapped units and features: F rows, and U columns in each block."),
        ),
        hints=(
            "The kernel multiplies x_t. How many numbers has x_t?",
            "F rows. Each of i, f, c̃ and o has U columns of its own.",
        ),
        code=(
            f"import keras\n\nlayer = keras.layers.LSTM({U})\nlayer.build((None, {T}, {F}))\n"
            "answer = tuple(layer.cell.kernel.shape)"
        ),
    )


def _forget_gate(random: np.random.Generator) -> Variant:
    F, U = 2, 3
    x, h = away_from_zero(random, F), away_from_zero(random, U)
    W, R, b = (away_from_zero(random, shape, 0.2, 0.9) for shape in ((F, 4 * U), (U, 4 * U), 4 * U))
    sums = dict(zip("ifco", np.split(x @ W + h @ R + b, 4), strict=True))
    z, mine = sums["f"], slice(U, 2 * U)
    return Variant(
        ask=(
            "given.x and given.h hold one input and the state before it; given.W, given.R and given.b are the arrays "
            f"of an LSTM({U}) as Keras stores them. Compute the forget gate f of this step, an array of {U} numbers."
        ),
        answer=sigmoid(z),
        praise=f"The second block of columns, {U} to {2 * U - 1}, of W, R and b; then the sigmoid.",
        slips=(
            *(
                Slip(sigmoid(sums[letter]), f"These columns belong to {BLOCK_NAMES[letter]}: the order is i, f, c̃, o.")
                for letter in "ico"
            ),
            Slip(z, "The sigmoid is missing: a gate lies between 0 and 1."),
            Slip(np.tanh(z), "This is tanh: gates take the sigmoid."),
            Slip(sigmoid(z - b[mine]), "The bias is missing; it has a forget part too."),
            Slip(sigmoid(z - h @ R[:, mine]), "The old state is missing: it goes through R and is added."),
        ),
        hints=(
            "In which order do the four blocks stand? How many columns has each?",
            f"f is the second block: columns {U} to {2 * U - 1}, in NumPy [:, {U}:{2 * U}].",
            f"z = x @ W[:, {U}:{2 * U}] + h @ R[:, {U}:{2 * U}] + b[{U}:{2 * U}], then the sigmoid of z.",
        ),
        code=(
            "import numpy as np\n\n"
            f"x, h, U = given.x, given.h, {U}\n"
            "z = x @ given.W[:, U : 2 * U] + h @ given.R[:, U : 2 * U] + given.b[U : 2 * U]\n"
            "answer = 1 / (1 + np.exp(-z))"
        ),
        given=SimpleNamespace(x=x, h=h, W=W, R=R, b=b),
    )


def _new_memory(random: np.random.Generator) -> Variant:
    U = 3
    i, f, o = (np.round(random.uniform(0.1, 0.9, U), 2) for _ in range(3))
    candidate, c = away_from_zero(random, U, 0.2, 0.9), away_from_zero(random, U, 0.2, 0.9)
    new = f * c + i * candidate
    return Variant(
        ask=(
            "given.i, given.f and given.o are the gates of one step, given.candidate is c̃, and given.c the memory "
            f"before it. Compute the memory after this step, an array of {U} numbers."
        ),
        answer=new,
        praise="f of the old memory is kept, i of the candidate is written; o waits until h.",
        slips=(
            Slip(i * c + f * candidate, "You swapped the gates: f stands before the old memory, i before c̃."),
            Slip(f * c, "This is only what is kept: add what is written."),
            Slip(i * candidate, "This is only what is written: add what is kept."),
            Slip(c + i * candidate, "The forget gate is missing: only f of the old memory is kept."),
            Slip(f * c + candidate, "The input gate is missing: only i of the candidate is written."),
            Slip(f * (c + i * candidate), "The forget gate acts on the old memory alone, not on the news."),
            Slip(o * np.tanh(new), "This is h, the state: the question asks for c."),
        ),
        hints=(
            "The double line of the picture: one part is kept, one part is written.",
            "f ⊙ c before, plus i ⊙ c̃. In NumPy, ⊙ is *.",
            "given.f * given.c + given.i * given.candidate",
        ),
        code="answer = given.f * given.c + given.i * given.candidate",
        given=SimpleNamespace(i=i, f=f, o=o, candidate=candidate, c=c),
    )


def _memory_after(steps: int, *, f: int, i: int, news: float, start: float) -> float:
    """Run an LSTM of one unit whose gates and candidate are set by its bias; return c at the end."""
    bias = np.array([OPEN if i else -OPEN, OPEN if f else -OPEN, np.arctanh(news), OPEN])
    spec = RecurrentSpec("LSTM", "lstm", np.zeros((1, 4)), np.zeros((1, 4)), bias)
    states = [np.zeros((1, 1)), np.full((1, 1), start)]
    _h, c = run_layer(spec, np.zeros((1, steps, 1)), initial_state=states).states
    return float(c[0, 0])


def _keeping(random: np.random.Generator) -> Variant:
    steps = int(random.integers(3, 10))
    start, news = (int(number) / 10 for number in random.choice(np.arange(2, 10), 2, replace=False))
    ways = {f"f = {f} and i = {i}": {"f": f, "i": i} for f, i in ((1, 0), (0, 1), (1, 1), (0, 0))}
    after = {name: _memory_after(steps, **gates, news=news, start=start) for name, gates in ways.items()}
    right = next(name for name, c in after.items() if abs(c - start) < 1e-3)
    why = {
        "f = 1 and i = 0": "f = 1 keeps the old memory and i = 0 writes nothing",
        "f = 0 and i = 1": "f = 0 drops the old memory and i = 1 writes the news",
        "f = 1 and i = 1": "f = 1 keeps the old memory, but i = 1 adds the news at every step",
        "f = 0 and i = 0": "f = 0 drops the old memory and i = 0 writes nothing",
    }
    return choice(
        random,
        {name: f"{why[name]}: c ends at {c:.2f}." for name, c in after.items()},
        ask=(
            f"The memory of one unit is c = {start}. In each of the next {steps} steps the candidate is {news}. "
            f"First guess: with which gates is c still {start} at the end?"
        ),
        answer=right,
        praise=f"f = 1 keeps all of c and i = 0 writes nothing: after {steps} steps c is still {start}.",
        hints=(
            "c after a step is f ⊙ c before, plus i ⊙ c̃.",
            "Which gate must be open so that nothing is lost? Which must be closed so that nothing is added?",
        ),
        reveal=(
            "import keras\nimport numpy as np\n\n"
            "layer = keras.layers.LSTM(1, return_state=True)\n"
            f"layer.build((None, {steps}, 1))\n"
            "zero, shut = np.zeros((1, 4)), -40  # the sigmoid of -40 is 0, that of 40 is 1\n"
            "for f, i in ((1, 0), (0, 1), (1, 1), (0, 0)):\n"
            f"    bias = [40 if i else shut, 40 if f else shut, np.arctanh({news}), 40]  # i, f, c̃, o\n"
            "    layer.set_weights([zero, zero, np.array(bias)])\n"
            f"    states = [np.zeros((1, 1), 'float32'), np.full((1, 1), {start}, 'float32')]  # h, c\n"
            f"    _, h, c = layer(np.zeros((1, {steps}, 1), 'float32'), initial_state=states)\n"
            "    print(f'f = {f}, i = {i}: c ends at {float(c[0, 0]):.2f}')"
        ),
    )


def _lstm_step(x, h, c, W, R, b, *, order="ifco", through=np.tanh, news=np.tanh, swapped=False) -> np.ndarray:
    """Return h and c after one step, (2, U).

    order: in which the blocks are read; through: c on its way to h; news: of the candidate;
    swapped: c first
    """
    z = dict(zip(order, np.split(x @ W + h @ R + b, 4), strict=True))
    i, f, o = (sigmoid(z[gate]) for gate in "ifo")
    c = f * c + i * news(z["c"])
    h = o * through(c)
    return np.array([c, h] if swapped else [h, c])


def _step_of_lstm(random: np.random.Generator) -> Variant:
    F, U = 2, 3
    trials = drawn_trials(random, (F,), (U,), (U,), (F, 4 * U), (U, 4 * U), (4 * U,))
    ways = {
        "You return c first and then h: the order is h, c.": {"swapped": True},
        "You read the blocks as i, f, o, c̃: Keras keeps them as i, f, c̃, o.": {"order": "ifoc"},
        "You read the blocks as f, i, c̃, o: Keras keeps them as i, f, c̃, o.": {"order": "fico"},
        "The candidate is no gate: it takes tanh, not the sigmoid.": {"news": sigmoid},
        "On its way to h, c goes through tanh.": {"through": lambda c: c},
    }
    slips = [
        Slip(Behaviour(lambda *arrays, way=way: _lstm_step(*arrays, **way), trials), why) for why, way in ways.items()
    ]
    no_bias = Behaviour(lambda x, h, c, W, R, b: _lstm_step(x, h, c, W, R, 0 * b), trials)
    return Variant(
        ask=(
            "Write a function step(x, h, c, W, R, b) that takes one step of an LSTM, with W, R and b as Keras stores "
            "them. It returns the two new states, np.array([h, c])."
        ),
        answer=Behaviour(_lstm_step, trials),
        praise="Six equations, five lines: a layer calls this step once for every time-step.",
        slips=(*slips, Slip(no_bias, "The bias is missing.")),
        hints=(
            "The loop of “All steps, by hand = by Keras” holds all that you need.",
            "np.split(x @ W + h @ R + b, 4) gives the four sums, in the order i, f, c̃, o.",
            "c = f * c + i * np.tanh(z_c), then h = o * np.tanh(c); return np.array([h, c]).",
        ),
        code=(
            "import numpy as np\n\n\n"
            "def answer(x, h, c, W, R, b):\n"
            "    z_i, z_f, z_c, z_o = np.split(x @ W + h @ R + b, 4)\n"
            "    i, f, o = (1 / (1 + np.exp(-z)) for z in (z_i, z_f, z_o))\n"
            "    c = f * c + i * np.tanh(z_c)\n"
            "    h = o * np.tanh(c)\n"
            "    return np.array([h, c])"
        ),
    )


parameters_of_lstm = Exercise(_parameters_of_lstm, judge_number)
shape_of_kernel = Exercise(_shape_of_kernel, judge_shape)
read_the_forget_gate = Exercise(_forget_gate, judge_array)
new_memory = Exercise(_new_memory, judge_array)
gates_that_keep = Exercise(_keeping, judge_choice)
write_the_step = Exercise(_step_of_lstm, judge_function)
