"""Who changed what: each change over the API, before it is made, and how it ended."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.errors import InspectorError, InvalidProductId, ProductNotFound, RecordsOff
from app.storage.active_bank import active_bank
from app.storage.records.changes.change import Change, ChangeEnd
from app.storage.records.changes.reader import ChangePage, WantedChanges
from app.storage.records.finding import Cursor
from app.storage.records.record import MOST_ID, microseconds
from app.storage.records.store import Records
from app.storage.store import Catalog


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to change. `action`: the operation's name; `request`: its method, path and query; `by`: who
    that is, as the caller says."""

    action: str
    request: str
    product_id: str | None
    key_name: str
    by: str | None
    request_id: str


class ChangeService:
    """Keeps what is changed, and finds it."""

    def __init__(self, catalog: Catalog, records: Records | None) -> None:
        self._catalog, self._kept = catalog, records

    def begun(self, asked: Asked) -> Change | None:
        """Put on record what is about to be changed; None where nothing is kept.

        As an inspection's, the record waits on the disk while the database is away: what has to be changed then can be.
        """
        if self._kept is None:
            return None
        change = Change(
            change_id=str(uuid4()),
            at_us=microseconds(datetime.now(UTC)),
            action=asked.action,
            request=asked.request,
            product_id=asked.product_id,
            key_name=asked.key_name[:MOST_ID],
            by=asked.by,
            request_id=asked.request_id,
            before=self._state(asked.product_id),
        )
        self._kept.writer.keep(change)
        return change

    def ended(self, change: Change, error: str | None) -> None:
        """Put on record how it ended. `error`: its code; None: it was made."""
        if self._kept is not None:
            at_us, after = microseconds(datetime.now(UTC)), self._state(change.product_id)
            self._kept.writer.keep(ChangeEnd(change.change_id, at_us, error, after))

    def page(self, wanted: WantedChanges, limit: int, after: Cursor | None) -> ChangePage:
        """The newest first. RecordsOff, StorageUnavailable."""
        if self._kept is None:
            raise RecordsOff("Changes are not kept on record here. Set INSPECTOR_RECORDS to on and start again.")
        return self._kept.changes.page(wanted, limit, after)

    def _state(self, product_id: str | None) -> dict[str, Any] | None:
        """What a product is now; None: there is none."""
        if product_id is None:
            return None
        try:
            product = self._catalog.product(product_id)
            manifest = active_bank(self._catalog, product_id)[1]
        except (ProductNotFound, InvalidProductId):
            return None
        except InspectorError as error:
            return {"problem": error.code}
        good = product.calibration.good
        return {
            "display_name": product.display_name,
            "metadata": dict(product.metadata),
            "settings": asdict(product.settings),
            "bank_version": manifest.version if manifest else None,
            "reference_count": len(manifest.references) if manifest else 0,
            "calibration_images": {"good": good, "bad": len(product.calibration.images) - good},
            "revision": product.revision,
        }
