"""Controls over one persistent picture: state in, picture out."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

import ipywidgets

from course_utils.frontend import PageHelper
from course_utils.frontend.page_helper import GUARDED
from course_utils.pictures import Diagram
from course_utils.recurrence.one_thread import one_thread

State = dict[str, Any]


@dataclass(frozen=True)
class View:
    """What an explorer shows for one state.

    headline:     HTML above the picture, next to the controls: what answers the move
    diagram:      the picture
    notes:        HTML below it
    announcement: one sentence for a screen reader
    """

    headline: str
    diagram: Diagram
    notes: str
    announcement: str


Viewer = Callable[[State, State | None], View]
"""From the state now, and the one before the last move (None at the start), to what is shown."""


class Explorer(ipywidgets.VBox):
    """A box of controls with the picture that they change.

    One picture lives in one HTML element for the whole life of the explorer; a move
    writes a new SVG into it. The viewer is a pure function that never calls Keras.
    """

    def __init__(
        self,
        controls: Mapping[str, ipywidgets.Widget],
        viewer: Viewer,
        *,
        hide: Collection[str] = (),
        check: Callable[[State], str] | None = None,
        row: Collection[ipywidgets.Widget] = (),
    ):
        """Build the box.

        controls: by the name that ``.state`` uses, in the order they are shown
        viewer:   state → view
        hide:     names of controls that a teacher wants out of sight
        check:    asks Keras about a state and returns one sentence, for the button
        row:      the controls and what stands among them, such as a play button; without it the controls alone
        """
        _refuse_unknown("hide", hide, controls)
        self._controls = dict(controls)
        self._viewer = viewer
        self._headline = ipywidgets.HTML()
        self._picture = ipywidgets.HTML()
        self._notes = ipywidgets.HTML()
        self._helper = PageHelper()
        self._quiet = False
        hidden = [controls[name] for name in hide]
        shown = [widget for widget in row or controls.values() if widget not in hidden]
        button = [self._check_button(check)] if check else []
        super().__init__([*_rows(shown), self._headline, self._picture, self._notes, *button, self._helper])
        self.add_class(GUARDED)
        self._last: State | None = None
        self._show()
        for control in controls.values():
            control.observe(self._moved, names="value")

    @property
    def state(self) -> State:
        """The value of every control, by name; a copy."""
        return {name: control.value for name, control in self._controls.items()}

    def set(self, **state: Any) -> None:
        """Move several controls at once; the picture changes once.

        Raises ValueError for a name that is not a control and for a value out of its reach.
        """
        _refuse_unknown("state", state, self._controls)
        for name, value in state.items():
            _refuse_value(name, value, self._controls[name])
        with self.one_move():
            for name, value in state.items():
                self._controls[name].value = value

    @contextmanager
    def one_move(self) -> Iterator[None]:
        """Let all that controls do inside count as one move: the picture changes once, after it."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
        self._show()

    @property
    def diagram(self) -> Diagram:
        """The picture shown now."""
        return self._view.diagram

    def _moved(self, _change: object) -> None:
        if not self._quiet:
            self._show()

    def _show(self) -> None:
        """Draw the present state. If that fails, say so in the picture's place; the next move starts afresh."""
        state = self.state
        if state == self._last:
            return
        try:
            with one_thread():
                view = self._viewer(state, self._last)
                svg = view.diagram.to_svg("jupyter")
        except Exception as problem:
            self._last = None
            self._picture.value = _card(state, problem)
            self._headline.value = self._notes.value = ""
            self._announce("This setting cannot be drawn. Move a control to go on.")
            raise
        self._view, self._last = view, state
        self._picture.value = f'<div style="overflow-x:auto">{svg}</div>'
        self._headline.value = view.headline
        self._notes.value = view.notes
        self._announce(view.announcement)

    def _announce(self, words: str) -> None:
        """Let a screen reader say words, HTML or plain, the same ones once more too."""
        self._helper.announcement = ""
        self._helper.announcement = unescape(words)

    def _check_button(self, check: Callable[[State], str]) -> ipywidgets.HBox:
        button = ipywidgets.Button(
            description="check with Keras", icon="check", layout={"width": "auto", "flex": "0 0 auto"}
        )
        verdict = ipywidgets.HTML()

        def ask(_button: object) -> None:
            verdict.value = "asking Keras …"
            try:
                verdict.value = check(self.state)
            except Exception as problem:
                verdict.value = f"Keras stopped with {escape(type(problem).__name__)}: {escape(str(problem))}"
                raise
            finally:
                self._announce(verdict.value)

        button.on_click(ask)
        for control in self._controls.values():
            control.observe(lambda _change: setattr(verdict, "value", ""), names="value")
        return ipywidgets.HBox([button, verdict])

    def __repr__(self) -> str:
        return self.diagram.description

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the live controls, and the picture alone where there are none (a code host, a fresh clone)."""
        return {**super()._repr_mimebundle_(**options), **self.diagram._repr_mimebundle_(**options)}


def _rows(controls: Collection[ipywidgets.Widget]) -> list[ipywidgets.HBox]:
    """Return the controls in rows: sliders and lists first, then the boxes to tick, well apart."""
    ticked = [control for control in controls if isinstance(control, ipywidgets.Checkbox)]
    others = [control for control in controls if control not in ticked]
    look = {"flex_flow": "row wrap", "grid_gap": "2px 28px"}
    return [ipywidgets.HBox(row, layout=look) for row in (others, ticked) if row]


def _refuse_unknown(argument: str, names: Collection[str], controls: Mapping[str, ipywidgets.Widget]) -> None:
    unknown = [name for name in names if name not in controls]
    if isinstance(names, str) or unknown:
        if isinstance(names, str) and names in controls:
            raise ValueError(
                f"{argument} must hold names, as in {argument}=({names!r},), but it is the text {names!r}."
            )
        known = ", ".join(repr(name) for name in controls)
        given = names if isinstance(names, str) else unknown[0]
        raise ValueError(f"{argument} must name controls of this explorer, {known}, but it names {given!r}.")


def _refuse_value(name: str, value: Any, control: ipywidgets.Widget) -> None:
    """Raise ValueError for a value that a control cannot take."""
    if isinstance(control.value, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, but it is {value!r}.")
    elif isinstance(control, ipywidgets.Dropdown):
        if value not in control.options:
            raise ValueError(f"{name} must be one of {', '.join(control.options)}, but it is {value!r}.")
    elif isinstance(control, ipywidgets.FloatSlider):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not control.min <= value <= control.max:
            raise ValueError(f"{name} must be a number from {control.min} to {control.max}, but it is {value!r}.")
    elif isinstance(value, bool) or not isinstance(value, int) or not control.min <= value <= control.max:
        raise ValueError(f"{name} must be a whole number from {control.min} to {control.max}, but it is {value!r}.")


def _card(state: State, problem: Exception) -> str:
    """Return what stands in the picture's place when it cannot be drawn."""
    settings = ", ".join(f"{name} = {value}" for name, value in state.items())
    return (
        f'<div role="alert" style="border:2px solid #D55E00;border-radius:6px;padding:8px 12px">'
        f"<b>This setting cannot be drawn:</b> {escape(settings)}.<br>"
        f"{escape(type(problem).__name__)}: {escape(str(problem))}<br>Move a control to go on.</div>"
    )
