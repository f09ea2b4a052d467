"""The use cases together, as the HTTP layer and the command line see them."""

from app.engine.options import ProductSettings
from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.backbones import Backbones, BackboneView
from app.service.accelerator.engine_thread import Priority
from app.service.banks.parts import BankParts
from app.service.calibration.parts import CalibrationParts
from app.service.improvements.parts import ImprovementParts
from app.service.inspection.drift import DriftWatch
from app.service.inspection.inspection import InspectionService
from app.service.jobs.jobs import JobService
from app.service.jobs.zero_shot import ZeroShotService
from app.service.limits import Limits
from app.service.products.deletion import DeletionService
from app.service.products.products import ProductService
from app.service.products.rules import SettingsRules
from app.service.readiness import Readiness
from app.service.records.changes import ChangeService
from app.service.records.feedback import FeedbackService
from app.service.records.pictures import PictureService
from app.service.records.records import RecordService
from app.service.references.parts import ReferenceParts
from app.service.uploads.photographs import Photographs
from app.storage.documents import BankManifest, Product
from app.storage.open import OpenStore
from app.storage.pictures.pictures import Pictures
from app.storage.records.store import Records
from app.storage.segments import SegmentPrecision
from app.storage.store import Catalog


class Service:
    """Products, references, banks, masking, inspection and jobs over one store and one engine thread."""

    def __init__(
        self,
        store: OpenStore,
        backbones: Backbones,
        *,
        device: str,
        defaults: ProductSettings,
        limits: Limits,
        auto_create: bool,
        segment_precision: SegmentPrecision = "float32",
        records: Records | None = None,
        pictures: Pictures | None = None,
        no_pictures: str | None = None,
    ) -> None:
        """`records`, `pictures`: None where inspections, or their pictures, are not kept; `no_pictures`: why."""
        self._announcements = store.announcements
        self._draining = False
        self._accelerator = accelerator = Accelerator(backbones, device, limits.background_share, limits.batching)
        self._banks = banks = BankParts(
            store, accelerator, limits, segment_precision, self._made_change, self._calibrated
        )
        self._keep(store.catalog, records, pictures)
        photographs = Photographs(store.blobs, limits.max_image_pixels)
        calibration = CalibrationParts(store, accelerator, banks, photographs, self.pictures.confirmed, limits)
        self._drift = drift = DriftWatch()
        self.banks = banks.service
        self.calibration, self._calibration_ahead = calibration.service, calibration.ahead
        self.inspection = InspectionService(
            banks.serving,
            banks.service,
            accelerator,
            calibration.knowledge,
            calibration.commissioner,
            drift,
            limits.max_image_pixels,
            records.writer if records else None,
            pictures,
        )
        self.products = ProductService(
            store.catalog,
            backbones,
            banks.service,
            banks.builder,
            banks.serving,
            calibration.knowledge,
            drift,
            SettingsRules(defaults, no_pictures),
        )
        self.deletion = DeletionService(store.catalog, banks.serving, pictures, records)
        references = ReferenceParts(
            store, accelerator, banks, self.products, photographs, limits, auto_create=auto_create
        )
        self.references, self.masking, self.hygiene = references.service, references.masking, references.hygiene
        self._take_jobs(store, references, limits)
        if self._announcements:
            self._announcements.follow(self.changed)

    def _keep(self, catalog: Catalog, records: Records | None, pictures: Pictures | None) -> None:
        self._records, self.records = records, RecordService(records, pictures)
        self._pictures, self.pictures = pictures, PictureService(self.records, pictures)
        self.feedback = FeedbackService(records, self.records)
        self.changes = ChangeService(catalog, records)

    def _take_jobs(self, store: OpenStore, references: ReferenceParts, limits: Limits) -> None:
        accelerator, records = self._accelerator, self._records
        self.jobs = JobService(store.jobs, limits.max_jobs)
        self.zero_shot = ZeroShotService(
            self.jobs, store.jobs, accelerator.backbones, accelerator.pieces(Priority.JOB), limits
        )
        self.improvements = ImprovementParts(
            store, accelerator, self._banks, references, records, self.pictures, self.jobs, limits
        ).service

    def changed(self, product_id: str | None) -> None:
        """Told by the store: a product was changed, here or elsewhere; None: any may have been, nobody listened."""
        self._banks.serving.expire(product_id)
        if product_id is None:
            self._banks.serving.probe()
            self.banks.follow_all()
        else:
            self._follow(product_id)

    def readiness(self) -> Readiness:
        """Whether the service can inspect, with which backbone, and what it holds. Asks nobody else for that."""
        backbone = self._accelerator.backbones.last_default
        return Readiness(
            ready=not self._draining,
            reason="draining" if self._draining else None,
            backbone=BackboneView(
                backbone.spec.name, backbone.engine, backbone.precision, backbone.spec.choosable_layers
            ),
            device=self._accelerator.device,
            banks=self._banks.view(),
            waiting=self._accelerator.engine.waiting,
            batches=self._accelerator.batches.view(backbone),
            store_reachable=self._banks.serving.reachable,
            drifted=len(self._drift.drifted()),
            records=self._records.writer.state if self._records else None,
            pictures=self._pictures.state if self._pictures else None,
        )

    def drain(self) -> None:
        """Say not ready from now on; requests still on their way are answered."""
        self._draining = True

    def abort_registrations(self) -> None:
        """End registrations under way at their next step, unpublished; their callers are told to send them again."""
        self._accelerator.engine.refuse(Priority.REGISTRATION)

    def abort_jobs(self) -> None:
        """End jobs at their next step, as failed; whoever asked for them is told to send them again."""
        self.jobs.abort()
        self._accelerator.engine.refuse(Priority.JOB)

    def close(self) -> None:
        """Finish the work at hand and end the threads."""
        if self._announcements:
            self._announcements.close()
        self.jobs.close()
        self.calibration.close()
        self._banks.loader.close()
        self._accelerator.engine.close()
        if self._pictures:
            self._pictures.close()
        if self._records:
            self._records.close()

    def _made_change(self, product_id: str) -> None:
        self._follow(product_id)
        self.calibration.follow(product_id)

    def _calibrated(self, product: Product, manifest: BankManifest) -> Product:
        return self._calibration_ahead.measured(product, manifest)

    def _follow(self, product_id: str) -> None:
        self.banks.follow(product_id)
