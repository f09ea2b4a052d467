"""All documents of a product in Redis as they stand, for the copy of them on a volume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from redis import Redis
from redis.client import Pipeline

from app.storage.epoch import Known, known_of
from app.storage.redis import keys
from app.storage.redis.bank_history import documents_of
from app.storage.redis.connection import explained, fetch_field, fetch_together, transaction
from app.storage.refusals import differs_in_case


@dataclass(frozen=True, slots=True)
class ProductState:
    """The documents as bytes, None where they are missing, and which versions have a manifest."""

    product: bytes | None
    pointer: bytes | None
    versions: frozenset[int]

    @property
    def known(self) -> Known:
        return known_of(self.product, self.pointer)


def read_state(client: Redis, product_id: str) -> ProductState | None:
    """The documents as they were at one moment; None when there is no such product."""
    with explained(client), client.pipeline() as pipe:
        for key in (keys.birth, keys.product, keys.pointer):
            pipe.get(key(product_id))
        pipe.hkeys(keys.banks(product_id))
        birth, product, pointer, versions = pipe.execute()
    return None if birth is None else ProductState(product, pointer, frozenset(map(int, versions)))


def known_in_redis(client: Redis, product_id: str) -> Known | None:
    """What Redis knows of a product; None when there is none."""
    with explained(client):
        birth, *documents = fetch_together(
            client, keys.birth(product_id), keys.product(product_id), keys.pointer(product_id)
        )
    return None if birth is None else known_of(*documents)


def read_manifests(client: Redis, product_id: str, versions: Sequence[int]) -> dict[int, bytes]:
    """The manifests of those versions that are kept, as they are stored."""
    if not versions:
        return {}
    with explained(client):
        found = cast("list[bytes | None]", client.hmget(keys.banks(product_id), list(map(str, versions))))
    return {version: data for version, data in zip(versions, found, strict=True) if data is not None}


def bring_back(
    client: Redis, product_id: str, product: bytes | None, pointer: bytes, manifests: Mapping[int, bytes]
) -> bool:
    """Store these documents where Redis has older ones or none; whether it had. Conflict for another case of the id."""
    known = known_of(product, pointer)

    def change(pipe: Pipeline, _: bool) -> bool:
        taken = fetch_field(pipe, keys.PRODUCTS, keys.folded(product_id))
        if taken is not None and taken.decode() != product_id:
            raise differs_in_case(product_id, taken.decode())
        birth, *documents = fetch_together(
            pipe, keys.birth(product_id), keys.product(product_id), keys.pointer(product_id)
        )
        found = None if birth is None else known_of(*documents)
        if not known.newer(found):
            return False
        pipe.multi()
        if found is None:
            pipe.set(keys.birth(product_id), uuid4().hex)
            pipe.hset(keys.PRODUCTS, keys.folded(product_id), product_id)
        if product is not None and known.newer_settings(found):
            pipe.set(keys.product(product_id), product)
        if known.newer_banks(found):
            pipe.set(keys.pointer(product_id), pointer)
            pipe.delete(keys.banks(product_id))
            if manifests:
                pipe.hset(keys.banks(product_id), mapping={str(version): data for version, data in manifests.items()})
        pipe.publish(keys.CHANGES, product_id)
        return True

    with explained(client):
        return transaction(client, [keys.PRODUCTS, *documents_of(product_id)], change)
