"""The engine of the exercises: kinds of answer, hints, solutions, predictions, buttons, how outcomes look."""

import itertools

import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import (
    Behaviour,
    behaviour_of,
    judge_array,
    judge_function,
    judge_layer,
    judge_number,
    judge_shape,
)
from course_utils.exercises.outcomes import Outcome
from course_utils.recurrence import random_input, random_spec

VARIANTS = 20
EXERCISES = {
    f"{lesson}.{name}": exercise
    for lesson in exercises.LESSONS
    for name, exercise in vars(getattr(exercises, lesson)).items()
    if isinstance(exercise, Exercise)
}


def variants(exercise: Exercise):
    """Yield an exercise with other and other numbers."""
    for _ in range(VARIANTS):
        yield exercise
        exercise = exercise.another()


def small(answer=3, slips=(1, 2, 4), judge=judge_number, **rest) -> Exercise:
    """Return an exercise whose slips are explained by their own number; another() has one more in it."""
    turn = itertools.count()

    def make(_random) -> Variant:
        wrong = tuple(Slip(slip, f"Slip {place}.") for place, slip in enumerate(slips))
        return Variant(f"How many ({next(turn)})?", answer, "Three.", wrong, ("Count.", "Again."), "answer = 3", **rest)

    return Exercise(make, judge)


def test_an_answer_nobody_thought_of_is_sent_to_the_hints():
    assert "hint()" in small().check(-5).message


def test_several_answers_at_once_are_told_to_be_put_in_brackets():
    assert "two brackets" in small().check(2, 3).message


def test_outcomes_show_in_words_and_in_html():
    outcome = Outcome("incorrect", 'Not <b>"so"</b>.')
    assert str(outcome) == '✘ Not yet. Not <b>"so"</b>.'
    assert "Not &lt;b&gt;&quot;so&quot;&lt;/b&gt;." in outcome._repr_html_()
    assert "✘ Not yet." in outcome._repr_html_() and "<b>&quot;so" not in outcome._repr_html_().replace("&lt;b&gt;", "")


@pytest.mark.parametrize("slip", [3, 3.0000001])
def test_a_question_whose_slip_is_the_answer_cannot_be_made(slip):
    with pytest.raises(ValueError, match="fall together"):
        small(slips=(1, slip))


def test_two_slips_that_are_nearly_the_same_cannot_be_told_apart():
    near = (np.array([0.1]), np.array([0.115]))
    with pytest.raises(ValueError, match="fall together"):
        small(np.array([0.5]), near, judge_array)


def test_numbers_are_drawn_until_the_slips_differ():
    def make(random) -> Variant:
        units = int(random.integers(1, 4))
        return Variant(f"{units}?", units, "So.", (Slip(2, "Two."), Slip(3, "Three.")), ("Hint.",), f"answer = {units}")

    assert all(exercise_number(make, number) == 1 for number in range(20))


def exercise_number(make, number: int) -> int:
    """Return the right answer of a variant."""
    return Exercise(make, judge_number, number=number).variant.answer


def test_another_that_cannot_differ_is_an_error():
    def make(_random) -> Variant:
        return Variant("1?", 1, "So.", (Slip(2, "Two."),), ("Hint.",), "answer = 1")

    with pytest.raises(ValueError, match="same numbers again"):
        Exercise(make, judge_number).another()


def test_an_unknown_lesson_is_named():
    with pytest.raises(AttributeError, match="there are lesson_"):
        _ = exercises.lesson_77


def test_hints_grow_and_end_kindly(monkeypatch):
    exercise = small()
    assert [exercise.hint().heading for _ in range(4)] == ["Hint 1 of 2:", "Hint 2 of 2:", *["No more hints."] * 2]
    assert "The last one was: Again." in exercise.hint().body and "solution()" in exercise.hint().body
    monkeypatch.setenv("UNROLLED_SOLUTIONS", "off")
    assert "solution()" not in exercise.hint().body


def test_solutions_can_be_switched_off(monkeypatch):
    for value in ("off", "OFF", " 0 ", "no", "false"):
        monkeypatch.setenv("UNROLLED_SOLUTIONS", value)
        assert small().solution().code == "" and "switched the solutions off" in small().solution().body
    for value in ("on", "", "1"):
        monkeypatch.setenv("UNROLLED_SOLUTIONS", value)
        assert small().solution().code


def test_what_is_given_may_be_changed_without_harm():
    exercise = EXERCISES["lesson_01.next_hidden_state"]
    before = exercise.given.x.copy()
    given = exercise.given
    given.x[:] = 99
    assert (exercise.given.x == before).all()


# Predictions


def test_a_prediction_shows_what_happens_after_the_answer():
    exercise = small(reveal="for number in range(2):\n    print('number', number)")
    assert "number 1" not in repr(exercise) and exercise.check(...).shown == ""
    for answer in (1, 3, 99):
        outcome = exercise.check(answer)
        assert outcome.shown.endswith("number 0\nnumber 1") and outcome.shown.startswith("for number")
        assert "number 1" in str(outcome) and "<pre>for number" in outcome._repr_html_()
    assert exercise.check(3).message == "Three." and exercise.check(1).message == "Slip 0."


def test_a_text_that_is_no_option_reveals_nothing():
    exercise = EXERCISES["lesson_01.what_may_grow"]
    assert exercise.variant.reveal and exercise.check("x").shown == ""


@pytest.mark.parametrize("answer", [None, "x", float("nan"), [], ...])
def test_what_is_no_answer_reveals_nothing(answer):
    assert small(reveal="print(3)").check(answer).shown == ""


def test_a_reveal_that_cannot_run_is_no_traceback():
    assert "ZeroDivisionError" in small(reveal="1 / 0").check(3).shown


# Kinds of answer


def test_a_decimal_number_is_right_to_two_decimals():
    exercise = small(1 / 3, (0.5, 0.25))
    assert exercise.check(0.33).kind == "correct"
    assert exercise.check(0.32).kind == exercise.check(0.34).kind == "incorrect"


def test_a_whole_number_must_be_exact():
    exercise = small(1000, (999, 1001))
    assert exercise.check(1000.5).kind == exercise.check(1000.005).kind == "incorrect"


def test_true_is_no_number():
    assert "True or False" in small(1, (2, 4)).check(True).message


def test_a_shape_may_come_from_keras_itself(keras):
    exercise = EXERCISES["lesson_01.shape_of_output"]
    batch, units = exercise.variant.answer
    output = keras.layers.Dense(units)(np.zeros((batch, 3)))
    assert exercise.check(output.shape).kind == "correct"
    assert "first axis of x" in exercise.check((None, units)).message
    assert "take its .shape" in exercise.check(output).message
    assert "take its .shape" in exercise.check(keras.Input((units,))).message


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x, "Your function stopped with TypeError"),
        (lambda x, h, W, R, b: None, "returns None: end it with return"),
        (
            lambda x, h, W, R, b: 1 / 0,
            "stopped with ZeroDivisionError: division by zero. It was called on (2,), (3,), ",
        ),
        (lambda x, h, W, R, b: "h", "array of numbers"),
        (lambda x, h, W, R, b: np.tanh(x @ W), "hint()"),
        (lambda x, h, W, R, b: x, "has shape (3,); yours has shape (2,)"),
        (np.ones(3), "The answer is a function"),
    ],
)
def test_functions_that_go_wrong_are_told_how(function, words):
    outcome = EXERCISES["lesson_01.write_the_cell"].check(function)
    assert outcome.kind == "incorrect" and words in outcome.message


def test_a_function_runs_once_on_each_trial():
    calls = []
    behaviour = Behaviour(lambda x: x + 1, ((np.array(1),), (np.array(2),)))
    slips = tuple(Behaviour(lambda x, n=n: x + n, behaviour.trials) for n in (2, 3, 4))
    assert small(behaviour, slips, judge_function).check(lambda x: calls.append(1) or x + 4).message == "Slip 2."
    assert len(calls) == 2


def test_what_a_function_computes_is_not_rounded():
    exercise = EXERCISES["lesson_01.write_the_cell"]
    right = exercise.variant.answer.call
    assert exercise.check(lambda *arrays: np.round(right(*arrays), 6)).kind == "correct"
    assert exercise.check(lambda *arrays: np.round(right(*arrays), 2)).kind == "incorrect"


def test_a_function_cannot_change_the_trials():
    def spoiling(x, h, W, R, b):
        result = np.tanh(x @ W + h @ R + b)
        x[:], h[:] = 0, 0
        return result

    exercise = EXERCISES["lesson_01.write_the_cell"]
    assert [exercise.check(spoiling).kind for _ in range(2)] == ["correct", "correct"]


def test_layers_are_judged_by_what_they_do(keras):
    exercise = EXERCISES["lesson_01.build_a_layer"]
    (x,) = exercise.variant.answer.trials[0]
    units = exercise.variant.answer.call(x).shape[-1]
    L = keras.layers
    good = (
        L.SimpleRNN(units),
        keras.Sequential([keras.Input(x.shape[1:]), L.SimpleRNN(units, activation="relu")]),
        L.RNN(L.SimpleRNNCell(units)),
    )
    for layer in good:
        assert exercise.check(layer).kind == "correct"
    told = {
        L.SimpleRNN(units, return_state=True): "gives 2 arrays",
        L.SimpleRNN: "the class SimpleRNN itself: add brackets",
        L.LSTM(units): "The shape is right, but your layer has",
        L.SimpleRNN(units, return_sequences=True): "leave out return_sequences=True",
        L.SimpleRNN(99): f"The answer has shape (1, {units}); yours has shape (1, 99).",
        keras.Sequential(
            [keras.Input((99, 99)), L.SimpleRNN(units)]
        ): "Matrix size-incompatible: In[0]: [1,5], In[1]: [99,7].",
    }
    for layer, words in told.items():
        assert words in exercise.check(layer).message, words


def backwards_exercise() -> Exercise:
    """Return an exercise that asks for LSTM(3, go_backwards=True), judged by its values."""
    x = random_input(4, 2)

    def giving(**arguments) -> Behaviour:
        return behaviour_of(random_spec("LSTM", units=3, features=2, **arguments), trials=(x,))

    slips = (giving(), giving(go_backwards=True, use_bias=False), giving(go_backwards=True, return_state=True))
    return small(giving(go_backwards=True), slips, judge_layer)


def test_layers_are_judged_by_their_values(keras):
    exercise, L = backwards_exercise(), keras.layers
    model = keras.Sequential([L.LSTM(3, go_backwards=True)])
    for layer in (L.LSTM(3, go_backwards=True), L.RNN(L.LSTMCell(3), go_backwards=True), model):
        assert exercise.check(layer).kind == "correct"
    assert exercise.check(L.LSTM(3)).message == "Slip 0."
    assert exercise.check(L.LSTM(3, go_backwards=True, use_bias=False)).message == "Slip 1."
    assert exercise.check(L.LSTM(3, go_backwards=True, return_state=True)).message == "Slip 2."
    assert "hint()" in exercise.check(L.LSTM(3, go_backwards=True, activation="relu")).message


def test_a_layer_keeps_its_own_weights(keras):
    layer = keras.layers.LSTM(3, go_backwards=True)
    layer.build((None, 4, 2))
    before = layer.get_weights()
    assert backwards_exercise().check(layer).kind == "correct"
    assert all((one == other).all() for one, other in zip(before, layer.get_weights(), strict=True))


def test_stacked_layers_are_judged_by_their_values(keras):
    specs = [
        random_spec("SimpleRNN", units=3, features=2, return_sequences=True),
        random_spec("GRU", units=4, features=3),
    ]
    behaviour = behaviour_of(*specs, trials=(random_input(4, 2),))
    L = keras.layers
    model = keras.Sequential([L.SimpleRNN(3, return_sequences=True), L.GRU(4)])
    exercise = small(behaviour, (behaviour_of(specs[0], trials=(random_input(4, 2),)),), judge_layer)
    assert exercise.check(model).kind == "correct"


# Buttons


def test_a_choice_by_buttons_says_the_outcome():
    exercise = EXERCISES["lesson_01.what_may_grow"]
    box = exercise.choose()
    _question, choice, verdict, helper = box.children
    assert choice.value is None and verdict.value == "" and set(choice.options) == set(exercise.variant.options)
    choice.value = exercise.variant.slips[0].answer
    assert exercise.variant.slips[0].why in verdict.value and "Not yet" in helper.announcement
    choice.value = exercise.variant.answer
    assert "Correct" in verdict.value
    choice.value = None
    assert "Correct" in verdict.value
    with pytest.raises(TypeError, match="no choice"):
        EXERCISES["lesson_01.parameters_of_simple_rnn"].choose()


def test_a_text_that_is_no_option_is_told_the_options():
    message = EXERCISES["lesson_01.what_may_grow"].check("everything").message
    assert message.startswith("Your text is none of these: ") and "the units" in message


def test_shapes_are_compared_in_full():
    assert judge_shape.same((2, 3, 4), (2, 3), 1) is False
