"""Controls that can be used with the keyboard alone."""

from collections.abc import Sequence

import ipywidgets

LABEL_WIDTH = "90px"


def slider(
    label: str, low: int, high: int, value: int, argument: str | None = None
) -> ipywidgets.IntSlider | ipywidgets.BoundedIntText:
    """Return a slider over whole numbers; a field that cannot move where there is only one of them.

    argument: what the value is called where a teacher writes it, if not as on the page
    Raises ValueError where the value is not among them.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{argument or label} must be a whole number from {low} to {high}, but it is {value!r}.")
    look = {"description": label, "style": {"description_width": LABEL_WIDTH}}
    if low == high:  # the browser's slider refuses an empty range
        return ipywidgets.BoundedIntText(value, min=low, max=high, disabled=True, **look)
    return ipywidgets.IntSlider(value, low, high, layout={"width": "400px", "max_width": "100%"}, **look)


def decimal_slider(
    label: str, low: float, high: float, value: float, step: float = 0.1, argument: str | None = None
) -> ipywidgets.FloatSlider:
    """Return a slider over decimal numbers. argument: as for ``slider``. Raises ValueError for other values."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"{argument or label} must be a number from {low} to {high}, but it is {value!r}.")
    look = {"description": label, "style": {"description_width": LABEL_WIDTH}}
    return ipywidgets.FloatSlider(
        value, min=low, max=high, step=step, layout={"width": "400px", "max_width": "100%"}, **look
    )


def choice(label: str, options: Sequence[str], value: str, argument: str | None = None) -> ipywidgets.Dropdown:
    """Return a list to choose one of. argument: as for ``slider``. Raises ValueError where the value is not in it."""
    if value not in options:
        raise ValueError(f"{argument or label} must be one of {', '.join(options)}, but it is {value!r}.")
    look = {"description": label, "style": {"description_width": LABEL_WIDTH}}
    return ipywidgets.Dropdown(options=list(options), value=value, layout={"width": "auto"}, **look)


def toggle(label: str, value: bool) -> ipywidgets.Checkbox:
    """Return a box to tick."""
    return ipywidgets.Checkbox(bool(value), description=label, indent=False, layout={"width": "auto"})
