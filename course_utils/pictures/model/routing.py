"""Put the boxes of a graph on levels, bottom to top, and lead lines between them that run through no box."""

from dataclasses import dataclass
from statistics import fmean

from course_utils.drawing.scene import Rectangle
from course_utils.pictures.model.placing import INSET, PORT, Edge, Sketch, Slot, Vertex, text_room

OVER = 26  # px above a box for the text beside the line that leaves it
UNDER = 24  # px below a box for the arrow heads
NUDGE = 8  # px at least between two upright lines
TRACK = 13  # px between two lines that run sideways

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    places: of each vertex
    starts: of each edge, the point above its source where its line begins
    routes: of each edge, the line to each target, from below to above
    """

    places: dict[str, Rectangle]
    starts: dict[str, Point]
    routes: dict[str, dict[str, tuple[Point, ...]]]


def arrange(vertices: list[Vertex], edges: list[Edge]) -> Layout:
    """Lay out a graph whose edges go from lower levels to higher ones.

    The x of the layout may be negative; its y begins at 0, the top of the highest level.
    """
    sketch = Sketch(vertices, edges)
    sketch.place()
    sketch.straighten()
    starts = _starts(sketch)
    _make_way(sketch, starts)
    ends = _ends(sketch, starts)
    channels = [_channel(sketch, level, starts, ends) for level in range(len(sketch.rows) - 1)]
    tops, heights = _heights(sketch, [max(tracks.values(), default=-1) + 1 for tracks in channels])
    places = {
        vertex.name: Rectangle(
            sketch.x[vertex.name] - vertex.width / 2,
            tops[vertex.level] + (heights[vertex.level] - vertex.height) / 2,
            vertex.width,
            vertex.height,
        )
        for vertex in vertices
    }
    routes: dict[str, dict[str, tuple[Point, ...]]] = {}
    for edge in edges:
        routes[edge.name] = _routes(sketch, edge, (starts, ends, channels, tops, places))
    firsts = {edge.name: (starts[edge.name, edge.source], places[edge.source].y) for edge in edges}
    return Layout(places, firsts, routes)


def _starts(sketch: Sketch) -> dict[tuple[str, str], float]:
    """Return for each segment the x where it leaves its slot: several beside each other, with room for their texts."""
    starts = {}
    for name in sketch.slots:
        segments = [segment for segment in sketch.segments if segment.source == name]
        segments.sort(key=lambda segment: fmean(sketch.x[target] for target in segment.targets))
        rooms = [text_room(sketch.edges[segment.edge]) for segment in segments]
        lengths = [0.0, *(sum(rooms[: place + 1]) for place in range(len(rooms)))]
        span = lengths[max(0, len(segments) - 1)]
        for segment, length in zip(segments, lengths, strict=False):
            starts[segment.edge, name] = sketch.x[name] - span / 2 + length
    return starts


def _ends(sketch: Sketch, starts: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return for each segment and target the x where it arrives: straight from below where that can be."""
    ends: dict[tuple[str, str], float] = {}
    for slot in sketch.slots.values():
        arriving = sorted(
            (starts[segment.edge, segment.source], segment.edge)
            for segment in sketch.segments
            if slot.name in segment.targets
        )
        if not arriving:
            continue
        if slot.name not in sketch.vertices:
            ends |= {(edge, slot.name): sketch.x[slot.name] for _x, edge in arriving}
            continue
        ports = _ports(sketch, slot, [x for x, _net in arriving])
        for place, (x, edge) in enumerate(arriving):
            if ports[place] != x:  # not straight from below
                others = [port for other, port in enumerate(ports) if other != place]
                ports[place] = _free(ports[place], [*_rising(sketch, slot.level - 1, edge, starts), *others])
            ends[edge, slot.name] = ports[place]
    return ends


def _make_way(sketch: Sketch, starts: dict[tuple[str, str], float]) -> None:
    """Move passing lines off the x of other lines that rise from the level below: they would lie on each other."""
    for slot in sorted(sketch.slots.values(), key=lambda one: one.level):
        if slot.edge:
            sketch.x[slot.name] = _free(sketch.x[slot.name], _rising(sketch, slot.level - 1, slot.edge, starts))
            starts[slot.edge, slot.name] = sketch.x[slot.name]


def _rising(sketch: Sketch, level: int, edge: str, starts: dict[tuple[str, str], float]) -> list[float]:
    """Return where the other edges rise from a level."""
    return [x for (other, name), x in starts.items() if other != edge and sketch.slots[name].level == level]


def _free(x: float, taken: list[float]) -> float:
    """Return the nearest x to the wanted one that is clear of all that is taken."""
    tries = [x, *(x + side * NUDGE * step for step in range(1, 12) for side in (1, -1))]
    return next((one for one in tries if all(abs(one - at) >= NUDGE - 0.01 for at in taken)), x)


def _ports(sketch: Sketch, slot: Slot, sources: list[float]) -> list[float]:
    """Return where lines from these x, in order, enter a box: straight up, or near its middle, and apart."""
    centre, reach = sketch.x[slot.name], sketch.vertices[slot.name].width / 2 - INSET
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
    """Return for each edge that must run sideways above a level the number of its track, from the lowest."""
    spans: Spans = {}
    for segment in sketch.segments:
        if sketch.slots[segment.source].level == level:
            start, arrive = (
                starts[segment.edge, segment.source],
                [ends[segment.edge, target] for target in segment.targets],
            )
            if any(abs(x - start) > 0.01 for x in arrive):
                spans[segment.edge] = start, arrive
    order = sorted(spans, key=lambda edge: spans[edge][0])
    better = True
    while better:  # swap neighbours for as long as that saves crossings
        better = False
        for place in range(len(order) - 1):
            one, other = order[place], order[place + 1]
            if _crossings(spans[other], spans[one]) < _crossings(spans[one], spans[other]):
                order[place], order[place + 1] = other, one
                better = True
    tracks: dict[str, int] = {}
    for edge in order:
        met = [tracks[other] for other in tracks if _meet(spans[edge], spans[other])]
        tracks[edge] = max(met, default=-1) + 1
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
    heights = [max((sketch.vertices[slot.name].height for slot in row if slot.name in sketch.vertices), default=0.0)
               for row in sketch.rows]  # fmt: skip
    tops: list[float] = []
    y = 0.0
    for level in reversed(range(len(sketch.rows))):
        if tops:
            y += UNDER + TRACK * max(0, tracks[level] - 1) + OVER + (TRACK if tracks[level] else 0)
        tops.append(y)
        y += heights[level]
    return tops[::-1], heights


def _routes(sketch: Sketch, edge: Edge, found: tuple) -> dict[str, tuple[Point, ...]]:
    """Return the lines of an edge, each from its source up to one target."""
    starts, ends, channels, tops, places = found
    lines: dict[str, tuple[Point, ...]] = {}
    trunk: tuple[Point, ...] = ((starts[edge.name, edge.source], places[edge.source].y),)
    for segment in (segment for segment in sketch.segments if segment.edge == edge.name):
        level = sketch.slots[segment.source].level
        x = starts[edge.name, segment.source]
        y = tops[level] - OVER - TRACK * channels[level].get(edge.name, 0)
        onward = trunk
        for target in segment.targets:
            end = ends[edge.name, target]
            line = trunk if abs(end - x) <= 0.01 else (*trunk, (x, y), (end, y))
            if target in sketch.vertices:
                lines[target] = (*line, (end, places[target].bottom))
            else:
                onward = line
        trunk = onward
    return lines
