"""A whole model: its layers bottom to top, the shapes between them, the parameters of each."""

from dataclasses import dataclass

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN, arrow
from course_utils.drawing.picture import LINE, Legend, Picture
from course_utils.drawing.scene import Box, Item, Label, Rectangle, Scene
from course_utils.drawing.text import BOLD, MONO, SANS, printable, shortened, text_width, wrapped
from course_utils.pictures.model.placing import Edge, Vertex, narrowest
from course_utils.pictures.model.routing import Layout, arrange
from course_utils.pictures.model.shortening import Entry, Flow, Shortened, counted_parameters, shorten
from course_utils.recurrence.graphs import ClosedSpec, Graph, Node, Shape

TOP = 104
BOX_HEIGHT, END_HEIGHT = 58, 32
NARROWEST, NARROWEST_ALONE, WIDEST = 230, 300, 380  # px: a box; where no two stand on one level
NARROWEST_NOTE = 340  # px: no text above or below is wrapped more narrowly
SIDE = 16  # px between a box's edge and its text
SPACE = 28  # px between two texts on a line
LOOP = "↻"  # the sign of a recurrent layer
NAME, KIND, SMALL = 12, 13, 12
NAME_SHARE = 0.4  # of a line: so much of a long name stays, if the text at its right is long too
CLEAR = 3  # px between a box and the end of a line


def model_scene(graph: Graph) -> Scene:
    """Lay out the layers of a model, depth bottom to top: who reads what from whom, with shapes and parameters.

    A model of many levels, or of many layers abreast, is drawn by its ends; the layers between are counted.
    """
    drawn = shorten(graph)
    faces = _faces(drawn)
    shapes = ["" if flow.shape is None else str(flow.shape) for flow in drawn.flows]
    edges = [
        Edge(flow.name, flow.source, flow.targets, text_width(shape, SMALL, MONO))
        for flow, shape in zip(drawn.flows, shapes, strict=True)
    ]
    vertices = [
        Vertex(name, face.entry.level, max(face.width, narrowest(edges, name)), face.height)
        for name, face in faces.items()
    ]
    layout = arrange(vertices, edges)
    places = layout.places.values()
    span = max(place.right for place in places) - min(place.x for place in places)
    room = max(NARROWEST_NOTE, text_width(_title(graph), 19, BOLD), span)
    subtitle = wrapped(_subtitles(graph), 13, room)
    items: list[Item] = []
    layout = _moved(layout, edges, TOP + LINE * (len(subtitle) - 1))
    for entry in drawn.entries:
        items += faces[entry.name].items(layout.places[entry.name])
    items += _lines(drawn, layout)
    below = max(place.bottom for place in layout.places.values()) + 40
    legend = Legend(below, "\n".join(wrapped(_notes(graph, drawn), 12, room)), colours=False)
    return Picture(_title(graph), subtitle, items, _sentences(graph, drawn), legend).scene


def _moved(layout: Layout, edges: list[Edge], top: float) -> Layout:
    """Return a layout that begins below the heading, at the left margin."""
    lefts = [place.x for place in layout.places.values()]
    lefts += [x for lines in layout.routes.values() for line in lines.values() for x, _y in line]
    aside = MARGIN - min(lefts)
    places = {
        name: Rectangle(place.x + aside, place.y + top, place.width, place.height)
        for name, place in layout.places.items()
    }
    starts = {name: (x + aside, y + top) for name, (x, y) in layout.starts.items()}
    routes = {
        edge.name: {
            target: tuple((x + aside, y + top) for x, y in line) for target, line in layout.routes[edge.name].items()
        }
        for edge in edges
    }
    return Layout(places, starts, routes)


@dataclass(frozen=True)
class _Face:
    """How an entry looks. first: the main text; second, third: below it, at the left and at the right."""

    entry: Entry
    first: str
    second: str
    third: str
    width: float

    @property
    def height(self) -> float:
        return BOX_HEIGHT if self.entry.call else END_HEIGHT

    def items(self, place: Rectangle) -> list[Item]:
        """Draw it at its place."""
        call, name = self.entry.call, self.entry.name
        if call is None:
            return self._note(place)
        role = "cell" if call.recurrent else "closed"
        items: list[Item] = [
            Box(name, place, role, radius=9),
            Label(f"kind[{name}]", place.x + SIDE, place.y + 24, self.first, KIND, anchor="start", face=BOLD),
            Label(f"name[{name}]", place.x + SIDE, place.y + 45, self.second, NAME, "muted", "start"),
            Label(f"parameters[{name}]", place.right - SIDE, place.y + 45, self.third, SMALL, "muted", "end"),
        ]
        if call.recurrent:
            items.append(Label(f"recurrent[{name}]", place.right - SIDE, place.y + 25, LOOP, 18, anchor="end"))
        return items

    def _note(self, place: Rectangle) -> list[Item]:
        name = self.entry.name
        look = {"role": "muted", "face": SANS} if self.entry.hidden else {"role": "ink", "face": BOLD}
        return [Label(f"note[{name}]", place.centre[0], place.y + 21, self.first, 13, **look)]


def _faces(drawn: Shortened) -> dict[str, _Face]:
    """Return how each entry looks; the boxes of all layers are equally wide."""
    texts = {entry.name: _texts(entry.call) for entry in drawn.entries if entry.call}
    wanted = [
        2 * SIDE + SPACE + 1 + max(text_width(first, KIND, BOLD), text_width(second, NAME) + text_width(third, SMALL))
        for first, second, third in texts.values()
    ]
    levels = [entry.level for entry in drawn.entries]
    least = NARROWEST_ALONE if len(set(levels)) == len(levels) else NARROWEST
    width = min(WIDEST, max([least, *wanted]))
    faces = {}
    for entry in drawn.entries:
        if not entry.call:
            note = printable(entry.note) if entry.hidden else shortened(printable(entry.note), 13, WIDEST, BOLD)
            wide = text_width(note, 13, SANS if entry.hidden else BOLD) + 12
            faces[entry.name] = _Face(entry, note, "", "", max(60, wide))
            continue
        first, second, third = texts[entry.name]
        inner = width - 2 * SIDE
        third = shortened(third, SMALL, inner - SPACE - min(text_width(second, NAME), inner * NAME_SHARE))
        faces[entry.name] = _Face(
            entry,
            shortened(first, KIND, inner - SPACE, BOLD),
            shortened(second, NAME, inner - SPACE - text_width(third, SMALL)),
            third,
            width,
        )
    return faces


def _texts(call: Node) -> tuple[str, str, str]:
    """Return the three texts of a layer: what it is, its name, its parameters."""
    first = call.summary
    if isinstance(call.layer, Graph):
        first = f"{call.kind} of {wording.counted(len(call.layer.calls), 'layer')}"
    elif _closed(call):
        first = f"{call.kind}: a model with a call of its own"
    count = f"same weights as {call.name}" if call.again else counted_parameters(call.parameters)
    name = f"name: {printable(call.name)}" + (" again" if call.again else "")
    return printable(first), name, printable(count)


def _closed(call: Node) -> bool:
    """Return whether it is a model with a call of its own: what happens inside is not known."""
    return isinstance(call.layer, ClosedSpec) and call.layer.is_model


def _lines(drawn: Shortened, layout: Layout) -> list[Item]:
    """Draw the lines, and beside each beginning the shape of what flows there."""
    items: list[Item] = []
    for flow in drawn.flows:
        for target, line in layout.routes[flow.name].items():
            (x, y), (end_x, end_y) = line[0], line[-1]
            points = ((x, y - CLEAR), *line[1:-1], (end_x, end_y + CLEAR))
            items.append(arrow(f"arrow[{flow.name},{target}]", *points))
        if flow.shape is not None:
            x, y = layout.starts[flow.name]
            items.append(Label(f"shape[{flow.name}]", x + 9, y - 9, str(flow.shape), SMALL, "muted", "start", MONO))
    return items


def _notes(graph: Graph, drawn: Shortened) -> list[str]:
    """Say what the marks mean."""
    notes = ["None: any number, for the batch" + (" or the time-steps" if _free_steps(graph) else "")]
    if any(entry.call and entry.call.recurrent for entry in drawn.entries):
        notes.insert(0, f"{LOOP} recurrent: the same weights at every time-step")
    return notes


def _free_steps(graph: Graph) -> bool:
    shapes = [value.shape for call in graph.calls for value in (*call.entering, *call.outputs)]
    return any(shape is not None and None in shape[1:] for shape in shapes)


def _title(graph: Graph) -> str:
    match graph.calls:
        case [alone] if alone.name == graph.name:
            return f"{alone.kind}: a model with a call of its own" if _closed(alone) else f"{alone.summary}: one layer"
    return f"A {graph.kind} model of {wording.counted(len(graph.calls), 'layer')}"


def _subtitles(graph: Graph) -> list[str]:
    """Say the parameters, and how to read the picture."""
    total, trainable = graph.parameters, graph.trainable
    count = counted_parameters(total)
    if trainable < total:
        count += f": {trainable:,} trainable, {total - trainable:,} not"
    inside = "what happens inside is not known" if any(_closed(call) for call in graph.calls) else ""
    return [part for part in (count, "data flows upwards; beside each arrow, its shape", inside) if part]


def _sentences(graph: Graph, drawn: Shortened) -> list[str]:
    """Say every drawn layer in words."""
    count = counted_parameters(graph.parameters)
    if graph.trainable < graph.parameters:
        count += f", {graph.trainable:,} of them trainable"
    names = {one.name: one.call.name if one.call else one.note.strip("… ") for one in drawn.entries}
    order = sorted(drawn.entries, key=lambda entry: entry.level)
    return [f"{_title(graph)}, drawn bottom to top: {count}.", *(_sentence(one, drawn, names) for one in order)]


def _sentence(entry: Entry, drawn: Shortened, names: dict[str, str]) -> str:
    read = _read(entry, drawn)
    given = [flow for flow in drawn.flows if flow.source == entry.name]
    sources = [names[flow.source] + (f" {flow.shape}" if flow.shape else "") for flow in read]
    reads = f" reads {_listed(sources)}" if read else ""
    if entry.hidden:
        return entry.note
    if entry.call is None:
        plain = entry.note in (entry.role, entry.name)  # a name of its own stands as it was written
        said = entry.note.capitalize() if plain else f"{entry.role.capitalize()} {entry.note}"
        return f"{said}{reads}." if read else f"{said}: {_listed([_shape_in_words(flow.shape) for flow in given])}."
    first, _second, third = _texts(entry.call)
    gives = f" and gives {_listed([_shape_in_words(flow.shape) for flow in given])}" if given else ""
    recurs = "recurrent, " if entry.call.recurrent else ""
    masked = " and skips masked steps" if entry.call.masked and entry.call.recurrent else ""
    return f"{names[entry.name]}, {first},{reads}{gives}{masked}: {recurs}{third}."


def _read(entry: Entry, drawn: Shortened) -> list[Flow]:
    """Return what an entry reads, in the order in which its layer takes it: the order matters to many layers."""
    taken = [value.number for value in entry.call.entering] if entry.call else []
    places = {number: place for place, number in enumerate(taken)}
    read = [flow for flow in drawn.flows if entry.name in flow.targets]
    return sorted(read, key=lambda flow: min(places.get(number, len(taken)) for number in flow.values))


def _shape_in_words(shape: Shape | None) -> str:
    return "a shape that is not known" if shape is None else str(shape)


def _listed(parts: list[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " and " + unique[-1] if unique else "nothing"
