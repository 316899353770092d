"""Two pictures on one canvas: the items of one, moved and with ids of their own."""

from collections.abc import Iterable
from dataclasses import replace

from course_utils.drawing.scene import Cells, Item, Label, Line, Mark, Rectangle


def moved(items: Iterable[Item], across: float, down: float, prefix: str = "") -> list[Item]:
    """Return the items at another place.

    across, down: px to the right and downwards
    prefix:       put before every id, and before the ids that ``made_of`` names, e.g. ``"weights/"``

    >>> moved([Mark("dot", 1, 2, "disc", "")], 10, 20, "weights/")[0]
    Mark(id='weights/dot', x=11, y=22, shape='disc', hue='', size=9)
    """
    return [_moved(item, across, down, prefix) for item in items]


def _moved(item: Item, across: float, down: float, prefix: str) -> Item:
    name = prefix + item.id
    if isinstance(item, Line):
        return replace(item, id=name, points=tuple((x + across, y + down) for x, y in item.points))
    if isinstance(item, (Label, Mark)):
        return replace(item, id=name, x=item.x + across, y=item.y + down)
    old = item.place
    place = Rectangle(old.x + across, old.y + down, old.width, old.height)
    if isinstance(item, Cells):
        links = tuple(link.inside(prefix) for link in item.made_of)
        return replace(item, id=item.id.inside(prefix), place=place, made_of=links)
    return replace(item, id=name, place=place)
