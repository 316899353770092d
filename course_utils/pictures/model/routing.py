"""Put the boxes of a graph on levels, bottom to top, and lead lines between them that run through no box."""

from dataclasses import dataclass
from statistics import fmean

from course_utils.drawing.scene import Rectangle
from course_utils.pictures.model.placing import INSET, PORT, Knot, Net, Sketch, Stop, text_room

OVER = 26  # px above a box for the text beside the line that leaves it
UNDER = 24  # px below a box for the arrow heads
NUDGE = 8  # px at least between two upright lines
TRACK = 13  # px between two lines that run sideways

Point = tuple[float, float]


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


def arrange(knots: list[Knot], nets: list[Net]) -> Layout:
    """Lay out a graph whose nets go from lower levels to higher ones.

    The x of the layout may be negative; its y begins at 0, the top of the highest level.
    """
    sketch = Sketch(knots, nets)
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


def _starts(sketch: Sketch) -> dict[tuple[str, str], float]:
    """Return for each hop the x where it leaves its stop: several beside each other, with room for their texts."""
    starts = {}
    for name in sketch.stops:
        hops = [hop for hop in sketch.hops if hop.source == name]
        hops.sort(key=lambda hop: fmean(sketch.x[target] for target in hop.targets))
        rooms = [text_room(sketch.nets[hop.net]) for hop in hops]
        lengths = [0.0, *(sum(rooms[: place + 1]) for place in range(len(rooms)))]
        span = lengths[max(0, len(hops) - 1)]
        for hop, length in zip(hops, lengths, strict=False):
            starts[hop.net, name] = sketch.x[name] - span / 2 + length
    return starts


def _ends(sketch: Sketch, starts: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return for each hop and target the x where it arrives: straight from below where that can be."""
    ends: dict[tuple[str, str], float] = {}
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


def _make_way(sketch: Sketch, starts: dict[tuple[str, str], float]) -> None:
    """Move passing lines off the x of other lines that rise from the level below: they would lie on each other."""
    for stop in sorted(sketch.stops.values(), key=lambda one: one.level):
        if stop.net:
            sketch.x[stop.name] = _free(sketch.x[stop.name], _rising(sketch, stop.level - 1, stop.net, starts))
            starts[stop.net, stop.name] = sketch.x[stop.name]


def _rising(sketch: Sketch, level: int, net: str, starts: dict[tuple[str, str], float]) -> list[float]:
    """Return where the other nets rise from a level."""
    return [x for (other, name), x in starts.items() if other != net and sketch.stops[name].level == level]


def _free(x: float, taken: list[float]) -> float:
    """Return the nearest x to the wanted one that is clear of all that is taken."""
    tries = [x, *(x + side * NUDGE * step for step in range(1, 12) for side in (1, -1))]
    return next((one for one in tries if all(abs(one - at) >= NUDGE - 0.01 for at in taken)), x)


def _ports(sketch: Sketch, stop: Stop, sources: list[float]) -> list[float]:
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


def _channel(sketch: Sketch, level: int, starts: dict, ends: dict) -> dict[str, int]:
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


def _heights(sketch: Sketch, tracks: list[int]) -> tuple[list[float], list[float]]:
    """Return the top and the height of each level; the highest level stands at 0."""
    heights = [max((sketch.knots[stop.name].height for stop in row if stop.name in sketch.knots), default=0.0)
               for row in sketch.rows]  # fmt: skip
    tops: list[float] = []
    y = 0.0
    for level in reversed(range(len(sketch.rows))):
        if tops:
            y += UNDER + TRACK * max(0, tracks[level] - 1) + OVER + (TRACK if tracks[level] else 0)
        tops.append(y)
        y += heights[level]
    return tops[::-1], heights


def _routes(sketch: Sketch, net: Net, found: tuple) -> dict[str, tuple[Point, ...]]:
    """Return the lines of a net, each from its source up to one target."""
    starts, ends, channels, tops, places = found
    lines: dict[str, tuple[Point, ...]] = {}
    trunk: tuple[Point, ...] = ((starts[net.name, net.source], places[net.source].y),)
    for hop in (hop for hop in sketch.hops if hop.net == net.name):
        level = sketch.stops[hop.source].level
        x = starts[net.name, hop.source]
        y = tops[level] - OVER - TRACK * channels[level].get(net.name, 0)
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
