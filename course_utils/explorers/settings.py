"""A setting is one declaration: a field of a frozen dataclass. All else that an explorer needs of it follows.

>>> from typing import Annotated
>>> @dataclass(frozen=True, kw_only=True)
... class Loudness(Settings):
...     level: Annotated[int, Whole(1, 11), "how loud it is"] = 3
...     quiet: Annotated[bool, Switch()] = False
>>> Loudness(level=12).check("level")
Traceback (most recent call last):
    ...
ValueError: level must be a whole number from 1 to 11, but it is 12.

The field in an annotation makes the control and says what is wrong with a value; the text is what the documentation
says; the default is that of the keyword (``keywords_of``). What is annotated without a field has no control.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import wraps
from inspect import Parameter, cleandoc, formatannotation, signature
from textwrap import fill
from typing import Self, TypeVar, get_args, get_origin, get_type_hints

import ipywidgets

from course_utils.frontend import choice, decimal_slider, slider, toggle

DOCUMENTED = "{settings}"
"""Where the settings stand in the docstring of a function that takes them: last of its parameters."""

PARAMETERS = "Parameters\n----------\n"
REST = """
hide : Collection[str]
    names of controls to leave out, in a tuple; ``.state`` names them all

Raises
------
ValueError
    For a value that is not allowed."""

NOT_YET = sys.maxsize
DOC_WIDTH, MOST_WORDS = 100, 8  # of a line of the documentation, and in it

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """What values a setting takes.

    label:  what is written beside the control, if not the name
    called: how an error calls it when an explorer is made, if not by its name
    """

    label: str = ""
    called: str = ""

    @abstractmethod
    def checked(self, called: str, value: object) -> object:
        """Return the value as the settings hold it. Raises ValueError for one that is not allowed."""

    def checked_at_start(self, name: str, value: object) -> object:
        """Return the same for the value that an explorer starts with."""
        return self.checked(self.called or name, value)

    @abstractmethod
    def control(self, name: str, value: object) -> ipywidgets.Widget:
        """Return a control that shows a value. Raises ValueError as ``checked``."""

    def shown(self, value: object) -> object:
        """Return what the control shows for a value."""
        return value

    def read(self, shown: object) -> object:
        """Return the value for what the control shows."""
        return shown

    @property
    def ending(self) -> str:
        """Which values are allowed: how the line of the documentation ends."""
        return ""


@dataclass(frozen=True)
class Whole(Field):
    """A whole number. high: left out where it is known only when an explorer is made (``Settings.reaching``)."""

    low: int
    high: int = NOT_YET

    def checked(self, called: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise ValueError(f"{called} must be a whole number from {self.low} to {self.high}, but it is {value!r}.")
        return value

    def control(self, name: str, value: object) -> ipywidgets.Widget:
        return slider(self.label or name, self.low, self.high, self.checked(name, value))

    @property
    def ending(self) -> str:
        return f", {self.low} … {self.high}" if self.high != NOT_YET else ""


@dataclass(frozen=True)
class Number(Field):
    """A number, on a slider with this step."""

    low: float
    high: float
    step: float = 0.1

    def checked(self, called: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            raise ValueError(f"{called} must be a number from {self.low} to {self.high}, but it is {value!r}.")
        return float(value)

    def control(self, name: str, value: object) -> ipywidgets.Widget:
        return decimal_slider(self.label or name, self.low, self.high, self.checked(name, value), self.step)

    @property
    def ending(self) -> str:
        return f", {self.low:g} … {self.high:g}"


@dataclass(frozen=True)
class OneOf(Field):
    """One of some words. none: the word for None, where that is allowed too."""

    choices: Collection[str]
    none: str = ""

    @property
    def words(self) -> dict[object, str]:
        """What the control lists, by the value that the settings hold."""
        return ({None: self.none} if self.none else {}) | {word: word for word in self.choices}

    def checked(self, called: str, value: object) -> object:
        if value not in [*self.words, *self.words.values()]:
            raise ValueError(f"{called} must be one of {', '.join(self.words.values())}, but it is {value!r}.")
        return self.read(value)

    def control(self, name: str, value: object) -> ipywidgets.Widget:
        return choice(self.label or name, list(self.words.values()), self.shown(value))

    def shown(self, value: object) -> str:
        return self.words[value]

    def read(self, shown: object) -> object:
        return next(value for value, word in self.words.items() if shown in (value, word))

    @property
    def ending(self) -> str:
        *some, last = (f'"{word}"' for word in self.words.values())
        return f": {', '.join(some)} or {last}" if len(some) < MOST_WORDS else ""


@dataclass(frozen=True)
class Switch(Field):
    """On or off."""

    def checked(self, called: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{called} must be True or False, but it is {value!r}.")
        return value

    def control(self, name: str, value: object) -> ipywidgets.Widget:
        return toggle(self.label or name, self.checked(name, value))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of an explorer at one moment; hashable, so that the same ones are run once."""

    @classmethod
    def of(cls, given: Mapping[str, object], **own: object) -> Self:
        """Return the settings that keywords say. Nothing is checked yet: ranges may depend on what is to be shown."""
        build: Callable[..., Self] = cls
        return build(**given, **own)

    @classmethod
    def fields(cls) -> dict[str, Field]:
        """Return the declared fields by name."""
        parts = {name: get_args(kind) for name, kind in get_type_hints(cls, include_extras=True).items()}
        return {name: part for name, found in parts.items() for part in found if isinstance(part, Field)}

    def check(self, *names: str) -> None:
        """Raise ValueError for the first of these settings that is not allowed."""
        for name in names:
            self.fields()[name].checked_at_start(name, getattr(self, name))

    def reaching(self, **high: int) -> dict[str, Field]:
        """Return the fields of these whole numbers with the largest one that is allowed here."""
        wholes = {name: field for name, field in self.fields().items() if isinstance(field, Whole)}
        return {name: replace(wholes[name], high=largest) for name, largest in high.items()}

    def following(self, before: Self) -> Self:
        """Return these settings with what follows from the move that led here; what the move itself said stays."""
        return self

    def idle(self) -> Collection[str]:
        """Return the names of the settings that change nothing now: their controls are switched off."""
        return ()

    def offers(self) -> Mapping[str, Sequence[str]]:
        """Return the words that are listed now, by name, where they are not all that are allowed."""
        return {}


def keywords_of(settings: type[Settings]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Let a function take the settings as keywords, which reach it in ``**start``; signature and docstring name them.

    A setting without a default is no keyword by itself: one of the function's own, with a name that its name begins
    with, stands in its place, for what is not yet a value (None, one number for several). The other own ones come last.
    """
    types, texts = get_type_hints(settings), get_type_hints(settings, include_extras=True)

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        own = signature(function)
        taken = {each.name: each for each in own.parameters.values() if each.kind == Parameter.POSITIONAL_OR_KEYWORD}
        keywords = {each.name: each for each in own.parameters.values() if each.kind == Parameter.KEYWORD_ONLY}
        lines: dict[str, str] = {}
        for field in fields(settings):
            name, default = field.name, field.default
            if default is MISSING:
                name = next(each for each in keywords if name.startswith(each))
                taken[name] = keywords[name]
            else:
                taken[name] = Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=types[name])
            lines.setdefault(name, _entry(taken[name], texts[field.name]))
        gives = get_origin(own.return_annotation) or own.return_annotation  # of what, help need not say
        shown = own.replace(parameters=list((taken | keywords).values()), return_annotation=gives)

        @wraps(function)
        def called(*args: object, **more: object) -> R:
            try:
                shown.bind(*args, **more)
            except TypeError as problem:
                raise TypeError(f"{function.__name__}() {problem}") from None
            return function(*args, **more)

        called.__signature__ = shown  # type: ignore[attr-defined]
        called.__doc__ = _documented(cleandoc(function.__doc__ or ""), lines.values())
        return called

    return decorate


def _documented(text: str, entries: Iterable[str]) -> str:
    """Return a docstring with the settings in it."""
    head = "" if PARAMETERS in text else PARAMETERS
    return text.replace(DOCUMENTED, head + "\n".join(entries) + REST)


def _entry(keyword: Parameter, annotated: object) -> str:
    """Return what the documentation says of a setting: its type, its text, and which values it takes."""
    text = "".join([part for part in get_args(annotated) if isinstance(part, str)][-1:])
    ending = next((part.ending for part in get_args(annotated) if isinstance(part, Field)), "")
    said = fill(text + ending, DOC_WIDTH, initial_indent="    ", subsequent_indent="    ")
    return f"{keyword.name} : {formatannotation(keyword.annotation)}\n{said}"
