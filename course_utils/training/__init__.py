"""Train a model where everyone can watch, stop it when it is enough, and keep what was trained.

Loading this room loads Keras; ``import course_utils`` alone does not load this room.
"""

from course_utils.training.cached import Trained, train_or_load
from course_utils.training.live import LiveTraining

__all__ = ["LiveTraining", "Trained", "train_or_load"]
