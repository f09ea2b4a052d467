"""Alarms, dashboard and the overlay that starts them, checked where no engine runs."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.prometheus import OBSERVABILITY, require_prometheus

ROOT = Path(__file__).parents[2]
OVERLAY = (ROOT / "docker" / "compose.observability.yml").read_text()
ALERTS = re.findall(r"- alert: (\w+)", (OBSERVABILITY / "alerts.yml").read_text())
TRIED = (OBSERVABILITY / "alerts_test.yml").read_text()
DASHBOARD = json.loads((OBSERVABILITY / "dashboard.json").read_text())


def promtool(*arguments: str) -> str:
    require_prometheus()
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=OBSERVABILITY, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_configuration_and_rules() -> None:
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", "prometheus.yml")
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", "--lint-fatal", "alerts.yml")


def test_each_alarm_is_raised_when_it_should_be_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alarm_is_tried_both_ways_and_explained(alert: str) -> None:
    assert f"- name: {alert} is raised" in TRIED
    assert f"- name: {alert} is not" in TRIED
    assert f"| `{alert}` |" in (ROOT / "docs" / "operations.md").read_text()


def test_no_alarm_is_explained_that_there_is_not() -> None:
    documented = re.findall(r"^\| `(Inspector\w+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert documented == ALERTS


def test_the_overlay_mounts_what_is_there_and_pins_its_images() -> None:
    mounted = re.findall(r"- \./(\S+?):/\S+:ro", OVERLAY)
    assert len(mounted) == 5
    assert all((ROOT / path).is_file() for path in mounted)
    assert re.findall(r"image: (\S+)", OVERLAY) == ["prom/prometheus:v2.53.5", "grafana/grafana:11.6.0"]


def test_compose_takes_the_overlay() -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    for front in ("docker-compose.override.yml", "docker/compose.scale.yml"):
        files = ("-f", "docker-compose.yml", "-f", front, "-f", "docker/compose.observability.yml")
        done = subprocess.run(["docker-compose", *files, "config", "--quiet"], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr


def test_panels_have_titles_of_their_own_and_do_not_overlap() -> None:
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    assert len(set(titles)) == len(titles)
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


def test_the_dashboard_asks_the_source_that_is_provisioned() -> None:
    provisioned = (OBSERVABILITY / "grafana" / "datasources.yml").read_text()
    asked = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
    assert all(f"uid: {uid}," in provisioned for uid in asked)
