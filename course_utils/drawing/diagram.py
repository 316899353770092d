"""What every drawing function returns: a picture that shows itself, saves itself and says itself."""

import base64
import os
from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.drawing.scene import Scene
from course_utils.drawing.svg import render_svg
from course_utils.drawing.theme import JUPYTER, theme_named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG_TOO = "UNROLLED_PNG"  # environment variable; "on" where notebooks are saved for readers that show no HTML


@dataclass(frozen=True, eq=False)
class Diagram:
    """A finished picture. In a notebook it shows itself; in a terminal it describes itself.

    scene: the geometry, for those who want to look closer
    theme: "light", "dark" or "projector"
    """

    scene: Scene
    theme: str | None = None

    @property
    def description(self) -> str:
        """What the picture shows, in words: its alternative text."""
        return self.scene.description

    def to_svg(self, theme: str | None = None) -> str:
        """Return the picture as an SVG document; theme "jupyter" follows JupyterLab's colours."""
        look = JUPYTER if theme == JUPYTER.name else theme_named(theme or self.theme)
        return render_svg(self.scene, look)

    def to_figure(self) -> "Figure":
        """Return the picture as a matplotlib Figure."""
        from course_utils.drawing.figure import render_figure

        return render_figure(self.scene, theme_named(self.theme))

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file, by its suffix: .svg, .png or .pdf. Returns the path.

        Raises ValueError for another suffix.
        """
        path = Path(path)
        if path.suffix == ".svg":
            path.write_text(self.to_svg(), encoding="utf-8")
        elif path.suffix == ".png":
            path.write_bytes(self.to_png())
        elif path.suffix == ".pdf":
            self.to_figure().savefig(path, metadata={"CreationDate": None})
        else:
            raise ValueError(f"path must end in .svg, .png or .pdf, but it is {str(path)!r}.")
        return path

    def to_png(self) -> bytes:
        """Return the picture as PNG bytes; the same picture gives the same bytes."""
        from course_utils.drawing.figure import small_png

        return small_png(self.to_figure())

    def to_html(self) -> str:
        """Return the picture as an HTML image with its description as alternative text."""
        source = base64.b64encode(self.to_svg().encode()).decode()
        alt = escape(self.description)
        return f'<img alt="{alt}" src="data:image/svg+xml;base64,{source}" style="max-width:100%">'

    def __repr__(self) -> str:
        return self.description

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        # A PNG costs a hundred times what the HTML costs, and a live page never shows it: it is made when asked for.
        kinds = {"text/html": self.to_html, "text/plain": lambda: self.description}
        if "image/png" in (include or ()) or os.environ.get(PNG_TOO) == "on":
            kinds["image/png"] = lambda: base64.b64encode(self.to_png()).decode()
        wanted = [kind for kind in kinds if (not include or kind in include) and kind not in (exclude or ())]
        return {kind: kinds[kind]() for kind in wanted}
