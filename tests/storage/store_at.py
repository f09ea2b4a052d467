"""Where a store lies: what any process needs to open it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.storage.open import OpenStore, open_store

Kind = Literal["disk", "redis", "coordinated"]
KINDS: tuple[Kind, ...] = ("disk", "redis", "coordinated")


@dataclass(frozen=True, slots=True)
class StoreAt:
    """`root` is the folder of the parts on disk, `redis_url` the Redis of the others."""

    kind: Kind
    root: Path
    redis_url: str = ""

    def open(self) -> OpenStore:
        redis_url = None if self.kind == "disk" else self.redis_url
        return open_store(self.root, redis_url, blobs_in_redis=self.kind == "redis", patience_s=10)
