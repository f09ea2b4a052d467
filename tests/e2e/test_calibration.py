"""Calibration on a real server: commissioned image by image, and still there after the process was killed."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.demo.run import SAMPLE
from tests.e2e.server_process import server_process

PRODUCT = "/products/bearing-flange"
GOOD = sorted((SAMPLE / "test" / "good").iterdir())
BAD = sorted(path for path in SAMPLE.glob("test/*/*") if path.parent.name != "good")


def registered(client: httpx2.Client) -> None:
    """Two references, and an alpha for which the four good test images are enough."""
    client.put(PRODUCT, json={"settings": {"alpha": 0.2, "commissioning": True}}).raise_for_status()
    for path in sorted((SAMPLE / "train" / "good").iterdir())[:2]:
        client.post(f"{PRODUCT}/references", content=path.read_bytes()).raise_for_status()


def inspected(client: httpx2.Client, path: Path) -> Any:
    answer = client.post(f"{PRODUCT}/inspect?heatmap=none", content=path.read_bytes())
    answer.raise_for_status()
    return answer.json()


def test_a_commissioned_product_is_calibrated_and_stays_so_when_the_server_is_killed(tmp_path: Path) -> None:
    with server_process(tmp_path, {}) as server, server.client() as client:
        registered(client)
        for path in GOOD:
            told = inspected(client, path)
            assert told["verdict"] == "not_decidable"
            confirmed = client.put(told["commissioning"]["confirm"], json={"is_good": True})
            confirmed.raise_for_status()
        server.process.kill()
        server.process.wait()
    with server_process(tmp_path, {}) as server, server.client() as client:
        told = client.get(f"{PRODUCT}/calibration").json()
        assert told == confirmed.json()
        assert (told["state"], told["good_images"], told["expected_false_alarm_rate"]) == ("calibrated", 4, 0.2)
        verdicts = [inspected(client, path)["verdict"] for path in GOOD]
        assert verdicts == ["ok"] * 4
        found = [inspected(client, path) for path in BAD]
        assert [each["verdict"] for each in found].count("not_ok") > len(BAD) / 2
        assert all(each["regions"] for each in found if each["verdict"] == "not_ok")


@pytest.mark.long
def test_a_bank_that_was_published_by_a_killed_server_is_measured_by_the_next(tmp_path: Path) -> None:
    with server_process(tmp_path, {}) as server, server.client() as client:
        registered(client)
        files = [("images", (path.name, path.read_bytes())) for path in GOOD]
        client.post(f"{PRODUCT}/calibration/images?is_good=true", files=files).raise_for_status()
        third = sorted((SAMPLE / "train" / "good").iterdir())[2]
        client.post(f"{PRODUCT}/references", content=third.read_bytes()).raise_for_status()
        server.process.kill()
        server.process.wait()
    with server_process(tmp_path, {}) as server, server.client() as client:
        deadline = time.monotonic() + 60
        while (told := client.get(f"{PRODUCT}/calibration").json())["state"] != "calibrated":
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
        assert told["measured_in"] == told["bank_version"] == 3
