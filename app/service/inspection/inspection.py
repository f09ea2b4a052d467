"""Inspecting one photograph."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from uuid import uuid4

from app.engine.backbone.backbone import Backbone
from app.engine.heatmap import Heatmap
from app.engine.patch_map import PatchMap
from app.engine.photograph.appearance import Appearance
from app.engine.photograph.image_file import DecodedImage, decode_image
from app.engine.photograph.photometry import appearance
from app.engine.photograph.preprocess import UnseenEdge, preprocess, unseen_edge
from app.engine.types import Image, PatchDistances
from app.engine.verdict.drift import quantities
from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.batches import Extracted
from app.service.accelerator.engine_thread import Priority
from app.service.banks.banks import BankService
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import BankNotLoaded, Cold
from app.service.banks.reference_maker import computed_otherwise
from app.service.banks.serving import Serving, ServingKnowledge
from app.service.calibration.commissioning import Commissioner
from app.service.calibration.knowledge import CalibrationKnowledge
from app.service.clock import StageClock, now
from app.service.inspection.again import KnownBank, Seen, judgement_of
from app.service.inspection.drift import DriftWatch
from app.service.inspection.patches import foreground_of, regions_of
from app.service.inspection.picture import patch_map
from app.service.inspection.recording import pictured, recorded
from app.service.inspection.request import HeatmapRequest, InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.inspection.searched import searched
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.verdict import Flag, Foreground
from app.storage.documents import Product
from app.storage.pictures.pictures import Pictures
from app.storage.records.writer import RecordWriter


class InspectionService:
    """Scores photographs against the bank of their product."""

    def __init__(
        self,
        serving: ServingKnowledge,
        banks: BankService,
        accelerator: Accelerator,
        knowledge: CalibrationKnowledge,
        commissioner: Commissioner,
        drift: DriftWatch,
        max_pixels: int,
        records: RecordWriter | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        """`records`, `pictures`: where each inspection is kept before it is answered; None: nowhere."""
        self._serving = serving
        self._banks = banks
        self._backbones = accelerator.backbones
        self._engine = accelerator.engine
        self._batches = accelerator.batches
        self._knowledge = knowledge
        self._commissioner = commissioner
        self._drift = drift
        self._max_pixels = max_pixels
        self._records, self._pictures = records, pictures
        self._told_to: tuple[Callable[[InspectionResult], None], ...] = ()

    @contextmanager
    def told_to(self, watch: Callable[[InspectionResult], None]) -> Iterator[None]:
        """Within the block, `watch` is told of every inspected image, on the thread that inspected it."""
        self._told_to = (*self._told_to, watch)
        try:
            yield
        finally:
            self._told_to = tuple(each for each in self._told_to if each is not watch)

    def inspect(self, product_id: str, upload: bytes, request: InspectionRequest) -> InspectionResult:
        """Score one photograph, with its heatmap if one is wanted; waits where the bank has to be loaded first.

        Raises:
            InvalidRequest and what is below it: the file cannot be read; ProductNotFound, BankNotFound, NoReferences,
            BackboneMismatch, BankDamaged, NotReady, GpuOutOfMemory, StorageUnavailable; Overloaded, DeadlineExceeded:
            the request's deadline had passed before its turn came.
        """
        clock = StageClock()
        try:
            return self.inspect_loaded(product_id, upload, request, clock)
        except BankNotLoaded as raised:
            cold = raised.cold
        return self.inspect_with(self._banks.load(cold.wanted).result(), cold, upload, request, clock)

    def inspect_loaded(
        self, product_id: str, upload: bytes, request: InspectionRequest, clock: StageClock
    ) -> InspectionResult:
        """As `inspect`, but BankNotLoaded, at once, where the bank is not in memory: then `inspect_with` goes on."""
        serving = self._serving.get(product_id)
        loaded = self._banks.loaded(serving, request.bank_version)
        return self._inspected(serving, loaded, upload, request, clock)

    def inspect_with(
        self, loaded: LoadedBank, cold: Cold, upload: bytes, request: InspectionRequest, clock: StageClock
    ) -> InspectionResult:
        """Score one photograph with the bank that had to be loaded, under what served when it was asked for."""
        return self._inspected(cold.serving, loaded, upload, request, clock)

    def _inspected(
        self,
        serving: Serving,
        loaded: LoadedBank,
        upload: bytes,
        request: InspectionRequest,
        clock: StageClock,
    ) -> InspectionResult:
        request.deadline.check()
        backbone = self._backbones.get(loaded.manifest.backbone, loaded.manifest.preprocessing)
        clock.ended("bank")
        with self._engine.inspecting():
            result = self._scored(serving, loaded, backbone, upload, request, clock)
        if self._pictures:
            result = pictured(result, upload, serving.product.settings.keep_pictures, self._pictures)
            clock.ended("pictures")
        if self._records:
            result = recorded(result, self._records)
            clock.ended("record")
        for watch in self._told_to:
            watch(result)
        return result

    def _scored(
        self,
        serving: Serving,
        loaded: LoadedBank,
        backbone: Backbone,
        upload: bytes,
        request: InspectionRequest,
        clock: StageClock,
    ) -> InspectionResult:
        product = serving.product
        decoded, extracting = self._handed_in(product, loaded, backbone, upload, request, clock)
        image = decoded.pixels
        seen, sha256 = appearance(image), hashlib.sha256(upload).hexdigest()
        extracted = extracting.result()
        features = extracted.features
        clock.ended("backbone")
        foreground = foreground_of(features, product, loaded, backbone)
        clock.ended("mask")
        known = self._knowledge.of(product, loaded)
        distances = self._engine.run(Priority.INSPECTION, searched, features, loaded, product, known, foreground)
        clock.ended("search")
        looked_at, judging = Seen(seen, decoded.exceeds, features), KnownBank(loaded, known)
        score, judgement = judgement_of(looked_at, distances, foreground, product, judging)
        drifted = self._drifted(product, loaded, known, distances, foreground, seen)
        regions = regions_of(distances, features, known, product, loaded, backbone)
        clock.ended("score")
        patches = patch_map(features, distances, foreground, regions, product, known, loaded, backbone)
        shown = _drawn(patches, image, request.heatmap)
        clock.ended("heatmap")
        commissioning = self._commissioner.kept(product, loaded.manifest, known.counted, sha256, upload)
        clock.ended("keep")
        edge = unseen_edge(features.geometry)
        return InspectionResult(
            inspection_id=str(uuid4()),
            product_id=product.product_id,
            bank_version=loaded.manifest.version,
            backbone=backbone.spec.name,
            engine=backbone.engine,
            precision=backbone.precision,
            search=loaded.manifest.search,
            score=score,
            flags=(*judgement.flags, *foreground.flags, *_told(edge, drifted, serving, loaded, backbone)),
            unseen_edge=edge,
            foreground_fraction=float(foreground.mask.mean()),
            heatmap=shown,
            patch_map=patches,
            media_type=decoded.media_type,
            width=image.shape[1],
            height=image.shape[0],
            sha256=sha256,
            batch=extracted.batch,
            timings_ms=clock.timings_ms,
            created_at=now(),
            request=request,
            judgement=judgement,
            regions=None if regions is None else tuple(regions),
            references=tuple(entry.sha256 for entry in loaded.manifest.references),
            commissioning=commissioning,
        )

    def _handed_in(
        self,
        product: Product,
        loaded: LoadedBank,
        backbone: Backbone,
        upload: bytes,
        request: InspectionRequest,
        clock: StageClock,
    ) -> tuple[DecodedImage, Future[Extracted]]:
        """The photograph decoded, and on its way through the backbone."""
        made = loaded.manifest.preprocessing
        with self._batches.coming():
            decoded = decode_image(upload, self._max_pixels, made.bit_depth)
            clock.ended("decode")
            model_input = preprocess(decoded.pixels, made.smaller_edge, backbone.spec, made.fit)
            clock.ended("preprocess")
            return decoded, self._batches.begin(backbone, model_input, product.product_id, request.deadline)

    def _drifted(
        self,
        product: Product,
        loaded: LoadedBank,
        known: Calibration,
        distances: PatchDistances,
        foreground: Foreground,
        seen: Appearance,
    ) -> bool:
        image = quantities(distances.values, foreground.mask, seen)
        return bool(self._drift.seen(product, loaded.manifest.version, known.baseline, image))


def _drawn(patches: PatchMap, image: Image, wanted: HeatmapRequest | None) -> Heatmap | None:
    return patches.drawn(image, wanted.style, wanted.size) if wanted else None


def _told(
    edge: UnseenEdge | None, drifted: bool, serving: Serving, loaded: LoadedBank, backbone: Backbone
) -> list[Flag]:
    """Flags of what is neither the image's score nor its mask."""
    told: dict[Flag, bool] = {
        "edge_unseen": edge is not None,
        "drift": drifted,
        "bank_unconfirmed": not serving.confirmed,
        "other_precision": computed_otherwise(loaded.manifest, backbone),
    }
    return [flag for flag, holds in told.items() if holds]
