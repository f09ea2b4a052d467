"""What belongs to a store in Redis as a whole: its record, its opening."""

from redis import Redis
from redis.client import Pipeline

from app.storage.compare_and_set import to_default
from app.storage.documents import STORE_FORMAT, StoreRecord
from app.storage.documents_json import encode, intact
from app.storage.epoch import newer_record
from app.storage.redis import keys
from app.storage.redis.connection import address, explained, fetch, transaction
from app.storage.redis.deleted import remove_expired, remove_orphans
from app.storage.redis.quarantine import quarantine
from app.storage.refusals import other_format


def open_store(client: Redis) -> None:
    """Refuse a store of another format, make one where there is none, remove what dead processes left.

    ConfigurationError for another format.
    """
    record = read_record(client)
    if record is None and not client.exists(keys.PRODUCTS):
        client.set(keys.STORE, encode(StoreRecord()), nx=True)
    if record is not None and record.format != STORE_FORMAT:
        raise other_format(address(client), record.format, STORE_FORMAT)
    remove_expired(client)
    remove_orphans(client)


def read_record(client: Redis) -> StoreRecord | None:
    """The record of the store; None when it is lost."""
    data = fetch(client, keys.STORE)
    record = None if data is None else intact(StoreRecord, data)
    if data is not None and record is None:
        quarantine(client, keys.STORE, lambda found: found == data)
    return record


def write_default(client: Redis, name: str) -> None:
    """Let `name` be the default backbone."""
    read_record(client)

    def change(pipe: Pipeline, _: bool) -> None:
        _queue(pipe, to_default(name, _held_record(pipe)))

    transaction(client, [keys.STORE], change)


def bring_back_record(client: Redis, record: StoreRecord) -> bool:
    """Store this record where Redis has none or knows an older default backbone; whether it had."""

    def change(pipe: Pipeline, _: bool) -> bool:
        if not newer_record(record, _held_record(pipe)):
            return False
        _queue(pipe, record)
        return True

    with explained(client):
        read_record(client)
        return transaction(client, [keys.STORE], change)


def _held_record(client: Redis) -> StoreRecord | None:
    data = fetch(client, keys.STORE)
    return None if data is None else intact(StoreRecord, data)


def _queue(pipe: Pipeline, record: StoreRecord) -> None:
    pipe.multi()
    pipe.set(keys.STORE, encode(record))
    pipe.publish(keys.CHANGES, "")
