"""Mistakes are told by the rule that tells verdicts."""

from app.evaluate.kept.results import Verdicts
from app.evaluate.metrics.mistakes import mistakes
from tests.evaluate.report.runs import SCORES, scored


def names(threshold: float) -> tuple[list[str], list[str]]:
    found = mistakes(scored(verdicts=Verdicts(threshold)))
    assert found is not None
    return [each.image for each in found.false_alarms], [each.image for each in found.missed]


def test_good_images_above_the_threshold_and_bad_ones_below_are_mistakes() -> None:
    assert names(0.25) == (["test/good/1.png"], ["test/bent/0.png"])


def test_the_worst_come_first() -> None:
    assert names(0.05)[0] == ["test/good/1.png", "test/good/0.png"]
    assert names(0.5)[1] == ["test/bent/0.png", "test/bent/1.png"]


def test_a_score_at_the_threshold_is_not_above_it() -> None:
    assert names(SCORES[1].score) == ([], ["test/bent/0.png"])


def test_without_a_threshold_there_are_no_verdicts_to_be_wrong() -> None:
    assert mistakes(scored()) is None
