"""Methods in an evaluation: the engine's numbers, thresholds by the references, and nothing done twice."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.index import Metric
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_features, reference_features
from app.engine.methods.padim import chosen_channels, fit, mahalanobis
from app.engine.methods.patchcore import neighbourhood_means, score_weights
from app.engine.methods.spade import gallery
from app.engine.options import Preprocessing
from app.engine.photograph.preprocess import preprocess
from app.engine.types import PatchFeatures
from app.evaluate.dataset import read_image
from app.evaluate.kept.results import ScoredRow
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.metrics.pixel_counts import weighted_pixel
from app.evaluate.planned.choices import Choices
from app.evaluate.planned.variant import Method
from tests.evaluate.machine import EDGE, FEW_SHOT, Counted, Silent, embedded, run
from tests.evaluate.trees import mvtec_object, part, save

MADE = Preprocessing(EDGE, "off", fit="whole")


@pytest.fixture(scope="module")
def backbone() -> Counted:
    return embedded()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Without the image of another size."""
    folder = mvtec_object(tmp_path / "data", "disc")
    for name in ("test/tall/000.png", "ground_truth/tall/000_mask.png"):
        (folder / name).unlink()
    return tmp_path / "data"


def choices(*methods: Method) -> Choices:
    return replace(FEW_SHOT, methods=methods, rotation="off", coresets=["none"])


def references(root: Path, backbone: Counted, count: int) -> list[PatchFeatures]:
    paths = sorted((root / "disc/train/good").iterdir())[:count]
    return [reference_features(read_image(path), MADE, backbone)[0] for path in paths]


def looked_at(root: Path, backbone: Counted, rows: list[ScoredRow]) -> list[PatchFeatures]:
    """In the order of the rows' scores."""
    images = [read_image(root / "disc" / each.image) for each in rows[0].scores]
    return [patch_features(backbone, [preprocess(each, EDGE, backbone.spec, "whole")])[0] for each in images]


def scores(rows: list[ScoredRow]) -> list[float]:
    return [each.score for each in rows[0].scores]


def averaged(features: PatchFeatures) -> np.ndarray:
    return neighbourhood_means(features.values, features.geometry.grid)


def patchcore_bank(found: Sequence[PatchFeatures], metric: Metric = "euclidean") -> MemoryBank:
    return MemoryBank(
        [
            Segment(
                averaged(each), np.ones(each.geometry.grid.patches, bool), (0.0,), each.geometry.grid, metric=metric
            )
            for each in found
        ],
        "cpu",
    )


def weighed_maximum(features: PatchFeatures, bank: MemoryBank) -> float:
    values = averaged(features)
    distances, _ = bank.nearest(values)
    weights = score_weights(values, distances, bank, [np.ones(len(distances), bool)])
    return float(distances.max()) * float(weights[distances.argmax()])


def test_patchcore_scores_as_its_parts_do(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=(3,), choices=choices("patchcore"))
    bank = patchcore_bank(references(root, backbone, 3))
    expected = [weighed_maximum(each, bank) for each in looked_at(root, backbone, rows)]
    assert scores(rows) == pytest.approx(expected, rel=1e-5)
    assert rows[0].row.metrics.image_auroc == 1


def test_patchcore_by_the_profile_paper_scores_squared_distances(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=(3,), choices=replace(choices("patchcore"), profile="paper"))
    made = replace(MADE, fit="crop")
    paths = sorted((root / "disc/train/good").iterdir())[:3]
    bank = patchcore_bank(
        [reference_features(read_image(path), made, backbone)[0] for path in paths], "squared_euclidean"
    )
    image = preprocess(read_image(root / "disc" / rows[0].scores[0].image), EDGE, backbone.spec, "crop")
    distances, _ = bank.nearest(averaged(patch_features(backbone, [image])[0]))
    assert rows[0].scores[0].score == pytest.approx(float(distances.max()), rel=1e-5)


def test_patchcores_threshold_is_the_largest_score_of_a_left_out_reference(
    root: Path, tmp_path: Path, backbone: Counted
) -> None:
    (row,) = run(root, tmp_path / "out", backbone, shots=(3,), choices=choices("patchcore"))
    found = references(root, backbone, 3)
    left_out = [
        weighed_maximum(each, patchcore_bank([other for other in found if other is not each])) for each in found
    ]
    assert row.row.verdicts.threshold == pytest.approx(max(left_out), rel=1e-5)


def test_a_coreset_of_all_rows_is_the_whole_bank(root: Path, tmp_path: Path, backbone: Counted) -> None:
    both = replace(FEW_SHOT, preprocess=["agnostic"], coresets=["none", "1000000"])
    all_rows, whole = run(root, tmp_path / "out", backbone, shots=(3,), choices=both)
    assert (whole.row.variant.coreset, all_rows.row.variant.coreset) == ("none", "1000000")
    assert scores([all_rows]) == pytest.approx(scores([whole]), abs=1e-6)
    assert all_rows.row.metrics.pro == pytest.approx(whole.row.metrics.pro, abs=1e-4)
    assert all_rows.row.verdicts.threshold == pytest.approx(whole.row.verdicts.threshold, abs=1e-6)
    assert (all_rows.row.rotated, all_rows.row.masked) == (whole.row.rotated, whole.row.masked)
    assert all_rows.row.costs.bank_bytes == whole.row.costs.bank_bytes


def test_a_coreset_keeps_the_share_that_is_asked_for(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=(2,), choices=replace(FEW_SHOT, coresets=["0.1", "25"]))
    count = sum(each.geometry.grid.patches for each in references(root, backbone, 2)) * 8
    width = 4 * backbone.spec.width
    assert {each.row.variant.coreset: each.row.costs.bank_bytes for each in rows} == {
        "0.1": count // 10 * width,
        "25": 25 * width,
    }


def test_spade_scores_as_its_parts_do(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=(3,), choices=choices("spade"))
    pooled = np.stack([each.values.mean(axis=0) for each in references(root, backbone, 3)])
    expected = [gallery(each.values.mean(axis=0), pooled).score for each in looked_at(root, backbone, rows)]
    assert scores(rows) == pytest.approx(expected, rel=1e-4)
    assert (rows[0].row.verdicts.threshold, rows[0].row.variant.statistic) == (None, "own")


def test_padim_scores_as_its_parts_do(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=(3,), choices=choices("padim"))
    stacked = np.stack([each.values for each in references(root, backbone, 3)])
    gaussians = fit(stacked, chosen_channels(backbone.spec.width, 0), "cpu")
    expected = [float(mahalanobis(each.values, gaussians).max()) for each in looked_at(root, backbone, rows)]
    assert scores(rows) == pytest.approx(expected, rel=1e-4)


def test_images_of_different_sizes_are_told_and_padim_goes_on_without_them(
    root: Path, tmp_path: Path, backbone: Counted
) -> None:
    save(root / "disc/test/good/009.png", part(9, (144, 200)))
    rows = run(root, tmp_path / "out", backbone, choices=choices("padim", "spade"))
    assert [each.row.variant.method for each in rows] == ["spade"]
    (skipped,) = RunFolder(tmp_path / "out").skipped()
    assert skipped.reason == "disc: padim compares position with position, and the images are of different sizes."


def test_masks_leave_the_background_out(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=(3,), choices=replace(choices("patchcore"), masking="on"))
    plain = run(root, tmp_path / "plain", backbone, shots=(3,), choices=choices("patchcore"))
    assert (rows[0].row.masked, plain[0].row.masked) == (True, False)
    assert all(masked <= whole + 1e-6 for masked, whole in zip(scores(rows), scores(plain), strict=True))


def test_what_was_done_is_not_done_again(root: Path, tmp_path: Path, backbone: Counted) -> None:
    everything = replace(FEW_SHOT, methods=["anomalydino", "patchcore", "spade", "padim"])
    progress, again = Silent(), Silent()
    rows = run(root, tmp_path / "out", backbone, shots=(1, 2), choices=everything, progress=progress)
    assert len(rows) == 8
    assert progress.done == progress.steps
    before = backbone.images
    assert run(root, tmp_path / "out", backbone, shots=(1, 2), choices=everything, progress=again) == rows
    assert (again.steps, backbone.images) == (0, before)


def test_every_row_says_what_its_bank_costs(root: Path, tmp_path: Path, backbone: Counted) -> None:
    everything = replace(FEW_SHOT, methods=["anomalydino", "patchcore", "spade", "padim"])
    for each in run(root, tmp_path / "out", backbone, shots=(2,), choices=everything):
        costs = each.row.costs
        assert all(value is not None and value > 0 for value in (costs.ms_per_image, costs.bank_bytes, costs.build_s))
    upright = references(root, backbone, 2)
    assert {each.row.variant.method: each.row.costs.bank_bytes for each in RunFolder(tmp_path / "out").rows()}[
        "anomalydino"
    ] == 8 * sum(unit_length(each.values).nbytes for each in upright)


def test_the_pixels_behind_a_row_give_its_metrics(root: Path, tmp_path: Path, backbone: Counted) -> None:
    for each in run(root, tmp_path / "out", backbone, choices=choices("anomalydino", "spade")):
        pixels = RunFolder(tmp_path / "out").pixels(each.row)
        assert pixels is not None
        once = np.ones((1, len(each.scores)))
        assert weighted_pixel("pro", pixels, once)[0] == pytest.approx(each.row.metrics.pro, abs=0.01)
        assert weighted_pixel("pixel_auroc", pixels, once)[0] == pytest.approx(each.row.metrics.pixel_auroc, abs=0.002)
