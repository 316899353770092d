"""The benchmarks measure when the command ``benchmark`` asks for it; then a table for each group ends the run."""

from functools import partial

import pytest

from tests.benchmarks.figures import Figures, table


def pytest_addoption(parser):
    """Let the command say that it wants figures; without this word the benchmarks only run."""
    parser.addoption("--measure", action="store_true", help="measure, and print a table for each group of figures")


@pytest.fixture(scope="session")
def measuring(request) -> bool:
    """Whether figures are wanted."""
    return request.config.getoption("measure", default=False)


@pytest.fixture
def figures(measuring, record_property) -> Figures:
    """Takes what a benchmark measures; its figures travel with pytest's report."""
    return Figures(measuring, partial(record_property, "figure"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Where figures are wanted, a benchmark that leaves none has failed, skipped or not."""
    report = yield
    left_none = report.skipped or (report.when == "call" and report.passed)
    if item.config.getoption("measure", default=False) and left_none and not figures_of(report):
        why = report.longrepr[2] if report.skipped else "It measures nothing."
        report.outcome, report.longrepr = "failed", f"{item.nodeid} left no figure. {why}"
    return report


def pytest_terminal_summary(terminalreporter):
    """Print the tables; figures of a benchmark that missed its goal stand in them as well."""
    groups = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for figure in figures_of(report):
                groups.setdefault(figure.group, []).append(figure)
    for group in groups.values():
        terminalreporter.write_line(f"\n{table(group)}")


def figures_of(report) -> list:
    """Return the figures that a report brings."""
    return [value for name, value in report.user_properties if name == "figure"]
