"""An evaluation scores as the engine does, does nothing twice, and says which file it cannot use."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.engine.backbone.resnet import ResNetBackbone
from app.engine.bank.bank import MemoryBank
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.masking.foreground import foreground_mask, scored_patches
from app.engine.options import Preprocessing, Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.verdict.scoring import image_score
from app.engine.zero_shot import ZeroShotBatch
from app.errors import InvalidDataset, InvalidSettings
from app.evaluate.dataset import read_image
from app.evaluate.kept.results import VERDICTS
from app.evaluate.kept.run_folder import RunFolder, load_run
from app.weights.registry import load_registry
from tests.api.tiny_backbone import tiny_backbone
from tests.engine.backbone.test_resnet import random_tensors
from tests.evaluate.machine import EDGE, FEW_SHOT, Counted, Silent, embedded, run
from tests.evaluate.trees import bar, mvtec_object, part, save, visa_object

ANGLES = 8


@pytest.fixture
def backbone() -> Counted:
    return embedded()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    mvtec_object(tmp_path / "data", "disc")
    return tmp_path / "data"


def engine_scores(folder: Path, references: list[str], backbone: Counted, *, masked: bool) -> dict[str, float]:
    """Image scores by the engine alone: one bank of all references, image by image."""
    parts = [
        reference_segment(read_image(folder / "train/good" / name), Preprocessing(EDGE), backbone)
        for name in references
    ]
    bank, found = MemoryBank(parts, "cpu"), {}
    for path in sorted(folder.glob("test/*/*")):
        features = patch_features(backbone, [preprocess(read_image(path), EDGE, backbone.spec, "crop")])[0]
        mask = np.ones(features.geometry.grid.patches, bool)
        if masked:
            mask, _ = scored_patches(foreground_mask(features, backbone.spec, "paper"), "paper", [])
        scored = image_score(patch_distances(features, bank, mask).values, mask, Statistic())
        found[path.relative_to(folder).as_posix()] = scored
    return found


@pytest.mark.parametrize("masked", [False, True])
def test_scores_are_those_of_one_bank_of_all_references(
    root: Path, tmp_path: Path, backbone: Counted, masked: bool
) -> None:
    choices = replace(FEW_SHOT, profile="paper", masking="on" if masked else "off")
    rows = run(root, tmp_path / "out", backbone, shots=(2,), seeds=2, choices=choices)
    expected = engine_scores(root / "disc", ["002.png", "003.png"], backbone, masked=masked)
    assert {each.image: each.score for each in rows[1].scores} == pytest.approx(expected, abs=1e-6)
    assert (rows[1].row.seed, rows[1].row.masked, rows[1].row.rotated) == (1, masked, True)


def test_defects_are_told_from_good_parts(root: Path, tmp_path: Path, backbone: Counted) -> None:
    row = run(root, tmp_path / "out", backbone)[0].row
    assert (row.good, row.bad) == (2, 3)
    assert row.metrics.image_auroc == 1
    assert row.metrics.pro is not None
    assert row.metrics.pro > 0.6
    assert row.metrics.pixel_auroc is not None
    assert row.metrics.pixel_auroc > 0.9


def test_every_photograph_goes_through_the_backbone_once(root: Path, tmp_path: Path, backbone: Counted) -> None:
    progress = Silent()
    choices = replace(FEW_SHOT, statistics=["mean_top1p", "max"], preprocess=["agnostic_no_mask", "agnostic"])
    rows = run(root, tmp_path / "out", backbone, shots=(1, 2), seeds=2, choices=choices, progress=progress)
    assert len(rows) == 2 * 2 * 4
    assert backbone.images == 5 + 4 + 4 * ANGLES  # test images, references as queries, references turned
    assert progress.done == progress.steps == backbone.images + len(rows)


def test_what_is_done_is_not_done_again(root: Path, tmp_path: Path, backbone: Counted) -> None:
    first = run(root, tmp_path / "out", backbone, shots=(1,), seeds=2)
    backbone.images = 0
    assert run(root, tmp_path / "out", backbone, shots=(1,), seeds=2) == first
    assert backbone.images == 0
    shutil.rmtree(tmp_path / "out" / "rows")
    assert run(root, tmp_path / "out", backbone, shots=(1,), seeds=2) == first
    assert backbone.images == 0


def test_rows_from_before_there_were_verdicts_are_kept(root: Path, tmp_path: Path, backbone: Counted) -> None:
    run(root, tmp_path / "out", backbone, shots=(3,))
    (path,) = (tmp_path / "out" / "rows").iterdir()
    told = json.loads(path.read_text())
    told["row"] = {name: value for name, value in told["row"].items() if name not in VERDICTS}
    path.write_text(json.dumps(told))
    rows = run(root, tmp_path / "out", backbone, shots=(3, 4))
    assert [each.row.verdicts.threshold is None for each in rows] == [True, False]


def test_more_shots_measure_only_what_they_add(root: Path, tmp_path: Path, backbone: Counted) -> None:
    run(root, tmp_path / "out", backbone, shots=(1,), seeds=2)
    shutil.rmtree(tmp_path / "out" / "cache")
    rows = run(root, tmp_path / "out", backbone, shots=(1, 3), seeds=1)
    assert [(each.row.shots, each.row.seed) for each in rows] == [(1, 0), (1, 1), (3, 0)]
    fresh = run(root, tmp_path / "fresh", embedded(), shots=(3,), seeds=1)
    assert rows[2].scores == fresh[0].scores


def test_all_references_are_one_bank(root: Path, tmp_path: Path, backbone: Counted) -> None:
    rows = run(root, tmp_path / "out", backbone, shots=("full", 4), seeds=2)
    assert [(each.row.shots, each.row.seed) for each in rows] == [(4, 0)]


def test_too_few_references_are_reported_as_skipped(root: Path, tmp_path: Path, backbone: Counted) -> None:
    run(root, tmp_path / "out", backbone, shots=(2, 16), seeds=3)
    skipped = load_run(tmp_path / "out").skipped
    assert [(each.shots, each.seed) for each in skipped] == [(2, 2), (16, 0), (16, 1), (16, 2)]
    assert "there are 4" in skipped[0].reason


def test_zero_shot_scores_each_image_by_the_others(root: Path, tmp_path: Path, backbone: Counted) -> None:
    choices = replace(FEW_SHOT, mode="zero-shot", aggregations=["quantile", "musc"], profile="paper")
    rows = run(root, tmp_path / "out", backbone, choices=choices)
    paths = sorted((root / "disc").glob("test/*/*"))
    features = [
        patch_features(backbone, [preprocess(read_image(path), EDGE, backbone.spec, "crop")])[0] for path in paths
    ]
    batch = ZeroShotBatch(features, "cpu")
    for scored in rows:
        aggregation = scored.row.variant.aggregation
        assert aggregation is not None
        found = [batch.distances(position, aggregation) for position in range(len(paths))]
        expected = [image_score(each, np.ones(len(each), bool), Statistic()) for each in found]
        assert [each.score for each in scored.scores] == pytest.approx(expected, abs=1e-6)
    assert [(each.row.shots, each.row.seed, each.row.rotated) for each in rows] == [(0, 0, False)] * 2


def test_a_defect_whose_mask_is_black_counts_as_good(root: Path, tmp_path: Path, backbone: Counted) -> None:
    save(root / "disc/ground_truth/bar/000_mask.png", np.zeros_like(bar()))
    row = run(root, tmp_path / "out", backbone)[0].row
    assert (row.good, row.bad) == (3, 2)


def test_without_masks_there_are_image_metrics_only(root: Path, tmp_path: Path, backbone: Counted) -> None:
    shutil.rmtree(root / "disc" / "ground_truth")
    row = run(root, tmp_path / "out", backbone)[0].row
    assert row.metrics.image_auroc == 1
    assert (row.metrics.pixel_auroc, row.metrics.pixel_f1_max, row.metrics.pro) == (None, None, None)


def test_other_photographs_need_another_folder(root: Path, tmp_path: Path, backbone: Counted) -> None:
    run(root, tmp_path / "out", backbone)
    (root / "disc/test/good/001.png").unlink()
    with pytest.raises(InvalidDataset, match="Choose another folder with --out"):
        run(root, tmp_path / "out", backbone)


def test_an_unreadable_photograph_is_named_and_nothing_before_it_is_lost(
    root: Path, tmp_path: Path, backbone: Counted
) -> None:
    folder = visa_object(root, "pcb1")
    (folder / "test/good/0011.JPG").write_bytes(b"\xff\xd8\xff cut off")
    with pytest.raises(InvalidDataset, match=r"pcb1/test/good/0011\.JPG"):
        run(root, tmp_path / "out", backbone)
    assert [each.row.object for each in RunFolder(tmp_path / "out").rows()] == ["disc"]


def test_the_masking_test_decides_where_the_variant_leaves_it(root: Path, tmp_path: Path, backbone: Counted) -> None:
    choices = replace(FEW_SHOT, preprocess=["agnostic", "masking_only"])
    rows = run(root, tmp_path / "out", backbone, shots=(2,), choices=choices)
    assert [(each.row.variant.rotation, each.row.rotated) for each in rows] == [("off", False), ("on", True)]
    assert rows[0].row.masked == rows[1].row.masked  # the same reference is tested, turned eightfold, in both


def test_pictures_are_of_the_largest_bank_on_its_own_scale(root: Path, tmp_path: Path, backbone: Counted) -> None:
    run(root, tmp_path / "out", backbone, shots=(1, 2))
    pictures = RunFolder(tmp_path / "out").pictures()
    assert {(each.shots, each.seed) for each in pictures} == {(2, 0)}
    assert [each.bad for each in pictures].count(True) == 2
    for picture in pictures:
        assert picture.truth is not None
        for name in (picture.original, picture.map, picture.truth):
            assert read_image(tmp_path / "out" / name).shape[0] > 100
    assert len({each.scale_max for each in pictures}) == 1
    assert pictures[0].scale_max != backbone.spec.heat_scale


def test_a_file_may_be_mended_before_its_object_has_a_row(root: Path, tmp_path: Path, backbone: Counted) -> None:
    whole = (root / "disc/test/good/001.png").read_bytes()
    (root / "disc/test/good/001.png").write_bytes(whole[:100])
    with pytest.raises(InvalidDataset, match="001"):
        run(root, tmp_path / "out", backbone)
    (root / "disc/test/good/001.png").write_bytes(whole)
    assert run(root, tmp_path / "out", backbone) == run(root, tmp_path / "fresh", backbone)


def test_measurements_of_other_photographs_are_not_used(root: Path, tmp_path: Path, backbone: Counted) -> None:
    run(root, tmp_path / "out", backbone)
    shutil.rmtree(tmp_path / "out" / "rows")
    save(root / "disc/train/good/000.png", part(77))
    assert run(root, tmp_path / "out", backbone) == run(root, tmp_path / "fresh", backbone)


def test_each_choice_of_layers_has_rows_of_its_own(root: Path, tmp_path: Path) -> None:
    backbone = tiny_backbone()
    choices = replace(FEW_SHOT, backbones=["tiny"], layers=["own", "1,2", "mean:1,2"])
    rows = run(root, tmp_path / "out", backbone, choices=choices)
    assert sorted(each.row.variant.layers for each in rows) == ["1,2", "mean:1,2", "own"]
    assert len({each.scores for each in rows}) == 3
    progress = Silent()
    run(root, tmp_path / "out", backbone, choices=choices, progress=progress)
    assert progress.steps == 0


def test_layers_that_a_method_cannot_take_are_refused_before_anything_is_measured(root: Path, tmp_path: Path) -> None:
    resnet = ResNetBackbone(load_registry().spec("resnet18"), random_tensors("resnet18"), "cpu")
    asked = replace(FEW_SHOT, backbones=["resnet18"], layers=["1,2"], methods=["anomalydino", "patchcore"])
    with pytest.raises(InvalidSettings, match="PatchCore lays the layers"):
        run(root, tmp_path / "out", resnet, choices=asked)
    assert not list((tmp_path / "out").glob("rows/*"))
