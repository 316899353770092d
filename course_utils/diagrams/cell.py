"""Inside one step: every product, the sum and the activation, with their numbers.

Vectors are rows here, so that the picture reads like the formula x·W + h·R + b.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, MONO, subscript, text_width
from course_utils.diagrams.parts import (
    CELL_HEIGHT,
    MARGIN,
    arrow,
    block,
    compose,
    heading,
    legend,
    outline,
    strongest,
)
from course_utils.diagrams.scene import Box, Cells, Item, Label, Line, Rectangle, Scene
from course_utils.recurrence import RecurrentTrace

TOP = 118
SIGN = 34  # room for "·", "=" and "+" between two blocks
ROW_GAP = 52  # between two lines of the calculation, with room for a name


@dataclass(frozen=True)
class _Step:
    """The numbers of one step of one sample; all vectors as (U,) or (F,)."""

    trace: RecurrentTrace
    step: int
    sample: int

    @property
    def x(self) -> np.ndarray:
        return self.trace.x[self.sample, self.step - 1]

    @property
    def before(self) -> np.ndarray:
        return self.trace.state(self.step - 1)[self.sample]

    @property
    def after(self) -> np.ndarray:
        return self.trace.state(self.step)[self.sample]

    @property
    def from_input(self) -> np.ndarray:
        return self.trace.terms["h"].from_input[self.sample, self.step - 1]

    @property
    def from_state(self) -> np.ndarray:
        return self.trace.terms["h"].from_state[self.sample, self.step - 1]

    @property
    def total(self) -> np.ndarray:
        return self.trace.terms["h"].total[self.sample, self.step - 1]

    @property
    def names(self) -> dict[str, str]:
        """How the letters of this step are written."""
        x, before, after = subscript("x", self.step), subscript("h", self.step - 1), subscript("h", self.step)
        return {"x": x, "before": before, "after": after}

    @property
    def limit(self) -> float:
        spec = self.trace.spec
        return strongest(self.x, self.before, self.total, self.from_input, self.from_state, *spec.weights.values())


def cell_scene(trace: RecurrentTrace, *, step: int, sample: int = 0, unit: int | None = None) -> Scene:
    """Lay out one step of a SimpleRNN.

    trace:  the layer's values on an input
    step:   which step, 1 … T
    sample: which of the batch, from 0
    unit:   the unit to point at, 1 … U: its column in W and R, its cell in each row
    """
    now = _Step(trace, step, sample)
    products = _products(now)
    blocks = {item.id: item for item in products if isinstance(item, Cells)}
    items = [*_heading(now), *products, *_addition(now, blocks)]
    blocks = {item.id: item for item in items if isinstance(item, Cells)}
    if unit is not None:
        items += _light(blocks, unit)
    lowest = max(cells.place.bottom for cells in blocks.values())
    items += legend(MARGIN, lowest + 40, now.limit)
    return compose(_title(now), _description(now), items, now.limit)


def _title(now: _Step) -> str:
    spec = now.trace.spec
    return f"Inside step {now.step} of {now.trace.steps}: {spec.kind}({spec.units})"


def _formula(now: _Step) -> str:
    names, spec = now.names, now.trace.spec
    inside = f"{names['x']}·W + {names['before']}·R" + (" + b" if spec.use_bias else "")
    return (
        f"{names['after']} = {inside}"
        if spec.activation.name == "linear"
        else f"{names['after']} = {spec.activation}({inside})"
    )


def _heading(now: _Step) -> list[Item]:
    return heading(_title(now), f"{_formula(now)} · read it line by line, left to right, then down")


@dataclass(frozen=True)
class _Product:
    """vector · matrix = result, and how it is called."""

    vector: np.ndarray
    matrix: np.ndarray
    result: np.ndarray
    vector_id: str
    vector_name: str
    letter: str
    keras_name: str
    axes: tuple[str, str]
    result_id: str

    @property
    def matrix_name(self) -> str:
        return f"{self.letter} {self.keras_name} {self.matrix.shape}"

    @property
    def matrix_width(self) -> float:
        """The room for the matrix and for its name."""
        return max(block("", 0, 0, self.matrix, self.axes).place.width, text_width(self.matrix_name, 12))

    @property
    def matrix_height(self) -> float:
        return block("", 0, 0, self.matrix, self.axes).place.height


def _factors(now: _Step) -> tuple[_Product, _Product]:
    """Return the two products of a step: x·W and h·R."""
    spec, t, names = now.trace.spec, now.step, now.names
    return (
        _Product(
            now.x, spec.kernel, now.from_input,
            f"x[t={t}]", names["x"], "W", "kernel", ("f", "u"), f"x·W[t={t}]",
        ),
        _Product(
            now.before, spec.recurrent_kernel, now.from_state,
            f"h[t={t - 1}]", names["before"], "R", "recurrent_kernel", ("v", "u"), f"h·R[t={t}]",
        ),
    )  # fmt: skip


def _products(now: _Step) -> list[Item]:
    """Draw x·W and h·R below each other, aligned at their dots and equals signs."""
    factors = _factors(now)
    widest = max(block("", 0, 0, product.vector, ("u",)).place.width for product in factors)
    dot = MARGIN + widest + SIGN / 2
    equals = dot + SIGN + max(product.matrix_width for product in factors)
    items, top = [], TOP
    for product in factors:
        items += _product(product, dot, equals, top)
        top += product.matrix_height + ROW_GAP
    return items


def _product(product: _Product, dot: float, equals: float, top: float) -> list[Item]:
    """Draw one product; dot and equals are where its signs are."""
    matrix = block(product.letter, dot + SIGN / 2, top, product.matrix, product.axes)
    middle = matrix.place.centre[1]
    row_top = middle - CELL_HEIGHT / 2
    width = block("", 0, 0, product.vector, ("u",)).place.width
    vector = block(product.vector_id, dot - SIGN / 2 - width, row_top, product.vector, product.axes[:1])
    result = block(product.result_id, equals + SIGN / 2, row_top, product.result, ("u",))
    result_name = f"{product.vector_name}·{product.letter}"
    return [
        vector,
        matrix,
        result,
        Label(f"name[{product.vector_id}]", vector.place.centre[0], row_top - 8, product.vector_name, 15),
        Label(f"name[{product.letter}]", matrix.place.x, top - 8, product.matrix_name, 12, "muted", "start"),
        Label(f"name[{product.result_id}]", result.place.x, row_top - 8, result_name, 13, anchor="start"),
        Label(f"dot[{product.letter}]", dot, middle + 6, "·", 18, face=BOLD),
        Label(f"equals[{product.letter}]", equals, middle + 6, "=", 16),
    ]


def _addition(now: _Step, blocks: dict[str, Cells]) -> list[Item]:
    """Draw what is added up below the two products, the sum, the activation and the new state."""
    spec, names, t = now.trace.spec, now.names, now.step
    state_part = blocks[f"h·R[t={t}]"].place
    left, right = state_part.x, state_part.right
    items: list[Item] = [_plus("plus[h·R]", state_part)]
    below = max(state_part.bottom, blocks["R"].place.bottom) + ROW_GAP - 12
    if spec.use_bias:
        bias = block("b", left, below, spec.bias, ("u",))
        items += [bias, Label("name[b]", left, below - 8, f"b bias {spec.bias.shape}", 12, "muted", "start")]
        items.append(_plus("plus[b]", bias.place))
        below = bias.place.bottom + 8
    rule = Line("rule", ((left, below), (right, below)), "rule", head=False)
    total = block(f"sum[t={t}]", left, below + 10, now.total, ("u",))
    items += [rule, total, Label("name[sum]", left - 10, total.place.centre[1] + 5, "sum", 13, anchor="end")]
    return items + _activation(now, total.place, names["after"])


def _activation(now: _Step, total: Rectangle, name: str) -> list[Item]:
    """Draw the arrow from the sum through the activation to the new state."""
    text, centre = now.trace.spec.activation.name, total.centre[0]
    width = text_width(text, 12.5, MONO) + 24
    box = Rectangle(centre - width / 2, total.bottom + 24, width, 26)
    after = block(f"h[t={now.step}]", total.x, box.bottom + 24, now.after, ("u",))
    return [
        arrow("arrow[sum]", (centre, total.bottom + 3), (centre, box.y - 2)),
        Box("activation", box, "sign", radius=8),
        Label("activation_name", centre, box.y + 17, text, 12.5, face=MONO),
        arrow("arrow[activation]", (centre, box.bottom + 2), (centre, after.place.y - 3)),
        after,
        Label("name[after]", total.x - 10, after.place.centre[1] + 5, f"{name} =", 15, anchor="end"),
    ]


def _plus(id: str, row: Rectangle) -> Label:
    """Draw a plus sign above a row and above its name: the row is added to the one before."""
    return Label(id, row.centre[0], row.y - 24, "+", 16)


def _light(blocks: dict[str, Cells], unit: int) -> list[Item]:
    """Frame what makes one unit: its column of each matrix and its cell of each row of units."""
    return [
        outline(f"light[{name}]", cells, column=unit - 1) for name, cells in blocks.items() if cells.axes[-1] == "u"
    ]


def _description(now: _Step) -> str:
    """Say the calculation in words."""
    names = {"x": f"x_{now.step}", "before": f"h_{now.step - 1}", "after": f"h_{now.step}"}
    spec, say = now.trace.spec, wording.vector
    sentences = [
        f"{_title(now)} on {wording.counted(spec.features, 'feature')}.",
        f"{names['x']} = {say(now.x)} times W gives {say(now.from_input)}.",
        f"{names['before']} = {say(now.before)} times R gives {say(now.from_state)}.",
    ]
    if spec.use_bias:
        sentences.append(f"The bias is {say(spec.bias)}.")
    sentences.append(f"The sum is {say(now.total)}; {spec.activation} of it is {names['after']} = {say(now.after)}.")
    return " ".join(sentences)
