"""Let TensorFlow round as another processor might, so that what holds here only by luck shows itself.

Processors add up long sums in different orders and compute tanh and exp by different instructions, so two of them
agree only up to the last bits. ``switch_on`` moves each floating-point result that leaves a Keras layer, a
``keras.ops`` function or a product of TensorFlow by one or two units in the last place, up or down.

What is the same on every processor stays so here: zeros, and what only copies numbers (a look-up, a turn, a join).
Within one call equal numbers are moved alike, so an array looked at twice stays equal to itself; two calls are moved
differently, because two computations agree on no bit for sure. Where TensorFlow runs a compiled plan (``fit``,
``predict``), what leaves the layers of a model is moved, not each step inside them.
"""

import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras
from course_utils.setup.environment import ROOT

VARIABLE = "UNROLLED_ANOTHER_PROCESSOR"  # tests/conftest.py: the seed, for the processes that run unit tests

# Layers, operations and functions that only copy, choose, or do what IEEE 754 lays down to the last bit.
COPIES = """
abs absolute activityregularization adaptivemaxpool add amax amin append arange array arraysplit broadcastto cast ceil
clip concatenate cond converttonumpy converttotensor copy cropping1d cropping2d customgradient diag diagflat diagonal
divide dividenonan dropout dsplit dstack embedding empty emptylike expanddims extractsequences eye fabs flatten flip
fliplr flipud floor fmax fmin full fulllike getitem globalmaxpooling1d globalmaxpooling2d hsplit hstack identity
inputlayer masking max maximum maxpool maxpooling1d maxpooling2d meshgrid min minimum moveaxis multihot multiply
nantonum negative onehot ones oneslike pad permute ravel rearrange relu relu6 repeat repeatvector reshape roll rot90
round saturatecast scatter scatterupdate select sign slice sliceupdate sort spatialdropout1d split sqrt squeeze stack
stopgradient subtract swapaxes switch take takealongaxis tile topk transpose tri tril triu truedivide trunc unique
unstack upsampling1d vectorize view vsplit vstack where zeropadding1d zeropadding2d zeros zeroslike
"""
MOVED = "_moved_by_another_processor"  # marks a tensor: what only passes through a layer is not moved again
WITHIN: ContextVar[bool] = ContextVar("within", default=False)  # whether a layer or function is at work around this one
SCOPE = "another_processor"  # of the operations that move a result inside a plan of tf.function
FIRST = """
import os as _os, sys as _sys, traceback as _traceback
try:
    _sys.path.insert(0, {root!r})
    from course_utils.commands.another_processor import switch_on as _switch_on
    _switch_on({seed})
except BaseException:
    _traceback.print_exc()
    _os._exit(1)
"""


@dataclass(frozen=True)
class Rounding:
    """How results are moved; each call of ``moved`` moves otherwise, repeatably from one seed on."""

    seed: int
    calls: Iterator[int] = field(default_factory=itertools.count)

    def moved(self, results: Any) -> Any:
        """Return the same structure with each floating-point tensor moved by 1 or 2 units in the last place."""
        import keras
        import tensorflow as tf

        if hasattr(results, MOVED):
            return results
        salt = hash((self.seed, next(self.calls))) & 0x7FFFFFFF

        done: dict[int, Any] = {}  # an array that leaves twice, as output and as state, is moved once

        def move(result: Any) -> Any:
            if not tf.is_tensor(result) or hasattr(result, "indices"):
                return result
            if result.dtype not in (tf.float16, tf.bfloat16, tf.float32, tf.float64):
                return result
            if id(result) in done:
                return done[id(result)]
            other = done[id(result)] = _moved(result, salt)
            setattr(other, MOVED, True)
            mask = getattr(result, "_keras_mask", None)
            if mask is not None:
                other._keras_mask = mask
            return other

        return keras.tree.map_structure(move, results)


def _moved(numbers: Any, salt: int) -> Any:
    """Return a tensor whose every number is 1 or 2 representable numbers away; gradients pass as through a copy."""
    import tensorflow as tf

    whole, smallest = {2: ("int16", 1e-3), 4: ("int32", 1e-30), 8: ("int64", 1e-300)}[numbers.dtype.size]
    # Neighbouring floats of one sign are neighbouring whole numbers when their bits are read as such.
    if isinstance(numbers, tf.__internal__.EagerTensor):  # NumPy, for a dozen small operations one by one are slow
        array = np.asarray(numbers)
        bits = array.reshape(-1).view(whole)
        neighbours = (bits + _steps(bits.astype("int32"), salt).astype(whole)).view(array.dtype).reshape(array.shape)
        movable = (abs(array) > smallest) & (abs(array) < numbers.dtype.max / 2)
        with np.errstate(invalid="ignore"):
            return numbers + tf.constant(np.where(movable, neighbours - array, -0.0).astype(array.dtype))
    with tf.name_scope(SCOPE):
        bits = tf.bitcast(numbers, whole)
        neighbours = tf.bitcast(bits + tf.cast(_steps(tf.cast(bits, "int32"), salt), whole), numbers.dtype)
        movable = (tf.abs(numbers) > smallest) & (tf.abs(numbers) < numbers.dtype.max / 2)
        return numbers + tf.stop_gradient(tf.where(movable, neighbours - numbers, tf.constant(-0.0, numbers.dtype)))


def _steps(bits: Any, salt: int) -> Any:
    """Return -2, -1, 1 or 2 for each number, by its bits and the salt; for arrays of NumPy and TensorFlow alike."""
    choice = (bits ^ salt) * -1640531535 // 2**30  # the two highest bits of a product that runs over: -2, -1, 0 or 1
    return choice + choice // 2 + 1


def switch_on(seed: int) -> None:
    """Move the results in this process from now on; everything keeps its name."""
    import tensorflow as tf

    keras = quiet_keras()
    rounding = Rounding(seed)
    keras.Operation.__call__ = _moving(keras.Operation.__call__, rounding, lambda layer: type(layer).__name__)
    moving = {
        function: _moving(function, rounding)
        for name, function in vars(keras.ops).items()
        if isinstance(function, FunctionType) and not _copies(name)
    }
    for module in [module for name, module in sys.modules.items() if name.startswith(("keras.ops", "keras.src.ops"))]:
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value in moving:
                setattr(module, name, moving[value])
    for holder, names in (
        (tf, ("matmul", "tensordot", "einsum")),
        (tf.linalg, ("matmul", "matvec", "tensordot", "einsum")),
        (tf.Tensor, ("__matmul__", "__rmatmul__")),
    ):
        for name in names:
            setattr(holder, name, _moving(getattr(holder, name), rounding))
    tf.Graph.get_operations = _as_planned(tf.Graph.get_operations)


def _moving(function: Callable, rounding: Rounding, name_of: Callable[[Any], str] | None = None) -> Callable:
    """Return the function with its results moved, unless its first argument bears the name of what only copies."""
    import keras
    import tensorflow as tf

    @functools.wraps(function)
    def moving(*arguments, **options):
        within = WITHIN.get()
        token = WITHIN.set(within or not (arguments and isinstance(arguments[0], keras.Model)))
        try:
            results = function(*arguments, **options)
        finally:
            WITHIN.reset(token)
        # A plan of tf.function with every step of every cell moved takes ten times as long to train.
        if (name_of and _copies(name_of(arguments[0]))) or (within and not tf.executing_eagerly()):
            return results
        return rounding.moved(results)

    return moving


def _as_planned(get_operations: Callable) -> Callable:
    """Return the method with the answer of every processor where a lesson asks for the operations of a plan.

    Only a lesson must not see what moves the results: TensorFlow itself asks, too, and needs them all.
    """

    @functools.wraps(get_operations)
    def as_planned(graph):
        operations = get_operations(graph)
        if sys._getframe(1).f_globals.get("__name__") != "__main__":
            return operations
        return [operation for operation in operations if SCOPE not in operation.name]

    return as_planned


def _copies(name: str) -> bool:
    return name.replace("_", "").lower() in COPIES.split()


@contextmanager
def start_up(seed: int) -> Iterator[dict[str, str]]:
    """Yield environment variables for kernels that switch it on before the first cell, with nothing trained yet.

    IPython runs the files in the folder ``startup`` of its profile when a kernel starts. A kernel in which it cannot be
    switched on ends at once: a lesson must not pass because the net is off.
    """
    with TemporaryDirectory(prefix="unrolled-another-processor-") as folder:
        first = Path(folder, "ipython", "profile_default", "startup", "00-another-processor.py")
        first.parent.mkdir(parents=True)
        first.write_text(FIRST.format(root=str(ROOT), seed=seed), encoding="utf-8")
        yield {"IPYTHONDIR": str(first.parents[2]), "UNROLLED_TRAINED": str(Path(folder, "trained"))}
