"""The weights of one layer, to scale: W, R and b below each other, cut into their blocks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.gates import HEADER, WORDS, block_header, block_letter
from course_utils.diagrams.heatmaps.grouping import beyond, fine_limit, groups
from course_utils.diagrams.lettering import BOLD, MONO, text_width
from course_utils.diagrams.parts import CELL_HEIGHT, CELL_WIDTH, MARGIN, compose, heading, noted_legend
from course_utils.diagrams.scene import Cells, Item, Label, Line, Rectangle, Scene
from course_utils.diagrams.svg import NUMBER_SIZE
from course_utils.recurrence import ParameterRow, RecurrentSpec, count

TOP = 92  # of the headers
WIDE, TALL = 800, 420  # px for the columns of all blocks, and for the rows of all weights
NARROWEST, LOWEST = 400, 160  # px that they take at least, where squares would be slivers
THINNEST = 10  # px: a weight of few rows is drawn this high even where the scale gives less
BLOCK_GAP, WEIGHT_GAP = 8, 18
SIDE_GAP = 24  # from the weights to the words on both sides
SLOT = 40  # px: the least height for a weight and the two lines beside it
MOST_NUMBERS = 260
SMALLEST_SQUARE = 3  # px: where they would be smaller, only some of the rows and columns are drawn
FEW_ROWS = 3  # of a weight: all of them are drawn
MOST_SAID = 40  # numbers of one weight that the description gives
MOST_CELLS = 4000
MOST_PLACES = 4  # that an error names
LETTERS = {"kernel": "W", "recurrent_kernel": "R", "bias": "b"}
AXES = {"kernel": ("f", "u"), "recurrent_kernel": ("v", "u"), "bias": ("u",)}


@dataclass(frozen=True)
class Grid:
    """The one grid that all weights are drawn on.

    cell:    width and height of the place of one weight
    every:   of so many rows one is drawn, and of so many columns, as it is: units have no order, and the mean of
             neighbours would be near zero everywhere
    numbers: whether each weight carries its number
    """

    spec: RecurrentSpec
    cell: tuple[float, float]
    every: tuple[int, int]
    numbers: bool

    @cached_property
    def left(self) -> float:
        """Where the first column begins: right of the words beside the rows."""
        texts = [text for weight in self.spec.weights for text in _beside(self.spec, weight)]
        return MARGIN + max(text_width(text, 13, BOLD) for text in texts) + SIDE_GAP - 8

    @property
    def block_width(self) -> float:
        return self.spec.units * self.cell[0]

    @property
    def right(self) -> float:
        return self.block_left(len(self.spec.blocks)) - BLOCK_GAP

    def block_left(self, place: int) -> float:
        return self.left + place * (self.block_width + BLOCK_GAP)

    def height(self, weight: str) -> float:
        return max(THINNEST, _rows(self.spec, weight) * self.cell[1])

    def thickened(self) -> list[str]:
        """Return the letters of the weights that are drawn higher than to scale."""
        rows = ((weight, _rows(self.spec, weight) * self.cell[1]) for weight in self.spec.weights)
        return [LETTERS[weight] for weight, height in rows if height < THINNEST]

    def top(self, weight: str) -> float:
        """Return where a weight begins; each lies in a slot with room for the words beside it."""
        names = list(self.spec.weights)
        above = [max(SLOT, self.height(name)) + WEIGHT_GAP for name in names[: names.index(weight)]]
        slack = max(SLOT, self.height(weight)) - self.height(weight)
        return TOP + HEADER + 8 + sum(above) + slack / 2

    def values(self, weight: str, block: str) -> np.ndarray:
        """Return the values of one block as its squares show them, (rows, columns)."""
        rows, columns = self.strides(weight)
        return np.atleast_2d(self.spec.block(weight, block))[::rows, ::columns]

    def strides(self, weight: str) -> tuple[int, int]:
        """Return of how many rows and of how many columns of each block of a weight one is drawn."""
        return (1 if _rows(self.spec, weight) <= FEW_ROWS else self.every[0]), self.every[1]

    @property
    def rows_left_out(self) -> bool:
        """Whether not all rows of all weights are drawn."""
        return any(self.strides(weight)[0] > 1 for weight in self.spec.weights)

    @property
    def limit(self) -> float:
        """The end of the scale: where there are many squares, a few may lie beyond it, so that the others show."""
        values = np.abs(np.concatenate([self.all_values(w) for w in self.spec.weights if w != "bias"]))
        known = values[np.isfinite(values)]
        return fine_limit(known if self.numbers or not known.size else np.quantile(known, 0.95, keepdims=True))

    def all_values(self, weight: str) -> np.ndarray:
        """Return the values of all squares of a weight, one after the other."""
        return np.concatenate([self.values(weight, block).ravel() for block in self.spec.blocks])

    @property
    def bottom(self) -> float:
        last = list(self.spec.weights)[-1]
        return self.top(last) + (max(SLOT, self.height(last)) + self.height(last)) / 2


def weights_scene(spec: RecurrentSpec) -> Scene:
    """Lay out the weights of one SimpleRNN, LSTM or GRU: one grid, one header a block, the count beside each.

    spec: the layer. Its weights may hold anything, NaN too; of large ones some rows and columns are drawn.
    """
    (grid,) = grids_of([spec])
    limit = grid.limit
    body, below = map_items(grid)
    legend = noted_legend(MARGIN, below + 26, limit, grid_notes([grid], limit))
    items = [*heading(weights_title(spec), _subtitle(spec)), *body, *legend]
    return compose(weights_title(spec), weights_description(grid), items, limit)


def map_items(grid: Grid) -> tuple[list[Item], float]:
    """Return headers, weights, the words on both sides and the sum, without heading and legend; and where they end."""
    spec, items = grid.spec, _headers(grid)
    for row in count(spec).rows:
        items += [*_weight(grid, row.weight), *_words_left(grid, row.weight), *_words_right(grid, row)]
    below = grid.bottom + 26
    if _starts_at_one(spec):
        centre = grid.block_left(spec.blocks.index("f")) + grid.block_width / 2
        y = grid.top("bias") + grid.height("bias") + 18
        items.append(Label("note[bias,f]", centre, y, "the bias of f starts at 1", 12))
        below = max(below, y + 22)
    return [*items, *_sum(grid, below)], below + 44


def only_recurrent(found: Sequence[RecurrentSpec | tuple], name: str) -> RecurrentSpec:
    """Return the one SimpleRNN, LSTM or GRU among what a layer or model holds.

    found: its recurrent cells, and whatever else in it has weights; name: of the layer or model

    Raises TypeError where there is none, or more than that: it says what to pass instead.
    """
    specs = [part for part in found if isinstance(part, RecurrentSpec)]
    if len(found) == len(specs) == 1:
        return specs[0]
    expected = f"layer must be one SimpleRNN, LSTM or GRU layer, but {name!r} holds"
    if not specs:
        raise TypeError(f"{expected} none of Keras's: its weights have no gates to be cut by.")
    places = [_path(spec.name, name) for spec in specs[:MOST_PLACES]] + ["…"] * (len(specs) > MOST_PLACES)
    what = "more than that" if len(specs) == 1 else f"{len(specs)} of them"
    raise TypeError(f"{expected} {what}: pass {' or '.join(places)}.")


def _path(part: str, name: str) -> str:
    """Return how to reach a part by its name, such as ``bidirectional/forward``, from the layer or model."""
    root, *steps = part.split("/")
    path = "layer" if root == name else f"model.get_layer({root!r})"
    for step in steps:
        if step.startswith("cell_"):
            path += f".cell.cells[{int(step.removeprefix('cell_')) - 1}]"
        else:
            path += {"forward": ".forward_layer", "backward": ".backward_layer"}.get(step, ".layer")
    return path


def grids_of(specs: Sequence[RecurrentSpec]) -> list[Grid]:
    """Choose one size of a cell for all maps of a picture: with a number if all fit, else square where not too thin."""
    rows = sum(_rows(spec, weight) for spec in specs for weight in spec.weights)
    columns = max(spec.units * len(spec.blocks) for spec in specs)
    few = rows * columns <= MOST_NUMBERS and rows * CELL_HEIGHT <= TALL
    longest = max(_widest_number(array) for spec in specs for array in spec.weights.values()) if few else WIDE
    if longest + 6 <= min(CELL_WIDTH, WIDE / columns):
        width = max(44.0, longest + 6)
        return [Grid(spec, (width, CELL_HEIGHT), (1, 1), numbers=True) for spec in specs]
    width, height = min(CELL_WIDTH, WIDE / columns), min(CELL_HEIGHT, TALL / rows)
    cell = min(width, max(height, NARROWEST / columns)), min(height, max(width, LOWEST / rows))
    return _thinned([Grid(spec, cell, (1, 1), numbers=False) for spec in specs])


def _thinned(grids: list[Grid]) -> list[Grid]:
    """Leave rows and columns out until no square is too small to be seen and there are few enough."""
    width, height = grids[0].cell
    rows, columns = math.ceil(SMALLEST_SQUARE / height), math.ceil(SMALLEST_SQUARE / width)
    grids = [replace(grid, every=(rows, columns)) for grid in grids]
    while sum(map(_squares, grids)) > MOST_CELLS:
        grids = [replace(grid, every=(grid.every[0] + 1, grid.every[1] + 1)) for grid in grids]
    return grids


def _squares(grid: Grid) -> int:
    spec = grid.spec
    rows = sum(groups(_rows(spec, weight), grid.strides(weight)[0]) for weight in spec.weights)
    return rows * groups(spec.units, grid.every[1]) * len(spec.blocks)


def _widest_number(array: np.ndarray) -> float:
    return max(text_width(wording.number(value), NUMBER_SIZE) for value in array.flat)


def _rows(spec: RecurrentSpec, weight: str) -> int:
    array = getattr(spec, weight)
    return array.shape[0] if array.ndim == 2 else 1


def _starts_at_one(spec: RecurrentSpec) -> bool:
    """Whether the bias of the forget gate is as Keras sets it: 1 for every unit."""
    return spec.kind == "LSTM" and spec.use_bias and bool((spec.block("bias", "f") == 1).all())


def weights_title(spec: RecurrentSpec) -> str:
    """Return what the picture is."""
    return f"The weights of {spec.kind}({spec.units}) on {wording.counted(spec.features, 'feature')}"


def _subtitle(spec: RecurrentSpec) -> str:
    """Say the one thing to see: how many weights of the formulas stand in how few of Keras's."""
    blocks, biases = len(spec.blocks), 0 if spec.bias is None else np.atleast_2d(spec.bias).shape[0]
    if blocks == 1:
        return "one matrix for x, one for h before" + (", one bias" if biases else "") + ": the same at every step"
    letters = " ".join(block_letter(spec.kind, block) for block in spec.blocks)
    bias = f", and {blocks * biases} biases as 1" if biases else ", and there is no bias"
    return f"{2 * blocks} matrices are stored as 2{bias}: the blocks {letters} stand side by side"


def _headers(grid: Grid) -> list[Item]:
    """Draw the name of each block above its columns, and beside them how many columns it has."""
    spec = grid.spec
    each = f"U = {spec.units:,} column{'s' * (spec.units != 1)}" + (" each" if len(spec.blocks) > 1 else "")
    items: list[Item] = [Label("columns", grid.left - 14, TOP + 17, each, 12, "muted", "end")]
    for place, block in enumerate(spec.blocks):
        room = Rectangle(grid.block_left(place), TOP, grid.block_width, HEADER)
        items += block_header(block, spec.kind, block, room)
    return items


def _weight(grid: Grid, weight: str) -> list[Item]:
    """Draw one weight: a block of cells for each gate, with a small gap between them."""
    items = []
    for place, block in enumerate(grid.spec.blocks):
        values = grid.values(weight, block)
        room = Rectangle(grid.block_left(place), grid.top(weight), grid.block_width, grid.height(weight))
        axes = _axes(grid, weight)
        items.append(Cells(f"{weight}[{block}]", room, values.shape, values, axes, numbers=grid.numbers))
    return items


def _axes(grid: Grid, weight: str) -> tuple[str, ...]:
    """Return the letters that index a cell; where some are left out, the place must not pass for the index."""
    axes = AXES[weight]
    if weight == "bias" and _rows(grid.spec, weight) == 2:
        axes = ("row", "u")
    strides = grid.strides(weight)[-len(axes) :]
    return tuple(axis if stride == 1 else f"{axis}_drawn" for axis, stride in zip(axes, strides, strict=True))


def _beside(spec: RecurrentSpec, weight: str) -> tuple[str, ...]:
    """Return the words left of a weight: what its rows are."""
    if weight == "kernel":
        return f"F = {spec.features:,}", "features of x"
    if weight == "recurrent_kernel":
        return f"U = {spec.units:,}", "units of h before"
    return ("1st row: to x·W", "2nd row: to h·R") if _rows(spec, weight) == 2 else ("added to x·W + h·R",)


def _words_left(grid: Grid, weight: str) -> list[Item]:
    lines = _beside(grid.spec, weight)
    middle = grid.top(weight) + grid.height(weight) / 2
    first = middle + 5 - 9 * (len(lines) - 1)
    looks: Sequence[dict] = ({"role": "muted"},) * 2
    if weight != "bias":
        looks = {"face": BOLD}, {"role": "muted"}
    return [
        Label(f"rows[{weight},{place}]", grid.left - 14, first + 18 * place, line, 12.5, anchor="end", **look)
        for place, (line, look) in enumerate(zip(lines, looks, strict=False))
    ]


def _words_right(grid: Grid, row: ParameterRow) -> list[Item]:
    """Write beside a weight what it is called, its shape and how many numbers it holds."""
    middle = grid.top(row.weight) + grid.height(row.weight) / 2
    left, right = grid.right + SIDE_GAP, _right(grid)
    return [
        Label(f"name[{row.weight}]", left, middle - 5, _name(row.weight), 13, anchor="start", face=BOLD),
        Label(f"shape[{row.weight}]", left, middle + 14, str(row.shape), 12, "muted", "start", MONO),
        Label(f"count[{row.weight}]", right, middle + 14, _product(row), 12, anchor="end", face=MONO),
    ]


def _name(weight: str) -> str:
    return f"{LETTERS[weight]} {weight}"


def _product(row: ParameterRow) -> str:
    """Write the sides of a weight and their product, e.g. ``2·16 = 32``."""
    sides = "·".join(f"{size:,}" for size in row.shape)
    return f"{sides} = {row.count:,}" if len(row.shape) > 1 else sides


def _right(grid: Grid) -> float:
    """Return where the counts end: all below each other, as in an addition."""
    rows = count(grid.spec).rows
    names = [text_width(_name(row.weight), 13, BOLD) for row in rows]
    counts = [text_width(str(row.shape), 12, MONO) + 22 + text_width(_product(row), 12, MONO) for row in rows]
    return grid.right + SIDE_GAP + max(names + counts)


def _sum(grid: Grid, y: float) -> list[Item]:
    """Draw the rule below the counts, their sum, and how it comes about in letters and in numbers."""
    counted, left, right = count(grid.spec), grid.right + SIDE_GAP, _right(grid)
    text = f"= {counted.formula} = {counted.substituted}"
    fits = right - text_width(text, 12, MONO) >= MARGIN
    return [
        Line("rule", ((left, y), (right, y)), "rule", head=False),
        Label("parameters", left, y + 22, "parameters", 13, anchor="start", face=BOLD),
        Label("total", right, y + 22, f"{counted.total:,}", 13, anchor="end", face=BOLD),
        Label("sum", right if fits else MARGIN, y + 44, text, 12, "muted", "end" if fits else "start", MONO),
    ]


def grid_notes(grids: Sequence[Grid], limit: float) -> list[str]:
    """Return what a reader must know about the squares, also of those beyond the limit of the scale."""
    thinned = [grid for grid in grids if grid.rows_left_out] or grids
    left_out = min(map(_left_out, thinned), key=len)  # the one with the fewest exceptions: it holds for all
    thick = list(dict.fromkeys(letter for grid in grids for letter in grid.thickened()))
    verb = "are" if len(thick) > 1 else "is"
    return [
        "one square = one weight" + (f" · {left_out}" if left_out else ""),
        "height and width show the shape" + (f", but {' and '.join(thick)} {verb} drawn thicker" if thick else ""),
        *beyond(limit, *(grid.all_values(weight) for grid in grids for weight in grid.spec.weights)),
    ]


def _left_out(grid: Grid) -> str:
    """Say which rows and columns are drawn, if not all; the few rows of a small weight always are."""
    (rows, columns), whole = grid.every, [name for name in grid.spec.weights if 1 < _rows(grid.spec, name) <= FEW_ROWS]
    parts = ["rows"] * grid.rows_left_out + ["columns"] * (columns > 1)
    if not parts:
        return ""
    names = " and ".join(LETTERS[name] for name in whole)
    exception = f" (all rows of {names})" if whole and grid.rows_left_out else ""
    if len(parts) == 2 and rows != columns:
        return f"of the rows one in {rows} is drawn{exception}, of the columns one in {columns}"
    share = rows if "rows" in parts else columns
    return f"of the {' and '.join(parts)}, one in {share} is drawn{exception}"


def weights_description(grid: Grid) -> str:
    """Say in words what is stored, in which order, and what it holds."""
    spec, counted = grid.spec, count(grid.spec)
    blocks = ", ".join(f"{block_letter(spec.kind, block)} ({WORDS[spec.kind][block]})" for block in spec.blocks)
    order = f"The columns stand in Keras's order {blocks}, {spec.units} for each."
    sentences = [
        f"{weights_title(spec)}: {_subtitle(spec)}.",
        order if len(spec.blocks) > 1 else f"Each has {wording.counted(spec.units, 'column')}, one for each unit.",
        *(_weight_in_words(grid, row) for row in counted.rows),
        f"In all {counted.formula} = {counted.substituted} = {counted.total:,} parameters.",
    ]
    if _starts_at_one(spec):
        sentences.insert(-1, "The bias of f starts at 1.")
    return " ".join(sentences)


def _weight_in_words(grid: Grid, row: ParameterRow) -> str:
    """Say the values of one weight block by block: row by row where they are shown and few, else their range."""
    spec, said = grid.spec, []
    for block in spec.blocks:
        values = np.atleast_2d(spec.block(row.weight, block))
        words = wording.vector(values.ravel())
        if grid.numbers and row.count <= MOST_SAID:
            words = ", ".join(_row_in_words(values, place) for place in range(len(values)))
        said.append(f"{block_letter(spec.kind, block)}: {words}")
    return f"{LETTERS[row.weight]}, {row.weight} {row.shape}, {_product(row)}: {'; '.join(said)}."


def _row_in_words(values: np.ndarray, place: int) -> str:
    """Write one row of a matrix, all its numbers; its place counts from 0."""
    numbers = ", ".join(wording.plain_number(value) for value in values[place])
    return f"({numbers})" if len(values) == 1 else f"row {place + 1} ({numbers})"
