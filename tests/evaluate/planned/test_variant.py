"""Variants as rows name them."""

from dataclasses import asdict, replace

from app.evaluate.planned.variant import LATER, Variant
from tests.evaluate.report.runs import VARIANT


def test_what_a_later_release_added_is_told_only_where_it_was_chosen() -> None:
    assert not set(LATER) & set(VARIANT.told())
    assert replace(VARIANT, layers="4,8").told() == VARIANT.told() | {"layers": "4,8"}


def test_a_variant_is_read_from_a_row_of_any_release() -> None:
    assert Variant.of(VARIANT.told() | {"object": "disc"}) == VARIANT
    assert Variant.of(asdict(replace(VARIANT, layers="4,8"))).layers == "4,8"
