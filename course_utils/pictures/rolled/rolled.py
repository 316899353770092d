"""The folded picture: one cell for each recurrent layer, with its loop; the steps are not drawn but said."""

import re
from dataclasses import dataclass

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN, arrow, left_out, shown_with
from course_utils.drawing.picture import LINE, Legend, Picture
from course_utils.drawing.scene import Box, Item, Label, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, SANS, printable, shortened, text_width, wrapped
from course_utils.pictures.rolled.boxes import CLEAR, cell_height, cell_items, exit_reach, loop_reach
from course_utils.pictures.rolled.chain import Chain, Face, Rung, chain_of, shape_text
from course_utils.recurrence.graphs import Graph, Shape

TOP = 128
RISE = 66  # from a layer to the next
PLAIN, GAP = 58, 22  # heights: of a layer without recurrence, of what is left out
MERGE, FORK = 66, 34  # of what stands above and below the two cells of Bidirectional
BETWEEN = 56  # px between the two cells of Bidirectional
NARROWEST, WIDEST = 236, 400
MOST_RUNGS = 8  # so many layers are drawn where recurrent ones stand between others
SPOKEN = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜ₊₋", "0123456789t+-")
NARROWEST_NOTE = 420  # px: no text above or below is wrapped more narrowly


@dataclass(frozen=True)
class _Page:
    """Where things are: all boxes equally wide, on one axis."""

    chain: Chain
    width: float

    @property
    def axis(self) -> float:
        """The x of the middle of every box that stands alone."""
        return MARGIN + max(self._left(rung) for rung in self.chain.rungs)

    def _left(self, rung: Rung) -> float:
        """How far a layer reaches to the left of the axis."""
        beside = [exit_reach(face) for face in rung.faces]
        beside += [loop_reach(face) for face in rung.faces if len(rung.faces) == 2 or face.backward]
        return self.width * len(rung.faces or "1") / 2 + BETWEEN / 2 * (len(rung.faces) == 2) + max(beside, default=0)

    def boxes(self, rung: Rung, top: float) -> list[Rectangle]:
        """The places of its cells in the order of its faces: of two, the forward one at the left."""
        height = _box_height(rung)
        if len(rung.faces) < 2:
            return [Rectangle(self.axis - self.width / 2, top, self.width, height)]
        aside = BETWEEN / 2
        return [
            Rectangle(self.axis - aside - self.width, top + MERGE, self.width, height),
            Rectangle(self.axis + aside, top + MERGE, self.width, height),
        ]


def rolled_scene(graph: Graph) -> Scene:
    """Lay out a layer or model folded: a loop takes each cell's state from one step to the next.

    Of a branched model, the chain to the first output is drawn and the others are named. A long chain is
    drawn by its ends.
    """
    chain = chain_of(graph)
    page = _Page(chain, _width(chain))
    title = _title(chain, graph)
    room = max(NARROWEST_NOTE, max(item.place.right for item in _body(page, TOP)) - MARGIN)
    subtitle = wrapped(_subtitles(chain), 13, room)
    items = _body(page, TOP + LINE * (len(subtitle) - 1))
    below = max(item.place.bottom for item in items) + 46
    notes = wrapped(_notes(chain), 12, room)
    beside: list[Item] = []
    if chain.beside:
        text = _beside(chain)
        beside.append(Label("beside", MARGIN, below + LINE * len(notes), text, 12, "muted", "start"))
    said = _sentences(chain, graph)
    return Picture(title, subtitle, items, said, Legend(below, "\n".join(notes), colours=False), over=beside).scene


def _body(page: _Page, top: float) -> list[Item]:
    """Draw the layers, from above, with what goes in and out."""
    chain = page.chain
    items: list[Item] = [Label("output", page.axis, top - 12, "output", 14, face=BOLD)]
    y, fork = top + RISE - 8, False
    for place, (rung, hidden) in reversed(list(enumerate(_shown(chain)))):
        ids = f"arrow[{rung.name},out]", rung.name
        items += _carry(ids, page.axis, y, rung.leaving, rung.shape, head=not fork)
        fork = not hidden and len(rung.faces) > 1
        if not hidden:
            items += _rung(page, rung, y)
            y += _box_height(rung) + (MERGE + FORK if fork else 0) + RISE
        else:
            id = "left_out" if sum(bool(count) for _rung, count in _shown(chain)) == 1 else f"left_out[{place}]"
            items.append(Label(id, page.axis, y + 15, f"… {wording.counted(hidden, 'more layer')} …", 13, "muted"))
            y += GAP + RISE
    return items + _input(page, y, head=not fork)


def _shown(chain: Chain) -> list[tuple[Rung, int]]:
    """Return the layers that are drawn, from below, with 0; for those left out the highest of them, and how many.

    Recurrent layers are the last to be left out.
    """
    recurrent = [place for place, rung in enumerate(chain.rungs, start=1) if rung.faces]
    shown = shown_with(len(chain.rungs), recurrent, MOST_RUNGS)
    gaps = {slot: (after - 1, after - before - 1) for slot, (before, after) in left_out(shown).items()}
    drawn = [(place, 0) if place else gaps[slot] for slot, place in enumerate(shown)]
    return [(chain.rungs[place - 1], hidden) for place, hidden in drawn]


def _width(chain: Chain) -> float:
    titles = [title for rung in chain.rungs for title in ([face.title for face in rung.faces] or [rung.title])]
    widest = [text_width(title, 14, BOLD) + 32 for title in titles]
    widest += [text_width(rung.note, 12) + 32 for rung in chain.rungs]
    return min(WIDEST, max([NARROWEST, *widest]))


def _box_height(rung: Rung) -> float:
    return cell_height(rung) if rung.faces else PLAIN


def _carry(
    ids: tuple[str, str], axis: float, bottom: float, words: str, shape: Shape | None, *, head: bool
) -> list[Item]:
    """Draw an arrow up from ``bottom`` and write beside it what it carries; without a head where it forks above."""
    end = bottom - RISE + (CLEAR if head else 0)
    items: list[Item] = [Line(ids[0], ((axis, bottom - CLEAR), (axis, end)), head=head)]
    y = bottom - RISE / 2 + (0 if words and shape else 8)
    if words:
        items.append(Label(f"leaving[{ids[1]}]", axis + 12, y, words, 13, anchor="start"))
        y += 18
    if shape is not None:
        items.append(Label(f"shape[{ids[1]}]", axis + 12, y, shape_text(shape), 12, "muted", "start", MONO))
    return items


def _input(page: _Page, y: float, *, head: bool) -> list[Item]:
    """Draw what goes into the lowest layer."""
    words = "xₜ at every step" if page.chain.sequence else ""
    return [
        *_carry(("arrow[x]", "x"), page.axis, y, words, page.chain.entering, head=head),
        Label("input", page.axis, y + 16, "input", 14, face=BOLD),
    ]


def _rung(page: _Page, rung: Rung, top: float) -> list[Item]:
    """Draw one layer."""
    boxes = page.boxes(rung, top)
    if not rung.faces:
        return _plain(rung, boxes[0])
    if len(rung.faces) == 1:
        face = rung.faces[0]
        return list(cell_items(rung, face, boxes[0], rung.name, -1 if face.backward else 1))
    names = [f"{rung.name}/{way}" for way in ("forward", "backward")]
    items = _merge(page, rung, top, boxes, names)
    for face, box, name, side in zip(rung.faces, boxes, names, (-1, 1), strict=True):
        items += cell_items(rung, face, box, name, side)
    return items


def _plain(rung: Rung, box: Rectangle) -> list[Item]:
    """Draw a layer without recurrence."""
    x = box.centre[0]
    title = shortened(printable(rung.title), 14, box.width - 24, BOLD)
    return [
        Box(f"layer[{rung.name}]", box, "closed", radius=9),
        Label(f"title[{rung.name}]", x, box.y + 25, title, 14, face=BOLD),
        Label(f"note[{rung.name}]", x, box.y + 45, shortened(rung.note, 12, box.width - 24), 12, "muted"),
    ]


def _merge(page: _Page, rung: Rung, top: float, boxes: list[Rectangle], names: list[str]) -> list[Item]:
    """Draw how x goes into both cells and how both meet above them."""
    width = text_width(rung.merge, 13, BOLD) + 36
    sign = Rectangle(page.axis - width / 2, top, width, 30)
    bottom = boxes[0].bottom
    items: list[Item] = [
        Box(f"merge[{rung.name}]", sign, "sign", radius=15),
        Label(f"merge_name[{rung.name}]", page.axis, top + 20, rung.merge, 13, face=BOLD),
    ]
    for box, name, end in zip(boxes, names, (sign.x - CLEAR, sign.right + CLEAR), strict=True):
        x = box.centre[0]
        items.append(arrow(f"arrow[{name},merge]", (x, box.y - CLEAR), (x, top + 15), (end, top + 15)))
        items.append(arrow(f"arrow[{name},x]", (page.axis, bottom + FORK), (x, bottom + FORK), (x, bottom + CLEAR)))
    return items


def _title(chain: Chain, graph: Graph) -> str:
    """Name the layers, and say that they are folded; the other common word for it stands beside."""
    short = len(graph.calls) <= 2 and not chain.beside
    named = " → ".join(call.summary for call in graph.calls) if short else f"A {graph.kind} model"
    return f"{named}, folded (rolled up)"


def _subtitles(chain: Chain) -> list[str]:
    """Say the one thing to see, in two parts."""
    letters = {face.letters for rung in chain.rungs for face in rung.faces}
    carried = "the loop carries its state on"
    if len(letters) != 1 or letters == {""}:
        return ["each cell is used again at every time-step, with the same weights", carried]
    named = "W, R and b" if letters == {"WRb"} else "W and R"
    cells = sum(len(rung.faces) for rung in chain.rungs)
    own = "the same" if cells == 1 else "its own"
    whose = "one cell, used again" if cells == 1 else f"{cells} cells, each used again"
    return [f"{whose} at every time-step with {own} {named}", carried]


def _notes(chain: Chain) -> list[str]:
    """Say what the marks mean."""
    faces = [face for rung in chain.rungs for face in rung.faces]
    later = "what a cell gives at one step, it gets at the next"
    earlier = "what it gives at one step, it gets at the step before in time"
    ways = {face.backward for face in faces}
    said = []
    if False in ways:
        said.append(f"a loop: {later}")
    if True in ways:
        said.append(f"{'the loop of a cell that reads backwards' if False in ways else 'a loop'}: {earlier}")
    if any("c" in face.states for face in faces):
        said.append("double line: the cell state c")
    if any(rung.merge == "concat" for rung in chain.rungs):
        said.append("concat: first the forward half, then the backward half")
    if any("T" in shape_text(shape) for shape in [chain.entering, *(rung.shape for rung in chain.rungs)] if shape):
        said.append("T: any number of steps")
    return said


def _beside(chain: Chain) -> str:
    """Name what is left out."""
    names = ", ".join(chain.beside[:3]) + (", …" if len(chain.beside) > 3 else "")
    text = f"not drawn, beside this chain: {wording.counted(len(chain.beside), 'layer')} ({names})"
    return shortened(printable(text), 12, 700, SANS)


def _sentences(chain: Chain, graph: Graph) -> list[str]:
    """Say the chain in words, from below."""
    entering = "" if chain.entering is None else f", {shape_text(chain.entering)}"
    said = [
        f"{_title(chain, graph)}: {'; '.join(_subtitles(chain))}.",
        f"Input: {'x_t at every step' if chain.sequence else 'x'}{entering}.",
    ]
    drawn = _shown(chain)
    said += [f"… {hidden} more layers …" if hidden else _in_words(rung) for rung, hidden in drawn]
    if chain.beside:
        said.append(f"N{_beside(chain)[1:]}.")
    return [re.sub("[₀-₉ₜ₊₋]+", lambda found: "_" + found[0].translate(SPOKEN), one) for one in said]


def _in_words(rung: Rung) -> str:
    gives = [part for part in (rung.leaving, "" if rung.shape is None else shape_text(rung.shape)) if part]
    words = f"{rung.name}, {rung.title}: {rung.note}."
    for face in rung.faces:
        words += _face_in_words(rung, face)
    if rung.merge:
        words += f" The two are merged: {rung.merge}."
    if gives:
        words += f" It gives {', '.join(gives)}."
    for face in rung.faces:
        if face.exits:
            words += f" Of {face.title}, {face.exits} once more (return_state=True)."
    return words


def _face_in_words(rung: Rung, face: Face) -> str:
    way = "one step earlier" if face.backward else "one step later"
    own = ", with its own weights," if len(rung.faces) > 1 else ""
    return f" {face.title}{own} gets its own {' and '.join(face.states)} back {way}; at the start: {face.start}."
