"""One cell of the folded picture: what stands in its box, its loop, and the states that leave once more."""

from collections.abc import Iterator

import numpy as np

from course_utils.drawing.layout import arrow
from course_utils.drawing.scene import Box, Item, Label, Line, Rectangle
from course_utils.drawing.text import BOLD, printable, shortened, text_width
from course_utils.pictures.gate_marks import chips, tags
from course_utils.pictures.rolled.chain import Face, Rung

TITLE, ROW, TEXT, PAD = 22, 34, 18, 22  # px in a box: the title, a row of letters, a line of text, above and below all
DELAY_WIDTH, DELAY_HEIGHT = 124, 28
OUT = 118  # px from a box to the inner line of its loop
LANE = 32  # px between the lines of h and c
CORNER = 20  # px: the radius of the inner line's corners
STRAIGHT = 4  # px of it between a corner and the delay
OVER, OVER_HEAD = 8, 12  # px from a line, and from one with an arrow head, to the text above it
EXIT, EXIT_INSET = 44, 34  # px: how long the arrow of a returned state is, and how far from the box's corner
CLEAR = 3
SIGNS = {"h": ("hₜ", "hₜ₋₁", "hₜ₊₁"), "c": ("cₜ", "cₜ₋₁", "cₜ₊₁")}
"""How a state is written on its way out, on its way back, and on its way back when the steps are read backwards."""


def cell_height(rung: Rung) -> float:
    """Return how high the boxes of a layer must be for their texts and loops."""
    return max(max(_inside_height(rung, face) + 2 * PAD, 2 * (loop_half(face) + PAD + STRAIGHT)) for face in rung.faces)


def _inside_height(rung: Rung, face: Face) -> float:
    return TITLE + ROW * (bool(face.gates) + bool(face.letters)) + TEXT * len(_texts(rung, face))


def _texts(rung: Rung, face: Face) -> dict[str, str]:
    """Return the lines of text in a box, by what they say."""
    texts = {"own": "its own weights"} if len(rung.faces) > 1 else {}
    texts["note"] = rung.note
    if face.backward or len(rung.faces) > 1:
        texts["way"] = "from the last step to the first" if face.backward else "from the first step to the last"
    return texts


def cell_items(rung: Rung, face: Face, box: Rectangle, name: str, side: int) -> Iterator[Item]:
    """Yield one cell with the letters of its gates and weights, its loop, and the states that leave once more.

    side: where its loop is, -1 for the left and 1 for the right
    """
    x, middle = box.centre
    y = middle - _inside_height(rung, face) / 2
    yield Box(f"cell[{name}]", box)
    yield Label(f"title[{name}]", x, y + 14, shortened(printable(face.title), 14, box.width - 24, BOLD), 14, face=BOLD)
    y += TITLE
    if face.gates:
        yield from chips(face.kind, face.gates, x, y + 6, name)
        y += ROW
    if face.letters:
        yield from tags(face.letters, x, y + 6, name)
        y += ROW
    for id, text in _texts(rung, face).items():
        yield Label(f"{id}[{name}]", x, y + TEXT, shortened(text, 12, box.width - 24), 12, "muted")
        y += TEXT
    yield from _loop(face, box, name, side)
    yield from _exit(face, box, name, 1 if len(rung.faces) > 1 and side > 0 else -1)


def _loop(face: Face, box: Rectangle, name: str, side: int) -> list[Item]:
    """Draw the loop: out of the box, through the delay of one step, and back in; a double line for c, outside."""
    edge = box.x if side < 0 else box.right
    middle = box.centre[1]
    delay_x = edge + side * (OUT + LANE * (len(face.states) - 1) / 2)
    delay = Rectangle(delay_x - DELAY_WIDTH / 2, middle - DELAY_HEIGHT / 2, DELAY_WIDTH, DELAY_HEIGHT)
    items: list[Item] = []
    for lane, state in enumerate(face.states):
        role = "memory" if state == "c" else "flow"
        there, back = _half_loop(edge, side, middle, lane, -1), _half_loop(edge, side, middle, lane, 1)
        items.append(Line(f"loop[{name},{state},out]", there, role, head=False))
        items.append(Line(f"loop[{name},{state},back]", back[::-1], role))
        gone, come, come_backward = SIGNS.get(state, (state, state, state))
        x, anchor = edge + side * 14, "end" if side < 0 else "start"
        for way, text, y in (
            ("out", gone, there[0][1] - OVER),
            ("back", come_backward if face.backward else come, back[0][1] - OVER_HEAD),
        ):
            items.append(Label(f"state[{name},{state},{way}]", x, y, text, 14, anchor=anchor))
    later = "one step earlier" if face.backward else "one step later"
    return [
        *items,
        Box(f"delay[{name}]", delay, "sign", radius=DELAY_HEIGHT / 2),
        Label(f"later[{name}]", delay_x, middle + 4.5, later, 12),
        Label(f"start[{name}]", delay_x, middle + loop_half(face) + 20, _start_text(face), 12, "muted"),
    ]


def loop_half(face: Face) -> float:
    """Return how far the outermost line of a loop is above and below its middle."""
    return DELAY_HEIGHT / 2 + STRAIGHT + CORNER + LANE * (len(face.states) - 1)


def loop_reach(face: Face) -> float:
    """Return how far a loop reaches beside its box."""
    return OUT + LANE * (len(face.states) - 1) / 2 + max(DELAY_WIDTH / 2, text_width(_start_text(face), 12) / 2) + 8


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


def _exit_texts(face: Face) -> tuple[str, str]:
    return f"{face.exits}, once more", "return_state=True"


def exit_reach(face: Face) -> float:
    """Return how far the text of a returned state reaches beside its box."""
    return max(text_width(text, 12) for text in _exit_texts(face)) + 14 - EXIT_INSET if face.exits else 0.0


def _exit(face: Face, box: Rectangle, name: str, side: int) -> list[Item]:
    """Draw the last states that leave once more, above the left or the right corner of the box."""
    if not face.exits:
        return []
    x = box.x + EXIT_INSET if side < 0 else box.right - EXIT_INSET
    anchor = "end" if side < 0 else "start"
    return [
        arrow(f"arrow[{name},state]", (x, box.y - CLEAR), (x, box.y - EXIT)),
        *(
            Label(f"exit[{name},{line}]", x + side * 14, box.y - 28 + 18 * line, text, 12, role, anchor)
            for line, (text, role) in enumerate(zip(_exit_texts(face), ("ink", "muted"), strict=True))
        ),
    ]
