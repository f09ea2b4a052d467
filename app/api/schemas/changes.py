"""Records of changes in JSON."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.products import PRODUCT_ID
from app.api.schemas.records import Moment, PageCursor, PageLimit, next_cursor
from app.storage.records.changes.reader import ChangePage, KeptChange, WantedChanges
from app.storage.records.record import microseconds, moment

Outcome = Literal["made", "failed", "unknown"]


class ChangesQuery(BaseModel):
    """Which changes: those for which all of it holds; a page of them."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    product_id: str | None = Field(default=None, pattern=PRODUCT_ID, description="Of this product.")
    action: str | None = Field(default=None, max_length=64, description="Of this operation, as `change_product`.")
    from_: Moment | None = Field(default=None, alias="from", description="Not before, with its zone.")
    to: Moment | None = Field(default=None, description="Before, with its zone.")
    limit: PageLimit = 100
    cursor: PageCursor = None

    def wanted(self, products: frozenset[str] | None) -> WantedChanges:
        """`products`: those that the caller may see; None: all."""
        return WantedChanges(
            product_id=self.product_id,
            products=products,
            action=self.action,
            from_us=microseconds(self.from_) if self.from_ else None,
            to_us=microseconds(self.to) if self.to else None,
        )


class ChangeBody(BaseModel):
    """A change over the API. `action`: the operation; `request`: its method, path and query; `key`: name and id of the
    caller's key, `by`: who that was, as the caller said. `outcome`: `made`; `failed`, with the code of the `error`;
    `unknown` while it is being made, and for ever where the process ended meanwhile. `before` and `after`: the product,
    of a change that was made only what differs; null where there was none, or nobody knows."""

    change_id: str
    created_at: str
    product_id: str | None
    action: str
    request: str
    key: str
    by: str | None
    request_id: str
    outcome: Outcome
    error: str | None
    ended_at: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, change: KeptChange) -> Self:
        asked, end = change.asked, change.end
        before, after = _differences(asked.before, end.after if end else None)
        outcome: Outcome = "unknown" if end is None else "failed" if end.error else "made"
        return cls(
            change_id=asked.change_id,
            created_at=_told(asked.at_us),
            product_id=asked.product_id,
            action=asked.action,
            request=asked.request,
            key=asked.key_name,
            by=asked.by,
            request_id=asked.request_id,
            outcome=outcome,
            error=end.error if end else None,
            ended_at=_told(end.at_us) if end else None,
            before=before,
            after=after,
        )


class ChangesPage(BaseModel):
    """Changes, the newest first; `next_cursor` is null on the last page."""

    changes: list[ChangeBody]
    next_cursor: str | None

    @classmethod
    def of(cls, page: ChangePage) -> Self:
        return cls(changes=[ChangeBody.of(each) for each in page.changes], next_cursor=next_cursor(page.next))


def _told(at_us: int) -> str:
    return moment(at_us).isoformat(timespec="microseconds")


def _differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both, without what is the same in both; whole where there is one of them only."""
    if before is None or after is None:
        return None if before is None else dict(before), None if after is None else dict(after)
    was, became = {}, {}
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            old, new = _differences(old, new)
        if old != new:
            was[name], became[name] = old, new
    return was, became
