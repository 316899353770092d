"""What is true of an activation function: its formula, its range, its slope, its kinks and flat parts, measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise

import numpy as np

from course_utils.recurrence.activation_functions import FUNCTIONS, activation_named

LOWEST_X, HIGHEST_X = -4, 4
PER_UNIT = 50  # points of a curve; every kink of Keras's functions lies on one of them
NUDGE = 1e-5
BEND = 0.02  # a jump of the slope, or of the function, by more than this is a kink
FLAT = 0.05  # a slope below this passes hardly any gradient
FAR = 50.0  # where a function shows whether it goes on without end

FORMULAS = {
    "linear": "x",
    "tanh": "2·sigmoid(2·x) − 1",
    "sigmoid": "1 / (1 + exp(−x))",
    "relu": "max(x, 0)",
    "relu6": "min(max(x, 0), 6)",
    "leaky_relu": "max(x, 0.2·x)",
    "elu": "x if x > 0 else exp(x) − 1",
    "celu": "x if x > 0 else exp(x) − 1",
    "selu": "1.0507·elu(x, 1.6733)",
    "gelu": "x·(1 + erf(x / √2)) / 2",
    "silu": "x·sigmoid(x)",
    "mish": "x·tanh(softplus(x))",
    "softplus": "log(1 + exp(x))",
    "softsign": "x / (1 + |x|)",
    "squareplus": "(x + √(x² + 4)) / 2",
    "sparse_plus": "x if x > 1 else max(x + 1, 0)² / 4",
    "sparse_sigmoid": "clip((x + 1) / 2, 0, 1)",
    "exponential": "exp(x)",
    "hard_sigmoid": "clip(x / 6 + 0.5, 0, 1)",
    "hard_silu": "x·hard_sigmoid(x)",
    "hard_tanh": "clip(x, −1, 1)",
    "hard_shrink": "x if |x| > 0.5 else 0",
    "soft_shrink": "x − clip(x, −0.5, 0.5)",
    "tanh_shrink": "x − tanh(x)",
    "log_sigmoid": "log(sigmoid(x))",
}
"""For each of Keras's names that takes one number, the function written out."""

Path = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class ActivationFacts:
    """One function from -4 to 4.

    out, slope:   their curves, (n,) and (n,) each; NaN where the pen is lifted
    kinks:        where its slope jumps
    flat:         where its slope stays below 0.05 as far as it is shown, or is exactly 0
    """

    name: str
    formula: str
    out: Path
    slope: Path
    kinks: tuple[float, ...]
    flat: tuple[tuple[float, float], ...]
    range_in_words: str
    steepest_in_words: str

    @property
    def lowest_shown(self) -> float:
        """The smallest number that either curve reaches."""
        return float(min(np.nanmin(self.out[1]), np.nanmin(self.slope[1])))

    @property
    def highest_shown(self) -> float:
        """The largest number that either curve reaches."""
        return float(max(np.nanmax(self.out[1]), np.nanmax(self.slope[1])))

    @property
    def flat_in_words(self) -> str:
        """Where it is flat.

        >>> facts_of("tanh").flat_in_words, facts_of("linear").flat_in_words
        ('flat left of −2.18 and right of 2.18', 'flat nowhere in view')
        """
        parts = [
            f"left of {short(stop)}"
            if start == LOWEST_X
            else f"right of {short(start)}"
            if stop == HIGHEST_X
            else f"from {short(start)} to {short(stop)}"
            for start, stop in self.flat
        ]
        return f"flat {' and '.join(parts)}" if parts else "flat nowhere in view"

    def value(self, x: float) -> float:
        """Return what comes out for x."""
        return float(_apply(self.name, np.array([x]))[0])

    def slopes(self, x: float) -> tuple[float, ...]:
        """Return the slope at x; at a kink the slopes to its left and to its right."""
        kink = next((kink for kink in self.kinks if abs(kink - x) < 1e-9), None)
        if kink is None:
            return (float(_slope_between(self.name, np.array([x]), LOWEST_X - 1, HIGHEST_X + 1)[0]),)
        left, right = _one_sided(self.name, np.array([kink]))
        return float(left[0]), float(right[0])


def checked_names(names: str | Sequence[str], most: int) -> list[str]:
    """Return Keras's names of activation functions that can be drawn as a curve, each once.

    Raises TypeError for what is no name, ValueError for no name, for more than ``most``, for one that Keras does not
    have, and for a function of a whole vector.

    >>> checked_names("tanh", 12)
    ['tanh']
    """
    if not isinstance(names, (str, list, tuple)):
        raise TypeError(f"names must be one of Keras's activation names or a list of them, but it is {names!r}.")
    names = list(dict.fromkeys([names] if isinstance(names, str) else map(_checked_name, names)))
    for name in names:
        if name not in FORMULAS:
            raise ValueError(_unknown(name))
    if not 1 <= len(names) <= most:
        raise ValueError(f"names must hold 1 to {most} activation functions, but it holds {len(names)}: draw fewer.")
    return names


def _checked_name(name: object) -> str:
    if isinstance(name, str):
        return name
    own = getattr(name, "__name__", None)
    slip = f"pass its name, {own!r}" if own else "pass 'tanh', for example"
    raise TypeError(f"names must hold Keras's activation names, but {name!r} is among them: {slip}.")


def _unknown(name: str) -> str:
    if name in FUNCTIONS:
        return (
            f"names must hold functions of one number, but {name!r} acts on a whole vector at once, so it has no "
            "curve: draw sigmoid or tanh, for example."
        )
    close = get_close_matches(name.lower(), FORMULAS, n=3)
    closest = " or ".join(map(repr, close)) if close else ", ".join(FORMULAS)
    return f"names must hold Keras's activation names, but {name!r} is none of them: did you mean {closest}?"


@lru_cache
def facts_of(name: str) -> ActivationFacts:
    """Measure a function of Keras by its name; it must be one that takes one number.

    >>> facts = facts_of("relu")
    >>> facts.range_in_words, facts.steepest_in_words, facts.kinks, facts.flat
    ('from 0 upwards', 'slope at most 1', (0.0,), ((-4.0, 0.0),))
    """
    kinks = _kinks(name)
    out, slope = _curves(name, kinks)
    return ActivationFacts(
        name,
        FORMULAS[name],
        out,
        slope,
        kinks,
        _flat(slope),
        _range_in_words(name, out),
        _steepest_in_words(name, slope),
    )


def short(number: float) -> str:
    """Write a number with two decimals at most, no trailing zeros, a real minus sign.

    >>> short(0.25), short(-1.0), short(-0.001)
    ('0.25', '−1', '0')
    """
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _apply(name: str, xs: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # far out, e^x is infinite
        return activation_named(name)(np.asarray(xs, float))


def _points() -> np.ndarray:
    return np.arange(LOWEST_X * PER_UNIT, HIGHEST_X * PER_UNIT + 1) / PER_UNIT


def _one_sided(name: str, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the slope just left and just right of each x, from points on that side alone."""
    near, far = 1e-9, NUDGE
    left = (_apply(name, xs - near) - _apply(name, xs - near - far)) / far
    right = (_apply(name, xs + near + far) - _apply(name, xs + near)) / far
    return left, right


def _kinks(name: str) -> tuple[float, ...]:
    """Return where the slope, or the function itself, jumps."""
    xs = _points()
    left, right = _one_sided(name, xs)
    jump = np.abs(_apply(name, xs + 1e-9) - _apply(name, xs - 1e-9))
    return tuple(float(x) for x in xs[(np.abs(right - left) > BEND) | (jump > BEND)])


def _slope_between(name: str, xs: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the slope by central differences that do not look beyond low and high."""
    before, after = np.maximum(xs - NUDGE, low), np.minimum(xs + NUDGE, high)
    return (_apply(name, after) - _apply(name, before)) / (after - before)


def _curves(name: str, kinks: tuple[float, ...]) -> tuple[Path, Path]:
    """Return the function and its slope piece by piece, with NaN between two pieces that do not meet."""
    xs: list[np.ndarray] = []
    outs: list[np.ndarray] = []
    slopes: list[np.ndarray] = []
    inner = [kink for kink in kinks if LOWEST_X < kink < HIGHEST_X]
    for low, high in pairwise([LOWEST_X, *inner, HIGHEST_X]):
        points = _points()
        low, high = low + 1e-9, high - 1e-9  # a function that jumps has another value at the very place
        piece = np.concatenate([[low], points[(points > low) & (points < high)], [high]])
        values = _apply(name, piece)
        meets = outs and abs(values[0] - outs[-1][-1]) < BEND
        xs += [piece[:1], piece]
        outs += [values[:1] if meets else np.array([np.nan]), values]
        slopes += [np.array([np.nan]), _slope_between(name, piece, low, high)]
    return (np.concatenate(xs), np.concatenate(outs)), (np.concatenate(xs), np.concatenate(slopes))


def _flat(slope: Path) -> tuple[tuple[float, float], ...]:
    """Return from where to where the slope is small: at an end of the picture, or exactly zero; not a mere turn."""
    xs, slopes = slope
    low = np.abs(np.where(np.isnan(slopes), np.inf, slopes)) < FLAT
    found = []
    for part in np.ma.clump_unmasked(np.ma.masked_array(low, ~low)):
        start, stop = (float(np.round(edge, 6) + 0.0) for edge in (xs[part.start], xs[part.stop - 1]))  # + 0: no -0
        at_an_end = start == LOWEST_X or stop == HIGHEST_X
        if at_an_end or np.abs(slopes[part]).max() < 1e-9:
            found.append((start, stop))
    return tuple(found)


def _range_in_words(name: str, out: Path) -> str:
    far = _apply(name, np.array([-1e4, -FAR, FAR, 1e4]))
    low, high = min(np.nanmin(out[1]), far.min()), max(np.nanmax(out[1]), far.max())
    below, above = low <= -FAR + 2, high >= FAR - 2
    if below or above:
        return "any number" if below and above else f"up to {short(high)}" if below else f"from {short(low)} upwards"
    return f"between {short(low)} and {short(high)}"


def _steepest_in_words(name: str, slope: Path) -> str:
    far = np.array([-FAR, FAR])
    steepest = max(np.nanmax(np.abs(slope[1])), np.abs(_apply(name, far + NUDGE) - _apply(name, far)).max() / NUDGE)
    return "slope without limit" if steepest > FAR else f"slope at most {short(steepest)}"
