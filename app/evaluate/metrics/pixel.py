"""How well anomaly maps find the anomalous pixels of an object (ALGORITHM 8), in bounded memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.types import AnomalyMap
from app.evaluate.metrics.ground_truth import GroundTruth

PRO_FPR_LIMIT = 0.3

MANTISSA_BITS_DROPPED = 10
OCTAVE_BINS = 1 << (23 - MANTISSA_BITS_DROPPED)
"""Bins from one power of two to the next: each is at most 2^-13 of its values wide."""

PIXELS, ANOMALOUS, REGION_SHARE = range(3)
"""The rows of counts: all pixels, those that are anomalous, and these weighted by 1 / the size of their region."""


@dataclass(frozen=True, slots=True)
class PixelMetrics:
    """Each 0..1; all None without an anomalous pixel or without a normal one."""

    auroc: float | None
    f1_max: float | None
    pro: float | None


class PixelHistogram:
    """The pixels of all test images of an object, counted by anomaly-map value.

    The bit patterns of non-negative floats are in the order of the floats, so their leading bits are bins of constant
    relative width, 2^-13, with no range to know beforehand. Only values in one bin are taken for equal: against the
    exact metrics, on 340 anomaly maps of photographs (four objects, masked and not), that changed AUROC and PRO by at
    most 5e-7 and F1-max by at most 6e-5.

    Memory does not depend on the number of images: 192 KiB for each power of two that holds a value, which was 2 to
    3 MiB for an object without masking, 9 to 14 MiB with it (the Gaussian fades to nothing outside the foreground),
    and is 48 MiB at the very most. Not thread-safe: a thread has its own, to be merged.
    """

    def __init__(self) -> None:
        self._octaves: dict[int, NDArray[np.float64]] = {}

    def add(self, anomaly_map: AnomalyMap, truth: GroundTruth | None) -> None:
        """Count the pixels of one image; `truth` is None for a normal one. Sizes may differ from image to image.

        ValueError for a map that is not finite and >= 0 everywhere, or of another size than its ground truth.
        """
        if truth is not None and truth.shape != anomaly_map.shape:
            raise ValueError(
                f"the anomaly map is {anomaly_map.shape}, its ground truth {truth.shape}; both must have the size of "
                "the original image"
            )
        bins = _bins(anomaly_map)
        self._count(PIXELS, bins)
        if truth is not None and truth.regions:
            anomalous = bins[truth.pixels]
            self._count(ANOMALOUS, anomalous)
            self._count(REGION_SHARE, anomalous, truth.weights)

    def merge(self, other: "PixelHistogram") -> None:
        """Count in what `other` has counted."""
        for octave, counts in other._octaves.items():
            self._octave(octave)[:] += counts

    def metrics(self) -> PixelMetrics:
        """Over all images counted: pixel AUROC, the largest F1, and PRO (Bergmann et al., IJCV 2021).

        PRO is the area under the mean share found of each region, against the FPR over all normal pixels, up to an FPR
        of 0.3, divided by 0.3. Straight lines join the bins.
        """
        flagged, hits, shares = self._flagged()
        false_alarms = flagged - hits
        anomalous, normal = hits[-1], false_alarms[-1]
        if not anomalous or not normal:
            return PixelMetrics(None, None, None)
        fpr = false_alarms / normal
        return PixelMetrics(
            auroc=_area_up_to(1.0, fpr, hits / anomalous),
            f1_max=float((2 * hits / (flagged + anomalous)).max()),
            pro=_area_up_to(PRO_FPR_LIMIT, fpr, shares / shares[-1]),
        )

    def _count(self, row: int, bins: NDArray[np.uint32], weights: NDArray[np.float32] | None = None) -> None:
        first, last = int(bins.min()) // OCTAVE_BINS, int(bins.max()) // OCTAVE_BINS
        length = (last + 1 - first) * OCTAVE_BINS
        counts = np.bincount(bins - np.uint32(first * OCTAVE_BINS), weights, length)
        for octave, found in enumerate(counts.reshape(-1, OCTAVE_BINS), first):
            if found.any():
                self._octave(octave)[row] += found

    def _octave(self, octave: int) -> NDArray[np.float64]:
        if octave not in self._octaves:
            self._octaves[octave] = np.zeros((3, OCTAVE_BINS))
        return self._octaves[octave]

    def _flagged(self) -> NDArray[np.float64]:
        """The three rows of counts at or above each threshold: above all values first, then bin by bin downwards."""
        above_all = np.zeros((3, 1))
        rising = [self._octaves[octave] for octave in sorted(self._octaves)]
        return np.concatenate([*rising, above_all], axis=1)[:, ::-1].cumsum(axis=1)


def _bins(anomaly_map: AnomalyMap) -> NDArray[np.uint32]:
    """The bin of each pixel, flat in row-major order."""
    if not (anomaly_map.min() >= 0 and anomaly_map.max() < np.inf):
        raise ValueError("the anomaly map has values that are negative or not finite; distances are neither")
    positive = np.abs(anomaly_map, dtype=np.float32)  # -0.0 would be the largest bit pattern
    return positive.view(np.uint32).ravel() >> np.uint32(MANTISSA_BITS_DROPPED)


def _area_up_to(limit: float, fpr: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Area under a rising curve from (0, 0) to (1, 1) up to an FPR of `limit`, interpolated there; 1 is perfect."""
    inside = np.searchsorted(fpr, limit, side="right")
    x = np.append(fpr[:inside], limit)
    y = np.append(found[:inside], np.interp(limit, fpr, found))
    return min(1.0, float(np.trapezoid(y, x)) / limit)
