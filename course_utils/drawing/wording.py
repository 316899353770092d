"""Numbers and vectors as text, for labels and for descriptions."""

import numpy as np

LONGEST_LIST = 8


def number(value: float, *, whole: bool = False) -> str:
    """Write a value as the pictures show it: two decimals while there is room, rounded once, a real minus sign.

    >>> number(-0.204), number(-0.001), number(-123.4), number(12345.0), number(float("nan"))
    ('−0.20', '0.00', '−123', '1e4', 'NaN')
    >>> number(-7, whole=True)
    '−7'
    """
    return plain_number(value, whole=whole).replace("inf", "∞").replace("-", "−", 1 if value < 0 else 0)


def plain_number(value: float, *, whole: bool = False) -> str:
    """Write a value as NumPy prints it, for running text.

    >>> plain_number(-0.204), plain_number(-0.001)
    ('-0.20', '0.00')
    """
    if np.isnan(value):
        return "NaN"
    if not np.isfinite(value):
        return f"{value}"
    size = abs(value)
    if size >= 9999.5:
        return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    text = f"{value:.2f}" if size < 99.995 and not whole else f"{value:.0f}"
    return text.lstrip("-") if float(text) == 0 else text


def vector(values: np.ndarray, *, whole: bool = False) -> str:
    """Write a vector; a long one as its length and range. whole: its values are whole numbers, without decimals.

    >>> vector(np.array([0.6, -0.2]))
    '(0.60, -0.20)'
    >>> vector(np.arange(20))
    '20 values from 0.00 to 19.00'
    """
    if len(values) > LONGEST_LIST:
        low, high = (plain_number(value, whole=whole) for value in (np.min(values), np.max(values)))
        return f"{len(values)} values from {low} to {high}"
    return "(" + ", ".join(plain_number(value, whole=whole) for value in values) + ")"


def counted(quantity: int, noun: str, *, thousands: bool = False) -> str:
    """Write a quantity with its noun.

    >>> counted(1, "step"), counted(3, "step"), counted(12000, "parameter", thousands=True)
    ('1 step', '3 steps', '12,000 parameters')
    """
    number = f"{quantity:,}" if thousands else str(quantity)
    return f"{number} {noun}" if quantity == 1 else f"{number} {noun}s"


def scale_end(limit: float) -> str:
    """Write the end of the colour scale, a round number.

    >>> scale_end(1.0), scale_end(0.2), scale_end(123456789.0)
    ('1', '0.2', '1e8')
    """
    return f"{limit:g}" if limit < 10_000 else plain_number(limit)
