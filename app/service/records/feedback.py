"""What people say of inspected parts, and what that shows beside what was promised."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.engine.verdict.calibration import Threshold
from app.engine.verdict.detection import Detection
from app.engine.verdict.observed import Bounds, Judged, false_alarms, misses
from app.errors import InspectionNotFound, StorageUnavailable
from app.service.records.records import RecordService, inspection_not_found, kept_records
from app.storage.records.feedback import Count, Feedback
from app.storage.records.store import Records

NONE = Judged(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Observed:
    """What feedback shows of some inspections. `verdicts`: how many got each, and how many of these are called good and
    bad. `promised`, of `detection` too: as the newest of them was told; `threshold_changed`: not all of them were
    decided by one."""

    verdicts: dict[str, Judged]
    promised: Threshold | None
    detection: Detection
    threshold_changed: bool

    @property
    def false_alarms(self) -> Bounds:
        return false_alarms(self._of("ok"), self._of("not_ok"))

    @property
    def misses(self) -> Bounds:
        return misses(self._of("ok"), self._of("not_ok"))

    @property
    def exceeded(self) -> bool | None:
        """Whether there are more false alarms than were promised of a single product, both with 95 % confidence. None
        where nothing was promised, or not the same of all."""
        if self.promised is None or self.threshold_changed:
            return None
        return self.false_alarms.low > self.promised.false_alarm_rate_95

    def _of(self, verdict: str) -> Judged:
        return self.verdicts.get(verdict, NONE)


@dataclass(frozen=True, slots=True)
class ObservedFeedback:
    """By bank version and by day (of UTC, counted since 1970), the newest first."""

    versions: dict[int, Observed]
    days: dict[int, Observed]


class FeedbackService:
    """Takes feedback, tells it, and counts it. Everything raises RecordsOff and StorageUnavailable."""

    def __init__(self, records: Records | None, inspections: RecordService) -> None:
        self._kept = records
        self._inspections = inspections

    def give(self, inspection_id: str, said: Feedback, products: frozenset[str] | None = None) -> None:
        """Keep what a person says of an inspection; the newest counts. On return it survives a power cut.

        Raises:
            InspectionNotFound: there is none, or not of one of `products` (None: all).
            StorageUnavailable: its record may still wait to be written.
        """
        records = kept_records(self._kept)
        try:
            self._inspections.one(inspection_id, products)
        except InspectionNotFound:
            state = records.writer.state
            if not state.away and not state.spool_bytes:
                raise
            raise StorageUnavailable(
                f"There is no inspection {inspection_id!r} on record yet, and records still wait on the disk to be "
                "written. Send the feedback again once they are: `inspector_records_spool_bytes` is 0 then."
            ) from None
        if not records.feedback.add(inspection_id, said):
            raise inspection_not_found(inspection_id)

    def of(self, inspection_id: str) -> tuple[Feedback, ...]:
        """All that was said of an inspection, the newest first."""
        return kept_records(self._kept).feedback.of(inspection_id)

    def observed(self, product_id: str, from_us: int, to_us: int) -> ObservedFeedback:
        """Of a product's inspections from `from_us` to before `to_us`."""
        records = kept_records(self._kept)
        counts = records.feedback.counts(product_id, from_us, to_us)
        versions = _grouped(counts, lambda each: each.bank_version)
        days = _grouped(counts, lambda each: each.day)
        told = records.reader.details({_newest(some) for some in (*versions.values(), *days.values())})
        return ObservedFeedback(
            {name: _observed(some, told[_newest(some)]) for name, some in versions.items()},
            {name: _observed(some, told[_newest(some)]) for name, some in days.items()},
        )


def _grouped(counts: Iterable[Count], by: Callable[[Count], int]) -> dict[int, list[Count]]:
    found: dict[int, list[Count]] = defaultdict(list)
    for each in counts:
        found[by(each)].append(each)
    return {name: found[name] for name in sorted(found, reverse=True)}


def _newest(some: Sequence[Count]) -> int:
    return max(each.newest for each in some)


def _observed(some: Sequence[Count], told: Mapping[str, Any]) -> Observed:
    """`told`: what is on record of the newest of them."""
    verdicts: dict[str, Judged] = {}
    for each in some:
        before = verdicts.get(each.verdict, NONE)
        verdicts[each.verdict] = Judged(
            before.inspected + each.inspected, before.good + each.good, before.bad + each.bad
        )
    # What an earlier release has put on record tells nothing of bad parts.
    found = told.get("detection") or {"found": 0, "undecidable": 0, "bad": 0}
    return Observed(
        verdicts,
        promised=Threshold(**told["promise"]) if told.get("promise") else None,
        detection=Detection(found["found"], found["undecidable"], found["bad"]),
        threshold_changed=len({limit for each in some for limit in each.thresholds}) > 1,
    )
