"""The catalogue in Redis: which products there are, their bank versions, and which version serves."""

import logging

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from app.errors import ProductNotFound
from app.storage.compare_and_set import (
    kept_manifest,
    require_pointer,
    require_publishable,
    surplus,
    to_activated,
    to_published,
)
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.documents_json import encode
from app.storage.redis import keys
from app.storage.redis.bank_history import (
    change_banks,
    held_pointer,
    list_versions,
    move_pointer,
    read_manifest,
    read_pointer,
)
from app.storage.redis.connection import address, explained, fetch_field
from app.storage.redis.deleted import (
    bring_back,
    newest_deletion,
    put_aside,
    remove_blobs,
    remove_deleted,
    remove_expired,
)
from app.storage.redis.product_documents import (
    add_product,
    change_product,
    delete_product,
    held_product,
    list_products,
    read_product,
)
from app.storage.redis.store import open_store, read_record, write_default
from app.storage.refusals import bank_removed, default_backbone_lost
from app.storage.store import Catalog

logger = logging.getLogger(__name__)


class RedisCatalog(Catalog):
    """The products and bank versions in one Redis. Safe for many threads and processes.

    Every change is announced on the channel in the same transaction. What a method has changed survives a power cut
    once it returns, if Redis is durable (`app.storage.redis.durability`).
    """

    def __init__(self, client: Redis) -> None:
        """Open the store; make it where there is none. ConfigurationError when another release wrote it."""
        self._client = client
        with explained(client):
            open_store(client)

    @property
    def client(self) -> Redis:
        return self._client

    def default_backbone(self) -> str | None:
        with explained(self._client):
            record = read_record(self._client)
        if record is None:
            raise default_backbone_lost(address(self._client))
        return record.default_backbone

    def set_default_backbone(self, name: str) -> None:
        with explained(self._client):
            write_default(self._client, name)

    def product_ids(self) -> list[str]:
        with explained(self._client):
            return list_products(self._client)

    def create(self, product: Product) -> None:
        with explained(self._client):
            add_product(self._client, product)

    def product(self, product_id: str) -> Product:
        with explained(self._client):
            return read_product(self._client, product_id)

    def replace(self, product: Product) -> Product:
        with explained(self._client):
            return change_product(self._client, product)

    def delete(self, product_id: str, *, purge: bool = False) -> None:
        with explained(self._client):
            remove_expired(self._client)
            if not purge:
                put_aside(self._client, product_id)
                return
            try:
                birth = delete_product(self._client, product_id)
            except ProductNotFound:
                deletion = newest_deletion(self._client, product_id)
                if deletion is None:
                    raise
                remove_deleted(self._client, deletion)
                return
        try:
            remove_blobs(self._client, birth)
        except RedisError as error:
            # The product is deleted by now. What cannot be removed here goes when the store is opened next.
            logger.warning("blobs of the deleted product %s remain until the next start (%s)", product_id, error)

    def restore(self, product_id: str) -> None:
        with explained(self._client):
            bring_back(self._client, product_id)

    def secure(self, product_id: str) -> None:
        """ProductNotFound. Nothing is to be done: a durable Redis tells nobody what is not on its disk yet."""
        self.pointer(product_id)

    def pointer(self, product_id: str) -> BankPointer:
        with explained(self._client):
            return read_pointer(self._client, product_id)

    def manifest(self, product_id: str, version: int) -> BankManifest:
        with explained(self._client):
            return kept_manifest(self, product_id, version, lambda: read_manifest(self._client, product_id, version))

    def versions(self, product_id: str) -> list[int]:
        latest = self.pointer(product_id).latest
        with explained(self._client):
            return list_versions(self._client, product_id, latest)

    def publish(
        self,
        product_id: str,
        manifest: BankManifest,
        expected: BankPointer,
        *,
        made_for: Product | None = None,
        serves: bool = True,
    ) -> BankPointer:
        pointer = to_published(manifest, expected, serves=serves)
        document, field = encode(manifest), str(manifest.version)

        def change(pipe: Pipeline, unanswered: bool) -> BankPointer:
            held = held_pointer(pipe, product_id)
            if unanswered and held == pointer and fetch_field(pipe, keys.banks(product_id), field) == document:
                return pointer
            require_publishable(product_id, held, expected, made_for, lambda: held_product(pipe, product_id))
            pipe.multi()
            pipe.hset(keys.banks(product_id), field, document)
            return move_pointer(pipe, product_id, pointer)

        with explained(self._client):
            return change_banks(self._client, product_id, change)

    def activate(self, product_id: str, version: int, expected: BankPointer) -> BankPointer:
        self.manifest(product_id, version)
        pointer = to_activated(version, expected)

        def change(pipe: Pipeline, unanswered: bool) -> BankPointer:
            held = held_pointer(pipe, product_id)
            if unanswered and held == pointer:
                return pointer
            require_pointer(product_id, held, expected)
            if not pipe.hexists(keys.banks(product_id), str(version)):
                raise bank_removed(product_id, version)
            pipe.multi()
            return move_pointer(pipe, product_id, pointer)

        with explained(self._client):
            return change_banks(self._client, product_id, change)

    def prune(self, product_id: str, keep_versions: int) -> list[int]:

        def change(pipe: Pipeline, _: bool) -> list[int]:
            pointer = held_pointer(pipe, product_id)
            versions = list_versions(pipe, product_id, pointer.latest)
            removed = surplus(versions, keep_versions, pointer.active)
            if removed:
                pipe.multi()
                pipe.hdel(keys.banks(product_id), *map(str, removed))
                pipe.publish(keys.CHANGES, product_id)
            return removed

        with explained(self._client):
            return change_banks(self._client, product_id, change)
