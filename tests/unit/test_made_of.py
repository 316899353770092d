"""What lights up in a layer's picture where a number is pointed at: what has a share in it, and nothing else."""

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from course_utils.drawing.layout import moved
from course_utils.drawing.picture import fitted
from course_utils.drawing.refs import Link, Ref
from course_utils.drawing.scene import Cells, Rectangle
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import LIGHT
from course_utils.explorers import return_sequences, unrolling
from course_utils.explorers.return_sequences import ReturnSequencesSettings
from course_utils.explorers.state import StateSettings, view
from course_utils.explorers.unrolling import UnrollingSettings
from course_utils.pictures.unrolled import plan_layer, plan_trace, unrolled_scene
from course_utils.recurrence import random_input, run

SETTING = {"units": 3, "features": 2, "steps": 3, "cell": "LSTM", "return_sequences": False, "return_state": False}
SWITCHED_OFF = {"go_backwards": False, "bidirectional": False}


def test_a_picture_that_is_moved_is_made_of_its_own_blocks():
    links = (Link(Ref("x", t=1)), Link(Ref("c", t=0), "cell", among=(1, 4)))
    cells = Cells(Ref("h", t=1), Rectangle(0, 0, 10, 10), (1, 1), None, ("u",), made_of=links)
    (there,) = moved([cells], 5, 7, "below/")
    assert (there.id, there.place) == ("below/h[t=1]", Rectangle(5, 7, 10, 10))
    assert [link.to for link in there.made_of] == ["below/x[t=1]", "below/c[t=0]"]
    assert [(link.how, link.among) for link in there.made_of] == [("all", None), ("cell", (1, 4))]


def lit(scene, id: str, number: int) -> set[str]:
    """Follow the links as the page does: "x[t=1] all", "c[t=0] 2"; what is not drawn is left out."""
    blocks = {cells.id: cells for cells in scene.of(Cells)}
    found = set()
    for link in blocks[id].made_of:
        first, last = link.among or (1, number)
        if link.to in blocks and first <= number <= last:
            place = link.cell or number - first + 1
            found.add(f"{link.to} all" if link.how == "all" and not link.cell else f"{link.to} {place}")
    return found


def scene_of(**setting):
    spec = unrolling.layer_of(UnrollingSettings.of(SETTING | SWITCHED_OFF | setting))
    x = random_input(setting.get("steps", 3), 2)
    return unrolled_scene(plan_layer(spec, [x]) if setting.get("bidirectional") else plan_trace(run(spec, x)))


@pytest.mark.parametrize("id", ["c[t=2]", "h[t=2]", "output[t=2]"])
def test_of_the_memory_before_one_unit_alone_has_a_share(id):
    wanted = {"x[t=2] all", "h[t=1] all", "output[t=1] all", "c[t=1] 3"}
    assert lit(scene_of(), id, 3) == wanted


def test_what_lights_up_before_is_what_changes_the_state():
    spec, x = unrolling.layer_of(UnrollingSettings.of(SETTING | SWITCHED_OFF)), random_input(1, 2)
    start = [np.full((1, 3), value) for value in (0.4, -0.6)]
    before, scene = run(spec, x, initial_state=start).hidden[0, 0], scene_of(steps=1)
    for letter, place in (("h", 0), ("c", 1)):
        for changed in (1, 2, 3):
            moved = [state.copy() for state in start]
            moved[place][0, changed - 1] += 0.5
            after = run(spec, x, initial_state=moved).hidden[0, 0]
            for unit in (1, 2, 3):
                shown = {f"{letter}[t=0] all", f"{letter}[t=0] {changed}"} & lit(scene, "output[t=1]", unit)
                assert bool(shown) == (abs(after - before)[unit - 1] > 1e-9), (letter, changed, unit)


def test_each_direction_has_its_own_half():
    """The backward direction ends at the first step: that is what its half of the output has read last."""
    scene = scene_of(bidirectional=True)
    assert lit(scene, "layer/output[t=3]", 2) == {"x[t=3] all"}
    assert lit(scene, "layer/output[t=3]", 5) == {"x[t=1] all"}
    every = scene_of(bidirectional=True, return_sequences=True, return_state=True)
    ends = {f"layer/backward/{state}" for state in ("h[t=0] all", "c[t=0] 2")}
    assert lit(every, "layer/output[t=3]", 5) == {"x[t=3] all"} | ends
    assert lit(every, "layer/output[t=3]", 2) == {"x[t=3] all"}
    assert lit(every, "layer/backward/c[t=3]", 1) == {"x[t=1] all"}


def test_a_returned_state_beside_a_compact_row_is_made_of_the_last_step():
    assert lit(scene_of(steps=8, return_state=True), "h[t=8]", 1) == {"x[t=8] all", "output[t=7] all"}


@pytest.mark.parametrize(
    ("follow", "number", "wanted"),
    [
        ("Flatten", 5, {"layer/output[t=2] 2"}),
        ("GlobalAveragePooling1D", 2, {f"layer/output[t={t}] 2" for t in (1, 2, 3)}),
    ],
)
def test_a_layer_that_does_not_mix_the_units_lights_single_ones(follow, number, wanted):
    scene = unrolled_scene(
        return_sequences.plan_of(ReturnSequencesSettings.of(SETTING | {"return_sequences": True, "follow": follow}))
    )
    top = next(cells.id for cells in scene.of(Cells) if re.match(r"(flatten|global)", cells.id))
    assert lit(scene, top, number) == wanted


def test_a_lane_lights_one_step_and_the_state_before():
    setting = StateSettings(cell="GRU", batches=2, samples=1, steps=3, stateful=True)
    scene = view(setting).diagram.scene
    first, second = "[batch=1,sample=1]", "[batch=2,sample=1]"
    assert lit(scene, f"h{first}", 1) == {f"x{first} 1", f"start{first} all"}
    assert lit(scene, f"h{first}", 3) == {f"x{first} 3", f"h{first} 2"}
    assert lit(scene, f"h{second}", 1) == {f"x{second} 1", f"h{first} 3"}
    assert lit(scene, "whole[sample=1]", 1) == {f"x{first} all", f"x{second} all"}


def test_the_page_gets_json():
    """Whatever a layer is called: an id may hold quotes of both kinds, and what XML escapes."""
    name = 'it\'s "a" <b> & c|d e:1-2/'
    links = (Link(Ref("h", t=1).inside(name)), Link("x", "column", among=(2, 3)), Link("c", cell=4))
    cells = Cells(Ref("h", t=2).inside(name), Rectangle(0, 0, 40, 10), (1, 4), None, ("u",), made_of=links)
    (rect,) = ElementTree.fromstring(render_svg(fitted("t", "d", [cells]), LIGHT)).iterfind(".//*[@data-shape]")
    assert rect.get("data-id") == f"{name}h[t=2]"
    assert json.loads(rect.get("data-made-of")) == [
        {"to": f"{name}h[t=1]"},
        {"to": "x", "how": "column", "among": [2, 3]},
        {"to": "c", "cell": 4},
    ]
