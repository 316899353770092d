"""Run every test, or with ``--quick`` a sample; runs inside ``.venv``. The settings of pytest are in pyproject.toml."""

import os
import sys

from course_utils.setup.environment import ROOT


def main(arguments: list[str]) -> int:
    """Run pytest in the checkout with ``arguments``; return its exit status.

    --quick: no browser, no lesson, no process of its own, and few of the many cases
    """
    import pytest

    os.chdir(ROOT)
    if "--quick" in arguments:
        arguments = ["tests/unit", *arguments]
    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
