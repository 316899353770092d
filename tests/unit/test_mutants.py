"""The list of bugs that ``benchmark mutants`` tries, and what it says of one that lives, dies or is lost."""

import ast
import json
import re
from pathlib import Path

import pytest

from course_utils.setup.environment import ROOT
from tests.benchmarks.mutants import MUTANTS, Mutant
from tests.benchmarks.mutating import main, run, times

FEWEST = 60
ROOMS = {path.parent.name for path in (ROOT / "course_utils").glob("*/*.py")} | {"notebooks"}


def room(mutant: Mutant) -> str:
    """Return the room that a mutant breaks; __main__ is the door to the commands."""
    first, *rest = Path(mutant.file).parts
    return first if first == "notebooks" else rest[0] if len(rest) > 1 else "commands"


def test_there_are_enough_of_them_in_every_room():
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS}) >= FEWEST
    assert {room(mutant) for mutant in MUTANTS} == ROOMS


def test_each_still_applies_and_leaves_code_that_can_be_read():
    assert {mutant.name: times(mutant, ROOT) for mutant in MUTANTS} == {mutant.name: 1 for mutant in MUTANTS}
    for mutant in MUTANTS:
        broken = (ROOT / mutant.file).read_text(encoding="utf-8").replace(mutant.text, mutant.becomes)
        read = {".py": ast.parse, ".ipynb": json.loads}.get(Path(mutant.file).suffix, str)
        read(broken)
        assert mutant.text != mutant.becomes, mutant.name


def test_the_tests_that_each_names_are_there():
    for mutant in MUTANTS:
        assert mutant.tests, mutant.name
        for test in mutant.tests:
            file, _, name = test.partition("::")
            code = (ROOT / file).read_text(encoding="utf-8")
            name = name.partition("[")[0]
            assert re.search(rf"^def {name}\(", code, re.MULTILINE) if name else code, (mutant.name, test)


COUNTING = '''"""A course."""


def count(steps):
    """Count.

    >>> count(2)
    3
    """
    return steps + 1
'''
CAUGHT = Mutant("one too few", "course_utils/__init__.py", "steps + 1", "steps", ("course_utils/__init__.py",))
ALIVE = Mutant("another word", "course_utils/__init__.py", "A course.", "A house.", ("course_utils/__init__.py",))
LOST = Mutant("no such line", "course_utils/__init__.py", "steps + 2", "steps", ("course_utils/__init__.py",))
UNREADABLE = Mutant("no code", "course_utils/__init__.py", "def count", "def def", ("course_utils/__init__.py",))


@pytest.fixture
def tiny(tmp_path) -> Path:
    """A course with one function and its test."""
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils" / "__init__.py").write_text(COUNTING)
    return tmp_path


@pytest.mark.slow
def test_what_is_said_of_a_mutant_that_dies_lives_is_lost_or_is_no_code(tiny, capsys):
    assert run([CAUGHT, ALIVE, LOST, UNREADABLE], tiny, "json") == ["another word", "no code", "no such line"]
    assert capsys.readouterr().out.splitlines() == [
        "red    one too few  ·  course_utils/__init__.py::course_utils.count",
        "GREEN  another word  ·  survived",
        "GREEN  no code  ·  no test ran: pytest ended with 1",
        "LOST   no such line  ·  its text does not stand exactly once in its file",
        "1 red, 2 alive, 1 lost",
    ]
    assert (tiny / "course_utils" / "__init__.py").read_text() == COUNTING


@pytest.mark.slow
def test_nothing_is_told_where_a_test_fails_without_a_mutant(tiny, capsys):
    (tiny / "course_utils" / "__init__.py").write_text(COUNTING.replace("3", "4"))
    assert run([CAUGHT], tiny, "json") == ["one too few"]
    assert "Without any mutant these tests do not pass" in capsys.readouterr().out


def test_words_that_choose_no_mutant_are_an_error(capsys):
    assert main(["-k", "no such words"]) == 1
    assert "No mutant holds 'no such words'" in capsys.readouterr().err
