"""What a training depends on, as one short key: the same key, the same trained weights."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import numpy as np

from course_utils.quiet import quiet_keras

COURSE = 1  # to be raised when this room trains, or keeps what it trained, in another way
NAMES = {"name", "keras_history", "input_layers", "output_layers"}  # where Keras's descriptions hold layers' names


@dataclass(frozen=True)
class Key:
    """A fingerprint for each thing that a training depends on.

    data:     the arrays, values and shapes
    model:    layers, arguments, loss, metrics and optimizer
    weights:  the numbers in the model before the training, those of its optimizer and seeds among them
    recipe:   the other arguments of ``fit``, the seed, and what the user says
    versions: of Keras, of what computes for it, and of this room
    """

    data: str
    model: str
    weights: str
    recipe: str
    versions: str

    @property
    def digest(self) -> str:
        """All of it in 24 hexadecimal digits.

        >>> Key("a", "b", "c", "d", "e").digest
        '37c1e8443536f2d033bffb51'
        """
        return _hash(json.dumps(asdict(self)))[:24]

    def others(self, saved: Mapping[str, str]) -> list[str]:
        """Return the names of the parts in which a saved training differs."""
        return [name for name, value in asdict(self).items() if saved.get(name) != value]


def key_of(model: Any, data: Any, recipe: Mapping[str, Any]) -> Key:
    """Return the key of a training.

    model:  a compiled and built Keras model
    data:   arrays, also nested in tuples, lists and mappings
    recipe: everything else, plain values
    Raises TypeError for data that are no numbers and for a recipe that is not plain.
    """
    try:
        plain = json.dumps(recipe, sort_keys=True)
    except TypeError as problem:
        raise TypeError(f"The recipe must be plain numbers, words and mappings: {problem}.") from None
    keras = quiet_keras()
    backend = keras.backend.backend()
    versions = [f"keras {keras.__version__}", f"{backend} {metadata.version(backend)}", f"course {COURSE}"]
    return Key(
        data=fingerprint(data),
        model=_hash(json.dumps(described(model), sort_keys=True)),
        weights=fingerprint([np.asarray(variable) for variable in state_of(model)]),
        recipe=_hash(plain),
        versions=_hash(json.dumps(versions)),
    )


def state_of(model: Any) -> list[Any]:
    """Return every variable that training changes: weights, seeds, and the optimizer's, which is built for it."""
    model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def fingerprint(data: Any) -> str:
    """Return a fingerprint of arrays: of how they are nested, their types, shapes and values.

    >>> fingerprint(np.zeros(2)) == fingerprint(np.zeros(2)), fingerprint(np.zeros(2)) == fingerprint(np.zeros((2, 1)))
    (True, False)
    """
    digest = hashlib.sha256()
    for words, array in _arrays(data):
        digest.update(words.encode())
        if array is not None:
            digest.update(f"{array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _arrays(data: Any, where: str = "data") -> Iterator[tuple[str, np.ndarray | None]]:
    if data is None:
        yield f"{where} None ", None
    elif isinstance(data, Mapping):
        for name, part in data.items():
            yield from _arrays(part, f"{where}.{name}")
    elif isinstance(data, (tuple, list)):
        yield f"{where} {len(data)} ", None
        for place, part in enumerate(data):
            yield from _arrays(part, f"{where}[{place}]")
    else:
        array = np.asarray(data)
        if array.dtype.kind not in "biufc":
            raise TypeError(f"The data must be arrays of numbers, but there is one of type {type(data).__name__}.")
        yield f"{where} ", array


def described(model: Any) -> Any:
    """Return Keras's own description of a model, without the names that it gives by counting."""
    found = json.loads(json.dumps(_serialized(model)))
    counted: dict[str, str] = {}
    for part in _parts(found):
        name = part["config"].get("name") if isinstance(part.get("config"), dict) else None
        if isinstance(name, str) and _is_counted(name, part["class_name"]):
            counted.setdefault(name, f"{part['class_name']} {len(counted)}")
    return _renamed(found, counted)


def foreign_parts(model: Any) -> list[str]:
    """Return the names of classes and functions in a model that are not Keras's own: what they do is not in the key."""
    names = set()
    for part in _parts(_serialized(model)):
        kind = part["class_name"]
        # Keras writes tuples, arrays and the tensors between layers as classes whose names begin with "__".
        is_own = str(part.get("module")).split(".")[0] == "keras" or (kind.startswith("__") and kind != "__lambda__")
        if not is_own:
            names.add(str(part["config"] if kind == "function" else kind))
    return sorted(names)


def _serialized(model: Any) -> Any:
    """Return Keras's own description of a model. Raises ValueError where a class does not describe itself."""
    try:
        return quiet_keras().saving.serialize_keras_object(model)
    except NotImplementedError:
        raise ValueError(
            "A class of your own in the model does not say what it was made with: give it get_config(), "
            "so that a saved training is known to belong to it."
        ) from None


def _parts(found: Any) -> Iterator[dict]:
    """Yield the description of everything that has a class."""
    if isinstance(found, dict):
        if "class_name" in found:
            yield found
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        for part in found:
            yield from _parts(part)


def _is_counted(name: str, kind: str) -> bool:
    """Whether Keras gave a name by counting: the class in small letters, and a number from the second one on.

    >>> _is_counted("lstm_12", "LSTM"), _is_counted("input_layer", "InputLayer"), _is_counted("reader", "LSTM")
    (True, True, False)
    """
    plain = re.sub(r"(forward_|backward_)|(_\d+)$", "", name)
    return plain.replace("_", "") == kind.lower()


def _renamed(found: Any, names: Mapping[str, str], here: bool = False) -> Any:
    """Return a description with other names, where it holds names."""
    if isinstance(found, dict):
        return {key: _renamed(part, names, key in NAMES) for key, part in found.items()}
    if isinstance(found, list):
        return [_renamed(part, names, here) for part in found]
    return names.get(found, found) if here and isinstance(found, str) else found


def _hash(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
