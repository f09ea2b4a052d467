"""`inspector weights` in process and as a real process."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner

from app.commands.weights import weights_app
from app.engine.backbone.spec import BackboneSpec
from app.weights.registry import load_registry, registry_path
from tests.shared import SHARED
from tests.weights.file_server import FileServer, serving

Run = Callable[..., subprocess.Popen[str]]

runner = CliRunner()


@pytest.fixture
def weights_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    monkeypatch.setenv("INSPECTOR_WEIGHTS_DIR", str(folder))
    return folder


@pytest.fixture
def command(tmp_path: Path, spec: BackboneSpec, weights_dir: Path) -> Run:
    """Starts `inspector weights …` as a process, from a copy of the checkout whose registry knows the small file."""
    project = Path(__file__).parents[2]
    copy = tmp_path / "checkout"
    shutil.copytree(project / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    official = load_registry().spec(spec.name)
    text = registry_path().read_text(encoding="utf-8")
    text = text.replace(official.sha256, spec.sha256).replace(f"= {official.size_bytes}", f"= {spec.size_bytes}")
    (copy / "models").mkdir()
    (copy / "models" / "registry.toml").write_text(text, encoding="utf-8")
    code = "from app.commands.weights import weights_app; weights_app()"

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=copy,
            env=os.environ | {"INSPECTOR_WEIGHTS_DIR": str(weights_dir)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def test_list_shows_every_backbone_and_that_a_wrong_file_is_not_verified(weights_dir: Path) -> None:
    weights_dir.mkdir()
    (weights_dir / "dinov2_vits14_pretrain.pth").write_bytes(b"damaged")
    result = runner.invoke(weights_app, ["list"])
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert set(load_registry().names) <= set(lines)
    assert re.search(r"dinov2_vits14_pretrain\.pth +7 bytes +yes +NO +1-12 \(12\) +Apache-2\.0", lines["dinov2_vits14"])
    assert re.search(r"vit_tiny_patch16_224\.safetensors +22\.9 MB +no +– ", lines["vit_tiny_patch16_224"])


def test_an_unknown_name_ends_with_one_line_on_stderr_before_anything_is_fetched() -> None:
    result = runner.invoke(weights_app, ["fetch", "dinov2_vits14", "resnet101"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no backbone 'resnet101'. Choose one of: dinov2_vits14")
    assert len(result.stderr.splitlines()) == 1


def test_verify_of_a_missing_file_fails_and_names_the_command(weights_dir: Path) -> None:
    result = runner.invoke(weights_app, ["verify", "dinov2_vitb14"])
    assert result.exit_code == 1
    assert f"not at {weights_dir}" in result.stderr
    assert "inspector weights fetch dinov2_vitb14" in result.stderr


def test_verify_without_names_checks_what_is_there_and_reports_every_failure(weights_dir: Path) -> None:
    weights_dir.mkdir()
    for size in "sb":
        (weights_dir / f"dinov2_vit{size}14_pretrain.pth").write_bytes(b"damaged")
    result = runner.invoke(weights_app, ["verify"])
    assert result.exit_code == 1
    assert [name in result.stderr for name in ("vits14 at", "vitb14 at", "vitl14 at")] == [True, True, False]


@pytest.mark.skipif(not (SHARED / "weights").is_dir(), reason=f"no weights at {SHARED}")
@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet18_layer1-3"])
def test_the_registered_stand_in_is_the_file_at_hand(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("INSPECTOR_WEIGHTS_DIR", str(SHARED / "weights"))
    result = runner.invoke(weights_app, ["verify", name])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("is verified\n")


def test_a_wrong_setting_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_PORT", "many")
    result = runner.invoke(weights_app, ["list"])
    assert result.exit_code == 1
    assert "INSPECTOR_PORT" in result.stderr


def test_one_failure_does_not_keep_the_others_from_being_fetched(
    command: Run, weights_dir: Path, server: FileServer, content: bytes, spec: BackboneSpec
) -> None:
    process = command("fetch", "dinov2_vitb14", "dinov2_vits14", INSPECTOR_WEIGHTS_URL=server.address)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Error: What {server.address}/dinov2_vitb14_pretrain.pth sent is not the registered file" in errors
    assert "Traceback" not in errors
    assert output == f"dinov2_vits14: {weights_dir / spec.file} is there and verified\n"
    assert (weights_dir / spec.file).read_bytes() == content


def test_a_fetch_killed_midway_is_continued_by_the_next_one(
    command: Run, weights_dir: Path, content: bytes, spec: BackboneSpec
) -> None:
    part = weights_dir / f"{spec.file}.part"
    with serving(FileServer(content, hold=Event())) as server:
        first = command("fetch", spec.name, INSPECTOR_WEIGHTS_URL=server.address)
        wait_for(lambda: part.is_file() and part.stat().st_size > 100_000)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=60)
        held_bytes = part.stat().st_size
        assert server.hold is not None
        server.hold.set()
        second = command("fetch", spec.name, INSPECTOR_WEIGHTS_URL=server.address)
        _, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors
    assert (weights_dir / spec.file).read_bytes() == content
    assert server.requests[1] == (f"/{spec.file}", f"bytes={held_bytes}-")


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    pause = Event()
    for _ in range(int(timeout_s / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("the condition did not come about in time")
