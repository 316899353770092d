"""What all tests share."""

import pytest

from course_utils.quiet import quiet_keras


@pytest.fixture(scope="session")
def keras():
    """Keras, loaded without its start-up notes."""
    return quiet_keras()
