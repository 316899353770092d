"""The folded picture: one cell for each recurrent layer, with its loop; the steps are not drawn but said."""

import re
from dataclasses import dataclass

import numpy as np

from course_utils.diagrams import wording
from course_utils.diagrams.lettering import BOLD, MONO, SANS, printable, shortened, text_width
from course_utils.diagrams.models.rungs import Chain, Face, Rung, chain_of
from course_utils.diagrams.parts import MARGIN, TAG, arrow, compose, heading
from course_utils.diagrams.scene import Box, Item, Label, Line, Rectangle, Scene
from course_utils.recurrence.graphs import LayerSpec
from course_utils.recurrence.plans import ModelPlan, Shape

TOP = 128
RISE = 66  # from a layer to the next
ONE_STATE, TWO_STATES, PLAIN, GAP = 132, 176, 58, 22  # heights
MERGE, FORK = 66, 34  # of what stands above and below the two cells of Bidirectional
BETWEEN = 56  # px between the two cells of Bidirectional
DELAY_WIDTH, DELAY_HEIGHT = 124, 28
OUT = 118  # px from a box to the inner line of its loop
LANE = 28  # px between the lines of h and c
CORNER = 20  # px: the radius of the inner line's corners
STRAIGHT = 4  # px of it between a corner and the delay
MOST, FIRST, LAST = 6, 3, 2
CLEAR = 3
NARROWEST, WIDEST = 236, 400
SPOKEN = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜ₊₋", "0123456789t+-")
SIGNS = {"h": ("hₜ", "hₜ₋₁", "hₜ₊₁"), "c": ("cₜ", "cₜ₋₁", "cₜ₊₁")}
"""How a state is written on its way out, on its way back, and on its way back when the steps are read backwards."""


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
        half = self.width / 2
        if len(rung.faces) == 2:
            return BETWEEN / 2 + self.width + _loop_reach(rung.faces[1])
        loop = _loop_reach(rung.faces[0]) if rung.faces and rung.faces[0].backward else 0
        exits = max(text_width(text, 12) for text in _exit_texts(rung)) - 20 if rung.exits else 0
        return half + max(loop, exits)

    def boxes(self, rung: Rung, top: float) -> list[Rectangle]:
        """The places of its cells in the order of its faces: the backward one of two at the left."""
        height = _box_height(rung)
        if len(rung.faces) < 2:
            return [Rectangle(self.axis - self.width / 2, top, self.width, height)]
        aside = BETWEEN / 2
        return [
            Rectangle(self.axis + aside, top + MERGE, self.width, height),
            Rectangle(self.axis - aside - self.width, top + MERGE, self.width, height),
        ]


def rolled_scene(spec: LayerSpec, plan: ModelPlan) -> Scene:
    """Lay out a layer or model folded: a loop takes each cell's state from one step to the next.

    spec: the layer or model; plan: the same with its shapes. Of a branched model, the chain to the first output
    is drawn and the others are named. A long chain is drawn by its ends.
    """
    chain = chain_of(spec, plan)
    page = _Page(chain, _width(chain))
    items = heading(_title(chain, plan), _subtitle(chain))
    items.append(Label("output", page.axis, TOP - 12, "output", 14, face=BOLD))
    y, fork = TOP + RISE - 8, False
    for rung in reversed(_shown(chain)):
        items += _rise(page.axis, y, rung or chain.rungs[-LAST - 1], head=not fork)
        items += _rung(page, rung, y) if rung else _left_out(page, y)
        y += (_height(rung) if rung else GAP) + RISE
        fork = rung is not None and len(rung.faces) > 1
    items += _input(page, y, head=not fork)
    items += _legend(chain, y + 62)
    return compose(_title(chain, plan), _description(chain, plan), items, 1.0)


def _shown(chain: Chain) -> list[Rung | None]:
    """Return the layers that are drawn, from below; None stands for all those left out."""
    rungs = list(chain.rungs)
    return rungs if len(rungs) <= MOST else [*rungs[:FIRST], None, *rungs[-LAST:]]


def _width(chain: Chain) -> float:
    titles = [title for rung in chain.rungs for title in ([face.title for face in rung.faces] or [rung.title])]
    widest = [text_width(title, 14, BOLD) + 32 for title in titles]
    widest += [text_width(rung.note, 12) + 32 for rung in chain.rungs]
    return min(WIDEST, max([NARROWEST, *widest]))


def _box_height(rung: Rung) -> float:
    if not rung.faces:
        return PLAIN
    return max(TWO_STATES if len(face.states) > 1 else ONE_STATE for face in rung.faces)


def _height(rung: Rung) -> float:
    return _box_height(rung) + (MERGE + FORK if len(rung.faces) > 1 else 0)


def _loop_reach(face: Face) -> float:
    """Return how far a loop reaches beside its box."""
    return OUT + LANE * (len(face.states) - 1) / 2 + max(DELAY_WIDTH / 2, text_width(_start_text(face), 12) / 2) + 8


def _left_out(page: _Page, top: float) -> list[Item]:
    """Say how many layers are not drawn."""
    hidden = len(page.chain.rungs) - FIRST - LAST
    return [Label("left_out", page.axis, top + 15, f"… {wording.counted(hidden, 'more layer')} …", 13, "muted")]


def _rise(axis: float, bottom: float, rung: Rung, *, head: bool) -> list[Item]:
    """Draw the arrow up from a layer whose top is at ``bottom``, with what it carries."""
    return _carry((f"arrow[{rung.name},out]", rung.name), axis, bottom, rung.leaving, rung.shape, head=head)


def _carry(
    ids: tuple[str, str], axis: float, bottom: float, words: str, shape: Shape | None, *, head: bool
) -> list[Item]:
    """Draw an arrow upwards and write beside it what it carries; without a head where it forks above."""
    end = bottom - RISE + (CLEAR if head else 0)
    items: list[Item] = [Line(ids[0], ((axis, bottom - CLEAR), (axis, end)), head=head)]
    y = bottom - RISE / 2 + (0 if words and shape else 8)
    if words:
        items.append(Label(f"leaving[{ids[1]}]", axis + 12, y, words, 13, anchor="start"))
        y += 18
    if shape is not None:
        items.append(Label(f"shape[{ids[1]}]", axis + 12, y, str(shape), 12, "muted", "start", MONO))
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
        return [*_cell(rung, rung.faces[0], boxes[0], rung.name), *_exits(rung, boxes[0])]
    names = [f"{rung.name}/{way}" for way in ("forward", "backward")]
    items = _merge(page, rung, top, boxes, names)
    for face, box, name in zip(rung.faces, boxes, names, strict=True):
        items += _cell(rung, face, box, name)
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


def _cell(rung: Rung, face: Face, box: Rectangle, name: str) -> list[Item]:
    """Draw one cell with its weights' letters and its loop."""
    x, middle = box.centre
    top = middle - 48
    items: list[Item] = [
        Box(f"cell[{name}]", box),
        Label(f"title[{name}]", x, top + 14, shortened(printable(face.title), 14, box.width - 24, BOLD), 14, face=BOLD),
        *_tags(name, x, top + 32, face.letters),
        Label(f"note[{name}]", x, top + 78, shortened(rung.note, 12, box.width - 24), 12, "muted"),
    ]
    if face.backward or len(rung.faces) > 1:
        way = "from the last step to the first" if face.backward else "from the first step to the last"
        items.append(Label(f"way[{name}]", x, top + 96, way, 12, "muted"))
    return items + _loop(face, box, name)


def _tags(name: str, centre: float, top: float, letters: str) -> list[Item]:
    """Draw the letters of the weights."""
    left = centre - (len(letters) * (TAG + 12) - 12) / 2
    items: list[Item] = []
    for place, letter in enumerate(letters):
        x = left + place * (TAG + 12)
        items.append(Box(f"tag[{name},{letter}]", Rectangle(x, top, TAG, TAG), "tag", radius=6))
        items.append(Label(f"tag_letter[{name},{letter}]", x + TAG / 2, top + 17, letter, 13, face=BOLD))
    return items


def _loop(face: Face, box: Rectangle, name: str) -> list[Item]:
    """Draw the loop: out of the box, through the delay of one step, and back in; a double line for c, outside."""
    side = -1 if face.backward else 1
    edge = box.x if face.backward else box.right
    middle = box.centre[1]
    lanes = len(face.states)
    delay_x = edge + side * (OUT + LANE * (lanes - 1) / 2)
    delay = Rectangle(delay_x - DELAY_WIDTH / 2, middle - DELAY_HEIGHT / 2, DELAY_WIDTH, DELAY_HEIGHT)
    items: list[Item] = []
    for lane, state in enumerate(face.states):
        role = "memory" if state == "c" else "flow"
        there, back = _half_loop(edge, side, middle, lane, -1), _half_loop(edge, side, middle, lane, 1)
        items.append(Line(f"loop[{name},{state},out]", there, role, head=False))
        items.append(Line(f"loop[{name},{state},back]", back[::-1], role))
        gone, come, come_backward = SIGNS.get(state, (state, state, state))
        x, anchor = edge + side * 14, "end" if face.backward else "start"
        for way, text, (_x, y) in (
            ("out", gone, there[0]),
            ("back", come_backward if face.backward else come, back[0]),
        ):
            items.append(Label(f"state[{name},{state},{way}]", x, y - 8, text, 14, anchor=anchor))
    later = "one step earlier" if face.backward else "one step later"
    return [
        *items,
        Box(f"delay[{name}]", delay, "sign", radius=DELAY_HEIGHT / 2),
        Label(f"later[{name}]", delay_x, middle + 4.5, later, 12),
        Label(f"start[{name}]", delay_x, middle + _loop_half(face) + 20, _start_text(face), 12, "muted"),
    ]


def _loop_half(face: Face) -> float:
    """Return how far the outermost line of a loop is above and below its middle."""
    return DELAY_HEIGHT / 2 + STRAIGHT + CORNER + LANE * (len(face.states) - 1)


def _start_text(face: Face) -> str:
    return f"at the start: {face.start}"


def _half_loop(edge: float, side: int, middle: float, lane: int, turn: int) -> tuple[tuple[float, float], ...]:
    """Return half of a loop's line, from the box's edge round a corner to the delay; turn: -1 above it, 1 below."""
    radius = CORNER + LANE * lane
    far = edge + side * (OUT + LANE * lane)
    near = middle + turn * DELAY_HEIGHT / 2
    corner = near + turn * STRAIGHT
    angles = np.linspace(0, np.pi / 2, 13)
    x, y = far - side * radius * (1 - np.sin(angles)), corner + turn * radius * np.cos(angles)
    return ((edge + side * CLEAR, corner + turn * radius), *zip(x.tolist(), y.tolist(), strict=True), (far, near))


def _merge(page: _Page, rung: Rung, top: float, boxes: list[Rectangle], names: list[str]) -> list[Item]:
    """Draw how x goes into both cells and how both meet above them."""
    width = text_width(rung.merge, 13, BOLD) + 36
    sign = Rectangle(page.axis - width / 2, top, width, 30)
    bottom = boxes[0].bottom
    items: list[Item] = [
        Box(f"merge[{rung.name}]", sign, "sign", radius=15),
        Label(f"merge_name[{rung.name}]", page.axis, top + 20, rung.merge, 13, face=BOLD),
    ]
    for box, name, end in zip(boxes, names, (sign.right + CLEAR, sign.x - CLEAR), strict=True):
        x = box.centre[0]
        items.append(arrow(f"arrow[{name},merge]", (x, box.y - CLEAR), (x, top + 15), (end, top + 15)))
        items.append(arrow(f"arrow[{name},x]", (page.axis, bottom + FORK), (x, bottom + FORK), (x, bottom + CLEAR)))
    return items


def _exit_texts(rung: Rung) -> tuple[str, str]:
    return f"{rung.exits}, once more", "return_state=True"


def _exits(rung: Rung, box: Rectangle) -> list[Item]:
    """Draw the last states that leave once more."""
    if not rung.exits:
        return []
    x = box.x + 34
    return [
        arrow(f"arrow[{rung.name},state]", (x, box.y - CLEAR), (x, box.y - 44)),
        *(
            Label(f"exit[{rung.name},{line}]", x - 14, box.y - 28 + 18 * line, text, 12, ("ink", "muted")[line], "end")
            for line, text in enumerate(_exit_texts(rung))
        ),
    ]


def _legend(chain: Chain, top: float) -> list[Item]:
    """Say what the marks mean, and what is not drawn."""
    faces = [face for rung in chain.rungs for face in rung.faces]
    notes = ["a loop: what a cell gives at one step, it gets at the next"] if faces else []
    if any("c" in face.states for face in faces):
        notes.append("double line: the cell state c")
    if any(rung.exits for rung in chain.rungs if len(rung.faces) > 1):
        notes.append("return_state=True: all last states leave once more")
    items: list[Item] = [Label("legend_note", MARGIN, top, " · ".join(notes), 12, "muted", "start")]
    if chain.beside:
        items.append(Label("beside", MARGIN, top + 20, _beside(chain), 12, "muted", "start"))
    return items


def _beside(chain: Chain) -> str:
    """Name what is left out."""
    names = ", ".join(chain.beside[:3]) + (", …" if len(chain.beside) > 3 else "")
    text = f"not drawn, beside this chain: {wording.counted(len(chain.beside), 'layer')} ({names})"
    return shortened(printable(text), 12, 700, SANS)


def _title(chain: Chain, plan: ModelPlan) -> str:
    if len(plan.calls) <= 2 and not chain.beside:
        return f"{' → '.join(call.summary for call in plan.calls)}, folded"
    return f"A {plan.kind} model, folded"


def _subtitle(chain: Chain) -> str:
    letters = {face.letters for rung in chain.rungs for face in rung.faces}
    if len(letters) != 1 or letters == {""}:
        return "each cell is used again at every time-step, with the same weights; the loop carries its state on"
    named = "W, R and b" if letters == {"WRb"} else "W and R"
    cells = sum(len(rung.faces) for rung in chain.rungs)
    own = "the same" if cells == 1 else "its own"
    whose = "one cell, used again" if cells == 1 else f"{cells} cells, each used again"
    return f"{whose} at every time-step with {own} {named}; the loop carries its state on"


def _description(chain: Chain, plan: ModelPlan) -> str:
    """Say the chain in words, from below."""
    entering = "" if chain.entering is None else f", {chain.entering}"
    sentences = [
        f"{_title(chain, plan)}: {_subtitle(chain)}.",
        f"Input: {'x_t at every step' if chain.sequence else 'x'}{entering}.",
    ]
    for rung in _shown(chain):
        sentences.append(_in_words(rung) if rung else f"… {len(chain.rungs) - FIRST - LAST} more layers …")
    if chain.beside:
        sentences.append(_beside(chain).capitalize() + ".")
    return re.sub("[₀-₉ₜ₊₋]+", lambda found: "_" + found[0].translate(SPOKEN), " ".join(sentences))


def _in_words(rung: Rung) -> str:
    gives = [part for part in (rung.leaving, "" if rung.shape is None else str(rung.shape)) if part]
    words = f"{rung.name}, {rung.title}: {rung.note}."
    for face in rung.faces:
        way = "one step earlier" if face.backward else "one step later"
        states = " and ".join(face.states)
        words += f" {face.title} gets its own {states} back {way}; at the start: {face.start}."
    if rung.merge:
        words += f" The two are merged: {rung.merge}."
    if gives:
        words += f" It gives {', '.join(gives)}."
    if rung.exits:
        words += f" {rung.exits[0].upper()}{rung.exits[1:]} once more (return_state=True)."
    return words
