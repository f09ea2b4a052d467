"""The first start: which backbone it decides on, when it writes that down, and how often it reads the weights."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

import app.assembly
from app.assembly import build_service, faster_backbone, limit_threads, resolve_batching
from app.errors import ConfigurationError, WeightsUnavailable
from app.service.limits import Batching
from app.settings import Settings, load_settings
from app.storage.disk.catalog import DiskCatalog
from app.weights.tensors import load_tensors
from tests.api.tiny_backbone import tiny_backbone


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(data_dir=tmp_path / "store", store_url=None, backbone="auto", device="cpu", threads=1)


def decided(settings: Settings) -> str | None:
    return DiskCatalog(settings.store_dir).default_backbone()


def test_the_first_start_reads_the_weights_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def load_and_note(path: Path) -> Any:
        read.append(path)
        return load_tensors(path)

    monkeypatch.setattr(app.assembly, "load_tensors", load_and_note)
    build_service(settings).close()
    assert len(read) == 1


def test_without_weights_the_first_start_decides_on_the_embedded_backbone(settings: Settings, tmp_path: Path) -> None:
    build_service(settings.model_copy(update={"weights_dir": tmp_path / "none"})).close()
    assert decided(settings) == "embedded"


def test_a_backbone_whose_weights_are_missing_leaves_the_store_undecided(settings: Settings, tmp_path: Path) -> None:
    asked = settings.model_copy(update={"backbone": "dinov2_vits14", "weights_dir": tmp_path / "none"})
    with pytest.raises(WeightsUnavailable, match="inspector weights fetch dinov2_vits14"):
        build_service(asked)
    assert decided(settings) is None


def test_a_device_that_is_not_there_leaves_the_store_undecided(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="INSPECTOR_DEVICE"):
        build_service(settings.model_copy(update={"device": "cuda:99"}))
    assert decided(settings) is None


def test_another_backbone_than_the_stored_one_is_refused_with_the_command_that_changes_it(settings: Settings) -> None:
    DiskCatalog(settings.store_dir).set_default_backbone("dinov2_vits14")
    with pytest.raises(ConfigurationError, match="inspector backbone set embedded"):
        build_service(settings.model_copy(update={"backbone": "embedded"}))


def test_torchvision_is_not_loaded_before_a_backbone_is() -> None:
    """It takes longer than all else; commands that need no network do without."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, app.assembly; print('torchvision' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "False"


def test_the_network_is_compiled_at_the_first_start_and_read_at_the_next(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    asked = settings.model_copy(update={"backbone": "embedded", "engine": "auto", "precision": "float32"})
    with caplog.at_level("INFO"):
        build_service(asked).close()
        assert caplog.text.count("is compiled for images of") == 3
        caplog.clear()
        again = build_service(asked)
    assert "is compiled" not in caplog.text
    assert again.readiness().backbone.engine == "openvino"
    again.close()


@pytest.mark.parametrize(
    ("precision", "tried"), [("auto", ["bfloat16", "float32"]), ("float32", ["float32"])], ids=["auto", "asked for"]
)
def test_bfloat16_is_tried_unless_a_precision_is_asked_for(
    precision: str, tried: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("app.engine.backbone.faster.faster", lambda *given: seen.extend(given[2]))
    faster_backbone(settings.model_copy(update={"engine": "auto", "precision": precision}), "cpu", tiny_backbone())
    assert seen == tried


@pytest.mark.parametrize("update", [{"precision": "bfloat16"}, {"precision": "float16"}])
def test_openvino_is_refused_where_it_cannot_be_used(update: dict[str, str]) -> None:
    asked = load_settings(engine="openvino", **update)
    reference = tiny_backbone(update["precision"])
    with pytest.raises(ConfigurationError, match="Set INSPECTOR_ENGINE to auto"):
        faster_backbone(asked, "cpu", reference)
    assert faster_backbone(asked.model_copy(update={"engine": "auto"}), "cpu", reference) is reference


def test_small_products_in_numpy_and_scipy_wake_no_threads_that_spin() -> None:
    limit_threads(2)
    spinning = [each for each in threadpool_info() if each.get("threading_layer") == "pthreads"]
    assert {"numpy.libs", "scipy.libs"} & {Path(each["filepath"]).parent.name for each in spinning}
    ours = [each for each in spinning if "py.libs" in each["filepath"]]
    assert {each["num_threads"] for each in ours} == {1}


@pytest.mark.parametrize(
    ("device", "given", "batching"),
    [
        ("cpu", {}, Batching(1)),
        ("cpu", {"max_batch": 4, "batch_wait_ms": 5}, Batching(4)),
        ("cuda", {}, Batching(8, 0.002)),
        ("cuda:1", {"max_batch": 1, "batch_wait_ms": 0}, Batching(1)),
        ("cuda", {"max_batch": 16, "batch_wait_ms": 5}, Batching(16, 0.005)),
    ],
)
def test_batches_are_for_a_gpu_and_a_cpu_never_waits(device: str, given: dict[str, float], batching: Batching) -> None:
    assert resolve_batching(load_settings(**given), device) == batching
