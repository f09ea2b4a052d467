"""A published number stands beside a measured one of exactly the same kind, or nowhere."""

from dataclasses import replace

import pytest

from app.evaluate.planned.tables import MVTEC, VISA
from app.evaluate.planned.variant import Variant
from app.evaluate.report.averages import Group, groups
from app.evaluate.report.published import PUBLISHED, published
from tests.evaluate.report.runs import VARIANT, ZERO_SHOT, metrics, scored


def measured(
    objects: frozenset[str], shots: int, variant: Variant = VARIANT, *, without_pro: frozenset[str] = frozenset()
) -> Group:
    rows = [scored(name, shots, 0, metrics(0.9, None if name in without_pro else 0.8), variant).row for name in objects]
    return groups(rows)[0]


@pytest.mark.parametrize(
    ("objects", "shots", "edge", "auroc", "std", "pro"),
    [
        (MVTEC, 1, 448, 0.965, 0.004, 0.917),
        (MVTEC, 4, 672, 0.977, None, 0.934),
        (MVTEC, 16, 448, 0.983, None, 0.929),
        (VISA, 1, 672, 0.874, 0.012, 0.925),
        (VISA, 16, 448, 0.938, None, 0.938),
    ],
)
def test_few_shot_numbers_are_those_of_the_paper(
    objects: frozenset[str], shots: int, edge: int, auroc: float, std: float | None, pro: float
) -> None:
    found = published(measured(objects, shots, replace(VARIANT, smaller_edge=edge)))
    assert found is not None
    assert (found.image_auroc, found.image_auroc_std, found.pro) == (auroc, std, pro)


@pytest.mark.parametrize(("objects", "edge", "auroc"), [(MVTEC, 448, 0.930), (MVTEC, 672, 0.942), (VISA, 672, 0.907)])
def test_zero_shot_numbers_are_those_of_the_paper(objects: frozenset[str], edge: int, auroc: float) -> None:
    found = published(measured(objects, 0, replace(ZERO_SHOT, smaller_edge=edge)))
    assert found is not None
    assert (found.image_auroc, found.pro) == (auroc, None)


@pytest.mark.parametrize(
    "variant",
    [
        replace(VARIANT, backbone="embedded"),
        replace(VARIANT, backbone="dinov2_vits14_reg"),
        replace(VARIANT, smaller_edge=224),
        replace(VARIANT, rotation="off"),
        replace(VARIANT, rotation="table"),
        replace(VARIANT, masking="off"),
        replace(VARIANT, statistic="max"),
    ],
    ids=lambda variant: variant.label,
)
def test_another_way_of_doing_it_has_no_published_number(variant: Variant) -> None:
    assert published(measured(MVTEC, 1)) is not None
    assert published(measured(MVTEC, 1, variant)) is None


def test_another_aggregation_has_no_published_number() -> None:
    assert published(measured(MVTEC, 0, ZERO_SHOT)) is not None
    assert published(measured(MVTEC, 0, replace(ZERO_SHOT, aggregation="musc"))) is None


@pytest.mark.parametrize("objects", [MVTEC - {"screw"}, MVTEC | {"flange"}, MVTEC | VISA, frozenset({"screw"})])
def test_another_set_of_objects_has_no_published_number(objects: frozenset[str]) -> None:
    assert published(measured(objects, 1)) is None


@pytest.mark.parametrize(("objects", "shots"), [(MVTEC, 2), (VISA, 4)])
def test_unpublished_shots_have_no_published_number(objects: frozenset[str], shots: int) -> None:
    assert published(measured(objects, shots)) is None


def test_pro_over_fewer_objects_has_no_published_number() -> None:
    found = published(measured(MVTEC, 1, without_pro=frozenset({"screw"})))
    assert found is not None
    assert (found.image_auroc, found.pro) == (0.965, None)


def test_each_published_number_is_there_once() -> None:
    assert len({(each.dataset, each.shots, each.smaller_edge) for each in PUBLISHED}) == len(PUBLISHED) == 14
