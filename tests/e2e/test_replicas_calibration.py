"""Calibration over replicas: what is inspected at one is confirmed at another, and both judge by it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.photographs import photograph
from tests.e2e.replicas import coordinated, in_redis, replicas
from tests.e2e.waiting import until
from tests.redis_server import RedisServer

pytestmark = pytest.mark.long

PRODUCT = "/products/flange"
HELD_OUT = range(10, 14)


@pytest.fixture(params=["coordinated", "in Redis"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[httpx2.Client]]:
    """Clients of two replicas; a product with two references, commissioned, four images of which calibrate it."""
    redis = RedisServer(tmp_path / "redis")
    redis.start()
    kept = coordinated(tmp_path / "volume", redis) if request.param == "coordinated" else in_redis(redis)
    with replicas(tmp_path, 2, kept) as servers, ExitStack() as stack:
        both = [stack.enter_context(server.client()) for server in servers]
        settings = {"alpha": 0.2, "commissioning": True, "masking": "off"}
        both[0].put(PRODUCT, json={"settings": settings}).raise_for_status()
        for seed in range(2):
            both[0].post(f"{PRODUCT}/references", content=photograph(seed)).raise_for_status()
        yield both
    redis.stop()


def inspected(client: httpx2.Client, seed: int) -> Any:
    answer = client.post(f"{PRODUCT}/inspect?heatmap=none", content=photograph(seed))
    return answer.raise_for_status().json()


def calibration(client: httpx2.Client) -> Any:
    return client.get(f"{PRODUCT}/calibration").raise_for_status().json()


def test_what_is_inspected_at_one_replica_is_confirmed_at_the_other(pair: list[httpx2.Client]) -> None:
    here, there = pair
    for seed in HELD_OUT:
        confirm = inspected(here, seed)["commissioning"]["confirm"]
        there.put(confirm, json={"is_good": True}).raise_for_status()
    assert calibration(here) == calibration(there)
    assert until(lambda: inspected(here, 10)["calibration"]["state"] == "calibrated")
    assert inspected(here, 10)["threshold"] == inspected(there, 10)["threshold"] == calibration(there)["threshold"]


def test_after_a_registration_either_replica_measures_again(pair: list[httpx2.Client]) -> None:
    here, there = pair
    files = [("images", (f"{seed}.png", photograph(seed))) for seed in HELD_OUT]
    there.post(f"{PRODUCT}/calibration/images?is_good=true", files=files).raise_for_status()
    before = calibration(here)["threshold"]
    here.post(f"{PRODUCT}/references", content=photograph(2)).raise_for_status()

    def measured(client: httpx2.Client) -> Callable[[], bool]:
        return lambda: (told := calibration(client))["state"] == "calibrated" and told["measured_in"] == 3

    assert until(measured(here))
    assert until(measured(there))
    after = calibration(here)
    assert after == calibration(there)
    assert after["threshold"] <= before
    assert until(lambda: inspected(there, 10)["threshold"] == after["threshold"])
