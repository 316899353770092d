"""The one small piece of the course that runs in the browser."""

from pathlib import Path

import anywidget
import traitlets

GUARDED = "unrolled-guarded"
"""The CSS class of a box that the helper inside it looks after."""


class PageHelper(anywidget.AnyWidget):
    """Makes a box of controls kind to the keyboard and to screen readers.

    It looks after the nearest element around it that has the class ``GUARDED``:

    - Keys stay inside. JupyterLab listens for command keys even while a slider has
      the focus, so that typing ``d d`` there would delete the cell.
    - Slider handles get a name, taken from the label beside them.
    - ``announcement`` is read out by a screen reader whenever it changes.
    - Pointing at a cell of a picture frames what made it: inputs, states, columns of weights (``Cells.made_of``).
      The cell is found from the geometry in the picture itself, so no kernel is needed.
    - Before the cell has run, one line says so, instead of a broken-link sign on every control.

    Where the page cannot load it, the box works without these.
    """

    _esm = Path(__file__).with_name("page_helper.js")
    _css: Path | str = Path(__file__).with_name("page_helper.css")
    announcement = traitlets.Unicode("").tag(sync=True)
