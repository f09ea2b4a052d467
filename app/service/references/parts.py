"""What takes references in and looks at them, put together."""

from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.engine_thread import Priority
from app.service.banks.parts import BankParts
from app.service.limits import Limits
from app.service.products.products import ProductService
from app.service.references.hygiene import HygieneService
from app.service.references.masking import MaskingService
from app.service.references.registration import RegistrationService
from app.service.uploads.photographs import Photographs
from app.storage.open import OpenStore


class ReferenceParts:
    """The references of each product, their masking test, and what may be wrong with them."""

    def __init__(
        self,
        store: OpenStore,
        accelerator: Accelerator,
        banks: BankParts,
        products: ProductService,
        photographs: Photographs,
        limits: Limits,
        *,
        auto_create: bool,
    ) -> None:
        catalog, blobs, pieces = store.catalog, store.blobs, accelerator.pieces(Priority.REGISTRATION)
        self.photographs = photographs
        self.masking = MaskingService(catalog, blobs, banks.service, banks.builder)
        self.hygiene = HygieneService(catalog, blobs, banks.service, banks.builder, photographs, pieces)
        self.service = RegistrationService(
            catalog,
            products,
            banks.service,
            self.masking,
            self.hygiene,
            photographs,
            blobs,
            banks.builder,
            max_pixels=limits.max_image_pixels,
            max_images=limits.max_images_per_request,
            auto_create=auto_create,
        )
