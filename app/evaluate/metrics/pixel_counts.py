"""The pixels of each test image, counted coarsely, so that pixel metrics can be taken of images drawn again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.types import AnomalyMap
from app.evaluate.kept.pixel_counts import PixelCounts
from app.evaluate.metrics.ground_truth import GroundTruth
from app.evaluate.metrics.pixel import ANOMALOUS, PIXELS, PRO_FPR_LIMIT, REGION_SHARE

MANTISSA_BITS_DROPPED = 17
"""64 bins from one power of two to the next."""

SMALLEST = np.float32(2**-20)
"""All below is one bin: what is left of a Gaussian far from the foreground."""

PIXEL_METRICS = ("pixel_auroc", "pixel_f1_max", "pro")


def image_counts(anomaly_map: AnomalyMap, truth: GroundTruth | None) -> PixelCounts:
    """Of one image (1 × 3 × bins); `truth` is None for a normal one."""
    values = np.maximum(anomaly_map, SMALLEST, dtype=np.float32)
    bins = values.view(np.uint32).ravel() >> np.uint32(MANTISSA_BITS_DROPPED)
    first, count = int(bins.min()), int(bins.max()) + 1 - int(bins.min())
    bins = bins - np.uint32(first)
    counts = np.zeros((1, 3, count), np.float32)
    counts[0, PIXELS] = np.bincount(bins, minlength=count)
    if truth is not None and truth.regions:
        anomalous = bins[truth.pixels]
        counts[0, ANOMALOUS] = np.bincount(anomalous, minlength=count)
        counts[0, REGION_SHARE] = np.bincount(anomalous, truth.weights, minlength=count)
    return PixelCounts(first, counts)


def together(images: Sequence[PixelCounts]) -> PixelCounts:
    """Images one after the other, over the bins of all."""
    first = min(each.first for each in images)
    count = max(each.first + each.counts.shape[2] for each in images) - first
    found = np.zeros((sum(len(each.counts) for each in images), 3, count), np.float32)
    place = 0
    for each in images:
        start = each.first - first
        found[place : place + len(each.counts), :, start : start + each.counts.shape[2]] = each.counts
        place += len(each.counts)
    return PixelCounts(first, found)


def weighted_pixel(metric: str, pixels: PixelCounts, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """A pixel metric of images that each count so many times (R×images): R values. Straight lines join the bins."""
    images, rows, bins = pixels.counts.shape
    drawn = (counts.astype(np.float32) @ pixels.counts.reshape(images, rows * bins)).reshape(len(counts), rows, bins)
    above = np.zeros((len(counts), rows, bins + 1))
    np.cumsum(drawn[:, :, ::-1], axis=2, dtype=np.float64, out=above[:, :, 1:])
    flagged, hits, shares = above[:, PIXELS], above[:, ANOMALOUS], above[:, REGION_SHARE]
    if metric == "pixel_f1_max":
        return np.asarray((2 * hits / (flagged + hits[:, -1:])).max(axis=1))
    false_alarms = flagged - hits
    fpr = false_alarms / false_alarms[:, -1:]
    if metric == "pixel_auroc":
        return _area_up_to(1.0, fpr, hits / hits[:, -1:])
    if metric == "pro":
        return _area_up_to(PRO_FPR_LIMIT, fpr, shares / shares[:, -1:])
    raise ValueError(f"no weighted {metric}")


def _area_up_to(limit: float, fpr: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under rising curves (R×points) up to an FPR of `limit`, interpolated there; 1 is perfect."""
    width = np.diff(fpr, axis=1)
    inside = np.clip(limit - fpr[:, :-1], 0, width)
    share = np.divide(inside, width, out=np.zeros_like(width), where=width > 0)
    height = found[:, :-1] + share * np.diff(found, axis=1) / 2
    return np.asarray((inside * height).sum(axis=1) / limit)
