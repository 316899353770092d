"""Every exercise of every lesson: 20 variants, every slip, every form, and its place in the notebook."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from course_utils import exercises
from course_utils.exercises import engine
from course_utils.setup.environment import ROOT
from tests.unit.test_exercises import EXERCISES, VARIANTS, variants

each = pytest.mark.parametrize("name", EXERCISES)


@pytest.fixture
def unrevealed(monkeypatch):
    """Leave out what a prediction shows: it has a test of its own."""
    monkeypatch.setattr(engine, "_run_and_show", lambda *_: "")


def solved(exercise) -> object:
    """Run the solution that a student sees and return its answer."""
    names = {"given": exercise.given}
    exec(exercise.solution().code, names)
    return names["answer"]


@each
def test_solution_runs_and_is_accepted(keras, unrevealed, name):
    for exercise in variants(EXERCISES[name]):
        outcome = exercise.check(solved(exercise))
        assert (outcome.kind, outcome.message) == ("correct", exercise.variant.praise)


@each
def test_every_slip_gets_exactly_its_sentence(unrevealed, name):
    for exercise in variants(EXERCISES[name]):
        slips = exercise.variant.slips
        assert len(slips) >= 3 and len({slip.why for slip in slips}) == len(slips)
        for slip in slips:
            outcome = exercise.check(slip.answer)
            assert (outcome.kind, outcome.message) == ("incorrect", slip.why)


@pytest.mark.parametrize("name", [name for name, one in EXERCISES.items() if one.judge.name in ("number", "array")])
def test_slips_rounded_to_two_decimals_keep_their_sentence(unrevealed, name):
    for exercise in variants(EXERCISES[name]):
        assert exercise.check(np.round(exercise.variant.answer, 2)).kind == "correct"
        for slip in exercise.variant.slips:
            assert exercise.check(np.round(slip.answer, 2)).message == slip.why


@each
def test_three_dots_are_not_attempted(name):
    for outcome in (EXERCISES[name].check(...), EXERCISES[name].check()):
        assert outcome.kind == "not attempted" and outcome.shown == ""
        assert not any(hint in outcome.message for hint in EXERCISES[name].variant.hints)


@each
def test_another_has_other_numbers_and_repeats(name):
    asked = [exercise._numbers() for exercise in variants(EXERCISES[name])]
    assert all(one != other for one, other in pairwise(asked))
    assert len(set(asked)) > VARIANTS / 2
    assert asked == [exercise._numbers() for exercise in variants(EXERCISES[name])]


@each
def test_an_exercise_is_whole_and_speaks_in_sentences(name):
    for exercise in variants(EXERCISES[name]):
        variant = exercise.variant
        assert len(variant.hints) >= 2 and variant.code and variant.ask.endswith((".", "?"))
        for sentence in (variant.praise, *(slip.why for slip in variant.slips)):
            assert sentence.endswith((".", "?"))
        assert len(set(variant.hints)) == len(variant.hints)
        if exercise.judge.name == "choice":
            assert {variant.answer, *(slip.answer for slip in variant.slips)} == set(variant.options)


@each
def test_hints_are_a_ladder_that_ends(name):
    exercise = EXERCISES[name].another()
    count = len(exercise.variant.hints)
    said = [exercise.hint() for _ in range(count + 2)]
    assert [hint.body for hint in said[:count]] == list(exercise.variant.hints)
    assert [hint.heading for hint in said[count:]] == ["No more hints."] * 2


@pytest.mark.parametrize("name", [name for name, one in EXERCISES.items() if one.variant.reveal])
def test_a_prediction_shows_the_same_twice(keras, name):
    for exercise in (EXERCISES[name], EXERCISES[name].another()):
        shown = exercise.check(exercise.variant.answer).shown
        printed = shown.removeprefix(exercise.variant.reveal.strip()).strip()
        assert printed and "Error" not in printed
        assert exercise.check(exercise.variant.slips[0].answer).shown == shown


def other_forms(keras, exercise) -> list:
    """Return the right answer in all forms that it may have."""
    import tensorflow

    right, judge = exercise.variant.answer, exercise.judge.name
    if judge == "number":
        kinds = [float, np.float32, np.float64, np.array, tensorflow.constant, tensorflow.Variable]
        return [kind(right) for kind in kinds] + ([np.int64(right), np.int16(right)] if right % 1 == 0 else [])
    if judge == "shape":
        sizes = [np.int64(size) for size in right]
        return [list(right), sizes, np.array(right), tensorflow.TensorShape(right), tensorflow.constant(right)]
    if judge == "array":
        rounded = [right.tolist(), right.astype("float32"), np.round(right, 2), np.asfortranarray(right)]
        return [*rounded, tensorflow.constant(right), tensorflow.Variable(right), keras.Variable(right)]
    if judge == "choice":
        return [right.upper(), f"  {right}\n", np.str_(right)]
    made = solved(exercise)
    if judge == "function":
        forms = [np.float32, np.ndarray.tolist, tensorflow.constant]
        return [lambda *arguments, form=form: form(made(*arguments)) for form in forms]
    return [keras.Sequential([made])]


@each
def test_right_answers_are_accepted_in_other_forms(keras, unrevealed, name):
    exercise = EXERCISES[name]
    for answer in other_forms(keras, exercise):
        outcome = exercise.check(answer)
        assert outcome.kind == "correct", (type(answer), outcome)


# How it looks


def looks(shown) -> dict[str, str]:
    """Return all forms of an object that a notebook saves."""
    return DisplayFormatter().format(shown)[0]


@each
def test_everything_shows_as_html_and_as_plain_text(keras, name):
    exercise = EXERCISES[name]
    right, slip = exercise.variant.answer, exercise.variant.slips[0]
    wanted = {"Correct.": exercise.check(right), "Not yet.": exercise.check(slip.answer)}
    wanted |= {"Not attempted.": exercise.check(...), "Question:": exercise, "Solution:": exercise.solution()}
    for words, shown in wanted.items():
        bundle = looks(shown)
        assert set(bundle) == {"text/html", "text/plain"}
        assert words in re.sub("<[^>]*>", "", bundle["text/html"]) and words in bundle["text/plain"]


@each
def test_solutions_switched_off_are_saved_nowhere(monkeypatch, unrevealed, name):
    exercise = EXERCISES[name].another()
    code = exercise.solution().code
    monkeypatch.setenv("UNROLLED_SOLUTIONS", "off")
    hints = [exercise.hint() for _ in range(len(exercise.variant.hints) + 1)]
    for shown in (exercise, exercise.variant, exercise.solution(), exercise.check(...), *hints):
        bundle = looks(shown)
        assert all(code not in text.replace("&#x27;", "'") for text in bundle.values())
    assert "solution()" not in hints[-1].body


TELL_ALL = """
from course_utils.exercises import engine, limits
from course_utils.exercises.engine import Exercise
from course_utils import exercises
limits.SECONDS = 10**6
engine._run_and_show = lambda code, given: code  # that would load Keras
for lesson in exercises.LESSONS:
    for name, exercise in vars(getattr(exercises, lesson)).items():
        if isinstance(exercise, Exercise):
            for one in (exercise, exercise.another()):
                print(one, one._repr_html_(), one.solution(), one.hint(), one.hint(), one._numbers())
                for answer in (one.variant.answer, ..., None, "text", *(slip.answer for slip in one.variant.slips)):
                    print(one.check(answer), one.check(answer)._repr_html_())
"""


@pytest.mark.slow
def test_all_texts_are_the_same_in_two_processes():
    told = set()
    for seed in ("1", "2"):
        place = os.environ | {"PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", TELL_ALL], cwd=ROOT, env=place, capture_output=True, text=True, check=True
        )
        assert run.stderr == ""
        told.add(run.stdout)
    assert len(told) == 1 and len(told.pop()) > 1000


# In the notebooks


def notebook_of(lesson: str) -> list[dict]:
    """Return the cells of a lesson's notebook."""
    paths = list((ROOT / "notebooks").glob(f"{lesson.removeprefix('lesson_')}_*.ipynb"))
    assert len(paths) == 1, f"{lesson} belongs to no notebook"
    return json.loads(paths[0].read_text(encoding="utf-8"))["cells"]


def lacking(cells: list[dict], lesson: str, own: dict) -> list[str]:
    """Return what a notebook lacks of its exercises. own: by name."""
    problems = [] if 3 <= len(own) <= 6 else [f"{lesson} has {len(own)} exercises, not 3 to 6"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    words = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    problems += [
        f"{lesson} does not say .{way}()" for way in ("hint", "solution", "another") if f".{way}()" not in words
    ]
    for name, exercise in own.items():
        full = f"{lesson}.{name}"
        asked = [place for place, text in enumerate(code) if re.search(rf"(?m)^{full}(\.choose\(\))?$", text)]
        checked = [place for place, text in enumerate(code) if f"{full}.check(" in text]
        if not asked or not checked or checked[0] < asked[0]:
            problems.append(f"{full} is not asked and then checked")
        if vars(exercise.given) and not any(f"{full}.given" in text for text in code):
            problems.append(f"{full} does not hand out what is given")
    return problems


def own_exercises(lesson: str) -> dict:
    """Return a lesson's exercises by name."""
    return {name.split(".")[1]: one for name, one in EXERCISES.items() if name.startswith(f"{lesson}.")}


@pytest.mark.parametrize("lesson", exercises.LESSONS)
def test_a_notebook_shows_all_of_its_exercises(lesson):
    assert lacking(notebook_of(lesson), lesson, own_exercises(lesson)) == []


def test_every_notebook_has_exercises():
    notebooks = {path.stem.split("_")[0] for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks <= {lesson.removeprefix("lesson_") for lesson in exercises.LESSONS}


def test_a_notebook_that_lacks_something_is_found_out():
    lesson = "lesson_01"
    cells, own = notebook_of(lesson), own_exercises(lesson)
    for name in own:
        less = [cell for cell in cells if f"{name}.check(" not in "".join(cell["source"])]
        assert lacking(less, lesson, own) == [f"{lesson}.{name} is not asked and then checked"]
    assert lacking([], lesson, {})[0] == "lesson_01 has 0 exercises, not 3 to 6"
    less = [cell for cell in cells if ".solution()" not in "".join(cell["source"])]
    assert "lesson_01 does not say .solution()" in lacking(less, lesson, own)


@pytest.mark.parametrize("lesson", exercises.LESSONS)
def test_the_saved_questions_are_those_of_the_exercises(lesson):
    saved = [
        "".join(output["data"]["text/plain"])
        for cell in notebook_of(lesson)
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    for name, exercise in own_exercises(lesson).items():
        assert exercise.variant.options or repr(exercise) in saved, f"{name}: run the notebook again"
