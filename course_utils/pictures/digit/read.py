"""What a network makes of one image, row by row: plain numbers, and what follows from them."""

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.grouping import fine_limit
from course_utils.drawing.layout import strongest

SMALL = 0.4  # states that stay below have a scale of their own
NOTHING = -1  # the answer where the probabilities are not numbers


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """One image that was read from its first row to its last.

    name:          what the image is called, such as "images[3]"
    pixels:        (T, F), what was read at each step
    hidden:        (T, U), the state after each step
    cell_state:    LSTM: (T, U); else None
    probabilities: (T, classes): what the network would say if the image ended there
    classes:       what each class is called
    label:         the number of the right class, from 0; None where it is not known
    layer, head:   what gives the state and what makes probabilities of it, such as "LSTM(50)" and "Dense(10)"
    layers:        how many recurrent layers there are; the state is that of the last one
    """

    name: str
    pixels: np.ndarray
    hidden: np.ndarray
    cell_state: np.ndarray | None
    probabilities: np.ndarray
    classes: tuple[str, ...]
    label: int | None
    layer: str
    head: str
    layers: int = 1

    @property
    def steps(self) -> int:
        """T: how many rows there are."""
        return len(self.pixels)

    @property
    def side(self) -> int | None:
        """Of a square image that is read pixel by pixel, how many pixels are in one line; else None."""
        steps, features = self.pixels.shape
        return isqrt(steps) if features == 1 and steps > 1 and isqrt(steps) ** 2 == steps else None

    @property
    def noun(self) -> str:
        """What is read at one step."""
        return "pixel" if self.pixels.shape[1] == 1 else "row"

    @cached_property
    def answers(self) -> np.ndarray:
        """The class with the highest probability after each step, (T,); -1 where they are not numbers."""
        known = np.isfinite(self.probabilities).all(axis=1)
        return np.where(known, np.argmax(np.where(known[:, None], self.probabilities, 0), axis=1), NOTHING)

    @property
    def last(self) -> int:
        """The answer at the end."""
        return int(self.answers[-1])

    @property
    def followed(self) -> int:
        """The class whose probability is followed: the right one; where it is not known, the last answer."""
        return self.label if self.label is not None else max(self.last, 0)

    @cached_property
    def stays(self) -> int:
        """The step from which on the answer stays what it is at the end, 1 … T."""
        return self.steps - int(np.argmin(np.append(self.answers[::-1] == self.last, False))) + 1

    @property
    def knows(self) -> int | None:
        """The step from which on the answer stays the right one; None where the last one is wrong."""
        return self.stays if self.last == self.followed else None

    def answer(self, step: int) -> str | None:
        """Return the name of the class that it says after a step; None where the numbers are none."""
        return self.named(int(self.answers[step - 1]))

    def named(self, number: int) -> str | None:
        """Return the name of a class."""
        return None if number == NOTHING else self.classes[number]

    @cached_property
    def others(self) -> np.ndarray:
        """For each step the best of all other classes than the one that is followed, (T,)."""
        rest = np.nan_to_num(np.delete(self.probabilities, self.followed, axis=1), nan=-1.0)
        best = np.argmax(rest, axis=1)
        return best + (best >= self.followed)

    @property
    def curves(self) -> tuple[np.ndarray, np.ndarray]:
        """The probability of the class that is followed, and that of the best other one, (T,) each."""
        places = np.arange(self.steps)
        return self.probabilities[:, self.followed], self.probabilities[places, self.others]

    @cached_property
    def limits(self) -> tuple[float, float, float]:
        """The values with the strongest colour: of pixels, h and c, for all steps alike."""
        memory = 1.0 if self.cell_state is None else _limit(self.cell_state)
        return fine_limit(self.pixels), _limit(self.hidden), memory


def _limit(states: np.ndarray) -> float:
    """Return the limit of a scale for states: 1 where they reach far enough to be seen on it."""
    fine = fine_limit(states)
    return fine if fine <= SMALL else strongest(states)


def percent(share: float) -> str:
    """Write a probability; a small one must not pass for none, a large one not for all.

    >>> percent(0.624), percent(0.001), percent(0.9999), percent(1.0), percent(float("nan"))
    ('62 %', '<1 %', '>99 %', '100 %', 'NaN')
    """
    if not np.isfinite(share):
        return wording.number(share)
    whole = round(100 * float(share))
    return "<1 %" if whole == 0 and share > 0 else ">99 %" if whole == 100 and share < 1 else f"{whole} %"


def percent_in_words(share: float) -> str:
    """Write a probability for running text.

    >>> percent_in_words(0.624), percent_in_words(0.001), percent_in_words(0.9999)
    ('62 %', 'less than 1 %', 'more than 99 %')
    """
    return percent(share).replace("<", "less than ").replace(">", "more than ")
