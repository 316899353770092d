"""Lesson 01 in a real JupyterLab, with a real browser and a real keyboard."""

import re
from collections.abc import Iterator

import pytest

from tests.browser.conftest import Lab, new_page

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.browser.pages import (
    EXPLORER,
    assert_no_errors,
    command,
    count_cells,
    open_notebook,
    photograph,
    run_all,
    wait_for_images,
)

pytestmark = pytest.mark.browser

LESSON = "01_rnn_cell_math"


def open_lesson(page: Page, lab: Lab) -> None:
    """Open the lesson and wait until its kernel is ready."""
    open_notebook(page, lab, LESSON)
    expect(page.get_by_role("heading", name="The cell of a recurrent network")).to_be_visible()


@pytest.fixture(scope="module")
def ran(browser, lab: Lab) -> Iterator[Page]:
    """Return a page with the lesson, run once; the tests that use it share it."""
    with new_page(browser) as page:
        open_lesson(page, lab)
        run_all(page)
        assert_no_errors(page)
        yield page


def unrolling(page: Page):
    """Return the explorer of units, features and time-steps."""
    return page.locator(EXPLORER).filter(has=page.get_by_role("slider", name="time-steps"))


def start_anew(page: Page) -> None:
    """Move that explorer, by keyboard, to where it stands when the lesson has run: 4 units, 3 time-steps."""
    for name, value in (("units", 4), ("time-steps", 3)):
        handle = unrolling(page).get_by_role("slider", name=name)
        handle.press("Home")
        for _ in range(value - 1):
            handle.press("ArrowRight")
    expect(unrolling(page).locator("svg[role=img] title")).to_have_text(re.compile(r"SimpleRNN\(4\) on 3 steps"))


def test_pictures_and_widgets_show_before_any_cell_is_run(page: Page, lab: Lab):
    open_lesson(page, lab)
    first = page.locator("img[alt^='SimpleRNN(4) on 3 steps']").first
    expect(first).to_be_visible()
    wait_for_images(page)
    assert first.evaluate("image => image.naturalWidth") > 500
    explorer = unrolling(page)
    expect(explorer.locator("svg[role=img] title")).to_have_text(re.compile(r"SimpleRNN\(4\) on 3 steps"))
    expect(explorer.get_by_text("28 parameters", exact=True)).to_be_visible()
    for name in ("Play", "Stop and go back to the start"):
        expect(page.locator(EXPLORER).get_by_role("button", name=name).first).to_be_visible()
    assert_no_errors(page)
    photograph(page, "lesson_01_opened")


def test_keyboard_moves_the_picture_and_the_count(ran: Page):
    start_anew(ran)
    explorer = unrolling(ran)
    title = explorer.locator("svg[role=img] title")
    before = explorer.locator("svg[role=img]").inner_html()

    explorer.get_by_role("slider", name="units").press("ArrowRight")
    expect(title).to_have_text(re.compile(r"SimpleRNN\(5\) on 3 steps"))
    expect(explorer.get_by_text("40 parameters", exact=True)).to_be_visible()
    assert explorer.locator("svg[role=img]").inner_html() != before
    explorer.scroll_into_view_if_needed()
    photograph(ran, "lesson_01_units_moved")

    explorer.get_by_role("slider", name="time-steps").press("ArrowRight")
    expect(title).to_have_text(re.compile(r"SimpleRNN\(5\) on 4 steps"))
    expect(explorer.get_by_role("status")).to_contain_text("4 time-steps: 40 parameters (unchanged)")
    expect(explorer.get_by_text("40 parameters", exact=True)).to_be_visible()
    assert_no_errors(ran)


def test_typing_on_a_slider_does_not_delete_the_cell(ran: Page):
    number = count_cells(ran)
    handle = unrolling(ran).get_by_role("slider", name="units")
    handle.click()
    handle.press("d")
    handle.press("d")
    assert count_cells(ran) == number


def test_a_choice_is_made_by_keyboard(ran: Page):
    cells = count_cells(ran)
    box = ran.locator(EXPLORER).filter(has_text="may be doubled")
    status, before = box.get_by_role("status"), ""
    for choice in box.get_by_role("button").all():
        choice.focus()
        ran.keyboard.press("d")
        ran.keyboard.press("d")
        ran.keyboard.press("Space")
        right = choice.inner_text() == "the time-steps"
        expect(box).to_contain_text("✔ Correct." if right else "✘ Not yet.")
        expect(choice).to_have_class(re.compile("mod-active"))
        expect(status).to_have_text(re.compile("\\w"))
        expect(status).not_to_have_text(before)  # every choice is answered in its own words
        before = status.text_content()
    assert count_cells(ran) == cells
    assert_no_errors(ran)


def test_save_close_and_reopen_keeps_the_widgets(ran: Page, lab: Lab):
    """Ends the kernel of the page that the tests share: the last of them."""
    start_anew(ran)
    unrolling(ran).get_by_role("slider", name="units").press("ArrowRight")
    expect(unrolling(ran).locator("svg[role=img] title")).to_have_text(re.compile(r"SimpleRNN\(5\)"))
    command(ran, "docmanager:save")
    stop_kernels(ran, lab)
    ran.goto("about:blank")

    open_lesson(ran, lab)
    expect(unrolling(ran).locator("svg[role=img] title")).to_have_text(re.compile(r"SimpleRNN\(5\) on 3 steps"))
    assert_no_errors(ran)


def stop_kernels(page: Page, lab: Lab) -> None:
    """End every session, as shutting the computer down would."""
    sessions = page.request.get(f"{lab.address}api/sessions?token={lab.token}").json()
    for session in sessions:
        page.request.delete(f"{lab.address}api/sessions/{session['id']}?token={lab.token}")
