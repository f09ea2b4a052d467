"""Do inspected images still look as the good images did? A rolling comparison of three quantities of a product.

The median of the last `WINDOW` inspected images is held against the range of the good images, widened by so many ranges
as a stationary production needs (`widening`). A median stays among the ordinary images as long as fewer than half of
the window are defective or odd, so nothing has to be known of the verdicts, nor of how the quantities are distributed.
All comparisons are of logarithms: a change of the light, for one, multiplies. Chosen by the simulation of
`benchmarks/drift.py`.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from app.engine.light import Light
from app.engine.scoring import median_distance
from app.engine.types import Distances, Mask

QuantityName = Literal["median_distance", "foreground_fraction", "brightness"]

WINDOW = 32
"""Inspected images that are compared, and the fewest of which anything is said. A change that moves every image out of
the limits is told with the 17th changed image at the latest; a smaller one is told later, or never."""

FEWEST_GOOD_IMAGES = 3
"""One or two good images show no range that could be widened."""

LEAST_FACTOR = 1.1
"""A smaller change is never told, however alike the good images are: of no consequence, or of rounding alone."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a quantity can lie: from `least` (what is smaller counts as that much) to `most`.

    `falls`: whether a fall is told. One of the median distance is not: a left-out reference meets one reference fewer
    than an inspected image does, so its distance is larger from the start, and who tries the references themselves
    gets 0. Patches that lie nearer to the references give no false alarm.
    """

    least: float
    most: float
    falls: bool = True


SPANS: Mapping[QuantityName, Span] = MappingProxyType(
    {
        "median_distance": Span(1e-4, 2.0, falls=False),
        "foreground_fraction": Span(1e-3, 1.0),
        "brightness": Span(1.0, 255.0),
    }
)


@dataclass(frozen=True, slots=True)
class Quantities:
    """What one image looks like.

    `median_distance`: median of the patch distances over the foreground, 0..2; `foreground_fraction`: share of the
    patches that are foreground, 0..1, 1 where nothing is masked; `brightness`: mean grey level, 0..255.
    """

    median_distance: float
    foreground_fraction: float
    brightness: float


def quantities(distances: Distances, foreground: Mask, seen: Light) -> Quantities:
    """Of an image, by its patch distances (N), where it is foreground (N), and its light."""
    return Quantities(median_distance(distances, foreground), float(foreground.mean()), seen.brightness)


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which the window's median has to lie, ends included; None: it cannot lie outside, or that is not told."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Drift:
    """A quantity whose `median` over the window lies outside the `limits` of the good images."""

    quantity: QuantityName
    median: float
    limits: Limits


@dataclass(frozen=True, slots=True)
class DriftBaseline:
    """What good images looked like, one value for each; None or empty where it is not known.

    Of references, `median_distance` is that of each in a bank of the others. A baseline belongs to a bank version and
    to the product settings that its masks come from.
    """

    median_distance: Sequence[float] | None
    foreground_fraction: Sequence[float] | None
    brightness: Sequence[float] | None

    def limits(self, quantity: QuantityName) -> Limits | None:
        """Of the median over a window; None for fewer than `FEWEST_GOOD_IMAGES` values."""
        values: Sequence[float] | None = getattr(self, quantity)
        return None if values is None or len(values) < FEWEST_GOOD_IMAGES else _limits(values, SPANS[quantity])


class DriftWindow:
    """The last `WINDOW` inspected images of a product, compared with its good ones.

    Where another bank version or other settings serve, begin a new one. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._images: deque[Quantities] = deque(maxlen=WINDOW)

    def __len__(self) -> int:
        return len(self._images)

    def add(self, image: Quantities) -> None:
        """One more inspected image; the oldest one leaves a full window."""
        self._images.append(image)

    def drifted(self, baseline: DriftBaseline) -> tuple[Drift, ...]:
        """The quantities that lie outside the baseline's limits; none before the window is full."""
        if len(self) < WINDOW:
            return ()
        found = []
        for quantity in get_args(QuantityName):
            limits = baseline.limits(quantity)
            median = float(np.median([getattr(image, quantity) for image in self._images]))
            if limits is not None and _outside(median, limits):
                found.append(Drift(quantity, median, limits))
        return tuple(found)


def widening(good_images: int) -> float:
    """How many ranges of n good images (at least 3) their limits lie beyond the smallest and the largest of them.

    The range of few says little of the spread: three may be almost alike by chance, or all be of one of two shifts.
    """
    return float(32 / (good_images - 2) ** 1.8)


def _limits(values: Sequence[float], span: Span) -> Limits:
    logarithms = np.log(np.clip(values, span.least, span.most))
    smallest, largest = float(logarithms.min()), float(logarithms.max())
    margin = max(widening(len(values)) * (largest - smallest), float(np.log(LEAST_FACTOR)))
    low, high = float(np.exp(smallest - margin)), float(np.exp(largest + margin))
    return Limits(low if span.falls and low > span.least else None, high if high < span.most else None)


def _outside(median: float, limits: Limits) -> bool:
    too_small = limits.low is not None and median < limits.low
    return too_small or (limits.high is not None and median > limits.high)
