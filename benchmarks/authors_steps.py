"""The same work by the authors' own code, imported from checkouts of AnomalyDINO and DINOv2 that the caller names.

Their evaluation is one long function over a whole data set, so the order of the steps is ours; what does the work is
theirs: rotation, preparation, backbone, mask, score, map, picture. FAISS is used as they use it: a flat L2 index over
rows that FAISS normalised, no setting of its OpenBLAS.
"""

import importlib
import os
import sys
import warnings
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

import faiss  # isort: skip  # torch comes first, as everywhere in this project

from benchmarks.side import Job, Stopwatch
from tests.engine.synthetic_weights import synthetic_vits14

MASK_THRESHOLD = 10
MODEL = "dinov2_vits14"


class AuthorsSteps:
    """Rotation on, mask computed, references unmasked, the map written as TIFF and `.npy`, a figure of the sample."""

    def __init__(self, job: Job, model: Any) -> None:
        self._job = job
        self._model = model
        self._utils, self._scores = importlib.import_module("src.utils"), importlib.import_module("src.post_eval")
        self._pictures = importlib.import_module("src.visualize")
        self._index: Any = None

    def register(self, clock: Stopwatch) -> float:
        kept = []
        with clock.stage("decode"):
            image = _decoded(str(self._job.reference))
        with clock.stage("rotate"):
            rotated = self._utils.augment_image(image)
        for each in rotated:
            with clock.stage("preprocess"):
                tensor, grid = self._model.prepare_image(each)
            with clock.stage("backbone"):
                features = self._model.extract_features(tensor)
            with clock.stage("mask"):
                kept.append(features[self._model.compute_background_mask(features, grid, MASK_THRESHOLD, False)])
        with clock.stage("bank"):
            rows = np.concatenate(kept).astype(np.float32)
            faiss.normalize_L2(rows)
            self._index = self._flat_index(rows.shape[1])
            self._index.add(rows)
        return float(self._index.ntotal)

    def inspect(self, clock: Stopwatch) -> float:
        with clock.stage("decode"):
            image = _decoded(str(self._job.test))
        with clock.stage("preprocess"):
            tensor, grid = self._model.prepare_image(image)
        with clock.stage("backbone"):
            features = self._model.extract_features(tensor)
        with clock.stage("mask"):
            self._model.compute_background_mask(features, grid, MASK_THRESHOLD, True)
        with clock.stage("search"):
            faiss.normalize_L2(features)
            squared, _ = self._index.search(features, 1)
        with clock.stage("score and map"):
            distances = (squared[:, 0] / 2).astype(np.float64)
            score = float(self._scores.mean_top1p(distances))
            drawn = self._utils.dists2map(distances.reshape(grid), image.shape)
        with clock.stage("map files"):
            np.save(self._job.folder / "distances.npy", distances.reshape(grid))
            importlib.import_module("tifffile").imwrite(self._job.folder / "map.tiff", drawn)
        with clock.stage("heatmap"):
            self._save_picture(image, drawn)
        return score

    def _flat_index(self, width: int) -> Any:
        if self._job.device == "cpu":
            return faiss.IndexFlatL2(width)
        return faiss.GpuIndexFlatL2(faiss.StandardGpuResources(), width)

    def _save_picture(self, image: NDArray[np.uint8], drawn: NDArray[np.float64]) -> None:
        plot = importlib.import_module("matplotlib.pyplot")
        figure, axes = plot.subplots(figsize=(2, 2))
        self._pictures.plot_sample(image, drawn, axes, cmap=self._pictures.cmap, vmax=drawn.max())
        axes.axis("off")
        plot.tight_layout()
        plot.savefig(self._job.folder / "picture.png")
        plot.close(figure)


def _decoded(path: str) -> NDArray[np.uint8]:
    blue_first = cv2.imread(path, cv2.IMREAD_COLOR)
    assert blue_first is not None
    return np.asarray(cv2.cvtColor(blue_first, cv2.COLOR_BGR2RGB), np.uint8)


def make_steps(job: Job) -> AuthorsSteps:
    """Their steps with their DINOv2 ViT-S/14, the same random weights loaded into it."""
    assert job.authors is not None
    assert job.dinov2 is not None
    if job.threads:
        torch.set_num_threads(job.threads)
        faiss.omp_set_num_threads(job.threads)
        cv2.setNumThreads(job.threads)
    os.environ["MPLBACKEND"] = "Agg"
    sys.path[:0] = [str(job.authors), str(job.dinov2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # DINOv2 warns that xFormers is missing; it is no use on a CPU
        network = importlib.import_module("dinov2.hub.backbones").dinov2_vits14(pretrained=False)
    network.load_state_dict(synthetic_vits14(), strict=True)
    return AuthorsSteps(job, _wrapped(importlib.import_module("src.backbones"), network, job))


def _wrapped(backbones: ModuleType, network: torch.nn.Module, job: Job) -> Any:
    """Their wrapper around the network. It would download one: it is given this one instead."""
    hub: Any = torch.hub
    downloading = hub.load
    hub.load = lambda _repository, _name: network
    try:
        return backbones.DINOv2Wrapper(MODEL, job.device, job.smaller_edge)
    finally:
        hub.load = downloading
