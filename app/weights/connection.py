"""Opening a download: connecting is bounded by the wall clock, name lookup and redirects included."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx2

CONNECT_TIMEOUT_S = 4.0
"""Leaves the rest of a command the time to end within 5 seconds where there is no network."""

READ_TIMEOUT_S = 30.0
_POLL_S = 0.05


@contextmanager
def open_download(
    address: str, headers: Mapping[str, str], connect_timeout_s: float = CONNECT_TIMEOUT_S
) -> Iterator[httpx2.Response]:
    """GET `address` and yield the response once its headers are there; the body is left to the caller.

    Proxies are taken from the environment, redirects are followed. `connect_timeout_s` bounds each connection (name
    lookup, TCP, proxy and TLS together); afterwards `READ_TIMEOUT_S` bounds every wait for bytes.

    Raises:
        httpx2.ConnectTimeout: not connected within the bound.
        httpx2.HTTPError, httpx2.InvalidURL: as httpx2 raises them.
        ValueError, ImportError: the environment names a proxy or certificates that cannot be used.
    """
    opening = _Opening(_client(connect_timeout_s), address, headers)
    opening.start()
    try:
        yield opening.response(connect_timeout_s)
    finally:
        opening.close()


def _client(connect_timeout_s: float) -> httpx2.Client:
    timeout = httpx2.Timeout(READ_TIMEOUT_S, connect=connect_timeout_s)
    try:
        return httpx2.Client(timeout=timeout, follow_redirects=True)
    except OSError as error:
        raise ValueError(f"the certificates that the environment names cannot be read ({error})") from error


class _ConnectClock:
    """How long a request has been connecting: from opening a connection to sending the request itself over it.

    Told by httpx2's trace events. A proxy's CONNECT is still part of connecting.
    """

    def __init__(self) -> None:
        self._since_s: float | None = time.monotonic()

    def __call__(self, event: str, details: Mapping[str, object]) -> None:
        if event.endswith("connect_tcp.started"):
            self._since_s = time.monotonic()
        elif event.endswith("send_request_headers.started") and _method(details) != b"CONNECT":
            self._since_s = None

    @property
    def elapsed_s(self) -> float:
        since_s = self._since_s
        return 0.0 if since_s is None else time.monotonic() - since_s


def _method(details: Mapping[str, object]) -> object:
    return getattr(details.get("request"), "method", None)


class _Opening:
    """Sends the request on a thread of its own, since nothing can interrupt a name lookup from within."""

    def __init__(self, client: httpx2.Client, address: str, headers: Mapping[str, str]) -> None:
        self._client = client
        self._clock = _ConnectClock()
        self._request = client.build_request("GET", address, headers=headers, extensions={"trace": self._clock})
        self._outcome: httpx2.Response | Exception | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._send, name="weights-connection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def response(self, connect_timeout_s: float) -> httpx2.Response:
        while self._thread.is_alive():
            self._thread.join(_POLL_S)
            if self._clock.elapsed_s > connect_timeout_s:
                raise httpx2.ConnectTimeout(f"no connection within {connect_timeout_s:g} seconds")
        if isinstance(self._outcome, httpx2.Response):
            return self._outcome
        raise self._outcome or RuntimeError("the connection ended without an outcome")

    def close(self) -> None:
        self._closed = True
        if self._outcome is not None:
            self._release()

    def _send(self) -> None:
        try:
            self._outcome = self._client.send(self._request, stream=True)
        except Exception as error:  # carried over to the waiting thread, which raises it
            self._outcome = error
        if self._closed:
            self._release()

    def _release(self) -> None:
        if isinstance(self._outcome, httpx2.Response):
            self._outcome.close()
        self._client.close()
