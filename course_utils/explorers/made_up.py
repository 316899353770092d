"""What an explorer says where its numbers are made up; pictures of the student's own layers do not say it."""

MADE_UP = (
    "Weights and input are made up: random, not trained. In your layer the numbers differ; shapes and counts do not."
)
"""Below the picture of a whole layer."""

MADE_UP_WEIGHTS = (
    "The weights are made up: random, not trained. In your layer the numbers differ; shapes and counts do not."
)
"""Below a picture of weights alone."""

MADE_UP_NOTE = "made-up weights and inputs"
"""In headlines and announcements."""
