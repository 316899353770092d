"""The exercises of lesson 06: the GRU, and reading in two directions."""

from functools import partial
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
from course_utils.exercises.slips import away_from_zero, choice, different_sizes, drawn_trials, parameter_slips, total
from course_utils.recurrence import random_input, random_spec, run_layer
from course_utils.recurrence.activation_functions import sigmoid

KINDS = ("SimpleRNN", "LSTM", "GRU")


def _parameters_of_gru(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    right = total("GRU", F, U)
    return Variant(
        ask=f"How many parameters does GRU({U}) have on sequences of {T} time-steps with {F} features each?",
        answer=right,
        praise=f"Each of z, r and h̃ has {F}·{U} + {U}·{U} numbers and two biases of {U}; three times that is {right}.",
        slips=parameter_slips("GRU", T, F, U),
        hints=(
            "How many blocks has a GRU? What is the shape of its bias?",
            "Each of the three blocks has its own W (F, U), R (U, U) and two biases (U,).",
            f"Here F = {F} and U = {U}: three times F·U + U·U + 2·U.",
        ),
        code=f"answer = 3 * ({F} * {U} + {U} * {U} + 2 * {U})  # 3·(F·U + U·U + 2·U)",
    )


def _shape_of_both(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    B, kind = 2, str(random.choice(KINDS))
    mode, sequences = str(random.choice(["concat", "sum", "ave"])), bool(random.integers(2))
    spec = random_spec(kind, units=U, features=F, return_sequences=sequences)
    half = run_layer(spec, np.zeros((B, T, F))).output
    right = (np.concatenate([half, half], axis=-1) if mode == "concat" else half + half).shape
    if mode == "concat":
        praise = f"Both states stand side by side: 2·{U} = {right[-1]} numbers."
        width = Slip((*right[:-1], U), "'concat' puts the two states side by side: their widths add up.")
    else:
        praise = f"The two states are put into one of the same width: {right[-1]} numbers."
        width = Slip((*right[:-1], 2 * U), f"Only 'concat' makes the output wider; '{mode}' gives one number a unit.")
    if sequences:
        steps = Slip((B, right[-1]), "With return_sequences=True every step has an output.")
    else:
        steps = Slip((B, T, right[-1]), "Without return_sequences=True each direction gives one state, its last.")
    inner = f"keras.layers.{kind}({U}{', return_sequences=True' * sequences})"
    layer = f"keras.layers.Bidirectional({inner}, merge_mode={mode!r})"
    return Variant(
        ask=f"x has shape {(B, T, F)}. What shape does {layer}(x) have?",
        answer=right,
        praise=praise,
        slips=(
            width,
            steps,
            Slip((B, 2 * T, U), "The two directions read the same steps: the number of steps does not double."),
            Slip((2 * B, *right[1:]), "The samples stay what they are: two directions do not double the batch."),
            Slip(right[1:], "The batch axis is missing: every sample of the batch has an output of its own."),
            Slip((B, T, F), "This is the shape of the input."),
        ),
        hints=(
            "First: what would the inner layer alone give? Then: what does merge_mode do with two of these?",
            f"The inner layer alone gives {half.shape}.",
            "'concat' doubles the last axis; 'sum', 'mul' and 'ave' leave it.",
        ),
        code=f"import keras\nimport numpy as np\n\nanswer = tuple({layer}(np.zeros({(B, T, F)})).shape)",
    )


def _candidate(random: np.random.Generator) -> Variant:
    F, U = 2, 3
    x, h = away_from_zero(random, F), away_from_zero(random, U)
    W, R, b, b2 = (away_from_zero(random, shape, 0.3, 0.8) for shape in ((F, U), (U, U), U, U))
    r = np.round(random.uniform(0.1, 0.7, U), 2)
    from_x, from_h = x @ W + b, h @ R + b2
    return Variant(
        ask=(
            "given.x and given.h hold one input and the state before it, given.r is the reset gate of this step. "
            "given.W, given.R, given.b and given.b2 are the candidate's part of the weights; b2 is the second bias. "
            f"Compute the candidate of a GRU({U}) with reset_after=True, an array of {U} numbers."
        ),
        answer=np.tanh(from_x + r * from_h),
        praise="First the product with its own bias, then r, then the sum with what comes from x, then tanh.",
        slips=(
            Slip(
                np.tanh(from_x + (r * h) @ R + b2),
                "Here r acts before the product: that is reset_after=False, which has no second bias either.",
            ),
            Slip(np.tanh(from_x + r * (h @ R) + b2), "r multiplies the second bias as well: put it into the brackets."),
            Slip(np.tanh(from_x + from_h), "The reset gate is missing: it multiplies what comes from h."),
            Slip(np.tanh(r * (from_x + from_h)), "r acts on what comes from h alone, not on what comes from x."),
            Slip(np.tanh(from_x + r * (h @ R)), "The second bias is missing: it stands beside h·R."),
            Slip(np.tanh(x @ W + r * from_h), "The first bias is missing: it stands beside x·W."),
            Slip(from_x + r * from_h, "The activation is missing: take tanh of the sum."),
            Slip(sigmoid(from_x + r * from_h), "The candidate is no gate: it takes tanh, not the sigmoid."),
        ),
        hints=(
            "The third equation of the lesson: what stands inside the brackets that r multiplies?",
            "x @ W + b comes from the input; h @ R + b2 comes from the old state.",
            "np.tanh(x @ W + b + r * (h @ R + b2)), with the arrays of given.",
        ),
        code=(
            "import numpy as np\n\n"
            "from_h = given.h @ given.R + given.b2\n"
            "answer = np.tanh(given.x @ given.W + given.b + given.r * from_h)"
        ),
        given=SimpleNamespace(x=x, h=h, r=r, W=W, R=R, b=b, b2=b2),
    )


def _which_half(random: np.random.Generator) -> Variant:
    T, kind = int(random.integers(4, 8)), str(random.choice(KINDS))
    changed, looked = (int(step) for step in random.integers(1, T + 1, size=2))
    halves = _halves_that_change(T, kind, changed, looked)
    names = {
        (True, False): "only the first half, the forward state",
        (False, True): "only the second half, the backward state",
        (True, True): "both halves",
        (False, False): "neither half",
    }
    right = names[halves]
    place, reader = ("before", "forward") if changed < looked else ("after", "backward")
    praise = f"Step {changed} comes {place} step {looked}: only the {reader} layer has read it by then."
    if changed == looked:
        praise = f"Both layers read step {looked} itself before they give their state there."
    why = {
        names[True, False]: f"Where must the backward layer start to come to step {looked}? At step {T}.",
        names[False, True]: f"The forward layer reads steps 1 to {looked}: is step {changed} among them?",
        names[True, True]: "Each direction has read only its own side of the sentence, up to this step.",
        names[False, False]: f"At step {looked}, at least one of the two layers has read step {changed}.",
    }
    return choice(
        random,
        why,
        ask=(
            f"Bidirectional({kind}(2, return_sequences=True)) reads {T} steps and joins its halves with 'concat'. "
            f"You change x_{changed}. First guess: what changes in y_{looked}, the output of step {looked}?"
        ),
        answer=right,
        praise=praise,
        hints=(
            f"Which steps has the forward layer read when it stands at step {looked}? And the backward layer?",
            f"The forward layer has read steps 1 to {looked}, the backward layer steps {T} down to {looked}.",
        ),
        reveal=(
            "import keras\nimport numpy as np\n\nkeras.utils.set_random_seed(1)\n"
            f"layer = keras.layers.Bidirectional(keras.layers.{kind}(2, return_sequences=True))\n"
            f"x = np.random.uniform(-1, 1, (1, {T}, 2)).astype('float32')\n"
            f"other = x.copy()\nother[0, {changed - 1}] += 1  # x_{changed}: NumPy counts from 0\n"
            f"before, after = np.array(layer(x))[0, {looked - 1}], np.array(layer(other))[0, {looked - 1}]\n"
            "changed = ~np.isclose(before, after, atol=1e-6)  # more than rounding\n"
            "print('forward state changed:', bool(changed[:2].any()))\n"
            "print('backward state changed:', bool(changed[2:].any()))"
        ),
    )


def _halves_that_change(T: int, kind: str, changed: int, looked: int) -> tuple[bool, bool]:
    """Run a layer forwards and backwards; return whether each state at one step changes with x at another."""
    x = random_input(T, 2)
    other = x.copy()
    other[0, changed - 1] += 1
    found = []
    for turn in (1, -1):
        spec = random_spec(kind, units=2, features=2, return_sequences=True)
        old, new = (run_layer(spec, one[:, ::turn]).output[:, ::turn] for one in (x, other))
        found.append(not np.allclose(old[0, looked - 1], new[0, looked - 1], atol=1e-6))  # more than rounding
    return found[0], found[1]


def _behave(
    x: np.ndarray, units: int, *, kind: str, sequences: bool = True, merged: str | None = "concat"
) -> Behaviour:
    """Return how a layer behaves on x that reads in two directions, or in one where merged is "alone"."""
    features = x.shape[-1]
    half = run_layer(random_spec(kind, units=units, features=features, return_sequences=sequences), x).output
    outputs = {"concat": np.concatenate([half, half], axis=-1), None: (half, half)}
    count = total(kind, features, units) * (1 if merged == "alone" else 2)
    return Behaviour(lambda _x: outputs.get(merged, half), ((x,),), count)


def _two_directions(random: np.random.Generator) -> Variant:
    T, F, U = different_sizes(random)
    kind = str(random.choice(["LSTM", "GRU"]))
    x, others = random_input(T, F), [other for other in KINDS if other != kind]
    giving = partial(_behave, x, kind=kind)
    return Variant(
        ask=(
            f"Build a keras.layers.Bidirectional of one {kind} with {U} units, so that x of shape (1, {T}, {F}) gives "
            f"an output of shape (1, {T}, {2 * U}): both states of every step, side by side."
        ),
        answer=giving(U),
        praise=f"{U} units in each direction, all steps, and 'concat', which Keras takes unless told otherwise.",
        slips=(
            Slip(giving(U, sequences=False), "This is one output for the sequence: write return_sequences=True."),
            Slip(giving(2 * U), f"Each direction has these units, so the width is 4·{U}: give it {U} units."),
            Slip(
                giving(2 * U, merged="sum"),
                f"The shape is right, but the states are merged into one: take {U} units and leave out merge_mode.",
            ),
            Slip(giving(U, merged="sum"), "The two states are merged into one: leave out merge_mode."),
            Slip(giving(U, merged=None), "With merge_mode=None two arrays leave: leave out merge_mode."),
            Slip(
                giving(2 * U, merged="alone"),
                "The shape is right, but this layer reads in one direction: put Bidirectional around it.",
            ),
            Slip(giving(U, merged="alone"), "This layer reads in one direction: put Bidirectional around it."),
            *(Slip(giving(U, kind=other), f"The shape is right, but take {kind}, not {other}.") for other in others),
        ),
        hints=(
            "Which argument makes a layer give all of its states? It belongs to the inner layer.",
            "'concat' doubles the width: how many units has one direction?",
            f"keras.layers.Bidirectional(keras.layers.{kind}(…, return_sequences=True))",
        ),
        code=f"import keras\n\nanswer = keras.layers.Bidirectional(keras.layers.{kind}({U}, return_sequences=True))",
    )


WRONG_STEPS = {
    "In Keras z = 1 keeps the old state: you wrote it the other way round.": {"swapped": True},
    "You read the blocks as r, z, h̃: Keras keeps them as z, r, h̃.": {"order": "rzh"},
    "r acts after the product here: multiply h @ R and its bias by r, not h itself.": {"before": True},
    "The reset gate is missing: it multiplies what comes from h in the candidate.": {"no_reset": True},
    "r multiplies the second bias of the candidate as well: put it into the brackets.": {"outside": True},
    "The second row of the bias is missing: it belongs to h @ R.": {"rows": (1, 0)},
    "Both rows of the bias are missing.": {"rows": (0, 0)},
}


def _gru_step(
    x, h, W, R, b, *, order="zrh", swapped=False, before=False, no_reset=False, outside=False, rows=(1, 1)
) -> np.ndarray:
    """Return h after one step, (U,).

    order: in which the blocks are read; swapped: z = 1 takes the candidate; before: r acts before the product;
    no_reset: r is left out; outside: the second bias is added outside the brackets; rows: which biases count
    """
    b = np.array(rows)[:, None] * b
    from_x, from_h = (dict(zip(order, np.split(sums, 3), strict=True)) for sums in (x @ W + b[0], h @ R + b[1]))
    z, r = (sigmoid(from_x[gate] + from_h[gate]) for gate in "zr")
    place = slice(order.index("h") * len(h), (order.index("h") + 1) * len(h))
    state = from_h["h"] if no_reset else r * from_h["h"]
    if before:
        state = (r * h) @ R[:, place] + b[1, place]
    if outside:
        state = r * (h @ R[:, place]) + b[1, place]
    candidate = np.tanh(from_x["h"] + state)
    return (1 - z) * h + z * candidate if swapped else z * h + (1 - z) * candidate


def _step_of_gru(random: np.random.Generator) -> Variant:
    F, U = 2, 3
    trials = drawn_trials(random, (F,), (U,), (F, 3 * U), (U, 3 * U), (2, 3 * U))
    return Variant(
        ask=(
            "Write a function step(x, h, W, R, b) that takes one step of a GRU with reset_after=True, with W, R and b "
            f"as Keras stores them: b has shape (2, {3 * U}) for {U} units. It returns the new state."
        ),
        answer=Behaviour(_gru_step, trials),
        praise="Four equations, five lines: a layer calls this step once for every time-step.",
        slips=tuple(
            Slip(Behaviour(lambda *arrays, way=way: _gru_step(*arrays, **way), trials), why)
            for why, way in WRONG_STEPS.items()
        ),
        hints=(
            "The loop of “All steps, by hand = by Keras” holds all that you need.",
            "np.split(x @ W + b[0], 3) and np.split(h @ R + b[1], 3) give the sums, in the order z, r, h̃.",
            "return z * h + (1 - z) * np.tanh(x_h + r * h_h)",
        ),
        code=(
            "import numpy as np\n\n\n"
            "def answer(x, h, W, R, b):\n"
            "    x_z, x_r, x_h = np.split(x @ W + b[0], 3)\n"
            "    h_z, h_r, h_h = np.split(h @ R + b[1], 3)\n"
            "    z, r = 1 / (1 + np.exp(-(x_z + h_z))), 1 / (1 + np.exp(-(x_r + h_r)))\n"
            "    return z * h + (1 - z) * np.tanh(x_h + r * h_h)"
        ),
    )


parameters_of_gru = Exercise(_parameters_of_gru, judge_number)
shape_of_two_directions = Exercise(_shape_of_both, judge_shape)
candidate_of_gru = Exercise(_candidate, judge_array)
which_half_changes = Exercise(_which_half, judge_choice)
build_two_directions = Exercise(_two_directions, judge_shape_of_layer)
write_the_step = Exercise(_step_of_gru, judge_function)
