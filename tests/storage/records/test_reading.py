from collections import Counter
from typing import Any, get_args

import pytest
from sqlalchemy import Engine

from app.errors import StorageUnavailable
from app.service.verdicts.verdict import Flag
from app.storage.records import finding
from app.storage.records.finding import Wanted
from app.storage.records.reading import RecordReader
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
            truth=(None, None, None, "good", "bad")[number % 5],
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
    "truth": ({"truth": "bad"}, lambda each: each.truth == "bad"),
    "truth and a flag": ({"truth": "bad", "flag": "drift"}, lambda each: each.truth == "bad" and "drift" in each.flags),
    "a flag, no truth": ({"truth": "none", "flag": "drift"}, lambda each: not each.truth and "drift" in each.flags),
    "truth of a part": (
        {"truth": "good", "part_id": "part 3"}, lambda each: each.truth == "good" and each.part_id == "part 3"
    ),
    "no truth": ({"truth": "none", "product_id": "nut"}, lambda each: each.truth is None and each.product_id == "nut"),
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
    "many products": (
        {"products": frozenset({"nut", "plate", "lid"}), "flag": "drift"},
        lambda each: "drift" in each.flags,
    ),
    "product of another key": ({"product_id": "nut", "products": frozenset({"plate"})}, lambda each: each is None),
    "flag and bank": (
        {"flag": "edge_unseen", "bank_version": 1},
        lambda each: "edge_unseen" in each.flags and each.bank_version == 1,
    ),
    "score and verdict": (
        {"least_score": 2.0, "verdict": "ok"},
        lambda each: each.score >= 2.0 and each.verdict == "ok",
    ),
    "part, station and score": (
        {"part_id": "part 4", "station_id": "a", "most_score": 2.0},
        lambda each: each.part_id == "part 4" and each.station_id == "a" and each.score <= 2.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("few", "most_products"), [(0, 1), (5, 3), (15_000, 20)])
@pytest.mark.parametrize("name", CONDITIONS)
def test_pages_hold_what_was_asked_for_the_newest_first_by_whichever_way(
    engine: Engine,
    records: list[InspectionRecord],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    few: int,
    most_products: int,
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    monkeypatch.setattr(finding, "MOST_PRODUCTS", most_products)
    given, holds = CONDITIONS[name]
    expected = sorted((each for each in reversed(records) if holds(each)), key=lambda each: -each.at_us)
    found, after = list[InspectionRecord](), None
    while True:
        part = RecordReader(engine).page(Wanted(**given), 4, after)
        found += part.records
        assert len(part.records) <= 4
        if (after := part.next) is None:
            break
    assert [each.inspection_id for each in found] == [each.inspection_id for each in expected]
    assert list(RecordReader(engine).every(Wanted(**given))) == found


def test_no_flag_is_part_of_another_one() -> None:
    flags = get_args(Flag)
    assert [each for each in flags if any(each in other for other in flags if other != each)] == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_verdicts_are_counted(engine: Engine, records: list[InspectionRecord], name: str) -> None:
    given, holds = CONDITIONS[name]
    expected = Counter(each.verdict for each in records if holds(each))
    assert RecordReader(engine).verdicts(Wanted(**given)) == expected


def test_a_record_that_comes_between_pages_moves_none_of_them(engine: Engine, records: list[InspectionRecord]) -> None:
    first = RecordReader(engine).page(Wanted(), 10)
    write_records(engine, [made(100)])
    second = RecordReader(engine).page(Wanted(), 30, first.next)
    assert len({each.inspection_id for each in (*first.records, *second.records)}) == len(records)


@pytest.mark.usefixtures("records")
def test_of_a_part_the_newest_of_each_product_is_told(engine: Engine) -> None:
    late, early = made(100, part_id="part 2", product_id="nut"), made(-1, part_id="part 2", product_id="lid")
    # Written last, for it waited on the disk, but older than the others.
    write_records(engine, [late])
    write_records(engine, [early, made(50, part_id="part 2", product_id="nut"), made(200, part_id="another")])
    found = RecordReader(engine).newest_of_part("part 2")
    assert [each.product_id for each in found] == ["nut", "plate", "lid"]
    assert [each.inspection_id for each in found[::2]] == [late.inspection_id, early.inspection_id]


def test_a_database_that_cannot_be_read_is_told_as_such(empty: Engine) -> None:
    with pytest.raises(StorageUnavailable, match="cannot be read now"):
        RecordReader(empty).page(Wanted(), 1)


def test_what_is_not_there_is_none(engine: Engine) -> None:
    assert RecordReader(engine).one("00000000-0000-0000-0000-000000000000") is None
