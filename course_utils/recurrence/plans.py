"""The plan of a model: its layers, who reads what from whom, shapes and counts. Plain data, without weights."""

from dataclasses import dataclass

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Value:
    """What flows along an arrow.

    number: the same for everybody who reads it
    shape:  as Keras writes it, None for a size that is not fixed; None alone where it is not known
    """

    number: int
    shape: Shape | None


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer, or of an operation such as a sum.

    name, kind:  as Keras calls the layer and its class
    summary:     the kind with its main arguments, e.g. ``LSTM(50, return_sequences=True)``
    entering, leaving: what it reads, each value once, in the order in which it takes them; what it gives
    parameters:  how many numbers the layer holds
    recurrent:   it is or holds a recurrent layer
    masked:      it is told which steps to skip
    again:       the layer was called before: this call uses the same weights
    inside:      for a model in a model, its own plan
    closed:      a model with a call of its own: what happens inside is not known
    order:       its place among all calls of the model, from 0; the operations that only make masks count too
    """

    name: str
    kind: str
    summary: str
    entering: tuple[Value, ...]
    leaving: tuple[Value, ...]
    parameters: int = 0
    recurrent: bool = False
    masked: bool = False
    again: bool = False
    inside: "ModelPlan | None" = None
    closed: bool = False
    order: int = 0


@dataclass(frozen=True)
class ModelPlan:
    """A model, or one layer by itself.

    calls:    in order of execution, without the operations that only make masks: nobody wrote them
    inputs, outputs: (name, value) each, in flat order; the name is "" where nobody chose one
    parameters, trainable: as Keras counts them
    """

    name: str
    kind: str
    calls: tuple[LayerCall, ...]
    inputs: tuple[tuple[str, Value], ...]
    outputs: tuple[tuple[str, Value], ...]
    parameters: int
    trainable: int
