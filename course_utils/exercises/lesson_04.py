"""The exercises of lesson 04: what leaves a recurrent layer, and what a state carries on."""

from collections.abc import Iterable
from types import SimpleNamespace

import numpy as np

from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import (
    Behaviour,
    judge_array,
    judge_choice,
    judge_number,
    judge_shape,
    judge_shape_of_layer,
)
from course_utils.exercises.slips import added_up, choice, different_sizes, total
from course_utils.recurrence import random_input, random_spec, run_layer

KINDS = ("SimpleRNN", "LSTM", "GRU")


def _dense_after(random: np.random.Generator) -> Variant:
    T, F, U, D = different_sizes(random, 4)
    B, kind, sequences = 2, str(random.choice(KINDS)), bool(random.integers(2))
    spec = random_spec(kind, units=U, features=F, return_sequences=sequences)
    right = (run_layer(spec, np.zeros((B, T, F))).output @ np.zeros((U, D))).shape
    layer = f"keras.layers.{kind}({U}{', return_sequences=True' * sequences})"
    other, why = (
        ((B, D), "This is one label for each sample: with return_sequences=True every step has one.")
        if sequences
        else ((B, T, D), "Only the last state leaves this layer: return_sequences=True is not there.")
    )
    return Variant(
        ask=f"x has shape {(B, T, F)}. What shape does keras.layers.Dense({D})({layer}(x)) have?",
        answer=right,
        praise=f"Dense changes the last axis alone: {(*right[:-1], U)} goes in, {right} comes out.",
        slips=(
            Slip(other, why),
            Slip((*right[:-1], U), f"The Dense layer is missing: it turns the {U} numbers of a state into {D}."),
            Slip(right[1:], "The batch axis is missing: every sample of the batch has an output of its own."),
            Slip((B, T * D), "Nothing is laid end to end here: that would be Flatten, and its axis comes last."),
            Slip((B, T, F), "This is the shape of the input."),
        ),
        hints=(
            "Two questions, one after the other: what leaves the recurrent layer, and what does Dense do with it?",
            "With return_sequences=True (samples, steps, units) leaves, else (samples, units).",
            f"Dense({D}) keeps all axes but the last; that one becomes {D}.",
        ),
        code=(
            "import keras\nimport numpy as np\n\n"
            f"states = {layer}(np.zeros({(B, T, F)}))\nanswer = tuple(keras.layers.Dense({D})(states).shape)"
        ),
    )


def _one_of_the_states(random: np.random.Generator) -> Variant:
    U, F, T = 4, 2, int(random.integers(5, 8))
    step = int(random.integers(2, U + 1))
    spec = random_spec("SimpleRNN", units=U, features=F, return_sequences=True, seed=int(random.integers(1000)))
    states = np.round(run_layer(spec, random.uniform(-1, 1, (2, T, F))).output.astype(float), 2)
    return Variant(
        ask=(
            f"given.states is what SimpleRNN({U}, return_sequences=True) returned for 2 samples of {T} steps: "
            f"an array of shape {states.shape}. Pick h_{step}, the state after step {step}, of both samples."
        ),
        answer=states[:, step - 1],
        praise=f"All samples, and of the steps number {step}, which NumPy calls {step - 1}.",
        slips=(
            Slip(states[:, step], f"This is h_{step + 1}: NumPy counts from 0, steps count from 1."),
            Slip(states[:, -step], "You counted from the wrong end: a minus sign counts from the last step."),
            Slip(states[:, -1], f"This is the last state, h_{T}: return_sequences=False would give it."),
            Slip(states[0, step - 1], "This is one sample alone: keep the first axis with a colon."),
            Slip(states[:, :, step - 1], "You took the last axis, which counts the units; steps are the middle one."),
        ),
        hints=(
            "The three axes are samples, steps and units. Which of them do you cut?",
            f"Step {step} stands at place {step - 1} of the middle axis.",
            "given.states[:, place], with the right place.",
        ),
        code=f"answer = given.states[:, {step - 1}]",
        given=SimpleNamespace(states=states),
    )


def _arrays_back(random: np.random.Generator) -> Variant:
    T, U = different_sizes(random, 2, low=4, high=8)
    kind, sequences, state = str(random.choice(KINDS)), bool(random.integers(2)), bool(random.random() < 0.8)
    spec = random_spec(kind, units=U, features=2, return_sequences=sequences, return_state=state)
    output = run_layer(spec, np.zeros((1, T, 2))).output
    right = len(output) if state else 1
    one = Slip(1, "With return_state=True the last states come back as well, beside the output.")
    unasked = "States come back beside the output only with return_state=True."
    if not state:
        praise = "One: without return_state=True there is the output alone, however long it is."
        wrong = Slip(2, unasked), Slip(3, f"{unasked} And three arrays would be those of an LSTM: output, h, c.")
    elif kind == "LSTM":
        praise = "Three: the output, then the last h, then the last c."
        wrong = one, Slip(2, "An LSTM carries two states, h and c; you counted one.")
    else:
        praise = f"Two: the output, then the last h, the only state of a {kind}."
        wrong = one, Slip(3, f"Only an LSTM has a second state, c; a {kind} carries h alone.")
    flags = "".join(f", {name}=True" for name, on in (("return_sequences", sequences), ("return_state", state)) if on)
    return Variant(
        ask=f"x has {T} time-steps. How many arrays does keras.layers.{kind}({U}{flags})(x) give back?",
        answer=right,
        praise=praise,
        slips=(
            *wrong,
            Slip(T, f"The {T} steps are an axis of one array; they are not {T} arrays."),
            Slip(T + right - 1 if state else U, "Steps and units are axes inside an array: count the arrays only."),
        ),
        hints=(
            "The output is one array, whatever return_sequences says.",
            "return_state=True adds the last states. How many states does this kind of layer carry?",
            "SimpleRNN and GRU carry h, an LSTM carries h and c.",
        ),
        code=(
            "import keras\nimport numpy as np\n\n"
            f"result = keras.layers.{kind}({U}{flags})(np.zeros((1, {T}, 2)))\n"
            "answer = len(result) if isinstance(result, tuple) else 1"
        ),
    )


def _label_each_step(random: np.random.Generator) -> Variant:
    T, F, U, D = different_sizes(random, 4)
    x = random_input(T, F)

    def giving(units: int, labels: int, *, sequences: bool = True) -> Behaviour:
        spec = random_spec("SimpleRNN", units=units, features=F, return_sequences=sequences)
        output = run_layer(spec, x).output @ np.zeros((units, labels))
        return Behaviour(lambda _x: output, ((x,),), total("SimpleRNN", F, units) + units * labels + labels)

    flat = Behaviour(lambda _x: np.zeros((1, D)), ((x,),), total("SimpleRNN", F, U) + T * U * D + D)
    states = Behaviour(lambda _x: np.zeros((1, T, U)), ((x,),), total("SimpleRNN", F, U))
    no_dense = Behaviour(lambda _x: np.zeros((1, T, D)), ((x,),), total("SimpleRNN", F, D))
    return Variant(
        ask=(
            f"Build a keras.Sequential of a SimpleRNN with {U} units and a Dense layer. It turns x of shape "
            f"(1, {T}, {F}) into {D} numbers for every step: shape (1, {T}, {D})."
        ),
        answer=giving(U, D),
        praise="All states leave the first layer, and the same Dense reads each of them.",
        slips=(
            Slip(giving(U, D, sequences=False), "This gives one label for the sentence: write return_sequences=True."),
            Slip(flat, "Flatten makes one long vector of all steps, so the steps are gone: leave it out."),
            Slip(states, f"These are the states themselves: put Dense({D}) on top."),
            Slip(no_dense, f"The shape is right, but here the states are the labels: {U} units, then Dense({D})."),
            Slip(giving(D, U), f"You swapped two numbers: the SimpleRNN has {U} units, the Dense layer {D}."),
        ),
        hints=(
            "Must one state leave the SimpleRNN, or all of them?",
            "With return_sequences=True, Dense gets (samples, steps, units) and works on the last axis.",
            "keras.Sequential([keras.layers.SimpleRNN(…, return_sequences=True), keras.layers.Dense(…)])",
        ),
        code=(
            "import keras\n\nanswer = keras.Sequential([\n"
            f"    keras.Input(({T}, {F})),\n"
            f"    keras.layers.SimpleRNN({U}, return_sequences=True),\n"
            f"    keras.layers.Dense({D}),\n])"
        ),
    )


def _what_continues(random: np.random.Generator) -> Variant:
    series, parts, steps = int(random.integers(2, 4)), int(random.integers(2, 5)), int(random.integers(2, 6))
    batches = [[f"{one}{part}" for one in "ABC"[:series]] for part in range(1, parts + 1)]
    right = _in_a_row(batches)
    wrong = _wrong_orders(batches)
    return choice(
        random,
        {right: "", **wrong},
        ask=(
            f"{('Two', 'Three')[series - 2]} long series, {', '.join('ABC'[:series])}, are cut into {parts} parts of "
            f"{steps} steps: A1, A2 and so on. A stateful layer reads them with batch_size={series}. "
            "In which order must the parts stand?"
        ),
        answer=right,
        praise=f"The first sample of each batch is, in turn, {_firsts(right, series)}: one series, in its own order.",
        hints=(
            "Sample i of a batch continues sample i of the batch before.",
            f"So cut the order into batches of {series}. Which parts stand first in each batch?",
            "The first batch holds part 1 of every series, the second batch part 2.",
        ),
        reveal=_all_orders([right, *list(wrong)[:-1]], series, parts, steps),
    )


def _in_a_row(batches: Iterable[Iterable[str]]) -> str:
    return " ".join(name for batch in batches for name in batch)


def _firsts(order: str, series: int) -> str:
    """Return the parts that the first sample of each batch holds."""
    return ", ".join(order.split()[::series])


def _wrong_orders(batches: list[list[str]]) -> dict[str, str]:
    """Return wrong orders of the parts, and why they are. batches: the right order, one list of parts a batch."""
    series = len(batches[0])
    alone, last_first = _in_a_row(zip(*batches, strict=True)), _in_a_row(batches[::-1])
    turning = _in_a_row(batch[::-1] if place % 2 else batch for place, batch in enumerate(batches))
    return {
        alone: f"The first sample of each batch would be, in turn, {_firsts(alone, series)}: not one series.",
        last_first: f"The first sample would read {_firsts(last_first, series)}: the later part comes first.",
        turning: f"The first sample would read {_firsts(turning, series)}: the series change places.",
        "any order, Keras sorts them": "Keras knows no series: it goes by the place in the batch alone.",
    }


def _all_orders(orders: list[str], series: int, parts: int, steps: int) -> str:
    """Return code that gives the parts to a stateful layer in several orders."""
    return f"""\
import keras
import numpy as np

keras.utils.set_random_seed(1)
series = dict(zip("ABC", np.random.uniform(-1, 1, ({series}, {parts * steps}, 1)).astype("float32")))
part = {{f"{{s}}{{k + 1}}": x[{steps} * k : {steps} * (k + 1)] for s, x in series.items() for k in range({parts})}}
layer = keras.layers.SimpleRNN(2, stateful=True)
layer.build(({series}, {steps}, 1))
plain = keras.layers.SimpleRNN(2)
plain.build((1, {steps}, 1))
plain.set_weights(layer.get_weights())
for order in {orders!r}:
    layer.reset_state()
    end = {{}}  # name of a part → the state after it
    for names in np.split(np.array(order.split()), {parts}):
        end.update(zip(names, np.array(layer(np.stack([part[name] for name in names])))))
    differences = [np.abs(end[s + "{parts}"] - plain(x[None])).max() for s, x in series.items()]
    print(f"{{order}}: the last states are {{max(differences):.2f}} away from those of the uncut series")"""


def _backwards(random: np.random.Generator) -> Variant:
    T = int(random.integers(3, 5))
    x = random.choice(np.arange(1, 10), size=T, replace=False).astype(float)
    right = added_up(x, go_backwards=True)
    numbers = [int(one) for one in x]
    return Variant(
        ask=(
            "A SimpleRNN(1) with W = 1, R = 1, b = 0 and activation='linear' adds up what it reads. It reads "
            f"{numbers}, one number a step. Predict the {T} numbers that it returns with "
            "return_sequences=True and go_backwards=True, in the order in which they come."
        ),
        answer=right,
        praise=f"It reads {numbers[::-1]} and returns the sums in that order: the first is for the last step.",
        slips=(
            Slip(np.cumsum(x), "This is what comes without go_backwards: the layer starts with the last step."),
            Slip(right[::-1], "These are the right sums, turned round; Keras leaves them in the order of reading."),
            Slip(np.cumsum(x)[::-1], "You turned the output round; it is the input that is read backwards."),
            Slip(x[::-1], "This is the order of reading; each new state adds what was there before."),
        ),
        hints=(
            f"Which number does the layer read first? It reads {numbers[::-1]}.",
            "Each state is the sum of all that was read so far.",
            "np.cumsum of the input, turned round.",
        ),
        code=f"import numpy as np\n\nanswer = np.cumsum({numbers[::-1]})",
        reveal=(
            "import keras\nimport numpy as np\n\n"
            "layer = keras.layers.SimpleRNN(1, activation='linear', return_sequences=True, go_backwards=True)\n"
            f"layer.build((1, {T}, 1))\n"
            "layer.set_weights([np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)])\n"
            f"x = np.array({numbers}, dtype='float32').reshape(1, {T}, 1)\n"
            "print('returned:', np.array(layer(x)).ravel().round().astype(int).tolist())"
        ),
    )


shape_after_dense = Exercise(_dense_after, judge_shape)
pick_one_state = Exercise(_one_of_the_states, judge_array)
how_many_arrays = Exercise(_arrays_back, judge_number)
label_each_step = Exercise(_label_each_step, judge_shape_of_layer)
order_of_parts = Exercise(_what_continues, judge_choice)
predict_backwards = Exercise(_backwards, judge_array)
