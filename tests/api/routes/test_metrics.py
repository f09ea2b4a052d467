"""/metrics: who gets it, and what it looks like."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from app.main import create_app
from app.service.service import Service
from app.settings import Settings
from tests.api.keyed_app import keyed_app


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 403), ("", 403)])
def test_without_keys_it_answers_this_machine_only(
    settings: Settings, service: Service, host: str, status: int
) -> None:
    with TestClient(create_app(settings, service), client=(host, 50000)) as client:
        answer = client.get("/metrics")
    assert answer.status_code == status
    assert status == 200 or "inspector keys create prometheus --scope metrics" in answer.json()["detail"]


def test_with_keys_it_answers_a_key_for_it_from_anywhere_and_no_other(tmp_path: Path) -> None:
    with keyed_app(tmp_path) as keyed:
        statuses = {name: keyed.client.get("/metrics", headers=keyed.bearer(name)).status_code for name in keyed.keys}
        assert keyed.client.get("/metrics").status_code == 401
        assert keyed.client.get("/products", headers=keyed.bearer("metrics")).status_code == 403
    assert {name for name, status in statuses.items() if status == 200} == {"metrics", "admin"}
    assert set(statuses.values()) == {200, 403}


def test_it_is_in_the_text_format_of_prometheus(settings: Settings, service: Service) -> None:
    with TestClient(create_app(settings, service), client=("127.0.0.1", 50000)) as client:
        answer = client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"inspector_inspections", "inspector_http_errors", "process_resident_memory_bytes"} <= names
