"""Words become vectors, one column of numbers for each time-step."""

from collections.abc import Sequence

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import groups
from course_utils.drawing.layout import (
    CELL_WIDTH,
    FIRST,
    LAST,
    MARGIN,
    arrow,
    block,
    column,
    shown_steps,
    strongest,
)
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.refs import Ref
from course_utils.drawing.scene import Box, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, printable, shortened, subscript, text_width

TOP, WORD_HEIGHT, RISE = 112, 34, 60
WIDEST_WORD = 180
MOST_DRAWN = 64  # rows and columns of the array
SUBTITLE = "each word is one time-step; each of its numbers is one feature"
ROWS = "row t is xₜ, laid on its side"
NUMBERS = "each word needs its numbers: chosen by hand or learned by an Embedding"


def words_scene(words: Sequence[str], vectors: np.ndarray) -> Scene:
    """Lay out a sentence as steps: each word, its numbers, and the whole as one array.

    words:   T of them
    vectors: (T, F), row t - 1 for the word of step t
    """
    shown = [shortened(printable(word), 15, WIDEST_WORD, BOLD) for word in words]
    stride = max(CELL_WIDTH + 40, *(text_width(word, 15, BOLD) + 52 for word in shown))
    items: list[Item] = [Label("numbers_note", MARGIN, 83, NUMBERS, 13, "muted", "start")]
    slots = shown_steps(len(words))
    for slot, step in enumerate(slots):
        centre = MARGIN + stride * (slot + 0.5)
        if step is None:
            items.append(Label("left_out", centre, TOP + 22, "…", 15))
        else:
            items += _word(step, shown[step - 1], vectors[step - 1], centre, stride - 24)
    items += _array(vectors, MARGIN + stride * len(slots) + 30)
    below = max(item.place.bottom for item in items)
    steps, features = vectors.shape
    count = wording.counted
    title = f"{count(steps, 'word')} as {count(steps, 'step')} of {count(features, 'feature')}"
    said = [f"{title}, an array of shape {vectors.shape}: row t is x_t."]
    said += [
        f"Step {step}: “{printable(words[step - 1])}” becomes x_{step} = {wording.vector(vectors[step - 1])}."
        if step
        else f"… {steps - FIRST - LAST} more steps …"
        for step in slots
    ]
    return Picture(title, SUBTITLE, items, said, Legend(below + 28), strongest(vectors)).scene


def _word(step: int, word: str, values: np.ndarray, centre: float, width: float) -> list[Item]:
    """Draw one word, an arrow, its column of numbers and its name as an input."""
    top = TOP + WORD_HEIGHT + RISE
    cells = column(Ref("x", t=step), centre, top, values, len(values), "f")
    bottom = cells.place.bottom
    return [
        Box(f"word[t={step}]", Rectangle(centre - width / 2, TOP, width, WORD_HEIGHT), radius=8),
        Label(f"word_text[t={step}]", centre, TOP + 22, word, 15, face=BOLD),
        arrow(f"arrow[word,t={step}]", (centre, TOP + WORD_HEIGHT + 4), (centre, top - 4)),
        cells,
        Label(f"name[x,t={step}]", centre, bottom + 20, subscript("x", step), 15),
        Label(f"caption[x,t={step}]", centre, bottom + 40, f"step {step}", 12, "muted"),
    ]


def _array(vectors: np.ndarray, left: float) -> list[Item]:
    """Draw the same numbers as the array that goes into the layer: row t is x_t, laid on its side."""
    steps, features = vectors.shape
    top = TOP + WORD_HEIGHT + RISE
    every = [groups(size, MOST_DRAWN) for size in vectors.shape]
    axes = ("t", "f") if every == [1, 1] else ("t_group", "f_group")
    cells = block(Ref("array"), left + 62, top, vectors[:: every[0], :: every[1]], axes)
    named = range(steps if every == [1, 1] and cells.cell_size[1] >= 14 else 0)
    middles = [cells.cell_place(t, 0).centre[1] + 4 for t in named]
    rows = [
        Label(f"row[t={t}]", left + 54, y, subscript("x", t), 14, anchor="end") for t, y in enumerate(middles, start=1)
    ]
    names = [f"f = {feature + 1}" for feature in range(features)]
    fits = every == [1, 1] and all(text_width(name, 11) + 6 <= cells.cell_size[0] for name in names)
    columns = [
        Label(f"column[{name}]", cells.cell_place(0, feature).centre[0], top - 8, name, 11, "muted")
        for feature, name in enumerate(names if fits else [])
    ]
    shape = f"shape ({steps}, {features})"
    note = ROWS if every == [1, 1] else f"one row in {every[0]}, one column in {every[1]} is drawn"
    return [
        cells,
        *rows,
        *columns,
        Label("array_name", left + 62, top - 46, "the same as an array", 13, anchor="start"),
        Label("array_shape", left + 62, top - 27, shape, 12.5, anchor="start", face=MONO),
        Label("array_axes", left + 62, cells.place.bottom + 20, "(time-steps, features)", 12, "muted", "start"),
        Label("array_rows", left + 62, cells.place.bottom + 40, note, 12, "muted", "start"),
    ]
