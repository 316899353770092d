"""The public drawing functions: from a Keras layer to a picture."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.drawing.diagram import Diagram
from course_utils.drawing.scene import Scene
from course_utils.drawing.theme import theme_named
from course_utils.pictures.activations import MOST_NAMES, activations_scene
from course_utils.pictures.cell import cell_scene
from course_utils.pictures.cell.own_cell import own_cell_scene
from course_utils.pictures.gradient_flow import MOST_LAYERS, gradient_flow_scene
from course_utils.pictures.image_rows import checked_image, image_rows_scene
from course_utils.pictures.model.model import model_scene
from course_utils.pictures.rolled.rolled import rolled_scene
from course_utils.pictures.states.states import states_scene
from course_utils.pictures.unrolled import branches_scene, first_input, plan_model
from course_utils.pictures.weights.weights import only_recurrent, weights_scene
from course_utils.pictures.words import words_scene
from course_utils.recurrence import OpaqueTrace, RecurrentTrace, Trace, gradient_flow, run_layer
from course_utils.recurrence.activation_facts import checked_names
from course_utils.recurrence.backpropagation import flow_back
from course_utils.recurrence.checking import as_numbers
from course_utils.recurrence.graphs import Graph, LayerSpec
from course_utils.recurrence.reading import read, read_recurrent, read_recurrent_model, read_single
from course_utils.recurrence.reading.models import as_recurrent, with_recurrence
from course_utils.recurrence.specs import RECURRENT, BidirectionalSpec, OwnCellSpec
from course_utils.recurrence.tracing import inputs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_unrolled(
    model: Any,
    x: Any = None,
    *,
    steps: int | None = None,
    sample: int = 0,
    words: Sequence[str] | None = None,
    theme: str | None = None,
    ax: "Axes | None" = None,
) -> Diagram:
    """Draw a recurrent Keras layer or model unrolled: one copy of each cell for every time-step.

    model:  SimpleRNN, LSTM, GRU, RNN over any cell, Bidirectional, or a model of these and other layers.
            Branches stand side by side, each at the right of what it reads; of more than five, those with the
            fewest recurrent layers are named and not drawn
    x:      an input (batch, T, F) whose values are shown; without it the cells stay empty
    steps:  T, where there is no x and the layer was built for any T
    sample: which of the batch is shown, from 0
    words:  T words, to be written below the steps
    theme:  "light", "dark" or "projector"
    ax:     matplotlib axes to draw on as well

    Raises ValueError for a sample, step or word that is not there, TypeError for
    what holds no recurrent layer.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> print(draw_unrolled(keras.layers.SimpleRNN(4), np.zeros((1, 3, 2))).description[:42])
    SimpleRNN(4) on 3 steps of 2 features, unr
    """
    if steps is not None:
        _check_choice("steps", steps, 1, None, "a layer needs at least one step")
    spec, known = read_recurrent_model(model, x).as_layer, x is not None
    inputs = inputs_of(spec, x) if known else _empty_inputs(spec, steps)
    if known:
        _check_choice("sample", sample, 0, len(inputs[0]) - 1, "the batch is counted from 0")
    branches = plan_model(spec, inputs, sample=sample if known else 0, known=known, words=words)
    length = branches.plans[branches.main].entry.steps
    if steps is not None and length and steps != length:
        raise ValueError(f"steps={steps!r} does not fit x, which has {length} time-steps: leave steps out.")
    if words is not None:
        _check_words(words, length)
    return _finish(branches_scene(branches), theme, ax)


def _check_words(words: Any, steps: int) -> None:
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise ValueError(f"words must be a list of words, one for each step, but it is {words!r}.")
    if not steps or len(words) != steps:
        needed = f"{steps} steps, one word each" if steps else "no steps, since the input is no sequence"
        raise ValueError(f"words must name {needed}, but there are {len(words)} of them.")


def _empty_inputs(spec: LayerSpec, steps: int | None) -> list[np.ndarray]:
    """Return zeros in the place of an input that is not given: only their shape is drawn."""
    if isinstance(spec, Graph):
        shapes, dtypes, entry = spec.built_shapes, spec.input_dtypes, spec.built_shapes[first_input(spec)]
    elif isinstance(spec, RECURRENT):
        side = spec.forward if isinstance(spec, BidirectionalSpec) else spec
        if side.features is None:
            raise ValueError("x is missing: a cell of your own does not say how many features it reads, so pass an x.")
        batch = None if side.held is None else len(side.held[0])
        entry = (batch, side.manner.steps, side.features)
        shapes, dtypes = (entry,), ("float32",)
    else:
        raise ValueError(f"x is missing: {spec.name!r} does not say which shapes it reads, so pass an x.")
    known = entry[1] if len(entry) > 1 else None
    if None not in (steps, known) and steps != known:
        raise ValueError(
            f"steps={steps!r} does not fit the layer, which was built for {known} time-steps: leave steps out."
        )
    length = steps or known
    if length is None:
        raise ValueError(
            "steps is missing: this layer takes any number of time-steps, so say how many to draw, steps=3."
        )
    return [
        np.zeros((shape[0] or 1, *(size or length for size in shape[1:])), dtype)
        for shape, dtype in zip(shapes, dtypes, strict=True)
    ]


def draw_cell(
    layer: Any, x: Any, *, step: int = 1, sample: int = 0, theme: str | None = None, ax: "Axes | None" = None
) -> Diagram:
    """Draw the inside of one step with its numbers: x·W, h·R, b, their sum, the activation; gates and what they do.

    layer:  SimpleRNN, LSTM or GRU; or ``RNN`` over a cell of your own: then the operations that its ``call`` does with
            ``keras.ops``, and where it does not tell them, what goes in and what comes out
    x:      an input (batch, T, F)
    step:   which step, 1 … T, in order of processing: with ``go_backwards`` the first reads the last x
    sample: which of the batch, from 0
    theme:  "light", "dark" or "projector"
    ax:     matplotlib axes to draw on as well

    Raises ValueError for a step or sample that is not there, TypeError for another kind of layer.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> print(draw_cell(keras.layers.SimpleRNN(4), np.zeros((1, 3, 2)), step=2).description[:21])
    Inside step 2 of 3: S
    """
    spec = read_single(layer, x)
    spec = spec if isinstance(spec, OwnCellSpec) else as_recurrent(spec, layer)
    trace = run_layer(spec, x).traces[0]
    _check_choice("step", step, 1, trace.steps, "steps are counted from 1")
    _check_choice("sample", sample, 0, len(trace.x) - 1, "the batch is counted from 0")
    if isinstance(trace, OpaqueTrace):
        return _finish(own_cell_scene(trace, step=step, sample=sample), theme, ax)
    return _finish(cell_scene(trace, step=step, sample=sample), theme, ax)


def draw_words(words: Sequence[str], vectors: Any, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw words as time-steps: each word, its vector, and the array they make.

    words:   T of them
    vectors: (T, F), one row a word

    Raises ValueError where the two do not fit each other.

    >>> print(draw_words(["I"], [[0.1, 0.2]]).description)
    1 word as 1 step of 2 features, an array of shape (1, 2): row t is x_t. Step 1: “I” becomes x_1 = (0.10, 0.20).
    """
    if isinstance(words, str):
        raise ValueError(f"words must be a list of words, but it is one text: pass {words.split()}.")
    vectors = as_numbers(vectors, "vectors must be an array of numbers, one row for each word").astype(float)
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.size:
        raise ValueError(
            f"vectors must hold one row of numbers for each of the {len(words)} words, "
            f"but its shape is {vectors.shape}."
        )
    return _finish(words_scene(words, vectors), theme, ax)


def draw_gradient_flow(layers: Any, x: Any, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw how much the last state depends on the state at each step: one curve a layer, on a log scale.

    layers: a mapping from a name to a ``keras.layers.SimpleRNN``, ``LSTM`` or ``GRU``, up to six; or one layer.
            An LSTM has two curves: for h and c together, and for h alone
    x:      an input (batch, T, F) for all of them

    The sizes are those of ``gradient_flow``. Raises ValueError for no layer or too many, and what ``gradient_flow``
    raises for a layer or x that does not fit.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> draw_gradient_flow({"RNN": keras.layers.SimpleRNN(4)}, np.zeros((1, 1, 2)))
    Gradient flow at the only step: how much the last state h_1 would change if the state at step t changed, \
on a log scale from 1e-06 to 10. RNN: 2 at step 1.
    """
    if isinstance(layers, (list, tuple, set)):
        raise TypeError(f'layers must be a mapping from names to layers, {{"LSTM": layer}}, but it is {layers!r}.')
    if not isinstance(layers, Mapping):
        spec = read_recurrent(layers, x)
        return _finish(gradient_flow_scene({spec.name: flow_back(spec, x)}), theme, ax)
    if not 1 <= len(layers) <= MOST_LAYERS:
        raise ValueError(f"layers must hold 1 to {MOST_LAYERS} layers, but it holds {len(layers)}: draw fewer at once.")
    flows = {}
    for name, layer in layers.items():
        try:
            flows[str(name)] = gradient_flow(layer, x)
        except (TypeError, ValueError) as problem:
            raise type(problem)(f"layers[{name!r}]: {problem}") from problem
    return _finish(gradient_flow_scene(flows), theme, ax)


def draw_activations(names: str | Sequence[str], *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw activation functions and their slopes side by side, all on the same scales.

    names: Keras's names, up to twelve, or one of them

    Raises ValueError for a name that Keras does not have and for a function of a whole vector, such as softmax;
    TypeError for what is no name.

    >>> draw_activations("sigmoid")
    1 activation function with its slope, for x from -4 to 4, y from -1 to 1. Flat: the slope is below 0.05. \
sigmoid: 1 / (1 + exp(-x)); between 0 and 1; slope at most 0.25; flat left of -2.9 and right of 2.9.
    """
    return _finish(activations_scene(checked_names(names, MOST_NAMES)), theme, ax)


def draw_weights(layer: Any, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw the weights of one recurrent layer to scale: kernel, recurrent_kernel and bias, cut into their blocks.

    layer: a built SimpleRNN, LSTM or GRU, one cell of these, or a model of just one

    Of large weights every so many rows and columns are drawn. Raises ValueError for a layer that has no weights yet,
    TypeError for what is not one recurrent layer.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> layer = keras.layers.LSTM(4)
    >>> layer.build((None, 3, 2))
    >>> print(draw_weights(layer).description.split("starts at 1. ")[1])
    In all 4·(F·U + U·U + U) = 4·(2·4 + 4·4 + 4) = 112 parameters.
    """
    if getattr(layer, "built", True) is False:
        raise ValueError(
            f"layer must have its weights, but {layer.name!r} has none yet, since Keras makes them when it first "
            "sees an input: call it on one, layer(x), or layer.build((None, None, features))."
        )
    return _finish(weights_scene(only_recurrent(read(layer))), theme, ax)


def draw_states(trace: Any, sample: int = 0, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw what recurrent layers do over time: x, gates, candidate, c and h as strips, one column for each step.

    trace:  what ``course_utils.trace`` returns, or one of its ``.recurrent``; of more than three layers,
            the first three are drawn
    sample: which of the batch, from 0

    Many steps share squares, which show their means; of many units every so many are drawn. Raises ValueError for a
    sample that is not there, TypeError for what is not a trace.

    >>> from course_utils import quiet_start, trace
    >>> with quiet_start():
    ...     import keras
    >>> print(draw_states(trace(keras.layers.GRU(4), np.zeros((1, 3, 2)))).description[:19])
    GRU(4) over 3 steps
    """
    if not isinstance(trace, (Trace, RecurrentTrace)):
        raise TypeError(
            f"trace must be what course_utils.trace returns, or one of its .recurrent, but it is of type "
            f"{type(trace).__name__}: pass trace(model, x)."
        )
    traces = trace.recurrent if isinstance(trace, Trace) else (trace,)
    if not traces:
        raise ValueError("trace must hold a recurrent layer, but its .recurrent is empty: trace such a layer or model.")
    _check_choice("sample", sample, 0, min(len(one.x) for one in traces) - 1, "the batch is counted from 0")
    return _finish(states_scene(traces, sample=sample), theme, ax)


def draw_model(model: Any, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw a whole model: its layers bottom to top, the shapes between them, the parameters of each and of all.

    model: any built Keras model or layer, also without recurrence, with branches, shared layers or models inside;
           one with a ``call`` that you wrote, as far as it can be followed, else it is one closed box.
           Many levels or branches are drawn by their ends

    Raises ValueError for a model that is not built yet, TypeError for what is not a Keras layer.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> model = keras.Sequential([keras.Input((28, 28)), keras.layers.LSTM(50), keras.layers.Dense(10)])
    >>> draw_model(model).description[:66]
    'A Sequential model of 2 layers, drawn bottom to top: 16,310 parame'
    """
    return _finish(model_scene(read(model)), theme, ax)


def draw_rolled(model: Any, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw a recurrent layer or model folded: one cell for each recurrent layer, with the loop of its state.

    model: a built recurrent layer, or a model that holds one; of a model with branches, the chain that leads to
           its first output is drawn, through the most recurrent layers, and the others are named

    Raises ValueError for a model that is not built yet, TypeError for one without recurrence.

    >>> from course_utils import quiet_start
    >>> with quiet_start():
    ...     import keras
    >>> layer = keras.layers.GRU(4)
    >>> layer.build((None, 3, 2))
    >>> draw_rolled(layer).description[:59]
    'GRU(4), folded (rolled up): one cell, used again at every t'
    """
    return _finish(rolled_scene(with_recurrence(read(model), model)), theme, ax)


def draw_image_rows(image: Any, label: Any = None, *, theme: str | None = None, ax: "Axes | None" = None) -> Diagram:
    """Draw an image cut into its rows: row t of its pixels goes into step t.

    image: (rows, columns) or (rows, columns, 1) of numbers, 0 … 1 or 0 … 255
    label: what it shows, to be written below it

    Of many rows, the first, the last and three with the most to see are cut out. Raises ValueError for a batch, a
    colour image or an empty one, TypeError for what is not made of numbers.

    >>> draw_image_rows([[0, 1]], "a bar").description[:59]
    'An image of 1 × 2 pixels as 1 step of 2 features, a bar: ro'
    """
    return _finish(image_rows_scene(checked_image(image), None if label is None else str(label)), theme, ax)


def _finish(scene: Scene, theme: str | None, ax: "Axes | None") -> Diagram:
    look = theme_named(theme)
    if ax is not None and getattr(ax, "name", None) != "rectilinear":
        raise TypeError(f"ax must be the plain Axes of matplotlib, as plt.subplots() gives them, but it is {ax!r:.60}.")
    if ax is not None:
        from course_utils.drawing.figure import draw_on

        draw_on(ax, scene, look)
    return Diagram(scene, theme)


def _check_choice(name: str, value: Any, low: int, high: int | None, hint: str) -> None:
    """Raise where a counted choice is not there."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        reach = f"at least {low}" if high is None else f"{low} to {high}"
        raise ValueError(f"{name} must be a whole number, {reach}, but it is {value!r}: {hint}.")
