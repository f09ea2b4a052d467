"""The store for replicas that share a volume: Redis decides what is so, the volume keeps blobs and a copy of it all."""

from app.storage.coordinated.catalog import CoordinatedCatalog
from app.storage.coordinated.recover import Recovery, recover

__all__ = ["CoordinatedCatalog", "Recovery", "recover"]
