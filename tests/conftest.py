"""What all tests share."""

import collections
import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from course_utils.commands import another_processor
from course_utils.exercises import limits
from course_utils.quiet import quiet_keras
from tests.unit.cases import QUICK
from tests.waiting import NET

# The same cases in each run, so that a run fails by what was changed; UNROLLED_LONG looks for new ones.
settings.register_profile(
    "no clock",
    deadline=None,
    derandomize="UNROLLED_LONG" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
    # With UNROLLED_FEW it only matters that a case fails, not which is the simplest that does.
    phases=[phase for phase in Phase if phase not in (Phase.shrink, Phase.explain) or "UNROLLED_FEW" not in os.environ],
)

SAMPLE = 12  # of so many cases of one test a quick run takes one
SEED = 1  # of the roundings of the kernels in which nbval runs the lessons


def pytest_configure(config):
    """Begin with nothing trained, and with an ear for interrupts, however the tests were started.

    Lessons train in the first test that runs them, and load in the others. A shell starts what it runs in the
    background deaf to interrupts, and so would be every process of these tests. With UNROLLED_ANOTHER_PROCESSOR=SEED
    results round as on another processor in the processes of the tests too.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.unrolled = contextlib.ExitStack()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        trained = config.unrolled.enter_context(tempfile.TemporaryDirectory(prefix="unrolled-trained-"))
        os.environ["UNROLLED_TRAINED"] = trained
    if config.getoption("quick"):
        os.environ[QUICK] = "on"
    let_no_clock_decide()
    config.pluginmanager.register(Kernels(config.unrolled.enter_context(another_processor.start_up(SEED))))
    if another_processor.VARIABLE in os.environ:
        another_processor.switch_on(int(os.environ[another_processor.VARIABLE]))


def let_no_clock_decide():
    """Take away every limit of time that a busy machine could reach: of exercises and of Hypothesis."""
    limits.SECONDS = limits.PATIENCE = NET
    settings.load_profile("no clock")


def pytest_addoption(parser):
    """Let ``python -m course_utils test --quick`` ask for a sample."""
    parser.addoption("--quick", action="store_true", help="no processes, kernels or browser; few of the many cases")


def pytest_collection_modifyitems(config, items):
    """Let the cells of lessons wait for what they show, for which nbval has five seconds and no option.

    A quick run takes the first case of a test with many, and one in SAMPLE after it; of cases made up, see ``some``.
    """
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = NET
    if config.getoption("quick"):
        place = collections.Counter()
        chosen = []
        for item in items:
            name = item.nodeid.partition("[")[0]
            if not item.get_closest_marker("slow") and place[name] % SAMPLE == 0:
                chosen.append(item)
            place[name] += 1
        items[:] = chosen


def pytest_unconfigure(config):
    """Delete what was trained."""
    config.unrolled.close()


class Kernels:
    """Lets nbval run the lessons as on another processor; what they train there is loaded by the other tests.

    What they print here without that is compared by ``test_running_it_again_changes_nothing``, to the letter.
    """

    def __init__(self, environment: dict[str, str]):
        self.environment = environment | {"UNROLLED_TRAINED": os.environ["UNROLLED_TRAINED"]}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Start the kernel of a lesson, which is part of setting up its first cell, with other roundings."""
        with pytest.MonkeyPatch.context() as patch:
            if item.path.suffix == ".ipynb":
                for name, value in self.environment.items():
                    patch.setenv(name, value)
            return (yield)


@pytest.fixture(scope="session")
def keras():
    """Keras, loaded without its start-up notes."""
    return quiet_keras()
