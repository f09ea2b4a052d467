"""A small weight file with a spec of its own, a server for it, and an environment without proxies."""

import dataclasses
import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine.backbone.spec import BackboneSpec
from app.weights.registry import load_registry
from tests.weights.file_server import FileServer, serving


@pytest.fixture(autouse=True)
def _direct_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def content() -> bytes:
    return random.Random(7).randbytes(300_000)


@pytest.fixture
def spec(content: bytes) -> BackboneSpec:
    """DINOv2 ViT-S/14 as registered, but for the file: `content` under its name."""
    official = load_registry().spec("dinov2_vits14")
    return dataclasses.replace(official, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


@pytest.fixture
def weights_dir(tmp_path: Path) -> Path:
    return tmp_path / "weights"


@pytest.fixture
def server(content: bytes) -> Iterator[FileServer]:
    with serving(FileServer(content)) as served:
        yield served
