"""Activation functions side by side: what comes out for each x, and the slope that lets a gradient through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.axes import (
    Panel,
    Scale,
    cloud_of,
    curve,
    free_place,
    grid,
    part_id,
    x_axis,
    y_numbers,
)
from course_utils.drawing.layout import MARGIN
from course_utils.drawing.picture import Picture
from course_utils.drawing.scene import Box, Item, Label, Line, Mark, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, text_width
from course_utils.recurrence.activation_facts import FLAT, HIGHEST_X, LOWEST_X, ActivationFacts, facts_of, short

MOST_NAMES = 12
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3}  # 4 for more
PLOT_SIZES = {1: (430, 300), 2: (340, 250), 3: (264, 214), 4: (264, 214)}  # px, by the number of columns
TOP = 136  # of the first frame; name and formula stand above it
GAP = 54  # px between two panels
PAD = 0.2  # what the y scale shows beyond its last number
X_TICKS = (-4, -2, 0, 2, 4)
OUT_HUE, SLOPE_HUE = "1", "2"
CAPTION = 18  # px from one line to the next
SMALL = 12
SUBTITLE = "the slope says how much of a gradient passes on its way back"
REACH = 26  # px: the arrow to what lies beyond the frame


@dataclass(frozen=True)
class _Grid:
    """Where the panels are, and what part of y all of them show."""

    facts: tuple[ActivationFacts, ...]
    at: float | None

    @property
    def columns(self) -> int:
        return COLUMNS.get(len(self.facts), 4)

    @property
    def size(self) -> tuple[float, float]:
        return PLOT_SIZES[self.columns]

    @property
    def low(self) -> int:
        return -1 if all(facts.lowest_shown >= -1.05 for facts in self.facts) else -2

    @property
    def high(self) -> int:
        return 1 if all(facts.highest_shown <= 1.15 for facts in self.facts) else 3

    @cached_property
    def left(self) -> float:
        """Of the first frame: the numbers of y stand beside it."""
        return MARGIN + max(text_width(short(self.low), SMALL), text_width(short(self.high), SMALL)) + 10

    @cached_property
    def pitch(self) -> tuple[float, float]:
        """From one panel to the next, to the right and down."""
        words = [text for facts in self.facts for text in (_caption(facts), facts.flat_in_words)]
        if self.at is not None:  # room for any x, so that the panels stand still while a slider moves
            words += [f"x = −0.00: {facts.name} = −00.00" for facts in self.facts]
        wide = max(self.size[0], max(text_width(text, SMALL) for text in words))
        return wide + GAP, self.size[1] + self.caption_height + 84

    @property
    def caption_height(self) -> float:
        return 36 + CAPTION * (2 if self.at is None else 4)

    def point(self, facts: ActivationFacts) -> list[str]:
        """The words for the x that is pointed at, if there is one."""
        return [] if self.at is None else _point_in_words(facts, self.at)

    def panel(self, index: int) -> Panel:
        row, column = divmod(index, self.columns)
        (right, down), (width, height) = self.pitch, self.size
        place = Rectangle(self.left + column * right, TOP + row * down, width, height)
        x = Scale(LOWEST_X, HIGHEST_X, place.x, place.right)
        y = Scale(self.low - PAD, self.high + PAD, place.bottom, place.y)
        return Panel(place, x, y, self.facts[index].name)

    @property
    def row_ends(self) -> set[int]:
        return {*range(self.columns - 1, len(self.facts), self.columns), len(self.facts) - 1}

    @property
    def named(self) -> set[int]:
        """Which panels name what is in them: all while there are few, else the first of each row."""
        count = len(self.facts)
        return set(range(count) if count <= 4 else range(0, count, self.columns))


def activations_scene(names: Sequence[str], *, at: float | None = None) -> Scene:
    """Lay out activation functions, one panel each, all on the same two scales.

    names: Keras's names, each once, of functions that take one number
    at:    an x to point at in every panel, -4 … 4

    Raises ValueError for an x that the panels do not show.
    """
    if at is not None and not LOWEST_X <= at <= HIGHEST_X:
        raise ValueError(f"at must be a number from {LOWEST_X} to {HIGHEST_X}, but it is {at!r}: the panels end there.")
    layout = _Grid(tuple(facts_of(name) for name in names), at)
    title = "Activation functions and their slopes" if len(names) > 1 else f"The activation {names[0]} and its slope"
    items = [item for index in range(len(names)) for item in _chart(layout, index)]
    lowest = layout.panel(len(names) - 1).place.bottom
    if any(facts.flat for facts in layout.facts):
        note = f"shaded: nearly flat, the slope is below {FLAT:g}, so that hardly any gradient passes"
        below = lowest + layout.caption_height + 20
        items.append(Label("note", MARGIN, below, note, SMALL, "muted", "start"))
    return Picture(title, SUBTITLE, items, _sentences(layout)).scene


def _chart(layout: _Grid, index: int) -> list[Item]:
    """Draw one panel with all that stands in it, above it and below it."""
    still = _still(layout if layout.at is None else replace(layout, at=0.0), index)  # for any x the same
    facts, panel, guide = layout.facts[index], still.panel, _guide(layout, still.panel)
    cloud = np.concatenate([still.cloud, cloud_of(guide)])
    beyond = [] if layout.at is None else _beyond(panel, facts, layout.at, cloud)
    placed = [item for item in beyond if isinstance(item, Label)]
    return [
        *still.behind,
        *guide,
        *still.around,
        *_marks(layout, panel, facts),
        *beyond,
        *(_texts_inside(panel, facts, cloud, placed) if index in layout.named else []),
        *_texts_outside(layout, panel, facts),
    ]


@dataclass(frozen=True, eq=False)
class _Still:
    """What of a panel stands still while the x that is pointed at moves.

    behind: zones, grid and curves; around: axes with their numbers; cloud: points on the lines, for ``free_place``
    """

    panel: Panel
    behind: list[Item]
    around: list[Item]
    cloud: np.ndarray


@lru_cache(maxsize=16)
def _still(layout: _Grid, index: int) -> _Still:
    facts, panel = layout.facts[index], layout.panel(index)
    ticks = [tick for tick in range(layout.low, layout.high + 1) if tick]
    lines = [
        grid(panel, ticks),
        _zero(panel),
        *curve(panel, panel.id("out"), *facts.out, OUT_HUE),
        *curve(panel, panel.id("slope"), *facts.slope, SLOPE_HUE, "slope"),  # where they meet, dashes on the line
    ]
    x_name = Label(panel.id("x_name"), panel.place.right + 18, panel.place.bottom + 19, "x", SMALL, "muted")
    around: list[Item] = [
        *x_axis(panel, X_TICKS, X_TICKS if len(layout.facts) <= 4 else X_TICKS[::2]),
        *(y_numbers(panel, [0, *ticks], right=False) if index % layout.columns == 0 else []),
        *([x_name] if index in layout.row_ends else []),
    ]
    return _Still(panel, [*_zones(panel, facts), *lines], around, cloud_of(lines))


def _zero(panel: Panel) -> Line:
    """Draw where x and y are zero, as one cross."""
    (x, y), place = panel.points(np.zeros(1), np.zeros(1))[0].tolist(), panel.place
    arms = ((place.x, y), (x, y), (x, place.y), (x, place.bottom), (x, y), (place.right, y))
    return Line(panel.id("zero"), arms, "axis", head=False)


def _zones(panel: Panel, facts: ActivationFacts) -> list[Box]:
    """Shade where the function is nearly flat."""
    place, boxes = panel.place, []
    for number, (start, stop) in enumerate(facts.flat, start=1):
        left, right = float(panel.x(start)), float(panel.x(stop))
        zone = Rectangle(left, place.y, right - left, place.height)
        boxes.append(Box(part_id(panel.id("flat"), number), zone, "zone", radius=0))
    return boxes


def _guide(layout: _Grid, panel: Panel) -> list[Line]:
    """Draw an upright line at the x that is pointed at."""
    if layout.at is None:
        return []
    x = float(panel.x(layout.at))
    return [Line(panel.id("at"), ((x, panel.place.bottom), (x, panel.place.y)), "rule", head=False)]


def _marks(layout: _Grid, panel: Panel, facts: ActivationFacts) -> list[Mark]:
    """Mark both curves at the x that is pointed at, where they are in the frame; at a kink both slopes."""
    if layout.at is None:
        return []
    x = float(panel.x(layout.at))
    marks = [
        Mark(part_id(panel.id("slope_at"), number), x, float(panel.y(slope)), "diamond", SLOPE_HUE, 12)
        for number, slope in enumerate(facts.slopes(layout.at), start=1)
    ]
    marks.append(Mark(panel.id("out_at"), x, float(panel.y(facts.value(layout.at))), "disc", OUT_HUE))
    return [mark for mark in marks if panel.shows((mark.x, mark.y))]


def _hidden(panel: Panel, facts: ActivationFacts, at: float) -> dict[str, list[tuple[str, str, float]]]:
    """Return what lies beyond the frame at the x that is pointed at: (name, hue, number) each, by side."""
    points = [("", OUT_HUE, facts.value(at)), *(("slope ", SLOPE_HUE, s) for s in facts.slopes(at))]
    above = [point for point in points if float(panel.y(point[2])) < panel.place.y]
    below = [point for point in points if float(panel.y(point[2])) > panel.place.bottom]
    return {side: points for side, points in (("above", above), ("below", below)) if points}


def _beyond(panel: Panel, facts: ActivationFacts, at: float, cloud: np.ndarray) -> list[Item]:
    """Draw an arrow to the edge of the frame, with the number, where the point lies beyond it."""
    place = panel.place
    items: list[Item] = []
    for side, points in _hidden(panel, facts, at).items():
        edge, inwards, sign = (place.y, 1, "↑") if side == "above" else (place.bottom, -1, "↓")
        x, id = float(panel.x(at)), panel.id(side)
        hue = points[0][1] if len(points) == 1 else ""
        items.append(Line(id, ((x, edge + inwards * REACH), (x, edge)), "flow", True, hue))
        labels: list[Label] = []
        for number, (name, _hue, value) in enumerate(points, start=1):
            text = f"{name}{sign} {wording.number(value)}"
            label = Label(part_id(panel.id(f"{side}_words"), number), x, edge, text, SMALL)
            labels += free_place(_aside(label, inwards), place, cloud, labels)
        items += labels
    return items


def _aside(label: Label, inwards: int) -> Iterator[Label]:
    """Yield places for a text beside an arrow, from the edge of the frame inwards."""
    away, high = label.place.width / 2 + 10, label.place.height
    for line in range(6):
        y = label.y + high / 2 + inwards * (14 + CAPTION * line)
        yield from (replace(label, x=label.x + side * away, y=y) for side in (1, -1))


def _texts_inside(panel: Panel, facts: ActivationFacts, cloud: np.ndarray, placed: list[Label]) -> list[Label]:
    """Name the curves beside them, and the zones, wherever there is room for it. placed: texts that stand there."""
    labels: list[Label] = []
    for stem, text, path in [("slope_name", "its slope", facts.slope), ("out_name", facts.name, facts.out)]:
        label = Label(panel.id(stem), 0, 0, text, SMALL)
        labels += free_place(_beside(label, panel, panel.points(*path)), panel.place, cloud, [*placed, *labels])
    for number, box in enumerate(_zones(panel, facts), start=1):
        label = Label(part_id(panel.id("flat_name"), number), 0, 0, "flat", SMALL - 0.5, "muted")
        heights = np.arange(box.place.bottom - 8, box.place.y, -6).tolist()  # in the middle, from the bottom up
        tries = [replace(label, x=box.place.centre[0], y=y) for y in heights]
        labels += free_place(tries, box.place, cloud, [*placed, *labels])
    return labels


def _beside(label: Label, panel: Panel, path: np.ndarray) -> Iterator[Label]:
    """Yield places for a text above, below and beside a curve, closest first, rather at the right."""
    path = path[(path[:, 1] >= panel.place.y) & (path[:, 1] <= panel.place.bottom)]
    half, high = label.place.width / 2, label.place.height
    along = [path[round(share * (len(path) - 1))] for share in (0.8, 0.72, 0.88, 0.62, 0.55, 0.94, 0.25, 0.12, 0.38)]
    for away in (8, 14, 24, 40):
        for x, y in along:
            yield replace(label, x=x, y=y - away)
            yield replace(label, x=x, y=y + away + high)
            yield replace(label, x=x + half + away, y=y + high / 2)
            yield replace(label, x=x - half - away, y=y + high / 2)


def _texts_outside(layout: _Grid, panel: Panel, facts: ActivationFacts) -> list[Label]:
    """Write name and formula above, range, slope and flat parts below."""
    place = panel.place
    words, top = [_caption(facts), facts.flat_in_words, *layout.point(facts)], place.bottom + 22
    below = [
        Label(panel.id("caption", line=number), place.x, top + CAPTION * number, text, SMALL, role, "start")
        for number, (text, role) in enumerate(zip(words, ("muted", "muted", "ink", "ink"), strict=False), start=1)
        if text
    ]
    return [
        Label(panel.id("name"), place.x, place.y - 32, facts.name, 15, anchor="start", face=BOLD),
        Label(panel.id("formula"), place.x, place.y - 12, facts.formula, 11.5, "muted", "start", MONO),
        *below,
    ]


def _caption(facts: ActivationFacts) -> str:
    return f"{facts.range_in_words} · {facts.steepest_in_words}"


def _point_in_words(facts: ActivationFacts, x: float) -> list[str]:
    slopes = [wording.number(slope) for slope in facts.slopes(x)]
    slope = f"slope {slopes[0]}" if len(slopes) == 1 else f"slope jumps from {slopes[0]} to {slopes[1]}"
    return [f"x = {wording.number(x)}: {facts.name} = {wording.number(facts.value(x))}", slope]


def _sentences(layout: _Grid) -> list[str]:
    """Say in words what the picture shows."""
    facts = layout.facts
    start = (
        f"{wording.counted(len(facts), 'activation function')} with "
        f"{'its slope' if len(facts) == 1 else 'their slopes'}, for x from {LOWEST_X} to {HIGHEST_X}, "
        f"y from {layout.low} to {layout.high}."
    )
    if any(each.flat for each in facts):
        start += f" Flat: the slope is below {FLAT:g}."
    return [said.replace("−", "-") for said in (start, *(_in_words(layout, each) for each in facts))]


def _in_words(layout: _Grid, facts: ActivationFacts) -> str:
    parts = [f"{facts.formula}; {_caption(facts).replace(' · ', '; ')}; {facts.flat_in_words}"]
    if facts.kinks:
        parts.append("its slope jumps at x = " + " and ".join(short(kink) for kink in facts.kinks))
    parts += layout.point(facts)
    panel = layout.panel(layout.facts.index(facts))
    hidden = {} if layout.at is None else _hidden(panel, facts, layout.at)
    for side, points in hidden.items():
        names = {"its slope" if name else "the point" for name, _hue, _value in points}
        parts.append(f"{' and '.join(sorted(names, reverse=True))} {side} the picture")
    return f"{facts.name}: {'; '.join(parts)}."
