"""What the explorers of whole layers share: their settings, their layers, and how both are written."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Annotated, Any

from course_utils.drawing.text import subscript
from course_utils.explorers.settings import Field, OneOf, Settings, Switch, Whole
from course_utils.recurrence import CellTrace, RecurrentSpec, count, random_spec, run
from course_utils.recurrence.kinds import OF_KERAS
from course_utils.recurrence.specs import Manner

MOST_UNITS, MOST_FEATURES, MOST_STEPS = 64, 64, 784
SWITCHES = ("return_sequences", "return_state", "go_backwards")

Shape = tuple[None, *tuple[int, ...], int]
"""As Keras writes one: None for the batch, then at least one size."""


CellKind = Annotated[str, OneOf(OF_KERAS), "the kind of layer"]
Units = Annotated[int, Whole(1, MOST_UNITS), "how many numbers the state has"]
Features = Annotated[int, Whole(1, MOST_FEATURES), "how many numbers come in at each step"]
Steps = Annotated[int, Whole(1, MOST_STEPS, label="time-steps"), "how many steps the layer reads"]
Flag = Annotated[bool, Switch()]
MostUnits = Annotated[int, Whole(2, MOST_UNITS), "how far the slider of the units goes, but for a start beyond it"]
MostFeatures = Annotated[int, Whole(2, MOST_FEATURES), "the same for the features"]
MostSteps = Annotated[int, Whole(2, MOST_STEPS), "the same for the steps"]


def reaching_most(settings: Settings) -> dict[str, Field]:
    """Return the fields of the sizes that go as far as ``most_…`` says. Raises ValueError where that is not allowed."""
    wholes = {name: field for name, field in settings.fields().items() if isinstance(field, Whole)}
    high = {}
    for name, field in wholes.items():
        if f"most_{name}" in wholes:
            settings.check(f"most_{name}")
            high[name] = furthest(getattr(settings, f"most_{name}"), field.high, getattr(settings, name))
    return settings.reaching(**high)


def furthest(most: int, limit: int, *starts: object) -> int:
    """Return how far a slider goes: to what ``most_…`` says, or to a start beyond it, as far as that is allowed."""
    return max([most, *(min(start, limit) for start in starts if isinstance(start, int))])


def refuse_half(layer: Any, x: Any) -> None:
    """Raise ValueError where a layer of the user's own comes without its input, or an input without a layer."""
    if (layer is None) != (x is None):
        raise ValueError("layer and x go together: give both, or none to try the explorer's own numbers.")


def run_one(spec: RecurrentSpec, x: Any) -> CellTrace:
    """Run a layer on one sample. Raises ValueError where there are more."""
    trace = run(spec, x)
    if len(trace.x) != 1:
        raise ValueError(f"x must hold one sample, shape (1, T, F), but it holds {len(trace.x)}: pass x[:1].")
    return trace


def layer_spec(
    kind: str,
    units: int,
    features: int,
    *,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    name: str = "layer",
    seed: int = 0,
) -> RecurrentSpec:
    """Return a layer with the weights of ``random_spec``; its switches cost nothing.

    >>> layer_spec("GRU", 3, 2, return_sequences=True).return_sequences
    True
    """
    drawn = random_spec(kind, units=units, features=features, name=name, seed=seed)
    manner = Manner(return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards)
    return replace(drawn, manner=manner)


def layer_code(*sides: RecurrentSpec) -> str:
    """Return the Keras call that makes a layer. sides: the layer itself; of a Bidirectional, forward and backward.

    >>> layer_code(layer_spec("LSTM", 4, 2, return_state=True))
    'keras.layers.LSTM(4, return_state=True)'
    """
    side = sides[0]
    more = "".join(f", {name}=True" for name in SWITCHES if getattr(side.manner, name))
    code = f"keras.layers.{side.kind}({side.units}{more})"
    return f"keras.layers.Bidirectional({code})" if len(sides) > 1 else code


def model_code(steps: int | None, features: int, layers: Sequence[str]) -> str:
    """Return the Keras lines that build a model of these layers, ready to copy.

    >>> print(model_code(3, 2, ["keras.layers.GRU(4)"]))
    keras.Sequential([
        keras.Input(shape=(3, 2)),
        keras.layers.GRU(4),
    ])
    """
    lines = "".join(f"    {layer},\n" for layer in layers)
    return f"keras.Sequential([\n    keras.Input(shape=({steps}, {features})),\n{lines}])"


def code_block(code: str) -> str:
    """Return code as HTML, ready to copy."""
    return f"<pre>{escape(code, quote=False)}</pre>"


def formula(*sides: RecurrentSpec) -> str:
    """Write the number of parameters of a layer in letters and in numbers. sides: as for ``layer_code``.

    >>> formula(layer_spec("SimpleRNN", 4, 2))
    'F·U + U·U + U = 2·4 + 4·4 + 4 = 28'
    """
    counted = count(sides[0])
    if len(sides) == 1:
        return f"{counted.formula} = {counted.substituted} = {counted.total:,}"
    parts = (counted.formula, counted.substituted)
    letters, numbers = (part if "(" in part else f"({part})" for part in parts)
    return f"2·{letters} = 2·{numbers} = {2 * counted.total:,}"


def change(total: int, before: int | None) -> str:
    """Say how a count differs from the one before the last move; nothing where there was none.

    >>> change(40, 28), change(28, 40), change(28, 28), change(28, None)
    (' (12 more)', ' (12 fewer)', ' (unchanged)', '')
    """
    if before is None:
        return ""
    difference = total - before
    return f" ({abs(difference):,} {'more' if difference > 0 else 'fewer'})" if difference else " (unchanged)"


def leaving(steps: int, *sides: RecurrentSpec) -> list[Shape]:
    """Return the shapes of all that leaves a layer: its output and, with return_state, its last states.

    sides: as for ``layer_code``

    >>> leaving(3, layer_spec("LSTM", 4, 2, return_sequences=True, return_state=True))
    [(None, 3, 4), (None, 4), (None, 4)]
    """
    width = sum(side.units for side in sides)
    output: Shape = (None, steps, width) if sides[0].return_sequences else (None, width)
    states: list[Shape] = [(None, size) for side in sides for size in side.state_sizes if side.return_state]
    return [output, *states]


def meaning(steps: int, *sides: RecurrentSpec) -> str:
    """Say what leaves a layer. sides: as for ``layer_code``.

    >>> meaning(3, layer_spec("LSTM", 4, 2, return_sequences=True, return_state=True))
    'Every state leaves, h₁ … h₃. With return_state, the last h and the last c leave once more.'
    >>> meaning(3, layer_spec("GRU", 4, 2, return_sequences=True, go_backwards=True))
    'Every state leaves, h₁ … h₃. It reads x₃ first, x₁ last, and gives its states in that order.'
    """
    side = sides[0]
    last = subscript("h", steps)
    every = f"Every state leaves, h₁ … {last}." if steps > 1 else f"Every state leaves: {last} alone."
    said = [every if side.return_sequences else f"The last state leaves, {last}; those before it stay inside."]
    if len(sides) > 1:
        said = [
            "Every state of both directions leaves."
            if side.return_sequences
            else "The last state of each direction leaves."
        ]
    if side.manner.go_backwards and steps > 1:
        order = ", and gives its states in that order" if side.return_sequences else ""
        said.append(f"It reads {subscript('x', steps)} first, x₁ last{order}.")
    if side.return_state:
        last_ones = "the last h and the last c leave" if side.kind == "LSTM" else "the last h leaves"
        said.append(f"With return_state, {last_ones} once more.")
    return " ".join(said)


def written(shapes: Sequence[Shape]) -> str:
    """Write one shape, or several as a list, as Keras does.

    >>> written([(None, 4)]), written([(None, 4), (None, 4)])
    ('(None, 4)', '[(None, 4), (None, 4)]')
    """
    return str(shapes[0]) if len(shapes) == 1 else str(list(shapes))
