"""kill -9 of the server while it inspects: every answer has its record and, by the product's policy, its pictures."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.photographs import photograph
from tests.e2e.server_process import ServerProcess, server_process

ROUNDS, CALLERS = 20, 4
POLICIES = ("all", "not_ok", "none")


@dataclass
class Line:
    """Callers that inspect one photograph after the other until the server is gone, and remember the answers."""

    answered: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    interrupted: int = 0

    def inspect_until_killed(self, server: ServerProcess, killer: threading.Timer, caller: int) -> None:
        with server.client() as client:
            for number in range(10**6):
                seed = 10 * number + caller
                path = f"/products/{POLICIES[number % 3]}/inspect?heatmap=link"
                try:
                    answer = client.post(path, content=photograph(seed))
                except httpx2.TransportError:
                    self.interrupted += 1
                    return
                assert answer.status_code == 200, answer.text
                self.answered.append((seed, answer.json()))
                if caller == 0 and not killer.ident:
                    killer.start()


def prepare(client: httpx2.Client) -> None:
    """One product for each policy; the one of `not_ok` calls every part good."""
    for policy in POLICIES:
        client.post(f"/products/{policy}/references", content=photograph(0)).raise_for_status()
        threshold = {"value": 1.9 if policy == "not_ok" else 0.0, "bank_version": 1}
        settings = {"keep_pictures": policy, "threshold": threshold}
        client.patch(f"/products/{policy}", json={"settings": settings}).raise_for_status()


def check(client: httpx2.Client, seed: int, told: dict[str, Any]) -> None:
    path = f"/inspections/{told['inspection_id']}"
    record = client.get(path).raise_for_status().json()
    kept = "kept" if told["product_id"] == "all" else "none"
    assert (told["pictures"], record["pictures"]) == (kept, kept)
    image = client.get(f"{path}/image")
    if kept == "kept":
        assert image.content == photograph(seed)
        assert client.get(told["heatmap"]["href"]).status_code == 200
    else:
        assert image.status_code == 404


@pytest.mark.long
def test_a_killed_server_has_the_pictures_of_all_that_it_answered(tmp_path: Path) -> None:
    line, moments, checked = Line(), random.Random(20261128), 0
    for _ in range(ROUNDS):
        with server_process(tmp_path, {}) as server:
            with server.client() as client:
                if not line.answered:
                    prepare(client)
                for seed, told in line.answered[checked:]:
                    check(client, seed, told)
                checked = len(line.answered)
            killer = threading.Timer(moments.uniform(0, 1.5), server.process.kill)
            with ThreadPoolExecutor(CALLERS) as pool:
                list(pool.map(lambda caller: line.inspect_until_killed(server, killer, caller), range(CALLERS)))  # noqa: B023
            server.process.wait()
    with server_process(tmp_path, {}) as server, server.client() as client:
        for seed, told in line.answered[checked:]:
            check(client, seed, told)
        listed = client.get("/inspections", headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert line.interrupted == ROUNDS * CALLERS
    assert len(listed) >= len(line.answered) >= ROUNDS
