"""What people say of inspected parts: all of it is kept, the newest counts."""

from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.errors import StorageUnavailable
from app.storage.records.database import connected
from app.storage.records.record import Truth
from app.storage.records.tables import feedback, inspections

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Feedback:
    """One word of a person on an inspection. `truth`: what the part is; `by`: who says so, as the caller names them;
    `key_name`: whose key it came with."""

    truth: Truth
    at_us: int
    comment: str | None = None
    by: str | None = None
    key_name: str = "-"
    request_id: str = "-"


@dataclass(frozen=True, slots=True)
class Count:
    """Inspections of one `day` (of UTC, counted since 1970), bank version and verdict: how many there are, how many of
    them are called `good` and `bad`, the least and the most of their `thresholds` (with None: some had none), and the
    number of the `newest`."""

    day: int
    bank_version: int
    verdict: str
    inspected: int
    good: int
    bad: int
    thresholds: frozenset[float | None]
    newest: int


class FeedbackTable:
    """Takes feedback and counts it. Everything raises StorageUnavailable while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, inspection_id: str, said: Feedback) -> bool:
        """Keep a word on an inspection; on return it is durable. False where no such inspection is in the database."""
        try:
            with self._engine.begin() as connection:
                # First of all, for whoever comes at the same moment waits here: the newest word is the one that counts.
                named = inspections.c.inspection_id == inspection_id
                changed = inspections.update().where(named).values(truth=said.truth).returning(inspections.c.number)
                number = connection.execute(changed).scalar_one_or_none()
                if number is not None:
                    connection.execute(feedback.insert(), _row(number, said))
                return number is not None
        except SQLAlchemyError as error:
            raise StorageUnavailable(
                "It is not known whether the feedback was kept: the records' database cannot be used now. Send it "
                "again; to say a thing twice does no harm."
            ) from error

    def of(self, inspection_id: str) -> tuple[Feedback, ...]:
        """All that was said of an inspection, the newest first."""
        joined = feedback.join(inspections, inspections.c.number == feedback.c.number)
        query = select(feedback).select_from(joined).where(inspections.c.inspection_id == inspection_id)
        with connected(self._engine) as connection:
            rows = connection.execute(query.order_by(feedback.c.place.desc())).all()
        return tuple(
            Feedback(row.truth, row.at_us, row.comment, row.said_by, row.key_name, row.request_id) for row in rows
        )

    def counts(self, product_id: str, from_us: int, to_us: int) -> tuple[Count, ...]:
        """Of a product's inspections from `from_us` to before `to_us`."""
        columns = inspections.c
        conditions = (columns.product_id == product_id, columns.at_us >= from_us, columns.at_us < to_us)
        group = ((columns.at_us // DAY_US).label("day"), columns.bank_version, columns.verdict)
        limit = columns.threshold
        limits = (func.count(limit), func.min(limit), func.max(limit), func.max(columns.number))
        inspected = select(*group, func.count(), *limits).where(*conditions).group_by(*group)
        # Named one by one, the truths are looked up in their index, in a tenth of the time.
        called_so = columns.truth.in_(get_args(Truth))
        judged = select(*group, columns.truth, func.count()).where(*conditions, called_so)
        with connected(self._engine) as connection:
            # In this order: what comes between the two must not make more of them judged than there are.
            called = {tuple(row[:4]): row[4] for row in connection.execute(judged.group_by(*group, columns.truth))}
            rows = connection.execute(inspected).all()
        return tuple(
            Count(
                day, version, verdict, count,
                called.get((day, version, verdict, "good"), 0), called.get((day, version, verdict, "bad"), 0),
                frozenset({least, most} | ({None} if decided < count else set())), newest,
            )
            for day, version, verdict, count, decided, least, most, newest in rows
        )  # fmt: skip


def _row(number: int, said: Feedback) -> dict[str, Any]:
    return {
        "number": number,
        "at_us": said.at_us,
        "truth": said.truth,
        "comment": said.comment,
        "said_by": said.by,
        "key_name": said.key_name,
        "request_id": said.request_id,
    }
