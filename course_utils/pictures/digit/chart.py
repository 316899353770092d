"""Over all rows: how sure the network is of the right class, and of the best other one."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from course_utils.drawing.axes import Panel, Scale, curve, grid, spread, whole_ticks, x_axis, y_numbers
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Item, Label, Line, Mark, Rectangle
from course_utils.drawing.text import BOLD, printable, shortened, text_width
from course_utils.pictures.digit.read import ReadDigit

HEIGHT, INSET = 118, 8  # px: of the frame, and from its sides to the first and the last step
ABOVE = 62  # px above the frame: the heading, where it knows, where it is now
NUMBERS, BESIDE = 50, 14  # px: at the left for the numbers of the scale, and to the names at the right
NAMES = 142  # px for a name
RIGHT, OTHER = "1", "2"  # hues
LABEL, OTHERS, KNOWS = "diamond", "square", "triangle"  # signs
LOOKS = {"right": (RIGHT, "curve", LABEL), "other": (OTHER, "slope", OTHERS)}  # hue, role, mark
MOST_POINTS = 400  # of one curve: more would lie closer than two px
BELOW = 44  # px below the frame


@dataclass(frozen=True, eq=False)
class Chart:
    """Where the chart is. left, right: of all that belongs to it; top: of its heading."""

    read: ReadDigit
    left: float
    top: float
    right: float

    @property
    def panel(self) -> Panel:
        """The frame and its scales."""
        left, right = self.left + NUMBERS, self.right - BESIDE - NAMES
        place = Rectangle(left, self.top + ABOVE, right - left, HEIGHT)
        x = Scale(1, self.read.steps, place.x + INSET, place.right - INSET)
        return Panel(place, x, Scale(0, 1, place.bottom, place.y))

    @property
    def bottom(self) -> float:
        """Where the chart ends."""
        return self.panel.place.bottom + BELOW


def chart_items(chart: Chart, step: int) -> list[Item]:
    """Draw the chart with a line at a step."""
    return [*_fixed(chart.read, chart.left, chart.top, chart.right), *_marks(chart, step), *_now(chart, step)]


@lru_cache(maxsize=8)
def _fixed(read: ReadDigit, left: float, top: float, right: float) -> list[Item]:
    """Draw what is the same after every step."""
    chart = Chart(read, left, top, right)
    panel, numbers, words = chart.panel, whole_ticks(read.steps), f"probability after each {read.noun}"
    return [
        *_known(chart),
        Label("chart_name", chart.left, chart.top + 11, words, 13, anchor="start", face=BOLD),
        grid(panel, [0, 0.5, 1]),
        *x_axis(panel, numbers, numbers),
        *y_numbers(panel, [0, 0.5, 1], lambda tick: f"{100 * tick:g} %", right=False),
        Label("x_name", panel.place.centre[0], panel.place.bottom + 38, f"after {read.noun} t", 12, "muted"),
        *_curves(chart),
        *_names(chart),
    ]


def followed_name(read: ReadDigit) -> str:
    """Return what the curve of the right class is called, or that of the last answer where no label is known."""
    return f"{read.classes[read.followed]}, the {'last answer' if read.label is None else 'label'}"


def _known(chart: Chart) -> list[Item]:
    """Draw from where on the answer stays right: a ground, its edge, a sign on the curve, and words with that sign."""
    read, panel = chart.read, chart.panel
    if read.knows is None or read.steps == 1:
        return []
    place, x = panel.place, float(panel.x(read.knows))
    edge = x if read.knows > 1 else panel.place.x
    y = float(panel.y(read.curves[0][read.knows - 1]))
    words = shortened(
        f"{'knows' if read.label is not None else 'stays'} from {read.noun} {read.knows} on", 12, place.width - 20
    )
    width = text_width(words, 12)
    left = min(max(x - width / 2, place.x + 18), place.right - width)
    level = place.y - 28
    return [
        Box("knows", Rectangle(edge, place.y, place.right - edge, place.height), "zone", 0),
        Line("knows_edge", ((edge, place.y), (edge, place.bottom)), "grid", False, RIGHT),
        Mark("knows_mark", x, y, KNOWS, RIGHT, 13),
        Mark("knows_sign", left - 10, level - 3, KNOWS, RIGHT, 11),
        Label("knows_words", left, level, words, 12, anchor="start"),
    ]


def _curves(chart: Chart) -> list[Item]:
    read = chart.read
    items: list[Item] = []
    steps = np.arange(1, read.steps + 1)
    if read.steps > MOST_POINTS:
        ends = np.rint(np.linspace(1, read.steps, MOST_POINTS)).astype(int)
        steps = np.unique([*ends, read.knows or read.steps])
    for id, values, (hue, role, _shape) in zip(LOOKS, read.curves, LOOKS.values(), strict=True):
        items += curve(chart.panel, Ref("curve", id), steps, values[steps - 1], hue, role)
    return items


def _marks(chart: Chart, step: int) -> list[Item]:
    """Draw a mark on each curve at the present step."""
    panel = chart.panel
    items: list[Item] = []
    for id, values, (hue, _role, shape) in zip(LOOKS, chart.read.curves, LOOKS.values(), strict=True):
        if np.isfinite(values[step - 1]):
            x, y = float(panel.x(step)), float(panel.y(values[step - 1]))
            items.append(Mark(f"mark[{id}]", x, y, shape, hue, 9))
    return items


def _now(chart: Chart, step: int) -> list[Item]:
    """Draw the line at the present step and its name above it."""
    place, x = chart.panel.place, float(chart.panel.x(step))
    words = f"{chart.read.noun} {step}"
    half = text_width(words, 12, BOLD) / 2
    centre = min(max(x, place.x + half), place.right - half)
    return [
        Line("now", ((x, place.y - 6), (x, place.bottom)), "rule", False),
        Label("now_words", centre, place.y - 10, words, 12, face=BOLD),
    ]


def _names(chart: Chart) -> list[Item]:
    """Name the curves at their right ends, apart from each other."""
    read, place = chart.read, chart.panel.place
    ends = [np.nan_to_num(curve_[-1]) for curve_ in read.curves]
    wanted = [float(chart.panel.y(end)) for end in ends]
    heights = spread(wanted, [18, 18], place.y + 4, place.bottom - 4)
    items: list[Item] = []
    for id, text, height, (hue, _role, shape) in zip(LOOKS, _words(read), heights, LOOKS.values(), strict=True):
        x = place.right + BESIDE
        items += [
            Mark(f"name_sign[{id}]", x + 4, height, shape, hue, 8),
            Label(f"name[{id}]", x + 14, height + 4.5, text, 12, anchor="start"),
        ]
    return items


def _words(read: ReadDigit) -> tuple[str, str]:
    """Return what is written beside the curves; of a long name of a class only its beginning."""
    role = ", the label" if read.label is not None else ", last answer"
    name = shortened(printable(read.classes[read.followed]), 12, NAMES - 14 - text_width(role, 12))
    return name + role, "the best other"
