"""One step of a cell of any kind, drawn from its flow alone: a column a block, and beside them what they make."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.layout import MARGIN, heading, legend
from course_utils.drawing.scene import Item
from course_utils.drawing.text import MONO, shortened
from course_utils.pictures.cell.columns import Column, column_of_rows, side_by_side
from course_utils.pictures.cell.made_of import named_here
from course_utils.pictures.cell.moment import (
    TIMES,
    Moment,
    limit_of,
    rounding_note,
    scale_note,
    start_caption,
)
from course_utils.recurrence.kinds.flow import Activate, Operation, Product, Sum
from course_utils.recurrence.kinds.formulas import formula
from course_utils.recurrence.running import quantities

LONGEST_FORMULA = 330  # px


@dataclass(frozen=True)
class Page:
    """What there is to draw of a step: its numbers, and how each quantity is written."""

    now: Moment

    @cached_property
    def values(self) -> dict[str, np.ndarray]:
        """By the name of a quantity, its numbers of this sample, (U,)."""
        with np.errstate(all="ignore"):
            every = quantities(self.now.trace, self.now.step)
        return {name: array[self.now.sample] for name, array in every.items()}

    @cached_property
    def letters(self) -> dict[str, str]:
        """How x and the states are written in the picture."""
        now = self.now
        after = {letter: now.name(letter) for letter in now.spec.cell.states}
        return {"x": now.name("x")} | {f"{letter}-": now.name(letter, 1) for letter in after} | after

    @cached_property
    def of_block(self) -> dict[str, list[Operation]]:
        """By block, the operations that lead to its sum and the activation of it."""
        operations = {operation.name: operation for operation in self.now.spec.flow}
        found: dict[str, list[Operation]] = {}
        for operation in self.now.spec.flow:
            if isinstance(operation, Sum):
                bent = [one for one in operations.values() if isinstance(one, Activate) and one.of == operation.name]
                found[operation.block] = [*(operations[name] for name in operation.held), operation, *bent]
        return {block: found[block] for block in self.now.spec.blocks}

    @cached_property
    def ahead(self) -> dict[str, list[Operation]]:
        """By block, what a product in it needs first, such as f⊙h before (f⊙h)·R."""
        operations = {operation.name: operation for operation in self.now.spec.flow}
        states = self.now.spec.cell.states
        return {
            block: [
                operations[one.vector]
                for one in lead
                if isinstance(one, Product) and one.vector in operations and one.vector not in states
            ]
            for block, lead in self.of_block.items()
        }

    @cached_property
    def afterwards(self) -> list[Operation]:
        """The other operations: what is made of gates and candidate."""
        columns = (*self.of_block.values(), *self.ahead.values())
        in_blocks = {operation.name for operations in columns for operation in operations}
        return [operation for operation in self.now.spec.flow if operation.name not in in_blocks]

    def said(self, operation: Operation) -> str:
        """Return how an operation is written."""
        return formula(self.now.spec, operation.name, self.letters)

    def column_rows(self, block: str) -> list[tuple[str, str, np.ndarray]]:
        """Return the rows of a block, (quantity, how it is written, numbers): what is added up, and the sum."""
        parts, (*held, total, _bent) = self.now.sum_of(block), self.of_block[block]
        rows = [(f"x·W[{block}]", f"{self.letters['x']}·W", parts.from_input)]
        rows += [(one.name, self.said(one), self.values[one.name]) for one in held]
        if self.now.spec.use_bias:
            rows.append((f"b[{block}]", "b", parts.bias))
        return [*rows, (total.name, "= sum", parts.total)]


def any_items(now: Moment) -> list[Item]:
    """Return all that is drawn of one step."""
    page = Page(now)
    made = [f"{page.letters[one.name]} = {page.said(one)}" for one in _states(page)]
    items = heading(now.title, " · ".join(part for part in (*made, now.direction) if part))
    items += side_by_side([_before(page), *(_block(page, block) for block in now.spec.blocks), _after(page)])
    lowest = max(item.place.bottom for item in items)
    notes = (f"{TIMES} multiplies unit by unit", rounding_note(items), scale_note(items))
    note = " · ".join(part for part in notes if part)
    return [*items, *legend(MARGIN, lowest + 30, limit_of(items), note)]


def _states(page: Page) -> list[Operation]:
    states = page.now.spec.cell.states
    return [operation for operation in page.now.spec.flow if operation.name in states]


def _before(page: Page) -> Column:
    """Draw what is there before the step."""
    now, step = page.now, page.now.step
    rows = [(f"x[t={step}]", page.letters["x"], "input", now.x)]
    for letter, what in now.spec.cell.states.items():
        values = now.state(letter, 1)
        rows.append((f"{letter}[t={step - 1}]", page.letters[f"{letter}-"], start_caption(values, step, what), values))
    return column_of_rows(now, "before", rows)


def _block(page: Page, block: str) -> Column:
    """Draw one block: what is added up, the sum, and on it the activation."""
    spec, bent = page.now.spec, page.of_block[block][-1]
    name = named_here(spec.cell, page.now.step)
    rows = [(name(one.name), page.said(one), "first", page.values[one.name]) for one in page.ahead[block]]
    rows += [(name(quantity), text, "", values) for quantity, text, values in page.column_rows(block)]
    activation = str(spec.activation_named(bent.which)) if isinstance(bent, Activate) else ""
    rows.append((name(bent.name), f"{bent.name} =", f"{activation} of the sum", page.values[bent.name]))
    hue = block if spec.cell.gates else ""
    return column_of_rows(page.now, f"{spec.cell.letter(block)} {spec.cell.role(block)}", rows, hue)


def _after(page: Page) -> Column:
    """Draw what is made of gates and candidate, and the states that leave."""
    spec = page.now.spec
    name = named_here(spec.cell, page.now.step)
    rows = []
    for operation in page.afterwards:
        text = shortened(page.said(operation), 15, LONGEST_FORMULA, MONO)
        leaves = spec.cell.states.get(operation.name, "")
        head = f"{page.letters[operation.name]} =" if leaves else ""
        caption = f"{leaves} and output" if operation.name == "h" else leaves
        rows.append((name(operation.name), f"{head} {text}".strip(), caption, page.values[operation.name]))
    return column_of_rows(page.now, "what is made of them", rows)


def any_description(now: Moment) -> str:
    """Say one step in words: every block, and what is made of them."""
    page, say = Page(now), wording.vector
    spoken = {"x": now.said("x")} | {f"{letter}-": now.said(letter, 1) for letter in now.spec.cell.states}
    spoken |= {letter: now.said(letter) for letter in now.spec.cell.states}
    sentences = [*now.opening()]
    known = [f"{spoken['x']} = {say(now.x)}"]
    known += [f"{spoken[f'{letter}-']} = {say(now.state(letter, 1))}" for letter in now.spec.cell.states]
    sentences.append(", ".join(known) + ".")
    for block, (*held, _total, bent) in page.of_block.items():
        parts = now.sum_of(block)
        added = [f"{spoken['x']}·W {say(parts.from_input)}"]
        added += [f"{formula(now.spec, one.name, spoken)} {say(page.values[one.name])}" for one in held]
        added += [f"b {say(parts.bias)}"] if now.spec.use_bias else []
        activation = now.spec.activation_named(bent.which) if isinstance(bent, Activate) else ""
        sentences += [
            f"First {formula(now.spec, one.name, spoken)} = {say(page.values[one.name])}." for one in page.ahead[block]
        ]
        sentences.append(
            f"{bent.name}: {' + '.join(added)} = {say(parts.total)}; {activation} of it is "
            f"{spoken.get(bent.name, bent.name)} = {say(page.values[bent.name])}."
        )
    for operation in page.afterwards:
        head = f"{spoken[operation.name]} = " if operation.name in spoken else ""
        sentences.append(f"{head}{formula(now.spec, operation.name, spoken)} = {say(page.values[operation.name])}.")
    return " ".join(sentences)
