"""Every explorer in a real JupyterLab: it loads, moves by keyboard, lights up under the pointer, and is accessible."""

import re
from collections.abc import Iterator

import pytest

import course_utils
from tests.browser.conftest import Lab, is_ours

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import (
    EXPLORER,
    assert_no_errors,
    open_notebook,
    photograph,
    run_all,
    write_notebook,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAMES = [name for name in course_utils.__all__ if name.startswith("explore_") and name != "explore_digit"]
FOCUSABLE = "input:not([type=hidden]):not([disabled]), select, button, [role=slider]"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def explorers(browser, lab: Lab) -> Iterator[Page]:
    """Return a page with one cell for each explorer, run; the tests share it."""
    write_notebook(lab, "explorers", ["import course_utils", *(f"course_utils.{name}()" for name in NAMES)])
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if is_ours(message) else None)
    open_notebook(page, lab, "explorers")
    run_all(page)
    expect(page.locator(f"{EXPLORER} svg[role=img]")).to_have_count(len(NAMES))
    yield page
    page.close()
    assert not problems, problems


def box_of(page: Page, name: str) -> Locator:
    """Return the box of one explorer, in sight."""
    box = page.locator(EXPLORER).nth(NAMES.index(name))
    box.scroll_into_view_if_needed()
    return box


def knobs(box: Locator) -> Locator:
    """Return everything in an explorer that takes the keyboard, but what is hidden."""
    return box.locator(FOCUSABLE).locator("visible=true")


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_a_key_changes_the_picture(explorers, name):
    box = box_of(explorers, name)
    picture = box.locator("svg[role=img]")
    before = picture.evaluate("svg => svg.outerHTML")
    slider = box.get_by_role("slider").locator("visible=true").first
    slider.press("ArrowRight")
    explorers.wait_for_function(
        "([index, before]) => document.querySelectorAll('.unrolled-guarded')[index]"
        ".querySelector('svg[role=img]').outerHTML !== before",
        arg=[NAMES.index(name), before],
    )
    expect(box.get_by_role("status")).not_to_be_empty()
    assert_no_errors(explorers)


@pytest.mark.parametrize("name", NAMES)
def test_tab_reaches_every_control(explorers, name):
    box = box_of(explorers, name)
    wanted = knobs(box).count()
    assert wanted >= 2
    knobs(box).first.focus()
    reached = set()
    for _ in range(3 * wanted):
        place = explorers.evaluate(
            "([index, focusable]) => { const box = document.querySelectorAll('.unrolled-guarded')[index];"
            "const here = document.activeElement;"
            "return box.contains(here) ? [...box.querySelectorAll(focusable)].indexOf(here) : null; }",
            [NAMES.index(name), FOCUSABLE],
        )
        if place is None:  # past the last control
            break
        reached.add(place)
        explorers.keyboard.press("Tab")
    assert len(reached - {-1}) == wanted  # -1: the number beside a slider, which can be typed over


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name(explorers, name):
    for knob in knobs(box_of(explorers, name)).all():
        named = knob.evaluate(
            "knob => knob.getAttribute('aria-label') || knob.textContent.trim() || knob.title"
            " || [...(knob.labels ?? [])].map(one => one.textContent.trim()).join('')"
            " || document.getElementById(knob.getAttribute('aria-labelledby'))?.textContent"
        )
        assert named, knob.evaluate("knob => knob.outerHTML")


@pytest.mark.parametrize("name", NAMES)
def test_typing_in_it_does_not_delete_the_cell(explorers, name):
    cells = explorers.locator(".jp-Notebook .jp-Cell")
    number = cells.count()
    handle = box_of(explorers, name).get_by_role("slider").locator("visible=true").first
    handle.click()
    for key in ("d", "d", "x"):
        handle.press(key)
    explorers.wait_for_timeout(200)  # a deletion would need a moment to show
    assert cells.count() == number


def test_without_the_page_helper_picture_and_controls_still_work(browser, lab):
    """Where anywidget cannot be loaded, the rest of the box is whole."""
    write_notebook(lab, "bare", ["import course_utils", "course_utils.explore_unrolling()"])
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.route(re.compile("/anywidget/"), lambda route: route.abort())
    open_notebook(page, lab, "bare")
    run_all(page)
    title = page.locator("svg[role=img] title")
    expect(title).to_contain_text("SimpleRNN(4) on 3 steps")
    page.locator(".jp-OutputArea [role=slider]").first.press("ArrowRight")
    expect(title).to_contain_text("SimpleRNN(5) on 3 steps")
    assert page.locator("[role=status][aria-live=polite]").count() == 0, "the helper did load"
    page.close()


@pytest.mark.parametrize("name", ["explore_unrolling", "explore_cell"])
def test_pointing_at_a_cell_lights_what_made_it(explorers, name):
    box = box_of(explorers, name)
    blocks = box.locator("svg[role=img] rect[data-made-of]")
    assert blocks.count() >= 1
    for place in range(min(3, blocks.count())):
        block = blocks.nth(place)
        block.scroll_into_view_if_needed()
        rows, columns = map(int, block.get_attribute("data-shape").split())
        area = block.bounding_box()
        row, column = rows - 1, columns - 1  # the last cell
        explorers.mouse.move(
            area["x"] + area["width"] * (column + 0.5) / columns, area["y"] + area["height"] * (row + 0.5) / rows
        )
        ids = set(box.locator("svg[role=img] [data-id]").evaluate_all("all => all.map(one => one.dataset.id)"))
        wanted = [part.rsplit(" ", 1) for part in block.get_attribute("data-made-of").split("|")]
        lit = box.locator("svg[role=img] g[data-lit]").evaluate_all("all => all.map(one => one.dataset.lit)")
        assert sorted(lit) == sorted([block.get_attribute("data-id"), *(id for id, _how in wanted if id in ids)])
        frame = box.locator("svg[role=img] g[data-lit] rect").first.bounding_box()
        assert frame["y"] + frame["height"] == pytest.approx(area["y"] + area["height"], abs=6)
    explorers.mouse.move(2, 2)
    expect(box.locator("g[data-light]")).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious(explorers, theme):
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
    explorers.evaluate(change, THEMES[theme])
    expect(explorers.locator("body")).to_have_attribute("data-jp-theme-name", THEMES[theme])
    found = Axe().run(explorers, context=EXPLORER).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in serious]
    for name in NAMES:
        box_of(explorers, name)
        photograph(explorers, f"{name}_{theme}")
    assert not told, told


def test_it_can_be_shown_on_a_projector(explorers):
    """A page zoomed to 1.5: everything still there, nothing cut off at the right."""
    explorers.set_viewport_size({"width": 1280, "height": 720})
    explorers.evaluate("() => { document.body.style.zoom = 1.5 }")
    for name in NAMES:
        box = box_of(explorers, name)
        picture, room = box.locator("svg[role=img]").bounding_box(), box.bounding_box()
        assert picture["x"] + picture["width"] <= room["x"] + room["width"] + 1
        photograph(explorers, f"{name}_projector")
    explorers.evaluate("() => { document.body.style.zoom = 1 }")
