"""Run a whole model in NumPy: each layer by its spec, values and masks from one to the next."""

from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

import numpy as np

from course_utils.recurrence.checking import in_precision, unless_whole
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
    Nested,
    Node,
    TimeDistributedSpec,
    Value,
    leaves,
    map_nested,
)
from course_utils.recurrence.running import LayerRun, RecurrentTrace, run_bidirectional, run_layer
from course_utils.recurrence.specs import BidirectionalSpec, OwnCellSpec, RecurrentSpec, StackedSpec


@dataclass(frozen=True, eq=False)
class LayerFlow:
    """What went into a layer and what came out, nested as Keras nests it; and the traces of its recurrent cells."""

    input: Nested
    output: Nested
    recurrent: tuple[RecurrentTrace, ...] = ()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer that is no model, as it was made.

    name:     of the layer; where it is called again ``name#2`` and so on
    entering: what it read, as ``node.entering``; leaving: what it gave, in flat order
    """

    node: Node
    name: str
    entering: tuple[Flow, ...]
    leaving: tuple[Flow, ...]
    flow: LayerFlow


@dataclass(eq=False)
class Execution:
    """One run of a model, and what is kept of it.

    initial_states: by layer name, states to start with in the place of the layer's own
    recurrent:      the traces, in order of execution
    layers:         by layer name; a layer that is called again is ``name#2`` and so on
    calls:          every call that was made, in order; of models inside, the calls of their layers
    same:           by ``id(flow)``, the flow that it is another form of, and itself
    opaque:         the graphs, as ``id(graph)``, of calls of the user's own that do otherwise than they say
    """

    initial_states: dict[str, Any] = field(default_factory=dict)
    recurrent: list[RecurrentTrace] = field(default_factory=list)
    layers: dict[str, LayerFlow] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    same: dict[int, tuple[Flow, Flow]] = field(default_factory=dict)
    opaque: set[int] = field(default_factory=set)
    _stands: dict[int, list[np.ndarray]] = field(default_factory=dict)  # where stateful layers have moved to

    def run(self, spec: LayerSpec, inputs: list[Flow], **given: Any) -> Nested:
        """Run a layer by itself, or a model; return nested Flows.

        inputs: in flat order; given: further arguments of a layer

        Raises TypeError where all recurrence is in a call of the user's own that does otherwise than it says.
        """
        if not isinstance(spec, Graph):
            result = self.call(spec, (inputs[0],), given)
            self._keep(Node(spec, (), {}, ()), inputs[0], (inputs[0],), result, 0)
            return result
        if spec.own is None:
            return self.graph(spec, inputs)
        result = self.call(spec, *spec.as_called(inputs))
        if self.opaque and not self.recurrent:
            raise TypeError(
                f"What the call of {spec.name!r} does on symbols is not what it does on x: it may draw new numbers, or "
                "keep something from call to call. Trace the recurrent layer that it holds by itself."
            )
        return result

    def graph(self, spec: Graph, inputs: list[Flow]) -> Nested:
        """Run all nodes of a model; return nested Flows."""
        values: dict[Value, Flow] = dict(zip(spec.entering, inputs, strict=True))

        def filled(leaf: Any) -> Any:
            return values[leaf] if isinstance(leaf, Value) else leaf

        for node in spec.nodes:
            args, kwargs = map_nested(filled, node.args), map_nested(filled, node.kwargs)
            before = len(self.recurrent)
            result = self.call(node.layer, args, kwargs)
            values.update(zip(node.outputs, leaves(result), strict=True))
            read = tuple(values[value] for value in node.entering)
            self._keep(node, args[0] if len(args) == 1 else args, read, result, before)
        return map_nested(filled, spec.outputs)

    def _keep(self, node: Node, entered: Nested, read: tuple[Flow, ...], result: Nested, before: int) -> None:
        """Keep what a call did. before: how many recurrent traces there were then."""
        times = sum(known.split("#")[0] == node.name for known in self.layers)
        name = f"{node.name}#{times + 1}" if times else node.name
        traces = tuple(self.recurrent[before:])
        self.layers[name] = flow = LayerFlow(map_nested(_value, entered), map_nested(_value, result), traces)
        if not isinstance(node.layer, Graph) or id(node.layer) in self.opaque:
            self.calls.append(Call(node, name, read, tuple(leaves(result)), flow))

    def first_form(self, flow: Flow) -> Flow:
        """Return the flow that a flow is another form of: with another mask, say."""
        while id(flow) in self.same:
            _other, flow = self.same[id(flow)]
        return flow

    @singledispatchmethod
    def call(self, spec: Any, args: tuple, kwargs: dict[str, Any]) -> Nested:
        """Run one layer; args and kwargs hold Flows; return nested Flows."""
        raise TypeError(f"{type(spec).__name__} is not a layer.")

    @call.register
    def _(self, spec: Graph, args: tuple, kwargs: dict[str, Any]) -> Nested:
        if spec.own is not None:
            return self._own_call(spec, spec.own, args, kwargs)
        flows, mask = leaves(args[0]), kwargs.get("mask")
        if mask is not None:
            masked = [Flow(flow.value, _value(own)) for flow, own in zip(flows, leaves(mask), strict=True)]
            self.same |= {id(new): (new, old) for new, old in zip(masked, flows, strict=True)}
            flows = masked
        return self.graph(spec, flows)

    def _own_call(self, spec: Graph, own: ClosedSpec, args: tuple, kwargs: dict[str, Any]) -> Nested:
        """Run the calls that were followed, and hold what they give against what the layer itself gives."""
        flows = [flow for flow in leaves([args, kwargs]) if isinstance(flow, Flow)]
        before, names = (len(self.recurrent), len(self.calls)), set(self.layers)
        told, done = leaves(self.graph(spec, flows)), own.call(args, kwargs)
        if all(_close(one, other) for one, other in zip(told, leaves(done), strict=True)):
            self.same |= {id(new): (new, old) for new, old in zip(leaves(done), told, strict=True)}
        else:
            # It draws new numbers, say, or keeps something from call to call: then nothing inside is shown.
            self.opaque.add(id(spec))
            del self.recurrent[before[0] :], self.calls[before[1] :]
            self.layers = {name: flow for name, flow in self.layers.items() if name in names}
        return done

    @call.register
    def _(self, spec: ClosedSpec, args: tuple, kwargs: dict[str, Any]) -> Nested:
        return spec.call(args, kwargs)

    @call.register
    def _(self, spec: DenseSpec, args: tuple, kwargs: dict[str, Any]) -> Flow:
        x = in_precision(args[0].value, spec.dtype)
        if x.shape[-1] != len(spec.kernel):
            raise ValueError(
                f"{spec.name!r} was built for {len(spec.kernel)} numbers on the last axis, but {x.shape[-1]} arrive "
                f"in shape {x.shape}: is T or F another one than the model was built for?"
            )
        total = x @ spec.kernel + (0 if spec.bias is None else spec.bias)
        return Flow(spec.activation(total).astype(spec.dtype, copy=False), args[0].mask)

    @call.register
    def _(self, spec: EmbeddingSpec, args: tuple, kwargs: dict[str, Any]) -> Flow:
        numbers = args[0].value.astype(int)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(spec.table):
            raise ValueError(
                f"The input of {spec.name!r} must hold row numbers from 0 to {len(spec.table) - 1}, "
                f"but it holds {numbers.min()} to {numbers.max()}."
            )
        return Flow(spec.table[numbers].astype(spec.dtype, copy=False), numbers != 0 if spec.mask_zero else None)

    @call.register
    def _(self, spec: MaskingSpec, args: tuple, kwargs: dict[str, Any]) -> Flow:
        x = unless_whole(args[0].value, spec.dtype)
        # Keras compares in single precision at least, even where the layer computes in half.
        exact = np.float32 if spec.dtype.itemsize < 4 else spec.dtype
        kept = np.any(x.astype(exact) != np.asarray(spec.value, exact), axis=-1)
        return Flow(np.where(kept[..., None], x, np.zeros((), x.dtype)), kept)

    @call.register
    def _(self, spec: FlattenSpec, args: tuple, kwargs: dict[str, Any]) -> Flow:
        x = unless_whole(args[0].value, spec.dtype)
        return Flow(x.reshape(len(x), -1))

    @call.register
    def _(self, spec: DropoutSpec, args: tuple, kwargs: dict[str, Any]) -> Flow:
        return Flow(unless_whole(args[0].value, spec.dtype), args[0].mask)

    @call.register
    def _(self, spec: TimeDistributedSpec, args: tuple, kwargs: dict[str, Any]) -> Nested:
        x, mask = args[0].value, _mask_of(args[0], kwargs)
        batch, steps = x.shape[:2]
        # Keras hands each step its part of the mask as an argument, and nothing on the tensor itself.
        inner = {} if mask is None else {"mask": Flow(mask.reshape(batch * steps, *mask.shape[2:]))}
        merged = self.call(spec.inner, (Flow(x.reshape(batch * steps, *x.shape[2:])),), inner)

        def parted(flow: Flow) -> Flow:
            return Flow(flow.value.reshape(batch, steps, *flow.value.shape[1:]), mask)

        return map_nested(parted, merged)

    @call.register(RecurrentSpec)
    @call.register(OwnCellSpec)
    @call.register(StackedSpec)
    def _(self, spec: Any, args: tuple, kwargs: dict[str, Any]) -> Nested:
        return self._recurrent(spec, args, kwargs, run_layer, spec.manner.return_sequences)

    @call.register
    def _(self, spec: BidirectionalSpec, args: tuple, kwargs: dict[str, Any]) -> Nested:
        return self._recurrent(spec, args, kwargs, run_bidirectional, spec.forward.manner.return_sequences)

    def _recurrent(self, spec: Any, args: tuple, kwargs: dict[str, Any], runner: Any, sequences: bool) -> Nested:
        x, *more = args
        given = dict(zip(("initial_state", "mask"), more, strict=False)) | kwargs
        handed = given.get("initial_state")
        start = self.initial_states.get(spec.name, handed)
        start = self._stands.get(id(spec)) if start is None else start
        carried = x.mask if given.get("mask") is None else given["mask"]
        # Keras takes the mask that x carries only where x is the only tensor: called with states, it reads all steps.
        both = given.get("mask") is None and any(isinstance(leaf, Flow) for leaf in leaves(handed))
        mask = None if both else carried
        done: LayerRun = runner(spec, x.value, initial_state=map_nested(_value, start), mask=_value(mask))
        self.recurrent.extend(done.traces)
        if (spec.forward if isinstance(spec, BidirectionalSpec) else spec).manner.stateful:
            self._stands[id(spec)] = list(done.states)
        kept_mask = _value(carried) if sequences else None
        flows = map_nested(Flow, done.output)
        if isinstance(flows, Flow):
            return Flow(flows.value, kept_mask)
        masked = 2 if isinstance(spec, BidirectionalSpec) and spec.merge_mode is None else 1
        return (*(Flow(flow.value, kept_mask) for flow in flows[:masked]), *flows[masked:])


def _close(told: Flow, done: Flow) -> bool:
    """Return whether two values are the same but for rounding in their precision."""
    room = 1e-5 if done.value.dtype.itemsize >= 4 else 5e-2
    same_shape = told.value.shape == done.value.shape
    return same_shape and bool(np.allclose(told.value, done.value, rtol=room, atol=room, equal_nan=True))


def _mask_of(x: Flow, kwargs: dict[str, Any]) -> np.ndarray | None:
    """Return the mask that a layer gets: the one that is passed by name, else the one that x carries."""
    given = kwargs.get("mask")
    return x.mask if given is None else np.asarray(_value(given), bool)


def _value(leaf: Any) -> Any:
    """Return the array of a Flow; anything else as it is."""
    return leaf.value if isinstance(leaf, Flow) else leaf
