"""What every picture must hold: nothing outside, nothing over another; both renderers draw the same."""

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from itertools import combinations, pairwise

import numpy as np
from matplotlib.figure import Figure

from course_utils.drawing.figure import draw_on
from course_utils.drawing.scene import Box, Cells, Label, Line, Rectangle, Scene
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import THEMES

CHART = {"axis", "grid", "curve", "slope"}  # the roles of lines that may be short and bend around a text


def drawn_ids(svg: str) -> list[str]:
    """Return the ids of the items that a document shows, in painting order."""
    return [unescape(id) for id in re.findall(r'data-id="([^"]+)"', svg)]


def assert_tidy(scene: Scene) -> None:
    """Nothing outside the canvas, no boxes or cells over each other, no text over a text or
    over its box's edge, arrows long enough to be seen, and none through cells or texts."""
    canvas = Rectangle(0, 0, scene.width, scene.height)
    for item in scene.items:
        assert canvas.holds(item.place), f"{item.id} leaves the canvas"
    boxes = [box for box in scene.of(Box) if box.role == "cell"]
    blocks = scene.of(Cells)
    for one, other in combinations([*boxes, *blocks], 2):
        assert not one.place.overlaps(other.place), f"{one.id} and {other.id} overlap"
    for box in scene.of(Box):  # its fill would hide the colours of cells, unless it is a ground, which is painted first
        assert box.role == "zone" or not any(box.place.overlaps(cells.place) for cells in blocks), (
            f"{box.id} hides cells"
        )
    labels = scene.of(Label)
    for one, other in combinations(labels, 2):
        assert not one.place.overlaps(other.place), f"the texts {one.id} and {other.id} overlap"
    for label in labels:
        for box in (box for box in scene.of(Box) if box.role != "zone"):  # a text may cross the edge of a soft ground
            assert box.place.holds(label.place) or not box.place.overlaps(label.place), f"{label.id} leaves {box.id}"
        for block in blocks:
            assert not block.place.overlaps(label.place), f"{label.id} lies on {block.id}"
    for line in scene.of(Line):
        if line.role in CHART:
            assert_clear(line, [*blocks, *labels])
            continue
        end = line.points[-2:] if line.head else (line.points[0], line.points[-1])
        assert np.hypot(*np.subtract(*end)) >= 16, f"{line.id} is too short to be seen"
        for part in pairwise(line.points):
            run = Line(line.id, part).place
            for item in [*blocks, *labels]:
                assert not run.overlaps(item.place), f"{line.id} runs through {item.id}"


def assert_clear(line: Line, items: list) -> None:
    """A line of a chart, which may bend around texts, runs through none: each piece of it is cut with each text."""
    starts, steps, around = np.asarray(line.points)[:-1], np.diff(line.points, axis=0), line.place
    for item in items:
        place = item.place
        if not around.overlaps(place):
            continue
        low, high = np.array([place.x, place.y]) + 0.01, np.array([place.right, place.bottom]) - 0.01
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.sort([(low - starts) / steps, (high - starts) / steps], axis=0)
        still = steps == 0  # along this axis a piece is inside for its whole length, or never
        within = np.where(((starts > low) & (starts < high))[None], [[[-np.inf]], [[np.inf]]], np.inf)
        enter, leave = np.where(still, within, shares)
        through = np.minimum(leave.min(axis=1), 1) > np.maximum(enter.max(axis=1), 0)
        assert not through.any(), f"{line.id} runs through {item.id}"


def assert_same_in_both_renderers(scene: Scene) -> None:
    """Both renderers report what they drew: the items of the scene, each once, and the same in every theme."""
    wanted = [item.id for item in scene.items]
    assert len(set(scene.ids())) == len(list(scene.ids())), "an id stands twice"
    for theme in THEMES.values():
        svg = render_svg(scene, theme)
        ElementTree.fromstring(svg)
        figure = Figure()
        drawn = draw_on(figure.add_axes((0, 0, 1, 1)), scene, theme)
        assert sorted(drawn_ids(svg)) == sorted(wanted)
        zones = [svg.index(f'data-id="{box.id}"') for box in scene.of(Box) if box.role == "zone"]
        colours = re.search(r'<path d="M[^"]*z" fill="#', svg)
        assert not zones or colours is None or max(zones) < colours.start(), "a ground hides the colours of cells"
        assert sorted(drawn) == sorted(wanted)
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        assert len(texts) == len(figure.axes[0].texts)
