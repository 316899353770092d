"""The figures that benchmarks measure, and the table of each group.

A benchmark takes the fixture ``figures`` and says what each way came to. Among other tests the benchmarks only
show that they run: every call is made once, and no figure is kept.
"""

import math
import statistics
import timeit
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Figure:
    """What one way came to, in every round.

    group: what was measured, the heading of its table
    way:   how it was done, a row of the table
    unit:  of the values: "ms", "MiB", "%"
    ours:  whether it is the course's own way; the others of its group are compared with the first of these
    """

    group: str
    way: str
    values: tuple[float, ...]
    unit: str
    ours: bool

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Figures:
    """Takes the figures of one benchmark. measuring: False among other tests; keep: what is done with a figure."""

    measuring: bool
    keep: Callable[[Figure], None]

    def rounds(self, count: int) -> int:
        """Return how often to do what is measured: ``count`` times, or once among other tests."""
        return count if self.measuring else 1

    def add(self, group: str, way: str, values: Iterable[float], unit: str = "ms", *, ours: bool = False) -> None:
        """Keep a figure. Without a value, or with one that is not above 0, the benchmark fails with a sentence."""
        figure = Figure(group, way, tuple(values), unit, ours)
        if not self.measuring:
            return
        wrong = [value for value in figure.values if not 0 < value < math.inf]
        if wrong or not figure.values:
            came_to = f"came to {wrong[0]:g} {unit}" if wrong else "came to nothing"
            pytest.fail(f"{group}: {way} {came_to}. A figure must be above 0.", pytrace=False)
        self.keep(figure)

    def time(self, group: str, way: str, call: Callable[[], object], rounds: int, *, ours: bool = False) -> None:
        """Call once to warm up, then ``rounds`` times; keep the milliseconds of each."""
        call()
        if self.measuring:
            seconds = timeit.repeat(call, number=1, repeat=rounds)
            self.add(group, way, [1000 * one for one in seconds], ours=ours)


def table(figures: Sequence[Figure]) -> str:
    """Return the table of one group: a row for each way, with its ratio to ours, or to the first if none is ours."""
    yardstick = next((figure for figure in figures if figure.ours), figures[0])
    rows = [("", "median", "smallest", "largest", "rounds", "ratio")]
    for figure in figures:
        way = f"ours: {figure.way}" if figure.ours else figure.way
        values = (figure.median, min(figure.values), max(figure.values))
        cells = (f"{in_digits(value, 4)} {figure.unit}" for value in values)
        words = "as long" if figure.unit == "ms" else "as much"
        ratio = "1" if figure is yardstick else f"{in_digits(figure.median / yardstick.median, 3)} × {words}"
        rows.append((way, *cells, str(len(figure.values)), ratio))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join((first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))))
        for first, *rest in rows
    ]
    return "\n".join(line.rstrip() for line in (figures[0].group, *(f"  {line}" for line in lines)))


def in_digits(value: float, digits: int) -> str:
    """Write a value above 0 with so many significant digits; what stands before the point stays whole.

    >>> in_digits(0.012345, 3), in_digits(1.0, 3), in_digits(12345.6, 3)
    ('0.0123', '1.00', '12,346')
    """
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(value)))}f}"
