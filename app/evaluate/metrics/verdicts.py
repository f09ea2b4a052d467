"""What a threshold of the image score would do: false alarms on good images, bad ones found."""

import numpy as np
from numpy.typing import NDArray

from app.engine.verdict.calibration import Threshold, is_not_ok
from app.evaluate.kept.results import Verdicts
from app.evaluate.metrics.image import best_threshold


def verdicts(scores: NDArray[np.float64], bad: NDArray[np.bool_], threshold: Threshold | None) -> Verdicts:
    """At the service's own threshold, if it has one, and at the oracle's; `scores` and `bad` have one value per test
    image. A rate is None where there is no such image."""
    own, oracle = threshold.value if threshold else None, best_threshold(scores, bad)
    return Verdicts(
        threshold=own,
        promised_false_alarm_rate=threshold.expected_false_alarm_rate if threshold else None,
        false_alarm_rate_95=threshold.false_alarm_rate_95 if threshold else None,
        false_alarm_rate=_share_above(own, scores[~bad]),
        detection_rate=_share_above(own, scores[bad]),
        oracle_threshold=oracle,
        oracle_false_alarm_rate=_share_above(oracle, scores[~bad]),
        oracle_detection_rate=_share_above(oracle, scores[bad]),
    )


def _share_above(threshold: float | None, scores: NDArray[np.float64]) -> float | None:
    if threshold is None or not len(scores):
        return None
    return sum(is_not_ok(score, threshold) for score in scores.tolist()) / len(scores)
