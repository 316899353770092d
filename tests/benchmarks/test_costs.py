"""What things cost, side by side in one run; nothing passes or fails by time: ``python -m course_utils benchmark``."""

import subprocess
import sys

import pytest

from course_utils.diagrams import Diagram
from course_utils.diagrams.unrolled import unrolled_scene
from course_utils.environment import ROOT
from course_utils.recurrence import random_input, random_spec, run

SIZES = [(3, 4, 2), (10, 32, 8), (28, 50, 28)]


@pytest.mark.benchmark(group="import, beside a bare Python")
@pytest.mark.parametrize("code", ["pass", "import course_utils"])
def test_import(benchmark, code):
    benchmark.pedantic(subprocess.run, ([sys.executable, "-c", code],), {"check": True, "cwd": ROOT}, rounds=15)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_picture(benchmark, size, kind):
    steps, units, features = size
    benchmark.group = f"picture of T, U, F = {size}, trace ready"
    spec = random_spec("SimpleRNN", units=units, features=features, return_sequences=True)
    trace = run(spec, random_input(steps, features))

    def draw() -> object:
        diagram = Diagram(unrolled_scene(spec, trace, steps=steps))
        return diagram.to_svg() if kind == "svg" else diagram.to_png()

    benchmark(draw)
