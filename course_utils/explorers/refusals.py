"""Settings that Keras refuses: its own words, what they mean, and what to do. Keras is asked by the tests alone."""

from dataclasses import dataclass
from html import escape

from course_utils.drawing.card import QUOTED, card_scene
from course_utils.drawing.wording import counted
from course_utils.explorers.base import View
from course_utils.explorers.keras_check import built
from course_utils.explorers.layer_settings import Shape, code_block, leaving
from course_utils.pictures import Diagram
from course_utils.recurrence import RecurrentSpec
from course_utils.recurrence.graphs import LayerSpec

# Keras's own words, as a fresh kernel shows them; a test collects them from Keras and compares.
BOTH_BACKWARDS = (
    "Forward layer and backward layer should have different `go_backwards` value. Received: "
    "forward_layer.go_backwards True, backward_layer.go_backwards=True"
)
NO_SEQUENCE = (
    "Input 0 with name 'None' of layer '{name}' is incompatible with the layer: "
    "expected ndim=3, found ndim=2. Full shape received: {shape}"
)
NOTHING_TO_DISTRIBUTE = (
    "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, received: {shape}"
)
STRANGE_SHAPE = (
    "Cannot convert '({shape}, {units})' to a shape. Found invalid dimension '{shape}' of type '<class 'tuple'>'. "
)
SEVERAL_INPUTS = (
    'Layer "{name}" expects 1 input(s), but it received {number} input tensors. Inputs received: [{tensors}]'
)
TENSOR = "<KerasTensor shape={shape}, dtype=float32, sparse=False, ragged=False, name=keras_tensor_{place}>"


@dataclass(frozen=True)
class Refusal:
    """A setting that Keras does not take.

    title: what does not fit, in a few words
    says:  Keras's own words, of its ValueError
    why:   what they mean, in plain words
    cure:  what to do
    """

    title: str
    says: str
    why: str
    cure: str

    def view(self, code: str) -> View:
        """Return a card in the picture's place; code: the Keras lines that end in this error."""
        card = card_scene(self.title, {"Why": self.why, QUOTED: f"ValueError: {self.says}", "What to do": self.cure})
        headline = f"<b>Keras refuses this.</b> {escape(self.title)}."
        notes = f"These lines end in that error:{code_block(code)}"
        return View(headline, Diagram(card), notes, f"Keras refuses this. {self.why} {self.cure}")


def both_backwards() -> Refusal:
    """Return why ``Bidirectional`` does not take a layer with go_backwards."""
    return Refusal(
        "Bidirectional needs a layer that reads forwards",
        BOTH_BACKWARDS,
        "Bidirectional makes the second direction itself: a copy of the layer that reads backwards. With "
        "go_backwards=True the layer reads backwards too, so nothing would read forwards.",
        "Switch go_backwards off: Bidirectional reads in both directions by itself.",
    )


def no_sequence(follow: str, name: str, units: int) -> Refusal:
    """Return why a layer that reads a sequence does not take the last state alone.

    follow: how the layer that follows is called, name: its name in Keras; units: those of the layer below
    """
    words = NOTHING_TO_DISTRIBUTE if name == "time_distributed" else NO_SEQUENCE
    return Refusal(
        f"{capital(follow)} needs a sequence",
        words.format(name=name, shape=(None, units)),
        f"{capital(follow)} reads a sequence, three axes: batch, time-steps, numbers. With return_sequences=False only "
        f"the last state leaves, in shape {(None, units)}: two axes, no time-steps any more.",
        "Set return_sequences=True, so that every state leaves; or let Dense follow, which reads one vector.",
    )


def states_in_a_chain(spec: RecurrentSpec, steps: int, follow: str, name: str, units: int) -> Refusal:
    """Return why nothing can follow ``return_state=True`` in a Sequential model.

    spec: the layer with return_state; follow, name: as above; units: those of the layer that follows
    """
    shapes = leaving(steps, spec)
    states = "its last h" if len(shapes) == 2 else "its last h and its last c"
    strange = " (Here it takes them for the sizes of one shape; hence its strange words.)"
    return Refusal(
        f"{capital(follow)} takes one array, but {len(shapes)} arrive",
        _several(shapes, name, units),
        f"With return_state=True the layer gives {counted(len(shapes), 'array')}: its output, and once more {states}. "
        f"A Sequential model hands all of them to the next layer, and {follow} takes one."
        + strange
        * (name == "time_distributed"),
        "Leave return_state off; or use the functional API, output, *states = layer(x), and pass on the output alone.",
    )


def _several(shapes: list[Shape], name: str, units: int) -> str:
    if name != "time_distributed":
        tensors = ", ".join(TENSOR.format(shape=shape, place=place) for place, shape in enumerate(shapes, start=1))
        return SEVERAL_INPUTS.format(name=name, number=len(shapes), tensors=tensors)
    if len(shapes) == 2:
        return NOTHING_TO_DISTRIBUTE.format(shape=tuple(shapes))
    return STRANGE_SHAPE.format(shape=shapes[-1], units=units)


def ask_for_the_error(spec: LayerSpec, shape: tuple[int, ...]) -> str:
    """Let Keras build what it should refuse, and say what it says: for the button."""
    try:
        built(spec, shape)
    except ValueError as problem:
        return f"Keras refuses it too, with these words: {escape(str(problem))}"
    return "Keras takes it after all: please report this."


def capital(text: str) -> str:
    """Return a text with a capital at the front.

    >>> capital("a second RNN")
    'A second RNN'
    """
    return text[:1].upper() + text[1:]
