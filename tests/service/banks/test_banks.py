"""Loads of banks take the rows and one segment beside them."""

import weakref
from collections.abc import Callable
from typing import Any, get_args

import pytest

from app.engine.bank.bank import Segment
from app.engine.options import RowPrecision
from app.errors import BankDamaged
from app.service.banks import coreset
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.settings import Settings
from app.storage.segments import stored_segment
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.service.conftest import upload

PRODUCT = "flange"
PLAIN = InspectionRequest(heatmap=None)


class Reading:
    """Reads segments for the loads, and knows how many are still in memory at each time."""

    def __init__(self, changed: Callable[[Segment], Segment] = lambda part: part) -> None:
        self._changed = changed
        self._read: list[weakref.ref[Any]] = []
        self.alive: list[int] = []

    def __call__(self, *arguments: Any) -> Segment:
        self.alive.append(sum(rows() is not None for rows in self._read))
        part = self._changed(stored_segment(*arguments))
        self._read.append(weakref.ref(part.rows))
        return part


@pytest.mark.parametrize("precision", get_args(RowPrecision))
@pytest.mark.parametrize("exact_rows", [10**6, 1024])
@pytest.mark.parametrize("coreset_rows", [None, 1100])
def test_a_load_holds_one_segment_at_a_time(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    precision: RowPrecision,
    exact_rows: int,
    coreset_rows: int | None,
) -> None:
    service = tiny_service(settings.model_copy(update={"bank_rows": precision, "exact_rows": exact_rows}))
    service.products.create(PRODUCT, {"coreset": coreset_rows and {"rows": coreset_rows}})
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3, 4)])
    monkeypatch.setattr(coreset, "stored_segment", reading := Reading())
    service.inspection.inspect(PRODUCT, photograph(9), PLAIN)
    service.close()
    assert reading.alive == [0] * 4


def test_a_segment_of_other_rows_than_its_bank_says_is_no_part_of_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.references.add(PRODUCT, [upload(1), upload(2)])
    halved = Reading(lambda part: Segment(part.rows[::2], part.foreground, part.angles_deg, part.grid))
    monkeypatch.setattr(coreset, "stored_segment", halved)
    with pytest.raises(BankDamaged, match="Rebuild the bank"):
        service.inspection.inspect(PRODUCT, photograph(9), PLAIN)
