"""What a cell computes, in letters, from its flow."""

from collections.abc import Mapping

from course_utils.recurrence.specs import RecurrentSpec


def formula(spec: RecurrentSpec, quantity: str, letters: Mapping[str, str]) -> str:
    """Return the right side of the formula of a quantity: gates and candidates by their letters, all else written out.

    letters: how what is known already is written, such as ``{"x": "x₂", "h-": "h₁"}``

    >>> from course_utils.recurrence import random_spec
    >>> spec = random_spec("LSTM", units=4, features=2)
    >>> formula(spec, "c", {"c-": "c₁"}), formula(spec, "f", {"x": "x₂", "h-": "h₁"})
    ('f⊙c₁ + i⊙c̃', 'sigmoid(x₂·W + h₁·R + b)')
    """
    operations = {operation.name: operation for operation in spec.flow}
    known = {name: name for name in map(spec.cell.letter, spec.blocks)} | dict(letters)

    def say(name: str) -> str:
        return known[name] if name in known else operations[name].written(spec, say)

    return operations[quantity].written(spec, say)
