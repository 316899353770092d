"""Loss and accuracy, epoch by epoch, of a training that is under way or over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_utils.drawing.axes import Panel, Scale, curve, grid, spread, thinned, whole_ticks, x_axis, y_numbers
from course_utils.drawing.layout import MARGIN
from course_utils.drawing.picture import Picture
from course_utils.drawing.scene import Box, Item, Label, Mark, Rectangle, Scene
from course_utils.drawing.text import BOLD, printable, shortened, text_width

TOP = 112
PLOT_WIDTH, PLOT_HEIGHT = 240, 210  # two frames fit a page of 1,400 px that is zoomed to 1.5
NUMBERS = 56  # px at the left of a frame, for the numbers of its scale
BESIDE = 24  # px from a frame to the values beside it
GAP = 24
BAR = 8  # px: the height of the bar of progress
MOST_POINTS, MOST_MARKS = 200, 12
VALUE_TYPE = 12.5
LARGEST = 1e9  # a larger number has no place on a scale
RIGHT_ANSWERS = ("accuracy", "acc")  # how the names of metrics end that are shares of right answers
PARTS = {"training": ("1", "curve", "disc"), "validation": ("2", "slope", "square")}
"""For each curve: its hue, its role and its mark."""
VALUES = max(text_width(f"{part} −1.2e+08", VALUE_TYPE) for part in PARTS)


@dataclass(frozen=True)
class LearningCurves:
    """What a picture of a training shows.

    name:     of what is trained; may be ""
    epochs:   how many there are to be
    history:  name of a metric, as Keras has it → its value after each epoch, None where it was not measured;
              "val_" before the name: on the validation data
    running:  name of a metric → (epochs passed, such as 1.25; mean since the epoch began) in the epoch under way
    metric:   beside the loss; None: there is the loss alone
    progress: the share that is done, 0 … 1
    status:   one line below, such as the time left
    start:    how many epochs went before, when a training is taken up again
    """

    name: str
    epochs: int
    history: Mapping[str, Sequence[float | None]]
    running: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    metric: str | None = "accuracy"
    progress: float = 1.0
    status: str = ""
    start: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, one for each frame."""
        return ("loss",) if self.metric is None else ("loss", self.metric)

    @property
    def title(self) -> str:
        """What the picture is called."""
        return f"Training of {printable(self.name)}" if self.name.strip() else "Training"

    def points(self, metric: str, part: str) -> np.ndarray:
        """Return where a curve goes, (epochs, 2): number of the epoch from 1, value.

        >>> LearningCurves("", 3, {"loss": [2.0, 1.0]}).points("loss", "training").tolist()
        [[1.0, 2.0], [2.0, 1.0]]
        """
        values = self.history.get(metric if part == "training" else f"val_{metric}", ())
        points = [(epoch, value) for epoch, value in enumerate(values, self.start + 1) if value is not None]
        return np.array(points, float).reshape(-1, 2)

    def under_way(self, metric: str) -> np.ndarray:
        """Return where the thin line of the epoch under way goes, (n, 2): epochs passed, mean since it began."""
        return np.array(self.running.get(metric, ()), float).reshape(-1, 2)


def learning_curves_scene(curves: LearningCurves) -> Scene:
    """Lay out a training: a frame for the loss, one for the metric beside it, and below them how far it is.

    The same history gives the same picture: nothing in it is a time, except in ``status``.
    """
    panels = [_panel(curves, metric, place) for place, metric in enumerate(curves.metrics)]
    title = shortened(curves.title, 19, _width(panels[-1]), BOLD)
    thin = " · thin: the epoch under way, its mean so far" if any(curves.running.values()) else ""
    items: list[Item] = []
    for panel, metric in zip(panels, curves.metrics, strict=True):
        items += [*_axes(panel, metric, curves.epochs), *_curves(panel, curves, metric)]
    return Picture(title, f"after each epoch{thin}", [*items, *_progress(curves, panels[-1])], _sentences(curves)).scene


def _width(last: Panel) -> float:
    """Return the px from margin to margin: up to the values beside the last frame."""
    return last.place.right + BESIDE + VALUES - MARGIN


def _panel(curves: LearningCurves, metric: str, place: int) -> Panel:
    """Return a frame with scales that hold every number that has a place."""
    left = MARGIN + NUMBERS + place * (NUMBERS + PLOT_WIDTH + BESIDE + VALUES + GAP)
    frame = Rectangle(left, TOP, PLOT_WIDTH, PLOT_HEIGHT)
    parts = [curves.under_way(metric), *(curves.points(metric, part) for part in PARTS)]
    values = np.concatenate(parts)[:, 1]
    low, high = _ends(values[np.abs(values) < LARGEST], is_share=metric.endswith(RIGHT_ANSWERS))
    return Panel(
        frame,
        Scale(0, curves.epochs, frame.x, frame.right),
        Scale(low, high, frame.bottom, frame.y),
        printable(metric),
    )


def _ends(values: np.ndarray, *, is_share: bool) -> tuple[float, float]:
    """Return round numbers for the ends of a scale: from 0 for a loss, up to 1 for a share of right answers."""
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if is_share and low >= 0 and high <= 1:
        low, high = min(low, 0.9), 1.0
    else:
        low, high = min(low, 0.0), max(high, 0.0)
    if not len(values) or low == high:
        low, high = 0.0, 1.0
    places = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
    return float(places[0]), float(places[-1])


def _axes(panel: Panel, metric: str, epochs: int) -> list[Item]:
    place, ticks = panel.place, panel.y.ticks(5)
    numbers = whole_ticks(epochs, 8)
    while len(numbers) > 2 and sum(text_width(f"{number:g}  ", 11.5) for number in numbers) > PLOT_WIDTH:
        numbers = [*numbers[:-1:2], numbers[-1]]
    named = shortened(printable(metric), 13, PLOT_WIDTH, BOLD)
    return [
        grid(panel, ticks),
        *x_axis(panel, numbers, numbers),
        *y_numbers(panel, ticks, right=False),
        Label(panel.id("y_name"), place.x, TOP - 14, named, 13, anchor="start", face=BOLD),
        Label(panel.id("x_name"), place.centre[0], place.bottom + 40, "epoch", 12, "muted"),
    ]


def _curves(panel: Panel, curves: LearningCurves, metric: str) -> list[Item]:
    """Draw training and validation, the epoch under way as a thin line with a point at its end, and the values."""
    items: list[Item] = []
    last: dict[str, float] = {}
    for part, (hue, role, shape) in PARTS.items():
        points = curves.points(metric, part)
        if len(points):
            last[part] = points[-1, 1]
        epochs, values = _placed(points[thinned(len(points), MOST_POINTS)]).T
        items += curve(panel, panel.id(part), epochs, values, hue, role)
        for epoch, value in points[thinned(len(points), MOST_MARKS)]:
            if abs(value) < LARGEST:
                items.append(_mark(panel, panel.id(f"{part}_mark", epoch=f"{epoch:g}"), epoch, value, shape, hue))
    running = curves.under_way(metric)
    if len(running):
        hue = PARTS["training"][0]
        epochs, values = _placed(running[thinned(len(running), MOST_POINTS)]).T
        items += curve(panel, panel.id("running"), epochs, values, hue, "grid")
        now, last["training"] = running[-1]
        if abs(last["training"]) < LARGEST:
            items.append(_mark(panel, panel.id("now"), now, last["training"], "disc", hue))
    return [*items, *_values(panel, last)]


def _placed(points: np.ndarray) -> np.ndarray:
    """Return points with NaN for values that have no place on a scale."""
    return np.where([True, False], points, np.where(np.abs(points) < LARGEST, points, np.nan))


def _mark(panel: Panel, id: str, epoch: float, value: float, shape: str, hue: str) -> Mark:
    return Mark(id, float(panel.x(epoch)), float(panel.y(value)), shape, hue, 7)


def _values(panel: Panel, last: Mapping[str, float]) -> list[Item]:
    """Write beside the frame what each curve is, and its last value, apart from each other."""
    if not last:
        return []
    place = panel.place
    wanted = [float(panel.y(value)) if abs(value) < LARGEST else place.y for value in last.values()]
    heights = spread(wanted, [20] * len(wanted), place.y + 6, place.bottom)
    items: list[Item] = []
    for (part, value), height in zip(last.items(), heights, strict=True):
        hue, _role, shape = PARTS[part]
        text = shortened(f"{part} {written(value)}".replace("-", "−"), VALUE_TYPE, VALUES)
        items += [
            Mark(panel.id(f"{part}_sign"), place.right + 13, height, shape, hue, 8),
            Label(panel.id(f"{part}_value"), place.right + BESIDE, height + 4.5, text, VALUE_TYPE, anchor="start"),
        ]
    return items


def _progress(curves: LearningCurves, last: Panel) -> list[Item]:
    """Draw the bar of progress over the whole width, and the line of words below it."""
    y, width = last.place.bottom + 60, _width(last)
    items: list[Item] = [Box("progress", Rectangle(MARGIN, y, width, BAR), "zone", BAR / 2)]
    done = width * curves.progress
    if done >= BAR:
        items.append(Box("done", Rectangle(MARGIN, y, done, BAR), "gate", BAR / 2, "1"))
    status = shortened(printable(curves.status), 13, width)
    return [*items, Label("status", MARGIN, y + BAR + 24, status, 13, anchor="start")]


def written(value: float) -> str:
    """Write a loss or a metric: three decimals while they say something.

    >>> written(0.98765), written(1.5e-5), written(float("nan")), written(12345.6)
    ('0.988', '1.5e-05', 'NaN', '1.2e+04')
    """
    if np.isnan(value):
        return "NaN"
    return f"{value:.3f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.2g}"


def values_in_words(values: Mapping[str, float]) -> str:
    """Say the values of metrics, validation written out.

    >>> values_in_words({"accuracy": 0.9, "loss": 0.25, "val_loss": 0.5})
    'loss 0.250, accuracy 0.900, validation loss 0.500'
    """
    order = sorted(values, key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"))
    return ", ".join(f"{name.replace('val_', 'validation ', 1)} {written(values[name])}" for name in order)


def _sentences(curves: LearningCurves) -> list[str]:
    """Say in words what the picture shows; whole epochs only, and no time."""
    done = len(curves.points("loss", "training"))
    said = f"{curves.title}: {done + curves.start} of {curves.epochs} epochs."
    said = said if done else f"{curves.title}: no epoch is over yet."
    return [said, *(_in_words(curves, metric) for metric in curves.metrics if done)]


def _in_words(curves: LearningCurves, metric: str) -> str:
    """Say where the curves of one metric began and where they are."""
    parts = []
    for part in PARTS:
        values = curves.points(metric, part)[:, 1]
        if len(values):
            way = f" from {written(values[0])} to" if len(values) > 1 else ""
            parts.append(f"{part}{way} {written(values[-1])}")
    named = printable(metric)
    return f"{named[:1].upper()}{named[1:]}: {', '.join(parts)}." if parts else ""
