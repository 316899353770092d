"""A limit on the time that a student's own code may take."""

import ctypes
import threading
from collections.abc import Callable
from typing import Any

SECONDS = 5.0
TRIES = 20  # how often a call is told to stop, 0.05 s apart: a bare ``except`` in a loop swallows the first ones


class TimeUp(BaseException):
    """Raised inside a call that takes too long. Not an Exception, so that ``except Exception`` lets it pass."""


class TookTooLong(Exception):
    """A call did not end within its time."""


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return what a call returns, or raise what it raises; raise TookTooLong where it does not end in time.

    The call runs in a thread of its own, into which an exception is put when the time is up: that ends any
    loop written in Python. A call that hangs inside C (a NumPy operation on huge arrays, a blocked socket)
    cannot be stopped from within: it is left behind and ends by itself, or with the kernel.

    >>> within(1.0, lambda: 2 + 2)
    4
    """
    result: list[Any] = []

    def work() -> None:
        try:
            result.append(("value", call()))
        except TimeUp:
            pass
        except BaseException as problem:  # whatever it is, it is raised again in the caller's thread
            result.append(("problem", problem))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    for _ in range(TRIES):
        if not worker.is_alive():
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(TimeUp))
        worker.join(0.05)
    if not result:
        raise TookTooLong(f"it did not end within {seconds:g} seconds")
    kind, value = result[0]
    if kind == "problem":
        raise value
    return value
