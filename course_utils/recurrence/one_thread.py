"""Small matrices, one thread."""

from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager:
    """Let NumPy's linear algebra use one thread for a while.

    Sharing out a matrix of 50 × 200 costs more than it saves; where the cores are busy (a training,
    a classroom on one server) the threads wait for each other: a move of four stacked LSTMs took 30 ms
    and up to 400, against 6.5 on one thread.

    >>> import numpy as np
    >>> with one_thread():
    ...     np.eye(3) @ np.eye(3)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    return _controller().limit(limits=1, user_api="blas")


@lru_cache(maxsize=1)  # looking for the libraries takes milliseconds
def _controller() -> ThreadpoolController:
    import numpy  # noqa: F401 (a library is found once it is loaded)

    return ThreadpoolController()
