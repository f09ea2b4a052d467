"""The use cases together, as the HTTP layer and the command line see them."""

from dataclasses import dataclass

from app.engine.options import ProductSettings
from app.service.backbones import Backbones
from app.service.bank_builder import BankBuilder
from app.service.bank_cache import BankCache, BankKey
from app.service.bank_loader import BankLoader
from app.service.banks import BankService
from app.service.calibration import CalibrationService
from app.service.calibration_intake import CalibrationIntake
from app.service.calibration_knowledge import CalibrationKnowledge
from app.service.calibration_measurer import CalibrationMeasurer
from app.service.commissioning import Commissioner
from app.service.drift import DriftWatch
from app.service.engine_thread import EngineThread, Priority
from app.service.hygiene import HygieneService
from app.service.inspection import InspectionService
from app.service.jobs import JobService
from app.service.masking import MaskingService
from app.service.photographs import Photographs
from app.service.pieces import Pieces
from app.service.products import ProductService
from app.service.registration import RegistrationService
from app.service.results import BackboneView, BanksView, Readiness
from app.service.serving import ServingKnowledge
from app.service.zero_shot import BatchLimits, ZeroShotService
from app.storage.open import OpenStore
from app.storage.segments import SegmentPrecision
from app.storage.store import Blobs, Catalog


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on: image size, images a registration or batch, kept versions, memory for banks, jobs; and
    how old may be what it knows of the version that serves, s (0: it asks the store each time)."""

    max_image_pixels: int
    max_images_per_request: int
    keep_versions: int
    bank_cache_bytes: int
    max_jobs: int
    pointer_max_age_s: float = 0.0


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
    ) -> None:
        catalog, blobs = store.catalog, store.blobs
        self._announcements = store.announcements
        self._engine = EngineThread()
        self._backbones = backbones
        self._serving = ServingKnowledge(catalog, limits.pointer_max_age_s, self._made_change)
        self._cache = BankCache(limits.bank_cache_bytes, self._is_pinned)
        self._loader = BankLoader()
        self._device = device
        self._draining = False
        builder = self._builder(catalog, blobs, backbones, limits, segment_precision)
        self.banks = BankService(
            catalog, blobs, backbones, builder, self._cache, self._loader, self._serving, self._engine, device
        )
        drift = DriftWatch()
        self.products = ProductService(catalog, backbones, self.banks, builder, self._serving, drift, defaults)
        self.masking = MaskingService(catalog, blobs, self.banks, builder)
        photographs = Photographs(blobs, limits.max_image_pixels)
        pieces = Pieces(self._engine, Priority.REGISTRATION, device)
        self.hygiene = HygieneService(catalog, blobs, self.banks, builder, photographs, pieces)
        self.references = RegistrationService(
            catalog,
            self.products,
            self.banks,
            self.masking,
            self.hygiene,
            photographs,
            blobs,
            builder,
            max_pixels=limits.max_image_pixels,
            max_images=limits.max_images_per_request,
            auto_create=auto_create,
        )
        knowledge, commissioner = CalibrationKnowledge(blobs), Commissioner(blobs)
        self.inspection = InspectionService(
            self._serving, self.banks, backbones, self._engine, knowledge, commissioner, drift, limits.max_image_pixels
        )
        self.calibration = self._calibration(catalog, blobs, backbones, knowledge, photographs, limits)
        self.jobs = JobService(store.jobs, limits.max_jobs)
        self.zero_shot = ZeroShotService(
            self.jobs,
            store.jobs,
            backbones,
            Pieces(self._engine, Priority.JOB, device),
            BatchLimits(limits.max_image_pixels, limits.max_images_per_request, limits.bank_cache_bytes),
        )
        if self._announcements:
            self._announcements.follow(self.changed)

    def _builder(
        self,
        catalog: Catalog,
        blobs: Blobs,
        backbones: Backbones,
        limits: Limits,
        segment_precision: SegmentPrecision,
    ) -> BankBuilder:
        return BankBuilder(
            catalog,
            blobs,
            backbones,
            Pieces(self._engine, Priority.REGISTRATION, self._device),
            self._serving,
            max_pixels=limits.max_image_pixels,
            keep_versions=limits.keep_versions,
            segment_precision=segment_precision,
        )

    def _calibration(
        self,
        catalog: Catalog,
        blobs: Blobs,
        backbones: Backbones,
        knowledge: CalibrationKnowledge,
        photographs: Photographs,
        limits: Limits,
    ) -> CalibrationService:
        now, later = (
            CalibrationMeasurer(blobs, backbones, Pieces(self._engine, priority, self._device), limits.max_image_pixels)
            for priority in (Priority.REGISTRATION, Priority.JOB)
        )
        return CalibrationService(
            catalog,
            blobs,
            self.banks,
            self._serving,
            knowledge,
            CalibrationIntake(blobs, backbones, photographs, limits.max_image_pixels),
            now,
            later,
            limits.max_images_per_request,
        )

    def changed(self, product_id: str | None) -> None:
        """Told by the store: a product was changed, here or elsewhere; None: any may have been, nobody listened."""
        self._serving.expire(product_id)
        if product_id is None:
            self._serving.probe()
            self.banks.follow_all()
        else:
            self._follow(product_id)

    def readiness(self) -> Readiness:
        """Whether the service can inspect, with which backbone, and what it holds. Asks nobody else for that."""
        backbone = self._backbones.last_default
        held = self._cache.figures()
        return Readiness(
            ready=not self._draining,
            reason="draining" if self._draining else None,
            backbone=BackboneView(backbone.spec.name, backbone.engine, backbone.precision),
            device=self._device,
            banks=BanksView(
                loaded=held.banks,
                loaded_bytes=held.size_bytes,
                held_bytes=held.held_bytes,
                budget_bytes=held.budget_bytes,
                pinned=held.pinned,
                loading=self._loader.under_way,
                loads=held.loads,
                evictions=held.evictions,
            ),
            waiting=self._engine.waiting,
            store_reachable=self._serving.reachable,
        )

    def drain(self) -> None:
        """Say not ready from now on; requests still on their way are answered."""
        self._draining = True

    def abort_registrations(self) -> None:
        """End registrations under way at their next step, unpublished; their callers are told to send them again."""
        self._engine.refuse(Priority.REGISTRATION)

    def abort_jobs(self) -> None:
        """End jobs at their next step, as failed; whoever asked for them is told to send them again."""
        self.jobs.abort()
        self._engine.refuse(Priority.JOB)

    def close(self) -> None:
        """Finish the work at hand and end the threads."""
        if self._announcements:
            self._announcements.close()
        self.jobs.close()
        self.calibration.close()
        self._loader.close()
        self._engine.close()

    def _made_change(self, product_id: str) -> None:
        self._follow(product_id)
        self.calibration.follow(product_id)

    def _follow(self, product_id: str) -> None:
        self.banks.follow(product_id)

    def _is_pinned(self, key: BankKey) -> bool:
        known = self._serving.last_known(key.product_id)
        return known is not None and known.product.settings.pinned and known.pointer.active == key.version
