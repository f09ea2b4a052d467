"""Settings: where they come from, and what a wrong one says."""

import traceback
from pathlib import Path

import pytest

import app.settings
from app.errors import ConfigurationError
from app.settings import Settings, load_settings, misspelt_settings


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_PORT", "9001")
    assert load_settings().port == 9001


def test_a_file_sets_them_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("INSPECTOR_PORT=9002\nINSPECTOR_THREADS=3\n")
    monkeypatch.setenv("INSPECTOR_PORT", "9001")
    assert (load_settings().port, load_settings().threads) == (9001, 3)


def test_a_docker_secret_sets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inspector_weights_url").write_text("https://mirror.example/weights")
    monkeypatch.setattr(app.settings, "SECRETS_DIR", tmp_path)
    assert load_settings().weights_url == "https://mirror.example/weights"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "seventy"),
        ("DEVICE", "gpu"),
        ("PRECISION", "half"),
        ("PROFILE", "fast"),
        ("SMALLER_EDGE", "20"),
        ("MAX_IMAGE_PIXELS", "-1"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"INSPECTOR_{name}", value)
    with pytest.raises(ConfigurationError, match=f"INSPECTOR_{name}.*{value}"):
        load_settings()


def test_no_error_shows_a_secret_not_even_one_about_all_settings_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADMIN_KEY", "REDIS_PASSWORD"):
        monkeypatch.setenv(f"INSPECTOR_{name}", "hidden" * 10)
    monkeypatch.setenv("INSPECTOR_TLS_CERT", "cert.pem")
    with pytest.raises(ConfigurationError, match="TLS_CERT and TLS_KEY go together") as refused:
        load_settings()
    assert "hidden" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("name", ["STORE_URL", "COORDINATION_URL"])
@pytest.mark.parametrize("url", ["valkey://:hidden@host", "disk://hidden/store", "redis://:hid#den@host", "hidden"])
def test_a_url_that_is_refused_is_named_but_not_shown(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"INSPECTOR_{name}", url)
    with pytest.raises(ConfigurationError, match=f"INSPECTOR_{name}: .*redis://host:port/number") as refused:
        load_settings()
    assert "hid" not in "".join(traceback.format_exception(refused.value))


def test_the_store_is_at_the_data_dir_unless_a_url_says_otherwise(tmp_path: Path) -> None:
    assert load_settings(data_dir=tmp_path).store_dir == tmp_path
    assert load_settings(store_url="disk:///srv/a%20store").store_dir == Path("/srv/a store")


def test_every_setting_is_explained() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_a_file_that_is_no_utf8_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_bytes("# Größe\nINSPECTOR_PORT=9002\n".encode(encoding))
    with pytest.raises(ConfigurationError, match=r"\.env .*Save it as UTF-8") as refused:
        load_settings()
    assert "\n" not in refused.value.message


def test_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("INSPECTOR_PORT=9002\n", encoding="utf-8-sig")
    assert load_settings().port == 9002


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_secret_in_another_encoding_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    (tmp_path / "inspector_admin_key").write_text("hidden", encoding=encoding)
    monkeypatch.setattr(app.settings, "SECRETS_DIR", tmp_path)
    with pytest.raises(ConfigurationError, match=r"inspector_admin_key .*Save it as UTF-8"):
        load_settings()


def test_misspelt_names_are_told_with_the_nearest_one_and_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "inspector_admin_kye").write_text("hidden")
    monkeypatch.setattr(app.settings, "SECRETS_DIR", secrets)
    (tmp_path / ".env").write_text("inspector_backbon=hidden\nINSPECTOR_PUBLISH=0.0.0.0:80\nOTHER=hidden\n")
    monkeypatch.setenv("INSPECTOR_MAX_QUEU", "hidden")
    monkeypatch.setenv("INSPECTER_THREADS", "hidden")
    monkeypatch.setenv("INSPECTION_PORT", "another program's")
    monkeypatch.setenv("INSPECTOR_PORT", "9001")
    told = [line for line in misspelt_settings() if "TEST_SHARED" not in line]
    assert [line.split()[0] for line in told] == [
        "INSPECTER_THREADS", "INSPECTOR_MAX_QUEU", "inspector_backbon", "inspector_admin_kye",
    ]  # fmt: skip
    assert [line.split()[-2] for line in told] == [
        "INSPECTOR_THREADS", "INSPECTOR_MAX_QUEUE", "INSPECTOR_BACKBONE", "INSPECTOR_ADMIN_KEY",
    ]  # fmt: skip
    assert "hidden" not in " ".join(told)
