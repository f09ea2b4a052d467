"""Three replicas behind HAProxy with the configuration that ships: who is asked, and what the loss of one costs."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.api.photographs import photograph
from tests.e2e.haproxy import haproxy, require_haproxy
from tests.e2e.replicas import coordinated, replicas
from tests.e2e.server_process import ServerProcess
from tests.load import Load, load
from tests.redis_server import RedisServer

CALLERS = 4
PRODUCTS = [f"part-{number}" for number in range(2 * CALLERS)]
ANSWERS_AFTER = 15 * CALLERS
WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Deployment:
    """Replicas, a client of each, and a client of the proxy before them with its log."""

    servers: list[ServerProcess]
    clients: list[httpx2.Client]
    proxy: httpx2.Client
    log: Path

    def inspect(self, product_id: str) -> httpx2.Response:
        return self.proxy.post(f"/products/{product_id}/inspect?heatmap=none", content=photograph(9))

    def asked(self, product_id: str) -> set[str]:
        """The replicas that have been asked about a product."""
        return set(re.findall(rf"replicas/(\S+) .*/products/{product_id}/inspect", self.log.read_text()))


@pytest.fixture
def deployment(tmp_path: Path, redis_server: RedisServer, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """Every product has one reference, registered through the proxy. The parameter is how long a stop drains, s."""
    require_haproxy()
    settings = coordinated(tmp_path / "volume", redis_server) | {"DRAIN_S": getattr(request, "param", "0")}
    with replicas(tmp_path, 3, settings) as servers, haproxy(tmp_path, servers) as (address, log), ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for server in servers]
        proxy = stack.enter_context(httpx2.Client(base_url=address, timeout=120, trust_env=False))
        for product_id in PRODUCTS:
            proxy.post(f"/products/{product_id}/references", content=photograph(0)).raise_for_status()
        yield Deployment(servers, clients, proxy, log)


@pytest.mark.long
def test_a_product_stays_at_one_replica_and_all_could_answer(deployment: Deployment) -> None:
    for product_id in PRODUCTS * 3:
        deployment.inspect(product_id).raise_for_status()
    asked = [deployment.asked(product_id) for product_id in PRODUCTS]
    assert all(len(replicas) == 1 for replicas in asked)
    assert len(set.union(*asked)) > 1
    direct = [client.post("/products/part-0/inspect", content=photograph(9)) for client in deployment.clients]
    assert len({answer.raise_for_status().json()["score"] for answer in direct}) == 1


def test_a_killed_replica_costs_at_most_the_requests_it_had(deployment: Deployment) -> None:
    after = inspections_while(deployment, deployment.servers[1].process.kill)
    assert len(after.failures()) <= CALLERS


@pytest.mark.long
@pytest.mark.parametrize("deployment", ["4"], indirect=True)
def test_a_replica_that_is_stopped_costs_no_request(deployment: Deployment) -> None:
    after = inspections_while(deployment, deployment.servers[1].process.terminate)
    assert after.failures() == []
    assert deployment.servers[1].process.wait(60) == 0


def inspections_while(deployment: Deployment, upset: Callable[[], None]) -> Load:
    """Inspections of all products by several callers before, while and after a replica goes away."""
    turns = iter(range(10**9))
    with load(CALLERS, lambda _: deployment.inspect(PRODUCTS[next(turns) % len(PRODUCTS)])) as running:
        await_answers(running, 2 * len(PRODUCTS))
        upset()
        await_answers(running, len(running.answers) + ANSWERS_AFTER)
    assert {body["bank_version"] for body in running.bodies()} == {1}
    return running


def await_answers(running: Load, count: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    while len(running.answers) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
