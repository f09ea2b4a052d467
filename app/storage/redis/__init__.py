"""The store in Redis: small JSON documents that change by WATCH and MULTI, and blobs by plain SET."""

from app.storage.redis.blobs import RedisBlobs
from app.storage.redis.catalog import RedisCatalog
from app.storage.redis.jobs import RedisJobs

__all__ = ["RedisBlobs", "RedisCatalog", "RedisJobs"]
