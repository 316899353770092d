"""How many cases Hypothesis makes up for a test."""

import math
import os

QUICK = "UNROLLED_QUICK"  # set by tests/conftest.py in a quick run


def some(count: int) -> int:
    """Return how many cases to try: ``count``, in a quick run an eighth of them; they are the first ones."""
    return math.ceil(count / 8) if QUICK in os.environ else count
