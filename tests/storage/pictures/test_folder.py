"""Where pictures lie, and what becomes of those of deleted products."""

import time
from pathlib import Path

import pytest

from app.storage.disk.durable import make_folder, write_durably
from app.storage.pictures.folder import PictureFolder, PictureName
from tests.storage.pictures.names import named
from tests.waiting import wait_until

DAY_S = 86_400
BORN_US = 1


@pytest.fixture
def folder(tmp_path: Path) -> PictureFolder:
    return PictureFolder(tmp_path)


def put(folder: PictureFolder, name: PictureName) -> Path:
    path = folder.photograph(name)
    make_folder(path.parent)
    write_durably(path, b"picture")
    return path


def test_pictures_lie_by_product_date_and_hour(folder: PictureFolder, tmp_path: Path) -> None:
    name = named("plate", "2026-11-28T06:59:59.999999", "image/tiff")
    place = tmp_path / "plate" / "2026-11-28" / "06"
    assert folder.photograph(name) == place / f"{name.inspection_id}.tif"
    assert folder.patch_map(name) == place / f"{name.inspection_id}.map.png"


def test_what_does_not_belong_there_is_left_alone(folder: PictureFolder, tmp_path: Path) -> None:
    path = put(folder, named())
    for other in ("lost+found/2026-11-28/06", "plate/notes/06", "plate/2026-11-28/new"):
        (tmp_path / other).mkdir(parents=True)
    for file in ("README", "plate/notes.txt"):
        (tmp_path / file).write_text("mine")
    assert [hour for _, hour in folder.hours()] == [path.parent]


def test_pictures_of_a_deleted_product_are_gone_and_come_back_with_it(folder: PictureFolder) -> None:
    name = named()
    path = put(folder, name)
    folder.put_aside("plate")
    assert not path.exists()
    assert folder.removals().with_product("plate", name.at_us)
    folder.bring_back("plate", BORN_US)
    assert path.read_bytes() == b"picture"
    assert not folder.removals().with_product("plate", name.at_us)


def test_a_later_product_of_the_same_id_has_pictures_of_its_own(folder: PictureFolder) -> None:
    old = named()
    put(folder, old)
    folder.put_aside("plate")
    later = named(at="2100-01-01T00:00:00")
    path = put(folder, later)
    removals = folder.removals()
    assert (removals.with_product("plate", old.at_us), removals.with_product("plate", later.at_us)) == (True, False)
    born_us = 1 + max(folder.removals().deleted.values())
    wait_until(lambda: 1_000_000 * time.time() > born_us + 1000)
    folder.put_aside("plate")
    folder.bring_back("plate", born_us)
    assert path.exists()
    assert not folder.photograph(old).exists()


def test_what_was_written_while_a_product_was_deleted_stays_when_it_comes_back(folder: PictureFolder) -> None:
    before, meanwhile = named(), named()
    put(folder, before)
    folder.put_aside("plate")
    put(folder, meanwhile)
    folder.bring_back("plate", BORN_US)
    assert folder.photograph(before).exists()
    assert folder.photograph(meanwhile).exists()


def test_what_can_no_longer_come_back_is_removed_and_is_still_known_to_be_gone(
    folder: PictureFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = named()
    put(folder, name)
    folder.put_aside("plate")
    folder.clear_asides()
    assert list(tmp_path.rglob("*.jpg"))
    later = time.time() + DAY_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    folder.clear_asides()
    assert not list(tmp_path.rglob("*.jpg"))
    assert folder.removals().with_product("plate", name.at_us)


def test_no_id_leads_out_of_the_folder(folder: PictureFolder) -> None:
    with pytest.raises(Exception, match="id"):
        folder.photograph(named("../plate"))
