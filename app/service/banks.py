"""Bank versions: the loaded one for an inspection, listing, rollback and rebuild."""

import logging

from app.engine.bank import MemoryBank, Segment
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    BankNotFound,
    BlobDamaged,
    BlobMissing,
    NoReferences,
    StaleRevision,
)
from app.service.backbones import Backbones
from app.service.bank_builder import BankBuilder
from app.service.bank_cache import BankCache, BankKey, LoadedBank
from app.service.engine_thread import EngineThread, Priority
from app.storage.active_bank import active_bank
from app.storage.documents import BankManifest, Product
from app.storage.segments import stored_segment
from app.storage.store import Blobs, Catalog

logger = logging.getLogger(__name__)


class BankService:
    """The versions of each product's memory bank."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        backbones: Backbones,
        builder: BankBuilder,
        cache: BankCache,
        engine: EngineThread,
        device: str,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._backbones = backbones
        self._builder = builder
        self._cache = cache
        self._engine = engine
        self._device = device

    def manifests(self, product_id: str) -> tuple[list[BankManifest], int | None]:
        """The kept versions, newest first, and which one serves. A damaged one is left out. ProductNotFound."""
        kept = []
        for version in sorted(self._catalog.versions(product_id), reverse=True):
            try:
                kept.append(self._catalog.manifest(product_id, version))
            except BankDamaged as error:
                logger.warning("%s", error)
        return kept, self._catalog.pointer(product_id).active

    def manifest(self, product_id: str, version: int) -> BankManifest:
        """One version. ProductNotFound, BankNotFound, BankDamaged."""
        return self._catalog.manifest(product_id, version)

    def active(self, product_id: str) -> BankManifest | None:
        """The version that serves; None before the first registration.

        Raises:
            ProductNotFound, BankDamaged.
        """
        return active_bank(self._catalog, product_id)[1]

    def activate(self, product_id: str, version: int) -> BankManifest:
        """Let a kept version serve (rollback). ProductNotFound, BankNotFound, BankDamaged, BackboneMismatch."""
        manifest = self._catalog.manifest(product_id, version)
        self._check_backbone(product_id, manifest)
        while True:
            try:
                self._catalog.activate(product_id, version, self._catalog.pointer(product_id))
            except StaleRevision:
                continue
            return manifest

    def rebuild(self, product_id: str) -> BankManifest:
        """A new version from the references as uploaded, under the settings and the backbone of now.

        Raises:
            ProductNotFound, BankDamaged (an uploaded image is lost); NoReferences before the first registration.
        """
        if not self._catalog.pointer(product_id).latest:
            raise no_references(product_id)
        return self._builder.update(product_id, "rebuild")

    def loaded(self, product: Product, version: int | None = None) -> LoadedBank:
        """The bank that serves the product, or the version asked for, in memory.

        A segment that fails its checksum is made again from its reference.

        Raises:
            NoReferences: nothing was registered yet, or every reference was deleted.
            BankNotFound, BankDamaged, BackboneMismatch.
        """
        if version is not None:
            return self._cached(product, version)
        while True:
            serving = self._catalog.pointer(product.product_id).active
            if serving is None:
                self.active(product.product_id)
                raise no_references(product.product_id)
            try:
                return self._cached(product, serving)
            except BankNotFound:
                # Pruned since the pointer was read: another version serves by now.
                if self._catalog.pointer(product.product_id).active == serving:
                    raise

    def _cached(self, product: Product, version: int) -> LoadedBank:
        return self._cache.get(_key(product, version), lambda: self._load(product.product_id, version))

    def is_loaded(self, product: Product, version: int) -> bool:
        return self._cache.holds(_key(product, version))

    def _load(self, product_id: str, version: int) -> LoadedBank:
        manifest = self._catalog.manifest(product_id, version)
        if not manifest.references:
            raise no_references(product_id)
        self._check_backbone(product_id, manifest)
        try:
            segments = self._segments(product_id, manifest)
        except (BlobMissing, BlobDamaged) as error:
            logger.warning("bank %d of %s is repaired: %s", version, product_id, error)
            manifest = self._builder.repair(product_id, manifest)
            segments = self._segments(product_id, manifest)
        bank = self._engine.run(Priority.REGISTRATION, MemoryBank, segments, self._device)
        return LoadedBank(manifest, bank)

    def _segments(self, product_id: str, manifest: BankManifest) -> list[Segment]:
        return [stored_segment(self._blobs, product_id, entry.segment) for entry in manifest.references]

    def _check_backbone(self, product_id: str, manifest: BankManifest) -> None:
        if self._backbones.sha256(manifest.backbone) != manifest.backbone_sha256:
            raise BackboneMismatch(
                f"Bank version {manifest.version} was made by a backbone {manifest.backbone} that the registry no "
                f"longer has. Rebuild it with the one of now: POST /products/{product_id}/banks"
            )


def no_references(product_id: str) -> NoReferences:
    """The error for a product whose bank is empty."""
    return NoReferences(
        f"Product {product_id!r} has no references yet. "
        f"Register photographs of good parts first: POST /products/{product_id}/references"
    )


def _key(product: Product, version: int) -> BankKey:
    return BankKey(product.product_id, product.created_at, version)
