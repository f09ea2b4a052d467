"""Records of inspections in JSON and CSV."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.parsing.number import LARGEST_NUMBER
from app.api.schemas.caller_ids import CallerId
from app.api.schemas.products import PRODUCT_ID
from app.service.records.records import Part, PartVerdict
from app.service.verdicts.verdict import Flag, Verdict
from app.storage.records.finding import Cursor, Wanted
from app.storage.records.reading import Page
from app.storage.records.record import InspectionRecord, PicturesKept, Truth, microseconds

CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})")
LAST_YEAR = 9999
"""Its last day is no more in every time zone."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "inspection_id", "created_at", "product_id", "part_id", "meas_id", "station_id", "verdict", "score", "threshold",
    "calibration", "bank_version", "backbone", "engine", "precision", "flags", "sha256", "width", "height", "key",
    "request_id", "pictures", "metadata", "truth",
)  # fmt: skip
"""Of a CSV export, in order."""


def _cursor(given: object) -> object:
    if isinstance(given, str) and (found := CURSOR.fullmatch(given)):
        return Cursor(int(found[1]), int(found[2]))
    raise ValueError("give `next_cursor` of the page before, as it is")


def _moment(given: object) -> object:
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("give a time with its zone, as 2026-11-28T06:00:00Z; a + in a query is written %2B")
    if not 1970 <= moment.year < LAST_YEAR:
        raise ValueError(f"give a time from 1970 to before {LAST_YEAR}")
    return moment


Moment = Annotated[datetime, BeforeValidator(_moment)]
PageLimit = Annotated[int, Field(ge=1, le=1000, description="Most entries in one answer.")]
PageCursor = Annotated[
    Cursor | None,
    BeforeValidator(_cursor),
    Field(description="`next_cursor` of the page before.", json_schema_extra={"type": "string"}),
]


def next_cursor(after: Cursor | None) -> str | None:
    """As a page tells it."""
    return f"{after.at_us}-{after.number}" if after else None


class RecordsQuery(BaseModel):
    """Which inspections: those for which all of it holds."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    product_id: str | None = Field(default=None, pattern=PRODUCT_ID, description="Of this product.")
    part_id: CallerId | None = Field(default=None, description="Of this part.")
    station_id: CallerId | None = Field(default=None, description="Of this camera or station.")
    verdict: Verdict | None = Field(default=None, description="With this verdict.")
    flag: Flag | None = Field(default=None, description="With this flag.")
    truth: Truth | Literal["none"] | None = Field(default=None, description="Called so since; `none`: not judged.")
    bank_version: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER, description="By this bank version.")
    from_: Moment | None = Field(default=None, alias="from", description="Not before, with its zone.")
    to: Moment | None = Field(default=None, description="Before, with its zone.")
    min_score: float | None = Field(default=None, allow_inf_nan=False, description="Scores from here.")
    max_score: float | None = Field(default=None, allow_inf_nan=False, description="Scores up to here.")

    def wanted(self, products: frozenset[str] | None) -> Wanted:
        """`products`: those that the caller may see; None: all."""
        return Wanted(
            product_id=self.product_id,
            products=products,
            part_id=self.part_id,
            station_id=self.station_id,
            verdict=self.verdict,
            flag=self.flag,
            truth=self.truth,
            bank_version=self.bank_version,
            from_us=microseconds(self.from_) if self.from_ else None,
            to_us=microseconds(self.to) if self.to else None,
            least_score=self.min_score,
            most_score=self.max_score,
        )


class RecordPageQuery(RecordsQuery):
    """A page of them."""

    limit: PageLimit = 100
    cursor: PageCursor = None


class RecordBody(BaseModel):
    """One inspection as it was answered, without its heatmap. `pictures`: whether they were kept, and still are. `key`:
    name and id of the caller's key; `details`: what the answer told besides (regions, likeness, timings, the promise);
    `truth`: what the part is, as the newest feedback says, null where nobody has judged it."""

    inspection_id: str
    created_at: str
    product_id: str
    part_id: str | None
    meas_id: str | None
    station_id: str | None
    metadata: dict[str, str | int | float | bool]
    verdict: str
    score: float
    threshold: float | None
    calibration: str
    bank_version: int
    backbone: str
    engine: str
    precision: str
    flags: list[str]
    sha256: str
    width: int
    height: int
    key: str
    request_id: str
    pictures: PicturesKept
    details: dict[str, Any]
    truth: Truth | None

    @classmethod
    def of(cls, record: InspectionRecord) -> Self:
        same = {name: getattr(record, name) for name in cls.model_fields if name not in ("created_at", "key")}
        created_at = record.at.astimezone(UTC).isoformat(timespec="microseconds")
        return cls.model_validate(same | {"created_at": created_at, "key": record.key_name, "flags": [*record.flags]})


class RecordPage(BaseModel):
    """Inspections, the newest first; `next_cursor` is null on the last page."""

    inspections: list[RecordBody]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page) -> Self:
        return cls(inspections=[RecordBody.of(each) for each in page.records], next_cursor=next_cursor(page.next))


class PartBody(BaseModel):
    """A part over all products and cameras. `verdict`: the worst of the newest inspection of each product (`not_ok`,
    then `not_decidable`, then `ok`), but `not_ok` instead of `ok` where the newest judged inspection of a product was
    called bad (`truth`); `incomplete` instead of `ok` where a required product is `missing`, `hidden` products (the key
    is not for them) have inspected it too, or records are `waiting` to be written, or were lost."""

    part_id: str
    verdict: PartVerdict
    truth: Truth | None
    missing: list[str]
    hidden: int
    waiting: bool
    newest: list[RecordBody]
    inspections: list[RecordBody]

    @classmethod
    def of(cls, part: Part) -> Self:
        newest, every = ([RecordBody.of(each) for each in some] for some in (part.newest, part.inspections))
        same = {name: getattr(part, name) for name in ("part_id", "verdict", "truth", "missing", "hidden", "waiting")}
        return cls(**same, newest=newest, inspections=every)


def csv_lines(records: Iterable[InspectionRecord]) -> Iterator[str]:
    """A table, its head first. No cell begins a formula: one that would has an apostrophe before it."""
    yield _csv_line(COLUMNS)
    for each in records:
        body = RecordBody.of(each)
        cells = body.model_dump(include=set(COLUMNS)) | {"flags": " ".join(body.flags)}
        cells["metadata"] = json.dumps(body.metadata, ensure_ascii=False)
        yield _csv_line(cells[name] for name in COLUMNS)


def json_lines(records: Iterable[InspectionRecord]) -> Iterator[str]:
    """One object a line."""
    for each in records:
        yield RecordBody.of(each).model_dump_json() + "\n"


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_safe(cell) for cell in cells])
    return line.getvalue()


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
