"""The limits of age and bytes."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.storage.disk.durable import make_folder, write_durably
from app.storage.pictures.folder import PictureFolder, PictureName
from app.storage.pictures.limits import PictureLimits
from tests.storage.pictures.names import named

SIZE = 1000


@pytest.fixture
def folder(tmp_path: Path) -> PictureFolder:
    return PictureFolder(tmp_path)


def put(folder: PictureFolder, *names: PictureName) -> None:
    for name in names:
        for path, size in ((folder.photograph(name), SIZE - 100), (folder.patch_map(name), 100)):
            make_folder(path.parent)
            write_durably(path, bytes(size))
            os.utime(path, ns=(1000 * name.at_us, 1000 * name.at_us))


def kept(folder: PictureFolder, *names: PictureName) -> list[bool]:
    """Of each, whether it is there: wholly or not at all."""
    states = [{folder.photograph(name).exists(), folder.patch_map(name).exists()} for name in names]
    assert all(len(each) == 1 for each in states)
    return [True in each for each in states]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_hours_older_than_the_days_are_removed(folder: PictureFolder, tmp_path: Path) -> None:
    old, young = named(at="2026-11-27T06:59:00"), named(at="2026-11-27T07:01:00")
    put(folder, old, young)
    limits = PictureLimits(folder, days=1, most_bytes=10**9)
    limits.keep(moment("2026-11-28T07:30:00"))
    assert kept(folder, old, young) == [False, True]
    assert (limits.removed, limits.bytes_kept) == (1, SIZE)
    assert not (tmp_path / "plate" / "2026-11-27" / "06").exists()
    removals = folder.removals()
    assert (removals.include("plate", old.at_us), removals.include("plate", young.at_us)) == (True, False)


def test_of_too_many_bytes_the_oldest_go_whatever_their_product(folder: PictureFolder) -> None:
    names = [named(("nut", "plate")[number % 2], f"2026-11-28T06:{number:02}:00") for number in range(10)]
    put(folder, *names)
    limits = PictureLimits(folder, days=30, most_bytes=8 * SIZE)
    limits.keep(moment("2026-11-28T07:00:00"))
    assert kept(folder, *names) == 3 * [False] + 7 * [True]
    assert [folder.removals().include("plate", name.at_us) for name in names] == 3 * [True] + 7 * [False]
    assert limits.bytes_kept == 7 * SIZE


def test_what_is_within_the_limits_stays(folder: PictureFolder) -> None:
    name = named(at="2026-11-28T06:30:00")
    put(folder, name)
    limits = PictureLimits(folder, days=1, most_bytes=SIZE)
    limits.keep(moment("2026-11-28T07:30:00"))
    assert kept(folder, name) == [True]
    assert limits.removed == 0


def test_new_pictures_of_an_hour_that_was_looked_through_count(folder: PictureFolder) -> None:
    first, second = named(), named(at="2026-11-28T06:31:00")
    limits = PictureLimits(folder, days=1, most_bytes=SIZE)
    put(folder, first)
    limits.keep(moment("2026-11-28T07:30:00"))
    put(folder, second)
    limits.keep(moment("2026-11-28T07:30:00"))
    assert kept(folder, first, second)[0] is False


def test_pictures_without_a_record_and_half_written_ones_go_too(folder: PictureFolder) -> None:
    left = folder.photograph(named()).parent / ".0000.jpg.abc.tmp"
    make_folder(left.parent)
    left.write_bytes(bytes(SIZE))
    PictureLimits(folder, days=1, most_bytes=10**9).keep(moment("2026-11-30T00:00:00"))
    assert not left.exists()


def test_what_can_be_restored_counts_and_goes_like_others(folder: PictureFolder, tmp_path: Path) -> None:
    put(folder, named())
    folder.put_aside("plate")
    limits = PictureLimits(folder, days=1, most_bytes=10**9)
    limits.keep(moment("2026-11-28T07:30:00"))
    assert limits.bytes_kept == SIZE
    limits.keep(moment("2026-11-30T07:30:00"))
    assert not list(tmp_path.rglob("*.jpg"))
