"""What the command ``benchmark`` prints, and when it ends with an error: the real command on tiny benchmarks."""

import re
import shutil

import pytest

from tests.benchmarks.figures import Figure, table
from tests.unit.checkouts import ROOT, course, make_twin, offline

pytestmark = pytest.mark.slow

BENCHMARKS = """
import time
import pytest

def test_two_ways(figures):
    figures.time("wait", "a short sleep", lambda: time.sleep(0.002), 5, ours=True)
    figures.add("wait", "a long sleep", [11.0, 12.5, 14.0])

def test_memory(figures):
    figures.add("memory", "a thousand moves add", [0.25], "MiB")

@pytest.mark.parametrize("value", [0.0, float("nan"), -1.0, float("inf")])
def test_wrong(figures, value):
    figures.add("clock", "one that stands", [1.0, value])

def test_empty(figures):
    figures.add("clock", "one that is not there", [])

def test_silent(figures):
    print("median 3.4 ms")

def test_skipped(figures):
    pytest.skip("There is no dot.")

def test_goal(figures):
    figures.add("accuracy", "a recipe", [0.97], "")
    assert 0.97 > 0.98
"""


@pytest.fixture(scope="module")
def benchmark_command(tmp_path_factory):
    """Return a function that runs the command in a checkout with the benchmarks above; it gives (status, output)."""
    folder = tmp_path_factory.mktemp("measured")
    twin = make_twin(folder / "my course")
    places = ROOT / "tests" / "benchmarks", twin.root / "tests" / "benchmarks"
    places[1].mkdir()
    for name in ("conftest.py", "figures.py"):
        shutil.copy(places[0] / name, places[1])
    (places[1] / "test_tiny.py").write_text(BENCHMARKS)

    def run(chosen):
        done = course(twin, "benchmark", "-k", chosen, env=offline(folder / "home", None))
        return done.returncode, done.stdout + done.stderr

    return run


def test_both_ways_stand_in_ms_beside_their_ratio(benchmark_command):
    status, said = benchmark_command("two_ways or memory")
    assert status == 0, said
    ours = re.search(r"^  ours: a short sleep +([\d.]+) ms +([\d.]+) ms +([\d.]+) ms +5 +1$", said, re.MULTILINE)
    median, smallest, largest = map(float, ours.groups())
    assert 2 <= smallest <= median <= largest
    theirs = re.search(r"^  a long sleep +12\.50 ms +11\.00 ms +14\.00 ms +3 +([\d.]+) × as long$", said, re.MULTILINE)
    assert float(theirs[1]) == pytest.approx(12.5 / median, rel=0.01)
    assert re.search(r"^memory\n +median .*\n  a thousand moves add +0\.2500 MiB .* 1 +1$", said, re.MULTILINE)


WITHOUT = [
    *(f"clock: one that stands came to {value} ms" for value in ("0", "nan", "-1", "inf")),
    "clock: one that is not there came to nothing",
    "tests/benchmarks/test_tiny.py::test_silent left no figure. It measures nothing.",
    "tests/benchmarks/test_tiny.py::test_skipped left no figure. Skipped: There is no dot.",
]


def test_a_benchmark_without_a_figure_is_an_error(benchmark_command):
    status, said = benchmark_command("wrong or empty or silent or skipped")
    assert status == 1
    assert f"\n{len(WITHOUT)} failed" in said
    assert "passed" not in said
    for sentence in WITHOUT:
        assert f"\n{sentence}" in said
    assert "smallest" not in said


def test_figures_of_a_benchmark_that_missed_its_goal_are_printed(benchmark_command):
    status, said = benchmark_command("goal")
    assert status == 1
    assert re.search(r"^accuracy\n +median .*\n  a recipe +0\.9700 ", said, re.MULTILINE)


def test_no_benchmark_chosen_is_an_error(benchmark_command):
    assert benchmark_command("nothing_of_this_name")[0] == 5


def test_table_compares_with_ours_wherever_it_stands_else_with_the_first():
    others = [Figure("import", way, (median,), "ms", False) for way, median in (("a", 4.0), ("b", 12_345.6))]
    ours = Figure("import", "c", (8.0,), "ms", True)
    assert ratios([*others, ours]) == ["0.500 × as long", "1,543 × as long", "1"]
    assert ratios(others) == ["1", "3,086 × as long"]
    assert "12,346 ms" in table(others)
    assert ratios([Figure("memory", way, (median,), "MiB", True) for way, median in (("a", 2.0), ("b", 3.0))]) == [
        "1",
        "1.50 × as much",
    ]


def ratios(figures):
    """Return what the table says at the end of each line."""
    return [re.search(r" 1 +(\S.*)$", line)[1] for line in table(figures).splitlines()[2:]]
