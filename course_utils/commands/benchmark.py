"""Run the benchmarks, side by side in one run: ``python -m course_utils benchmark``."""

import subprocess
import sys

from course_utils.environment import ROOT


def main(arguments: list[str]) -> int:
    """Run pytest on tests/benchmarks; further arguments go to pytest."""
    options = ["-p", "no:xdist", "-o", "addopts=", "--benchmark-only", "tests/benchmarks"]
    return subprocess.call([sys.executable, "-m", "pytest", *options, *arguments], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
