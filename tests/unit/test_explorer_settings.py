"""A setting is one declaration: keywords, documentation, controls, checks and the typed state follow from it."""

import inspect
import re
from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Annotated

import pytest

import course_utils
from course_utils.explorers.base import Explorer
from course_utils.explorers.gradients import GradientsSettings
from course_utils.explorers.settings import Number, OneOf, Settings, Switch, Whole, keywords_of
from course_utils.explorers.state import StateSettings
from course_utils.explorers.unrolling import view
from course_utils.setup.environment import ROOT

SIZES = {"units": 4, "features": 2, "steps": 3}
REACH = {"most_units": 12, "most_features": 8, "most_steps": 30, "hide": ()}
TAKES = {  # every keyword with its default, in order; NOTHING for what must be given
    "activations": {"name": "tanh", "x": 0.5, "beside": "sigmoid", "hide": ()},
    "cell": {"layer": None, "x": None, "cell": "SimpleRNN", **SIZES, "step": 1, "unit": 1, "hide": ()},
    "digit": {
        **dict.fromkeys(("model", "images"), inspect.Parameter.empty),
        **{"labels": None, "index": 0, "step": None, "classes": None, "hide": ()},
    },
    "gates": {
        **{"layer": None, "x": None, "by": None, "steps": 8, "f": 0.9, "i": 1.0, "o": 1.0, "at": 1},
        **{"units": 4, "features": 2, "unit": 1, "hide": ()},
    },
    "gradients": {
        **{"cell": "LSTM", "steps": 30, "forget_bias": None, "scale": 1.0, "units": 8, "compare": True, "hide": ()},
    },
    "parameters": {
        **{"cell": "LSTM", "units": 4, "features": 2, "bias": True, "reset_after": True, "layers": 1},
        **{"most_units": 64, "most_features": 64, "hide": ()},
    },
    "return_sequences": {
        **{"cell": "SimpleRNN", **SIZES, "return_sequences": False, "return_state": False, "follow": "nothing"},
        **REACH,
    },
    "stacking": {
        **{"cell": "SimpleRNN", "depth": 2, "units": 4, "features": 2, "steps": 3, "return_sequences": False},
        **REACH,
    },
    "state": {
        **{"cell": "SimpleRNN", "batches": 3, "samples": 2, "steps": 2, "stateful": True},
        **{"reset_after_batch": None, "hide": ()},
    },
    "unrolling": {
        **{"cell": "SimpleRNN", **SIZES, "return_sequences": False, "return_state": False},
        **{"go_backwards": False, "bidirectional": False, **REACH},
    },
}
EXPLORERS = {name: getattr(course_utils, f"explore_{name}") for name in TAKES}


@pytest.mark.parametrize("name", TAKES)
def test_the_signature_names_every_keyword_with_its_default_in_order(name):
    taken = inspect.signature(EXPLORERS[name]).parameters
    assert inspect.signature(EXPLORERS[name]).return_annotation is Explorer
    assert [(each.name, each.default) for each in taken.values()] == list(TAKES[name].items())
    others = {"layer", "x", "model", "images", "labels"} if name in ("cell", "gates", "digit") else set()
    for each in taken.values():
        assert (each.kind == inspect.Parameter.KEYWORD_ONLY) == (each.name not in others)
        assert "Annotated" not in str(each.annotation) and each.annotation is not inspect.Parameter.empty


def test_every_explorer_is_in_the_list():
    assert {f"explore_{name}" for name in TAKES} == {name for name in course_utils.__all__ if "explore_" in name}


@pytest.mark.parametrize("name", TAKES)
def test_the_documentation_says_something_of_every_keyword(name):
    said = EXPLORERS[name].__doc__
    entries = dict(re.findall(r"^(\w+) : .*\n    (.*)", said, re.M))
    assert {each for each in entries if each in TAKES[name]} == set(TAKES[name])
    assert all(len(text) > 1 for text in entries.values()) and "{" not in said
    assert said.startswith("Return controls for ")


def test_the_documentation_holds_the_range():
    said = EXPLORERS["state"].__doc__
    assert "batches : int\n    how many are given to the layer one after the other, 1 … 5\n" in said
    assert 'cell : str\n    the kind of layer: "SimpleRNN", "LSTM" or "GRU"\n' in said
    assert 'cell : str\n    of the layer to try: "SimpleRNN", "LSTM" or "GRU"\n' in EXPLORERS["cell"].__doc__


@pytest.mark.parametrize(("name", "arguments"), [("state", {"colour": 1}), ("state", {}), ("digit", {})])
def test_what_python_refuses_names_the_function(name, arguments):
    with pytest.raises(TypeError, match=rf"^explore_{name}\(\) "):
        EXPLORERS[name](*(() if arguments or name == "digit" else (3,)), **arguments)


@pytest.mark.parametrize("name", [name for name in TAKES if name != "digit"])
def test_the_state_is_what_the_settings_hold(name):
    explorer = EXPLORERS[name]()
    words = {"never": None, "none": None}
    assert {each: words.get(value, value) for each, value in explorer.state.items()} == {
        each: getattr(explorer.settings, each) for each in explorer.state
    }
    with pytest.raises(FrozenInstanceError):
        explorer.settings.cell = "GRU"
    assert hash(explorer.settings) == hash(replace(explorer.settings))


@dataclass(frozen=True, kw_only=True)
class Loudness(Settings):
    """Settings with a field of each kind."""

    level: Annotated[int, Whole(1, 11), "how loud it is"] = 3
    pitch: Annotated[float, Number(-1.0, 1.0, label="pitch p", called="pitch p"), "how high"] = 0.0
    voice: Annotated[str, OneOf(("high", "low")), "whose voice"] = "low"
    second: Annotated[str | None, OneOf(("high", "low"), none="nobody"), "who sings along"] = None
    quiet: Annotated[bool, Switch(), "whether nothing is heard"] = False
    many: Annotated[int, Whole(1), "of how many"]

    def idle(self):
        return ("level", "pitch") if self.quiet else ()

    def following(self, before):
        return replace(self, level=1) if self.voice != before.voice else self

    def offers(self):
        return {"voice": ("high", "low")[: 1 + (self.level < 9 or self.voice == "low")]}


@keywords_of(Loudness)
def sing(*, many: int | None = None, hide=(), **start: object):
    """Sing.

    {settings}
    """
    return Loudness.of(start, many=5 if many is None else many)


def explorer_of(**start) -> Explorer:
    unrolling = course_utils.explore_unrolling().settings
    first = sing(**start)
    return Explorer(
        first, lambda now, before: view(replace(unrolling, units=now.level), None), reach=first.reaching(many=5)
    )


def test_a_keyword_of_the_function_stands_where_the_setting_is():
    assert list(inspect.signature(sing).parameters) == ["level", "pitch", "voice", "second", "quiet", "many", "hide"]
    assert sing().many == 5 and sing(many=2, level=4) == Loudness(many=2, level=4)
    assert (
        "many : int | None\n    of how many" in sing.__doc__
        and "level : int\n    how loud it is, 1 … 11" in sing.__doc__
    )


WRONG = [
    ("level", 0, "level must be a whole number from 1 to 11, but it is 0."),
    ("level", True, "level must be a whole number from 1 to 11, but it is True."),
    ("level", 2.0, "level must be a whole number from 1 to 11, but it is 2.0."),
    ("pitch", 2, "pitch must be a number from -1.0 to 1.0, but it is 2."),
    ("pitch", float("nan"), "pitch must be a number from -1.0 to 1.0, but it is nan."),
    ("voice", "none", "voice must be one of high, low, but it is 'none'."),
    ("second", "me", "second must be one of nobody, high, low, but it is 'me'."),
    ("quiet", 1, "quiet must be True or False, but it is 1."),
    ("many", 6, "many must be a whole number from 1 to 5, but it is 6."),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_what_is_not_allowed_is_refused_in_the_same_words_at_the_start_and_later(name, value, words):
    explorer = explorer_of()
    state = explorer.state
    with pytest.raises(ValueError) as caught:
        explorer.set(**{name: value})
    assert str(caught.value) == words and explorer.state == state
    with pytest.raises(ValueError) as caught:
        explorer_of(**{name: value})
    assert str(caught.value) == words.replace("pitch must", "pitch p must")


def test_a_move_brings_what_follows_but_leaves_what_it_says():
    explorer = explorer_of(level=7)
    explorer._controls["voice"].value = "high"  # as the browser moves it
    assert explorer.state["level"] == explorer._controls["level"].value == 1
    explorer.set(voice="low", level=7)
    assert explorer.settings.level == 7
    explorer.set(second=None)
    explorer.set(second="nobody", pitch=1)
    assert explorer.settings.second is None and explorer.state["second"] == "nobody"
    assert isinstance(explorer.settings.pitch, float)


def test_controls_are_switched_off_and_lists_are_short_where_the_settings_say_so():
    explorer = explorer_of()
    off = {"level", "pitch"}
    for quiet in (True, False, True):
        explorer.set(quiet=quiet)
        assert {name for name, each in explorer._controls.items() if each.disabled} == (off if quiet else set())
    assert explorer._controls["voice"].options == ("high", "low")
    explorer.set(voice="high", level=10)
    assert explorer._controls["voice"].options == ("high",) and explorer.state["voice"] == "high"
    explorer.set(voice="low")
    assert explorer._controls["voice"].options == ("high", "low")


def test_what_follows_is_a_pure_function_of_the_settings():
    lstm = GradientsSettings(forget_bias=1.0)
    assert replace(lstm, cell="GRU").following(lstm).forget_bias == 0.0
    moved = replace(lstm, forget_bias=2.0)
    assert replace(moved, cell="GRU").following(moved).forget_bias == 2.0
    assert GradientsSettings(cell="SimpleRNN", forget_bias=0.0).idle() == ("forget_bias",)
    assert StateSettings(batches=1, reset_after_batch=2).offers() == {
        "reset_after_batch": ("never", "after batch 1", "after batch 2")
    }


def test_each_sentence_of_refusal_stands_once():
    rooms = [ROOT / "course_utils" / room for room in ("explorers", "frontend")]
    source = "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.glob("*.py"))
    for words in ("} must be a whole number from {", "} must be True or False", "} must be one of {"):
        assert source.count(words) == 1, words
