"""Replicas over one store: what one has acknowledged the others serve, also when Redis goes away and comes back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from tests.api.photographs import photograph
from tests.e2e.replicas import coordinated, in_redis, replicas
from tests.e2e.server_process import ROOT
from tests.e2e.waiting import until
from tests.redis_server import RedisServer

LONG_S = "60"
"""As POINTER_MAX_AGE_S: within a test only what is announced is learnt."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A client of one replica, and the product that the test is about."""

    client: httpx2.Client
    product_id: str

    def register(self, seed: int) -> httpx2.Response:
        return self.client.post(f"/products/{self.product_id}/references", content=photograph(seed))

    def inspect(self, seed: int = 9, **query: int) -> httpx2.Response:
        path = f"/products/{self.product_id}/inspect"
        return self.client.post(path, params={"heatmap": "none", **query}, content=photograph(seed))

    def serves(self, version: int) -> bool:
        """Whether it inspects with this version, now or soon."""
        return until(lambda: self.inspect().raise_for_status().json()["bank_version"] == version)

    def store_reachable(self) -> bool:
        return bool(self.client.get("/health/ready").raise_for_status().json()["store_reachable"])


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@contextmanager
def clients(folder: Path, count: int, settings: dict[str, str]) -> Iterator[list[httpx2.Client]]:
    with replicas(folder, count, settings) as servers, ExitStack() as stack:
        yield [stack.enter_context(server.client()) for server in servers]


@pytest.fixture(scope="module", params=["coordinated", "in Redis"])
def two_clients(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis: RedisServer
) -> Iterator[list[httpx2.Client]]:
    folder = tmp_path_factory.mktemp("replicas")
    with redis.client() as client:
        client.flushall()
    kept = coordinated(folder / "volume", redis) if request.param == "coordinated" else in_redis(redis)
    with clients(folder, 2, kept | {"POINTER_MAX_AGE_S": LONG_S}) as both:
        yield both


@pytest.fixture
def pair(two_clients: list[httpx2.Client], request: pytest.FixtureRequest) -> tuple[Replica, Replica]:
    """Two replicas, both with version 1 of the test's product in memory."""
    here, there = (Replica(client, request.node.originalname[:60]) for client in two_clients)
    here.register(0).raise_for_status()
    assert here.serves(1)
    assert there.serves(1)
    return here, there


def test_what_one_replica_acknowledged_the_other_serves(pair: tuple[Replica, Replica]) -> None:
    here, there = pair
    here.register(1).raise_for_status()
    assert there.inspect(bank_version=2).json()["bank_version"] == 2
    assert there.serves(2)
    assert there.inspect(seed=1).json()["score"] < 1e-3


def test_settings_rollback_and_deletion_reach_the_other_replica(pair: tuple[Replica, Replica]) -> None:
    here, there = pair
    there.register(1).raise_for_status()
    assert here.serves(2)
    product = f"/products/{here.product_id}"
    here.client.post(f"{product}/banks/1/activate").raise_for_status()
    assert there.serves(1)
    here.client.patch(product, json={"settings": {"statistic": "max"}}).raise_for_status()
    largest = here.inspect().json()["score"]
    assert until(lambda: there.inspect().json()["score"] == largest)
    here.client.delete(product).raise_for_status()
    assert until(lambda: there.inspect().status_code == 404)


def test_while_redis_is_away_loaded_banks_go_on(pair: tuple[Replica, Replica], redis: RedisServer) -> None:
    redis.kill()
    for replica in pair:
        assert until(lambda replica=replica: not replica.store_reachable())  # type: ignore[misc]
        answer = replica.inspect()
        assert (answer.status_code, answer.json()["bank_version"]) == (200, 1)
        assert "bank_unconfirmed" in answer.json()["flags"]
        refused = replica.register(1)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage-unavailable")
        assert int(refused.headers["Retry-After"]) > 0
    redis.start()
    assert until(lambda: pair[0].register(1).status_code == 201)
    for replica in pair:
        assert replica.serves(2)
        assert until(lambda replica=replica: "bank_unconfirmed" not in replica.inspect().json()["flags"])  # type: ignore[misc]


def test_an_emptied_redis_serves_nobody_until_it_is_recovered(tmp_path: Path, redis: RedisServer) -> None:
    settings = coordinated(tmp_path / "volume", redis) | {"POINTER_MAX_AGE_S": "0.2"}
    with redis.client() as control:
        control.flushall()
        with clients(tmp_path, 1, settings) as [client]:
            replica = Replica(client, "flange")
            replica.register(0).raise_for_status()
            assert replica.serves(1)
            control.flushall()
            assert until(lambda: replica.inspect().status_code == 503)
            for refused in (replica.inspect(), replica.register(1), client.get("/products")):
                assert refused.json()["code"] == "storage-outdated"
            assert "brought back flange" in recover(settings)
            assert replica.serves(1)
            [kept] = client.get("/products/flange/references").json()["references"]
            assert kept["sha256"] == sha256(photograph(0)).hexdigest()
            assert replica.register(1).json()["bank_version"] == 2


def recover(settings: dict[str, str]) -> str:
    environment = os.environ | {f"INSPECTOR_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "app.cli", "store", "recover"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.long
def test_one_disk_store_serves_two_servers_without_redis(tmp_path: Path) -> None:
    with clients(tmp_path, 2, {"STORE_URL": f"disk://{tmp_path / 'volume'}"}) as [here, there]:
        for seed in range(3):
            Replica(here, "flange").register(seed).raise_for_status()
            assert Replica(there, "flange").inspect().json()["bank_version"] == seed + 1


@pytest.mark.long
def test_a_server_without_its_redis_does_not_start_and_says_so(redis: RedisServer) -> None:
    redis.stop()
    environment = os.environ | {"INSPECTOR_STORE_URL": redis.url, "INSPECTOR_BACKBONE": "embedded"}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    redis.start()
    assert done.returncode == 1
    assert f"Redis at 127.0.0.1:{redis.port} cannot be reached" in done.stderr.splitlines()[-1]
