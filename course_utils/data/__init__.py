"""Handwritten digits as sequences: MNIST where it can be had, and real smaller digits where it cannot.

- ``load_digits_as_sequences()`` gives arrays (samples, 28 steps, 28 features) and says where they came from.
- ``as_columns``, ``in_shuffled_order`` and ``as_pixels`` turn the same images into other sequences.
- ``balanced_subset`` picks a few samples, as many of each digit.

The names load on first use: ``course_utils.data.places`` runs before NumPy is installed.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Digits": "loading",
    "load_digits_as_sequences": "loading",
    "DigitsError": "places",
    "as_columns": "views",
    "as_pixels": "views",
    "balanced_subset": "views",
    "in_shuffled_order": "views",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'course_utils.data' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
