"""One step of a cell of any kind, drawn from its flow alone: a column a block, and beside them what they make."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_utils.drawing import wording
from course_utils.drawing.picture import Picture
from course_utils.drawing.text import MONO, shortened
from course_utils.pictures.cell.columns import Column, Row, column_before, column_of_rows, legend_below, side_by_side
from course_utils.pictures.cell.made_of import named_here
from course_utils.pictures.cell.moment import TIMES, Moment, picture_of_step
from course_utils.recurrence.kinds.flow import Activate, Operation, Product, Sum
from course_utils.recurrence.kinds.formulas import formula
from course_utils.recurrence.running import quantities

LONGEST_FORMULA = 330  # px


@dataclass(frozen=True)
class Block:
    """The operations of one block, in order.

    ahead: what a product in it needs first, such as f⊙h before (f⊙h)·R; held: what the states say; total: the sum
    """

    ahead: tuple[Operation, ...]
    held: tuple[Operation, ...]
    total: Sum
    bent: Activate


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
    def blocks(self) -> dict[str, Block]:
        """The blocks by their letters, in the order of the columns."""
        operations, states = {one.name: one for one in self.now.spec.flow}, self.now.spec.cell.states
        totals = {one.block: one for one in operations.values() if isinstance(one, Sum)}
        bent = {one.of: one for one in operations.values() if isinstance(one, Activate)}
        found = {}
        for letter in self.now.spec.blocks:
            held = tuple(operations[name] for name in totals[letter].held)
            vectors = [one.vector for one in held if isinstance(one, Product) and one.vector not in states]
            ahead = tuple(operations[vector] for vector in vectors if vector in operations)
            found[letter] = Block(ahead, held, totals[letter], bent[totals[letter].name])
        return found

    @cached_property
    def afterwards(self) -> list[Operation]:
        """The other operations: what is made of gates and candidate."""
        columns = [(*block.ahead, *block.held, block.total, block.bent) for block in self.blocks.values()]
        in_blocks = {one.name for column in columns for one in column}
        return [one for one in self.now.spec.flow if one.name not in in_blocks]

    def letters(self, write: Callable[[str, int], str]) -> dict[str, str]:
        """Return how x and the states are written, by a way to write one of so many steps ago."""
        states = self.now.spec.cell.states
        before = {f"{letter}-": write(letter, 1) for letter in states}
        return {"x": write("x", 0)} | before | {letter: write(letter, 0) for letter in states}


def any_picture(now: Moment) -> Picture:
    """Return the picture of one step of a kind, by its flow."""
    page, spec = Page(now), now.spec
    letters = page.letters(now.name)
    made = [
        f"{letters[one.name]} = {formula(spec, one.name, letters)}" for one in spec.flow if one.name in spec.cell.states
    ]
    blocks = [_block(page, letter, letters) for letter in spec.blocks]
    items = side_by_side([column_before(now, spec.cell.states), *blocks, _after(page, letters)])
    legend = legend_below(items, f"{TIMES} multiplies unit by unit")
    return picture_of_step(now, made, items, _sentences(page), legend)


def _block(page: Page, letter: str, letters: dict[str, str]) -> Column:
    """Draw one block: what is added up, the sum, and on it the activation."""
    now, spec, block = page.now, page.now.spec, page.blocks[letter]
    name, parts = named_here(spec.cell, now.step), now.sum_of(letter)

    def row_of(one: Operation, caption: str) -> Row:
        role = "summand" if isinstance(one, Product) and one.vector == "h-" else ""
        return Row(name(one.name), formula(spec, one.name, letters), caption, page.values[one.name], role)

    rows = [row_of(one, "first") for one in block.ahead]
    rows.append(Row(name(f"x·W[{letter}]"), f"{letters['x']}·W", "", parts.from_input, "summand"))
    rows += [row_of(one, "") for one in block.held]
    if spec.use_bias:
        rows.append(Row(name(f"b[{letter}]"), "b", "", parts.bias, "summand"))
    rows.append(Row(name(block.total.name), "= sum", "", parts.total, "sum"))
    said = f"{spec.activation_named(block.bent.which)} of the sum"
    rows.append(Row(name(block.bent.name), f"{block.bent.name} =", said, page.values[block.bent.name]))
    hue = letter if spec.cell.gates else ""
    return column_of_rows(now, f"{spec.cell.letter(letter)} {spec.cell.role(letter)}", rows, hue)


def _after(page: Page, letters: dict[str, str]) -> Column:
    """Draw what is made of gates and candidate, and the states that leave."""
    spec = page.now.spec
    name = named_here(spec.cell, page.now.step)
    rows: list[Row] = []
    for one in page.afterwards:
        text = shortened(formula(spec, one.name, letters), 15, LONGEST_FORMULA, MONO)
        leaves = spec.cell.states.get(one.name, "")
        head = f"{letters[one.name]} =" if leaves else ""
        caption = f"{leaves} and output" if one.name == "h" else leaves
        rows.append(Row(name(one.name), f"{head} {text}".strip(), caption, page.values[one.name]))
    return column_of_rows(page.now, "what is made of them", rows)


def _sentences(page: Page) -> list[str]:
    """Say one step in words: every block, and what is made of them."""
    now, spec, say = page.now, page.now.spec, wording.vector
    letters = page.letters(now.said)

    def said(one: Operation, sign: str = "") -> str:
        return f"{formula(spec, one.name, letters)}{sign} {say(page.values[one.name])}"

    known = [f"{letters['x']} = {say(now.x)}"]
    known += [f"{letters[f'{letter}-']} = {say(now.state(letter, 1))}" for letter in spec.cell.states]
    sentences = [", ".join(known) + "."]
    for letter, block in page.blocks.items():
        parts, name = now.sum_of(letter), block.bent.name
        added = [f"{letters['x']}·W {say(parts.from_input)}", *map(said, block.held)]
        added += [f"b {say(parts.bias)}"] if spec.use_bias else []
        sentences += [f"First {said(one, ' =')}." for one in block.ahead]
        sentences.append(
            f"{name}: {' + '.join(added)} = {say(parts.total)}; {spec.activation_named(block.bent.which)} of it is "
            f"{letters.get(name, name)} = {say(page.values[name])}."
        )
    for one in page.afterwards:
        head = f"{letters[one.name]} = " if one.name in letters else ""
        sentences.append(f"{head}{said(one, ' =')}.")
    return sentences
