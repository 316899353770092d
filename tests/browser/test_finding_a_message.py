"""A student searches lesson 09 for the words of an error, in a real JupyterLab, before a cell has run."""

import re

import pytest

from tests.browser.conftest import Lab

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.browser.pages import EXPLORER, open_notebook, photograph, press_until

pytestmark = pytest.mark.browser

ACTIVE_LINE_IN_VIEW = """words => {
  const cell = document.querySelector(".jp-Notebook .jp-Cell.jp-mod-active");
  const line = [...cell.querySelectorAll(".cm-line")].find(one => one.textContent.includes(words));
  const place = line?.getBoundingClientRect();
  return !!place && place.top >= 0 && place.bottom <= window.innerHeight;
}"""


def test_the_words_of_an_error_are_found_with_the_line_to_write(page: Page, lab: Lab):
    open_notebook(page, lab, "09_old_tutorials_in_keras_3")
    expect(page.locator(f"{EXPLORER} svg[role=img]").first).to_be_visible()  # all is loaded
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Escape")
    for words in ("expected ndim=3, found ndim=2", "got an unexpected keyword argument 'nb_epoch'", "KeyError: 'acc'"):
        page.keyboard.press("Control+f")
        page.locator(".jp-DocumentSearch-input").first.fill(words)
        expect(page.locator(".jp-DocumentSearch-index-counter")).to_have_text(re.compile(r"1/[12]"))
        press_until(page, "Enter", ACTIVE_LINE_IN_VIEW, words)  # JupyterLab counts before it hears Enter
    photograph(page, "finding_a_message")
