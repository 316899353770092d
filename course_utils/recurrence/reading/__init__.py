"""Read Keras layers and models into plain data. The only part of this room that touches Keras."""

from course_utils.recurrence.reading.models import read, read_recurrent, read_recurrent_model, read_single

__all__ = ["read", "read_recurrent", "read_recurrent_model", "read_single"]
