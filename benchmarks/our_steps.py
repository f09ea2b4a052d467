"""Registration and inspection as the service computes them, without HTTP and the store."""

from pathlib import Path

import numpy as np

from app.assembly import limit_threads
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.faster import faster
from app.engine.backbone.vit import ViTBackbone
from app.engine.bank.bank import MemoryBank, segment
from app.engine.detector import patch_distances, patch_features
from app.engine.heatmap import heatmap
from app.engine.masking.foreground import foreground_mask
from app.engine.masking.masking_test import masking_test
from app.engine.masking.picture import preview
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing, Statistic
from app.engine.photograph.augment import rotate
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image, ModelInput, PatchFeatures
from app.engine.verdict.scoring import anomaly_map, image_score
from benchmarks.side import Job, Stopwatch
from tests.engine.synthetic_weights import VITS14, synthetic_vits14

MAX_PIXELS = 100_000_000
GPU_IMAGES_PER_PASS = 8


class OurSteps:
    """Profile `robust`: rotation on, mask computed, a palette PNG at the size that the backbone saw."""

    def __init__(self, job: Job, backbone: Backbone) -> None:
        self._job = job
        self._backbone = backbone
        self._preprocessing = Preprocessing(job.smaller_edge, "on", fit="crop")
        self._images_per_pass = 1 if job.device == "cpu" else GPU_IMAGES_PER_PASS
        self._bank: MemoryBank | None = None

    def register(self, clock: Stopwatch) -> float:
        spec = self._backbone.spec
        with clock.stage("decode"):
            image = _decoded(self._job.reference)
        with clock.stage("rotate"):
            rotated = [rotate(image, angle_deg) for angle_deg in ROTATION_ANGLES_DEG]
        with clock.stage("preprocess"):
            inputs = [preprocess(each, self._preprocessing.smaller_edge, spec, "crop") for each in rotated]
        with clock.stage("backbone"):
            features = self._features(inputs)
        with clock.stage("mask"):
            masks = [foreground_mask(each, spec, "robust") for each in features]
            masking_test(features, masks, ROTATION_ANGLES_DEG)
            preview(image, masks, ROTATION_ANGLES_DEG, features[0].geometry)
        with clock.stage("bank"):
            self._bank = MemoryBank([segment(features, ROTATION_ANGLES_DEG, masks[0])], self._job.device)
        return self._bank.rows

    def inspect(self, clock: Stopwatch) -> float:
        assert self._bank is not None
        spec = self._backbone.spec
        with clock.stage("decode"):
            image = _decoded(self._job.test)
        with clock.stage("preprocess"):
            model_input = preprocess(image, self._preprocessing.smaller_edge, spec, "crop")
        with clock.stage("backbone"):
            features = patch_features(self._backbone, [model_input])[0]
        with clock.stage("mask"):
            foreground_mask(features, spec, "robust")
        everything = np.ones(features.geometry.grid.patches, bool)
        with clock.stage("search"):
            distances = patch_distances(features, self._bank, everything).values
        with clock.stage("score and map"):
            score = image_score(distances, everything, Statistic())
            drawn = anomaly_map(distances, features.geometry, "robust")
        with clock.stage("heatmap"):
            heatmap(drawn, image, spec.heat_scale, smaller_edge=self._preprocessing.smaller_edge)
        return score

    def _features(self, inputs: list[ModelInput]) -> list[PatchFeatures]:
        step = self._images_per_pass
        passes = [inputs[start : start + step] for start in range(0, len(inputs), step)]
        return [features for some in passes for features in patch_features(self._backbone, some)]


def _decoded(path: Path) -> Image:
    return decode_image(path.read_bytes(), MAX_PIXELS).pixels


def make_steps(job: Job) -> OurSteps:
    """The steps with DINOv2 ViT-S/14, its weights drawn at random."""
    limit_threads(job.threads)
    by_torch = ViTBackbone(VITS14, synthetic_vits14(), job.device, job.precision)
    return OurSteps(job, faster(by_torch, {}, ("bfloat16", "float32")) if job.engine == "auto" else by_torch)
