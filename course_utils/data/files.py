"""Read MNIST from ``mnist.npz`` or its four IDX files, plain or packed with gzip; say what is wrong with a file."""

import gzip
import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from course_utils.data.places import LARGEST, DigitsError, read

SIDE = 28  # pixels
KEYS = ("x_train", "y_train", "x_test", "y_test")
IDX = {  # where each array is, and how many dimensions it has
    "x_train": ("train-images", 3),
    "y_train": ("train-labels", 1),
    "x_test": ("t10k-images", 3),
    "y_test": ("t10k-labels", 1),
}
SPELLINGS = ("{}-idx{}-ubyte", "{}.idx{}-ubyte", "{}-idx{}-ubyte.gz", "{}.idx{}-ubyte.gz")
BYTES = 0x08  # the code of unsigned bytes in an IDX file
# The SHA-256 of MNIST's labels, for training and for testing, and its test images, one after the other.
PUBLISHED = "1555a21f0cfcaebcced635670f9cb27ae484bc1edda535be8e3065d76849f519"


@dataclass(frozen=True, eq=False)
class Bytes:
    """Images as they are stored: uint8 (samples, 28, 28), 0 … 255, and labels, int64 (samples,), 0 … 9."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def is_mnist(self) -> bool:
        """Return whether all labels and the test images are MNIST's, in MNIST's order.

        The training images are not compared: copies of MNIST are about in which single pixels differ by 1 of 255.
        """
        labels = np.concatenate([self.y_train, self.y_test]).astype(np.uint8)
        return sha256(labels.tobytes() + self.x_test.tobytes()).hexdigest() == PUBLISHED


def read_named(path: Path) -> tuple[Bytes, Path]:
    """Read what a user named: ``mnist.npz``, a folder with it or with the four IDX files, or one of the four.

    Returns the arrays, and the file or folder that they came from.
    Raises DigitsError when it is not there or not right.
    """
    if path.is_dir():
        backwards = [(key, path / spelling.format(*IDX[key])) for key in KEYS for spelling in reversed(SPELLINGS)]
        files = {key: file for key, file in backwards if file.exists()}  # of several spellings the first one stays
        if len(files) == len(KEYS):
            return checked({key: read_idx(file, IDX[key][1]) for key, file in files.items()}, path), path
        if (path / "mnist.npz").exists():
            return read_named(path / "mnist.npz")
        raise DigitsError(
            f"the folder {path} holds neither mnist.npz nor the four files "
            f"{', '.join(SPELLINGS[0].format(*place) for place in IDX.values())} (with or without .gz)"
        )
    if any(path.name.startswith(name) for name, _ in IDX.values()) and path.exists():
        return read_named(path.parent)
    return parse_npz(read(path), path), path


def parse_npz(content: bytes, path: Path) -> Bytes:
    """Read the bytes of an archive of NumPy. Pickled objects, which can run programs, are never loaded.

    path: named in the message of a DigitsError
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise DigitsError(f"{path} is no archive of NumPy, or was cut off ({len(content):,} bytes)")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            if sum(part.file_size for part in archive.zip.infolist()) > LARGEST:
                raise DigitsError(f"{path} would unpack to more than {LARGEST / 1e6:.0f} MB, which MNIST does not")
            missing = [key for key in KEYS if key not in archive]
            if missing:
                has = ", ".join(archive.files[:6]) or "nothing"
                raise DigitsError(f"{path} lacks {', '.join(missing)} and holds {has}; {', '.join(KEYS)} are expected")
            arrays = {key: archive[key] for key in KEYS}
    except DigitsError:
        raise
    except Exception as error:  # zip, zlib and NumPy raise ten kinds for a broken archive
        raise DigitsError(f"{path} is broken ({str(error) or type(error).__name__})") from error
    return checked(arrays, path)


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read an IDX file of bytes: 00 00 08 and the number of dimensions, their sizes of 4 bytes each, the data.

    Raises DigitsError when the beginning is another, or the size is not the one that the beginning promises.
    """
    content = _unpacked(read(path), path)
    if content[:4] != bytes([0, 0, BYTES, dimensions]):
        raise DigitsError(
            f"{path} begins with {content[:4].hex(' ') or 'nothing'}; an IDX file of bytes in {dimensions} "
            f"dimension{'s' * (dimensions > 1)} begins with 00 00 08 {dimensions:02x}"
        )
    start = 4 + 4 * dimensions
    shape = [int(size) for size in np.frombuffer(content[4:start].ljust(start - 4, b"\0"), ">u4")]
    if len(content) != start + math.prod(shape):
        has, wants = len(content) - start, " x ".join(f"{size:,}" for size in shape)
        raise DigitsError(f"{path} promises {wants} bytes but holds {has:,}: it was cut off, or is another file")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _unpacked(content: bytes, path: Path) -> bytes:
    """Return the bytes of a file that may be packed with gzip, whatever its name says; at most what MNIST can have."""
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            return file.read(LARGEST)
    except (OSError, EOFError, zlib.error) as error:
        raise DigitsError(f"{path} cannot be unpacked ({error})") from error


def checked(arrays: dict[str, np.ndarray], path: Path) -> Bytes:
    """Return the arrays if type, shapes and range are those of MNIST; raise DigitsError with the first that is not.

    >>> image, label = np.full((1, 28, 28), 255, "uint8"), np.array([3])
    >>> checked(dict(x_train=image, y_train=label, x_test=image[:, :8], y_test=label), Path("my.npz"))
    Traceback (most recent call last):
    course_utils.data.places.DigitsError: in my.npz, x_test has the shape (1, 8, 28), but (samples, 28, 28) is expected
    """
    for key in KEYS:
        problem = _problem_of_images(arrays[key]) if key.startswith("x") else _problem_of_labels(arrays[key])
        if problem:
            raise DigitsError(f"in {path}, {key} {problem}")
    for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
        if len(arrays[images]) != len(arrays[labels]):
            counts = f"{len(arrays[images]):,} images, but {labels} {len(arrays[labels]):,} labels"
            raise DigitsError(f"in {path}, {images} has {counts}; as many are expected")
    return Bytes(**{key: arrays[key] if key.startswith("x") else arrays[key].astype(np.int64) for key in KEYS})


def _problem_of_images(x: np.ndarray) -> str | None:
    """Return what is wrong with an array of images."""
    if x.dtype != np.uint8:
        return f"holds {x.dtype}, but uint8 (pixels from 0 to 255) is expected"
    if x.ndim != 3 or x.shape[1:] != (SIDE, SIDE):
        return f"has the shape {x.shape}, but (samples, 28, 28) is expected"
    if not len(x):
        return "holds no image"
    if x.max() <= 1:
        return f"has no pixel above {x.max()}, but values up to 255 are expected"
    return None


def _problem_of_labels(y: np.ndarray) -> str | None:
    """Return what is wrong with an array of labels."""
    if y.dtype.kind not in "iu":
        return f"holds {y.dtype}, but whole numbers are expected"
    if y.ndim != 1:
        return f"has the shape {y.shape}, but (samples,) is expected"
    if len(y) and not (y.min() >= 0 and y.max() <= 9):
        return f"holds labels from {y.min()} to {y.max()}, but 0 to 9 are expected"
    return None
