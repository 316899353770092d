"""The words of the course: spelled right, in short sentences, with links and formulas that work offline."""

import functools
import re
from pathlib import Path

import nbformat
import pytest
from spellchecker import SpellChecker

from course_utils.setup.environment import ROOT

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
MOST_WORDS = 25
NAMES = """
keras keras's numpy numpy's lstm lstm's lstms gru gru's grus rnn rnn's rnns tensorflow jax pytorch mnist relu onnx cudnn
simplernn groot stateful metadata subslide colour colours neighbour neighbours behaviour sigmoid tanh
softmax ctrl jupyterlab jupyterlab's github readme venv mb gb nbval pytest widget widgets workspace
"""
"""Words that no dictionary of English has."""
NOT_PROSE = r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>"


def markdown(path: Path) -> list[tuple[str, str]]:
    """Return the name and the text of each piece of prose in a lesson or a page."""
    if path.suffix == ".md":
        return [(path.name, path.read_text(encoding="utf-8"))]
    cells = nbformat.read(path, as_version=4).cells
    return [(cell.id, cell.source) for cell in cells if cell.cell_type == "markdown"]


def prose(text: str, blank: str = " ") -> str:
    """Return a text without code, formulas and addresses; blank stands in their place."""
    return re.sub(NOT_PROSE, blank, text, flags=re.DOTALL)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a row of a table and an entry of a list are sentences too."""
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:[-|#]|\d+\.))", prose(text, " x "))
    found = []
    for block in blocks:
        parts = block.split("|") if block.lstrip().startswith("|") else re.split(r"(?<=[.!?:;])[*_”)]*\s", block)
        found += [" ".join(part.split()) for part in parts]
    return found


def misspelled(text: str) -> set[str]:
    """Return the words that are neither English nor one of our names."""
    words = {word.lower().replace("’", "'") for word in re.findall(r"[A-Za-z]+(?:[’'][a-z]+)?", prose(text))}
    return dictionary().unknown(words) - set(NAMES.split())


@functools.cache
def dictionary() -> SpellChecker:
    """Return the words of English; reading them takes a second."""
    return SpellChecker(distance=1)


@pytest.mark.parametrize("path", [*LESSONS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_words_are_spelled_right(path):
    wrong = {name: found for name, text in markdown(path) if (found := misspelled(text))}
    assert not wrong


@every_lesson
def test_sentences_are_short(path):
    long = [
        (name, sentence)
        for name, text in markdown(path)
        for sentence in sentences(text)
        if len(re.findall(r"\w+", sentence)) > MOST_WORDS
    ]
    assert not long


@pytest.mark.parametrize("path", [*LESSONS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_links_work_offline(path):
    for name, text in markdown(path):
        for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", text):
            assert "://" not in target, f"{name}: {target} needs a network"
            assert (path.parent / target.partition("#")[0]).exists(), f"{name}: {target} is not there"


@every_lesson
def test_formulas_are_whole(path):
    for name, text in markdown(path):
        code_free = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        assert code_free.count("$") % 2 == 0, f"{name}: a formula has no end"
        for formula in re.findall(r"\$+([^$]+)\$+", code_free):
            assert formula.count("{") == formula.count("}"), f"{name}: {formula}"


def test_the_rules_see_mistakes():
    assert misspelled("The hiden state of `xyzzy` in $\\hbar$ and Keras’s") == {"hiden"}  # codespell:ignore
    assert sentences("One two. Three\nfour: five\n\n| a b | c |\n- six") == [
        "One two.",
        "Three four:",
        "five",
        "",
        "a b",
        "c",
        "",
        "- six",
    ]
