"""A real Prometheus scrapes a real server: what the alarms and the dashboard name is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.keys.api_key import Scope
from app.keys.key_file import KeyFile
from tests.api.photographs import photograph
from tests.e2e.server_process import ServerProcess, server_process
from tests.prometheus import OBSERVABILITY, Prometheus, prometheus, require_prometheus

NAME = re.compile(r"\b(?:inspector|process|python)_[a-z_]+\b(?!\")")
DASHBOARD = json.loads((OBSERVABILITY / "dashboard.json").read_text())
SHOWN = sorted({target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]})


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, str, str]]:
    """A server that has inspected one image, and its keys for metrics and for inspections."""
    require_prometheus()
    folder: Path = tmp_path_factory.mktemp("keyed")
    file = KeyFile(folder / "store" / "keys.json")
    admin, metrics, inspect = (file.create(s, [s], None) for s in (Scope.ADMIN, Scope.METRICS, Scope.INSPECT))
    with server_process(folder, {"METRICS_PRODUCTS": "2", "LOG_FORMAT": "json"}) as server, server.client() as client:
        client.headers["Authorization"] = f"Bearer {admin}"
        client.post("/products/flange/references", content=photograph(0)).raise_for_status()
        client.post("/products/flange/inspect", content=photograph(1)).raise_for_status()
        yield server, metrics, inspect


@pytest.fixture(scope="module")
def scraping(keyed: tuple[ServerProcess, str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    server, key, _ = keyed
    with prometheus(tmp_path_factory.mktemp("prometheus"), f"{server.host}:{server.port}", key) as running:
        target = running.await_scrape()
        assert (target["health"], target["lastError"]) == ("up", "")
        yield running


def test_every_metric_that_alarms_and_dashboard_name_is_scraped(scraping: Prometheus) -> None:
    text = " ".join([*SHOWN, *re.findall(r"expr: .*(?:\n {10,}.*)*", (OBSERVABILITY / "alerts.yml").read_text())])
    named = set(NAME.findall(text))
    assert len(named) > 20
    assert named <= set(scraping.ask("label/__name__/values"))


@pytest.mark.parametrize("shown", SHOWN)
def test_prometheus_takes_what_the_dashboard_asks(scraping: Prometheus, shown: str) -> None:
    query = shown.replace("$instance", ".*").replace("$__rate_interval", "1m")
    assert scraping.ask("query", query=query)["resultType"] == "vector"


def test_every_alarm_is_evaluated_and_none_is_raised_by_a_server_that_is_well(scraping: Prometheus) -> None:
    [group] = scraping.ask("rules")["groups"]
    assert {rule.get("lastError", "") for rule in group["rules"]} == {""}
    assert {rule["name"] for rule in group["rules"] if rule["state"] == "firing"} == set()


def test_an_inspection_is_counted(scraping: Prometheus) -> None:
    [series] = scraping.ask("query", query='inspector_product_inspections_total{product="flange"}')["result"]
    assert series["value"][1] == "1"


def test_a_key_without_the_scope_scrapes_nothing(keyed: tuple[ServerProcess, str, str], tmp_path: Path) -> None:
    server, _, key = keyed
    with prometheus(tmp_path, f"{server.host}:{server.port}", key) as running:
        target = running.await_scrape()
    assert target["health"] == "down"
    assert "403" in target["lastError"]


def test_each_line_of_the_log_is_an_object(keyed: tuple[ServerProcess, str, str]) -> None:
    server, _, _ = keyed
    assert server.has_logged("/products/flange/inspect", 1)
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    [inspection] = [line for line in lines if line.get("path") == "/products/flange/inspect"]
    assert (inspection["status"], inspection["method"]) == (200, "POST")
    assert len(inspection["request_id"]) == 32
