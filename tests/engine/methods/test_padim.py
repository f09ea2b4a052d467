"""PaDiM beside numpy's covariance and scipy's Mahalanobis distance."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import mahalanobis as by_scipy

from app.engine.methods import padim
from app.engine.methods.padim import chosen_channels, fit, mahalanobis

Features = NDArray[np.float32]


def drawn(images: int, positions: int, width: int, seed: int) -> Features:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.standard_normal((images, positions, width)), np.float32)


def expected(image: Features, references: Features, channels: NDArray[np.int64]) -> list[float]:
    distances = []
    for position, patch in enumerate(image[:, channels]):
        seen = references[:, position][:, channels]
        covariance = np.cov(seen, rowvar=False) if len(seen) > 1 else np.zeros((len(channels), len(channels)))
        inverse = np.linalg.inv(covariance + 0.01 * np.eye(len(channels)))
        distances.append(float(by_scipy(patch, seen.mean(axis=0), inverse)))
    return distances


@pytest.mark.parametrize("images", [1, 2, 4, 30])
def test_distances_are_those_of_a_gaussian_at_each_position(images: int) -> None:
    references, [image] = drawn(images, 7, 12, seed=images), drawn(1, 7, 12, seed=99)
    channels = chosen_channels(12, seed=3, count=5)
    found = mahalanobis(image, fit(references, channels, "cpu"))
    np.testing.assert_allclose(found, expected(image, references, channels), rtol=1e-4)


def test_chunks_of_positions_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    references, [image] = drawn(4, 7, 12, seed=1), drawn(1, 7, 12, seed=2)
    channels = chosen_channels(12, seed=3)
    whole = mahalanobis(image, fit(references, channels, "cpu"))
    monkeypatch.setattr(padim, "CHUNK_POSITIONS", 3)
    np.testing.assert_array_equal(mahalanobis(image, fit(references, channels, "cpu")), whole)


def test_channels_are_drawn_by_the_seed_without_repetition() -> None:
    first = chosen_channels(448, seed=1)
    assert len(set(first.tolist())) == padim.CHANNELS
    np.testing.assert_array_equal(first, chosen_channels(448, seed=1))
    assert set(first.tolist()) != set(chosen_channels(448, seed=2).tolist())


def test_of_few_channels_all_are_kept() -> None:
    np.testing.assert_array_equal(chosen_channels(20, seed=1), np.arange(20))


def test_an_image_of_another_size_is_refused() -> None:
    gaussians = fit(drawn(2, 7, 4, seed=1), chosen_channels(4, 0), "cpu")
    with pytest.raises(ValueError, match="cannot be compared"):
        mahalanobis(drawn(1, 8, 4, seed=2)[0], gaussians)
