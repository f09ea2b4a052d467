"""Beyond this machine nobody listens without a key."""

from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.keys.api_key import Scope, key_id
from app.keys.key_file import KeyFile
from app.keys.listening import check_listening, is_loopback
from app.settings import load_settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LocalHost"])
def test_only_this_machine_reaches_loopback(host: str, tmp_path: Path) -> None:
    assert is_loopback(host)
    check_listening(load_settings(host=host, data_dir=tmp_path))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.7", "inspector.example", "localhost.example"])
def test_others_reach_everything_else_so_a_key_is_needed(host: str, tmp_path: Path) -> None:
    assert not is_loopback(host)
    with pytest.raises(ConfigurationError, match=r"inspector keys create NAME .*keys\.json.*AUTH=off"):
        check_listening(load_settings(host=host, data_dir=tmp_path))


def test_with_a_key_in_the_file_it_may_listen_and_without_it_not(tmp_path: Path) -> None:
    settings = load_settings(host="0.0.0.0", data_dir=tmp_path)
    key = KeyFile.of(settings).create("mes", [Scope.INSPECT], None)
    check_listening(settings)
    KeyFile.of(settings).revoke(key_id(key) or "")
    with pytest.raises(ConfigurationError):
        check_listening(settings)


def test_with_an_admin_key_it_may_listen(tmp_path: Path) -> None:
    check_listening(load_settings(host="0.0.0.0", data_dir=tmp_path, admin_key="x" * 40))


def test_with_auth_off_it_may_listen_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    check_listening(load_settings(host="0.0.0.0", data_dir=tmp_path, auth="off"))
    assert "whoever reaches 0.0.0.0:8000 may do everything" in caplog.text
