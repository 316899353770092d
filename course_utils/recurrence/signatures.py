"""Every argument of the recurrent layers, with its default: read from Keras's own signatures."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from inspect import Parameter, signature

EXPLAINED = {
    "The shape of the layer": {
        "units": ("how many numbers the state holds", "units and use_bias"),
        "use_bias": ("whether b is there at all", "units and use_bias"),
        "activation": ("g: what is made of the sum", "activation"),
        "recurrent_activation": ("what is made of the sums of the gates", "recurrent_activation"),
    },
    "How the weights start": {
        "kernel_initializer": ("the numbers in W before training", "kernel_initializer"),
        "recurrent_initializer": ("the numbers in R before training", "recurrent_initializer"),
        "bias_initializer": ("the numbers in b before training", "bias_initializer and unit_forget_bias"),
        "unit_forget_bias": ("b of the forget gate starts at 1", "bias_initializer and unit_forget_bias"),
    },
    "What holds the weights back": {
        "kernel_regularizer": ("large numbers in W cost", "What large weights cost"),
        "recurrent_regularizer": ("large numbers in R cost", "What large weights cost"),
        "bias_regularizer": ("large numbers in b cost", "What large weights cost"),
        "activity_regularizer": ("large outputs cost", "activity_regularizer"),
        "kernel_constraint": ("a rule for W after each training step", "Constraints"),
        "recurrent_constraint": ("a rule for R after each training step", "Constraints"),
        "bias_constraint": ("a rule for b after each training step", "Constraints"),
    },
    "Dropout": {
        "dropout": ("leaves out features of x while training", "dropout"),
        "recurrent_dropout": ("leaves out units of the old h while training", "recurrent_dropout"),
        "seed": ("repeats the draws of dropout, not the weights", "seed"),
    },
    "What leaves, and in which order": {
        "return_sequences": ("all states leave, not only the last", "Four arguments of lesson 04"),
        "return_state": ("the last state leaves once more", "Four arguments of lesson 04"),
        "go_backwards": ("the last step is read first", "Four arguments of lesson 04"),
        "stateful": ("the next call starts where this one ended", "Four arguments of lesson 04"),
    },
    "How it is computed": {
        "unroll": ("the plan has no loop: every step is written out", "unroll"),
        "use_cudnn": ("whether a graphics card's own program may do the work", "use_cudnn"),
        "reset_after": ("r acts after the product with R, not before", "reset_after"),
        "name": ("how you find the layer again", "name and trainable"),
        "trainable": ("whether training may move the weights", "name and trainable"),
        "dtype": ("how exactly numbers are kept", "dtype and autocast"),
        "autocast": ("whether the input is brought to this dtype", "dtype and autocast"),
    },
    "Masks": {
        "zero_output_for_mask": ("skipped steps give zeros", "zero_output_for_mask"),
    },
    "A cell of your own": {
        "cell": ("the rule of one step, or a list of cells", "RNN and its cell"),
    },
}
"""Group → argument → what it does, and the heading in lesson 07 that shows it."""
WINDOW = "max-height: 28em; overflow: auto"
LEFT = "text-align: left"
STAYS = f"{LEFT}; position: sticky; top: 0; background: var(--jp-layout-color0, Canvas)"
GROUP = f"{LEFT}; padding-top: 0.8em"


@dataclass(frozen=True)
class Argument:
    """One argument. defaults: one text a layer, as one would write it, "you choose" where there is none and "–" where
    the layer does not know the argument; what, section, group: from ``EXPLAINED``, empty for a new argument."""

    name: str
    defaults: tuple[str, ...]
    what: str = ""
    section: str = ""
    group: str = ""


@dataclass(frozen=True)
class Arguments:
    """The arguments of some layers. Shows as a table that scrolls, prints as text; both are sorted by group.

    layers: their names, one for each default."""

    layers: tuple[str, ...]
    rows: tuple[Argument, ...]

    @property
    def unexplained(self) -> list[str]:
        """The arguments that lesson 07 does not know: a newer Keras has added them."""
        return [row.name for row in self.rows if not row.section]

    @property
    def groups(self) -> dict[str, list[str]]:
        """The names of the arguments of each group."""
        return {group: [row.name for row in self.rows if row.group == group] for group in EXPLAINED}

    def group(self, name: str) -> "Arguments":
        """Return the rows of one group; raises ValueError for a name that is none."""
        if name not in EXPLAINED:
            raise ValueError(f"There is no group {name!r}; there are {', '.join(EXPLAINED)}.")
        return Arguments(self.layers, tuple(row for row in self.rows if row.group == name))

    @property
    def _head(self) -> tuple[str, ...]:
        return ("argument", *self.layers, "what it does", "section")

    def _parts(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Return each group that has rows with what stands in them; new arguments come last."""
        parts = []
        for group in (*EXPLAINED, ""):
            rows = [(row.name, *row.defaults, row.what, row.section) for row in self.rows if row.group == group]
            if rows:
                parts.append((group or "Not in this course", rows))
        return parts

    def __str__(self) -> str:
        parts = self._parts()
        table = [self._head, *(row for _, rows in parts for row in rows)]
        wide = [max(len(row[column]) for row in table) for column in range(len(self._head))]
        lines = [self._head]
        for group, rows in parts:
            lines += [(f"— {group} —",), *rows]
        padded = ("  ".join(text.ljust(size) for text, size in zip(row, wide, strict=False)) for row in lines)
        return "\n".join(line.rstrip() for line in padded)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{STAYS}">{escape(name)}</th>' for name in self._head)
        body = ""
        for group, rows in self._parts():
            title = f'<th colspan="{len(self._head)}" scope="colgroup" style="{GROUP}">{escape(group)}</th>'
            body += f"<tr>{title}</tr>"
            for row in rows:
                cells = "".join(f'<td style="{LEFT}">{escape(text)}</td>' for text in row)
                body += f"<tr>{cells}</tr>"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f'<div tabindex="0" role="region" aria-label="Arguments" style="{WINDOW}">{table}</div>'


def arguments(*layers: type) -> Arguments:
    """Return every argument of recurrent layers with its default.

    layers: classes, for example ``keras.layers.LSTM``. What a class does not name itself but passes on to the
    classes that it is made from, such as ``name``, counts as well.

    >>> class Layer:
    ...     def __init__(self, *, name=None, brand_new=True): ...
    >>> class Own(Layer):
    ...     def __init__(self, units, activation="tanh", **kwargs): ...
    >>> table = arguments(Own)
    >>> print(table.group("The shape of the layer"))
    argument    Own         what it does                      section
    — The shape of the layer —
    units       you choose  how many numbers the state holds  units and use_bias
    activation  "tanh"      g: what is made of the sum        activation
    >>> table.unexplained
    ['brand_new']
    """
    taken = [_taken_by(layer) for layer in layers]
    known = {name: (group, *about) for group, names in EXPLAINED.items() for name, about in names.items()}
    found = dict.fromkeys(name for names in taken for name in names)
    rows = []
    for name in [name for name in known if name in found] + [name for name in found if name not in known]:
        group, what, section = known.get(name, ("", "", ""))
        rows.append(Argument(name, tuple(names.get(name, "–") for names in taken), what, section, group))
    return Arguments(tuple(layer.__name__ for layer in layers), tuple(rows))


def _taken_by(layer: type) -> dict[str, str]:
    """Return name → default of all that a class takes, also by passing it on."""
    found: dict[str, str] = {}
    for made_from in layer.__mro__:
        if "__init__" not in vars(made_from):
            continue
        parameters = signature(vars(made_from)["__init__"]).parameters.values()
        for name, default in _named(parameters):
            if made_from is layer or default is not Parameter.empty:  # what has no default, the class itself passes on
                found.setdefault(name, _written(default))
        passes_on = any(one.kind is Parameter.VAR_KEYWORD for one in parameters)
        if not passes_on or made_from.__name__ == "Layer":  # Keras's Layer refuses what is left
            break
    return found


def _named(parameters: Iterable[Parameter]) -> list[tuple[str, object]]:
    """Return name and default of what can be given by its name."""
    unnamed = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return [(one.name, one.default) for one in parameters if one.kind not in unnamed and one.name != "self"]


def _written(default: object) -> str:
    if default is Parameter.empty:
        return "you choose"
    return f'"{default}"' if isinstance(default, str) else repr(default)
