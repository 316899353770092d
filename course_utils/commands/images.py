"""Draw the pictures of README and lessons from real Keras layers: ``python -m course_utils images``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils import pictures
from course_utils.pictures import Diagram
from course_utils.quiet import quiet_keras
from course_utils.setup.environment import ROOT

FOLDER = ROOT / "images"
WORDS = ["I", "am", "groot"]
VECTORS = [[0.6, -0.2], [-0.4, 0.9], [0.8, 0.5]]


def prepared(kind: str, units: int, features: int = 2, strength: float = 1.0, **arguments: Any) -> Any:
    """Return a built Keras layer. Its weights have two decimals, so that every machine draws the same picture.

    strength: of the matrices, beside what Keras draws; a strong layer shows what its past does
    """
    import numpy as np

    keras = quiet_keras()
    keras.utils.set_random_seed(1)
    layer = getattr(keras.layers, kind)(units, name=kind.lower(), **arguments)
    layer.build((None, None, features))
    layer.set_weights([np.round(weight * (strength if weight.ndim == 2 else 1), 2) for weight in layer.get_weights()])
    return layer


def sentence() -> Any:
    """Return three words of two numbers each as an input, (1, 3, 2)."""
    import numpy as np

    return np.array([VECTORS], "float32")


def chain(*layers: Any, steps: int = 3, features: int = 2) -> Any:
    """Return a Sequential of layers."""
    keras = quiet_keras()
    return keras.Sequential([keras.Input((steps, features)), *layers])


def mesh() -> Any:
    """Return three recurrent layers above each other."""
    layers = [prepared("SimpleRNN", 4, 4 if place else 2, return_sequences=True) for place in range(3)]
    for place, layer in enumerate(layers, start=1):
        layer.name = f"layer_{place}"
    return chain(*layers)


def both_ways() -> Any:
    """Return an LSTM in two directions."""
    import numpy as np

    keras = quiet_keras()
    keras.utils.set_random_seed(1)
    layer = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True), name="both")
    layer.build((None, None, 2))
    layer.set_weights([np.round(weight, 2) for weight in layer.get_weights()])
    return layer


def mnist_model() -> Any:
    """Return the network of the sequential MNIST lesson."""
    keras = quiet_keras()
    layers = keras.layers
    lstm, dense = layers.LSTM(50, name="lstm"), layers.Dense(10, activation="softmax", name="dense")
    return chain(lstm, dense, steps=28, features=28)


def digit() -> Any:
    """Return a handwritten digit of scikit-learn, (8, 8), values 0 … 1, with its label."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images[3] / 16, f"a {digits.target[3]}"


def states() -> Diagram:
    """Gates and states of an LSTM over twelve steps, most of them without an input: what is kept?"""
    import numpy as np

    from course_utils.recurrence import trace

    x = np.zeros((1, 12, 2), "float32")
    x[0, 2], x[0, 8] = (1, 0), (0, 1)
    return pictures.draw_states(trace(prepared("LSTM", 4, strength=3), x))


def gradient_flow() -> Diagram:
    """How far back the last state still depends on earlier ones: as Keras starts, and with an open forget gate."""
    import numpy as np

    layers = {kind: prepared(kind, 8) for kind in ("SimpleRNN", "LSTM", "GRU")}
    layers["LSTM, b of f = 4"] = prepared("LSTM", 8)
    *matrices, bias = layers["LSTM, b of f = 4"].get_weights()
    bias[8:16] = 4
    layers["LSTM, b of f = 4"].set_weights([*matrices, bias])
    x = np.round(np.random.default_rng(0).standard_normal((1, 40, 2)), 2)
    return pictures.draw_gradient_flow(layers, x)


PICTURES: dict[str, Callable[[], Diagram]] = {
    "unrolled_simple_rnn.svg": lambda: pictures.draw_unrolled(prepared("SimpleRNN", 4), sentence(), words=WORDS),
    "unrolled_lstm.svg": lambda: pictures.draw_unrolled(prepared("LSTM", 4, strength=3, return_state=True), sentence()),
    "return_sequences_false.svg": lambda: pictures.draw_unrolled(prepared("GRU", 4), sentence()),
    "return_sequences_true.svg": lambda: pictures.draw_unrolled(prepared("GRU", 4, return_sequences=True), sentence()),
    "unrolled_mesh.svg": lambda: pictures.draw_unrolled(mesh(), sentence()),
    "unrolled_bidirectional.svg": lambda: pictures.draw_unrolled(both_ways(), sentence()),
    "rolled_lstm.svg": lambda: pictures.draw_rolled(prepared("LSTM", 4)),
    "cell_simple_rnn.svg": lambda: pictures.draw_cell(prepared("SimpleRNN", 4), sentence(), step=2),
    "cell_lstm.svg": lambda: pictures.draw_cell(prepared("LSTM", 4, strength=3), sentence(), step=3),
    "cell_gru.svg": lambda: pictures.draw_cell(prepared("GRU", 4, strength=2), sentence(), step=3),
    "weights_lstm.svg": lambda: pictures.draw_weights(prepared("LSTM", 3)),
    "model_mnist.svg": lambda: pictures.draw_model(mnist_model()),
    "image_rows.svg": lambda: pictures.draw_image_rows(*digit()),
    "words.svg": lambda: pictures.draw_words(WORDS, VECTORS),
    "states_lstm.svg": states,
    "gradient_flow.svg": gradient_flow,
    "activations.svg": lambda: pictures.draw_activations(["sigmoid", "tanh", "relu"]),
}
"""Every picture in the folder, and how it is drawn."""


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
