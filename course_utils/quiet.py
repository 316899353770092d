"""Keep TensorFlow's start-up notes off the page."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

STANDARD_ERROR = 2


@contextmanager
def quiet_start() -> Iterator[None]:
    """Silence what TensorFlow writes while it loads; errors still show.

    TensorFlow's C++ code writes notes about processors and graphics cards
    straight to file descriptor 2. Python's own ``sys.stderr`` never sees them and
    no environment variable stops all of them, so the descriptor itself points at
    the null device for as long as the ``with`` block lasts. An exception raised
    in the block is raised as always.

    >>> import os
    >>> with quiet_start():
    ...     _ = os.write(2, b"a note from C++ that nobody needs")
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, when TensorFlow loads
    kept = os.dup(STANDARD_ERROR)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, STANDARD_ERROR)
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)
        os.close(null)


def quiet_keras() -> ModuleType:
    """Return the keras module, loaded without noise if it is not loaded yet."""
    if "keras" not in sys.modules:
        with quiet_start():
            import keras  # noqa: F401 - the import is the point
    return sys.modules["keras"]
