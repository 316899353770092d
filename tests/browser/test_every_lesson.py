"""Every lesson in a real JupyterLab: it shows itself before it is run, sets its formulas, and runs to its end."""

import nbformat
import pytest

from course_utils.commands.notebooks import WIDGET_STATE
from course_utils.setup.environment import ROOT
from tests.browser.conftest import Lab

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.browser.pages import (
    EXPLORER,
    assert_no_errors,
    open_notebook,
    photograph,
    run_all,
    wait_for_images,
    write_notebook,
)

pytestmark = pytest.mark.browser

LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
RUN = ("03_lstm_params",)
WRONG_FORMULA = "mjx-merror, [data-mml-node=merror]"
BROKEN = "() => [...document.querySelectorAll('.jp-Notebook img')].filter(i => !i.naturalWidth).map(i => i.alt)"


def saved_pictures(lesson: str) -> int:
    """Return how many widgets that are pictures are saved with a lesson."""
    metadata = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4).metadata
    state = metadata.widgets[WIDGET_STATE].state.values()
    return sum('role="img"' in str(widget.state.get("value")) for widget in state)


def typeset(page: Page) -> None:
    """Wait until the formulas of the page are set."""
    page.wait_for_function("() => !document.querySelector('.jp-Notebook')?.innerText.includes('$$')")
    expect(page.locator(".jp-Notebook mjx-container").first).to_be_attached()


@pytest.mark.parametrize("lesson", LESSONS)
def test_it_shows_itself_and_some_run(page: Page, lab: Lab, lesson):
    """nbval runs every lesson; lesson 01, each explorer and the live training are tried in test files of their own."""
    open_notebook(page, lab, lesson)
    typeset(page)
    assert page.locator(WRONG_FORMULA).count() == 0
    wait_for_images(page)
    assert page.evaluate(BROKEN) == []
    shown, pictures = page.locator(f"{EXPLORER} svg[role=img]"), saved_pictures(lesson)
    expect(shown).to_have_count(pictures)
    if lesson not in RUN:
        return
    run_all(page)
    assert_no_errors(page)
    expect(shown).to_have_count(pictures)
    expect(page.locator(".jp-OutputArea").get_by_text("Not attempted").first).to_be_attached()
    photograph(page, f"{lesson}_run")


def test_a_wrong_formula_is_seen(page: Page, lab: Lab):
    write_notebook(lab, "formula", ["from IPython.display import Markdown; Markdown(r'$\\frac{1}$')"])
    open_notebook(page, lab, "formula")
    run_all(page)
    expect(page.locator(WRONG_FORMULA)).not_to_have_count(0)
