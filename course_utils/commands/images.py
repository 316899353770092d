"""Draw the pictures of the README from real Keras layers: ``python -m course_utils images``."""

import sys
from collections.abc import Callable
from pathlib import Path

from course_utils.diagrams import Diagram, draw_unrolled
from course_utils.environment import ROOT
from course_utils.quiet import quiet_keras

FOLDER = ROOT / "images"


def unrolled_simple_rnn() -> Diagram:
    """Three words, two numbers each, into SimpleRNN(4)."""
    import numpy as np

    keras = quiet_keras()
    keras.utils.set_random_seed(1)
    x = np.array([[[0.6, -0.2], [-0.4, 0.9], [0.8, 0.5]]], "float32")
    return draw_unrolled(keras.layers.SimpleRNN(4), x, words=["I", "am", "groot"])


PICTURES: dict[str, Callable[[], Diagram]] = {"unrolled_simple_rnn.svg": unrolled_simple_rnn}
"""Every file in images/ and what draws it."""


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write all pictures."""
    if arguments:
        print(f"images takes no arguments, but got {' '.join(arguments)}.", file=sys.stderr)
        return 2
    folder.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        print(draw().save(folder / name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
