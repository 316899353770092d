"""What the unrolled picture shows, before any geometry: rows of layers, and the values between them, for one sample."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_utils.drawing import wording
from course_utils.recurrence import RecurrentTrace
from course_utils.recurrence.counting import weights_in
from course_utils.recurrence.executing import LayerFlow
from course_utils.recurrence.graphs import (
    ClosedSpec,
    DenseSpec,
    DropoutSpec,
    EmbeddingSpec,
    FlattenSpec,
    Graph,
    LayerSpec,
    MaskingSpec,
    TimeDistributedSpec,
    leaves,
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
PLAIN = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "GetItem")
"""What puts several together, number by number or side by side, or takes a part: their names say all."""


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
    also:   what else it reads, that does not stand below it; unseen: of these, what stands nowhere in the picture
    again:  its layer stands in the picture once more, before this: the same weights
    goes:   where what it gives goes: "out" of the model, "on" to another layer, or "nowhere"
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
    also: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    again: bool = False
    goes: str = "out"


@dataclass(frozen=True, eq=False)
class Plan:
    """The rows from the bottom to the top.

    sample:   which of the batch the values are of
    known:    whether the values of the input are given
    left_out: names of layers that are not drawn
    words:    what each step reads, to be written below it
    total:    the parameters of the layers that are drawn; None where they are not known
    whole:    those of the whole model
    marks:    of one branch among several: how many recurrent layers stand in the branches before it, and in all of them
    source:   where its input comes from, in words; "" for an input of the model
    called:   which input of the model it is, in words
    """

    rows: tuple[Row, ...]
    sample: int
    known: bool
    left_out: tuple[str, ...] = ()
    words: Sequence[str] | None = None
    total: int | None = 0
    whole: int | None = 0
    marks: tuple[int, int] | None = None
    source: str = ""
    called: str = "the input"

    @property
    def entry(self) -> Level:
        """The input of the lowest row."""
        return self.rows[0].entry

    @property
    def single(self) -> bool:
        """Whether it is one recurrent layer alone, in one direction."""
        return len(self.rows) == 1 and self.rows[0].style == "cells" and self.marks is None


def plan_trace(trace: RecurrentTrace, *, sample: int = 0, known: bool = True, words: Any = None) -> Plan:
    """Plan the picture of one recurrent cell from its trace alone; known: whether the values are to be shown."""
    spec = trace.spec
    output = trace.outputs if spec.manner.return_sequences else trace.outputs[:, -1]
    entry = trace.x[:, ::-1] if spec.manner.go_backwards else trace.x
    below, above = level_of("x", entry, sample, known), level_of("h", output, sample, known)
    rows = _recurrent_rows(spec, below, above, (trace,), sample, lowest=True)
    return Plan(tuple(rows), sample, known, words=words, total=rows[-1].total, whole=rows[-1].total)


def rows_of(spec: LayerSpec, flow: LayerFlow, entry: Level, sample: int, *, lowest: bool) -> list[Row]:
    """Return the rows of one call of a layer: one, or for stacked cells one each.

    flow: what it read and gave; entry: the same as it stands below it; lowest: nothing does but the input
    """
    result = leaves(flow.output)[0]
    apart = isinstance(spec, BidirectionalSpec) and spec.merge_mode is None
    if apart:
        result = np.concatenate(leaves(flow.output)[:2], axis=-1)
    leaving = replace(level_of(_letter(spec, entry), result, sample, entry.known), twice=apart)
    rows = _recurrent_rows(spec, entry, leaving, flow.recurrent, sample, lowest) if isinstance(spec, RECURRENT) else []
    return rows or [_other_row(spec, entry, leaving)]


def _letter(spec: LayerSpec, entry: Level) -> str:
    """Return how the vectors above a layer are called."""
    if isinstance(spec, (MaskingSpec, DropoutSpec)):
        return entry.letter
    if isinstance(spec, EmbeddingSpec):
        return "e"
    return "h" if isinstance(spec, (RecurrentSpec, StackedSpec)) else "y"


def level_of(letter: str, array: np.ndarray, sample: int, known: bool, *, whole: bool = False) -> Level:
    """Return what flows between two rows, of one sample. whole: its numbers are those of an Embedding's rows."""
    values = np.asarray(array[sample] if np.ndim(array) else array, float)
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
    return "" if isinstance(spec, EACH) or (isinstance(spec, ClosedSpec) and spec.kind in PLAIN) else CLOSED


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
