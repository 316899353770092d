"""The weights of several layers that stand on each other: one map a layer, all to the same scale."""

from collections.abc import Sequence

from course_utils.drawing.layout import MARGIN
from course_utils.drawing.moving import moved
from course_utils.drawing.picture import Picture
from course_utils.drawing.scene import Item, Label, Scene
from course_utils.drawing.text import BOLD
from course_utils.drawing.wording import counted
from course_utils.pictures.weights import weights
from course_utils.pictures.weights.blocks import TOP, Grid, grids_of
from course_utils.recurrence import RecurrentSpec, count

NAME_ROOM, MAP_GAP = 34, 46  # px: for the name of a map above it, and to the next map
SUBTITLE = "a layer above reads the units of the one below: there, F is the U below it"


def stacked_weights_scene(specs: Sequence[RecurrentSpec]) -> Scene:
    """Lay out the weights of layers on each other, the lowest first; of one layer, as ``weights_scene`` does.

    specs: at least one layer, each with a name of its own; the ids of its map begin with it, e.g. ``layer_2/kernel[f]``

    >>> from course_utils.recurrence import random_spec
    >>> layers = [random_spec("GRU", units=3, features=width, name=f"layer_{width}") for width in (2, 3)]
    >>> stacked_weights_scene(layers).title
    'The weights of 2 layers: GRU(3) → GRU(3)'
    """
    if len(specs) == 1:
        return weights.weights_scene(specs[0])
    grids = grids_of(specs)
    title = f"The weights of {counted(len(specs), 'layer')}: {' → '.join(f'{one.kind}({one.units})' for one in specs)}"
    items: list[Item] = []
    top = float(TOP)
    for place, grid in enumerate(grids, start=1):
        drawn, top = _map(grid, place, top)
        items += drawn
    totals = [count(spec).total for spec in specs]
    together = f"{counted(len(specs), 'layer')} together: {' + '.join(f'{total:,}' for total in totals)}"
    together += f" = {sum(totals):,} parameters"
    items.append(Label("together", MARGIN, top, together, 13, anchor="start", face=BOLD))
    maps = [" ".join(weights.weights_in_words(grid)) for grid in grids]
    said = [f"{title}.", *(f"Layer {place}. {one}" for place, one in enumerate(maps, start=1)), f"{together}."]
    legend, limit = weights.map_legend(grids, top + 34), grids[0].limit("kernel")
    return Picture(title, SUBTITLE, items, said, legend, limit).scene


def _map(grid: Grid, place: int, top: float) -> tuple[list[Item], float]:
    """Return the map of one layer with its name above it, from a height on, and where the next one begins."""
    spec = grid.spec
    drop = top + NAME_ROOM - TOP
    body, bottom = weights.map_items(grid)
    text = f"Layer {place}: {spec.kind}({spec.units}) on {counted(spec.features, 'feature')}"
    name = Label(f"{spec.name}/title", MARGIN, top + 15, text, 15, anchor="start", face=BOLD)
    return [name, *moved(body, 0, drop, f"{spec.name}/")], bottom + drop + MAP_GAP
