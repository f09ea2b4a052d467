"""kill -9 of the whole server at random moments of registrations: what was acknowledged is there, nothing is half."""

import random
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from tests.api.photographs import photograph
from tests.e2e.replicas import coordinated, in_redis
from tests.e2e.server_process import ServerProcess, server_process
from tests.redis_server import RedisServer

REFERENCES_PER_PRODUCT = 8
LATEST_KILL_S = 1.5


@dataclass
class Line:
    """A production line that registers one photograph after the other and remembers what was acknowledged."""

    acknowledged: dict[str, dict[str, bytes]] = field(default_factory=dict)
    seed: int = 0
    interrupted: int = 0

    def register_until_killed(self, server: ServerProcess, killer: threading.Timer) -> None:
        """The killer is set off by the first answer: a server just started takes its time for that one."""
        with server.client() as client:
            while True:
                self.seed += 1
                product_id, data = f"part-{self.seed // REFERENCES_PER_PRODUCT}", photograph(self.seed)
                try:
                    answer = client.post(f"/products/{product_id}/references", content=data)
                except httpx2.TransportError:
                    self.interrupted += 1
                    return
                assert answer.status_code == 201, answer.text
                self.acknowledged.setdefault(product_id, {})[sha256(data).hexdigest()] = data
                if not killer.ident:
                    killer.start()


def register_and_kill(server: ServerProcess, line: Line, after_s: float) -> None:
    killer = threading.Timer(after_s, server.process.kill)
    line.register_until_killed(server, killer)
    killer.join()
    server.process.wait()


def check(client: httpx2.Client, product_id: str, acknowledged: dict[str, bytes]) -> None:
    """Every acknowledged reference is there to the byte, and the bank that serves holds it and answers."""
    listed = client.get(f"/products/{product_id}/references").raise_for_status().json()["references"]
    assert set(acknowledged) <= {entry["sha256"] for entry in listed}
    for digest, data in acknowledged.items():
        kept = client.get(f"/products/{product_id}/references/{digest}", headers={"Accept": "image/png"})
        assert kept.content == data
    answer = client.post(f"/products/{product_id}/inspect?heatmap=none", content=data).raise_for_status().json()
    bank = client.get(f"/products/{product_id}/banks/{answer['bank_version']}").raise_for_status().json()
    assert set(acknowledged) <= {entry["sha256"] for entry in bank["references"]}


@pytest.mark.long
@pytest.mark.parametrize(("kept", "rounds"), [("on disk", 50), ("coordinated", 20), ("in Redis", 10)])
def test_killed_servers_lose_nothing_that_was_acknowledged(
    tmp_path: Path, redis_server: RedisServer, kept: str, rounds: int
) -> None:
    stores = {"coordinated": coordinated(tmp_path / "volume", redis_server), "in Redis": in_redis(redis_server)}
    settings = stores.get(kept, {})
    line, moments = Line(), random.Random(20261122)
    for _ in range(rounds):
        with server_process(tmp_path, settings) as server:
            with server.client() as client:
                for product_id, acknowledged in list(line.acknowledged.items())[-2:]:
                    check(client, product_id, acknowledged)
            register_and_kill(server, line, moments.uniform(0, LATEST_KILL_S))
    with server_process(tmp_path, settings) as server, server.client() as client:
        for product_id, acknowledged in line.acknowledged.items():
            check(client, product_id, acknowledged)
    assert line.interrupted == rounds
    assert sum(map(len, line.acknowledged.values())) >= rounds
