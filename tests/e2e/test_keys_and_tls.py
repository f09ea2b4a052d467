"""A real server with a certificate and keys: nothing without them, and what the commands do reaches it as it runs."""

import ssl
import time
from collections.abc import Iterator

import httpx2
import pytest
import trustme

from tests.api.photographs import photograph
from tests.e2e.server_process import ServerProcess, server_process
from tests.test_cli import inspector

ADMIN_KEY = "the-first-key-of-this-installation-0001"
FOLLOWED_WITHIN_S = 20


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    settings = {
        "ADMIN_KEY": ADMIN_KEY,
        "TLS_CERT": str(folder / "cert.pem"),
        "TLS_KEY": str(folder / "key.pem"),
    }
    with server_process(folder, settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: ServerProcess, authority: trustme.CA) -> Iterator[httpx2.Client]:
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with server.client(trusted) as calling:
        yield calling


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def keys(server: ServerProcess, *arguments: str) -> str:
    done = inspector("keys", *arguments, INSPECTOR_DATA_DIR=str(server.log.parent / "store"))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def becomes(client: httpx2.Client, path: str, key: str, status: int) -> bool:
    """Whether the answer has this status now or within a while."""
    deadline = time.monotonic() + FOLLOWED_WITHIN_S
    while (found := client.get(path, headers=bearer(key)).status_code) != status and time.monotonic() < deadline:
        time.sleep(0.05)
    return found == status


def test_the_certificate_is_verified_and_the_main_job_works(client: httpx2.Client) -> None:
    registered = client.post("/products/flange/references", content=photograph(0), headers=bearer(ADMIN_KEY))
    inspected = client.post("/products/flange/inspect", content=photograph(1), headers=bearer(ADMIN_KEY))
    assert (registered.status_code, inspected.status_code) == (201, 200)


def test_a_client_that_does_not_know_the_authority_refuses(server: ServerProcess) -> None:
    with server.client() as stranger, pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        stranger.get("/health/live")


def test_plain_http_is_refused(server: ServerProcess) -> None:
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(f"http://{server.host}:{server.port}/health/live", trust_env=False)


def test_without_a_key_only_health_answers(client: httpx2.Client) -> None:
    assert [client.get(path).status_code for path in ("/health/ready", "/products", "/nosuch")] == [200, 401, 401]


def test_a_key_works_once_it_is_made_until_it_is_revoked(server: ServerProcess, client: httpx2.Client) -> None:
    key = keys(server, "create", "mes", "--scope", "inspect", "--product", "flange")
    assert becomes(client, "/products/flange", key, 200)
    assert client.get("/products/gear", headers=bearer(key)).status_code == 403
    assert client.delete("/products/flange", headers=bearer(key)).status_code == 403
    keys(server, "revoke", key.split("_")[1])
    assert becomes(client, "/products/flange", key, 401)


def test_no_key_is_in_the_log(server: ServerProcess, client: httpx2.Client) -> None:
    client.get("/products", headers={"X-Request-ID": "asked-with-the-first", **bearer(ADMIN_KEY)})
    assert server.has_logged("request_id=asked-with-the-first", 1)
    assert "key=admin_key/1" in server.log.read_text()
    assert ADMIN_KEY not in server.log.read_text()


def test_the_health_check_asks_over_tls(server: ServerProcess) -> None:
    tls = {name: str(server.log.with_name(file)) for name, file in
           (("INSPECTOR_TLS_CERT", "cert.pem"), ("INSPECTOR_TLS_KEY", "key.pem"))}  # fmt: skip
    plain = inspector("health", INSPECTOR_PORT=str(server.port))
    assert (plain.returncode, plain.stderr.count("\n")) == (1, 1)
    for more in ([], ["--live"]):
        told = inspector("health", *more, INSPECTOR_PORT=str(server.port), INSPECTOR_HOST="0.0.0.0", **tls)
        assert (told.returncode, told.stderr) == (0, "")
