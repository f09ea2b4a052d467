"""The whole service on a backbone that takes milliseconds."""

from dataclasses import replace

from app.engine.backbone.backbone import Backbone
from app.engine.options import ProductSettings
from app.opened_store import no_pictures, opened_store
from app.service.accelerator.backbones import Backbones
from app.service.limits import Batching, Limits, RowsHeld
from app.service.service import Service
from app.settings import Settings
from app.storage.pictures.pictures import Pictures
from app.storage.records.store import Records
from app.storage.store import Blobs
from tests.api.tiny_backbone import TINY, tiny_backbone


def tiny_service(
    settings: Settings,
    blobs: Blobs | None = None,
    backbone: Backbone | None = None,
    records: Records | None = None,
    pictures: Pictures | None = None,
) -> Service:
    """A service as the settings say, on the tiny backbone or what stands for it; `blobs` instead of the store's own."""
    store = opened_store(settings)
    backbones = Backbones({TINY.name: TINY}, lambda: TINY.name, lambda _name: backbone or tiny_backbone())
    backbones.load_default()
    return Service(
        replace(store, blobs=blobs or store.blobs),
        backbones,
        device="cpu",
        defaults=ProductSettings(settings.smaller_edge, profile=settings.profile),
        limits=Limits(
            max_image_pixels=settings.max_image_pixels,
            max_images_per_request=settings.max_images_per_request,
            keep_versions=settings.keep_versions,
            bank_cache_bytes=settings.bank_cache_bytes,
            max_jobs=settings.max_jobs,
            background_share=settings.background_share,
            pointer_max_age_s=settings.pointer_max_age_s if settings.redis_url else 0.0,
            rows_held=RowsHeld(settings.exact_rows, settings.bank_rows),
            batching=Batching(settings.max_batch or 1),
        ),
        auto_create=settings.auto_create_products,
        records=records,
        pictures=pictures,
        no_pictures=no_pictures(settings) if pictures is None else None,
    )
