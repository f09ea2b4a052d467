"""Bank versions: the loaded one for an inspection, listing, rollback and rebuild."""

import logging
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from app.engine.bank.bank import MemoryBank
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    BankNotFound,
    BlobDamaged,
    BlobMissing,
    Conflict,
    InspectorError,
    ProductNotFound,
    StaleRevision,
)
from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.engine_thread import Priority
from app.service.banks.builder import BankBuilder
from app.service.banks.cache import BankCache, BankKey, LoadedBank
from app.service.banks.coreset import searched_segments
from app.service.banks.left_out import readable_left_out
from app.service.banks.life import same_life
from app.service.banks.lists import readable_lists
from app.service.banks.loader import BankLoader, BankNotLoaded, Cold, RepairNeeded, Wanted, no_references
from app.service.banks.serving import Prepare, Serving, ServingKnowledge
from app.storage.active_bank import active_bank
from app.storage.documents import BankManifest, Product
from app.storage.store import Blobs, Catalog

logger = logging.getLogger(__name__)


class BankService:
    """The versions of each product's memory bank."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        accelerator: Accelerator,
        builder: BankBuilder,
        cache: BankCache,
        loader: BankLoader,
        serving: ServingKnowledge,
        prepare: Prepare,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._accelerator = accelerator
        self._builder = builder
        self._cache = cache
        self._loader = loader
        self._serving = serving
        self._prepare = prepare

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
        """Let a kept version serve (rollback), calibrated as far as it can be.

        ProductNotFound, ProductDamaged, BankNotFound, BankDamaged, BackboneMismatch, Draining; Conflict: a proposal.
        """
        manifest = self._catalog.manifest(product_id, version)
        if manifest.reason == "proposal":
            raise Conflict(
                f"Bank version {version} of {product_id!r} is a proposal. See what it would change, and take it: "
                f"POST /products/{product_id}/improvements/{version}/activate"
            )
        self._check_backbone(product_id, manifest)
        while True:
            try:
                self._prepare(self._catalog.product(product_id), manifest)
                with self._serving.changing(product_id):
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

    def loaded(self, serving: Serving, version: int | None = None) -> LoadedBank:
        """The bank that serves the product, or the version asked for, if it is in memory.

        Raises:
            BankNotLoaded: it has to be loaded first (`load`), if there is one.
            NoReferences: nothing was registered yet, or every reference was deleted.
        """
        product = serving.product
        number = serving.pointer.active if version is None else version
        if number is None:
            self.active(product.product_id)  # tells where it is lost which version serves
            raise no_references(product.product_id)
        key = BankKey(product.product_id, product.created_at, number)
        if found := self._cache.find(key):
            return found
        raise BankNotLoaded(Cold(serving, Wanted(key, asked=version is not None)))

    def load(self, wanted: Wanted) -> Future[LoadedBank]:
        """Load a bank on the loader's threads; one load however many ask.

        A segment that fails its checksum is made again from its reference. Where the version that served is gone
        meanwhile, the one that serves now is loaded.

        Raises (from the future):
            ProductNotFound, BankNotFound, BankDamaged, BackboneMismatch, NoReferences, StorageUnavailable.
        """
        return self._loader.load(wanted, lambda: self._kept(wanted))

    def follow(self, product_id: str) -> None:
        """After a change: load what serves now, if a bank of the product is in memory or is to stay there."""
        self._loader.submit(partial(self._warm, product_id))

    def follow_all(self) -> None:
        """After a time in which changes may have gone unheard: as `follow`, for every product in memory."""
        for product_id in self._cache.product_ids():
            self.follow(product_id)

    def warm_pinned(self) -> None:
        """Load the banks that are to stay in memory, on the loader's threads."""
        self._loader.submit(self._warm_all)

    def _warm_all(self) -> None:
        try:
            product_ids = self._catalog.product_ids()
        except InspectorError as error:
            logger.warning("pinned banks are not loaded ahead: %s", error)
            return
        for product_id in product_ids:
            self._warm(product_id)

    def _warm(self, product_id: str) -> None:
        try:
            serving = self._serving.get(product_id)
            if serving.product.settings.pinned or self._cache.holds_any_of(product_id):
                self.loaded(serving)
        except BankNotLoaded as raised:
            self.load(raised.cold.wanted)
        except ProductNotFound:
            # Deleted, perhaps by another replica.
            self._cache.drop_product(product_id)
        except InspectorError as error:
            logger.info("not loaded ahead: %s", error)

    def apart(self, product: Product, manifest: BankManifest) -> MemoryBank:
        """The bank of a version that may not have been published yet: the one in memory if that is the same, else built
        for the caller alone.

        BlobMissing, BlobDamaged, BankDamaged, GpuOutOfMemory, Draining.
        """
        found = self._cache.find(BankKey(product.product_id, product.created_at, manifest.version))
        if found and found.manifest.content == manifest.content:
            return found.bank
        return self._joined(product.product_id, manifest, Priority.REGISTRATION)

    def is_loaded(self, product: Product, version: int) -> bool:
        return self._cache.holds(BankKey(product.product_id, product.created_at, version))

    def _kept(self, wanted: Wanted) -> LoadedBank:
        key = wanted.key
        if found := self._cache.find(key):
            return found
        self._serving.require_reachable()
        self._cache.await_room()
        try:
            return self._load(key)
        except BankNotFound:
            if wanted.asked:
                raise
        # Pruned since it was known to serve: another version does by now.
        self._serving.expire(key.product_id)
        serving = self._serving.get(key.product_id)
        if serving.pointer.active in (None, key.version):
            raise no_references(key.product_id)
        return self._load(BankKey(key.product_id, serving.product.created_at, serving.pointer.active))

    def _load(self, key: BankKey) -> LoadedBank:
        manifest = self._catalog.manifest(key.product_id, key.version)
        if not manifest.references:
            raise no_references(key.product_id)
        self._check_backbone(key.product_id, manifest)
        try:
            return self._built(key, manifest)
        except (BlobMissing, BlobDamaged) as error:
            # Its words alone: an error keeps the frames of the load, and the rows in them.
            raise RepairNeeded(partial(self._repaired, key, manifest, str(error))) from error

    def _repaired(self, key: BankKey, manifest: BankManifest, why: str) -> LoadedBank:
        logger.warning("bank %d of %s is repaired: %s", key.version, key.product_id, why)
        with same_life(self._catalog, key.product_id, key.created_at):
            return self._built(key, self._builder.repair(key.product_id, manifest))

    def _built(self, key: BankKey, manifest: BankManifest) -> LoadedBank:
        bank = self._joined(key.product_id, manifest, Priority.LOADING)
        loaded = LoadedBank(manifest, bank, readable_left_out(self._blobs, key.product_id, manifest))
        # A repaired bank may be a newer version than the one asked for.
        self._cache.keep(replace(key, version=manifest.version), loaded)
        return loaded

    def _joined(self, product_id: str, manifest: BankManifest, priority: Priority) -> MemoryBank:
        return MemoryBank(
            searched_segments(self._blobs, product_id, manifest),
            self._accelerator.device,
            manifest.search,
            precision=manifest.row_precision,
            lists=readable_lists(self._blobs, product_id, manifest) if self._accelerator.device == "cpu" else None,
            count=manifest.rows,
            placing=self._accelerator.pieces(priority).run,
        )

    def _check_backbone(self, product_id: str, manifest: BankManifest) -> None:
        if self._accelerator.backbones.sha256(manifest.backbone) != manifest.backbone_sha256:
            raise BackboneMismatch(
                f"Bank version {manifest.version} was made by a backbone {manifest.backbone} that the registry no "
                f"longer has. Rebuild it with the one of now: POST /products/{product_id}/banks"
            )
