"""Making the next version of a product's memory bank: new segments first, then the manifest, then the pointer."""

import logging
from collections.abc import Callable
from dataclasses import replace

from app.engine.options import ProductSettings, Profile
from app.errors import BankDamaged, BlobDamaged, BlobMissing, StaleRevision
from app.service.accelerator.backbones import Backbones
from app.service.accelerator.extraction import ReferenceExtractor
from app.service.accelerator.pieces import Pieces
from app.service.banks.bank_rows import BankRows, BankRowsMaker, Joined
from app.service.banks.life import require_same_life, same_life
from app.service.banks.reference_maker import Recipe, ReferenceMaker, image_needed, wanted_preprocessing
from app.service.banks.serving import Prepare, ServingKnowledge
from app.service.clock import now
from app.service.limits import RowsHeld
from app.storage.active_bank import active_bank, drop_old_versions, newest_intact
from app.storage.documents import BankManifest, BankPointer, ManifestReason, MaskingRecord, Product, ReferenceEntry
from app.storage.segments import SegmentPrecision, stored_segment
from app.storage.store import Blobs, Catalog

logger = logging.getLogger(__name__)

References = tuple[ReferenceEntry, ...]
Change = Callable[[References], References]


def _kept(tested: MaskingRecord | None, references: References, profile: Profile) -> MaskingRecord | None:
    """The stored outcome of the masking test, while its reference and the profile stay."""
    if tested and tested.profile == profile and any(each.sha256 == tested.reference for each in references):
        return tested
    return None


class BankBuilder:
    """Publishes bank versions. Several may build for one product at once: the slower one starts over from the other's
    version, keeping the segments that it has already made."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        backbones: Backbones,
        pieces: Pieces,
        serving: ServingKnowledge,
        prepare: Prepare,
        *,
        max_pixels: int,
        keep_versions: int,
        segment_precision: SegmentPrecision,
        rows_held: RowsHeld,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._backbones = backbones
        self._serving = serving
        self.prepare = prepare
        self._max_pixels = max_pixels
        self._keep_versions = keep_versions
        self._segment_precision = segment_precision
        self._row_precision = rows_held.precision
        self._extractor = ReferenceExtractor(pieces)
        self._rows = BankRowsMaker(blobs, pieces, rows_held)

    def update(self, product_id: str, reason: ManifestReason, change: Change = tuple) -> BankManifest:
        """Publish the next version: the active one's references after `change`, under the product's settings of now
        (a deletion keeps to those that made the active version: it must not depend on images that may be lost).

        A segment that those settings have outdated, that was never made (`segment` is empty), or that is needed and
        cannot be read any more is made from the reference as uploaded; one that is lost and not needed here is made
        again when the version is loaded. A `rebuild` makes all of them again, and starts from the newest version that
        can be read. All of it is durable on return.

        Raises:
            ProductNotFound: the product is gone.
            BankDamaged: the active version or one of its reference images is lost.
            StorageFull, StorageUnavailable: not acknowledged; it may serve all the same. Sent again, it is completed.
        """
        product = self._catalog.product(product_id)
        maker = self.maker(product_id)
        while True:
            pointer, manifest = self.made(maker, product, reason, change)
            try:
                self.publish(product, manifest, pointer)
            except StaleRevision:
                logger.info("another change of %s was faster; starting over from it", product_id)
                product = require_same_life(self._catalog, product_id, product.created_at)
                continue
            drop_old_versions(self._catalog, self._blobs, product_id, self._keep_versions)
            return manifest

    def made(
        self, maker: ReferenceMaker, product: Product, reason: ManifestReason, change: Change
    ) -> tuple[BankPointer, BankManifest]:
        """The next version, as `update` makes it, its blobs stored, but not published; and the pointer that it follows.

        ProductNotFound, BankDamaged, StorageFull, StorageUnavailable.
        """
        with same_life(self._catalog, product.product_id, product.created_at):
            pointer, active = self._start(product.product_id, reason)
            try:
                return pointer, self._next(maker, product, pointer, active, reason, change)
            except (BlobMissing, BlobDamaged, BankDamaged):
                # To look at every segment each time would make each registration slower than the one before.
                return pointer, self._next(maker, product, pointer, active, reason, change, look=True)

    def _next(
        self,
        maker: ReferenceMaker,
        product: Product,
        pointer: BankPointer,
        active: BankManifest | None,
        reason: ManifestReason,
        change: Change,
        *,
        look: bool = False,
    ) -> BankManifest:
        """`look`: whether the segments that are kept can be read."""
        settings = product.settings
        references = change(active.references if active else ())
        recipe = self._recipe_of(active) if active and reason == "delete" else self._recipe_for(settings, references)
        usable = active if active and reason != "rebuild" and (reason == "delete" or recipe.made(active)) else None
        made_by = usable or recipe.backbone
        tested = usable.masking if usable and reason != "masking" else None
        masking = _kept(tested, references, settings.profile) or self._tested(
            maker, references, recipe, settings.profile
        )
        entries = self._entries(maker, references, recipe, usable, look=look)
        keeping = active if reason == "delete" else None
        precision = keeping.row_precision if keeping else self._row_precision
        rule, search = (keeping.coreset_rule, keeping.search) if keeping else (settings.coreset, settings.search)
        joined = Joined(product.product_id, entries, masking, settings, recipe.preprocessing, search, precision)
        rows = self._rows.make(joined, rule, active, anew=reason == "rebuild")
        return BankManifest(
            version=pointer.latest + 1,
            parent=pointer.active,
            reason=reason,
            created_at=now(),
            backbone=recipe.backbone.spec.name,
            backbone_sha256=recipe.backbone.spec.sha256,
            engine=made_by.engine,
            precision=made_by.precision,
            preprocessing=recipe.preprocessing,
            width=recipe.backbone.spec.width,
            references=entries,
            masking=masking,
            heat_scale=rows.heat_scale,
            left_out=rows.left_out,
            coreset=rows.coreset,
            search=search,
            lists=rows.lists,
            row_precision=joined.row_precision,
        )

    def maker(self, product_id: str) -> ReferenceMaker:
        """For one change of a product: what it has made is not made again when it starts over."""
        return ReferenceMaker(product_id, self._blobs, self._extractor, self._max_pixels, self._segment_precision)

    def _recipe_for(self, settings: ProductSettings, references: References) -> Recipe:
        wanted = wanted_preprocessing(settings, references)
        return Recipe(self._backbones.get(settings.backbone, wanted), wanted)

    def _recipe_of(self, manifest: BankManifest) -> Recipe:
        return Recipe(self._backbones.get(manifest.backbone, manifest.preprocessing), manifest.preprocessing)

    def _start(self, product_id: str, reason: ManifestReason) -> tuple[BankPointer, BankManifest | None]:
        if reason == "rebuild":
            return self._catalog.pointer(product_id), newest_intact(self._catalog, product_id)
        return active_bank(self._catalog, product_id)

    def repair(self, product_id: str, damaged: BankManifest) -> BankManifest:
        """Make the segments and the coreset of a version that cannot be read any more again, as they were made.

        Where they come out the same to the bit, the version itself is whole again; else a new version takes its place.

        Raises:
            BankDamaged: a reference image is lost too, or the version neither serves nor came out the same.
        """
        maker = self.maker(product_id)
        recipe = self._recipe_of(damaged)
        references = self._entries(maker, damaged.references, recipe, damaged, look=True)
        settings = self._catalog.product(product_id).settings
        searched = (damaged.preprocessing, damaged.search, damaged.row_precision)
        joined = Joined(product_id, references, damaged.masking, settings, *searched)
        rows = self._rows.again(joined, damaged)
        if references == damaged.references and rows == BankRows.of(damaged):
            return damaged
        while True:
            product, pointer = self._catalog.product(product_id), self._catalog.pointer(product_id)
            if pointer.active != damaged.version:
                raise BankDamaged(
                    f"Bank version {damaged.version} of {product_id!r} cannot be read. Activate another one."
                )
            repaired = replace(
                damaged,
                version=pointer.latest + 1,
                parent=damaged.version,
                reason="repair",
                created_at=now(),
                references=references,
                heat_scale=rows.heat_scale,
                left_out=rows.left_out,
                coreset=rows.coreset,
                lists=rows.lists if references == damaged.references else None,
            )
            try:
                self.publish(product, repaired, pointer)
            except StaleRevision:
                continue
            return repaired

    def publish(self, product: Product, manifest: BankManifest, expected: BankPointer) -> None:
        """Let a version serve. StaleRevision where the product or the pointer has changed."""
        prepared = self.prepare(product, manifest)
        with self._serving.changing(product.product_id):
            self._catalog.publish(product.product_id, manifest, expected, made_for=prepared)

    def _entries(
        self, maker: ReferenceMaker, references: References, recipe: Recipe, usable: BankManifest | None, *, look: bool
    ) -> References:
        stored, entries = frozenset(usable.references if usable else ()), []
        for reference in references:
            if reference in stored and (not look or self._readable(maker.product_id, reference)):
                entries.append(reference)
                continue
            with image_needed(reference):
                entries.append(maker.entry(reference, recipe))
        return tuple(entries)

    def _tested(
        self, maker: ReferenceMaker, references: References, recipe: Recipe, profile: Profile
    ) -> MaskingRecord | None:
        if not references:
            return None
        with image_needed(references[0]):
            return maker.masking_record(references[0], recipe, profile)

    def _readable(self, product_id: str, reference: ReferenceEntry) -> bool:
        try:
            stored_segment(self._blobs, product_id, reference.segment)
        except (BlobMissing, BlobDamaged, BankDamaged) as error:
            logger.warning("a segment of %s is made again: %s", product_id, error)
            return False
        return True
