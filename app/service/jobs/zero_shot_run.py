"""One batch without references, from its uploads to scores and heatmaps, in pieces that let inspections through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features
from app.engine.heatmap import COLORMAP, Heatmap, HeatmapStyle, heatmap
from app.engine.hygiene import Duplicates
from app.engine.masking.foreground import foreground_mask, scored_patches
from app.engine.masking.pixels import unseen_pixels
from app.engine.options import Masking, Preprocessing, Profile, Statistic, ZeroShotAggregation, fit_of
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess, unseen_edge
from app.engine.types import Distances, Image, Mask, PatchFeatures
from app.engine.verdict.scoring import anomaly_map, image_score
from app.engine.zero_shot import ZeroShotBatch
from app.service.accelerator.extraction import ReferenceExtractor, tested_masks
from app.service.accelerator.pieces import Pieces
from app.service.jobs.jobs import JobUnderWay
from app.service.uploads.checked_upload import CheckedUpload
from app.service.verdicts.verdict import ROUNDING, Flag, Foreground
from app.storage.jobs import JobHeatmaps, ScoredImage

DuplicateFlag = Literal["duplicate", "near_duplicate"]

STEPS_PER_IMAGE = 3
"""Its patch features, its search, its heatmap."""

ANY_FRACTION = (0.0, 1.0)
"""Untested masks: no foreground to compare one with. Even so an empty one is left out, or the image would pass as
perfectly normal (profile `robust`)."""


@dataclass(frozen=True, slots=True)
class ZeroShotRequest:
    """How a batch is to be scored. `masking`: `auto` runs the masking test on the batch's first image, which stands
    for the reference that there is none of."""

    smaller_edge: int = 672
    masking: Masking = "off"
    aggregation: ZeroShotAggregation = "quantile"
    backbone: str = "default"
    profile: Profile = "robust"
    style: HeatmapStyle = "heat"

    @property
    def preprocessing(self) -> Preprocessing:
        """Of each image; `auto` tests the masks of all rotations of the first."""
        return Preprocessing(self.smaller_edge, "on", fit=fit_of(self.profile))


@dataclass(frozen=True, slots=True)
class ZeroShotRun:
    """The work of one job. Its images are decoded one at a time."""

    uploads: Sequence[CheckedUpload]
    duplicates: Sequence[Duplicates]
    request: ZeroShotRequest
    backbone: Backbone
    pieces: Pieces
    heatmaps: JobHeatmaps
    max_pixels: int
    under_way: JobUnderWay

    def results(self) -> tuple[ScoredImage, ...]:
        """Score every image, and store its heatmap. Raises what `JobUnderWay.check` does, GpuOutOfMemory, StorageFull,
        StorageUnavailable, JobNotFound."""
        foregrounds, distances = self._distances()
        scale_max = batch_scale(distances) or self.backbone.spec.heat_scale
        results = []
        for index, (foreground, each) in enumerate(zip(foregrounds, distances, strict=True)):
            self.under_way.report(2 * len(self.uploads) + index, "heatmaps")
            drawn = self.pieces.beside(self._drawn, index, each, foreground.mask, scale_max)
            self.heatmaps.put_heatmap(self.under_way.job.job_id, index, drawn.png)
            results.append(self._scored(index, each, foreground, drawn))
        return tuple(results)

    def _distances(self) -> tuple[list[Foreground], list[Distances]]:
        """Of each image its foreground and its patch distances, 0 off the foreground."""
        batch = ZeroShotBatch((), self.pieces.device)
        fractions = self._tested_fractions() if self.request.masking == "auto" else None
        foregrounds = [self._added(batch, index, fractions) for index in range(len(self.uploads))]
        return foregrounds, [self._searched(batch, index, each.mask) for index, each in enumerate(foregrounds)]

    def _tested_fractions(self) -> list[float] | None:
        """What the first image's foregrounds are compared with, rotation by rotation; None where its masks fail the
        masking test."""
        self.under_way.report(0, "features")
        preprocessing, spec = self.request.preprocessing, self.backbone.spec
        extractor = ReferenceExtractor(self.pieces)
        rotations = extractor.rotations(self._image(0), preprocessing.angles_deg, preprocessing, self.backbone)
        verdict, _ = self.pieces.beside(tested_masks, rotations, spec, self.request.profile)
        return [float(each.mask.mean()) for each in rotations] if verdict.accepted else None

    def _added(self, batch: ZeroShotBatch, index: int, fractions: Sequence[float] | None) -> Foreground:
        self.under_way.report(index, "features")
        made, spec = self.request.preprocessing, self.backbone.spec
        model_input = self.pieces.beside(preprocess, self._image(index), made.smaller_edge, spec, made.fit)
        [features] = self.pieces.run(patch_features, self.backbone, [model_input])
        self.pieces.run(batch.add, features)
        return self._foreground(features, fractions)

    def _foreground(self, features: PatchFeatures, fractions: Sequence[float] | None) -> Foreground:
        masking, profile = self.request.masking, self.request.profile
        everything = np.ones(features.geometry.grid.patches, bool)
        if masking == "off":
            return Foreground(everything, ())
        if masking == "auto" and fractions is None:
            return Foreground(everything, ("mask_untrusted",))
        mask = self.pieces.beside(foreground_mask, features, self.backbone.spec, profile)
        scored, flag = scored_patches(mask, profile, fractions or ANY_FRACTION)
        told: tuple[Flag, ...] = (flag,) if flag else ()
        if masking == "on" and flag != "mask_untrusted":
            told = ("mask_untested", *told)
        return Foreground(scored, told)

    def _searched(self, batch: ZeroShotBatch, index: int, mask: Mask) -> Distances:
        self.under_way.report(len(self.uploads) + index, "search")
        others = self.duplicates[index].others
        search = self.pieces.run(batch.search, index, self.request.aggregation, others)
        for chunk in search.chunks():
            self.under_way.check()
            self.pieces.run(search.add, chunk)
        return np.where(mask, self.pieces.run(search.distances), np.float32(0))

    def _drawn(self, index: int, distances: Distances, mask: Mask, scale_max: float) -> Heatmap:
        request, geometry = self.request, self.uploads[index].geometry
        return heatmap(
            anomaly_map(distances, geometry, request.profile),
            self._image(index),
            scale_max,
            style=request.style,
            smaller_edge=request.smaller_edge,
            unseen=unseen_pixels(mask, geometry),
        )

    def _image(self, index: int) -> Image:
        return decode_image(self.uploads[index].upload.data, self.max_pixels).pixels

    def _scored(self, index: int, distances: Distances, foreground: Foreground, drawn: Heatmap) -> ScoredImage:
        checked, same = self.uploads[index], self.duplicates[index]
        told: dict[Flag | DuplicateFlag, bool] = {
            "duplicate": same.equal,
            "near_duplicate": same.near,
            "edge_unseen": unseen_edge(checked.geometry) is not None,
        }
        return ScoredImage(
            index=index,
            filename=checked.upload.filename,
            score=image_score(distances, foreground.mask, Statistic()),
            flags=(*foreground.flags, *(flag for flag, holds in told.items() if holds)),
            width=checked.geometry.original.width,
            height=checked.geometry.original.height,
            sha256=checked.sha256,
            heatmap_width=drawn.width,
            heatmap_height=drawn.height,
            heatmap_scale_max=drawn.scale_max,
            colormap=None if drawn.style == "gray16" else COLORMAP,
        )


def batch_scale(distances: Sequence[Distances]) -> float | None:
    """The hot end of a batch's colour scale: twice the median of its images' largest patch distances.

    As for a bank, twice what good parts reach (ALGORITHM 5.4); but nobody has said which parts are good, so the median
    image stands for them. None where it shows nothing of its own.
    """
    scale_max = 2 * float(np.median([each.max() for each in distances]))
    return scale_max if scale_max > ROUNDING else None
