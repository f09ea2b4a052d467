"""Making a proposal: a bank version with false alarms as references, looked at, and kept beside the one that serves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.errors import Conflict, StaleRevision
from app.service.accelerator.backbones import Backbones
from app.service.banks.banks import BankService
from app.service.banks.builder import BankBuilder
from app.service.banks.cache import LoadedBank
from app.service.banks.left_out import readable_left_out
from app.service.banks.life import require_same_life, same_life
from app.service.banks.loader import no_references
from app.service.banks.reference_maker import made_by
from app.service.calibration.calibration_set import lacks_rows
from app.service.calibration.knowledge import stored_measurements
from app.service.improvements.comparison import Compared, Comparison, conditions
from app.service.improvements.document import Evaluation, LeftOut
from app.service.improvements.false_alarms import Chosen, FalseAlarmIntake
from app.service.inspection.again import KnownBank
from app.service.jobs.jobs import JobUnderWay
from app.service.references.registration import joined_references
from app.service.verdicts.promise import calibration
from app.storage.active_bank import active_bank, drop_old_versions
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.documents_json import encode
from app.storage.jobs import JobStage
from app.storage.records.record import InspectionRecord
from app.storage.store import Blobs, Catalog

STEPS_OF_A_BANK = 1


class _Steps:
    """Counts the steps of a job."""

    def __init__(self, under_way: JobUnderWay) -> None:
        self._under_way = under_way
        self._begun = 0

    def begin(self, stage: JobStage) -> None:
        """Raises as `JobUnderWay.check`."""
        self._under_way.report(self._begun, stage)
        self._begun += 1


class Proposer:
    """Makes proposals. What serves is not touched; what a proposal needs is stored before it is published."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        backbones: Backbones,
        banks: BankService,
        builder: BankBuilder,
        intake: FalseAlarmIntake,
        comparison: Comparison,
        keep_versions: int,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._backbones = backbones
        self._banks = banks
        self._builder = builder
        self._intake = intake
        self._comparison = comparison
        self._keep_versions = keep_versions

    def proposed(
        self,
        product_id: str,
        alarms: Sequence[InspectionRecord],
        past: Sequence[InspectionRecord],
        under_way: JobUnderWay,
    ) -> int:
        """The number of a version that has those of the `alarms` as references that can be; what it would change is
        found out by `past` inspections.

        Raises:
            Conflict: none of them can be; the settings do not make the bank that serves; or that has changed meanwhile.
            ProductNotFound, NoReferences, BankDamaged; what `JobUnderWay.check` does; GpuOutOfMemory, NotReady,
            StorageFull, StorageUnavailable.
        """
        product = self._catalog.product(product_id)
        with same_life(self._catalog, product_id, product.created_at):
            base = self._base(product)
            steps, patch_size = _Steps(under_way), self._backbones.spec(base.backbone).patch_size
            chosen = self._intake.chosen(product, base, patch_size, alarms, partial(steps.begin, "choosing"))
            if not chosen.entries:
                raise _nothing_to_add(chosen.left_out)
            steps.begin("bank")
            pointer, candidate = self._candidate(product, base, chosen)
            product = self._calibrated(product, candidate)
            banks = self._known(product, base), self._known(product, candidate)
            compared = self._comparison.of(product, banks, past, partial(steps.begin, "evaluation"))
            return self._published(product, pointer, candidate, _evaluation(product, chosen, compared))

    def _base(self, product: Product) -> BankManifest:
        base = active_bank(self._catalog, product.product_id)[1]
        if base is None or not base.references:
            raise no_references(product.product_id)
        if not made_by(product.settings, self._backbones.sha256(product.settings.backbone), base):
            raise Conflict(
                f"The settings of {product.product_id!r} would make another bank than the one that serves. Rebuild it "
                f"first: POST /products/{product.product_id}/banks"
            )
        return base

    def _candidate(self, product: Product, base: BankManifest, chosen: Chosen) -> tuple[BankPointer, BankManifest]:
        added = {entry.sha256: entry for entry in chosen.entries}
        maker = self._builder.maker(product.product_id)
        pointer, candidate = self._builder.made(
            maker, product, "proposal", lambda references: joined_references(references, added)
        )
        if candidate.parent != base.version:
            raise outdated(product.product_id)
        return pointer, candidate

    def _calibrated(self, product: Product, candidate: BankManifest) -> Product:
        """The product, all its calibration images measured in the candidate."""
        while True:
            prepared = self._builder.prepare(product, candidate)
            if not lacks_rows(prepared.calibration, candidate) or prepared.calibration == product.calibration:
                return prepared
            product = prepared

    def _known(self, product: Product, manifest: BankManifest) -> KnownBank:
        product_id = product.product_id
        left_out = readable_left_out(self._blobs, product_id, manifest)
        loaded = LoadedBank(manifest, self._banks.apart(product, manifest), left_out)
        # Not from what is known by number: another version may come to have this one's before it is published.
        measured = stored_measurements(self._blobs, product, manifest)
        return KnownBank(loaded, calibration(product, manifest, left_out, measured))

    def _published(
        self, product: Product, pointer: BankPointer, candidate: BankManifest, evaluation: Evaluation
    ) -> int:
        product_id = product.product_id
        told = self._blobs.put(product_id, "evaluations", encode(evaluation))
        while True:
            version = pointer.latest + 1
            manifest = replace(candidate, version=version, evaluation=told)
            try:
                self._catalog.publish(product_id, manifest, pointer, made_for=product, serves=False)
            except StaleRevision:
                product = require_same_life(self._catalog, product_id, product.created_at)
                pointer = self._catalog.pointer(product_id)
                if pointer.active != candidate.parent or conditions(product) != evaluation.conditions:
                    raise outdated(product_id) from None
                continue
            drop_old_versions(self._catalog, self._blobs, product_id, self._keep_versions)
            return version


def outdated(product_id: str) -> Conflict:
    return Conflict(
        f"The bank, the settings, the calibration images or what people say of the parts of {product_id!r} have "
        f"changed since this proposal was looked at. Ask for another one: POST /products/{product_id}/improvements"
    )


def _nothing_to_add(left_out: Sequence[LeftOut]) -> Conflict:
    counts = Counter(each.reason for each in left_out)
    told = ", ".join(f"{reason}: {count}" for reason, count in sorted(counts.items()))
    hint = " The product's setting `keep_pictures` says which pictures are kept." if counts["no_picture"] else ""
    return Conflict(f"None of the confirmed false alarms can be a reference ({told}).{hint}")


def _evaluation(product: Product, chosen: Chosen, compared: Compared) -> Evaluation:
    return Evaluation(
        conditions=conditions(product),
        added=chosen.added,
        left_out=chosen.left_out,
        before=compared.sides[0],
        after=compared.sides[1],
        photographs=compared.photographs,
        inspections=compared.inspections,
        without_picture=compared.without_picture,
        flips=compared.flips,
        called_bad=compared.called_bad,
        bad_images_passing=compared.bad_images_passing,
    )
