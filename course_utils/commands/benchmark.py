"""Run the benchmarks, side by side in one run: ``python -m course_utils benchmark``.

They are tests of pytest in tests/benchmarks. At the end stands a table for each group of figures: every way in
milliseconds (or what else is measured), with its ratio to ours. A figure of 0, or a benchmark without one, is an error.
"""

import subprocess
import sys

from course_utils.setup.environment import ROOT


def main(arguments: list[str]) -> int:
    """Run pytest on tests/benchmarks; further arguments go to pytest. Return its exit status."""
    options = ["-p", "no:xdist", "-o", "addopts=", "-q", "--measure", "tests/benchmarks"]
    return subprocess.call([sys.executable, "-m", "pytest", *options, *arguments], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
