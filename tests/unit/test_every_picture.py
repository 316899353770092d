"""What holds for every picture of the course alike: it is tidy, it shows and says itself everywhere, on any axes."""

import inspect
import io
import xml.etree.ElementTree as ElementTree
from html import unescape

import pytest
from matplotlib.figure import Figure
from PIL import Image

import course_utils
from course_utils.commands import images
from course_utils.drawing.scene import Box, Cells, Label
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import BIN_COLOURS, BIN_INKS, LIGHT, contrast
from course_utils.pictures import draw
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

DRAW = {name: getattr(draw, name) for name in dir(draw) if name.startswith("draw_")}
LARGEST_FILE = 200_000  # bytes


@pytest.fixture(scope="module", params=images.PICTURES)
def diagram(request, keras):
    """Return each of the course's pictures, drawn from real Keras layers."""
    return images.PICTURES[request.param]()


def test_every_drawing_function_is_public_and_has_a_picture():
    source = inspect.getsource(images)
    for name, function in DRAW.items():
        assert getattr(course_utils, name) is function
        assert f"pictures.{name}(" in source, f"images/ shows nothing of {name}"


@pytest.mark.parametrize("function", DRAW.values(), ids=DRAW)
def test_every_drawing_function_takes_a_theme_and_axes(function):
    parameters = inspect.signature(function).parameters
    for name in ("theme", "ax"):
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY and parameters[name].default is None
    assert "Raises" in function.__doc__ and ">>>" in function.__doc__


def test_it_is_tidy(diagram):
    assert_tidy(diagram.scene)


def test_both_renderers_draw_it_in_every_theme(diagram):
    assert_same_in_both_renderers(diagram.scene)


def test_it_stays_small(diagram):
    svg = diagram.to_svg()
    assert len(list(ElementTree.fromstring(svg).iter())) <= 400
    assert len(svg) < LARGEST_FILE and diagram.scene.width <= 1320


def test_it_shows_and_says_itself_everywhere(diagram, tmp_path):
    bundle = diagram._repr_mimebundle_()
    assert bundle["text/plain"] == repr(diagram) == diagram.description
    alt = bundle["text/html"].split('alt="')[1].split('"')[0]
    assert unescape(alt) == diagram.description and len(alt) > 60
    for suffix in ("svg", "png", "pdf"):
        assert diagram.save(tmp_path / f"a.{suffix}").stat().st_size > 1000
    width, height = Image.open(io.BytesIO(diagram.to_png())).size
    assert width / height == pytest.approx(diagram.scene.width / diagram.scene.height, rel=0.01)


def test_its_title_and_description_are_whole(diagram):
    scene = diagram.scene
    texts = [label.text for label in scene.of(Label)]
    assert scene.title in texts, "the title is drawn"
    assert "  " not in scene.description and scene.description.rstrip().endswith((".", "…"))
    for text in (scene.description, *texts):
        assert text == text.strip() and "nan" not in text and "None)" not in text.replace("(None", "(")


def test_every_text_can_be_read_where_it_stands(diagram):
    """Each label against the ground that it stands on, in the light theme; the numbers against their cells."""
    scene = diagram.scene
    for label in scene.of(Label):
        grounds = [box for box in scene.of(Box) if box.place.holds(label.place)]
        ground = LIGHT.fill(grounds[-1].role, grounds[-1].hue) if grounds else LIGHT.paper
        assert contrast(LIGHT.text(label.role), ground) >= 4.5, label.id
    assert all(contrast(ink, ground) >= 4.5 for ink, ground in zip(BIN_INKS, BIN_COLOURS, strict=True))


def test_colour_is_never_alone(diagram):
    """What has a hue has a letter in it or a name beside it."""
    scene = diagram.scene
    for box in scene.of(Box):
        if box.role == "gate":
            assert any(box.place.holds(label.place) for label in scene.of(Label)), box.id


def test_cells_with_numbers_have_room_for_them(diagram):
    for cells in diagram.scene.of(Cells):
        width, height = cells.cell_size
        assert not cells.numbers or cells.values is None or (width >= 38 and height >= 16), cells.id


def test_it_can_be_drawn_on_axes_of_ones_own(diagram):
    from course_utils.drawing.figure import draw_on

    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot(1, 2, 2)
    drawn = draw_on(axes, diagram.scene, LIGHT)
    assert len(drawn) == len(diagram.scene.items) and axes.texts
    assert render_svg(diagram.scene, LIGHT) == diagram.to_svg(theme="light")
