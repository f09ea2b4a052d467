"""The use cases together, as the HTTP layer and the command line see them."""

from dataclasses import dataclass

from app.engine.options import ProductSettings
from app.service.backbones import DEFAULT, Backbones
from app.service.bank_builder import BankBuilder
from app.service.bank_cache import BankCache
from app.service.banks import BankService
from app.service.engine_thread import EngineThread
from app.service.inspection import InspectionService
from app.service.masking import MaskingService
from app.service.products import ProductService
from app.service.registration import RegistrationService
from app.service.results import BackboneView, Readiness
from app.storage.store import Blobs, Catalog


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on: image size, images a registration, kept versions, memory for banks."""

    max_image_pixels: int
    max_images_per_request: int
    keep_versions: int
    bank_cache_bytes: int


class Service:
    """Products, references, banks, masking and inspection over one store and one engine thread."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        backbones: Backbones,
        *,
        device: str,
        defaults: ProductSettings,
        limits: Limits,
        auto_create: bool,
    ) -> None:
        self._engine = EngineThread()
        self._backbones = backbones
        self._cache = BankCache(limits.bank_cache_bytes)
        self._device = device
        self._draining = False
        builder = BankBuilder(
            catalog,
            blobs,
            backbones,
            self._engine,
            device=device,
            max_pixels=limits.max_image_pixels,
            keep_versions=limits.keep_versions,
        )
        self.banks = BankService(catalog, blobs, backbones, builder, self._cache, self._engine, device)
        self.products = ProductService(catalog, backbones, self.banks, builder, self._cache, defaults)
        self.masking = MaskingService(catalog, blobs, self.banks, builder)
        self.references = RegistrationService(
            self.products,
            self.banks,
            self.masking,
            blobs,
            builder,
            max_pixels=limits.max_image_pixels,
            max_images=limits.max_images_per_request,
            auto_create=auto_create,
        )
        self.inspection = InspectionService(catalog, self.banks, backbones, self._engine, limits.max_image_pixels)

    def readiness(self) -> Readiness:
        """Whether the service can inspect, with which backbone, and how many banks it holds."""
        backbone = self._backbones.get(DEFAULT)
        return Readiness(
            ready=not self._draining,
            reason="draining" if self._draining else None,
            backbone=BackboneView(backbone.spec.name, backbone.engine, backbone.precision),
            device=self._device,
            loaded_banks=len(self._cache),
            loaded_bank_bytes=self._cache.size_bytes,
            waiting=self._engine.waiting,
        )

    def drain(self) -> None:
        """Say not ready from now on; requests still on their way are answered."""
        self._draining = True

    def abort_registrations(self) -> None:
        """End registrations under way at their next step, unpublished; their callers are told to send them again."""
        self._engine.refuse_registration()

    def close(self) -> None:
        """Finish the work at hand and end the engine thread."""
        self._engine.close()
