"""Every lesson as it is committed: executed, quiet, steady, complete."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import find_comment_markers, find_metadata_tags

from course_utils import exercises
from course_utils.commands import notebooks
from course_utils.setup.environment import ROOT
from tests.unit.syllabus import QUESTIONS, SHOWN, TAUGHT

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    """Return a lesson as it is committed."""
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list:
    """Return the code cells that hold code."""
    return [cell for cell in read(path).cells if cell.cell_type == "code" and cell.source.strip()]


@every_lesson
def test_every_cell_was_run_in_order(path):
    assert [cell.execution_count for cell in code_cells(path)] == list(range(1, len(code_cells(path)) + 1))


@every_lesson
def test_nothing_but_results_is_in_the_outputs(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id


@every_lesson
def test_no_paths_or_addresses_of_a_machine(path):
    outputs = json.dumps([cell.outputs for cell in code_cells(path)])
    text = re.sub(r'"image/png": "[^"]*"|base64,[^"\\]*', "", outputs)
    assert not re.search(r"/(home|Users|root|tmp|work)/|[A-Z]:\\\\|0x[0-9a-f]{6,}", text)


@every_lesson
def test_metadata_is_normal(path):
    metadata = read(path).metadata
    assert set(metadata) <= {"kernelspec", "language_info", "title", "widgets"}
    assert metadata.language_info == {"name": "python"} and metadata.kernelspec.name == "python3"
    assert path.stat().st_size < 1_500_000
    assert all(re.fullmatch(r"[a-z0-9-]+", cell.id) for cell in read(path).cells), "cell ids are words"


@every_lesson
def test_every_widget_on_a_page_is_in_the_saved_state(path):
    notebook = read(path)
    state = notebook.metadata.get("widgets", {}).get(notebooks.WIDGET_STATE, {}).get("state", {})
    shown = [
        out.data[notebooks.WIDGET_VIEW]["model_id"]
        for c in code_cells(path)
        for out in c.outputs
        if notebooks.WIDGET_VIEW in out.get("data", {})
    ]
    assert set(shown) <= set(state)
    children = set(re.findall(r"IPY_MODEL_(\w+)", json.dumps(state)))
    assert children <= set(state)


def unasserted(cells: list) -> list[str]:
    """Return the ids of cells that nbval does not compare and that no assertion follows."""
    found = []
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        options = [*find_comment_markers(cell.source), *find_metadata_tags(cell.metadata)]
        asserts = following and any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(following.source)))
        if options and not asserts:
            found.append(cell.id)
    return found


@every_lesson
def test_what_nbval_does_not_compare_is_followed_by_an_assertion(path):
    assert unasserted(code_cells(path)) == []


COMPARISONS = ("assert_allclose", "allclose", "isclose")


def too_near(source: str) -> list[str]:
    """Return the comparisons of a cell that leave two computations less room than 1e-5, of the number or in all.

    What another processor rounds otherwise adds up to a few 1e-6, and NumPy's own defaults leave nothing beside 0.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        ast.unparse(call)
        for call in calls
        if ast.unparse(call.func).split(".")[-1] in COMPARISONS
        and not any(word.arg in ("atol", "rtol") and ast.literal_eval(word.value) >= 1e-5 for word in call.keywords)
    ]


@every_lesson
def test_two_computations_are_compared_with_room_for_rounding(path):
    assert {cell.id: found for cell in code_cells(path) if (found := too_near(cell.source))} == {}


def test_the_rule_on_room_sees_what_leaves_none():
    near = ["np.allclose(a, b)", "np.isclose(a, b, atol=1e-06)", "np.testing.assert_allclose(a, b, rtol=1e-07)"]
    assert too_near("\n".join([*near, "np.allclose(a, b, atol=1e-5)", "np.isclose(a, b, rtol=1e-4)"])) == near


@every_lesson
def test_pictures_have_words(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if "image/svg+xml" in output.get("data", {}).get("text/html", ""):
                assert output.data["image/png"], "a code host shows nothing else"
                assert re.match(r'<img alt="[^"]{40,}"', output.data["text/html"]), cell.id
                assert len(output.data["text/plain"]) >= 40


@every_lesson
def test_every_row_of_the_syllabus_is_shown_by_a_cell_that_ran(path):
    cells = {cell.id: cell for cell in read(path).cells}
    for row, ids in SHOWN[path.stem].items():
        for name in ids:
            assert name in cells, f"{row} was shown by cell {name!r}, which is gone"
        last = cells[ids[-1]]
        if row != "S1.1":
            assert last.execution_count and (
                "assert" in last.source or "draw_" in last.source or "explore_" in last.source
            )


@every_lesson
def test_no_row_of_the_syllabus_is_lost(path):
    assert set(SHOWN[path.stem]) == set(TAUGHT[path.stem[:2]])


def test_every_question_has_a_lesson():
    taught = {row for rows in TAUGHT.values() for row in rows}
    assert {f"question {number}" for number in QUESTIONS} <= taught


@every_lesson
def test_lesson_has_its_parts(path):
    cells = read(path).cells
    words = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for part in (
        "After this lesson you can",
        "**Time:**",
        "by hand = by Keras",
        "**Try it.**",
        "## Recap in one picture",
        "## What comes next",
    ):
        assert part in words, part
    code = "\n".join(cell.source for cell in code_cells(path))
    assert "np.testing.assert_allclose" in code and "course_utils.explore_" in code
    kinds = {cell.metadata.get("slideshow", {}).get("slide_type") for cell in cells}
    assert kinds <= {None, "slide", "subslide", "fragment", "notes", "skip"} and {"slide", "notes"} <= kinds


@every_lesson
def test_lesson_uses_all_its_exercises(path):
    module = getattr(exercises, f"lesson_{path.stem[:2]}")
    names = {name for name, value in vars(module).items() if isinstance(value, exercises.engine.Exercise)}
    assert 3 <= len(names) <= 6
    code = "\n".join(cell.source for cell in code_cells(path))
    assert {name for name in names if f".{name}.check(...)" in code} == names


TRAINING = ("05", "08")  # these two take a third of the time, and nbval compares what they print


@pytest.mark.slow
@every_lesson
def test_running_it_again_changes_nothing(path):
    if path.stem[:2] in TRAINING and "UNROLLED_LONG" not in os.environ:
        pytest.skip("UNROLLED_LONG=on runs those that train, too.")
    # PNG bytes are left out: they repeat on one machine, but another build of the image library packs them otherwise.
    command = [sys.executable, "-m", "course_utils.commands.notebooks", "--check", "--ignore-png", path.stem]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def two_cells(*, printed=("a", "b"), picture="p", slider=1, link="v") -> str:
    """Return a notebook of two cells, each with a line and a widget; the second is tagged, its widget has a link."""
    cells = []
    for place, (line, metadata) in enumerate(zip(printed, [{}, {"tags": ["nbval-ignore-output"]}], strict=True)):
        view = {notebooks.WIDGET_VIEW: {"model_id": f"box{place}"}, "text/plain": line}
        output = nbformat.v4.new_output("display_data", view)
        cells.append(nbformat.v4.new_code_cell("f()", id=f"c{place}", metadata=metadata, outputs=[output]))
    state = {
        "box0": {"children": ["IPY_MODEL_slider0"]},
        "slider0": {"value": slider},
        "box1": {"children": ["IPY_MODEL_picture1"]},
        "picture1": {"value": picture},
        "link1": {"source": ["IPY_MODEL_picture1", link]},
    }
    return nbformat.writes(
        nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {notebooks.WIDGET_STATE: {"state": state}}})
    )


def test_the_check_leaves_out_tagged_outputs_with_their_widgets_and_nothing_else():
    saved = notebooks.comparable(two_cells())
    assert saved == notebooks.comparable(two_cells(printed=("a", "other"), picture="other", link="other"))
    assert saved != notebooks.comparable(two_cells(printed=("other", "b")))
    assert saved != notebooks.comparable(two_cells(slider=2))
    kept = json.loads(saved)["metadata"]["widgets"][notebooks.WIDGET_STATE]["state"]
    assert set(kept) == {"box0", "slider0"}


def test_the_check_keeps_a_widget_that_another_cell_shows_too():
    both = two_cells().replace(
        '"children": [\n       "IPY_MODEL_slider0"', '"children": [\n       "IPY_MODEL_picture1"'
    )
    assert both != two_cells()
    assert notebooks.comparable(both) != notebooks.comparable(both.replace('"value": "p"', '"value": "other"'))


def test_a_lesson_is_checked_by_what_is_comparable(tmp_path, monkeypatch, capsys):
    def run_gives(text: str) -> int:
        monkeypatch.setattr(notebooks, "executed", lambda *_, png: nbformat.reads(text, as_version=4))
        return notebooks.main(["--check", "lesson"])

    saved = notebooks.as_text(nbformat.reads(two_cells(), as_version=4))
    (tmp_path / "lesson.ipynb").write_text(saved)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    assert run_gives(two_cells(printed=("a", "other"), picture="other")) == 0
    assert run_gives(two_cells(printed=("other", "b"))) == 1
    assert '+       "other"' in capsys.readouterr().out
    assert (tmp_path / "lesson.ipynb").read_text() == saved


@pytest.mark.parametrize("tag", ["nbval-ignore-output", "nbval-skip", "raises-exception", "nbval-raises-exception"])
def test_the_rule_on_uncompared_cells_sees_every_tag(tag):
    tagged = nbformat.v4.new_code_cell("print(1)", id="tagged", metadata={"tags": [tag]})
    excuse = nbformat.v4.new_code_cell("1  # assert", id="excuse")
    honest = nbformat.v4.new_code_cell("assert 1 == 1", id="honest")
    assert unasserted([tagged, excuse]) == ["tagged"] == unasserted([tagged])
    assert unasserted([tagged, honest]) == []
    commented = nbformat.v4.new_code_cell("# NBVAL_IGNORE_OUTPUT\nprint(1)", id="commented")
    assert unasserted([commented, excuse]) == ["commented"]


def test_there_are_lessons():
    assert {path.stem for path in LESSONS} == set(SHOWN)
