"""The weights of several layers that stand on each other: one map a layer, all to the same scale."""

from collections.abc import Sequence

from course_utils.drawing.layout import MARGIN, compose, heading
from course_utils.drawing.moving import moved
from course_utils.drawing.scene import Item, Label, Scene
from course_utils.drawing.text import BOLD
from course_utils.drawing.wording import counted
from course_utils.pictures.weights import weights
from course_utils.pictures.weights.blocks import TOP, Grid, grids_of
from course_utils.recurrence import RecurrentSpec, count

NAME_ROOM, MAP_GAP = 34, 46  # px: for the name of a map above it, and to the next map


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
    items = heading(title, "a layer above reads the units of the one below: there, F is the U below it")
    top = float(TOP)
    for place, grid in enumerate(grids, start=1):
        drawn, top = _map(grid, place, top)
        items += drawn
    items.append(Label("together", MARGIN, top, _together(specs), 13, anchor="start", face=BOLD))
    items += weights.map_legend(grids, top + 34)
    return compose(title, _description(grids, title), items, grids[0].limit("kernel"))


def _map(grid: Grid, place: int, top: float) -> tuple[list[Item], float]:
    """Return the map of one layer with its name above it, from a height on, and where the next one begins."""
    spec = grid.spec
    drop = top + NAME_ROOM - TOP
    body, bottom = weights.map_items(grid)
    name = Label(f"{spec.name}/title", MARGIN, top + 15, _named(spec, place), 15, anchor="start", face=BOLD)
    return [name, *moved(body, 0, drop, f"{spec.name}/")], bottom + drop + MAP_GAP


def _named(spec: RecurrentSpec, place: int) -> str:
    return f"Layer {place}: {spec.kind}({spec.units}) on {counted(spec.features, 'feature')}"


def _together(specs: Sequence[RecurrentSpec]) -> str:
    """Write the sum over the layers."""
    totals = [count(spec).total for spec in specs]
    return (
        f"{counted(len(specs), 'layer')} together: {' + '.join(f'{n:,}' for n in totals)} = {sum(totals):,} parameters"
    )


def _description(grids: Sequence[Grid], title: str) -> str:
    """Say the maps one after the other, and their sum."""
    said = [f"Layer {place}. {weights.weights_description(grid)}" for place, grid in enumerate(grids, start=1)]
    return " ".join([f"{title}.", *said, f"{_together([grid.spec for grid in grids])}."])
