"""`inspector health`: asks the server of this machine how it is, as a container's health check does."""

import http.client
import signal
import ssl
from http import HTTPStatus
from types import FrameType

from app.errors import NotReady
from app.settings import Settings

LIMIT_S = 3
LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}
READY, LIVE = "/health/ready", "/health/live"


def check_health(settings: Settings, path: str) -> None:
    """Ask `path` of the server at HOST and PORT, within `LIMIT_S` seconds for all of it. Main thread only.

    Raises:
        NotReady: it does not answer 200.
    """
    connection = _connection(settings)
    address = f"{connection.host}:{connection.port}"
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(LIMIT_S)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"{address} does not answer {path}: {error or type(error).__name__}") from error
    finally:
        signal.alarm(0)
        connection.close()
    if status != HTTPStatus.OK:
        raise NotReady(f"{address} answers {status} to {path}")


def _connection(settings: Settings) -> http.client.HTTPConnection:
    host = LOOPBACK_OF.get(settings.host, settings.host)
    if settings.tls_cert is None:
        return http.client.HTTPConnection(host, settings.port)
    # Not verified: the certificate names the host that clients call, not the loopback address, and no secret is sent.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, settings.port, context=context)


def _too_late(signal_number: int, frame: FrameType | None) -> None:
    del signal_number, frame
    raise TimeoutError(f"not within {LIMIT_S} s")
