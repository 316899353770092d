"""Train once, load from then on: running a lesson again is quick, and comes to the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.drawing.wording import counted
from course_utils.quiet import quiet_keras
from course_utils.training import store
from course_utils.training.keys import Key, foreign_parts, key_of, state_of
from course_utils.training.live import LiveTraining
from course_utils.training.store import Saved, Unusable

SEED_IT = "Call keras.utils.set_random_seed before the model is built, so that they repeat. "
DATA = ("validation_data", "sample_weight")  # arguments of fit that are arrays


@dataclass(frozen=True)
class Trained:
    """What a training came to; the same whether the model was trained now or loaded.

    history: name of a metric → its value after each epoch, as in Keras's ``History.history``
    loaded:  whether the weights were trained before, and only loaded now
    message: what happened besides, in a sentence or two; "" if nothing
    """

    name: str
    history: Mapping[str, list[float]]
    loaded: bool
    message: str = ""

    def __repr__(self) -> str:
        epochs = max(map(len, self.history.values()), default=0)
        return f"{self.name}: trained for {counted(epochs, 'epoch')}"


def train_or_load(
    model: Any,
    x: Any,
    y: Any,
    *,
    name: str,
    seed: int = 0,
    monitor: str | None = None,
    callbacks: Sequence[Any] = (),
    recipe: str = "",
    show: bool = True,
    text: bool | None = None,
    **fit: Any,
) -> Trained:
    """Train a model where one can watch (``LiveTraining``), or load the weights of the same training before.

    Loaded is the same as trained, bit for bit: weights, optimizer, seeds and history; and what is random
    afterwards goes on in the same way, for the seed is set before and after. A training is the same when the data,
    the model with its first weights, the recipe and the versions are. What is saved but does not fit, or cannot be
    read, is trained again, with a sentence that says so. An interrupted training is not kept.

    Trainings are kept outside of the course, in the reader's cache folder. The environment variable
    UNROLLED_TRAINED names another folder, or says "off".

    model:       compiled and built (it begins with ``keras.Input``), after ``keras.utils.set_random_seed``
    x, y:        arrays, as for ``fit``
    name:        of what is trained; for the title, and the name of the file
    seed:        from which the order of batches and dropout are drawn
    monitor:     as for ``LiveTraining``
    callbacks:   further ones; what they do cannot be seen, so ``recipe`` must say it
    recipe:      words that tell this training from others with the same arguments
    show:        False: silently, with no picture and no line; ``Trained.message`` still says what happened
    text:        as for ``LiveTraining``
    fit:         further arguments of ``fit``, such as ``epochs``, ``batch_size``, ``validation_split``
    Raises TypeError for data that are not arrays, ValueError for a model that cannot be trained so.

    >>> import os
    >>> from unittest import mock
    >>> keras = quiet_keras()
    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(loss="mse")
    >>> with mock.patch.dict(os.environ, UNROLLED_TRAINED="off"):
    ...     train_or_load(model, np.zeros((4, 1)), np.zeros((4, 1)), name="a line", epochs=1)
    Training of a line: 1 epoch
    Epoch 1 of 1: loss 0.000.
    a line: trained for 1 epoch
    """
    _refuse(model, callbacks, recipe)
    fit = {"verbose": 0, "epochs": 1, "initial_epoch": 0, **fit}
    data = {"x": x, "y": y, **{name: fit[name] for name in DATA if name in fit}}
    plain = {name: value for name, value in fit.items() if name not in (*DATA, "verbose")}
    key, place = key_of(model, data, {**plain, "seed": seed, "said": recipe}), store.folder()
    try:
        trained = _loaded(model, store.load(place, name, key), LiveTraining(name, show=show, text=text), name, fit)
    except Unusable as problem:
        hint = SEED_IT if str(problem) == f"was made {store.IS_OTHER['weights']}" else ""
        notice = f"The saved training {problem}. {hint}The model is trained again." if str(problem) else ""
        live = LiveTraining(name, monitor=monitor, show=show, text=text, notice=notice)
        quiet_keras().utils.set_random_seed(seed)
        model.fit(x, y, callbacks=[*callbacks, live], **fit)
        trained = _kept(model, live, place, name, key)
    quiet_keras().utils.set_random_seed(seed)
    return trained


def _refuse(model: Any, callbacks: Sequence[Any], recipe: str) -> None:
    if not model.compiled:
        raise ValueError("The model must be compiled: call model.compile(…) first.")
    if not model.built:
        raise ValueError("The model must know its input: begin it with keras.Input(…).")
    foreign = ["callbacks"] * bool(callbacks) + foreign_parts(model)
    if foreign and not recipe:
        raise ValueError(
            f"What {', '.join(foreign)} will do cannot be read from outside: describe it, recipe='…', and change the "
            "words whenever you change the code; otherwise an older training would be taken for this one."
        )


def _loaded(model: Any, saved: Saved, live: LiveTraining, name: str, fit: Mapping[str, Any]) -> Trained:
    """Give the model what was saved, and show the picture of that training. Raises Unusable if it does not fit."""
    state = state_of(model)
    if [(array.shape, array.dtype) for array in saved.state] != [(tuple(v.shape), np.asarray(v).dtype) for v in state]:
        raise Unusable("does not fit the model")
    for variable, array in zip(state, saved.state, strict=True):
        variable.assign(array)
    start, epochs = fit["initial_epoch"], max(map(len, saved.history.values()), default=0)
    live.show(saved.history, fit["epochs"], start)
    history = quiet_keras().callbacks.History()
    history.set_model(model)
    history.history = {name: [value for value in values if value is not None] for name, values in saved.history.items()}
    history.epoch = list(range(start, start + epochs))
    model.history = history
    return Trained(name, history.history, loaded=True)


def _kept(model: Any, live: LiveTraining, place: Path | None, name: str, key: Key) -> Trained:
    """Save a training that is over, unless it was interrupted."""
    message = live.message
    if place is not None and not live.interrupted:
        state = tuple(np.array(variable) for variable in state_of(model))
        try:
            store.save(place, name, key, Saved(live.history, state))
        except OSError as problem:
            why = problem.strerror or problem
            message = f"The trained weights could not be kept ({why}): the next run trains again."
            live.note(message)
    said = " ".join(filter(None, [live.notice, message]))
    return Trained(name, model.history.history, loaded=False, message=said)
