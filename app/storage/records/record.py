"""One inspection as it is kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

PicturesKept = Literal["kept", "removed", "none", "lost"]
"""Of an inspection's pictures: kept, and since `removed`; never kept; or they could not be written."""

Truth = Literal["good", "bad"]

MOST_ID = 200
"""Characters of a name that callers give."""


Metadata = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """One answered inspection. `at_us`: microseconds since 1970, UTC. `score` may be infinite, but is a number: no
    database has others. `key_name`: whose key it was, never the key. `metadata`: the caller's own, never searched.
    `details`: what is read with one record and never searched (regions, likeness, timings, ...). `media_type`: of the
    photograph, None where an earlier release wrote it. `truth`: what a person has said since, the newest; None: nobody
    has."""

    inspection_id: str
    at_us: int
    product_id: str
    verdict: str
    score: float
    threshold: float | None
    calibration: str
    bank_version: int
    backbone: str
    engine: str
    precision: str
    sha256: str
    width: int
    height: int
    flags: tuple[str, ...]
    part_id: str | None = None
    meas_id: str | None = None
    station_id: str | None = None
    key_name: str = "-"
    request_id: str = "-"
    pictures: PicturesKept = "none"
    media_type: str | None = None
    metadata: Metadata = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    truth: Truth | None = None

    @property
    def name(self) -> str:
        return f"inspection {self.inspection_id}"

    def late(self) -> Self:
        """As it is kept where its caller could not wait for it."""
        return replace(self, flags=(*self.flags, "unrecorded"))

    @property
    def took_ms(self) -> float | None:
        """What the stages took together, up to the record; None where they are not known."""
        timings: Mapping[str, float] | None = self.details.get("timings_ms")
        return None if timings is None else round(sum(timings.values()), 2)

    @property
    def at(self) -> datetime:
        return moment(self.at_us)

    def line(self) -> bytes:
        """The record as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Self:
        """ValueError for what is no such line, one that was cut off included."""
        try:
            values = json.loads(line)
            return cls(**values | {"flags": tuple(values["flags"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a record: {error}") from error


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC; exact."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(at_us: int) -> datetime:
    """Of microseconds since 1970, UTC; exact."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
