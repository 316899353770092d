"""The order of the boxes of a graph on its levels, and where each stands: near the middle of what it is joined to.

A line that passes a level gets a place of its own there, as narrow as a line: so the
order on each level and the places are found for boxes and passing lines alike.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from course_utils.drawing.layout import isotonic

APART = 44  # px between two boxes on a level, and between two lines that enter one box
LINE_ROOM = 16  # px: how wide the place of a passing line is
PORT = 24  # px between the ends of two lines at one box
INSET = 18  # px: no line ends nearer to a box's corner
SWEEPS = 8


@dataclass(frozen=True)
class Vertex:
    """A box: its level, from 0 at the bottom, and its size."""

    name: str
    level: int
    width: float
    height: float


@dataclass(frozen=True)
class Edge:
    """A value: who gives it, who reads it, each a line to it, and how wide its text is, to the right of the line."""

    name: str
    source: str
    targets: tuple[str, ...]
    text: float = 0.0


@dataclass(frozen=True)
class Slot:
    """The place of a vertex on its level, or of an edge that passes (a dummy vertex). edge: the name of that edge."""

    name: str
    level: int
    width: float
    edge: str = ""


@dataclass(frozen=True)
class Segment:
    """An edge between a level and the next: from a slot to slots."""

    edge: str
    source: str
    targets: tuple[str, ...]


class Sketch:
    """The graph while it is being laid out."""

    def __init__(self, vertices: list[Vertex], edges: list[Edge]):
        self.vertices = {vertex.name: vertex for vertex in vertices}
        self.edges = {edge.name: edge for edge in edges}
        self.slots = {vertex.name: Slot(vertex.name, vertex.level, self._room_for(vertex)) for vertex in vertices}
        self.segments: list[Segment] = []
        for edge in edges:
            self._split(edge)
        levels = max(vertex.level for vertex in vertices) + 1
        self.rows = [[slot for slot in self.slots.values() if slot.level == level] for level in range(levels)]
        self.near: dict[str, dict[int, list[str]]] = {name: {-1: [], 1: []} for name in self.slots}
        for segment in self.segments:
            for target in segment.targets:
                self.near[segment.source][1].append(target)
                self.near[target][-1].append(segment.source)
        self.x: dict[str, float] = {}

    def _room_for(self, vertex: Vertex) -> float:
        """Return how wide a place a vertex takes: with the texts beside the lines that leave it."""
        rooms = [text_room(edge) for edge in self.edges.values() if edge.source == vertex.name]
        span = sum(rooms) - min(rooms, default=0)
        return max(vertex.width, span + 2 * max(rooms, default=0) - APART)

    def _split(self, edge: Edge) -> None:
        """Cut an edge into segments from level to level, with a slot wherever it passes one."""
        at, first = edge.source, self.vertices[edge.source].level
        last = max(self.vertices[target].level for target in edge.targets)
        for level in range(first + 1, last + 1):
            ends = [target for target in edge.targets if self.vertices[target].level == level]
            if level < last:
                ends.append(f"{edge.name} past {level}")
                self.slots[ends[-1]] = Slot(ends[-1], level, LINE_ROOM, edge.name)
            self.segments.append(Segment(edge.name, at, tuple(ends)))
            at = ends[-1]

    def place(self) -> None:
        """Find an order on each level and then an x for each slot: near the middle of what it is joined to."""
        for row in self.rows:
            self._spread(row, [0.0] * len(row))
        for sweep in range(SWEEPS):
            way = -1 if sweep % 2 == 0 else 1
            for row in self.rows[:: -way or 1]:
                row.sort(key=lambda slot: self._wish(slot, way))
                self._spread(row, [self._wish(slot, way) for slot in row])
        for sweep in range(SWEEPS):
            way = 1 if sweep % 2 == 0 else -1
            for row in self.rows[::-way]:
                self._spread(row, [self._wish(slot, way) for slot in row])

    def _wish(self, slot: Slot, way: int) -> float:
        """Return the middle of what a slot is joined to on one side, else on the other."""
        near = self.near[slot.name][way] or self.near[slot.name][-way]
        return fmean(self.x[name] for name in near) if near else self.x[slot.name]

    def _spread(self, row: list[Slot], wishes: list[float]) -> None:
        """Put the slots of a level as near to their wishes as their widths and their order allow."""
        offsets = [0.0]
        for one, other in pairwise(row):
            offsets.append(offsets[-1] + (one.width + other.width) / 2 + APART)
        shifts = isotonic([wish - offset for wish, offset in zip(wishes, offsets, strict=True)])
        for slot, shift, offset in zip(row, shifts, offsets, strict=True):
            self.x[slot.name] = shift + offset

    def straighten(self) -> None:
        """Put a line that passes several levels onto one x, as far as the levels have room for that."""
        chains: dict[str, list[Slot]] = {}
        for slot in self.slots.values():
            if slot.edge:
                chains.setdefault(slot.edge, []).append(slot)
        for chain in chains.values():
            run: list[Slot] = []
            for slot in chain:
                if self._common([*run, slot]) is None:
                    self._line_up(run)
                    run = []
                run.append(slot)
            self._line_up(run)

    def _line_up(self, run: list[Slot]) -> None:
        """Put these slots onto one x; where none suits them all, they stay."""
        x = self._common(run)
        if x is not None:
            self.x |= dict.fromkeys((slot.name for slot in run), x)

    def _common(self, run: list[Slot]) -> float | None:
        """Return the x that suits all of these slots, if there is one."""
        rooms = [self._room(slot) for slot in run]
        low, high = max((low for low, _high in rooms), default=0), min((high for _low, high in rooms), default=0)
        return min(max(fmean(self.x[slot.name] for slot in run), low), high) if run and low <= high else None

    def _room(self, slot: Slot) -> tuple[float, float]:
        """Return between which x a slot can move without coming too near to its neighbours."""
        row = self.rows[slot.level]
        place = row.index(slot)
        low, high = -1e9, 1e9
        if place:
            low = self.x[row[place - 1].name] + (row[place - 1].width + slot.width) / 2 + APART / 2
        if place + 1 < len(row):
            high = self.x[row[place + 1].name] - (row[place + 1].width + slot.width) / 2 - APART / 2
        return low, high


def narrowest(edges: list[Edge], source: str) -> float:
    """Return how wide a box must be so that all lines that leave it, with their texts, begin at its edge."""
    rooms = [text_room(edge) for edge in edges if edge.source == source]
    return sum(rooms) - min(rooms, default=0) + 2 * INSET


def text_room(edge: Edge) -> float:
    """Return how far to the right of a line nothing else may stand."""
    return max(PORT, edge.text + PORT)
