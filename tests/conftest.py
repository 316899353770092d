"""What all tests share."""

import os
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from course_utils.exercises import limits
from course_utils.quiet import quiet_keras
from tests.waiting import NET

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure(config):
    """Begin with nothing trained, and with an ear for interrupts, however the tests were started.

    Lessons train in the first test that runs them, and load in the others. A shell starts what it runs in the
    background deaf to interrupts, and so would be every process of these tests.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.trained = tempfile.TemporaryDirectory(prefix="unrolled-trained-")
        os.environ["UNROLLED_TRAINED"] = config.trained.name
    let_no_clock_decide(config)


def let_no_clock_decide(config):
    """Take away every limit of time that a busy machine could reach: of exercises, of Hypothesis and of nbval."""
    limits.SECONDS = limits.PATIENCE = NET
    settings.load_profile("no clock")
    config.option.nbval_kernel_startup_timeout = NET


def pytest_collection_modifyitems(items):
    """Let the cells of lessons wait for what they show, for which nbval has five seconds and no option."""
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = NET


def pytest_unconfigure(config):
    """Delete what was trained."""
    if hasattr(config, "trained"):
        config.trained.cleanup()


@pytest.fixture(scope="session")
def keras():
    """Keras, loaded without its start-up notes."""
    return quiet_keras()
