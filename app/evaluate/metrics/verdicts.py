"""What a threshold of the image score would do: false alarms on good images, bad ones found."""

import numpy as np
from numpy.typing import NDArray

from app.engine.verdict.calibration import Threshold, conformal, is_not_ok, smallest_alpha
from app.evaluate.kept.results import Verdicts
from app.evaluate.metrics.image import best_threshold

ALPHA = 0.05
"""Of the calibrated threshold: a product's default, or the smallest that the held-out images allow."""


def verdicts(
    scores: NDArray[np.float64], bad: NDArray[np.bool_], threshold: Threshold | None, seed: int = 0
) -> Verdicts:
    """At the service's own threshold, if it has one, at one that held-out good images set, and at the oracle's;
    `scores` and `bad` have one value per test image, `seed` draws who is held out. A rate is None where there is no
    such image."""
    own, oracle = threshold.value if threshold else None, best_threshold(scores, bad)
    held_out = _held_out(bad, seed)
    rest = ~bad & ~held_out
    calibrated = _calibrated(scores[held_out])
    measured = calibrated.value if calibrated else None
    return Verdicts(
        threshold=own,
        promised_false_alarm_rate=threshold.expected_false_alarm_rate if threshold else None,
        false_alarm_rate_95=threshold.false_alarm_rate_95 if threshold else None,
        false_alarm_rate=_share_above(own, scores[~bad]),
        detection_rate=_share_above(own, scores[bad]),
        oracle_threshold=oracle,
        oracle_false_alarm_rate=_share_above(oracle, scores[~bad]),
        oracle_detection_rate=_share_above(oracle, scores[bad]),
        calibration_images=calibrated.good_images if calibrated else None,
        calibrated_threshold=measured,
        calibrated_promised_rate=calibrated.expected_false_alarm_rate if calibrated else None,
        calibrated_rate_95=calibrated.false_alarm_rate_95 if calibrated else None,
        calibrated_false_alarm_rate=_share_above(measured, scores[rest]),
        calibrated_detection_rate=_share_above(measured, scores[bad]),
    )


def _held_out(bad: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Half of the good images, rounded down; the same ones for whatever scored them."""
    good = np.flatnonzero(~bad)
    drawn = np.random.default_rng(seed).permutation(good)[: len(good) // 2]
    return np.isin(np.arange(len(bad)), drawn)


def _calibrated(good: NDArray[np.float64]) -> Threshold | None:
    return conformal(good.tolist(), max(ALPHA, smallest_alpha(len(good)))) if len(good) else None


def _share_above(threshold: float | None, scores: NDArray[np.float64]) -> float | None:
    if threshold is None or not len(scores):
        return None
    return sum(is_not_ok(score, threshold) for score in scores.tolist()) / len(scores)
