"""Controls that can be used with the keyboard alone. Which values they may show is for their callers to check."""

from collections.abc import Sequence

import ipywidgets

LABEL_WIDTH = "90px"
SLIDER = {"width": "400px", "max_width": "100%"}


def slider(label: str, low: int, high: int, value: int) -> ipywidgets.IntSlider | ipywidgets.BoundedIntText:
    """Return a slider over whole numbers; a field that cannot move where there is only one of them."""
    look = {"description": label, "style": {"description_width": LABEL_WIDTH}}
    if low == high:  # the browser's slider refuses an empty range
        return ipywidgets.BoundedIntText(value, min=low, max=high, disabled=True, **look)
    return ipywidgets.IntSlider(value, low, high, layout=SLIDER, **look)


def decimal_slider(label: str, low: float, high: float, value: float, step: float) -> ipywidgets.FloatSlider:
    """Return a slider over decimal numbers."""
    look = {"description": label, "style": {"description_width": LABEL_WIDTH}}
    return ipywidgets.FloatSlider(value, min=low, max=high, step=step, layout=SLIDER, **look)


def choice(label: str, options: Sequence[str], value: str) -> ipywidgets.Dropdown:
    """Return a list to choose one of."""
    look = {"description": label, "style": {"description_width": LABEL_WIDTH}}
    return ipywidgets.Dropdown(options=list(options), value=value, layout={"width": "auto"}, **look)


def toggle(label: str, value: bool) -> ipywidgets.Checkbox:
    """Return a box to tick."""
    return ipywidgets.Checkbox(value, description=label, indent=False, layout={"width": "auto"})
