"""Requests whose bank is not in memory: one load for all of them, and none of them in the way of others."""

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from app.main import create_app
from app.service.uploads.checked_upload import Upload
from app.settings import Settings, load_settings
from app.storage.disk import DiskBlobs
from app.storage.documents import BlobKind
from tests.api.live_server import live_server
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service

CALLERS = 100


class GatedBlobs(DiskBlobs):
    """Segments of the product `cold` cannot be read before the gate opens; `asked` once somebody tries."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.gate = threading.Event(), threading.Event()

    def get(self, product_id: str, kind: BlobKind, digest: str) -> bytes:
        if (product_id, kind) == ("cold", "segments"):
            self.asked.set()
            assert self.gate.wait(60)
        return super().get(product_id, kind, digest)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = load_settings(data_dir=tmp_path, smaller_edge=112, max_queue=CALLERS, max_wait_s=60)
    service = tiny_service(given)
    for product_id in ("cold", "resident"):
        service.references.add(product_id, [Upload(photograph(0))])
    service.close()
    return given


@contextmanager
def served(settings: Settings, blobs: DiskBlobs) -> Iterator[httpx2.Client]:
    service = tiny_service(settings, blobs)
    with (
        live_server(create_app(settings, service)) as (host, port),
        httpx2.Client(base_url=f"http://{host}:{port}", timeout=60, trust_env=False) as client,
    ):
        yield client


def inspect(client: httpx2.Client, product_id: str) -> int:
    return client.post(f"/products/{product_id}/inspect?heatmap=none", content=photograph(1)).status_code


def test_a_hundred_requests_for_one_cold_product_load_it_once(settings: Settings) -> None:
    blobs = GatedBlobs(settings.store_dir)
    with served(settings, blobs) as client, ThreadPoolExecutor(CALLERS) as pool:
        answers = [pool.submit(inspect, client, "cold") for _ in range(CALLERS)]
        assert blobs.asked.wait(60)
        blobs.gate.set()
        assert {answer.result() for answer in answers} == {200}
        assert client.get("/health/ready").json()["banks"]["loads"] == 1


def test_while_a_bank_is_loaded_other_products_are_inspected(settings: Settings) -> None:
    blobs = GatedBlobs(settings.store_dir)
    with served(settings, blobs) as client, ThreadPoolExecutor(CALLERS) as pool:
        assert inspect(client, "resident") == 200
        waiting = [pool.submit(inspect, client, "cold") for _ in range(CALLERS // 2)]
        assert blobs.asked.wait(60)
        assert [inspect(client, "resident") for _ in range(20)] == [200] * 20
        assert not any(answer.done() for answer in waiting)
        blobs.gate.set()
        assert {answer.result() for answer in waiting} == {200}


def test_a_caller_who_leaves_does_not_cancel_the_load_of_the_others(settings: Settings) -> None:
    blobs = GatedBlobs(settings.store_dir)
    with served(settings, blobs) as client, ThreadPoolExecutor(1) as pool:
        with pytest.raises(httpx2.ReadTimeout):
            client.post("/products/cold/inspect", content=photograph(1), timeout=0.5)
        assert blobs.asked.wait(60)
        answer = pool.submit(inspect, client, "cold")
        blobs.gate.set()
        assert answer.result() == 200
        assert client.get("/health/ready").json()["banks"]["loads"] == 1


def test_a_product_can_be_loaded_ahead(settings: Settings) -> None:
    blobs = GatedBlobs(settings.store_dir)
    blobs.gate.set()
    with served(settings, blobs) as client:
        assert not client.get("/products/cold").json()["bank_loaded"]
        assert client.post("/products/cold/load").json()["bank_loaded"]
        assert inspect(client, "cold") == 200
        assert client.get("/health/ready").json()["banks"]["loads"] == 1


def test_a_pinned_product_is_in_memory_before_anybody_asks(settings: Settings) -> None:
    blobs = GatedBlobs(settings.store_dir)
    with served(settings, blobs) as client:
        client.patch("/products/cold", json={"settings": {"pinned": True}}).raise_for_status()
        assert blobs.asked.wait(60)
        blobs.gate.set()
        while not client.get("/products/cold").json()["bank_loaded"]:
            pass
        assert client.get("/health/ready").json()["banks"]["pinned"] == 1
    reopened = GatedBlobs(settings.store_dir)
    with served(settings, reopened):
        assert reopened.asked.wait(60)
        reopened.gate.set()


def test_a_dropped_bank_is_gone_with_the_request_that_used_it(settings: Settings) -> None:
    blobs = GatedBlobs(settings.store_dir)
    blobs.gate.set()
    gc.disable()
    try:
        with served(settings.model_copy(update={"bank_cache_bytes": 1}), blobs) as client:
            assert [inspect(client, product_id) for product_id in ("cold", "resident")] == [200, 200]
            banks = client.get("/health/ready").json()["banks"]
    finally:
        gc.enable()
    assert (banks["loads"], banks["loaded"], banks["evictions"], banks["held_bytes"]) == (2, 1, 1, 0)
