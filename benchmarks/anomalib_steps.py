"""The same work by anomalib's AnomalyDINO or PatchCore, which the caller has installed beside this project.

Decoding, preparation, model and picture are anomalib's, as its own prediction runs them for one image. Its AnomalyDINO
has no rotations: it is given ours, so that both banks have as many rows.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import cv2
import timm
from safetensors.torch import load_file
from torchvision.transforms.v2.functional import to_dtype

from app.engine.device.faiss_torch import torch
from app.engine.options import ROTATION_ANGLES_DEG
from app.engine.photograph.augment import rotate
from app.engine.photograph.image_file import decode_image
from app.engine.types import Image
from benchmarks.peer_weights import PATCHCORE, RESNET_FILE, SHARE
from benchmarks.side import Job, Stopwatch
from tests.engine.synthetic_weights import synthetic_vits14

MAX_PIXELS = 100_000_000
LAYERS = ("layer2", "layer3")


class AnomalibSteps:
    """Eight rotations in the bank; of PatchCore a tenth of their rows. A figure of the sample at the end."""

    def __init__(self, job: Job, model: Any, prepare: Any, method: Literal["anomalydino", "patchcore"]) -> None:
        self._job = job
        self._model = model
        self._prepare = prepare
        self._method = method

    def register(self, clock: Stopwatch) -> float:
        with clock.stage("decode"):
            image = decode_image(self._job.reference.read_bytes(), MAX_PIXELS).pixels
            rotated = [rotate(image, angle_deg) for angle_deg in ROTATION_ANGLES_DEG]
        self._model.train()
        self._model.memory_bank = torch.empty(0)
        with torch.no_grad():
            for each in rotated:
                with clock.stage("backbone"):
                    self._model(self._prepare(_tensor(each))[None])
            with clock.stage("bank"):
                if self._method == "patchcore":
                    self._model.subsample_embedding(SHARE)
                else:
                    self._model.fit()
        self._model.eval()
        return float(len(self._model.memory_bank))

    def inspect(self, clock: Stopwatch) -> float:
        from anomalib.data.utils import read_image

        with torch.no_grad():
            with clock.stage("decode"):
                image = read_image(self._job.test, as_tensor=True)
            with clock.stage("preprocess"):
                prepared = self._prepare(image)[None]
            with clock.stage("model"):
                predicted = self._model(prepared)
            with clock.stage("heatmap"):
                self._save_picture(predicted.anomaly_map[0])
            return float(predicted.pred_score)

    def _save_picture(self, anomaly_map: Any) -> None:
        from anomalib.visualization.image.functional import overlay_image, visualize_anomaly_map
        from PIL import Image as PillowImage

        with PillowImage.open(self._job.test) as photograph:
            heat = visualize_anomaly_map(anomaly_map).resize(photograph.size)
            overlay_image(photograph.convert("RGB"), heat).save(self._job.folder / f"anomalib_{self._method}.png")


def _tensor(image: Image) -> Any:
    return to_dtype(torch.from_numpy(image.copy()).permute(2, 0, 1), torch.float32, scale=True)


@contextmanager
def _no_download() -> Iterator[None]:
    """Their models ask timm for published weights: the network is made without any instead."""
    library: Any = timm
    creating = library.create_model
    library.create_model = lambda name, **options: creating(name, **{**options, "pretrained": False})
    try:
        yield
    finally:
        library.create_model = creating


def _anomalydino() -> Any:
    from anomalib.models.image.anomaly_dino.torch_model import AnomalyDINOModel
    from timm.models.vision_transformer import checkpoint_filter_fn

    model = AnomalyDINOModel()
    network = model.feature_encoder.feature_extractor
    named = checkpoint_filter_fn(dict(synthetic_vits14()), network)
    missing, unexpected = network.load_state_dict(named, strict=False)
    assert not missing, missing
    assert not [name for name in unexpected if name != "mask_token"], unexpected
    return model


def _patchcore(weights: Path) -> Any:
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    model = PatchcoreModel(layers=LAYERS, backbone="resnet18", pre_trained=False)
    missing, _ = model.feature_extractor.feature_extractor.load_state_dict(load_file(weights), strict=False)
    used = [name for name in missing if not name.startswith(("layer4", "fc"))]
    assert not [name for name in used if not name.endswith("num_batches_tracked")], used
    return model


def make_steps(job: Job) -> AnomalibSteps:
    """Their steps with the same random weights; `job.engine` names the method."""
    os.environ["MPLBACKEND"] = "Agg"
    if job.threads:
        torch.set_num_threads(job.threads)
        cv2.setNumThreads(job.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if job.engine == PATCHCORE:
            from anomalib.models import Patchcore as Module

            model = _patchcore(job.folder / RESNET_FILE)
        else:
            from anomalib.models import AnomalyDINO as Module

            with _no_download():
                model = _anomalydino()
        prepare = Module.configure_pre_processor((job.smaller_edge, job.smaller_edge)).transform
    return AnomalibSteps(job, model, prepare, "patchcore" if job.engine == PATCHCORE else "anomalydino")
