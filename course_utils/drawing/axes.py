"""A small grammar for charts: scales, axes with ticks, curves that end at their frame, labels that keep apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_utils.drawing.layout import isotonic
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Label, Line, Rectangle

TICK = 5  # px
TICK_TYPE = 11.5
CLEAR = 3  # px between a text and the nearest line
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Scale:
    """From numbers to px.

    low, high:   the numbers at its ends; with decades their powers of ten
    start, stop: the px there
    decades:     a log scale
    """

    low: float
    high: float
    start: float
    stop: float
    decades: bool = False

    def __call__(self, numbers: float | Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the px of numbers; NaN for those that have no place: not finite, or not above 0 on a log scale."""
        numbers = np.asarray(numbers, float)
        shown = np.isfinite(numbers) & ((numbers > 0) | (not self.decades))
        numbers = np.where(shown, numbers, 1.0)
        along = np.log10(numbers) if self.decades else numbers
        share = (along - self.low) / (self.high - self.low) if self.high > self.low else np.full(along.shape, 0.5)
        return np.where(shown, self.start + share * (self.stop - self.start), np.nan)

    def ticks(self, most: int) -> list[float]:
        """Return about so many round numbers on the scale; with decades whole powers of ten.

        >>> Scale(-6, 1, 0, 100, decades=True).ticks(4)
        [1e-06, 0.0001, 0.01, 1.0]
        """
        places = MaxNLocator(most, steps=[1, 2, 5, 10], integer=self.decades).tick_values(self.low, self.high)
        inside = [float(place) for place in places if self.low <= place <= self.high]
        return [10.0**place for place in inside] if self.decades else inside


@dataclass(frozen=True)
class Panel:
    """The frame of one chart and its two scales. name: what its ids carry, such as ``tanh``."""

    place: Rectangle
    x: Scale
    y: Scale
    name: str = ""

    def id(self, name: str, *marks: object, **indices: object) -> Ref:
        """Return the id of something in it."""
        return Ref(name, self.name).at(*marks, **indices)

    def points(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        """Return where numbers lie, (n, 2) px; NaN for those without a place."""
        return np.stack([self.x(xs), self.y(ys)], axis=-1)

    def shows(self, point: tuple[float, float]) -> bool:
        """Whether a point lies in the frame."""
        return self.place.holds(Rectangle(*point, 0, 0))


def whole_ticks(last: int, most: int = 10) -> list[int]:
    """Return whole numbers for an axis from 1 to last: always both ends, round ones between.

    >>> whole_ticks(4), whole_ticks(28), whole_ticks(784)
    ([1, 2, 3, 4], [1, 5, 10, 15, 20, 25, 28], [1, 100, 200, 300, 400, 500, 600, 700, 784])
    """
    if last <= most:
        return list(range(1, last + 1))
    places = MaxNLocator(most, steps=[1, 2, 5, 10], integer=True).tick_values(1, last)
    room = 0.6 * (places[1] - places[0])  # a round number nearer to an end gives way to the end
    return [1, *(int(place) for place in places if 1 + room <= place <= last - room), last]


def thinned(count: int, most: int) -> np.ndarray:
    """Return which of so many points are drawn, from 0: all while they are few, else about ``most`` with both ends.

    >>> thinned(3, 5), thinned(9, 3)
    (array([0, 1, 2]), array([0, 4, 8]))
    """
    if count <= most:
        return np.arange(count)
    return np.unique(np.rint(np.linspace(0, count - 1, most)).astype(int))


def power_of_ten(number: float) -> str:
    """Write a tick of a log scale.

    >>> power_of_ten(1e-6), power_of_ten(1.0), power_of_ten(10.0)
    ('10⁻⁶', '1', '10')
    """
    power = round(np.log10(number))
    return {0: "1", 1: "10"}.get(power, "10" + str(power).translate(_SUPERSCRIPTS))


def comb(
    id: str, ends: np.ndarray, teeth: Iterable[np.ndarray], reach: tuple[float, float], role: str = "axis"
) -> Line:
    """Draw a straight line with a tooth at each of some of its points: an axis and its ticks, or a grid, as one."""
    path = [ends[0]]
    for tooth in teeth:
        path += [tooth, tooth + reach, tooth]
    return Line(id, tuple((float(x), float(y)) for x, y in [*path, ends[1]]), role, head=False)


def x_axis(panel: Panel, ticks: Sequence[float], written: Sequence[float]) -> list[Line | Label]:
    """Draw the lower edge of a panel with ticks outwards, and numbers below those that are written."""
    place = panel.place
    ends = np.array([(place.x, place.bottom), (place.right, place.bottom)])
    teeth = [np.array([float(panel.x(tick)), place.bottom]) for tick in ticks]
    y, texts = place.bottom + TICK + 14, [f"{tick:g}" for tick in written]
    numbers = [
        Label(f"{panel.id('x_tick')}[{text}]", float(panel.x(tick)), y, text.replace("-", "−"), TICK_TYPE, "muted")
        for tick, text in zip(written, texts, strict=True)
    ]
    return [comb(panel.id("x_axis"), ends, teeth, (0, TICK)), *numbers]


def grid(panel: Panel, ticks: Sequence[float]) -> Line:
    """Draw a thin level line at each tick of the y scale, and the left edge that joins them."""
    place = panel.place
    ends = np.array([(place.x, place.y), (place.x, place.bottom)])
    teeth = [np.array([place.x, float(panel.y(tick))]) for tick in ticks]
    return comb(panel.id("grid"), ends, teeth, (place.width, 0), "grid")


def y_numbers(panel: Panel, ticks: Sequence[float], write=lambda tick: f"{tick:g}", *, right: bool) -> list[Label]:
    """Write the numbers of the y scale beside the panel."""
    x, anchor = (panel.place.right + 8, "start") if right else (panel.place.x - 8, "end")
    id, texts = panel.id("y_tick"), [write(tick).replace("-", "−") for tick in ticks]
    return [
        Label(f"{id}[{tick:g}]", x, float(panel.y(tick)) + 4, text, TICK_TYPE, "muted", anchor)
        for tick, text in zip(ticks, texts, strict=True)
    ]


def curve(panel: Panel, id: Ref, xs: np.ndarray, ys: np.ndarray, hue: str, role: str = "curve") -> list[Line]:
    """Draw a curve, cut where it leaves the panel and where a number has no place; each part is a line of its own."""
    points = panel.points(xs, ys)
    pieces = [
        piece
        for whole in (points[part] for part in runs(np.isfinite(points).all(axis=1)))
        for piece in _inside(whole, panel.place.y, panel.place.bottom)
        if len(piece) > 1
    ]
    return [
        Line(part_id(id, number), tuple(map(tuple, piece.tolist())), role, False, hue)
        for number, piece in enumerate(pieces, start=1)
    ]


def part_id(id: Ref, number: int) -> Ref:
    """Return the id of one part of a curve; the first has the id of the curve.

    >>> part_id(Ref("slope", "relu"), 1), part_id(Ref("slope", "relu"), 2)
    ('slope[relu]', 'slope[relu,part=2]')
    """
    return id if number == 1 else id.at(part=number)


def runs(mask: np.ndarray) -> Iterator[slice]:
    """Yield where a mask is True, as slices.

    >>> list(runs(np.array([True, True, False, True])))
    [slice(0, 2, None), slice(3, 4, None)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    yield from (slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2))


def _inside(points: np.ndarray, top: float, bottom: float) -> Iterator[np.ndarray]:
    """Yield the parts of a path between two heights, with the points at which it crosses them."""
    for level in (top, bottom):
        x, y = points.T
        crossed = np.flatnonzero((y[1:] < level) != (y[:-1] < level))
        share = (level - y[crossed]) / (y[crossed + 1] - y[crossed])
        crossing = np.stack([x[crossed] + share * (x[crossed + 1] - x[crossed]), np.full(len(crossed), level)], axis=-1)
        points = np.insert(points, crossed + 1, crossing, axis=0)
    yield from (points[part] for part in runs((points[:, 1] >= top) & (points[:, 1] <= bottom)))


def spread(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Move places apart as little as possible, in the same order, low … high; each needs its own height below it.

    >>> spread([10, 11, 50], [10, 10, 10], 0, 100), spread([99, 100], [10, 20], 0, 100)
    ([5.5, 15.5, 50.0], [90.0, 100.0])
    """
    order = np.argsort(wanted, kind="stable")
    above = np.concatenate([[0], np.cumsum(np.asarray(heights, float)[order])[:-1]])
    level = isotonic([wanted[place] - offset for place, offset in zip(order, above, strict=True)])
    places = np.empty(len(level))
    places[order] = np.clip(level, low, max(low, high - above[-1])) + above
    return places.tolist()


def free_place(texts: Iterable[Label], room: Rectangle, cloud: np.ndarray, others: Iterable[Label] = ()) -> list[Label]:
    """Return the first of some places for a text that is inside the room, off every line and every other text.

    cloud: of the lines, as ``cloud_of`` gives it

    The list is empty where there is no such place.
    """
    others = list(others)
    for text in texts:
        place = text.place
        wide = Rectangle(place.x - CLEAR, place.y - CLEAR, place.width + 2 * CLEAR, place.height + 2 * CLEAR)
        x, y = cloud.T
        on_line = ((x > wide.x) & (x < wide.right) & (y > wide.y) & (y < wide.bottom)).any()
        if room.holds(wide) and not on_line and not any(wide.overlaps(other.place) for other in others):
            return [text]
    return []


def cloud_of(lines: Iterable[Line]) -> np.ndarray:
    """Return points on lines, (n, 2), nowhere further apart than a text is high."""
    found = [np.zeros((0, 2))]
    for line in lines:
        points = np.asarray(line.points)
        starts, steps = points[:-1], np.diff(points, axis=0)
        number = int(np.ceil(np.abs(steps).max(initial=0) / 4)) + 1
        shares = np.linspace(0, 1, number)[:, None, None]
        found.append((starts + shares * steps).reshape(-1, 2))
    return np.concatenate(found)
