"""What belongs to a store in Redis as a whole: its record, its opening."""

from redis import Redis

from app.storage.documents import STORE_FORMAT, StoreRecord
from app.storage.documents_json import encode, intact
from app.storage.redis import keys
from app.storage.redis.blob_keys import remove_orphans
from app.storage.redis.connection import address, fetch
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
    remove_orphans(client)


def read_record(client: Redis) -> StoreRecord | None:
    """The record of the store; None when it is lost."""
    data = fetch(client, keys.STORE)
    record = None if data is None else intact(StoreRecord, data)
    if data is not None and record is None:
        quarantine(client, keys.STORE, lambda found: found == data)
    return record


def write_record(client: Redis, record: StoreRecord) -> None:
    with client.pipeline() as pipe:
        pipe.set(keys.STORE, encode(record))
        pipe.publish(keys.CHANGES, "")
        pipe.execute()
