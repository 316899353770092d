"""What browser tests do on a page of JupyterLab."""

import json
from pathlib import Path

import nbformat
from playwright.sync_api import Page, expect

from tests.browser.conftest import SCREENSHOTS, Lab

EXPLORER = ".unrolled-guarded"
NO_WINDOWING = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


def settings(page: Page, lab: Lab, plugin: str, values: dict) -> None:
    """Change settings of one of JupyterLab's plugins."""
    where = f"{lab.address}lab/api/settings/{plugin}?token={lab.token}"
    page.request.put(where, data=json.dumps({"raw": json.dumps(values)}))


def write_notebook(lab: Lab, name: str, cells: list[str]) -> None:
    """Put a notebook of code cells beside the lessons."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / f"{name}.ipynb")


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook and wait until its kernel is ready; all of its cells are in the page."""
    for plugin, values in NO_WINDOWING.items():
        settings(page, lab, plugin, values)
    page.goto(lab.url(name))
    page.wait_for_function(IDLE, timeout=60_000)


def command(page: Page, name: str) -> None:
    """Run one of JupyterLab's commands and wait until it is done."""
    page.evaluate("name => window.jupyterapp.commands.execute(name)", name)


def run_all(page: Page) -> None:
    """Run every cell and wait for the end."""
    command(page, "notebook:run-all-cells")
    page.wait_for_function(IDLE, timeout=120_000)


def assert_no_errors(page: Page) -> None:
    """No traceback, no lost widget."""
    expect(page.get_by_text("model not found")).to_have_count(0)
    for kind in ("error", "stderr"):
        mime = f"application/vnd.jupyter.{kind}"
        expect(page.locator(f".jp-OutputArea .jp-RenderedText[data-mime-type='{mime}']")).to_have_count(0)


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=Path(SCREENSHOTS, f"{name}.png"))
