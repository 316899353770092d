"""Recurrent layers as plain data: what a Keras layer is, without Keras.

Letters: T time-steps, F features, U units. Blocks are the columns that Keras keeps side by
side in one matrix, U columns each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.recurrence.activation_functions import SIGMOID, TANH, Activation
from course_utils.recurrence.kinds import KINDS, FlowNames, Kind, flow_names
from course_utils.recurrence.kinds.flow import Operation


@dataclass(frozen=True)
class Manner:
    """How a recurrent layer runs its cell: the arguments of ``keras.layers.RNN``.

    steps:     T when the layer was built for a fixed T, else None
    stateful:  the layer starts where the batch before ended
    dtype:     the precision in which the layer takes x and gives its output; None: that of its cell
    """

    steps: int | None = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False
    dtype: np.dtype | None = None


SINGLE = np.dtype("float32")

LETTERS = {"kernel": "W", "recurrent_kernel": "R", "bias": "b"}
"""The letters of the weights that every kind has."""


@dataclass(frozen=True, eq=False)
class RecurrentSpec:
    """One cell of a known kind: its weights, its arguments, and how its layer runs it.

    kind:              "SimpleRNN", "LSTM", "GRU", or the name of another registered kind
    name:              the layer's name; of stacked cells, with ``/cell_1`` and so on
    kernel:            W, shape (F, U·blocks): what multiplies the input x_t
    recurrent_kernel:  R, shape (U, U·blocks): what multiplies the state before, h_{t-1}
    bias:              b, shape (U·blocks,); (2, U·blocks) for a GRU with reset_after: one for the
                       input, one for the state; None for ``use_bias=False``
    activation:            g; for LSTM and GRU, of the candidate (and of c on its way out)
    recurrent_activation:  of the gates
    reset_after:       GRU: r acts after the product with R
    held:              the states that a stateful layer holds now, (batch, U) each
    arguments:         every argument of Keras's cell by its name, as ``get_config`` gives them
    dtype:             the precision in which Keras computes
    vectors:           the weights of its kind that meet a state unit by unit, by name
    """

    kind: str
    name: str
    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray | None
    activation: Activation = TANH
    recurrent_activation: Activation = SIGMOID
    reset_after: bool = False
    manner: Manner = Manner()
    held: tuple[np.ndarray, ...] | None = None
    dtype: np.dtype = SINGLE
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def features(self) -> int:
        """F: how many numbers describe one time-step of the input."""
        return self.kernel.shape[0]

    @property
    def units(self) -> int:
        """U: how many numbers the hidden state holds, and the output too."""
        return self.recurrent_kernel.shape[0]

    @property
    def use_bias(self) -> bool:
        """Whether b is added."""
        return self.bias is not None

    @property
    def steps(self) -> int | None:
        """T, where the layer was built for a fixed number of time-steps."""
        return self.manner.steps

    @property
    def return_sequences(self) -> bool:
        """Whether all states leave the layer, or only the last."""
        return self.manner.return_sequences

    @property
    def return_state(self) -> bool:
        """Whether the last state leaves once more."""
        return self.manner.return_state

    @property
    def cell(self) -> Kind:
        """What kind of cell it is."""
        return KINDS[self.kind]

    @property
    def flow(self) -> tuple[Operation, ...]:
        """What a step computes."""
        return self.cell.flow(self.reset_after)

    @property
    def names(self) -> FlowNames:
        """What the quantities are called that a step begins and ends with."""
        return flow_names(self.cell, self.reset_after)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The letters of the blocks, in the order of the columns."""
        return self.cell.letters

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """How many numbers each state holds: (U,), for LSTM (U, U)."""
        return (self.units,) * len(self.cell.states)

    @property
    def output_size(self) -> int:
        """How many numbers leave at each step: U."""
        return self.units

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights under Keras's own names, in Keras's order."""
        named = {"kernel": self.kernel, "recurrent_kernel": self.recurrent_kernel, **self.vectors, "bias": self.bias}
        return {name: array for name, array in named.items() if array is not None}

    def blocks_of(self, weight: str) -> tuple[str, ...]:
        """Return the blocks that stand side by side in a weight: all, but for some of ``vectors``."""
        return tuple(self.cell.vectors[weight][1]) if weight in self.cell.vectors else self.blocks

    def block(self, weight: str, letter: str) -> np.ndarray:
        """Return the columns of one gate or of the candidate.

        weight: "kernel", "recurrent_kernel", "bias" or one of ``vectors``; letter: one of ``blocks_of(weight)``.
        """
        return self.columns(weight, letter)

    def columns(self, weight: str, letters: str) -> np.ndarray:
        """Return the columns of blocks that are neighbours, side by side."""
        array, place = self.weights[weight], self.blocks_of(weight).index(letters[0])
        return array[..., place * self.units : (place + len(letters)) * self.units]

    def letter_of(self, weight: str) -> str:
        """Return the letter of a weight: W, R, b, or that of one of ``vectors``."""
        return self.cell.vectors[weight][0] if weight in self.cell.vectors else LETTERS[weight]

    def activation_named(self, which: str) -> Activation:
        """Return the ``activation`` or the ``recurrent_activation``."""
        return self.recurrent_activation if which == "recurrent_activation" else self.activation


@dataclass(frozen=True, eq=False)
class CellOperation:
    """One operation inside a cell that a user wrote: its name, how it is written, and its numbers, (batch, …)."""

    name: str
    text: str
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class OwnCellSpec:
    """A cell that the user wrote: it can only be called, step by step; it says itself which input fits.

    step:   (x_t, states) → (output, states), arrays (batch, …)
    inside: (x_t, states) → the operations of that step; None where its ``call`` does not tell them
    start:  batch size → the states before the first step
    nest:   flat states → the same, nested as the cell nests them
    """

    name: str
    kind: str
    state_sizes: tuple[int, ...]
    output_size: int
    step: Callable[[np.ndarray, tuple[np.ndarray, ...]], tuple[np.ndarray, tuple[np.ndarray, ...]]]
    inside: Callable[[np.ndarray, tuple[np.ndarray, ...]], tuple[CellOperation, ...] | None]
    start: Callable[[int], tuple[np.ndarray, ...]]
    nest: Callable[[list[np.ndarray]], Sequence]
    weights: dict[str, np.ndarray]
    manner: Manner = Manner()
    held: tuple[np.ndarray, ...] | None = None
    dtype: np.dtype = SINGLE
    features: int | None = None

    @property
    def state_letters(self) -> tuple[str, ...]:
        """How its states are called."""
        return own_state_letters(len(self.state_sizes))


def own_state_letters(count: int) -> tuple[str, ...]:
    """Return what the states of a cell are called that its user wrote: h, s2, s3 and so on."""
    return ("h", *(f"s{place}" for place in range(2, count + 1)))


CellSpec = RecurrentSpec | OwnCellSpec


def nest_states(cell: CellSpec, states: list[np.ndarray]) -> Sequence:
    """Return the states of one cell as it nests them: Keras's own cells hold plain lists."""
    return cell.nest(states) if isinstance(cell, OwnCellSpec) else states


@dataclass(frozen=True, eq=False)
class StackedSpec:
    """``keras.layers.RNN`` over a list of cells: at each step, each cell reads the output of the one below.

    bare:  for each cell, whether Keras hands its one state out by itself rather than in a list
    """

    name: str
    cells: tuple[CellSpec, ...]
    bare: tuple[bool, ...]
    manner: Manner
    held: tuple[np.ndarray, ...] | None = None

    def nest(self, states: list[list[np.ndarray]]) -> Sequence:
        """Return the states of all cells nested as ``StackedRNNCells`` nests them."""
        nested = [
            state[0] if bare else nest_states(cell, state)
            for cell, state, bare in zip(self.cells, states, self.bare, strict=True)
        ]
        unwrapped = len(states) == 1 and self.manner.unroll  # then Keras takes one level away
        return nest_states(self.cells[0], states[0]) if unwrapped else nested

    @property
    def features(self) -> int | None:
        """F of the lowest cell."""
        return self.cells[0].features

    @property
    def output_size(self) -> int:
        """The width of what leaves the highest cell."""
        return self.cells[-1].output_size

    @property
    def dtype(self) -> np.dtype:
        """The precision in which Keras computes."""
        return self.cells[0].dtype


AnyRecurrent = RecurrentSpec | OwnCellSpec | StackedSpec


@dataclass(frozen=True, eq=False)
class BidirectionalSpec:
    """Two recurrent layers over one input, one in each direction.

    merge_mode: "concat", "sum", "mul", "ave", or None for both side by side
    """

    name: str
    forward: AnyRecurrent
    backward: AnyRecurrent
    merge_mode: str | None
    dtype: np.dtype


RECURRENT = (RecurrentSpec, OwnCellSpec, StackedSpec, BidirectionalSpec)
"""All that is a recurrent layer, for ``isinstance``."""
