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
class Knot:
    """A box: its level, from 0 at the bottom, and its size."""

    name: str
    level: int
    width: float
    height: float


@dataclass(frozen=True)
class Net:
    """A value: who gives it, who reads it, and how wide its text is, to the right of the line."""

    name: str
    source: str
    targets: tuple[str, ...]
    text: float = 0.0


@dataclass(frozen=True)
class Stop:
    """A knot, or the place where a net passes a level. net: the name of that net."""

    name: str
    level: int
    width: float
    net: str = ""


@dataclass(frozen=True)
class Hop:
    """A net between a level and the next: from a stop to stops."""

    net: str
    source: str
    targets: tuple[str, ...]


class Sketch:
    """The graph while it is being laid out."""

    def __init__(self, knots: list[Knot], nets: list[Net]):
        self.knots = {knot.name: knot for knot in knots}
        self.nets = {net.name: net for net in nets}
        self.stops = {knot.name: Stop(knot.name, knot.level, self._room_for(knot)) for knot in knots}
        self.hops: list[Hop] = []
        for net in nets:
            self._split(net)
        levels = max(knot.level for knot in knots) + 1
        self.rows = [[stop for stop in self.stops.values() if stop.level == level] for level in range(levels)]
        self.near: dict[str, dict[int, list[str]]] = {name: {-1: [], 1: []} for name in self.stops}
        for hop in self.hops:
            for target in hop.targets:
                self.near[hop.source][1].append(target)
                self.near[target][-1].append(hop.source)
        self.x: dict[str, float] = {}

    def _room_for(self, knot: Knot) -> float:
        """Return how wide a place a knot takes: with the texts beside the lines that leave it."""
        rooms = [text_room(net) for net in self.nets.values() if net.source == knot.name]
        span = sum(rooms) - min(rooms, default=0)
        return max(knot.width, span + 2 * max(rooms, default=0) - APART)

    def _split(self, net: Net) -> None:
        """Cut a net into hops from level to level, with a stop wherever it passes one."""
        at, first = net.source, self.knots[net.source].level
        last = max(self.knots[target].level for target in net.targets)
        for level in range(first + 1, last + 1):
            ends = [target for target in net.targets if self.knots[target].level == level]
            if level < last:
                ends.append(f"{net.name} past {level}")
                self.stops[ends[-1]] = Stop(ends[-1], level, LINE_ROOM, net.name)
            self.hops.append(Hop(net.name, at, tuple(ends)))
            at = ends[-1]

    def place(self) -> None:
        """Find an order on each level and then an x for each stop: near the middle of what it is joined to."""
        for row in self.rows:
            self._spread(row, [0.0] * len(row))
        for sweep in range(SWEEPS):
            way = -1 if sweep % 2 == 0 else 1
            for row in self.rows[:: -way or 1]:
                row.sort(key=lambda stop: self._wish(stop, way))
                self._spread(row, [self._wish(stop, way) for stop in row])
        for sweep in range(SWEEPS):
            way = 1 if sweep % 2 == 0 else -1
            for row in self.rows[::-way]:
                self._spread(row, [self._wish(stop, way) for stop in row])

    def _wish(self, stop: Stop, way: int) -> float:
        """Return the middle of what a stop is joined to on one side, else on the other."""
        near = self.near[stop.name][way] or self.near[stop.name][-way]
        return fmean(self.x[name] for name in near) if near else self.x[stop.name]

    def _spread(self, row: list[Stop], wishes: list[float]) -> None:
        """Put the stops of a level as near to their wishes as their widths and their order allow."""
        offsets = [0.0]
        for one, other in pairwise(row):
            offsets.append(offsets[-1] + (one.width + other.width) / 2 + APART)
        shifts = isotonic([wish - offset for wish, offset in zip(wishes, offsets, strict=True)])
        for stop, shift, offset in zip(row, shifts, offsets, strict=True):
            self.x[stop.name] = shift + offset

    def straighten(self) -> None:
        """Put a line that passes several levels onto one x, as far as the levels have room for that."""
        chains: dict[str, list[Stop]] = {}
        for stop in self.stops.values():
            if stop.net:
                chains.setdefault(stop.net, []).append(stop)
        for chain in chains.values():
            run: list[Stop] = []
            for stop in chain:
                if self._common([*run, stop]) is None:
                    self._line_up(run)
                    run = []
                run.append(stop)
            self._line_up(run)

    def _line_up(self, run: list[Stop]) -> None:
        """Put these stops onto one x; where none suits them all, they stay."""
        x = self._common(run)
        if x is not None:
            self.x |= dict.fromkeys((stop.name for stop in run), x)

    def _common(self, run: list[Stop]) -> float | None:
        """Return the x that suits all of these stops, if there is one."""
        rooms = [self._room(stop) for stop in run]
        low, high = max((low for low, _high in rooms), default=0), min((high for _low, high in rooms), default=0)
        return min(max(fmean(self.x[stop.name] for stop in run), low), high) if run and low <= high else None

    def _room(self, stop: Stop) -> tuple[float, float]:
        """Return between which x a stop can move without coming too near to its neighbours."""
        row = self.rows[stop.level]
        place = row.index(stop)
        low, high = -1e9, 1e9
        if place:
            low = self.x[row[place - 1].name] + (row[place - 1].width + stop.width) / 2 + APART / 2
        if place + 1 < len(row):
            high = self.x[row[place + 1].name] - (row[place + 1].width + stop.width) / 2 - APART / 2
        return low, high


def narrowest(nets: list[Net], source: str) -> float:
    """Return how wide a box must be so that all lines that leave it, with their texts, begin at its edge."""
    rooms = [text_room(net) for net in nets if net.source == source]
    return sum(rooms) - min(rooms, default=0) + 2 * INSET


def text_room(net: Net) -> float:
    """Return how far to the right of a line nothing else may stand."""
    return max(PORT, net.text + PORT)
