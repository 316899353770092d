"""LSTM: c_t = f⊙c_{t-1} + i⊙c̃, h_t = o⊙g(c_t).

Hochreiter and Schmidhuber, 1997; the gate f from Gers et al., 2000; ``LSTMCell.call`` in Keras 3.
"""

from course_utils.recurrence.kinds.flow import Activate, Add, Multiply, Operation, Product, Sum
from course_utils.recurrence.kinds.kind import CANDIDATE, Kind

FLOW: tuple[Operation, ...] = (
    *(Product(f"h·R[{letter}]", "h-", letter, together="ifco") for letter in "ifco"),
    *(Sum(f"sum[{letter}]", letter, (f"h·R[{letter}]",)) for letter in "ifco"),
    *(Activate(letter, "recurrent_activation", f"sum[{letter}]") for letter in "ifo"),
    Activate("c̃", "activation", "sum[c]"),
    Multiply("f⊙c", "f", "c-"),
    Multiply("i⊙c̃", "i", "c̃"),
    Add("c", ("f⊙c", "i⊙c̃")),
    Activate("tanh(c)", "activation", "c"),
    Multiply("h", "o", "tanh(c)"),
)
"""What a step computes. ``tanh(c)`` is the activation g of c, tanh unless another one is chosen."""


LSTM = Kind(
    "LSTM",
    {"i": "input", "f": "forget", "c": CANDIDATE, "o": "output"},
    gates="ifo",
    states={"h": "state", "c": "memory"},
    flow=lambda _reset_after: FLOW,
    keeps="f",
    memory="c",
    ones="f",
)
