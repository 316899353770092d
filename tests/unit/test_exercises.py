"""The exercises: solutions are right, slips get their reason, nothing a student writes raises."""

import numpy as np
import pytest

from course_utils import exercises
from course_utils.environment import ROOT
from course_utils.exercises.engine import Exercise, Slip, Variant
from course_utils.exercises.judging import judge_number
from course_utils.exercises.outcomes import Outcome

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


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_runs_and_is_accepted(keras, name):
    for exercise in variants(EXERCISES[name]):
        names = {"given": exercise.given}
        exec(exercise.solution().code, names)
        assert exercise.check(names["answer"]).kind == "correct"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_slip_gets_exactly_its_sentence(name):
    for exercise in variants(EXERCISES[name]):
        assert len(exercise.variant.slips) >= 3
        for slip in exercise.variant.slips:
            assert exercise.check(slip.answer) == Outcome("incorrect", slip.why)


@pytest.mark.parametrize("name", EXERCISES)
def test_three_dots_are_not_attempted(name):
    assert EXERCISES[name].check(...).kind == "not attempted"


def test_variants_differ_and_repeat():
    for exercise in EXERCISES.values():
        asked = [numbers_of(one) for one in variants(exercise)]
        assert len(set(asked)) > VARIANTS / 2
        assert asked == [numbers_of(one) for one in variants(exercise)]


def numbers_of(exercise: Exercise) -> str:
    """Return all that a variant asks for, as text."""
    trials = getattr(exercise.variant.answer, "trials", "")
    return repr(exercise) + repr(vars(exercise.given)) + repr(trials)


def test_hints_grow_and_then_stay():
    exercise = EXERCISES["lesson_01.parameters_of_simple_rnn"].another()
    hints = [exercise.hint() for _ in range(5)]
    assert [hint.heading for hint in hints] == ["Hint 1 of 3:", "Hint 2 of 3:", *["Hint 3 of 3:"] * 3]
    assert hints[-1].body == exercise.variant.hints[-1]


class _Strange:
    def __eq__(self, other):
        raise RuntimeError("no comparisons")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")


class _Minus(int):
    def __sub__(self, other):
        raise RuntimeError("no difference")

    __rsub__ = __float__ = __sub__


HOSTILE = {
    "none": None,
    "text": "28",
    "nan": float("nan"),
    "infinity": float("inf"),
    "truth": True,
    "empty list": [],
    "dictionary": {},
    "object": object(),
    "strange object": _Strange(),
    "generator": (n for n in range(3)),
    "long array": np.zeros(10**6),
    "mixed list": [1, "a"],
    "complex number": 1j,
    "array of text": np.array(["a"]),
    "function": lambda: 1,
    "shape with none": (None, 4),
    "int that cannot subtract": _Minus(3),
    "small int": np.int8(-5),
    "time": np.timedelta64(3, "D"),
    "huge int": 10**400,
    "list of huge ints": [10**400] * 3,
    "array larger than the memory": np.broadcast_to(np.float32(1), (10**13,)),
    "set": {2, 7},
    "bytes": b"\x02\x07",
    "complex array": np.array([1j, 2, 3]),
}


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_any_answer_gets_a_sentence(name, answer):
    outcome = EXERCISES[name].check(answer)
    assert outcome.kind == "incorrect" and outcome.message.endswith((".", "hint()."))


def test_an_answer_nobody_thought_of_is_sent_to_the_hints():
    assert "hint()" in EXERCISES["lesson_01.parameters_of_simple_rnn"].check(-5).message


def test_outcomes_show_in_words_and_in_html():
    outcome = Outcome("incorrect", 'Not <b>"so"</b>.')
    assert str(outcome) == '✘ Not yet. Not <b>"so"</b>.'
    assert "✘ Not yet." in outcome._repr_html_() and "<b>&quot;so" not in outcome._repr_html_().replace("&lt;b&gt;", "")


def test_a_question_whose_slip_is_the_answer_cannot_be_made():
    def always_the_same(_random) -> Variant:
        return Variant("?", 1, "", (Slip(1, "no"),), ("",), "answer = 1")

    with pytest.raises(ValueError, match="fall together"):
        Exercise(always_the_same, judge_number)


def test_an_unknown_lesson_is_named():
    with pytest.raises(AttributeError, match="there are lesson_01"):
        _ = exercises.lesson_77


def test_a_shape_may_come_from_keras_itself(keras):
    exercise = EXERCISES["lesson_01.shape_of_output"]
    batch, units = exercise.variant.answer
    answer = keras.layers.Dense(units)(np.zeros((batch, 3))).shape
    assert exercise.check(answer).kind == "correct"
    assert "first axis of x" in exercise.check((None, units)).message


def judged_within(seconds, answer):
    """Judge a function with a shorter limit than students have."""
    from course_utils.exercises.judging import judge_function, safely

    behaviour = EXERCISES["lesson_01.write_the_cell"].variant.answer
    return safely(judge_function, answer, behaviour, seconds)


def test_an_endless_loop_is_stopped_and_the_kernel_lives_on():
    import threading

    def endless(*_arguments):
        while True:
            pass

    def stubborn(*_arguments):
        while True:
            try:
                sum(range(1000))
            except Exception:
                continue

    before = threading.active_count()
    for function in (endless, stubborn):
        assert "did not come to an end within 0.3 seconds" in judged_within(0.3, function)
    assert threading.active_count() == before, "the loop still runs"
    assert (
        EXERCISES["lesson_01.write_the_cell"].check(lambda x, h, W, R, b: np.tanh(x @ W + h @ R + b)).kind == "correct"
    )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x, "Your function stopped with TypeError"),
        (lambda x, h, W, R, b: None, "returns None: end it with return"),
        (lambda x, h, W, R, b: 1 / 0, "stopped with ZeroDivisionError"),
        (lambda x, h, W, R, b: "h", "array of numbers"),
        (lambda x, h, W, R, b: np.tanh(x @ W), "hint()"),
        (np.ones(3), "The answer is a function"),
        (exit, "cannot be compared"),
    ],
)
def test_functions_that_go_wrong_are_told_how(function, words):
    outcome = EXERCISES["lesson_01.write_the_cell"].check(function)
    assert outcome.kind == "incorrect" and (words in outcome.message or function is exit)


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
        L.SimpleRNN: "ready to be called; yours is of type type",
        L.LSTM(units): "hint()",
        L.SimpleRNN(units, return_sequences=True): "leave out return_sequences=True",
        keras.Sequential([keras.Input((99, 99)), L.SimpleRNN(units)]): "Your layer stopped with",
    }
    for layer, words in told.items():
        assert words in exercise.check(layer).message, words


def test_solutions_can_be_switched_off(monkeypatch):
    exercise = EXERCISES["lesson_01.parameters_of_simple_rnn"]
    for value in ("off", "OFF", "0"):
        monkeypatch.setenv("UNROLLED_SOLUTIONS", value)
        assert exercise.solution().code == "" and "switched the solutions off" in exercise.solution().body
    monkeypatch.setenv("UNROLLED_SOLUTIONS", "on")
    assert exercise.solution().code


def test_a_choice_by_buttons_says_the_outcome():
    exercise = EXERCISES["lesson_01.what_may_grow"]
    box = exercise.choose()
    _question, choice, verdict, helper = box.children
    assert choice.value is None and verdict.value == "" and set(choice.options) == set(exercise.variant.options)
    choice.value = exercise.variant.slips[0].answer
    assert exercise.variant.slips[0].why in verdict.value and "Not yet" in helper.announcement
    choice.value = exercise.variant.answer
    assert "Correct" in verdict.value
    assert exercise.check(exercise.variant.answer.upper()).kind == "correct"
    with pytest.raises(TypeError, match="no choice"):
        EXERCISES["lesson_01.parameters_of_simple_rnn"].choose()


def test_a_prediction_is_answered_before_the_truth_is_shown():
    def make(_random) -> Variant:
        slips = (Slip(1, "one"), Slip(2, "two"), Slip(4, "four"))
        return Variant("How many?", 3, "Three.", slips, ("Count.",), "answer = 3", reveal="Keras prints (1, 3).")

    exercise = Exercise(make, judge_number)
    assert "Keras prints" not in repr(exercise) and "Keras prints" not in exercise.check(...).message
    for answer in (1, 3, 99, "x"):
        assert exercise.check(answer).message.endswith("Keras prints (1, 3).")


def test_every_lesson_has_exercises_and_every_exercise_is_whole():
    lessons = {path.stem.split("_")[0] for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {f"lesson_{number}" for number in lessons} == set(exercises.LESSONS)
    for lesson in exercises.LESSONS:
        own = [exercise for name, exercise in EXERCISES.items() if name.startswith(f"{lesson}.")]
        assert 3 <= len(own) <= 8
        for exercise in own:
            variant = exercise.variant
            assert variant.hints and len(variant.slips) >= 3 and variant.code and variant.praise
            assert all(slip.why.endswith(".") for slip in variant.slips)
