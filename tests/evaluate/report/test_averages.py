"""Means over objects, then over seeds; what is incomplete is left out."""

from dataclasses import replace

import pytest

from app.evaluate.kept.results import Row
from app.evaluate.report.averages import Average, Group, average, groups, ordered_rows
from tests.evaluate.report.runs import VARIANT, metrics, run, scored


def group(*values: tuple[str, int, float | None]) -> Group:
    """One of objects, seeds and image AUROCs."""
    return Group(VARIANT, 1, tuple(scored(name, 1, seed, metrics(value)).row for name, seed, value in values))


def found(*values: tuple[str, int, float | None]) -> Average:
    averaged = average(group(*values), "image_auroc")
    assert averaged is not None
    return averaged


def test_objects_are_averaged_before_seeds() -> None:
    averaged = found(("a", 0, 0.9), ("b", 0, 0.7), ("a", 1, 1.0), ("b", 1, 0.8), ("a", 2, 0.8), ("b", 2, 0.6))
    assert averaged.mean == pytest.approx(0.8)
    assert averaged.std == pytest.approx(0.1)  # of 0.8, 0.9, 0.7: sqrt((0 + 0.01 + 0.01) / 2)
    assert (averaged.seeds, averaged.objects) == ((0, 1, 2), ("a", "b"))


def test_one_object_is_averaged_over_its_seeds() -> None:
    both = group(("a", 0, 0.9), ("b", 0, 0.1), ("a", 1, 0.7))
    averaged = average(both.only("a"), "image_auroc")
    assert averaged is not None
    assert averaged.mean == pytest.approx(0.8)
    assert averaged.std == pytest.approx(0.02**0.5)


def test_a_single_seed_has_no_standard_deviation() -> None:
    assert found(("a", 3, 0.9)) == Average(0.9, None, (3,), ("a",))


def test_a_seed_that_lacks_an_object_is_left_out() -> None:
    averaged = found(("a", 0, 0.9), ("b", 0, 0.7), ("a", 1, 0.5))
    assert averaged.mean == pytest.approx(0.8)
    assert averaged.seeds == (0,)


def test_an_undefined_value_makes_its_seed_incomplete() -> None:
    assert found(("a", 0, 0.9), ("b", 0, 0.7), ("a", 1, 0.5), ("b", 1, None)).seeds == (0,)


def test_an_object_that_never_has_the_metric_is_left_out() -> None:
    averaged = found(("a", 0, 0.9), ("b", 0, None), ("a", 1, 0.7), ("b", 1, None))
    assert averaged.mean == pytest.approx(0.8)
    assert (averaged.objects, averaged.seeds) == (("a",), (0, 1))


@pytest.mark.parametrize("values", [[("a", 0, None)], [("a", 0, 0.9), ("b", 1, 0.9)], []])
def test_without_a_complete_seed_there_is_no_mean(values: list[tuple[str, int, float | None]]) -> None:
    assert average(group(*values), "image_auroc") is None


def test_groups_follow_the_variants_then_the_shots() -> None:
    other = replace(VARIANT, smaller_edge=672)
    rows = [scored(shots=4, variant=other).row, scored(shots=4).row, scored(shots=1, variant=other).row]
    assert [(each.variant.smaller_edge, each.shots) for each in groups(rows)] == [(672, 1), (672, 4), (448, 4)]


def test_the_variant_asked_for_first_comes_first() -> None:
    other, unasked = replace(VARIANT, smaller_edge=672), replace(VARIANT, smaller_edge=224)
    rows = [scored(variant=each) for each in (unasked, VARIANT, other)]
    edges = [row.variant.smaller_edge for row in ordered_rows(run(rows, variants=[other, VARIANT]))]
    assert edges == [672, 448, 224]


def full_shot(name: str, shots: int) -> Row:
    return scored(name, shots, full=True).row


def test_full_shot_is_one_group_although_the_objects_have_different_numbers_of_references() -> None:
    rows = [scored("a", 1).row, scored("b", 1).row, full_shot("a", 209), full_shot("b", 391)]
    assert [(each.shots, each.objects) for each in groups(rows)] == [(1, ("a", "b")), ("full", ("a", "b"))]


def test_a_full_bank_counts_under_its_shots_too_where_others_have_as_many() -> None:
    rows = [full_shot("a", 4), scored("b", 4).row, full_shot("b", 20)]
    assert [(each.shots, each.objects) for each in groups(rows)] == [(4, ("a", "b")), ("full", ("a", "b"))]


def test_full_banks_of_one_size_stay_a_number_of_shots() -> None:
    assert [each.shots for each in groups([full_shot("a", 4), full_shot("b", 4)])] == [4]


def test_full_banks_of_some_objects_only_make_no_full_shot() -> None:
    rows = [full_shot("a", 4), full_shot("b", 8), scored("b", 4).row, scored("c", 4).row, scored("c", 8).row]
    assert [each.shots for each in groups(rows)] == [4, 8]
