"""Run every test; runs inside ``.venv``. The settings of pytest are in pyproject.toml."""

import os
import sys

from course_utils.setup.environment import ROOT


def main(arguments: list[str]) -> int:
    """Run pytest in the checkout with ``arguments``; return its exit status."""
    import pytest

    os.chdir(ROOT)
    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
