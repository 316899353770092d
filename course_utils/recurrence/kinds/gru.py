"""GRU: h_t = z⊙h_{t-1} + (1 − z)⊙h̃ (Cho et al., 2014; ``GRUCell.call`` in Keras 3): z = 1 keeps the old state."""

from course_utils.recurrence.kinds.flow import (
    Activate,
    Add,
    Multiply,
    Operation,
    Product,
    Rest,
    SecondBias,
    Sum,
)
from course_utils.recurrence.kinds.kind import CANDIDATE, Kind

RESET_AFTER: tuple[Operation, ...] = (
    Product("h·R", "h-", "h"),
    SecondBias("h·R+b", "h·R", "h"),
    Multiply("h·R[h]", "r", "h·R+b"),
)
"""What the candidate sees of the state where r acts after the product with R."""

RESET_BEFORE: tuple[Operation, ...] = (
    Multiply("r⊙h", "r", "h-"),
    Product("h·R[h]", "r⊙h", "h"),
)
"""The same where r acts before it: then every unit of r has a say in every unit of the candidate."""


def _flow(seen: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Return what a step computes, with what the candidate sees of the state."""
    return (
        *(Product(f"h·R[{letter}]", "h-", letter, together="zr") for letter in "zr"),
        *(Sum(f"sum[{letter}]", letter, (f"h·R[{letter}]",)) for letter in "zr"),
        *(Activate(letter, "recurrent_activation", f"sum[{letter}]") for letter in "zr"),
        *seen,
        Sum("sum[h]", "h", ("h·R[h]",)),
        Activate("h̃", "activation", "sum[h]"),
        Multiply("z⊙h", "z", "h-"),
        Rest("1−z", "z"),
        Multiply("(1−z)⊙h̃", "1−z", "h̃"),
        Add("h", ("z⊙h", "(1−z)⊙h̃")),
    )


FLOWS = {True: _flow(RESET_AFTER), False: _flow(RESET_BEFORE)}
"""What a step computes, by whether r acts after the product with R."""

GRU = Kind(
    "GRU",
    {"z": "update", "r": "reset", "h": CANDIDATE},
    gates="zr",
    states={"h": "state"},
    flow=FLOWS.__getitem__,
    keeps="z",
)
