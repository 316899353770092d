"""What every picture must hold: nothing outside, nothing over another; both renderers draw the same."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import numpy as np
from matplotlib.figure import Figure

from course_utils.diagrams.figure import draw_on
from course_utils.diagrams.paint import THEMES
from course_utils.diagrams.parts import extent
from course_utils.diagrams.scene import Box, Cells, Label, Line, Rectangle, Scene
from course_utils.diagrams.svg import drawn_ids, render_svg


def assert_tidy(scene: Scene) -> None:
    """Nothing outside the canvas, no boxes or cells over each other, no text over a text or
    over its box's edge, arrows long enough to be seen, and none through cells or texts."""
    canvas = Rectangle(0, 0, scene.width, scene.height)
    for item in scene.items:
        assert canvas.holds(extent(item)), f"{item.id} leaves the canvas"
    boxes = [box for box in scene.of(Box) if box.role == "cell"]
    blocks = scene.of(Cells)
    for one, other in combinations([*boxes, *blocks], 2):
        assert not one.place.overlaps(other.place), f"{one.id} and {other.id} overlap"
    labels = scene.of(Label)
    for one, other in combinations(labels, 2):
        assert not one.place.overlaps(other.place), f"the texts {one.id} and {other.id} overlap"
    for label in labels:
        for box in scene.of(Box):
            assert box.place.holds(label.place) or not box.place.overlaps(label.place), f"{label.id} leaves {box.id}"
        for block in blocks:
            assert not block.place.overlaps(label.place), f"{label.id} lies on {block.id}"
    for line in scene.of(Line):
        assert np.hypot(*np.subtract(line.points[-1], line.points[-2])) >= 16, f"{line.id} is too short to be seen"
        for item in [*blocks, *labels]:
            assert not extent(line).overlaps(item.place), f"{line.id} runs through {item.id}"


def assert_same_in_both_renderers(scene: Scene) -> None:
    """Both renderers report what they drew: the items of the scene, each once, and the same in every theme."""
    wanted = [item.id for item in scene.items]
    assert len(set(scene.ids())) == len(list(scene.ids())), "an id stands twice"
    for theme in THEMES.values():
        svg = render_svg(scene, theme)
        ElementTree.fromstring(svg)
        figure = Figure()
        drawn = draw_on(figure.add_axes((0, 0, 1, 1)), scene, theme)
        assert drawn_ids(svg) == wanted
        assert sorted(drawn) == sorted(wanted)
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        assert len(texts) == len(figure.axes[0].texts)
