"""SimpleRNN: h_t = g(x_t·W + h_{t-1}·R + b) (Elman, 1990; ``SimpleRNNCell.call`` in Keras 3)."""

from course_utils.recurrence.kinds.flow import Activate, Operation, Product, Sum
from course_utils.recurrence.kinds.kind import Kind

FLOW: tuple[Operation, ...] = (
    Product("h·R[h]", "h-", "h"),
    Sum("sum[h]", "h", ("h·R[h]",)),
    Activate("h", "activation", "sum[h]"),
)
"""What a step computes."""


SIMPLE_RNN = Kind("SimpleRNN", {"h": "new state"}, gates="", states={"h": "state"}, flow=lambda _reset_after: FLOW)
