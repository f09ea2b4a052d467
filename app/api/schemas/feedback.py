"""What people say of inspected parts, and what that shows, in JSON."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.api.parsing.text import visible_text
from app.api.schemas.calibration import PromiseBody
from app.api.schemas.caller_ids import CallerId
from app.api.schemas.records import Moment, RecordBody
from app.engine.verdict.observed import Bounds, Judged
from app.errors import InvalidRequest
from app.service.records.feedback import Observed, ObservedFeedback
from app.storage.records.feedback import DAY_US, Feedback
from app.storage.records.record import InspectionRecord, Truth, microseconds, moment

USUAL_DAYS, MOST_DAYS = 30, 366
VERDICTS: tuple[Literal["ok", "not_ok", "not_decidable"], ...] = ("ok", "not_ok", "not_decidable")


def _visible_lines(text: str) -> str:
    visible_text(text.replace("\n", " "))
    return text


class FeedbackGiven(BaseModel):
    """What a person says of an inspected part."""

    model_config = ConfigDict(extra="forbid", strict=True)

    truth: Truth = Field(description="What the part is.")
    comment: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_visible_lines)] | None = None
    by: CallerId | None = Field(default=None, description="Who says so.")


class FeedbackBody(BaseModel):
    """What a person said of an inspection, and when. `by`: who, as the caller names them; `key`: name and id of the key
    that it came with."""

    truth: Truth
    comment: str | None
    by: str | None
    created_at: str
    key: str
    request_id: str

    @classmethod
    def of(cls, said: Feedback) -> Self:
        same = {name: getattr(said, name) for name in ("truth", "comment", "by", "request_id")}
        return cls(**same, created_at=_told(moment(said.at_us)), key=said.key_name)


class JudgedRecordBody(RecordBody):
    """One inspection as it was answered, with all that was said of it, the newest first."""

    feedback: list[FeedbackBody]

    @classmethod
    def of_judged(cls, record: InspectionRecord, said: Iterable[Feedback]) -> Self:
        told = RecordBody.of(record).model_dump()
        return cls(**told, feedback=[FeedbackBody.of(each) for each in said])


class ObservedQuery(BaseModel):
    """Of which time."""

    model_config = ConfigDict(extra="forbid")

    from_: Moment | None = Field(default=None, alias="from", description="Not before; 30 days before `to`.")
    to: Moment | None = Field(default=None, description="Before, with its zone; now.")

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """InvalidRequest where it is none, or too long."""
        end = self.to or now
        begin = self.from_ or end - timedelta(days=USUAL_DAYS)
        if not timedelta() < end - begin <= timedelta(days=MOST_DAYS):
            raise InvalidRequest(f"Give a `from` before `to`, by {MOST_DAYS} days at most.")
        return begin.astimezone(UTC), end.astimezone(UTC)


class JudgedBody(BaseModel):
    """Inspections of one verdict: how many there were, and how many of these people have called `good` and `bad`."""

    model_config = ConfigDict(from_attributes=True)

    inspected: int
    good: int
    bad: int


class JudgedByVerdictBody(BaseModel):
    """Each verdict."""

    ok: JudgedBody
    not_ok: JudgedBody
    not_decidable: JudgedBody


class BoundsBody(BaseModel):
    """A share, 0 to 1: with 95 % confidence from `low` to `high`. `estimate` is null where nothing is known."""

    model_config = ConfigDict(from_attributes=True)

    low: float
    estimate: float | None
    high: float

    @classmethod
    def of(cls, bounds: Bounds) -> Self:
        return cls.model_validate(bounds)


class ObservedBody(BaseModel):
    """What feedback shows of some inspections. `false_alarms`: the share of `not_ok` among the good parts that got a
    verdict; `misses`: the share of `ok` among the bad ones. `promised`: as the newest inspection among them was told,
    null where it was told nothing; `threshold_changed`: not all of them were decided by one threshold; `exceeded`:
    whether there are more false alarms than promised, null where that cannot be said."""

    verdicts: JudgedByVerdictBody
    false_alarms: BoundsBody
    misses: BoundsBody
    promised: PromiseBody | None
    threshold_changed: bool
    exceeded: bool | None


class ObservedVersionBody(ObservedBody):
    """Of the inspections by one bank version."""

    bank_version: int


class ObservedDayBody(ObservedBody):
    """Of the inspections of one day, in UTC."""

    day: str


class ObservedFeedbackBody(BaseModel):
    """What feedback shows beside what was promised, by bank version and by day, the newest first."""

    product_id: str
    from_: str = Field(alias="from")
    to: str
    versions: list[ObservedVersionBody]
    days: list[ObservedDayBody]

    @classmethod
    def of(cls, product_id: str, span: tuple[datetime, datetime], found: ObservedFeedback) -> Self:
        return cls(
            product_id=product_id,
            **{"from": _told(span[0])},
            to=_told(span[1]),
            versions=[
                ObservedVersionBody(bank_version=version, **_observed(each)) for version, each in found.versions.items()
            ],
            days=[
                ObservedDayBody(day=moment(day * DAY_US).date().isoformat(), **_observed(each))
                for day, each in found.days.items()
            ],
        )


def microsecond_span(span: tuple[datetime, datetime]) -> tuple[int, int]:
    return microseconds(span[0]), microseconds(span[1])


def _told(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _observed(found: Observed) -> dict[str, Any]:
    verdicts = {name: JudgedBody.model_validate(found.verdicts.get(name, Judged(0, 0, 0))) for name in VERDICTS}
    return {
        "verdicts": JudgedByVerdictBody(**verdicts),
        "false_alarms": BoundsBody.of(found.false_alarms),
        "misses": BoundsBody.of(found.misses),
        "promised": PromiseBody(**PromiseBody.fields_of(found.promised, found.detection)) if found.promised else None,
        "threshold_changed": found.threshold_changed,
        "exceeded": found.exceeded,
    }
