"""Every explorer in a real JupyterLab: it loads, moves by keyboard, lights up under the pointer, and is accessible."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

import course_utils
from tests.browser.conftest import Lab, new_page

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import (
    EXPLORER,
    assert_no_errors,
    blocks_in,
    command,
    count_cells,
    open_notebook,
    photograph,
    point_at,
    run_all,
    what_is_lit,
    write_notebook,
)
from tests.waiting import MILLISECONDS

pytestmark = pytest.mark.browser

NAMES = [name for name in course_utils.__all__ if name.startswith("explore_") and name != "explore_digit"]
FOCUSABLE = "input:not([type=hidden]):not([disabled]), select, button, [role=slider]"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
DIFFERENCE, REFUSAL = "The largest difference", "Keras refuses it too, with these words: "
BROKEN = """from course_utils.explorers import unrolling
from course_utils.explorers.base import Explorer
start = course_utils.explore_unrolling(units=3).settings
def viewer(now, before):
    if now.units == 4:
        raise RuntimeError("no <picture> for 4")
    return unrolling.view(now, None)
Explorer(start, viewer, shown=("units",), reach=start.reaching(units=9))"""

# What makes a number, said once more by hand: of the id of its block, its own number in it, and all blocks drawn.
# Ids that are not drawn are left out of the comparison.
Rule = Callable[[str, int, dict[str, tuple[int, int]]], Iterable[str]]
STATES = r"(^|/)(h|c|output)\[(?!t=0\])"  # every state but the first one, every output
STEPS, UNITS = 3, 4  # where nothing else is said


def index(id: str, letter: str = "t") -> int:
    """Return one index of an id."""
    return int(re.search(rf"\b{letter}=(\d+)", id)[1])


def recurrent(own: str = "", below: str = "x", turned: bool = False) -> Rule:
    """x_t and h_(t-1) have a share in every unit; c_(t-1) in its own. h stands in the picture as output too."""

    def rule(id: str, number: int, drawn: dict) -> list[str]:
        t = index(id)
        states = [f"{own}{name}[t={t - 1}] all" for name in ("h", "output")]
        return [f"{below}[t={STEPS + 1 - t if turned else t}] all", *states, f"{own}c[t={t - 1}] {number}"]

    return rule


def stacked(id: str, number: int, drawn: dict) -> Iterable[str]:
    """A layer reads the h below it."""
    layer = int(re.match(r"layer_(\d)/", id)[1])
    return recurrent(f"layer_{layer}/", f"layer_{layer - 1}/output" if layer > 1 else "x")(id, number, drawn)


def two_directions(id: str, number: int, drawn: dict) -> list[str]:
    """The first half of the vector reads forwards, the second backwards; a returned state has a side of its own."""
    returned = re.search("(forward|backward)/", id)
    side = returned[1] if returned else "forward" if number <= UNITS else "backward"
    unit, every = number if returned else (number - 1) % UNITS + 1, "layer/output[t=1]" in drawn
    ends = returned or side == "forward" or not every
    order = index(id) if ends else STEPS + 1 - index(id)
    read = order if side == "forward" else STEPS + 1 - order
    return [f"x[t={read}] all", f"layer/{side}/h[t={order - 1}] all", f"layer/{side}/c[t={order - 1}] {unit}"]


def followed(above: Rule) -> Rule:
    """Below a layer of its own rule, the recurrent one."""
    return lambda id, number, drawn: (recurrent("layer/") if id.startswith("layer/") else above)(id, number, drawn)


def pooled(id: str, number: int, drawn: dict) -> list[str]:
    """Each unit over all steps."""
    return [f"layer/output[t={t}] {number}" for t in range(1, STEPS + 1)]


def flattened(id: str, number: int, drawn: dict) -> list[str]:
    """The states end to end."""
    return [f"layer/output[t={(number - 1) // UNITS + 1}] {(number - 1) % UNITS + 1}"]


def inside_a_cell(id: str, number: int, drawn: dict) -> list[str]:
    """All of x and h before; a column of each W and R; of the biases and of all vectors between, the unit itself."""
    wanted = ["x[t=2] all", "h[t=1] all"]
    for name, (rows, _columns) in drawn.items():
        if name in ("W", "R") or (name.startswith("weights/") and rows > 1):
            wanted.append(f"{name} column {number}")
        elif name not in ("x[t=2]", "h[t=1]", "scale"):
            wanted.append(f"{name} {number}")
    return wanted


def lanes(starts: Iterable[int]) -> Rule:
    """x of that very step, and the state before, of the batch before too. starts: the batches that start at zero."""

    def rule(id: str, number: int, drawn: dict) -> list[str]:
        sample = f"sample={index(id, 'sample')}]"
        if id.startswith("whole"):
            return [f"x[batch={batch},{sample} all" for batch in (1, 2, 3)]
        batch = index(id, "batch")
        read = f"x[batch={batch},{sample} {number}"
        if number > 1:
            return [read, f"h[batch={batch},{sample} {number - 1}"]
        return [read, f"start[batch={batch},{sample} all" if batch in starts else f"h[batch={batch - 1},{sample} 2"]

    return rule


def remembered(id: str, number: int, drawn: dict) -> list[str]:
    """One number each: h of c, c of the one before and the candidate."""
    t = index(id)
    return [f"c[t={t}] all"] if id[0] == "h" else [f"c[t={t - 1}] all", f"candidate[t={t}] all"]


ANY_LANE = r"^(h|whole)\["
FOLLOWED = "explore_return_sequences(return_sequences=True, follow={!r})"
HOVERED: dict[str, tuple[Rule, str]] = {
    **{f"explore_unrolling(cell={cell!r})": (recurrent(), STATES) for cell in ("SimpleRNN", "LSTM", "GRU")},
    "explore_unrolling(go_backwards=True)": (recurrent(turned=True), STATES),
    "explore_unrolling(cell='LSTM', steps=8, return_state=True)": (recurrent(), STATES),
    "explore_unrolling(bidirectional=True)": (two_directions, STATES),
    "explore_unrolling(cell='LSTM', bidirectional=True, return_sequences=True, return_state=True)": (
        two_directions,
        STATES,
    ),
    "explore_stacking(cell='LSTM', depth=3)": (stacked, STATES),
    "explore_stacking(cell='GRU', units=(2, 5))": (stacked, STATES),
    "explore_return_sequences(cell='GRU')": (recurrent(), STATES),
    "explore_return_sequences(follow='Dense')": (followed(lambda *_: ["layer/output[t=3] all"]), STATES),
    FOLLOWED.format("TimeDistributed(Dense)"): (
        followed(lambda id, *_: [f"layer/output[t={index(id)}] all"]),
        STATES,
    ),
    FOLLOWED.format("a second RNN"): (followed(recurrent("second/", "layer/output")), STATES),
    FOLLOWED.format("GlobalMaxPooling1D"): (followed(pooled), STATES),
    FOLLOWED.format("Flatten"): (followed(flattened), STATES),
    "explore_return_sequences(follow='Flatten')": (
        followed(lambda _id, number, _drawn: [f"layer/output[t=3] {number}"]),
        STATES,
    ),
    **{f"explore_cell(cell={cell!r}, step=2)": (inside_a_cell, r"^h\[t=2") for cell in ("SimpleRNN", "LSTM", "GRU")},
    "explore_state()": (lanes([1]), ANY_LANE),
    "explore_state(stateful=False)": (lanes([1, 2, 3]), ANY_LANE),
    "explore_state(reset_after_batch=2)": (lanes([1, 3]), ANY_LANE),
    "explore_gates()": (remembered, STATES),
    "explore_gates(by='weights')": (remembered, STATES),
}


@contextmanager
def opened(browser, lab: Lab, name: str, calls: list[str]) -> Iterator[Page]:
    """Open a notebook with one cell for each explorer, run; no error may come up until it is closed."""
    write_notebook(lab, name, ["import course_utils", *calls])
    with new_page(browser) as page:
        open_notebook(page, lab, name)
        run_all(page)
        expect(page.locator(f"{EXPLORER} svg[role=img]")).to_have_count(len(calls))
        expect(page.locator(f"{EXPLORER}:has(.noUi-handle[aria-label])")).to_have_count(len(calls))  # keys are heard
        yield page


@pytest.fixture(scope="module")
def explorers(browser, lab: Lab) -> Iterator[Page]:
    """Return a page with every explorer as it starts; the tests share it."""
    with opened(browser, lab, "explorers", [f"course_utils.{name}()" for name in NAMES]) as page:
        yield page


@pytest.fixture(scope="module")
def hovered(browser, lab: Lab) -> Iterator[Page]:
    """Return a page with the settings that are pointed at, and at its end an explorer that cannot draw 4 units."""
    with opened(browser, lab, "hovered", [*(f"course_utils.{call}" for call in HOVERED), BROKEN]) as page:
        yield page


def box_of(page: Page, name: str) -> Locator:
    """Return the box of one explorer, in sight."""
    box = page.locator(EXPLORER).nth(NAMES.index(name))
    box.scroll_into_view_if_needed()
    return box


def title_of(box: Locator) -> str:
    """Return what the picture of an explorer is called now."""
    return box.locator("svg[role=img] title").text_content()


def first_slider(box: Locator) -> Locator:
    """Return the handle of the first slider that can be seen."""
    return box.get_by_role("slider").locator("visible=true").first


def step(handle: Locator) -> None:
    """Move a slider by one step, whichever way there is room."""
    at_the_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    handle.press("ArrowLeft" if at_the_end else "ArrowRight")


def choose(choices: Locator, option: str) -> None:
    """Choose from a list by keyboard."""
    options = [" ".join(text.split()) for text in choices.locator("option").all_text_contents()]
    choices.press("Home")
    for _ in range(options.index(option)):
        choices.press("ArrowDown")
    expect(choices.locator("option:checked")).to_have_text(option)


def wait_for_another_picture(page: Page, name: str, before: str) -> None:
    """Wait until an explorer shows something else than before."""
    page.wait_for_function(
        "([index, before]) => document.querySelectorAll('.unrolled-guarded')[index]"
        ".querySelector('svg[role=img]').outerHTML !== before",
        arg=[NAMES.index(name), before],
    )


def assert_the_card_has_the_words_of_keras(box: Locator) -> None:
    """The card in the picture's place says what Keras itself says now, when asked with the button."""
    assert_no_errors(box.page)
    button = box.get_by_role("button", name="check with Keras")
    button.press("Enter")
    verdict = button.locator("xpath=..").locator(".widget-html-content")
    expect(verdict).to_contain_text(REFUSAL)
    said = verdict.inner_text().split(REFUSAL)[1], "".join(box.locator("svg[role=img] text").all_text_contents())
    words, card = (re.sub(r"_\d+'|\s", "", text) for text in said)  # Keras numbers the layers of a kernel
    assert len(words) > 40 and words in card


def knobs(box: Locator) -> Locator:
    """Return everything in an explorer that takes the keyboard, but what is hidden."""
    return box.locator(FOCUSABLE).locator("visible=true")


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_a_key_changes_the_picture(explorers, name):
    box = box_of(explorers, name)
    before = box.locator("svg[role=img]").evaluate("svg => svg.outerHTML")
    first_slider(box).press("ArrowRight")
    wait_for_another_picture(explorers, name, before)
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
    number = count_cells(explorers)
    handle = first_slider(box_of(explorers, name))
    handle.click()
    for key in ("d", "d", "x"):
        handle.press(key)
    assert count_cells(explorers) == number


def test_without_the_page_helper_picture_and_controls_still_work(browser, lab):
    """Where anywidget cannot be loaded, the rest of the box is whole."""
    write_notebook(lab, "bare", ["import course_utils", "course_utils.explore_unrolling()"])
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(MILLISECONDS)
    page.route(re.compile("/anywidget/"), lambda route: route.abort())
    open_notebook(page, lab, "bare")
    run_all(page)
    title = page.locator("svg[role=img] title")
    expect(title).to_contain_text("SimpleRNN(4) on 3 steps")
    page.locator(".jp-OutputArea [role=slider]").first.press("ArrowRight")
    expect(title).to_contain_text("SimpleRNN(5) on 3 steps")
    assert page.locator("[role=status][aria-live=polite]").count() == 0, "the helper did load"
    page.close()


@pytest.mark.parametrize("call", HOVERED)
def test_pointing_at_a_cell_lights_what_made_it(hovered, call):
    """What is framed is measured in the page, and compared with what the mathematics of the layer says."""
    rule, pattern = HOVERED[call]
    picture = hovered.locator(EXPLORER).nth(list(HOVERED).index(call)).locator("svg[role=img]")
    drawn = blocks_in(picture)
    outputs = [id for id in drawn if re.search(pattern, id)]
    assert outputs
    for id in outputs:
        count = max(drawn[id])
        for number in {min(2, count), count}:
            point_at(picture, id, number)
            own = f"{id} {number}" if count > 1 else f"{id} all"
            wanted = {one for one in rule(id, number, drawn) if one.split(" ")[0] in drawn}
            assert wanted, f"nothing that {id} is made of is drawn"
            assert what_is_lit(picture) == sorted({own, *wanted}), (id, number)
    hovered.mouse.move(2, 2)
    expect(picture.locator("g[data-light]")).to_have_count(0)


def test_pointing_at_an_input_lights_nothing(hovered):
    picture = hovered.locator(EXPLORER).first.locator("svg[role=img]")
    point_at(picture, "output[t=2]", 1)
    assert what_is_lit(picture)
    for id in ("x[t=1]", "h[t=0]", "scale"):
        point_at(picture, id, 2)
        assert not what_is_lit(picture), id


@pytest.mark.parametrize("name", NAMES)
def test_keras_can_be_asked_by_keyboard(explorers, name):
    box = box_of(explorers, name)
    button = box.get_by_role("button", name="check with Keras")
    verdict = button.locator("xpath=..").locator(".widget-html-content")
    button.press("Enter" if NAMES.index(name) % 2 else "Space")
    expect(verdict).to_contain_text(re.compile(rf"{DIFFERENCE}.* is \d"))
    expect(verdict).not_to_contain_text("something else")
    expect(box.get_by_role("status")).to_have_text(verdict.inner_text())
    step(first_slider(box))
    expect(verdict).to_be_empty()
    assert_no_errors(explorers)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_can_be_typed(explorers, name):
    box = box_of(explorers, name)
    handle, title = first_slider(box), box.locator("svg[role=img]")
    low, now, high = (float(handle.get_attribute(f"aria-value{which}")) for which in ("min", "now", "max"))
    wanted, before = (low if now != low else high), title.evaluate("svg => svg.outerHTML")
    handle.focus()
    explorers.keyboard.press("Tab")
    explorers.keyboard.press("Control+a")
    explorers.keyboard.type(f"{wanted:g}")
    explorers.keyboard.press("Enter")
    expect(handle).to_have_attribute("aria-valuenow", re.compile(rf"^{wanted:g}(\.0+)?$"))
    wait_for_another_picture(explorers, name, before)
    assert_no_errors(explorers)


def test_arrows_stay_in_the_slider(explorers):
    """JupyterLab would go to another cell, and j and k would too."""
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    handle = first_slider(box_of(explorers, "explore_stacking"))
    handle.click()
    before, value = explorers.evaluate(active), handle.get_attribute("aria-valuenow")
    for key in ("ArrowDown", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowRight", "j", "k", "k"):
        handle.press(key)
        assert explorers.evaluate(active) == before, key
    assert handle.get_attribute("aria-valuenow") != value, "the keys did not reach the slider"


def test_two_directions_backwards_show_a_card(explorers):
    box = box_of(explorers, "explore_unrolling")
    title, sentence = box.locator("svg[role=img] title"), title_of(box)
    box.get_by_role("checkbox", name="bidirectional").press("Space")
    expect(title).to_contain_text("Bidirectional(")
    box.get_by_role("checkbox", name="go_backwards").press("Space")
    expect(title).to_have_text("Bidirectional needs a layer that reads forwards")
    assert_the_card_has_the_words_of_keras(box)
    box.get_by_role("checkbox", name="go_backwards").press("Space")
    expect(title).to_contain_text("Bidirectional(")
    box.get_by_role("checkbox", name="bidirectional").press("Space")
    expect(title).to_have_text(sentence)
    assert_no_errors(explorers)


@pytest.mark.parametrize("follow", ["a second RNN", "TimeDistributed(Dense)"])
def test_what_needs_a_sequence_shows_a_card(explorers, follow):
    box = box_of(explorers, "explore_return_sequences")
    title, choices = box.locator("svg[role=img] title"), box.get_by_role("combobox", name="what follows")
    choose(choices, follow)
    expect(title).to_have_text(f"{follow[0].upper()}{follow[1:]} needs a sequence")
    assert_the_card_has_the_words_of_keras(box)
    box.get_by_role("checkbox", name="return_sequences").press("Space")
    expect(title).to_contain_text(" → ")
    box.get_by_role("checkbox", name="return_sequences").press("Space")
    expect(title).to_contain_text("needs a sequence")
    choose(choices, "nothing")
    expect(title).to_contain_text("SimpleRNN(")
    assert_no_errors(explorers)


def test_an_exception_in_the_viewer_shows_a_card(hovered):
    """The last explorer of the page has a viewer that stops at one value."""
    box = hovered.locator(EXPLORER).last
    title = box.locator("svg[role=img] title")
    expect(title).to_contain_text("SimpleRNN(3)")
    handle = box.get_by_role("slider")
    handle.press("ArrowRight")
    card = box.get_by_role("alert")
    expect(card).to_contain_text("This setting cannot be drawn: units = 4.")
    expect(card).to_contain_text("RuntimeError: no <picture> for 4")
    expect(box.locator("svg[role=img]")).to_have_count(0)
    handle.press("ArrowRight")
    expect(title).to_contain_text("SimpleRNN(5)")
    expect(card).to_have_count(0)
    assert_no_errors(hovered)


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
    """A page zoomed to 1.5, the file browser put away: nothing is cut off; what is too wide scrolls."""
    explorers.set_viewport_size({"width": 1280, "height": 720})
    explorers.evaluate("() => { document.body.style.zoom = 1.5 }")
    command(explorers, "application:toggle-left-area")
    for name in NAMES:
        box = box_of(explorers, name)
        picture, room = box.locator("svg[role=img]"), box.bounding_box()
        frame = picture.locator("xpath=..")
        area = frame.bounding_box()
        assert area["x"] + area["width"] <= room["x"] + room["width"] + 1
        if picture.bounding_box()["width"] > area["width"] + 1:
            assert frame.evaluate("frame => getComputedStyle(frame).overflowX") == "auto"
            expect(frame).to_have_attribute("tabindex", "0")
        photograph(explorers, f"{name}_projector")
    command(explorers, "application:toggle-left-area")
    explorers.evaluate("() => { document.body.style.zoom = 1 }")
