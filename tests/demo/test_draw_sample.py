"""The committed sample product: it is what the script draws, laid out as the evaluation reads it, and small."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import app.demo
from app.demo.draw_sample import GOOD, SAMPLES, Sample, draw, main
from app.demo.photograph import PICTURE_SIDE_PX

TREE = Path(app.demo.__file__).parent / "sample"
TREE_LIMIT_BYTES = 900_000
DECODER_TOLERANCE = 2.0
DEFECTS = [sample for sample in SAMPLES if sample.defect]


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out_dir = tmp_path_factory.mktemp("redrawn")
    assert main([str(out_dir)]) == 0
    return out_dir


def picture_path(root: Path, sample: Sample) -> Path:
    return root / sample.split / sample.kind / f"{sample.stem}.jpg"


def mask_path(root: Path, sample: Sample) -> Path:
    return root / "ground_truth" / sample.kind / f"{sample.stem}_mask.png"


def pixels(path: Path) -> NDArray[np.int16]:
    decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded.astype(np.int16)


def mean_difference(one: Path, other: Path) -> float:
    return float(np.abs(pixels(one) - pixels(other)).mean())


def files_below(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file()}


@pytest.mark.long
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_redrawn_picture_equals_the_committed_one(sample: Sample, redrawn: Path) -> None:
    assert mean_difference(picture_path(TREE, sample), picture_path(redrawn, sample)) <= DECODER_TOLERANCE


@pytest.mark.long
@pytest.mark.parametrize("sample", DEFECTS, ids=lambda sample: sample.stem)
def test_a_redrawn_mask_equals_the_committed_one(sample: Sample, redrawn: Path) -> None:
    assert mean_difference(mask_path(TREE, sample), mask_path(redrawn, sample)) <= 0.1


def test_two_different_pictures_lie_further_apart_than_the_tolerance() -> None:
    paths = [picture_path(TREE, sample) for sample in SAMPLES]
    distances = [mean_difference(one, other) for i, one in enumerate(paths) for other in paths[:i]]
    assert min(distances) > DECODER_TOLERANCE


@pytest.mark.long
def test_the_tree_holds_exactly_the_files_the_script_writes(redrawn: Path) -> None:
    assert files_below(TREE) == files_below(redrawn)


def test_the_tree_has_the_mvtec_layout() -> None:
    kinds = {sample.kind for sample in DEFECTS}
    assert {path.name for path in (TREE / "train").iterdir()} == {GOOD}
    assert {path.name for path in (TREE / "test").iterdir()} == {GOOD} | kinds
    assert {path.name for path in (TREE / "ground_truth").iterdir()} == kinds


def test_there_are_enough_pictures_of_every_sort() -> None:
    assert len(list((TREE / "train" / GOOD).glob("reference_*.jpg"))) == 4
    assert len(list((TREE / "test" / GOOD).glob("good_*.jpg"))) == 4
    assert len(DEFECTS) >= 5
    assert len({sample.kind for sample in DEFECTS}) >= 4


def test_the_tree_stays_below_its_size_limit() -> None:
    assert sum((TREE / path).stat().st_size for path in files_below(TREE)) < TREE_LIMIT_BYTES


def test_no_two_pictures_share_a_seed() -> None:
    assert len({sample.seed for sample in SAMPLES}) == len(SAMPLES)


@pytest.mark.parametrize("sample", DEFECTS, ids=lambda sample: sample.stem)
def test_a_mask_marks_a_small_region_inside_the_picture(sample: Sample) -> None:
    mask = pixels(mask_path(TREE, sample))
    assert mask.shape == pixels(picture_path(TREE, sample)).shape[:2] == (PICTURE_SIDE_PX, PICTURE_SIDE_PX)
    assert set(np.unique(mask)) == {0, 255}
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert not border.any()
    assert 0.001 < float((mask > 0).mean()) < 0.05


@pytest.mark.long
@pytest.mark.parametrize("sample", DEFECTS, ids=lambda sample: sample.stem)
def test_the_defect_changes_the_picture_inside_its_mask(sample: Sample) -> None:
    sound = draw(Sample(sample.split, GOOD, sample.number, sample.seed)).picture[..., ::-1]
    change = np.abs(pixels(picture_path(TREE, sample)) - sound).max(axis=-1)
    inside = pixels(mask_path(TREE, sample)) > 0
    assert change[inside].mean() > 4.0 * change[~inside].mean()


def test_a_sound_part_has_an_empty_mask() -> None:
    assert not draw(SAMPLES[0]).mask.any()
