"""What a picture is: its name, the one thing to see, what is drawn, what a reader must know, and all of it in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Cells, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD

LINE = 18  # px from a line of a text to the next
SCALE_LENGTH, SCALE_RISE = 126, 16  # px: of the scale of colours, and from one row of its numbers to the next
BESIDE, NOTE_RISE = 162, 19  # px: from the left end of the scale to the notes beside it, from note to note


@dataclass(frozen=True, eq=False)
class Legend:
    """What stands below a picture: the scale of its colours, and notes on the marks beside it.

    top:       px, of the scale; without colours, the baseline of the first line
    notes:     several, or one whose lines are parted by ``\\n``
    colours:   whether there is a scale
    from_zero: the scale has no negative half
    name:      whose the numbers of the scale are, where there are others
    limits:    further numbers below: what the ends of the scale mean for others, by what is written beside them
    aside:     px that the notes stand further to the right
    """

    top: float
    notes: str | Sequence[str] = ()
    colours: bool = True
    from_zero: bool = False
    name: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    aside: float = 0

    @property
    def bottom(self) -> float:
        """The baseline of the lowest numbers of the scale."""
        return self.top + 26 + SCALE_RISE * len(self.limits)

    def items(self, limit: float) -> list[Item]:
        """Draw it. limit: the value with the strongest colour.

        >>> [label.text for label in Legend(0, limits={"b": 3.0}).items(1.0)[1:]]
        ['−1', '0', '+1', '−3', '0', '+3', 'b']
        """
        lines = self.notes.split("\n") if isinstance(self.notes, str) else self.notes
        ids = _line_ids("legend_note") if isinstance(self.notes, str) else (f"legend_note[{n}]" for n in count())
        x, first, rise = (MARGIN + BESIDE + self.aside, 10, NOTE_RISE) if self.colours else (MARGIN, 0, LINE)
        notes = [
            Label(id, x, self.top + first + rise * place, line, 12, "muted", "start")
            for place, (id, line) in enumerate(zip(ids, lines, strict=False))
            if line
        ]
        if not self.colours:
            return [*notes]
        names = [scale_name(self.top + 26, self.name)] if self.name else []
        rows = [row for place, name in enumerate(self.limits, start=1) for row in self._row(place, name)]
        return [*self._scale(limit), *notes, *names, *rows]

    def _scale(self, limit: float) -> list[Item]:
        y, end = self.top + 26, wording.scale_end(limit)
        values = np.linspace(0 if self.from_zero else -limit, limit, 9)[None]
        cells = Cells(
            Ref("scale"), Rectangle(MARGIN, self.top, SCALE_LENGTH, 10), (1, 9), values, ("i",), numbers=False
        )
        if self.from_zero:
            zero = Label("scale_zero", MARGIN, y, "0", 11.5, "muted", "start")
            return [cells, zero, Label("scale_high", MARGIN + SCALE_LENGTH, y, end, 11.5, "muted", "end")]
        return [cells, *_ends("", y, end)]

    def _row(self, place: int, name: str) -> list[Label]:
        y = self.top + 26 + SCALE_RISE * place
        return [*_ends(f"[{name}]", y, wording.scale_end(self.limits[name])), scale_name(y, name)]


NO_LEGEND = Legend(0, colours=False)


def _ends(mark: str, y: float, end: str) -> list[Label]:
    """Write the numbers at the ends and in the middle of a scale."""
    return [
        Label(f"scale_low{mark}", MARGIN, y, "−" + end, 11.5, "muted", "start"),
        Label(f"scale_zero{mark}", MARGIN + SCALE_LENGTH / 2, y, "0", 11.5, "muted"),
        Label(f"scale_high{mark}", MARGIN + SCALE_LENGTH, y, "+" + end, 11.5, "muted", "end"),
    ]


def scale_name(y: float, name: str) -> Label:
    """Return what stands beside the numbers of a scale: whose they are."""
    return Label(f"scale_name[{name}]", MARGIN + SCALE_LENGTH + 7, y, name, 11.5, "muted", "start")


def _line_ids(id: str) -> Iterable[str]:
    return chain([id], (f"{id}[{number}]" for number in count(2)))


@dataclass(frozen=True, eq=False)
class Picture:
    """Everything that a picture is; ``scene`` puts it on a canvas that is just large enough.

    title:     what it shows, drawn at the top left
    subtitle:  the one thing to see, below the title; more lines where it is long
    body:      what is drawn, in painting order; it begins below the subtitle
    sentences: the picture in words: its description, the alternative text
    legend:    what stands below the body
    limit:     the value that gets the strongest colour, the same for both signs
    over:      what is painted after all else: frames that point at something, and what stands below the legend
    width:     px, at least

    >>> Picture("Two cells", "one above the other", [], ["Two cells.", "No more."]).scene.description
    'Two cells. No more.'
    """

    title: str
    subtitle: str | Sequence[str]
    body: Sequence[Item]
    sentences: Sequence[str]
    legend: Legend = NO_LEGEND
    limit: float = 1.0
    over: Sequence[Item] = ()
    width: float = 0

    @property
    def scene(self) -> Scene:
        """The picture as geometry."""
        items = [*self._heading(), *self.body, *self.legend.items(self.limit), *self.over]
        return fitted(self.title, " ".join(self.sentences), items, self.limit, self.width)

    def _heading(self) -> list[Item]:
        first, *more = [self.subtitle] if isinstance(self.subtitle, str) else self.subtitle
        return [
            Label("title", MARGIN, 42, self.title, 19, anchor="start", face=BOLD),
            Label("subtitle", MARGIN, 64, first, 13, "muted", "start"),
            *(
                Label(id, MARGIN, 64 + LINE * place, line, 13, "muted", "start")
                for place, (id, line) in enumerate(zip(_line_ids("subtitle_note"), more, strict=False), start=1)
            ),
        ]


def fitted(title: str, description: str, items: Iterable[Item], limit: float = 1.0, width: float = 0) -> Scene:
    """Put items on a canvas that is just large enough for all of them, and at least so wide."""
    items = tuple(items)
    places = [item.place for item in items]
    right = max(width, max(place.right for place in places) + MARGIN)
    height = max(place.bottom for place in places) + MARGIN - 8
    return Scene(float(np.ceil(right)), float(np.ceil(height)), title, description, items, limit)
