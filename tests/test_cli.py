"""The command line: what it offers, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.version import service_version

ROOT = Path(__file__).parents[1]


def inspector(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return inspector_in(ROOT, *arguments, **environment)


def inspector_in(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        ([], ["serve", "health", "demo", "weights", "backbone", "keys"]),
        (["weights"], ["list", "fetch", "verify"]),
        (["backbone"], ["show", "set"]),
        (["keys"], ["create", "list", "revoke"]),
    ],
)
def test_help_names_every_command(arguments: list[str], offered: list[str]) -> None:
    shown = inspector(*arguments, "--help").stdout
    assert [command for command in offered if command not in shown] == []


def test_the_version_is_told() -> None:
    assert inspector("--version").stdout == f"inspector {service_version()}\n"


def test_a_file_of_settings_in_another_encoding_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("INSPECTOR_PORT=18999\r\n", encoding="utf-16")
    failed = inspector_in(tmp_path, "health", PYTHONPATH=str(ROOT))
    assert failed.returncode == 1
    assert failed.stderr == f"inspector: {tmp_path}/.env is no UTF-8 text. Save it as UTF-8.\n"


def test_a_misspelt_setting_is_told_at_the_start(tmp_path: Path) -> None:
    # An unknown backbone ends the start behind the warning.
    told = inspector("serve", INSPECTOR_BACKBONE="none", INSPECTOR_DATA_DRI="x", INSPECTOR_DATA_DIR=str(tmp_path))
    assert "INSPECTOR_DATA_DRI (environment) is no setting" in told.stderr
    assert "INSPECTOR_DATA_DIR meant?" in told.stderr


def test_a_wrong_setting_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    failed = inspector("serve", INSPECTOR_PORT="ninety", INSPECTOR_DATA_DIR=str(tmp_path))
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert "INSPECTOR_PORT" in failed.stderr


def test_an_unknown_backbone_stops_the_start_and_the_known_ones_are_named(tmp_path: Path) -> None:
    failed = inspector("serve", INSPECTOR_BACKBONE="dinov9", INSPECTOR_DATA_DIR=str(tmp_path))
    assert failed.returncode == 1
    assert "dinov2_vits14" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_backbone_without_its_file_stops_the_start_and_says_how_to_get_it(tmp_path: Path) -> None:
    failed = inspector(
        "serve",
        INSPECTOR_BACKBONE="dinov2_vits14",
        INSPECTOR_DATA_DIR=str(tmp_path),
        INSPECTOR_WEIGHTS_DIR=str(tmp_path),
    )
    assert failed.returncode == 1
    assert "inspector weights fetch dinov2_vits14" in failed.stderr


def test_show_says_that_nothing_is_decided_before_the_first_start(tmp_path: Path) -> None:
    assert "not decided yet" in inspector("backbone", "show", INSPECTOR_DATA_DIR=str(tmp_path)).stdout


def test_a_folder_given_on_the_command_line_wins_over_a_store_url(tmp_path: Path) -> None:
    inspector(
        "serve",
        "--data-dir",
        str(tmp_path / "given"),
        INSPECTOR_STORE_URL=f"disk://{tmp_path}/other",
        INSPECTOR_BACKBONE="dinov2_vits14",
        INSPECTOR_WEIGHTS_DIR=str(tmp_path),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["given"]
