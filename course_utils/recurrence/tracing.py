"""Run a recurrent layer in NumPy, step by step, and keep every value on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.recurrence.activations import activation_named
from course_utils.recurrence.checking import as_initial_state, as_sequences
from course_utils.recurrence.specs import RecurrentSpec


@dataclass(frozen=True, eq=False)
class Terms:
    """What is added up before the activation, at every step.

    from_input:  x_t·W, shape (batch, T, U)
    from_state:  h_{t-1}·R, shape (batch, T, U)
    bias:        b, shape (U,); zeros where the layer has none
    """

    from_input: np.ndarray
    from_state: np.ndarray
    bias: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """x_t·W + h_{t-1}·R + b, shape (batch, T, U)."""
        return self.from_input + self.from_state + self.bias


@dataclass(frozen=True, eq=False)
class RecurrentTrace:
    """Every value of one recurrent layer on one input.

    x:        the input in order of processing, (batch, T, F)
    hidden:   h_1 … h_T, (batch, T, U): h_t is ``hidden[:, t - 1]``
    initial:  h_0, (batch, U)
    terms:    for each block of the matrices, what was added up
    """

    spec: RecurrentSpec
    x: np.ndarray
    hidden: np.ndarray
    initial: np.ndarray
    terms: Mapping[str, Terms]

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.spec.name

    @property
    def steps(self) -> int:
        """T: how often the state was updated."""
        return self.hidden.shape[1]

    def state(self, step: int) -> np.ndarray:
        """Return h_step, shape (batch, U); step 0 is the state before the first step."""
        return self.initial if step == 0 else self.hidden[:, step - 1]

    @property
    def output(self) -> np.ndarray | list[np.ndarray]:
        """What leaves the layer, nested as Keras nests it."""
        leaving = self.hidden if self.spec.return_sequences else self.hidden[:, -1]
        return [leaving, self.hidden[:, -1]] if self.spec.return_state else leaving


@dataclass(frozen=True, eq=False)
class Trace:
    """What ``trace`` returns: the model's output and every recurrent layer on the way.

    output:     equal to ``model(x)``, nested the same way
    recurrent:  one RecurrentTrace a recurrent layer, in order of execution
    """

    output: np.ndarray | list[np.ndarray]
    recurrent: tuple[RecurrentTrace, ...] = field(repr=False)


def run(spec: RecurrentSpec, x: Any, *, initial_state: Any = None) -> RecurrentTrace:
    """Run a SimpleRNN layer from its spec alone: h_t = g(x_t·W + h_{t-1}·R + b).

    x:             (batch, T, F)
    initial_state: h_0, (batch, U); zeros where it is None

    The equation is that of ``keras.layers.SimpleRNNCell.call``.

    >>> from course_utils.recurrence import random_spec
    >>> run(random_spec("SimpleRNN", units=4, features=2), np.ones((1, 3, 2))).hidden.shape
    (1, 3, 4)
    """
    x = as_sequences(x, spec)
    initial = as_initial_state(initial_state, len(x), spec)
    activation = activation_named(spec.activation)
    bias = np.zeros(spec.units, spec.kernel.dtype) if spec.bias is None else spec.bias
    from_input = x @ spec.kernel
    from_state = np.empty_like(from_input)
    hidden = np.empty_like(from_input)
    state = initial
    for t in range(x.shape[1]):
        from_state[:, t] = state @ spec.recurrent_kernel
        state = activation(from_input[:, t] + from_state[:, t] + bias)
        hidden[:, t] = state
    return RecurrentTrace(spec, x, hidden, initial, {"h": Terms(from_input, from_state, bias)})


def trace(model: Any, x: Any, *, initial_state: Any = None) -> Trace:
    """Trace a Keras SimpleRNN layer, or a Sequential of them, on an input.

    model:          a ``keras.layers.SimpleRNN`` or a ``keras.Sequential`` of such layers;
                    an unbuilt one is built for x
    x:              (batch, T, F)
    initial_state:  for a layer alone: h_0, (batch, U)

    Returns a Trace whose ``output`` equals ``model(x)``.
    Raises TypeError for anything that the course does not trace.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> traced = trace(keras.layers.SimpleRNN(4), np.ones((1, 3, 2), "float32"))
    >>> traced.output.shape, traced.recurrent[0].hidden.shape
    ((1, 4), (1, 3, 4))
    """
    from course_utils.recurrence.reading import read

    specs = read(model, x)
    if initial_state is not None and len(specs) > 1:
        raise ValueError("initial_state is for one recurrent layer alone; this model has " + f"{len(specs)} of them.")
    traces: list[RecurrentTrace] = []
    flowing = x
    for spec in specs:
        traces.append(run(spec, flowing, initial_state=initial_state))
        flowing = traces[-1].output
    return Trace(flowing, tuple(traces))
