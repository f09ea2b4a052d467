"""Deleted products: for a while their documents lie under other names and their blobs stay; then all of it goes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis
from redis.client import Pipeline

from app.storage.documents import BLOB_KINDS
from app.storage.redis import keys
from app.storage.redis.bank_history import documents_of
from app.storage.redis.connection import fetch_field, fetch_list, fetch_together, transaction
from app.storage.redis.product_documents import list_products
from app.storage.refusals import differs_in_case, product_exists, product_not_found
from app.storage.store import RESTORABLE_S

BATCH = 500


@dataclass(frozen=True, slots=True)
class Deletion:
    """A product that was deleted, its birth, under which its blobs lie, and when (Unix ms by the clock of Redis)."""

    product_id: str
    birth: str
    deleted_ms: int

    @property
    def member(self) -> str:
        return f"{self.product_id}:{self.birth}"


def put_aside(client: Redis, product_id: str) -> None:
    """Delete a product so that it can come back. ProductNotFound."""
    births: list[str] = []
    deleted_ms = _time_ms(client)

    def change(pipe: Pipeline, unanswered: bool) -> None:
        [birth] = fetch_together(pipe, keys.birth(product_id))
        if birth is None:
            if unanswered and births:
                return
            raise product_not_found(product_id)
        births.append(birth.decode())
        documents = [each for each in documents_of(product_id)[1:] if pipe.exists(each)]
        pipe.multi()
        pipe.delete(keys.birth(product_id))
        for each in documents:
            pipe.rename(each, keys.put_aside(each, births[-1]))
        pipe.hdel(keys.PRODUCTS, keys.folded(product_id))
        pipe.zadd(keys.DELETED, {f"{product_id}:{births[-1]}": deleted_ms})
        pipe.publish(keys.CHANGES, product_id)

    transaction(client, documents_of(product_id), change)


def bring_back(client: Redis, product_id: str) -> None:
    """Undo the last deletion of this id. ProductNotFound where there is none; Conflict as `add_product`."""
    births: list[str] = []

    def change(pipe: Pipeline, unanswered: bool) -> None:
        taken = fetch_field(pipe, keys.PRODUCTS, keys.folded(product_id))
        [birth] = fetch_together(pipe, keys.birth(product_id))
        if unanswered and birth is not None and birth.decode() in births:
            return
        if taken is not None:
            other = taken.decode()
            raise product_exists(product_id) if other == product_id else differs_in_case(product_id, other)
        deletion = newest_deletion(client, product_id)
        if deletion is None:
            raise product_not_found(product_id)
        births.append(deletion.birth)
        aside = {each: keys.put_aside(each, deletion.birth) for each in documents_of(product_id)[1:]}
        documents = [each for each in aside if pipe.exists(aside[each])]
        pipe.multi()
        pipe.set(keys.birth(product_id), deletion.birth)
        for each in documents:
            pipe.rename(aside[each], each)
        pipe.hset(keys.PRODUCTS, keys.folded(product_id), product_id)
        pipe.zrem(keys.DELETED, deletion.member)
        pipe.publish(keys.CHANGES, product_id)

    transaction(client, [keys.PRODUCTS, keys.DELETED, keys.birth(product_id)], change)


def newest_deletion(client: Redis, product_id: str) -> Deletion | None:
    """The last deletion of this id that can be undone."""
    found = _deletions(client, f"({_oldest_ms(client)}", "+inf")
    return next((each for each in reversed(found) if each.product_id == product_id), None)


def can_come_back(client: Redis, product_id: str, birth: str) -> bool:
    """Whether the product of this birth is deleted and not yet removed."""
    return client.zscore(keys.DELETED, f"{product_id}:{birth}") is not None


def remove_deleted(client: Redis, deletion: Deletion) -> None:
    """Remove a deleted product for good. What a death leaves of its blobs goes when the store is opened next."""
    with client.pipeline() as pipe:
        pipe.zrem(keys.DELETED, deletion.member)
        pipe.delete(*(keys.put_aside(each, deletion.birth) for each in documents_of(deletion.product_id)))
        pipe.execute()
    remove_blobs(client, deletion.birth)


def remove_expired(client: Redis) -> None:
    """Remove what cannot come back any more."""
    for deletion in _deletions(client, "-inf", str(_oldest_ms(client))):
        remove_deleted(client, deletion)


def remove_blobs(client: Redis, birth: str) -> None:
    """Remove the blobs of a deleted product."""
    for kind in BLOB_KINDS:
        index = keys.blobs(birth, kind)
        while digests := fetch_list(client, index, 0, BATCH - 1):
            with client.pipeline() as pipe:
                pipe.unlink(*(keys.blob(birth, kind, digest) for digest in digests))
                pipe.zrem(index, *digests)
                pipe.execute()


def remove_orphans(client: Redis) -> None:
    """Remove the blobs that dead processes left of products that are neither there nor can come back."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in client.scan_iter(match=keys.ALL_BLOBS, count=1000):
        found[keys.birth_of(key.decode())].append(key.decode())
    # The births last: a product may have been created, and have got blobs, during the search. And those of deleted ones
    # before and behind them: one may be deleted or come back between the two looks.
    kept = _deleted_births(client) | _births(client)
    for birth in found.keys() - kept - _deleted_births(client):
        for batch in batches(found[birth]):
            client.unlink(*batch)


def batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Pieces that Redis handles without making others wait."""
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def _births(client: Redis) -> set[str]:
    names = [keys.birth(product_id) for product_id in list_products(client)]
    births = fetch_together(client, *names) if names else []
    return {birth.decode() for birth in births if birth is not None}


def _deleted_births(client: Redis) -> set[str]:
    return {member.split(":")[1] for member in fetch_list(client, keys.DELETED, 0, -1)}


def _deletions(client: Redis, low: str, high: str) -> list[Deletion]:
    """Those between two times (as Redis writes them, ms), the oldest first."""
    found = cast("list[tuple[bytes, float]]", client.zrangebyscore(keys.DELETED, low, high, withscores=True))
    named = ((member.decode().split(":"), int(score)) for member, score in found)
    return [Deletion(product_id, birth, deleted_ms) for (product_id, birth), deleted_ms in named]


def _oldest_ms(client: Redis) -> int:
    return _time_ms(client) - int(1000 * RESTORABLE_S)


def _time_ms(client: Redis) -> int:
    seconds, microseconds = client.time()
    return 1000 * int(seconds) + int(microseconds) // 1000
