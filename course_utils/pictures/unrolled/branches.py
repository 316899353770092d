"""What the unrolled picture of a whole model shows: branches of rows side by side, and what leads between them."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from course_utils.pictures.unrolled.plan import Level, Plan, Row, level_of, rows_of
from course_utils.recurrence.counting import sum_known, weights_in
from course_utils.recurrence.executing import Call, Execution
from course_utils.recurrence.graphs import (
    ClosedSpec,
    EmbeddingSpec,
    Flow,
    Graph,
    LayerSpec,
    Value,
    leaves,
)
from course_utils.recurrence.specs import RECURRENT

MOST_BRANCHES = 5


@dataclass(frozen=True)
class Place:
    """Where a value stands: in which branch, and above which row, from 1; 0 is the input of the branch."""

    branch: int
    level: int


@dataclass(frozen=True)
class Join:
    """What a row reads that does not stand below it.

    row:    the row that reads it, from 1; it stands in the branch ``branch``
    states: its cell begins with it
    """

    source: Place
    branch: int
    row: int
    states: bool = False


@dataclass(frozen=True, eq=False)
class Branches:
    """A whole model: its branches from the left to the right, each with its own input below.

    main:    which of them has the most recurrent layers
    inputs, outputs: their shapes, in words
    alone:   it is one layer by itself, not a model
    """

    plans: tuple[Plan, ...]
    joins: tuple[Join, ...]
    main: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    alone: bool = False


def plan_layer(
    spec: LayerSpec, inputs: list[np.ndarray], *, sample: int = 0, known: bool = True, words: Any = None
) -> Plan:
    """Plan the picture of layers one after the other; see ``plan_model``."""
    branches = plan_model(spec, inputs, sample=sample, known=known, words=words)
    return branches.plans[branches.main]


def plan_model(
    spec: LayerSpec, inputs: list[np.ndarray], *, sample: int = 0, known: bool = True, words: Any = None
) -> Branches:
    """Plan the picture of a layer or model on an input, which is run in NumPy.

    inputs: the arrays that it takes, in flat order; known: whether their values are to be shown
    """
    run = _Run.of(spec, [Flow(array) for array in inputs])
    branches, left_out = run.branches()
    planned = _Planned(run, sample, known)
    for branch in branches:
        planned.add(branch)
    layers = {id(call.node.layer): call.node.layer for branch in branches for call in branch.calls}
    total = sum_known([weights_in(layer) for layer in layers.values()])
    plans = [replace(plan, left_out=left_out, total=total, whole=weights_in(spec)) for plan in planned.plans]
    main = max(range(len(plans)), key=lambda number: (len(_recurrent(plans[number])), -number))
    plans[main] = replace(plans[main], words=words)
    if len(plans) > 1:
        counts = [len(_recurrent(plan)) for plan in plans]
        plans = [replace(plan, marks=(sum(counts[:number]), sum(counts))) for number, plan in enumerate(plans)]
    entering, leaving = tuple(map(_shape, inputs)), tuple(_shape(flow.value) for flow in run.outputs)
    return Branches(tuple(plans), tuple(planned.joins), main, entering, leaving, not isinstance(spec, Graph))


def _recurrent(plan: Plan) -> list[Row]:
    return [row for row in plan.rows if row.traces]


def _shape(array: np.ndarray) -> str:
    return f"({', '.join(['batch', *map(str, array.shape[1:])])})"


def first_input(graph: Graph) -> int:
    """Return which of a model's inputs, from 0, the way through the most recurrent layers begins with."""
    ways: dict[Value, tuple[tuple[int, int], int]] = {
        value: ((0, 0), number) for number, value in enumerate(graph.entering)
    }
    for node in graph.nodes:
        values = node.entering[:1] if isinstance(node.layer, RECURRENT) else node.entering
        number = max((ways[value] for value in reversed(values)), key=lambda way: way[0], default=((0, 0), 0))[1]
        recurrent, length = max((ways[value][0] for value in node.entering), default=(0, 0))
        ways |= dict.fromkeys(node.outputs, ((recurrent + node.recurrent, length + 1), number))
    ends = [ways[value] for value in leaves(graph.outputs) if value in ways]
    return max(ends, key=lambda way: way[0])[1] if ends else 0


@dataclass(eq=False)
class _Branch:
    """A branch: what its lowest call reads, and its calls from below."""

    entry: Flow
    calls: list[Call] = field(default_factory=list)

    @property
    def recurrent(self) -> int:
        """How many recurrent layers it holds."""
        return sum(isinstance(call.node.layer, RECURRENT) for call in self.calls)


@dataclass(frozen=True, eq=False)
class _Reads:
    """What a call reads, each value as it was made.

    below:  what stands below it: that with the most recurrent layers on its way. Of several the last, so that the
            others stand at its left, in the order in which they are read
    others: the other values, with who made each; None for an input of the model
    begins: whether it is handed states to begin with; givers: the layers that these come from
    """

    below: Flow | None
    others: list[tuple[Flow, Call | None]]
    begins: bool
    givers: list[Call]

    @property
    def makers(self) -> list[Call]:
        """Who made what does not stand below it, those who give states last."""
        return [*(maker for _flow, maker in self.others if maker is not None), *self.givers]


@dataclass(frozen=True, eq=False)
class _Run:
    """One run of a model: calls that read what others made. inputs: with their names; "" where nobody chose one."""

    execution: Execution
    inputs: list[tuple[str, Flow]]
    outputs: list[Flow]

    @classmethod
    def of(cls, spec: LayerSpec, inputs: list[Flow]) -> "_Run":
        """Run a layer or model."""
        execution = Execution()
        outputs = [execution.first_form(flow) for flow in leaves(execution.run(spec, inputs))]
        names = [name for name, _value in spec.called_inputs] if isinstance(spec, Graph) else [""]
        return cls(execution, list(zip(names, inputs, strict=True)), outputs)

    @property
    def calls(self) -> list[Call]:
        """The calls in order of execution."""
        return self.execution.calls

    def called(self, flow: Flow) -> str:
        """Say which input of the model a value is."""
        named = enumerate(self.inputs, start=1)
        name = next((name or str(number) for number, (name, one) in named if one is flow), "")
        return "the input" if len(self.inputs) == 1 else f"the input {name}"

    @cached_property
    def maker(self) -> dict[int, Call]:
        """Which call gave a flow, by ``id(flow)``."""
        return {id(flow): call for call in self.calls for flow in call.leaving}

    def _read(self, call: Call) -> list[Flow]:
        return [self.execution.first_form(flow) for flow in call.entering]

    @cached_property
    def used(self) -> set[int]:
        """Which flows are read by a call, by ``id(flow)``."""
        return {id(flow) for call in self.calls for flow in self._read(call)}

    @cached_property
    def way(self) -> dict[int, tuple[int, int]]:
        """For each flow, by its ``id``: how many recurrent layers lie on the way to it, and how many calls."""
        found: dict[int, tuple[int, int]] = {}
        for call in self.calls:
            recurrent, length = max((found.get(id(flow), (0, 0)) for flow in self._read(call)), default=(0, 0))
            recurrent += isinstance(call.node.layer, RECURRENT)
            found |= {id(flow): (recurrent, length + 1) for flow in call.leaving}
        return found

    @cached_property
    def reads(self) -> dict[int, _Reads]:
        """What each call reads, by ``id(call)``."""
        return {id(call): self._reads(call) for call in self.calls}

    def _reads(self, call: Call) -> _Reads:
        read = self._read(call)
        values = read[:1] if isinstance(call.node.layer, RECURRENT) else read
        states = read[len(values) :]
        below = max(reversed(values), key=lambda flow: self.way.get(id(flow), (0, 0)), default=None)
        others = [(flow, self.maker.get(id(flow))) for flow in values if flow is not below]
        return _Reads(below, others, bool(states), self._givers(states))

    def _givers(self, states: list[Flow]) -> list[Call]:
        """Return the layers that states come from, past the operations that only put them together."""
        found: list[Call] = []
        waiting, seen = list(states), set[int]()
        while waiting:
            call = self.maker.get(id(waiting.pop(0)))
            if call is None or id(call) in seen:
                continue
            seen.add(id(call))
            if isinstance(call.node.layer, RECURRENT) or weights_in(call.node.layer) != 0:
                found.append(call)
            else:
                waiting += self._read(call)
        return found

    def branches(self) -> tuple[list[_Branch], tuple[str, ...]]:
        """Return the branches from the left to the right, and the names of layers that have no place in them."""
        grown: list[_Branch] = []
        owner: dict[int, int] = {}
        ends = sorted(self.outputs, key=lambda flow: self.way.get(id(flow), (0, 0)), reverse=True)
        waiting = [self.maker[id(flow)] for flow in ends if id(flow) in self.maker]
        while waiting:
            end = waiting.pop(0)
            if id(end) in owner:
                continue
            branch = _Branch(Flow(np.zeros(())))
            call: Call | None = end
            while call is not None and id(call) not in owner:
                owner[id(call)] = len(grown)
                branch.calls.insert(0, call)
                below = self.reads[id(call)].below
                branch.entry = branch.entry if below is None else below
                call = None if below is None else self.maker.get(id(below))
            grown.append(branch)
            waiting += [maker for one in branch.calls for maker in self.reads[id(one)].makers]
        kept = sorted(range(len(grown)), key=lambda number: (-grown[number].recurrent, number))[:MOST_BRANCHES]
        return self._in_order(grown, owner, set(kept)), self._left_out(grown, set(kept))

    def _in_order(self, grown: list[_Branch], owner: dict[int, int], kept: set[int]) -> list[_Branch]:
        """Return the branches that are kept, each at the right of all that it reads; who gives a state stands next."""
        order: list[int] = []
        begun: set[int] = set()  # a branch may leave another one and come back to it: it stands at its left

        def visit(number: int) -> None:
            if number in begun or number not in kept:
                return
            begun.add(number)
            branch = grown[number]
            reads = [self.reads[id(call)] for call in branch.calls]
            fork = self.maker.get(id(branch.entry))
            values = [fork, *(maker for one in reads for _flow, maker in one.others)]
            for maker in (*values, *(giver for one in reads for giver in one.givers)):
                if maker is not None:
                    visit(owner[id(maker)])
            order.append(number)

        for number in range(len(grown)):
            visit(number)
        return [grown[number] for number in order]

    def _left_out(self, grown: list[_Branch], kept: set[int]) -> tuple[str, ...]:
        """Name the calls of layers with weights that are not drawn."""
        drawn = {id(call): call for number in kept for call in grown[number].calls}
        layers = {id(call.node.layer) for call in drawn.values()}
        missing = [call for call in self.calls if id(call) not in drawn and weights_in(call.node.layer) != 0]
        names = [call.node.name + (" (a second time)" if id(call.node.layer) in layers else "") for call in missing]
        return tuple(dict.fromkeys(names))


class _Planned:
    """The plans of branches while they are made, and where each value stands."""

    def __init__(self, run: _Run, sample: int, known: bool):
        self.run, self.sample, self.known = run, sample, known
        self.plans: list[Plan] = []
        self.joins: list[Join] = []
        self._places: dict[int, tuple[Place, Level, str]] = {}  # by id(flow); the text says what it is
        self._layers: set[int] = set()

    def add(self, branch: _Branch) -> None:
        """Plan one more branch, at the right of the others."""
        number, lowest, called = len(self.plans), branch.calls[0].node.layer, self.run.called(branch.entry)
        level, source = self._entry(branch.entry, isinstance(lowest, EmbeddingSpec))
        self._places.setdefault(id(branch.entry), (Place(number, 0), level, called))
        rows: list[Row] = []
        for call in branch.calls:
            made = rows_of(call.node.layer, call.flow, level, self.sample, lowest=not rows)
            self._join(call, number, len(rows) + 1, made)
            rows += [replace(row, **self._said(call), goes="on") for row in made[:-1]]
            rows.append(replace(made[-1], **self._said(call), goes=self._goes(call.leaving[0])))
            level = rows[-1].leaving
            self._layers.add(id(call.node.layer))
            for flow in call.leaving:
                self._places[id(flow)] = Place(number, len(rows)), level, call.name
        self.plans.append(Plan(tuple(rows), self.sample, self.known, source=source, called=called))

    def _join(self, call: Call, branch: int, first: int, rows: list[Row]) -> None:
        """Note what leads to a call from elsewhere. first: the number of the first of its rows."""
        reads = self.run.reads[id(call)]
        cell = next((place for place, row in enumerate(rows) if row.traces), 0)
        sources = [(flow, first, False) for flow, _maker in reads.others]
        sources += [(giver.leaving[0], first + cell, True) for giver in reads.givers]
        for flow, row, states in sources:
            if id(flow) in self._places:
                self.joins.append(Join(self._places[id(flow)][0], branch, row, states))

    def _entry(self, flow: Flow, numbers: bool) -> tuple[Level, str]:
        """Return what a branch begins with, and where it comes from, if it is no input of the model."""
        maker = self.run.maker.get(id(flow))
        if maker is None:
            return level_of("x", flow.value, self.sample, self.known, whole=numbers), ""
        level = self._places[id(flow)][1] if id(flow) in self._places else None
        letter = "y" if level is None else level.letter
        return level_of(letter, flow.value, self.sample, self.known), f"what {maker.name} gives"

    def _goes(self, flow: Flow) -> str:
        """Say where a value goes."""
        if any(flow is output for output in self.run.outputs):
            return "out"
        return "on" if id(flow) in self.run.used else "nowhere"

    def _said(self, call: Call) -> dict[str, Any]:
        """Return what is said of a call beside what its layer does."""
        reads, node = self.run.reads[id(call)], call.node
        others = [flow for flow, _maker in reads.others]
        also = [self._places[id(flow)][2] if id(flow) in self._places else self.run.called(flow) for flow in others]
        givers = list(dict.fromkeys(giver.node.name for giver in reads.givers))
        said: dict[str, Any] = {
            "begins": " and ".join(givers[:2]) or "an input" if reads.begins else "",
            "also": tuple(also),
            "unseen": tuple(name for name, flow in zip(also, others, strict=True) if id(flow) not in self._places),
            "again": id(node.layer) in self._layers,
        }
        # Of RepeatVector the note says how many times.
        if isinstance(node.layer, ClosedSpec) and node.summary and node.kind != "RepeatVector":
            said["title"] = node.summary
        return said
