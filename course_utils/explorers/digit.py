"""explore_digit: a digit is read row by row; what is in mind after each, and when the answer is known."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import Annotated, Any

import ipywidgets
import numpy as np

from course_utils.drawing.text import printable
from course_utils.explorers.base import Explorer, View
from course_utils.explorers.cell import step_player
from course_utils.explorers.digit_classifier import Classifier, read_classifier
from course_utils.explorers.layer_settings import MOST_STEPS, code_block
from course_utils.explorers.settings import Settings, Whole, keywords_of
from course_utils.pictures import Diagram
from course_utils.pictures.digit import ReadDigit, digit_scene
from course_utils.pictures.digit.panels import over_time
from course_utils.pictures.digit.read import percent_in_words
from course_utils.recurrence.checking import as_numbers

KEPT = 8  # digits whose states are kept
SLOWEST_MS = 400  # from row to row while it plays
NEXT_WRONG, NONE_WRONG = "next wrong one", "none is wrong"
CAUTION = (
    "The Dense learnt from the last state alone. Its probabilities after earlier rows are what the model would say "
    "if the digit ended there."
)


@dataclass(frozen=True, kw_only=True)
class DigitSettings(Settings):
    """A digit and a row of it."""

    index: Annotated[int, Whole(0, label="digit"), "the image it starts with, ``images[index]``"] = 0
    step: Annotated[int, Whole(1, label="row t"), "the row it starts with, 1 … T; without it the one in the middle"]


@keywords_of(DigitSettings)
def explore_digit(
    model: Any,
    images: Any,
    labels: Any = None,
    *,
    step: int | None = None,
    classes: Sequence[Any] | None = None,
    hide: Collection[str] = (),
    **start: object,
) -> Explorer[DigitSettings]:
    """Return controls for a digit and a row of it, with what a trained model would say after that row.

    The Dense was trained on the last state only: the probabilities after earlier rows are what the model would say
    if the digit ended there. The model is read once, here; moving a control runs no Keras. What is no classifier of
    sequences is refused in one sentence, too, as TypeError where it is no model.

    Parameters
    ----------
    model : Any
        a Keras model of recurrent layers and then Dense with softmax (or without: logits)
    images : Any
        (samples, T, F), the rows of each image in order, such as (10000, 28, 28); (samples, 784, 1) for pixels one by
        one
    labels : Any
        the right class of each, (samples,), whole numbers from 0; None where they are not known
    classes : Sequence[Any] | None
        what each class is called; without it 0, 1, 2 …
    {settings}

    Examples
    --------
    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> layers = [keras.Input((8, 4)), keras.layers.LSTM(5), keras.layers.Dense(3, activation="softmax")]
    >>> explorer = explore_digit(keras.Sequential(layers), np.ones((2, 8, 4), "float32"), [0, 2])
    >>> explorer.set(index=1, step=8)
    >>> explorer.diagram.scene.title
    'When does it know? images[1] after row 8 of 8'
    """
    images = _checked_images(images)
    classifier = read_classifier(model, images[:1])
    labels = _checked_labels(labels, len(images), classifier.classes)
    names = _checked_classes(classes, classifier.classes)
    rows, in_a_row = images.shape[1:]

    @lru_cache(maxsize=KEPT)
    def read(index: int) -> ReadDigit:
        label = None if labels is None else int(labels[index])
        return read_digit(classifier, images[index], f"images[{index}]", names, label)

    def row(controls: Mapping[str, ipywidgets.Widget]) -> list[ipywidgets.Widget]:
        asked = labels is not None and "index" not in hide
        wrong = [_next_wrong(controls["index"], classifier, images, labels)] if asked else []
        player = [] if "step" in hide or rows == 1 else [_rows_player(controls["step"])]
        return [controls["index"], *wrong, controls["step"], *player]  # each button beside the slider that it moves

    first = DigitSettings.of(start, step=(rows + 1) // 2 if step is None else step)
    reach = first.reaching(index=len(images) - 1, step=rows)
    if in_a_row == 1:
        reach["step"] = replace(reach["step"], label="pixel t")
    return Explorer(
        first,
        lambda now, _before: view(classifier, read(now.index), now),
        reach=reach,
        hide=hide,
        check=lambda now: classifier.check(np.asarray(images[now.index, None], np.float32)),
        row=row,
    )


def read_digit(
    classifier: Classifier, image: np.ndarray, name: str, classes: tuple[str, ...], label: int | None
) -> ReadDigit:
    """Run one image, (T, F), once, and keep its states and what they say."""
    x = np.asarray(image, np.float32)
    shares, hidden, cell_state = classifier.every_row(x)
    words = classifier.layer_words, classifier.head_words, classifier.recurrent_layers
    return ReadDigit(name, x, hidden, cell_state, shares, classes, label, *words)


def view(classifier: Classifier, read: ReadDigit, now: DigitSettings) -> View:
    """Return the picture of a digit after a row, what the model says there, and the Keras code."""
    said = headline(read, now.step)
    first, _stop, rest = said.partition(". ")
    code = code_block(classifier.code(read.pixels.shape, now.index, now.step))
    notes = f"<small>{CAUTION} In Keras, with <code>model</code> and <code>images</code> as given:</small>{code}"
    words = f"<b>{escape(first, quote=False)}.</b> {escape(rest, quote=False)}"
    return View(words, Diagram(digit_scene(read, now.step)), notes, f"{read.name}: {said}")


def headline(read: ReadDigit, step: int) -> str:
    """Say what the model says after a row, what is right, and from where on it is sure."""
    answer, right = read.answer(step), None if read.label is None else printable(read.classes[read.label])
    after = f"After {read.noun} {step} of {read.steps} it"
    if answer is None:
        return f"{after} gives no answer: the probabilities are not numbers. {over_time(read)}"
    share = percent_in_words(read.probabilities[step - 1, read.answers[step - 1]])
    truth = (
        ""
        if right is None
        else ", which is the label"
        if read.answers[step - 1] == read.label
        else f"; the label is {right}"
    )
    return f"{after} says {printable(answer)} with {share}{truth}. {over_time(read)}"


def _rows_player(rows: ipywidgets.IntSlider) -> ipywidgets.Play:
    """Return play, pause and back buttons for the rows."""
    player = step_player(rows)
    player.interval = min(player.interval, SLOWEST_MS)
    return player


def _next_wrong(
    digits: ipywidgets.IntSlider, classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> ipywidgets.Button:
    """Return a button to the next digit whose last answer is wrong; after the last one it begins anew."""
    button = ipywidgets.Button(description=NEXT_WRONG, icon="forward", layout={"width": "auto"})
    button.disabled = len(images) == 1

    def go(_button: object) -> None:
        start = digits.value + 1
        for begin, stop in ((start, len(images)), (0, start)):
            for place, answer in classifier.answers(images[begin:stop]):
                if answer != labels[begin + place]:
                    digits.value = begin + place
                    return
        button.description, button.disabled = NONE_WRONG, True

    button.on_click(go)
    return button


def _checked_images(images: Any) -> np.ndarray:
    expected = "images must be an array of shape (samples, rows, pixels in a row)"
    array = as_numbers(images, expected)
    if array.ndim != 3:
        slips = {
            2: "for one image pass images[None], for pixels one by one images[..., None]",
            4: "take the axis of the channel away, images[..., 0]",
        }
        slip = slips.get(array.ndim, "it needs three axes")
        raise ValueError(f"{expected}, but it has shape {array.shape}: {slip}.")
    if 0 in array.shape or array.shape[1] > MOST_STEPS:
        raise ValueError(f"{expected} with 1 to {MOST_STEPS} rows, but it has shape {array.shape}.")
    return array


def _checked_labels(labels: Any, samples: int, classes: int) -> np.ndarray | None:
    if labels is None:
        return None
    expected = f"labels must hold one whole number from 0 to {classes - 1} for each of the {samples} images"
    array = as_numbers(labels, expected)
    if array.shape == (samples, classes):
        raise ValueError(f"{expected}, but it has shape {array.shape}: pass np.argmax(labels, axis=-1).")
    if array.shape != (samples,):
        raise ValueError(f"{expected}, but it has shape {array.shape}: do labels and images belong together?")
    wrong = array[(array != np.round(array)) | (array < 0) | (array >= classes)]
    if len(wrong):
        raise ValueError(f"{expected}, but it holds {wrong[0]}: are these the labels that the model was trained on?")
    return array


def _checked_classes(classes: Sequence[Any] | None, count: int) -> tuple[str, ...]:
    names = tuple(map(str, range(count))) if classes is None else tuple(map(str, classes))
    if len(names) != count or isinstance(classes, str) or not all(name.strip() for name in names):
        raise ValueError(
            f"classes must hold {count} names, one for each unit of the last Dense, but it is {classes!r}."
        )
    return names
