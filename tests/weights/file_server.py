"""A local HTTP server of one file, with the habits and faults that mirrors have."""

import gzip
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class FileServer:
    """What it serves and how; `requests` holds (request line target, Range header) of every request so far.

    `cut_after_bytes`: the body breaks off there. `hold`: half the body is sent, the rest once the event is set.
    `understands_range`: else the whole file is sent with 200. `range_shift_bytes`: a range starts that much too late.
    A client that accepts gzip gets gzip.
    """

    content: bytes
    cut_after_bytes: int | None = None
    hold: Event | None = None
    answer_after_s: float = 0.0
    understands_range: bool = True
    range_shift_bytes: int = 0
    status: int = 200
    redirect_to: str | None = None
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    served: FileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served, asked = self.served, self.headers["Range"]
        served.requests.append((self.path, asked))
        time.sleep(served.answer_after_s)
        if served.redirect_to is not None:
            self._headers(302, b"", {"Location": served.redirect_to})
        elif served.status != 200:
            self._headers(served.status, b"")
        elif asked is not None and served.understands_range:
            self._send_range(asked)
        elif "gzip" in self.headers["Accept-Encoding"]:
            self._send(200, gzip.compress(served.content), {"Content-Encoding": "gzip"})
        else:
            self._send(200, served.content, {})

    def _send_range(self, asked: str) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", asked)
        first = int(match[1]) if match else 0
        length = len(self.served.content)
        if first >= length:
            self._headers(416, b"", {"Content-Range": f"bytes */{length}"})
            return
        first += self.served.range_shift_bytes
        self._send(206, self.served.content[first:], {"Content-Range": f"bytes {first}-{length - 1}/{length}"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._headers(status, body, headers)
        self.close_connection = True
        body, half = body[: self.served.cut_after_bytes], len(body) // 2
        with suppress(ConnectionError):
            self.wfile.write(body[:half])
            if self.served.hold is not None:
                self.served.hold.wait(30)
            self.wfile.write(body[half:])

    def _headers(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the requests are in `served.requests`."""


@contextmanager
def serving(served: FileServer) -> Iterator[FileServer]:
    """Serve on a free port of 127.0.0.1 until the end of the block; `served.address` has no trailing slash."""
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
