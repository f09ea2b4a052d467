"""How well image scores tell bad images from good ones (ALGORITHM 8)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve


@dataclass(frozen=True, slots=True)
class ImageMetrics:
    """Each 0..1. All None with images of one class alone: bad ones alone would have an AP of 1 whatever the scores."""

    auroc: float | None
    ap: float | None
    f1_max: float | None


def image_metrics(scores: NDArray[np.float64], bad: NDArray[np.bool_]) -> ImageMetrics:
    """AUROC, average precision and the largest F1 over every distinct score as threshold; exact, ties included.

    `scores` and `bad` have one value per test image; higher scores mean worse. ValueError for a score that is not
    finite.
    """
    if not _both_classes(bad):
        return ImageMetrics(None, None, None)
    return ImageMetrics(
        auroc=float(roc_auc_score(bad, scores)),
        ap=float(average_precision_score(bad, scores)),
        f1_max=float(_f1(np.unique(scores), scores, bad).max()),
    )


def best_threshold(scores: NDArray[np.float64], bad: NDArray[np.bool_]) -> float | None:
    """The threshold that `f1_max` belongs to: an image is called bad where its score lies above. Of several, the
    highest, which calls the fewest bad. None with one class alone."""
    if not _both_classes(bad):
        return None
    lowest_bad = np.unique(scores)
    f1 = _f1(lowest_bad, scores, bad)
    return float(np.nextafter(lowest_bad[f1 == f1.max()][-1], -np.inf))


def roc_points(scores: NDArray[np.float64], bad: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rate along the ROC curve, from (0, 0) to (1, 1); both empty with one class alone."""
    if not _both_classes(bad):
        return np.empty(0), np.empty(0)
    fpr, tpr, _ = roc_curve(bad, scores)
    return fpr, tpr


def _both_classes(bad: NDArray[np.bool_]) -> bool:
    return bool(bad.any() and not bad.all())


def _f1(lowest_bad: NDArray[np.float64], scores: NDArray[np.float64], bad: NDArray[np.bool_]) -> NDArray[np.float64]:
    """F1 where the images with at least each of these scores are called bad: 2·found / (called + all bad)."""
    called = len(scores) - np.searchsorted(np.sort(scores), lowest_bad)
    found = bad.sum() - np.searchsorted(np.sort(scores[bad]), lowest_bad)
    return np.asarray(2 * found / (called + bad.sum()), np.float64)
