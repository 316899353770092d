"""The exercises: solutions are right, slips get their reason, nothing a student writes raises."""

import numpy as np
import pytest

from course_utils import exercises
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
        asked = [repr(e) + repr(vars(e.given)) for e in variants(exercise)]
        assert len(set(asked)) > VARIANTS / 2
        assert asked == [repr(e) + repr(vars(e.given)) for e in variants(exercise)]


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
