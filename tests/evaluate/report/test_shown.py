"""Which row, pictures and curves are shown."""

from dataclasses import replace

import pytest

from app.evaluate.report.shown import curves, shown
from tests.evaluate.report.runs import SCORES, VARIANT, ZERO_SHOT, metrics, picture, run, scored

OTHER = replace(VARIANT, smaller_edge=672)


def test_without_pictures_the_first_variant_at_most_shots_and_seed_0_is_shown() -> None:
    rows = [scored("a", shots, seed, variant=each) for each in (OTHER, VARIANT) for shots in (1, 4) for seed in (0, 1)]
    (found,) = shown(run(rows, variants=[VARIANT, OTHER]))
    assert (found.scored.row.variant, found.scored.row.shots, found.scored.row.seed) == (VARIANT, 4, 0)
    assert found.pictures == ()


def test_the_row_that_the_pictures_were_made_with_is_shown() -> None:
    made_with = replace(scored("a", variant=OTHER), scores=(replace(SCORES[0], score=0.7),))
    pictured = picture("a", made_with.scores[0])
    rows = [scored("a", 4), scored("a"), made_with]
    (found,) = shown(run(rows, variants=[VARIANT, OTHER], pictures=[pictured]))
    assert found.scored == made_with
    assert found.pictures == (pictured,)


def test_pictures_that_belong_to_no_row_are_not_shown() -> None:
    stale = picture("a", replace(SCORES[0], score=0.9))
    (found,) = shown(run([scored("a")], pictures=[stale]))
    assert found.pictures == ()


def test_each_object_is_shown_once() -> None:
    assert [each.scored.row.object for each in shown(run([scored("b"), scored("a"), scored("a", 4)]))] == ["a", "b"]


def test_a_curve_goes_through_the_averages_of_its_variant() -> None:
    rows = [scored("a", 1, 0, metrics(0.8)), scored("a", 4, 0, metrics(0.9)), scored("a", 4, 1, metrics(0.7))]
    rows += [scored("a", 1, 0, metrics(0.6), OTHER)]
    found = curves(run(rows, variants=[OTHER, VARIANT]))
    assert list(found) == ["image_auroc"]
    assert [(curve.variant, curve.shots) for curve in found["image_auroc"]] == [(0, (1,)), (1, (1, 4))]
    assert [each.mean for each in found["image_auroc"][1].averages] == pytest.approx([0.8, 0.8])


def test_one_number_of_shots_makes_no_curve() -> None:
    rows = [
        scored("a", 4, 0, metrics(0.8)),
        scored("a", 4, 1, metrics(0.8)),
        scored("a", 0, 0, metrics(0.8), ZERO_SHOT),
    ]
    assert curves(run(rows)) == {}
