"""Run the benchmarks, side by side in one run: ``python -m course_utils benchmark``.

They are tests of pytest in tests/benchmarks. At the end stands a table for each group of figures: every way in
milliseconds (or what else is measured), with its ratio to ours. A figure of 0, or a benchmark without one, is an error.

``benchmark mutants`` measures the tests instead: see ``tests/benchmarks/mutating.py``.
"""

import subprocess
import sys

from course_utils.setup.environment import ROOT


def main(arguments: list[str]) -> int:
    """Run pytest on tests/benchmarks, or the mutants; further arguments go there. Return the exit status."""
    if arguments[:1] == ["mutants"]:
        return subprocess.call([sys.executable, "-m", "tests.benchmarks.mutating", *arguments[1:]], cwd=ROOT)
    options = ["-p", "no:xdist", "-o", "addopts=", "-q", "--measure", "tests/benchmarks"]
    return subprocess.call([sys.executable, "-m", "pytest", *options, *arguments], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
