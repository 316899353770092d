"""Controls over one persistent picture: state in, picture out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import Any, Generic, TypeVar

import ipywidgets

from course_utils.explorers.settings import Field, Settings
from course_utils.frontend import PageHelper
from course_utils.frontend.page_helper import GUARDED
from course_utils.pictures import Diagram
from course_utils.recurrence.one_thread import one_thread

S = TypeVar("S", bound=Settings)


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


Viewer = Callable[[S, S | None], View]
"""From the settings now, and those before the last move (None at the start), to what is shown."""


class Explorer(ipywidgets.VBox, Generic[S]):
    """A box of controls with the picture that they change.

    One picture lives in one HTML element for the whole life of the explorer; a move
    writes a new SVG into it. The viewer is a pure function that never calls Keras.
    """

    def __init__(
        self,
        start: S,
        viewer: Viewer[S],
        *,
        shown: Sequence[str] = (),
        reach: Mapping[str, Field] | None = None,
        hide: Collection[str] = (),
        check: Callable[[S], str] | None = None,
        row: Callable[[Mapping[str, ipywidgets.Widget]], Collection[ipywidgets.Widget]] = lambda controls: (
            controls.values()
        ),
    ):
        """Build the box. Raises ValueError for a setting that is not allowed.

        start:  the settings that it starts with
        viewer: settings → view
        shown:  the names of the settings that have a control, in that order; without it all that can
        reach:  fields of settings whose values depend on what is shown, in place of the declared ones
        hide:   names of controls that a teacher wants out of sight
        check:  asks Keras about the settings and returns one sentence, for the button
        row:    from the controls to them with what stands among them, such as a play button
        """
        self._fields = start.fields() | dict(reach or {})
        names = shown or list(self._fields)
        checked = {name: self._fields[name].checked_at_start(name, getattr(start, name)) for name in names}
        self._settings = replace(start, **checked)
        self._last: S | None = None
        made = {name: self._fields[name].control(name, checked[name]) for name in names}
        in_row = list(row(made))
        self._controls = dict(sorted(made.items(), key=lambda each: in_row.index(each[1])))
        _refuse_unknown("hide", hide, self._controls)
        self._viewer = viewer
        self._headline = ipywidgets.HTML()
        self._picture = ipywidgets.HTML()
        self._notes = ipywidgets.HTML()
        self._helper = PageHelper()
        hidden = [self._controls[name] for name in hide]
        button = [self._check_button(check)] if check else []
        rows = _rows([widget for widget in in_row if widget not in hidden])
        super().__init__([*rows, self._headline, self._picture, self._notes, *button, self._helper])
        self.add_class(GUARDED)
        self._idle: set[str] = set()
        self._show_controls()
        self._show()
        for control in self._controls.values():
            control.observe(self._moved, names="value")

    @property
    def settings(self) -> S:
        """The settings now."""
        return self._settings

    @property
    def state(self) -> dict[str, object]:
        """The value of every control, by name; a copy."""
        return {name: control.value for name, control in self._controls.items()}

    def set(self, **state: object) -> None:
        """Move several controls at once; the picture changes once.

        Raises ValueError for a name that is not a control and for a value out of its reach.
        """
        _refuse_unknown("state", state, self._controls)
        self._move({name: self._fields[name].checked(name, value) for name, value in state.items()})

    @property
    def diagram(self) -> Diagram:
        """The picture shown now."""
        return self._view.diagram

    def _moved(self, change: Mapping[str, object]) -> None:
        """Follow a control that was moved on the page."""
        if not self._quiet:
            name = next(name for name, control in self._controls.items() if control is change["owner"])
            self._move({name: self._fields[name].read(change["new"])})

    def _move(self, given: Mapping[str, object]) -> None:
        """Change some settings, and those that follow from them."""
        before = self._settings
        followed = replace(before, **given).following(before)
        self._settings = replace(followed, **given)
        self._show_controls()
        self._show()

    def _show_controls(self) -> None:
        """Let the controls show the settings: what is listed, what is chosen, and what can be moved."""
        self._quiet = True
        try:
            for name, words in self._settings.offers().items():
                with self._controls[name].hold_sync():
                    self._controls[name].options = words  # which also chooses the first of them
                    self._controls[name].value = self._fields[name].shown(getattr(self._settings, name))
            for name, control in self._controls.items():
                control.value = self._fields[name].shown(getattr(self._settings, name))
        finally:
            self._quiet = False
        idle = self._controls.keys() & set(self._settings.idle())
        for name in self._idle ^ idle:  # one that can take one value alone stays switched off
            self._controls[name].disabled = name in idle
        self._idle = idle

    def _show(self) -> None:
        """Draw the present settings. If that fails, say so in the picture's place; the next move starts afresh."""
        now = self._settings
        if now == self._last:
            return
        try:
            with one_thread():
                view = self._viewer(now, self._last)
                svg = view.diagram.to_svg("jupyter")
        except Exception as problem:
            self._last = None
            self._picture.value = _card(self.state, problem)
            self._headline.value = self._notes.value = ""
            self._announce("This setting cannot be drawn. Move a control to go on.")
            raise
        self._view, self._last = view, now
        self._picture.value = f'<div style="overflow-x:auto">{svg}</div>'
        self._headline.value = view.headline
        self._notes.value = view.notes
        self._announce(view.announcement)

    def _announce(self, words: str) -> None:
        """Let a screen reader say words, HTML or plain, the same ones once more too."""
        self._helper.announcement = ""
        self._helper.announcement = unescape(words)

    def _check_button(self, check: Callable[[S], str]) -> ipywidgets.HBox:
        button = ipywidgets.Button(
            description="check with Keras", icon="check", layout={"width": "auto", "flex": "0 0 auto"}
        )
        verdict = ipywidgets.HTML()

        def ask(_button: object) -> None:
            verdict.value = "asking Keras …"
            try:
                verdict.value = check(self._settings)
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


def _card(state: Mapping[str, object], problem: Exception) -> str:
    """Return what stands in the picture's place when it cannot be drawn."""
    settings = ", ".join(f"{name} = {value}" for name, value in state.items())
    return (
        f'<div role="alert" style="border:2px solid #D55E00;border-radius:6px;padding:8px 12px">'
        f"<b>This setting cannot be drawn:</b> {escape(settings)}.<br>"
        f"{escape(type(problem).__name__)}: {escape(str(problem))}<br>Move a control to go on.</div>"
    )
