"""The record of a store that Redis coordinates: Redis decides, the volume keeps a copy."""

from redis import Redis

from app.storage.coordinated.copy import in_force, redis_outdated
from app.storage.disk.durable import read_if_present, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import store_lock
from app.storage.documents import StoreRecord
from app.storage.documents_json import encode, intact
from app.storage.epoch import newer_record
from app.storage.redis.connection import address, explained
from app.storage.redis.store import read_record, write_default
from app.storage.refusals import default_backbone_lost


class CoordinatedRecord:
    """All methods raise StorageOutdated where the volume knows a later default backbone than Redis."""

    def __init__(self, layout: StoreLayout, client: Redis) -> None:
        self._layout = layout
        self._client = client

    def default_backbone(self) -> str | None:
        """The backbone that `default` stands for; None before it was chosen. ConfigurationError when it is lost."""
        record = self._current()
        if record is None:
            raise default_backbone_lost(address(self._client))
        return record.default_backbone

    def set_default_backbone(self, name: str) -> None:
        with store_lock(self._layout):
            # An outdated Redis must not go on from where it is: its revisions would reach that of the copy again.
            self._current()
            with explained(self._client):
                write_default(self._client, name)
            with in_force("The new default backbone"):
                self._write_copy()

    def mirror(self) -> None:
        """Bring the copy up to what Redis holds."""
        with store_lock(self._layout):
            self._write_copy()

    def _write_copy(self) -> None:
        record = self._current()
        if record is not None and record != self._copied():
            write_durably(self._layout.store, encode(record))

    def _current(self) -> StoreRecord | None:
        """The record in Redis; None when it is lost there and on the volume."""
        copied = self._copied()  # first: it never runs ahead of Redis
        with explained(self._client):
            found = read_record(self._client)
        if newer_record(copied, found):
            raise redis_outdated("a later default backbone")
        return found

    def _copied(self) -> StoreRecord | None:
        data = read_if_present(self._layout.store)
        return None if data is None else intact(StoreRecord, data)
