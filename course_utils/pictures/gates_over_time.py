"""What the memory of an LSTM keeps: one unit over time, with its gates as valves on the ways to, along and from c."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import CELL_WIDTH, MARGIN, badge, elided, left_out, strongest
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.scene import Box, Cells, Item, Label, Line, Rectangle, Scene
from course_utils.drawing.text import BOLD, subscript, text_width
from course_utils.recurrence import CellTrace
from course_utils.recurrence.activation_functions import FUNCTIONS

MOST_STEPS = 8  # are drawn all
FIRST = 6  # of more steps, how many are drawn before the last one
PITCH = 106  # px from step to step; half as much for steps that are left out
LETTER_BOX, LETTER_ROOM = 22, 34
BAR_WIDTH, BAR_HEIGHT = 20, 12
# the rows, top to bottom: their upper edges and heights
ZONE_TOP, ZONE_BOTTOM = 88, 446
H_TOP, CELL_TALL = 116, 24
O_MIDDLE = 178
C_TOP, C_TALL = 220, 40
I_MIDDLE = 302
CANDIDATE_TOP = 340
STEP_LINE = 386
KEPT_TOP, KEPT_TALL = 412, 20
LEGEND_TOP = 474
C_MIDDLE = C_TOP + C_TALL / 2
GATE_WORDS = {"i": "input gate: writes", "f": "forget gate: keeps", "o": "output gate: shows"}


def kept_shares(i: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Return for each step which share of its candidate the memory holds at the end: i there, times f ever after.

    i, f: the gates of one unit, (T,)

    >>> kept_shares(np.array([1.0, 0.5]), np.array([1.0, 0.5])).tolist()
    [0.5, 0.5]
    """
    after = np.cumprod(np.append(f[1:], 1.0)[::-1])[::-1]
    return i * after


def drawn_steps(steps: int, first: int = 1) -> list[int | None]:
    """Return the steps that are drawn, None for those left out between two of them.

    first: a step that is drawn, with the one before it

    >>> drawn_steps(200)
    [1, 2, 3, 4, 5, 6, None, 200]
    >>> drawn_steps(200, 100)
    [1, 2, None, 6, None, 99, 100, None, 200]
    """
    if steps <= MOST_STEPS:
        return list(range(1, steps + 1))
    begin = range(1, FIRST + 1) if first <= FIRST else (1, 2, FIRST, first - 1, first)
    return elided([*begin, steps])


@dataclass(frozen=True, eq=False)
class _Memory:
    """One unit of an LSTM over time, and where it is drawn.

    first:   the step from which its gates are set by hand; 1 for all steps
    by_hand: whether they are; else by weights
    """

    trace: CellTrace
    unit: int
    sample: int
    first: int
    by_hand: bool

    def of(self, array: np.ndarray) -> np.ndarray:
        """Return the values of this unit, (T,)."""
        return array[self.sample, :, self.unit - 1]

    @property
    def steps(self) -> int:
        return self.trace.steps

    @cached_property
    def values(self) -> dict[str, np.ndarray]:
        """All quantities by id, (T,)."""
        trace = self.trace
        named = {letter: self.of(state) for letter, state in trace.states.items()}
        named |= {"candidate": self.of(trace.block("c"))}
        named |= {letter: self.of(gate) for letter, gate in trace.gates.items()}
        with np.errstate(all="ignore"):
            return named | {"kept": kept_shares(named["i"], named["f"])}

    @property
    def start(self) -> float:
        """c_0."""
        return float(self.trace.first["c"][self.sample, self.unit - 1])

    @cached_property
    def slots(self) -> list[int | None]:
        """The steps that are drawn; None for some that are left out."""
        return drawn_steps(self.steps, self.first)

    @cached_property
    def left(self) -> float:
        """The left edge of c_0."""
        return float(np.ceil(MARGIN + LETTER_ROOM + max(text_width(text, 12.5) for text in self.row_words) + 12))

    @property
    def row_words(self) -> list[str]:
        return [*GATE_WORDS.values(), "candidate: the news", "cell state: memory", "hidden state", self.kept_words]

    @property
    def kept_words(self) -> str:
        return f"of this c̃ still in {subscript('c', self.steps)}"

    def centre(self, slot: int) -> float:
        """The middle of a slot; -1 is c_0."""
        return self.left + CELL_WIDTH / 2 + (slot + 1 - self.slots[: slot + 1].count(None) / 2) * PITCH

    @cached_property
    def numbered(self) -> set[tuple[str, int]]:
        """The gates, by letter and step, whose numbers are written; by hand those that differ from the one before."""
        found: set[tuple[str, int]] = set()
        for letter in GATE_WORDS:
            last = ""
            for step in filter(None, self.slots):
                text = wording.number(self.values[letter][step - 1])
                found |= {(letter, step)} if text != last or not self.by_hand else set()
                last = text
        return found


def memory_scene(
    trace: CellTrace, *, unit: int = 1, sample: int = 0, first: int = 1, title: str = "", by_hand: bool = False
) -> Scene:
    """Lay out one unit of an LSTM over time.

    trace:   of an LSTM
    unit:    1 … U
    sample:  which of the batch, from 0
    first:   the step from which the gates are set by hand; the steps from there on get a ground of their own
    title:   instead of the usual one
    by_hand: whether the gates are set by hand
    """
    memory = _Memory(trace, unit, sample, first, by_hand)
    title = title or (
        f"What unit {unit} of LSTM({trace.spec.units}) remembers over {wording.counted(memory.steps, 'step')}"
    )
    start = memory.centre(-1)
    items = [
        *_ground(memory),
        *_rows(memory),
        _cell(Ref("c", t=0), start, C_TOP, C_TALL, memory.start),
        _step_name("start", start, "start"),
    ]
    for slot, step in enumerate(memory.slots):
        items += _left_out(memory, slot) if step is None else _step(memory, slot, step)
    shown = [step - 1 for step in memory.slots if step]
    limit = strongest(*(memory.values[name][shown] for name in ("h", "c", "candidate")))
    legend = Legend(LEGEND_TOP, _notes(memory))
    return Picture(title, _subtitle(memory), items, _sentences(memory, title), legend, limit).scene


def _subtitle(memory: _Memory) -> str:
    name = memory.trace.spec.activation.name
    return f"f keeps, i writes, o shows: cₜ = f·cₜ₋₁ + i·c̃ₜ, then hₜ = o·{name if name in FUNCTIONS else 'g'}(cₜ)"


def _ground(memory: _Memory) -> list[Item]:
    """Draw a soft ground behind the steps that are set by hand, where these are not all."""
    if memory.first == 1:
        return []
    left = memory.centre(memory.slots.index(memory.first)) - PITCH + CELL_WIDTH / 2 + 6
    right = memory.centre(len(memory.slots) - 1) + CELL_WIDTH / 2 + 8
    words = f"your gates, from step {memory.first} on"
    words = words if text_width(words, 12) <= right - left - 20 else "your gates"
    return [
        Box("by_hand", Rectangle(left, ZONE_TOP, right - left, ZONE_BOTTOM - ZONE_TOP), "zone"),
        Label("by_hand_words", left + 10, ZONE_TOP + 18, words, 12, anchor="start"),
    ]


def _rows(memory: _Memory) -> list[Item]:
    """Name the rows at the left."""
    gates = {"o": O_MIDDLE, "f": C_MIDDLE - 17, "i": I_MIDDLE}
    items: list[Item] = []
    for letter, middle in gates.items():
        items += [*_hued(letter, letter, middle), _words(letter, middle, GATE_WORDS[letter])]
    middle = CANDIDATE_TOP + CELL_TALL / 2
    items += [*_hued("candidate", "c̃", middle, "c"), _words("candidate", middle, "candidate: the news")]
    plain = {"h": (H_TOP + CELL_TALL / 2, "hidden state"), "c": (C_MIDDLE + 14, "cell state: memory")}
    for letter, (middle, words) in plain.items():
        items.append(Label(f"letter[{letter}]", MARGIN + LETTER_BOX / 2, middle + 5.5, letter, 15, face=BOLD))
        items.append(_words(letter, middle, words))
    return [*items, _words("kept", KEPT_TOP + KEPT_TALL / 2, memory.kept_words)]


def _hued(id: str, letter: str, middle: float, hue: str = "") -> list[Item]:
    place = Rectangle(MARGIN, middle - LETTER_BOX / 2, LETTER_BOX, LETTER_BOX)
    return badge((f"gate[{id}]", f"letter[{id}]"), place, letter, hue or letter, radius=5, drop=4.5)


def _words(id: str, middle: float, text: str) -> Label:
    return Label(f"words[{id}]", MARGIN + LETTER_ROOM, middle + 4.5, text, 12.5, anchor="start")


def _step_name(id: str, centre: float, text: str) -> Label:
    return Label(f"step[{id}]", centre, STEP_LINE, text, 12, "muted")


def _cell(id: Ref, centre: float, top: float, tall: float, value: float, made_of: tuple[Link, ...] = ()) -> Cells:
    place = Rectangle(centre - CELL_WIDTH / 2, top, CELL_WIDTH, tall)
    return Cells(id, place, (1, 1), np.array([[value]], float), ("v",), made_of=made_of)


def _step(memory: _Memory, slot: int, step: int) -> list[Item]:
    """Draw one step: the candidate below, up through i into c, along c through f, up through o to h."""
    centre = memory.centre(slot)
    now = {name: float(values[step - 1]) for name, values in memory.values.items()}
    c, candidate = Ref("c", t=step), Ref("candidate", t=step)
    before = (Link(Ref("c", t=step - 1)),) if slot == 0 or memory.slots[slot - 1] else ()
    parts = [
        *_along(step, centre, now["f"]),
        _cell(candidate, centre, CANDIDATE_TOP, CELL_TALL, now["candidate"]),
        *_upwards("i", step, centre, (CANDIDATE_TOP, I_MIDDLE, C_TOP + C_TALL), now["i"]),
        _cell(c, centre, C_TOP, C_TALL, now["c"], (*before, Link(candidate))),
        *_upwards("o", step, centre, (C_TOP, O_MIDDLE, H_TOP + CELL_TALL), now["o"]),
        _cell(Ref("h", t=step), centre, H_TOP, CELL_TALL, now["h"], (Link(c),)),
        _step_name(f"t={step}", centre, str(step) if slot else "step 1"),
        _cell(Ref("kept", t=step), centre, KEPT_TOP, KEPT_TALL, now["kept"]),
    ]
    silent = {Ref(letter, t=step) for letter in GATE_WORDS if (letter, step) not in memory.numbered}
    return [part for part in parts if part.id not in silent]


def _along(step: int, centre: float, f: float) -> list[Item]:
    """Draw the way from the memory before to this one, with the forget gate on it."""
    left, right = centre - PITCH + CELL_WIDTH / 2, centre - CELL_WIDTH / 2
    middle = (left + right) / 2 - 2  # the second half has an arrow head
    start, end = middle - BAR_WIDTH / 2, middle + BAR_WIDTH / 2
    t = f"t={step}"
    return [
        Line(f"memory[{t},to=f]", ((left, C_MIDDLE), (start, C_MIDDLE)), "memory", head=False),
        Line(f"memory[{t},from=f]", ((end, C_MIDDLE), (right, C_MIDDLE)), "memory"),
        *_bar("f", step, middle, C_MIDDLE, f),
    ]


def _upwards(letter: str, step: int, centre: float, ways: tuple[float, float, float], value: float) -> list[Item]:
    """Draw a way up with a gate on it. ways: where it begins, the middle of the gate, where it ends."""
    start, middle, end = ways
    t = f"t={step}"
    return [
        Line(f"way[{t},to={letter}]", ((centre, start), (centre, middle + BAR_HEIGHT / 2)), head=False),
        Line(f"way[{t},from={letter}]", ((centre, middle - BAR_HEIGHT / 2), (centre, end))),
        *_bar(letter, step, centre, middle, value),
    ]


def _bar(letter: str, step: int, centre: float, middle: float, value: float) -> list[Item]:
    """Draw a gate as a bar that is as full as the gate is open, and its value: before it, or above it on the memory."""
    place = Rectangle(centre - BAR_WIDTH / 2, middle - BAR_HEIGHT / 2, BAR_WIDTH, BAR_HEIGHT)
    share = float(np.clip(np.nan_to_num(value, nan=0.0), 0, 1))
    t = f"t={step}"
    items: list[Item] = [Box(f"valve[{t},{letter}]", place, "tag", radius=3)]
    if share * BAR_WIDTH >= 1:
        full = Rectangle(place.x, place.y, share * BAR_WIDTH, BAR_HEIGHT)
        items.append(Box(f"open[{t},{letter}]", full, "gate", radius=min(3, full.width / 2), hue=letter))
    x, y, anchor = (centre, place.y - 6, "middle") if letter == "f" else (place.x - 6, middle + 4, "end")
    return [*items, Label(f"{letter}[{t}]", x, y, wording.number(value), 11.5, "ink", anchor)]


def _left_out(memory: _Memory, slot: int) -> list[Item]:
    """Say how many steps are left out, where the memory goes on."""
    left, (before, after) = memory.centre(slot - 1) + CELL_WIDTH / 2, left_out(memory.slots)[slot]
    id, centre = f"[after={before}]", left + 35
    return [
        Line(f"memory{id}", ((left, C_MIDDLE), (left + 20, C_MIDDLE)), "memory", head=False),
        Label(f"dots{id}", centre, C_MIDDLE + 5, "…", 20, face=BOLD),
        Label(f"left_out{id}", centre, C_TOP + C_TALL + 18, f"{after - before - 1} more", 12, "muted"),
        Label(f"left_out_steps{id}", centre, C_TOP + C_TALL + 35, "steps", 12, "muted"),
    ]


def _notes(memory: _Memory) -> list[str]:
    """Return what a reader must know about the marks."""
    last, where = subscript("c", memory.steps), "; its number stands where it changes" if memory.by_hand else ""
    notes = [
        f"bar: a gate, empty at 0 (closed), full at 1 (open){where}",
        f"double line: c, the memory · lowest row: the share of each candidate that is still in {last}, i·f·…·f",
    ]
    if memory.by_hand and memory.first > 1:
        notes.append(f"before step {memory.first} all gates are open: 1")
    return notes


def _sentences(memory: _Memory, title: str) -> list[str]:
    """Say in words what the picture shows."""
    names = {"candidate": "candidate c̃", "i": "input gate i", "f": "forget gate f", "c": "memory c"}
    names |= {"o": "output gate o", "h": "hidden state h"}
    parts = [f"{name} {wording.vector(memory.values[id])}" for id, name in names.items()]
    kept = wording.vector(memory.values["kept"])
    start = wording.plain_number(memory.start)
    sentences = [
        f"{title}. {_subtitle(memory)}. From c_0 = {start}, over {wording.counted(memory.steps, 'step')}:",
        f"{'; '.join(parts)}.",
        f"Share of each candidate that is still in c_{memory.steps}: {kept}.",
    ]
    if memory.by_hand and memory.first > 1:
        sentences.append(f"Before step {memory.first} all gates are open, from there on they are set by hand.")
    return sentences
