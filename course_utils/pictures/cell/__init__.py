"""Inside one step of a SimpleRNN, LSTM or GRU: every product, sum and activation, with its numbers."""

from course_utils.pictures.cell.step import cell_scene
from course_utils.pictures.cell.with_weights import explored_scene

__all__ = ["cell_scene", "explored_scene"]
