"""The store on a local disk: folders of small JSON documents and of blobs."""

from app.storage.disk.blobs import DiskBlobs
from app.storage.disk.catalog import DiskCatalog
from app.storage.disk.jobs import DiskJobs

__all__ = ["DiskBlobs", "DiskCatalog", "DiskJobs"]
