"""The file of keys: who may read it, and that no change is lost or half done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.keys.api_key import Scope, digest, key_id
from app.keys.key_file import KeyFile
from app.settings import load_settings

ROOT = Path(__file__).parents[2]
FIVE_KEYS = """
import sys
from pathlib import Path
from app.keys.api_key import Scope
from app.keys.key_file import KeyFile

for each in "abcde":
    KeyFile(Path(sys.argv[1])).create(sys.argv[2] + each, [Scope.INSPECT], None)
"""


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "store" / "keys.json")


def test_it_lies_in_the_store_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert KeyFile.of(load_settings(data_dir=tmp_path)).path == tmp_path / "keys.json"
    assert KeyFile.of(load_settings(keys_file=tmp_path / "other")).path == tmp_path / "other"


def test_without_a_file_there_are_no_keys(file: KeyFile) -> None:
    assert (file.read(), file.stamp()) == ((), None)


def test_a_key_is_kept_by_its_hash_only(file: KeyFile) -> None:
    key = file.create("mes", [Scope.REGISTER, Scope.INSPECT, Scope.INSPECT], ["flange", "gear", "flange"])
    [record] = file.read()
    assert (record.name, record.scopes) == ("mes", (Scope.INSPECT, Scope.REGISTER))
    assert (record.key_id, record.sha256) == (key_id(key), digest(key).hex())
    assert record.products == ("flange", "gear")
    assert key.rpartition("_")[2] not in file.path.read_text()


def test_only_its_owner_may_read_it(file: KeyFile) -> None:
    file.create("mes", [Scope.INSPECT], None)
    file.create("line", [Scope.INSPECT], None)
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_its_stamp_changes_with_every_change(file: KeyFile) -> None:
    first = key_id(file.create("mes", [Scope.INSPECT], None)) or ""
    stamps = [file.stamp()]
    file.create("mes", [Scope.INSPECT], None)
    stamps.append(file.stamp())
    file.revoke(first)
    assert len({*stamps, file.stamp()}) == 3


def test_a_name_has_two_keys_at_most_and_the_refusal_names_the_older(file: KeyFile) -> None:
    first, second = (key_id(file.create("mes", [Scope.INSPECT], None)) for _ in range(2))
    file.create("line", [Scope.INSPECT], None)
    with pytest.raises(ConfigurationError, match=f"{first}, {second} .*inspector keys revoke {first}"):
        file.create("mes", [Scope.ADMIN], None)
    assert len(file.read()) == 3


def test_a_revoked_key_makes_room_for_another(file: KeyFile) -> None:
    first, second = (key_id(file.create("mes", [Scope.INSPECT], None)) or "" for _ in range(2))
    assert file.revoke(first).name == "mes"
    third = key_id(file.create("mes", [Scope.INSPECT], None))
    assert [record.key_id for record in file.read()] == [second, third]


def test_an_unknown_id_cannot_be_revoked(file: KeyFile) -> None:
    with pytest.raises(ConfigurationError, match="inspector keys list"):
        file.revoke("00000000")


@pytest.mark.parametrize("damage", [b"", b"{}", b"{", None], ids=["empty", "no envelope", "cut", "one byte"])
def test_a_damaged_file_is_refused_and_left_as_it_is(file: KeyFile, damage: bytes | None) -> None:
    file.create("mes", [Scope.INSPECT], None)
    damaged = damage if damage is not None else file.path.read_bytes().replace(b'"inspect"', b'"admin12"')
    file.path.write_bytes(damaged)
    with pytest.raises(ConfigurationError, match=r"keys\.json is damaged"):
        file.create("line", [Scope.INSPECT], None)
    assert file.path.read_bytes() == damaged


def test_processes_at_once_lose_no_key(file: KeyFile) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", FIVE_KEYS, str(file.path), f"user-{number}-"], cwd=ROOT)
        for number in range(4)
    ]
    assert [process.wait(60) for process in started] == [0] * 4
    assert len(json.loads(file.path.read_bytes())["body"]["keys"]) == len(file.read()) == 20
