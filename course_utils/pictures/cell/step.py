"""One step of a SimpleRNN, LSTM or GRU as a picture of its own."""

from course_utils.drawing.layout import compose
from course_utils.drawing.scene import Item, Scene
from course_utils.pictures.cell.any_kind import any_description, any_items
from course_utils.pictures.cell.gru import gru_description, gru_items
from course_utils.pictures.cell.lstm import lstm_description, lstm_items
from course_utils.pictures.cell.made_of import linked
from course_utils.pictures.cell.moment import Moment, light, limit_of
from course_utils.pictures.cell.simple_rnn import simple_description, simple_items
from course_utils.pictures.cell.skipped import skipped_description, skipped_items
from course_utils.recurrence import CellTrace, RecurrentTrace

HAND_PLACED = {
    "SimpleRNN": (simple_items, simple_description),
    "LSTM": (lstm_items, lstm_description),
    "GRU": (gru_items, gru_description),
}


def cell_scene(trace: RecurrentTrace, *, step: int, sample: int = 0, unit: int | None = None) -> Scene:
    """Lay out one step of a SimpleRNN, LSTM or GRU.

    trace:  the layer's values on an input
    step:   which step, 1 … T, in order of processing
    sample: which of the batch, from 0
    unit:   the unit to point at, 1 … U: its column in W and R, its cell in each row of units

    Raises TypeError for the trace of a user's own cell.
    """
    now = moment(trace, step, sample)
    items, description = drawn(now)
    lights = [] if unit is None else light(items, unit)
    return compose(now.title, description, [*linked(now, items), *lights], limit_of(items))


def moment(trace: RecurrentTrace, step: int, sample: int) -> Moment:
    """Return the numbers of one step. Raises TypeError for the trace of a user's own cell."""
    if not isinstance(trace, CellTrace):
        raise TypeError(
            f"trace must be that of a SimpleRNN, LSTM or GRU, but {trace.spec.name!r} is a cell of your own "
            f"({trace.spec.kind}): what happens inside is known to your code alone."
        )
    return Moment(trace, step, sample)


def drawn(now: Moment) -> tuple[list[Item], str]:
    """Return what is drawn of a step, and the step in words."""
    if now.skipped:
        return skipped_items(now), skipped_description(now)
    draw, describe = HAND_PLACED.get(now.spec.kind, (any_items, any_description))
    return draw(now), describe(now)
