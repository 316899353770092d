"""Put the boxes of a graph on levels, bottom to top, and lead lines between them that run through no box.

A line that passes a level gets a place of its own there, as narrow as a line: so the
order on each level and the places are found for boxes and passing lines alike.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from course_utils.diagrams.scene import Rectangle

APART = 44  # px between two boxes on a level, and between two lines that enter one box
LINE_ROOM = 16  # px: how wide the place of a passing line is
PORT = 24  # px between the ends of two lines at one box
INSET = 18  # px: no line ends nearer to a box's corner
OVER = 26  # px above a box for the text beside the line that leaves it
UNDER = 24  # px below a box for the arrow heads
NUDGE = 8  # px at least between two upright lines
TRACK = 13  # px between two lines that run sideways
SWEEPS = 8

Point = tuple[float, float]


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
class Layout:
    """Where everything is.

    places: of each knot
    starts: of each net, the point above its source where its line begins
    routes: of each net, the line to each target, from below to above
    """

    places: dict[str, Rectangle]
    starts: dict[str, Point]
    routes: dict[str, dict[str, tuple[Point, ...]]]


@dataclass(frozen=True)
class _Stop:
    """A knot, or the place where a net passes a level."""

    name: str
    level: int
    width: float


@dataclass(frozen=True)
class _Hop:
    """A net between a level and the next: from a stop to stops."""

    net: str
    source: str
    targets: tuple[str, ...]


class _Sketch:
    """The graph while it is being laid out."""

    def __init__(self, knots: list[Knot], nets: list[Net]):
        self.knots = {knot.name: knot for knot in knots}
        self.nets = {net.name: net for net in nets}
        self.stops = {knot.name: _Stop(knot.name, knot.level, self._room_for(knot)) for knot in knots}
        self.hops: list[_Hop] = []
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
        rooms = [_text_room(net) for net in self.nets.values() if net.source == knot.name]
        span = sum(rooms) - min(rooms, default=0)
        return max(knot.width, span + 2 * max(rooms, default=0) - APART)

    def _split(self, net: Net) -> None:
        """Cut a net into hops from level to level, with a stop wherever it passes one."""
        at, first = net.source, self.knots[net.source].level
        last = max(self.knots[target].level for target in net.targets)
        for level in range(first + 1, last + 1):
            ends = [target for target in net.targets if self.knots[target].level == level]
            if level < last:
                ends.append(passing(net.name, level))
                self.stops[ends[-1]] = _Stop(ends[-1], level, LINE_ROOM)
            self.hops.append(_Hop(net.name, at, tuple(ends)))
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

    def _wish(self, stop: _Stop, way: int) -> float:
        """Return the middle of what a stop is joined to on one side, else on the other."""
        near = self.near[stop.name][way] or self.near[stop.name][-way]
        return fmean(self.x[name] for name in near) if near else self.x[stop.name]

    def _spread(self, row: list[_Stop], wishes: list[float]) -> None:
        """Put the stops of a level as near to their wishes as their widths and their order allow."""
        offsets = [0.0]
        for one, other in pairwise(row):
            offsets.append(offsets[-1] + (one.width + other.width) / 2 + APART)
        pools: list[list[float]] = []  # each: the wishes of neighbours that touch, less their offsets
        for wish, offset in zip(wishes, offsets, strict=True):
            pools.append([wish - offset])
            while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
                pools[-2:] = [pools[-2] + pools[-1]]
        shifts = [fmean(pool) for pool in pools for _one in pool]
        for stop, shift, offset in zip(row, shifts, offsets, strict=True):
            self.x[stop.name] = shift + offset

    def straighten(self) -> None:
        """Put a line that passes several levels onto one x, as far as the levels have room for that."""
        chains: dict[str, list[_Stop]] = {}
        for stop in self.stops.values():
            if stop.name not in self.knots:
                chains.setdefault(stop.name.rsplit(" past ", 1)[0], []).append(stop)
        for chain in chains.values():
            run: list[_Stop] = []
            for stop in [*chain, None]:
                if stop is None or self._common([*run, stop]) is None:
                    self.x |= dict.fromkeys((one.name for one in run), self._common(run))
                    run = []
                run.append(stop)

    def _common(self, run: list[_Stop]) -> float | None:
        """Return the x that suits all of these stops, if there is one."""
        rooms = [self._room(stop) for stop in run]
        low, high = max((low for low, _high in rooms), default=0), min((high for _low, high in rooms), default=0)
        return min(max(fmean(self.x[stop.name] for stop in run), low), high) if run and low <= high else None

    def _room(self, stop: _Stop) -> tuple[float, float]:
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
    rooms = [_text_room(net) for net in nets if net.source == source]
    return sum(rooms) - min(rooms, default=0) + 2 * INSET


def _text_room(net: Net) -> float:
    """Return how far to the right of a line nothing else may stand."""
    return max(PORT, net.text + PORT)


def passing(net: str, level: int) -> str:
    """Return the name of the place where a net passes a level."""
    return f"{net} past {level}"


def arrange(knots: list[Knot], nets: list[Net]) -> Layout:
    """Lay out a graph whose nets go from lower levels to higher ones.

    The x of the layout may be negative; its y begins at 0, the top of the highest level.
    """
    sketch = _Sketch(knots, nets)
    sketch.place()
    sketch.straighten()
    starts = _starts(sketch)
    _make_way(sketch, starts)
    ends = _ends(sketch, starts)
    channels = [_channel(sketch, level, starts, ends) for level in range(len(sketch.rows) - 1)]
    tops, heights = _heights(sketch, [max(tracks.values(), default=-1) + 1 for tracks in channels])
    places = {
        knot.name: Rectangle(
            sketch.x[knot.name] - knot.width / 2,
            tops[knot.level] + (heights[knot.level] - knot.height) / 2,
            knot.width,
            knot.height,
        )
        for knot in knots
    }
    routes: dict[str, dict[str, tuple[Point, ...]]] = {}
    for net in nets:
        routes[net.name] = _routes(sketch, net, (starts, ends, channels, tops, places))
    firsts = {net.name: (starts[net.name, net.source], places[net.source].y) for net in nets}
    return Layout(places, firsts, routes)


def _starts(sketch: _Sketch) -> dict[tuple[str, str], float]:
    """Return for each hop the x where it leaves its stop: several beside each other, with room for their texts."""
    starts = {}
    for name in sketch.stops:
        hops = [hop for hop in sketch.hops if hop.source == name]
        hops.sort(key=lambda hop: fmean(sketch.x[target] for target in hop.targets))
        rooms = [_text_room(sketch.nets[hop.net]) for hop in hops]
        lengths = [0.0, *(sum(rooms[: place + 1]) for place in range(len(rooms)))]
        span = lengths[max(0, len(hops) - 1)]
        for hop, length in zip(hops, lengths, strict=False):
            starts[hop.net, name] = sketch.x[name] - span / 2 + length
    return starts


def _ends(sketch: _Sketch, starts: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return for each hop and target the x where it arrives: straight from below where that can be."""
    ends = {}
    for stop in sketch.stops.values():
        arriving = sorted((starts[hop.net, hop.source], hop.net) for hop in sketch.hops if stop.name in hop.targets)
        if not arriving:
            continue
        if stop.name not in sketch.knots:
            ends |= {(net, stop.name): sketch.x[stop.name] for _x, net in arriving}
            continue
        ports = _ports(sketch, stop, [x for x, _net in arriving])
        for place, (x, net) in enumerate(arriving):
            if ports[place] != x:  # not straight from below
                others = [port for other, port in enumerate(ports) if other != place]
                ports[place] = _free(ports[place], [*_rising(sketch, stop.level - 1, net, starts), *others])
            ends[net, stop.name] = ports[place]
    return ends


def _make_way(sketch: _Sketch, starts: dict[tuple[str, str], float]) -> None:
    """Move passing lines off the x of other lines that rise from the level below: they would lie on each other."""
    for stop in sorted(sketch.stops.values(), key=lambda one: one.level):
        if stop.name in sketch.knots:
            continue
        net = stop.name.rsplit(" past ", 1)[0]
        sketch.x[stop.name] = _free(sketch.x[stop.name], _rising(sketch, stop.level - 1, net, starts))
        starts[net, stop.name] = sketch.x[stop.name]


def _rising(sketch: _Sketch, level: int, net: str, starts: dict[tuple[str, str], float]) -> list[float]:
    """Return where the other nets rise from a level."""
    return [x for (other, name), x in starts.items() if other != net and sketch.stops[name].level == level]


def _free(x: float, taken: list[float]) -> float:
    """Return the nearest x to the wanted one that is clear of all that is taken."""
    tries = [x, *(x + side * NUDGE * step for step in range(1, 12) for side in (1, -1))]
    return next((one for one in tries if all(abs(one - at) >= NUDGE - 0.01 for at in taken)), x)


def _ports(sketch: _Sketch, stop: _Stop, sources: list[float]) -> list[float]:
    """Return where lines from these x, in order, enter a box: straight up, or near its middle, and apart."""
    centre, reach = sketch.x[stop.name], sketch.knots[stop.name].width / 2 - INSET
    inside = [x for x in sources if abs(x - centre) <= reach]
    left = sum(x < centre - reach for x in sources)
    right = len(sources) - left - len(inside)
    if not inside and left + right == 1:
        return [centre]
    low = min([centre if left + right else centre + PORT, *(x - PORT for x in inside)]) - (
        PORT / 2 if not inside else 0
    )
    high = max([centre, *(x + PORT for x in inside)]) + (PORT / 2 if not inside else 0)
    wanted = [
        *(max(centre - reach, low - PORT * place) for place in range(left - 1, -1, -1)),
        *inside,
        *(min(centre + reach, high + PORT * place) for place in range(right)),
    ]
    return _apart(wanted, centre - reach, centre + reach)


def _apart(wanted: list[float], low: float, high: float) -> list[float]:
    """Return the places in their order, moved as little as needed so that no two fall together."""
    gap = min(PORT, (high - low) / max(1, len(wanted) - 1))
    for place in range(1, len(wanted)):
        wanted[place] = max(wanted[place], wanted[place - 1] + gap)
    wanted[-1] = min(wanted[-1], high)
    for place in range(len(wanted) - 2, -1, -1):
        wanted[place] = min(wanted[place], wanted[place + 1] - gap)
    return wanted


Spans = dict[str, tuple[float, list[float]]]


def _channel(sketch: _Sketch, level: int, starts: dict, ends: dict) -> dict[str, int]:
    """Return for each net that must run sideways above a level the number of its track, from the lowest."""
    spans: Spans = {}
    for hop in sketch.hops:
        if sketch.stops[hop.source].level == level:
            start, arrive = starts[hop.net, hop.source], [ends[hop.net, target] for target in hop.targets]
            if any(abs(x - start) > 0.01 for x in arrive):
                spans[hop.net] = start, arrive
    order = sorted(spans, key=lambda net: spans[net][0])
    better = True
    while better:  # swap neighbours for as long as that saves crossings
        better = False
        for place in range(len(order) - 1):
            one, other = order[place], order[place + 1]
            if _crossings(spans[other], spans[one]) < _crossings(spans[one], spans[other]):
                order[place], order[place + 1] = other, one
                better = True
    tracks: dict[str, int] = {}
    for net in order:
        met = [tracks[other] for other in tracks if _meet(spans[net], spans[other])]
        tracks[net] = max(met, default=-1) + 1
    return tracks


def _reach(span: tuple[float, list[float]]) -> tuple[float, float]:
    return min(span[0], *span[1]), max(span[0], *span[1])


def _meet(one: tuple[float, list[float]], other: tuple[float, list[float]]) -> bool:
    (low, high), (least, most) = _reach(one), _reach(other)
    return low <= most + PORT and least <= high + PORT


def _crossings(lower: tuple[float, list[float]], upper: tuple[float, list[float]]) -> float:
    """Count where two lines cross if one runs below the other; lines that would lie on each other count for many."""
    low, high = _reach(lower)
    least, most = _reach(upper)
    rising = sum(least < x < most for x in lower[1])
    starting = low < upper[0] < high
    covered = 9 * sum(abs(x - upper[0]) < PORT / 4 for x in lower[1])
    return rising + starting + covered


def _heights(sketch: _Sketch, tracks: list[int]) -> tuple[list[float], list[float]]:
    """Return the top and the height of each level; the highest level stands at 0."""
    heights = [max((sketch.knots[stop.name].height for stop in row if stop.name in sketch.knots), default=0.0)
               for row in sketch.rows]  # fmt: skip
    tops, y = [], 0.0
    for level in reversed(range(len(sketch.rows))):
        if tops:
            y += UNDER + TRACK * max(0, tracks[level] - 1) + OVER + (TRACK if tracks[level] else 0)
        tops.append(y)
        y += heights[level]
    return tops[::-1], heights


def _routes(sketch: _Sketch, net: Net, found: tuple) -> dict[str, tuple[Point, ...]]:
    """Return the lines of a net, each from its source up to one target."""
    starts, ends, channels, tops, places = found
    lines: dict[str, tuple[Point, ...]] = {}
    trunk: tuple[Point, ...] = ((starts[net.name, net.source], places[net.source].y),)
    for hop in (hop for hop in sketch.hops if hop.net == net.name):
        level = sketch.stops[hop.source].level
        x = starts[net.name, hop.source]
        y = _track_y(sketch, level, channels, tops, net.name)
        onward = trunk
        for target in hop.targets:
            end = ends[net.name, target]
            line = trunk if abs(end - x) <= 0.01 else (*trunk, (x, y), (end, y))
            if target in sketch.knots:
                lines[target] = (*line, (end, places[target].bottom))
            else:
                onward = line
        trunk = onward
    return lines


def _track_y(sketch: _Sketch, level: int, channels: list[dict[str, int]], tops: list[float], net: str) -> float:
    return tops[level] - OVER - TRACK * channels[level].get(net, 0)
