"""Inside one step of a SimpleRNN, LSTM or GRU: every product, sum and activation, with its numbers."""

from course_utils.diagrams.cell.explored import explored_scene
from course_utils.diagrams.cell.step import cell_scene

__all__ = ["cell_scene", "explored_scene"]
