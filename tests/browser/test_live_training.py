"""A training in a real JupyterLab: one picture that changes, and the stop sign that ends it."""

import re

import pytest

from tests.browser.conftest import Lab

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.browser.pages import EXPLORER, IDLE, assert_no_errors, command, open_notebook, photograph, write_notebook

pytestmark = pytest.mark.browser

START = """import course_utils
with course_utils.quiet_start():
    import keras
import numpy as np
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((20, 8)), keras.layers.LSTM(16), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
x = np.random.default_rng(0).normal(size=(2048, 20, 8)).astype("float32")
y = (x.sum(axis=(1, 2)) > 0).astype("int64")
live = course_utils.LiveTraining("LSTM(16)")"""
FIT = "h = model.fit(x, y, epochs={}, batch_size=16, validation_split=0.2, verbose=0, callbacks=[live])"
EPOCHS = 6
AFTER = "print('usable:', len(h.history['loss']) > 0, live.interrupted)"


WATCH = """() => {
  window.unrolledSeen = [];
  new MutationObserver(() => {
    const text = document.querySelector("[data-id=status]")?.textContent;
    if (text && text !== window.unrolledSeen.at(-1)) window.unrolledSeen.push(text);
  }).observe(document.body, { childList: true, subtree: true });
}"""

SAYS = """([kind, words]) => {
  const box = document.querySelector(kind);
  return box && getComputedStyle(box, "::before").content === words;
}"""
CHANGES_WHILE_IT_TRAINS = """() => window.unrolledSeen.length > 10
  && new Set(window.unrolledSeen.map(text => text.split(" of ")[0])).size > 3
  && window.unrolledSeen.some(text => text.endsWith(" left"))"""


def begin(page: Page, lab: Lab, epochs: int):
    """Run all cells of a notebook that trains; return the picture, as soon as a first epoch is over."""
    write_notebook(lab, "live_training", [START, FIT.format(epochs), AFTER])
    open_notebook(page, lab, "live_training")
    page.evaluate(WATCH)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")  # not waiting for its end
    picture = page.locator(f"{EXPLORER} svg[role=img]")
    expect(picture.locator("[data-id='training_mark[loss,epoch=1]']")).to_be_attached()
    return picture


def assert_in_order(changes: list[str], epochs: int) -> None:
    """The line below the picture counts the epochs up."""
    way = re.compile(rf"epoch (\d+) of {epochs} · \d+ of 103 batches( · about [\d.]+ (s|min|h) left)?")
    assert all(map(way.fullmatch, changes[1:])), changes
    reached = [int(way.fullmatch(text)[1]) for text in changes[1:]]
    assert reached == sorted(reached), changes


def test_one_picture_changes_and_everything_runs_on(page: Page, lab: Lab):
    picture = begin(page, lab, EPOCHS)
    photograph(page, "live_training")
    expect(picture.locator("[data-id=status]")).to_have_text(f"{EPOCHS} epochs done")
    expect(page.get_by_text("usable: True False")).to_be_visible()
    *changes, last = page.evaluate("() => window.unrolledSeen")
    assert last == f"{EPOCHS} epochs done"
    assert_in_order(changes, EPOCHS)
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    expect(cell.locator("svg[role=img]")).to_have_count(1)
    expect(cell.locator(".jp-OutputArea-child")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text=f"Epoch {EPOCHS} of {EPOCHS}: loss")).to_be_attached()
    assert_no_errors(page)


def test_the_stop_sign_ends_the_training_and_the_kernel_is_usable(page: Page, lab: Lab):
    picture = begin(page, lab, 100_000)
    page.wait_for_function(CHANGES_WHILE_IT_TRAINS)
    assert_in_order(page.evaluate("() => window.unrolledSeen"), 100_000)
    command(page, "notebook:interrupt-kernel")
    sentence = re.compile(r"The training was interrupted (in|after) epoch \d+ of 100000: .* loss is the lowest\.")
    expect(page.locator(EXPLORER).locator("p").filter(has_text=sentence)).to_be_visible()
    expect(picture.locator("[data-id=status]")).to_contain_text("interrupted")
    page.wait_for_function(IDLE)
    expect(page.get_by_text("usable: True True")).to_be_visible()
    assert_no_errors(page)
    photograph(page, "live_training_interrupted")
    command(page, "application:toggle-left-area")
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.evaluate("() => { document.body.style.zoom = 1.5 }")
    for place, what in (("end", "status"), ("start", "title")):
        picture.locator(f"[data-id={what}]").evaluate("(mark, block) => mark.scrollIntoView({ block })", place)
        expect(picture.locator(f"[data-id={what}]")).to_be_in_viewport()
        photograph(page, f"live_training_projector_{what}")


def test_a_saved_training_says_what_running_it_does(page: Page, lab: Lab):
    open_notebook(page, lab, "05_sequential_mnist")
    words = "A training of another day. Run this cell: then you watch your own."
    page.wait_for_function(SAYS, arg=[".unrolled-training", f'"{words}"'])
    page.wait_for_function(SAYS, arg=[f"{EXPLORER}:has(.slider)", '"Run this cell: then the controls move."'])
