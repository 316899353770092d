"""How strongly the last state depends on each state before it: one curve a layer, back through time."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing.axes import (
    Panel,
    Scale,
    curve,
    grid,
    power_of_ten,
    runs,
    spread,
    thinned,
    whole_ticks,
    x_axis,
    y_numbers,
)
from course_utils.drawing.layout import MARGIN, arrow
from course_utils.drawing.picture import Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Item, Label, Line, Mark, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened, subscript, text_width
from course_utils.recurrence import GradientFlow

MOST_LAYERS = 6
TOP = 116
PLOT_WIDTH, PLOT_HEIGHT = 560, 320
INSET = 16  # px between the frame and the first and last step
SAMPLE, LEADER = 34, 40  # px: a piece of the curve beside its label, and the thin line from there to the curve
LINE_HEIGHT = 17
LONGEST_NAME = 240
LOWEST, HIGHEST = -6, 1  # powers of ten that the scale always shows, so that pictures can be compared
SMALLEST, LARGEST = -323, 308  # powers of ten: numbers in double precision reach no further
MOST_MARKS = 8
MOST_POINTS = 400  # of one curve: more would lie closer than two px
WORDS_AWAY = 56  # px from the frame to the words beside the numbers of the sizes
FALL = 30  # px: an arrow where a curve leaves for zero or for infinity
SHAPES = ("disc", "square", "diamond", "triangle")


@dataclass(frozen=True, eq=False)
class _Way:
    """One curve.

    number:     of its layer, from 1
    part:       "state", or "hidden" (h alone)
    sizes:      (T,)
    has_memory: its layer has a cell state c beside h
    """

    number: int
    layers: int
    name: str
    part: str
    sizes: np.ndarray
    has_memory: bool = False

    @property
    def id(self) -> Ref:
        return Ref(self.part, layer=self.number)

    @property
    def hue(self) -> str:
        return str(self.number)

    @property
    def role(self) -> str:
        return "slope" if self.part == "hidden" else "curve"

    @cached_property
    def drawn(self) -> np.ndarray:
        """Which steps a log scale can show, counted from 0."""
        return np.flatnonzero(np.isfinite(self.sizes) & (self.sizes > 0))

    @property
    def marked(self) -> np.ndarray:
        """Which steps carry a mark, counted from 0; those of another layer lie elsewhere where there is room."""
        steps = len(self.sizes)
        if steps <= MOST_MARKS:
            return self.drawn
        apart = (steps - 1) / (MOST_MARKS - 2)
        places = np.rint(apart * (np.arange(MOST_MARKS - 2) + (self.number - 0.5) / self.layers)).astype(int)
        return np.intersect1d(places, self.drawn)

    @property
    def remark(self) -> str:
        """What the scale cannot show, in words."""
        kinds = {
            "0": self.sizes == 0,
            "infinite": np.isinf(self.sizes),
            "not a number": np.isnan(self.sizes),
        }
        return ", ".join(_where(kind, mask) for kind, mask in kinds.items() if mask.any())

    @property
    def factor(self) -> float:
        """By how much one step back multiplies the size, on average (the geometric mean); NaN where it is unknown."""
        sizes = self.sizes[: measured_from(len(self.sizes), self.has_memory)]
        back, ends = len(sizes) - 1, sizes[[0, -1]]
        if not back or not np.isfinite(ends).all() or ends[1] == 0:
            return np.nan
        with np.errstate(over="ignore"):
            return float(np.exp((np.log(ends[0]) - np.log(ends[1])) / back)) if ends[0] else 0.0

    def mark(self, id: str, x: float, y: float) -> Mark:
        turn, shape = divmod(self.number - 1, len(SHAPES))
        return Mark(id, x, y, SHAPES[shape], self.hue, 9 if turn == 0 else 6.5)


def measured_from(steps: int, has_memory: bool) -> int:
    """Return the step from which on each step back is alike, 1 … T.

    has_memory: of an LSTM the first step back is another one: from h_T all goes through the output gate, while further
                back c is a way of its own

    >>> measured_from(30, False), measured_from(30, True), measured_from(2, True)
    (30, 29, 2)
    """
    return steps - 1 if has_memory and steps > 2 else steps


def _where(kind: str, mask: np.ndarray) -> str:
    """Say at which steps something is so."""
    if mask.all():
        return f"{kind} at every step"
    first, *more = runs(mask)
    if more:
        return f"{kind} at {int(mask.sum())} steps"
    if first.start == 0:
        return f"{kind} from step {first.stop} back"
    start, stop = first.start + 1, first.stop
    return f"{kind} at step {start}" if start == stop else f"{kind} at steps {start} to {stop}"


@dataclass(frozen=True, eq=False)
class _Chart:
    """All curves and the room for them."""

    ways: tuple[_Way, ...]

    @property
    def steps(self) -> int:
        return len(self.ways[0].sizes)

    @property
    def last(self) -> str:
        """The last state, as it is written in the picture."""
        return subscript("h", self.steps)

    @property
    def has_memory(self) -> bool:
        """Whether a layer among them has a cell state c."""
        return any(way.part == "hidden" for way in self.ways)

    @property
    def label_heights(self) -> list[float]:
        """The room that each label needs; more where there is a second line."""
        return [22 + LINE_HEIGHT * bool(way.remark) for way in self.ways]

    @cached_property
    def label_right(self) -> float:
        texts = [text for way in self.ways for text in (way.name, way.remark)]
        return MARGIN + max(text_width(text, 13, BOLD) for text in texts)

    @cached_property
    def panel(self) -> Panel:
        left = self.label_right + 8 + SAMPLE + LEADER
        place = Rectangle(left, TOP, PLOT_WIDTH, max(PLOT_HEIGHT, sum(self.label_heights)))
        x = Scale(1, self.steps, place.x + INSET, place.right - INSET)
        return Panel(place, x, Scale(*self.powers, place.bottom, place.y, decades=True))

    @cached_property
    def powers(self) -> tuple[int, int]:
        """The powers of ten at the ends of the scale, with room for an arrow where a curve leaves it."""
        powers = np.log10(np.concatenate([way.sizes[way.drawn] for way in self.ways]))
        low, high = int(np.floor(powers.min(initial=0))), int(np.ceil(powers.max(initial=0)))
        room = int(np.ceil(0.12 * (high - low)))
        low -= room * any((way.sizes == 0).any() for way in self.ways)
        high += room * any(np.isinf(way.sizes).any() for way in self.ways)
        return max(SMALLEST, min(LOWEST, low)), min(LARGEST, max(HIGHEST, high))

    def point(self, way: _Way, index: int) -> tuple[float, float]:
        """Where the size at a step lies; the index counts from 0."""
        return float(self.panel.x(index + 1)), float(self.panel.y(way.sizes[index]))


def gradient_flow_scene(flows: Mapping[str, GradientFlow]) -> Scene:
    """Lay out the gradients of one or more layers, all on the same T steps.

    flows: from the name of a layer to its sizes; where the gradient through h alone differs (LSTM), it is a curve
           of its own
    """
    chart = _Chart(tuple(way for number, name in enumerate(flows, 1) for way in _ways(flows, name, number)))
    items = _axes(chart)
    for way in chart.ways:
        items += _curve(chart, way)
    items += [*_labels(chart), *_notes(chart)]
    title = f"Gradient flow back through {chart.steps} steps" if chart.steps > 1 else "Gradient flow at the only step"
    subtitle = f"how much the last state {chart.last} would change if the state at step t changed a little"
    return Picture(title, subtitle, items, _sentences(chart, title)).scene


def _ways(flows: Mapping[str, GradientFlow], name: str, number: int) -> list[_Way]:
    flow, shown = flows[name], shortened(printable(name), 13, LONGEST_NAME, BOLD)
    if np.array_equal(flow.hidden, flow.state, equal_nan=True):
        return [_Way(number, len(flows), shown, "state", flow.state)]
    return [
        _Way(number, len(flows), f"{shown}, h and c", "state", flow.state, True),
        _Way(number, len(flows), f"{shown}, h alone", "hidden", flow.hidden, True),
    ]


def _axes(chart: _Chart) -> list[Item]:
    """Draw the frame; the numbers of the sizes stand at the right, where the way back begins."""
    panel, place = chart.panel, chart.panel.place
    steps, sizes = whole_ticks(chart.steps), panel.y.ticks(9)
    state = "(state at step t)" if chart.has_memory else subscript("h", "t")
    name = f"size of ∂{chart.last}/∂{state}, log scale"
    below = place.bottom + 44
    words = "step t, read from right to left: the gradient travels back through time"
    back = arrow("arrow[back]", (place.right - INSET, below), (place.x + INSET, below))
    return [
        grid(panel, sizes),
        *x_axis(panel, steps, steps),
        *y_numbers(panel, sizes, power_of_ten, right=True),
        Label("y_name", place.right + 40, TOP - 14, name, 12, "muted", "end"),
        Label("y_high", place.right + WORDS_AWAY, place.y + 4, "↑ passed on", 12, "muted", "start"),
        Label("y_low", place.right + WORDS_AWAY, place.bottom + 4, "↓ forgotten", 12, "muted", "start"),
        *([back] if chart.steps > 1 else []),
        Label("x_name", place.centre[0], below + 20, words if chart.steps > 1 else "step t", 12, "muted"),
    ]


def _curve(chart: _Chart, way: _Way) -> list[Item]:
    """Draw one curve, its marks, and an arrow where it leaves for zero or infinity."""
    steps = thinned(chart.steps, MOST_POINTS)
    marks = [way.mark(f"mark[{way.part},layer={way.number},t={t + 1}]", *chart.point(way, t)) for t in way.marked]
    return [*curve(chart.panel, way.id, steps + 1, way.sizes[steps], way.hue, way.role), *_leaving(chart, way), *marks]


def _leaving(chart: _Chart, way: _Way) -> list[Line]:
    """Draw an arrow, down to zero or up to infinity, at the earliest step that the scale shows."""
    if not len(way.drawn) or way.drawn[0] == 0:
        return []
    x, y = chart.point(way, way.drawn[0])
    beyond, place = way.sizes[way.drawn[0] - 1], chart.panel.place
    end = min(y + FALL, place.bottom) if beyond == 0 else max(y - FALL, place.y)
    if np.isnan(beyond) or abs(end - y) < FALL / 2:
        return []
    return [Line(f"leaving[{way.part},layer={way.number}]", ((x, y), (x, end)), "flow", True, way.hue)]


def _labels(chart: _Chart) -> list[Item]:
    """Name each curve at the left, where they differ most, apart from each other."""
    place = chart.panel.place
    wanted = [_wanted_height(chart, way) for way in chart.ways]
    heights = spread(wanted, chart.label_heights, place.y, place.bottom)
    items: list[Item] = []
    for way, height in zip(chart.ways, heights, strict=True):
        items += _label(chart, way, height)
    return items


def _wanted_height(chart: _Chart, way: _Way) -> float:
    """Where a label would best stand: beside the left end; zero is below the scale, infinity above."""
    place, first = chart.panel.place, way.sizes[0]
    if np.isnan(first):
        return chart.point(way, way.drawn[0])[1] if len(way.drawn) else place.centre[1]
    return float(chart.panel.y(first)) if np.isfinite(first) and first > 0 else place.bottom if first == 0 else place.y


def _label(chart: _Chart, way: _Way, height: float) -> list[Item]:
    """Write a name with a piece of its curve, and a thin line from there to the curve's left end."""
    right = chart.label_right
    start, stop, key = right + 8, right + 8 + SAMPLE, f"{way.part},layer={way.number}"
    items: list[Item] = [
        Label(f"name[{key}]", right, height + 4.5, way.name, 13, anchor="end", face=BOLD),
        Line(f"sample[{key}]", ((start, height), (stop, height)), way.role, False, way.hue),
        way.mark(f"sample_mark[{key}]", start + SAMPLE / 2, height),
    ]
    if way.remark:
        items.append(Label(f"remark[{key}]", right, height + 4.5 + LINE_HEIGHT, way.remark, 12, "muted", "end"))
    if len(way.drawn) and way.drawn[0] == 0:
        leader = ((stop + 4, height), chart.point(way, 0))
        items.append(Line(f"leader[{key}]", leader, "grid", False, way.hue))
    return items


def _notes(chart: _Chart) -> list[Item]:
    """Say what the ends of the curves and the dashes mean."""
    below = chart.panel.place.bottom + 64
    notes = [f"at step {chart.steps} every size is √U{_roots(chart)}: each of the U units depends on itself one to one"]
    if chart.steps > 1:
        notes.append("a straight line: each step back multiplies by the same factor")
    if chart.has_memory:
        both, alone = (f"∂{chart.last}/∂{below}" for below in ("(hₜ, cₜ)", "hₜ"))
        notes.append(f"LSTM: solid {both}, the whole state · dashed {alone}, h alone, while c is held still")
    if chart.has_memory and chart.steps > 2:
        notes.append(f"LSTM: the bend: from {chart.last} all goes back through the output gate o, then c is a way too")
    return [
        Label(f"note[{number}]", MARGIN, below + 14 + 20 * number, note, 12, "muted", "start")
        for number, note in enumerate(notes, start=1)
    ]


def _roots(chart: _Chart) -> str:
    """Write √U with its numbers, read from the sizes at the last step; nothing where they are not such roots."""
    last = np.array([way.sizes[-1] for way in chart.ways])
    if not np.isfinite(last).all() or last.min() < 1 or last.max() > 1e4:
        return ""
    units = np.rint(last**2)
    if not np.allclose(np.sqrt(units), last, rtol=1e-6):
        return ""
    return ", " + ", ".join(f"{np.sqrt(unit):.3g} for U = {unit:.0f}" for unit in np.unique(units)[:MOST_LAYERS])


def _sentences(chart: _Chart, title: str) -> list[str]:
    """Say in words what the picture shows."""
    low, high = chart.powers
    return [
        f"{title}: how much the last state h_{chart.steps} would change if the state at step t changed, "
        f"on a log scale from {_plain(10.0**low)} to {_plain(10.0**high)}.",
        *(_in_words(way) for way in chart.ways),
        *_comparison(chart),
    ]


def _in_words(way: _Way) -> str:
    """Say the sizes at the first step, in the middle and at the last."""
    last = len(way.sizes)
    sizes = ", ".join(f"{_plain(way.sizes[t - 1])} at step {t}" for t in sorted({1, (last + 1) // 2, last}))
    return f"{way.name}: {sizes}" + (f" ({way.remark})." if way.remark else ".")


def _comparison(chart: _Chart) -> list[str]:
    """Name the curve that shrinks fastest on its way back."""
    known = [way for way in chart.ways if not np.isnan(way.factor)]
    if not known:
        return []
    fastest = min(known, key=lambda way: way.factor)
    if fastest.factor >= 1:
        return ["None shrinks on its way back."]
    names = " and ".join(way.name for way in known if way.factor == fastest.factor)
    how = f"on average × {_plain(fastest.factor)} for each step back" if fastest.factor else "to exactly 0"
    return [f"Shrinks fastest: {names}, {how}."]


def _plain(size: float) -> str:
    """Write a size with two digits."""
    return "NaN" if np.isnan(size) else f"{size:.2g}"
