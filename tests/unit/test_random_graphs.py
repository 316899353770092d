"""Random models with branches, shared layers, models inside, masks and states: all that we say of them equals Keras."""

import os

import numpy as np
import pytest

import course_utils
from course_utils.drawing import wording
from tests.unit.cases import some
from tests.unit.test_own_calls import filled
from tests.unit.test_trace_equals_keras import assert_equal_to_keras
from tests.unit.tidy import assert_tidy

GRAPHS = 1000 if os.environ.get("UNROLLED_LONG") == "on" else 20 if "UNROLLED_FEW" in os.environ else some(150)
BATCH, STEPS, WIDTH = 2, 5, 3


class Drawn:
    """One random model while it grows: the sequences and the vectors that there are so far."""

    def __init__(self, keras, seed):
        self.keras, self.random = keras, np.random.default_rng(seed)
        self.inputs, self.data, self.sequences, self.vectors, self.shared = [], [], [], [], []
        for _ in range(self.random.integers(1, 3)):
            self.start()
        for _ in range(self.random.integers(2, 7)):
            self.pick([self.recur, self.recur, self.recur, self.each, self.join, self.fold, self.again, self.inside])()
        self.recur()  # so that there is something to trace
        ends = [self.pick(self.sequences + self.vectors) for _ in range(self.random.integers(1, 3))]
        ends.append(self.last)
        self.model = filled(keras.Model(self.inputs, list({id(end): end for end in ends}.values())))

    def pick(self, things):
        return things[self.random.integers(len(things))]

    def start(self):
        """Add an input: numbers, numbers of which some steps are masked, or words."""
        L, kind = self.keras.layers, self.pick(["numbers", "masked", "words"])
        shape = (BATCH, STEPS) if kind == "words" else (BATCH, STEPS, WIDTH)
        entry = self.keras.Input(shape[1:], dtype="int32" if kind == "words" else "float32")
        x = (
            self.random.integers(1, 9, shape)
            if kind == "words"
            else self.random.standard_normal(shape).astype("float32")
        )
        if kind != "numbers":
            x[0, self.random.integers(2, STEPS) :] = 0
        self.inputs.append(entry)
        self.data.append(x)
        read = {"numbers": lambda t: t, "masked": L.Masking(), "words": L.Embedding(9, WIDTH, mask_zero=True)}[kind]
        self.sequences.append(read(entry))

    def layer(self):
        """Return a recurrent layer."""
        L = self.keras.layers
        options = {
            "return_sequences": bool(self.random.integers(2)),
            "go_backwards": self.random.random() < 0.2,
        }
        kind = self.pick([L.SimpleRNN, L.LSTM, L.GRU])
        if self.random.random() < 0.25:
            options.pop("go_backwards")
            return L.Bidirectional(kind(WIDTH, **options), merge_mode=self.pick(["sum", "ave", "mul"]))
        return kind(WIDTH, **options)

    def keep(self, tensor):
        (self.sequences if len(tensor.shape) == 3 else self.vectors).append(tensor)
        self.last = tensor

    def recur(self):
        layer, x = self.layer(), self.pick(self.sequences)
        alone = not isinstance(layer, self.keras.layers.Bidirectional)
        if alone and self.vectors and self.random.random() < 0.3:
            start = self.pick(self.vectors)
            states = [start, start] if isinstance(layer, self.keras.layers.LSTM) else start
            self.keep(layer(x, initial_state=states))
        else:
            self.shared.append(layer)
            self.keep(layer(x))

    def each(self):
        L = self.keras.layers
        layer = self.pick(
            [L.Dense(WIDTH, activation="tanh"), L.TimeDistributed(L.Dense(WIDTH)), L.LayerNormalization()]
        )
        self.keep(layer(self.pick(self.sequences)))

    def join(self):
        L, many = self.keras.layers, self.pick([self.sequences, self.vectors or self.sequences])
        self.keep(self.pick([L.Add, L.Subtract, L.Maximum])()([self.pick(many), self.pick(many)]))

    def fold(self):
        L = self.keras.layers
        x = self.pick(self.sequences)
        self.keep(self.pick([lambda t: t[:, -1], L.GlobalMaxPooling1D(), L.GlobalAveragePooling1D()])(x))

    def again(self):
        """Call a layer that was called before."""
        if self.shared:
            self.keep(self.pick(self.shared)(self.pick(self.sequences)))

    def inside(self):
        """Put a model, or a layer with a call of its own, into the model."""
        keras, layer = self.keras, self.layer()
        if self.random.integers(2):
            entry = keras.Input((STEPS, WIDTH))
            inner = keras.Model(entry, keras.layers.Dense(WIDTH)(layer(entry)))
        else:

            class Holder(keras.layers.Layer):
                def __init__(self):
                    super().__init__()
                    self.held = layer

                def call(self, x):
                    return self.held(x) * 2

            inner = Holder()
        self.shared.append(inner)
        self.keep(inner(self.pick(self.sequences)))


@pytest.mark.filterwarnings("ignore:Layer '.*was passed an input with a mask")
@pytest.mark.parametrize("tens", range((GRAPHS + 9) // 10))
def test_what_we_say_of_a_random_model_is_what_keras_does(keras, tens):
    for seed in range(10 * tens, min(GRAPHS, 10 * tens + 10)):
        drawn = Drawn(keras, seed)
        model, x = drawn.model, drawn.data if len(drawn.data) > 1 else drawn.data[0]
        try:
            traced = assert_equal_to_keras(keras, model, x)
            assert course_utils.parameters(model).total == model.count_params()
            for row, layer in (
                (row, model.get_layer(row.layer))
                for row in course_utils.shapes(model)
                if row.layer in {layer.name for layer in model.layers}
            ):
                outputs = [tuple(node.outputs[0].shape) for node in layer._inbound_nodes]
                assert row.output in outputs
            scene = course_utils.draw_unrolled(model, x).scene
            assert_tidy(scene)
            for trace in traced.recurrent:
                name = trace.name.split("/")[0]
                left_out = scene.description.partition("Not drawn: ")[2]
                assert wording.vector(trace.hidden[0, -1]) in scene.description or name in left_out
        except Exception as problem:
            problem.add_note(f"the model of seed {seed}")
            raise
