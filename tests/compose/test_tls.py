"""HTTPS at the proxy, with a certificate of one's own."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import trustme

from tests.compose.callers import prepared
from tests.compose.deployment import SCALED, Deployment, deployment
from tests.free_port import free_port

pytestmark = pytest.mark.compose

AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def with_tls(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One replica behind a proxy that also speaks HTTPS."""
    folder = tmp_path_factory.mktemp("tls")
    pem = folder / "proxy.pem"
    pem.write_bytes(AUTHORITY.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes())
    pem.chmod(0o444)
    settings = {
        "INSPECTOR_REPLICAS": "1",
        "INSPECTOR_PROXY_PEM": str(pem),
        "INSPECTOR_PUBLISH_TLS": f"127.0.0.1:{free_port()}",
    }
    with deployment(image, folder / "secrets", (*SCALED, "docker/compose.tls.yml"), settings) as running:
        yield running


def secure_client(running: Deployment, trusted: Path | None) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"https://{running.environment['INSPECTOR_PUBLISH_TLS']}",
        headers={"Authorization": f"Bearer {running.admin_key}"},
        verify=ssl.create_default_context(cafile=trusted),
        trust_env=False,
    )


def test_a_caller_that_trusts_the_authority_is_served(with_tls: Deployment, tmp_path: Path) -> None:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with secure_client(with_tls, tmp_path / "authority.pem") as admin:
        version, score = prepared(admin, "flange")
    assert version == 1
    assert score > 0


def test_a_caller_that_does_not_is_not_talked_to(with_tls: Deployment) -> None:
    with (
        secure_client(with_tls, None) as stranger,
        pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        stranger.get("/health/live")
