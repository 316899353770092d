"""What the folded picture shows, before any geometry: the chain of layers from an input to an output."""

from dataclasses import dataclass, replace

from course_utils.drawing import wording
from course_utils.drawing.text import subscript
from course_utils.pictures.gate_marks import gate_letters, weight_letters
from course_utils.recurrence.graphs import (
    DenseSpec,
    DropoutSpec,
    EmbeddingSpec,
    FlattenSpec,
    Graph,
    LayerSpec,
    MaskingSpec,
    Node,
    Shape,
    TimeDistributedSpec,
    Value,
)
from course_utils.recurrence.specs import (
    RECURRENT,
    AnyRecurrent,
    BidirectionalSpec,
    RecurrentSpec,
    StackedSpec,
)


@dataclass(frozen=True)
class Face:
    """One cell with its loop.

    letters:  of its weights; states: what goes round in the loop, "h", "c" or "state"
    backward: it reads from the last step to the first
    start:    where its states come from before the first step
    kind:     of the layer; gates: the letters of its gates and candidate, in Keras's order
    exits:    for ``return_state=True``: its states that leave once more, counted by time
    """

    title: str
    letters: str
    states: tuple[str, ...]
    backward: bool = False
    start: str = "zeros"
    kind: str = ""
    gates: tuple[str, ...] = ()
    exits: str = ""


@dataclass(frozen=True)
class Rung:
    """One layer of the chain.

    faces:   its cell, the two of Bidirectional, none for a layer without recurrence
    note:    what else is to be said of it
    merge:   how Bidirectional puts its two together
    leaving: what goes up from it, and its shape
    """

    name: str
    title: str
    faces: tuple[Face, ...] = ()
    note: str = ""
    merge: str = ""
    leaving: str = ""
    shape: Shape | None = None


def shape_text(shape: Shape) -> str:
    """Write a shape with words for the sizes that are free.

    >>> shape_text((None, None, 2)), shape_text((None, 4))
    ('(batch, T, 2)', '(batch, 4)')
    """
    free = {0: "batch", 1: "T"}
    return f"({', '.join(free.get(axis, 'any') if size is None else str(size) for axis, size in enumerate(shape))})"


@dataclass(frozen=True)
class Chain:
    """The layers from an input to an output, from below; beside: the names of those that are left out."""

    rungs: tuple[Rung, ...]
    entering: Shape | None
    beside: tuple[str, ...]
    sequence: bool


def chain_of(graph: Graph) -> Chain:
    """Return the chain that leads to the first output; of a branched model, the way through most recurrent layers.

    A layer's x is its first argument: what reaches it as an initial state is a branch.
    """
    path, beside = _path(graph)
    rungs: list[Rung] = []
    for call in path:
        if isinstance(call.layer, Graph) and call.recurrent:
            inner = chain_of(call.layer)
            rungs += inner.rungs
            beside += inner.beside
        else:
            rungs += _rungs(call, graph)
    entering = _first_shape(path[0]) if path else None
    sequence = (bool(path) and isinstance(path[0].layer, EmbeddingSpec)) or len(entering or (0, 0, 0)) > 2
    return Chain(tuple(rungs), entering, beside, sequence)


def _first_shape(call: Node) -> Shape | None:
    return call.entering[0].shape if call.entering else None


def _path(graph: Graph) -> tuple[list[Node], tuple[str, ...]]:
    """Return the calls of the chain, from below, and the names of the others."""
    depth: dict[Value, int] = {value: 0 for _name, value in graph.called_inputs}
    source: dict[Value | None, Node] = {}
    below: dict[Value | None, Value | None] = {}
    for call in graph.calls:
        known = call.entering[: 1 if isinstance(call.layer, RECURRENT) else None]
        best = max(known, key=lambda value: depth.get(value, 0), default=None)
        for value in call.outputs:
            depth[value] = (0 if best is None else depth.get(best, 0)) + call.recurrent
            source[value], below[value] = call, best
    ends = [value for _name, value in graph.called_outputs if depth.get(value, 0)]
    ends += [call.outputs[0] for call in reversed(graph.calls) if call.recurrent]
    path: list[Node] = []
    at = ends[0] if ends else None
    while at in source:
        path.append(source[at])
        at = below[at]
    on_it = {id(call) for call in path}
    return path[::-1], tuple(call.name for call in graph.calls if id(call) not in on_it)


def _rungs(call: Node, graph: Graph) -> list[Rung]:
    """Return how a layer is drawn: one rung, or one for each cell of a stack."""
    layer, shape = call.layer, call.outputs[0].shape if call.outputs else None
    if not isinstance(layer, RECURRENT):
        note = _note(layer, call)
        leaving = "" if shape is None or len(shape) < 3 else "at every step"
        return [Rung(call.name, call.summary, note=note, leaving=leaving, shape=shape)]
    entering = _first_shape(call)
    steps = entering[1] if entering is not None and len(entering) > 1 else None
    note = "used once a time-step, " + ("T times" if steps is None else _times(steps))
    start = _start(layer, call, graph)
    if isinstance(layer, StackedSpec):
        return _stacked(layer, call, note, start, steps, shape)
    if isinstance(layer, BidirectionalSpec):
        faces = tuple(
            replace(_face(side, start, steps), title=f"{way}: {_face(side, start, steps).title}")
            for way, side in (("forward", layer.forward), ("backward", layer.backward))
        )
        merge = "both leave" if layer.merge_mode is None else layer.merge_mode
        sequence = layer.forward.manner.return_sequences
        leaving = f"the two together, {'at every step' if sequence else 'once, at the end'}"
        return [Rung(call.name, call.summary, faces, note, merge, leaving, shape)]
    return [Rung(call.name, call.summary, (_face(layer, start, steps),), note, "", _leaving(layer, steps), shape)]


def _times(steps: int) -> str:
    return {1: "once", 2: "twice"}.get(steps, f"{steps} times")


def _stacked(layer: StackedSpec, call: Node, note: str, start: str, steps: int | None, shape: Shape | None):
    """Return one rung for each cell: at each step, each cell reads what the one below gives."""
    rungs = []
    for number, cell in enumerate(layer.cells, start=1):
        last = number == len(layer.cells)
        leaving = _leaving(layer, steps) if last else "hₜ at every step"
        face = _face(replace(cell, manner=layer.manner), start, steps)
        inner = (None, steps, cell.output_size)
        name = f"{call.name}/cell_{number}"
        rungs.append(Rung(name, face.title, (face,), note, "", leaving, shape if last else inner))
    return rungs


def _face(spec: AnyRecurrent, start: str, steps: int | None) -> Face:
    manner, kind = spec.manner, ""
    if isinstance(spec, RecurrentSpec):
        kind = spec.kind
        title, states = f"{kind}({spec.units})", tuple(spec.cell.states)
    elif isinstance(spec, StackedSpec):
        title, states = f"{len(spec.cells)} stacked cells", ("states",)
    else:
        title, states = spec.kind, ("state" if len(spec.state_sizes) == 1 else "states",)
    exits = _exits(states, 1 if manner.go_backwards else steps) if manner.return_state else ""
    return Face(title, weight_letters(spec), states, manner.go_backwards, start, kind, gate_letters(spec), exits)


def _exits(states: tuple[str, ...], step: int | None) -> str:
    """Name the states after the step that is read last, counted by time."""
    if step is None or "h" not in states:
        return f"the last {' and '.join(states)}"
    return " and ".join(subscript(state, step) for state in states)


def _leaving(spec: AnyRecurrent, steps: int | None) -> str:
    """Say what goes up from a layer."""
    last, order = "the last h" if steps is None else subscript("h", steps), ""
    if spec.manner.go_backwards:
        last, order = f"{subscript('h', 1)}, which comes last", ", the last one first"
    return f"hₜ at every step{order}" if spec.manner.return_sequences else f"only {last}"


def _start(layer: AnyRecurrent | BidirectionalSpec, call: Node, graph: Graph) -> str:
    """Say where the states come from before the first step."""
    names = {value: one.name for one in graph.calls for value in one.outputs}
    names |= {value: name or "an input" for name, value in graph.called_inputs}
    given = list(dict.fromkeys(names.get(value, "") for value in call.entering[1:]))
    if given and given[0]:
        return "from " + " and ".join(given)
    side = layer.forward if isinstance(layer, BidirectionalSpec) else layer
    return "what the batch before left" if side.manner.stateful else "zeros"


def _note(layer: LayerSpec, call: Node) -> str:
    """Say of a layer without recurrence what it does along the steps."""
    shape = _first_shape(call)
    each = shape is not None and len(shape) > 2
    match layer:
        case DenseSpec() | TimeDistributedSpec():
            word = "each step by itself, the same weights" if each else "once, at the end"
            return "its recurrence is inside: draw it by itself" if call.recurrent else word
        case EmbeddingSpec():
            return "each step by itself: a number becomes a row"
        case MaskingSpec():
            return f"steps that hold only {wording.plain_number(layer.value)} will be skipped"
        case DropoutSpec():
            return "acts only while training"
        case FlattenSpec():
            return "all steps side by side" if each else "one axis instead of many"
    return "a model by itself" if isinstance(layer, Graph) else "not looked into"
