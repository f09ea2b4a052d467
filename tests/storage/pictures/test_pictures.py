"""Keeping pictures: all of them, or it is said that they are lost."""

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.storage.pictures.folder import PictureName
from app.storage.pictures.pictures import Pictures
from tests.storage.pictures.names import named
from tests.waiting import wait_until

Opened = Callable[..., Pictures]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    some: list[Pictures] = []

    def _open(root: Path = tmp_path / "pictures", most_bytes: int = 10**9, wait_s: float = 30.0) -> Pictures:
        some.append(Pictures(root, 36_500, most_bytes, wait_s))
        return some[-1]

    yield _open
    for each in some:
        each.close()


def test_what_was_kept_is_there_to_the_byte_also_after_a_restart(opened: Opened) -> None:
    name = named()
    with closing(opened()) as pictures:
        assert pictures.keep(name, b"photograph", b"map")
    again = opened()
    assert (again.photograph(name), again.patch_map(name)) == (b"photograph", b"map")
    wait_until(lambda: again.state.kept_bytes == len(b"photograph") + len(b"map"))


def test_what_is_not_there_is_none(opened: Opened) -> None:
    assert opened().photograph(named()) is None


def test_limits_are_kept_in_the_background(opened: Opened) -> None:
    names, pictures = [named() for _ in range(5)], opened(most_bytes=2000)
    for each in names:
        assert pictures.keep(each, bytes(900), bytes(50))
    wait_until(lambda: pictures.state.removed >= 3)
    wait_until(lambda: 0 < pictures.state.kept_bytes <= 2000)


def test_a_folder_that_cannot_be_written_loses_pictures_and_nothing_else(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    pictures = opened(tmp_path / "file" / "pictures")
    assert not pictures.keep(named(), b"photograph", b"map")
    assert pictures.state.lost == 1


def test_a_failing_disk_leaves_no_half(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, syncing = opened(), os.fsync

    def full(descriptor: int) -> None:
        if ".map.png" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        syncing(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert not pictures.keep(named(), b"photograph", b"map")
    assert not [each for each in (tmp_path / "pictures").rglob("*") if each.is_file() and each.name[0] != "."]
    assert pictures.keep(named(), b"photograph", b"map")


def test_a_disk_that_hangs_holds_up_one_inspection_and_not_the_next(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, pictures = threading.Event(), opened(wait_s=0.5)

    def hanging(_descriptor: int) -> None:
        goes_on.wait()

    monkeypatch.setattr(os, "fsync", hanging)
    assert not pictures.keep(named(), b"photograph", b"map")
    assert not pictures.keep(named(), b"photograph", b"map")
    assert pictures.state.lost == 2
    goes_on.set()
    wait_until(lambda: pictures.keep(named(), b"photograph", b"map"))


def test_several_processes_may_share_a_folder(opened: Opened) -> None:
    name, first, second = named(), opened(), opened()
    assert first.keep(name, b"photograph", b"map")
    assert second.photograph(name) == b"photograph"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_pictures_until_there_is_room(opened: Opened, small_disk: Path) -> None:
    pictures = opened(small_disk / "pictures")
    kept = list[PictureName]()
    while pictures.keep(name := named(), bytes(40_000), bytes(100)):
        kept.append(name)
    assert len(kept) >= 3
    assert all(pictures.photograph(name) == bytes(40_000) for name in kept)
    pictures.delete("plate", for_good=True)
    assert pictures.keep(name, bytes(40_000), bytes(100))
    assert pictures.photograph(name) == bytes(40_000)
    pictures.close()
