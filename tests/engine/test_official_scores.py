"""Photographs of real parts, scored as the authors' own steps score them: ViT-Tiny, 448 px, rotations, no mask."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.engine.backbone.vit import ViTBackbone
from app.engine.bank import MemoryBank
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.image_file import decode_image
from app.engine.options import Preprocessing, Statistic
from app.engine.preprocess import preprocess
from app.engine.scoring import image_score
from app.engine.types import Image
from app.weights.registry import load_registry
from app.weights.tensors import load_tensors
from tests.shared import SHARED, needs_shared

PREPROCESSING = Preprocessing(smaller_edge=448, rotation="on")
MAX_PIXELS = 10_000_000


def read(path: Path) -> Image:
    return decode_image(path.read_bytes(), MAX_PIXELS).pixels


def score(image: Image, bank: MemoryBank, backbone: ViTBackbone) -> float:
    features = patch_features(backbone, [preprocess(image, PREPROCESSING.smaller_edge, backbone.spec)])[0]
    everything = np.ones(features.geometry.grid.patches, bool)
    return image_score(patch_distances(features, bank, everything).values, everything, Statistic())


@pytest.fixture(scope="module")
def backbone() -> ViTBackbone:
    spec = load_registry().spec("vit_tiny_patch16_224")
    return ViTBackbone(spec, load_tensors(SHARED / "weights" / spec.file), "cpu", "float32")


@needs_shared
@pytest.mark.parametrize("name", ["hazelnut", pytest.param("magnetic_tile", marks=pytest.mark.long)])
def test_photographs_score_as_with_the_authors_code(name: str, backbone: ViTBackbone) -> None:
    rows = json.loads((SHARED / "golden" / "official_vit_tiny_metrics.json").read_text())
    row = next(row for row in rows if (row["object"], row["shots"], row["seed"]) == (name, 1, 0))
    folder = SHARED / "data" / name
    reference = read(min((folder / "train" / "good").iterdir()))
    bank = MemoryBank([reference_segment(reference, PREPROCESSING, backbone)], "cpu")
    expected = row["first_scores"]
    tests = sorted((folder / "test").glob("*/*"))[: len(expected)]
    assert [score(read(path), bank, backbone) for path in tests] == pytest.approx(expected, abs=1e-4)
