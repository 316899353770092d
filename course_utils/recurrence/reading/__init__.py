"""Read Keras layers and models into plain specs. The only part of this room that touches Keras."""

from course_utils.recurrence.reading.inventory import read_shapes, read_weights
from course_utils.recurrence.reading.models import read, read_recurrent, read_single

__all__ = ["read", "read_recurrent", "read_shapes", "read_single", "read_weights"]
