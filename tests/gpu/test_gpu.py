"""On a CUDA device: search and features agree with the CPU's. Skipped where there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.backbone.in_batches import InABatch
from app.engine.backbone.parity import parity
from app.engine.backbone.vit import ViTBackbone
from app.engine.bank.bank import MemoryBank
from app.engine.bank.index import (
    ExactIndex,
    FaissCpuIndex,
    FaissGpuIndex,
    Metric,
    TorchIndex,
    exact_index,
    faiss_gpu_works,
)
from app.engine.bank.near import Cells, NearIndex, Places
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.device.faiss_torch import torch
from app.engine.methods.coreset import greedy_coreset
from app.engine.options import Preprocessing, Statistic, ZeroShotAggregation
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Geometry, Grid, Image, PatchFeatures, Size
from app.engine.verdict.scoring import image_score
from app.engine.zero_shot import ZeroShotBatch
from app.weights.registry import load_registry
from app.weights.tensors import load_tensors
from tests.engine.synthetic_weights import VITS14, synthetic_vits14
from tests.engine.test_golden import CASES, COMMITTED, GOLDEN, Sampling, read_rgb
from tests.shared import SHARED, needs_shared

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: torch.cuda.is_available() is false"),
]

GPU = "cuda:0"
MAX_PIXELS = 10_000_000
Rows = NDArray[np.float32]


def unit_rows(count: int, seed: int) -> Rows:
    drawn = np.random.default_rng(seed).standard_normal((count, 384), dtype=np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("metric", get_args(Metric))
@pytest.mark.parametrize("make", [FaissGpuIndex, TorchIndex])
def test_a_gpu_index_finds_what_the_cpu_finds(
    make: Callable[[Rows, torch.device, Metric], ExactIndex], metric: Metric
) -> None:
    rows, queries = unit_rows(65_536, seed=1), unit_rows(1500, seed=2)
    index = make(rows, torch.device(GPU), metric)
    distances, nearest = index.search(queries)
    on_cpu, nearest_on_cpu = FaissCpuIndex(rows, metric).search(queries)
    np.testing.assert_allclose(distances, on_cpu, atol=1e-4)
    assert (nearest == nearest_on_cpu).mean() >= 0.99
    np.testing.assert_array_equal(index.row(17), rows[17])


@pytest.mark.parametrize("metric", get_args(Metric))
def test_a_search_near_the_place_finds_on_a_gpu_what_it_finds_on_the_cpu(metric: Metric) -> None:
    grid, rows = Grid(32, 32), unit_rows(4 * 1024, seed=5)
    cells, places = Cells.of([(grid, np.arange(1024))] * 4), Places(grid, np.arange(1024))
    on_gpu, on_cpu = (
        NearIndex(rows, cells, 2, torch.device(device), metric).search_near(unit_rows(1024, seed=6), places)
        for device in (GPU, "cpu")
    )
    np.testing.assert_allclose(on_gpu[0], on_cpu[0], atol=1e-4)
    assert (on_gpu[1] == on_cpu[1]).mean() >= 0.99


def test_a_coreset_chosen_on_the_gpu_covers_as_well_as_the_cpus() -> None:
    rows = torch.from_numpy(unit_rows(20_000, seed=4))
    reach = {}
    for device in ("cpu", GPU):
        chosen = greedy_coreset(rows.to(device), 200)
        reach[device] = float(torch.cdist(rows, rows[chosen]).min(dim=1).values.max())
    assert reach[GPU] == pytest.approx(reach["cpu"], rel=0.02)


def test_faiss_searches_where_its_self_test_passes() -> None:
    engine = exact_index(unit_rows(1000, seed=3), GPU).engine
    assert engine == ("faiss-gpu" if faiss_gpu_works(0) else "torch")


@pytest.mark.parametrize(
    ("folder", "name", "sampling"),
    [
        (COMMITTED, "brick", Sampling(patches=64, pixels=32)),
        *(pytest.param(GOLDEN, name, Sampling(patches=4, pixels=8), marks=needs_shared) for name in CASES),
    ],
)
def test_float32_meets_the_golden_numbers(folder: Path, name: str, sampling: Sampling) -> None:
    expected = np.load(folder / f"{name}.npz")
    preprocessing = Preprocessing(int(expected["smaller_edge"]), "on" if expected["rotate"] else "off")
    backbone = ViTBackbone(VITS14, synthetic_vits14(), GPU, "float32")
    bank = MemoryBank([reference_segment(read_rgb(folder / f"{name}_reference.png"), preprocessing, backbone)], GPU)
    model_input = preprocess(read_rgb(folder / f"{name}_test.png"), preprocessing.smaller_edge, VITS14, "crop")
    features = patch_features(backbone, [model_input])[0]
    distances = patch_distances(features, bank, expected["foreground"]).values
    score = image_score(distances, expected["foreground"], Statistic())
    np.testing.assert_allclose(features.values[:: sampling.patches], expected["tokens"], atol=2e-3)
    np.testing.assert_allclose(distances, expected["distances"].reshape(-1), atol=2e-3)
    assert score == pytest.approx(float(expected["image_score"]), abs=2e-3)


def test_images_in_one_pass_have_the_features_that_each_has_alone() -> None:
    backbone = ViTBackbone(VITS14, synthetic_vits14(), GPU, "float32")
    pictures = [read_rgb(COMMITTED / f"brick_{which}.png") for which in ("reference", "test")]
    inputs = [preprocess(picture, 448, VITS14, "crop") for picture in pictures]
    for together, model_input in zip(patch_features(backbone, inputs), inputs, strict=True):
        alone = patch_features(backbone, [model_input])[0]
        np.testing.assert_allclose(together.values, alone.values, atol=2e-3)


@pytest.mark.parametrize("size", [2, 8])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_batch_moves_scores_by_no_more_than_is_allowed(precision: str, size: int) -> None:
    backbone = ViTBackbone(VITS14, synthetic_vits14(), GPU, precision)
    assert parity(backbone, InABatch(backbone, size)).holds


@pytest.mark.parametrize("aggregation", ["quantile", "musc"])
def test_a_batch_without_references_has_the_distances_of_the_cpu(aggregation: ZeroShotAggregation) -> None:
    size = Size(672, 672)
    geometry = Geometry(size, size, size, Grid(48, 48))
    features = [PatchFeatures(unit_rows(2304, seed), geometry) for seed in range(8)]
    on_gpu = ZeroShotBatch(features, GPU).distances(3, aggregation)
    np.testing.assert_allclose(on_gpu, ZeroShotBatch(features, "cpu").distances(3, aggregation), atol=1e-5)


def scores(name: str, device: str, precision: str) -> list[float]:
    """Image scores of eight test photographs of a real part, against its first reference."""
    spec = load_registry().spec("vit_tiny_patch16_224")
    backbone = ViTBackbone(spec, load_tensors(SHARED / "weights" / spec.file), device, precision)
    folder = SHARED / "data" / name
    reference = read(min((folder / "train" / "good").iterdir()))
    bank = MemoryBank([reference_segment(reference, Preprocessing(), backbone)], device)
    return [score(read(path), bank, backbone) for path in sorted((folder / "test").glob("*/*"))[:8]]


def score(image: Image, bank: MemoryBank, backbone: ViTBackbone) -> float:
    features = patch_features(backbone, [preprocess(image, 448, backbone.spec, "crop")])[0]
    everything = np.ones(features.geometry.grid.patches, bool)
    return image_score(patch_distances(features, bank, everything).values, everything, Statistic())


def read(path: Path) -> Image:
    return decode_image(path.read_bytes(), MAX_PIXELS).pixels


@needs_shared
@pytest.mark.parametrize("name", ["hazelnut", "magnetic_tile", "cookies"])
def test_bfloat16_scores_as_the_cpu_does(name: str) -> None:
    """ViT-Tiny has 192 channels, so single images move further than with DINOv2: 0.94 % at most, on the CPU."""
    off = np.abs(np.array(scores(name, GPU, "bfloat16")) / scores(name, "cpu", "float32") - 1)
    assert off.mean() <= 0.005
    assert off.max() <= 0.02
