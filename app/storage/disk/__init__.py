"""The store on a local disk: folders of small JSON documents and of blobs."""

from app.storage.disk.blobs import DiskBlobs
from app.storage.disk.catalog import DiskCatalog

__all__ = ["DiskBlobs", "DiskCatalog"]
