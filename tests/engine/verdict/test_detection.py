import pytest
from scipy.stats import binom

from app.engine.verdict.detection import Detection


def test_twelve_of_twelve_found_are_at_least_78_percent() -> None:
    assert Detection(12, 0, 12).detection_rate_95 == pytest.approx(0.7791, abs=1e-4)


@pytest.mark.parametrize(("found", "bad"), [(1, 1), (1, 20), (11, 12), (299, 300)])
def test_at_the_lower_limit_as_many_would_be_found_in_one_of_twenty_trials(found: int, bad: int) -> None:
    rate = Detection(found, 0, bad).detection_rate_95
    assert binom.sf(found - 1, bad, rate) == pytest.approx(0.05)


def test_what_is_undecidable_is_not_found() -> None:
    assert Detection(10, 2, 12).detection_rate_95 == Detection(10, 0, 12).detection_rate_95


def test_nothing_is_told_without_a_bad_part_and_nothing_promised_where_none_is_found() -> None:
    assert Detection(0, 0, 0).detection_rate_95 is None
    assert Detection(0, 0, 5).detection_rate_95 == 0.0


def test_bad_parts_that_were_selected_tell_nothing_of_others() -> None:
    assert Detection(12, 0, 12, selected=True).detection_rate_95 is None
