"""explore_digit in a real JupyterLab: sliders, keys, the button to the next wrong one, the play button."""

import re
from collections.abc import Iterator

import pytest

from tests.browser.conftest import Lab, new_page

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.pages import EXPLORER, assert_no_errors, open_notebook, photograph, run_all, write_notebook

pytestmark = pytest.mark.browser

CELLS = [
    """import course_utils
with course_utils.quiet_start():
    import keras
from sklearn.datasets import load_digits
keras.utils.set_random_seed(0)
images, labels = (load_digits().images / 16).astype("float32"), load_digits().target
model = keras.Sequential([keras.Input((8, 8)), keras.layers.LSTM(20), keras.layers.Dense(10, activation="softmax")])
course_utils.explore_digit(model, images, labels, step=5)""",
]


@pytest.fixture(scope="module")
def digit(browser, lab: Lab) -> Iterator[Page]:
    """Return a page with the explorer on a model that was not trained, so that most digits are wrong."""
    write_notebook(lab, "digit", CELLS)
    with new_page(browser, height=1100) as page:
        open_notebook(page, lab, "digit")
        run_all(page)
        expect(page.locator(f"{EXPLORER} svg[role=img]")).to_have_count(1)
        yield page


def test_keys_move_the_digit_and_the_row(digit):
    box = digit.locator(EXPLORER)
    title = box.locator("svg[role=img] title")
    expect(title).to_have_text("When does it know? images[0] after row 5 of 8")
    index, row = box.get_by_role("slider", name="digit"), box.get_by_role("slider", name="row t")
    row.press("ArrowRight")
    expect(title).to_have_text("When does it know? images[0] after row 6 of 8")
    index.press("ArrowRight")
    expect(title).to_have_text("When does it know? images[1] after row 6 of 8")
    for _ in range(2):
        row.press("d")  # would delete the cell
    expect(box).to_have_count(1)
    row.press("Home")
    expect(title).to_have_text("When does it know? images[1] after row 1 of 8")
    expect(box).to_contain_text("After row 1 of 8 it says ")
    photograph(digit, "explore_digit_light")
    assert_no_errors(digit)


def test_buttons_go_to_a_wrong_digit_and_ask_keras(digit):
    box = digit.locator(EXPLORER)
    box.get_by_role("button", name="next wrong one").press("Enter")
    expect(box).to_contain_text("which is wrong")
    box.get_by_role("button", name="check with Keras").click()
    expect(box).to_contain_text(re.compile("Keras says the same.*over all 8 rows and 10 classes"))
    assert_no_errors(digit)


def test_play_reads_to_the_last_row(digit):
    box = digit.locator(EXPLORER)
    box.get_by_role("slider", name="row t").press("Home")
    box.locator(".jupyter-widget-play, .widget-play").locator("button").first.press("Enter")
    expect(box.locator("svg[role=img] title")).to_contain_text("after row 8 of 8")
    assert_no_errors(digit)


def test_axe_finds_nothing_serious(digit):
    found = Axe().run(digit, context=EXPLORER).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not serious, [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in serious]
