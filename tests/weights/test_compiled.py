"""The folder of compiled networks: a cache that never stands in the way."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.weights import compiled
from app.weights.compiled import CompiledFolder


def test_what_one_process_keeps_another_finds(tmp_path: Path) -> None:
    CompiledFolder(tmp_path / "compiled")["a"] = b"network"
    again = CompiledFolder(tmp_path / "compiled")
    assert (again["a"], list(again), len(again)) == (b"network", ["a"], 1)
    del again["a"]
    assert "a" not in again


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-1], lambda whole: whole[:40] + b"?" + whole[41:], lambda _: b""]
)
def test_a_file_that_is_not_whole_is_not_there(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = CompiledFolder(tmp_path)
    folder["a"] = b"a compiled network"
    file = tmp_path / "a.compiled"
    file.write_bytes(damage(file.read_bytes()))
    assert folder.get("a") is None
    folder["a"] = b"made again"
    assert folder["a"] == b"made again"


def test_what_was_never_finished_goes(tmp_path: Path) -> None:
    for name, age_s in (("old", 7200), ("new", 0)):
        (tmp_path / f"{name}.part").touch()
        os.utime(tmp_path / f"{name}.part", (time.time() - age_s,) * 2)
    CompiledFolder(tmp_path)["a"] = b"network"
    assert [path.name for path in tmp_path.glob("*.part")] == ["new.part"]


def test_the_least_recently_used_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "LIMIT_BYTES", 120)
    folder = CompiledFolder(tmp_path)
    for age, name in enumerate(("old", "older", "new")):
        folder[name] = b"12345678" if name != "new" else b"1"
        os.utime(tmp_path / f"{name}.compiled", ns=(age, age))
    assert folder["old"] == b"12345678"  # used just now
    folder["newest"] = b"12345678"
    assert sorted(folder) == ["new", "newest", "old"]


def test_a_network_larger_than_the_limit_is_kept_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "LIMIT_BYTES", 36)
    folder = CompiledFolder(tmp_path)
    folder["first"] = b"123"
    folder["large"] = b"123456"
    assert list(folder) == ["large"]


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    folder = CompiledFolder(tmp_path / "file" / "compiled")
    for name in ("a", "b"):
        folder[name] = b"network"
        assert folder.get(name) is None
    assert caplog.text.count("each start compiles anew") == 1
