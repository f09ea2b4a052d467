"""Three replicas behind HAProxy: they agree, and one that goes away costs at most the requests it had."""

import itertools
import json
import re

import pytest

from tests.api.photographs import photograph
from tests.compose.callers import Answer, inspection, prepared
from tests.compose.deployment import Deployment
from tests.compose.engine import docker, wait_until
from tests.load import BROKEN, Load, load

pytestmark = pytest.mark.compose

CALLERS = 6
PRODUCTS = [f"part-{number}" for number in range(CALLERS)]
POSTED_INSIDE = """
import json, sys, urllib.request
asked = urllib.request.Request(f"http://127.0.0.1:8000/products/{sys.argv[1]}", sys.stdin.buffer.read(),
                               {"Authorization": f"Bearer {sys.argv[2]}", "Content-Type": "image/png"})
print(urllib.request.urlopen(asked, timeout=60).read().decode())
"""


@pytest.fixture(scope="module")
def expected(scaled: Deployment) -> dict[str, Answer]:
    """What each product answers."""
    with scaled.client() as admin:
        return {product: prepared(admin, product) for product in PRODUCTS}


def posted_at(deployment: Deployment, replica: str, path: str, image: bytes) -> dict[str, object]:
    """The answer of one replica to a request from inside its own container, so of no other."""
    command = ("exec", "--interactive", replica, "python", "-c", POSTED_INSIDE, path, deployment.admin_key)
    answer: dict[str, object] = json.loads(docker(*command, stdin=image))
    return answer


def inspections_through_the_proxy(deployment: Deployment, expected: dict[str, Answer], upset: str) -> Load:
    """Inspections of every product while one replica goes and comes back. Those that were answered are right."""
    replica = deployment.containers("api")[1]
    with deployment.client() as admin, load(CALLERS, lambda caller: inspection(admin, PRODUCTS[caller])) as running:
        wait_until(lambda: len(running.answers) >= 5 * CALLERS, 60, "answers before")
        docker(*upset.split(), replica)
        so_far = len(running.answers)
        wait_until(lambda: len(running.answers) >= so_far + 10 * CALLERS, 60, "answers after")
        docker("start", replica)
        deployment.wait_healthy()
    wrong = [body for body in running.bodies() if (body["bank_version"], body["score"]) != expected[body["product_id"]]]
    assert not wrong
    return running


def test_there_are_three_replicas(scaled: Deployment) -> None:
    assert len(scaled.containers("api")) == 3


def test_what_one_replica_registered_all_inspect_with(scaled: Deployment) -> None:
    first, *others = scaled.containers("api")
    registered = posted_at(scaled, first, "shared/references", photograph(0))
    answers = [posted_at(scaled, replica, "shared/inspect", photograph(9)) for replica in (first, *others)]
    assert {answer["bank_version"] for answer in answers} == {registered["bank_version"]}
    assert len({answer["score"] for answer in answers}) == 1


@pytest.mark.usefixtures("expected")
def test_what_one_replica_inspected_is_on_record_for_all(scaled: Deployment) -> None:
    with scaled.client() as admin:
        told = inspection(admin, PRODUCTS[0]).raise_for_status().json()
        found = [admin.get(f"/inspections/{told['inspection_id']}").status_code for _ in range(6)]
    assert "unrecorded" not in told["flags"]
    assert found == [200] * 6


@pytest.mark.usefixtures("expected")
def test_inspections_go_on_while_postgresql_is_away_and_their_records_follow(scaled: Deployment) -> None:
    postgres = scaled.container("postgres")
    with scaled.client() as admin:
        docker("kill", "--signal", "KILL", postgres)
        told = inspection(admin, PRODUCTS[0]).raise_for_status().json()
        docker("start", postgres)
        path = f"/inspections/{told['inspection_id']}"
        wait_until(lambda: admin.get(path).status_code == 200, 60, "the record is there")
    assert "unrecorded" in told["flags"]


def test_a_product_stays_at_one_replica_and_products_are_spread(scaled: Deployment) -> None:
    products = [f"stays-{number}" for number in range(CALLERS)]
    with scaled.client() as admin:
        for product in products:
            prepared(admin, product)
        for version, product in itertools.product(("", "/v1"), products * 2):
            admin.post(f"{version}/products/{product}/inspect", content=photograph(9)).raise_for_status()
    log = scaled.compose("logs", "--no-color", "proxy")
    served = {(product, replica) for replica, product in re.findall(r"replicas/(\S+) .*/products/(stays-\d)/", log)}
    assert {product for product, _ in served} == set(products)
    assert len(served) == len(products)
    assert len({replica for _, replica in served}) > 1


def test_a_killed_replica_costs_at_most_what_was_under_way(scaled: Deployment, expected: dict[str, Answer]) -> None:
    running = inspections_through_the_proxy(scaled, expected, "kill --signal KILL")
    assert len(running.failures()) <= CALLERS
    assert set(running.failures()) <= {502, BROKEN}


def test_a_stopped_replica_costs_nothing(scaled: Deployment, expected: dict[str, Answer]) -> None:
    assert inspections_through_the_proxy(scaled, expected, "stop --time 45").failures() == []


def test_where_no_replica_is_ready_the_proxy_says_so_as_the_service_would(scaled: Deployment) -> None:
    replicas = scaled.containers("api")
    docker("stop", *replicas)
    try:
        with scaled.client() as admin:
            refused = inspection(admin, PRODUCTS[0])
    finally:
        docker("start", *replicas)
    scaled.wait_healthy()
    assert (refused.status_code, refused.json()["code"]) == (503, "not-ready")
    assert refused.headers["Content-Type"] == "application/problem+json"
