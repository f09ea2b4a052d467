"""`inspector keys` as it is typed."""

import re
from pathlib import Path

import pytest

from app.keys.key_file import KeyFile
from tests.test_cli import inspector


@pytest.fixture
def data_dir(tmp_path: Path) -> str:
    return str(tmp_path)


def create(data_dir: str, *arguments: str) -> str:
    made = inspector("keys", "create", *arguments, INSPECTOR_DATA_DIR=data_dir)
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_create_prints_the_key_and_nothing_else(data_dir: str) -> None:
    made = inspector("keys", "create", "mes", "--scope", "inspect", INSPECTOR_DATA_DIR=data_dir)
    assert re.fullmatch(r"insp_[0-9a-f]{8}_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert "not shown again" in made.stderr
    assert made.stdout.strip() not in made.stderr


def test_list_shows_what_each_key_is_for_and_no_key(data_dir: str, tmp_path: Path) -> None:
    key = create(data_dir, "mes", "--scope", "inspect", "--scope", "register", "--product", "flange").strip()
    create(data_dir, "office", "--scope", "admin")
    shown = inspector("keys", "list", INSPECTOR_DATA_DIR=data_dir).stdout
    rows = [line.split()[1:4] for line in shown.splitlines()]
    assert rows == [["name", "scopes", "products"], ["mes", "inspect,register", "flange"], ["office", "admin", "all"]]
    [first, _] = KeyFile(tmp_path / "keys.json").read()
    assert not {key, key.rpartition("_")[2], first.sha256} & set(shown.split())


def test_revoke_takes_a_key_out_and_says_when_it_was_the_last(data_dir: str) -> None:
    named = create(data_dir, "mes", "--scope", "inspect").split("_")[1]
    revoked = inspector("keys", "revoke", named, INSPECTOR_DATA_DIR=data_dir)
    assert revoked.stderr.startswith(f"Key {named} of mes is revoked.\nNo key is left.")
    assert named not in inspector("keys", "list", INSPECTOR_DATA_DIR=data_dir).stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["create", "a b", "--scope", "inspect"], "'a b' is no name"),
        (["create", "mes", "--scope", "inspect", "--product", "a/b"], "'a/b' is no product id"),
        (["create", "mes", "--scope", "everything"], "everything"),
        (["create", "mes"], "--scope"),
        (["create", "scraper", "--scope", "metrics", "--product", "flange"], "all products together"),
        (["revoke", "00000000"], "inspector keys list"),
    ],
)
def test_what_cannot_be_is_refused_with_advice(data_dir: str, arguments: list[str], told: str) -> None:
    refused = inspector("keys", *arguments, INSPECTOR_DATA_DIR=data_dir)
    assert refused.returncode != 0
    assert told in refused.stderr
    assert refused.stdout == ""


def test_a_server_without_a_key_does_not_start_where_others_reach_it(data_dir: str) -> None:
    refused = inspector("serve", "--host", "0.0.0.0", INSPECTOR_DATA_DIR=data_dir)
    assert refused.returncode == 1
    assert "inspector keys create" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_no_error_shows_the_admin_key(data_dir: str) -> None:
    secret = "Secret" * 10
    # Certificate without key: an error of all settings together, ADMIN_KEY among them.
    refused = inspector("serve", INSPECTOR_DATA_DIR=data_dir, INSPECTOR_ADMIN_KEY=secret, INSPECTOR_TLS_CERT="x.pem")
    assert refused.returncode == 1
    assert "TLS_KEY" in refused.stderr
    assert "Secret" not in refused.stderr
