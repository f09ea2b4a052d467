"""Do inspected images still look as the good images did? A rolling comparison of some quantities of a product.

The median of the last `WINDOW` inspected images is held against the range of the good images, widened by so many ranges
as a stationary production needs (`widening`). A median stays among the ordinary images as long as fewer than half of
the window are defective or odd, so nothing has to be known of the verdicts, nor of how the quantities are distributed.
What a change multiplies, as light does, is compared by its logarithm. Chosen by the simulation of
`benchmarks/drift.py`.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import Literal, Self, get_args

from app.engine.photograph.appearance import Appearance
from app.engine.types import Distances, Mask
from app.engine.verdict.scoring import median_distance

QuantityName = Literal["median_distance", "foreground_fraction", "brightness", "sharpness", "centroid_x", "centroid_y"]

WINDOW = 32
"""Inspected images that are compared, and the fewest of which anything is said. A change that moves every image out of
the limits is told with the 17th changed image at the latest; a smaller one is told later, or never."""

FEWEST_GOOD_IMAGES = 3
"""One or two good images show no range that could be widened."""

LEAST_FACTOR, LEAST_SHIFT = 1.1, 0.04
"""A smaller change is never told, however alike the good images are: of no consequence (patches are found wherever they
lie), or of rounding alone."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a quantity can lie: from `least` (what is smaller counts as that much) to `most`.

    `shifts`: a change adds to it; else it multiplies. `falls`: whether a fall is told. One of the median distance is
    not: a left-out reference meets one reference fewer than an inspected image does, so its distance is larger from the
    start, and who tries the references themselves gets 0. Patches that lie nearer to the references give no false
    alarm.
    """

    least: float
    most: float
    falls: bool = True
    shifts: bool = False

    @property
    def least_change(self) -> float:
        """On the scale that it is compared on."""
        return LEAST_SHIFT if self.shifts else math.log(LEAST_FACTOR)

    def compared(self, value: float) -> float:
        """On that scale."""
        within = min(max(value, self.least), self.most)
        return within if self.shifts else math.log(within)

    def plain(self, compared: float) -> float:
        """Back from it."""
        return compared if self.shifts else math.exp(compared)


SPANS: Mapping[QuantityName, Span] = MappingProxyType(
    {
        "median_distance": Span(1e-4, 2.0, falls=False),
        "foreground_fraction": Span(1e-3, 1.0),
        "brightness": Span(1.0, 255.0),
        "sharpness": Span(1e-4, 64.0),
        "centroid_x": Span(0.0, 1.0, shifts=True),
        "centroid_y": Span(0.0, 1.0, shifts=True),
    }
)


@dataclass(frozen=True, slots=True)
class Quantities:
    """What one image looks like.

    `median_distance`: median of the patch distances over the foreground, 0..2; `foreground_fraction`: share of the
    patches that are foreground, 0..1, 1 where nothing is masked; the others: `Appearance`.
    """

    median_distance: float
    foreground_fraction: float
    brightness: float
    sharpness: float
    centroid_x: float
    centroid_y: float


def quantities(distances: Distances, foreground: Mask, seen: Appearance) -> Quantities:
    """Of an image, by its patch distances (N), where it is foreground (N), and what it looks like."""
    return Quantities(
        median_distance=median_distance(distances, foreground),
        foreground_fraction=float(foreground.mean()),
        brightness=seen.brightness,
        sharpness=seen.sharpness,
        centroid_x=seen.centroid_x,
        centroid_y=seen.centroid_y,
    )


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
    """What good images looked like: `values` of a quantity, one for each as far as it is known.

    Of references, `median_distance` is that of each in a bank of the others. A baseline belongs to a bank version and
    to the product settings that its masks come from.
    """

    values: Mapping[QuantityName, Sequence[float]]

    @classmethod
    def of(
        cls, median_distances: Sequence[float], foreground_fractions: Sequence[float], seen: Sequence[Appearance]
    ) -> Self:
        """Of good images; of some, one or the other may not be known."""
        return cls(
            {
                "median_distance": median_distances,
                "foreground_fraction": foreground_fractions,
                "brightness": [each.brightness for each in seen],
                "sharpness": [each.sharpness for each in seen],
                "centroid_x": [each.centroid_x for each in seen],
                "centroid_y": [each.centroid_y for each in seen],
            }
        )

    def limits(self, quantity: QuantityName) -> Limits | None:
        """Of the median over a window; None for fewer than `FEWEST_GOOD_IMAGES` values."""
        values = self.values.get(quantity, ())
        return None if len(values) < FEWEST_GOOD_IMAGES else _limits(values, SPANS[quantity])


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
            middle = median([getattr(image, quantity) for image in self._images])
            if limits is not None and _outside(middle, limits):
                found.append(Drift(quantity, middle, limits))
        return tuple(found)


def widening(good_images: int) -> float:
    """How many ranges of n good images (at least 3) their limits lie beyond the smallest and the largest of them.

    The range of few says little of the spread: three may be almost alike by chance, or all be of one of two shifts.
    """
    return float(36 / (good_images - 2) ** 1.8)


def _limits(values: Sequence[float], span: Span) -> Limits:
    compared = [span.compared(value) for value in values]
    smallest, largest = min(compared), max(compared)
    margin = max(widening(len(values)) * (largest - smallest), span.least_change)
    low, high = span.plain(smallest - margin), span.plain(largest + margin)
    return Limits(low if span.falls and low > span.least else None, high if high < span.most else None)


def _outside(median: float, limits: Limits) -> bool:
    too_small = limits.low is not None and median < limits.low
    return too_small or (limits.high is not None and median > limits.high)
