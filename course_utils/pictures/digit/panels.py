"""The picture of a digit that is being read: image, state, class probabilities, and these after every row."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import beyond, groups
from course_utils.drawing.layout import CELL_HEIGHT, MARGIN, arrow
from course_utils.drawing.picture import BESIDE, Legend, Picture, scale_name
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Cells, Item, Label, Mark, Rectangle, Scene
from course_utils.drawing.text import BOLD, ascent, printable, shortened, subscript, text_width
from course_utils.pictures.digit.chart import LABEL, OTHER, OTHERS, RIGHT, Chart, chart_items, followed_name
from course_utils.pictures.digit.pixels import LONGEST, image_items, image_size, pixel_grid
from course_utils.pictures.digit.read import ReadDigit, percent, percent_in_words

TOP = 118  # of the content
SMALL, ASIDE = 11, 8  # px: the numbers at the left of the image, and how far from it they are
STRIP, STRIP_GAP = 48, 14
MOST_UNITS = 256  # cells; of more units one in a few is drawn
LEAD, LONGEST_LEAD = 106, 150  # px for an arrow and what stands above it
NAMES, TRACK, VALUE, WORDS = 80, 133, 62, 129  # px: of a class its name at most, its bar, its percent, its signs
LONGEST_PITCH, SHORTEST_PITCH = 30, 13.5  # px from bar to bar
MOST_SAID = 8  # units


@dataclass(frozen=True, eq=False)
class _Page:
    """Where things are."""

    read: ReadDigit
    step: int

    @cached_property
    def pitch(self) -> float:
        return min(LONGEST_PITCH, max(SHORTEST_PITCH, LONGEST / len(self.read.classes)))

    @cached_property
    def height(self) -> float:
        return max(LONGEST, self.pitch * len(self.read.classes))

    @property
    def middle(self) -> float:
        return TOP + self.height / 2

    @cached_property
    def image(self) -> Rectangle:
        width, height = image_size(self.read)
        left = MARGIN + (0 if self.read.side else text_width(str(self.read.steps), SMALL, BOLD) + ASIDE)
        return Rectangle(left, self.middle - height / 2, width, height)

    @cached_property
    def image_right(self) -> float:
        longest = [text for step in (1, self.read.steps) for text in self.captions(step)]
        return max(self.image.right, *(MARGIN + text_width(text, 12) for text in longest))

    def captions(self, step: int) -> tuple[str, str]:
        """Return what stands below the image."""
        read, left = self.read, self.read.steps - step
        first = f"{wording.counted(step, read.noun)} read"
        second = f"faded: {wording.counted(left, read.noun)} still to come" if left else "all is read"
        if read.side:
            line, column = divmod(step - 1, read.side)
            first += f": line {line + 1}, column {column + 1}"
        return first, second

    @property
    def strips(self) -> list[tuple[str, np.ndarray, float]]:
        """The states: letter, values of all units, limit of the colours."""
        read, place = self.read, self.step - 1
        memory = [] if read.cell_state is None else [("c", read.cell_state[place], read.limits[2])]
        return [*memory, ("h", read.hidden[place], read.limits[1])]

    @cached_property
    def share(self) -> int:
        """Of how many units one is drawn."""
        return groups(self.read.hidden.shape[1], MOST_UNITS)

    def lead(self, words: str) -> float:
        """Return how long the arrow is that carries some words."""
        return min(LONGEST_LEAD, max(LEAD, text_width(words, 13, BOLD) + 10))

    @property
    def strips_left(self) -> float:
        return self.image_right + self.lead(self.read.layer)

    @property
    def strips_right(self) -> float:
        count = len(self.strips)
        return self.strips_left + count * STRIP + (count - 1) * STRIP_GAP

    @cached_property
    def type(self) -> float:
        """The size of the letters beside the bars."""
        return max(11, min(13, self.pitch * 0.8))

    @cached_property
    def names(self) -> list[str]:
        return [shortened(printable(name), self.type, NAMES, BOLD) for name in self.read.classes]

    @property
    def bars_left(self) -> float:
        return (
            self.strips_right
            + self.lead(self.read.head)
            + max(text_width(name, self.type, BOLD) for name in self.names)
            + ASIDE
        )

    @property
    def right(self) -> float:
        return self.bars_left + TRACK + VALUE + WORDS

    @cached_property
    def chart(self) -> Chart:
        return Chart(self.read, MARGIN, TOP + self.height + 68, self.right)


def digit_scene(read: ReadDigit, step: int) -> Scene:
    """Lay out a digit after one of its steps, 1 … T."""
    page = _Page(read, step)
    title = f"When does it know? {read.name} after {read.noun} {step} of {read.steps}"
    subtitle = f"what it would say if the image ended here: h, after {read.noun} t alone, goes into {read.head}"
    legend, names = _legend(page)
    return Picture(
        shortened(title, 19, page.right - MARGIN, BOLD),
        shortened(subtitle, 13, page.right - MARGIN),
        [*_image(page), *_states(page), *_bars(page), *chart_items(page.chart, step)],
        [*_sentences(page)],
        legend,
        read.limits[1],
        names,
        page.right + MARGIN,  # the same after every step
    ).scene


def _image(page: _Page) -> Iterator[Item]:
    """Draw the image, the numbers of its first, present and last row, and what is read of it."""
    read, place = page.read, page.image
    yield Label("name[image]", place.x, place.y - 14, "the image", 13, anchor="start", face=BOLD)
    yield from image_items(read, page.step, place)
    if not read.side:
        yield from _row_numbers(page)
    for name, text, y in zip(("read", "later"), page.captions(page.step), (20, 38), strict=True):
        yield Label(f"caption[{name}]", MARGIN, place.bottom + y, text, 12, "muted", "start")


def _row_numbers(page: _Page) -> Iterator[Label]:
    """Number the present row, and the first and the last where there is room."""
    read, place = page.read, page.image
    taken: list[float] = []
    for step in dict.fromkeys((page.step, 1, read.steps)):
        y = place.y + place.height * (step - 0.5) / read.steps + ascent(SMALL) / 2
        if all(abs(y - other) > ascent(SMALL) + 2 for other in taken):
            taken.append(y)
            face = {"face": BOLD} if step == page.step else {"role": "muted"}
            yield Label(f"number[t={step}]", place.x - ASIDE, y, str(step), SMALL, anchor="end", **face)


def _states(page: _Page) -> Iterator[Item]:
    """Draw the states as strips, the arrow into them and the arrow out of them."""
    read, y, step = page.read, page.middle, page.step
    reads = f"reads {subscript('x', step)}" if read.layers == 1 else f"layer {read.layers} of {read.layers}"
    yield from _lead(page, "in", page.image.right, page.strips_left, (read.layer, reads))
    count = groups(read.hidden.shape[1], page.share)
    height = min(CELL_HEIGHT, LONGEST / count) * count
    for number, (letter, values, limit) in enumerate(page.strips):
        left = page.strips_left + number * (STRIP + STRIP_GAP)
        place, shown = Rectangle(left, y - height / 2, STRIP, height), values[:: page.share, None]
        axes, numbers = ("u" if page.share == 1 else "u_group",), height / count >= 16
        yield Cells(Ref(letter, t=step), place, shown.shape, shown, axes, numbers=numbers, limit=limit)
        yield Label(f"name[{letter}]", place.centre[0], place.y - 14, subscript(letter, step), 15, face=BOLD)
    centre, units = (page.strips_left + page.strips_right) / 2, wording.counted(read.hidden.shape[1], "unit")
    yield Label("caption[units]", centre, y + height / 2 + 20, units, 12, "muted")
    yield from _lead(page, "out", page.strips_right, page.strips_right + page.lead(read.head), (read.head, "softmax"))


def _lead(page: _Page, name: str, start: float, stop: float, words: tuple[str, str]) -> Iterator[Item]:
    """Draw an arrow with a word above it and one below; the words stand in its last part."""
    lead = page.lead(words[0])
    y, centre = page.middle, stop - lead / 2
    yield arrow(f"arrow[{name}]", (start + ASIDE, y), (stop - ASIDE, y))
    upper = shortened(words[0], 13, lead - 8, BOLD)
    yield Label(f"layer[{name}]", centre, y - 10, upper, 13, face=BOLD)
    yield Label(f"does[{name}]", centre, y + 19, words[1], 12, "muted")


def _bars(page: _Page) -> Iterator[Item]:
    """Draw the probability of each class as a bar."""
    read = page.read
    top = page.middle - page.pitch * len(read.classes) / 2
    words = f"it says, after {read.noun} {page.step}"
    yield Label("name[classes]", page.bars_left, top - 14, words, 13, anchor="start", face=BOLD)
    best = int(read.others[page.step - 1])
    for number, name in enumerate(page.names):
        yield from _bar(page, number, name, top + page.pitch * (number + 0.5), best)


def _bar(page: _Page, number: int, name: str, y: float, best: int) -> Iterator[Item]:
    """Draw one class: name, bar, percent; beside it whether it is the label, and whether it is the answer."""
    read, left, size = page.read, page.bars_left, page.type
    share, level = float(read.probabilities[page.step - 1, number]), y + 0.36 * size
    says = number == int(read.answers[page.step - 1])
    face = {"face": BOLD} if says else {}
    height = min(18, page.pitch - 4)
    width = TRACK * min(1.0, max(0.0, share)) if np.isfinite(share) else 0
    yield Label(f"class[{number}]", left - ASIDE, level, name, size, anchor="end", **face)
    yield Box(f"track[{number}]", Rectangle(left, y - height / 2, TRACK, height), "zone", 2)
    hue = RIGHT if number == read.followed else OTHER if number == best else ""
    if width >= 0.5:
        place = Rectangle(left, y - height / 2, width, height)
        yield Box(f"bar[{number}]", place, "gate" if hue else "closed", min(2, width / 2), hue)
    yield Label(f"percent[{number}]", left + TRACK + VALUE - 6, level, percent(share), size, anchor="end", **face)
    if says or number == read.label:
        words = "answer" if number != read.label else "right answer" if says else "label"
        x, sign = left + TRACK + VALUE + 12, number == read.followed
        yield Mark(f"sign[{number}]", x, y, LABEL if sign else OTHERS, RIGHT if sign else OTHER, 9)
        yield Label(f"word[{number}]", x + 11, level, words, size, anchor="start", **face)


def _legend(page: _Page) -> tuple[Legend, list[Item]]:
    """Return the scale of colours, with further rows where pixels or c have another one; and whose the first is."""
    pixels, hidden, memory = page.read.limits
    top = page.chart.bottom + 26
    others = {"a pixel": pixels} | ({"c": memory} if page.read.cell_state is not None else {})
    rows = {name: limit for name, limit in others.items() if limit != hidden}
    which = "" if page.share == 1 else f" · of the units, one in {page.share} is drawn"
    notes = [f"one square of {' and '.join(letter for letter, *_ in page.strips)} = one unit{which}"]
    down, across = pixel_grid(page.read)
    if (down, across) != (1, 1):
        notes.append(f"one square of the image = the mean of up to {down} × {across} numbers")
    notes += beyond(hidden, page.read.hidden)
    if not rows:
        return Legend(top, notes), []
    aside = max(0, max(text_width(name, 11.5) for name in ("h, a pixel", *rows)) - BESIDE + 140)
    name = ", ".join(["h", *(name for name in others if name not in rows)])
    return Legend(top, notes, limits=rows, aside=aside), [scale_name(top + 26, name)]


def _sentences(page: _Page) -> Iterator[str]:
    """Say in words what the picture shows."""
    read, step, noun = page.read, page.step, page.read.noun
    values, name = read.probabilities[step - 1], printable
    which = f", layer {read.layers} of {read.layers}" if read.layers > 1 else ""
    yield f"{read.name} after {noun} {step} of {read.steps}, read by {read.layer}{which}, then {read.head}."
    yield f"x_{step} = {wording.vector(read.pixels[step - 1])}."
    for letter, state, _limit in reversed(page.strips):
        yield f"{letter}_{step} = {wording.vector(state)}."
    said = ", ".join(
        f"{name(each)} {percent_in_words(value)}" for each, value in zip(read.classes, values, strict=True)
    )
    yield f"Probabilities if the image ended here: {said}."
    answer = read.answer(step)
    yield "It gives no answer: these are not numbers." if answer is None else f"It says {name(answer)}."
    if read.label is not None:
        yield f"The label is {name(read.classes[read.label])}."
    yield over_time(read)
    places = sorted({1, (read.steps + 1) // 2, read.steps})
    for words, curve in zip((name(followed_name(read)), "the best other class"), read.curves, strict=True):
        listed = ", ".join(f"{percent_in_words(curve[place - 1])} after {noun} {place}" for place in places)
        yield f"Probability of {words}: {listed}."


def over_time(read: ReadDigit) -> str:
    """Say from which step on the answer stays what it is at the end, and whether it is right."""
    noun, last = read.noun, read.named(read.last)
    if last is None:
        return "At the end it gives no answer: the probabilities are not numbers."
    since = f"From {noun} {read.stays} on it says {printable(last)} to the end"
    if read.steps == 1:
        since = "That is its last answer"
    elif read.stays == 1:
        since = f"From the first {noun} on it says {printable(last)} to the end"
    elif read.stays == read.steps:
        since = f"Only the last {noun} makes it say {printable(last)}"
    return f"{since}." if read.knows else f"{since}, which is wrong.{_was_right(read)}"


def _was_right(read: ReadDigit) -> str:
    """Say, of an image that is wrong at the end, when it was right last."""
    right = np.flatnonzero(read.answers == read.followed)
    if not len(right):
        return f" It never says {printable(read.classes[read.followed])}."
    return f" It was right last after {read.noun} {right[-1] + 1}."
