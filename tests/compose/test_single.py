"""One api and Redis by `docker-compose up`: who gets in, and what survives restarts, kills, a Redis that goes away."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import cv2
import numpy as np
import pytest

from tests.api.photographs import photograph
from tests.compose.callers import (
    Answer,
    acknowledged,
    answer_of,
    inspected_by,
    inspection,
    prepared,
    references,
    registrations,
)
from tests.compose.deployment import Deployment
from tests.compose.engine import docker, inspected, wait_until
from tests.load import load

pytestmark = pytest.mark.compose

GRACE_S = 45
TMPFS_BYTES = 64 * 2**20
ADMITTED_WITHIN_S = 1.0
AWAY_S = 3.0


@pytest.fixture(scope="module")
def expected(single: Deployment) -> Answer:
    """What product `still` answers, whose bank nobody changes."""
    with single.client() as admin:
        return prepared(admin, "still")


def test_the_service_runs_without_rights_on_a_root_that_cannot_be_written(single: Deployment) -> None:
    status = single.compose("exec", "-T", "api", "cat", "/proc/1/status")
    assert "Uid:\t10001\t10001\t10001\t10001" in status
    assert "CapPrm:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    mounts = single.compose("exec", "-T", "api", "cat", "/proc/1/mounts").splitlines()
    assert next(line for line in mounts if line.split()[1] == "/").split()[3].startswith("ro")


def test_redis_runs_without_rights_and_shows_its_password_nowhere(single: Deployment) -> None:
    redis = single.container("redis")
    password = docker("exec", redis, "cat", "/run/secrets/inspector_redis_password").strip()
    status = docker("exec", redis, "cat", "/proc/1/status")
    assert "CapPrm:\t0000000000000000" in status
    assert "Uid:\t0" not in status
    assert password not in docker("exec", redis, "cat", "/proc/1/cmdline") + docker("inspect", redis)
    assert "NOAUTH" in docker("exec", redis, "redis-cli", "ping")


def test_redis_is_not_to_be_reached_from_outside(single: Deployment) -> None:
    networks_and_ports = "{{len .NetworkSettings.Networks}} {{len .HostConfig.PortBindings}}"
    assert inspected(single.container("redis"), networks_and_ports) == "1 0"
    assert docker("network", "inspect", "--format", "{{.Internal}}", f"{single.project}_store").strip() == "true"


@pytest.mark.parametrize("key", ["", "insp_00000000_" + "x" * 43])
def test_nobody_gets_in_without_a_key(single: Deployment, key: str) -> None:
    with single.client(key) as stranger:
        assert stranger.get("/products").status_code == 401
        assert inspection(stranger, "still").status_code == 401
        assert stranger.get("/health/ready").status_code == 200


@pytest.mark.usefixtures("expected")
def test_a_key_made_in_the_container_opens_what_its_scope_allows(single: Deployment) -> None:
    key = single.inspector("keys", "create", "line-1", "--scope", "inspect")
    with single.client(key) as line:
        wait_until(lambda: inspection(line, "still").status_code == 200, 10, "the server knows the key")
        assert line.post("/products/still/references", content=photograph(5)).status_code == 403


def test_a_body_larger_than_tmp_is_registered(single: Deployment) -> None:
    noise = [np.random.default_rng(seed).integers(0, 256, (3000, 3000, 3), np.uint8) for seed in range(3)]
    images = [("images", (f"{n}.bmp", cv2.imencode(".bmp", pixels)[1].tobytes())) for n, pixels in enumerate(noise)]
    assert sum(len(image[1][1]) for image in images) > TMPFS_BYTES
    with single.client() as admin:
        assert admin.post("/products/large/references", files=images).status_code == 201


def test_everything_is_there_after_down_and_up(single: Deployment, expected: Answer) -> None:
    single.compose("down")
    single.up()
    with single.client() as admin:
        assert inspected_by(admin, "still") == expected


@pytest.mark.parametrize("round", range(2))
def test_a_kill_during_registrations_loses_nothing_acknowledged(single: Deployment, round: int) -> None:
    product = f"killed-{round}"
    with single.client() as admin, load(1, registrations(admin, product)) as running:
        wait_until(lambda: len(running.answers) >= 5, 60, "five registrations")
        docker("kill", "--signal", "KILL", single.container("api"))
    single.up()
    with single.client() as admin:
        assert references(admin, product) >= acknowledged(running)
        assert len(acknowledged(running)) >= 5


def test_redis_restarted_under_load_makes_no_wrong_answer(single: Deployment, expected: Answer) -> None:
    with (
        single.client() as admin,
        load(2, lambda _: inspection(admin, "still")) as inspections,
        load(1, registrations(admin, "growing")) as growing,
    ):
        wait_until(lambda: len(growing.answers) >= 3 and len(inspections.answers) >= 3, 60, "answers before")
        docker("stop", single.container("redis"))
        time.sleep(AWAY_S)
        docker("start", single.container("redis"))
        before = len(growing.bodies())
        wait_until(lambda: len(growing.bodies()) >= before + 3, 60, "registrations after Redis came back")
    assert {(body["bank_version"], body["score"]) for body in inspections.bodies()} == {expected}
    assert set(inspections.failures() + growing.failures()) <= {503}
    with single.client() as admin:
        assert references(admin, "growing") >= acknowledged(growing)


def test_a_loaded_bank_inspects_while_redis_is_away(single: Deployment, expected: Answer) -> None:
    with single.client() as admin:
        assert inspected_by(admin, "still") == expected
        docker("stop", single.container("redis"))
        try:
            assert inspected_by(admin, "still") == expected
            refused = admin.post("/products/still/references", content=photograph(7))
        finally:
            docker("start", single.container("redis"))
    assert (refused.status_code, refused.json()["code"]) == (503, "storage-unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    single.wait_healthy()


def test_a_stop_during_an_inspection_answers_it(single: Deployment, expected: Answer) -> None:
    api, stopping = single.container("api"), Event()

    def body() -> Iterator[bytes]:
        yield photograph(9)[:1000]
        stopping.wait(60)
        time.sleep(ADMITTED_WITHIN_S)
        yield photograph(9)[1000:]

    with single.client() as admin, ThreadPoolExecutor(2) as pool:
        under_way = pool.submit(admin.post, "/products/still/inspect?heatmap=none", content=body())
        time.sleep(ADMITTED_WITHIN_S)
        began = time.monotonic()
        stopped = pool.submit(docker, "stop", "--time", str(GRACE_S), api)
        stopping.set()
        assert answer_of(under_way.result()) == expected
        stopped.result()
    assert time.monotonic() - began < GRACE_S
    assert inspected(api, "{{.State.ExitCode}} {{.State.OOMKilled}}") == "0 false"
