"""Real handwriting without a network: the 1,797 digits of 8 x 8 pixels that are installed with scikit-learn."""

import numpy as np

from course_utils.data.files import Bytes
from course_utils.data.places import DigitsError

SENTENCE = "These are not MNIST, but smaller digits of real handwriting: 1,797 of 8 x 8 pixels, enlarged to 28 x 28."
ORIGIN = "scikit-learn's load_digits"
SMALL, LARGE, INK = 8, 28, 16  # pixels a side before and after; the darkest value before
TEST_EVERY = 5  # of each digit, every fifth sample is for testing


def small_digits() -> Bytes:
    """Return scikit-learn's digits as images of 28 x 28 pixels, split for training and testing.

    A rounding that no last bit decides and a split by counting, without random numbers, give the same bytes on every
    machine. Of each digit, samples 5, 10, 15 … in scikit-learn's order are for testing: 1,442 train, 355 test. (13
    people wrote them, and the split does not ask who: so this test is easier than one on a stranger's hand.)
    Raises DigitsError when scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DigitsError("scikit-learn is not installed; type: python -m course_utils lab") from error
    found = load_digits()
    x, y = enlarged(found.images), found.target.astype(np.int64)
    test = for_testing(y)
    return Bytes(x[~test], y[~test], x[test], y[test])


def enlarged(images: np.ndarray) -> np.ndarray:
    """Enlarge images bilinearly: (samples, 8, 8), whole values 0 … 16, to uint8 (samples, 28, 28), 0 … 255.

    Each new pixel lies between four old ones, and is their mean, weighted by how near they are.

    >>> image = np.zeros((1, 8, 8))
    >>> image[0, :, 4:] = 16
    >>> enlarged(image)[0, 0]
    array([  0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,  18,
            91, 164, 237, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
           255, 255], dtype=uint8)
    """
    from scipy.ndimage import zoom  # SciPy comes with scikit-learn

    sides = (1, LARGE / SMALL, LARGE / SMALL)
    values = zoom(images, sides, order=1, mode="nearest", grid_mode=True) * (255 / INK)  # pixels are areas, not points
    return np.floor(values + 0.5 + 1e-9).astype(np.uint8)  # a half goes up, however the last bits were rounded


def for_testing(y: np.ndarray) -> np.ndarray:
    """Return which samples are for testing: every fifth of each label, as booleans (samples,).

    >>> for_testing(np.array([7, 7, 7, 3, 7, 7, 7])).astype(int)
    array([0, 0, 0, 0, 0, 1, 0])
    """
    test = np.zeros(len(y), bool)
    for label in np.unique(y):
        test[np.flatnonzero(y == label)[TEST_EVERY - 1 :: TEST_EVERY]] = True
    return test
