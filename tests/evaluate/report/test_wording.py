"""Numbers and names as reports write them."""

from dataclasses import replace

import pytest

from app.evaluate.kept.results import METRICS
from app.evaluate.planned.plan import Shots
from app.evaluate.report.averages import Average
from app.evaluate.report.wording import METRIC_NAMES, average_text, common_label, points, short_labels, shots_text
from tests.evaluate.report.runs import VARIANT, ZERO_SHOT


def test_every_metric_has_a_name() -> None:
    assert tuple(METRIC_NAMES) == METRICS


@pytest.mark.parametrize(
    ("average", "text"),
    [
        (Average(0.9765, 0.0042, (0, 1), ("a",)), "97.7 ± 0.4"),
        (Average(1.0, None, (0,), ("a",)), "100.0"),
        (None, "–"),
    ],
)
def test_averages_are_percentages_with_one_decimal(average: Average | None, text: str) -> None:
    assert average_text(average) == text


@pytest.mark.parametrize(
    ("difference", "text"),
    [(0.0123, "+1.23"), (-0.0004, "−0.04"), (-0.00001, "0.00"), (0.0, "0.00"), (None, "–")],
)
def test_differences_carry_their_sign(difference: float | None, text: str) -> None:
    assert points(difference) == text


SHOTS: tuple[Shots, ...] = (0, 1, 16, "full")


def test_shots_are_words() -> None:
    assert [shots_text(shots) for shots in SHOTS] == ["zero-shot", "1 shot", "16 shots", "full-shot"]


def test_variants_are_told_apart_by_what_differs() -> None:
    other = replace(VARIANT, smaller_edge=672, masking="off")
    assert short_labels([VARIANT, other]) == {VARIANT: "448 px, masking auto", other: "672 px, masking off"}
    assert common_label([VARIANT, other]) == "dinov2_vits14, rotation on, paper, mean_top1p, float32"


def test_a_statistic_with_a_comma_is_one_part() -> None:
    other = replace(VARIANT, statistic="max,foreground")
    assert short_labels([VARIANT, other])[other] == "max,foreground"


def test_both_modes_can_stand_side_by_side() -> None:
    assert short_labels([VARIANT, ZERO_SHOT])[ZERO_SHOT] == "672 px, zero-shot quantile"


def test_a_single_variant_keeps_its_whole_label() -> None:
    assert short_labels([VARIANT]) == {VARIANT: VARIANT.label}
    assert short_labels([]) == {}
