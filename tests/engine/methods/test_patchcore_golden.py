"""PatchCore's stages against the authors' own code, number by number (float32, CPU)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.models.feature_extraction import create_feature_extractor

from app.engine.bank.index import exact_index
from app.engine.methods.coreset import Selection
from app.engine.methods.patchcore import joined_layers
from app.engine.options import Statistic
from app.engine.types import Distances, Geometry, Grid, Size
from app.engine.verdict.scoring import anomaly_map, image_score
from tests.engine.methods.synthetic_resnet import HEIGHT, LAYERS, WIDTH, drawn_image, synthetic_resnet18

GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "patchcore.npz"
WHOLE = Size(HEIGHT, WIDTH)
GEOMETRY = Geometry(WHOLE, WHOLE, WHOLE, Grid(HEIGHT // 8, WIDTH // 8))


@dataclass(frozen=True)
class Case:
    """The stages as this engine computes them, and the expected numbers."""

    expected: dict[str, Any]
    bank: torch.Tensor
    query: torch.Tensor

    @property
    def squared_distances(self) -> Distances:
        rows = self.bank[self.expected["coreset"]].numpy()
        distances, _ = exact_index(rows, "cpu", "squared_euclidean").search(self.query.numpy())
        return np.asarray(distances[:, 0], np.float32)


@pytest.fixture(scope="module")
def case() -> Case:
    network = create_feature_extractor(synthetic_resnet18(), list(LAYERS))

    def rows(name: str) -> torch.Tensor:
        return joined_layers(list(network(drawn_image(name)).values()))[0]

    return Case(dict(np.load(GOLDEN)), torch.cat([rows(f"reference{each}") for each in range(3)]), rows("query"))


def test_the_features_before_the_coreset(case: Case) -> None:
    largest = float(case.bank.abs().max())
    np.testing.assert_allclose(case.bank[::40], case.expected["bank_rows"], rtol=1e-5, atol=1e-6 * largest)
    np.testing.assert_allclose(case.query[::10], case.expected["query_rows"], rtol=1e-5, atol=1e-6 * largest)


def test_the_coreset_for_a_given_start(case: Case) -> None:
    count = int(len(case.bank) * float(case.expected["share"]))
    selection = Selection([case.bank], start=case.expected["start"].tolist())
    selection.go_on(count)
    np.testing.assert_array_equal(selection.chosen, case.expected["coreset"])


def test_the_distances_and_the_image_score(case: Case) -> None:
    squared = case.squared_distances
    np.testing.assert_allclose(squared, case.expected["squared_distances"], rtol=1e-5)
    score = image_score(squared, np.ones(len(squared), bool), Statistic("max"))
    assert score == pytest.approx(float(case.expected["image_score"]), rel=1e-5)


def test_the_anomaly_map(case: Case) -> None:
    found = anomaly_map(case.squared_distances, GEOMETRY, "paper")
    np.testing.assert_allclose(found[::2, ::2], case.expected["anomaly_map"], rtol=1e-5)
