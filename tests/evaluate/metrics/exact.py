"""The pixel metrics by their definition, over every distinct score, with all pixels in memory."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import precision_recall_curve, roc_auc_score

from app.engine.types import AnomalyMap

Masks = Sequence[NDArray[np.bool_]]
Value = TypeVar("Value", np.float32, np.bool_)


def exact_auroc(maps: Sequence[AnomalyMap], masks: Masks) -> float:
    return float(roc_auc_score(_flat(masks), _flat(maps)))


def exact_f1_max(maps: Sequence[AnomalyMap], masks: Masks) -> float:
    precision, recall, _ = precision_recall_curve(_flat(masks), _flat(maps))
    return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())


def exact_pro(maps: Sequence[AnomalyMap], masks: Masks) -> float:
    scores, anomalous = _flat(maps), _flat(masks)
    thresholds = np.unique(scores)[::-1]
    regions = [region for each, mask in zip(maps, masks, strict=True) for region in _regions(each, mask)]
    found = np.mean([_share_reaching(thresholds, region) for region in regions], axis=0)
    fpr = _share_reaching(thresholds, scores[~anomalous])
    return _area_to_limit([0, *fpr], [0, *found], 0.3) / 0.3


def _share_reaching(thresholds: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(1 - np.searchsorted(np.sort(scores), thresholds, side="left") / len(scores))


def _regions(anomaly_map: AnomalyMap, mask: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    return [anomaly_map[labels == label] for label in range(1, count + 1)]


def _area_to_limit(fpr: Sequence[float], found: Sequence[float], limit: float) -> float:
    """Trapezoid by trapezoid; the one that reaches beyond the limit is cut off there."""
    area = 0.0
    for left, right, low, high in zip(fpr[:-1], fpr[1:], found[:-1], found[1:], strict=True):
        if left < limit and right > left:
            end = min(right, limit)
            at_end = low + (high - low) * (end - left) / (right - left)
            area += (end - left) * (low + at_end) / 2
    return area


def _flat(images: Sequence[NDArray[Value]]) -> NDArray[Value]:
    return np.concatenate([image.ravel() for image in images])
