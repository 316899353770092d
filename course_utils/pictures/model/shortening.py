"""Choose what is drawn of a model: all of it while it is small, else its ends, with one entry for what is left out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from course_utils.drawing import wording
from course_utils.recurrence.graphs import Graph, Node, Shape, Value

MOST_LEVELS, MOST_WIDE_LEVELS = 10, 6  # of a chain; of a model with branches
WIDE = 2  # layers abreast from which on a model has branches
MOST_ABREAST = 4


@dataclass(frozen=True)
class Entry:
    """What is drawn as one box.

    name:   unique
    level:  from 0 at the bottom
    role:   "call" of a layer, "input", "output", or "left out": many that are not drawn
    call:   the layer's call
    note:   for all others: the text
    """

    name: str
    level: int
    role: str
    call: Node | None = None
    note: str = ""

    @property
    def hidden(self) -> bool:
        """Whether it stands for others, which are not drawn."""
        return self.role == "left out"


@dataclass(frozen=True)
class Flow:
    """What is drawn as one line from one entry to others.

    shape:  None where it is not known, or where the flow stands for values of several shapes
    values: the numbers of the values it stands for
    """

    name: str
    source: str
    targets: tuple[str, ...]
    shape: Shape | None
    values: tuple[int, ...]


@dataclass(frozen=True)
class Shortened:
    """The entries and flows that are drawn."""

    entries: tuple[Entry, ...]
    flows: tuple[Flow, ...]


def shorten(graph: Graph) -> Shortened:
    """Return what is drawn of a model; its cost is linear in the model, its size is bounded."""
    entries = _beside_each_other(graph, list(_entries(graph)))
    kept, stands_for = _fewer_levels(entries)
    kept, abreast = _fewer_abreast(kept)
    stands_for = {name: abreast.get(place, place) for name, place in stands_for.items()}
    return Shortened(tuple(kept), tuple(_flows(graph, stands_for)))


def _entries(graph: Graph) -> Iterator[Entry]:
    """Yield inputs, calls and outputs, each above all that it reads."""
    several = len(graph.called_inputs) > 1
    made: dict[int, int] = {}
    for number, (name, value) in enumerate(graph.called_inputs, start=1):
        made[value.number] = 0
        yield Entry(f"input {number}", 0, "input", note=name or (f"input {number}" if several else "input"))
    for number, call in enumerate(graph.calls, start=1):
        level = 1 + max((made.get(value.number, 0) for value in call.entering), default=0)
        made |= {value.number: level for value in call.outputs}
        yield Entry(f"call {number}", level, "call", call)
    top = 1 + max(made.values(), default=0)
    several = len(graph.called_outputs) > 1
    for number, (name, _value) in enumerate(graph.called_outputs, start=1):
        note = (name or f"output {number}") if several else "output"
        yield Entry(f"output {number}", top, "output", note=note)


def _beside_each_other(graph: Graph, entries: list[Entry]) -> list[Entry]:
    """Return the entries from the highest level down, on each level in the order in which the ones above read them.

    So branches that are joined stand as they are joined, and what is left out is the same on all their levels.
    """
    readers, given = _readers(graph), _given(graph)
    places: dict[str, int] = {}
    found: list[Entry] = []
    for _level, row in sorted(_by_level(entries).items(), reverse=True):
        first = {
            entry.name: min(
                (
                    (places[name], turn)
                    for value in given.get(entry.name, ())
                    for name, turn in readers.get(value.number, ())
                ),
                default=(0, 0),
            )
            for entry in row
        }
        row = sorted(row, key=lambda entry: first[entry.name])
        places |= {entry.name: place for place, entry in enumerate(row)}
        found += row
    return found


def _by_level(entries: list[Entry]) -> dict[int, list[Entry]]:
    levels: dict[int, list[Entry]] = {}
    for entry in entries:
        levels.setdefault(entry.level, []).append(entry)
    return levels


def _fewer_levels(entries: list[Entry]) -> tuple[list[Entry], dict[str, str]]:
    """Return the entries with the middle levels put into one, and for each entry the one that stands for it."""
    levels = _by_level(entries)
    top = max(levels)
    wide = max(len(row) for row in levels.values()) > WIDE
    most = MOST_WIDE_LEVELS if wide else MOST_LEVELS
    same = {entry.name: entry.name for entry in entries}
    if top - 1 <= most:
        return entries, same
    last = (most - 1) // 2
    first = most - 1 - last
    hidden = [entry for entry in entries if first < entry.level < top - last]
    gap = Entry("left out", first + 1, "left out", note=_left_out(hidden))
    moved = {True: 0, False: top - last - first - 2}
    kept = [
        replace(entry, level=entry.level - moved[entry.level <= first])
        for entry in entries
        if not first < entry.level < top - last
    ]
    return [*kept, gap], same | {entry.name: gap.name for entry in hidden}


def _fewer_abreast(entries: list[Entry]) -> tuple[list[Entry], dict[str, str]]:
    """Return the entries with the middle of each broad level put into one, and which one stands for each."""
    kept: list[Entry] = []
    stands_for: dict[str, str] = {}
    for level, row in _by_level(entries).items():
        if len(row) <= MOST_ABREAST:
            kept += row
            continue
        hidden = row[2:-1]
        gap = Entry(f"left out on level {level}", level, "left out", note=_left_out(hidden))
        kept += [*row[:2], gap, row[-1]]
        stands_for |= {entry.name: gap.name for entry in hidden}
    return kept, stands_for


def _left_out(hidden: list[Entry]) -> str:
    """Say how many are left out, and their parameters, each layer's once."""
    calls = [entry.call for entry in hidden if entry.call is not None]
    if not calls:
        return f"… {wording.counted(len(hidden), f'more {hidden[0].role}')} …"
    total = sum(call.parameters for call in calls if not call.again)
    recurrent = sum(call.recurrent for call in calls)
    kind = f" ({recurrent} recurrent)" if recurrent else ""
    return f"… {wording.counted(len(calls), 'more layer')}{kind}, {counted_parameters(total)} …"


def counted_parameters(number: int) -> str:
    """Write a number of parameters.

    >>> counted_parameters(1234567), counted_parameters(1), counted_parameters(0)
    ('1,234,567 parameters', '1 parameter', 'no parameters')
    """
    return wording.counted(number, "parameter", thousands=True) if number else "no parameters"


def _readers(graph: Graph) -> dict[int, list[tuple[str, int]]]:
    """Return for each value who reads it, and as which of its arguments."""
    readers: dict[int, list[tuple[str, int]]] = {}
    for number, call in enumerate(graph.calls, start=1):
        for turn, value in enumerate(call.entering):
            readers.setdefault(value.number, []).append((f"call {number}", turn))
    for number, (_name, value) in enumerate(graph.called_outputs, start=1):
        readers.setdefault(value.number, []).append((f"output {number}", 0))
    return readers


def _given(graph: Graph) -> dict[str, tuple[Value, ...]]:
    """Return what each input and call gives."""
    given = {f"input {number}": (value,) for number, (_name, value) in enumerate(graph.called_inputs, start=1)}
    return given | {f"call {number}": call.outputs for number, call in enumerate(graph.calls, start=1)}


def _flows(graph: Graph, stands_for: dict[str, str]) -> Iterator[Flow]:
    """Yield what flows between the entries drawn; out of what is left out, one flow for each set of readers."""
    readers = _readers(graph)
    joined: dict[tuple, list[Value]] = {}
    for source, given in _given(graph).items():
        entry = stands_for.get(source, source)
        for value in given:
            names = [stands_for.get(name, name) for name, _turn in readers.get(value.number, ())]
            targets = tuple(dict.fromkeys(name for name in names if name != entry))
            if targets:
                alone = value.number if entry == source else None  # not drawn: another entry stands for it
                joined.setdefault((entry, targets, alone), []).append(value)
    for number, ((entry, targets, _alone), values) in enumerate(joined.items(), start=1):
        shapes = {value.shape for value in values}
        shape = shapes.pop() if len(shapes) == 1 else None
        yield Flow(f"value {number}", entry, targets, shape, tuple(value.number for value in values))
