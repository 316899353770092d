"""Run recurrent layers over time in NumPy, and keep every value on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from course_utils.recurrence.cells import Step, biases, input_terms, own_step, start_of_step, take_step
from course_utils.recurrence.checking import as_mask, as_numbers, as_sequences, as_states, in_precision, unless_whole
from course_utils.recurrence.kinds import evaluate
from course_utils.recurrence.kinds.flow import Values
from course_utils.recurrence.specs import (
    AnyRecurrent,
    BidirectionalSpec,
    CellSpec,
    Manner,
    OwnCellSpec,
    RecurrentSpec,
    StackedSpec,
    nest_states,
)

States = tuple[np.ndarray, ...]
Nested = Any
"""An array, or a tuple or list of nested arrays, as Keras nests them."""


@dataclass(frozen=True, eq=False)
class Terms:
    """What is added up before the activation, at every step.

    from_input:  x_t·W, shape (batch, T, U)
    from_state:  what the old state adds, (batch, T, U): h_{t-1}·R. For the candidate of a GRU, r has
                 acted on it: r·(h_{t-1}·R + b) with reset_after, else (r·h_{t-1})·R
    bias:        what is added once and for all, (U,); zeros where the layer has none
    """

    from_input: np.ndarray
    from_state: np.ndarray
    bias: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """The sum of the three, (batch, T, U): the activation acts on it."""
        return self.from_input + self.from_state + self.bias


@dataclass(frozen=True, eq=False)
class RecurrentTrace:
    """The values of one recurrent cell on one input: what is known of any cell.

    x:         the input in order of processing, (batch, T, F)
    states:    by letter, what is carried on after each step, (batch, T, U); h_t is ``states["h"][:, t - 1]``.
               Of a user's own cell h, s2, s3 …, in the order in which it gives them
    first:     by letter, the states before the first step, (batch, U)
    outputs:   what leaves the cell at each step, (batch, T, U): h_t, except where a mask holds it back
    mask:      (batch, T), False where a step was skipped: the states stay as they were; or None
    """

    spec: CellSpec
    x: np.ndarray
    states: Mapping[str, np.ndarray]
    first: Mapping[str, np.ndarray]
    outputs: np.ndarray
    mask: np.ndarray | None

    @property
    def hidden(self) -> np.ndarray:
        """h_1 … h_T, (batch, T, U): h_t is ``hidden[:, t - 1]``."""
        return self.states["h"]

    @property
    def initial(self) -> np.ndarray:
        """h_0, (batch, U)."""
        return self.first["h"]

    @property
    def cell_state(self) -> np.ndarray | None:
        """LSTM: c_1 … c_T, (batch, T, U); else None."""
        return self.states.get("c")

    @property
    def initial_cell_state(self) -> np.ndarray | None:
        """LSTM: c_0, (batch, U); else None."""
        return self.first.get("c")

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.spec.name

    @property
    def steps(self) -> int:
        """T: how often the state was updated."""
        return self.hidden.shape[1]

    def state(self, step: int, letter: str = "h") -> np.ndarray:
        """Return a state after a step, (batch, U); step 0 is before the first step."""
        return self.first[letter] if step == 0 else self.states[letter][:, step - 1]

    def before(self, step: int) -> States:
        """Return all states before a step, 1 … T."""
        return tuple(self.state(step - 1, letter) for letter in self.states)

    def position(self, step: int) -> int:
        """Return which x a step reads, 1 … T: with ``go_backwards`` the first step reads the last one."""
        return self.steps + 1 - step if self.spec.manner.go_backwards else step


@dataclass(frozen=True, eq=False)
class CellTrace(RecurrentTrace):
    """The values of a cell of a known kind: the inside too.

    gates:     by letter, (batch, T, U)
    candidate: LSTM c̃, GRU h̃, (batch, T, U); None for a kind without gates
    terms:     by block, what was added up before the activation
    """

    spec: RecurrentSpec
    gates: Mapping[str, np.ndarray]
    candidate: np.ndarray | None
    terms: Mapping[str, Terms]

    def block(self, letter: str) -> np.ndarray:
        """Return the values of a gate, or of the candidate by the letter of its block, (batch, T, U)."""
        new = self.candidate
        return self.gates[letter] if new is None or letter in self.gates else new


@dataclass(frozen=True, eq=False)
class OpaqueTrace(RecurrentTrace):
    """The values of a cell that its user wrote: what goes in and what comes out."""

    spec: OwnCellSpec


@dataclass(frozen=True, eq=False)
class LayerRun:
    """What a recurrent layer gives.

    output: nested as Keras nests it
    traces: of its cells
    states: where it stands at the end, (batch, U) each, in the order that ``initial_state`` takes them
    """

    output: Nested
    traces: tuple[RecurrentTrace, ...]
    states: States


def run(spec: RecurrentSpec, x: Any, *, initial_state: Any = None, mask: Any = None) -> CellTrace:
    """Run one SimpleRNN, LSTM or GRU from its spec alone.

    x:             (batch, T, F)
    initial_state: h_0, (batch, U); for LSTM [h_0, c_0]; zeros where it is None
    mask:          (batch, T), False where a step is to be skipped

    >>> from course_utils.recurrence import random_spec
    >>> run(random_spec("SimpleRNN", units=4, features=2), np.ones((1, 3, 2))).hidden.shape
    (1, 3, 4)
    """
    (trace,) = run_layer(spec, x, initial_state=initial_state, mask=mask).traces
    if not isinstance(trace, CellTrace):
        raise TypeError(f"spec must be that of a known kind of cell, but {spec.name!r} is a cell of your own.")
    return trace


def quantities(trace: CellTrace, step: int) -> Values:
    """Return every quantity of one step by its name in the flow, (batch, U) each.

    trace: of a cell of a known kind; step: 1 … T, not one that a mask skips
    """
    spec = trace.spec
    arriving = np.stack([terms.from_input[:, step - 1] + terms.bias for terms in trace.terms.values()], axis=-2)
    return evaluate(spec.flow, spec, start_of_step(spec, arriving, trace.before(step)))


@np.errstate(all="ignore")  # infinity and NaN pass through in silence, as in Keras
def run_layer(spec: AnyRecurrent, x: Any, *, initial_state: Any = None, mask: Any = None) -> LayerRun:
    """Run a recurrent layer: one cell, or several stacked in one layer. Arguments as for ``run``."""
    x = as_sequences(x, spec)
    mask = as_mask(mask, x)
    cells = spec.cells if isinstance(spec, StackedSpec) else (spec,)
    start = initial_state if initial_state is not None else spec.held
    states = as_states(start, len(x), cells)
    if spec.manner.go_backwards:
        x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
    runs: list[_CellRun] = []
    flowing = x
    for cell, before in zip(cells, states, strict=True):
        runs.append(_run_cell(cell, in_precision(flowing, cell.dtype), before, mask))
        flowing = runs[-1].raw
    leaving = runs[-1].trace.outputs if spec.manner.return_sequences else runs[-1].last
    finals = [run.states for run in runs]
    flat = tuple(state for final in finals for state in final)
    return LayerRun(_leaving(spec, leaving, finals), tuple(run.trace for run in runs), flat)


class _CellRun(NamedTuple):
    """One cell over all steps: its trace, its outputs before masking, its last output, its last states."""

    trace: RecurrentTrace
    raw: np.ndarray
    last: np.ndarray
    states: States


def _run_cell(cell: CellSpec, x: np.ndarray, states: States, mask: np.ndarray | None) -> _CellRun:
    """Run one cell over all steps."""
    take, x_terms = _stepper(cell, x)
    first, steps, after = states, [], []
    half = cell.dtype.itemsize < 4
    for t in range(x.shape[1]):
        step = take(t, states)
        new = step.states
        if half:
            new = tuple(_rounded(state, cell.dtype) for state in new)
        if mask is not None:
            new = tuple(np.where(_wide(mask[:, t], now), now, old) for now, old in zip(new, states, strict=True))
        states = new
        steps.append(step)
        after.append(states)
    raw = np.stack([step.output for step in steps], axis=1)
    raw = _rounded(raw, cell.dtype) if half else raw
    outputs, last = _masked_outputs(raw, mask, cell.manner)
    letters = tuple(cell.cell.states) if isinstance(cell, RecurrentSpec) else cell.state_letters
    by_letter = {letter: np.stack([one[n] for one in after], axis=1) for n, letter in enumerate(letters)}
    shared = (x, by_letter, dict(zip(letters, first, strict=True)), outputs, mask)
    if isinstance(cell, RecurrentSpec):
        trace: RecurrentTrace = CellTrace(cell, *shared, *_inside(cell, x_terms, steps))
    else:
        trace = OpaqueTrace(cell, *shared)
    return _CellRun(trace, raw, last, states)


def _stepper(cell: CellSpec, x: np.ndarray) -> tuple[Callable[[int, States], Step], np.ndarray]:
    """Return how to take the step number t, from 0, and what x alone adds to it, for all steps at once."""
    if not isinstance(cell, RecurrentSpec):
        return lambda t, states: own_step(cell, x[:, t], states), np.zeros(0)
    x_terms = input_terms(cell, x)
    arriving = x_terms + biases(cell)
    return lambda t, states: take_step(cell, arriving[:, t], states), x_terms


def _inside(
    cell: RecurrentSpec, x_terms: np.ndarray, steps: list[Step]
) -> tuple[dict[str, np.ndarray], np.ndarray | None, dict[str, Terms]]:
    """Return gates, candidate and terms by letter; each is a view of one array over all steps."""
    blocks = np.stack([step.blocks for step in steps], axis=1)
    from_state = np.stack([step.from_state for step in steps], axis=1)
    values = {letter: blocks[:, :, place] for place, letter in enumerate(cell.blocks)}
    bias, kind = biases(cell), cell.cell
    terms = {
        letter: Terms(x_terms[:, :, place], from_state[:, :, place], bias[place])
        for place, letter in enumerate(cell.blocks)
    }
    gates = {letter: values[letter] for letter in kind.gates}
    return gates, values[kind.candidate] if kind.candidate else None, terms


def _masked_outputs(raw: np.ndarray, mask: np.ndarray | None, manner: Manner) -> tuple[np.ndarray, np.ndarray]:
    """Return all outputs and the last one: at a skipped step the one before (at first zeros), or zeros.

    Keras 3 with ``unroll``, ``go_backwards`` and ``zero_output_for_mask`` together forgets to turn the mask
    round when it puts the zeros (keras/src/backend/tensorflow/rnn.py); we do as Keras does.
    """
    if mask is None:
        return raw, raw[:, -1]
    held, last = np.empty_like(raw), np.zeros_like(raw[:, 0])
    for t in range(raw.shape[1]):
        last = held[:, t] = np.where(_wide(mask[:, t], last), raw[:, t], last)
    if not manner.zero_output_for_mask:
        return held, last
    zeroing = mask[:, ::-1] if manner.unroll and manner.go_backwards else mask
    return np.where(zeroing[..., None], held, 0), np.where(_wide(mask[:, -1], last), last, 0)


def _leaving(spec: AnyRecurrent, output: np.ndarray, finals: list[States]) -> Nested:
    """Return what leaves the layer, nested as ``keras.layers.RNN.call`` nests it."""
    manner, dtype = spec.manner, spec.manner.dtype or spec.dtype
    output = output.astype(dtype, copy=False)
    if not manner.return_state:
        return output
    rounded = [[state.astype(dtype, copy=False) for state in final] for final in finals]
    return (output, *(spec.nest(rounded) if isinstance(spec, StackedSpec) else nest_states(spec, rounded[0])))


def run_bidirectional(spec: BidirectionalSpec, x: Any, *, initial_state: Any = None, mask: Any = None) -> LayerRun:
    """Run both directions and merge them as ``keras.layers.Bidirectional.call`` does.

    initial_state: the states of the forward layer, then those of the backward layer
    """
    x = unless_whole(as_numbers(x, "x must be an array of shape (batch, time-steps, features)"), spec.dtype)
    starts = (None, None) if initial_state is None else _both_starts(spec, initial_state)
    sides = [
        run_layer(side, x, initial_state=start, mask=mask)
        for side, start in zip((spec.forward, spec.backward), starts, strict=True)
    ]
    states: tuple[Nested, ...] = ()
    outputs = [side.output for side in sides]
    if spec.forward.manner.return_state:
        states = tuple(state for output in outputs for state in output[1:])
        outputs = [output[0] for output in outputs]
    ahead, back = (output.astype(spec.dtype, copy=False) for output in outputs)
    if spec.forward.manner.return_sequences:
        back = back[:, ::-1]
    merged = _merged(ahead, back, spec.merge_mode)
    leaving = merged + states if spec.merge_mode is None else (merged, *states) if states else merged
    return LayerRun(leaving, sides[0].traces + sides[1].traces, sides[0].states + sides[1].states)


def _both_starts(spec: BidirectionalSpec, initial_state: Any) -> tuple[list, list]:
    """Return the states for each direction. Raises ValueError where they are not twice those of one."""
    sides = [side.cells if isinstance(side, StackedSpec) else (side,) for side in (spec.forward, spec.backward)]
    needed = [sum(len(cell.state_sizes) for cell in cells) for cells in sides]
    given = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
    if len(given) != sum(needed):
        raise ValueError(
            f"initial_state must hold {sum(needed)} arrays, those of the forward layer and then those of the "
            f"backward layer, but it holds {len(given)}."
        )
    return given[: needed[0]], given[needed[0] :]


def _merged(ahead: np.ndarray, back: np.ndarray, mode: str | None) -> Nested:
    match mode:
        case "concat":
            return np.concatenate([ahead, back], axis=-1)
        case "sum":
            return ahead + back
        case "ave":
            return (ahead + back) / 2
        case "mul":
            return ahead * back
        case _:
            return (ahead, back)


def _wide(mask: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return a mask (batch,) with as many axes as the values that it chooses from."""
    return mask.reshape(-1, *(1,) * (like.ndim - 1))


def _rounded(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round to the precision of a half-precision layer; the sums themselves run in single precision."""
    return values.astype(dtype).astype(np.float32) if dtype.itemsize < 4 else values
