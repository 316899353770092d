"""What the unrolled picture shows, before any geometry: rows of layers, and the values between them, for one sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_utils.drawing import wording
from course_utils.recurrence import RecurrentTrace
from course_utils.recurrence.counting import sum_known, weights_in
from course_utils.recurrence.executing import Execution, LayerFlow
from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    DropoutSpec,
    EmbeddingSpec,
    FlattenSpec,
    Flow,
    Graph,
    LayerSpec,
    MaskingSpec,
    Node,
    TimeDistributedSpec,
    Value,
    leaves,
    map_nested,
)
from course_utils.recurrence.specs import (
    RECURRENT,
    AnyRecurrent,
    BidirectionalSpec,
    OwnCellSpec,
    RecurrentSpec,
    StackedSpec,
)

EACH = (DenseSpec, TimeDistributedSpec, EmbeddingSpec)
KINDS = {
    DropoutSpec: ("Dropout", "acts only while training"),
    MaskingSpec: ("Masking", "says which steps are to be skipped"),
    FlattenSpec: ("Flatten", ""),
}


CLOSED = "not looked into"


@dataclass(frozen=True, eq=False)
class Level:
    """What flows from one row to the next, of one sample.

    letter:  how its vectors are called: x, e (embedded), h, or y (of other layers, and of two directions merged)
    values:  (T, n) for a sequence of vectors, (n,) for one vector, (T,) for row numbers of an Embedding
    style:   "steps", "vector", "numbers", or "other" for what is not drawn but by its shape
    known:   whether the values are real; else only the shape is
    turned:  the last step comes first
    twice:   two outputs stand above each other, as two directions give them with ``merge_mode=None``
    """

    letter: str
    values: np.ndarray
    style: str
    known: bool
    turned: bool = False
    twice: bool = False

    @property
    def steps(self) -> int:
        """T; 0 where it is no sequence."""
        return len(self.values) if self.style in ("steps", "numbers") else 0

    @property
    def size(self) -> int:
        """How many numbers one vector holds."""
        return 1 if self.style == "numbers" else self.values.shape[-1] if self.values.ndim else 1

    @property
    def shape(self) -> str:
        """The shape with its batch axis, in words."""
        sizes = [*self.values.shape[:-1], self.size // 2] if self.twice else self.values.shape
        return ("two of " if self.twice else "") + "(" + ", ".join(["batch", *map(str, sizes)]) + ")"

    def index(self, position: int) -> int:
        """Return the number of the step that stands at a position, both from 1."""
        return len(self.values) - position + 1 if self.turned else position

    def at(self, position: int) -> np.ndarray:
        """Return the values of the step at a position, from 1."""
        return self.values[self.index(position) - 1]

    def vector(self, position: int) -> np.ndarray | None:
        """Return the same as it is drawn: None where the values are not known."""
        return self.at(position) if self.known else None


@dataclass(frozen=True, eq=False)
class Row:
    """One layer of the picture.

    style: "cells" (a recurrent layer), "both" (two directions), "each" (at every step), "once" (on one
           vector) or "wide" (on the whole sequence)
    spec:  None for what is no layer: the turning round before ``go_backwards``
    total: how many parameters; None where that is not known
    note:  what is to be said about it
    merge: of two directions, how they become one; None where both leave
    begins: for a recurrent layer: the name of the layer whose state it begins with, where there is one
    """

    name: str
    title: str
    style: str
    entry: Level
    leaving: Level
    spec: LayerSpec | None = None
    traces: tuple[RecurrentTrace, ...] = ()
    total: int | None = 0
    note: str = ""
    merge: str | None = None
    begins: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """The rows from the bottom to the top.

    sample:   which of the batch the values are of
    known:    whether the values of the input are given
    left_out: names of layers that stand beside the path that is drawn
    words:    what each step reads, to be written below it
    total:    the parameters of the layers that are drawn; None where they are not known
    whole:    those of the whole model
    """

    rows: tuple[Row, ...]
    sample: int
    known: bool
    left_out: tuple[str, ...] = ()
    words: Sequence[str] | None = None
    total: int | None = 0
    whole: int | None = 0

    @property
    def entry(self) -> Level:
        """The input of the lowest row."""
        return self.rows[0].entry

    @property
    def single(self) -> bool:
        """Whether it is one recurrent layer alone, in one direction."""
        return len(self.rows) == 1 and self.rows[0].style == "cells"


def plan_trace(trace: RecurrentTrace, *, sample: int = 0, known: bool = True, words: Any = None) -> Plan:
    """Plan the picture of one recurrent cell from its trace alone; known: whether the values are to be shown."""
    spec = trace.spec
    output = trace.outputs if spec.manner.return_sequences else trace.outputs[:, -1]
    entry = trace.x[:, ::-1] if spec.manner.go_backwards else trace.x
    below, above = _level("x", entry, sample, known), _level("h", output, sample, known)
    rows = _recurrent_rows(spec, below, above, (trace,), sample, lowest=True)
    return Plan(tuple(rows), sample, known, words=words, total=rows[-1].total, whole=rows[-1].total)


def plan_layer(
    spec: LayerSpec, inputs: list[np.ndarray], *, sample: int = 0, known: bool = True, words: Any = None
) -> Plan:
    """Plan the picture of a layer or model on an input, which is run in NumPy.

    inputs: the arrays that it takes, in flat order; known: whether their values are to be shown
    """
    execution = Execution()
    if isinstance(spec, Graph):
        flows = [Flow(array) for array in inputs]
        if spec.own is None:
            execution.graph(spec, flows)
        else:
            execution.call(spec, _as_called(spec, flows), {})
        path = _main_path(spec, execution)
        stages = [(node.layer, execution.calls[id(node)]) for node in path]
        left_out, givers = _left_out(spec, path), [_state_giver(spec, node) for node in path]
    else:
        result = execution.call(spec, (Flow(inputs[0]),), {})
        value = map_nested(lambda flow: flow.value, result)
        stages = [(spec, LayerFlow(inputs[0], value, tuple(execution.recurrent)))]
        left_out, givers = (), [""]
    rows = tuple(_rows(stages, givers, sample, known))
    totals = {id(layer): weights_in(layer) for layer, _flow in stages}
    return Plan(rows, sample, known, left_out, words, sum_known(totals.values()), weights_in(spec))


def _as_called(spec: Graph, flows: list[Flow]) -> tuple:
    """Return the arguments of a call of the user's own from its inputs in flat order."""
    given = iter(flows)
    return map_nested(lambda leaf: next(given) if isinstance(leaf, Value) else leaf, spec.inputs[0])


def path_input(spec: Graph) -> int:
    """Return which of a model's inputs, from 0, the path that is drawn begins with."""
    first = leaves(_main_path(spec, Execution())[0].args[0])[0]
    return spec.entering.index(first) if first in spec.entering else 0


def _state_giver(spec: Graph, node: Node) -> str:
    """Return the name of the layer whose output a recurrent layer begins with, as in an encoder and decoder."""
    given = [*node.args[1:], node.kwargs.get("initial_state")]
    if isinstance(node.args[0], (list, tuple)):
        given += node.args[0][1:]
    read = {leaf for leaf in leaves(given) if isinstance(leaf, Value)}
    makers = [other.layer.name for other in spec.nodes if read & set(other.outputs)]
    if not read or not isinstance(node.layer, RECURRENT):
        return ""
    return makers[0] if makers else "an input"


def _left_out(spec: Graph, path: list[Node]) -> tuple[str, ...]:
    """Return the calls of layers with weights that stand beside the path; those of a model inside it too."""
    names: list[str] = []
    on_path, drawn = {id(node) for node in path}, {id(node.layer) for node in path}
    for node in spec.nodes:
        inner = node.layer if isinstance(node.layer, Graph) else None
        if inner is not None and any(id(one) in on_path for one in inner.nodes):
            names += _left_out(inner, path)
        elif id(node) not in on_path and weights_in(node.layer):
            names.append(node.layer.name + (" (a second time)" if id(node.layer) in drawn else ""))
    return tuple(dict.fromkeys(names))


def _main_path(spec: Graph, execution: Execution) -> list[Node]:
    """Return the nodes that lead to the output which the most recurrent layers stand behind, in order.

    At a node that joins several branches the path goes on along the richest one. A model inside the
    model gives its own nodes. execution: of the graph, where it was run
    """
    makers = {value: node for node in spec.nodes for value in node.outputs}

    def back(value: Any) -> list[Node]:
        node = makers.get(value) if isinstance(value, Value) else None
        if node is None:
            return []
        below = max((back(leaf) for leaf in leaves(node.args[0])), key=_recurrent_in) if node.args else []
        if isinstance(node.layer, Graph) and id(node.layer) not in execution.opaque:
            return below + _main_path(node.layer, execution)
        return [*below, node]

    return max((back(leaf) for leaf in leaves(spec.outputs)), key=_recurrent_in)


def _recurrent_in(path: list[Node]) -> tuple[int, int]:
    return sum(isinstance(node.layer, RECURRENT) for node in path), len(path)


def _rows(stages: list[tuple[LayerSpec, LayerFlow]], givers: list[str], sample: int, known: bool) -> Iterator[Row]:
    entry: Level | None = None
    for (spec, flow), giver in zip(stages, givers, strict=True):
        array, result = leaves(flow.input)[0], leaves(flow.output)[0]
        if isinstance(spec, BidirectionalSpec) and spec.merge_mode is None:
            result = np.concatenate(leaves(flow.output)[:2], axis=-1)
        lowest = entry is None
        entry = entry or _level("x", array, sample, known, whole=isinstance(spec, EmbeddingSpec))
        leaving = _level(_letter(spec, entry), result, sample, known)
        if isinstance(spec, BidirectionalSpec) and spec.merge_mode is None:
            leaving = replace(leaving, twice=True)
        rows = []
        if isinstance(spec, RECURRENT):
            rows = _recurrent_rows(spec, entry, leaving, flow.recurrent, sample, lowest)
        yield from [replace(row, begins=giver) for row in rows] or [_other_row(spec, entry, leaving)]
        entry = leaving


def _letter(spec: LayerSpec, entry: Level) -> str:
    """Return how the vectors above a layer are called."""
    if isinstance(spec, (MaskingSpec, DropoutSpec)):
        return entry.letter
    if isinstance(spec, EmbeddingSpec):
        return "e"
    return "h" if isinstance(spec, (RecurrentSpec, StackedSpec)) else "y"


def _level(letter: str, array: np.ndarray, sample: int, known: bool, *, whole: bool = False) -> Level:
    values = np.asarray(array[sample], float)
    style = "numbers" if whole and values.ndim == 1 else {1: "vector", 2: "steps"}.get(values.ndim, "other")
    return Level(letter, values, style, known)


def _recurrent_rows(
    spec: AnyRecurrent | BidirectionalSpec,
    entry: Level,
    leaving: Level,
    traces: tuple[RecurrentTrace, ...],
    sample: int,
    lowest: bool,
) -> list[Row]:
    """Return the rows of a recurrent layer: one; for stacked cells one each; none where its states are no vectors."""
    if entry.style != "steps" or any(trace.hidden.ndim != 3 for trace in traces):
        return []
    if isinstance(spec, BidirectionalSpec):
        return [_both(spec, entry, leaving, traces)] if len(traces) == 2 else []
    rows = []
    if spec.manner.go_backwards:
        turned = replace(entry, turned=True)
        if not lowest:
            rows.append(Row(spec.name, "go_backwards: the last step first", "wide", entry, turned))
        entry = turned
    for trace in traces:
        above = leaving if trace is traces[-1] else Level("h", trace.outputs[sample], "steps", entry.known)
        own = isinstance(trace.spec, OwnCellSpec)
        title = f"RNN({trace.spec.kind})" if own else f"{trace.spec.kind}({trace.spec.output_size})"
        rows.append(Row(trace.name, title, "cells", entry, above, trace.spec, (trace,), weights_in(trace.spec)))
        entry = above
    return rows


def _both(spec: BidirectionalSpec, entry: Level, leaving: Level, traces: tuple[RecurrentTrace, ...]) -> Row:
    sides = [side.kind if isinstance(side, RecurrentSpec) else "RNN" for side in (spec.forward, spec.backward)]
    named = [f"{kind}({side.output_size})" for kind, side in zip(sides, (spec.forward, spec.backward), strict=True)]
    title = f"Bidirectional({', '.join(dict.fromkeys(named))})"
    return Row(spec.name, title, "both", entry, leaving, spec, traces, weights_in(spec), merge=spec.merge_mode)


def _other_row(spec: LayerSpec, entry: Level, leaving: Level) -> Row:
    """Return the row of a layer without recurrence, or of one whose inside cannot be drawn."""
    style = "each" if 0 < entry.steps == leaving.steps and isinstance(spec, EACH) else "wide"
    if (entry.style, leaving.style) == ("vector", "vector"):
        style = "once"
    note = _note(spec, entry, leaving)
    return Row(spec.name, _kind(spec, leaving), style, entry, leaving, spec, total=weights_in(spec), note=note)


def _note(spec: LayerSpec, entry: Level, leaving: Level) -> str:
    """Say of a layer without recurrence what its box does not show."""
    if type(spec) in KINDS:
        return KINDS[type(spec)][1]
    if isinstance(spec, ClosedSpec) and (spec.kind, leaving.style) == ("RepeatVector", "steps"):
        return f"written {wording.counted(leaving.steps, 'time')}"
    return "" if isinstance(spec, EACH) else CLOSED


def _kind(spec: LayerSpec, leaving: Level) -> str:
    """Return how a layer without recurrence is written."""
    match spec:
        case DenseSpec():
            activation = "" if spec.activation.name == "linear" else f", {spec.activation}"
            return f"Dense({spec.kernel.shape[1]}{activation})"
        case EmbeddingSpec():
            return f"Embedding({spec.table.shape[0]}, {spec.table.shape[1]})"
        case TimeDistributedSpec():
            return f"TimeDistributed({_kind(spec.inner, leaving)})"
        case ClosedSpec():
            return spec.kind
        case Graph():
            return f"model {spec.name}"
        case RecurrentSpec() | OwnCellSpec():
            return f"{spec.kind}({spec.output_size})"
        case _:
            return KINDS[type(spec)][0] if type(spec) in KINDS else type(spec).__name__.removesuffix("Spec")
