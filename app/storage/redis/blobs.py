"""Blobs of a product in Redis: uploads, segments of patch features, previews. Immutable, named by their SHA-256."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from hashlib import sha256
from typing import cast

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ResponseError

from app.errors import BankTooLarge
from app.storage.documents import BlobKind
from app.storage.redis import keys
from app.storage.redis.connection import explained, fetch, transaction
from app.storage.redis.deleted import batches, can_come_back
from app.storage.redis.quarantine import quarantine
from app.storage.refusals import blob_damaged, blob_missing, product_not_found
from app.storage.store import BLOB_GRACE_S, Blobs

USUAL_LIMIT_BYTES = 512 * 2**20
"""What Redis takes as one value where it does not tell its limit (proto-max-bulk-len)."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


class RedisBlobs(Blobs):
    """The blobs of every product in one Redis. Safe for many threads and processes.

    Their age is measured by the clock of Redis. All methods raise InvalidProductId, StorageFull and StorageUnavailable.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client

    def put(self, product_id: str, kind: BlobKind, data: bytes) -> str:
        """As every store; BankTooLarge above Redis' limit for a value."""
        digest = sha256(data).hexdigest()
        with explained(self._client):
            self._require_room(kind, len(data))
            birth = self._born(product_id)
            key, index = keys.blob(birth, kind, digest), keys.blobs(birth, kind)
            # Listed as young first: a collection at the same time either sees that, or has removed the blob by now.
            self._client.zadd(index, {digest: self._time_s()})
            stored = fetch(self._client, key)
            if stored != data:
                if stored is not None:
                    quarantine(self._client, key, lambda found: found != data)
                self._client.set(key, data)
            if self._birth(product_id) != birth:
                if can_come_back(self._client, product_id, birth):
                    # It may come back, and then it may need the blob.
                    raise product_not_found(product_id)
                # Whoever deleted the product may have passed here already, or still need the rest of the index.
                self._client.unlink(key)
                self._client.zrem(index, digest)
                raise product_not_found(product_id)
        return digest

    def get(self, product_id: str, kind: BlobKind, digest: str) -> bytes:
        with explained(self._client):
            birth = self._born(product_id)
            if not _DIGEST.fullmatch(digest):
                raise blob_missing(product_id, kind, digest)
            key = keys.blob(birth, kind, digest)
            data = fetch(self._client, key)
            if data is None:
                # Deleted meanwhile?
                self._born(product_id)
                raise blob_missing(product_id, kind, digest)
            if not _intact(data, digest):
                # Looked at again, because a writer may be replacing the damaged copy at this moment.
                data = quarantine(self._client, key, lambda found: not _intact(found, digest))
        if data is None:
            raise blob_damaged(product_id, kind, digest)
        return data

    def collect(self, product_id: str, kind: BlobKind, keep: AbstractSet[str], grace_s: float = BLOB_GRACE_S) -> int:
        with explained(self._client):
            birth = self._born(product_id)
            before_s = self._time_s() - grace_s
            unused = [each for each in self._stored_before(keys.blobs(birth, kind), before_s) if each not in keep]
            return sum(self._remove_old(birth, kind, batch, before_s) for batch in batches(unused))

    def _remove_old(self, birth: str, kind: BlobKind, digests: Sequence[str], before_s: float) -> int:
        index = keys.blobs(birth, kind)

        def change(pipe: Pipeline, _: bool) -> int:
            # Those that were stored again meanwhile are young.
            scores = pipe.zmscore(index, list(digests))
            old = [
                digest
                for digest, stored_s in zip(digests, scores, strict=True)
                if stored_s is not None and stored_s <= before_s
            ]
            if old:
                pipe.multi()
                pipe.zrem(index, *old)
                pipe.unlink(*(keys.blob(birth, kind, digest) for digest in old))
            return len(old)

        return transaction(self._client, [index], change)

    def _stored_before(self, index: str, before_s: float) -> list[str]:
        found = cast("list[bytes]", self._client.zrangebyscore(index, "-inf", before_s))
        return [digest.decode() for digest in found]

    def _born(self, product_id: str) -> str:
        birth = self._birth(product_id)
        if birth is None:
            raise product_not_found(product_id)
        return birth

    def _birth(self, product_id: str) -> str | None:
        birth = fetch(self._client, keys.birth(product_id))
        return None if birth is None else birth.decode()

    def _time_s(self) -> float:
        seconds, microseconds = self._client.time()
        return seconds + microseconds / 1e6

    def _require_room(self, kind: BlobKind, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise BankTooLarge(
                f"One of the {kind} has {size_bytes} bytes, and Redis takes {self._limit_bytes} as one value. Make it "
                "smaller: a smaller smaller_edge, fewer rotations, INSPECTOR_SEGMENT_PRECISION=float16, or a smaller "
                "photograph. Or raise proto-max-bulk-len of Redis and start the service again, or keep blobs on a disk "
                "(INSPECTOR_STORE_URL=disk:///folder with INSPECTOR_COORDINATION_URL=redis://…).",
                limit=self._limit_bytes,
            )

    @cached_property
    def _limit_bytes(self) -> int:
        try:
            return int(self._client.config_get("proto-max-bulk-len")["proto-max-bulk-len"] or USUAL_LIMIT_BYTES)
        except (ResponseError, KeyError):
            # A managed Redis forbids CONFIG.
            return USUAL_LIMIT_BYTES


def _intact(data: bytes, digest: str) -> bool:
    return sha256(data).hexdigest() == digest
