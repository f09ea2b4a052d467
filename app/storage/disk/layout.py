"""Where everything lies under the root folder of a store."""

import re
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.storage.documents import BLOB_KINDS, BlobKind
from app.storage.jobs import checked_job_id
from app.storage.product_id import checked_product_id


@dataclass(frozen=True, slots=True)
class StoreLayout:
    """Paths of a store. Each method that takes an id raises InvalidProductId or JobNotFound for what must not become a
    path."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def store(self) -> Path:
        return self.root / "store.json"

    @property
    def products(self) -> Path:
        return self.root / "products"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def transit(self) -> Path:
        """Folders of products and jobs on their way in or out: made but not yet in place, or deleted but not yet
        removed."""
        return self.root / "transit"

    @property
    def deleted(self) -> Path:
        """Folders of products that were deleted and can come back for a while."""
        return self.root / "deleted"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    def product_folder(self, product_id: str) -> Path:
        return self.products / checked_product_id(product_id)

    def product_folders(self, product_id: str) -> tuple[Path, ...]:
        """The folder of a product, then the folders in it."""
        kinds = (self.blobs(product_id, kind) for kind in BLOB_KINDS)
        return self.product_folder(product_id), self.banks(product_id), *kinds

    def product_lock(self, product_id: str) -> Path:
        return self.product_folder(product_id) / "lock"

    def product(self, product_id: str) -> Path:
        return self.product_folder(product_id) / "product.json"

    def pointer(self, product_id: str) -> Path:
        return self.product_folder(product_id) / "pointer.json"

    def banks(self, product_id: str) -> Path:
        return self.product_folder(product_id) / "banks"

    def bank(self, product_id: str, version: int) -> Path:
        return self.banks(product_id) / f"{version:08d}.json"

    def blobs(self, product_id: str, kind: BlobKind) -> Path:
        return self.product_folder(product_id) / kind

    def blob(self, product_id: str, kind: BlobKind, digest: str) -> Path:
        return self.blobs(product_id, kind) / digest

    def job_folder(self, job_id: str) -> Path:
        return self.jobs / checked_job_id(job_id)

    def job_lock(self, job_id: str) -> Path:
        return self.job_folder(job_id) / "lock"

    def job(self, job_id: str) -> Path:
        return self.job_folder(job_id) / "job.json"

    def job_heatmap(self, job_id: str, index: int) -> Path:
        return self.job_folder(job_id) / f"{index}.png"

    def new_transit(self) -> Path:
        return self.transit / uuid4().hex

    def new_quarantine(self, path: Path) -> Path:
        """A free place for a damaged file, named after where it was."""
        parts = path.relative_to(self.root).parts
        return self.quarantine / ".".join((*parts, uuid4().hex[:12]))


def version_of(bank: Path) -> int | None:
    """The version that a file in the folder of banks holds; None for a file of another name."""
    digits = bank.name.removesuffix(".json")
    return int(digits) if re.fullmatch(r"[0-9]{8,}", digits) and bank.suffix == ".json" else None
