"""One step of a SimpleRNN, LSTM or GRU as a picture of its own."""

from dataclasses import replace

from course_utils.drawing.picture import Picture
from course_utils.drawing.scene import Scene
from course_utils.pictures.cell.any_kind import any_picture
from course_utils.pictures.cell.gru import gru_picture
from course_utils.pictures.cell.lstm import lstm_picture
from course_utils.pictures.cell.made_of import linked
from course_utils.pictures.cell.moment import Moment, light
from course_utils.pictures.cell.simple_rnn import simple_picture
from course_utils.pictures.cell.skipped import skipped_picture
from course_utils.recurrence import CellTrace, RecurrentTrace

HAND_PLACED = {"SimpleRNN": simple_picture, "LSTM": lstm_picture, "GRU": gru_picture}


def cell_scene(trace: RecurrentTrace, *, step: int, sample: int = 0, unit: int | None = None) -> Scene:
    """Lay out one step of a SimpleRNN, LSTM or GRU.

    trace:  the layer's values on an input
    step:   which step, 1 … T, in order of processing
    sample: which of the batch, from 0
    unit:   the unit to point at, 1 … U: its column in W and R, its cell in each row of units

    Raises TypeError for the trace of a user's own cell.
    """
    now = moment(trace, step, sample)
    picture = picture_of(now)
    lights = [] if unit is None else light(picture.body, unit)
    return replace(picture, body=linked(now, picture.body), over=lights).scene


def moment(trace: RecurrentTrace, step: int, sample: int) -> Moment:
    """Return the numbers of one step. Raises TypeError for the trace of a user's own cell."""
    if not isinstance(trace, CellTrace):
        raise TypeError(
            f"trace must be that of a SimpleRNN, LSTM or GRU, but {trace.spec.name!r} is a cell of your own "
            f"({trace.spec.kind}): what happens inside is known to your code alone."
        )
    return Moment(trace, step, sample)


def picture_of(now: Moment) -> Picture:
    """Return the picture of a step, without what made its numbers."""
    draw = skipped_picture if now.skipped else HAND_PLACED.get(now.spec.kind, any_picture)
    return draw(now)
