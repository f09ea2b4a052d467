"""Removing many blobs, and those of products that are no more."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from redis import Redis

from app.storage.documents import BLOB_KINDS
from app.storage.redis import keys
from app.storage.redis.connection import fetch_list, fetch_together
from app.storage.redis.product_documents import list_products

BATCH = 500


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
    """Remove the blobs that dead processes left of deleted products."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in client.scan_iter(match=keys.ALL_BLOBS, count=1000):
        found[keys.birth_of(key.decode())].append(key.decode())
    # The births last: a product may have been created, and have got blobs, during the search.
    for birth in found.keys() - _births(client):
        for batch in batches(found[birth]):
            client.unlink(*batch)


def batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Pieces that Redis handles without making others wait."""
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def _births(client: Redis) -> set[str]:
    names = [keys.birth(product_id) for product_id in list_products(client)]
    births = fetch_together(client, *names) if names else []
    return {birth.decode() for birth in births if birth is not None}
