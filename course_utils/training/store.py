"""Where trained weights are kept between runs: one file for each training, in the reader's cache folder."""

import contextlib
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from course_utils.training.keys import Key

VARIABLE = "UNROLLED_TRAINED"  # the environment variable: a folder, or "off"
MOST_FILES = 24  # that are kept under one name; the oldest go
DAY = 86_400  # seconds
History = Mapping[str, list[float | None]]
IS_OTHER = {
    "data": "with other data",
    "model": "for another model",
    "weights": "from other first weights",
    "recipe": "by another recipe",
    "versions": "by other versions of Keras or of the course",
}


@dataclass(frozen=True, eq=False)
class Saved:
    """A training that was kept.

    history: name of a metric → one value an epoch, None where it was not measured
    state:   the values of all variables of the model and its optimizer, in their order
    """

    history: History
    state: tuple[np.ndarray, ...]


class Unusable(Exception):
    """There is no saved training that fits. Its text says why, in words that follow "The saved training"; "": none."""


def folder() -> Path | None:
    """Return where trainings are kept: what UNROLLED_TRAINED names, or the usual place; None where it says "off"."""
    named = os.environ.get(VARIABLE, "").strip()
    if named.lower() == "off":
        return None
    return Path(named).expanduser() if named else user_cache_path("unrolled", appauthor=False) / "trained"


def load(place: Path | None, name: str, key: Key) -> Saved:
    """Return the saved training with this key. Raises Unusable."""
    if place is None:
        raise Unusable("")
    path = _path(place, name, key)
    try:
        if not path.is_file():
            raise Unusable(_why_not(place, name, key))
        with np.load(path, allow_pickle=False) as file:
            about = _about(file)
            if about["key"] != asdict(key):
                raise Unusable("belongs to something else")
            state = tuple(file[f"state_{number}"] for number in range(about["arrays"]))
        measured = itertools.chain(*about["history"].values())
        if not all(value is None or isinstance(value, float) for value in measured):
            raise Unusable("cannot be read")
        return Saved(about["history"], state)
    except Unusable:
        raise
    except Exception:  # zipfile, zlib, NumPy and json raise ten kinds for a damaged file
        raise Unusable("cannot be read") from None


def save(place: Path, name: str, key: Key, saved: Saved) -> None:
    """Keep a training. Another process sees the whole file or none. Raises OSError where that is impossible."""
    about = {"key": asdict(key), "history": saved.history, "arrays": len(saved.state)}
    arrays = {f"state_{number}": array for number, array in enumerate(saved.state)}
    place.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=place, prefix=_slug(name), suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            words = np.frombuffer(json.dumps(about).encode(), np.uint8)
            np.savez(file, allow_pickle=False, about=words, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, _path(place, name, key))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise
    _tidy(place, name)


def _path(place: Path, name: str, key: Key) -> Path:
    return place / f"{_slug(name)}-{key.digest}.npz"


def _slug(name: str) -> str:
    """Return a name as part of a file's name.

    >>> _slug("LSTM(50), rows")
    'lstm-50-rows'
    """
    letters = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower())
    return "-".join(letters.split())[:60] or "model"


def _about(file: Mapping[str, np.ndarray]) -> dict:
    return json.loads(file["about"].tobytes().decode())


def _others(place: Path, name: str) -> Iterator[tuple[float, Path]]:
    """Yield the files under a name, each with the time it was written, in seconds."""
    for path in place.glob(f"{_slug(name)}-{'?' * 24}.npz"):
        with contextlib.suppress(OSError):
            yield path.stat().st_mtime, path


def _why_not(place: Path, name: str, key: Key) -> str:
    """Say in what the saved training that comes nearest differs; "" where there is none of this name."""
    differences = []
    for _time, path in sorted(_others(place, name), reverse=True):
        with contextlib.suppress(Exception), np.load(path, allow_pickle=False) as file:
            differences.append(key.others(_about(file)["key"]))
    if not differences:
        return ""
    fewest = min(differences, key=len)
    if "model" in fewest:
        fewest = [part for part in fewest if part != "weights"]  # another model has other weights anyway
    return "was made " + " and ".join(IS_OTHER[part] for part in fewest)


def _tidy(place: Path, name: str) -> None:
    """Delete the oldest files under a name, and drafts of processes that ended too early."""
    oldest = [path for _time, path in sorted(_others(place, name), reverse=True)[MOST_FILES:]]
    for path in [*oldest, *place.glob(f"{_slug(name)}*.part")]:
        with contextlib.suppress(OSError):
            if path.suffix != ".part" or time.time() - path.stat().st_mtime > DAY:
                path.unlink()
