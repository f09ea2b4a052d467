"""What a store keeps, one protocol per thing: products, bank versions, the pointer to the one that serves, blobs.

Two families keep it: files on a disk (`app/storage/disk`) and Redis (`app/storage/redis`). All methods raise
StorageFull and StorageUnavailable; those that take a product id raise InvalidProductId. What a method has changed
survives a power cut once it returns.
"""

from collections.abc import Set as AbstractSet
from typing import Protocol

from app.storage.documents import BankManifest, BankPointer, BlobKind, Product

BLOB_GRACE_S = 86_400.0
"""A registration publishes its manifest within a day of storing its first blob."""

RESTORABLE_S = 86_400.0
"""So long after its deletion a product can be brought back."""


class StoreDefaults(Protocol):
    """What belongs to the store as a whole."""

    def default_backbone(self) -> str | None:
        """The backbone that `default` stands for; None before it was chosen. ConfigurationError when it is lost."""
        ...

    def set_default_backbone(self, name: str) -> None: ...


class Products(Protocol):
    """The products and their settings."""

    def product_ids(self) -> list[str]:
        """All product ids, sorted by code point."""
        ...

    def create(self, product: Product) -> None:
        """Add a product without banks. Conflict when it exists, or one whose id differs only in case.

        A product whose settings are lost (ProductDamaged) takes these ones, and keeps its banks.
        """
        ...

    def product(self, product_id: str) -> Product:
        """ProductNotFound; ProductDamaged when its settings are lost, until `create` brings them again."""
        ...

    def replace(self, product: Product) -> Product:
        """Store the product with its revision counted up, and return it so.

        StaleRevision unless `product.revision` is the stored one; ProductNotFound; ProductDamaged.
        """
        ...

    def delete(self, product_id: str, *, purge: bool = False) -> None:
        """Remove a product with its banks and blobs, at once and whole. ProductNotFound.

        For `RESTORABLE_S` it can be restored; its blobs stay that long. Not with `purge`, which frees their space at
        once; it also takes the last deleted product of this id, where there is none.
        """
        ...

    def restore(self, product_id: str) -> None:
        """Undo the last deletion of this id. ProductNotFound where there is none to be undone; Conflict as `create`."""
        ...

    def secure(self, product_id: str) -> None:
        """See to it that all that can be read of a product is as safe as what a change has acknowledged.

        For a request that finds its change made already: whoever made it may have failed, or died, before it was safe.
        ProductNotFound.
        """
        ...


class BankPointers(Protocol):
    """Which bank version of a product serves: changed by compare-and-set only."""

    def pointer(self, product_id: str) -> BankPointer:
        """Which version serves; the empty pointer for a product without banks. ProductNotFound.

        When a damaged pointer was found, none serves until one is activated.
        """
        ...

    def publish(
        self,
        product_id: str,
        manifest: BankManifest,
        expected: BankPointer,
        *,
        made_for: Product | None = None,
        serves: bool = True,
    ) -> BankPointer:
        """Store the next version and let it serve, unless it is not to: then it is kept beside the one that serves.

        StaleRevision unless the pointer is `expected`; ProductNotFound.

        `made_for` is the product whose settings made the bank: StaleRevision if they changed meanwhile, ProductNotFound
        if it was deleted and created again, because the blobs of the manifest went with it.
        ValueError unless `manifest.version` follows `expected.latest`.
        """
        ...

    def activate(self, product_id: str, version: int, expected: BankPointer) -> BankPointer:
        """Let a kept version serve. StaleRevision unless the pointer is `expected`; and the errors of `manifest`."""
        ...


class BankVersions(Protocol):
    """The bank versions of a product that are kept. A published one never changes."""

    def manifest(self, product_id: str, version: int) -> BankManifest:
        """One version. ProductNotFound; BankNotFound; BankDamaged, also when the active one is lost."""
        ...

    def versions(self, product_id: str) -> list[int]:
        """The versions that are kept, ascending. ProductNotFound."""
        ...

    def prune(self, product_id: str, keep_versions: int) -> list[int]:
        """Remove the oldest versions beyond `keep_versions` (at least 1), never the active one. Those removed.

        ProductNotFound.
        """
        ...


class BankHistory(BankPointers, BankVersions, Protocol):
    """The bank versions and which of them serves."""


class Catalog(StoreDefaults, Products, BankHistory, Protocol):
    """All that is kept but the blobs. Safe for many threads and processes."""


class Blobs(Protocol):
    """Uploads, segments of patch features, previews: immutable, named by their SHA-256 in hex."""

    def put(self, product_id: str, kind: BlobKind, data: bytes) -> str:
        """Store a blob and return its SHA-256. ProductNotFound.

        Storing it again changes nothing but its age, so that `collect` does not take it; a damaged copy is replaced.
        """
        ...

    def get(self, product_id: str, kind: BlobKind, digest: str) -> bytes:
        """The content of a blob, verified. BlobMissing; BlobDamaged, once: the damaged copy is kept in quarantine.

        ProductNotFound, also where the product is deleted meanwhile.
        """
        ...

    def collect(self, product_id: str, kind: BlobKind, keep: AbstractSet[str], grace_s: float = BLOB_GRACE_S) -> int:
        """Delete the blobs that are not in `keep` and were not stored during the last `grace_s` seconds; their number.

        The grace covers registrations that have stored blobs but not yet published the manifest. ProductNotFound.
        """
        ...
