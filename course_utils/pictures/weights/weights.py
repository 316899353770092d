"""The weights of a layer, or of several on each other, to scale: W, R and b below each other, cut into blocks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN, moved
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Cells, Item, Label, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, text_width
from course_utils.pictures.gate_marks import HEADER, block_header
from course_utils.pictures.weights.blocks import (
    FEW_ROWS,
    HEADERS,
    LEAST_HEADER,
    TOP,
    Grid,
    grids_of,
    product,
    rows_of,
    rows_said,
)
from course_utils.recurrence import ParameterRow, RecurrentSpec, count
from course_utils.recurrence.graphs import Graph

MOST_SAID, MOST_PLACES = 40, 4  # numbers of one weight in the description; places that an error names
NAME_ROOM, MAP_GAP = 34, 46  # px: for the name of a map above it, and to the next map
STACKED = "a layer above reads the units of the one below: there, F is the U below it"
AXES = {"kernel": ("f", "u"), "recurrent_kernel": ("v", "u"), "bias": ("u",)}


def weights_scene(spec: RecurrentSpec) -> Scene:
    """Lay out the weights of one SimpleRNN, LSTM or GRU: one grid, one header a block, the count beside each.

    spec: the layer. Its weights may hold anything, NaN too; of large ones some rows and columns are drawn.
    """
    (grid,) = grids_of([spec])
    body, below = map_items(grid)
    legend, limit = map_legend([grid], below + 26), grid.limit("kernel")
    return Picture(weights_title(spec), _subtitle(spec), body, weights_in_words(grid), legend, limit).scene


def stacked_weights_scene(specs: Sequence[RecurrentSpec]) -> Scene:
    """Lay out the weights of layers on each other, the lowest first; of one layer, as ``weights_scene`` does.

    specs: at least one layer, each with a name of its own; the ids of its map begin with it, e.g. ``layer_2/kernel[f]``

    >>> from course_utils.recurrence import random_spec
    >>> layers = [random_spec("GRU", units=3, features=width, name=f"layer_{width}") for width in (2, 3)]
    >>> stacked_weights_scene(layers).title
    'The weights of 2 layers: GRU(3) → GRU(3)'
    """
    if len(specs) == 1:
        return weights_scene(specs[0])
    grids = grids_of(specs)
    layers = " → ".join(f"{one.kind}({one.units})" for one in specs)
    title = f"The weights of {wording.counted(len(specs), 'layer')}: {layers}"
    items: list[Item] = []
    top = float(TOP)
    for place, grid in enumerate(grids, start=1):
        drawn, top = _map(grid, place, top)
        items += drawn
    totals = [count(spec).total for spec in specs]
    together = f"{wording.counted(len(specs), 'layer')} together: {' + '.join(f'{total:,}' for total in totals)}"
    together += f" = {sum(totals):,} parameters"
    items.append(Label("together", MARGIN, top, together, 13, anchor="start", face=BOLD))
    maps = [" ".join(weights_in_words(grid)) for grid in grids]
    said = [f"{title}.", *(f"Layer {place}. {one}" for place, one in enumerate(maps, start=1)), f"{together}."]
    legend, limit = map_legend(grids, top + 34), grids[0].limit("kernel")
    return Picture(title, STACKED, items, said, legend, limit).scene


def _map(grid: Grid, place: int, top: float) -> tuple[list[Item], float]:
    """Return the map of one layer with its name above it, from a height on, and where the next one begins."""
    spec = grid.spec
    drop = top + NAME_ROOM - TOP
    body, bottom = map_items(grid)
    text = f"Layer {place}: {spec.kind}({spec.units}) on {wording.counted(spec.features, 'feature')}"
    name = Label(f"{spec.name}/title", MARGIN, top + 15, text, 15, anchor="start", face=BOLD)
    return [name, *moved(body, 0, drop, f"{spec.name}/")], bottom + drop + MAP_GAP


def map_items(grid: Grid, *, counts: bool = True) -> tuple[list[Item], float]:
    """Return headers, weights and the words above them, with their counts and the sum; and where they end."""
    spec, items = grid.spec, _headers(grid)
    for row in count(spec).rows:
        items += [*_weight(grid, row.weight), *_words(grid, row, counts)]
    below = grid.bottom + 14
    if _starts_at_one(spec):
        text = "the bias of f starts at 1"
        centre = grid.block_left(spec.blocks.index("f")) + grid.block_width / 2
        x = max(centre, MARGIN + text_width(text, 12) / 2)
        items.append(Label("note[bias,f]", x, grid.bottom + 18, text, 12))
        below += 16
    return [*items, *(_sum(grid, below) if counts else [])], below + 44


def map_legend(grids: Sequence[Grid], top: float) -> Legend:
    """Return the scale of colours of one or several maps, a second row of numbers where b has its own, and notes."""
    limit, bias = grids[0].limits
    more = {} if bias == limit else {"b": bias}
    return Legend(top, grid_notes(grids), name="W R" if more else "", limits=more)


def only_recurrent(graph: Graph) -> RecurrentSpec:
    """Return the one SimpleRNN, LSTM or GRU that a layer or model holds.

    Raises TypeError where there is none, or more than that: it says what to pass instead.
    """
    name, specs = graph.name, [part.cell for part in graph.parts if part.cell is not None]
    if len(graph.parts) == len(specs) == 1:
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


def _starts_at_one(spec: RecurrentSpec) -> bool:
    """Whether the bias of the forget gate is as Keras sets it: 1 for every unit."""
    return spec.use_bias and spec.cell.ones == "f" and bool((spec.block("bias", "f") == 1).all())


def weights_title(spec: RecurrentSpec) -> str:
    """Return what the picture is."""
    return f"The weights of {spec.kind}({spec.units}) on {wording.counted(spec.features, 'feature')}"


def _subtitle(spec: RecurrentSpec) -> str:
    """Say the one thing to see: how many weights of the formulas stand in how few of Keras's."""
    blocks, biases = len(spec.blocks), 0 if spec.bias is None else np.atleast_2d(spec.bias).shape[0]
    if blocks == 1:
        return "one matrix for x, one for h before" + (", one bias" if biases else "") + ": the same at every step"
    letters = " ".join(spec.cell.letter(block) for block in spec.blocks)
    bias = f", and {blocks * biases} biases as 1" if biases else ", and there is no bias"
    return f"{2 * blocks} matrices are stored as 2{bias}: the blocks {letters} stand side by side"


def _headers(grid: Grid) -> list[Item]:
    """Draw the name of each block above its columns, and above them how many columns it has."""
    spec = grid.spec
    columns = wording.counted(spec.units, "column", thousands=True)
    each = f"U = {columns}" + (" in each block" if len(spec.blocks) > 1 else "")
    items: list[Item] = [Label("columns", MARGIN, TOP + 4, each, 12, "muted", "start")]
    for place, block in enumerate(spec.blocks):
        room = Rectangle(grid.block_left(place), HEADERS, max(grid.block_width, LEAST_HEADER), HEADER)
        items += block_header(block, spec.kind, block, room)
    texts = [item for item in items[1:] if isinstance(item, Label)]
    if all(len(label.text) > 2 for label in texts):
        return items
    letters = {label.id: replace(label, text=label.text.split(" ")[0]) for label in texts}
    return [letters.get(item.id, item) for item in items]  # where one word has no room, none is written


def _weight(grid: Grid, weight: str) -> list[Item]:
    """Draw one weight: a block of cells for each gate, with a small gap between them."""
    items: list[Item] = []
    axes, limit = _axes(grid, weight), grid.limit(weight)
    for place, block in enumerate(grid.spec.blocks):
        if block not in grid.spec.blocks_of(weight):
            continue
        values = grid.values(weight, block)
        room = Rectangle(grid.block_left(place), grid.top(weight), grid.block_width, grid.height(weight))
        items.append(Cells(Ref(weight, block), room, values.shape, values, axes, numbers=grid.numbers, limit=limit))
    return items


def _axes(grid: Grid, weight: str) -> tuple[str, ...]:
    """Return the letters that index a cell; where some are left out, the place must not pass for the index."""
    axes = AXES.get(weight, ("u",))
    if weight == "bias" and rows_of(grid.spec, weight) == 2:
        axes = ("row", "u")
    strides = grid.strides(weight)[-len(axes) :]
    return tuple(axis if stride == 1 else f"{axis}_drawn" for axis, stride in zip(axes, strides, strict=True))


def _words(grid: Grid, row: ParameterRow, counts: bool) -> list[Item]:
    """Write above a weight what it is called, its shape, what its rows are, and how many numbers it holds."""
    baseline, name = grid.top(row.weight) - 7, f"{grid.spec.letter_of(row.weight)} {row.weight}"
    size = Label(f"count[{row.weight}]", grid.right, baseline, product(row), 12, anchor="end", face=MONO)
    shape = MARGIN + text_width(name, 13, BOLD) + 12
    said = shape + text_width(str(row.shape), 12, MONO) + 14
    return [
        Label(f"name[{row.weight}]", MARGIN, baseline, name, 13, anchor="start", face=BOLD),
        Label(f"shape[{row.weight}]", shape, baseline, str(row.shape), 12, "muted", "start", MONO),
        Label(f"rows[{row.weight}]", said, baseline, rows_said(grid.spec, row.weight), 12, "muted", "start"),
        *([size] if counts else []),
    ]


def _sum(grid: Grid, y: float) -> list[Item]:
    """Draw the rule below the counts, their sum, and how it comes about in letters and in numbers."""
    counted, right = count(grid.spec), grid.right
    total = f"{counted.total:,}"
    left = right - text_width(total, 13, BOLD) - 18 - text_width("parameters", 13, BOLD)
    text = f"= {counted.formula} = {counted.substituted}"
    fits = right - text_width(text, 12, MONO) >= MARGIN
    return [
        Line("rule", ((left, y), (right, y)), "rule", head=False),
        Label("parameters", left, y + 22, "parameters", 13, anchor="start", face=BOLD),
        Label("total", right, y + 22, total, 13, anchor="end", face=BOLD),
        Label("sum", right if fits else MARGIN, y + 44, text, 12, "muted", "end" if fits else "start", MONO),
    ]


def grid_notes(grids: Sequence[Grid]) -> list[str]:
    """Return what a reader must know about the squares: whether all are drawn, and whether to scale."""
    thinned = [grid for grid in grids if _rows_left_out(grid)] or grids
    left_out = min(map(_left_out, thinned), key=len)  # the one with the fewest exceptions: it holds for all
    thick = _thickened(grids)
    width, height = grids[0].cell
    but = [f"{' and '.join(thick)} {'are' if len(thick) > 1 else 'is'} drawn thicker"] if thick else []
    if width > height:
        but.append(f"a column is drawn {width / height:.1f} times as wide as a row is high")
    return [
        "one square = one weight" + (f" · {left_out}" if left_out else ""),
        "height and width show the shape" + (f", but {', and '.join(but)}" if but else ""),
    ]


def _thickened(grids: Sequence[Grid]) -> list[str]:
    """Name the weights that are drawn higher than to scale; where not those of every layer, with their layers."""
    found: dict[str, list[str]] = {}
    for place, grid in enumerate(grids, start=1):
        for weight in grid.spec.weights:
            if grid.height(weight) > rows_of(grid.spec, weight) * grid.cell[1]:
                found.setdefault(grid.spec.letter_of(weight), []).append(str(place))
    return [
        letter + (f" of layer {' and '.join(places)}" if len(places) < len(grids) else "")
        for letter, places in found.items()
    ]


def _rows_left_out(grid: Grid) -> bool:
    return any(grid.strides(weight)[0] > 1 for weight in grid.spec.weights)


def _left_out(grid: Grid) -> str:
    """Say which rows and columns are drawn, if not all; the few rows of a small weight always are."""
    (rows, columns), whole = (
        grid.every,
        [name for name in grid.spec.weights if 1 < rows_of(grid.spec, name) <= FEW_ROWS],
    )
    parts = ["rows"] * _rows_left_out(grid) + ["columns"] * (columns > 1)
    if not parts:
        return ""
    names = " and ".join(grid.spec.letter_of(name) for name in whole)
    exception = f" (all rows of {names})" if whole and _rows_left_out(grid) else ""
    if len(parts) == 2 and rows != columns:
        return f"of the rows one in {rows} is drawn{exception}, of the columns one in {columns}"
    share = rows if "rows" in parts else columns
    return f"of the {' and '.join(parts)}, one in {share} is drawn{exception}"


def weights_in_words(grid: Grid) -> list[str]:
    """Say in words what is stored, in which order, and what it holds."""
    spec, counted = grid.spec, count(grid.spec)
    blocks = ", ".join(f"{spec.cell.letter(block)} ({spec.cell.blocks[block]})" for block in spec.blocks)
    order = f"The columns stand in Keras's order {blocks}, {spec.units} for each."
    sentences = [
        f"{weights_title(spec)}: {_subtitle(spec)}.",
        order if len(spec.blocks) > 1 else f"Each has {wording.counted(spec.units, 'column')}, one for each unit.",
        *(_weight_in_words(grid, row) for row in counted.rows),
        f"In all {counted.formula} = {counted.substituted} = {counted.total:,} parameters.",
    ]
    if _starts_at_one(spec):
        sentences.insert(-1, "The bias of f starts at 1.")
    return sentences


def _weight_in_words(grid: Grid, row: ParameterRow) -> str:
    """Say the values of one weight block by block: row by row where they are shown and few, else their range."""
    spec, said = grid.spec, []
    for block in spec.blocks_of(row.weight):
        values = np.atleast_2d(spec.block(row.weight, block))
        words = wording.vector(values.ravel())
        if row.count <= MOST_SAID:
            rows = [f"({', '.join(map(wording.plain_number, row))})" for row in values]
            words = rows[0] if len(rows) == 1 else ", ".join(f"row {place} {row}" for place, row in enumerate(rows, 1))
        said.append(f"{spec.cell.letter(block)}: {words}")
    return f"{spec.letter_of(row.weight)}, {row.weight} {row.shape}, {product(row)}: {'; '.join(said)}."
