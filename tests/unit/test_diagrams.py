"""The pictures: their geometry, their numbers, their words, their two renderers."""

import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import course_utils
from course_utils.drawing import wording
from course_utils.drawing.diagram import PNG_TOO
from course_utils.drawing.layout import CELL_WIDTH, MOST_STEPS, elided, isotonic, shown_steps
from course_utils.drawing.picture import Legend, Picture
from course_utils.drawing.scene import Box, Cells, Frame, Label, Line, Rectangle, Scene
from course_utils.drawing.svg import NUMBER_SIZE, render_svg
from course_utils.drawing.text import LARGEST_TYPE, text_width
from course_utils.drawing.theme import (
    BIN_COLOURS,
    BINS,
    DARK,
    HUES,
    JUPYTER,
    LIGHT,
    MINUS_INFINITY,
    NEGATIVE,
    NOT_A_NUMBER,
    PLUS_INFINITY,
    POSITIVE,
    PROJECTOR,
    THEMES,
    ZERO,
    contrast,
    value_bins,
)
from course_utils.pictures import Diagram
from course_utils.pictures.cell import cell_scene
from course_utils.pictures.unrolled import plan_trace, unrolled_scene
from course_utils.pictures.words import words_scene
from course_utils.recurrence import random_input, random_spec, run
from tests.unit.cases import some
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

SVG = "{http://www.w3.org/2000/svg}"


def unrolled(units=4, steps=3, features=2, **arguments) -> Scene:
    """Lay out a layer on an input of its own."""
    spec = random_spec("SimpleRNN", units=units, features=features, **arguments)
    return unrolled_scene(plan_trace(run(spec, random_input(steps, features))))


def cell(units=4, steps=3, features=2, step=1, unit=None) -> Scene:
    """Lay out one step."""
    spec = random_spec("SimpleRNN", units=units, features=features)
    return cell_scene(run(spec, random_input(steps, features)), step=step, unit=unit)


@settings(max_examples=some(60), deadline=None)
@given(
    units=st.integers(1, 64),
    steps=st.integers(1, 784),
    features=st.integers(1, 64),
    return_sequences=st.booleans(),
    return_state=st.booleans(),
)
def test_unrolled_is_tidy_at_every_size(units, steps, features, **arguments):
    assert_tidy(unrolled(units, steps, features, **arguments))


@settings(max_examples=some(40), deadline=None)
@given(units=st.integers(1, 40), features=st.integers(1, 40), step=st.integers(1, 5), light=st.booleans())
def test_cell_is_tidy_at_every_size(units, features, step, light):
    assert_tidy(cell(units, 5, features, step, unit=units if light else None))


def test_a_picture_has_its_parts_in_their_places():
    body, over = Label("body", 40, 100, "drawn"), Frame("over", Rectangle(30, 90, 20, 10))
    legend = Legend(150, ["a note", "another"], name="W", limits={"b": 3.0}, aside=10)
    picture = Picture("A title", ["seen", "more", "and more"], [body], ["One.", "Two."], legend, 2.0, [over], width=900)
    scene = picture.scene
    assert (scene.title, scene.description, scene.limit, scene.width) == ("A title", "One. Two.", 2.0, 900)
    ids = [item.id for item in scene.items]
    assert ids[:5] == ["title", "subtitle", "subtitle_note", "subtitle_note[2]", "body"] and ids[-1] == "over"
    labels = {label.id: label for label in scene.of(Label)}
    assert [labels[id].y for id in ids[:4]] == [42, 64, 82, 100]
    assert [labels[f"legend_note[{n}]"].y for n in (0, 1)] == [160, 179]
    assert [labels[f"scale_high{of}"].text for of in ("", "[b]")] == ["+2", "+3"]
    assert legend.bottom == labels["scale_high[b]"].y and labels["scale_name[W]"].y == labels["scale_high"].y
    assert scene.height == legend.bottom + 20, "the canvas ends below the lowest"


def test_a_legend_without_colours_is_one_note_line_by_line():
    labels = Legend(50, "first\nsecond", colours=False).items(1.0)
    assert [(label.id, label.text, label.y) for label in labels] == [
        ("legend_note", "first", 50),
        ("legend_note[2]", "second", 68),
    ]
    (cells, zero, high) = Legend(50, from_zero=True).items(255.0)
    assert (cells.values.min(), zero.text, high.text) == (0, "0", "255")


def test_a_single_step_left_out_takes_no_room():
    assert elided([5, 1, 3, 9]) == [1, 2, 3, 4, 5, None, 9] and elided([7]) == [7]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_isotonic_is_the_nearest_that_rises(wishes):
    """No other rising sequence is nearer: against all that are made of means of neighbours."""
    found = isotonic([float(wish) for wish in wishes])
    assert all(low <= high for low, high in pairwise(found))
    for cuts in product([False, True], repeat=len(wishes) - 1):
        ends = [0, *(place for place, cut in enumerate(cuts, start=1) if cut), len(wishes)]
        other = [np.mean(wishes[low:high]) for low, high in pairwise(ends) for _one in range(low, high)]
        if all(low <= high for low, high in pairwise(other)):
            assert np.sum((np.subtract(found, wishes)) ** 2) <= np.sum((np.subtract(other, wishes)) ** 2) + 1e-9


WORDS = st.lists(st.text(min_size=1, max_size=60) | st.text("Wm", max_size=40), min_size=1, max_size=12)


@settings(max_examples=some(60), deadline=None)
@given(WORDS, st.integers(1, 12))
def test_words_are_tidy(words, features):
    scene = words_scene(words, random_input(len(words), features)[0])
    assert_tidy(scene)
    ElementTree.fromstring(render_svg(scene, LIGHT))


@settings(max_examples=some(40), deadline=None)
@given(WORDS)
def test_words_below_the_steps_are_tidy(words):
    spec, x = random_spec("SimpleRNN", units=2, features=1), random_input(len(words), 1)
    assert_tidy(unrolled_scene(plan_trace(run(spec, x), words=words)))


@settings(max_examples=some(30), deadline=None)
@given(st.floats(1, 1e20), st.integers(1, 5))
def test_large_values_are_tidy(scale, features):
    spec = random_spec("SimpleRNN", units=3, features=features)
    x = scale * random_input(3, features)
    assert_tidy(unrolled_scene(plan_trace(run(spec, x))))
    assert_tidy(cell_scene(run(spec, x), step=2))


def test_words_say_where_the_numbers_come_from_and_how_the_array_lies():
    labels = {label.id: label.text for label in words_scene(["I", "am"], np.array([[1.0, 2.0], [3.0, 4.0]])).of(Label)}
    assert labels["numbers_note"] == "each word needs its numbers: chosen by hand or learned by an Embedding"
    assert labels["row[t=2]"] == labels["name[x,t=2]"] == "x₂"
    assert labels["column[f = 1]"] == "f = 1" and "laid on its side" in labels["array_rows"]
    many = words_scene(["I"], np.ones((1, 300)))
    assert not any(label.id.startswith("column[") for label in many.of(Label))


def test_a_text_of_many_words_stays_small():
    scene = words_scene(["word"] * 784, random_input(784, 3)[0])
    assert scene.width < 1500 and len(render_svg(scene, LIGHT)) < 200_000
    wide = words_scene(["word"] * 1000, random_input(1000, 200)[0])
    assert_tidy(wide)
    assert len(render_svg(wide, LIGHT)) < 200_000 and any("one row in 16" in label.text for label in wide.of(Label))


@pytest.mark.parametrize("return_sequences", [False, True])
def test_every_state_has_its_cells_and_what_leaves_is_solid(return_sequences):
    scene = unrolled(units=4, steps=3, return_sequences=return_sequences)
    ids = list(scene.ids())
    assert len(ids) == len(set(ids))
    for letter in ("output", "x"):
        size = 4 if letter == "output" else 2
        axis = "u" if letter == "output" else "f"
        assert {f"{letter}[t={t},{axis}={n}]" for t in (1, 2, 3) for n in range(1, size + 1)} <= set(ids)
    solid = [cells.id for cells in scene.of(Cells) if cells.id.startswith("output") and not cells.ghost]
    assert solid == (["output[t=1]", "output[t=2]", "output[t=3]"] if return_sequences else ["output[t=3]"])
    arrows = [line.id for line in scene.of(Line) if line.id.startswith("arrow[output") and line.role == "flow"]
    assert len(arrows) == len(solid)


def test_return_state_opens_one_more_exit():
    closed, opened = (list(unrolled(return_state=flag).ids()) for flag in (False, True))
    assert {"h[t=3]", "caption[state]"} <= set(opened) - set(closed)


def test_every_copy_carries_the_same_tags():
    tags = [re.sub(r"t=\d", "t", box.id) for box in unrolled().of(Box) if box.role == "tag"]
    assert tags == ["tag[t,W]", "tag[t,R]", "tag[t,b]"] * 3


@pytest.mark.parametrize("steps", [1, MOST_STEPS, MOST_STEPS + 1, 28, 784])
def test_steps_left_out_are_counted(steps):
    shown = shown_steps(steps)
    drawn = [step for step in shown if step]
    scene = unrolled(steps=steps)
    texts = [label.text for label in scene.of(Label)]
    left_out = steps - len(drawn)
    assert drawn[0] == 1 and drawn[-1] == steps and len(drawn) <= MOST_STEPS
    assert any(f"… {left_out} more step" in text for text in texts) == (left_out > 0)
    sentence = words_scene(["word"] * steps, random_input(steps, 2)[0])
    for words in (scene.description, sentence.description):
        assert (f"… {left_out} more steps …" in words) == (left_out > 0)


def test_numbers_are_those_of_the_trace_rounded_once():
    spec = random_spec("SimpleRNN", units=4, features=2)
    trace = run(spec, random_input(3, 2))
    blocks = {cells.id: cells for cells in unrolled().of(Cells)}
    for t in (1, 2, 3):
        np.testing.assert_array_equal(blocks[f"output[t={t}]"].values[:, 0], trace.hidden[0, t - 1])
        np.testing.assert_array_equal(blocks[f"x[t={t}]"].values[:, 0], trace.x[0, t - 1])
    svg = Diagram(unrolled()).to_svg()
    for value in trace.hidden[0, 2]:
        assert f">{wording.number(value)}</text>" in svg


def test_cell_shows_the_terms_of_the_trace():
    spec = random_spec("SimpleRNN", units=4, features=2)
    trace = run(spec, random_input(3, 2))
    blocks = {cells.id: cells.values for cells in cell(step=2).of(Cells)}
    terms = trace.terms["h"]
    np.testing.assert_array_equal(blocks["W"], spec.kernel)
    np.testing.assert_array_equal(blocks["R"], spec.recurrent_kernel)
    np.testing.assert_array_equal(blocks["h[t=1]"][0], trace.hidden[0, 0])
    np.testing.assert_array_equal(blocks["x·W[t=2]"][0], terms.from_input[0, 1])
    np.testing.assert_array_equal(blocks["h·R[t=2]"][0], terms.from_state[0, 1])
    np.testing.assert_array_equal(blocks["sum[t=2]"][0], terms.total[0, 1])
    np.testing.assert_array_equal(blocks["h[t=2]"][0], trace.hidden[0, 1])


def test_unit_is_framed_in_every_block_that_makes_it():
    scene = cell(step=2, unit=3)
    blocks = {cells.id: cells for cells in scene.of(Cells)}
    frames = {item.id: item.place for item in scene.items if item.id.startswith("light[")}
    assert set(frames) == {f"light[{name}]" for name in ("W", "R", "b", "x·W[t=2]", "h·R[t=2]", "sum[t=2]", "h[t=2]")}
    for name, frame in frames.items():
        cells = blocks[name[6:-1]]
        assert frame.x == cells.cell_place(0, 2).x and frame.height == cells.place.height


@pytest.mark.parametrize(
    "scene", [unrolled(), unrolled(steps=28, units=40), cell(unit=2)], ids=["small", "long", "cell"]
)
def test_both_renderers_draw_every_text(scene):
    words = [label.text for label in scene.of(Label)]
    numbers = [
        wording.number(value)
        for cells in scene.of(Cells)
        if cells.numbers and cells.values is not None
        for value in cells.values.flat
    ]
    tree = ElementTree.fromstring(render_svg(scene, LIGHT))
    in_svg = [text.text for text in tree.iter(f"{SVG}text")]
    in_figure = [text.get_text() for text in Diagram(scene).to_figure().axes[0].texts]
    assert sorted(in_svg) == sorted(in_figure) == sorted([*words, *numbers])


@pytest.mark.parametrize(
    "scene", [unrolled(), unrolled(steps=28, units=40), cell(unit=2)], ids=["small", "long", "cell"]
)
def test_both_renderers_draw_every_item(scene):
    assert_same_in_both_renderers(scene)


def test_a_large_picture_stays_a_small_document():
    scene = unrolled(units=50, steps=28, features=28, return_sequences=True)
    elements = list(ElementTree.fromstring(render_svg(scene, LIGHT)).iter())
    assert len(elements) <= 400


@pytest.mark.slow
def test_svg_repeats_byte_for_byte_in_another_process():
    code = (
        "from tests.unit.test_diagrams import unrolled; from course_utils.pictures import Diagram;"
        "import sys; sys.stdout.buffer.write(Diagram(unrolled()).to_svg().encode())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] == Diagram(unrolled()).to_svg().encode()


def test_svg_is_named_for_a_screen_reader():
    scene = unrolled()
    root = ElementTree.fromstring(render_svg(scene, LIGHT))
    assert root.get("role") == "img" and root.get("aria-label") == f"{scene.title}. {scene.description}"
    assert root.find(f"{SVG}title").text == scene.title
    assert not re.search(r'\sid="', render_svg(scene, LIGHT)), "ids would clash between pictures on one page"


def test_html_keeps_words_that_could_break_it():
    scene = words_scene(['"<b>"', "&"], np.ones((2, 1)))
    html = Diagram(scene).to_html()
    assert "<b>" not in html and html.count('"') == 6


def test_description_says_what_is_drawn():
    text = unrolled().description
    for part in (
        "SimpleRNN(4)",
        "3 steps",
        "2 features",
        "28 parameters",
        "(batch, 3, 2)",
        "(batch, 4)",
        "only the last",
    ):
        assert part in text
    hidden = run(random_spec("SimpleRNN", units=4, features=2), random_input(3, 2)).hidden[0, 2]
    assert f"h_3 = {wording.vector(hidden)}" in text
    assert "every state" in unrolled(return_sequences=True).description
    assert "returned state" in unrolled(return_state=True).description


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_themes_can_be_read(theme):
    for ground in (theme.paper, theme.box):
        assert contrast(theme.ink, ground) >= 4.5
        assert contrast(theme.muted, ground) >= 4.5
        for mark in (theme.line, theme.ghost, theme.edge, *HUES.values()):
            assert contrast(mark, ground) >= 3
    for hue in HUES.values():
        assert contrast(theme.text("on_hue"), hue) >= 4.5


def test_the_projector_theme_is_larger_and_heavier():
    scene = unrolled()
    light, projector = (ElementTree.fromstring(render_svg(scene, theme)) for theme in (LIGHT, PROJECTOR))
    assert float(projector.get("width")) == 1.5 * float(light.get("width"))
    sizes = [
        [float(text.get("font-size")) for text in root.iter(f"{SVG}text") if text.get("font-size")]
        for root in (light, projector)
    ]
    np.testing.assert_allclose(np.divide(sizes[1], sizes[0]), LARGEST_TYPE, rtol=1e-3)
    strokes = [
        [float(line.get("stroke-width")) for line in root.iter(f"{SVG}path") if line.get("fill") == "none"]
        for root in (light, projector)
    ]
    np.testing.assert_allclose(np.divide(strokes[1], strokes[0]), 1.5, rtol=0.01)


SIMULATIONS = {  # Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, simulation):
    """Return a colour in CIELAB as an eye of this kind sees it."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(SIMULATIONS[simulation]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 1e-6))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("simulation", SIMULATIONS)
def test_values_are_told_apart_by_colour_blind_eyes(simulation):
    low, zero, high = (lab(colour, simulation) for colour in (NEGATIVE, ZERO, POSITIVE))
    for one, other in ((low, zero), (zero, high), (low, high)):
        assert np.linalg.norm(one - other) > 30
    for half in (range(17), range(16, BINS)):  # the further from zero, the further from its colour
        distances = [np.linalg.norm(lab(BIN_COLOURS[number], simulation) - zero) for number in half]
        assert np.all(np.diff(distances) * (-1 if half.start == 0 else 1) > 0)
    strange = [lab(BIN_COLOURS[number], simulation) for number in (NOT_A_NUMBER, MINUS_INFINITY, PLUS_INFINITY)]
    for place, one in enumerate(strange):
        others = [lab(colour, simulation) for colour in (NEGATIVE, ZERO, POSITIVE)] + strange[:place]
        assert min(np.linalg.norm(one - other) for other in others) > 15


def test_jupyter_theme_follows_the_page():
    assert all(
        str(value).startswith("var(--jp-")
        for name, value in vars(JUPYTER).items()
        if type(value) is str and name != "name"
    )


def test_strange_values_have_a_colour_and_a_text():
    bins = value_bins(np.array([np.nan, np.inf, -np.inf, 0.0]), 1.0)
    assert len({BIN_COLOURS[number] for number in bins}) == 4
    assert [wording.number(value) for value in (np.nan, np.inf, -np.inf, 0.0)] == ["NaN", "∞", "−∞", "0.00"]
    spec = random_spec("SimpleRNN", units=2, features=1)
    x = np.array([[[np.nan], [1.0]]])
    assert_tidy(unrolled_scene(plan_trace(run(spec, x))))


@settings(max_examples=some(60), deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True, width=32))
def test_a_number_fits_its_cell(value):
    assert text_width(wording.number(value), NUMBER_SIZE) <= CELL_WIDTH


def test_save_writes_each_kind_of_file(tmp_path):
    diagram = Diagram(unrolled())
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    for suffix, start in starts.items():
        assert diagram.save(tmp_path / f"a.{suffix}").read_bytes().startswith(start)
    assert diagram.to_png() == diagram.to_png()
    with pytest.raises(ValueError, match=r"\.svg, \.png or \.pdf"):
        diagram.save(tmp_path / "a.jpg")


def test_png_keeps_the_colours_of_the_scale():
    image = Image.open(io.BytesIO(Diagram(unrolled()).to_png())).convert("RGB")
    pixels = {colour for _count, colour in image.getcolors()}
    for code in (NEGATIVE, ZERO, POSITIVE, LIGHT.ink, LIGHT.box, LIGHT.edge, LIGHT.paper):
        assert tuple(bytes.fromhex(code[1:])) in pixels, code


def test_a_live_page_gets_no_png_for_it_never_shows_one(monkeypatch):
    monkeypatch.setattr(Diagram, "to_png", lambda _: pytest.fail("a PNG was made"))
    bundle = Diagram(unrolled())._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/html"].startswith(f'<img alt="{unrolled().description}"')


def test_mime_bundle_gives_what_is_asked_for_and_nothing_else(monkeypatch):
    show = Diagram(unrolled())._repr_mimebundle_
    assert set(show(include=["image/png"])) == {"image/png"}
    assert set(show(exclude=["text/html"])) == {"text/plain"}
    monkeypatch.setenv(PNG_TOO, "on")  # as the command notebooks does
    assert set(show()) == {"text/html", "image/png", "text/plain"}
    assert set(show(exclude={"image/png"})) == {"text/html", "text/plain"}


def test_drawing_functions_take_a_keras_layer(keras):
    layer = keras.layers.SimpleRNN(4, name="mine")
    x = random_input(3, 2)
    diagram = course_utils.draw_unrolled(layer, x, words=["I", "am", "groot"])
    assert f"h_3 = {wording.vector(np.asarray(layer(x))[0])}" in diagram.description
    assert any(label.text == "“groot” · step 3" for label in diagram.scene.of(Label))
    assert f"h_2 = {wording.vector(course_utils.trace(layer, x).recurrent[0].hidden[0, 1])}" in (
        course_utils.draw_cell(layer, x, step=2).description
    )


def test_a_layer_is_drawn_without_an_input(keras):
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.SimpleRNN(3)])
    scene = course_utils.draw_unrolled(model).scene
    assert scene.title == "SimpleRNN(3) on 5 steps of 2 features"
    assert all(cells.values is None for cells in scene.of(Cells) if cells.id.startswith(("x[", "output[")))
    free = keras.Sequential([keras.Input((None, 2)), keras.layers.SimpleRNN(3)])
    assert "4 steps" in course_utils.draw_unrolled(free, steps=4).scene.title
    with pytest.raises(ValueError, match="steps is missing"):
        course_utils.draw_unrolled(free)
    with pytest.raises(ValueError, match="was built for 5 time-steps"):
        course_utils.draw_unrolled(model, steps=7)


@pytest.mark.parametrize("size", [(4, 3), (12, 2), (3, 9)])
def test_drawing_on_given_axes(keras, size):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    diagram = course_utils.draw_unrolled(keras.layers.SimpleRNN(4), random_input(3, 2), ax=axes)
    assert len(axes.texts) == len(diagram.to_figure().axes[0].texts) > 20
    FigureCanvasAgg(figure).draw()
    title = next(text for text in axes.texts if text.get_text() == diagram.scene.title)
    shown = title.get_window_extent().width / axes.get_window_extent().width
    place = next(label.place for label in diagram.scene.of(Label) if label.id == "title")
    per_px = axes.transData.transform([(1, 0)])[0, 0] - axes.transData.transform([(0, 0)])[0, 0]
    width = place.width / LARGEST_TYPE * per_px  # the light theme sets type smaller than the layout has room for
    np.testing.assert_allclose(shown * axes.get_window_extent().width, width, rtol=0.12)


def test_the_figure_holds_one_artist_for_each_mark():
    from matplotlib.collections import LineCollection, PatchCollection, PolyCollection

    scene = cell(unit=2)
    axes = Diagram(scene).to_figure().axes[0]
    patches = [len(c.get_paths()) for c in axes.collections if isinstance(c, PatchCollection)]
    frames = sum(item.id.startswith("light[") for item in scene.items)
    assert patches == [len(scene.of(Box)), len(scene.of(Cells)), frames, frames]
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert [len(c.get_segments()) for c in lines] == [len(scene.of(Line))]
    polygons = [len(c.get_paths()) for c in axes.collections if isinstance(c, PolyCollection)]
    arrows = sum(line.head for line in scene.of(Line))
    assert polygons == [sum(c.shape[0] * c.shape[1] for c in scene.of(Cells)), arrows]


def test_sample_and_theme_reach_the_picture(keras):
    layer = keras.layers.SimpleRNN(4)
    x = np.concatenate([random_input(3, 2), random_input(3, 2, seed=1)])
    hidden = course_utils.trace(layer, x).recurrent[0].hidden
    for sample in (0, 1):
        for t in (1, 2, 3):
            text = course_utils.draw_cell(layer, x, step=t, sample=sample).description
            assert f"h_{t} = {wording.vector(hidden[sample, t - 1])}" in text
            assert f"x_{t} = {wording.vector(x[sample, t - 1])}" in text
        text = course_utils.draw_unrolled(layer, x, sample=sample).description
        assert f"x_2 = {wording.vector(x[sample, 1])}, h_2 = {wording.vector(hidden[sample, 1])}" in text
    dark = course_utils.draw_unrolled(layer, x, theme="dark")
    assert DARK.paper in dark.to_svg() and DARK.paper not in dark.to_svg(theme="light")
    assert dark.to_figure().get_facecolor()[0] < 0.2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sample": 1}, "sample must be a whole number, 0 to 0, but it is 1"),
        ({"steps": 4}, "steps=4 does not fit x, which has 3 time-steps"),
        ({"words": ["I"]}, "words must name 3 steps"),
        ({"steps": 0}, "steps must be a whole number, at least 1, but it is 0"),
        ({"steps": 3.0}, "steps must be a whole number"),
        ({"theme": "jupyter"}, "theme must be one of light, dark, projector"),
        ({"theme": "pink"}, "theme must be one of light, dark, projector, but it is"),
    ],
)
def test_wrong_arguments_of_draw_unrolled(keras, arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        course_utils.draw_unrolled(keras.layers.SimpleRNN(4), random_input(3, 2), **arguments)


@pytest.mark.parametrize("step", [0, 4, 1.0, True, "1"])
def test_wrong_step_of_draw_cell(keras, step):
    with pytest.raises(ValueError, match=re.escape(f"step must be a whole number, 1 to 3, but it is {step!r}")):
        course_utils.draw_cell(keras.layers.SimpleRNN(4), random_input(3, 2), step=step)


def test_wrong_words():
    with pytest.raises(ValueError, match=r"pass \['I', 'am'\]"):
        course_utils.draw_words("I am", [[1], [2]])
    with pytest.raises(ValueError, match="one row of numbers for each of the 2 words"):
        course_utils.draw_words(["I", "am"], [[1]])
    with pytest.raises(ValueError, match="different lengths"):
        course_utils.draw_words(["I", "am"], [[1], [1, 2]])
    with pytest.raises(TypeError, match="vectors must be an array of numbers"):
        course_utils.draw_words(["I"], [["a"]])
    assert "“7”" in course_utils.draw_words([7], [[1]]).description
