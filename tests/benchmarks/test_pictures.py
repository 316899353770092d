"""What a picture costs, beside other ways to the same picture, side by side in one run.

The plain version is what one writes by hand: a pyplot figure with one patch for every cell and box, one
annotation for every arrow and one text for every number and word of the very same scene.
``plot_model`` and ``visualkeras`` draw boxes for layers, without steps or values; they are here as what people use.
"""

import io

import pytest

from course_utils.drawing import wording
from course_utils.drawing.figure import render_figure
from course_utils.drawing.scene import Box, Cells, Label, Line, Scene
from course_utils.drawing.svg import bins_of
from course_utils.drawing.theme import BIN_COLOURS, LIGHT
from course_utils.pictures import Diagram
from course_utils.pictures.unrolled import plan_trace, unrolled_scene
from course_utils.recurrence import random_input, random_spec, run

SIZES = [(3, 4, 2), (10, 32, 8), (28, 50, 28), (100, 128, 64)]
WAYS = ("svg", "figure to png", "Diagram.to_png", "plain pyplot to png")


def traced(size):
    """Return the trace of a SimpleRNN of this size."""
    steps, units, features = size
    spec = random_spec("SimpleRNN", units=units, features=features, return_sequences=True)
    return run(spec, random_input(steps, features))


def plain_figure(scene: Scene) -> object:
    """Draw a scene with pyplot as one draws by hand: an artist for each thing. Return the figure."""
    from matplotlib import pyplot as plt
    from matplotlib.patches import FancyBboxPatch, Rectangle

    figure, axes = plt.subplots(figsize=(scene.width / 96, scene.height / 96))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.axis("off")
    for cells in scene.of(Cells):
        bins = bins_of(cells, scene.limit)
        for row in range(cells.shape[0]):
            for column in range(cells.shape[1]):
                place = cells.cell_place(row, column)
                colour = BIN_COLOURS[bins[row, column]]
                axes.add_patch(Rectangle((place.x, place.y), place.width, place.height, fc=colour, ec="white"))
                if cells.numbers:
                    text = wording.number(cells.values[row, column])
                    axes.text(*place.centre, text, ha="center", va="center", fontsize=8)
    for box in scene.of(Box):
        axes.add_patch(FancyBboxPatch((box.place.x, box.place.y), box.place.width, box.place.height))
    for line in scene.of(Line):
        axes.annotate("", line.points[-1], line.points[0], arrowprops={"arrowstyle": "->"})
    for label in scene.of(Label):
        axes.text(label.x, label.y, label.text, fontsize=label.size * 0.75)
    return figure


def plain_pyplot(scene: Scene) -> bytes:
    """Return the plain drawing as a PNG."""
    from matplotlib import pyplot as plt

    figure, stream = plain_figure(scene), io.BytesIO()
    figure.savefig(stream, format="png", dpi=144)
    plt.close(figure)
    return stream.getvalue()


def figure_to_png(scene: Scene) -> bytes:
    """Draw our Figure and save it, without the palette that makes the file small."""
    stream = io.BytesIO()
    render_figure(scene, LIGHT).savefig(stream, format="png", dpi=144)
    return stream.getvalue()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("every", [True, False], ids=["all steps", "as shown"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_unrolled(figures, size, every, way):
    group = f"unrolled picture of T, U, F = {size}, {'all steps' if every else 'as shown'}, trace ready"
    trace = traced(size)

    def draw() -> object:
        scene = unrolled_scene(plan_trace(trace), every=every)
        match way:
            case "svg":
                return Diagram(scene).to_svg()
            case "figure to png":
                return figure_to_png(scene)
            case "Diagram.to_png":
                return Diagram(scene).to_png()
            case _:
                return plain_pyplot(scene)

    figures.time(group, way, draw, 20 if way == "svg" else 2, ours=way != WAYS[-1])


@pytest.mark.parametrize("way", ["draw_unrolled to svg", "draw_model to svg", "plot_model", "visualkeras"])
def test_beside_other_tools(figures, keras, tmp_path, way):
    import course_utils

    model = keras.Sequential([keras.Input((28, 28)), keras.layers.SimpleRNN(50)])
    x = random_input(28, 28)
    if way == "plot_model":
        pytest.importorskip("pydot")
        try:
            keras.utils.plot_model(model, tmp_path / "a.png", show_shapes=True)
        except ImportError as problem:
            pytest.skip(f"dot is not installed: {problem}")
    calls = {
        "draw_unrolled to svg": lambda: course_utils.draw_unrolled(model, x).to_svg(),
        "draw_model to svg": lambda: course_utils.draw_model(model).to_svg(),
        "plot_model": lambda: keras.utils.plot_model(model, tmp_path / "a.png", show_shapes=True),
        "visualkeras": lambda: pytest.importorskip("visualkeras").graph_view(model),
    }
    group = "one SimpleRNN(50) on (28, 28), beside what others draw of it: boxes for layers"
    figures.time(group, way, calls[way], 5, ours=way.startswith("draw"))
