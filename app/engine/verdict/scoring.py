"""From patch distances to the image score and the anomaly map (ALGORITHM 5)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.options import Profile, Statistic
from app.engine.photograph.preprocess import covered
from app.engine.types import AnomalyMap, Distances, Geometry, Mask, Size, Weights

TOP_SHARE = 0.01
MAP_SIGMA_PX = 4.0
MAP_TRUNCATE = 4.0


def image_score(distances: Distances, mask: Mask, statistic: Statistic, weights: Weights | None = None) -> float:
    """Reduce the patch distances (N, 0 off the foreground) to one number, in units of the patch distance.

    `weights`: for `max` alone, the largest distance times its weight.

    `mean_top1p` is the paper's: the mean of the `int(0.01·N)` largest over the whole grid, or the maximum where that
    number is 0. With `foreground_only`, N counts the foreground patches alone; no foreground at all gives 0.
    """
    values = distances[mask] if statistic.foreground_only else distances
    if not values.size:
        return 0.0
    match statistic.name:
        case "max":
            return float(values.max()) * (1.0 if weights is None else float(weights[distances.argmax()]))
        case "percentile":
            return float(np.percentile(values, _given(statistic.q)))
        case "mean_topk":
            return _mean_of_largest(values, int(_given(statistic.k)))
        case "mean_top1p":
            return _mean_of_largest(values, int(TOP_SHARE * values.size))


def deciding_count(statistic: Statistic, mask: Mask) -> int:
    """So many of the largest patch distances under the mask (N) decide the image score; more than there are: all."""
    size = int(mask.sum()) if statistic.foreground_only else mask.size
    match statistic.name:
        case "max":
            return 1
        case "percentile":
            return size - max(int((size - 1) * _given(statistic.q) / 100) - 1, 0)
        case "mean_topk":
            return max(int(_given(statistic.k)), 1)
        case "mean_top1p":
            return max(int(TOP_SHARE * size), 1)


MOST_UNMOVED = 0.1
"""A statistic that stays where it is while more than a tenth of the part is defective cannot tell good from bad."""


def unmoved_share(statistic: Statistic, foreground_fraction: float) -> float:
    """Which share of the foreground may be defective, however badly, without moving the score: 0..1 and beyond.

    A percentile leaves out so many of the largest distances; over the whole grid it counts the background as good, so
    that below the share of background it sees nothing at all (1 or more). Nothing is seen without any foreground.
    """
    if foreground_fraction <= 0:
        return 1.0
    if statistic.name != "percentile":
        return 0.0
    left_out = 1 - _given(statistic.q) / 100
    return left_out if statistic.foreground_only else left_out / foreground_fraction


def _given(number: float | None) -> float:
    if number is None:
        raise ValueError("the statistic needs its number: k for mean_topk, q for percentile")
    return number


def _mean_of_largest(values: NDArray[np.float32], count: int) -> float:
    count = min(max(count, 1), values.size)
    return float(np.partition(values, values.size - count)[-count:].mean())


def anomaly_map(distances: Distances, geometry: Geometry, profile: Profile, size: Size | None = None) -> AnomalyMap:
    """Upsample the patch distances to the original image and smooth them (Gaussian, σ = 4 px); H×W float32.

    `paper` stretches the grid of the cropped image over the whole image, as the authors do; `robust` lays it where
    the patches are and extends it by the edge over the cropped-off rest. `size`: made so large at once, σ scaled with
    it, instead of at the original size; no smaller than the grid, or patches are passed over.
    """
    grid = distances.reshape(geometry.grid.rows, geometry.grid.columns).astype(np.float32)
    size = size or geometry.original
    if profile == "paper":
        full = _upsampled(grid, size)
    else:
        full = _extended(_upsampled(grid, _covered_share(geometry, size)), size)
    sigma = MAP_SIGMA_PX * min(size.height, size.width) / min(geometry.original.height, geometry.original.width)
    kernel = 2 * int(MAP_TRUNCATE * sigma + 0.5) + 1
    smooth = cv2.GaussianBlur(full, (kernel, kernel), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, np.float32)


def _covered_share(geometry: Geometry, size: Size) -> Size:
    """What the patches saw, in pixels of a picture of the whole image."""
    seen, original = covered(geometry), geometry.original
    return Size(
        max(1, round(seen.height * size.height / original.height)),
        max(1, round(seen.width * size.width / original.width)),
    )


def _upsampled(grid: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(grid, (size.width, size.height), interpolation=cv2.INTER_LINEAR), np.float32)


def _extended(part: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    bottom, right = size.height - part.shape[0], size.width - part.shape[1]
    return np.asarray(cv2.copyMakeBorder(part, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.float32)


def median_distance(distances: Distances, mask: Mask) -> float:
    """Median patch distance of the patches that are scored; 0 where none is."""
    return float(np.median(distances[mask])) if mask.any() else 0.0
