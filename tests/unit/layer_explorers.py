"""What the tests of the explorers of whole layers share: every move against a fresh Keras model."""

import html
import random
import re
import sys

import ipywidgets
import numpy as np
import pytest

from course_utils.drawing.scene import Cells
from course_utils.explorers.keras_check import weights_of
from course_utils.recurrence import random_input

STEPS = (*range(1, 9), 29, 30)  # of more than six, the first three and the last two are drawn, however many there are
NOT_FOUND = "the picture does not show it"


def moves(ranges: dict, number: int = 30) -> list[dict]:
    """Return a seeded sample of pairs and triples of controls; each extreme of each control is in it."""
    chance = random.Random(0)
    extremes = [(name, values[place]) for name, values in ranges.items() for place in (0, -1)]
    assert len(extremes) <= number
    sample = []
    for place in range(number):
        name, value = extremes[place % len(extremes)]
        others = chance.sample([other for other in ranges if other != name], chance.choice((1, 2)))
        far = {
            other: chance.choice([ranges[other][0], ranges[other][-1], chance.choice(ranges[other])])
            for other in others
        }
        sample.append({name: value, **far})
    return sample


def forbid_keras_and_figures(monkeypatch) -> None:
    """Let every import of Keras, TensorFlow, pyplot or figures fail from now on."""
    for module in ("keras", "tensorflow", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it now raises ImportError


def code_shown(explorer) -> str:
    """Return the Keras lines below the picture."""
    return html.unescape(re.search("<pre>(.*)</pre>", explorer._notes.value, re.S)[1])


def asked_for(kind: str, units: int, **switches: bool) -> str:
    """Return the Keras call that the controls ask for, written by the test itself."""
    more = "".join(f", {name}=True" for name, on in switches.items() if on)
    return f"keras.layers.{kind}({units}{more})"


def assert_code_asks_for(explorer, *layers: str) -> None:
    """The code shown has just these layers, on an input of this size."""
    state = explorer.state
    expected = [f"keras.Input(shape=({state['steps']}, {state['features']}))", *layers]
    assert [line.strip(" ").removesuffix(",") for line in code_shown(explorer).splitlines()[1:-1]] == expected


def built_from_code(keras, explorer, spec):
    """Return the model that the code shown builds, with the weights of the picture."""
    model = eval(code_shown(explorer), {"keras": keras})
    model.set_weights(weights_of(spec))
    return model


def answer(model, x) -> list[np.ndarray]:
    """Return all that leaves a Keras model, of the first sample."""
    result = model.predict_on_batch(x) if x.shape[1] > 60 else model(x)
    return [np.asarray(array)[0] for array in (result if isinstance(result, (list, tuple)) else [result])]


def cells(explorer, ending: str) -> list[Cells]:
    """Return the blocks of values whose id ends so, from the bottom of the picture to the top."""
    found = [item for item in explorer.diagram.scene.of(Cells) if item.id.split("/")[-1] == ending]
    return sorted(found, key=lambda item: -item.place.y)


def assert_shows(explorer, output: np.ndarray, steps: int) -> None:
    """The highest outputs of the picture are this output."""
    tolerance = {"atol": 1e-5 if steps <= 60 else 1e-4}
    if output.ndim == 1:
        outputs = [item for item in explorer.diagram.scene.of(Cells) if "output[t=" in item.id and not item.ghost]
        highest = min(outputs, key=lambda item: item.place.y)
        np.testing.assert_allclose(highest.values[:, 0], output, **tolerance)
        return
    seen = 0
    for step in range(1, steps + 1):
        for block in cells(explorer, f"output[t={step}]")[-1:]:
            np.testing.assert_allclose(block.values[:, 0], output[step - 1], **tolerance)
            seen += 1
    assert seen >= min(steps, 3), NOT_FOUND


def assert_equals_keras(keras, explorer, spec):
    """Picture, count and code are those of a fresh Keras model; return that model and all that it gives."""
    state = explorer.state
    model = built_from_code(keras, explorer, spec)
    x = random_input(state["steps"], state["features"])
    assert model.input_shape == (None, *x.shape[1:])
    given = answer(model, x)
    assert_shows(explorer, given[0], state["steps"])
    assert f"{model.count_params():,} parameters" in explorer._headline.value
    assert explorer.diagram.scene.title in explorer._picture.value
    return model, given


def assert_refused_in_these_words(keras, explorer) -> None:
    """A fresh kernel that runs the code shown stops with the words on the card."""
    keras.utils.clear_session()  # names begin anew, as in a fresh kernel
    with pytest.raises(ValueError) as caught:
        eval(code_shown(explorer), {"keras": keras})
    said = " ".join(str(caught.value).split())
    assert f"Keras says: ValueError: {said}" in explorer.diagram.description
    assert "Keras refuses this" in explorer._headline.value and "What to do: " in explorer.diagram.description
    assert "<svg" in explorer._picture.value


def asked(explorer) -> str:
    """Click the button "check with Keras" and return what it says."""
    button, verdict = next(
        box.children
        for box in explorer.children
        if isinstance(box, ipywidgets.HBox) and isinstance(box.children[0], ipywidgets.Button)
    )
    button.click()
    return verdict.value


def in_sight(explorer) -> list[str]:
    """Return what is written beside the controls that are shown, row by row."""
    rows = [box.children for box in explorer.children if isinstance(box, ipywidgets.HBox)]
    return [
        knob.description for row in rows for knob in row if not isinstance(knob, (ipywidgets.Button, ipywidgets.HTML))
    ]
