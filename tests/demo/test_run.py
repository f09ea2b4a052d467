"""The demo is alone: no setting, no `.env`, no folder it is started in reaches its server, and none outlives it."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from app.demo.run import end_process
from app.settings import environment_for_demo

ROOT = Path(__file__).parents[2]
LIMIT_S = 200
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the demo is started: beside a `.env` that points to a store, and an `app` that is not this one."""
    store = f"INSPECTOR_STORE_URL=disk://{tmp_path}/real\n"
    (tmp_path / ".env").write_text(store + "INSPECTOR_MAX_BODY_BYTES=1024\nINSPECTOR_BACKBONE=dinov2_vitl14\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise RuntimeError('another app')")
    return tmp_path


def started_demo(folder: Path) -> subprocess.Popen[str]:
    settings = {
        "DATA_DIR": str(folder / "real"),
        "LOG_LEVEL": "warning",
        "AUTO_CREATE_PRODUCTS": "false",
        "MAX_IMAGES_PER_REQUEST": "1",
        "WEIGHTS_DIR": "weights",
        "DEVICE": "cpu",
        "THREADS": "1",
    }
    given = {f"INSPECTOR_{name}": value for name, value in settings.items()}
    # -P as for the installed command: the present folder is not searched for modules.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "app.cli", "demo", "--output", "heatmaps"],
        cwd=folder,
        env={**os.environ, **given, "PYTHONPATH": str(ROOT), "WEB_CONCURRENCY": "2", "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Else SIGINT is ignored where the tests themselves run in the background of a shell.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def servers_of(folder: Path) -> list[str]:
    """The command lines of the running processes whose store lies below `folder`."""
    told = [line.read_bytes() for line in Path("/proc").glob("[0-9]*/cmdline") if line.parent.exists()]
    return [line.decode() for line in told if str(folder).encode() in line and b"serve" in line]


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("inspector-demo-*")] + servers_of(folder)


def test_hostile_settings_reach_neither_the_demo_nor_a_real_store(folder: Path) -> None:
    with started_demo(folder) as demo:
        told, _ = demo.communicate(timeout=LIMIT_S)
    assert demo.returncode == 0, told
    assert (told.count("  ok "), told.count("  not_ok ")) == (4, 8)
    assert len(list((folder / "heatmaps").glob("*.png"))) == 12
    assert not (folder / "real").exists()
    assert left_behind(folder) == []


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_demo_leaves_no_server_and_no_store(folder: Path, sent: signal.Signals) -> None:
    with started_demo(folder) as demo:
        deadline = time.monotonic() + LIMIT_S
        while not any(log.stat().st_size for log in folder.glob("inspector-demo-*/server.log")):
            assert demo.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert servers_of(folder)
        demo.send_signal(sent)
        told, _ = demo.communicate(timeout=LIMIT_S)
    assert demo.returncode not in (0, -sent), told
    assert left_behind(folder) == []


def test_a_server_that_does_not_end_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", IGNORES_SIGTERM], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        end_process(process, limit_s=0.2)
        assert process.returncode == -signal.SIGKILL


def test_only_what_the_machine_has_to_compute_with_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSPECTOR_WEIGHTS_DIR", "weights")
    monkeypatch.setenv("inspector_profile", "paper")
    monkeypatch.setenv("INSPECTOR_STORE_URL", "disk:///srv/store")
    monkeypatch.setenv("INSPECTOR_SMALLER_EDGE", "112")
    (tmp_path / ".env").write_text("INSPECTOR_THREADS=3\n")
    environment = environment_for_demo(Path("compiled"))
    assert environment["INSPECTOR_WEIGHTS_DIR"] == str(tmp_path / "weights")
    assert environment["INSPECTOR_CACHE_DIR"] == str(tmp_path / "compiled")
    assert (environment["INSPECTOR_THREADS"], environment["INSPECTOR_SMALLER_EDGE"]) == ("3", "448")
    assert {"INSPECTOR_STORE_URL", "inspector_profile"} & set(environment) == set()
    assert environment["PATH"] == os.environ["PATH"]
