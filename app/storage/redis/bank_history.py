"""The bank versions of a product in Redis, and the pointer to the one that serves."""

import logging
from collections.abc import Callable
from typing import TypeVar

from redis import Redis
from redis.client import Pipeline

from app.storage.compare_and_set import to_recovered
from app.storage.documents import BankManifest, BankPointer
from app.storage.documents_json import DocumentDamaged, encode, intact
from app.storage.redis import keys
from app.storage.redis.connection import fetch_field, fetch_fields, fetch_together, transaction
from app.storage.redis.quarantine import keep, quarantine_field
from app.storage.refusals import product_not_found

T = TypeVar("T")

logger = logging.getLogger(__name__)


def read_pointer(client: Redis, product_id: str) -> BankPointer:
    """The pointer; ProductNotFound. A lost one is replaced by one without an active version."""
    try:
        return held_pointer(client, product_id)
    except DocumentDamaged:
        return transaction(client, documents_of(product_id), lambda pipe, _: _recovered_pointer(pipe, product_id))


def held_pointer(client: Redis, product_id: str) -> BankPointer:
    """The pointer; ProductNotFound; DocumentDamaged, also when it is missing."""
    birth, data = fetch_together(client, keys.birth(product_id), keys.pointer(product_id))
    if birth is None:
        raise product_not_found(product_id)
    pointer = None if data is None else intact(BankPointer, data)
    if pointer is None:
        raise DocumentDamaged
    return pointer


def move_pointer(pipe: Pipeline, product_id: str, pointer: BankPointer) -> BankPointer:
    """Queue the change of the pointer and its announcement."""
    pipe.set(keys.pointer(product_id), encode(pointer))
    pipe.publish(keys.CHANGES, product_id)
    return pointer


def change_banks(client: Redis, product_id: str, change: Callable[[Pipeline, bool], T]) -> T:
    """A transaction on all documents of a product. `change` may raise DocumentDamaged for a damaged pointer."""
    while True:
        try:
            return transaction(client, documents_of(product_id), change)
        except DocumentDamaged:
            read_pointer(client, product_id)


def list_versions(client: Redis, product_id: str, latest: int) -> list[int]:
    """The versions that are kept, ascending."""
    versions = (int(field) for field in fetch_fields(client, keys.banks(product_id)))
    return sorted(version for version in versions if version <= latest)


def read_manifest(client: Redis, product_id: str, version: int) -> BankManifest | None:
    """None when there is none. DocumentDamaged, once: the damaged manifest is moved away."""
    data = fetch_field(client, keys.banks(product_id), str(version))
    manifest = None if data is None else intact(BankManifest, data)
    if data is not None and manifest is None:
        quarantine_field(client, keys.banks(product_id), str(version), data)
        raise DocumentDamaged
    return manifest


def _recovered_pointer(pipe: Pipeline, product_id: str) -> BankPointer:
    try:
        return held_pointer(pipe, product_id)
    except DocumentDamaged:
        [damaged] = fetch_together(pipe, keys.pointer(product_id))
    versions = sorted(map(int, fetch_fields(pipe, keys.banks(product_id))))
    logger.error("product %s: which bank version serves is lost; activate one of %s", product_id, versions)
    pipe.multi()
    if damaged is not None:
        keep(pipe, keys.pointer(product_id), damaged)
    return move_pointer(pipe, product_id, to_recovered(versions))


def documents_of(product_id: str) -> list[str]:
    """The keys of a product's documents."""
    return [key(product_id) for key in (keys.birth, keys.product, keys.pointer, keys.banks)]
