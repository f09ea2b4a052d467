"""What the files of the deployment say, checked where no engine runs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SCALE = (ROOT / "docker" / "compose.scale.yml").read_text()
SECRET = {"admin_key", "redis_password"}
NOT_IN_COMPOSE = {"data_dir", "keys_file", "tls_cert", "tls_key"}
"""Settings for other ways to run it: the volume is STORE_URL's, and TLS is the proxy's."""

PLAIN_REPLICAS = "backend replicas from by_product\n    server one 127.0.0.1:8001\n    server two 127.0.0.1:8002\n"


def test_every_setting_reaches_the_container() -> None:
    given = {name.lower() for name in re.findall(r"^ +- INSPECTOR_([A-Z_]+)(?:=|$)", COMPOSE, re.MULTILINE)}
    secrets = set(re.findall(r"^  inspector_([a-z_]+): \{file:", COMPOSE, re.MULTILINE))
    assert secrets == SECRET
    assert given == set(Settings.model_fields) - SECRET - NOT_IN_COMPOSE


def test_replicas_have_a_database_for_their_records_and_its_password() -> None:
    assert "image: postgres:15-bookworm" in SCALE
    assert "INSPECTOR_RECORDS_URL=${INSPECTOR_RECORDS_URL:-postgresql://inspector@postgres:5432/inspector}" in SCALE
    assert SCALE.count("secrets: [inspector_records_password]") == 2
    assert os.access(ROOT / "docker" / "postgres-entrypoint", os.X_OK)


@pytest.mark.parametrize("overlays", [(), ("compose.tls.yml",)], ids=["plain", "tls"])
def test_compose_takes_the_replicas(overlays: tuple[str, ...]) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    files = ["docker-compose.yml", "docker/compose.scale.yml", *(f"docker/{each}" for each in overlays)]
    command = ["docker-compose", *(part for file in files for part in ("-f", file)), "config"]
    given = os.environ | {"INSPECTOR_PROXY_PEM": "proxy.pem", "INSPECTOR_PUBLISH_TLS": "127.0.0.1:8443"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=given, check=False)
    assert done.returncode == 0, done.stderr
    assert "postgres:15-bookworm" in done.stdout


def test_the_proxy_of_the_machine_takes_the_configuration(tmp_path: Path) -> None:
    haproxy = shutil.which("haproxy")
    if haproxy is None and "CI" not in os.environ:
        pytest.skip("haproxy is not installed")
    assert haproxy is not None, "haproxy is not installed"
    plain = tmp_path / "replicas.cfg"
    plain.write_text(PLAIN_REPLICAS)
    for replicas in (ROOT / "docker" / "haproxy-replicas.cfg", plain):
        command = [haproxy, "-c", "-f", str(ROOT / "docker" / "haproxy.cfg"), "-f", str(replicas)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "WARNING" not in checked.stderr
