"""Where MNIST is published, and where Keras and this course keep it. Stdlib alone: the doctor reads it too."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "UNROLLED_MNIST"  # the environment variable in which a user may name a file or folder
ASIDE = "mnist-731c5ac6.npz"  # where our download goes when something else stands in Keras's place
LARGEST = 200_000_000  # bytes; nobody's MNIST is larger, plain or packed


class DigitsError(ValueError):
    """The digits asked for cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Published:
    """A file as it is published: its address, SHA-256 (64 hexadecimal digits) and size in bytes."""

    url: str
    sha256: str
    size: int


MNIST = Published(  # keras/src/datasets/mnist.py, Keras 3.15
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    11_490_434,
)


def cache_folders() -> tuple[Path, ...]:
    """Return the folders in which Keras keeps data sets, the preferred one first.

    That is ``datasets`` in KERAS_HOME or ~/.keras; where Keras cannot write there, it takes the folder for
    temporary files instead.
    """
    home = os.path.expanduser(os.environ.get("KERAS_HOME") or os.path.join("~", ".keras"))
    spare = Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir(), ".keras", "datasets")
    if home.startswith("~"):  # nobody's home: there is no such user
        return (spare,)
    return (Path(home, "datasets"), spare)


def cached_names(folder: Path) -> tuple[Path, ...]:
    """Return the files in a cache folder that may be MNIST: Keras's own name, and the one beside it.

    >>> [path.name for path in cached_names(Path("datasets"))]
    ['mnist.npz', 'mnist-731c5ac6.npz']
    """
    return folder / "mnist.npz", folder / ASIDE


def read(path: Path) -> bytes:
    """Return the bytes of a file, read once: what is checked is what is used.

    Raises DigitsError for what is no ordinary file, cannot be read, or is far too large.
    """
    try:
        if not path.exists():
            raise DigitsError(f"{path} is not there")
        if not path.is_file():
            raise DigitsError(f"{path} is not a file")
        if path.stat().st_size > LARGEST:
            raise DigitsError(f"{path} has {path.stat().st_size / 1e6:,.0f} MB, more than MNIST can have")
        return path.read_bytes()
    except OSError as error:
        raise DigitsError(f"{path} cannot be read ({error.strerror or error})") from error
