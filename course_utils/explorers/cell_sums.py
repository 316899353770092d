"""One unit of one step as sums that can be followed by hand: every product, sum and activation."""

from collections.abc import Sequence

import numpy as np

from course_utils.drawing.wording import number
from course_utils.pictures.cell.moment import Moment
from course_utils.recurrence import CellTrace

LONGEST_SUM = 6
LSTM_ORDER = ("f", "i", "c", "o")  # as in the picture: in the order in which they act on the memory


def sum_in_words(trace: CellTrace, step: int, unit: int) -> list[str]:
    """Write out how one unit of h_t comes about, line by line (first sample); the last line is the result.

    >>> from course_utils.recurrence import random_input, random_spec, run
    >>> lines = sum_in_words(run(random_spec("LSTM", units=4, features=2), random_input(3, 2)), step=2, unit=1)
    >>> print(*lines[:6], lines[-1], sep=chr(10))
    f, forget gate
      x₂·W: 0.76·0.41 + (−0.83)·0.29 = 0.07
      h₁·R: (−0.09)·0.08 + (−0.06)·(−0.09) + (−0.07)·0.25 + 0.07·(−0.35) = −0.04
      b: 1.00
      sum: 0.07 + (−0.04) + 1.00 = 1.03
      f = sigmoid(1.03) = 0.74
    unit 1 of h₂ = o·tanh(c₂) = 0.51·tanh(−0.45) = 0.51·(−0.42) = −0.21
    """
    now = Moment(trace, step, 0)
    with np.errstate(all="ignore"):
        return {"SimpleRNN": _simple_rnn, "LSTM": _lstm, "GRU": _gru}[trace.spec.kind](now, unit - 1)


def sums_in_short(trace: CellTrace, step: int, unit: int) -> list[tuple[str, str]]:
    """Write each sum of one unit on one line with its block's letter, and after them how they make h_t (first sample).

    >>> from course_utils.recurrence import random_input, random_spec, run
    >>> lines = sums_in_short(run(random_spec("LSTM", units=4, features=2), random_input(3, 2)), step=2, unit=1)
    >>> print(*lines[0], *lines[-1], sep=chr(10))
    f
    f = sigmoid(x₂·W + h₁·R + b) = sigmoid(0.07 + (−0.04) + 1.00) = sigmoid(1.03) = 0.74
    <BLANKLINE>
    unit 1 of h₂ = o·tanh(c₂) = 0.51·tanh(−0.45) = 0.51·(−0.42) = −0.21
    """
    now, kind = Moment(trace, step, 0), trace.spec.kind
    letters = {"SimpleRNN": ("h",), "LSTM": LSTM_ORDER, "GRU": ("z", "r", "h")}[kind]
    results = sum_in_words(trace, step, unit)[-2 if kind == "LSTM" else -1 :]
    with np.errstate(all="ignore"):
        sums = [(letter, _short(now, letter, unit - 1)) for letter in letters]
    if kind == "SimpleRNN":
        return [("", f"unit {unit} of {now.name('h')} = {sums[0][1].partition(' = ')[2]}")]
    return [*sums, *(("", line) for line in results)]


def _short(now: Moment, letter: str, u: int) -> str:
    """Write what a block adds up, in letters and in numbers, its sum, and its activation."""
    spec, parts, x, h = now.spec, now.sum_of(letter), now.name("x"), now.name("h", 1)
    gate = letter in spec.cell.gates
    activation = spec.recurrent_activation if gate else spec.activation
    added, letters = [parts.from_input[u], parts.from_state[u]], [f"{x}·W", f"{h}·R"]
    if spec.kind == "GRU" and not gate:
        second = f"({h}·R + b′)" if spec.use_bias else f"({h}·R)"
        letters[1] = f"r·{second}" if spec.reset_after else f"(r⊙{h})·R"
    if spec.use_bias:
        added.append(parts.bias[u])
        letters += ["b", "b′"] if gate and spec.reset_after else ["b"]
    total, value = number(parts.total[u]), (now.after if spec.kind == "SimpleRNN" else now.gate(letter))[u]
    sum_text = _added(number(added[0]), *map(_bracketed, added[1:]))
    steps = [_added(*letters), sum_text, total]
    name = spec.cell.letter(letter)
    return " = ".join([name, *(f"{activation}({text})" for text in steps), number(value)])


def _simple_rnn(now: Moment, u: int) -> list[str]:
    spec, parts = now.spec, now.sum_of("h")
    lines = [_from_input(now, "h", u), _from_state(now, "h", u)]
    if spec.use_bias:
        lines.append(f"b: {number(parts.bias[u])}")
    total, value = number(parts.total[u]), number(now.after[u])
    return [*lines, f"sum: {total}", f"unit {u + 1} of {now.name('h')} = {spec.activation}({total}) = {value}"]


def _lstm(now: Moment, u: int) -> list[str]:
    lines = [line for letter in LSTM_ORDER for line in _block(now, letter, u, _from_state(now, letter, u))]
    gates = {letter: now.gate(letter)[u] for letter in LSTM_ORDER}
    memory, kept, written = now.memory_after[u], gates["f"] * now.memory_before[u], gates["i"] * gates["c"]
    shown = now.spec.activation(now.memory_after)[u]
    return [
        *lines,
        f"unit {u + 1} of {now.name('c')} = f·{now.name('c', 1)} + i·c̃ = "
        f"{_added(_times(gates['f'], now.memory_before[u]), _times(gates['i'], gates['c']))} = "
        f"{_added(number(kept), _bracketed(written))} = {number(memory)}",
        f"unit {u + 1} of {now.name('h')} = o·{now.spec.activation}({now.name('c')}) = "
        f"{number(gates['o'])}·{now.spec.activation}({number(memory)}) = {_times(gates['o'], shown)} = "
        f"{number(now.after[u])}",
    ]


def _gru(now: Moment, u: int) -> list[str]:
    lines = [line for letter in ("z", "r") for line in _block(now, letter, u, _from_state(now, letter, u))]
    lines += _block(now, "h", u, *(_seen_after if now.spec.reset_after else _seen_before)(now, u))
    z, new, before = now.gate("z")[u], now.gate("h")[u], now.before[u]
    return [
        *lines,
        f"unit {u + 1} of {now.name('h')} = z·{now.name('h', 1)} + (1 − z)·h̃ = "
        f"{_added(_times(z, before), _times(1 - z, new))} = "
        f"{_added(number(z * before), _bracketed((1 - z) * new))} = {number(now.after[u])}",
    ]


def _block(now: Moment, letter: str, u: int, *from_state: str) -> list[str]:
    """Write one gate, or the candidate: its name, what is added up, the sum, and the activation."""
    spec, parts, name = now.spec, now.sum_of(letter), now.spec.cell.letter(letter)
    activation = spec.recurrent_activation if letter in spec.cell.gates else spec.activation
    added = [parts.from_input[u], parts.from_state[u]]
    lines = [_from_input(now, letter, u), *from_state]
    if spec.use_bias:
        added.append(parts.bias[u])
        lines.append(_bias(now, letter, u))
    total = number(parts.total[u])
    lines += [f"sum: {_added(number(added[0]), *map(_bracketed, added[1:]))} = {total}"]
    lines += [f"{name} = {activation}({total}) = {number(now.gate(letter)[u])}"]
    return [f"{name}, {spec.cell.role(letter)}", *(f"  {line}" for line in lines)]


def _from_input(now: Moment, letter: str, u: int) -> str:
    column = now.spec.block("kernel", letter)[:, u]
    return f"{now.name('x')}·W: {_products(now.x, column)} = {number(now.sum_of(letter).from_input[u])}"


def _from_state(now: Moment, letter: str, u: int) -> str:
    """Write the product of the old state and R."""
    column = now.spec.block("recurrent_kernel", letter)[:, u]
    return f"{now.name('h', 1)}·R: {_products(now.before, column)} = {number(now.before @ column)}"


def _seen_after(now: Moment, u: int) -> list[str]:
    """Write what a candidate sees of the old state where r acts after the product with R."""
    spec, r = now.spec, now.gate("r")[u]
    held = now.before @ spec.block("recurrent_kernel", "h")[:, u]
    inside, sum_text, lines = f"{now.name('h', 1)}·R", number(held), [_from_state(now, "h", u)]
    if spec.use_bias:
        second = spec.block("bias", "h")[1, u]
        lines.append(f"b′: {number(second)}")
        inside, sum_text = f"({inside} + b′)", f"({_added(number(held), _bracketed(second))})"
    else:
        sum_text = _bracketed(held)
    value = number(now.sum_of("h").from_state[u])
    return [*lines, f"r·{inside} = {number(r)}·{sum_text} = {value}"]


def _seen_before(now: Moment, u: int) -> list[str]:
    """Write what a candidate sees of the old state where r acts before the product: all of r has a say in it."""
    let, before = now.gate("r") * now.before, now.name("h", 1)
    column = now.spec.block("recurrent_kernel", "h")[:, u]
    value = number(now.sum_of("h").from_state[u])
    factors = [_times(r, h) for r, h in zip(now.gate("r"), now.before, strict=True)]
    return [
        f"r⊙{before}: {_listed(factors)}, unit by unit",
        f"(r⊙{before})·R: {_products(let, column)} = {value}",
    ]


def _bias(now: Moment, letter: str, u: int) -> str:
    """Write the bias of a block; of a GRU with reset_after both are added, but for the candidate."""
    parts, spec = now.sum_of(letter), now.spec
    if not spec.reset_after or letter == "h":
        return f"b: {number(parts.bias[u])}"
    first, second = spec.block("bias", letter)[:, u]
    return f"b + b′: {_added(number(first), _bracketed(second))} = {number(parts.bias[u])}"


def _products(left: np.ndarray, right: np.ndarray) -> str:
    parts = [_times(a, b) for a, b in zip(left[:LONGEST_SUM], right, strict=False)]
    return " + ".join(parts) + (f" + … {len(left) - LONGEST_SUM} more" if len(left) > LONGEST_SUM else "")


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:LONGEST_SUM]) + (f", … {len(texts) - LONGEST_SUM} more" if len(texts) > LONGEST_SUM else "")


def _times(left: float, right: float) -> str:
    return f"{_bracketed(left)}·{_bracketed(right)}"


def _added(*texts: str) -> str:
    return " + ".join(texts)


def _bracketed(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("−") else text
