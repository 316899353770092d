"""From a key on a slider to the changed picture on the screen, in a real JupyterLab, beside other ways.

Ours; ``ipywidgets.interactive`` around a plain pyplot drawing; one matplotlib figure drawn again and again into an
Image widget. All show the same scene. Also: how long hovering takes, whether quick keys end in the right
picture, and what a thousand moves leave in the kernel.
"""

import os
import time

import pytest

from course_utils.setup.environment import ROOT

pytest.importorskip("playwright")

from tests.browser.conftest import browser, lab  # noqa: F401 (fixtures)
from tests.browser.pages import open_notebook, run_all, write_notebook

alone = "PYTEST_XDIST_WORKER" not in os.environ  # beside other tests nothing can be measured
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not alone, reason="measured alone: python -m course_utils benchmark"),
]

SIZES = [(3, 4, 2), (10, 32, 8), (28, 50, 28)]
KEYS = 20
HOVERED = 20  # moves that share a figure: the browser's clock ticks only every 0.1 ms
HEAD = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
SCENE = """
from course_utils.pictures.unrolled import plan_trace, unrolled_scene
from course_utils.recurrence import random_input, random_spec, run

def scene_of(units, steps, features):
    spec = random_spec("SimpleRNN", units=units, features=features, return_sequences=True)
    return unrolled_scene(plan_trace(run(spec, random_input(steps, features))))
"""
OURS = """
import course_utils
course_utils.explore_unrolling(units={U}, features={F}, steps={T}, return_sequences=True,
                               most_units=64, most_features=64, most_steps=784)
"""
INTERACTIVE = """
import ipywidgets
from matplotlib import pyplot as plt
from tests.benchmarks.test_pictures import plain_figure

def draw(units):
    plain_figure(scene_of(units, {T}, {F}))
    plt.show()

ipywidgets.interactive(draw, units=ipywidgets.IntSlider({U}, 1, 64))
"""
REUSED = """
import io
import ipywidgets
from matplotlib.figure import Figure
from course_utils.drawing.figure import draw_on
from course_utils.drawing.theme import LIGHT

def reused():
    figure, image = Figure(figsize=(10, 6)), ipywidgets.Image()
    slider = ipywidgets.IntSlider({U}, 1, 64, description="units")

    def draw(_change=None):
        figure.clear()
        draw_on(figure.add_axes((0, 0, 1, 1)), scene_of(slider.value, {T}, {F}), LIGHT)
        stream = io.BytesIO()
        figure.savefig(stream, format="png")
        image.value = stream.getvalue()

    slider.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([slider, image])

reused()
"""
WAYS = {"explore_unrolling": OURS, "interactive with pyplot": INTERACTIVE, "a reused figure in an Image": REUSED}
PRESS = """
async ([index, key]) => {
  const area = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[index];
  const handle = [...area.querySelectorAll("[role=slider]")].find((one) => one.closest(".widget-slider"));
  const shown = () => {
    const picture = area.querySelector("svg[role=img]") ?? area.querySelector("img");
    return picture?.tagName === "IMG" ? picture.complete && picture.naturalWidth && picture.src : picture;
  };
  const before = shown();
  const start = performance.now();
  handle.focus();
  handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  await new Promise((done, fail) => {
    const look = () => { const now = shown(); if (now && now !== before) done(); };
    const watcher = new MutationObserver(look);
    watcher.observe(area, { childList: true, subtree: true, attributes: true });
    area.addEventListener("load", look, true);
    setTimeout(() => fail(new Error("the picture did not change")), 10000);
  });
  // A frame is painted after its animation callbacks and before the next task.
  await new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
  }));
  return performance.now() - start;
}
"""
HOVER = """
async ([index, times]) => {
  const area = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[index];
  const svg = area.querySelector("svg[role=img]");
  const blocks = [...svg.querySelectorAll("rect[data-made-of]")];
  const each = [];
  for (let n = 0; n < times; n++) {
    const place = blocks[n % blocks.length].getBoundingClientRect();
    const start = performance.now();
    svg.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: place.x + place.width / 2,
                                                        clientY: place.y + place.height * ((n % 7) + 0.5) / 7 }));
    if (!svg.querySelector("g[data-lit]")) throw new Error("nothing is lit");
    each.push(performance.now() - start);
  }
  return each;
}
"""
TITLED = """
([index, units]) => {
  const title = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[index].querySelector("svg[role=img] title");
  return new RegExp(`\\\\(${units}[,)]`).test(title?.textContent);
}
"""


@pytest.fixture(scope="module")
def page(browser, lab):  # noqa: F811
    """Return a page with every way at every size."""
    cells = [f"{HEAD}\n{SCENE}"]
    cells += [way.format(T=T, U=U, F=F) for T, U, F in SIZES for way in WAYS.values()]
    write_notebook(lab, "latency", cells)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    open_notebook(page, lab, "latency")
    run_all(page)
    yield page
    page.close()


def place_of(size, way):
    """Return which of the cells it is."""
    return 1 + SIZES.index(size) * len(WAYS) + list(WAYS).index(way)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_key_to_picture(figures, page, size, way):
    keys = ["ArrowRight", "ArrowLeft"] * (KEYS // 2)
    took = [page.evaluate(PRESS, [place_of(size, way), key]) for key in keys]
    figures.add(f"key to painted picture, T, U, F = {size}", way, took, ours=way == "explore_unrolling")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_hover(figures, page, size):
    each = page.evaluate(HOVER, [place_of(size, "explore_unrolling"), 60 * HOVERED])
    means = [sum(some) / HOVERED for some in zip(*[iter(each)] * HOVERED, strict=True)]
    group = f"pointing at a cell until what made it is lit, T, U, F = {size}"
    figures.add(group, f"a move, mean of {HOVERED}", means, ours=True)
    figures.add(group, "the longest single move", [max(each)], ours=True)


def test_quick_keys_end_in_the_right_picture(figures, page):
    index = place_of((28, 50, 28), "explore_unrolling")
    handle = page.locator(".jp-Notebook .jp-CodeCell").nth(index).get_by_role("slider", name="units")
    before = int(handle.get_attribute("aria-valuenow").split(".")[0])
    handle.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(33)  # as a key repeats that is held down
    start = time.perf_counter()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(TITLED, arg=[index, before + 9], timeout=10_000)
    took = 1000 * (time.perf_counter() - start)
    group = "nine quick keys, from the last one to the right picture, T, U, F = (28, 50, 28)"
    figures.add(group, "explore_unrolling", [took], ours=True)


def test_a_thousand_moves_leave_little_in_the_kernel(figures):
    import tracemalloc

    import course_utils

    explorer = course_utils.explore_unrolling(
        units=50, features=28, steps=28, most_units=64, most_features=64, most_steps=784
    )
    sizes = [{"units": 40 + n % 20, "steps": 20 + n % 9} for n in range(1000)]
    for state in sizes[:200]:
        explorer.set(**state)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for state in sizes:
        explorer.set(**state)
    grown = (tracemalloc.get_traced_memory()[0] - before) / 2**20
    tracemalloc.stop()
    figures.add("memory of the kernel", "a thousand moves add", [grown], "MiB", ours=True)


MOVED = {
    "explore_unrolling, SimpleRNN": ("explore_unrolling", {"units": 50, "return_sequences": True}, "units"),
    "explore_unrolling, LSTM": ("explore_unrolling", {"units": 50, "cell": "LSTM"}, "units"),
    "explore_unrolling, two LSTMs": (
        "explore_unrolling",
        {"units": 50, "cell": "LSTM", "bidirectional": True},
        "units",
    ),
    "explore_return_sequences, LSTM": ("explore_return_sequences", {"units": 50, "cell": "LSTM"}, "units"),
    "explore_stacking, four LSTMs": ("explore_stacking", {"units": 50, "cell": "LSTM", "depth": 4}, "units_1"),
}


@pytest.mark.parametrize("what", MOVED)
def test_python_of_one_move(figures, what):
    """Every move goes to a size that was not shown before, so that weights are drawn afresh."""
    import course_utils

    name, start, knob = MOVED[what]
    explorer = getattr(course_utils, name)(
        features=28, steps=28, most_units=64, most_features=64, most_steps=784, **start
    )
    fresh = iter(range(49, 28, -1))
    group = "Python of one move to a new size near T, U, F = (28, 50, 28)"
    figures.time(group, what, lambda: explorer.set(**{knob: next(fresh)}), 20, ours=True)
    assert explorer.state[knob] < 50
