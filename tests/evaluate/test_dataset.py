"""Folders of test photographs are read as MVTec-AD and VisA lay them out, and errors name the file."""

from pathlib import Path

import pytest

from app.errors import InvalidDataset
from app.evaluate.dataset import load_object, object_names, read_image
from tests.evaluate.trees import mvtec_object, part, save, visa_object


def test_an_mvtec_object_is_read_in_the_order_of_the_paths(tmp_path: Path) -> None:
    mvtec_object(tmp_path, "disc")
    data = load_object(tmp_path, "disc", needs_references=True)
    assert [image.name for image in data.test] == [
        "test/bar/000.png", "test/bar/001.png", "test/good/000.png", "test/good/001.png", "test/tall/000.png"
    ]  # fmt: skip
    assert [image.mask is not None for image in data.test] == [True, True, False, False, True]
    assert [path.name for path in data.train] == ["000.png", "001.png", "002.png", "003.png"]


def test_a_visa_object_is_read_with_its_other_names(tmp_path: Path) -> None:
    folder = visa_object(tmp_path, "pcb1")
    data = load_object(tmp_path, "pcb1", needs_references=True)
    assert data.test[0].mask == folder / "ground_truth/bad/000.png"


def test_other_files_and_hidden_ones_are_not_images(tmp_path: Path) -> None:
    folder = mvtec_object(tmp_path, "disc")
    for name in ("Thumbs.db", "license.txt", "._000.png"):
        (folder / "test/good" / name).write_bytes(b"no image")
    assert len(load_object(tmp_path, "disc", needs_references=True).test) == 5


def test_objects_are_the_folders_that_have_a_test_folder(tmp_path: Path) -> None:
    mvtec_object(tmp_path, "nut")
    mvtec_object(tmp_path, "disc")
    (tmp_path / "notes").mkdir()
    assert object_names(tmp_path) == ["disc", "nut"]


def test_references_of_a_seed_follow_those_of_the_seed_before(tmp_path: Path) -> None:
    mvtec_object(tmp_path, "disc", references=5)
    data = load_object(tmp_path, "disc", needs_references=True)
    assert [path.stem for path in data.references(2, 1)] == ["002", "003"]
    with pytest.raises(InvalidDataset, match="seed 2 of 2 shots needs 6 images in train/good, there are 5"):
        data.references(2, 2)


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    folder = mvtec_object(tmp_path, "disc")
    (folder / "ground_truth/bar/001_mask.png").unlink()
    with pytest.raises(InvalidDataset, match=r"ground_truth/bar/001_mask\.png is missing"):
        load_object(tmp_path, "disc", needs_references=True)


def test_a_folder_without_any_masks_is_accepted(tmp_path: Path) -> None:
    folder = mvtec_object(tmp_path, "disc")
    for path in sorted((folder / "ground_truth").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / "ground_truth").rmdir()
    assert not load_object(tmp_path, "disc", needs_references=True).has_masks


@pytest.mark.parametrize("emptied", ["train/good", "test"])
def test_an_empty_folder_is_named(tmp_path: Path, emptied: str) -> None:
    folder = mvtec_object(tmp_path, "disc")
    for path in (folder / emptied).rglob("*.png"):
        path.unlink()
    with pytest.raises(InvalidDataset, match=f"disc/{emptied}"):
        load_object(tmp_path, "disc", needs_references=True)


def test_zero_shot_needs_no_references(tmp_path: Path) -> None:
    folder = mvtec_object(tmp_path, "disc")
    for path in (folder / "train/good").iterdir():
        path.unlink()
    assert load_object(tmp_path, "disc", needs_references=False).train == ()


def test_an_unknown_object_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    mvtec_object(tmp_path, "disc")
    with pytest.raises(InvalidDataset, match="The objects there are: disc"):
        load_object(tmp_path, "disk", needs_references=True)


def test_a_root_without_objects_is_told_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"<object>/train/good"):
        object_names(tmp_path)
    with pytest.raises(InvalidDataset, match="--data-root"):
        object_names(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n cut"])
def test_an_unreadable_photograph_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "000.png"
    path.write_bytes(content)
    with pytest.raises(InvalidDataset, match=r"000\.png"):
        read_image(path)


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    folder = mvtec_object(tmp_path, "disc")
    before = load_object(tmp_path, "disc", needs_references=True).fingerprint()
    save(folder / "test/good/002.png", part(7))
    assert load_object(tmp_path, "disc", needs_references=True).fingerprint() != before
