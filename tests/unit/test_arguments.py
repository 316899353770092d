"""The table of every argument: read from Keras, complete, and shown by lesson 07."""

import re
from inspect import signature

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter

from course_utils.recurrence import arguments
from course_utils.recurrence.signatures import EXPLAINED
from course_utils.setup.environment import ROOT

LESSON = ROOT / "notebooks" / "07_every_argument.ipynb"


@pytest.fixture
def kinds(keras) -> tuple[type, ...]:
    """The four classes of lesson 07."""
    layers = keras.layers
    return layers.SimpleRNN, layers.LSTM, layers.GRU, layers.RNN


def rows_of(table) -> dict[str, dict[str, str]]:
    """Return argument → layer → default."""
    return {row.name: dict(zip(table.layers, row.defaults, strict=True)) for row in table.rows}


def test_every_argument_that_a_signature_names_is_there_with_its_default(kinds):
    rows = rows_of(arguments(*kinds))
    for kind in kinds:
        for name, parameter in signature(kind).parameters.items():
            if name == "kwargs":
                continue
            default = parameter.default
            text = "you choose" if default is parameter.empty else f'"{default}"' if default == str(default) else None
            assert rows[name][kind.__name__] == (text or repr(default)), name


def test_what_is_passed_on_is_there_and_keras_takes_it(kinds):
    rows = rows_of(arguments(*kinds))
    passed_on = {"zero_output_for_mask", "activity_regularizer", "name", "trainable", "dtype", "autocast"}
    for kind in kinds[:3]:
        defaults = {name: row[kind.__name__] for name, row in rows.items()}
        taken = {name for name, default in defaults.items() if default not in ("–", "you choose")}
        assert passed_on <= taken and defaults["cell"] == "–"
        layer = kind(4, **{name: eval(defaults[name]) for name in taken})
        assert layer.units == 4
        for name in sorted(set(rows) - taken - {"units"}):
            with pytest.raises((ValueError, TypeError)):
                kind(4, **{name: True})


def test_none_is_missing_and_a_new_one_is_found_out(kinds):
    assert arguments(*kinds).unexplained == []
    named = {name for names in EXPLAINED.values() for name in names}
    assert {row.name for row in arguments(*kinds).rows} == named  # none is explained that Keras does not have

    class Newer(kinds[1]):
        def __init__(self, units, brand_new=True, **kwargs):
            super().__init__(units, **kwargs)

    assert arguments(Newer).unexplained == ["brand_new"]


def test_groups_hold_all_rows_once(kinds):
    table = arguments(*kinds)
    assert [row.name for group in table.groups for row in table.group(group).rows] == [row.name for row in table.rows]
    assert [name for names in table.groups.values() for name in names] == [row.name for row in table.rows]
    with pytest.raises(ValueError, match="There is no group 'Colours'; there are The shape of the layer"):
        table.group("Colours")


def test_it_shows_as_a_table_and_as_text(kinds):
    bundle = DisplayFormatter().format(arguments(*kinds).group("Dropout"))[0]
    assert set(bundle) == {"text/html", "text/plain"}
    for text in bundle.values():
        assert all(word in text for word in ("argument", "SimpleRNN", "Dropout", "recurrent_dropout", "0.0", "section"))


def test_the_table_names_each_group_once_and_what_is_new_last(kinds):
    class Newer(kinds[1]):
        def __init__(self, units, brand_new=True, **kwargs):
            super().__init__(units, **kwargs)

    for text in (str(arguments(Newer)), arguments(Newer)._repr_html_()):
        groups = re.findall(r"— (.+) —|colgroup[^>]*>([^<]+)<", text)
        names = ["".join(found) for found in groups]
        assert names == [*(group for group in EXPLAINED if group != "A cell of your own"), "Not in this course"]
        assert text.index("Not in this course") < text.index("brand_new")


def test_lesson_07_has_the_sections_and_shows_each_argument(kinds):
    cells = nbformat.read(LESSON, as_version=4).cells
    headings = set(re.findall(r"(?m)^#+ (.+)$", "\n".join(c.source for c in cells if c.cell_type == "markdown")))
    headings = {heading.replace("`", "") for heading in headings}
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for group, names in EXPLAINED.items():
        assert any(heading.startswith(group) for heading in headings), group
        for name, (_what, section) in names.items():
            assert any(re.match(rf"{section}\b", heading) for heading in headings), section
            assert re.search(rf"\b{name}\b", code) or name in ("units", "cell"), name
