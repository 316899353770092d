"""From a file, Keras's cache, the network or scikit-learn to arrays for a recurrent layer."""

import os
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from course_utils.data import places
from course_utils.data.download import fetch, keep
from course_utils.data.files import Bytes, parse_npz, read_named
from course_utils.data.offline import ORIGIN, SENTENCE, small_digits
from course_utils.data.places import VARIABLE, DigitsError, cache_folders, cached_names, read
from course_utils.data.views import balanced_subset, check_count

SOURCES = ("auto", "mnist", "scikit-learn")


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """Handwritten digits as sequences: a row of pixels is a step, a pixel of it a feature.

    x_train, x_test: float32 (samples, 28 steps, 28 features), 0 (paper) … 1 (ink)
    y_train, y_test: int64 (samples,), the digit 0 … 9
    source: where they came from
    is_mnist: whether they are MNIST
    note: what one has to know about them, in whole sentences; empty when they are MNIST as expected
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str
    is_mnist: bool
    note: str = ""

    def __repr__(self) -> str:
        _, steps, features = self.x_train.shape
        sizes = f"{len(self.x_train):,} to train and {len(self.x_test):,} to test"
        first = f"{'MNIST digits' if self.is_mnist else 'Digits'}: {sizes}, each {steps} steps of {features} features"
        return "\n".join(filter(None, [first, f"From {self.source}", self.note]))


@dataclass(frozen=True)
class _Found:
    """Images, where they came from, and sentences about the way."""

    images: Bytes
    source: str
    notes: tuple[str, ...] = ()


def load_digits_as_sequences(
    file: str | Path | None = None,
    *,
    source: str = "auto",
    limit: int | None = None,
    test_limit: int | None = None,
    seed: int = 0,
    download: bool = True,
    timeout: float = 10.0,
) -> Digits:
    """Return handwritten digits as sequences of 28 rows of 28 pixels, and where they came from.

    The first of these that can be had: the file that you name, by ``file`` or by the environment variable
    UNROLLED_MNIST; MNIST in Keras's cache; MNIST from the network, then kept there; 1,797 smaller digits that come
    with scikit-learn. When it is not simply MNIST, a printed sentence says so, and ``note`` and the repr do, too.

    file: ``mnist.npz`` with Keras's keys, one of MNIST's four IDX files (plain or .gz), or a folder with either
    source: "auto" (as above), "mnist" (an error instead of other digits), or "scikit-learn" (those digits at once:
        no network, no cache, UNROLLED_MNIST is not read, and the same bytes on every machine)
    limit, test_limit: at most so many samples to train and to test, as many of each digit; seed: which ones
    download: False never asks the network
    timeout: seconds that the network may be silent
    Raises DigitsError when a file that you named is wrong, or nothing of what you asked for can be had;
    ValueError for other arguments.

    >>> digits = load_digits_as_sequences(source="scikit-learn", limit=1000)
    >>> digits
    Digits: 1,000 to train and 355 to test, each 28 steps of 28 features
    From scikit-learn's load_digits
    These are not MNIST, but smaller digits of real handwriting: 1,797 of 8 x 8 pixels, enlarged to 28 x 28.
    >>> digits.x_train.shape, digits.x_train.dtype, digits.y_train[:5]
    ((1000, 28, 28), dtype('float32'), array([1, 2, 4, 5, 6]))
    """
    if source not in SOURCES:
        raise ValueError(f"source came as {source!r}, but one of {', '.join(map(repr, SOURCES))} is expected")
    if file is not None and source == "scikit-learn":
        raise ValueError(f"file={str(file)!r} and source='scikit-learn' were both given; leave one of them out")
    if not timeout > 0:
        raise ValueError(f"timeout came as {timeout!r}, but seconds above 0 are expected")
    for count in (limit, test_limit):
        if count is not None:
            check_count(count)
    found = _find(file, source, download, timeout)
    if source != "scikit-learn":
        print(*found.notes, sep="\n", end="\n" * bool(found.notes))
    images = found.images
    x_train, y_train = _part(images.x_train, images.y_train, limit, seed)
    x_test, y_test = _part(images.x_test, images.y_test, test_limit, seed)
    is_mnist = images.is_mnist()
    return Digits(x_train, y_train, x_test, y_test, found.source, is_mnist, " ".join(found.notes))


def _part(x: np.ndarray, y: np.ndarray, limit: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most ``limit`` samples, the images as float32 0 … 1; only what is returned becomes floats."""
    if limit is not None:
        chosen = balanced_subset(y, limit, seed)
        x, y = x[chosen], y[chosen]
    return x / np.float32(255), y  # a Python 255 or np.max(x) might make float64, twice the memory


def _find(file: str | Path | None, source: str, download: bool, timeout: float) -> _Found:
    """Return the first images that can be had, in the order of ``load_digits_as_sequences``."""
    if source == "scikit-learn":
        return _Found(small_digits(), ORIGIN, (SENTENCE,))
    if file is not None:
        return _named(file, "file=", source)
    if named := os.environ.get(VARIABLE):
        return _named(named, f"{VARIABLE}=", source)
    skipped: list[str] = []
    found = _cached(skipped) or _downloaded(skipped, download, timeout)
    if found:
        return replace(found, notes=(*skipped, *found.notes))
    if source == "mnist":
        raise DigitsError(f"{' '.join(skipped)} Name a file with file=, or allow other digits with source='auto'.")
    return _Found(small_digits(), ORIGIN, (*skipped, SENTENCE))


def _named(name: str | Path, by: str, source: str) -> _Found:
    """Return what the user named; whatever is wrong with it is an error."""
    try:
        images, path = read_named(Path(name).expanduser())
    except (DigitsError, RuntimeError) as error:  # RuntimeError: nobody's home
        raise DigitsError(f"{error}. You named it by {by}{str(name)!r}; name another one, or none.") from error
    if images.is_mnist():
        return _Found(images, str(path))
    if source == "mnist":
        raise DigitsError(f"{path} holds other images than MNIST; name another file, or leave out source='mnist'.")
    return _Found(images, str(path), (f"These are not MNIST, but the images of {path}, which you named.",))


def _cached(skipped: list[str]) -> _Found | None:
    """Return MNIST from Keras's cache. What else stands in its place is left alone and told in ``skipped``."""
    for path in (path for folder in cache_folders() for path in cached_names(folder)):
        if not os.path.lexists(path):
            continue
        try:
            content = read(path)
            if sha256(content).hexdigest() == places.MNIST.sha256:
                return _Found(parse_npz(content, path), str(path))
            why = f"{path} is not the file that Keras keeps there (its SHA-256 is another)"
        except DigitsError as error:
            why = str(error)
        skipped.append(f"{why}; it was not used and not changed.")
    return None


def _downloaded(skipped: list[str], download: bool, timeout: float) -> _Found | None:
    """Return MNIST from the network, and keep it in Keras's cache. If that fails, ``skipped`` tells why."""
    if not download:
        skipped.append("MNIST is not in Keras's cache, and it was not to be downloaded.")
        return None
    try:
        content = fetch(places.MNIST, timeout)
    except DigitsError as error:
        skipped.append(f"{error}.")
        return None
    path, sentence = keep(content, cache_folders())
    source = f"{places.MNIST.url}, kept as {path}" if path else places.MNIST.url
    return _Found(parse_npz(content, Path(places.MNIST.url)), source, tuple(filter(None, [sentence])))
