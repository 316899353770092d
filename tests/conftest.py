"""What all tests share."""

import os
import signal
import tempfile

import pytest

from course_utils.commands import another_processor
from course_utils.quiet import quiet_keras


def pytest_configure(config):
    """Begin with nothing trained, and with an ear for interrupts, however the tests were started.

    Lessons train in the first test that runs them, and load in the others. A shell starts what it runs in the
    background deaf to interrupts, and so would be every process of these tests. With UNROLLED_ANOTHER_PROCESSOR=SEED
    results round as on another processor.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.trained = tempfile.TemporaryDirectory(prefix="unrolled-trained-")
        os.environ["UNROLLED_TRAINED"] = config.trained.name
    if another_processor.VARIABLE in os.environ:
        another_processor.switch_on(int(os.environ[another_processor.VARIABLE]))


def pytest_unconfigure(config):
    """Delete what was trained."""
    if hasattr(config, "trained"):
        config.trained.cleanup()


@pytest.fixture(scope="session")
def keras():
    """Keras, loaded without its start-up notes."""
    return quiet_keras()
