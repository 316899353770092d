"""Break a copy of the course by one bug after the other, and see that a test turns red for each.

``python -m course_utils benchmark mutants [-k WORDS]``; WORDS choose the mutants whose name or file holds them.
Nothing in the checkout is changed: the copy is made in a temporary folder, and is what the tests import.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from course_utils.commands.notebooks import SECONDS_A_CELL, SECONDS_TO_START
from course_utils.setup.environment import ROOT
from tests.benchmarks.mutants import MUTANTS, Mutant

NOT_COPIED = (".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", ".ipynb_checkpoints")
OPTIONS = (
    *("-o", "addopts=", "-p", "no:xdist", "-p", "no:cacheprovider", "-q", "-x", "-rfE", "--tb=no", "--doctest-modules"),
    *("--nbval", "--nbval-current-env", "--nbval-sanitize-with=tests/nbval_sanitize.cfg"),
    *(f"--nbval-cell-timeout={SECONDS_A_CELL}", f"--nbval-kernel-startup-timeout={SECONDS_TO_START}"),
)
# Waits for tests, a JSON list on each line; runs each list in a copy of itself, which need not load Keras any more, and
# answers with the exit status and all that was printed. It must not import the course: the next mutant may be in it.
READY = """
import importlib, json, os, sys, tempfile
import hypothesis, nbval.plugin, pytest
importlib.import_module(sys.argv[1])
for line in sys.stdin:
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if not child:
            status = 3  # as pytest says of an error of its own
            try:
                os.dup2(printed.fileno(), 1)
                os.dup2(printed.fileno(), 2)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                status = int(pytest.main([*sys.argv[2:], *json.loads(line)]))
                sys.stdout.flush()
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        print(json.dumps([status, printed.read().decode(errors="replace")]), flush=True)
"""
Runner = Callable[[Sequence[str]], tuple[int, str]]
"""From tests to pytest's exit status and what it said."""
SAID = 30  # lines of what pytest says, where the tests fail without a mutant


def main(arguments: list[str]) -> int:
    """Run the mutants chosen by ``-k``; return 1 if one survived, no longer applies or was not chosen at all."""
    parser = argparse.ArgumentParser(prog="python -m course_utils benchmark mutants", description=__doc__)
    parser.add_argument("-k", default="", metavar="WORDS", help="only mutants whose name or file holds these words")
    words = parser.parse_args(arguments).k.lower()
    chosen = [one for one in MUTANTS if words in one.name.lower() or words in one.file.lower()]
    if not chosen:
        print(f"No mutant holds {words!r} in its name or file.", file=sys.stderr)
        return 1
    if hasattr(os, "nice"):
        os.nice(10)  # it takes a quarter of an hour: whoever works beside it comes first
    return 1 if run(chosen, ROOT) else 0


def run(mutants: Sequence[Mutant], root: Path, load: str = "keras") -> list[str]:
    """Print a table of what became of each mutant of the checkout at ``root``; return the names of those to look at.

    load: the module that is loaded once for all
    """
    lost = [one.name for one in mutants if times(one, root) != 1]
    with tempfile.TemporaryDirectory(prefix="unrolled-mutants-") as folder:
        copy = Path(folder).resolve() / "course"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        check_imported(copy)
        mutants = [one for one in mutants if one.name not in lost]
        with ready(copy, load) as tests:
            status, said = tests(list(dict.fromkeys(test for one in mutants for test in one.tests)))
            if status:
                print("Without any mutant these tests do not pass, so that nothing can be told:")
                print(*said.splitlines()[-SAID:], sep="\n")
                return [one.name for one in mutants]
            alive = [one.name for one in mutants if not is_caught(one, copy, tests)]
    for name in lost:
        print(f"LOST   {name}  ·  its text does not stand exactly once in its file")
    print(f"{len(mutants) - len(alive)} red, {len(alive)} alive, {len(lost)} lost")
    return [*alive, *lost]


def times(mutant: Mutant, root: Path) -> int:
    """Return how often the text of a mutant stands in its file; 0 where there is no such file."""
    path = root / mutant.file
    return path.read_text(encoding="utf-8").count(mutant.text) if path.is_file() else 0


def is_caught(mutant: Mutant, copy: Path, tests: Runner) -> bool:
    """Break the copy, run the tests of a mutant, mend the copy, and print what caught it."""
    path = copy / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(mutant.text, mutant.becomes), encoding="utf-8")
    try:
        status, said = tests(mutant.tests)
    finally:
        path.write_text(whole, encoding="utf-8")
    failed = re.search(r"^(?:FAILED|ERROR) (.+?::.+?)(?: - .*)?$", said, re.MULTILINE)
    caught = status == 1 and failed is not None
    # Neither: then the course cannot even be imported, and that proves nothing of the tests.
    how = failed[1] if caught else "survived" if status == 0 else f"no test ran: pytest ended with {status}"
    print(f"{'red  ' if caught else 'GREEN'}  {mutant.name}  ·  {how}", flush=True)
    return caught


@contextlib.contextmanager
def ready(copy: Path, load: str) -> Iterator[Runner]:
    """Give a function that runs tests in the copy, each time in a new process. On Linux ``load`` is loaded once."""
    given = {"cwd": copy, "env": environment(copy), "text": True, "encoding": "utf-8"}

    def afresh(tests: Sequence[str]) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-m", "pytest", *OPTIONS, *tests], capture_output=True, **given)
        return done.returncode, done.stdout + done.stderr

    if sys.platform != "linux":  # elsewhere a process that has loaded as much cannot be copied, or not safely
        yield afresh
        return
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", READY, load, *OPTIONS], **pipes, **given) as server:

        def asked(tests: Sequence[str]) -> tuple[int, str]:
            print(json.dumps(list(tests)), file=server.stdin, flush=True)
            status, said = json.loads(server.stdout.readline())
            return status, said

        yield asked


def environment(copy: Path) -> dict[str, str]:
    """Return environment variables under which every Python imports the copy, and none keeps what it compiled."""
    few = {"UNROLLED_FEW": "1", "UNROLLED_REQUIRE_BROWSER": "1"}
    return {**os.environ, **few, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


def check_imported(copy: Path) -> None:
    """Raise RuntimeError where a Python started elsewhere imports another course than the copy."""
    command = [sys.executable, "-c", "import course_utils; print(course_utils.__file__)"]
    done = subprocess.run(command, cwd=copy.parent, env=environment(copy), capture_output=True, text=True)
    if not done.stdout.strip() or not Path(done.stdout.strip()).resolve().is_relative_to(copy):
        raise RuntimeError(f"The tests would import {done.stdout.strip()!r}, not the copy in {copy}: {done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
