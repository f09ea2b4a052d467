from uuid import uuid4

import pytest
from sqlalchemy import Engine

from app.storage.records.changes.change import Change, ChangeEnd
from app.storage.records.changes.reader import ChangeReader, KeptChange, WantedChanges
from app.storage.records.kept import kept_of_line
from app.storage.records.writing import write_records
from tests.storage.records.records import made


def asked(number: int = 0, product_id: str | None = "plate", action: str = "change_product") -> Change:
    """The larger the number, the newer."""
    return Change(
        change_id=str(uuid4()), at_us=1_790_000_000_000_000 + 1_000_000 * number, action=action,
        request=f"PATCH /products/{product_id}", product_id=product_id, key_name="line 1 (ab12)", by=None,
        request_id="r-1", before={"settings": {"alpha": 0.05}},
    )  # fmt: skip


def ended(change: Change, error: str | None = None) -> ChangeEnd:
    return ChangeEnd(change.change_id, change.at_us + 5, error, {"settings": {"alpha": 0.01}})


def found(engine: Engine, wanted: WantedChanges = WantedChanges()) -> list[Change]:  # noqa: B008
    return [each.asked for each in ChangeReader(engine).page(wanted, 10).changes]


def test_a_change_is_found_with_its_end(engine: Engine) -> None:
    change, end = asked(), ended(asked())
    end = ChangeEnd(change.change_id, end.at_us, None, None)
    write_records(engine, [change, made(1), end])
    assert ChangeReader(engine).page(WantedChanges(), 10).changes == (KeptChange(change, end),)


def test_a_change_without_an_end_is_found(engine: Engine) -> None:
    write_records(engine, [change := asked()])
    assert ChangeReader(engine).page(WantedChanges(), 10).changes == (KeptChange(change, None),)


def test_a_change_is_kept_once_and_as_it_was_first(engine: Engine) -> None:
    change = asked()
    for error in (None, "conflict"):
        write_records(engine, [change, ended(change, error)])
    (kept,) = ChangeReader(engine).page(WantedChanges(), 10).changes
    assert kept == KeptChange(change, ended(change))


def test_pages_of_changes_are_newest_first_and_join(engine: Engine) -> None:
    several = [asked(number // 2) for number in range(5)]
    write_records(engine, several)
    reader = ChangeReader(engine)
    first = reader.page(WantedChanges(), 3)
    second = reader.page(WantedChanges(), 3, first.next)
    names = [each.asked.change_id for each in (*first.changes, *second.changes)]
    assert sorted(names) == sorted(each.change_id for each in several)
    assert (names[0], second.next) == (several[4].change_id, None)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (WantedChanges(product_id="plate"), [0, 2]),
        (WantedChanges(products=frozenset({"cover"})), [1]),
        (WantedChanges(action="delete_product"), [2]),
        (WantedChanges(from_us=1_790_000_001_000_000), [1, 2, 3]),
        (WantedChanges(to_us=1_790_000_001_000_000), [0]),
    ],
)
def test_changes_are_found_by_what_is_asked_for(engine: Engine, wanted: WantedChanges, numbers: list[int]) -> None:
    several = [asked(0), asked(1, "cover"), asked(2, action="delete_product"), asked(3, None)]
    write_records(engine, several)
    assert found(engine, wanted) == [several[number] for number in reversed(numbers)]


def test_a_change_and_its_end_come_back_from_their_lines() -> None:
    change = asked()
    assert kept_of_line(change.line()) == change
    assert kept_of_line(ended(change).line()) == ended(change)


@pytest.mark.parametrize("line", [b'{"kind":"change"}', b'{"kind":"else","change_id":"1"}', b'{"kind":"chan', b"[1]"])
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        kept_of_line(line)
