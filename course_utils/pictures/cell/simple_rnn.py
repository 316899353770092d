"""Inside one step of a SimpleRNN: both products with their matrices, the bias, the sum, the activation.

Vectors are rows here, so that the picture reads like the formula x·W + h·R + b.
"""

from dataclasses import dataclass, replace

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import fine_limit
from course_utils.drawing.layout import CELL_HEIGHT, CELL_WIDTH, MARGIN, arrow, block
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Cells, Item, Label, Line, Rectangle
from course_utils.drawing.text import BOLD, text_width
from course_utils.pictures.cell.moment import (
    WIDE_UNIT,
    Moment,
    activated,
    fits,
    named_sign,
    picture_of_step,
    rounding_note,
    scale_note,
)

TOP = 118
SIGN = 34  # room for "·", "=" and "+" between two blocks
NAME_ROOM = 22  # above a row, for its name
MOST_ROWS, MOST_COLUMNS = 88, 184  # of a matrix; with more, its cells are narrower than 2 px
CLOSED_HEIGHT, CLOSED_WORDS = 96, "too many to tell apart here"
ROW_GAP = 52  # between two lines of the calculation, with room for a name


def simple_picture(now: Moment) -> Picture:
    """Return the picture of one step of a SimpleRNN."""
    products = _products(now)
    items = [*products, *_addition(now, _places(products))]
    lowest = max(place.bottom for place in _places(items).values())
    note = " · ".join(part for part in (rounding_note(items), scale_note(items)) if part)
    own = {item.id: item.limit for item in items if isinstance(item, Cells) and item.limit}
    rows = {" ".join(own): next(iter(own.values()))} if own else {}
    inside = f"{now.name('x')}·W + {now.name('h', 1)}·R" + (" + b" if now.spec.use_bias else "")
    formula = f"{now.name('h')} = {activated(now.spec.activation.name, inside)}"
    subtitle = formula, "read it line by line, left to right, then down"
    return picture_of_step(now, subtitle, items, _sentences(now), Legend(lowest + 40, note, limits=rows))


def _places(items: list[Item]) -> dict[str, Rectangle]:
    return {item.id: item.place for item in items if isinstance(item, Box | Cells)}


def _block(id: Ref, left: float, top: float, values: np.ndarray, axes: tuple[str, ...], role: str = "") -> Cells:
    """Draw a matrix, or a vector as one row: with wider cells where its numbers need them, or without numbers."""
    cells = block(id, left, top, values, axes)
    if cells.numbers and not fits(values, CELL_WIDTH):
        cells = block(id, left, top, values, axes, width=WIDE_UNIT)
    numbers = cells.numbers and fits(values, cells.cell_size[0])  # of many none: to measure each would take long
    return replace(cells, numbers=numbers, role=role)


@dataclass(frozen=True)
class _Product:
    """vector · matrix = result, and how it is called."""

    vector: np.ndarray
    matrix: np.ndarray
    result: np.ndarray
    vector_id: Ref
    vector_role: str
    vector_name: str
    letter: str
    keras_name: str
    axes: tuple[str, str]
    result_id: Ref
    limit: float  # of W and R, where they show colours alone: many small weights beside large sums would be white

    @property
    def matrix_name(self) -> str:
        return f"{self.letter} {self.keras_name} {self.matrix.shape}"

    @property
    def closed(self) -> bool:
        """Whether the matrix has more numbers than can be told apart: then only its size is written."""
        return self.matrix.shape[0] > MOST_ROWS or self.matrix.shape[1] > MOST_COLUMNS

    @property
    def matrix_size(self) -> tuple[float, float]:
        """Width and height of the matrix as it is drawn."""
        if self.closed:
            return text_width(CLOSED_WORDS, 12) + 36, CLOSED_HEIGHT
        place = _block(Ref(""), 0, 0, self.matrix, self.axes).place
        return place.width, place.height

    @property
    def matrix_room(self) -> float:
        """The width for the matrix and for its name."""
        return max(self.matrix_size[0], text_width(self.matrix_name, 12))

    def draw_matrix(self, left: float, top: float) -> list[Item]:
        """Draw the matrix cell by cell, or as a closed box."""
        if not self.closed:
            cells = _block(Ref(self.letter), left, top, self.matrix, self.axes)
            return [cells if cells.numbers else replace(cells, limit=self.limit)]
        place = Rectangle(left, top, *self.matrix_size)
        (x, y), letter = place.centre, self.letter
        return [
            Box(letter, place, "closed"),
            Label(f"size[{letter}]", x, y - 4, f"{self.matrix.size:,} numbers,", 12),
            Label(f"closed[{letter}]", x, y + 16, CLOSED_WORDS, 12, "muted"),
        ]


def _factors(now: Moment) -> tuple[_Product, _Product]:
    """Return the two products of a step: x·W and h·R."""
    spec, t, parts = now.spec, now.step, now.sum_of("h")
    limit = fine_limit(spec.kernel, spec.recurrent_kernel)
    return (
        _Product(
            now.x, spec.kernel, parts.from_input,
            Ref("x", t=t), "input", now.name("x"), "W", "kernel", ("f", "u"), Ref("x·W", t=t), limit,
        ),
        _Product(
            now.before, spec.recurrent_kernel, parts.from_state,
            Ref("h", t=t - 1), "", now.name("h", 1), "R", "recurrent_kernel", ("v", "u"), Ref("h·R", t=t), limit,
        ),
    )  # fmt: skip


def _products(now: Moment) -> list[Item]:
    """Draw x·W and h·R below each other, aligned at their dots and equals signs."""
    factors = _factors(now)
    widest = max(_block(Ref(""), 0, 0, product.vector, ("u",)).place.width for product in factors)
    dot = MARGIN + widest + SIGN / 2
    equals = dot + SIGN + max(product.matrix_room for product in factors)
    items: list[Item] = []
    top: float = TOP
    for product in factors:
        items += _product(product, dot, equals, top)
        top += product.matrix_size[1] + ROW_GAP
    return items


def _product(product: _Product, dot: float, equals: float, top: float) -> list[Item]:
    """Draw one product; dot and equals are where its signs are."""
    left, middle = dot + SIGN / 2, top + product.matrix_size[1] / 2
    row_top = middle - CELL_HEIGHT / 2
    width = _block(Ref(""), 0, 0, product.vector, ("u",)).place.width
    left_of_dot = dot - SIGN / 2 - width
    vector = _block(product.vector_id, left_of_dot, row_top, product.vector, product.axes[:1], product.vector_role)
    result = _block(product.result_id, equals + SIGN / 2, row_top, product.result, ("u",), "summand")
    result_name = f"{product.vector_name}·{product.letter}"
    return [
        vector,
        *product.draw_matrix(left, top),
        result,
        Label(f"name[{product.vector_id}]", vector.place.centre[0], row_top - 8, product.vector_name, 15),
        Label(f"name[{product.letter}]", left, top - 8, product.matrix_name, 12, "muted", "start"),
        Label(f"name[{product.result_id}]", result.place.x, row_top - 8, result_name, 13, anchor="start"),
        Label(f"dot[{product.letter}]", dot, middle + 6, "·", 18, face=BOLD),
        Label(f"equals[{product.letter}]", equals, middle + 6, "=", 16),
    ]


def _addition(now: Moment, places: dict[str, Rectangle]) -> list[Item]:
    """Draw what is added up below the two products, the sum, the activation and the new state."""
    spec, t = now.spec, now.step
    state_part = places[f"h·R[t={t}]"]
    left, right = state_part.x, state_part.right
    items: list[Item] = [_plus("plus[h·R]", places[f"x·W[t={t}]"], state_part)]
    below = max(state_part.bottom, places["R"].bottom) + ROW_GAP - 12
    if spec.bias is not None:
        bias = _block(Ref("b"), left, below, spec.bias, ("u",), "summand")
        items += [bias, Label("name[b]", left, below - 8, f"b bias {spec.bias.shape}", 12, "muted", "start")]
        items.append(_plus("plus[b]", state_part, bias.place))
        below = bias.place.bottom + 8
    rule = Line("rule", ((left, below), (right, below)), "rule", head=False)
    total = _block(Ref("sum", t=t), left, below + 10, now.sum_of("h").total, ("u",), "sum")
    items += [rule, total, Label("name[sum]", left - 10, total.place.centre[1] + 5, "sum", 13, anchor="end")]
    return items + _activation(now, total.place, now.name("h"))


def _activation(now: Moment, total: Rectangle, name: str) -> list[Item]:
    """Draw the arrow from the sum through the activation to the new state."""
    text, centre = now.spec.activation.name, total.centre[0]
    activation = named_sign("activation", text, centre, total.bottom + 24)
    box = activation[0].place
    after = _block(Ref("h", t=now.step), total.x, box.bottom + 24, now.after, ("u",))
    return [
        arrow("arrow[sum]", (centre, total.bottom + 3), (centre, box.y - 2)),
        *activation,
        arrow("arrow[activation]", (centre, box.bottom + 2), (centre, after.place.y - 3)),
        after,
        Label("name[after]", total.x - 10, after.place.centre[1] + 5, f"{name} =", 15, anchor="end"),
    ]


def _plus(id: str, above: Rectangle, row: Rectangle) -> Label:
    """Draw a plus sign half-way between a row and the name of the row that is added to it."""
    return Label(id, row.centre[0], (above.bottom + row.y - NAME_ROOM) / 2 + 7, "+", 17)


def _sentences(now: Moment) -> list[str]:
    """Say one step of a SimpleRNN in words."""
    spec, say, parts, after = now.spec, wording.vector, now.sum_of("h"), now.said("h")
    bias = [] if spec.bias is None else [f"The bias is {say(spec.bias)}."]
    return [
        f"{now.said('x')} = {say(now.x)} times W gives {say(parts.from_input)}.",
        f"{now.said('h', 1)} = {say(now.before)} times R gives {say(parts.from_state)}.",
        *bias,
        f"The sum is {say(parts.total)}; {spec.activation} of it is {after} = {say(now.after)}.",
    ]
