"""The built-in tables of MVTec-AD and VisA."""

import pytest

from app.errors import InvalidDataset
from app.evaluate.planned.tables import MVTEC, VISA, known_dataset, masked_by_table, rotated_by_table


def test_the_two_data_sets_are_recognised_by_all_their_objects() -> None:
    assert (len(MVTEC), len(VISA)) == (15, 12)
    assert known_dataset(sorted(MVTEC)) == "MVTec-AD"
    assert known_dataset(sorted(VISA)) == "VisA"
    assert known_dataset(["hazelnut"]) is None


def test_the_tables_are_the_authors() -> None:
    assert {name for name in MVTEC if masked_by_table(name)} == {"capsule", "hazelnut", "pill", "screw", "toothbrush"}
    assert {name for name in MVTEC if rotated_by_table(name)} == {"hazelnut", "screw"}
    assert all(masked_by_table(name) and not rotated_by_table(name) for name in VISA)


def test_an_unknown_object_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidDataset, match="--masking auto"):
        masked_by_table("flange")
