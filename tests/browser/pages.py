"""What browser tests do on a page of JupyterLab."""

import json
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SCREENSHOTS, Lab
from tests.waiting import MILLISECONDS, NET

EXPLORER = ".unrolled-guarded"
NO_WINDOWING = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
BLOCKS = """svg => [...svg.querySelectorAll("rect[data-shape]")].map(rect => [rect.dataset.id, rect.dataset.shape])"""
AREA = """(svg, id) => {
  const block = [...svg.querySelectorAll("rect[data-shape]")].find(rect => rect.dataset.id === id);
  block.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  const { x, y, width, height } = block.getBoundingClientRect();
  return [block.dataset.shape, [x, y, width, height]];
}"""
LIGHTS = """svg => [...svg.querySelectorAll("g[data-light] > g[data-lit]")].map(light => {
  const of = (rect) => ["x", "y", "width", "height"].map(name => Number(rect.getAttribute(name)));
  const block = [...svg.querySelectorAll("rect[data-shape]")].find(rect => rect.dataset.id === light.dataset.lit);
  return [light.dataset.lit, block.dataset.shape, of(light.querySelector("rect")), of(block)];
})"""
CELLS = """async () => {
  const painted = () => new Promise(requestAnimationFrame);
  await painted();
  await painted();
  return window.jupyterapp.shell.currentWidget.content.model.cells.length;
}"""
SMALL_CELL, AWAY = 16, 2.6  # px of the picture
LOST = "model not found"
# every widget that the open notebook holds is drawn, or said to be lost
ALL_ANSWERED = """() => {
  const mime = "application/vnd.jupyter.widget-view+json";
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
  const outputs = cells.flatMap(cell => cell.toJSON().outputs ?? []);
  const drawn = ".jp-OutputArea-output > .jupyter-widgets", lost = ".jp-OutputArea-output.jupyter-widgets";
  const shown = document.querySelectorAll(`${drawn}, ${lost}`);
  return shown.length === outputs.filter(output => mime in (output.data ?? {})).length;
}"""
IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


def settings(page: Page, lab: Lab, plugin: str, values: dict) -> None:
    """Change settings of one of JupyterLab's plugins."""
    where = f"{lab.address}lab/api/settings/{plugin}?token={lab.token}"
    page.request.put(where, data=json.dumps({"raw": json.dumps(values)}), timeout=MILLISECONDS)


def write_notebook(lab: Lab, name: str, cells: list[str]) -> None:
    """Put a notebook of code cells beside the lessons."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / f"{name}.ipynb")


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook and wait until its kernel is ready; all of its cells are in the page.

    Where the kernel connects late, the widget manager of JupyterLab (ipywidgets 8.1) asks it for widgets twice; once
    the second answer is there it takes the saved widgets for lost, before it has read them, and says "model not found".
    Then a reader opens the page again, and so does this.
    """
    for plugin, values in NO_WINDOWING.items():
        settings(page, lab, plugin, values)
    for _attempt in range(3):
        page.goto(lab.url(name))
        page.wait_for_function(IDLE)
        page.wait_for_function(ALL_ANSWERED)
        if page.get_by_text(LOST).count() == 0:
            return
    raise AssertionError(f"{name} says {LOST!r} three times")


def command(page: Page, name: str) -> None:
    """Run one of JupyterLab's commands and wait until it is done."""
    page.evaluate("name => window.jupyterapp.commands.execute(name)", name)


def run_all(page: Page) -> None:
    """Run every cell and wait for the end."""
    command(page, "notebook:run-all-cells")
    page.wait_for_function(IDLE)


def count_cells(page: Page) -> int:
    """Return how many cells the notebook has, once all that the last keys did is done and painted."""
    return page.evaluate(CELLS)


def wait_for_images(page: Page) -> None:
    """Wait until every image of the notebook is loaded, or known to be broken."""
    page.wait_for_function("() => [...document.querySelectorAll('.jp-Notebook img')].every(image => image.complete)")


def press_until(page: Page, key: str, condition: str, argument: str) -> None:
    """Press a key again and again until the page is as it should be."""
    for _attempt in range(NET):
        page.keyboard.press(key)
        page.wait_for_timeout(1000)
        if page.evaluate(condition, argument):
            return
    raise AssertionError(f"{key} does not lead to {argument}")


def assert_no_errors(page: Page) -> None:
    """No traceback, no lost widget."""
    expect(page.get_by_text(LOST)).to_have_count(0)
    for kind in ("error", "stderr"):
        mime = f"application/vnd.jupyter.{kind}"
        expect(page.locator(f".jp-OutputArea .jp-RenderedText[data-mime-type='{mime}']")).to_have_count(0)


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=Path(SCREENSHOTS, f"{name}.png"))


def blocks_in(picture: Locator) -> dict[str, tuple[int, int]]:
    """Return the rows and columns of every block of cells that a picture shows, by its id."""
    return {id: tuple(map(int, shape.split())) for id, shape in picture.evaluate(BLOCKS)}


def point_at(picture: Locator, id: str, number: int) -> None:
    """Move the mouse to the middle of one cell of a vector, numbered from 1."""
    shape, (x, y, width, height) = picture.evaluate(AREA, id)
    rows, columns = map(int, shape.split())
    across, down = (number - 0.5, 0.5) if rows == 1 else (0.5, number - 0.5)
    picture.page.mouse.move(x + width * across / columns, y + height * down / rows)


def what_is_lit(picture: Locator) -> list[str]:
    """Return what is framed, measured from the frames: "x[t=1] all", "h[t=2] 3" (its third), "W column 3"."""
    return sorted(_said(*light) for light in picture.evaluate(LIGHTS))


def _said(id: str, shape: str, frame: list[float], block: list[float]) -> str:
    rows, columns = map(int, shape.split())
    cell = block[2] / columns, block[3] / rows
    for away in (0, AWAY):  # the frame of small cells stands around them, not on their edge
        x, y, width, height = frame[0] + away, frame[1] + away, frame[2] - 2 * away, frame[3] - 2 * away
        start = [(x - block[0]) / cell[0] + 1, (y - block[1]) / cell[1] + 1]
        size = [width / cell[0], height / cell[1]]
        (column, row), (wide, tall) = map(round, start), map(round, size)
        on_cells = [*start, *size] == pytest.approx([column, row, wide, tall], abs=0.05)
        if on_cells and (min(width, height) < SMALL_CELL) == bool(away):
            break
    else:
        raise AssertionError(f"{id} is framed beside its cells")
    if (wide, tall) == (columns, rows):
        return f"{id} all"
    if (wide, tall) == (1, 1) and 1 in (rows, columns):
        return f"{id} {max(row, column)}"
    return f"{id} column {column}" if (wide, tall) == (1, rows) else f"{id} {wide}×{tall} at {column}, {row}"
