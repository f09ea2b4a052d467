"""Inspecting one photograph."""

import hashlib
from uuid import uuid4

import numpy as np

from app.engine.backbone.backbone import Backbone
from app.engine.bank.near import NO_ROW
from app.engine.detector import patch_features
from app.engine.masking.foreground import foreground_mask, scored_patches, trusted_range
from app.engine.masking.pixels import unseen_pixels
from app.engine.photograph.appearance import Appearance
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.photometry import appearance
from app.engine.photograph.preprocess import geometry, preprocess, unseen_edge
from app.engine.types import Geometry, Image, ModelInput, PatchDistances, PatchFeatures, Size
from app.engine.verdict.drift import quantities
from app.engine.verdict.regions import Region, find_regions
from app.engine.verdict.scoring import image_score
from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.engine_thread import Priority
from app.service.banks.banks import BankService
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import BankNotLoaded, Cold
from app.service.banks.masking_policy import masking_applies
from app.service.banks.serving import Serving, ServingKnowledge
from app.service.calibration.commissioning import Commissioner
from app.service.calibration.knowledge import CalibrationKnowledge
from app.service.clock import StageClock, now
from app.service.deadline import Deadline
from app.service.inspection.drift import DriftWatch
from app.service.inspection.picture import drawn, heat_scale
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.inspection.searched import searched
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.verdict import Flag, Foreground, Likeness, Looked, judged
from app.storage.documents import Product

MAX_REGIONS = 20
"""More of them are not told: the part is bad all over, or it is another one."""


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
    ) -> None:
        self._serving = serving
        self._banks = banks
        self._backbones = accelerator.backbones
        self._engine = accelerator.engine
        self._knowledge = knowledge
        self._commissioner = commissioner
        self._drift = drift
        self._max_pixels = max_pixels

    def inspect(self, product_id: str, upload: bytes, request: InspectionRequest) -> InspectionResult:
        """Score one photograph, with its heatmap if one is wanted; waits where the bank has to be loaded first.

        Raises:
            InvalidRequest and what is below it: the file cannot be read; ProductNotFound, BankNotFound, NoReferences,
            BackboneMismatch, BankDamaged, NotReady, GpuOutOfMemory, StorageUnavailable; Overloaded, DeadlineExceeded:
            the request's deadline had passed before its turn came.
        """
        try:
            return self.inspect_loaded(product_id, upload, request)
        except BankNotLoaded as raised:
            cold = raised.cold
        return self.inspect_with(self._banks.load(cold.wanted).result(), cold, upload, request)

    def inspect_loaded(self, product_id: str, upload: bytes, request: InspectionRequest) -> InspectionResult:
        """As `inspect`, but BankNotLoaded, at once, where the bank is not in memory: then `inspect_with` goes on."""
        clock = StageClock()
        with clock.stage("bank"):
            serving = self._serving.get(product_id)
            loaded = self._banks.loaded(serving, request.bank_version)
        return self._inspected(serving, loaded, upload, request, clock)

    def inspect_with(
        self, loaded: LoadedBank, cold: Cold, upload: bytes, request: InspectionRequest
    ) -> InspectionResult:
        """Score one photograph with the bank that had to be loaded, under what served when it was asked for."""
        clock = StageClock()
        clock.since("bank", cold.since)
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
        with self._engine.inspecting():
            return self._scored(serving, loaded, backbone, upload, request, clock)

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
        with clock.stage("decode"):
            decoded = decode_image(upload, self._max_pixels, loaded.manifest.preprocessing.bit_depth)
        image = decoded.pixels
        features = self._features(image, loaded, backbone, request.deadline, clock)
        with clock.stage("mask"):
            foreground = _foreground(features, product, loaded, backbone)
        with clock.stage("search"):
            known = self._knowledge.of(product, loaded)
            distances = self._engine.run(Priority.INSPECTION, searched, features, loaded, product, known, foreground)
        with clock.stage("score"):
            score = image_score(distances.values, foreground.mask, product.settings.statistic, distances.weights)
            seen = appearance(image)
            looked = Looked(seen, features.geometry.original, decoded.exceeds, _nothing_near(distances, foreground))
            statistic = product.settings.statistic
            judgement = judged(score, distances.values, foreground, looked, known, loaded.manifest.version, statistic)
            drifted = self._drifted(product, loaded, known, distances, foreground, seen)
            regions = _regions(distances, features, known, product, loaded, backbone)
        with clock.stage("heatmap"):
            scale_max = heat_scale(known, loaded, backbone)
            unseen = unseen_pixels(foreground.mask, features.geometry)
            shown = drawn(request.heatmap, image, features, distances, product, loaded, scale_max, regions, unseen)
        sha256 = hashlib.sha256(upload).hexdigest()
        edge = unseen_edge(features.geometry)
        told: dict[Flag, bool] = {
            "edge_unseen": edge is not None,
            "drift": drifted,
            "bank_unconfirmed": not serving.confirmed,
        }
        return InspectionResult(
            inspection_id=str(uuid4()),
            product_id=product.product_id,
            bank_version=loaded.manifest.version,
            backbone=backbone.spec.name,
            search=loaded.manifest.search,
            score=score,
            flags=(*judgement.flags, *foreground.flags, *(flag for flag, holds in told.items() if holds)),
            unseen_edge=edge,
            foreground_fraction=float(foreground.mask.mean()),
            heatmap=shown,
            width=image.shape[1],
            height=image.shape[0],
            sha256=sha256,
            timings_ms=clock.timings_ms,
            created_at=now(),
            request=request,
            judgement=judgement,
            regions=None if regions is None else tuple(regions),
            references=tuple(entry.sha256 for entry in loaded.manifest.references),
            commissioning=self._commissioner.kept(product, loaded.manifest, known.counted, sha256, upload),
        )

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

    def _features(
        self, image: Image, loaded: LoadedBank, backbone: Backbone, deadline: Deadline, clock: StageClock
    ) -> PatchFeatures:
        with clock.stage("preprocess"):
            made = loaded.manifest.preprocessing
            model_input = preprocess(image, made.smaller_edge, backbone.spec, made.fit)
        with clock.stage("backbone"):
            return self._engine.run(Priority.INSPECTION, _features_in_time, deadline, backbone, model_input)


def _features_in_time(deadline: Deadline, backbone: Backbone, model_input: ModelInput) -> PatchFeatures:
    deadline.check()
    return patch_features(backbone, [model_input])[0]


def _nothing_near(distances: PatchDistances, foreground: Foreground) -> bool:
    """Whether a patch that is scored has no row near its place."""
    return bool((distances.nearest[foreground.mask] == NO_ROW).any())


def _foreground(features: PatchFeatures, product: Product, loaded: LoadedBank, backbone: Backbone) -> Foreground:
    """The mask that scoring uses. `robust`: one that the references make implausible is not trusted (ALGORITHM 3.6)."""
    if not masking_applies(product.settings, loaded.manifest.masking):
        return Foreground(np.ones(features.geometry.grid.patches, bool), ())
    profile = product.settings.profile
    fractions = [fraction for entry in loaded.manifest.references for fraction in entry.foreground_fractions]
    found = foreground_mask(features, backbone.spec, profile)
    mask, flag = scored_patches(found, profile, fractions)
    likeness = Likeness("foreground_fraction", float(found.mean()), *trusted_range(fractions))
    return Foreground(mask, (flag,) if flag else (), likeness if profile == "robust" else None)


def _regions(
    distances: PatchDistances,
    features: PatchFeatures,
    known: Calibration,
    product: Product,
    loaded: LoadedBank,
    backbone: Backbone,
) -> list[Region] | None:
    """The largest peaks first; None without a region threshold."""
    if known.region_threshold is None:
        return None
    return find_regions(
        distances,
        features.geometry,
        product.settings.profile,
        known.region_threshold,
        loaded.bank,
        _reference_geometries(loaded, backbone),
        limit=MAX_REGIONS,
    )


def _reference_geometries(loaded: LoadedBank, backbone: Backbone) -> list[Geometry]:
    made, patch_size = loaded.manifest.preprocessing, backbone.spec.patch_size
    sizes = [Size(entry.height, entry.width) for entry in loaded.manifest.references]
    return [geometry(size, made.smaller_edge, patch_size, made.fit) for size in sizes]
