"""Every stage against the authors' own code, number by number (profile `paper`, float32, CPU)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.backbone.vit import ViTBackbone
from app.engine.bank.bank import MemoryBank
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.masking.foreground import foreground_mask
from app.engine.options import Preprocessing, Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image, ModelInput, PatchFeatures
from app.engine.verdict.scoring import anomaly_map, image_score
from tests.engine.synthetic_weights import VITS14, synthetic_vits14
from tests.shared import SHARED, needs_shared

GOLDEN = SHARED / "golden"
COMMITTED = Path(__file__).parents[1] / "data" / "golden"
CASES = ["brick", "coins", "coffee", "gravel672", "motorcycle_odd"]


@dataclass(frozen=True)
class Sampling:
    """Which of the computed values a file holds: every n-th patch, and every n-th row and column of pictures."""

    patches: int
    pixels: int


@dataclass(frozen=True)
class Case:
    """The stages of one golden case as this engine computes them, and the expected numbers."""

    expected: dict[str, Any]
    model_input: ModelInput
    features: PatchFeatures
    bank_rows: NDArray[np.float32]
    bank: MemoryBank
    upright: PatchFeatures
    sampling: Sampling

    @property
    def mask(self) -> NDArray[np.bool_]:
        if not self.expected["mask"]:
            return np.ones(self.features.geometry.grid.patches, bool)
        return foreground_mask(self.features, VITS14, "paper")

    @property
    def rotated(self) -> bool:
        return bool(self.expected["rotate"])


def read_rgb(path: Path) -> Image:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)


def compute(folder: Path, name: str, backbone: ViTBackbone, sampling: Sampling) -> Case:
    expected = dict(np.load(folder / f"{name}.npz"))
    preprocessing = Preprocessing(int(expected["smaller_edge"]), "on" if expected["rotate"] else "off")
    reference, test = read_rgb(folder / f"{name}_reference.png"), read_rgb(folder / f"{name}_test.png")
    model_input = preprocess(test, preprocessing.smaller_edge, VITS14, "crop")
    part = reference_segment(reference, preprocessing, backbone)
    return Case(
        expected=expected,
        model_input=model_input,
        features=patch_features(backbone, [model_input])[0],
        bank_rows=part.rows,
        bank=MemoryBank([part], "cpu"),
        upright=patch_features(backbone, [preprocess(reference, preprocessing.smaller_edge, VITS14, "crop")])[0],
        sampling=sampling,
    )


@pytest.fixture(scope="module")
def backbone() -> ViTBackbone:
    return ViTBackbone(VITS14, synthetic_vits14(), "cpu", "float32")


@pytest.fixture(
    scope="module",
    params=["committed", *(pytest.param(name, marks=needs_shared) for name in CASES)],
)
def case(request: pytest.FixtureRequest, backbone: ViTBackbone) -> Case:
    if request.param == "committed":
        return compute(COMMITTED, "brick", backbone, Sampling(patches=64, pixels=32))
    return compute(GOLDEN, request.param, backbone, Sampling(patches=4, pixels=8))


class TestEveryStage:
    def test_the_input_tensor(self, case: Case) -> None:
        sample = case.model_input.tensor[:, :: case.sampling.pixels, :: case.sampling.pixels]
        np.testing.assert_allclose(sample, case.expected["input_tensor_sample"], atol=1e-6)

    def test_the_patch_features(self, case: Case) -> None:
        values, step = case.features.values, case.sampling.patches
        assert tuple(case.expected["grid"]) == (case.features.geometry.grid.rows, case.features.geometry.grid.columns)
        np.testing.assert_allclose(values[::step], case.expected["tokens"], atol=2e-4)
        np.testing.assert_allclose(case.upright.values[::step], case.expected["reference_tokens"], atol=2e-4)
        assert values.mean() == pytest.approx(case.expected["tokens_mean"], abs=2e-4)
        assert values.std() == pytest.approx(case.expected["tokens_std"], abs=2e-4)

    def test_the_memory_bank(self, case: Case) -> None:
        assert case.bank.rows == case.expected["bank_size"]
        named = case.bank_rows[case.expected["bank_rows"]]
        np.testing.assert_allclose(named, case.expected["bank"], atol=3e-4 if case.rotated else 1e-5)

    def test_the_foreground_mask(self, case: Case) -> None:
        np.testing.assert_array_equal(case.mask, case.expected["foreground"])

    def test_the_distances_and_nearest_rows(self, case: Case) -> None:
        found = patch_distances(case.features, case.bank, case.mask)
        tolerance = 1e-4 if case.rotated else 1e-5
        np.testing.assert_allclose(found.values, case.expected["distances"].reshape(-1), atol=tolerance)
        agree = found.nearest[case.mask] == case.expected["nearest"]
        assert agree.mean() >= (0.99 if case.rotated else 1)

    def test_the_image_score(self, case: Case) -> None:
        found = patch_distances(case.features, case.bank, case.mask)
        score = image_score(found.values, case.mask, Statistic())
        assert score == pytest.approx(float(case.expected["image_score"]), abs=1e-5)

    def test_the_anomaly_map(self, case: Case) -> None:
        found = patch_distances(case.features, case.bank, case.mask)
        drawn = anomaly_map(found.values, case.features.geometry, "paper")
        tolerance = 5e-5 if case.rotated else 2e-6
        step = case.sampling.pixels
        np.testing.assert_allclose(drawn[::step, ::step], case.expected["anomaly_map_sample"], atol=tolerance)
        assert drawn.max() == pytest.approx(case.expected["anomaly_map_max"], abs=tolerance)
        relative = 1e-4 if case.rotated else 1e-5
        assert float(drawn.sum(dtype=np.float64)) == pytest.approx(
            float(case.expected["anomaly_map_sum"]), rel=relative
        )


@needs_shared
def test_every_case_of_the_index_is_checked() -> None:
    index = json.loads((GOLDEN / "index.json").read_text())
    assert sorted(entry["case"] for entry in index["cases"]) == sorted(CASES)
