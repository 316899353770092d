"""Limits on what a student's own code may do: how long it runs, how much it prints."""

import ctypes
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from time import monotonic
from typing import Any, TextIO

SECONDS = 5.0
PATIENCE = 2.0  # for how long a call that takes too long is told to stop, again and again
PAUSE = 0.01
MOST_PRINTED = 2000


class TimeUp(BaseException):
    """Raised inside a call that takes too long. Not an Exception, so that ``except Exception`` lets it pass."""


class TookTooLong(Exception):
    """A call did not end within its time. stopped: whether it could be ended, or still runs."""

    def __init__(self, seconds: float, stopped: bool):
        """seconds: how long it had."""
        super().__init__(f"it did not end within {seconds:g} seconds")
        self.seconds, self.stopped = seconds, stopped


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return what a call returns, or raise what it raises; raise TookTooLong where it does not end in time.

    The call runs in a thread of its own, into which an exception is put when the time is up, again and again:
    that ends a loop written in Python, and nearly always one that catches every exception. What it cannot do:

    - A call that hangs inside C and lets other threads run (a blocked socket, NumPy on huge arrays) cannot be
      stopped from within: it is left behind and ends by itself, or with the kernel.
    - A call inside C that lets no other thread run (``sum(range(10**12))``) holds up this limit too.
    - Memory is not limited.

    Where the user interrupts the cell, the call is stopped in the same way and KeyboardInterrupt goes on.

    >>> within(60.0, lambda: 2 + 2)
    4
    """
    result: list[tuple[bool, Any]] = []
    ended = threading.Event()  # not join(): where that is interrupted, Python 3.11 takes the thread for ended
    worker = threading.Thread(target=_work, args=(call, result, ended), daemon=True)
    late, stopped = True, False
    try:
        worker.start()  # inside: an interrupt may come while the new thread already runs
        late = not ended.wait(seconds)
    finally:
        stopped = _stop(worker, ended)
    if late or not result:
        raise TookTooLong(seconds, stopped)
    returned, value = result[0]
    if not returned:
        raise value
    return value


def _work(call: Callable[[], Any], result: list[tuple[bool, Any]], ended: threading.Event) -> None:
    """Put what a call returns, or what it raises, into the result; end in silence where it is stopped."""
    try:
        try:
            result.append((True, call()))
        except TimeUp:
            pass
        except BaseException as problem:  # whatever it is, it is raised again in the caller's thread
            result.append((False, problem))
        ended.set()
    except TimeUp:  # told once more while it was stopping
        ended.set()


def _stop(worker: threading.Thread, ended: threading.Event) -> bool:
    """Tell a thread to stop until it does; return whether it did."""
    end = monotonic() + PATIENCE
    while not ended.is_set() and worker.ident in sys._current_frames() and monotonic() < end:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(TimeUp))
        ended.wait(PAUSE)
    if ended.is_set():
        worker.join(1)  # the last of its steps, outside the student's code
    return ended.is_set() or worker.ident not in sys._current_frames()


class _Short(io.TextIOBase):
    """Lets the first characters through to another stream, and drops the rest."""

    def __init__(self, stream: TextIO):
        self._stream, self._left = stream, MOST_PRINTED

    def write(self, text: str) -> int:
        if self._left >= 0:
            self._stream.write(text[: self._left])
            if len(text) > self._left:
                self._stream.write("\n… the rest of what your code prints is left out.\n")
            self._left -= len(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def short_prints() -> Iterator[None]:
    """Show only the beginning of what is printed in the ``with`` block.

    >>> with short_prints():
    ...     print("a word")
    a word
    """
    with redirect_stdout(_Short(sys.stdout)), redirect_stderr(_Short(sys.stderr)):
        yield
