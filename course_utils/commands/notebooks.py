"""Execute the lessons and save them so that running them again changes nothing.

Runs inside ``.venv``: ``python -m course_utils notebooks [--check [--ignore-png]] [NAME …]``.
``python -m course_utils notebooks --another-processor [--seed N] [NAME …]`` saves nothing: it runs the lessons under
nbval in kernels that round as another processor might, and fails where a lesson stops or prints another digit.
"""

import argparse
import difflib
import hashlib
import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError

from course_utils.commands.another_processor import start_up
from course_utils.drawing.diagram import PNG_TOO
from course_utils.setup.environment import ROOT

FOLDER = ROOT / "notebooks"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
NOT_COMPARED = "nbval-ignore-output"  # the tag of a cell whose output another processor may round otherwise
SECONDS_A_CELL = 1200  # these two only end what hangs
SECONDS_TO_START = 600
LINES_OF_DIFFERENCE = 40


def main(arguments: list[str]) -> int:
    """Execute the lessons named (all, if none is); with --check, compare instead of saving."""
    parser = argparse.ArgumentParser(prog="python -m course_utils notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="lessons, e.g. 01_rnn_cell_math; all if none is named")
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"save nothing; fail where a new run would differ, outside of the outputs of cells tagged {NOT_COMPARED}",
    )
    parser.add_argument(
        "--ignore-png", action="store_true", help="with --check: do not draw PNG images, and compare all but them"
    )
    parser.add_argument(
        "--another-processor",
        action="store_true",
        help="save nothing; fail where a lesson stops or prints something else when results round otherwise",
    )
    parser.add_argument("--seed", type=int, default=1, help="with --another-processor: which roundings (default: 1)")
    options = parser.parse_args(arguments)
    try:
        if options.another_processor:
            return on_another_processor(_chosen(options.names), options.seed)
        changed = [path for path in _chosen(options.names) if _refresh(path, options)]
    except (CellControlSignal, DeadKernelError, FileNotFoundError, nbformat.reader.NotJSONError) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    return 1 if options.check and changed else 0


def on_another_processor(paths: list[Path], seed: int) -> int:
    """Run lessons under nbval in kernels that round otherwise; return pytest's exit status."""
    sanitize = f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval_sanitize.cfg'}"
    patience = [f"--nbval-cell-timeout={SECONDS_A_CELL}", f"--nbval-kernel-startup-timeout={SECONDS_TO_START}"]
    options = ["--nbval", "--nbval-current-env", sanitize, *patience]
    several = len(paths) > 1 and importlib.util.find_spec("xdist")
    together = ["-n=2", "--dist=loadfile"] if several else []
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-q", *together, *options]
    with start_up(seed) as environment:
        return subprocess.call([*command, *map(str, paths)], cwd=ROOT, env=os.environ | environment)


def _chosen(names: list[str]) -> list[Path]:
    if not names:
        return sorted(FOLDER.glob("*.ipynb"))
    paths = [FOLDER / f"{Path(name).stem}.ipynb" for name in names]
    for path in paths:
        if not path.exists():
            there = ", ".join(sorted(lesson.stem for lesson in FOLDER.glob("*.ipynb")))
            raise FileNotFoundError(f"There is no lesson {path.stem!r}; there are {there}.")
    return paths


def _refresh(path: Path, options: argparse.Namespace) -> bool:
    """Execute one lesson; return whether that changes the file."""
    print(f"{path.stem} …", end=" ", flush=True)
    before = path.read_text(encoding="utf-8")
    png = not (options.check and options.ignore_png)
    after = as_text(executed(nbformat.reads(before, as_version=4), path.stem, png=png))
    if options.check:
        before, after = comparable(before), comparable(after)
    if not png:
        before, after = _without_png(before), _without_png(after)
    changed = after != before
    if changed and not options.check:
        draft = path.with_suffix(".ipynb.part")
        draft.write_text(after, encoding="utf-8", newline="\n")
        os.replace(draft, path)
    print("changed" if changed else "unchanged")
    if changed and options.check:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "saved", "now", n=1, lineterm="")
        for line in itertools.islice(lines, LINES_OF_DIFFERENCE):
            print(line[:200])
    return changed


def comparable(text: str) -> str:
    """Return a notebook, as text, without what --check does not compare.

    That is the outputs of cells tagged nbval-ignore-output, and the widgets that hang together with one shown there
    and with none shown elsewhere: what a training came to differs in the last digits from processor to processor.
    """
    notebook = nbformat.reads(text, as_version=4)
    shown: dict[bool, set[str]] = {True: set(), False: set()}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            left_out = NOT_COMPARED in cell.metadata.get("tags", [])
            views = (output.get("data", {}).get(WIDGET_VIEW) for output in cell.outputs)
            shown[left_out] |= {view["model_id"] for view in views if view}
            cell.outputs = [] if left_out else cell.outputs
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    for model in _hanging_together(state, shown[True]) - _hanging_together(state, shown[False]):
        del state[model]
    return as_text(notebook)


def _hanging_together(state: dict, some: set[str]) -> set[str]:
    """Return the ids of some widgets and of all that they name or that name them, at any distance."""
    neighbours: dict[str, set[str]] = {model: set() for model in state}
    for model, widget in state.items():
        for other in set(re.findall(r"IPY_MODEL_(\w+)", json.dumps(widget))) & set(state):
            neighbours[model].add(other)
            neighbours[other].add(model)
    found, new = set(), some & set(state)
    while new:
        found |= new
        new = set().union(*(neighbours[model] for model in new)) - found
    return found


def _without_png(text: str) -> str:
    return re.sub(r'\s*"image/png": "[^"]*",', "", text)


def executed(notebook: nbformat.NotebookNode, name: str, png: bool = True) -> nbformat.NotebookNode:
    """Run every cell in order in a fresh kernel, and make the result the same on every run.

    name: the lesson's name, from which the ids of its widgets are made
    png: whether pictures are saved as PNG images too; a code host shows these and nothing else
    """
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this .venv, not one in the home folder
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        startup_timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how the kernel cuts its output into messages differs from run to run
        resources={"metadata": {"path": str(FOLDER)}},
    )
    notebook.metadata.pop("widgets", None)  # the client keeps the old ones where a lesson has none any more
    client.execute(env=os.environ | {PNG_TOO: "on" if png else "off"})
    return normalised(notebook, name)


def normalised(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Return the notebook without anything that differs from run to run or from machine to machine."""
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    kept = {key: notebook.metadata[key] for key in ("title", "widgets") if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict({**kept, "kernelspec": kernel, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return _with_stable_widget_ids(notebook, name)


def _with_stable_widget_ids(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Name the widgets by the order in which the kernel made them.

    An id is 32 random hexadecimal digits, so that it stands nowhere else; one pass replaces them all.
    """
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    if not state:
        return notebook
    new = {old: hashlib.sha256(f"{name} widget {place}".encode()).hexdigest()[:32] for place, old in enumerate(state)}
    text = re.sub("|".join(new), lambda found: new[found[0]], json.dumps(notebook, ensure_ascii=False))
    return nbformat.from_dict(json.loads(text))


def as_text(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook as it is saved."""
    return nbformat.writes(notebook) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
