"""draw_weights: what is stored, how much of it, to scale; of large weights some rows and columns; wrong arguments."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import draw_weights
from course_utils.drawing.grouping import fine_limit, grouped, groups
from course_utils.drawing.scene import Box, Cells, Label, Scene
from course_utils.drawing.svg import NUMBER_SIZE, render_svg
from course_utils.drawing.text import text_width
from course_utils.drawing.theme import LIGHT
from course_utils.drawing.wording import number
from course_utils.pictures.weights.blocks import MOST_CELLS
from course_utils.pictures.weights.weights import weights_scene
from course_utils.recurrence import RecurrentSpec, count, random_spec
from tests.unit.cases import some
from tests.unit.kinds import BLOCKS, WORDS
from tests.unit.tidy import assert_same_in_both_renderers, assert_tidy

KINDS = st.sampled_from(sorted(BLOCKS))


def layer_of(kind, units, features, *, bias=True, reset_after=True, scale=0.5) -> RecurrentSpec:
    """Return a layer with random weights, other ones for every size."""
    random = np.random.default_rng((units, features))
    columns = units * len(BLOCKS[kind])
    twice = kind == "GRU" and reset_after
    return RecurrentSpec(
        kind,
        "layer",
        scale * random.standard_normal((features, columns)),
        scale * random.standard_normal((units, columns)),
        scale * random.standard_normal((2, columns) if twice else columns) if bias else None,
        reset_after=twice,
    )


def texts(scene: Scene) -> list[str]:
    return [label.text for label in scene.of(Label)]


def blocks(scene: Scene) -> dict[str, Cells]:
    return {cells.id: cells for cells in scene.of(Cells)}


@settings(max_examples=some(40), deadline=None)
@given(
    kind=KINDS,
    units=st.integers(1, 130),
    features=st.integers(1, 130),
    bias=st.booleans(),
    reset_after=st.booleans(),
    scale=st.sampled_from([0, 1e-6, 0.01, 0.5, 30, 1e12]),
)
def test_tidy_at_every_size(kind, units, features, **arguments):
    assert_tidy(weights_scene(layer_of(kind, units, features, **arguments)))


@settings(max_examples=some(15), deadline=None)
@given(kind=KINDS, units=st.integers(1, 20), features=st.integers(1, 20), bias=st.booleans())
def test_both_renderers_draw_the_same(kind, units, features, bias):
    assert_same_in_both_renderers(weights_scene(layer_of(kind, units, features, bias=bias)))


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 20), features=st.integers(1, 20))
def test_each_block_holds_its_own_values_in_the_order_of_keras(kind, units, features):
    spec = layer_of(kind, units, features)
    scene = weights_scene(spec)
    for weight in ("kernel", "recurrent_kernel", "bias"):
        drawn = [cells for name, cells in blocks(scene).items() if name.split("[")[0] == weight]
        assert [cells.id for cells in drawn] == [f"{weight}[{letter}]" for letter in spec.blocks]
        assert all(one.place.right < other.place.x for one, other in pairwise(drawn))
        if drawn[0].axes[-1] == "u":  # nothing left out
            together = np.concatenate([cells.values for cells in drawn], axis=1)
            assert np.array_equal(together, np.atleast_2d(spec.weights[weight]))


@settings(max_examples=some(60), deadline=None)
@given(kind=KINDS, units=st.integers(1, 300), features=st.integers(1, 800), bias=st.booleans())
def test_one_cell_size_serves_all_weights(kind, units, features, bias):
    """The sides are to scale, except for those weights that the picture itself names as thicker, and slivers."""
    spec = layer_of(kind, units, features, bias=bias)
    scene = weights_scene(spec)
    but = next(text for text in texts(scene) if text.startswith("height and width")).partition(", but ")[2]
    thicker, (wide, high) = but.partition("drawn thicker")[0], (set(), set())
    for weight, letter in {"kernel": "W", "recurrent_kernel": "R", "bias": "b"}.items():
        if weight not in spec.weights:
            continue
        places = [blocks(scene)[f"{weight}[{block}]"].place for block in spec.blocks]
        assert {place.x for place in places} == {blocks(scene)[f"kernel[{block}]"].place.x for block in spec.blocks}
        wide |= {round(place.width / units, 6) for place in places}
        if letter not in thicker:
            high.add(round(places[0].height / len(np.atleast_2d(spec.weights[weight])), 6))
    assert len(wide) == 1 and len(high) <= 1
    if not high:
        assert all(letter in thicker for letter in "WR")
    elif wide != high:
        said = re.search(r"a column is drawn (.*) times as wide as a row is high", but)
        assert float(said[1]) == pytest.approx(min(wide) / min(high), abs=0.06)
        assert features > 40 * units, "a square is a sliver only where there are far more rows than columns"
    else:
        assert "times as wide" not in but


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 300), features=st.integers(1, 800))
def test_large_layers_stay_small_pictures(kind, units, features):
    scene = weights_scene(layer_of(kind, units, features))
    svg = render_svg(scene, LIGHT)
    cells = sum(np.prod(block.shape) for block in scene.of(Cells) if block.id != "scale")
    assert cells <= MOST_CELLS
    assert len(list(ElementTree.fromstring(svg).iter())) <= 400
    assert len(svg) < 150_000 and scene.width < 1150 and scene.height < 1010
    assert len(texts(scene)) <= 32


@pytest.mark.parametrize("kind, features", [("GRU", 24), ("SimpleRNN", 250), ("LSTM", 64), ("GRU", 784)])
def test_few_columns_of_many_rows_do_not_make_a_tower(kind, features):
    assert weights_scene(layer_of(kind, 1, features)).height < 900


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("units, features", [(50, 28), (256, 1), (128, 64), (4, 784), (301, 2), (37, 301)])
def test_of_a_large_layer_every_so_many_rows_and_columns_are_drawn_as_they_are(kind, units, features):
    """Each block has columns of its own, from its first on; of few rows, such as two biases, none is left out."""
    spec = layer_of(kind, units, features)
    scene = weights_scene(spec)
    note = next(text for text in texts(scene) if text.startswith("one square = one weight"))
    one_in = [int(word) for word in re.findall(r"one in (\d+)", note)]
    strides = set()
    for weight, array in spec.weights.items():
        array = np.atleast_2d(array)
        for place, block in enumerate(spec.blocks):
            cells = blocks(scene)[f"{weight}[{block}]"]
            known = array[:, place * units : (place + 1) * units]
            steps = [
                next(k for k in range(1, n + 1) if -(-n // k) == m)
                for n, m in zip(known.shape, cells.shape, strict=True)
            ]
            assert any(
                np.array_equal(cells.values, known[::rows, ::columns])
                for rows in {steps[0], *one_in}
                for columns in {steps[1], *one_in}
            )
            assert cells.shape[0] == len(array) or len(array) > 3
            for axis, shown, size in zip(cells.axes[::-1], cells.shape[::-1], known.shape[::-1], strict=False):
                assert axis.endswith("_drawn") == (shown < size)
            strides |= {*steps} - {1}
    assert bool(strides) == bool(one_in)
    assert not any("mean" in text for text in texts(scene))
    assert ("b)" in note) == (kind == "GRU" and bool(one_in) and "rows" in note), "two biases are never one"


@settings(max_examples=some(60), deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_groups_cover_everything_once(rows, columns, high, wide):
    """Weighted by their sizes the means give the sum; no group is larger than announced."""
    values = np.random.default_rng(rows).standard_normal((rows, columns))
    shape = groups(rows, high), groups(columns, wide)
    sizes = [np.diff([*(np.arange(m) * n // m), n]) for n, m in zip(values.shape, shape, strict=True)]
    assert max(sizes[0]) <= high and max(sizes[1]) <= wide and min(*sizes[0], *sizes[1]) >= 1
    means = grouped(values, *shape)
    assert means.shape == shape
    assert np.isclose(sizes[0] @ means @ sizes[1], values.sum())


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 40), features=st.integers(1, 40), bias=st.booleans(), twice=st.booleans())
def test_counts_are_those_of_the_layer(kind, units, features, bias, twice):
    spec = layer_of(kind, units, features, bias=bias, reset_after=twice)
    scene, counted = weights_scene(spec), count(spec)
    shown = texts(scene)
    assert {f"{counted.total:,}", f"= {counted.formula} = {counted.substituted}"} <= set(shown)
    for row in counted.rows:
        assert str(row.shape) in shown
        assert eval(row.substituted.replace("·", "*")) == row.count
        product = "·".join(map(str, row.shape))
        assert (f"{product} = {row.count:,}" if len(row.shape) == 2 else product) in shown
    assert len([label for label in scene.of(Label) if label.id.startswith("name[")]) == (3 if bias else 2)


@pytest.mark.parametrize(
    "kind, bias, words",
    [
        ("LSTM", True, "8 matrices are stored as 2, and 4 biases as 1"),
        ("LSTM", False, "8 matrices are stored as 2, and there is no bias"),
        ("GRU", True, "6 matrices are stored as 2, and 6 biases as 1"),
        ("SimpleRNN", True, "one matrix for x, one for h before, one bias"),
        ("SimpleRNN", False, "one matrix for x, one for h before:"),
    ],
)
def test_the_subtitle_says_how_many_are_stored_as_how_few(kind, bias, words):
    assert any(text.startswith(words) for text in texts(weights_scene(layer_of(kind, 4, 2, bias=bias))))


@pytest.mark.parametrize("kind", BLOCKS)
def test_headers_have_letter_hue_and_place(kind):
    scene = weights_scene(layer_of(kind, 4, 2))
    headers = [box for box in scene.of(Box) if box.id.startswith("header")]
    gated = kind != "SimpleRNN"  # its one block is neither a gate nor a candidate
    assert {box.role for box in headers} == {"gate" if gated else "tag"}
    assert [box.hue for box in headers] == (list(BLOCKS[kind]) if gated else [""])
    for box, block in zip(headers, BLOCKS[kind], strict=True):
        text = next(label for label in scene.of(Label) if label.id == f"header_text[{block}]")
        assert text.role == ("on_hue" if gated else "ink") and text.text.endswith(WORDS[kind][block])
        tilde = WORDS[kind][block] == "candidate"
        assert text.text.startswith(block + "\u0303" * tilde + " ")
        assert box.place.x == blocks(scene)[f"kernel[{block}]"].place.x


@settings(max_examples=some(40), deadline=None)
@given(kind=KINDS, units=st.integers(1, 8), features=st.integers(1, 8), scale=st.sampled_from([0.3, 40, 3000]))
def test_numbers_fit_their_cells(kind, units, features, scale):
    for cells in weights_scene(layer_of(kind, units, features, scale=scale)).of(Cells):
        if cells.numbers:
            widest = max(text_width(number(value), NUMBER_SIZE) for value in cells.values.flat)
            assert widest + 3 <= cells.cell_size[0] + 1e-6 and cells.cell_size[1] >= 16


@pytest.mark.parametrize("kind, most", [("SimpleRNN", 8), ("LSTM", 6), ("GRU", 6)])
def test_small_layers_keep_their_numbers_and_their_squares(kind, most):
    """One unit or feature more changes nothing about how a weight is drawn, in a picture of about 1000 px."""
    sides = set()
    for units in range(1, most + 1):
        for features in (1, 2, 4):
            scene = weights_scene(layer_of(kind, units, features))
            drawn = [cells for cells in scene.of(Cells) if cells.id != "scale"]
            assert all(cells.numbers for cells in drawn), (units, features)
            assert scene.width <= 1130 and scene.height <= 1010
            sides |= {round(side) for cells in drawn for side in cells.cell_size}
    assert max(sides) - min(sides) <= 10, "1.23 and 12.34 need different room"


def test_the_ones_of_the_forget_bias_are_seen(keras):
    for units, features in ((4, 2), (50, 28)):
        layer = keras.layers.LSTM(units)
        layer.build((None, None, features))
        diagram = draw_weights(layer)
        assert "the bias of f starts at 1" in texts(diagram.scene)
        assert "The bias of f starts at 1." in diagram.description
        assert (blocks(diagram.scene)["bias[f]"].values >= diagram.scene.limit).all()
        weights = layer.get_weights()
        weights[2][units] = 0.9
        layer.set_weights(weights)
        assert "the bias of f starts at 1" not in texts(draw_weights(layer).scene)
    layer = keras.layers.LSTM(4, unit_forget_bias=False)
    layer.build((None, None, 2))
    assert not any("starts at 1" in text for text in texts(draw_weights(layer).scene))


@pytest.mark.parametrize("kind", BLOCKS)
def test_weights_and_count_are_those_of_keras(keras, kind):
    layer = getattr(keras.layers, kind)(3)
    layer.build((None, None, 2))
    scene = draw_weights(layer).scene
    assert str(layer.count_params()) in texts(scene)
    for name, array in zip(("kernel", "recurrent_kernel", "bias"), layer.get_weights(), strict=True):
        drawn = np.concatenate([cells.values for cells in scene.of(Cells) if cells.id.startswith(name)], axis=1)
        assert np.array_equal(drawn, np.atleast_2d(array))


@pytest.mark.parametrize("units, features", [(3, 2), (60, 40)])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf, 1e300])
def test_strange_values_have_their_place(units, features, value):
    spec = layer_of("LSTM", units, features)
    for array in spec.weights.values():
        array[...] = value
    scene = weights_scene(spec)
    assert np.isfinite(scene.limit) and scene.limit > 0
    assert_tidy(scene)
    assert_same_in_both_renderers(scene)
    spec.kernel[0, 0] = -value
    assert_tidy(weights_scene(spec))


@settings(max_examples=some(60), deadline=None)
@given(st.floats(1e-9, 1e9))
def test_the_scale_ends_at_a_round_number_above(size):
    limit = fine_limit(np.array([-size, 0, np.nan, np.inf]))
    assert limit >= size * (1 - 1e-5)
    assert limit <= max(min(2 * size, size + 0.11), 0.01) or (size > 1 and limit <= size + 1)


@settings(max_examples=some(40), deadline=None)
@given(KINDS, st.integers(1, 64), st.integers(1, 64), st.sampled_from([0.001, 0.1, 1, 30]), st.sampled_from([0, 1, 9]))
def test_the_scale_holds_every_weight(kind, units, features, scale, bias):
    """The largest of W and R has the strongest colour or one close to it; so has that of b, on a scale of its own."""
    spec = layer_of(kind, units, features, scale=scale)
    spec.bias[...] *= bias / scale
    scene = weights_scene(spec)
    matrices = max(np.abs(spec.kernel).max(), np.abs(spec.recurrent_kernel).max())
    for name, cells in blocks(scene).items():
        if name != "scale":
            own = np.abs(spec.bias).max() if name.startswith("bias") else matrices
            assert cells.limit >= own * (1 - 1e-5)
            assert cells.limit == scene.limit or (name.startswith("bias") and own > scene.limit)
    assert matrices >= 0.49 * scene.limit or scene.limit == 0.01
    assert not any("beyond" in text for text in texts(scene))


def test_a_scale_of_b_alone_stands_in_the_legend():
    spec = layer_of("LSTM", 30, 10, scale=0.05)
    spec.bias[:] = 0.02
    assert not {"W R", "b"} & set(texts(weights_scene(spec)))
    spec.bias[:] = 1
    labels = {label.id: label for label in weights_scene(spec).of(Label)}
    assert [labels[name].text for name in ("scale_low[b]", "scale_high[b]", "scale_name[b]")] == ["−1", "+1", "b"]
    assert labels["scale_name[W R]"].y == labels["scale_low"].y < labels["scale_low[b]"].y
    assert [labels[name].x for name in ("scale_low", "scale_low[b]")] == [28, 28]


def test_one_unit_more_moves_the_scale_a_little():
    limits = [weights_scene(random_spec("LSTM", units=units, features=2)).limit for units in range(1, 65)]
    assert max(abs(one - other) for one, other in pairwise(limits[2:])) < 0.25
    assert {*limits[2:8]} <= {0.5, 0.6, 0.7, 0.8} and limits[-1] == 0.3


def test_the_description_says_it_all():
    spec = layer_of("GRU", 2, 1, scale=0)
    spec.kernel[:] = [[1, 2, 3, 4, 5, 6]]
    said = weights_scene(spec).description
    assert said.startswith("The weights of GRU(2) on 1 feature: 6 matrices are stored as 2, and 6 biases as 1")
    assert "Keras's order z (update), r (reset), h\u0303 (candidate), 2 for each" in said
    order = "i (input), f (forget), c\u0303 (candidate), o (output), 3 for each"
    assert f"Keras's order {order}" in weights_scene(layer_of("LSTM", 3, 1)).description
    assert "W, kernel (1, 6), 1·6 = 6: z: (1.00, 2.00); r: (3.00, 4.00); h\u0303: (5.00, 6.00)." in said
    assert said.endswith("In all 3·(F·U + U·U + 2·U) = 3·(1·2 + 2·2 + 2·2) = 30 parameters.")


def test_the_description_gives_few_numbers_row_by_row_and_of_many_the_range():
    spec = layer_of("SimpleRNN", 10, 4, scale=0)
    spec.kernel[:] = np.arange(40).reshape(4, 10)
    said = weights_scene(spec).description
    assert "row 2 (10.00, 11.00, 12.00, 13.00, 14.00, 15.00, 16.00, 17.00, 18.00, 19.00), row 3" in said
    assert "h: 100 values from 0.00 to 0.00." in said and "b, bias (10,), 10: h: (0.00, 0.00" in said
    assert len(weights_scene(layer_of("LSTM", 4, 2)).description) < 1500
    assert "row 1" not in weights_scene(layer_of("GRU", 50, 28)).description


def test_a_thousand_has_its_separator():
    scene = weights_scene(layer_of("SimpleRNN", 1200, 1))
    assert {"U = 1,200 columns", "U = 1,200 rows: units of h before", "1,200·1,200 = 1,440,000", "1,442,400"} <= set(
        texts(scene)
    )
    assert "= 1,442,400 parameters." in scene.description


def test_no_word_calls_a_square_a_cell():
    for units in (4, 50):
        assert not any("cell" in text for text in texts(weights_scene(layer_of("LSTM", units, 28))))


def built(keras, layer):
    layer.build((None, 4, 2))
    return layer


def test_what_is_not_one_layer_says_which_to_pass(keras):
    layers = keras.layers
    both = built(keras, layers.Bidirectional(layers.LSTM(3)))
    stacked = built(keras, layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]))
    with pytest.raises(TypeError, match=r"2 of them: pass layer\.forward_layer or layer\.backward_layer\.$"):
        draw_weights(both)
    with pytest.raises(TypeError, match=r"pass layer\.cell\.cells\[0\] or layer\.cell\.cells\[1\]\.$"):
        draw_weights(stacked)
    model = keras.Sequential([keras.Input((4, 2)), layers.GRU(2, name="low"), layers.Dense(1)])
    with pytest.raises(TypeError, match=r"more than that: pass model\.get_layer\('low'\)\.$"):
        draw_weights(model)
    with pytest.raises(TypeError, match="holds none of Keras's"):
        draw_weights(built(keras, layers.Dense(3)))
    with pytest.raises(ValueError, match=r"layer must have its weights, .*layer\.build"):
        draw_weights(layers.LSTM(3))
    with pytest.raises(TypeError, match="the class LSTM itself"):
        draw_weights(layers.LSTM)
    for known in (both.forward_layer, stacked.cell.cells[1], model.get_layer("low")):  # what the errors point to
        assert draw_weights(known).description.startswith("The weights of ")
    deep = keras.Sequential([keras.Input((4, 2)), *(layers.GRU(2, return_sequences=True) for _ in range(9))])
    with pytest.raises(TypeError, match=r"9 of them: .* or …"):
        draw_weights(deep)


def test_it_draws_on_axes_and_in_themes(keras):
    from matplotlib.figure import Figure

    layer = built(keras, keras.layers.GRU(2))
    axes = Figure().add_axes((0, 0, 1, 1))
    diagram = draw_weights(layer, theme="dark", ax=axes)
    assert diagram.theme == "dark" and axes.texts
    with pytest.raises(ValueError, match="theme must be one of"):
        draw_weights(layer, theme="pink")
