"""What a running server knows of keys, and that it never opens again once it has asked for one."""

import logging
import time
from pathlib import Path

import pytest

from app.errors import ConfigurationError, StorageUnavailable
from app.keys.api_key import Scope, key_id
from app.keys.caller import Caller
from app.keys.key_file import KeyFile
from app.keys.key_ring import KeyRing
from app.settings import load_settings

ADMIN, OTHER_ADMIN = "x" * 40, "y" * 40
FOLLOWED_WITHIN_S = 20


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def create(file: KeyFile, name: str = "mes") -> str:
    return file.create(name, [Scope.INSPECT], ["flange"])


def test_without_any_key_none_is_asked_for(file: KeyFile) -> None:
    assert not KeyRing((), file).enforced


def test_a_key_says_whose_it_is_and_what_it_is_for(file: KeyFile) -> None:
    key = create(file)
    expected = Caller(f"mes/{key_id(key)}", frozenset({Scope.INSPECT}), frozenset({"flange"}))
    assert KeyRing((), file).caller(key) == expected


def test_a_key_with_the_right_id_and_another_secret_is_unknown(file: KeyFile) -> None:
    key = create(file)
    assert KeyRing((), file).caller(key[:-1] + ("A" if key[-1] != "A" else "B")) is None


def test_both_admin_keys_may_do_everything(file: KeyFile) -> None:
    keys = KeyRing((ADMIN, OTHER_ADMIN), file)
    assert keys.caller(ADMIN) == Caller("admin_key/1", frozenset({Scope.ADMIN}), None)
    assert keys.caller(OTHER_ADMIN) == Caller("admin_key/2", frozenset({Scope.ADMIN}), None)
    assert keys.caller("z" * 40) is None


def test_the_first_key_closes_a_server_that_runs(file: KeyFile) -> None:
    keys = KeyRing((), file)
    key = create(file)
    keys.refresh()
    assert keys.enforced
    assert keys.caller(key)


def test_every_server_that_shares_the_file_follows_it(file: KeyFile) -> None:
    servers = [KeyRing((), file), KeyRing((), file)]
    key = create(file)
    for keys in servers:
        keys.refresh()
    assert all(keys.caller(key) for keys in servers)
    file.revoke(key_id(key) or "")
    for keys in servers:
        keys.refresh()
    assert [keys.caller(key) for keys in servers] == [None, None]


@pytest.mark.parametrize("loss", ["revoked", "file gone", "folder gone"])
def test_without_its_last_key_a_server_stays_closed(file: KeyFile, loss: str, tmp_path: Path) -> None:
    key = create(file)
    keys = KeyRing((), file)
    if loss == "revoked":
        file.revoke(key_id(key) or "")
    else:
        file.path.unlink()
    if loss == "folder gone":
        tmp_path.rename(tmp_path.with_name(f"{tmp_path.name}-away"))
    keys.refresh()
    assert keys.enforced
    assert keys.caller(key) is None


def test_a_file_that_comes_back_is_taken_up(file: KeyFile, tmp_path: Path) -> None:
    key = create(file)
    keys = KeyRing((), file)
    file.path.rename(tmp_path / "away")
    keys.refresh()
    (tmp_path / "away").rename(file.path)
    keys.refresh()
    assert keys.caller(key)


def test_a_damaged_file_leaves_the_keys_of_before_and_is_told_once(
    file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    key = create(file)
    keys = KeyRing((), file)
    file.path.write_bytes(b"{")
    for _ in range(3):
        keys.refresh()
    assert keys.caller(key)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "keys.json is damaged" in caplog.text


def test_a_mended_file_is_taken_up(file: KeyFile) -> None:
    create(file)
    keys = KeyRing((), file)
    whole = file.path.read_bytes()
    file.path.write_bytes(b"")
    keys.refresh()
    file.path.write_bytes(whole)
    newer = create(file, "line")
    keys.refresh()
    assert keys.caller(newer)


def test_a_damaged_file_stops_the_start(file: KeyFile) -> None:
    create(file)
    file.path.write_bytes(b"{")
    with pytest.raises(ConfigurationError, match="is damaged"):
        KeyRing((), file)


def test_a_file_that_cannot_be_read_stops_the_start(file: KeyFile) -> None:
    file.path.mkdir()
    with pytest.raises(StorageUnavailable, match=r"keys\.json"):
        KeyRing((ADMIN,), file)


def test_with_auth_off_no_key_counts_and_no_file_is_read(file: KeyFile) -> None:
    file.path.write_bytes(b"{")
    assert not KeyRing.of(load_settings(auth="off", admin_key="short", keys_file=file.path)).enforced


def test_a_watching_server_follows_by_itself(file: KeyFile) -> None:
    keys = KeyRing((), file)
    deadline = time.monotonic() + FOLLOWED_WITHIN_S
    with keys.watching():
        key = create(file)
        while not keys.caller(key) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert keys.caller(key)
