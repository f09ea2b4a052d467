from typing import Any

import pytest
from sqlalchemy import Engine

from app.storage.records.reading import Wanted, all_records, newest_of_part, page, record
from app.storage.records.record import InspectionRecord
from app.storage.records.writing import write_records
from tests.storage.records.records import made


@pytest.fixture
def records(engine: Engine) -> list[InspectionRecord]:
    """Thirty, of which each has something of its own; several of one moment."""
    verdicts = ("ok", "ok", "not_ok", "not_decidable")
    found = [
        made(
            number // 3,
            product_id=("plate", "nut")[number % 2],
            part_id=f"part {number % 5}",
            station_id=("a", None)[number % 2],
            verdict=verdicts[number % 4],
            score=number / 10,
            bank_version=1 + number % 3,
            flags=("drift",) if number % 7 == 0 else ("drift", "edge_unseen") if number % 7 == 3 else (),
        )
        for number in range(30)
    ]
    write_records(engine, found)
    return found


CONDITIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "product": ({"product_id": "nut"}, lambda each: each.product_id == "nut"),
    "products": ({"products": frozenset({"nut", "none"})}, lambda each: each.product_id == "nut"),
    "no product": ({"products": frozenset()}, lambda each: each is None),
    "part": ({"part_id": "part 3"}, lambda each: each.part_id == "part 3"),
    "station": ({"station_id": "a"}, lambda each: each.station_id == "a"),
    "verdict": ({"verdict": "not_ok"}, lambda each: each.verdict == "not_ok"),
    "flag": ({"flag": "edge_unseen"}, lambda each: "edge_unseen" in each.flags),
    "bank": ({"bank_version": 2}, lambda each: each.bank_version == 2),
    "scores": ({"least_score": 0.5, "most_score": 1.5}, lambda each: 0.5 <= each.score <= 1.5),
    "times": (
        {"from_us": made(2).at_us, "to_us": made(5).at_us},
        lambda each: made(2).at_us <= each.at_us < made(5).at_us,
    ),
    "several": (
        {"product_id": "plate", "flag": "drift", "verdict": "ok", "from_us": made(1).at_us},
        lambda each: each.product_id == "plate" and "drift" in each.flags and each.verdict == "ok"
        and each.at_us >= made(1).at_us,
    ),
    "all": ({}, lambda each: each is not None),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_pages_hold_what_was_asked_for_the_newest_first(
    engine: Engine, records: list[InspectionRecord], name: str
) -> None:
    given, holds = CONDITIONS[name]
    expected = sorted((each for each in reversed(records) if holds(each)), key=lambda each: -each.at_us)
    found, after = list[InspectionRecord](), None
    while True:
        part = page(engine, Wanted(**given), 4, after)
        found += part.records
        assert len(part.records) <= 4
        if (after := part.next) is None:
            break
    assert [each.inspection_id for each in found] == [each.inspection_id for each in expected]
    assert list(all_records(engine, Wanted(**given))) == found


def test_a_record_that_comes_between_pages_moves_none_of_them(engine: Engine, records: list[InspectionRecord]) -> None:
    first = page(engine, Wanted(), 10)
    write_records(engine, [made(100)])
    second = page(engine, Wanted(), 30, first.next)
    assert len({each.inspection_id for each in (*first.records, *second.records)}) == len(records)


@pytest.mark.usefixtures("records")
def test_the_inspections_of_a_part_are_those_of_all_its_products(engine: Engine) -> None:
    found = newest_of_part(engine, "part 2")
    assert {each.product_id for each in found} == {"plate", "nut"}
    assert len(found) == 6
    assert {each.product_id for each in newest_of_part(engine, "part 2", frozenset({"nut"}))} == {"nut"}


def test_what_is_not_there_is_none(engine: Engine) -> None:
    assert record(engine, "00000000-0000-0000-0000-000000000000") is None
