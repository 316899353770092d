"""What an item of a picture stands for, and what lights up elsewhere where one of its cells is pointed at."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

USUAL = {"how": "all", "cell": None, "among": None}
"""What the JSON of a link leaves out."""


class Ref(str):
    """The id of an item: a name, and what tells it from others of that name.

    As a string it is what the page finds it by; nothing reads that string again, for name and marks are at hand.

    >>> Ref("h", t=2), Ref("h", t=2).at(u=3), Ref("gate_letter", "f").inside("forward/")
    ('h[t=2]', 'h[t=2,u=3]', 'forward/gate_letter[f]')
    """

    name: str
    marks: tuple[str, ...]
    place: str

    def __new__(cls, name: str, /, *marks: object, place: str = "", **indices: object) -> "Ref":
        """Return a ref. marks: empty ones are left out; place: what all ids in a part of a picture begin with."""
        every = (*(str(mark) for mark in marks if mark != ""), *(f"{letter}={at}" for letter, at in indices.items()))
        ref = super().__new__(cls, f"{place}{name}[{','.join(every)}]" if every else place + name)
        ref.name, ref.marks, ref.place = name, every, place
        return ref

    def at(self, *marks: object, **indices: object) -> "Ref":
        """Return the ref of a part of it: with more marks."""
        return Ref(self.name, *self.marks, *marks, place=self.place, **indices)

    def inside(self, place: str) -> "Ref":
        """Return the ref of the same in a part of a picture."""
        return Ref(self.name, *self.marks, place=place + self.place)


@dataclass(frozen=True)
class Link:
    """What lights up in another block of cells where a cell of this one is pointed at.

    to:    the id of the other block; where it is not drawn, nothing lights up
    how:   "all" of it, or its "column" or "cell" with the same number
    cell:  instead, this one of its cells, from 1
    among: the cells of this block that it is said for, the first and the last, from 1; the first of them then goes
           with the first column or cell. None: all cells
    """

    to: Ref
    how: str = "all"
    cell: int | None = None
    among: tuple[int, int] | None = None

    def inside(self, place: str) -> "Link":
        """Return the link to the same block in a part of a picture, as ``Ref.inside``."""
        return replace(self, to=self.to.inside(place))


def as_json(links: Iterable[Link]) -> str:
    """Return links for the page, without what is as usual.

    >>> as_json([Link(Ref("x")), Link(Ref("c"), "cell", among=(1, 4)), Link(Ref("h"), cell=3)])
    '[{"to":"x"},{"to":"c","how":"cell","among":[1,4]},{"to":"h","cell":3}]'
    """
    return f"[{','.join(map(_one_as_json, links))}]"


@lru_cache(maxsize=65536)  # a slider moves the numbers, while most links stay
def _one_as_json(link: Link) -> str:
    data = {name: value for name, value in vars(link).items() if value != USUAL.get(name)}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
