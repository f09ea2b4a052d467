"""From settings to a service: weights, backbone, store, use cases."""

import logging
import os
from collections.abc import Callable
from functools import partial

import cv2
from threadpoolctl import ThreadpoolController

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.in_batches import tried_in_batches
from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import faiss, torch
from app.engine.options import ProductSettings
from app.errors import ConfigurationError
from app.opened_store import no_pictures, opened_pictures, opened_records, opened_store
from app.service.accelerator.backbones import Backbones
from app.service.limits import Batching, Limits, RowsHeld
from app.service.service import Service
from app.settings import Settings
from app.storage.open import OpenStore
from app.storage.pictures.pictures import Pictures
from app.storage.records.store import Records
from app.storage.store import Catalog
from app.weights.compiled import CompiledFolder
from app.weights.files import verify, weight_file
from app.weights.packaged import packaged_network
from app.weights.registry import Registry, load_registry
from app.weights.tensors import load_tensors

logger = logging.getLogger(__name__)

GPU_BATCH = 8
PREFERRED, EMBEDDED = "dinov2_vits14", "embedded"


def build_service(settings: Settings) -> Service:
    """The service that the settings describe, its default backbone loaded.

    Raises:
        ConfigurationError: a setting cannot be met here: no such backbone, its weights are missing, no such device, or
            the store was made with another default backbone.
        StorageUnavailable: the store cannot be reached, or the records' folder cannot be used; StorageFull.
    """
    store, registry = opened_store(settings), load_registry()
    catalog = store.catalog
    stored = catalog.default_backbone()
    default = resolve_default(settings, registry, stored)
    backbones = loaded_backbones(settings, registry, lambda: _default_now(catalog, default))
    if stored is None:
        # Only now: a backbone that does not load must not be the one that the store is held to.
        catalog.set_default_backbone(default)
    return _service(settings, store, backbones, opened_records(settings), opened_pictures(settings))


def service_with_default(settings: Settings, registry: Registry, store: OpenStore, default: str) -> Service:
    """The service with a default backbone of the caller's choice, which is loaded but not written down."""
    return _service(settings, store, loaded_backbones(settings, registry, lambda: default))


def _default_now(catalog: Catalog, at_start: str) -> str:
    """The store's default backbone: it may have changed over since the start. The one of the start while it is lost."""
    try:
        return catalog.default_backbone() or at_start
    except ConfigurationError:
        return at_start


def loaded_backbones(settings: Settings, registry: Registry, default: Callable[[], str]) -> Backbones:
    """The backbones of the registry on the device that the settings name, the default one of now loaded.

    Raises:
        ConfigurationError: no such device, or the default one's weights are missing or wrong.
    """
    device = resolve_device(settings.device)
    limit_threads(settings.threads)
    backbones = Backbones(
        registry.backbones,
        default,
        lambda name: _loaded(registry.spec(name), settings, device),
        partial(faster_backbone, settings, device),
    )
    loaded = backbones.load_default()
    logger.info("backbone %s (%s, %s) on %s", loaded.spec.name, loaded.engine, loaded.precision, device)
    if loaded.spec.name == EMBEDDED:
        logger.warning(
            "this is the embedded backbone, not DINOv2. For DINOv2: inspector weights fetch %s, then "
            "inspector backbone set %s",
            PREFERRED,
            PREFERRED,
        )
    return backbones


def _service(
    settings: Settings,
    store: OpenStore,
    backbones: Backbones,
    records: Records | None = None,
    pictures: Pictures | None = None,
) -> Service:
    device = resolve_device(settings.device)
    return Service(
        store,
        backbones,
        device=device,
        defaults=ProductSettings(smaller_edge=settings.smaller_edge, profile=settings.profile),
        limits=Limits(
            max_image_pixels=settings.max_image_pixels,
            max_images_per_request=settings.max_images_per_request,
            keep_versions=settings.keep_versions,
            bank_cache_bytes=settings.bank_cache_bytes if device == "cpu" else settings.gpu_bank_cache_bytes,
            max_jobs=settings.max_jobs,
            background_share=settings.background_share,
            pointer_max_age_s=settings.pointer_max_age_s if settings.redis_url else 0.0,
            rows_held=RowsHeld(settings.exact_rows, settings.bank_rows),
            batching=resolve_batching(settings, device),
        ),
        auto_create=settings.auto_create_products,
        segment_precision=settings.segment_precision,
        records=records,
        pictures=pictures,
        no_pictures=no_pictures(settings),
    )


def resolve_default(settings: Settings, registry: Registry, stored: str | None) -> str:
    """The default backbone: the one that the store keeps, or where it keeps none yet, the choice of a first start.

    A line must not depend on which files happened to be there this morning, so only `inspector backbone set` changes
    it.

    Raises:
        ConfigurationError: the settings ask for another backbone than the store keeps, or for an unknown one.
    """
    if settings.backbone != "auto":
        registry.spec(settings.backbone)
    if stored is None:
        return (
            _first_choice(registry, settings) if settings.backbone == "auto" else registry.spec(settings.backbone).name
        )
    if settings.backbone not in ("auto", stored):
        raise ConfigurationError(
            f"INSPECTOR_BACKBONE is {settings.backbone}, but the banks of this store are made with {stored}. "
            f"Set INSPECTOR_BACKBONE to {stored} or auto. To change over instead, rebuilding every bank: "
            f"inspector backbone set {settings.backbone}"
        )
    return registry.spec(stored).name


def _first_choice(registry: Registry, settings: Settings) -> str:
    present = weight_file(registry.spec(PREFERRED), settings.weights_dir).is_file()
    return PREFERRED if present else EMBEDDED


def _loaded(spec: BackboneSpec, settings: Settings, device: str) -> Backbone:
    backbone = load_backbone(spec, settings, device)
    if device != "cpu":
        tried_in_batches(backbone, resolve_batching(settings, device).largest)
    return backbone


def load_backbone(spec: BackboneSpec, settings: Settings, device: str) -> Backbone:
    """Load a backbone from its weight file, checked first unless that is switched off. WeightsUnavailable."""
    path = weight_file(spec, settings.weights_dir)
    if settings.verify_weights or not path.is_file():
        verify(path, spec)
    tensors = load_tensors(path)
    # timm loads torchvision, which takes longer than all else: commands that need no network do without.
    if spec.architecture == "efficientnet_lite":
        from app.engine.backbone.efficientnet_lite import EfficientNetLite

        return EfficientNetLite(spec, packaged_network(), tensors, device)
    if spec.is_resnet:
        from app.engine.backbone.resnet import ResNetBackbone

        return ResNetBackbone(spec, tensors, device)
    from app.engine.backbone.vit import ViTBackbone

    return ViTBackbone(spec, tensors, device, resolve_precision(settings, device))


def faster_backbone(settings: Settings, device: str, reference: Backbone) -> Backbone:
    """The backbone that serves: on the CPU by OpenVINO, unless torch is asked for or OpenVINO judges otherwise; in
    bfloat16 where no precision is asked for, the CPU has it, and that judges alike, else in float32.

    ConfigurationError: OpenVINO is asked for where it cannot be used.
    """
    can_be_faster = device == "cpu" and reference.precision == "float32"
    if settings.engine == "openvino" and not can_be_faster:
        raise ConfigurationError(
            f"INSPECTOR_ENGINE is openvino, which runs on the CPU in float32; this is {device}, {reference.precision}. "
            "Set INSPECTOR_ENGINE to auto, or INSPECTOR_DEVICE to cpu and INSPECTOR_PRECISION to float32."
        )
    if settings.engine == "torch" or not can_be_faster:
        return reference
    # Half a second, for those only that use it.
    from app.engine.backbone.faster import faster

    kept = CompiledFolder(settings.cache_dir or settings.data_dir / "compiled")
    return faster(reference, kept, ("bfloat16", "float32") if settings.precision == "auto" else ("float32",))


def resolve_device(wanted: str) -> str:
    """`auto` is the first GPU where there is one, else the CPU."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigurationError(f"INSPECTOR_DEVICE is {wanted}, but torch finds no GPU here. Use cpu or auto.")
    return wanted


def resolve_batching(settings: Settings, device: str) -> Batching:
    """Where nothing is asked for: batches on a GPU, one image at a time on the CPU, where no pass ever waits."""
    if device == "cpu":
        return Batching(settings.max_batch or 1)
    return Batching(settings.max_batch or GPU_BATCH, settings.batch_wait_ms / 1000)


def resolve_precision(settings: Settings, device: str) -> str:
    """`auto` is float32 on the CPU and bfloat16 on a GPU."""
    if settings.precision == "auto":
        return "float32" if device == "cpu" else "bfloat16"
    return settings.precision


def limit_threads(threads: int) -> int:
    """Give torch, FAISS and OpenCV the same number of threads; 0 means one for each core this process may use.
    The number.

    The OpenBLAS of NumPy and of SciPy get one thread each: others of theirs spin for 20 ms after each product, and what
    they multiply here is small. FAISS's own waits as OpenMP does.
    """
    count = threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(count)
    faiss.omp_set_num_threads(count)
    cv2.setNumThreads(count)
    for library in ThreadpoolController().select(internal_api="openblas").lib_controllers:
        if library.threading_layer == "pthreads":
            library.set_num_threads(1)
    return count
