"""Does the net catch fish? A lesson with one wrong digit, or with a broken widget, must not pass nbval."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils.setup.environment import ROOT

pytestmark = pytest.mark.slow

LESSON = ROOT / "notebooks" / "01_rnn_cell_math.ipynb"
BROKEN_VIEWER = "\nimport course_utils.explorers.unrolling\ncourse_utils.explorers.unrolling.view = lambda *_: 1 / 0"
BROKEN_MOVE = (
    "\nexplorer = course_utils.explore_unrolling()\nexplorer._viewer = lambda *_: 1 / 0\nexplorer.set(units=5)"
)


def altered(folder: Path, kept: tuple[str, ...], change) -> Path:
    """Copy the lesson with only some of its cells, and change one thing in it."""
    notebook = nbformat.read(LESSON, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id in kept]
    change({cell.id: cell for cell in notebook.cells})
    path = folder / LESSON.name
    nbformat.write(notebook, path)
    return path


def nbval(path: Path) -> subprocess.CompletedProcess:
    """Run a notebook as the test command does: the same options, from the same file."""
    shutil.copy(ROOT / "pyproject.toml", path.parent)
    (path.parent / "tests").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", path.parent / "tests")
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=path.parent)


def one_digit_each(cells) -> None:
    """Change one digit of a printed number; and one in the words of a picture, as if drawn from another number."""
    output = cells["trace"].outputs[0]
    assert "0.27" in output.text
    output.text = output.text.replace("0.27", "0.28", 1)
    data = cells["picture"].outputs[0].data
    assert "(0.27," in data["text/plain"]
    data["text/plain"] = data["text/plain"].replace("(0.27,", "(0.28,", 1)


def widget_that_never_shows(cells) -> None:
    """Break the function that draws."""
    cells["setup"].source += BROKEN_VIEWER


def widget_that_breaks_on_a_move(cells) -> None:
    """Break the function that draws after the first picture."""
    cells["explore"].source += BROKEN_MOVE


def nothing(_cells) -> None:
    """Leave the lesson as it is."""


KEPT = ("setup", "picture", "trace", "explore")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (one_digit_each, ["(0.28,", "0.28"]),
        (widget_that_never_shows, ["ZeroDivisionError"]),
        (widget_that_breaks_on_a_move, ["ZeroDivisionError"]),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_nbval_catches(tmp_path, change, words):
    run = nbval(altered(tmp_path, KEPT, change))
    assert run.returncode == 1, run.stdout
    reports = run.stdout.split("____ ")[1:]  # one for each cell
    assert len(reports) == len(words) and f"{len(words)} failed" in run.stdout, run.stdout
    for report, word in zip(reports, words, strict=True):
        assert word in report


def test_nbval_passes_the_same_cells_unaltered(tmp_path):
    run = nbval(altered(tmp_path, KEPT, nothing))
    assert run.returncode == 0 and "4 passed" in run.stdout, run.stdout
