"""A recurrent layer as plain data: what a Keras layer is, without Keras."""

from dataclasses import dataclass

import numpy as np

BLOCKS = {"SimpleRNN": ("h",)}
"""For each kind, the blocks of columns in its matrices, in Keras's order."""


@dataclass(frozen=True, eq=False)
class RecurrentSpec:
    """One recurrent layer: its arguments and its weights.

    Letters: T time-steps, F features, U units.

    kind:              the Keras class, e.g. ``"SimpleRNN"``
    name:              the layer's name
    kernel:            W, shape (F, U): what multiplies the input x_t
    recurrent_kernel:  R, shape (U, U): what multiplies the state before, h_{t-1}
    bias:              b, shape (U,), or None for ``use_bias=False``
    activation:        g, by Keras's name, e.g. ``"tanh"``
    steps:             T when the layer was built for a fixed T, else None
    """

    kind: str
    name: str
    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray | None
    activation: str = "tanh"
    steps: int | None = None
    return_sequences: bool = False
    return_state: bool = False

    @property
    def features(self) -> int:
        """F: how many numbers describe one time-step of the input."""
        return self.kernel.shape[0]

    @property
    def units(self) -> int:
        """U: how many numbers the hidden state holds, and the output too."""
        return self.recurrent_kernel.shape[0]

    @property
    def use_bias(self) -> bool:
        """Whether b is added."""
        return self.bias is not None

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights under Keras's own names, in Keras's order."""
        named = {"kernel": self.kernel, "recurrent_kernel": self.recurrent_kernel, "bias": self.bias}
        return {name: array for name, array in named.items() if array is not None}
