import errno
import os
from pathlib import Path

import pytest

from app.errors import StorageFull, StorageUnavailable
from app.storage.disk.durable import explained, list_folder, read_if_present, write_durably


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "pointer.json"
    for data in (b"long content", b"short"):
        write_durably(path, data)
        assert read_if_present(path) == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(StorageUnavailable):
        write_durably(path, b"data")
    assert list(tmp_path.iterdir()) == [path]


def test_an_absent_file_reads_as_none_and_an_absent_folder_as_empty(tmp_path: Path) -> None:
    assert read_if_present(tmp_path / "absent") is None
    assert list_folder(tmp_path / "absent") == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_what_to_free(tmp_path: Path, number: int) -> None:
    with pytest.raises(StorageFull, match=f"{tmp_path}.*Free space"), explained(tmp_path):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE])
def test_any_other_failure_says_where_and_what_to_check(tmp_path: Path, number: int) -> None:
    with pytest.raises(StorageUnavailable, match=f"{tmp_path}: {os.strerror(number)}"), explained(tmp_path):
        raise OSError(number, os.strerror(number))
