"""How tests wait: for what happens, never for how long it takes. Time is a net alone, below what would never end."""

import time
from collections.abc import Callable
from typing import Any

NET = 300  # seconds; whatever comes to an end has done so by then, on the busiest machine
MILLISECONDS = 1000 * NET  # what Playwright counts in


def until(happens: Callable[[], Any], pause: float = 0.05) -> Any:
    """Look again and again until something has happened, and return what it is; fail where it never does."""
    for _ in range(round(NET / pause)):
        if found := happens():
            return found
        time.sleep(pause)
    raise AssertionError("what was waited for did not happen")
