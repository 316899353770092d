"""The folded picture in words: its title, what is to be seen, its notes, its description."""

import re
from collections.abc import Sequence

from course_utils.drawing import wording
from course_utils.drawing.text import SANS, printable, shortened
from course_utils.pictures.rolled.chain import Chain, Face, Rung, shape_text
from course_utils.recurrence.graphs import Graph

SPOKEN = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜ₊₋", "0123456789t+-")


def title(chain: Chain, graph: Graph) -> str:
    """Name the layers, and say that they are folded; the other common word for it stands beside."""
    short = len(graph.calls) <= 2 and not chain.beside
    named = " → ".join(call.summary for call in graph.calls) if short else f"A {graph.kind} model"
    return f"{named}, folded (rolled up)"


def subtitles(chain: Chain) -> list[str]:
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


def notes(chain: Chain) -> list[str]:
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


def beside(chain: Chain) -> str:
    """Name what is left out."""
    names = ", ".join(chain.beside[:3]) + (", …" if len(chain.beside) > 3 else "")
    text = f"not drawn, beside this chain: {wording.counted(len(chain.beside), 'layer')} ({names})"
    return shortened(printable(text), 12, 700, SANS)


def sentences(chain: Chain, graph: Graph, shown: Sequence[Rung | None]) -> list[str]:
    """Say the chain in words, from below."""
    entering = "" if chain.entering is None else f", {shape_text(chain.entering)}"
    said = [
        f"{title(chain, graph)}: {'; '.join(subtitles(chain))}.",
        f"Input: {'x_t at every step' if chain.sequence else 'x'}{entering}.",
    ]
    hidden = len(chain.rungs) - sum(rung is not None for rung in shown)
    said += [_in_words(rung) if rung else f"… {hidden} more layers …" for rung in shown]
    if chain.beside:
        said.append(f"N{beside(chain)[1:]}.")
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
