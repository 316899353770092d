"""The picture of an image as a sequence: its pixels are those given, row t goes into step t."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.drawing.grouping import block_means
from course_utils.drawing.scene import Box, Cells, Frame, Label, Line
from course_utils.pictures import Diagram
from course_utils.pictures.image_rows import image_rows_scene, shown_rows
from tests.unit.cases import some
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

RANDOM = np.random.default_rng(5)


def blocks(scene):
    return {cells.id: cells for cells in scene.of(Cells)}


@settings(max_examples=some(40), deadline=None)
@given(
    st.integers(1, 120),
    st.integers(1, 120),
    st.sampled_from([None, "a 3", "W" * 60]),
    st.sampled_from([1.0, -3.0, 255.0]),
)
def test_tidy_at_every_size(rows, columns, label, scale):
    scene = image_rows_scene(scale * RANDOM.random((rows, columns)), label)
    assert_tidy(scene)
    assert len(list(ElementTree.fromstring(Diagram(scene).to_svg()).iter())) <= 400


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (28, 28), (64, 64), (3, 100), (1000, 1000), (1, 5000), (5000, 1)])
def test_few_cells_are_drawn_and_all_is_said(shape):
    image = RANDOM.random(shape)
    scene = image_rows_scene(image)
    assert_tidy(scene)
    assert_same_in_both_renderers(scene) if image.size <= 4096 else None
    assert sum(cells.shape[0] * cells.shape[1] for cells in scene.of(Cells)) <= 5100
    picture = blocks(scene)["image"]
    if min(picture.place.width, picture.place.height) > 5:  # else it would be too thin to be seen
        np.testing.assert_allclose(*picture.cell_size)
    assert f"an array of shape {shape}" in scene.description
    if image.size <= 4096:
        np.testing.assert_array_equal(picture.values, image)
    else:
        assert "their mean" in scene.description


def test_each_strip_is_a_row_of_the_image_and_goes_into_its_step():
    image = RANDOM.random((28, 28))
    scene = image_rows_scene(image, "a 3")
    strips = {int(name[4:-1]): cells for name, cells in blocks(scene).items() if name.startswith("x[t=")}
    boxes = {int(box.id[7:-1]): box.place for box in scene.of(Box)}
    lines = {line.id: line.points for line in scene.of(Line)}
    assert set(strips) == set(boxes) == {row for row in shown_rows(image) if row}
    picture = blocks(scene)["image"]
    for row, strip in strips.items():
        np.testing.assert_array_equal(strip.values[0], image[row - 1])
        assert lines[f"arrow[x,t={row}]"][-1][1] == boxes[row].centre[1]
        assert lines[f"cut[t={row}]"][0][1] == pytest.approx(picture.cell_place(row - 1, 0).centre[1])
    tops = [boxes[row].y for row in sorted(boxes)]
    assert tops == sorted(tops), "time runs downwards here, as the rows do"
    texts = [label.text for label in scene.of(Label)]
    assert {"a 3", "28 rows down = 28 steps", "28 pixels across = 28 features", "row 28", "step 28", "x₂₈"} <= set(
        texts
    )


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 28, 100])
def test_the_state_goes_from_step_to_step(rows):
    image = RANDOM.random((rows, 4))
    scene = image_rows_scene(image)
    texts = [label.text for label in scene.of(Label)]
    shown = [row for row in shown_rows(image) if row]
    states = [int(line.id[10:-1]) for line in scene.of(Line) if line.id.startswith("arrow[h,")]
    assert set(states) >= {0, *shown} and states[-1] == rows
    hidden = sum(int(found[1]) for text in texts if (found := re.fullmatch(r"… (\d+) more rows? …", text)))
    assert hidden == rows - len(shown)
    steps = sum(int(found[1]) for text in texts if (found := re.fullmatch(r"… (\d+) more steps? …", text)))
    assert steps == hidden


def test_rows_that_show_something_are_cut_out():
    image = np.zeros((28, 28))
    image[6:9, 10:20] = 1
    assert shown_rows(image) == (1, None, 7, 8, 9, None, 28)
    assert shown_rows(1 - image) == (1, None, 7, 8, 9, None, 28), "ink may be dark on light"
    assert shown_rows(np.zeros((28, 28))) == (1, None, 13, 14, 15, None, 28)
    assert shown_rows(np.zeros((8, 2))) == (1, 2, 3, 4, 5, 6, 7, 8)
    image[6:9] = 0
    image[1:4] = 1
    assert shown_rows(image) == (1, 2, 3, 4, None, 28)


@settings(max_examples=some(60), deadline=None)
@given(st.integers(1, 14), st.integers(0, 13))
def test_one_row_alone_is_never_left_out(rows, inked):
    image = np.zeros((rows, 3))
    image[inked : inked + 3] = 1
    page = shown_rows(image)
    known = [0, *page, rows + 1]
    assert all(known[slot + 2] - known[slot] > 2 for slot, row in enumerate(page) if row is None)
    kept = [row for row in page if row is not None]
    assert kept == sorted(set(kept)) and kept[0] == 1 and kept[-1] == rows


@pytest.mark.parametrize(
    ("rows", "numbers", "frames"),
    [(8, list("12345678"), []), (28, ["1", "7", "8", "9", "28"], [1, 7, 28]), (100, ["1", "7–9", "100"], [1, 7, 100])],
)
def test_rows_cut_out_are_numbered_and_framed_in_the_image(rows, numbers, frames):
    image = np.zeros((rows, 8))
    image[6:9] = np.arange(8)
    scene = image_rows_scene(image)
    picture = blocks(scene)["image"].place
    labels = [label for label in scene.of(Label) if label.id.startswith("number[row")]
    assert [label.text for label in labels] == numbers
    assert all(label.place.right < picture.x for label in labels)
    drawn = {int(frame.id[12:-1]): frame.place for frame in scene.of(Frame)}
    assert list(drawn) == frames
    for low, place in drawn.items():
        assert place.y == pytest.approx(picture.y + picture.height * (low - 1) / rows, abs=2)
    for line in scene.of(Line):
        if line.id.startswith("cut["):
            assert 0 <= line.points[0][0] - picture.right <= 2


def test_whole_numbers_have_no_decimals():
    image = np.arange(16).reshape(4, 4) * 5 - 5
    diagram = course_utils.draw_image_rows(image)
    assert "Row 1 is x_1 = (-5, 0, 5, 10)." in diagram.description
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", diagram.to_svg())
    assert {"−5", "0", "70"} <= set(texts) and not any(".00" in text for text in texts)
    assert_same_in_both_renderers(diagram.scene)
    half = course_utils.draw_image_rows(image / 2)
    assert "Row 1 is x_1 = (-2.50, 0.00, 2.50, 5.00)." in half.description and "5.00" in half.to_svg()


@settings(max_examples=some(30), deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4))
def test_means_are_those_of_the_blocks(rows, columns, down, across):
    values = RANDOM.random((rows, columns))
    found = block_means(values, down, across)
    for i, j in np.ndindex(found.shape):
        block = values[i * down : (i + 1) * down, j * across : (j + 1) * across]
        assert found[i, j] == pytest.approx(block.mean())


@pytest.mark.parametrize(
    ("image", "end", "low"),
    [
        (RANDOM.integers(0, 255, (9, 9)), "255", None),
        (RANDOM.random((9, 9)), "1", None),
        (np.full((9, 9), 16), "16", None),
        (RANDOM.standard_normal((9, 9)).clip(-1.5, 1.5) * 2, "+3", "−3"),
    ],
)
def test_the_scale_suits_the_values(image, end, low):
    labels = {label.id: label.text for label in course_utils.draw_image_rows(image).scene.of(Label)}
    assert labels["scale_high"] == end and labels.get("scale_low") == low


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("everywhere", [True, False])
def test_strange_values(strange, everywhere):
    image = RANDOM.random((90, 90))
    image[slice(None) if everywhere else 3] = strange
    scene = course_utils.draw_image_rows(image).scene
    assert_tidy(scene)
    assert np.isnan(blocks(scene)["image"].values).any() or np.isinf(blocks(scene)["image"].values).any()


def test_description_says_the_rows():
    text = course_utils.draw_image_rows([[0, 1], [0.25, 0]], "a bar").description
    assert text == (
        "An image of 2 × 2 pixels as 2 steps of 2 features, a bar: row t goes into step t, an array of shape (2, 2). "
        "The state h goes from step to step, from zero before the first row. "
        "Row 1 is x_1 = (0.00, 1.00). Row 2 is x_2 = (0.25, 0.00)."
    )


def test_one_channel_at_the_end_is_taken_away_and_the_image_stays_as_it_was():
    image = RANDOM.integers(0, 256, (28, 28, 1)).astype("uint8")
    before = image.copy()
    scene = course_utils.draw_image_rows(image, 3).scene
    np.testing.assert_array_equal(blocks(scene)["image"].values, before[:, :, 0])
    np.testing.assert_array_equal(image, before)
    assert "3" in [label.text for label in scene.of(Label)]


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (np.zeros((28, 28, 3)), ValueError, "it has shape (28, 28, 3): it has colours, so make it grey"),
        (np.zeros((5, 28, 28)), ValueError, "it has shape (5, 28, 28): the first axis is the batch, so pass one"),
        (np.zeros((1, 28, 28)), ValueError, "x[0]"),
        (np.zeros((5, 28, 28, 1)), ValueError, "x[0]"),
        (np.zeros(784), ValueError, "it has shape (784,): one axis is missing, so reshape it"),
        (7, ValueError, "it is one number"),
        (np.zeros((0, 28)), ValueError, "at least one pixel, but it has shape (0, 28)"),
        ("three.png", TypeError, "it is 'three.png': pass the numbers themselves"),
        (None, TypeError, "image must be an array of shape (rows, columns), but it is None"),
        ([[1, 2], [3]], ValueError, "different lengths"),
        ([["a"]], TypeError, "pass numbers"),
    ],
)
def test_wrong_images(image, error, words):
    with pytest.raises(error, match=re.escape(words)):
        course_utils.draw_image_rows(image)
